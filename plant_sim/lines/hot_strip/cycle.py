"""The coil cycle: what is ordered, what is drawn, level-2 set-up, adaptation, and what is kept.

These are events of one plant at a time: plain branches, outside the wide loops of the mill and the
table. Everything is drawn from two keys: `plan` fixes orders, plant parameters and faults, `noise`
the disturbances; the same plan under other noise is another possible future of the same day.
"""

import numpy as np
from numpy.typing import NDArray

from ...control.level2_model import MODULUS, STAND_FACTOR, force, speed_for
from ...economics import cost
from ...engine.numbers import exp, fmax, fmin, kernel, log
from ...engine.random import bits, normal, uniform
from ...physics.mill_stretch import gap_for, modulus
from ...physics.strip_temperature import DENSITY, after_radiation, emissivity
from .mill import FASTEST, RADIUS, SLOWEST, SPRAY_BASE
from .rows import (
    ACTIVE,
    ADAPTED,
    BANK_GAIN,
    BAR,
    BAR_DONE,
    BAR_TEMPERATURE,
    BIAS_SUM,
    CARBON,
    CLOSED,
    COIL,
    COIL_TIME,
    COLD,
    COOLING,
    CT_AIM,
    CT_OFF,
    DEAD_BANK,
    DEAD_FROM,
    DEMAND,
    DRIFT,
    DRIFT_FROM,
    DRIFT_LIMIT,
    DRIFT_RATE,
    ENERGY,
    ENTRY_TEMPERATURE,
    EXPECTED,
    FDT_AIM,
    FDT_BIAS,
    FDT_MODEL,
    FDT_OFF,
    FDT_SOURCE,
    FEEDBACK,
    FEEDBACK_SUM,
    FLAT,
    FORCE_RATIO,
    GAP,
    GAP_LEFT,
    GAUGE_AIM,
    GAUGE_OFF,
    HARDNESS,
    HARDNESS_CORRECTION,
    HARM,
    HEAT,
    INTERVAL,
    KEPT,
    LANES,
    LOCKED,
    LOT_FROM,
    LOT_HARDNESS,
    LOT_UNTIL,
    MASS,
    MONEY,
    MONITOR,
    NOISE,
    NOISES,
    OVERLOAD,
    PHASE,
    PLACE,
    RATIO_DONE,
    ROLLED,
    ROWS,
    SECONDS,
    SEGMENTS,
    SHOWN_CT,
    SHOWN_ENTRY,
    SHOWN_FDT,
    SHOWN_FORCE,
    SHOWN_WATER,
    SKID,
    SKID_PHASE,
    SPEED,
    SPRAY_INTEGRAL,
    STIFFNESS,
    STRIP_DONE,
    THREAD_SPEED,
    TRUE_CT,
    WATER_TEMPERATURE,
    WIDTH,
    ZERO,
    ZOOM,
    ZOOM_RATE,
    H,
    T,
)
from .tables import STANDS

Block = NDArray[np.float64]
Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]

# width m, gauge m, FDT aim K, CT aim K, declared carbon weight % [T, inside the ranges of [M]]
PRODUCTS = (
    (1.25, 2.6e-3, 1161.0, 893.0, 0.08),
    (1.10, 2.2e-3, 1155.0, 883.0, 0.06),
    (1.40, 3.2e-3, 1167.0, 873.0, 0.10),
    (1.20, 3.8e-3, 1173.0, 853.0, 0.12),
    (1.30, 2.4e-3, 1158.0, 903.0, 0.06),
    (1.00, 3.0e-3, 1165.0, 848.0, 0.14),
)
LOT = 4  # coils of one product in a row
BAR_GAUGE = 34e-3  # m
# share of the logarithmic reduction by stand, and how far the temperature has fallen before it
REDUCTION = (0.215, 0.200, 0.175, 0.138, 0.113, 0.091, 0.068)
COOLED = (0.0, 0.20, 0.36, 0.48, 0.66, 0.82, 0.97)
COVER = 0.35  # share of radiation that the hoods over the delay table let through [T]
HEAD_AT_COILER = 112.0  # m of strip delivered
RUNDOWN = 0.45  # K/s, level 2's belief how fast the waiting bar cools [T]
FORCE_LEARNING, GAIN_LEARNING, BIAS_LEARNING = 0.20, 0.12, 0.10  # per coil [T]
ZERO_LEARNING = 0.35  # of the monitor's correction at the head, per coil [T]
HEAD, BODY, TAIL = 1.0, 2.0, 3.0
# channels of the random numbers: 0..63 noise of an interval, from 64 what is drawn once
PRODUCT, PLANT, FAULT, BAR_DRAW = 64, 80, 96, 128


