"""One control interval of the finishing mill: speeds, loops of level 1, seven bites, temperatures.

The segment that leaves F7 in this interval meets every stand with the gaps of this interval: the
8 s it is under way shift the stands against each other by less than the thin line resolves. Gap
control and tension are in equilibrium, mass flow is ideal. Sources stand with the formulas.
"""

import numpy as np
from numpy.typing import NDArray

from ...control.level2_model import MODULUS
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
    SPRAY_FILM,
    SPRAY_LENGTH,
    after_film,
    after_radiation,
    emissivity,
    work_rise,
)
from . import parameters as P  # noqa: N812
from . import profile_rows as Q  # noqa: N812
from . import rows as R  # noqa: N812
from .faults import (
    AGC_STICTION,
    DRIVE_DROOP,
    DRIVE_LIMIT,
    ECCENTRICITY,
    GAP_ENCODER,
    HGC_LEAK,
    HGC_SLOW,
    HYDRAULIC_PRESSURE,
    LOOPER_SWING,
    MODULUS_ERROR,
    SPRAY_BLOCK,
)
from .mill_show import HOT_STRENGTH, SWING_TENSION, TENSION
from .parameters import STANDS
from .rows import INTERVAL, LANES

Block = NDArray[np.float64]

COMPENSATION = (0.7, 0.7, 0.7, 0.65, 0.6, 0.5, 0.45)  # of gap control [T]
COMPENSATED = 0.7  # 1: the set-point at which the shares above hold [T]
MONITOR_SHARE = (0.0, 0.0, 0.0, 0.0, 0.5, 0.8, 1.0)  # of the X-ray monitor, by stand [T]
MONITOR_GAIN = 0.42  # of gap per seen error and interval [T]
MONITOR_FROM = 2.0  # s: after the head the X-ray monitor listens, once gap control is locked on [M]
ANY_FORCE = 1e9  # N, no roll force: the range test that catches a broken state
CONTACT = 30e3  # W/(m2 K), strip to roll [M range]
ROLL_SURFACE, SPRAY_WATER = 400.0, 305.0  # K [T]
AIR_FILM = 40.0  # W/(m2 K), moving strip [M]
FIRST_SPRAY = 3  # stands from which on a spray stands behind, 0 is F1
SPRAY_BASE, SPRAY_P, SPRAY_I = 0.4, 0.012, 0.0016  # opening, per K, per K and interval [T]
FRONT_PULL, BACK_PULL = 0.3, 0.7  # 1: of a tension that acts on a stand's mean pressure [M 3.5]
LEAK_LAG = 0.1  # s: of the position loop that holds a leaking cylinder [M 3.4]
FORCE_TRIP, POWER_TRIP, TRIP_AFTER = 1.15, 1.5, 2.0  # 1, 1, s: beyond a rating [M 6.4]
EVENT_POWER = 5.0  # code of `signal_table.EVENTS`: force and power share a trip chain


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


@inline
def _here(block: Block, i: int, kind: int, place: float) -> float:
    """Return the present size of a fault if it is at this stand or gap, else 0."""
    size = block[(R.FAULT + kind) * LANES + i]
    return where(block[(R.FAULT_PLACE + kind) * LANES + i] == place, size, 0.0)


