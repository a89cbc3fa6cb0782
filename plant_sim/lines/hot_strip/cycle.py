"""The coil cycle: order, set-up, head, body, tail, and what is kept of a finished coil.

These are events of one plant at a time: plain branches, outside the wide loops of the mill and the
table.
"""

import numpy as np
from numpy.typing import NDArray

from ...economics import (
    ENERGY,
    FUEL,
    LINE_TIME,
    ROLL_WEAR,
    SCALE,
    WATER,
    downgrade,
    harm,
)
from ...engine.numbers import fmax, kernel, where
from ...engine.random import normal, uniform
from ...physics.strip_temperature import after_radiation, emissivity
from . import parameters as P  # noqa: N812
from . import rows as R  # noqa: N812
from .coil_start import BAR_DRAW, bar_at, draw_bar, head_deficit, order
from .disturbances import warm_water
from .ends import ENDS_SEEN, close_ends, learn_behind_head, learn_tail
from .faults import DESCALER, RDT_PYROMETER
from .layout import TABLE
from .level2 import (
    DRAWN_RUNDOWN,
    ENDS_LEARNED,
    HEAD_LEARNED,
    RUNDOWN,
    learn_head,
    learn_temperatures,
    learn_zero,
    set_up,
)
from .mill_show import drawn_in
from .parameters import STANDS
from .profile import change_rolls, preset_profile
from .rougher_rows import NUMBER
from .rougher_rows import TABLE as TABLE_PIECE
from .rows import INTERVAL, LANES
from .runout_control import learn_table
from .upstream import (
    BELIEVED_DESCALING,
    CLEARED,
    bar_through,
    bar_waits,
    feed_bar,
    nothing_under_way,
    scrap_bar,
    take_bar,
)

Block = NDArray[np.float64]
Table = NDArray[np.float64]

HEADERS, DRAWN_DESCALING = 2.0, 30.0  # 1, K: a drawn bar has lost this to so many headers [M 3.7]
COVER = 0.35  # 1: share of radiation that the hoods over the delay table let through [M 3.7]
BAR_PYROMETER = 3.0  # K: its noise at the set-up [M 3.7]
HEAD_SEEN = 6.0  # m: strip delivered when forces have settled and no monitor has moved yet [M 6.5]
LOCK_ON = 2.0  # s: gap control locks on to the head's forces [M 3.4]
TAIL_SHARE = 0.92  # 1: of the bar; behind it the tail [T]
GAP_LEAST, GAP_MORE = 20.0, 6.0  # s: from tail to the next head [M 6.1]
COBBLE_DOWN, TRIP_DOWN, ROLL_CHANGE = 1200.0, 240.0, 600.0  # s: until the line runs again [M 6.1]
HEAD, BODY, TAIL = 1.0, 2.0, 3.0
STOPPED, WAITING, ROLLING, CHANGING_ROLLS, COBBLED = 0.0, 1.0, 2.0, 3.0, 4.0
LONGEST_GAP = 60.0  # s: of a gap between two coils; a longer one is a roll change [M 6.1]


@kernel
def _close(block: Block, i: int, kept: Table, count: int) -> None:
    """Keep the finished coil, add its money and harm, and clear the counters."""
    if count < kept.shape[0]:
        for n in range(len(R.KEPT)):
            kept[count, n] = block[R.KEPT[n] * LANES + i]
    _book(block, i)
    block[R.MONEY * LANES + i] = 0.0
    for n in range(len(R.REASONS)):
        block[R.MONEY * LANES + i] += block[(R.COST_FUEL + n) * LANES + i]
    block[R.HARM * LANES + i] = block[R.HARM_TOTAL * LANES + i]
    block[R.METERED * LANES + i] = 0.0
    for row in range(R.ROLLED, R.COBBLES + 1):
        block[(R.CLOSED + row - R.ROLLED) * LANES + i] += block[row * LANES + i]
        block[row * LANES + i] = 0.0


