"""Many hot strip lines side by side in one compiled kernel.

A line's bits depend on its own seed, scenario and writes alone: not on how many others run, on its
slot, or on how the intervals were grouped. One line alone is the same kernel with one live lane.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import isfinite
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...alarms import AlarmMemory
from ...engine.build import compile_sources
from ...errors import ConfigError
from ...scenarios.fields import ORDER
from ...scenarios.orders import Book, load_book
from ...scenarios.plan import Plan, draw_plan
from ...signals import Quality, Sample, Signal
from . import faults as F  # noqa: N812
from . import parameters as P  # noqa: N812
from . import rows as R  # noqa: N812  the layout, read as R.SPEED
from .coil import Coil as Coil
from .coil import finished_coil, harms, pieces
from .config import mill_of
from .control_table import CONTROLS
from .fine import rows as fine_layout
from .fine.mills import Resolution, cut, fine_kernel, fine_rows
from .furnace_rows import SIZE as FURNACE
from .furnaces import furnace_orders, settled
from .keys import key_of as key_of
from .layout import ROWS as SIZE
from .rougher_rows import SIZE as ROUGHER
from .runout import COARSE_SUBSTEPS, SUBSTEPS
from .short_mill import check_book, controls_of, fitted
from .shown import IN_BLOCK, Reading, read, read_one, reading, row_of
from .signal_table import ROWS, SIGNALS
from .sources import SOURCES as SOURCES
from .truth import truth_of

if TYPE_CHECKING:
    from ...controls import Control
    from ...scenarios.registry import Scenario

ROOM = 16  # finished coils there is room for at first; grown when needed
FASTEST_COIL = 90  # intervals: no coil takes less
INTERVAL = R.INTERVAL

_CONTROL_ROW = {name: row_of(ROWS[name]) for name in CONTROLS}


@cache
def kernel() -> ModuleType:
    """Return the compiled drivers; the first call on a machine compiles, later ones load."""
    return compile_sources(SOURCES)["lines.hot_strip.drive"]


@dataclass(frozen=True)
class LineState:
    """The whole state of one line: rows, keys, episode, clock, the plan of its day, coils.

    Its alarms too, if it was taken from a line that has them; None lets them begin anew.
    """

    rows: NDArray[np.float64]
    furnaces: NDArray[np.float64]
    rougher: NDArray[np.float64]
    mill: NDArray[np.float64]
    plan: np.uint64
    noise: np.uint64
    episode: int
    clock: int
    day: Plan
    kept: NDArray[np.float64]
    fine: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    alarms: AlarmMemory | None = None


@dataclass(frozen=True)
class LanesState:
    """The whole state of all lanes."""

    arrays: tuple[NDArray[np.generic], ...]
    days: tuple[Plan, ...]


class HotStripLanes:
    """n hot strip lines side by side.

    Args:
        seeds: one seed a line; equal seeds are equal lines.
        scenario: a scenario or its name in `scenarios.SCENARIOS`.
        config: a mill of one's own: the path of a mill file or a `config.Mill`; None: the default.
        upstream: with furnaces and rougher; without them bars are drawn at random, for tasks of
            the finishing mill and the run-out table.
        resolution: "supervisory", or "fine": the finishing mill in steps of 5 ms, with threading,
            tension, loopers and what goes wrong there.
        book: orders to roll, from the first again at the end: a CSV file, the name of a shipped
            book, or a `Book`; None leaves them to the scenario.

    Raises:
        ConfigError: for an unknown scenario or resolution, a negative seed, no seed, a wrong mill,
            or an order book that is wrong or too thin for the mill.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        scenario: "str | Scenario" = "nominal",
        config: object | None = None,
        upstream: bool = True,
        resolution: Resolution = "supervisory",
        book: Book | Path | str | None = None,
    ) -> None:
        if len(seeds) == 0:
            raise ConfigError("0 seeds were given; give one seed for each line")
        self._mill = mill_of(config).parameters()
        self._scenario: str | Scenario = scenario
        self._settled = settled(self._mill).copy() if upstream else np.zeros(0)
        self._book = load_book(book) if isinstance(book, (str, Path)) else book
        self._whole = upstream
        if self._book is not None:
            check_book(self._book, self._absent)
        self.resolution: Resolution = resolution
        self._allocate(len(seeds))
        for lane, seed in enumerate(seeds):
            self._take(lane, int(seed), 0)
        self.begin()

    def _allocate(self, count: int) -> None:
        self.n = count
        self._reading: Reading = reading(self._whole, self._absent)
        self.signals: Mapping[str, Signal] = {n: SIGNALS[n] for n in self._reading.names}
        self.controls: Mapping[str, Control] = controls_of(self._absent)
        lanes = -(-count // R.LANES) * R.LANES
        self._state = np.zeros(SIZE * lanes)
        self._fine = fine_rows(self.resolution, lanes)
        self._plan, self._noise = np.zeros(lanes, np.uint64), np.zeros(lanes, np.uint64)
        self._episode, self._clock = np.zeros(lanes, np.int64), np.zeros(lanes, np.int64)
        self._count, self._lined = np.zeros(lanes, np.int64), np.ones(lanes, np.int64)
        self._orders = np.zeros((lanes, 0, len(ORDER)))
        self._faults, self._scales = np.zeros((lanes, F.KINDS, 5)), np.ones((lanes, R.SCALES))
        self._days: list[Plan] = []
        self._slabs = np.zeros((lanes, 0, 6))
        self._furnaces = np.zeros((lanes, 2 * FURNACE if self._whole else 0))
        self._rougher = np.zeros((lanes, ROUGHER if self._whole else 0))
        self._present = np.zeros((lanes, F.KINDS))
        self._kept = np.zeros((lanes, ROOM, len(R.KEPT)))

    def _pad(self) -> None:
        """Let padding lanes repeat the last live one: they must stay inside the physics."""
        for array in (
            self._plan, self._noise, self._episode, self._lined, self._orders, self._slabs,
            self._faults, self._scales,
        ):  # fmt: skip
            array[self.n :] = array[self.n - 1]

    def _take(self, lane: int, seed: int, episode: int) -> None:
        """Give a lane the keys and the plan of an episode of a seed."""
        self._plan[lane], self._noise[lane] = key_of(seed), key_of(seed, 1)
        self._episode[lane] = episode
        day = draw_plan(self._scenario, seed, episode, book=self._book)
        self._adopt(lane, fitted(day, self._absent))

    def _adopt(self, lane: int, day: Plan) -> None:
        """Let a lane work on the orders of a plan, its faults and disturbances from `begin` on."""
        coils = len(day.orders)
        if coils > self._orders.shape[1]:
            more = np.zeros((len(self._plan), coils - self._orders.shape[1], len(ORDER)))
            self._orders = np.concatenate([self._orders, more], axis=1)
            self._slabs = np.concatenate([self._slabs, more[:, :, :6]], axis=1)
        self._orders[lane, :coils], self._lined[lane] = day.orders, coils
        if self._whole:
            self._slabs[lane, :coils] = furnace_orders(day.orders)
        self._faults[lane] = day.faults
        self._scales[lane] = [*day.disturbances, *day.shifts, *day.tariff]
        self._days[lane : lane + 1] = [day]

    def begin(self, mask: NDArray[np.bool_] | None = None) -> None:
        """Put all lines, or the masked ones, at the start of their present campaign."""
        full = np.ones(self._clock.size, bool)
        if mask is not None:
            full[: self.n], full[self.n :] = mask, mask[-1]
        self._pad()
        kernel().begin(
            self._state, self._mill, self._slabs, self._furnaces, self._rougher,
            self._settled, self._faults, self._scales,
            self._lined, self._plan, self._episode, self._clock, self._count, full,
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
    def _absent(self) -> int:
        """How many stands the mill has less than seven."""
        return int(self._mill[P.FIRST_STAND])

    @property
    def rows(self) -> NDArray[np.float64]:
        """A view (blocks, rows, 16) of the state; for environments and tests."""
        return self._state.reshape(-1, SIZE, R.LANES)

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
        drivers, state, mill = kernel(), self._state, self._mill
        before = (
            state, mill, self._orders, self._slabs, self._furnaces, self._rougher, self._present,
            self._plan, self._noise, self._episode, self._clock, self._kept, self._count,
        )  # fmt: skip
        fine = fine_kernel() if self._fine.size else None
        for _ in range(intervals):
            if fine is not None:
                fine.tell_cycle(state, self._fine, mill)
            drivers.before_mill(*before)
            if fine is None:
                drivers.roll_strip(state, mill)
            else:
                fine.roll_fine(state, self._fine, mill, *cut())
            drivers.behind_mill(state, mill, COARSE_SUBSTEPS if fine is None else SUBSTEPS)

    @property
    def _parts(self) -> dict[str, NDArray[np.float64]]:
        """What lies apart from the blocks: each (lanes, size of its array)."""
        return {
            "furnace1": self._furnaces[:, :FURNACE],
            "furnace2": self._furnaces[:, FURNACE:],
            "rougher": self._rougher,
        }

    def read(self) -> NDArray[np.float64]:
        """Return what is shown: (n, signals), SI, in the order of `signals`."""
        return read(self._reading, self.rows, self._parts, self.n)

    def look(self, lane: int) -> tuple[NDArray[np.float64], Quality]:
        """Return what one line shows, in the order of `signals` (SI), and how far to trust it."""
        block, slot = divmod(lane, R.LANES)
        # a stand outside the validity of its formulas: nothing shown of this line is certain
        sound = self.rows[block, R.OUTSIDE, slot] == 0.0
        values = read_one(self._reading, self.rows, self._parts, lane)
        return values, Quality.GOOD if sound else Quality.UNCERTAIN

    def samples(self, lane: int) -> dict[str, Sample]:
        """Return the samples of one line by name."""
        values, quality = self.look(lane)
        plant, now = float(self._clock[lane] * INTERVAL), time.monotonic()
        return {
            name: Sample(value, quality if isfinite(value) else Quality.BAD, plant, now)
            for name, value in zip(self._reading.names, values.tolist(), strict=True)
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
        limits, part, row = CONTROLS[control], ROWS[control].part, _CONTROL_ROW[control]
        clipped = np.clip(values, limits.low, limits.high)
        chosen = slice(None) if lanes is None else lanes
        if part in IN_BLOCK:
            column = self.row(row)
            column[chosen] = clipped
            self.set_row(row, column)
        else:
            self._parts[part][: self.n, row][chosen] = clipped

    def total(self, counter: int) -> NDArray[np.float64]:
        """Return a counter (ROLLED..COLD) of each line since its campaign began."""
        return self.row(counter) + self.row(R.CLOSED + counter - R.ROLLED)

    def _running(self) -> NDArray[np.float64]:
        """Return the counters of the running coil, shape (n, COUNTED)."""
        rows = self.rows[:, R.ROLLED : R.COBBLES + 1, :].transpose(0, 2, 1)
        return rows.reshape(-1, len(R.COUNTED))[: self.n]

    def money(self) -> NDArray[np.float64]:
        """Return the money (EUR) of each line since its campaign began, running coil included."""
        return self.row(R.MONEY) + sum(pieces(self._running()).values())

    def harms(self) -> NDArray[np.float64]:
        """Return the harm (s) of each line since its campaign began."""
        return self.row(R.HARM) + harms(self._running())

    def finished(self, lane: int) -> list[Coil]:
        """Return the finished coils of one line."""
        return [finished_coil(self._kept[lane, n]) for n in range(self._count[lane])]

    def finished_counts(self) -> NDArray[np.int64]:
        """Return how many coils each line has finished, shape (n,)."""
        return self._count[: self.n].copy()

    def orders_ahead(self, ahead: int) -> NDArray[np.float64]:
        """Return the orders behind the present coil, shape (n, ahead, fields).

        Columns as `fields.ORDER`. Behind its end the book begins anew.
        """
        number = self.row(R.COIL).astype(np.int64)[:, None] + np.arange(ahead)
        at = number % self._lined[: self.n, None]
        found: NDArray[np.float64] = self._orders[np.arange(self.n)[:, None], at]
        return found

    def truth(self, lane: int) -> dict[str, float]:
        """Return the ground truth of one line: for reports and evaluation, never for a seat."""
        block, slot = divmod(lane, R.LANES)
        at = self.rows[block, :, slot]
        return truth_of(at)

    def lane(self, lane: int) -> LineState:
        """Return the whole state of one line."""
        block, slot = divmod(lane, R.LANES)
        return LineState(
            rows=self.rows[block, :, slot].copy(),
            furnaces=self._furnaces[lane].copy(),
            rougher=self._rougher[lane].copy(),
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
            ConfigError: if the state is of the other resolution, or of a line with other units or
                another number of stands.
        """
        alike = bool(state.fine.size) == bool(self._fine.size)
        alike = alike and state.mill[P.FIRST_STAND] == self._mill[P.FIRST_STAND]
        if not alike or state.rougher.size != self._rougher.shape[1]:
            raise ConfigError(
                f"a state of another kind of line does not fit this {self.resolution} one; make "
                "the lines with the resolution, the units and the stands of the state"
            )
        self._adopt(lane, state.day)
        self._fill(lane, state)

    def _fill(self, lane: int, state: LineState) -> None:
        block, slot = divmod(lane, R.LANES)
        self.rows[block, :, slot] = state.rows
        self.fine[block, :, slot] = state.fine
        self._furnaces[lane], self._rougher[lane] = state.furnaces, state.rougher
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
        lanes._whole, lanes._book = state.rougher.size > 0, None
        lanes._settled = settled(state.mill).copy() if lanes._whole else np.zeros(0)
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
        shapes = [saved.shape for saved in state.arrays[:-1]]
        if shapes != [array.shape for array in self._arrays()[:-1]]:
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
            self._state, self._furnaces, self._rougher, self._plan, self._noise, self._episode,
            self._clock, self._count, self._fine, self._kept,
        )  # fmt: skip
