"""`passline/ReheatingFurnace-v0`: slabs at rolling temperature with little fuel and in time."""

from collections.abc import Callable, Sequence

import numpy as np

from ..economics import LINE_TIME
from ..lines.hot_strip import furnace_rows as F  # noqa: N812  the layout, read as F.PRESENT
from ..lines.hot_strip.furnaces import (
    FUEL_PRICE,
    OFF_PRICE,
    SCALE_PRICE,
    SHOWN,
    STEPS,
    Furnaces,
)
from ..lines.hot_strip.parameters import ZONE_LENGTH, ZONES
from .options import Options
from .single import LineEnv
from .task import Action, Array, Chart, Seen, Task, Term
from .vector import LineVectorEnv

SIDES = ("top", "bottom")
ZONE_NAMES = ("charging", "preheating", "heating 1", "heating 2", "soaking")
ZONE_CENTRE = (1250.0, 1400.0, 1480.0, 1530.0, 1530.0)  # K, what shows as 0, zone by zone
SLAB_CENTRE = (450.0, 750.0, 1080.0, 1350.0, 1470.0)  # K, of the slabs in them
COUPLE_NOISE, OXYGEN_NOISE, DOOR_NOISE = 1.0, 5e-4, 5.0  # K, 1, K, of the instruments


class FurnacePlant(Furnaces):
    """The furnaces, read zone by zone."""

    def tracked(self, zone: int) -> Array:
        """Return level 2's mean temperature (K) of the slabs in a zone (0..4), shape (n,)."""
        start = float(self.mill[ZONE_LENGTH : ZONE_LENGTH + zone].sum())
        end = start + float(self.mill[ZONE_LENGTH + zone])
        middle = self.slabs(F.POSITION) - 0.5 * self.slabs(F.WIDTH)
        here = (middle >= start) & (middle < end) & (self.slabs(F.PRESENT) > 0.5)
        mean = (self.slabs(F.MODEL_SURFACE) + 2.0 * self.slabs(F.MODEL_CORE)) / 3.0
        count = here.sum(axis=1)
        total = np.where(here, mean, 0.0).sum(axis=1)
        return np.where(count > 0, total / np.maximum(count, 1), SLAB_CENTRE[zone])

    @property
    def door_error(self) -> Array:
        """What the pyrometer behind the door showed of the last slab, minus its aim (K)."""
        seen = self.row(F.DISCHARGED) > 0.5
        return np.where(seen, self.signal("door_pyrometer") - self.signal("door_aim"), 0.0)

    @property
    def next_error(self) -> Array:
        """Level 2's mean of the slab nearest the door minus its aim (K)."""
        positions = np.where(self.slabs(F.PRESENT) > 0.5, self.slabs(F.POSITION), -1.0)
        first = positions.argmax(axis=1)[:, None]
        aim = np.take_along_axis(self.slabs(F.AIM), first, axis=1)[:, 0]
        return np.where(aim > 0.0, self.signal("next_slab_temperature") - aim, 0.0)

    @property
    def backlog(self) -> Array:
        """Slabs that the mill could have had and did not get."""
        return self.row(F.DUE) - self.row(F.DISCHARGED)


def _shown(
    name: str, scale: float, centre: float, english: str, noise: float = 0.0
) -> Seen[FurnacePlant]:
    return Seen(
        f"furnace.{name}", SHOWN[name][1], scale, english, lambda p: p.signal(name), centre, noise
    )


def _computed(
    name: str, unit: str, scale: float, english: str, read: Callable[[FurnacePlant], Array],
    centre: float = 0.0, noise: float = 0.0,
) -> Seen[FurnacePlant]:  # fmt: skip
    return Seen(f"furnace.{name}", unit, scale, english, read, centre, noise)


def _slabs_in(zone: int) -> Seen[FurnacePlant]:
    centre, name = SLAB_CENTRE[zone], ZONE_NAMES[zone]
    return _computed(
        f"zone_{zone + 1}_slabs", "K", 100.0,
        f"level-2 mean of the slabs in the {name} zone minus {centre:g} K",
        lambda p: p.tracked(zone), centre,
    )  # fmt: skip


