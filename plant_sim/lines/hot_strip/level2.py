"""Level 2 of the finishing mill at work: the set-up of a coil and what it learns from it.

It knows its own model (`control.level2_model`), the data sheet of the mill and what instruments
showed; the plant's drawn parameters are not its business.
"""

import numpy as np
from numpy.typing import NDArray

from ...control.gap_control import MONITOR_SHARE
from ...control.level2_model import (
    LOSS_SHARE,
    SPRAY,
    delivery_temperature,
    force,
    modulus,
    speed_for,
)
from ...control.speed_control import SPRAY_BASE
from ...engine.numbers import exp, fmax, fmin, inline, kernel, log
from ...physics.mill_stretch import KISS_FORCE, gap_for
from . import parameters as P  # noqa: N812
from . import rows as R  # noqa: N812
from .parameters import STANDS
from .rows import LANES

Block = NDArray[np.float64]
Table = NDArray[np.float64]

# 1: share of the logarithmic reduction by stand, of seven [C 3.10]
REDUCTION = (0.215, 0.200, 0.175, 0.138, 0.113, 0.091, 0.068)
REDUCTION_OF_SIX = (0.218, 0.210, 0.192, 0.162, 0.126, 0.092)  # 1: same, of six stands [T 3.10]
REDUCTION_OF_FIVE = (0.240, 0.236, 0.225, 0.194, 0.105)  # 1: same, of five stands [T 3.10]
# 1: how far the temperature has fallen before a stand, of seven [C 3.10]
COOLED = (0.0, 0.20, 0.36, 0.48, 0.66, 0.82, 0.97)
COOLED_OF_SIX = (0.0, 0.27, 0.45, 0.67, 0.84, 1.00)  # 1: same, of six stands [C 3.10]
COOLED_OF_FIVE = (0.0, 0.35, 0.66, 0.87, 1.02)  # 1: same, of five stands [C 3.10]
# 1: of the load trim by stand, of seven; what the front takes the back gives (with REDUCTION: no
# sum) [C]
LOAD = (1.0, 0.7, 0.3, -0.3, -0.9, -1.3, -1.2)
LOAD_OF_SIX = (1.0, 0.6, 0.1, -0.5, -1.1, -1.3)  # 1: same, of six stands [T]
LOAD_OF_FIVE = (1.0, 0.5, -0.2, -0.9, -1.1)  # 1: same, of five stands [T]
# the three one behind the other: a mill with its first stand at `first` reads [first * STANDS + s]
_REDUCTION = (*REDUCTION, 0.0, *REDUCTION_OF_SIX, 0.0, 0.0, *REDUCTION_OF_FIVE)
_COOLED = (*COOLED, 0.0, *COOLED_OF_SIX, 0.0, 0.0, *COOLED_OF_FIVE)
_LOAD = (*LOAD, 0.0, *LOAD_OF_SIX, 0.0, 0.0, *LOAD_OF_FIVE)
RUNDOWN, DRAWN_RUNDOWN = 0.72, 0.30  # K/s: belief how fast the waiting bar cools [C 3.7]
USUAL_ENTRY, LEAST_ENTRY = 0.5, 0.3  # m/s: of a bar under the descaler, where set-up begins [M]
FORCE_SCATTER = 0.015  # 1: of a coil's forces about its class, and of the load cells [M 6.5]
FORCE_DRIFT = 0.004  # 1: by which plant and class may have moved from coil to coil [M 6.5]
ZERO_SCATTER, ZERO_DRIFT = 30e-6, 30e-6  # m: of a zero seen once; warm rolls, per coil [M 3.8]
HEAD_LEARNING = 0.35  # 1: of the temperature error of a head, per coil [M 6.5]
BIAS_LEARNING = 0.10  # 1: of the estimate's error, per coil [M 6.5]
MOST_BIAS = 60.0  # K: most bias of a temperature that is believed [M 6.5]
CLASS_FIRST, CLASS_WIDTH = 1.6e-3, 0.08  # m, 1: thinnest class; logarithm from one to the next [M]
MOST_NEW, MOST_ZERO = 6e-4, 1.5e-3  # m: most that one head says of a zero, and that is believed [M]
# 1: force factor by stand of a line whose furnaces bring bars some 90 K hotter than those that the
# model was identified on, of the same rolled coils [C]
HOT_FACTOR = (0.88, 0.90, 0.905, 0.905, 0.95, 0.97, 1.00)
HEAD_LEARNED, ENDS_LEARNED = 1.0, 2.0  # 1: what level 2 has learned of the coil so far [C]
LEAST_FACTOR, MOST_FACTOR = 0.6, 1.6  # 1: bounds of a learned force factor [T]