@kernel
def level1(block: Block, mill: Block) -> None:
    """Speed ramp, spray control and the X-ray monitor; they see what instruments showed last."""
    for i in range(LANES):
        rolling = block[R.ACTIVE * LANES + i]
        aim = block[R.THREAD_SPEED * LANES + i] + block[R.ZOOM * LANES + i]
        aim = aim + block[R.SPEED_TRIM * LANES + i] + block[R.ACT_SPEED * LANES + i]
        aim = fmin(fmax(aim, mill[P.SLOWEST]), mill[P.FASTEST])
        droop = 0.3 * block[(R.FAULT + DRIVE_DROOP) * LANES + i]  # the others follow in part
        aim = aim * (1.0 - droop)
        ramp = mill[P.RAMP] * INTERVAL
        speed = block[R.SPEED * LANES + i]
        block[R.SPEED * LANES + i] = speed + fmin(fmax(aim - speed, -ramp), ramp)

        seen = where(
            block[R.FDT_SOURCE * LANES + i] > 0.5,
            block[R.FDT_MODEL * LANES + i],
            block[R.SHOWN_FDT * LANES + i],
        )
        settled = rolling * where(block[R.COIL_TIME * LANES + i] > 3.0, 1.0, 0.0)
        error = settled * (seen - block[R.FDT_AIM * LANES + i])
        integral = block[R.SPRAY_INTEGRAL * LANES + i] + SPRAY_I * error
        integral = fmin(fmax(integral, -0.6), 0.6)
        block[R.SPRAY_INTEGRAL * LANES + i] = integral
        opening = SPRAY_BASE + block[R.SPRAY_TRIM * LANES + i] + block[R.ACT_SPRAY * LANES + i]
        opening = opening + integral + SPRAY_P * error
        block[R.SPRAY * LANES + i] = fmin(fmax(opening, 0.0), 1.0)

        off = block[R.SHOWN_GAUGE * LANES + i] - block[R.GAUGE_AIM * LANES + i]
        off = off + block[R.ACT_GAUGE * LANES + i] - block[R.GAUGE_TRIM * LANES + i]
        watched = where(block[R.COIL_TIME * LANES + i] > MONITOR_FROM, 1.0, 0.0)
        off = rolling * watched * fmin(fmax(off, -2e-4), 2e-4) * block[R.MONITOR_ON * LANES + i]
        block[R.GAUGE_ERROR * LANES + i] = off
    for s in range(STANDS):
        share = MONITOR_GAIN * MONITOR_SHARE[s]
        for i in range(LANES):
            step = -share * block[R.GAUGE_ERROR * LANES + i]
            stuck = _here(block, i, AGC_STICTION, float(s + 1))  # a valve that sticks wants more
            moves = where(step > 0.1 * stuck, 1.0, 0.0) + where(step < -0.1 * stuck, 1.0, 0.0)
            slow = 1.0 - _here(block, i, HGC_SLOW, float(s + 1))
            slow = slow * (1.0 - block[(R.FAULT + HYDRAULIC_PRESSURE) * LANES + i])
            moved = block[(R.MONITOR + s) * LANES + i] + step * fmin(moves, 1.0) * slow
            block[(R.MONITOR + s) * LANES + i] = fmin(fmax(moved, -1.2e-3), 1.2e-3)


# rows of the bench: what all stands share lies apart from the block, because LLVM widens a lane
# loop only when everything it touches in one array keeps a constant distance
AT = (
    R.WIDTH, R.CARBON, R.HARDNESS, R.STIFFNESS, R.ACTIVE, R.SPRAY, R.OVERLOAD,
    R.FAULT + HYDRAULIC_PRESSURE, R.AGC_COMPENSATION,
)  # fmt: skip
(
    B_WIDTH, B_CARBON, B_HARDNESS, B_STIFFNESS, B_ACTIVE, B_SPRAY, B_OVERLOAD, B_WEAK_OIL,
    B_COMPENSATION,
) = range(len(AT))  # fmt: skip
BENCH = len(AT) + 9
(
    B_FLOW, B_POWER, B_RESIDUAL, B_OUTSIDE, B_OFFSET, B_BELIEVED, B_DRIVEN, B_SPRAYED, B_TRIP,
) = range(len(AT), BENCH)  # fmt: skip


