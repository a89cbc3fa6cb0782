"""The queue between furnaces and finishing mill, as pacing sees it.

Level 2 walks over the pieces under way, adds up what each still needs, and says when the next slab
must leave its furnace. What it believed and what happened teaches it two time factors.
"""

import numpy as np
from numpy.typing import NDArray

from ...control.pacing import (
    NEVER,
    SWING,
    approach_seconds,
    delivery_seconds,
    free_after,
    learn_time,
    seconds_to_ask,
    wished_gap,
)
from ...engine.numbers import fmax, kernel
from ...physics.strip_temperature import GROWTH
from . import parameters as P  # noqa: N812
from . import rougher_rows as R  # noqa: N812

Block = NDArray[np.float64]


@kernel
def announce(
    rougher: Block, width: float, thickness: float, length: float, carbon: float, bar: float,
    strip_width: float, believed: float, finishing: float,
) -> None:  # fmt: skip
    """Tell pacing which slab comes next; its passes are planned with the next interval.

    Args:
        rougher: the array.
        width: m; likewise thickness and length (m).
        thickness: m.
        length: m.
        carbon: as declared (weight %).
        bar: thickness aim of the transfer bar (m).
        strip_width: width aim of the strip (m).
        believed: mean temperature it is expected to leave the furnace with (K).
        finishing: seconds its bar is believed to need in the finishing mill, without the learned
            factor.
    """
    order = rougher[R.ORDERED : R.ORDERED + R.PIECE]
    order[R.SLAB_WIDTH], order[R.SLAB_THICKNESS] = GROWTH * width, GROWTH * thickness
    order[R.SLAB_LENGTH] = GROWTH * length
    order[R.CARBON], order[R.BAR_AIM], order[R.WIDTH_AIM] = carbon, bar, strip_width
    order[R.BELIEVED], order[R.FINISHING] = believed, finishing
    order[R.ROUGHING], order[R.PLAN_FROM] = 0.0, 1.0


@kernel
def slab_in(rougher: Block, mill: Block, free: float) -> float:
    """Return in how many seconds the announced slab should leave its furnace; 0 or less: now.

    `free`: seconds until the finishing mill is free of the bar it is rolling, 0 if it is empty.
    While the announced slab is not planned yet or the table from the furnaces is occupied, the
    answer is `NEVER`. Fills the row PACE (s from slab to slab).
    """
    gap = wished_gap(rougher[R.PACE_TRIM])
    distance, table = mill[P.FURNACE_TO_RM], mill[P.DELAY_TABLE]
    factor, stand_free = rougher[R.FINISHING_CORRECTION], 0.0
    for place in (R.TABLE, R.STAND, R.APPROACH):
        piece = rougher[place : place + R.PIECE]
        if piece[R.STATUS] == float(R.EMPTY):
            continue
        bar = piece[R.SLAB_LENGTH] * piece[R.SLAB_THICKNESS] / piece[R.BAR_AIM]
        roughing = piece[R.ROUGHING] * rougher[R.ROUGHING_CORRECTION]
        arrival = delivery_seconds(table, piece[R.PLACE])
        if place == R.STAND:
            stand_free = fmax(roughing - piece[R.IN_STAND], 1.0)
            arrival = stand_free + delivery_seconds(table, bar)
        elif place == R.APPROACH:
            left = fmax(piece[R.HOLD], 0.0) + approach_seconds(distance - piece[R.PLACE])
            stand_free = fmax(stand_free, left) + roughing
            arrival = stand_free + delivery_seconds(table, bar)
        free = free_after(free, arrival, gap, factor * piece[R.FINISHING])
    order = rougher[R.ORDERED : R.ORDERED + R.PIECE]
    roughing = order[R.ROUGHING] * rougher[R.ROUGHING_CORRECTION]
    bar = order[R.SLAB_LENGTH] * order[R.SLAB_THICKNESS] / fmax(order[R.BAR_AIM], 1e-3)
    approach = approach_seconds(distance)
    rougher[R.PACE] = fmax(factor * order[R.FINISHING] + gap, roughing + SWING)
    if order[R.ROUGHING] <= 0.0 or rougher[R.APPROACH + R.STATUS] != float(R.EMPTY):
        return NEVER
    lead = approach + roughing + delivery_seconds(table, bar)
    return seconds_to_ask(free, gap, lead, stand_free + SWING, approach)


@kernel
def roughed(rougher: Block, piece: Block) -> None:
    """Learn how long the passes of a bar took; a wait for the delay table does not count."""
    believed = piece[R.ROUGHING] * rougher[R.ROUGHING_CORRECTION]
    rougher[R.ROUGHING_CORRECTION] = learn_time(
        rougher[R.ROUGHING_CORRECTION], believed, piece[R.IN_STAND]
    )


@kernel
def finished(rougher: Block, believed: float, seen: float) -> None:
    """Learn that a bar believed to need `believed` s in the finishing mill took `seen` s.

    Both from the bite of the first stand to the tail leaving the last one; `believed` without the
    learned factor.
    """
    corrected = believed * rougher[R.FINISHING_CORRECTION]
    rougher[R.FINISHING_CORRECTION] = learn_time(rougher[R.FINISHING_CORRECTION], corrected, seen)
