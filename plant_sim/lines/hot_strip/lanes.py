"""Many hot strip lines side by side in one compiled kernel.

A line's bits depend on its own seed, scenario and writes alone: not on how many others run, on its
slot, or on how the intervals were grouped. One line alone is the same kernel with one live lane.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import isfinite
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from ...controls import Control
from ...economics import cost
from ...engine.build import compile_sources
from ...errors import ConfigError
from ...scenarios.fields import ORDER
from ...scenarios.plan import Plan, draw_plan
from ...signals import Quality, Sample, Signal
from . import faults as F  # noqa: N812
from . import rows as R  # noqa: N812  the layout, read as R.SPEED
from .coil import Coil as Coil
from .coil import finished_coil
from .config import mill_of
from .fine import rows as fine_layout
from .fine.mills import Resolution, cut, fine_kernel, fine_rows
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
    "lines.hot_strip.level2",
    "lines.hot_strip.coil_start",
    "lines.hot_strip.disturbances",
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


def _faults(at: NDArray[np.float64]) -> dict[str, float]:
    """Return what is known of the faults that this campaign has, from the rows of a line."""
    told = {}
    for k, name in enumerate(F.FAULTS):
        if at[R.FAULT_SIZE + k] != 0.0:
            told[f"fault.{name}.now"] = float(at[R.FAULT + k])
            told[f"fault.{name}.size"] = float(at[R.FAULT_SIZE + k])
            told[f"fault.{name}.from"] = float(at[R.FAULT_FROM + k])
            told[f"fault.{name}.until"] = float(at[R.FAULT_UNTIL + k])
            told[f"fault.{name}.place"] = float(at[R.FAULT_PLACE + k])
    return told


@dataclass(frozen=True)
class LineState:
    """The whole state of one line: rows, keys, episode, clock, the plan of its day, coils."""

    rows: NDArray[np.float64]
    mill: NDArray[np.float64]
    plan: np.uint64
    noise: np.uint64
    episode: int
    clock: int
    day: Plan
    kept: NDArray[np.float64]
    fine: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class LanesState:
    """The whole state of all lanes."""

    arrays: tuple[NDArray[np.generic], ...]
    days: tuple[Plan, ...]


class HotStripLanes:
    """n hot strip lines side by side.

    Args:
        seeds: one seed a line; equal seeds are equal lines.
        scenario: name in `scenarios.SCENARIOS`.
        config: a mill of one's own: the path of a mill file or a `config.Mill`; None: the default.
        resolution: "supervisory", or "fine": the finishing mill in steps of 5 ms, with threading,
            tension, loopers and what goes wrong there.

    Raises:
        ConfigError: for an unknown scenario or resolution, a negative seed, no seed or a wrong
            mill.
    """

    signals: Mapping[str, Signal] = SIGNALS
    controls: Mapping[str, Control] = CONTROLS

    def __init__(
        self, seeds: Sequence[int], scenario: str = "nominal", config: object | None = None,
        resolution: Resolution = "supervisory",
    ) -> None:  # fmt: skip
        if len(seeds) == 0:
            raise ConfigError("0 seeds were given; give one seed for each line")
        self._mill, self._scenario = mill_of(config).parameters(), scenario
        self.resolution: Resolution = resolution
        self._allocate(len(seeds))
        for lane, seed in enumerate(seeds):
            self._take(lane, int(seed), 0)
        self.begin()

    def _allocate(self, count: int) -> None:
        self.n = count
        lanes = -(-count // R.LANES) * R.LANES
        self._state = np.zeros(R.ROWS * lanes)
        self._fine = fine_rows(self.resolution, lanes)
        self._plan, self._noise = np.zeros(lanes, np.uint64), np.zeros(lanes, np.uint64)
        self._episode, self._clock = np.zeros(lanes, np.int64), np.zeros(lanes, np.int64)
        self._count, self._lined = np.zeros(lanes, np.int64), np.ones(lanes, np.int64)
        self._orders = np.zeros((lanes, 0, len(ORDER)))
        self._faults, self._scales = np.zeros((lanes, F.KINDS, 5)), np.ones((lanes, R.SCALES))
        self._days: list[Plan] = []
        self._kept = np.zeros((lanes, ROOM, len(R.KEPT)))

    def _pad(self) -> None:
        """Let padding lanes repeat the last live one: they must stay inside the physics."""
        for array in (
            self._plan, self._noise, self._episode, self._lined, self._orders, self._faults,
            self._scales,
        ):  # fmt: skip
            array[self.n :] = array[self.n - 1]

    def _take(self, lane: int, seed: int, episode: int) -> None:
        """Give a lane the keys and the plan of an episode of a seed."""
        self._plan[lane], self._noise[lane] = key_of(seed), key_of(seed, 1)
        self._episode[lane] = episode
        self._adopt(lane, draw_plan(self._scenario, seed, episode))

    def _adopt(self, lane: int, day: Plan) -> None:
        """Let a lane work on the orders of a plan, its faults and disturbances from `begin` on."""
        coils = len(day.orders)
        if coils > self._orders.shape[1]:
            more = np.zeros((len(self._plan), coils - self._orders.shape[1], len(ORDER)))
            self._orders = np.concatenate([self._orders, more], axis=1)
        self._orders[lane, :coils], self._lined[lane] = day.orders, coils
        self._faults[lane] = day.faults
        self._scales[lane] = [*day.disturbances, *day.shifts]
        self._days[lane : lane + 1] = [day]

    def begin(self, mask: NDArray[np.bool_] | None = None) -> None:
        """Put all lines, or the masked ones, at the start of their present campaign."""
        full = np.ones(self._clock.size, bool)
        if mask is not None:
            full[: self.n], full[self.n :] = mask, mask[-1]
        self._pad()
        kernel().begin(
            self._state, self._mill, self._faults, self._scales, self._lined, self._clock,
            self._count, full,
        )  # fmt: skip
        if self._fine.size:
            fine_kernel().begin_fine(self._state, self._fine, self._plan, self._episode, full)

    def reseed(self, lane: int, seed: int | None) -> None:
        """Choose what `begin` starts next: episode 0 of a seed, or the next episode of the same."""
        if seed is None:
            self._take(lane, self._days[lane].seed, int(self._episode[lane]) + 1)
        else:
            self._take(lane, seed, 0)

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

    @property
    def fine(self) -> NDArray[np.float64]:
        """A view (blocks, fine rows, 16) of the fine mills; without rows if supervisory."""
        rows = fine_layout.ROWS if self._fine.size else 0
        return self._fine.reshape(self._clock.size // R.LANES, rows, R.LANES)

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
        if self._fine.size:
            fine_kernel().advance_fine(
                int(intervals), self._state, self._fine, self._mill, *cut(), self._orders,
                self._plan, self._noise, self._episode, self._clock, self._kept, self._count,
            )  # fmt: skip
            return
        kernel().advance(
            int(intervals), self._state, self._mill, self._orders, self._plan, self._noise,
            self._episode, self._clock, self._kept, self._count,
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
        return [finished_coil(self._kept[lane, n]) for n in range(self._count[lane])]

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
            **_faults(at),
        }

    def lane(self, lane: int) -> LineState:
        """Return the whole state of one line."""
        block, slot = divmod(lane, R.LANES)
        return LineState(
            rows=self.rows[block, :, slot].copy(),
            mill=self._mill,
            plan=self._plan[lane],
            noise=self._noise[lane],
            episode=int(self._episode[lane]),
            clock=int(self._clock[lane]),
            day=self._days[min(lane, self.n - 1)],
            kept=self._kept[lane, : self._count[lane]].copy(),
            fine=self.fine[block, :, slot].copy(),
        )

    def put(self, lane: int, state: LineState) -> None:
        """Set one line to a state taken with `lane` from a line of the same mill and resolution.

        Raises:
            ConfigError: if the state is of the other resolution.
        """
        if bool(state.fine.size) != bool(self._fine.size):
            raise ConfigError(
                f"a state of the other resolution does not fit a {self.resolution} line; "
                "make the lines with the resolution of the state"
            )
        self._adopt(lane, state.day)
        self._fill(lane, state)

    def _fill(self, lane: int, state: LineState) -> None:
        block, slot = divmod(lane, R.LANES)
        self.rows[block, :, slot] = state.rows
        self.fine[block, :, slot] = state.fine
        self._plan[lane], self._noise[lane] = state.plan, state.noise
        self._episode[lane], self._clock[lane] = state.episode, state.clock
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
        lanes._mill, lanes._scenario = state.mill, state.day.scenario
        lanes.resolution = "fine" if state.fine.size else "supervisory"
        lanes._allocate(count)
        for lane in range(count):
            lanes.put(lane, state)
        for lane in range(count, lanes._clock.size):
            lanes._fill(lane, state)
        if noise_seeds is not None:
            for lane in range(count):
                lanes._noise[lane] = key_of(noise_seeds[lane], 2)
        lanes._pad()
        return lanes

    def save(self) -> LanesState:
        """Return a copy of the whole state of all lines."""
        return LanesState(tuple(array.copy() for array in self._arrays()), tuple(self._days))

    def restore(self, state: LanesState) -> None:
        """Set all lines to a state taken with `save` from as many lines."""
        if len(state.arrays[0]) != len(self._state) or len(state.arrays[-2]) != len(self._fine):
            raise ConfigError(
                f"a state of {len(state.arrays[1])} lanes does not fit {len(self._plan)} "
                f"{self.resolution} ones; restore into as many lines as were saved, made alike"
            )
        self._make_room(state.arrays[-1].shape[1])
        for lane, day in enumerate(state.days):
            self._adopt(lane, day)
        self._pad()
        for array, saved in zip(self._arrays(), state.arrays, strict=True):
            if array is self._kept:
                array[:, : saved.shape[1]] = saved
            else:
                array[...] = saved

    def _arrays(self) -> tuple[NDArray[np.generic], ...]:
        return (
            self._state, self._plan, self._noise, self._episode, self._clock, self._count,
            self._fine, self._kept,
        )  # fmt: skip
