"""One control interval of the finishing mill: speeds, loops of level 1, seven bites, temperatures.

The segment that leaves F7 in this interval meets every stand with the gaps of this interval: the
8 s it is under way shift the stands against each other by less than the thin line resolves. Gap
control and tension are in equilibrium, mass flow is ideal. Sources stand with the formulas.
"""

import numpy as np
from numpy.typing import NDArray

from ...control.level2_model import MODULUS, delivery_temperature
from ...engine.numbers import fmax, fmin, inline, kernel, where
from ...physics.flow_stress import COLDEST, HOTTEST, MOST_STRAIN, shida_mean
from ...physics.mill_stretch import exit_error, exit_slope
from ...physics.roll_bite import (
    contact_length,
    flattened_radius,
    force_once,
    strain,
    strip_modulus,
    torque,
)
from ...physics.strip_temperature import (
    DENSITY,
    after_film,
    after_radiation,
    emissivity,
    work_rise,
)
from . import parameters as P  # noqa: N812
from .faults import (
    DRIVE_DROOP,
    DRIVE_LIMIT,
    ECCENTRICITY,
    FDT_PYROMETER,
    GAP_ENCODER,
    HGC_LEAK,
    HYDRAULIC_PRESSURE,
    LOAD_CELL,
    MODULUS_ERROR,
    SPRAY_BLOCK,
    THICKNESS_GAUGE,
)
from .rows import (
    ACT_GAUGE,
    ACT_SPEED,
    ACT_SPRAY,
    ACTIVE,
    CARBON,
    COIL_TIME,
    COLD,
    ECCENTRIC,
    ENERGY,
    ENTRY_TEMPERATURE,
    FAULT,
    FAULT_PLACE,
    FDT_AIM,
    FDT_BIAS,
    FDT_MODEL,
    FDT_OFF,
    FDT_SOURCE,
    FLAT,
    FORCE,
    GAP,
    GAUGE_AIM,
    GAUGE_ERROR,
    GAUGE_OFF,
    HARDNESS,
    INTERVAL,
    LANES,
    LOCKED,
    MONITOR,
    NOISE,
    OUTSIDE,
    OVERLOAD,
    POWER,
    RESIDUAL,
    ROLLED,
    SHOWN_ENTRY,
    SHOWN_FDT,
    SHOWN_FORCE,
    SHOWN_GAUGE,
    SHOWN_POWER,
    SHOWN_SPEED,
    SPEED,
    SPEED_TRIM,
    SPRAY,
    SPRAY_INTEGRAL,
    SPRAY_TRIM,
    STIFFNESS,
    THREAD_SPEED,
    TRUE_FDT,
    WIDTH,
    ZOOM,
    H,
    T,
)
from .tables import STANDS

Block = NDArray[np.float64]

COMPENSATION = (0.7, 0.7, 0.7, 0.65, 0.6, 0.5, 0.45)  # of gap control [T]
MONITOR_SHARE = (0.0, 0.0, 0.0, 0.0, 0.5, 0.8, 1.0)  # of the X-ray monitor, by stand [T]
MONITOR_GAIN = 0.42  # of gap per seen error and interval [T]
ANY_FORCE = 1e9  # N, no roll force: the range test that catches a broken state
CONTACT = 30e3  # W/(m2 K), strip to roll [M range]
ROLL_SURFACE, SPRAY_WATER = 400.0, 305.0  # K [T]
AIR_FILM = 40.0  # W/(m2 K), moving strip [M]
SPRAY_FILM, SPRAY_LENGTH, FIRST_SPRAY = 2500.0, 0.45, 3  # W/(m2 K), m [V], behind F4..F6 [T]
SPRAY_BASE, SPRAY_P, SPRAY_I = 0.4, 0.012, 0.0016  # opening, per K, per K and interval [T]
LEAK_LAG = 0.1  # s: of the position loop that holds a leaking cylinder [M 3.4]
GAUGE_BAND, GAUGE_SHARE, FDT_BAND = 30e-6, 0.01, 20.0  # m, of thickness above 3 mm, K [M]
FERRITE = 1093.0  # K [M]: colder delivery is rolled in two phases and counts as harm


