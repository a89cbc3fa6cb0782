"""Level 2 of the finishing mill at work: the set-up of a coil and what it learns from it.

It knows its own model (`control.level2_model`), the data sheet of the mill and what instruments
showed; the plant's drawn parameters are not its business.
"""

import numpy as np
from numpy.typing import NDArray

from ...control.level2_model import MODULUS, SPRAY, delivery_temperature, force, speed_for
from ...control.speed_control import SPRAY_BASE
from ...engine.numbers import exp, fmax, fmin, kernel, log
from ...physics.mill_stretch import gap_for
from . import parameters as P  # noqa: N812
from . import rows as R  # noqa: N812
from .parameters import STANDS
from .rows import LANES

Block = NDArray[np.float64]
Table = NDArray[np.float64]

# 1: share of the logarithmic reduction by stand [C 3.10]
REDUCTION = (0.215, 0.200, 0.175, 0.138, 0.113, 0.091, 0.068)
# 1: how far the temperature has fallen before a stand [C 3.10]
COOLED = (0.0, 0.20, 0.36, 0.48, 0.66, 0.82, 0.97)
# 1: of the load trim by stand; what the front takes the back gives (with REDUCTION: no sum) [C]
LOAD = (1.0, 0.7, 0.3, -0.3, -0.9, -1.3, -1.2)
RUNDOWN = 0.57  # K/s: belief how fast the waiting bar cools [M 3.7]
FORCE_LEARNING = 0.30  # 1: share of a force error learned per coil [M 6.5]
BIAS_LEARNING = 0.10  # 1: of an FDT error, per coil [M 6.5]
ZERO_LEARNING = 0.35  # 1: of the monitor's correction at the head, per coil [M 6.5]
# 1, K: force factor and bias of a line whose furnaces bring bars some 90 K hotter than those that
# the model was identified on, of the same rolled coils [C]
HOT_FACTOR = 0.91
LEAST_FACTOR, MOST_FACTOR = 0.6, 1.6  # 1: bounds of a learned force factor [T]


@kernel
def begin_hot(block: Block, i: int) -> None:
    """Let level 2 of lane i begin with what it knows of the bars of furnaces and rougher."""
    for s in range(STANDS):
        block[(R.ADAPTED + s) * LANES + i] *= HOT_FACTOR


@kernel
def set_up(block: Block, i: int, mill: Table, seen: float) -> None:
    """Set gaps and speeds of lane i; `seen` is what the bar pyrometer showed (K)."""
    gauge, width = block[R.GAUGE_AIM * LANES + i], block[R.WIDTH * LANES + i]
    thick = block[R.BAR_THICK * LANES + i]
    aim = block[R.FDT_AIM * LANES + i] - block[R.FDT_BIAS * LANES + i]
    speed = speed_for(aim, seen, thick, gauge, SPRAY_BASE)
    speed = fmin(fmax(speed, mill[P.SLOWEST]), mill[P.FASTEST])
    block[R.THREAD_SPEED * LANES + i] = speed
    # the bar waits and cools: faster at the end, so that the delivery temperature stays
    duration = block[R.BAR * LANES + i] * thick / (speed * gauge)
    last = speed_for(aim, seen - RUNDOWN * duration, thick, gauge, SPRAY_BASE)
    last = fmin(fmax(last, speed), mill[P.FASTEST])
    # what the speed cannot reach between its limits the sprays take, from the head on
    off = delivery_temperature(seen, thick, gauge, speed * gauge, SPRAY_BASE) - aim
    opening = fmin(fmax(off * speed * gauge / SPRAY, -SPRAY_BASE), 1.0 - SPRAY_BASE)
    block[R.SPRAY_INTEGRAL * LANES + i] = opening
    block[R.ZOOM * LANES + i] = 0.0
    block[R.ZOOM_RATE * LANES + i] = (last - speed) / fmax(duration, 10.0)
    exit = thick
    reduction = log(thick / gauge)
    correction = 1.0 + block[R.HARDNESS_CORRECTION * LANES + i]
    for s in range(STANDS):
        entry = exit
        moved = 1.0 + block[R.LOAD_TRIM * LANES + i] * LOAD[s]
        exit = entry * exp(-reduction * REDUCTION[s] * moved)
        if s == STANDS - 1:
            exit = gauge
        temperature = seen - COOLED[s] * (seen - block[R.FDT_AIM * LANES + i])
        expected = force(
            entry, exit, width, mill[P.RADIUS + s], speed * gauge / exit, temperature,
            block[R.CARBON * LANES + i],
        )  # fmt: skip
        expected = expected * block[(R.ADAPTED + s) * LANES + i] * correction
        block[(R.EXPECTED + s) * LANES + i] = expected
        block[(R.GAP + s) * LANES + i] = (
            gap_for(exit, expected, MODULUS) + block[(R.ZERO + s) * LANES + i]
        )
        block[(R.LOCKED + s) * LANES + i] = expected
        block[(R.MONITOR + s) * LANES + i] = 0.0
        block[(R.H + s) * LANES + i] = entry
        block[(R.H + s + 1) * LANES + i] = exit


@kernel
def learn_force(block: Block, i: int) -> None:
    """At the head: how far measured forces lie from the expected ones; a fifth is learned."""
    total = 0.0
    learning = FORCE_LEARNING * (1.0 - block[R.FROZEN * LANES + i])
    for s in range(STANDS):
        shown = block[(R.SHOWN_FORCE + s) * LANES + i]
        ratio = fmin(fmax(shown / block[(R.EXPECTED + s) * LANES + i], 0.6), 1.6)
        if s < 4:
            total += 0.25 * ratio
        factor = block[(R.ADAPTED + s) * LANES + i] * (1.0 + learning * (ratio - 1.0))
        block[(R.ADAPTED + s) * LANES + i] = fmin(fmax(factor, LEAST_FACTOR), MOST_FACTOR)
    block[R.FORCE_RATIO * LANES + i] = total
    block[R.RATIO_DONE * LANES + i] = 1.0


@kernel
def learn_zero(block: Block, i: int) -> None:
    """When the head is in the coiler: what the X-ray had to correct at it is a wrong zero."""
    learning = ZERO_LEARNING * (1.0 - block[R.FROZEN * LANES + i])
    for s in range(STANDS):
        learned = block[(R.ZERO + s) * LANES + i]
        learned = learned + learning * block[(R.MONITOR + s) * LANES + i]
        block[(R.ZERO + s) * LANES + i] = fmin(fmax(learned, -1.5e-3), 1.5e-3)


@kernel
def learn_temperatures(block: Block, i: int) -> None:
    """Behind the tail: level 2 learns from the pyrometer its bias of the delivery temperature."""
    learning = 1.0 - block[R.FROZEN * LANES + i]
    seconds = fmax(block[R.BIAS_TIME * LANES + i], 1.0)
    if block[R.FDT_SOURCE * LANES + i] < 0.5:
        bias = block[R.BIAS_SUM * LANES + i] / seconds
        moved = block[R.FDT_BIAS * LANES + i] + BIAS_LEARNING * learning * bias
        block[R.FDT_BIAS * LANES + i] = fmin(fmax(moved, -60.0), 60.0)
