"""The slow step's level 1: gap control, monitor, speeds and loopers of sixteen mills.

The laws stand in control/; here they meet the state. They see positions, angles, forces and the
gauge, never the plant's parameters.
"""

import numpy as np
from numpy.typing import NDArray

from ....control.gap_control import (
    COMPENSATED,
    COMPENSATION,
    FORCE_FILTER,
    GAUGE_FILTER,
    LOCK_AFTER,
    MONITOR_SHARE,
    gap_reference,
    gaugemeter,
    lagged,
    monitor_step,
)
from ....control.level2_model import modulus
from ....control.looper_control import (
    ANGLE_AIM,
    LIFT_ANGLE,
    LOWER_BEFORE,
    LOWERED,
    SETTLE_AFTER,
    TENSION_AIM,
    arm_torque,
    speed_trim,
)
from ....control.speed_control import flow_trim, ramped, waiting_lead
from ....engine.numbers import fmax, fmin, kernel, where
from ....physics.looper import LOWEST, path, weight
from ....physics.mill_stretch import KISS_FORCE
from ....physics.strip_temperature import DENSITY
from .. import parameters as P  # noqa: N812
from ..parameters import STANDS
from . import bench as B  # noqa: N812
from . import rows as F  # noqa: N812
from .rows import LANES

Block = NDArray[np.float64]

MOST_FLOW = 0.05  # 1: most relative speed change by mass-flow compensation [T 3.4]


@kernel
def steer(fine: Block, bench: Block, mill: Block, seconds: float) -> None:
    """Set the references of all stands and loopers for the next slow step.

    Args:
        fine: state of sixteen mills.
        bench: carries the master speed and its aim (B.MASTER, B.SPEED), B.TAIL, B.WIDTH, and the
            monitor's input: B.THICK off-gauge (m), B.MARK, B.FRESH its rate (1/s).
        mill: the mill's data.
        seconds: the slow step.
    """
    ramp, first = mill[P.RAMP], int(mill[P.FIRST_STAND])
    for i in range(LANES):
        master = ramped(bench[B.MASTER * LANES + i], bench[B.SPEED * LANES + i], ramp, seconds)
        bench[B.MASTER * LANES + i] = master
        correction = bench[B.MONITOR * LANES + i]
        moved = monitor_step(
            correction, bench[B.THICK * LANES + i], bench[B.MARK * LANES + i], seconds,
            bench[B.FRESH * LANES + i],
        )  # fmt: skip
        bench[B.MONITOR * LANES + i] = moved
        bench[B.CASCADE * LANES + i] = 0.0
    place = 0.0
    for s in range(first, STANDS):
        share = COMPENSATION[s] / COMPENSATED
        _set_gap(fine[s * LANES :], bench, share, MONITOR_SHARE[s], seconds)
    last = fine[(STANDS - 1) * LANES :]
    for i in range(LANES):
        at = last[F.GAP_AT * LANES + i] + last[F.BIAS_GAP * LANES + i]
        stretch = (last[F.SEEN_FORCE * LANES + i] - KISS_FORCE) / modulus(
            bench[B.WIDTH * LANES + i]
        )
        bench[B.KNOWN * LANES + i] = at + stretch
        bench[B.LAST_NOW * LANES + i] = last[F.GAUGEMETER * LANES + i]
        bench[B.LAST_THEN * LANES + i] = last[F.GAUGE_LOCKED * LANES + i]
        bench[B.LAST_LOCK * LANES + i] = last[F.LOADED_FOR * LANES + i]
        bench[B.LAST_AIM * LANES + i] = last[(F.AIM + 1) * LANES + i]
    for g in range(first, STANDS - 1):
        tension = TENSION_AIM[g]
        _raise(fine[g * LANES :], bench, mill[P.DISTANCE + g], place, tension)
        place += mill[P.DISTANCE + g]
    _set_speed(last, bench)
    for s in range(STANDS - 2, first - 1, -1):
        _trim(fine[s * LANES :], bench, seconds)
        _set_speed(fine[s * LANES :], bench)