@inline
def _bite(
    entry: float, exit: float, flat: float, gap: float, locked: float, temperature: float,
    speed: float, width: float, carbon: float, hardness: float, radius: float,
    compensation: float, stiffness: float, believed: float,
) -> tuple[float, float, float, float]:  # fmt: skip
    """One Newton step of a stand: exit thickness (m), flattened radius (m), force (N), residual."""
    draft = fmax(entry - exit, 1e-5)
    exit = entry - draft
    reduction = strain(entry, exit)
    rate = speed * reduction / contact_length(draft, flat)
    stress = hardness * shida_mean(reduction, rate, temperature, carbon)
    force = force_once(entry, exit, width, flat, stress)
    flat = flattened_radius(radius, force, width, draft)
    force = force_once(entry, exit, width, flat, stress)
    flat = flattened_radius(radius, force, width, draft)
    error = exit_error(exit, gap, force, locked, compensation, stiffness, believed)
    slope = exit_slope(strip_modulus(force, draft), compensation, stiffness, believed)
    exit = fmin(fmax(exit - error / slope, 0.4 * entry), 0.985 * entry)
    return exit, flat, force, error


@kernel
def level1(block: Block, mill: Block) -> None:
    """Speed ramp, spray control and the X-ray monitor; they see what instruments showed last."""
    for i in range(LANES):
        rolling = block[ACTIVE * LANES + i]
        aim = block[THREAD_SPEED * LANES + i] + block[ZOOM * LANES + i]
        aim = aim + block[SPEED_TRIM * LANES + i] + block[ACT_SPEED * LANES + i]
        aim = fmin(fmax(aim, mill[P.SLOWEST]), mill[P.FASTEST])
        aim = aim * (1.0 - block[(FAULT + DRIVE_DROOP) * LANES + i])
        ramp = mill[P.RAMP] * INTERVAL
        speed = block[SPEED * LANES + i]
        block[SPEED * LANES + i] = speed + fmin(fmax(aim - speed, -ramp), ramp)

        seen = where(
            block[FDT_SOURCE * LANES + i] > 0.5,
            block[FDT_MODEL * LANES + i],
            block[SHOWN_FDT * LANES + i],
        )
        settled = rolling * where(block[COIL_TIME * LANES + i] > 3.0, 1.0, 0.0)
        error = settled * (seen - block[FDT_AIM * LANES + i])
        integral = block[SPRAY_INTEGRAL * LANES + i] + SPRAY_I * error
        integral = fmin(fmax(integral, -0.6), 0.6)
        block[SPRAY_INTEGRAL * LANES + i] = integral
        opening = SPRAY_BASE + block[SPRAY_TRIM * LANES + i] + block[ACT_SPRAY * LANES + i]
        opening = opening + integral + SPRAY_P * error
        block[SPRAY * LANES + i] = fmin(fmax(opening, 0.0), 1.0)

        off = block[SHOWN_GAUGE * LANES + i] - block[GAUGE_AIM * LANES + i]
        off = settled * fmin(fmax(off + block[ACT_GAUGE * LANES + i], -2e-4), 2e-4)
        block[GAUGE_ERROR * LANES + i] = off
    for s in range(STANDS):
        share = MONITOR_GAIN * MONITOR_SHARE[s]
        for i in range(LANES):
            moved = block[(MONITOR + s) * LANES + i] - share * block[GAUGE_ERROR * LANES + i]
            block[(MONITOR + s) * LANES + i] = fmin(fmax(moved, -1.2e-3), 1.2e-3)


# rows of the bench: what all stands share lies apart from the block, because LLVM widens a lane
# loop only when everything it touches in one array keeps a constant distance
AT = (
    WIDTH, CARBON, HARDNESS, STIFFNESS, ACTIVE, SPRAY, OVERLOAD, FAULT + HYDRAULIC_PRESSURE,
)  # fmt: skip
(
    B_WIDTH, B_CARBON, B_HARDNESS, B_STIFFNESS, B_ACTIVE, B_SPRAY, B_OVERLOAD, B_WEAK_OIL,
) = range(len(AT))  # fmt: skip
BENCH = len(AT) + 8
(
    B_FLOW, B_POWER, B_RESIDUAL, B_OUTSIDE, B_OFFSET, B_BELIEVED, B_DRIVEN, B_SPRAYED,
) = range(len(AT), BENCH)  # fmt: skip


