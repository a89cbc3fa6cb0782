"""The fast step: where head and tail are, gaps, bites, drives, tension and loopers.

A few milliseconds each. `bench` carries what all stands share (see bench.py).
"""

import numpy as np
from numpy.typing import NDArray

from ....engine.numbers import fmax, kernel, where
from ....physics.hydraulic_gap import SLEW, follow, run_out, turned
from ....physics.interstand import damping, slip, stored, tension
from ....physics.looper import path, swing, weight
from ....physics.main_drive import inertia, most_effort, turn
from ....physics.strip_temperature import DENSITY
from .. import parameters as P  # noqa: N812
from ..bite import forces, settle
from ..parameters import STANDS
from . import bench as B  # noqa: N812
from . import rows as F  # noqa: N812
from .rows import LANES

Block = NDArray[np.float64]


@kernel
def fast_step(
    fine: Block, bench: Block, mill: Block, pace: Block, iterations: int, first: int, last: int
) -> None:
    """Move the mill by one fast step.

    Args:
        fine: state of sixteen mills.
        bench: B.ROWS * LANES; carries carbon, hardness, stiffness, width, head and tail.
        mill: the mill's data.
        pace: the step (s) and the four numbers of `hydraulic_gap.response` for it.
        iterations: Newton steps of each bite.
        first: index of the first stand that runs.
        last: index behind the last one; the mill's first and STANDS for the whole mill.
    """
    seconds = pace[0]
    track(fine, bench, mill, seconds)
    for s in range(first, last):
        stand = fine[s * LANES :]
        radius = mill[P.RADIUS + s]
        _move_gap(stand, mill[P.BACKUP_RADIUS + s], pace)
        for _ in range(iterations):
            _bite(stand, bench, radius)
        power, torque = mill[P.MAX_POWER + s], mill[P.MAX_TORQUE + s]
        _drive(stand, radius, power, torque, inertia(power, torque, radius), seconds)
    for g in range(first, last - 1):
        _tension(fine[g * LANES :], bench, mill[P.DISTANCE + g], seconds)
    _last_way(fine[(last - 1) * LANES :], seconds)


@kernel
def track(fine: Block, bench: Block, mill: Block, seconds: float) -> None:
    """Move head and tail with the strip's speeds, and say which stands hold strip."""
    first = int(mill[P.FIRST_STAND])
    for i in range(LANES):
        bench[B.FRONT_SPEED * LANES + i] = fine[(F.V_IN + first) * LANES + i]
        bench[B.REAR_SPEED * LANES + i] = fine[(F.V_IN + first) * LANES + i]
    for s in range(first, STANDS):
        _front(fine[s * LANES :], bench)
    for s in range(STANDS - 1, first - 1, -1):
        _rear(fine[s * LANES :], bench)
    for i in range(LANES):
        bench[B.HEAD * LANES + i] += seconds * bench[B.FRONT_SPEED * LANES + i]
        bench[B.TAIL * LANES + i] += seconds * bench[B.REAR_SPEED * LANES + i]
    place = 0.0
    for s in range(first, STANDS):
        _load(fine[s * LANES :], bench, place, seconds)
        place += mill[P.DISTANCE + s]


@kernel
def _front(stand: Block, bench: Block) -> None:
    for i in range(LANES):
        bench[B.FRONT_SPEED * LANES + i] = where(
            stand[F.LOADED * LANES + i] > 0.5,
            stand[F.V_OUT * LANES + i],
            bench[B.FRONT_SPEED * LANES + i],
        )


@kernel
def _rear(stand: Block, bench: Block) -> None:
    for i in range(LANES):
        bench[B.REAR_SPEED * LANES + i] = where(
            stand[F.LOADED * LANES + i] > 0.5,
            stand[F.V_IN * LANES + i],
            bench[B.REAR_SPEED * LANES + i],
        )


@kernel
def _load(stand: Block, bench: Block, place: float, seconds: float) -> None:
    for i in range(LANES):
        loaded = where(bench[B.HEAD * LANES + i] >= place, 1.0, 0.0)
        loaded = loaded * where(bench[B.TAIL * LANES + i] < place, 1.0, 0.0)
        stand[F.LOADED * LANES + i] = loaded
        stand[F.LOADED_FOR * LANES + i] = loaded * (stand[F.LOADED_FOR * LANES + i] + seconds)


@kernel
def _move_gap(stand: Block, backup: float, pace: Block) -> None:
    """Let the gap follow its reference and the rolls turn on."""
    seconds, a, b, c, e = pace[0], pace[1], pace[2], pace[3], pace[4]
    for i in range(LANES):
        slew = SLEW * (1.0 - stand[F.SLOW * LANES + i])
        at, rate = follow(
            stand[F.GAP_AT * LANES + i], stand[F.GAP_RATE * LANES + i],
            stand[F.GAP_REFERENCE * LANES + i], slew, seconds, a, b, c, e,
        )  # fmt: skip
        stand[F.GAP_AT * LANES + i] = at + seconds * stand[F.LEAK * LANES + i]
        stand[F.GAP_RATE * LANES + i] = rate
        cosine, sine = turned(
            stand[F.PHASE_COS * LANES + i],
            stand[F.PHASE_SIN * LANES + i],
            stand[F.ROLL * LANES + i] * seconds / backup,
        )
        stand[F.PHASE_COS * LANES + i] = cosine
        stand[F.PHASE_SIN * LANES + i] = sine


