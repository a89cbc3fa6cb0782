"""Returns on one scale over all scenarios: 0 is what a reference seat earns there, 1 the oracle.

The interval of a score holds the noise of all three: seat, reference and oracle are resampled
together, seed by seed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ConfigError
from .statistics import (
    LEVEL,
    Array,
    Estimate,
    Places,
    Profile,
    Resampling,
    difference_of,
    finite,
    iqm_drawn,
    mean_drawn,
    profile_drawn,
)

# Half-widths of their interval by which the oracle must stand above the reference. It is three
# standard errors: draws in which the two cross, and the score has no meaning, are then rare.
CLEAR = 1.5


@dataclass(frozen=True, slots=True)
class Normalised:
    """Returns on the scale on which the reference is 0 and the oracle 1.

    Attributes:
        scores: one an episode, by the means of the two in its scenario; shape (episodes,).
        mean, iqm, gap: over all episodes; the intervals hold the noise of reference and oracle too.
    """

    scores: Array
    mean: Estimate
    iqm: Estimate
    gap: Estimate


class Scale:
    """What makes returns comparable over scenarios: 0 is the reference there, 1 the oracle.

    Args:
        reference, oracle: their returns, episode by episode; shape (episodes,).
        among: the draws; all seats that are put on the scale were played on these episodes.

    Raises:
        ConfigError: in a scenario, which is named, the oracle is not above the reference by CLEAR
            half-widths of the interval of their paired difference: they are closer than their
            noise.
    """

    def __init__(self, reference: ArrayLike, oracle: ArrayLike, among: Resampling) -> None:
        self._reference, self._oracle = finite(reference), finite(oracle)
        self._among = among
        strata = np.array(among.strata)
        self._members = {name: np.flatnonzero(strata == name) for name in sorted(set(among.strata))}
        for name, rows in self._members.items():
            apart = difference_of(
                self._oracle[rows], self._reference[rows], Resampling(rows.tolist())
            )
            if reason := too_close(apart):
                raise ConfigError(f"scenario {name!r}: {reason}; leave it out of the score")

    def scores(self, values: ArrayLike) -> Array:
        """Return the scores of episodes, shape (episodes,)."""
        return np.asarray(self._scored(finite(values), np.ones((1, len(self._among.strata))))[0])

    def normalised(self, values: ArrayLike, level: float = LEVEL) -> Normalised:
        """Return the scores of one seat and what they come to."""
        array = finite(values)
        among = self._among

        def all_three(weights: Array) -> Array:
            scores = self._scored(array, weights)
            missed = mean_drawn(np.maximum(1.0 - scores, 0.0), weights)
            three = [mean_drawn(scores, weights), iqm_drawn(scores, weights), missed]
            return np.round(np.stack(three, 1), 12) + 0.0  # the reference scores 0, not -1e-16

        value, low, high, method = among.intervals(all_three, level)
        mean, middle, gap = (
            Estimate(float(value[k]), float(low[k]), float(high[k]), method, among.units)
            for k in range(3)
        )
        return Normalised(self.scores(array), mean, middle, gap)

    def profile(self, values: ArrayLike, taus: ArrayLike, level: float = LEVEL) -> Profile:
        """Return the share of episodes at or above each score of `taus`, with its band."""

        def place(of: tuple[Array, Places], taus: Array) -> Array:
            zero, one = self._ends(*of)
            return zero[:, None] + (one - zero)[:, None] * taus

        return profile_drawn(finite(values), finite(taus, "taus"), self._among, level, place)

    def _ends(self, weights: Array, rows: Places) -> tuple[Array, Array]:
        """Return the returns that score 0 and 1 in a scenario, for each draw; both (c,)."""
        part = weights[:, rows]
        total = part.sum(axis=1)
        return part @ self._reference[rows] / total, part @ self._oracle[rows] / total

    def _scored(self, values: Array, weights: Array) -> Array:
        """Return the scores of each draw, (c, episodes)."""
        scores = np.empty((len(weights), len(values)))
        for rows in self._members.values():
            zero, one = self._ends(weights, rows)
            scores[:, rows] = (values[rows] - zero[:, None]) / (one - zero)[:, None]
        return scores


def too_close(apart: Estimate) -> str | None:
    """Return why an oracle that is `apart` from the reference makes no scale, or None."""
    if apart.low is None or apart.high is None:
        return "one episode cannot tell the oracle from the reference"
    half = (apart.high - apart.low) / 2.0
    if apart.value > CLEAR * half and apart.value > 0.0:
        return None
    return (
        f"the oracle is {apart.value:.4g} EUR above the reference, less than {CLEAR:g} times the "
        f"half-width {half:.3g} of its interval"
    )