@kernel
def restart(
    block: Block, i: int, plan: np.uint64, noise: np.uint64, episode: int,
    odds: NDArray[np.float64],
) -> None:  # fmt: skip
    """Put lane i at the start of a campaign: cold table, empty mill, faults drawn."""
    for row in range(ROWS):
        block[row * LANES + i] = 0.0
    for s in range(STANDS):
        block[(ADAPTED + s) * LANES + i] = STAND_FACTOR[s]
        block[(FLAT + s) * LANES + i] = 1.05 * RADIUS[s]
        block[(H + s) * LANES + i] = BAR_GAUGE * exp(-2.5 * s / STANDS)
        block[(T + s) * LANES + i] = 1250.0
        block[(GAP + s) * LANES + i] = 2e-3
    block[(H + STANDS) * LANES + i], block[(T + STANDS) * LANES + i] = 2.6e-3, 1150.0
    for g in range(SEGMENTS):
        block[(PLACE + g) * LANES + i] = -1e6
        block[(HEAT + g) * LANES + i] = 900.0
    block[BANK_GAIN * LANES + i] = 1.0
    block[SPEED * LANES + i] = 8.0
    block[THREAD_SPEED * LANES + i] = 8.0
    block[FORCE_RATIO * LANES + i] = 1.0
    block[WIDTH * LANES + i], block[CARBON * LANES + i] = 1.25, 0.08
    block[HARDNESS * LANES + i], block[STIFFNESS * LANES + i] = 1.0, MODULUS
    block[GAUGE_AIM * LANES + i], block[FDT_AIM * LANES + i] = 2.6e-3, 1158.0
    block[CT_AIM * LANES + i], block[TRUE_CT * LANES + i] = 893.0, 893.0
    block[SHOWN_CT * LANES + i], block[FDT_MODEL * LANES + i] = 893.0, 1158.0
    block[SHOWN_FDT * LANES + i], block[SHOWN_ENTRY * LANES + i] = 1158.0, 1288.0
    block[SHOWN_WATER * LANES + i] = 298.0
    block[WATER_TEMPERATURE * LANES + i] = 298.0
    block[ENTRY_TEMPERATURE * LANES + i] = 1288.0
    block[COOLING * LANES + i] = 1.0
    block[GAP_LEFT * LANES + i] = 5.0
    _draw_faults(block, i, plan, episode, odds)


@kernel
def _draw_faults(
    block: Block, i: int, plan: np.uint64, episode: int, odds: NDArray[np.float64]
) -> None:
    """Draw which faults this campaign has, from which coil on, and how big."""
    drift = uniform(plan, episode, 0, FAULT) < odds[0]
    dead = uniform(plan, episode, 0, FAULT + 1) < odds[1]
    lot = uniform(plan, episode, 0, FAULT + 2) < odds[2]
    if odds[0] * odds[1] * odds[2] > 0.0 and not (drift or dead or lot):
        dead = True  # a day of faults has at least one
    block[DRIFT_FROM * LANES + i] = 1e9
    block[DEAD_FROM * LANES + i] = 1e9
    block[LOT_FROM * LANES + i] = 1e9
    block[LOT_UNTIL * LANES + i] = -1.0
    if drift:
        block[DRIFT_FROM * LANES + i] = 2.0 + np.floor(5.0 * uniform(plan, episode, 1, FAULT))
        block[DRIFT_RATE * LANES + i] = -0.06 - 0.08 * uniform(plan, episode, 2, FAULT)
        block[DRIFT_LIMIT * LANES + i] = -28.0 - 14.0 * uniform(plan, episode, 3, FAULT)
    if dead:
        block[DEAD_FROM * LANES + i] = 4.0 + np.floor(7.0 * uniform(plan, episode, 1, FAULT + 1))
    if lot:
        first = 3.0 + np.floor(8.0 * uniform(plan, episode, 1, FAULT + 2))
        block[LOT_FROM * LANES + i] = first
        block[LOT_UNTIL * LANES + i] = (
            first + 3.0 + np.floor(3.0 * uniform(plan, episode, 2, FAULT + 2))
        )
        block[LOT_HARDNESS * LANES + i] = 1.13 + 0.08 * uniform(plan, episode, 3, FAULT + 2)


