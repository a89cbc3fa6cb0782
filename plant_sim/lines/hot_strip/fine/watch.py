"""After each slow step: what counts, and whether something has gone wrong in the mill.

An event stops the strip at once: the stands let go of it, drives run down, and the event stays
until the line has cleared the mill.
"""

import numpy as np
from numpy.typing import NDArray

from ....engine.numbers import fmax, kernel, where
from ....physics.looper import HIGHEST, LOWEST
from ....physics.strip_temperature import DENSITY
from .. import parameters as P  # noqa: N812
from .. import rows as R  # noqa: N812
from ..mill_show import FDT_BAND, FERRITE, GAUGE_BAND, GAUGE_SHARE
from ..parameters import STANDS
from . import bench as B  # noqa: N812
from . import rows as F  # noqa: N812
from .bar import GONE
from .rows import (
    COBBLE,
    FORCE_TRIP,
    LANES,
    POWER_TRIP,
    STRIP_BREAK,
    TENSION_LOSS,
    TORQUE_TRIP,
)

Block = NDArray[np.float64]

COBBLE_TIME = 0.3  # s: slack strip on a high looper [M 3.5]
COBBLE_ANGLE = 1.0471975511965976  # rad: 60 degrees [M 3.5]
BREAK_SHARE = 0.3  # 1: tension over the flow stress of the hot strip [M 3.5]
LOSS_TIME = 1.0  # s: slack strip with the looper at a stop [T 3.5]
FORCE_TRIP_AT, FORCE_TRIP_TIME = 1.2, 0.05  # 1, s: of the rated force [M 6.4]
TORQUE_TRIP_AT, TORQUE_TRIP_TIME = 1.75, 2.0  # 1, s: of the rated torque [M 6.4]
POWER_TRIP_AT, POWER_TRIP_TIME = 1.5, 5.0  # 1, s: of the rated power [T 6.4]


@kernel
def watch(
    fine: Block, block: Block, bench: Block, mill: Block, seconds: float, share: float
) -> None:  # fmt: skip
    """Count one slow step and look for events.

    Args:
        fine: state of sixteen mills.
        block: the line's rows; its counters grow.
        bench: B.THICK, B.HEAT, B.COLD as `carry` has read them.
        mill: the mill's data.
        seconds: the slow step.
        share: of the interval, for the means.
    """
    for i in range(LANES):
        bench[B.EVENT * LANES + i] = fine[F.EVENT * LANES + i]
        bench[B.EVENT_STAND * LANES + i] = fine[F.EVENT_STAND * LANES + i]
        bench[B.ABOVE * LANES + i] = 0.0
        bench[B.HARM * LANES + i] = 0.0
    for s in range(int(mill[P.FIRST_STAND]), STANDS):
        stand = fine[s * LANES :]
        _measure(
            stand, bench, mill[P.RADIUS + s], mill[P.MAX_FORCE + s], mill[P.MAX_TORQUE + s],
            mill[P.MAX_POWER + s], float(s + 1), seconds, share,
        )  # fmt: skip
        if s < STANDS - 1:
            _strip(stand, bench, float(s + 1), seconds)
    _count(fine, block, bench, seconds, share)


@kernel
def _measure(
    stand: Block, bench: Block, radius: float, force: float, torque: float, power: float,
    number: float, seconds: float, share: float,
) -> None:  # fmt: skip
    """Mean force and power of a stand, seconds beyond a rating, and trips."""
    for i in range(LANES):
        loaded, pressed = stand[F.LOADED * LANES + i], stand[F.FORCE * LANES + i]
        twist = stand[F.TORQUE * LANES + i]
        work = twist * stand[F.ROLL * LANES + i] / radius
        stand[F.SUM_FORCE * LANES + i] += share * pressed
        bench[B.ABOVE * LANES + i] += work
        over = where(pressed > force, 1.0, 0.0) + where(work > power, 1.0, 0.0)
        bench[B.HARM * LANES + i] += loaded * over * seconds
        a = where(pressed > FORCE_TRIP_AT * force, 1.0, 0.0)
        b = where(twist > TORQUE_TRIP_AT * torque, 1.0, 0.0)
        c = where(work > POWER_TRIP_AT * power, 1.0, 0.0)
        a = a * (stand[F.OVER_FORCE * LANES + i] + seconds)
        b = b * (stand[F.OVER_TORQUE * LANES + i] + seconds)
        c = c * (stand[F.OVER_POWER * LANES + i] + seconds)
        stand[F.OVER_FORCE * LANES + i] = a
        stand[F.OVER_TORQUE * LANES + i] = b
        stand[F.OVER_POWER * LANES + i] = c
        event = where(c > POWER_TRIP_TIME, POWER_TRIP, 0.0)
        event = where(b > TORQUE_TRIP_TIME, TORQUE_TRIP, event)
        event = where(a > FORCE_TRIP_TIME, FORCE_TRIP, event)
        new = where(bench[B.EVENT * LANES + i] > 0.5, 0.0, where(event > 0.5, 1.0, 0.0))
        bench[B.EVENT * LANES + i] = where(new > 0.5, event, bench[B.EVENT * LANES + i])
        bench[B.EVENT_STAND * LANES + i] = where(
            new > 0.5, number, bench[B.EVENT_STAND * LANES + i]
        )


