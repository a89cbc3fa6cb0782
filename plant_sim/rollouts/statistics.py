"""Estimates with intervals for episodes that were played on the same seeds by several seats.

What is resampled is the seed, never the single number: a drawn seed brings the episodes of every
seat and of every scenario that it was played in, so comparisons stay paired. Scenarios are strata:
each keeps its number of episodes. Every interval has the level 0.95 unless said, is the same at
every call, and says by which method it came about:

    bootstrap   percentiles of resampled seeds
    bca         the same, bias-corrected and accelerated (Efron 1987), for fewer than FEW seeds
    t           Student's t of the mean, for fewer than FEW seeds
    exact       Clopper and Pearson, for shares
    none        a single seed has no interval

IQM, profile, optimality gap and the stratified bootstrap follow Agarwal et al. 2021 (arXiv
2108.13264); probability of improvement is taken seed by seed here, not over all pairs of runs.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ConfigError
from .exact import share_interval, t_quantile

Array = NDArray[np.float64]
Places = NDArray[np.intp]
Statistic = Callable[[Array], Array]  # weights (draws, episodes) in, (draws, ...) out

LEVEL = 0.95
DRAWS = 2000
FEW = 15  # seeds, below which percentiles of a bootstrap are too narrow
_CELLS = 2_000_000  # weights held at a time
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number, its interval (None where there is none) and how the interval came about."""

    value: float
    low: float | None
    high: float | None
    method: str
    n: int  # seeds

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends, or None."""
        return None if self.low is None or self.high is None else (self.low, self.high)


@dataclass(frozen=True, slots=True)
class Profile:
    """Share of episodes at or above each of `taus`, with a pointwise band; all of shape (taus,)."""

    taus: Array
    shares: Array
    low: Array
    high: Array
    method: str


def finite(values: ArrayLike, what: str = "values") -> Array:
    """Return values as an array of shape (n,).

    Raises:
        ConfigError: none at all, or one that is not finite: a mean would hide it.
    """
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or len(array) == 0:
        raise ConfigError(
            f"{what} of shape {array.shape} give no estimate; give one row, not empty"
        )
    wrong = int((~np.isfinite(array)).sum())
    if wrong:
        raise ConfigError(
            f"{wrong} of {len(array)} {what} are not finite; play these episodes again or leave "
            "them out by name"
        )
    return array


class Resampling:
    """The draws of seeds that all estimates of one set of episodes share.

    Seeds that were played in the same scenarios are drawn among themselves, so that each scenario
    keeps its number of episodes. Equal seeds and scenarios give equal draws: call it once a seat or
    once for all, the comparison is paired.

    Args:
        seeds: of each episode; shape (episodes,).
        scenarios: of each episode; None for a single one, in which a seed stands once.
        draws: how many.

    Raises:
        ConfigError: no episode, or a seed twice in a scenario.
    """

    def __init__(
        self, seeds: Sequence[int], scenarios: Sequence[str] | None = None, draws: int = DRAWS
    ) -> None:
        strata = ["" for _ in seeds] if scenarios is None else list(scenarios)
        episodes = list(zip(seeds, strata, strict=True))
        if not episodes or len(set(episodes)) != len(episodes):
            raise ConfigError(
                f"{len(episodes)} episodes of {len(set(episodes))} seeds and scenarios cannot be "
                "resampled; give at least one, and each seed once a scenario"
            )
        self.strata = strata
        self.draws = draws
        places: dict[int, set[str]] = {}
        for seed, stratum in episodes:
            places.setdefault(seed, set()).add(stratum)
        units = sorted(places)
        number = {seed: index for index, seed in enumerate(units)}
        self._unit = np.array([number[seed] for seed in seeds])
        groups: dict[tuple[str, ...], list[int]] = {}
        for seed in units:
            groups.setdefault(tuple(sorted(places[seed])), []).append(number[seed])
        self._groups = [np.array(groups[key]) for key in sorted(groups)]
        self.units = len(units)
        self._kept: NDArray[np.uint16] | None = None

    def estimate(self, statistic: Statistic, level: float = LEVEL) -> Estimate:
        """Return a number with its interval; `statistic` maps weights (c, episodes) to (c,)."""
        value, low, high, method = self.intervals(
            lambda weights: statistic(weights)[:, None], level
        )
        if method == "none":
            return Estimate(float(value[0]), None, None, method, self.units)
        return Estimate(float(value[0]), float(low[0]), float(high[0]), method, self.units)

    def intervals(
        self, statistic: Statistic, level: float = LEVEL
    ) -> tuple[Array, Array, Array, str]:
        """Return several numbers with their ends and the method, each of shape (k,).

        Args:
            statistic: maps how often each episode counts, (c, episodes), to (c, k).
            level: the confidence, of each number alone.
        """
        value = statistic(np.ones((1, len(self._unit))))[0]
        if self.units == 1:
            nothing = np.full(value.shape, np.nan)
            return value, nothing, nothing, "none"
        drawn = np.concatenate([statistic(weights) for weights in self._weights()])
        rest = (1.0 - level) / 2.0
        if self.units >= FEW:
            low, high = np.quantile(drawn, [rest, 1.0 - rest], axis=0)
            return value, low, high, "bootstrap"
        ends = [
            self._corrected(drawn[:, k], value[k], statistic, k, (rest, 1.0 - rest))
            for k in range(len(value))
        ]
        low, high = np.array(ends).T
        return value, low, high, "bca"

    def _weights(self) -> Iterator[Array]:
        """Yield how often each episode is drawn, (draws, episodes), some draws at a time."""
        if self._kept is None:
            rng = np.random.default_rng(0)
            self._kept = np.zeros((self.draws, self.units), np.uint16)
            for group in self._groups:
                n = len(group)
                self._kept[:, group] = rng.multinomial(n, np.full(n, 1.0 / n), self.draws)
        size = max(1, _CELLS // len(self._unit))
        for start in range(0, self.draws, size):
            yield self._kept[start : start + size, self._unit].astype(np.float64)

    def _corrected(
        self, drawn: Array, value: float, statistic: Statistic, k: int, ends: tuple[float, float]
    ) -> tuple[float, float]:
        """Return the BCa ends; the acceleration is that of several groups, each with its seeds."""
        spread = float(drawn.max() - drawn.min())
        if spread <= 1e-12 * max(1.0, abs(value)):
            return value, value
        rank = float((drawn < value).mean() + (drawn <= value).mean()) / 2.0
        edge = 0.5 / len(drawn)
        bias = _NORMAL.inv_cdf(min(max(rank, edge), 1.0 - edge))
        cubes = squares = 0.0
        for group in self._groups:
            n = len(group)
            if n < 2:
                continue
            left = np.stack([(self._unit != unit).astype(np.float64) for unit in group])
            without = statistic(left)[:, k]
            pull = (n - 1) * (without.mean() - without)
            cubes += float((pull**3).sum()) / n**3
            squares += float((pull**2).sum()) / n**2
        acceleration = cubes / (6.0 * squares**1.5) if squares > 0.0 else 0.0
        places = []
        for end in ends:
            z = bias + _NORMAL.inv_cdf(end)
            places.append(_NORMAL.cdf(bias + z / (1.0 - acceleration * z)))
        low, high = np.quantile(drawn, places)
        return float(low), float(high)


def iqm(values: ArrayLike) -> float:
    """Return the mean of the middle half, as `scipy.stats.trim_mean(values, 0.25)`."""
    array = finite(values)
    return float(iqm_drawn(array, np.ones((1, len(array))))[0])


def iqm_drawn(values: Array, weights: Array) -> Array:
    """Return the IQM of each draw: values (n,) or (c, n), whole weights (c, n) -> (c,)."""
    order = np.argsort(values, axis=-1)
    if values.ndim == 1:
        ordered, counts = values[order], weights[:, order]
    else:
        ordered = np.take_along_axis(values, order, axis=1)
        counts = np.take_along_axis(weights, order, axis=1)
    reached = np.cumsum(counts, axis=1)
    total = reached[:, -1:]
    cut = np.floor(total * 0.25)
    inside = np.minimum(np.maximum(reached, cut), total - cut)
    kept = np.diff(inside, axis=1, prepend=cut)
    return np.asarray((kept * ordered).sum(axis=1) / (total - 2.0 * cut)[:, 0])


def mean_drawn(values: Array, weights: Array) -> Array:
    """Return the mean of each draw: values (n,) or (c, n), weights (c, n) -> (c,)."""
    if values.ndim == 1:
        return np.asarray(weights @ values / weights.sum(axis=1))
    return np.asarray((weights * values).sum(axis=1) / weights.sum(axis=1))


def mean_of(values: ArrayLike, among: Resampling, level: float = LEVEL) -> Estimate:
    """Return the mean of episodes; of fewer than FEW in one scenario with the interval of t.

    Args:
        values: one an episode, in the order of `among`; shape (episodes,).
        among: their draws.
        level: the confidence.
    """
    array = finite(values)
    n = among.units
    if n == len(array) and 2 <= n < FEW and len(set(among.strata)) == 1:
        half = t_quantile((1.0 + level) / 2.0, n - 1) * float(array.std(ddof=1)) / n**0.5
        middle = float(array.mean())
        return Estimate(middle, middle - half, middle + half, "t", n)
    return among.estimate(lambda weights: mean_drawn(array, weights), level)


def iqm_of(values: ArrayLike, among: Resampling, level: float = LEVEL) -> Estimate:
    """Return the interquartile mean of episodes; see `mean_of`."""
    array = finite(values)
    return among.estimate(lambda weights: iqm_drawn(array, weights), level)


def gap_of(
    scores: ArrayLike, among: Resampling, target: float = 1.0, level: float = LEVEL
) -> Estimate:
    """Return the optimality gap: by how much scores miss the target, those above it by nothing."""
    missed = np.maximum(target - finite(scores), 0.0)
    return among.estimate(lambda weights: mean_drawn(missed, weights), level)


def difference_of(
    one: ArrayLike, other: ArrayLike, among: Resampling, level: float = LEVEL
) -> Estimate:
    """Return the mean of one minus other, episode by episode of the same seed and scenario."""
    return mean_of(finite(one) - finite(other), among, level)


def improvement_of(one: ArrayLike, other: ArrayLike, level: float = LEVEL) -> Estimate:
    """Return how probable it is that `one` is above `other` on a seed; a tie counts half.

    Args:
        one: what is judged, of the seeds of one scenario, each seed once; shape (n,).
        other: what it is judged by, of the same seeds.
        level: the confidence of the exact interval. With ties it is wider than need be.
    """
    gain = finite(one) - finite(other)
    better = float((gain > 0.0).sum() + 0.5 * (gain == 0.0).sum())
    low, high = share_interval(better, len(gain), level)
    return Estimate(better / len(gain), low, high, "exact", len(gain))


def profile_of(
    values: ArrayLike, taus: ArrayLike, among: Resampling, level: float = LEVEL
) -> Profile:
    """Return the share of episodes at or above each of `taus`, with a pointwise band."""
    return profile_drawn(finite(values), finite(taus, "taus"), among, level, lambda _, taus: taus)


def profile_drawn(
    values: Array,
    taus: Array,
    among: Resampling,
    level: float,
    place: Callable[[tuple[Array, Places], Array], Array],
) -> Profile:
    """Return a profile; `place` moves the taus to the scale of (weights, members) of a stratum."""
    strata = np.array(among.strata)
    members = [np.flatnonzero(strata == name) for name in sorted(set(among.strata))]
    members = [rows[np.argsort(values[rows], kind="stable")] for rows in members]

    def shares(weights: Array) -> Array:
        reached = np.zeros((len(weights), len(taus)))
        for rows in members:
            below = np.cumsum(weights[:, rows], axis=1)
            below = np.concatenate([np.zeros((len(weights), 1)), below], axis=1)
            at = np.searchsorted(values[rows], place((weights, rows), taus))
            at = np.broadcast_to(at, reached.shape)
            reached += below[:, -1:] - np.take_along_axis(below, at, axis=1)
        return np.asarray(reached / weights.sum(axis=1, keepdims=True))

    value, low, high, method = among.intervals(shares, level)
    # Where every episode is on one side a bootstrap sees no spread; what n seeds can say stands in.
    never, always = share_interval(0, among.units, level)[1], 1.0
    low = np.where(value >= 1.0, always - never, np.where(np.isfinite(low), low, 0.0))
    high = np.where(value <= 0.0, never, np.where(np.isfinite(high), high, 1.0))
    return Profile(taus, value, low, high, method)