@kernel
def _order(block: Block, i: int, plan: np.uint64, noise: np.uint64, episode: int) -> None:
    """Bring the next coil: its order, what its bar really is, and this plant's own parameters."""
    coil = block[COIL * LANES + i] + 1.0
    number = int(coil)
    block[COIL * LANES + i] = coil
    product = int(bits(plan, episode, (number - 1) // LOT, PRODUCT) % np.uint64(len(PRODUCTS)))
    width, gauge, fdt, ct, carbon = PRODUCTS[product]
    block[WIDTH * LANES + i], block[GAUGE_AIM * LANES + i] = width, gauge
    block[FDT_AIM * LANES + i], block[CT_AIM * LANES + i] = fdt, ct
    block[CARBON * LANES + i] = carbon
    mass = width * (14500.0 + 2000.0 * uniform(plan, episode, number, PRODUCT + 1))
    block[MASS * LANES + i] = mass
    block[BAR * LANES + i] = mass / (DENSITY * width * BAR_GAUGE)

    hardness = 1.0 + 0.03 * normal(plan, episode, 0, PLANT)
    hardness = hardness * (1.0 + 0.015 * normal(noise, episode, number, BAR_DRAW))
    if block[LOT_FROM * LANES + i] <= coil < block[LOT_UNTIL * LANES + i]:
        hardness = hardness * block[LOT_HARDNESS * LANES + i]
    block[HARDNESS * LANES + i] = hardness
    own = 1.0 + 0.03 * normal(plan, episode, 0, PLANT + 1)
    block[STIFFNESS * LANES + i] = modulus(width) * own
    own = 1.0 + 0.05 * normal(plan, episode, 0, PLANT + 2)
    block[COOLING * LANES + i] = own * (1.0 + 0.015 * normal(noise, episode, number, BAR_DRAW + 1))
    block[BAR_TEMPERATURE * LANES + i] = 1286.0 + 6.0 * normal(noise, episode, number, BAR_DRAW + 2)
    block[SKID * LANES + i] = 3.0 + 5.0 * uniform(noise, episode, number, BAR_DRAW + 3)
    block[SKID_PHASE * LANES + i] = 6.2831853 * uniform(noise, episode, number, BAR_DRAW + 4)
    if coil >= block[DEAD_FROM * LANES + i]:
        dead = 1.0 + np.floor(3.0 * uniform(plan, episode, 2, FAULT + 1))
        block[DEAD_BANK * LANES + i] = dead


@kernel
def _set_up(block: Block, i: int, seen: float) -> None:
    """Level 2 sets gaps and speeds on its own model; `seen` is the bar pyrometer (K)."""
    gauge, width = block[GAUGE_AIM * LANES + i], block[WIDTH * LANES + i]
    aim = block[FDT_AIM * LANES + i] - block[FDT_BIAS * LANES + i]
    speed = speed_for(aim, seen, BAR_GAUGE, gauge, SPRAY_BASE)
    speed = fmin(fmax(speed, SLOWEST), FASTEST)
    block[THREAD_SPEED * LANES + i] = speed
    # the bar waits and cools: faster at the end, so that the delivery temperature stays
    duration = block[BAR * LANES + i] * BAR_GAUGE / (speed * gauge)
    last = speed_for(aim, seen - RUNDOWN * duration, BAR_GAUGE, gauge, SPRAY_BASE)
    last = fmin(fmax(last, speed), FASTEST)
    block[ZOOM * LANES + i] = 0.0
    block[ZOOM_RATE * LANES + i] = (last - speed) / fmax(duration, 10.0)
    exit = BAR_GAUGE
    reduction = log(BAR_GAUGE / gauge)
    correction = 1.0 + block[HARDNESS_CORRECTION * LANES + i]
    for s in range(STANDS):
        entry = exit
        exit = entry * exp(-reduction * REDUCTION[s])
        if s == STANDS - 1:
            exit = gauge
        temperature = seen - COOLED[s] * (seen - block[FDT_AIM * LANES + i])
        expected = force(
            entry, exit, width, RADIUS[s], speed * gauge / exit, temperature,
            block[CARBON * LANES + i],
        )  # fmt: skip
        expected = expected * block[(ADAPTED + s) * LANES + i] * correction
        block[(EXPECTED + s) * LANES + i] = expected
        block[(GAP + s) * LANES + i] = (
            gap_for(exit, expected, MODULUS) + block[(ZERO + s) * LANES + i]
        )
        block[(LOCKED + s) * LANES + i] = expected
        block[(MONITOR + s) * LANES + i] = 0.0
        block[(H + s) * LANES + i] = entry
        block[(H + s + 1) * LANES + i] = exit


@kernel
def _learn_force(block: Block, i: int) -> None:
    """At the head: how far measured forces lie from the expected ones; a fifth is learned."""
    total = 0.0
    for s in range(STANDS):
        shown, expected = block[(SHOWN_FORCE + s) * LANES + i], block[(EXPECTED + s) * LANES + i]
        ratio = fmin(fmax(shown / expected, 0.6), 1.6)
        if s < 4:
            total += 0.25 * ratio
        factor = block[(ADAPTED + s) * LANES + i] * (1.0 + FORCE_LEARNING * (ratio - 1.0))
        block[(ADAPTED + s) * LANES + i] = fmin(fmax(factor, 0.6), 1.6)
    block[FORCE_RATIO * LANES + i] = total
    block[RATIO_DONE * LANES + i] = 1.0


@kernel
def _learn_temperatures(block: Block, i: int) -> None:
    """Behind the tail: level 2 learns its cooling gain and, from the pyrometer, its FDT bias."""
    seconds = block[COIL_TIME * LANES + i]
    back = block[FEEDBACK_SUM * LANES + i] / fmax(seconds, 1.0)
    need = fmax(block[DEMAND * LANES + i], 1.0)
    gain = block[BANK_GAIN * LANES + i] * (1.0 - GAIN_LEARNING * back / (need + back))
    block[BANK_GAIN * LANES + i] = fmin(fmax(gain, 0.5), 1.8)
    block[FEEDBACK * LANES + i] *= 1.0 - GAIN_LEARNING
    if block[FDT_SOURCE * LANES + i] < 0.5:
        bias = block[BIAS_SUM * LANES + i] / fmax(seconds, 1.0)
        moved = block[FDT_BIAS * LANES + i] + BIAS_LEARNING * bias
        block[FDT_BIAS * LANES + i] = fmin(fmax(moved, -60.0), 60.0)


@kernel
def _close(block: Block, i: int, kept: NDArray[np.float64], count: int) -> None:
    """Keep the finished coil, add its money and harm, and clear the counters."""
    if count < kept.shape[0]:
        for n in range(len(KEPT)):
            kept[count, n] = block[KEPT[n] * LANES + i]
    block[MONEY * LANES + i] += cost(
        block[GAUGE_OFF * LANES + i], block[FDT_OFF * LANES + i], block[CT_OFF * LANES + i],
        block[ENERGY * LANES + i], block[SECONDS * LANES + i],
    )  # fmt: skip
    block[HARM * LANES + i] += block[OVERLOAD * LANES + i] + block[COLD * LANES + i]
    for row in range(ROLLED, COLD + 1):
        block[(CLOSED + row - ROLLED) * LANES + i] += block[row * LANES + i]
        block[row * LANES + i] = 0.0


@kernel
def draw(block: Block, noise: Keys, episode: Counts, clock: Counts) -> None:
    """Draw the noise of this interval for every lane."""
    for n in range(NOISES):
        for i in range(LANES):
            block[(NOISE + n) * LANES + i] = normal(noise[i], episode[i], clock[i], n)


@kernel
def advance_coil(
    block: Block, i: int, plan: np.uint64, noise: np.uint64, episode: int, clock: int,
    kept: NDArray[np.float64], count: int,
) -> int:  # fmt: skip
    """Move lane i's coil by one interval; returns how many coils it has finished.

    `kept` takes finished coils, shape (most coils, len(KEPT)).
    """
    seconds = clock * INTERVAL
    warm = 4.0 * uniform(plan, episode, 0, PLANT + 3) * np.sin(seconds / 700.0)
    block[WATER_TEMPERATURE * LANES + i] = 298.0 + warm
    block[SECONDS * LANES + i] += INTERVAL
    if block[ACTIVE * LANES + i] < 0.5:
        block[GAP_LEFT * LANES + i] -= INTERVAL
        if block[GAP_LEFT * LANES + i] > 0.0:
            return count
        if block[COIL * LANES + i] > 0.5:
            _close(block, i, kept, count)
            count += 1
        _order(block, i, plan, noise, episode)
        number = int(block[COIL * LANES + i])
        seen = block[BAR_TEMPERATURE * LANES + i] + 3.0 * normal(
            noise, episode, number, BAR_DRAW + 5
        )
        _set_up(block, i, seen)
        block[ACTIVE * LANES + i], block[PHASE * LANES + i] = 1.0, HEAD
        for row in (COIL_TIME, BAR_DONE, STRIP_DONE, RATIO_DONE, BIAS_SUM, FEEDBACK_SUM):
            block[row * LANES + i] = 0.0
        block[SPRAY_INTEGRAL * LANES + i] = 0.0
        block[SPEED * LANES + i] = block[THREAD_SPEED * LANES + i]
    else:
        _follow(block, i)
    number = int(block[COIL * LANES + i])
    if block[COIL * LANES + i] >= block[DRIFT_FROM * LANES + i]:
        drift = block[DRIFT * LANES + i] + block[DRIFT_RATE * LANES + i] * INTERVAL
        block[DRIFT * LANES + i] = fmax(drift, block[DRIFT_LIMIT * LANES + i])
    if block[BAR_DONE * LANES + i] >= block[BAR * LANES + i]:
        _learn_temperatures(block, i)
        block[ACTIVE * LANES + i], block[PHASE * LANES + i] = 0.0, 0.0
        block[GAP_LEFT * LANES + i] = 20.0 + 6.0 * uniform(noise, episode, number, BAR_DRAW + 6)
        return count
    done = block[BAR_DONE * LANES + i]
    skid = block[SKID * LANES + i] * np.sin(6.2831853 * done / 9.0 + block[SKID_PHASE * LANES + i])
    bar = block[BAR_TEMPERATURE * LANES + i] + skid - 12.0 * exp(-done / 0.8)
    block[ENTRY_TEMPERATURE * LANES + i] = after_radiation(
        bar, BAR_GAUGE, COVER * block[COIL_TIME * LANES + i], emissivity(bar)
    )
    return count


@kernel
def _follow(block: Block, i: int) -> None:
    """The strip moves on: how much is through, which phase, lock-on, learning at the head."""
    block[COIL_TIME * LANES + i] += INTERVAL
    step = block[SPEED * LANES + i] * INTERVAL
    block[STRIP_DONE * LANES + i] += step
    block[BAR_DONE * LANES + i] += step * block[(H + STANDS) * LANES + i] / BAR_GAUGE
    strip = block[STRIP_DONE * LANES + i]
    if block[COIL_TIME * LANES + i] <= 2.0:  # lock-on: gap control takes the head's forces
        for s in range(STANDS):
            block[(LOCKED + s) * LANES + i] = block[(SHOWN_FORCE + s) * LANES + i]
    if block[RATIO_DONE * LANES + i] < 0.5 and strip > 30.0:
        _learn_force(block, i)
    if strip > HEAD_AT_COILER and block[PHASE * LANES + i] < BODY:
        for s in range(STANDS):  # what the X-ray had to correct at the head is a wrong zero
            learned = block[(ZERO + s) * LANES + i]
            learned = learned + ZERO_LEARNING * block[(MONITOR + s) * LANES + i]
            block[(ZERO + s) * LANES + i] = fmin(fmax(learned, -1.5e-3), 1.5e-3)
    if strip > HEAD_AT_COILER:
        block[ZOOM * LANES + i] += block[ZOOM_RATE * LANES + i] * INTERVAL
        block[PHASE * LANES + i] = BODY
    if block[BAR_DONE * LANES + i] > 0.92 * block[BAR * LANES + i]:
        block[PHASE * LANES + i] = TAIL
    block[FEEDBACK_SUM * LANES + i] += block[FEEDBACK * LANES + i] * INTERVAL
    block[BIAS_SUM * LANES + i] += (
        block[SHOWN_FDT * LANES + i] - block[FDT_MODEL * LANES + i]
    ) * INTERVAL
