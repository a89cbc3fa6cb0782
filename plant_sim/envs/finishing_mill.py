"""`passline/FinishingMill-v0`: gauge and finishing delivery temperature of one coil."""

import numpy as np

from ..lines.hot_strip import parameters as P  # noqa: N812  offsets of the mill's data
from ..lines.hot_strip import rows as R  # noqa: N812  the layout, read as R.SPEED
from ..lines.hot_strip.parameters import STANDS
from ..lines.hot_strip.signal_table import SIGNALS
from .hot_strip import (
    BAR_ROLLED,
    CHARTS,
    FDT_OFF,
    GAUGE_AIM,
    POWER,
    ROLLING,
    ROLLS,
    SPEED,
    STRIP,
    TIME,
    HotStripPlant,
    LineTask,
    OneCoilPlant,
    force_ratio,
    of_strip,
    off_aim,
    shown,
)
from .single import LineEnv
from .task import Action, Array, Flags, Seen
from .vector import LineVectorEnv

FORCES = tuple(force_ratio(stand) for stand in range(1, STANDS + 1))


def _load(stand: int) -> Seen[HotStripPlant]:
    """Return the greater share of its two ratings, force and power, that a stand (1..7) uses.

    Of a stand that the mill has not it is 0.
    """
    force, torque, speed = (f"f{stand}.{name}" for name in ("roll_force", "torque", "speed"))

    def read(plant: HotStripPlant) -> Array:
        if force not in plant.signals:
            return np.zeros(plant.n)
        most_force, most_power, radius = (
            plant.mill[of + stand - 1] for of in (P.MAX_FORCE, P.MAX_POWER, P.RADIUS)
        )
        power = plant.signal(torque) * plant.signal(speed) / radius
        return np.asarray(np.maximum(plant.signal(force) / most_force, power / most_power))

    text = f"roll force or drive power of F{stand} over its rating, the greater"
    return Seen(f"f{stand}.load", "1", 0.5, text, read, 0.0, SIGNALS[force].noise / 30e6)


LOADS = tuple(_load(stand) for stand in range(1, STANDS + 1))

PRESETS = {
    "instruments": (  # nothing that level 2 computes
        "fm.rolling", "fm.exit_thickness", "fm.fdt", "fm.entry_temperature", "fm.speed",
        "fm.spray_opening", "coil.gauge_aim", "coil.width",
    ),
    "delivery": ("fm.rolling", "fm.exit_thickness", "fm.fdt", "fm.speed", "coil.gauge_aim"),
}  # fmt: skip


class FinishingTask(LineTask):
    """Trims of gauge, speed and sprays on top of level 1 and 2."""

    name = "FinishingMill"
    plant = OneCoilPlant
    intervals, seconds, horizon = 1, 0.5, 240  # one coil, the gap behind it, the next one's head
    actions = (
        Action(
            "fm.gauge_trim", "m", 100e-6, 20e-6, "thickness the X-ray monitor takes to be too much"
        ),
        Action("fm.speed_trim", "m/s", 1.0, 0.1, "finishing speed"),
        Action("fm.spray_trim", "1", 0.3, 0.05, "interstand spray opening"),
    )
    rows = (R.ACT_GAUGE, R.ACT_SPEED, R.ACT_SPRAY)
    observations = (
        ROLLING,
        off_aim("fm.exit_thickness", "coil.gauge_aim", 50e-6),
        FDT_OFF,
        off_aim("fm.fdt_model", "coil.fdt_aim", 20.0),
        of_strip("fm.entry_temperature", 40.0, 1260.0),
        SPEED,
        shown("fm.spray_opening", 0.5, 0.5),
        BAR_ROLLED,
        GAUGE_AIM,
        shown("coil.width", 0.2, 1.2),
        *FORCES,
        *LOADS,
        shown("coil.fdt_aim", 20.0, 1160.0),
        shown("coil.carbon", 5e-4, 1e-3),
        shown("coil.position", 200.0),
    )
    money = (*STRIP, POWER, ROLLS, TIME)
    charts = CHARTS
    presets = PRESETS

    def apply(self, plant: HotStripPlant, values: Array) -> None:
        """Write the trims."""
        for column, row in enumerate(self.rows):
            plant.set_row(row, values[:, column])

    def finished(self, plant: HotStripPlant) -> Flags:
        """Return where the tail of the first coil has left the mill."""
        return np.asarray((plant.signal("coil.number") > 0.5) & (plant.rolling < 0.5))


class FinishingMill(LineEnv):
    """Keep gauge and finishing delivery temperature of a coil in the mill.

    Three trims on top of level 1 and 2, one coil an episode, 0.5 s of plant time a step; the reward
    is minus the money of the step. Datasheet: docs/environments/finishing_mill.md.
    """

    task = FinishingTask()


class FinishingMillVector(LineVectorEnv):
    """Native vector form of `FinishingMill`, the same bits."""

    task = FinishingTask()
