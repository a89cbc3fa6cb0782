"""`passline/MillSetup-v0`: one decision a coil, the correction of level 2's set-up."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from math import inf

import numpy as np

from ..errors import SimulationError
from ..lines.hot_strip import rows as R  # noqa: N812  the layout, read as R.SPEED
from ..lines.hot_strip.lanes import LineState
from ..lines.hot_strip.parameters import STANDS
from .hot_strip import COOLING, CT, POWER, ROLLS, STRIP, TIME, HotStripPlant, HotStripTask
from .options import Options
from .single import LineEnv
from .task import Action, Array, Chart, Flags, Seen
from .vector import LineVectorEnv

OFFSETS = (600e-6, 500e-6, 400e-6, 300e-6, 200e-6, 150e-6, 100e-6)  # m, of F1..F7 at 1
TRIM = 1.0  # m/s at 1
MONITORED = (4, 5, 6)  # stands whose gaps the X-ray monitor moves
PATIENCE = 20_000  # intervals: no coil and no gap lasts longer
SET_UP = (  # what level 2 shows of the next coil, read in the interval in which it begins
    R.WIDTH, R.GAUGE_AIM, R.FDT_AIM, R.CT_AIM, R.CARBON, R.SHOWN_ENTRY, R.THREAD_SPEED,
    *(R.EXPECTED + s for s in range(STANDS)), *(R.GAP + s for s in range(STANDS)),
)  # fmt: skip


@dataclass(frozen=True)
class SetupState(LineState):
    """The state of a line that awaits a coil.

    Attributes:
        offsets: m, (STANDS,), of the coil before; added to what level 2 sets up.
        set_up: (SET_UP,), what is known of the next coil.
    """

    offsets: Array = field(default_factory=lambda: np.zeros(STANDS))
    set_up: Array = field(default_factory=lambda: np.zeros(len(SET_UP)))


class SetupPlant(HotStripPlant):
    """Lines that stand still before each coil: its order and its set-up are known, no strip yet.

    One interval of this plant is one coil. The correction is added to the gaps that level 2 hands
    to level 1; what level 2 has learned stays untouched.
    """

    def __init__(self, seeds: Sequence[int], scenario: str, config: object | None) -> None:
        super().__init__(seeds, scenario, config, upstream=False)
        self.offsets = np.zeros((self.n, STANDS))  # m, of the next coil
        self._next = np.zeros((self.n, len(SET_UP)))
        self._await(np.ones(self.n, bool))

    def begin(self, mask: Flags | None = None) -> None:
        """Put all lines, or the masked ones, before the first coil of their present campaign."""
        super().begin(mask)
        if hasattr(self, "_next"):  # the lanes begin once before there is anything to await
            begun = np.ones(self.n, bool) if mask is None else mask
            self.offsets[begun] = 0.0
            self._await(begun)

    def advance(self, intervals: int = 1) -> None:
        """Roll this many coils on every line."""
        for _ in range(intervals):
            learned = [self.row(R.ZERO + s) for s in range(STANDS)]
            for s in range(STANDS):
                self.set_row(R.ZERO + s, learned[s] + self.offsets[:, s])
            super().advance(1)  # level 2 sets up in this interval
            for s in range(STANDS):
                self.set_row(R.ZERO + s, learned[s])
            self._await(np.ones(self.n, bool))

    def lane(self, lane: int) -> SetupState:
        """Return the whole state of one line, with what is known of its next coil."""
        line = super().lane(lane)
        whole = {field.name: getattr(line, field.name) for field in fields(line)}
        return SetupState(
            **whole, offsets=self.offsets[lane].copy(), set_up=self._next[lane].copy()
        )

    def put(self, lane: int, state: LineState) -> None:
        """Set one line to a state taken with `lane`; without a coil to come that stays as it is."""
        super().put(lane, state)
        if isinstance(state, SetupState):
            self.offsets[lane], self._next[lane] = state.offsets, state.set_up

    def set_up(self, row: int) -> Array:
        """Return what is known of the next coil, a row of SET_UP; shape (n,)."""
        return self._next[:, SET_UP.index(row)]

    def _await(self, mask: Flags) -> None:
        """Run the masked lines until their next coil is about to begin; the others stand still."""
        ready: dict[int, LineState] = {
            lane: HotStripPlant.lane(self, lane) for lane in np.flatnonzero(~mask).tolist()
        }
        for _ in range(PATIENCE):
            waits = (self.row(R.ACTIVE) < 0.5) & (self.row(R.GAP_LEFT) <= R.INTERVAL)
            for lane in np.flatnonzero(waits).tolist():
                if lane not in ready:
                    ready[lane] = super().lane(lane)
            if len(ready) == self.n:
                break
            super().advance(1)
        else:
            raise SimulationError(f"no coil begins within {PATIENCE * R.INTERVAL:g} s of the plant")
        self._put(ready)
        super().advance(1)  # a look at what is coming, taken back at once
        if np.any(self.row(R.ACTIVE) < 0.5):
            raise SimulationError("a coil was expected to begin and did not")
        self._next = np.stack([self.row(row) for row in SET_UP], axis=1)
        self._put(ready)

    def _put(self, states: dict[int, LineState]) -> None:
        for lane, state in states.items():
            self.put(lane, state)


def _next(
    row: int, name: str, unit: str, scale: float, centre: float, english: str, factor: float = 1.0
) -> Seen[SetupPlant]:
    return Seen(name, unit, scale, english, lambda p: p.set_up(row) * factor, centre)


def _missed(plant: SetupPlant, counter: int, rolled: int) -> Array:
    """Return the share (%) of the last coil that missed a tolerance."""
    mass = plant.row(rolled)
    return np.where(mass > 0.0, 100.0 * plant.row(counter) / np.maximum(mass, 1.0), np.nan)


ORDER = (
    _next(R.WIDTH, "coil.width", "m", 0.2, 1.2, "width"),
    _next(R.GAUGE_AIM, "coil.gauge_aim", "m", 1e-3, 3e-3, "gauge aim"),
    _next(R.FDT_AIM, "coil.fdt_aim", "K", 20.0, 1160.0, "FDT aim"),
    _next(R.CT_AIM, "coil.ct_aim", "K", 40.0, 880.0, "CT aim"),
    _next(R.CARBON, "coil.carbon", "1", 5e-4, 1e-3, "declared carbon", 0.01),
)
BAR = (
    _next(R.SHOWN_ENTRY, "fm.entry_temperature", "K", 40.0, 1260.0, "bar before F1, pyrometer"),
    _next(R.THREAD_SPEED, "fm.thread_speed", "m/s", 3.0, 9.0, "level 2's threading speed"),
)
EXPECTED = tuple(
    _next(R.EXPECTED + s, f"f{s + 1}.force_expected", "N", 10e6, 12e6,
          f"force level 2 expects at F{s + 1}")
    for s in range(STANDS)
)  # fmt: skip
GAPS = tuple(
    _next(R.GAP + s, f"f{s + 1}.gap", "m", 10e-3, 5e-3, f"gap level 2 sets at F{s + 1}")
    for s in range(STANDS)
)
LAST: tuple[Seen[SetupPlant], ...] = (
    Seen(
        "last.force_ratio", "1", 0.1, "measured over expected force at the last head",
        lambda p: p.signal("fm.force_ratio"), 1.0,
    ),
    *(
        Seen(
            f"last.f{s + 1}_zero", "m", 300e-6, f"zero of F{s + 1} that level 2 has learned",
            lambda p, s=s: p.row(R.ZERO + s),  # type: ignore[misc]
        )
        for s in range(STANDS)
    ),
    *(
        Seen(
            f"last.f{s + 1}_monitor", "m", 300e-6,
            f"what the X-ray monitor had added to the gap of F{s + 1} in the end",
            lambda p, s=s: p.row(R.MONITOR + s),  # type: ignore[misc]
        )
        for s in MONITORED
    ),
    *(
        Seen(
            f"last.f{s + 1}_gap_offset", "m", OFFSETS[s], f"gap offset of F{s + 1}",
            lambda p, s=s: p.offsets[:, s],  # type: ignore[misc]
        )
        for s in range(STANDS)
    ),
)  # fmt: skip
PRESETS = {
    "order": tuple(seen.name for seen in (*ORDER, *BAR)),
    "set_up": tuple(seen.name for seen in (*ORDER, *BAR, *EXPECTED, *GAPS)),
}


class SetupTask(HotStripTask[SetupPlant]):
    """Corrections of seven gaps and of the speed, before the bar bites."""

    name = "MillSetup"
    intervals, seconds, horizon = 1, 130.0, 8  # coils; a coil and its gap take about so long
    actions = (
        *(
            Action(f"f{s + 1}.gap_offset", "m", OFFSETS[s], inf, f"added to the gap of F{s + 1}")
            for s in range(STANDS)
        ),
        Action("fm.speed_trim", "m/s", TRIM, inf, "added to the finishing speed of the coil"),
    )
    observations = (*ORDER, *BAR, *EXPECTED, *GAPS, *LAST)
    money = (*STRIP, CT, POWER, COOLING, ROLLS, TIME)
    charts = (
        Chart("GAUGE MISSED %", 0.0, 30.0, lambda p: _missed(p, R.GAUGE_OFF, R.ROLLED)),
        Chart("FDT MISSED %", 0.0, 30.0, lambda p: _missed(p, R.FDT_OFF, R.ROLLED)),
        Chart("CT MISSED %", 0.0, 60.0, lambda p: _missed(p, R.CT_OFF, R.CT_ROLLED)),
    )
    presets = PRESETS

    def make(self, seeds: Sequence[int], options: Options) -> SetupPlant:
        """Return one line a seed, each before its first coil."""
        return SetupPlant(seeds, options.scenario, options.config)

    def apply(self, plant: SetupPlant, values: Array) -> None:
        """Keep the gap offsets for the next set-up and write the speed trim."""
        plant.offsets = values[:, :STANDS].copy()
        plant.write("fm.speed_trim", values[:, STANDS])


class MillSetup(LineEnv):
    """Correct level 2's set-up of each of eight coils, one decision a coil.

    Seven gap offsets and a speed trim; the reward is minus the money of the coil and the gap behind
    it. Datasheet: docs/environments/mill_setup.md.
    """

    task = SetupTask()


class MillSetupVector(LineVectorEnv):
    """Native vector form of `MillSetup`, the same bits."""

    task = SetupTask()
