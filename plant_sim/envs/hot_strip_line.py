"""`passline/HotStripLine-v0`: an hour of the whole line, by the controls of its operator."""

from ..controls import Control
from ..lines.hot_strip.control_table import CONTROLS
from ..lines.hot_strip.parameters import BANKS, STANDS
from .hot_strip import (
    CHARTS,
    CT,
    CT_SEEN,
    FDT,
    FDT_OFF,
    GAUGE,
    GAUGE_AIM,
    POWER,
    ROLLING,
    SPEED,
    TIME,
    HotStripPlant,
    LineTask,
    ct_off_aim,
    force_ratio,
    of_strip,
    off_aim,
    shown,
)
from .single import LineEnv
from .task import Action, Array
from .vector import LineVectorEnv

SECONDS = 10.0  # of plant time in a step
# the actions, in this order
MOVED = (
    "fm.speed_trim",
    "fm.spray_trim",
    "fm.fdt_source",
    "fm.hardness_correction",
    "rot.bank_out",
    "rot.cooling_correction",
)


def action_of(control: Control, seconds: float, start: float = 0.0) -> Action:
    """Return the action that moves a control.

    An action of 0 means `start`. A continuous control moves in a step by the share of its greatest
    write that the step has of its cooldown; a selector moves at once.

    Args:
        control: of the line.
        seconds: plant time of a step.
        start: where the control stands when the line begins, SI.
    """
    if control.choices:
        others = tuple(choice for choice in control.choices if choice != start)
        return Action(control.name, "1", control.high, control.max_step, control.english,
                      start, choices=(start, *others))  # fmt: skip
    rate = control.max_step * min(seconds / control.cooldown, 1.0)
    unit = "m/s" if control.display == "m/s" else "1"
    above, below = control.high - start, start - control.low
    return Action(control.name, unit, above, rate, control.english, start, below)


COMMANDS = tuple(shown(f"rot.bank_{bank}_command", 1.0) for bank in range(1, BANKS + 1))
FLOWS = tuple(shown(f"rot.bank_{bank}_flow", 1.0) for bank in range(1, BANKS + 1))
READ_BACK = tuple(shown(name, max(abs(CONTROLS[name].low), CONTROLS[name].high)) for name in MOVED)
PRESETS = {
    "instruments": (  # nothing that level 2 computes
        "fm.rolling", "fm.exit_thickness", "fm.fdt", "fm.entry_temperature", "fm.speed", "fm.power",
        "rot.coiling_temperature", "rot.strip_seen", "rot.water_temperature", "coil.gauge_aim",
        "coil.ct_aim", "coil.width", *(flow.name for flow in FLOWS), *MOVED,
    ),
}  # fmt: skip


class HotStripLineTask(LineTask):
    """The operator's desk: six controls, every ten seconds."""

    name = "HotStripLine"
    intervals, seconds, horizon = 20, SECONDS, 360
    actions = tuple(action_of(CONTROLS[name], SECONDS) for name in MOVED)
    observations = (
        ROLLING,
        shown("coil.phase", 3.0),
        off_aim("fm.exit_thickness", "coil.gauge_aim", 50e-6),
        FDT_OFF,
        off_aim("fm.fdt_model", "coil.fdt_aim", 20.0),
        of_strip("fm.entry_temperature", 40.0, 1260.0),
        SPEED,
        shown("fm.spray_opening", 0.5, 0.5),
        shown("fm.power", 10e6, 20e6),
        shown("fm.force_ratio", 0.1, 1.0),
        ct_off_aim(20.0),
        CT_SEEN,
        shown("rot.demand", float(BANKS)),
        shown("rot.feedback", 0.5),
        shown("rot.water_temperature", 10.0, 298.0),
        shown("coil.width", 0.2, 1.2),
        GAUGE_AIM,
        shown("coil.fdt_aim", 20.0, 1160.0),
        shown("coil.ct_aim", 40.0, 880.0),
        shown("coil.carbon", 5e-4, 1e-3),
        *(force_ratio(stand) for stand in range(1, STANDS + 1)),
        *FLOWS,
        *COMMANDS,
        *READ_BACK,
    )
    money = (GAUGE, FDT, CT, POWER, TIME)
    charts = CHARTS
    presets = PRESETS

    def apply(self, plant: HotStripPlant, values: Array) -> None:
        """Write the controls."""
        for column, name in enumerate(MOVED):
            plant.write(name, values[:, column])


class HotStripLine(LineEnv):
    """Run the hot strip line for an hour by the controls of its operator, every ten seconds.

    Level 1 and 2 are part of the line and run without anybody; the reward is minus the money of the
    step, harm is apart. Datasheet: docs/environments/hot_strip_line.md.
    """

    task = HotStripLineTask()


class HotStripLineVector(LineVectorEnv):
    """Native vector form of `HotStripLine`, the same bits."""

    task = HotStripLineTask()
