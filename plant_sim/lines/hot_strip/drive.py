"""The drivers of the compiled line: one interval of a block, many intervals of many blocks."""

import numpy as np
from numpy.typing import NDArray

from ...engine.numbers import driver, kernel
from ...physics.slab_conduction import SLABS
from .coil_start import own_profile, restart
from .cycle import advance_coil
from .disturbances import draw, grow
from .hand_over import draw_table, hand_over, take_back
from .layout import ROWS, TABLE
from .mill import level1, roll
from .mill_show import show
from .profile import begin_profile, profile
from .rows import LANES
from .runout import SUBSTEPS
from .runout_control import begin_table
from .runout_drive import run_out
from .runout_valves import clog
from .upstream import begin_upstream, move_upstream

Block = NDArray[np.float64]
Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]
Table = NDArray[np.float64]
Orders = NDArray[np.float64]


@kernel
def before_mill(
    block: Block, mill: Table, orders: Orders, slabs: Orders, furnaces: Table, rougher: Table,
    faults: Table, plan: Keys, noise: Keys, episode: Counts, clock: Counts, kept: Orders,
    count: Counts,
) -> None:  # fmt: skip
    """Move what comes before the stands by one interval: noise, faults, furnaces to bar, cycle."""
    draw(block, noise, episode, clock)
    draw_table(block, block[TABLE * LANES :], noise, episode, clock)
    grow(block)
    for i in range(LANES):
        clock[i] += 1
        if rougher.shape[1] > 0:
            move_upstream(
                block, i, furnaces[i], rougher[i], mill, orders[i], slabs[i], faults[i], noise[i],
                episode[i], clock[i],
            )  # fmt: skip
        count[i] = advance_coil(
            block, i, mill, orders[i], rougher[i], plan[i], noise[i], episode[i], clock[i],
            kept[i], count[i],
        )  # fmt: skip


@kernel
def behind_mill(block: Block, mill: Table) -> None:
    """Move what comes behind the stands by one interval: run-out table and coiler."""
    table = block[TABLE * LANES :]
    hand_over(block, table)
    run_out(table, mill, SUBSTEPS)
    take_back(block, table)


@kernel
def roll_strip(block: Block, mill: Table) -> None:
    """Move the finishing mill by one interval in the supervisory resolution."""
    level1(block, mill)
    roll(block, mill)
    profile(block, mill)
    show(block, mill)


@driver
def advance(
    intervals: int, state: Block, mill: Table, orders: Orders, slabs: Orders, furnaces: Table,
    rougher: Table, faults: Table, plan: Keys, noise: Keys, episode: Counts, clock: Counts,
    kept: Orders, count: Counts,
) -> None:  # fmt: skip
    """Move all blocks; `state` is flat, one block of ROWS * LANES numbers after the other."""
    size = ROWS * LANES
    for b in range(state.size // size):
        low, high = b * LANES, (b + 1) * LANES
        block = state[b * size : (b + 1) * size]
        for _ in range(intervals):
            before_mill(
                block, mill, orders[low:high], slabs[low:high], furnaces[low:high],
                rougher[low:high], faults[low:high], plan[low:high], noise[low:high],
                episode[low:high], clock[low:high], kept[low:high], count[low:high],
            )  # fmt: skip
            roll_strip(block, mill)
            behind_mill(block, mill)


@driver
def begin(
    state: Block, mill: Table, slabs: Orders, furnaces: Table, rougher: Table, settled: Table,
    faults: Orders, scales: Table, lined: Counts, plan: Keys, episode: Counts, clock: Counts,
    count: Counts, mask: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Put the masked lanes at the start of their campaign."""
    size, first = ROWS * LANES, np.zeros((SLABS, 6))
    for lane in range(mask.size):
        if mask[lane]:
            b, i = lane // LANES, lane % LANES
            clock[lane], count[lane] = 0, 0
            block = state[b * size : (b + 1) * size]
            restart(block, i, mill, faults[lane], scales[lane], float(lined[lane]))
            begin_profile(block, i)
            own_profile(block, i, plan[lane], episode[lane])
            begin_table(block[TABLE * LANES :], i)
            clog(block[TABLE * LANES :], i, plan[lane], episode[lane])
            if rougher.shape[1] > 0:
                begin_upstream(
                    block, i, furnaces[lane], rougher[lane], settled, mill, slabs[lane], first,
                    plan[lane], episode[lane],
                )  # fmt: skip