@kernel
def roll(block: Block, mill: Block) -> None:
    """Seven bites, one after the other; four Newton steps each, started from the last interval."""
    bench = np.zeros(BENCH * LANES)
    for k in range(len(AT)):
        for i in range(LANES):
            bench[k * LANES + i] = block[AT[k] * LANES + i]
    for i in range(LANES):
        block[T * LANES + i] = block[ENTRY_TEMPERATURE * LANES + i]
        bench[B_FLOW * LANES + i] = block[SPEED * LANES + i] * block[(H + STANDS) * LANES + i]
    for s in range(STANDS):
        radius = mill[P.RADIUS + s]
        _stand_faults(block, bench, s)
        for _ in range(4):
            _newton(block[s * LANES :], bench, radius, COMPENSATION[s])
        distance = mill[P.DISTANCE + s] if s < STANDS - 1 else mill[P.PYROMETER_DISTANCE]
        film = SPRAY_FILM if FIRST_SPRAY <= s < STANDS - 1 else 0.0
        force, power = mill[P.MAX_FORCE + s], mill[P.MAX_POWER + s]
        _leave(block[s * LANES :], bench, radius, force, power, distance, film)
    for i in range(LANES):
        block[OVERLOAD * LANES + i] = bench[B_OVERLOAD * LANES + i]
        block[POWER * LANES + i] = bench[B_POWER * LANES + i]
        block[RESIDUAL * LANES + i] = bench[B_RESIDUAL * LANES + i]
        block[OUTSIDE * LANES + i] = bench[B_OUTSIDE * LANES + i] * block[ACTIVE * LANES + i]


@inline
def _here(block: Block, i: int, kind: int, place: float) -> float:
    """Return the present size of a fault if it is at this stand or gap, else 0."""
    size = block[(FAULT + kind) * LANES + i]
    return where(block[(FAULT_PLACE + kind) * LANES + i] == place, size, 0.0)


@kernel
def _stand_faults(block: Block, bench: Block, s: int) -> None:
    """What faults do to stand s: its rolls are not where the encoder says, its ratings shrink."""
    place = float(s + 1)
    for i in range(LANES):
        off = _here(block, i, GAP_ENCODER, place) + LEAK_LAG * _here(block, i, HGC_LEAK, place)
        swing = 0.7 * block[(NOISE + ECCENTRIC) * LANES + i]  # a sine seen at no fixed angle
        bench[B_OFFSET * LANES + i] = off + swing * _here(block, i, ECCENTRICITY, place)
        bench[B_BELIEVED * LANES + i] = MODULUS * (1.0 + _here(block, i, MODULUS_ERROR, place))
        bench[B_DRIVEN * LANES + i] = 1.0 - _here(block, i, DRIVE_LIMIT, place)
        open = 1.0 - _here(block, i, SPRAY_BLOCK, place)
        bench[B_SPRAYED * LANES + i] = bench[B_SPRAY * LANES + i] * open


@kernel
def _newton(stand: Block, bench: Block, radius: float, compensation: float) -> None:
    """One Newton step of a stand in every lane; `stand` is the block from this stand's rows on."""
    for i in range(LANES):
        exit = stand[(H + 1) * LANES + i]
        exit, flat, force, error = _bite(
            stand[H * LANES + i], exit, stand[FLAT * LANES + i],
            stand[GAP * LANES + i] + stand[MONITOR * LANES + i] + bench[B_OFFSET * LANES + i],
            stand[LOCKED * LANES + i], stand[T * LANES + i],
            bench[B_FLOW * LANES + i] / exit, bench[B_WIDTH * LANES + i],
            bench[B_CARBON * LANES + i], bench[B_HARDNESS * LANES + i], radius, compensation,
            bench[B_STIFFNESS * LANES + i],
            bench[B_BELIEVED * LANES + i],
        )  # fmt: skip
        stand[(H + 1) * LANES + i] = exit
        stand[FLAT * LANES + i] = flat
        stand[FORCE * LANES + i] = force
        bench[B_RESIDUAL * LANES + i] = error


@kernel
def _leave(
    stand: Block, bench: Block, radius: float, most_force: float, most_power: float,
    distance: float, film: float,
) -> None:  # fmt: skip
    """Heat and power of a stand, and the strip's way (m) to the next one under a spray film."""
    for i in range(LANES):
        entry, exit = stand[H * LANES + i], stand[(H + 1) * LANES + i]
        flat, temperature = stand[FLAT * LANES + i], stand[T * LANES + i]
        width, carbon = bench[B_WIDTH * LANES + i], bench[B_CARBON * LANES + i]
        speed = bench[B_FLOW * LANES + i] / exit
        reduction, length = strain(entry, exit), contact_length(entry - exit, flat)
        rate = speed * reduction / length
        stress = bench[B_HARDNESS * LANES + i] * shida_mean(reduction, rate, temperature, carbon)
        # written so that NaN counts as outside
        inside = where(reduction <= MOST_STRAIN, 1.0, 0.0) * where(temperature >= COLDEST, 1.0, 0.0)
        inside = inside * where(temperature <= HOTTEST, 1.0, 0.0)
        inside = inside * where(stand[FORCE * LANES + i] < ANY_FORCE, 1.0, 0.0)
        bench[B_OUTSIDE * LANES + i] += 1.0 - inside
        power = torque(entry, exit, width, radius, flat, stress) * speed / radius
        bench[B_POWER * LANES + i] += power
        strong = most_force * (1.0 - bench[B_WEAK_OIL * LANES + i])
        driven = most_power * bench[B_DRIVEN * LANES + i]
        over = where(stand[FORCE * LANES + i] > strong, 1.0, 0.0)
        over = over + where(power > driven, 1.0, 0.0)
        bench[B_OVERLOAD * LANES + i] += bench[B_ACTIVE * LANES + i] * over * INTERVAL

        thick, touched = 0.5 * (entry + exit), length / speed
        temperature = after_film(temperature, ROLL_SURFACE, CONTACT, thick, touched)
        temperature = temperature + work_rise(stress, reduction)
        travel = distance / speed
        temperature = after_radiation(temperature, exit, travel, emissivity(temperature))
        temperature = after_film(temperature, SPRAY_WATER, AIR_FILM, exit, travel)
        spray = film * bench[B_SPRAYED * LANES + i]
        temperature = after_film(temperature, SPRAY_WATER, spray, exit, SPRAY_LENGTH / speed)
        stand[(T + 1) * LANES + i] = temperature


