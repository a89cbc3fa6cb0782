"""Branch: play several candidates from one state of the plant, side by side, and compare the cost.

There is one branch mechanism in the house. Labels and the oracle may start from the true state
of a line, as they do here. MPC and rehearsal may not: they start from what `control/tracking`
believes, which sees Samples alone. Never hand a seat a table branched from the true state.
Candidates that are whole action sequences of an environment are played by `branch_play`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..controls import HOLD, Move
from ..errors import ConfigError, SimulationError
from .play import COIL_LIMIT

if TYPE_CHECKING:
    from ..lines.hot_strip.lanes import LineState

Costs = NDArray[np.float64]

ENOUGH_LANES = 512  # played together; more only cost memory
NOISE_OF_BRANCH = 2  # purpose of the key, as in `HotStripLanes.spread`: never the plant's own noise
STRIDE = 8  # intervals between two looks whether all have finished


@dataclass(frozen=True, slots=True, eq=False)
class BranchTable:
    """What each candidate would cost on each noise seed; a row is a candidate, a column a seed.

    Attributes:
        candidates: the moves that were played.
        seeds: the noise seeds; one column with the seed None is the very future of the state.
        horizon: least plant time that was played (s).
        cost: money from the branch point to the end of the last coil counted (EUR).
        harm: harm (s) over the same coils, which is never converted into money.
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
        """Greatest harm (s) of each candidate over the seeds."""
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
    Every candidate meets the same noise of a seed, so their differences are paired. And all are
    charged for the same work: a line that rolls faster would else pay for the coil it got further.
    So what is counted ends with the coil that the fastest of them is rolling at the horizon, for
    each at its own moment.

    Args:
        state: where to begin, the true state of a line (see the module's text on who may).
        candidates: the moves to play; HOLD writes nothing.
        seeds: noise seeds of the future; None plays the one future that the state itself holds.
        horizon: least plant time to play (s), a multiple of the line's interval.

    Raises:
        ConfigError: no candidates, no seeds, or a horizon that is not positive.
        SimulationError: a line does not come to the end of its coil.
    """
    return branch_many([state], [candidates], seeds, horizon)[0]


def branch_many(
    states: Sequence["LineState"],
    candidates: Sequence[Sequence[Move]],
    seeds: Sequence[int] | None,
    horizon: float,
) -> list[BranchTable]:
    """Branch from several states at once; `candidates[i]` belong to `states[i]`. See `branch`.

    The numbers are those of one call a state; full blocks of lanes make it quicker.
    """
    from ..lines.hot_strip.lanes import INTERVAL

    if len(states) != len(candidates):
        raise ConfigError(
            f"{len(states)} states with {len(candidates)} lists of candidates; give each its list"
        )
    if seeds is not None and len(seeds) == 0:
        raise ConfigError("branch has no noise seeds; give one, or None for the same future")
    if not all(candidates):
        raise ConfigError("branch has no candidates; give at least HOLD")
    intervals = round(horizon / INTERVAL)
    if intervals < 1 or abs(intervals * INTERVAL - horizon) > 1e-9:
        raise ConfigError(
            f"branch horizon {horizon} s must be a positive multiple of the interval {INTERVAL} s"
        )
    columns: tuple[int | None, ...] = (None,) if seeds is None else tuple(seeds)
    tables: list[BranchTable] = []
    batch: list[tuple[LineState, tuple[Move, ...]]] = []
    for state, moves in zip(states, candidates, strict=True):
        batch.append((state, tuple(moves)))
        if sum(len(each) for _, each in batch) * len(columns) >= ENOUGH_LANES:
            tables += _play(batch, columns, intervals)
            batch = []
    return tables + _play(batch, columns, intervals)


def _play(
    batch: Sequence[tuple["LineState", tuple[Move, ...]]],
    seeds: tuple[int | None, ...],
    intervals: int,
) -> list[BranchTable]:
    """Play each (state, candidate, noise seed) on a lane of its own."""
    if not batch:
        return []
    from ..lines.hot_strip.lanes import INTERVAL, HotStripLanes, key_of
    from ..lines.hot_strip.rows import HARM, MONEY

    count = sum(len(moves) for _, moves in batch) * len(seeds)
    lanes = HotStripLanes.spread(batch[0][0], count)
    groups: list[slice] = []
    writes: dict[tuple[str, float], list[int]] = {}
    lane = 0
    for state, moves in batch:
        groups.append(slice(lane, lane + len(moves) * len(seeds)))
        begun = replace(state, kept=state.kept[:0])  # count the coils from here
        for move, seed in product(moves, seeds):
            noise = state.noise if seed is None else key_of(seed, NOISE_OF_BRANCH)
            lanes.put(lane, replace(begun, noise=noise))
            if move.control != HOLD.control:
                writes.setdefault((move.control, move.value), []).append(lane)
            lane += 1
    spent = np.stack([lanes.money() - lanes.row(MONEY), lanes.harms() - lanes.row(HARM)], axis=1)
    for (control, value), targets in writes.items():
        lanes.write(control, value, targets)
    lanes.advance(intervals)
    last = np.empty(count, np.int64)  # the coil with which the count ends
    for group in groups:
        last[group] = lanes.finished_counts()[group].max() + 1
    for _ in range(int(COIL_LIMIT / INTERVAL / STRIDE)):
        if np.all(lanes.finished_counts() >= last):
            break
        lanes.advance(STRIDE)
    else:
        raise SimulationError(
            f"branch: a line needs more than {COIL_LIMIT:g} s for the coil it has begun; "
            "branch from a state in which it runs"
        )
    for each in range(count):
        coils = lanes.finished(each)[: last[each]]
        spent[each] = (
            sum(coil.cost for coil in coils) - spent[each, 0],
            sum(coil.harm for coil in coils) - spent[each, 1],
        )
    tables = []
    for (_, moves), group in zip(batch, groups, strict=True):
        part = spent[group].reshape(len(moves), len(seeds), 2)
        horizon = intervals * INTERVAL
        tables.append(BranchTable(moves, seeds, horizon, part[..., 0], part[..., 1]))
    return tables