def _lead(zone: int, side: str) -> Seen[FurnacePlant]:
    at, name = f"zone_{zone + 1}_{side}", ZONE_NAMES[zone]
    return _computed(
        f"{at}_lead", "K", 50.0, f"set-point minus thermocouple of the {name} zone, {side}",
        lambda p: p.signal(f"{at}_setpoint") - p.signal(f"{at}_temperature"), 0.0, COUPLE_NOISE,
    )  # fmt: skip


def _fuel(zone: int) -> Seen[FurnacePlant]:
    at = f"zone_{zone + 1}"
    return _computed(
        f"{at}_fuel", "m3/s", 0.5, f"fuel of the {ZONE_NAMES[zone]} zone minus 0.5 m3/s",
        lambda p: p.signal(f"{at}_top_fuel") + p.signal(f"{at}_bottom_fuel"), 0.5,
    )  # fmt: skip


COUPLES = tuple(
    _shown(
        f"zone_{z + 1}_{side}_temperature", 100.0, ZONE_CENTRE[z],
        f"thermocouple of the {ZONE_NAMES[z]} zone, {side}, minus {ZONE_CENTRE[z]:g} K",
        COUPLE_NOISE,
    )
    for side in SIDES
    for z in range(ZONES)
)  # fmt: skip
SETPOINTS = tuple(_lead(z, side) for side in SIDES for z in range(1, ZONES))
FUELS = tuple(_fuel(z) for z in range(1, ZONES))
SLABS_SEEN = tuple(_slabs_in(zone) for zone in range(ZONES))
DOOR = _computed(
    "door_error", "K", 20.0, "pyrometer behind the door minus aim, of the last slab",
    lambda p: p.door_error, 0.0, DOOR_NOISE,
)  # fmt: skip
NEXT = _computed(
    "next_error", "K", 20.0, "level-2 mean of the slab at the door minus its aim",
    lambda p: p.next_error,
)  # fmt: skip

PRESETS = {
    "instruments": (  # nothing that level 2 computes
        *(couple.name for couple in COUPLES), *(fuel.name for fuel in FUELS), "furnace.oxygen",
        "furnace.flue_temperature", "furnace.air_temperature", "furnace.pressure",
        "furnace.door_error", "furnace.since_discharge", "furnace.mill_stopped",
    ),
    "drift": ("furnace.door_error", "furnace.next_error", "furnace.oxygen"),
}  # fmt: skip

ACTIONS = (
    *(
        Action(
            f"furnace.zone_{z + 1}_{side}_trim", "K", 40.0, 4.0,
            f"set-point of the {ZONE_NAMES[z]} zone, {side}, over level 2",
        )
        for side in SIDES
        for z in range(1, ZONES)
    ),
    Action("furnace.air_ratio_trim", "1", 0.1, 0.01, "air ratio over 1.10"),
    Action("furnace.pace_trim", "1", 0.2, 0.02, "share by which slabs come faster than nominal"),
)  # fmt: skip
WRITES = tuple(
    action.name.removeprefix("furnace.") for action in ACTIONS
)  # the trims of `Furnaces`, in the same order

DOOR_CHART: Chart[FurnacePlant] = Chart(
    "DOOR DEGC", 1150.0, 1300.0,
    lambda p: np.where(p.row(F.DISCHARGED) > 0.5, p.signal("door_pyrometer") - 273.15, np.nan),
    lambda p: np.where(p.row(F.DISCHARGED) > 0.5, p.signal("door_aim") - 273.15, np.nan),
)  # fmt: skip
SOAK_CHART: Chart[FurnacePlant] = Chart(
    "SOAK DEGC", 1150.0, 1330.0, lambda p: p.signal("zone_5_top_temperature") - 273.15,
    lambda p: p.signal("zone_5_top_setpoint") - 273.15,
)  # fmt: skip
FUEL_CHART: Chart[FurnacePlant] = Chart(
    "FUEL MW", 0.0, 150.0, lambda p: 36.0 * np.sum([fuel.read(p) for fuel in FUELS], axis=0)
)