@kernel
def _book(block: Block, i: int) -> None:
    """Add what the coil has cost to the counters of lane i, by reason, and its harm."""
    off = downgrade(
        block[R.GAUGE_OFF * LANES + i], block[R.FDT_OFF * LANES + i], block[R.CT_OFF * LANES + i],
        block[R.WIDTH_OFF * LANES + i], block[R.CROWN_OFF * LANES + i],
        block[R.FLAT_OFF * LANES + i], block[R.SCRAP * LANES + i],
    )  # fmt: skip
    block[R.COST_DOWNGRADE * LANES + i] += off
    block[R.COST_FUEL * LANES + i] += block[R.FUEL * LANES + i] * FUEL
    block[R.COST_SCALE * LANES + i] += block[R.SCALE_LOSS * LANES + i] * SCALE
    priced = block[R.ENERGY * LANES + i] + block[R.DEAR * LANES + i]
    block[R.COST_ENERGY * LANES + i] += priced * ENERGY
    block[R.COST_WATER * LANES + i] += block[R.WATER * LANES + i] * WATER
    block[R.COST_DELAY * LANES + i] += block[R.SECONDS * LANES + i] * LINE_TIME
    block[R.COST_ROLLS * LANES + i] += block[R.WEAR_DONE * LANES + i] * ROLL_WEAR
    block[R.HARM_TOTAL * LANES + i] += harm(
        block[R.OVERLOAD * LANES + i], block[R.COLD * LANES + i], block[R.STOPPED * LANES + i],
        block[R.TELESCOPED * LANES + i],
    )  # fmt: skip


@kernel
def _meter(block: Block, i: int, now: float) -> None:
    """Price the energy of the last interval: what it costs above the usual counts as more of it."""
    used = block[R.ENERGY * LANES + i]
    more = (block[R.TARIFF * LANES + i] - 1.0) * (used - block[R.METERED * LANES + i])
    block[R.DEAR * LANES + i] += more
    block[R.METERED * LANES + i] = used
    begun = block[R.DEAR_FROM * LANES + i] <= now
    dear = begun and now < block[R.DEAR_UNTIL * LANES + i]
    block[R.TARIFF * LANES + i] = where(dear, block[R.DEAR_FACTOR * LANES + i], 1.0)


@kernel
def advance_coil(
    block: Block, i: int, mill: Table, orders: Table, rougher: Block, plan: np.uint64,
    noise: np.uint64, episode: int, clock: int, kept: Table, count: int,
) -> int:  # fmt: skip
    """Move lane i's coil by one interval; returns how many coils it has finished.

    `orders` is its book, (coils, ORDER); `rougher` brings the bars, or has no size where they are
    drawn; `kept` takes finished coils, (most coils, KEPT).
    """
    upstream = rougher.size > 0
    warm_water(block, i, plan, episode, clock)
    block[R.SECONDS * LANES + i] += INTERVAL
    _meter(block, i, clock * INTERVAL)
    if block[R.EVENT * LANES + i] > 0.5 and block[R.ACTIVE * LANES + i] > 0.5:
        _stop(block, i)
        if upstream:
            scrap_bar(rougher)
    if block[R.GAP_LEFT * LANES + i] > 0.0 and block[R.EVENT * LANES + i] > 0.5:
        block[R.STOPPED * LANES + i] += INTERVAL
        block[R.DELAY * LANES + i] += INTERVAL
    if block[R.ACTIVE * LANES + i] < 0.5:
        block[R.GAP_LEFT * LANES + i] -= INTERVAL
        if block[R.GAP_LEFT * LANES + i] > 0.0:
            return count
        # bars under way are rolled first: they would grow too cold on the delay table
        clear = nothing_under_way(rougher) if upstream else True
        if block[R.REQUEST * LANES + i] > 1.5 and clear:
            _change_rolls(block, i)
            return count
        if upstream and not bar_waits(rougher, mill):
            return count
        if block[R.COIL * LANES + i] > 0.5:
            _close(block, i, kept, count)
            count += 1
        _begin(block, i, mill, orders, rougher, plan, noise, episode)
    else:
        _follow(block, i, mill)
        if upstream:
            feed_bar(block, i, rougher)
    if block[R.BAR_DONE * LANES + i] >= block[R.BAR * LANES + i]:
        number = int(block[R.COIL * LANES + i])
        learn_temperatures(block, i)
        learn_tail(block, i)
        learn_table(block[TABLE * LANES :], i, 1.0 - block[R.FROZEN * LANES + i])
        block[R.ACTIVE * LANES + i], block[R.PHASE * LANES + i] = 0.0, 0.0
        block[R.STRIP_LEFT * LANES + i] = 0.0
        if upstream:
            bar_through(block, i, rougher)
            cleared = CLEARED + block[R.TRANSIT * LANES + i]
            block[R.GAP_LEFT * LANES + i] = fmax(cleared, block[R.GAP_LEFT * LANES + i])
            return count
        more = GAP_MORE * block[R.GAP_SCALE * LANES + i]
        gap = GAP_LEAST + more * uniform(noise, episode, number, BAR_DRAW + 6)
        gap += block[R.TRANSIT * LANES + i]
        block[R.GAP_LEFT * LANES + i] = fmax(gap, block[R.GAP_LEFT * LANES + i])
        return count
    if upstream:
        return count
    done = block[R.BAR_DONE * LANES + i]
    bar = bar_at(block, i, R.BAR_CELL, done) - head_deficit(block, i, done)
    bar = bar + block[R.PATCH * LANES + i]
    block[R.ENTRY_TEMPERATURE * LANES + i] = after_radiation(
        bar, block[R.BAR_THICK * LANES + i], COVER * block[R.COIL_TIME * LANES + i],
        emissivity(bar),
    )  # fmt: skip
    left = 1.0 - block[(R.FAULT + DESCALER) * LANES + i]
    headers = block[R.DESCALING_MODE * LANES + i] * left
    block[R.ENTRY_TEMPERATURE * LANES + i] += (1.0 - headers / HEADERS) * DRAWN_DESCALING
    block[R.H * LANES + i] = bar_at(block, i, R.BAR_CELL_THICK, done)
    block[R.BAR_WIDER * LANES + i] = bar_at(block, i, R.BAR_CELL_WIDTH, done)
    return count