@kernel
def begin_hot(block: Block, i: int) -> None:
    """Let level 2 of lane i begin with what it knows of the bars of furnaces and rougher."""
    for s in range(STANDS):
        block[(R.ADAPTED + s) * LANES + i] *= HOT_FACTOR[s]


@inline
def _speed_behind_descaler(
    aim: float, shown: float, descaling: float, thick: float, gauge: float, share: float,
    first: float,
) -> tuple[float, float]:  # fmt: skip
    """Return the delivery speed (m/s) that meets `aim` (K), and the bar's temperature behind water.

    How much the water takes hangs on the speed: three rounds from a `first` guess settle both.
    """
    speed, seen = first, shown
    for _ in range(3):
        seen = shown - descaling / fmax(speed * gauge / thick, LEAST_ENTRY)
        speed = speed_for(aim, seen, thick, gauge, SPRAY_BASE, share)
    return speed, seen


@kernel
def set_up(
    block: Block, i: int, mill: Table, shown: float, descaling: float, rundown: float
) -> None:
    """Set gaps and speeds of lane i; `shown` is what the bar pyrometer showed (K).

    `descaling` (K m/s) over the speed of the bar is what the descaler is believed to take: the
    slower a bar goes in, the longer it lies under the water. 0 for a bar that has been descaled.
    `rundown` (K/s) is how fast its end is believed to cool while it waits.
    """
    gauge, width = block[R.GAUGE_AIM * LANES + i], block[R.WIDTH * LANES + i]
    thick = block[R.BAR_THICK * LANES + i]
    aim = block[R.FDT_AIM * LANES + i] - block[R.HEAD_BIAS * LANES + i]
    first = int(mill[P.FIRST_STAND])
    share = LOSS_SHARE[first]
    usual = USUAL_ENTRY * thick / gauge
    speed, seen = _speed_behind_descaler(aim, shown, descaling, thick, gauge, share, usual)
    speed = fmin(fmax(speed, mill[P.SLOWEST]), mill[P.FASTEST])
    block[R.BAR_SEEN * LANES + i] = seen
    block[R.THREAD_SPEED * LANES + i] = speed
    # the bar waits and cools: faster at the end, so that the delivery temperature stays
    duration = block[R.BAR * LANES + i] * thick / (speed * gauge)
    late = shown - rundown * duration
    last, _ = _speed_behind_descaler(aim, late, descaling, thick, gauge, share, speed)
    last = fmin(fmax(last, speed), mill[P.FASTEST])
    # what the speed cannot reach between its limits the sprays take, from the head on
    off = delivery_temperature(seen, thick, gauge, speed * gauge, SPRAY_BASE, share) - aim
    opening = fmin(fmax(off * speed * gauge / SPRAY, -SPRAY_BASE), 1.0 - SPRAY_BASE)
    block[R.SPRAY_INTEGRAL * LANES + i] = opening
    block[R.ZOOM * LANES + i] = 0.0
    block[R.ZOOM_RATE * LANES + i] = (last - speed) / fmax(duration, 10.0)
    exit = thick
    reduction = log(thick / gauge)
    correction = 1.0 + block[R.HARDNESS_CORRECTION * LANES + i]
    correction *= block[(R.CLASS_FACTOR + class_of(gauge)) * LANES + i]
    for s in range(first):
        block[(R.H + s) * LANES + i] = thick
    for s in range(first, STANDS):
        entry, own = exit, first * STANDS + s
        moved = 1.0 + block[R.LOAD_TRIM * LANES + i] * _LOAD[own]
        exit = entry * exp(-reduction * _REDUCTION[own] * moved)
        if s == STANDS - 1:
            exit = gauge
        temperature = seen - _COOLED[own] * (seen - block[R.FDT_AIM * LANES + i])
        expected = force(
            entry, exit, width, mill[P.RADIUS + s], speed * gauge / exit, temperature,
            block[R.CARBON * LANES + i],
        )  # fmt: skip
        expected = expected * block[(R.ADAPTED + s) * LANES + i] * correction
        block[(R.EXPECTED + s) * LANES + i] = expected
        block[(R.GAP + s) * LANES + i] = (
            gap_for(exit, expected, modulus(width))
            + block[(R.ZERO + s) * LANES + i]
            + MONITOR_SHARE[s] * block[R.VERNIER * LANES + i]
        )
        block[(R.LOCKED + s) * LANES + i] = expected
        block[(R.MONITOR + s) * LANES + i] = 0.0
        block[(R.H + s) * LANES + i] = entry
        block[(R.H + s + 1) * LANES + i] = exit


