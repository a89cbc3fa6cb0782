"""Head and tail of a coil: the last gaps are held closer where no tension pulls the strip thin.

Behind the head it is let go of, before the tail it comes back. How much is learned from the X-ray
gauge; what the monitor had to move behind the head, set-up does at once for the next coil.
"""

import numpy as np
from numpy.typing import NDArray

from ...control.gap_control import MONITOR_EFFECT, MONITOR_SHARE, MOST_ERROR
from ...engine.numbers import fmax, fmin, inline, kernel
from . import rows as R  # noqa: N812
from .level2 import ENDS_LEARNED
from .parameters import STANDS
from .rows import LANES

Block = NDArray[np.float64]

HEAD_HELD, HEAD_RELEASED = 5.0, 13.0  # m: of strip until which it is held, and gone again [C 3.5]
TAIL_BEGUN, TAIL_CLOSED = 20.0, 8.0  # m: of strip left where it comes, and is whole [C 3.5]
HEAD_GAUGED = 8.0  # m: of strip until which the gauge shows the head [C 3.5]
TAIL_GAUGED = 12.0  # m: of strip left from which it shows the tail [C 3.5]
ENDS_SEEN = 40.0  # m: of strip, when the monitor has done what set-up missed [C 3.5]
CLOSING_LEARNING, MOST_CLOSED = 0.2, 3e-4  # 1, m: share learned per coil; most it is closed [M 6.5]
MOST_MISSED = 6e-5  # m of gap: a greater miss is the zero's or the steel's business [M 6.5]


@inline
def _ramp(at: float, none: float, whole: float) -> float:
    """Return 0 at `none`, 1 at `whole`, and in between the share of the way."""
    return fmin(fmax((at - none) / (whole - none), 0.0), 1.0)


@kernel
def close_ends(block: Block, i: int) -> None:
    """Hold the last gaps closer at head and tail, and keep what the gauge shows of both."""
    strip, left = block[R.STRIP_DONE * LANES + i], block[R.STRIP_LEFT * LANES + i]
    closed = _ramp(strip, HEAD_RELEASED, HEAD_HELD) * block[R.HEAD_GAP * LANES + i]
    closed += _ramp(left, TAIL_BEGUN, TAIL_CLOSED) * block[R.TAIL_GAP * LANES + i]
    for s in range(STANDS):
        moved = MONITOR_SHARE[s] * (closed - block[R.END_NOW * LANES + i])
        block[(R.GAP + s) * LANES + i] += moved
    block[R.END_NOW * LANES + i] = closed
    if block[R.SHOWN_GAUGE * LANES + i] > 0.0:
        off = _off(block, i)
        if strip < HEAD_GAUGED:
            block[R.HEAD_SUM * LANES + i] += off
            block[R.HEAD_TIME * LANES + i] += 1.0
        elif left < TAIL_GAUGED:
            block[R.TAIL_SUM * LANES + i] += off
            block[R.TAIL_TIME * LANES + i] += 1.0


@inline
def _off(block: Block, i: int) -> float:
    """Return what the gauge shows over the thickness that the monitor is told to hold (m)."""
    off: float = block[R.SHOWN_GAUGE * LANES + i] - block[R.GAUGE_AIM * LANES + i]
    off = off + block[R.ACT_GAUGE * LANES + i] - block[R.GAUGE_TRIM * LANES + i]
    return off


@kernel
def learn_behind_head(block: Block, i: int) -> None:
    """Learn what set-up missed, by what the monitor has done, and how much thicker the head was."""
    block[R.HEAD_LEARNED * LANES + i] = ENDS_LEARNED
    if block[R.FROZEN * LANES + i] > 0.5:
        return
    missed = _off(block, i) / MONITOR_EFFECT - block[(R.MONITOR + STANDS - 1) * LANES + i]
    if block[R.HEAD_TIME * LANES + i] > 0.5:
        off = block[R.HEAD_SUM * LANES + i] / block[R.HEAD_TIME * LANES + i]
        moved = fmin(fmax(off / MONITOR_EFFECT - missed, -MOST_ERROR), MOST_ERROR)
        closed = block[R.HEAD_GAP * LANES + i] - CLOSING_LEARNING * moved
        block[R.HEAD_GAP * LANES + i] = fmin(fmax(closed, -MOST_CLOSED), 0.0)
    missed = fmin(fmax(missed, -MOST_MISSED), MOST_MISSED)
    opened = block[R.VERNIER * LANES + i] - CLOSING_LEARNING * missed
    block[R.VERNIER * LANES + i] = fmin(fmax(opened, -MOST_CLOSED), MOST_CLOSED)


@kernel
def learn_tail(block: Block, i: int) -> None:
    """Learn from the gauge how much thicker the tail was."""
    if block[R.TAIL_TIME * LANES + i] < 0.5 or block[R.FROZEN * LANES + i] > 0.5:
        return
    off = block[R.TAIL_SUM * LANES + i] / block[R.TAIL_TIME * LANES + i]
    moved = fmin(fmax(off / MONITOR_EFFECT, -MOST_ERROR), MOST_ERROR)
    closed = block[R.TAIL_GAP * LANES + i] - CLOSING_LEARNING * moved
    block[R.TAIL_GAP * LANES + i] = fmin(fmax(closed, -MOST_CLOSED), 0.0)
