"""The drivers of the compiled line: three parts of an interval, each over all blocks.

Both resolutions share the first and the last part; the stands between are `roll_strip` or the fine
mill. So no part is compiled twice.
"""

import numpy as np
from numpy.typing import NDArray

from ...engine.numbers import driver
from .coil_start import own_profile, own_zeros, restart
from .cycle import advance_coil, tell_state
from .disturbances import draw, grow
from .hand_over import draw_table, hand_over, take_back
from .layout import ROWS, TABLE
from .level2 import begin_hot
from .mill import level1, roll
from .mill_show import count_strip, show
from .profile import begin_profile, profile
from .rows import LANES
from .runout_control import begin_table
from .runout_drive import run_out
from .runout_valves import clog
from .upstream import begin_upstream, move_upstream

Block = NDArray[np.float64]
Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]
Table = NDArray[np.float64]
Orders = NDArray[np.float64]


@driver
def before_mill(
    state: Block, mill: Table, orders: Orders, slabs: Orders, furnaces: Table, rougher: Table,
    faults: Table, plan: Keys, noise: Keys, episode: Counts, clock: Counts, kept: Orders,
    count: Counts,
) -> None:  # fmt: skip
    """Move what comes before the stands by one interval: noise, faults, furnaces to bar, cycle.

    `state` is flat, one block of ROWS * LANES numbers after the other; so in all drivers.
    """
    size = ROWS * LANES
    for b in range(state.size // size):
        block, low, high = state[b * size : (b + 1) * size], b * LANES, (b + 1) * LANES
        draw(block, noise[low:high], episode[low:high], clock[low:high])
        draw_table(
            block, block[TABLE * LANES :], noise[low:high], episode[low:high], clock[low:high]
        )
        grow(block)
        for i in range(LANES):
            n = low + i
            clock[n] += 1
            if rougher.shape[1] > 0:
                move_upstream(
                    block, i, furnaces[n], rougher[n], mill, orders[n], slabs[n], faults[n],
                    noise[n], episode[n], clock[n],
                )  # fmt: skip
            count[n] = advance_coil(
                block, i, mill, orders[n], rougher[n], plan[n], noise[n], episode[n], clock[n],
                kept[n], count[n],
            )  # fmt: skip
            tell_state(block, i)


@driver
def roll_strip(state: Block, mill: Table) -> None:
    """Move the finishing mill by one interval in the supervisory resolution."""
    size = ROWS * LANES
    for b in range(state.size // size):
        block = state[b * size : (b + 1) * size]
        level1(block, mill)
        roll(block, mill)
        show(block, mill)


@driver
def behind_mill(state: Block, mill: Table, substeps: int) -> None:
    """Move crown and flatness, run-out table and coiler by one interval, and count.

    `substeps` of the strip's cooling in an interval.
    """
    size = ROWS * LANES
    for b in range(state.size // size):
        block = state[b * size : (b + 1) * size]
        table = block[TABLE * LANES :]
        profile(block, mill)
        count_strip(block)
        hand_over(block, table, mill)
        run_out(table, mill, substeps)
        take_back(block, table)


@driver
def begin(
    state: Block, mill: Table, slabs: Orders, furnaces: Table, rougher: Table, settled: Table,
    faults: Orders, scales: Table, lined: Counts, plan: Keys, episode: Counts, clock: Counts,
    count: Counts, mask: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Put the masked lanes at the start of their campaign."""
    size = ROWS * LANES
    for lane in range(mask.size):
        if mask[lane]:
            b, i = lane // LANES, lane % LANES
            clock[lane], count[lane] = 0, 0
            block = state[b * size : (b + 1) * size]
            restart(block, i, mill, faults[lane], scales[lane], float(lined[lane]))
            begin_profile(block, i)
            own_profile(block, i, plan[lane], episode[lane])
            own_zeros(block, i, plan[lane], episode[lane])
            begin_table(block[TABLE * LANES :], i)
            clog(block[TABLE * LANES :], i, plan[lane], episode[lane])
            if rougher.shape[1] > 0:
                begin_hot(block, i)
                begin_upstream(
                    block, i, furnaces[lane], rougher[lane], settled, mill, slabs[lane],
                    plan[lane], episode[lane],
                )  # fmt: skip
