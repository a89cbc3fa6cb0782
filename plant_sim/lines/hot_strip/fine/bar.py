"""What happens to a fine mill once a bar: drawn at the start of a campaign, made ready, cleared.

Events of one plant at a time: plain branches, outside the wide loops.
"""

import numpy as np
from numpy.typing import NDArray

from ....control.speed_control import BELIEVED_SLIP, TRIM_LEARNING
from ....engine.numbers import fmax, fmin, kernel
from ....engine.random import uniform
from ....physics.looper import LOWEST
from ....physics.roll_bite import flattened_radius, forward_slip
from .. import parameters as P  # noqa: N812
from .. import rows as R  # noqa: N812
from ..mill import HEAD_WAITS
from ..parameters import STANDS
from ..strip_heat import BAR_COLD
from . import rows as F  # noqa: N812
from .rows import LANES, SAMPLES

Block = NDArray[np.float64]

LEAST_SWING, MOST_SWING = 5e-6, 15e-6  # m: amplitude of the backup rolls' run-out [M 3.4]
LEAST_SLIP, MOST_SLIP = 0.6, 0.8  # 1: real forward slip over that of sticking friction [T 3.2]
GONE = 1e6  # m: the tail's place when no strip is in the mill, beyond any mill [C 3.5]
MOST_LEARNED = 0.06  # 1: most speed trim of one looper carried from coil to coil [T 3.5]
DRAW = 160  # channel of the random numbers


@kernel
def begin_lane(
    block: Block, fine: Block, i: int, plan: np.uint64, episode: int
) -> None:  # fmt: skip
    """Put lane i at the start of a campaign: an empty mill with its own rolls and friction."""
    for row in range(F.ROWS):
        fine[row * LANES + i] = 0.0
    for s in range(STANDS):
        turn = 6.283185307179586 * uniform(plan, episode, s, DRAW)
        fine[(F.PHASE_COS + s) * LANES + i] = np.cos(turn)
        fine[(F.PHASE_SIN + s) * LANES + i] = np.sin(turn)
        swing = uniform(plan, episode, s, DRAW + 1)
        fine[(F.SWING + s) * LANES + i] = LEAST_SWING + (MOST_SWING - LEAST_SWING) * swing
        share = uniform(plan, episode, s, DRAW + 2)
        share = LEAST_SLIP + (MOST_SLIP - LEAST_SLIP) * share
        fine[(F.SLIP_SHARE + s) * LANES + i] = share * block[R.FRICTION_SHIFT * LANES + i]
        fine[(F.GAP_AT + s) * LANES + i] = block[(R.GAP + s) * LANES + i]
        fine[(F.GAP_REFERENCE + s) * LANES + i] = block[(R.GAP + s) * LANES + i]
        fine[(F.ANGLE + s) * LANES + i] = LOWEST
        fine[(F.COSINE + s) * LANES + i] = 1.0
        fine[(F.STRESS + s) * LANES + i] = 150e6
        exit = block[(R.H + s + 1) * LANES + i]
        fine[(F.AIM + s + 1) * LANES + i] = exit
        fine[(F.EXIT + s) * LANES + i] = exit
        fine[(F.ENTRY + s) * LANES + i] = block[(R.H + s) * LANES + i]
        fine[(F.ENTRY_HEAT + s) * LANES + i] = 1200.0
        fine[(F.ENTRY_WIDTH + s) * LANES + i] = block[R.WIDTH * LANES + i]
        fine[(F.FLAT + s) * LANES + i] = 0.4
        fine[(F.ROLL + s) * LANES + i] = 1.0
        for k in range(SAMPLES):
            fine[(F.S_THICK + s * SAMPLES + k) * LANES + i] = exit
            fine[(F.S_HEAT + s * SAMPLES + k) * LANES + i] = 1200.0
            fine[(F.S_WIDTH + s * SAMPLES + k) * LANES + i] = block[R.WIDTH * LANES + i]
    fine[F.AIM * LANES + i] = block[R.H * LANES + i]
    fine[F.TAIL * LANES + i] = GONE
    fine[F.MASTER * LANES + i] = block[R.SPEED * LANES + i]
    fine[F.ENTRY_BEFORE * LANES + i] = block[R.ENTRY_TEMPERATURE * LANES + i]
    fine[F.AT_PYROMETER * LANES + i] = block[R.TRUE_FDT * LANES + i]


