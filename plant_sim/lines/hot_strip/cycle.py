"""The coil cycle: order, set-up, head, body, tail, and what is kept of a finished coil.

These are events of one plant at a time: plain branches, outside the wide loops of the mill and the
table.
"""

import numpy as np
from numpy.typing import NDArray

from ...economics import cost
from ...engine.numbers import kernel
from ...engine.random import normal, uniform
from ...physics.strip_temperature import after_radiation, emissivity
from . import rows as R  # noqa: N812
from .coil_start import BAR_DRAW, bar_at, draw_bar, head_deficit, order
from .disturbances import warm_water
from .level2 import learn_force, learn_temperatures, learn_zero, set_up
from .rows import INTERVAL, LANES
from .parameters import STANDS

Block = NDArray[np.float64]
Table = NDArray[np.float64]

COVER = 0.35  # 1: share of radiation that the hoods over the delay table let through [M 3.7]
BAR_PYROMETER = 3.0  # K: its noise at the set-up [M 3.7]
HEAD_AT_COILER = 112.0  # m: strip delivered when the head is in the coiler [M 4.2]
HEAD_SEEN = 30.0  # m: strip delivered when the forces of the head have settled [T]
LOCK_ON = 2.0  # s: gap control locks on to the head's forces [M 3.4]
TAIL_SHARE = 0.92  # 1: of the bar; behind it the tail [T]
GAP_LEAST, GAP_MORE = 20.0, 6.0  # s: from tail to the next head [M 6.1]
HEAD, BODY, TAIL, STOPPED = 1.0, 2.0, 3.0, 4.0


@kernel
def _close(block: Block, i: int, kept: Table, count: int) -> None:
    """Keep the finished coil, add its money and harm, and clear the counters."""
    if count < kept.shape[0]:
        for n in range(len(R.KEPT)):
            kept[count, n] = block[R.KEPT[n] * LANES + i]
    block[R.MONEY * LANES + i] += cost(
        block[R.GAUGE_OFF * LANES + i], block[R.FDT_OFF * LANES + i], block[R.CT_OFF * LANES + i],
        block[R.ENERGY * LANES + i], block[R.SECONDS * LANES + i],
    )  # fmt: skip
    block[R.HARM * LANES + i] += block[R.OVERLOAD * LANES + i] + block[R.COLD * LANES + i]
    for row in range(R.ROLLED, R.COLD + 1):
        block[(R.CLOSED + row - R.ROLLED) * LANES + i] += block[row * LANES + i]
        block[row * LANES + i] = 0.0


@kernel
def advance_coil(
    block: Block, i: int, mill: Table, orders: Table, plan: np.uint64, noise: np.uint64,
    episode: int, clock: int, kept: Table, count: int,
) -> int:  # fmt: skip
    """Move lane i's coil by one interval; returns how many coils it has finished.

    `orders` is its book, (coils, ORDER); `kept` takes finished coils, (most coils, KEPT).
    """
    warm_water(block, i, plan, episode, clock)
    block[R.SECONDS * LANES + i] += INTERVAL
    if block[R.ACTIVE * LANES + i] < 0.5:
        block[R.GAP_LEFT * LANES + i] -= INTERVAL
        if block[R.GAP_LEFT * LANES + i] > 0.0:
            return count
        if block[R.COIL * LANES + i] > 0.5:
            _close(block, i, kept, count)
            count += 1
        _begin(block, i, mill, orders, plan, noise, episode)
    else:
        _follow(block, i)
    if block[R.BAR_DONE * LANES + i] >= block[R.BAR * LANES + i]:
        number = int(block[R.COIL * LANES + i])
        learn_temperatures(block, i)
        block[R.ACTIVE * LANES + i], block[R.PHASE * LANES + i] = 0.0, 0.0
        more = GAP_MORE * block[R.GAP_SCALE * LANES + i]
        gap = GAP_LEAST + more * uniform(noise, episode, number, BAR_DRAW + 6)
        block[R.GAP_LEFT * LANES + i] = gap
        return count
    done = block[R.BAR_DONE * LANES + i]
    bar = bar_at(block, i, R.BAR_CELL, done) - head_deficit(block, i, done)
    block[R.ENTRY_TEMPERATURE * LANES + i] = after_radiation(
        bar, block[R.BAR_THICK * LANES + i], COVER * block[R.COIL_TIME * LANES + i],
        emissivity(bar),
    )  # fmt: skip
    block[R.H * LANES + i] = bar_at(block, i, R.BAR_CELL_THICK, done)
    block[R.BAR_WIDER * LANES + i] = bar_at(block, i, R.BAR_CELL_WIDTH, done)
    return count


@kernel
def _begin(
    block: Block, i: int, mill: Table, orders: Table, plan: np.uint64, noise: np.uint64,
    episode: int,
) -> None:  # fmt: skip
    """Bring the next bar to F1 and set the mill up for it."""
    order(block, i, mill, orders, plan, noise, episode)
    draw_bar(block, i, noise, episode)
    number = int(block[R.COIL * LANES + i])
    missed = BAR_PYROMETER * block[R.NOISE_SCALE * LANES + i]
    missed = missed * normal(noise, episode, number, BAR_DRAW + 5)
    set_up(block, i, mill, block[R.BAR_TEMPERATURE * LANES + i] + missed)
    block[R.ACTIVE * LANES + i], block[R.PHASE * LANES + i] = 1.0, HEAD
    for row in (
        R.COIL_TIME, R.BAR_DONE, R.STRIP_DONE, R.RATIO_DONE, R.BIAS_SUM, R.SPRAY_INTEGRAL,
        R.OVER_TIME, R.EVENT, R.EVENT_PLACE,
    ):  # fmt: skip
        block[row * LANES + i] = 0.0
    block[R.SPEED * LANES + i] = block[R.THREAD_SPEED * LANES + i]


@kernel
def _follow(block: Block, i: int) -> None:
    """The strip moves on: how much is through, which phase, lock-on, learning at the head."""
    block[R.COIL_TIME * LANES + i] += INTERVAL
    step = block[R.SPEED * LANES + i] * INTERVAL
    block[R.STRIP_DONE * LANES + i] += step
    drawn = step * block[(R.H + STANDS) * LANES + i] / block[R.BAR_THICK * LANES + i]
    block[R.BAR_DONE * LANES + i] += drawn
    strip = block[R.STRIP_DONE * LANES + i]
    if block[R.COIL_TIME * LANES + i] <= LOCK_ON:
        for s in range(STANDS):
            block[(R.LOCKED + s) * LANES + i] = block[(R.SHOWN_FORCE + s) * LANES + i]
    if block[R.RATIO_DONE * LANES + i] < 0.5 and strip > HEAD_SEEN:
        learn_force(block, i)
    if strip > HEAD_AT_COILER:
        if block[R.PHASE * LANES + i] < BODY:
            learn_zero(block, i)
        block[R.ZOOM * LANES + i] += block[R.ZOOM_RATE * LANES + i] * INTERVAL
        block[R.PHASE * LANES + i] = BODY
    if block[R.BAR_DONE * LANES + i] > TAIL_SHARE * block[R.BAR * LANES + i]:
        block[R.PHASE * LANES + i] = TAIL
    block[R.BIAS_SUM * LANES + i] += (
        block[R.SHOWN_FDT * LANES + i] - block[R.FDT_MODEL * LANES + i]
    ) * INTERVAL
