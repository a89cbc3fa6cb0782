"""`passline/HotStripLine-v0`: an hour of the whole line by the controls of its operator."""

from ..controls import Control
from ..lines.hot_strip.control_table import CONTROLS
from ..lines.hot_strip.parameters import BANKS, STANDS
from ..units import UNITS
from .hot_strip import (
    CHARTS,
    COOLING,
    CT,
    CT_SEEN,
    DEAR,
    FDT_OFF,
    GAUGE_AIM,
    HEATING,
    POWER,
    PRODUCTION,
    ROLLING,
    ROLLS,
    SCALED,
    SPEED,
    STRIP,
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
from .task import Action, Array, Seen
from .vector import LineVectorEnv

SECONDS = 10.0  # of plant time in a step
# The actions, in this order. What always needs a person is left out: `line.request` is a question
# put once and answered once, not a position that is held from step to step.
MOVED = tuple(name for name, control in CONTROLS.items() if control.risk != "high")


def action_of(control: Control, seconds: float) -> Action:
    """Return the action that moves a control.

    An action of 0 means where the control stands when the line begins. A continuous control moves
    in a step by the share of its greatest write that the step has of its cooldown; a selector moves
    at once.

    Args:
        control: of the line.
        seconds: plant time of a step.
    """
    start = control.start
    if control.choices:
        others = tuple(choice for choice in control.choices if choice != start)
        return Action(control.name, "1", control.high, control.max_step, control.english,
                      start, choices=(start, *others))  # fmt: skip
    rate = control.max_step * min(seconds / control.cooldown, 1.0)
    above, below = control.high - start, start - control.low
    unit = UNITS[control.display][0]
    return Action(control.name, unit, above, rate, control.english, start, below)


def read_back(control: Control) -> Seen[HotStripPlant]:
    """Return where a control stands: 0 where it begins, within -1..1."""
    start = control.start
    return shown(control.name, max(control.high - start, start - control.low), start)


COMMANDS = tuple(shown(f"rot.bank_{bank}_command", 1.0) for bank in range(1, BANKS + 1))
FLOWS = tuple(shown(f"rot.bank_{bank}_flow", 1.0) for bank in range(1, BANKS + 1))
READ_BACK = tuple(read_back(CONTROLS[name]) for name in MOVED)
FURNACES = tuple(
    seen
    for f in (1, 2)
    for seen in (
        shown(f"furnace{f}.zone_5_temperature_top", 50.0, 1530.0),
        shown(f"furnace{f}.next_slab_temperature", 40.0, 1490.0),
        shown(f"furnace{f}.oxygen", 0.02, 0.02),
        shown(f"furnace{f}.fuel", 1.0, 1.5),
    )
)
ROUGHER = (
    shown("line.state", 4.0), shown("line.pace", 60.0, 150.0), shown("rm.rdt", 40.0, 1340.0),
    shown("rm.width", 0.2, 1.2), shown("rm.descaler_pressure", 5e6, 18e6),
)  # fmt: skip
SHAPE = (
    off_aim("fm.exit_width", "coil.width", 5e-3), off_aim("fm.crown", "coil.crown_aim", 20e-6),
    of_strip("fm.flatness", 5e-4), shown("f7.bending", 5e5, 8e5),
)  # fmt: skip
PRESETS = {
    "instruments": (  # nothing that level 2 computes
        "fm.rolling", "fm.exit_thickness", "fm.fdt", "fm.entry_temperature", "fm.speed", "fm.power",
        "rot.coiling_temperature", "rot.strip_seen", "rot.water_temperature", "coil.gauge_aim",
        "coil.ct_aim", "coil.width", "rm.rdt", "rm.width", "fm.exit_width", "fm.crown",
        "fm.flatness", *(flow.name for flow in FLOWS), *MOVED,
    ),
}  # fmt: skip


class HotStripLineTask(LineTask):
    """The operator's desk: every control that needs no second person, every ten seconds."""

    name = "HotStripLine"
    intervals, seconds, horizon = 20, SECONDS, 360
    upstream = True
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
        *FURNACES,
        *ROUGHER,
        *SHAPE,
        *FLOWS,
        *COMMANDS,
        *READ_BACK,
    )
    # an hour costs its time whether the line rolls or not, so what is coiled in it has to be paid
    money = (*STRIP, CT, HEATING, SCALED, POWER, DEAR, COOLING, ROLLS, TIME, PRODUCTION)
    charts = CHARTS
    presets = PRESETS

    def apply(self, plant: HotStripPlant, values: Array) -> None:
        """Write the controls."""
        for column, name in enumerate(MOVED):
            plant.write(name, values[:, column])


class HotStripLine(LineEnv):
    """Run the hot strip line, furnaces to coiler, for an hour by its operator's controls.

    A step is ten seconds. Level 1 and 2 are part of the line and run without anybody; the reward is
    what the steel coiled in the step earns, less the money lost, and harm is apart. Datasheet:
    docs/environments/hot_strip_line.md.
    """

    task = HotStripLineTask()


class HotStripLineVector(LineVectorEnv):
    """Native vector form of `HotStripLine`, the same bits."""

    task = HotStripLineTask()
