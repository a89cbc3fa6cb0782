"""The drivers of the compiled line: one interval of a block, many intervals of many blocks."""

import numpy as np
from numpy.typing import NDArray

from ...engine.numbers import driver, kernel
from .coil_start import restart
from .cycle import advance_coil
from .disturbances import draw, grow
from .mill import level1, roll, show
from .rows import LANES, ROWS
from .table import cool, travel

Block = NDArray[np.float64]
Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]
Table = NDArray[np.float64]
Orders = NDArray[np.float64]


@kernel
def interval(
    block: Block, mill: Table, orders: Orders, plan: Keys, noise: Keys, episode: Counts,
    clock: Counts, kept: Orders, count: Counts,
) -> None:  # fmt: skip
    """Move the sixteen plants of a block by one control interval."""
    draw(block, noise, episode, clock)
    grow(block)
    for i in range(LANES):
        clock[i] += 1
        count[i] = advance_coil(
            block, i, mill, orders[i], plan[i], noise[i], episode[i], clock[i], kept[i], count[i]
        )
    level1(block, mill)
    roll(block, mill)
    show(block)
    cool(block)
    travel(block)


@driver
def advance(
    intervals: int, state: Block, mill: Table, orders: Orders, plan: Keys, noise: Keys,
    episode: Counts, clock: Counts, kept: Orders, count: Counts,
) -> None:  # fmt: skip
    """Move all blocks; `state` is flat, one block of ROWS * LANES numbers after the other."""
    size = ROWS * LANES
    for b in range(state.size // size):
        low, high = b * LANES, (b + 1) * LANES
        block = state[b * size : (b + 1) * size]
        for _ in range(intervals):
            interval(
                block, mill, orders[low:high], plan[low:high], noise[low:high], episode[low:high],
                clock[low:high], kept[low:high], count[low:high],
            )  # fmt: skip


@driver
def begin(
    state: Block, mill: Table, faults: Orders, scales: Table, lined: Counts, clock: Counts,
    count: Counts, mask: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Put the masked lanes at the start of their campaign."""
    size = ROWS * LANES
    for lane in range(mask.size):
        if mask[lane]:
            b, i = lane // LANES, lane % LANES
            clock[lane], count[lane] = 0, 0
            restart(
                state[b * size : (b + 1) * size], i, mill, faults[lane], scales[lane],
                float(lined[lane]),
            )  # fmt: skip
