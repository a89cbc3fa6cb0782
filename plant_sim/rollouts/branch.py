"""Branch: play several candidates from one state of the plant, side by side, and compare the cost.

There is one branch mechanism in the house. Labels and the oracle may start from the true state
of a line, as they do here. MPC and rehearsal may not: they start from what `control/tracking`
believes, which sees Samples alone. Never hand a seat a table branched from the true state.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..controls import HOLD, Move
from ..errors import ConfigError

if TYPE_CHECKING:
    from ..lines.hot_strip.lanes import LineState

Costs = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class BranchTable:
    """What each candidate would cost on each noise seed; a row is a candidate, a column a seed.

    Attributes:
        candidates: the moves that were played.
        seeds: the noise seeds; one column with the seed None is the very future of the state.
        horizon: plant time that was played (s).
        cost: money from the branch point to the horizon (EUR).
        harm: harm over the same time, which is never converted into money.
    """

    candidates: tuple[Move, ...]
    seeds: tuple[int | None, ...]
    horizon: float
    cost: Costs
    harm: Costs

    @property
    def mean(self) -> Costs:
        """Mean cost of each candidate over the seeds (EUR)."""
        return np.asarray(self.cost.mean(axis=1))

    @property
    def worst(self) -> Costs:
        """Greatest cost of each candidate over the seeds (EUR)."""
        return np.asarray(self.cost.max(axis=1))

    @property
    def worst_harm(self) -> Costs:
        """Greatest harm of each candidate over the seeds."""
        return np.asarray(self.harm.max(axis=1))

    @property
    def admissible(self) -> NDArray[np.bool_]:
        """Which candidates do no more harm than holding; without hold, those that do the least."""
        harm = self.worst_harm
        limit = harm[self.candidates.index(HOLD)] if HOLD in self.candidates else harm.min()
        return np.asarray(harm <= limit + 1e-9)

    @property
    def best(self) -> int:
        """Index of the admissible candidate of least mean cost; the first one wins a tie."""
        return int(np.argmin(np.where(self.admissible, self.mean, np.inf)))

    @property
    def margin(self) -> float:
        """How much cheaper the best candidate is than the next admissible one (EUR)."""
        mean = np.sort(self.mean[self.admissible])
        return float(mean[1] - mean[0]) if len(mean) > 1 else 0.0

    def rows(self) -> list[dict[str, object]]:
        """Return one plain row for each candidate, for a table or for JSON."""
        return [
            {
                "control": move.control,
                "value": move.value,
                "label": move.label,
                "mean": float(self.mean[i]),
                "worst": float(self.worst[i]),
                "harm": float(self.worst_harm[i]),
                "admissible": bool(self.admissible[i]),
            }
            for i, move in enumerate(self.candidates)
        ]


def branch(
    state: "LineState",
    candidates: Sequence[Move],
    seeds: Sequence[int] | None,
    horizon: float,
) -> BranchTable:
    """Play every candidate on every noise seed from `state` and return what each would cost.

    A candidate is written once, at the branch point; then the line runs on its own automation.
    Every candidate meets the same noise of a seed, so their differences are paired.

    Args:
        state: where to begin, the true state of a line (see the module's text on who may).
        candidates: the moves to play; HOLD writes nothing.
        seeds: noise seeds of the future; None plays the one future that the state itself holds.
        horizon: how long to play (plant s), a multiple of the line's interval.

    Raises:
        ConfigError: no candidates, no seeds, or a horizon that is not positive.
    """
    return branch_many([state], [candidates], seeds, horizon)[0]


def branch_many(
    states: Sequence["LineState"],
    candidates: Sequence[Sequence[Move]],
    seeds: Sequence[int] | None,
    horizon: float,
) -> list[BranchTable]:
    """Branch from several states; `candidates[i]` belong to `states[i]`. See `branch`."""
    if len(states) != len(candidates):
        raise ConfigError(
            f"{len(states)} states with {len(candidates)} lists of candidates; give each its list"
        )
    if seeds is not None and len(seeds) == 0:
        raise ConfigError("branch has no noise seeds; give one, or None for the same future")
    columns: tuple[int | None, ...] = (None,) if seeds is None else tuple(seeds)
    return [
        _play(state, tuple(moves), columns, horizon)
        for state, moves in zip(states, candidates, strict=True)
    ]


def _play(
    state: "LineState", moves: tuple[Move, ...], seeds: tuple[int | None, ...], horizon: float
) -> BranchTable:
    from ..lines.hot_strip.lanes import INTERVAL, HotStripLanes

    intervals = round(horizon / INTERVAL)
    if not moves:
        raise ConfigError("branch has no candidates; give at least HOLD")
    if intervals < 1 or abs(intervals * INTERVAL - horizon) > 1e-9:
        raise ConfigError(
            f"branch horizon {horizon} s must be a positive multiple of the interval {INTERVAL} s"
        )
    shape = (len(moves), len(seeds))
    future = None if seeds == (None,) else [seed for seed in seeds if seed is not None] * len(moves)
    lanes = HotStripLanes.spread(state, shape[0] * shape[1], future)
    cost, harm = lanes.coil_costs(), lanes.harms()
    for row, move in enumerate(moves):
        if move.control != HOLD.control:
            lanes.write(move.control, move.value, slice(row * shape[1], (row + 1) * shape[1]))
    lanes.advance(intervals)
    return BranchTable(
        moves,
        seeds,
        horizon,
        (lanes.coil_costs() - cost).reshape(shape),
        (lanes.harms() - harm).reshape(shape),
    )