@kernel
def tell_state(block: Block, i: int) -> None:
    """Say what lane i is doing: signal `line.state`."""
    event, left = block[R.EVENT * LANES + i], block[R.GAP_LEFT * LANES + i]
    state = WAITING
    if block[R.ACTIVE * LANES + i] > 0.5:
        state = ROLLING
    elif left > 0.0 and event > 0.5:
        state = COBBLED if event < 2.5 else STOPPED
    elif left > LONGEST_GAP:
        state = CHANGING_ROLLS
    block[R.LINE_STATE * LANES + i] = state


@kernel
def _begin(
    block: Block, i: int, mill: Table, orders: Table, rougher: Block, plan: np.uint64,
    noise: np.uint64, episode: int,
) -> None:  # fmt: skip
    """Bring the next bar to F1 and set the mill up for it."""
    for row in (  # first of all: a bar is fed from where this one begins, not where the last ended
        R.COIL_TIME, R.BAR_DONE, R.STRIP_DONE, R.HEAD_LEARNED, R.BIAS_SUM, R.BIAS_TIME, R.OVER_TIME,
        R.EVENT, R.EVENT_PLACE, R.END_NOW, R.HEAD_SUM, R.HEAD_TIME, R.TAIL_SUM, R.TAIL_TIME,
        R.UNDER_WAY,
    ):  # fmt: skip
        block[row * LANES + i] = 0.0
    if rougher.size > 0:
        number = int(rougher[TABLE_PIECE + NUMBER])
        order(block, i, mill, orders, plan, noise, episode, number)
        take_bar(block, i, rougher)
        feed_bar(block, i, rougher)
    else:
        number = int(block[R.COIL * LANES + i]) + 1
        order(block, i, mill, orders, plan, noise, episode, number)
        draw_bar(block, i, noise, episode)
    missed = BAR_PYROMETER * block[R.NOISE_SCALE * LANES + i]
    missed = missed * normal(noise, episode, number, BAR_DRAW + 5)
    missed += block[(R.FAULT + RDT_PYROMETER) * LANES + i]
    shown = block[R.BAR_TEMPERATURE * LANES + i] + missed
    if rougher.size > 0:
        set_up(block, i, mill, shown, BELIEVED_DESCALING, RUNDOWN)
    else:
        set_up(block, i, mill, shown, 0.0, DRAWN_RUNDOWN)
    _see_tail(block, i)
    close_ends(block, i)
    preset_profile(block, i, int(mill[P.FIRST_STAND]))
    block[R.ACTIVE * LANES + i], block[R.PHASE * LANES + i] = 1.0, HEAD
    block[R.SPEED * LANES + i] = block[R.THREAD_SPEED * LANES + i]


