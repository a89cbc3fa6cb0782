"""Many walking-beam furnaces side by side, each with its own orders, mill stops and faults.

A furnace's bits depend on its own seed, scenario and writes alone: not on how many others run, on
its place among them, or on how the intervals were grouped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from ...economics import LINE_TIME
from ...engine.build import compile_sources
from ...errors import ConfigError
from ...physics.slab_conduction import SLABS
from ...scenarios.catalogue import scenario as scenario_of
from ...scenarios.faults import FAULTS
from ...scenarios.fields import (
    CARBON,
    CHARGE_TEMPERATURE,
    GRADE,
    GRADES,
    SLAB_LENGTH,
    SLAB_THICKNESS,
)
from ...scenarios.plan import draw_plan
from . import furnace_rows as F  # noqa: N812  the layout, read as F.ZONE
from . import parameters as P  # noqa: N812  the mill's data, read as P.ZONES
from .config import mill_of
from .furnace_campaign import MOST_PACE, STOP_ODDS
from .keys import key_of

Array = NDArray[np.float64]

SOURCES = (
    "engine.random",
    "physics.steel",
    "physics.slab_conduction",
    "physics.furnace_heat",
    "physics.scale",
    "control.furnace_control",
    "control.furnace_level2",
    "lines.hot_strip.furnace",
    "lines.hot_strip.furnace_slabs",
    "lines.hot_strip.furnace_automation",
    "lines.hot_strip.furnace_drive",
    "lines.hot_strip.furnace_campaign",
)
INTERVAL = 30.0  # s: control interval of an operator or agent [M 6.2]
STEPS = int(INTERVAL / F.STEP)  # of the furnace in a control interval
ORDERS = 160  # orders drawn for a campaign; then from the first again
ROOM = 96  # finished slabs there is room for at first; grown when needed
SETTLING = int(12 * 3600 / F.STEP)  # steps until a furnace has settled: twelve hours
NOMINAL = (
    1.30,
    0.22,
    9.2,
    293.15,
    0.08,
    1503.15,
)  # m, m, m, K, %, K: slab of the settled furnace [M 3.11]
AIM = 1503.15  # K: mean temperature at discharge, 1230 degC [M 4.1]
NIOBIUM_MORE = 12.0  # K: hotter for grades with niobium, to dissolve it [M]
FUEL_PRICE = 9.7e-9  # EUR/J: natural gas at 35 EUR/MWh [M]
SCALE_PRICE = 0.45  # EUR/kg: of steel that becomes scale [M]
OFF_PRICE = 0.010  # EUR/kg: of slabs discharged outside the band around their aim [T]
KINDS = ("thermocouple", "burner", "skid", "late_discharge", "air_ratio")  # as in furnace_rows

# what may be written: row, least and greatest value (SI)
TRIMS: Mapping[str, tuple[int, float, float]] = {
    **{
        f"zone_{z + 1}_{side}_trim": (F.TRIM + c * P.ZONES + z, -60.0, 60.0)
        for c, side in enumerate(("top", "bottom"))
        for z in range(1, P.ZONES)
    },
    "air_ratio_trim": (F.RATIO_TRIM, -0.1, 0.6),
    "pace_trim": (F.PACE_TRIM, -MOST_PACE, MOST_PACE),
}
# what is shown: row and SI unit
SHOWN: Mapping[str, tuple[int, str]] = {
    **{
        f"zone_{z + 1}_{side}_{what}": (row + c * P.ZONES + z, unit)
        for what, row, unit in (
            ("temperature", F.SHOWN, "K"),
            ("setpoint", F.SETPOINT, "K"),
            ("fuel", F.SHOWN_FUEL, "m3/s"),
            ("air", F.SHOWN_AIR, "m3/s"),
        )
        for c, side in enumerate(("top", "bottom"))
        for z in range(P.ZONES)
        if z > 0 or what == "temperature"
    },
    "oxygen": (F.OXYGEN_SHOWN, "1"),
    "flue_temperature": (F.FLUE_SHOWN, "K"),
    "air_temperature": (F.PREHEAT_SHOWN, "K"),
    "pressure": (F.PRESSURE_SHOWN, "Pa"),
    "air_ratio": (F.RATIO, "1"),
    "slabs": (F.INSIDE, "1"),
    "next_slab_temperature": (F.NEXT_MODEL, "K"),
    "door_pyrometer": (F.OUT_SHOWN, "K"),
    "door_aim": (F.OUT_AIM, "K"),
    "since_discharge": (F.SINCE_DISCHARGE, "s"),
    "pace": (F.PACE, "s"),
    "mill_stopped": (F.STOPPED, "1"),
    "stop_forecast": (F.STOP_LEFT, "s"),
    "holding": (F.HELD, "1"),
}
_SHOWN_ROWS = np.array([row for row, _ in SHOWN.values()])


@cache
def kernel() -> Mapping[str, ModuleType]:
    """Return the compiled modules; the first call on a machine compiles, later ones load."""
    return compile_sources(SOURCES)


@cache
def _settled(mill: bytes) -> Array:
    """Return a furnace of this mill in full swing on the nominal slab; computed once a process."""
    data = np.frombuffer(mill).copy()  # read-only data would be compiled for once more
    furnace = np.zeros(F.SIZE)
    campaign, one = kernel()["lines.hot_strip.furnace_campaign"], np.zeros(1, np.int64)
    key = np.zeros(1, np.uint64)
    campaign.empty(furnace, data)
    for _ in range(2):
        campaign.play(
            SETTLING // 2, furnace, data, np.array([[NOMINAL]]), np.zeros((1, len(KINDS), 5)), key,
            key, one, np.zeros(1), np.zeros((1, SETTLING // 12, F.DOOR_END - F.DOOR)), one.copy(),
        )  # fmt: skip
        furnace[F.DUE] = furnace[F.DISCHARGED]  # nobody waited while it filled
    furnace.flags.writeable = False
    return furnace


def settled(mill: Array) -> Array:
    """Return a furnace in full swing at its nominal pace, read-only, shape (F.SIZE,).

    Args:
        mill: data of the mill, as `Mill.parameters()` gives them.
    """
    return _settled(np.ascontiguousarray(mill).tobytes())


def furnace_orders(orders: Array) -> Array:
    """Return what a furnace needs of orders: (n, 6) width, thickness, length, charge, carbon, aim.

    Args:
        orders: (n, len(scenarios.fields.ORDER)), SI.
    """
    from ...scenarios.fields import slab_width

    niobium = np.array([grade.niobium > 0.0 for grade in GRADES])
    aim = AIM + NIOBIUM_MORE * niobium[orders[:, GRADE].astype(np.intp)]
    columns = [orders[:, row] for row in (SLAB_THICKNESS, SLAB_LENGTH, CHARGE_TEMPERATURE, CARBON)]
    return np.stack([slab_width(orders), *columns, aim], axis=1)


@dataclass(frozen=True, slots=True)
class FurnaceSlab:
    """A discharged slab, from true values. SI.

    Attributes:
        number: of the order, from 1.
        width: m; so thickness and length.
        thickness: m.
        length: m.
        carbon: weight %, as declared.
        aim: mean temperature asked for (K).
        mean: mean temperature (K).
        core: hottest minus coldest through the thickness (K).
        surface: mean of the two faces (K).
        skid: how much colder the steel over a skid is than the mean (K).
        ends: how much colder its ends are (K).
        scale: share of mass lost to scale.
        seconds: in the furnace.
        charge: temperature at charging (K).
        model: mean temperature that level 2 believes (K).
        shown: what the pyrometer behind the door showed (K).
        mass: kg.
        fuel: heat of the fuel burnt since the slab before it (J).
    """

    number: int
    width: float
    thickness: float
    length: float
    carbon: float
    aim: float
    mean: float
    core: float
    surface: float
    skid: float
    ends: float
    scale: float
    seconds: float
    charge: float
    model: float
    shown: float
    mass: float
    fuel: float


@dataclass(frozen=True)
class FurnacesState:
    """The whole state of all furnaces."""

    arrays: tuple[NDArray[np.generic], ...]


class Furnaces:
    """n furnaces side by side.

    Args:
        seeds: one seed a furnace; equal seeds are equal furnaces.
        scenario: name of a scenario; its orders, and its faults of the furnace by slab number.
        config: a mill of one's own as `config.mill_of` takes it.
        stop_odds: likelihood that the mill stops within an hour, 0 to 1.

    Raises:
        ConfigError: for an unknown scenario, a wrong seed, none, or a wrong mill.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        scenario: str = "nominal",
        config: object | None = None,
        stop_odds: float = STOP_ODDS,
    ) -> None:
        if len(seeds) == 0:
            raise ConfigError("0 seeds were given; give one seed for each furnace")
        if not 0.0 <= stop_odds <= 1.0:
            raise ConfigError(f"stop_odds {stop_odds} is no likelihood; give 0 to 1")
        self.n = count = len(seeds)
        self._scenario = scenario_of(scenario)
        self.mill = mill_of(config).parameters()
        self._state = np.zeros(count * F.SIZE)
        self._plan, self._noise = np.zeros(count, np.uint64), np.zeros(count, np.uint64)
        self._episode, self._count = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self._seeds, self._odds = np.zeros(count, np.int64), np.full(count, stop_odds)
        self._orders, self._faults = np.zeros((count, ORDERS, 6)), np.zeros((count, len(KINDS), 5))
        self._kept = np.zeros((count, ROOM, F.DOOR_END - F.DOOR))
        for lane, seed in enumerate(seeds):
            self.reseed(lane, seed)
        self.begin()

    def reseed(self, lane: int, seed: int | None) -> None:
        """Choose what `begin` starts next: episode 0 of a seed, or the next episode of the same."""
        if seed is None:
            self._episode[lane] += 1
        else:
            self._plan[lane], self._noise[lane] = key_of(seed), key_of(seed, 1)
            self._episode[lane], self._seeds[lane] = 0, seed

    def begin(self, mask: NDArray[np.bool_] | None = None) -> None:
        """Put all furnaces, or the masked ones (n,), at the start of their present campaign."""
        chosen = np.ones(self.n, bool) if mask is None else np.asarray(mask, bool)
        for lane in np.flatnonzero(chosen).tolist():
            plan = draw_plan(
                self._scenario, int(self._seeds[lane]), int(self._episode[lane]), ORDERS
            )
            self._orders[lane] = furnace_orders(plan.orders)
            self._faults[lane] = [plan.faults[FAULTS[kind].index] for kind in KINDS]
        kernel()["lines.hot_strip.furnace_campaign"].start(
            self._state, settled(self.mill), self.mill, self._orders, self._plan, self._episode,
            self._count, chosen,
        )  # fmt: skip

    def advance(self, intervals: int = 1) -> None:
        """Move every furnace by this many control intervals of 30 s."""
        if intervals < 0:
            raise ConfigError(f"intervals {intervals} is negative; a furnace cannot go back")
        lanes, room, width = self._kept.shape
        need = int(self._count.max()) + intervals + 1  # no two slabs leave within one interval
        if need > room:
            more = np.zeros((lanes, max(need, 2 * room) - room, width))
            self._kept = np.concatenate([self._kept, more], axis=1)
        kernel()["lines.hot_strip.furnace_campaign"].play(
            int(intervals) * STEPS, self._state, self.mill, self._orders, self._faults, self._plan,
            self._noise, self._episode, self._odds, self._kept, self._count,
        )  # fmt: skip

    @property
    def rows(self) -> Array:
        """A view (n, F.SIZE) of the state, true values; for environments and tests."""
        return self._state.reshape(self.n, F.SIZE)

    def row(self, index: int) -> Array:
        """Return a copy (n,) of one number of all furnaces."""
        return self.rows[:, index].copy()

    def slabs(self, row: int) -> Array:
        """Return a row of the slabs (`furnace_rows.PRESENT`, ...), shape (n, SLABS)."""
        first = F.SLAB + row * SLABS
        return self.rows[:, first : first + SLABS].copy()

    @property
    def time(self) -> Array:
        """Plant clock of each furnace (s), shape (n,)."""
        return self.row(F.CLOCK)

    def signal(self, name: str) -> Array:
        """Return what a signal of `SHOWN` shows, SI, shape (n,)."""
        return self.row(SHOWN[name][0])

    def read(self) -> Array:
        """Return what is shown: (n, signals), SI, in the order of `SHOWN`."""
        return self.rows[:, _SHOWN_ROWS].copy()

    def write(
        self,
        trim: str,
        values: float | Array,
        lanes: Sequence[int] | NDArray[np.int64] | None = None,
    ) -> None:
        """Write a trim of `TRIMS` (SI); it is clamped to its range and acts from now on.

        Raises:
            ConfigError: for an unknown trim or a number that is not finite.
        """
        if trim not in TRIMS:
            raise ConfigError(f"{trim!r} is no trim; choose one of {', '.join(TRIMS)}")
        if not np.all(np.isfinite(values)):
            raise ConfigError(f"{trim} {values} is not finite; write a number in SI")
        row, low, high = TRIMS[trim]
        self.rows[slice(None) if lanes is None else lanes, row] = np.clip(values, low, high)

    def money(self) -> dict[str, Array]:
        """Return the money (EUR) by reason since the campaign began; each (n,)."""
        return {
            "fuel": self.row(F.FUEL_HEAT) * FUEL_PRICE,
            "scale": self.row(F.SCALE_MASS) * SCALE_PRICE,
            "off_temperature": self.row(F.OFF_MASS) * OFF_PRICE,
            "delay": self.row(F.DELAY) * LINE_TIME,
        }

    def harms(self) -> dict[str, Array]:
        """Return the harm (s) by reason since the campaign began; each (n,)."""
        return {
            "zone_limit": self.row(F.ZONE_HARM),
            "cold_slab": self.row(F.COLD_HARM),
            "burnt_slab": self.row(F.HOT_HARM),
            "monoxide": self.row(F.MONOXIDE_HARM),
        }

    def finished(self, lane: int) -> list[FurnaceSlab]:
        """Return the slabs that one furnace has discharged, in order."""
        kept = self._kept[lane, : self._count[lane]].tolist()
        return [FurnaceSlab(int(row[0]), *row[1:]) for row in kept]

    def finished_counts(self) -> NDArray[np.int64]:
        """Return how many slabs each furnace has discharged, shape (n,)."""
        return self._count.copy()

    def save(self) -> FurnacesState:
        """Return a copy of the whole state of all furnaces."""
        return FurnacesState(tuple(array.copy() for array in self._arrays()))

    def restore(self, state: FurnacesState) -> None:
        """Set all furnaces to a state taken with `save` from as many furnaces.

        Raises:
            ConfigError: if it was taken from another number of furnaces.
        """
        if state.arrays[0].size != self._state.size:
            raise ConfigError(
                f"a state of {len(state.arrays[1])} furnaces does not fit {self.n}; "
                "restore into as many as were saved"
            )
        for array, saved in zip(self._arrays()[:-1], state.arrays[:-1], strict=True):
            array[...] = saved
        self._kept = np.array(state.arrays[-1], np.float64)

    def lane(self, lane: int) -> FurnacesState:
        """Return the whole state of one furnace, each array without its first axis."""
        kept = self._kept[lane, : self._count[lane]]
        arrays = (self.rows[lane], *(array[lane] for array in self._arrays()[1:-1]), kept)
        return FurnacesState(tuple(np.array(array) for array in arrays))

    def put(self, lane: int, state: FurnacesState) -> None:
        """Set one furnace to a state taken with `lane` from a furnace of the same mill."""
        *arrays, kept = state.arrays
        missing = len(kept) - self._kept.shape[1]
        if missing > 0:
            more = np.zeros((self.n, missing, self._kept.shape[2]))
            self._kept = np.concatenate([self._kept, more], axis=1)
        for array, saved in zip((self.rows, *self._arrays()[1:-1]), arrays, strict=True):
            array[lane] = saved
        self._kept[lane, : len(kept)] = kept

    def _arrays(self) -> tuple[NDArray[np.generic], ...]:
        return (
            self._state, self._plan, self._noise, self._episode, self._seeds, self._count,
            self._odds, self._orders, self._faults, self._kept,
        )  # fmt: skip