@kernel
def prepare(block: Block, fine: Block, i: int, mill: Block) -> None:
    """Take over level 2's set-up for the next bar, whose head waits before F1."""
    fine[F.COIL_SEEN * LANES + i] = block[R.COIL * LANES + i]
    width = block[R.WIDTH * LANES + i]
    first = int(mill[P.FIRST_STAND])
    for s in range(first + 1):
        fine[(F.AIM + s) * LANES + i] = block[R.BAR_THICK * LANES + i]
    for s in range(first, STANDS):
        entry, exit = block[(R.H + s) * LANES + i], block[(R.H + s + 1) * LANES + i]
        force, radius = block[(R.EXPECTED + s) * LANES + i], mill[P.RADIUS + s]
        flat = flattened_radius(radius, force, width, entry - exit)
        slip = BELIEVED_SLIP * forward_slip(entry, exit, flat)
        fine[(F.BELIEVED_SLIP + s) * LANES + i] = slip
        fine[(F.AIM + s + 1) * LANES + i] = exit
        fine[(F.EXIT + s) * LANES + i] = exit
        fine[(F.ENTRY + s) * LANES + i] = entry
        fine[(F.ENTRY_WIDTH + s) * LANES + i] = width
        fine[(F.ENTRY_COLD + s) * LANES + i] = BAR_COLD if s == first else 0.0
        learned = fine[(F.LEARNED + s) * LANES + i]
        learned = learned + TRIM_LEARNING * fine[(F.CARRIED + s) * LANES + i]
        fine[(F.LEARNED + s) * LANES + i] = fmin(fmax(learned, -MOST_LEARNED), MOST_LEARNED)
        fine[(F.CARRIED + s) * LANES + i] = 0.0
        fine[(F.TRIM + s) * LANES + i] = 0.0
        fine[(F.SLACK + s) * LANES + i] = 0.0
        fine[(F.LOST + s) * LANES + i] = 0.0
        fine[(F.TENSION + s + 1) * LANES + i] = 0.0
    fine[F.HEAD * LANES + i] = -HEAD_WAITS
    fine[F.TAIL * LANES + i] = -HEAD_WAITS - block[R.BAR * LANES + i]
    fine[F.MASTER * LANES + i] = block[R.THREAD_SPEED * LANES + i]
    fine[F.DELIVERED * LANES + i] = 0.0
    fine[F.MONITOR * LANES + i] = 0.0
    fine[F.ENTRY_BEFORE * LANES + i] = block[R.ENTRY_TEMPERATURE * LANES + i]
    fine[F.ENTRY_SEEN * LANES + i] = block[R.ENTRY_TEMPERATURE * LANES + i]
    for k in range(SAMPLES):
        fine[(F.S_MARK + k) * LANES + i] = 0.0


@kernel
def clear(fine: Block, i: int) -> None:
    """Take the strip out of lane i's mill after an event; the next bar may come."""
    fine[F.EVENT * LANES + i] = 0.0
    fine[F.EVENT_STAND * LANES + i] = 0.0
    fine[F.EVENT_TIME * LANES + i] = 0.0
    fine[F.HEAD * LANES + i] = -HEAD_WAITS
    fine[F.TAIL * LANES + i] = GONE
    for s in range(STANDS):
        for row in (F.OVER_FORCE, F.OVER_TORQUE, F.OVER_POWER, F.SLACK, F.LOST, F.CARRIED):
            fine[(row + s) * LANES + i] = 0.0
