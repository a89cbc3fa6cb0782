"""`passline/RunOutTable-v0`: coiling temperature of one coil after another."""

import numpy as np
from numpy.typing import NDArray

from ..economics import CT_DOWNGRADE
from ..lines.hot_strip import rows as R  # noqa: N812  the layout, read as R.SPEED
from ..lines.hot_strip.lanes import HotStripLanes
from ..lines.hot_strip.tables import BANKS
from .play import Task
from .single import LineEnv
from .vector import LineVectorEnv


class TableTask(Task):
    """A trim of the cooling demand on top of feed-forward and feedback."""

    action_rows = (R.ACT_BANK,)
    action_span = (1.5,)  # banks
    action_rate = (0.25,)  # banks per interval of 0.5 s
    observations = 9 + BANKS

    def observe(self, lanes: HotStripLanes) -> NDArray[np.float64]:
        """Return (n, 15): see `RunOutTable`."""
        rolling, row = lanes.row(R.ACTIVE), lanes.row
        columns = [
            rolling,
            row(R.CT_SEEN) * (row(R.SHOWN_CT) - row(R.CT_AIM)) / 20.0,
            row(R.CT_SEEN),
            rolling * (row(R.SHOWN_FDT) - row(R.FDT_AIM)) / 20.0,
            (row(R.SHOWN_SPEED) - 9.0) / 3.0,
            (row(R.GAUGE_AIM) - 3e-3) / 1e-3,
            (row(R.CT_AIM) - 880.0) / 40.0,
            row(R.DEMAND) / BANKS,
            row(R.FEEDBACK) / 0.5,
        ]
        columns += [row(R.SHOWN_FLOW + bank) for bank in range(BANKS)]
        return np.stack(columns, axis=1)

    def counters(self, lanes: HotStripLanes) -> dict[str, NDArray[np.float64]]:
        """Return the money lost by coiling outside the tolerance."""
        return {"ct": lanes.total(R.CT_OFF) * CT_DOWNGRADE}

    def finished(self, lanes: HotStripLanes) -> NDArray[np.bool_]:
        """Return False: coil follows coil until the horizon."""
        return np.zeros(lanes.n, bool)


class RunOutTable(LineEnv):
    """Keep the coiling temperature (CT) behind the run-out table.

    ## Description
    The thin hot strip line delivers strip with its own speed, thickness and temperature; level 2
    and a feedback open the banks; the agent adds a trim. Control interval 0.5 s of plant time,
    240 intervals an episode.

    ## Action space
    `Box(-1, 1, (1,), float32)`: trim of the demand, 1.5 banks at 1, at most 0.25 banks an interval.

    ## Observation space
    `Box(-5, 5, (15,), float32)`, as instruments and level 2 show it, noise included.

    | Num | Observation | unit of 1 |
    |---|---|---|
    | 0 | strip in the mill | yes |
    | 1 | CT minus aim, 0 when the pyrometer sees no strip | 20 K |
    | 2 | the pyrometer sees strip | yes |
    | 3 | FDT pyrometer minus aim | 20 K |
    | 4 | speed minus 9 m/s | 3 m/s |
    | 5 | gauge aim minus 3 mm | 1 mm |
    | 6 | CT aim minus 607 degC | 40 K |
    | 7 | banks asked for | 6 |
    | 8 | banks of the feedback | 0.5 |
    | 9-14 | flow of the banks over their rating | 1 |

    ## Rewards
    Minus the money of the interval (EUR): mass that passes the coiling pyrometer outside 15 K.
    `info` carries `ct` (EUR), and `cost` and `outside` as `FinishingMill`.

    ## Episode end
    Termination: never. Truncation: after 240 intervals: a coil, the gap, the head of the next.

    ## Starting state, arguments
    As `FinishingMill`.

    ## Version history
    v0: the thin line of release 0.1.
    """

    task = TableTask()


class RunOutTableVector(LineVectorEnv):
    """Native vector form of `RunOutTable`, the same bits."""

    task = TableTask()
