"""Many hot strip lines side by side in one compiled kernel.

A line's bits depend on its own seed, scenario and writes alone: not on how many others run, on its
slot, or on how the intervals were grouped. One line alone is the same kernel with one live lane.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from ...controls import Control
from ...economics import ENERGY, LINE_TIME, cost, downgrade
from ...engine.build import compile_sources
from ...errors import ConfigError
from ...scenarios.catalogue import scenario as scenario_of
from ...signals import Quality, Sample, Signal
from . import rows as R  # noqa: N812  the layout, read as R.SPEED
from .tables import BANKS, CONTROLS, SIGNALS, STANDS

SOURCES = (
    "engine.random",
    "physics.flow_stress",
    "physics.roll_bite",
    "physics.mill_stretch",
    "physics.strip_temperature",
    "physics.laminar_cooling",
    "economics",
    "control.level2_model",
    "lines.hot_strip.mill",
    "lines.hot_strip.table",
    "lines.hot_strip.cycle",
    "lines.hot_strip.drive",
)
ROOM = 16  # finished coils there is room for at first; grown when needed
FASTEST_COIL = 90  # intervals: no coil takes less
INTERVAL = R.INTERVAL

_ROW_OF: dict[str, int] = {
    "coil.number": R.COIL,
    "coil.phase": R.PHASE,
    "coil.position": R.STRIP_DONE,
    "coil.width": R.WIDTH,
    "coil.gauge_aim": R.GAUGE_AIM,
    "coil.fdt_aim": R.FDT_AIM,
    "coil.ct_aim": R.CT_AIM,
    "coil.carbon": R.CARBON,
    "fm.entry_temperature": R.SHOWN_ENTRY,
    "fm.speed": R.SHOWN_SPEED,
    **{f"f{s}.roll_force": R.SHOWN_FORCE + s - 1 for s in range(1, STANDS + 1)},
    "fm.force_ratio": R.FORCE_RATIO,
    "fm.exit_thickness": R.SHOWN_GAUGE,
    "fm.fdt": R.SHOWN_FDT,
    "fm.fdt_model": R.FDT_MODEL,
    "fm.spray_opening": R.SPRAY,
    "fm.power": R.SHOWN_POWER,
    "rot.coiling_temperature": R.SHOWN_CT,
    "rot.demand": R.DEMAND,
    "rot.feedback": R.FEEDBACK,
    "rot.water_temperature": R.SHOWN_WATER,
    **{f"rot.bank_{b}_flow": R.SHOWN_FLOW + b - 1 for b in range(1, BANKS + 1)},
    **{f"rot.bank_{b}_command": R.COMMAND + b - 1 for b in range(1, BANKS + 1)},
    "fm.speed_trim": R.SPEED_TRIM,
    "fm.spray_trim": R.SPRAY_TRIM,
    "fm.fdt_source": R.FDT_SOURCE,
    "fm.hardness_correction": R.HARDNESS_CORRECTION,
    "rot.bank_out": R.BANK_OUT,
    "rot.cooling_correction": R.COOLING_CORRECTION,
}
_ROWS = np.array([_ROW_OF[name] for name in SIGNALS])
_TO_SI = np.array([0.01 if name == "coil.carbon" else 1.0 for name in SIGNALS])


@cache
def kernel() -> ModuleType:
    """Return the compiled drivers; the first call on a machine compiles, later ones load."""
    return compile_sources(SOURCES)["lines.hot_strip.drive"]


def key_of(seed: int, purpose: int = 0) -> np.uint64:
    """Return the 64-bit key of a seed; purpose 0 orders and faults, 1 disturbances and noise."""
    if not 0 <= seed < 2**32:  # wider seeds would share words with another purpose
        raise ConfigError(f"seed {seed} is outside [0, 2**32); use a number inside")
    return np.uint64(np.random.SeedSequence([int(seed), purpose]).generate_state(1, np.uint64)[0])


@dataclass(frozen=True, slots=True)
class Coil:
    """A finished coil: what was ordered, what it became, what it cost.

    Attributes:
        number: 1 for the first of the campaign.
        width: m.
        gauge_aim: m.
        fdt_aim: K.
        ct_aim: K.
        carbon_declared: fraction of mass.
        mass: kg rolled.
        seconds: line time, the gap before it included (s).
        gauge_hit: share of the mass inside the gauge tolerance, from true values; so the next two.
        fdt_hit: inside the tolerance of the finishing delivery temperature.
        ct_hit: inside the tolerance of the coiling temperature.
        downgrade: EUR.
        energy: EUR.
        delay: EUR for the line time.
        cost: EUR, the sum of the three.
        harm: seconds beyond a rating, each stand and rating counted, and of two-phase rolling;
            never part of the cost.
    """

    number: int
    width: float
    gauge_aim: float
    fdt_aim: float
    ct_aim: float
    carbon_declared: float
    mass: float
    seconds: float
    gauge_hit: float
    fdt_hit: float
    ct_hit: float
    downgrade: float
    energy: float
    delay: float
    cost: float
    harm: float


def _coil(kept: NDArray[np.float64]) -> Coil:
    row = dict(zip(R.KEPT, kept.tolist(), strict=True))
    mass, cooled = max(row[R.ROLLED], 1e-9), max(row[R.CT_ROLLED], 1e-9)
    lost = downgrade(row[R.GAUGE_OFF], row[R.FDT_OFF], row[R.CT_OFF])
    energy, delay = row[R.ENERGY] * ENERGY, row[R.SECONDS] * LINE_TIME
    return Coil(
        number=int(row[R.COIL]),
        width=row[R.WIDTH],
        gauge_aim=row[R.GAUGE_AIM],
        fdt_aim=row[R.FDT_AIM],
        ct_aim=row[R.CT_AIM],
        carbon_declared=row[R.CARBON] * 0.01,
        mass=row[R.ROLLED],
        seconds=row[R.SECONDS],
        gauge_hit=1.0 - row[R.GAUGE_OFF] / mass,
        fdt_hit=1.0 - row[R.FDT_OFF] / mass,
        ct_hit=1.0 - row[R.CT_OFF] / cooled,
        downgrade=lost,
        energy=energy,
        delay=delay,
        cost=lost + energy + delay,
        harm=row[R.OVERLOAD] + row[R.COLD],
    )


@dataclass(frozen=True)
class LineState:
    """The whole state of one line: rows, keys, episode, clock, odds of faults, finished coils."""

    rows: NDArray[np.float64]
    plan: np.uint64
    noise: np.uint64
    episode: int
    clock: int
    odds: NDArray[np.float64]
    kept: NDArray[np.float64]


@dataclass(frozen=True)
class LanesState:
    """The whole state of all lanes."""

    arrays: tuple[NDArray[np.generic], ...]


class HotStripLanes:
    """n hot strip lines side by side.

    Args:
        seeds: one seed a line; equal seeds are equal lines.
        scenario: name in `scenarios.SCENARIOS`.
        config: reserved for a mill of one's own; only None today.

    Raises:
        ConfigError: for an unknown scenario, a negative seed, no seed or a config.
    """

    signals: Mapping[str, Signal] = SIGNALS
    controls: Mapping[str, Control] = CONTROLS

    def __init__(
        self, seeds: Sequence[int], scenario: str = "nominal", config: object | None = None
    ) -> None:
        if len(seeds) == 0:
            raise ConfigError("0 seeds were given; give one seed for each line")
        if config is not None:
            raise ConfigError("a configuration of the mill is not supported yet; pass None")
        self._allocate(len(seeds))
        self._odds[:] = scenario_of(scenario).odds
        for lane, seed in enumerate(seeds):
            self._plan[lane], self._noise[lane] = key_of(seed), key_of(seed, 1)
        self._pad()
        self.begin()

    def _allocate(self, count: int) -> None:
        self.n = count
        lanes = -(-count // R.LANES) * R.LANES
        self._state = np.zeros(R.ROWS * lanes)
        self._plan, self._noise = np.zeros(lanes, np.uint64), np.zeros(lanes, np.uint64)
        self._episode, self._clock = np.zeros(lanes, np.int64), np.zeros(lanes, np.int64)
        self._count, self._odds = np.zeros(lanes, np.int64), np.zeros((lanes, 3))
        self._kept = np.zeros((lanes, ROOM, len(R.KEPT)))

    def _pad(self) -> None:
        """Let padding lanes repeat the last live one: they must stay inside the physics."""
        for array in (self._plan, self._noise, self._episode, self._odds):
            array[self.n :] = array[self.n - 1]

    def begin(self, mask: NDArray[np.bool_] | None = None) -> None:
        """Put all lines, or the masked ones, at the start of their present campaign."""
        full = np.ones(self._clock.size, bool)
        if mask is not None:
            full[: self.n], full[self.n :] = mask, mask[-1]
        kernel().begin(
            self._state, self._plan, self._noise, self._episode, self._clock, self._count,
            self._odds, full,
        )  # fmt: skip

    def reseed(self, lane: int, seed: int | None) -> None:
        """Choose what `begin` starts next: episode 0 of a seed, or the next episode of the same."""
        if seed is None:
            self._episode[lane] += 1
        else:
            self._plan[lane], self._noise[lane] = key_of(seed), key_of(seed, 1)
            self._episode[lane] = 0
        self._pad()

    def _make_room(self, coils: int) -> None:
        """Make room for so many finished coils of each line."""
        lanes, room, width = self._kept.shape
        if coils > room:
            more = np.zeros((lanes, max(coils, 2 * room) - room, width))
            self._kept = np.concatenate([self._kept, more], axis=1)

    @property
    def rows(self) -> NDArray[np.float64]:
        """A view (blocks, rows, 16) of the state; for environments and tests."""
        return self._state.reshape(-1, R.ROWS, R.LANES)

    def row(self, index: int) -> NDArray[np.float64]:
        """Return a copy (n,) of one row of all lines."""
        values: NDArray[np.float64] = self.rows[:, index, :].reshape(-1)[: self.n].copy()
        return values

    def set_row(self, index: int, values: NDArray[np.float64] | float) -> None:
        """Set one row of all lines from (n,) values."""
        full = np.empty(self._clock.size)
        full[: self.n] = values
        full[self.n :] = full[self.n - 1]
        self.rows[:, index, :] = full.reshape(-1, R.LANES)

    @property
    def time(self) -> NDArray[np.float64]:
        """Plant clock of each line (s), shape (n,)."""
        return self._clock[: self.n].astype(np.float64) * INTERVAL

    def advance(self, intervals: int = 1) -> None:
        """Move every line by this many control intervals of 0.5 s."""
        if intervals < 0:
            raise ConfigError(f"intervals {intervals} is negative; a plant cannot go back")
        self._make_room(int(self._count.max()) + intervals // FASTEST_COIL + 1)
        kernel().advance(
            int(intervals), self._state, self._plan, self._noise, self._episode, self._clock,
            self._kept, self._count,
        )  # fmt: skip

    def read(self) -> NDArray[np.float64]:
        """Return what is shown: (n, signals), SI, in the order of `signals`."""
        shown = self.rows[:, _ROWS, :].transpose(0, 2, 1).reshape(-1, _ROWS.size)[: self.n]
        values: NDArray[np.float64] = shown * _TO_SI
        return values

    def samples(self, lane: int) -> dict[str, Sample]:
        """Return the samples of one line by name."""
        block, slot = divmod(lane, R.LANES)
        values = self.rows[block, _ROWS, slot] * _TO_SI
        plant, now = float(self._clock[lane] * INTERVAL), time.monotonic()
        # a stand outside the validity of its formulas: nothing shown of this line is certain
        quality = Quality.GOOD if self.rows[block, R.OUTSIDE, slot] == 0.0 else Quality.UNCERTAIN
        return {
            name: Sample(value, quality if isfinite(value) else Quality.BAD, plant, now)
            for name, value in zip(SIGNALS, values.tolist(), strict=True)
        }

    def write(
        self,
        control: str,
        values: float | NDArray[np.float64],
        lanes: Sequence[int] | NDArray[np.int64] | None = None,
    ) -> None:
        """Write a set-point (SI); it is clamped to the control's range and acts from now on.

        Raises:
            ConfigError: for an unknown control or a number that is not finite.
        """
        if control not in CONTROLS:
            raise ConfigError(f"{control!r} is no control; choose one of {', '.join(CONTROLS)}")
        if not np.all(np.isfinite(values)):
            raise ConfigError(f"{control} {values} is not finite; write a number in SI")
        limits, row = CONTROLS[control], self.row(_ROW_OF[control])
        clipped = np.clip(values, limits.low, limits.high)
        row[slice(None) if lanes is None else lanes] = clipped
        self.set_row(_ROW_OF[control], row)

    def total(self, counter: int) -> NDArray[np.float64]:
        """Return a counter (ROLLED..COLD) of each line since its campaign began."""
        return self.row(counter) + self.row(R.CLOSED + counter - R.ROLLED)

    def money(self) -> NDArray[np.float64]:
        """Return the money (EUR) of each line since its campaign began, running coil included."""
        running = [self.row(row) for row in (R.GAUGE_OFF, R.FDT_OFF, R.CT_OFF, R.ENERGY, R.SECONDS)]
        return self.row(R.MONEY) + np.asarray(cost(*running))  # type: ignore[arg-type]

    def harms(self) -> NDArray[np.float64]:
        """Return the harm (s) of each line since its campaign began."""
        return self.row(R.HARM) + self.row(R.OVERLOAD) + self.row(R.COLD)

    def finished(self, lane: int) -> list[Coil]:
        """Return the finished coils of one line."""
        return [_coil(self._kept[lane, n]) for n in range(self._count[lane])]

    def finished_counts(self) -> NDArray[np.int64]:
        """Return how many coils each line has finished, shape (n,)."""
        return self._count[: self.n].copy()

    def truth(self, lane: int) -> dict[str, float]:
        """Return the ground truth of one line: for reports and evaluation, never for a seat."""
        block, slot = divmod(lane, R.LANES)
        at = self.rows[block, :, slot]
        return {
            "fdt": float(at[R.TRUE_FDT]),
            "ct": float(at[R.TRUE_CT]),
            "exit_thickness": float(at[R.H + STANDS] * at[R.ACTIVE]),
            "hardness": float(at[R.HARDNESS]),
            "pyrometer_drift": float(at[R.DRIFT]),
            "drift_from_coil": float(at[R.DRIFT_FROM]) if at[R.DRIFT_FROM] < 1e8 else 0.0,
            "drift_limit": float(at[R.DRIFT_LIMIT]),
            "dead_bank": float(at[R.DEAD_BANK]),
            "dead_from_coil": float(at[R.DEAD_FROM]) if at[R.DEAD_FROM] < 1e8 else 0.0,
            "lot_from_coil": float(at[R.LOT_FROM]) if at[R.LOT_FROM] < 1e8 else 0.0,
            "lot_until_coil": max(float(at[R.LOT_UNTIL]), 0.0),
            "lot_hardness": float(at[R.LOT_HARDNESS]),
        }

    def lane(self, lane: int) -> LineState:
        """Return the whole state of one line."""
        block, slot = divmod(lane, R.LANES)
        return LineState(
            rows=self.rows[block, :, slot].copy(),
            plan=self._plan[lane],
            noise=self._noise[lane],
            episode=int(self._episode[lane]),
            clock=int(self._clock[lane]),
            odds=self._odds[lane].copy(),
            kept=self._kept[lane, : self._count[lane]].copy(),
        )

    def put(self, lane: int, state: LineState) -> None:
        """Set one line to a state taken with `lane`."""
        block, slot = divmod(lane, R.LANES)
        self.rows[block, :, slot] = state.rows
        self._plan[lane], self._noise[lane] = state.plan, state.noise
        self._episode[lane], self._clock[lane] = state.episode, state.clock
        self._odds[lane] = state.odds
        self._count[lane] = len(state.kept)
        self._make_room(len(state.kept))
        self._kept[lane, : len(state.kept)] = state.kept

    @classmethod
    def spread(
        cls, state: LineState, count: int, noise_seeds: Sequence[int] | None = None
    ) -> "HotStripLanes":
        """Return `count` lines that start from one state.

        Args:
            state: where they all start; orders and faults stay those of this plan.
            count: how many lines.
            noise_seeds: one a line: other disturbances from here on; None keeps the same future.
        """
        lanes = cls.__new__(cls)
        lanes._allocate(count)
        for lane in range(lanes._clock.size):
            lanes.put(lane, state)
        if noise_seeds is not None:
            for lane in range(count):
                lanes._noise[lane] = key_of(noise_seeds[lane], 2)
        lanes._pad()
        return lanes

    def save(self) -> LanesState:
        """Return a copy of the whole state of all lines."""
        return LanesState(tuple(array.copy() for array in self._arrays()))

    def restore(self, state: LanesState) -> None:
        """Set all lines to a state taken with `save` from as many lines."""
        if len(state.arrays[0]) != len(self._state):
            raise ConfigError(
                f"a state of {len(state.arrays[1])} lanes does not fit {len(self._plan)}; "
                "restore into as many lines as were saved"
            )
        self._make_room(state.arrays[-1].shape[1])
        for array, saved in zip(self._arrays(), state.arrays, strict=True):
            if array is self._kept:
                array[:, : saved.shape[1]] = saved
            else:
                array[...] = saved

    def _arrays(self) -> tuple[NDArray[np.generic], ...]:
        return (
            self._state, self._plan, self._noise, self._episode, self._clock, self._count,
            self._odds, self._kept,
        )  # fmt: skip