@kernel
def show(block: Block) -> None:
    """What the mill's instruments show of this interval, level 2's estimate, and what counts."""
    for s in range(STANDS):
        for i in range(LANES):
            force = block[(FORCE + s) * LANES + i] + 0.06e6 * block[(NOISE + 7 + s) * LANES + i]
            here = where(block[(FAULT_PLACE + LOAD_CELL) * LANES + i] == float(s + 1), 1.0, 0.0)
            force = force + here * block[(FAULT + LOAD_CELL) * LANES + i]
            block[(SHOWN_FORCE + s) * LANES + i] = block[ACTIVE * LANES + i] * force
    for i in range(LANES):
        rolling = block[ACTIVE * LANES + i]
        exit, fdt = block[(H + STANDS) * LANES + i], block[(T + STANDS) * LANES + i]
        speed, aim = block[SPEED * LANES + i], block[GAUGE_AIM * LANES + i]
        entry = block[ENTRY_TEMPERATURE * LANES + i] + 3.0 * block[NOISE * LANES + i]
        block[TRUE_FDT * LANES + i] = fdt
        block[SHOWN_ENTRY * LANES + i] = rolling * entry + (1.0 - rolling) * 1150.0
        shown_speed = speed + 0.005 * block[(NOISE + 1) * LANES + i]
        block[SHOWN_SPEED * LANES + i] = shown_speed
        thick = exit + 2e-6 * block[(NOISE + 2) * LANES + i]
        thick = thick + block[(FAULT + THICKNESS_GAUGE) * LANES + i]
        block[SHOWN_GAUGE * LANES + i] = rolling * thick
        shown = (
            fdt + block[(FAULT + FDT_PYROMETER) * LANES + i] + 2.0 * block[(NOISE + 3) * LANES + i]
        )
        block[SHOWN_FDT * LANES + i] = rolling * shown + (1.0 - rolling) * 950.0
        block[SHOWN_POWER * LANES + i] = rolling * (
            block[POWER * LANES + i] + 0.05e6 * block[(NOISE + 4) * LANES + i]
        )
        expected = delivery_temperature(
            entry, block[H * LANES + i], aim, shown_speed * aim, block[SPRAY * LANES + i]
        )
        expected = expected + block[FDT_BIAS * LANES + i]
        old = block[FDT_MODEL * LANES + i]
        fresh = where(block[COIL_TIME * LANES + i] > 1.0, 0.4, 1.0)
        block[FDT_MODEL * LANES + i] = where(rolling > 0.5, old + fresh * (expected - old), old)

        mass = rolling * DENSITY * block[WIDTH * LANES + i] * exit * speed * INTERVAL
        block[ROLLED * LANES + i] += mass
        off = exit - aim
        band = fmax(GAUGE_BAND, GAUGE_SHARE * aim)
        inside = where(off < band, 1.0, 0.0) * where(off > -band, 1.0, 0.0)
        block[GAUGE_OFF * LANES + i] += mass * (1.0 - inside)
        off = fdt - block[FDT_AIM * LANES + i]
        inside = where(off < FDT_BAND, 1.0, 0.0) * where(off > -FDT_BAND, 1.0, 0.0)
        block[FDT_OFF * LANES + i] += mass * (1.0 - inside)
        block[COLD * LANES + i] += rolling * where(fdt < FERRITE, 1.0, 0.0) * INTERVAL
        block[ENERGY * LANES + i] += rolling * block[POWER * LANES + i] * INTERVAL