@inline
def class_of(gauge: float) -> int:
    """Return the class of strip of this thickness (m), from 0."""
    place = log(fmax(gauge, CLASS_FIRST) / CLASS_FIRST) / CLASS_WIDTH
    return int(fmin(place, R.CLASSES - 1.0))


@kernel
def learn_zero(block: Block, i: int) -> None:
    """Learn the zero of the gaps: what gap and force of F7 said of the strip now at the gauge.

    At the first sight of the head, before the monitor has moved: at the forces of the set-up the
    stretch is known best. So a wrong zero is not learned as hard steel.
    """
    last = STANDS - 1
    learning = 1.0 - block[R.FROZEN * LANES + i]
    off = (
        block[R.KNOWN_AT_GAUGE * LANES + i]
        - block[(R.ZERO + last) * LANES + i]
        - block[R.SHOWN_GAUGE * LANES + i]
    )
    off = fmin(fmax(off, -MOST_NEW), MOST_NEW) * block[R.MONITOR_ON * LANES + i]
    unsure = block[R.ZERO_DOUBT * LANES + i]
    taken = learning * unsure / (unsure + ZERO_SCATTER * ZERO_SCATTER)
    if learning > 0.5:
        unsure = (1.0 - taken) * unsure + ZERO_DRIFT * ZERO_DRIFT
        block[R.ZERO_DOUBT * LANES + i] = unsure
    for s in range(STANDS):
        moved = block[(R.ZERO + s) * LANES + i] + taken * off
        block[(R.ZERO + s) * LANES + i] = fmin(fmax(moved, -MOST_ZERO), MOST_ZERO)