@kernel
def roll(block: Block, mill: Block) -> None:
    """Seven bites, one after the other; four Newton steps each, started from the last interval."""
    bench = np.zeros(BENCH * LANES)
    for k in range(len(AT)):
        for i in range(LANES):
            bench[k * LANES + i] = block[AT[k] * LANES + i]
    for i in range(LANES):
        block[R.T * LANES + i] = block[R.ENTRY_TEMPERATURE * LANES + i]
        bench[B_FLOW * LANES + i] = block[R.SPEED * LANES + i] * block[(R.H + STANDS) * LANES + i]
    for s in range(STANDS):
        radius = mill[P.RADIUS + s]
        _stand_faults(block, bench, s)
        for _ in range(4):
            _newton(block[s * LANES :], bench, radius, COMPENSATION[s])
        distance = mill[P.DISTANCE + s] if s < STANDS - 1 else mill[P.PYROMETER_DISTANCE]
        film = SPRAY_FILM if FIRST_SPRAY <= s < STANDS - 1 else 0.0
        force, power = mill[P.MAX_FORCE + s], mill[P.MAX_POWER + s]
        _leave(block[s * LANES :], bench, radius, force, power, distance, film, float(s + 1))
    for i in range(LANES):
        block[R.OVERLOAD * LANES + i] = bench[B_OVERLOAD * LANES + i]
        far = bench[B_TRIP * LANES + i] * block[R.ACTIVE * LANES + i]
        beyond = where(far > 0.5, block[R.OVER_TIME * LANES + i] + INTERVAL, 0.0)
        block[R.OVER_TIME * LANES + i] = beyond
        trip = where(beyond > TRIP_AFTER, 1.0, 0.0)
        block[R.EVENT * LANES + i] = fmax(block[R.EVENT * LANES + i], trip * EVENT_POWER)
        place = block[R.EVENT_PLACE * LANES + i]
        block[R.EVENT_PLACE * LANES + i] = fmax(place, trip * far)
        block[R.POWER * LANES + i] = bench[B_POWER * LANES + i]
        block[R.RESIDUAL * LANES + i] = bench[B_RESIDUAL * LANES + i]
        block[R.OUTSIDE * LANES + i] = bench[B_OUTSIDE * LANES + i] * block[R.ACTIVE * LANES + i]


@kernel
def _stand_faults(block: Block, bench: Block, s: int) -> None:
    """What faults do to stand s: its rolls are not where the encoder says, its ratings shrink."""
    place = float(s + 1)
    for i in range(LANES):
        off = block[(Q.ROLL_GAP + s) * LANES + i] + _here(block, i, GAP_ENCODER, place)
        off = off + LEAK_LAG * _here(block, i, HGC_LEAK, place)
        swing = 0.7 * block[(R.NOISE + R.N_ECCENTRIC) * LANES + i]  # a sine seen at no fixed angle
        # a valve that sticks hunts within its dead band; tension that swings on either side of a
        # stand swings its force, which stretches the stand
        off = off + swing * _here(block, i, ECCENTRICITY, place)
        off = off + swing * _here(block, i, AGC_STICTION, place)
        pull = FRONT_PULL * _here(block, i, LOOPER_SWING, place) * TENSION[min(s, STANDS - 2)]
        back = BACK_PULL * _here(block, i, LOOPER_SWING, place - 1.0) * TENSION[max(s - 1, 0)]
        share = SWING_TENSION * (pull + back) / HOT_STRENGTH
        stretch = block[(R.FORCE + s) * LANES + i] / block[R.STIFFNESS * LANES + i]
        bench[B_OFFSET * LANES + i] = off - swing * share * stretch
        bench[B_BELIEVED * LANES + i] = MODULUS * (1.0 + _here(block, i, MODULUS_ERROR, place))
        bench[B_DRIVEN * LANES + i] = 1.0 - _here(block, i, DRIVE_LIMIT, place)
        open = 1.0 - _here(block, i, SPRAY_BLOCK, place)
        bench[B_SPRAYED * LANES + i] = bench[B_SPRAY * LANES + i] * open