class FurnaceTask(Task[FurnacePlant]):
    """Trims of the zones, of the air ratio and of the pace, on top of level 1 and 2."""

    name = "ReheatingFurnace"
    intervals, seconds, horizon = 1, STEPS * F.STEP, 960  # eight hours
    actions = ACTIONS
    observations = (
        *COUPLES,
        *SETPOINTS,
        *FUELS,
        *SLABS_SEEN,
        DOOR,
        NEXT,
        _shown("oxygen", 0.02, 0.02, "oxygen in the flue gas minus 2 %", OXYGEN_NOISE),
        _shown("flue_temperature", 100.0, 1230.0, "flue gas before the recuperator minus 1230 K"),
        _shown("air_temperature", 100.0, 810.0, "preheated air minus 810 K"),
        _shown("pressure", 10.0, 10.0, "pressure over the hall minus 10 Pa"),
        _shown("air_ratio", 0.1, 1.1, "air ratio asked of level 1 minus 1.10"),
        _shown("since_discharge", 600.0, 0.0, "time since the last slab left"),
        _shown("pace", 200.0, 370.0, "time planned from slab to slab minus 370 s"),
        _computed("backlog", "1", 2.0, "slabs that the mill waits for", lambda p: p.backlog),
        _shown("mill_stopped", 1.0, 0.0, "the mill stands"),
        _shown("stop_forecast", 3600.0, 0.0, "forecast time until it rolls again"),
        _shown("holding", 1.0, 0.0, "level 2 holds temperatures"),
    )
    money = (
        Term("fuel", FUEL_PRICE, "J", "fuel burnt"),
        Term("scale", SCALE_PRICE, "kg", "steel that left as scale"),
        Term("off_temperature", OFF_PRICE, "kg", "slabs discharged more than 20 K off their aim"),
        Term("delay", LINE_TIME, "s", "time the mill waited for slabs"),
    )
    harms = (
        Term("zone_limit", 1.0, "s", "a zone above 1320 degC, each zone counted"),
        Term("cold_slab", 1.0, "s", "slabs below 1150 degC to the mill, 60 s each"),
        Term("burnt_slab", 1.0, "s", "slabs with a face above 1300 degC, 60 s each"),
        Term("monoxide", 1.0, "s", "more than 0.1 % of CO in the flue gas"),
    )
    charts = (DOOR_CHART, SOAK_CHART, FUEL_CHART)
    presets = PRESETS

    def make(self, seeds: Sequence[int], options: Options) -> FurnacePlant:
        """Return one furnace a seed."""
        return FurnacePlant(seeds, options.scenario, options.config)

    def apply(self, plant: FurnacePlant, values: Array) -> None:
        """Write the trims."""
        for column, trim in enumerate(WRITES):
            plant.write(trim, values[:, column])

    def spent(self, plant: FurnacePlant) -> dict[str, Array]:
        """Return the money (EUR) by name since the campaign began."""
        return plant.money()

    def hurt(self, plant: FurnacePlant) -> dict[str, Array]:
        """Return the harm (s) by name since the campaign began."""
        return plant.harms()

    def remarks(self, plant: FurnacePlant) -> dict[str, Array]:
        """Return the slabs discharged so far."""
        return {"slabs": plant.finished_counts().astype(np.float64)}


class ReheatingFurnace(LineEnv):
    """Bring slabs to rolling temperature with little fuel and scale, in time for the mill.

    Ten trims on top of level 1 and 2, 960 steps of 30 s; cold and hot slabs, a mill that stops at
    times; the reward is minus the money of fuel, scale, slabs off their aim and delay. Datasheet:
    docs/environments/reheating_furnace.md.
    """

    task = FurnaceTask()


class ReheatingFurnaceVector(LineVectorEnv):
    """Native vector form of `ReheatingFurnace`, the same bits."""

    task = FurnaceTask()