@kernel
def learn_head(block: Block, i: int, mill: Table) -> None:
    """At the head: what forces and pyrometer say about forces and temperature.

    From the zeros of the gaps follow the thicknesses behind all stands, and from these the forces
    that the model would have expected of this very strip. What is new is shared between the plant
    and the class of thickness by how well each is known already (Kalman).
    """
    learning = 1.0 - block[R.FROZEN * LANES + i]
    c = class_of(block[R.GAUGE_AIM * LANES + i])
    doubt, unsure = block[R.DOUBT * LANES + i], block[(R.CLASS_DOUBT + c) * LANES + i]
    both = doubt + unsure + FORCE_SCATTER * FORCE_SCATTER
    plant, own = doubt / both, unsure / both
    if learning > 0.5:
        block[R.DOUBT * LANES + i] = (1.0 - plant) * doubt + FORCE_DRIFT * FORCE_DRIFT
        unsure = (1.0 - own) * unsure + FORCE_DRIFT * FORCE_DRIFT
        block[(R.CLASS_DOUBT + c) * LANES + i] = unsure

    last = STANDS - 1
    gauge, width = block[R.SHOWN_GAUGE * LANES + i], block[R.WIDTH * LANES + i]
    first = int(mill[P.FIRST_STAND])
    trusted = block[R.FDT_SOURCE * LANES + i] < 0.5
    delivered = block[R.SHOWN_FDT * LANES + i] if trusted else block[R.FDT_MODEL * LANES + i]
    seen, thick = block[R.BAR_SEEN * LANES + i], block[R.BAR_THICK * LANES + i]
    flow = block[R.SHOWN_SPEED * LANES + i] * block[R.GAUGE_AIM * LANES + i]
    known = block[R.HEAD_BIAS * LANES + i]
    modelled = delivery_temperature(
        seen, thick, block[R.GAUGE_AIM * LANES + i], flow, block[R.SPRAY * LANES + i],
        LOSS_SHARE[first],
    )  # fmt: skip
    wrong = delivered - known - modelled
    known += fmax(HEAD_LEARNING, plant) * learning * wrong
    block[R.HEAD_BIAS * LANES + i] = fmin(fmax(known, -MOST_BIAS), MOST_BIAS)

    front, total, exit = 0.0, 0.0, thick
    factor = block[(R.CLASS_FACTOR + c) * LANES + i]
    correction = (1.0 + block[R.HARDNESS_CORRECTION * LANES + i]) * factor
    for s in range(first, STANDS):
        shown = block[(R.SHOWN_FORCE + s) * LANES + i]
        if s < first + 4:
            front += 0.25 * fmin(fmax(shown / block[(R.EXPECTED + s) * LANES + i], 0.6), 1.6)
        entry = exit
        exit = block[(R.SHOWN_GAP + s) * LANES + i] - block[(R.ZERO + s) * LANES + i]
        exit = exit + (shown - KISS_FORCE) / modulus(width) if s < last else gauge
        exit = fmin(fmax(exit, 0.5 * entry), 0.97 * entry)
        temperature = seen - _COOLED[first * STANDS + s] * (seen - delivered)
        would = force(
            entry, exit, width, mill[P.RADIUS + s], flow / exit, temperature,
            block[R.CARBON * LANES + i],
        )  # fmt: skip
        adapted = block[(R.ADAPTED + s) * LANES + i]
        ratio = fmin(fmax(shown / (would * adapted * correction), 0.6), 1.6)
        total += ratio / (STANDS - first)
        adapted = adapted * (1.0 + plant * learning * (ratio - 1.0))
        block[(R.ADAPTED + s) * LANES + i] = fmin(fmax(adapted, LEAST_FACTOR), MOST_FACTOR)
    factor = factor * (1.0 + own * learning * (total - 1.0))
    block[(R.CLASS_FACTOR + c) * LANES + i] = fmin(fmax(factor, LEAST_FACTOR), MOST_FACTOR)
    block[R.FORCE_RATIO * LANES + i] = front
    block[R.HEAD_LEARNED * LANES + i] = HEAD_LEARNED


@kernel
def learn_temperatures(block: Block, i: int) -> None:
    """Behind the tail: level 2 learns from the pyrometer its bias of the delivery temperature."""
    learning = 1.0 - block[R.FROZEN * LANES + i]
    seconds = fmax(block[R.BIAS_TIME * LANES + i], 1.0)
    if block[R.FDT_SOURCE * LANES + i] < 0.5:
        bias = block[R.BIAS_SUM * LANES + i] / seconds
        moved = block[R.FDT_BIAS * LANES + i] + BIAS_LEARNING * learning * bias
        block[R.FDT_BIAS * LANES + i] = fmin(fmax(moved, -MOST_BIAS), MOST_BIAS)
