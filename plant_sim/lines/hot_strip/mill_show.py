"""What the mill's instruments show of an interval, level 2's estimate, and what is counted.

In the supervisory resolution tension and loopers are in equilibrium: what is shown of them is the
set-point with the noise of its instrument.
"""

import numpy as np
from numpy.typing import NDArray

from ...control.gap_control import COMPENSATED, COMPENSATION
from ...control.level2_model import LOSS_SHARE, MODULUS, delivery_temperature, modulus
from ...control.looper_control import ANGLE_AIM, TENSION_AIM
from ...engine.numbers import fmax, fmin, inline, kernel, where
from ...physics.mill_stretch import KISS_FORCE
from ...physics.strip_temperature import DENSITY
from . import parameters as P  # noqa: N812
from . import profile_rows as Q  # noqa: N812
from . import rows as R  # noqa: N812
from .faults import (
    FDT_PYROMETER,
    HYDRAULIC_PRESSURE,
    LOAD_CELL,
    LOOPER_SWING,
    MODULUS_ERROR,
    SPRAY_BLOCK,
    THICKNESS_GAUGE,
)
from .parameters import STANDS
from .rows import INTERVAL, LANES

Block = NDArray[np.float64]

GAUGE_BAND, GAUGE_SHARE, FDT_BAND = 30e-6, 0.01, 20.0  # m, 1 above 3 mm, K: tolerances [M 6.1]
WIDTH_BELOW, WIDTH_ABOVE = 0.0, 10e-3  # m: tolerance of the width, from the order [M 6.1]
CROWN_BAND, FLAT_BAND = 18e-6, 30.0  # m, I: tolerances of crown and flatness [M 6.1]
FERRITE = 1093.0  # K: colder delivery is rolled in two phases and counts as harm [M 3.1]
FORCE_NOISE, SPEED_NOISE, GAUGE_NOISE = 0.06e6, 0.005, 2e-6  # N, m/s, m: of instruments [M 3.4]
ENTRY_NOISE, FDT_NOISE, POWER_NOISE = 3.0, 2.0, 0.05e6  # K, K, W: of instruments [M 4.2]
WIDTH_NOISE, TORQUE_NOISE, TENSION_NOISE = 0.5e-3, 8e3, 0.2e6  # m, N m, Pa: of instruments [M]
SLIP = 0.05  # 1: strip over roll speed, as level 1 believes it [M 3.2]
HYDRAULIC = 25e6  # Pa: supply of the gap cylinders [M 3.4]
SWING_TENSION = 0.6  # 1: of the set-point, amplitude behind a looper that swings in full [T]
SWING_ANGLE = 0.15  # rad: amplitude of that looper [T]


@kernel
def show(block: Block, mill: Block) -> None:
    """Fill the rows of the mill's instruments and count what the interval is worth."""
    _show_stands(block, mill)
    _show_gaps(block, int(mill[P.FIRST_STAND]))
    _show_strip(block, LOSS_SHARE[int(mill[P.FIRST_STAND])])
    _count(block)


@kernel
def _show_stands(block: Block, mill: Block) -> None:
    for s in range(int(mill[P.FIRST_STAND]), STANDS):
        radius = mill[P.RADIUS + s]
        for i in range(LANES):
            rolling = block[R.ACTIVE * LANES + i]
            force = block[(R.FORCE + s) * LANES + i]
            force = force + FORCE_NOISE * block[(R.NOISE + R.N_FORCE + s) * LANES + i]
            here = where(block[(R.FAULT_PLACE + LOAD_CELL) * LANES + i] == float(s + 1), 1.0, 0.0)
            force = force + here * block[(R.FAULT + LOAD_CELL) * LANES + i]
            block[(R.SHOWN_FORCE + s) * LANES + i] = rolling * force
            gap = block[(R.GAP + s) * LANES + i] + block[(R.MONITOR + s) * LANES + i]
            # gap control has moved too since it was locked on
            share = COMPENSATION[s] * block[R.AGC_COMPENSATION * LANES + i] / COMPENSATED
            here = where(
                block[(R.FAULT_PLACE + MODULUS_ERROR) * LANES + i] == float(s + 1), 1.0, 0.0
            )
            belief = MODULUS * (1.0 + here * block[(R.FAULT + MODULUS_ERROR) * LANES + i])
            more = block[(R.FORCE + s) * LANES + i] - block[(R.LOCKED + s) * LANES + i]
            gap = gap - rolling * share * more / belief
            block[(R.SHOWN_GAP + s) * LANES + i] = gap
            flow = block[R.SPEED * LANES + i] * block[(R.H + STANDS) * LANES + i]
            speed = flow / block[(R.H + s + 1) * LANES + i] / (1.0 + SLIP)
            block[(R.SHOWN_STAND_SPEED + s) * LANES + i] = speed
            torque = block[(R.STAND_POWER + s) * LANES + i] * radius / speed
            torque = torque + TORQUE_NOISE * block[(R.NOISE + R.N_TORQUE + s) * LANES + i]
            block[(R.SHOWN_TORQUE + s) * LANES + i] = rolling * torque