@kernel
def _stop(block: Block, i: int) -> None:
    """A cobble, a break or a trip: the rest of the coil is scrap and the mill has to be cleared."""
    event = block[R.EVENT * LANES + i]
    down = TRIP_DOWN
    if event < 2.5:
        down = COBBLE_DOWN
        block[R.COBBLES * LANES + i] += 1.0
    else:
        block[R.TRIPS * LANES + i] += 1.0
    left = block[R.MASS * LANES + i] - block[R.ROLLED * LANES + i]
    block[R.SCRAP * LANES + i] += fmax(left, 0.0)
    block[R.ACTIVE * LANES + i], block[R.PHASE * LANES + i] = 0.0, 0.0
    block[R.GAP_LEFT * LANES + i] = down


@kernel
def _change_rolls(block: Block, i: int) -> None:
    """Put ground rolls in, in the gap behind a coil: the request is answered and taken back."""
    block[R.REQUEST * LANES + i] = 0.0
    change_rolls(block, i)
    block[R.GAP_LEFT * LANES + i] = ROLL_CHANGE
    block[R.DELAY * LANES + i] += ROLL_CHANGE


@kernel
def _see_tail(block: Block, i: int) -> None:
    """Track how much strip is still to leave F7, by the bar before F1 and what lies in the mill."""
    left = fmax(block[R.BAR * LANES + i] - block[R.BAR_DONE * LANES + i], 0.0)
    left = left * block[R.BAR_THICK * LANES + i] / block[R.GAUGE_AIM * LANES + i]
    block[R.STRIP_LEFT * LANES + i] = left + block[R.UNDER_WAY * LANES + i]


@kernel
def _follow(block: Block, i: int, mill: Table) -> None:
    """The strip moves on: how much is through, which phase, lock-on, learning at the head."""
    block[R.COIL_TIME * LANES + i] += INTERVAL
    step = block[R.SPEED * LANES + i] * INTERVAL
    block[R.STRIP_DONE * LANES + i] += step
    block[R.BAR_DONE * LANES + i] += drawn_in(block, i)
    strip = block[R.STRIP_DONE * LANES + i]
    _see_tail(block, i)
    close_ends(block, i)
    if block[R.COIL_TIME * LANES + i] <= LOCK_ON:
        for s in range(STANDS):
            block[(R.LOCKED + s) * LANES + i] = block[(R.SHOWN_FORCE + s) * LANES + i]
    learned = block[R.HEAD_LEARNED * LANES + i]
    if learned < HEAD_LEARNED and strip > HEAD_SEEN:
        learn_zero(block, i)
        learn_head(block, i, mill)
    elif HEAD_LEARNED <= learned < ENDS_LEARNED and strip > ENDS_SEEN:
        learn_behind_head(block, i)
    if strip > mill[P.COILER]:  # the head is in the coiler
        block[R.ZOOM * LANES + i] += block[R.ZOOM_RATE * LANES + i] * INTERVAL
        block[R.PHASE * LANES + i] = BODY
    if block[R.BAR_DONE * LANES + i] > TAIL_SHARE * block[R.BAR * LANES + i]:
        block[R.PHASE * LANES + i] = TAIL
    if block[R.SHOWN_GAUGE * LANES + i] > 0.0:  # strip is under the pyrometer
        off = block[R.SHOWN_FDT * LANES + i] - block[R.FDT_MODEL * LANES + i]
        block[R.BIAS_SUM * LANES + i] += off * INTERVAL
        block[R.BIAS_TIME * LANES + i] += INTERVAL
