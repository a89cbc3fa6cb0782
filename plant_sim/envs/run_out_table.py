"""`passline/RunOutTable-v0`: coiling temperature of one coil after another."""

import numpy as np

from ..lines.hot_strip import rows as R  # noqa: N812  the layout, read as R.SPEED
from ..lines.hot_strip import runout_rows as O  # noqa: N812  those of the run-out table
from ..lines.hot_strip.layout import TABLE
from ..lines.hot_strip.parameters import BANKS
from ..lines.hot_strip.signal_table import SIGNALS
from .hot_strip import (
    BAR_ROLLED,
    CHARTS,
    COOLING,
    CT,
    CT_SEEN,
    FDT_OFF,
    GAUGE_AIM,
    ROLLING,
    SPEED,
    HotStripPlant,
    LineTask,
    OneCoilPlant,
    ct_off_aim,
    off_aim,
    shown,
)
from .single import LineEnv
from .task import Action, Array, Seen
from .vector import LineVectorEnv

FLOWS = tuple(shown(f"rot.bank_{bank}_flow", 1.0) for bank in range(1, BANKS + 1))
COMMANDS = tuple(shown(f"rot.bank_{bank}_command", 1.0) for bank in range(1, BANKS + 1))


def _middle(plant: HotStripPlant) -> Array:
    expected = plant.row(TABLE + O.MID_EXPECTED)
    return np.asarray(_middle_seen(plant) * (plant.signal("rot.mid_temperature") - expected))


def _middle_seen(plant: HotStripPlant) -> Array:
    return plant.row(TABLE + O.MID_SEEN)


MIDDLE: tuple[Seen[HotStripPlant], ...] = (
    Seen(
        "rot.mid_temperature", "K", 20.0,
        "temperature in the middle of the table minus what level 2 expects of strip at F7, "
        "0 when that pyrometer sees no strip",
        _middle, 0.0, SIGNALS["rot.mid_temperature"].noise,
    ),
    Seen("rot.mid_seen", "1", 1.0, "the middle pyrometer sees strip", _middle_seen),
)  # fmt: skip

PRESETS = {
    "instruments": (  # nothing that level 2 computes
        "fm.rolling", "rot.coiling_temperature", "rot.strip_seen", "fm.fdt", "fm.speed",
        "coil.gauge_aim", "coil.ct_aim", *(flow.name for flow in FLOWS),
    ),
    "coiling": ("rot.coiling_temperature", "rot.strip_seen", "fm.speed", "rot.demand"),
}  # fmt: skip


class TableTask(LineTask):
    """A trim of the cooling demand on top of feed-forward and feedback."""

    name = "RunOutTable"
    plant = OneCoilPlant
    intervals, seconds, horizon = 1, 0.5, 240  # a coil, the gap behind it, the head of the next
    actions = (Action("rot.bank_trim", "1", 1.5, 0.25, "cooling banks added to the demand"),)
    observations = (
        ROLLING,
        ct_off_aim(20.0),
        CT_SEEN,
        FDT_OFF,
        SPEED,
        GAUGE_AIM,
        shown("coil.ct_aim", 40.0, 880.0),
        shown("rot.demand", float(BANKS)),
        shown("rot.feedback", 0.5),
        *FLOWS,
        *MIDDLE,
        shown("rot.water_temperature", 10.0, 298.0),
        *COMMANDS,
        off_aim("fm.exit_thickness", "coil.gauge_aim", 50e-6),
        off_aim("fm.fdt_model", "coil.fdt_aim", 20.0),
        shown("coil.fdt_aim", 20.0, 1160.0),
        shown("coil.carbon", 5e-4, 1e-3),
        shown("coil.position", 200.0),
        BAR_ROLLED,
    )
    money = (CT, COOLING)
    charts = CHARTS
    presets = PRESETS

    def apply(self, plant: HotStripPlant, values: Array) -> None:
        """Write the trim."""
        plant.set_row(R.ACT_BANK, values[:, 0])


class RunOutTable(LineEnv):
    """Keep the coiling temperature behind the run-out table.

    One trim on top of feed-forward and feedback, 240 steps of 0.5 s, coil after coil; the reward is
    minus the money lost outside the tolerance and for water. Datasheet:
    docs/environments/run_out_table.md.
    """

    task = TableTask()


class RunOutTableVector(LineVectorEnv):
    """Native vector form of `RunOutTable`, the same bits."""

    task = TableTask()