@inline
def _swing(block: Block, i: int, place: float) -> float:
    """Return where a looper that oscillates stands (1): a sine seen at no fixed angle."""
    size = block[(R.FAULT + LOOPER_SWING) * LANES + i]
    here = where(block[(R.FAULT_PLACE + LOOPER_SWING) * LANES + i] == place, size, 0.0)
    swing: float = here * 0.7 * block[(R.NOISE + R.N_ECCENTRIC) * LANES + i]
    return swing


@kernel
def _show_gaps(block: Block, first: int) -> None:
    for s in range(first, STANDS - 1):
        for i in range(LANES):
            rolling = block[R.ACTIVE * LANES + i]
            swing = _swing(block, i, float(s + 1))
            pull = TENSION_AIM[s] * (1.0 + block[R.TENSION_TRIM * LANES + i])
            pull = pull * (1.0 + SWING_TENSION * swing)
            pull = pull + TENSION_NOISE * block[(R.NOISE + R.N_TENSION + s) * LANES + i]
            block[(R.SHOWN_TENSION + s) * LANES + i] = rolling * pull
            block[(R.SHOWN_LOOPER + s) * LANES + i] = rolling * (ANGLE_AIM + SWING_ANGLE * swing)
            blocked = block[(R.FAULT + SPRAY_BLOCK) * LANES + i]
            place = block[(R.FAULT_PLACE + SPRAY_BLOCK) * LANES + i]
            open = 1.0 - where(place == float(s + 1), blocked, 0.0)
            block[(R.SHOWN_SPRAY + s) * LANES + i] = open * block[R.SPRAY * LANES + i]


@kernel
def _show_strip(block: Block, share: float) -> None:
    for i in range(LANES):
        rolling = block[R.ACTIVE * LANES + i]
        exit, fdt = block[(R.H + STANDS) * LANES + i], block[(R.T + STANDS) * LANES + i]
        speed, aim = block[R.SPEED * LANES + i], block[R.GAUGE_AIM * LANES + i]
        entry = block[R.ENTRY_TEMPERATURE * LANES + i]
        entry = entry + ENTRY_NOISE * block[(R.NOISE + R.N_ENTRY) * LANES + i]
        block[R.TRUE_FDT * LANES + i] = fdt
        block[R.SHOWN_ENTRY * LANES + i] = rolling * entry + (1.0 - rolling) * 1150.0
        shown_speed = speed + SPEED_NOISE * block[(R.NOISE + R.N_SPEED) * LANES + i]
        block[R.SHOWN_SPEED * LANES + i] = shown_speed
        thick = exit + GAUGE_NOISE * block[(R.NOISE + R.N_GAUGE) * LANES + i]
        thick = thick + block[(R.FAULT + THICKNESS_GAUGE) * LANES + i]
        block[R.SHOWN_GAUGE * LANES + i] = rolling * thick
        block[R.KNOWN_AT_GAUGE * LANES + i] = block[(R.SHOWN_GAP + STANDS - 1) * LANES + i] + (
            block[(R.SHOWN_FORCE + STANDS - 1) * LANES + i] - KISS_FORCE
        ) / modulus(block[R.WIDTH * LANES + i])
        shown = fdt - block[R.SURFACE * LANES + i]
        shown = shown + FDT_NOISE * block[(R.NOISE + R.N_FDT) * LANES + i]
        shown = shown + block[(R.FAULT + FDT_PYROMETER) * LANES + i]
        shown = shown + block[R.FDT_SHIFT * LANES + i]
        block[R.SHOWN_FDT * LANES + i] = rolling * shown + (1.0 - rolling) * 950.0
        power = block[R.POWER * LANES + i]
        power = power + POWER_NOISE * block[(R.NOISE + R.N_POWER) * LANES + i]
        block[R.SHOWN_POWER * LANES + i] = rolling * power
        lost = block[(R.FAULT + HYDRAULIC_PRESSURE) * LANES + i]
        block[R.SHOWN_HYDRAULIC * LANES + i] = HYDRAULIC * (1.0 - lost)

        expected = delivery_temperature(
            entry, block[R.H * LANES + i], aim, shown_speed * aim, block[R.SPRAY * LANES + i],
            share,
        )  # fmt: skip
        expected = expected + block[R.FDT_BIAS * LANES + i]
        old = block[R.FDT_MODEL * LANES + i]
        fresh = where(block[R.COIL_TIME * LANES + i] > 1.0, 0.4, 1.0)
        block[R.FDT_MODEL * LANES + i] = where(rolling > 0.5, old + fresh * (expected - old), old)

        wide = block[R.EXIT_WIDTH * LANES + i]
        seen = wide + WIDTH_NOISE * block[(R.NOISE + R.N_WIDTH) * LANES + i]
        block[R.SHOWN_WIDTH * LANES + i] = rolling * seen