@kernel
def _strip(gap: Block, bench: Block, number: float, seconds: float) -> None:
    """Cobble, break and lost tension behind a stand."""
    for i in range(LANES):
        slack, angle = gap[F.SLACK * LANES + i], gap[F.ANGLE * LANES + i]
        stopped = where(angle >= HIGHEST, 1.0, where(angle <= LOWEST, 1.0, 0.0))
        stopped = stopped * where(slack > 0.0, 1.0, 0.0)
        lost = stopped * (gap[F.LOST * LANES + i] + seconds)
        gap[F.LOST * LANES + i] = lost
        most = BREAK_SHARE * gap[F.STRESS * LANES + i]
        event = where(lost > LOSS_TIME, TENSION_LOSS, 0.0)
        event = where(gap[(F.TENSION + 1) * LANES + i] > most, STRIP_BREAK, event)
        cobbled = where(slack > COBBLE_TIME, 1.0, 0.0) * where(angle > COBBLE_ANGLE, 1.0, 0.0)
        event = where(cobbled > 0.5, COBBLE, event)
        new = where(bench[B.EVENT * LANES + i] > 0.5, 0.0, where(event > 0.5, 1.0, 0.0))
        bench[B.EVENT * LANES + i] = where(new > 0.5, event, bench[B.EVENT * LANES + i])
        bench[B.EVENT_STAND * LANES + i] = where(
            new > 0.5, number, bench[B.EVENT_STAND * LANES + i]
        )


@kernel
def _count(fine: Block, block: Block, bench: Block, seconds: float, share: float) -> None:
    """Mass, tolerance, energy and harm of this slow step; an event lets go of the strip."""
    for i in range(LANES):
        event = bench[B.EVENT * LANES + i]
        new = where(event > 0.5, 1.0, 0.0) * where(fine[F.EVENT * LANES + i] < 0.5, 1.0, 0.0)
        fine[F.EVENT * LANES + i] = event
        fine[F.EVENT_STAND * LANES + i] = bench[B.EVENT_STAND * LANES + i]
        time = block[R.COIL_TIME * LANES + i]
        fine[F.EVENT_TIME * LANES + i] = where(new > 0.5, time, fine[F.EVENT_TIME * LANES + i])
        bench[B.TAIL * LANES + i] = where(event > 0.5, GONE, bench[B.TAIL * LANES + i])

        last = F.LOADED + STANDS - 1
        rolling = fine[last * LANES + i]
        exit = fine[(F.EXIT + STANDS - 1) * LANES + i]
        speed = fine[(F.V_OUT + STANDS - 1) * LANES + i]
        heat, cold = bench[B.HEAT * LANES + i], bench[B.COLD * LANES + i]
        fine[F.AT_GAUGE * LANES + i] = bench[B.THICK * LANES + i]
        fine[F.MARK_AT_GAUGE * LANES + i] = bench[B.MARK * LANES + i]
        fine[F.KNOWN_AT_GAUGE * LANES + i] = bench[B.KNOWN_SEEN * LANES + i]
        fine[F.DELIVERED * LANES + i] += rolling * speed * seconds
        fine[F.SUM_GAUGE * LANES + i] += share * rolling
        fine[F.SUM_EXIT * LANES + i] += share * rolling * exit
        fine[F.SUM_SPEED * LANES + i] += share * speed
        fine[F.SUM_HEAT * LANES + i] += share * heat
        fine[F.SUM_COLD * LANES + i] += share * cold
        fine[F.SUM_POWER * LANES + i] += share * bench[B.ABOVE * LANES + i]

        mass = rolling * DENSITY * block[R.EXIT_WIDTH * LANES + i] * exit * speed * seconds
        block[R.ROLLED * LANES + i] += mass
        aim = block[R.GAUGE_AIM * LANES + i]
        off = exit - aim
        band = fmax(GAUGE_BAND, GAUGE_SHARE * aim)
        inside = where(off < band, 1.0, 0.0) * where(off > -band, 1.0, 0.0)
        block[R.GAUGE_OFF * LANES + i] += mass * (1.0 - inside)
        off = heat - block[R.FDT_AIM * LANES + i]
        inside = where(off < FDT_BAND, 1.0, 0.0) * where(off > -FDT_BAND, 1.0, 0.0)
        block[R.FDT_OFF * LANES + i] += mass * (1.0 - inside)
        block[R.COLD * LANES + i] += rolling * where(heat < FERRITE, 1.0, 0.0) * seconds
        block[R.ENERGY * LANES + i] += bench[B.ABOVE * LANES + i] * seconds
        block[R.OVERLOAD * LANES + i] += bench[B.HARM * LANES + i]
