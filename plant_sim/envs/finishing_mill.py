"""`passline/FinishingMill-v0`: gauge and finishing delivery temperature of one coil."""

import numpy as np
from numpy.typing import NDArray

from ..economics import ENERGY, FDT_DOWNGRADE, GAUGE_DOWNGRADE, LINE_TIME
from ..lines.hot_strip import rows as R  # noqa: N812  the layout, read as R.SPEED
from ..lines.hot_strip.lanes import HotStripLanes
from ..lines.hot_strip.tables import STANDS
from .play import Task
from .single import LineEnv
from .vector import LineVectorEnv


class FinishingTask(Task):
    """Trims of gauge, speed and sprays on top of level 1 and 2."""

    action_rows = (R.ACT_GAUGE, R.ACT_SPEED, R.ACT_SPRAY)
    action_span = (100e-6, 1.0, 0.3)  # m, m/s, opening
    action_rate = (20e-6, 0.1, 0.05)  # per interval of 0.5 s
    observations = 10 + STANDS

    def observe(self, lanes: HotStripLanes) -> NDArray[np.float64]:
        """Return (n, 17): see `FinishingMill`."""
        rolling, row = lanes.row(R.ACTIVE), lanes.row
        aim = row(R.GAUGE_AIM)
        columns = [
            rolling,
            rolling * (row(R.SHOWN_GAUGE) - aim) / 50e-6,
            rolling * (row(R.SHOWN_FDT) - row(R.FDT_AIM)) / 20.0,
            rolling * (row(R.FDT_MODEL) - row(R.FDT_AIM)) / 20.0,
            rolling * (row(R.SHOWN_ENTRY) - 1260.0) / 40.0,
            (row(R.SHOWN_SPEED) - 9.0) / 3.0,
            2.0 * row(R.SPRAY) - 1.0,
            row(R.BAR_DONE) / np.maximum(row(R.BAR), 1.0),
            (aim - 3e-3) / 1e-3,
            (row(R.WIDTH) - 1.2) / 0.2,
        ]
        for stand in range(STANDS):
            expected = np.maximum(row(R.EXPECTED + stand), 1e6)
            columns.append(rolling * (row(R.SHOWN_FORCE + stand) / expected - 1.0) / 0.2)
        return np.stack(columns, axis=1)

    def counters(self, lanes: HotStripLanes) -> dict[str, NDArray[np.float64]]:
        """Return the money by reason of the running coil and the line time."""
        return {
            "gauge": lanes.total(R.GAUGE_OFF) * GAUGE_DOWNGRADE,
            "fdt": lanes.total(R.FDT_OFF) * FDT_DOWNGRADE,
            "energy": lanes.total(R.ENERGY) * ENERGY,
            "time": lanes.total(R.SECONDS) * LINE_TIME,
        }

    def finished(self, lanes: HotStripLanes) -> NDArray[np.bool_]:
        """Return where the tail of the first coil has left the mill."""
        return (lanes.row(R.COIL) > 0.5) & (lanes.row(R.ACTIVE) < 0.5)


class FinishingMill(LineEnv):
    """Keep gauge and finishing delivery temperature (FDT) of a coil in seven stands.

    ## Description
    The thin hot strip line with its own level 1 and 2; the agent adds trims. Control interval
    0.5 s of plant time; an episode is one coil, from the empty mill to its tail.

    ## Action space
    `Box(-1, 1, (3,), float32)`; each action is a target that its trim approaches at its rate.

    | Num | Trim | at 1 | rate per interval |
    |---|---|---|---|
    | 0 | thickness the monitor believes to be too much | 100 um | 20 um |
    | 1 | finishing speed | 1 m/s | 0.1 m/s |
    | 2 | interstand spray opening | 0.3 | 0.05 |

    ## Observation space
    `Box(-5, 5, (17,), float32)`, as instruments and level 2 show it, noise included.

    | Num | Observation | unit of 1 |
    |---|---|---|
    | 0 | strip in the mill | yes |
    | 1 | thickness minus aim | 50 um |
    | 2 | pyrometer minus FDT aim | 20 K |
    | 3 | level-2 estimate minus FDT aim | 20 K |
    | 4 | temperature before F1 minus 987 degC | 40 K |
    | 5 | speed minus 9 m/s | 3 m/s |
    | 6 | spray opening, -1 shut, 1 open | |
    | 7 | share of the bar rolled | |
    | 8 | gauge aim minus 3 mm | 1 mm |
    | 9 | width minus 1.2 m | 0.2 m |
    | 10-16 | force of F1..F7 over expectation | 20 % |

    ## Rewards
    Minus the money of the interval (EUR): mass outside the gauge tolerance (30 um, 1 % above
    3 mm), mass outside the FDT tolerance (20 K), drive energy, line time: rolling slowly costs.
    `info` carries the four terms, `cost`, the harm of the interval apart from money (s beyond a
    rating, each stand and rating counted, and of two-phase rolling), and `outside`, how many stands
    left the validity of their formulas.

    ## Starting state
    Campaign of the seed: empty mill, first coil after 5 s. The seed draws orders, the plant's own
    parameters, disturbances, and with scenario "faults" also faults.

    ## Episode end
    Termination: the tail of the coil has left F7. Truncation: after 240 intervals.

    ## Arguments
    `scenario`: a name of `passline scenarios`, default "nominal".

    ## Version history
    v0: the thin line of release 0.1.
    """

    task = FinishingTask()


class FinishingMillVector(LineVectorEnv):
    """Native vector form of `FinishingMill`, the same bits."""

    task = FinishingTask()