@kernel
def _outside(off: float, below: float, above: float) -> float:
    return 1.0 - where(off < above, 1.0, 0.0) * where(off > -below, 1.0, 0.0)


@inline
def drawn_in(block: Block, i: int) -> float:
    """Return how much bar (m) lane i takes in over an interval: as much steel as leaves F7."""
    strip = block[(R.H + STANDS) * LANES + i] * block[R.EXIT_WIDTH * LANES + i]
    wide = block[R.WIDTH * LANES + i] + block[R.BAR_WIDER * LANES + i]
    metres: float = block[R.SPEED * LANES + i] * INTERVAL * strip / (block[R.H * LANES + i] * wide)
    return metres


@inline
def _delivered(block: Block, i: int) -> float:
    """Return the steel (kg) that leaves F7 over an interval, no more than is left of the bar."""
    left = block[R.BAR * LANES + i] - block[R.BAR_DONE * LANES + i]
    share = fmin(fmax(left / fmax(drawn_in(block, i), 1e-9), 0.0), 1.0)
    section = block[(R.H + STANDS) * LANES + i] * block[R.EXIT_WIDTH * LANES + i]
    mass: float = share * DENSITY * section * block[R.SPEED * LANES + i] * INTERVAL
    return mass


@kernel
def _count(block: Block) -> None:
    for i in range(LANES):
        rolling = block[R.ACTIVE * LANES + i]
        exit = block[(R.H + STANDS) * LANES + i]
        mass = rolling * _delivered(block, i)
        block[R.ROLLED * LANES + i] += mass
        aim = block[R.GAUGE_AIM * LANES + i]
        band = fmax(GAUGE_BAND, GAUGE_SHARE * aim)
        block[R.GAUGE_OFF * LANES + i] += mass * _outside(exit - aim, band, band)
        fdt = block[R.TRUE_FDT * LANES + i]
        off = fdt - block[R.FDT_AIM * LANES + i]
        block[R.FDT_OFF * LANES + i] += mass * _outside(off, FDT_BAND, FDT_BAND)
        block[R.COLD * LANES + i] += rolling * where(fdt < FERRITE, 1.0, 0.0) * INTERVAL
        block[R.ENERGY * LANES + i] += rolling * block[R.POWER * LANES + i] * INTERVAL


@kernel
def count_strip(block: Block) -> None:
    """Count width, crown and flatness of the strip that an interval has delivered."""
    for i in range(LANES):
        rolling = where(block[R.SHOWN_GAUGE * LANES + i] > 0.0, 1.0, 0.0)
        mass = rolling * _delivered(block, i)
        wide = block[R.EXIT_WIDTH * LANES + i] - block[R.WIDTH * LANES + i]
        block[R.WIDTH_OFF * LANES + i] += mass * _outside(wide, WIDTH_BELOW, WIDTH_ABOVE)
        off = block[Q.CROWN * LANES + i] - block[Q.CROWN_AIM * LANES + i]
        block[R.CROWN_OFF * LANES + i] += mass * _outside(off, CROWN_BAND, CROWN_BAND)
        shape = block[Q.FLATNESS * LANES + i]
        block[R.FLAT_OFF * LANES + i] += mass * _outside(shape, FLAT_BAND, FLAT_BAND)