@kernel
def _newton(stand: Block, bench: Block, radius: float, compensation: float) -> None:
    """One Newton step of a stand in every lane; `stand` is the block from this stand's rows on."""
    for i in range(LANES):
        exit = stand[(R.H + 1) * LANES + i]
        exit, flat, force, error = _bite(
            stand[R.H * LANES + i], exit, stand[R.FLAT * LANES + i],
            stand[R.GAP * LANES + i] + stand[R.MONITOR * LANES + i] + bench[B_OFFSET * LANES + i],
            stand[R.LOCKED * LANES + i], stand[R.T * LANES + i],
            bench[B_FLOW * LANES + i] / exit, bench[B_WIDTH * LANES + i],
            bench[B_CARBON * LANES + i], bench[B_HARDNESS * LANES + i], radius,
            compensation * bench[B_COMPENSATION * LANES + i] / COMPENSATED,
            bench[B_STIFFNESS * LANES + i], bench[B_BELIEVED * LANES + i],
        )  # fmt: skip
        stand[(R.H + 1) * LANES + i] = exit
        stand[R.FLAT * LANES + i] = flat
        stand[R.FORCE * LANES + i] = force
        bench[B_RESIDUAL * LANES + i] = error


@kernel
def _leave(
    stand: Block, bench: Block, radius: float, most_force: float, most_power: float,
    distance: float, film: float, number: float,
) -> None:  # fmt: skip
    """Heat and power of a stand, and the strip's way (m) to the next one under a spray film."""
    for i in range(LANES):
        entry, exit = stand[R.H * LANES + i], stand[(R.H + 1) * LANES + i]
        flat, temperature = stand[R.FLAT * LANES + i], stand[R.T * LANES + i]
        width, carbon = bench[B_WIDTH * LANES + i], bench[B_CARBON * LANES + i]
        speed = bench[B_FLOW * LANES + i] / exit
        reduction, length = strain(entry, exit), contact_length(entry - exit, flat)
        rate = speed * reduction / length
        stress = bench[B_HARDNESS * LANES + i] * shida_mean(reduction, rate, temperature, carbon)
        # written so that NaN counts as outside
        inside = where(reduction <= MOST_STRAIN, 1.0, 0.0) * where(temperature >= COLDEST, 1.0, 0.0)
        inside = inside * where(temperature <= HOTTEST, 1.0, 0.0)
        inside = inside * where(stand[R.FORCE * LANES + i] < ANY_FORCE, 1.0, 0.0)
        bench[B_OUTSIDE * LANES + i] += 1.0 - inside
        power = torque(entry, exit, width, radius, flat, stress) * speed / radius
        bench[B_POWER * LANES + i] += power
        stand[R.STAND_POWER * LANES + i] = power
        strong = most_force * (1.0 - bench[B_WEAK_OIL * LANES + i])
        driven = most_power * bench[B_DRIVEN * LANES + i]
        over = where(stand[R.FORCE * LANES + i] > strong, 1.0, 0.0)
        over = over + where(power > driven, 1.0, 0.0)
        bench[B_OVERLOAD * LANES + i] += bench[B_ACTIVE * LANES + i] * over * INTERVAL
        far = where(stand[R.FORCE * LANES + i] > FORCE_TRIP * strong, 1.0, 0.0)
        far = fmax(far, where(power > POWER_TRIP * driven, 1.0, 0.0))
        bench[B_TRIP * LANES + i] = fmax(bench[B_TRIP * LANES + i], far * number)

        thick, touched = 0.5 * (entry + exit), length / speed
        temperature = after_film(temperature, ROLL_SURFACE, CONTACT, thick, touched)
        temperature = temperature + work_rise(stress, reduction)
        travel = distance / speed
        temperature = after_radiation(temperature, exit, travel, emissivity(temperature))
        temperature = after_film(temperature, SPRAY_WATER, AIR_FILM, exit, travel)
        spray = film * bench[B_SPRAYED * LANES + i]
        temperature = after_film(temperature, SPRAY_WATER, spray, exit, SPRAY_LENGTH / speed)
        stand[(R.T + 1) * LANES + i] = temperature