@kernel
def _bite(stand: Block, bench: Block, radius: float) -> None:
    """One Newton step of a stand in every lane; an empty stand waits at its believed thickness."""
    for i in range(LANES):
        loaded = stand[F.LOADED * LANES + i]
        entry, exit = stand[F.ENTRY * LANES + i], stand[F.EXIT * LANES + i]
        flat, width = stand[F.FLAT * LANES + i], stand[F.ENTRY_WIDTH * LANES + i]
        force, push, sticking, stress = forces(
            entry, exit, flat, stand[F.ENTRY_HEAT * LANES + i], stand[F.ROLL * LANES + i], width,
            bench[B.CARBON * LANES + i], bench[B.HARDNESS * LANES + i],
            stand[F.TENSION * LANES + i], stand[(F.TENSION + 1) * LANES + i],
        )  # fmt: skip
        swing = stand[F.SWING * LANES + i] + stand[F.SWING_MORE * LANES + i]
        opening = run_out(stand[F.PHASE_COS * LANES + i], stand[F.PHASE_SIN * LANES + i], swing)
        exit, flat, force, residual = settle(
            entry, exit, flat, force, stand[F.GAP_AT * LANES + i] + opening, width, radius,
            bench[B.STIFFNESS * LANES + i],
        )  # fmt: skip
        stand[F.EXIT * LANES + i] = where(loaded > 0.5, exit, stand[(F.AIM + 1) * LANES + i])
        stand[F.FLAT * LANES + i] = where(loaded > 0.5, flat, 1.05 * radius)
        stand[F.FORCE * LANES + i] = loaded * force
        stand[F.PUSH_LOAD * LANES + i] = loaded * push
        stand[F.SLIP * LANES + i] = sticking
        stand[F.STRESS * LANES + i] = stress
        stand[F.RESIDUAL * LANES + i] = loaded * residual


@kernel
def _drive(
    stand: Block, radius: float, power: float, torque: float, mass: float, seconds: float
) -> None:
    """Turn the rolls; what leaves and enters the stand follows from slip and constant volume."""
    for i in range(LANES):
        roll = stand[F.ROLL * LANES + i]
        most = most_effort(power, torque, radius, roll) * (1.0 - stand[F.WEAK * LANES + i])
        load = stand[F.PUSH_LOAD * LANES + i]
        aim = stand[F.ROLL_AIM * LANES + i] * (1.0 - stand[F.DROOP * LANES + i])
        roll, integral = turn(roll, stand[F.PUSH * LANES + i], aim, load, mass, most, seconds)
        roll = fmax(roll, 0.0)
        stand[F.ROLL * LANES + i] = roll
        stand[F.PUSH * LANES + i] = integral
        ahead = slip(
            stand[F.SLIP * LANES + i], stand[F.SLIP_SHARE * LANES + i],
            stand[F.TENSION * LANES + i], stand[(F.TENSION + 1) * LANES + i],
        )  # fmt: skip
        out = roll * (1.0 + ahead)
        stand[F.V_OUT * LANES + i] = out
        stand[F.V_IN * LANES + i] = out * stand[F.EXIT * LANES + i] / stand[F.ENTRY * LANES + i]
        stand[F.TORQUE * LANES + i] = load * radius


@kernel
def _tension(gap: Block, bench: Block, distance: float, seconds: float) -> None:
    """Store what is delivered and not taken, swing the looper, and find the strip's tension."""
    for i in range(LANES):
        both = gap[F.LOADED * LANES + i] * gap[(F.LOADED + 1) * LANES + i]
        fed, taken = gap[F.V_OUT * LANES + i], gap[(F.V_IN + 1) * LANES + i]
        old = gap[(F.TENSION + 1) * LANES + i]
        rate = damping(distance, gap[F.ROLL * LANES + i] + taken)
        store = stored(gap[F.STORE * LANES + i], fed, taken, old, rate, seconds)
        angle = gap[F.ANGLE * LANES + i]
        lever, cosine = gap[F.LEVER * LANES + i], gap[F.COSINE * LANES + i]
        section = gap[F.EXIT * LANES + i] * bench[B.WIDTH * LANES + i]
        load = old * section * lever + weight(cosine, both * DENSITY * section * distance)
        angle, rate = swing(
            angle, gap[F.ANGLE_RATE * LANES + i], gap[F.ARM_TORQUE * LANES + i], load, seconds
        )
        gap[F.ANGLE * LANES + i] = angle
        gap[F.ANGLE_RATE * LANES + i] = rate
        excess, lever, cosine = path(angle, distance)
        gap[F.LEVER * LANES + i] = lever
        gap[F.COSINE * LANES + i] = cosine
        store = where(both > 0.5, store, excess)
        stress = both * tension(excess - store, distance)
        gap[F.STORE * LANES + i] = store
        gap[(F.TENSION + 1) * LANES + i] = stress
        slack = where(stress > 0.0, 0.0, both)
        gap[F.SLACK * LANES + i] = slack * (gap[F.SLACK * LANES + i] + seconds)
        passed = where(gap[F.LOADED * LANES + i] > 0.5, fed, taken)
        gap[F.WAY * LANES + i] += seconds * passed


@kernel
def _last_way(gap: Block, seconds: float) -> None:
    for i in range(LANES):
        gap[F.WAY * LANES + i] += seconds * gap[F.V_OUT * LANES + i]