@kernel
def _set_gap(stand: Block, bench: Block, compensation: float, share: float, seconds: float) -> None:
    """Lock on, follow the force, and keep the believed thickness for the speeds."""
    for i in range(LANES):
        loaded = stand[F.LOADED * LANES + i] > 0.5
        waits = stand[F.LOADED_FOR * LANES + i] < LOCK_AFTER
        force = stand[F.FORCE * LANES + i] + stand[F.BIAS_FORCE * LANES + i]
        seen = lagged(stand[F.SEEN_FORCE * LANES + i], force, FORCE_FILTER, seconds)
        seen = where(loaded, seen, 0.0)
        locked = where(waits, seen, stand[F.LOCKED * LANES + i])
        at = stand[F.GAP_AT * LANES + i] + stand[F.BIAS_GAP * LANES + i]
        belief = stand[F.BELIEF * LANES + i]
        thick = gaugemeter(at, seen, belief)
        filtered = lagged(stand[F.GAUGEMETER * LANES + i], thick, GAUGE_FILTER, seconds)
        filtered = where(waits, thick, filtered)
        then = where(waits, filtered, stand[F.GAUGE_LOCKED * LANES + i])
        gap = stand[F.SET_GAP * LANES + i] + share * bench[B.MONITOR * LANES + i]
        wanted = gap_reference(
            gap, seen, locked, compensation * bench[B.COMPENSATION * LANES + i], belief
        )
        wanted = wanted - stand[F.BIAS_GAP * LANES + i]
        # a sticking valve does not follow small moves
        old = stand[F.GAP_REFERENCE * LANES + i]
        stuck = fmax(wanted - old, old - wanted) < stand[F.STICTION * LANES + i]
        stand[F.GAP_REFERENCE * LANES + i] = where(stuck, old, wanted)
        stand[F.SEEN_FORCE * LANES + i] = seen
        stand[F.LOCKED * LANES + i] = locked
        stand[F.GAUGEMETER * LANES + i] = filtered
        stand[F.GAUGE_LOCKED * LANES + i] = then


@kernel
def _raise(gap: Block, bench: Block, distance: float, place: float, tension: float) -> None:
    """Set the looper's torque: up once strip is in both stands, down before the tail comes."""
    for i in range(LANES):
        both = gap[F.LOADED * LANES + i] * gap[(F.LOADED + 1) * LANES + i]
        up = both * where(gap[(F.LOADED_FOR + 1) * LANES + i] > SETTLE_AFTER, 1.0, 0.0)
        ahead = bench[B.TAIL * LANES + i] + LOWER_BEFORE * gap[F.V_IN * LANES + i]
        low = where(ahead > place, 1.0, 0.0)
        pull = tension * (1.0 + bench[B.PULL * LANES + i])
        angle = gap[F.ANGLE * LANES + i]
        _, lever, cosine = path(fmax(angle, LIFT_ANGLE), distance)
        section = gap[(F.AIM + 1) * LANES + i] * bench[B.WIDTH * LANES + i]
        torque = arm_torque(
            pull * where(low > 0.5, LOWERED, 1.0), section, lever,
            weight(cosine, DENSITY * section * distance), angle,
            gap[F.ANGLE_RATE * LANES + i] * (1.0 - 2.0 * gap[F.RINGING * LANES + i]),
        )  # fmt: skip
        gap[F.ARM_TORQUE * LANES + i] = up * torque
        gap[F.UP * LANES + i] = up
        gap[F.ANGLE_SET * LANES + i] = where(low > 0.5, 1.5 * LOWEST, ANGLE_AIM)


@kernel
def _trim(gap: Block, bench: Block, seconds: float) -> None:
    """Correct the speed of the stand before a looper, and of all before it, by its angle."""
    for i in range(LANES):
        up, speed = gap[F.UP * LANES + i], fmax(gap[F.ROLL * LANES + i], 0.1)
        off = gap[F.ANGLE * LANES + i] - gap[F.ANGLE_SET * LANES + i]
        old = gap[F.TRIM * LANES + i]
        trim, integral = speed_trim(off, old, speed, seconds)
        gap[F.TRIM * LANES + i] = up * integral
        steady = gap[F.ANGLE_SET * LANES + i] == ANGLE_AIM
        carried = where(steady, integral / speed, gap[F.CARRIED * LANES + i])
        gap[F.CARRIED * LANES + i] = where(up > 0.5, carried, gap[F.CARRIED * LANES + i])
        bench[B.CASCADE * LANES + i] += up * trim / speed + gap[F.LEARNED * LANES + i]


@kernel
def _set_speed(stand: Block, bench: Block) -> None:
    """Set a stand's roll speed from the master speed, believed thicknesses and slip, and trims."""
    for i in range(LANES):
        both = where(stand[F.LOADED_FOR * LANES + i] >= LOCK_AFTER, 1.0, 0.0)
        both = both * where(bench[B.LAST_LOCK * LANES + i] >= LOCK_AFTER, 1.0, 0.0)
        flow = flow_trim(
            bench[B.LAST_NOW * LANES + i], bench[B.LAST_THEN * LANES + i],
            stand[F.GAUGEMETER * LANES + i], stand[F.GAUGE_LOCKED * LANES + i],
        )  # fmt: skip
        flow = both * fmin(fmax(flow, -MOST_FLOW), MOST_FLOW)
        lead = waiting_lead(stand[F.LOADED * LANES + i], stand[F.LOADED_FOR * LANES + i])
        strip = bench[B.MASTER * LANES + i] * bench[B.LAST_AIM * LANES + i]
        strip = strip / stand[(F.AIM + 1) * LANES + i]
        roll = strip / (1.0 + stand[F.BELIEVED_SLIP * LANES + i])
        trims = (1.0 + flow) * (1.0 + bench[B.CASCADE * LANES + i]) * (1.0 + lead)
        stand[F.ROLL_AIM * LANES + i] = roll * trims
