"""The drivers of the line with the fine mill."""

import numpy as np
from numpy.typing import NDArray

from ....engine.numbers import driver, fmax, fmin, kernel, where
from .. import parameters as P  # noqa: N812
from .. import rows as R  # noqa: N812
from ..layout import ROWS
from ..mill_show import drawn_in
from ..parameters import STANDS
from . import rows as F  # noqa: N812
from .bar import begin_lane
from .interval import run
from .rows import LANES

Block = NDArray[np.float64]
Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]
Orders = NDArray[np.float64]


@kernel
def _tell(block: Block, fine: Block, mill: Block, first: int) -> None:
    """Tell the coil cycle how far bar and strip are, less what it will add for this interval.

    The bar counts as done when its tail has left the last stand.
    """
    length = 0.0
    for i in range(LANES):
        block[R.UNDER_WAY * LANES + i] = 0.0
    for s in range(first, STANDS - 1):
        distance = mill[P.DISTANCE + s]
        length += distance
        for i in range(LANES):
            behind = fmin(fmax(length - fine[F.TAIL * LANES + i], 0.0), distance)
            here = fine[F.COIL_SEEN * LANES + i] == block[R.COIL * LANES + i]
            thick = fine[(F.AIM + s + 1) * LANES + i] / block[R.GAUGE_AIM * LANES + i]
            block[R.UNDER_WAY * LANES + i] += where(here, behind * thick, 0.0)
    for i in range(LANES):
        bar, tail = block[R.BAR * LANES + i], fine[F.TAIL * LANES + i]
        taken = fmin(fmax(bar + tail, 0.0), 0.999999 * bar)
        left = (tail >= length) * (fine[F.EVENT * LANES + i] < 0.5)
        taken = where(left, bar + 1.0, taken)
        here = fine[F.COIL_SEEN * LANES + i] == block[R.COIL * LANES + i]
        step = block[R.SPEED * LANES + i] * R.INTERVAL
        done = block[R.BAR_DONE * LANES + i]
        block[R.BAR_DONE * LANES + i] = where(here, taken - drawn_in(block, i), done)
        strip = fine[F.DELIVERED * LANES + i] - step
        block[R.STRIP_DONE * LANES + i] = where(here, strip, block[R.STRIP_DONE * LANES + i])


@driver
def tell_cycle(state: Block, fine: Block, mill: Block) -> None:
    """Tell the coil cycle of all lines how far their strip is; before it moves."""
    size, fine_size = ROWS * LANES, F.ROWS * LANES
    first = int(mill[P.FIRST_STAND])
    for b in range(state.size // size):
        fines = fine[b * fine_size : (b + 1) * fine_size]
        _tell(state[b * size : (b + 1) * size], fines, mill, first)


@driver
def roll_fine(
    state: Block, fine: Block, mill: Block, pace: Block, slow: int, fast: int, iterations: int
) -> None:
    """Move the fine mills of all blocks by one control interval of 0.5 s.

    Args:
        state: blocks of layout.ROWS * LANES numbers, one after the other.
        fine: blocks of F.ROWS * LANES numbers beside them.
        mill: the mill's data, shape (P.SIZE,).
        pace: from `pace_of`.
        slow: slow steps in an interval.
        fast: fast steps in a slow step.
        iterations: Newton steps of a bite in a fast step.
    """
    size, fine_size = ROWS * LANES, F.ROWS * LANES
    for b in range(state.size // size):
        block = state[b * size : (b + 1) * size]
        mills = fine[b * fine_size : (b + 1) * fine_size]
        run(block, mills, mill, pace, slow, fast, iterations)


@driver
def begin_fine(
    state: Block, fine: Block, plan: Keys, episode: Counts, mask: NDArray[np.bool_]
) -> None:
    """Put the masked lanes' mills at the start of their campaign; after the line's own `begin`."""
    size, fine_size = ROWS * LANES, F.ROWS * LANES
    for lane in range(mask.size):
        if mask[lane]:
            b, i = lane // LANES, lane % LANES
            begin_lane(
                state[b * size : (b + 1) * size],
                fine[b * fine_size : (b + 1) * fine_size],
                i, plan[lane], episode[lane],
            )  # fmt: skip
