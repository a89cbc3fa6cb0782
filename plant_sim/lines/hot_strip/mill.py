"""One control interval of the finishing mill: speeds, loops of level 1, bites, temperatures.

The segment that leaves F7 in this interval meets every stand with the gaps of this interval: the
8 s it is under way shift the stands against each other by less than an interval resolves. Gap
control and tension are in equilibrium, mass flow is ideal; bite and heat are those of the fine
mill. Sources stand with the formulas.
"""

import numpy as np
from numpy.typing import NDArray

from ...control.gap_control import (
    COMPENSATED,
    COMPENSATION,
    MONITOR_SHARE,
    MOST_ERROR,
    MOST_MONITOR,
    SETTLED,
    monitor_rate,
    monitor_speed,
)
from ...control.level2_model import MODULUS
from ...control.looper_control import LOWER_BEFORE, LOWERED, TENSION_AIM
from ...control.speed_control import spray_opening
from ...engine.numbers import fmax, fmin, inline, kernel, where
from ...physics.flow_stress import COLDEST, HOTTEST, MOST_STRAIN
from ...physics.interstand import SLIP_PER_TENSION
from ...physics.mill_stretch import exit_error, exit_slope
from ...physics.roll_bite import contact_length, flattened_radius, strain, strip_modulus
from ...physics.strip_temperature import SPRAY_FILM
from ...physics.tension_creep import necked_width
from . import parameters as P  # noqa: N812
from . import profile_rows as Q  # noqa: N812
from . import rows as R  # noqa: N812
from .bite import forces
from .faults import (
    AGC_STICTION,
    DRIVE_DROOP,
    DRIVE_LIMIT,
    ECCENTRICITY,
    GAP_ENCODER,
    HGC_LEAK,
    HGC_SLOW,
    HYDRAULIC_PRESSURE,
    LOAD_CELL,
    LOOPER_SWING,
    MODULUS_ERROR,
    SPRAY_BLOCK,
)
from .mill_show import SLIP, SWING_TENSION
from .parameters import STANDS
from .rows import INTERVAL, LANES
from .strip_heat import BAR_COLD, FIRST_SPRAY, behind_bite, on_the_way, to_next_stand

Block = NDArray[np.float64]

ANY_FORCE = 1e9  # N, no roll force: the range test that catches a broken state
NEWTON = 4  # steps of each bite in an interval
HEAD_WAITS = 3.0  # m: before F1, where a bar's head stands when it is ordered [T 3.5]
LEAK_LAG = 0.1  # s: of the position loop that holds a leaking cylinder [M 3.4]
FORCE_TRIP, POWER_TRIP, TRIP_AFTER = 1.15, 1.5, 2.0  # 1, 1, s: beyond a rating [M 6.4]
EVENT_POWER = 5.0  # code of `signal_table.EVENTS`: force and power share a trip chain


@inline
def _here(block: Block, i: int, kind: int, place: float) -> float:
    """Return the present size of a fault if it is at this stand or gap, else 0."""
    size = block[(R.FAULT + kind) * LANES + i]
    return where(block[(R.FAULT_PLACE + kind) * LANES + i] == place, size, 0.0)


@kernel
def level1(block: Block, mill: Block) -> None:
    """Speed ramp, spray control and the X-ray monitor; they see what instruments showed last."""
    first = int(mill[P.FIRST_STAND])
    moves = np.zeros(LANES)
    for i in range(LANES):
        rolling = block[R.ACTIVE * LANES + i]
        aim = block[R.THREAD_SPEED * LANES + i] + block[R.ZOOM * LANES + i]
        aim = aim + block[R.SPEED_TRIM * LANES + i] + block[R.ACT_SPEED * LANES + i]
        aim = fmin(fmax(aim, mill[P.SLOWEST]), mill[P.FASTEST])
        droop = 0.3 * block[(R.FAULT + DRIVE_DROOP) * LANES + i]  # the others follow in part
        aim = aim * (1.0 - droop)
        # the speed is that of F7's rolls: tension before it holds the strip back
        pull = TENSION_AIM[STANDS - 2] * (1.0 + block[R.TENSION_TRIM * LANES + i])
        aim = aim * (1.0 - SLIP_PER_TENSION * pull)
        ramp = mill[P.RAMP] * INTERVAL
        speed = block[R.SPEED * LANES + i]
        block[R.SPEED * LANES + i] = speed + fmin(fmax(aim - speed, -ramp), ramp)

        seen = where(
            block[R.FDT_SOURCE * LANES + i] > 0.5,
            block[R.FDT_MODEL * LANES + i],
            block[R.SHOWN_FDT * LANES + i],
        )
        settled = rolling * where(block[R.STRIP_DONE * LANES + i] > SETTLED, 1.0, 0.0)
        error = settled * (seen - block[R.FDT_AIM * LANES + i])
        opening, integral = spray_opening(
            error, block[R.SPRAY_INTEGRAL * LANES + i],
            block[R.SPRAY_TRIM * LANES + i] + block[R.ACT_SPRAY * LANES + i], INTERVAL,
            block[R.SHOWN_SPEED * LANES + i] * block[R.GAUGE_AIM * LANES + i],
        )  # fmt: skip
        block[R.SPRAY_INTEGRAL * LANES + i] = integral
        block[R.SPRAY * LANES + i] = opening

        off = block[R.SHOWN_GAUGE * LANES + i] - block[R.GAUGE_AIM * LANES + i]
        off = off + block[R.ACT_GAUGE * LANES + i] - block[R.GAUGE_TRIM * LANES + i]
        rate = monitor_rate(block[R.STRIP_DONE * LANES + i], block[R.STRIP_LEFT * LANES + i])
        watched = rolling * where(rate > 0.0, 1.0, 0.0) * block[R.MONITOR_ON * LANES + i]
        off = watched * fmin(fmax(off, -MOST_ERROR), MOST_ERROR)
        block[R.GAUGE_ERROR * LANES + i] = off
        moves[i] = -INTERVAL * monitor_speed(off, rate)
    for s in range(first, STANDS):
        share = MONITOR_SHARE[s]
        for i in range(LANES):
            step = share * moves[i]
            stuck = _here(block, i, AGC_STICTION, float(s + 1))  # a valve that sticks wants more
            free = where(step > 0.1 * stuck, 1.0, 0.0) + where(step < -0.1 * stuck, 1.0, 0.0)
            slow = 1.0 - _here(block, i, HGC_SLOW, float(s + 1))
            slow = slow * (1.0 - block[(R.FAULT + HYDRAULIC_PRESSURE) * LANES + i])
            moved = block[(R.MONITOR + s) * LANES + i] + step * fmin(free, 1.0) * slow
            block[(R.MONITOR + s) * LANES + i] = fmin(fmax(moved, -MOST_MONITOR), MOST_MONITOR)


# rows of the bench: what all stands share lies apart from the block, because LLVM widens a lane
# loop only when everything it touches in one array keeps a constant distance
AT = (
    R.WIDTH, R.CARBON, R.HARDNESS, R.STIFFNESS, R.ACTIVE, R.SPRAY, R.OVERLOAD,
    R.FAULT + HYDRAULIC_PRESSURE, R.AGC_COMPENSATION, R.TENSION_TRIM,
)  # fmt: skip
(
    B_WIDTH, B_CARBON, B_HARDNESS, B_STIFFNESS, B_ACTIVE, B_SPRAY, B_OVERLOAD, B_WEAK_OIL,
    B_COMPENSATION, B_PULL,
) = range(len(AT))  # fmt: skip
BENCH = len(AT) + 20
(
    B_FLOW, B_POWER, B_RESIDUAL, B_OUTSIDE, B_OFFSET, B_BELIEVED, B_DRIVEN, B_SPRAYED, B_TRIP,
    B_BACK, B_FRONT, B_COLD, B_PUSH, B_STICKING, B_STRESS, B_TRANSIT, B_COMES, B_GONE, B_WIDE,
    B_LOCKED,
) = range(len(AT), BENCH)  # fmt: skip


@kernel
def pass_on(block: Block, first: int) -> None:
    """Hand the bar on as it is through the places before the first stand, where none stands."""
    for s in range(first):
        for i in range(LANES):
            block[(R.H + s + 1) * LANES + i] = block[(R.H + s) * LANES + i]
            block[(R.T + s + 1) * LANES + i] = block[(R.T + s) * LANES + i]


@kernel
def roll(block: Block, mill: Block) -> None:
    """All bites, one after the other; a few Newton steps each, started from the last interval."""
    first = int(mill[P.FIRST_STAND])
    bench = np.zeros(BENCH * LANES)
    for k in range(len(AT)):
        for i in range(LANES):
            bench[k * LANES + i] = block[AT[k] * LANES + i]
    for i in range(LANES):
        block[R.T * LANES + i] = block[R.ENTRY_TEMPERATURE * LANES + i]
        flow = block[R.SPEED * LANES + i] * block[(R.H + STANDS) * LANES + i]
        bench[B_FLOW * LANES + i] = flow
        bench[B_COLD * LANES + i] = BAR_COLD
        wide = block[R.WIDTH * LANES + i] + block[R.BAR_WIDER * LANES + i]
        bench[B_WIDE * LANES + i] = wide
        left = block[R.BAR * LANES + i] - block[R.BAR_DONE * LANES + i]
        bench[B_COMES * LANES + i] = left * block[R.BAR_THICK * LANES + i] / flow
        passed = block[R.STRIP_DONE * LANES + i] * block[(R.H + STANDS) * LANES + i]
        bench[B_GONE * LANES + i] = passed / flow
        bench[B_TRANSIT * LANES + i] = HEAD_WAITS * block[R.H * LANES + i] / flow
    pass_on(block, first)
    for s in range(first, STANDS):
        radius = mill[P.RADIUS + s]
        _stand_faults(block, bench, s)
        before = mill[P.DISTANCE + s - 1] if s > first else 0.0
        behind = mill[P.DISTANCE + s] if s < STANDS - 1 else 0.0
        _pull(block, bench, s, first, before, behind)
        for _ in range(NEWTON):
            _newton(block[s * LANES :], bench, radius, COMPENSATION[s])
        distance = mill[P.DISTANCE + s] if s < STANDS - 1 else mill[P.PYROMETER_DISTANCE]
        force, power = mill[P.MAX_FORCE + s], mill[P.MAX_POWER + s]
        _press(block[s * LANES :], bench, force, power, float(s + 1))
        if s < STANDS - 1:
            film = SPRAY_FILM if s >= FIRST_SPRAY else 0.0
            _leave(block[s * LANES :], bench, distance, film)
        else:
            _deliver(block[s * LANES :], bench, distance)
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
        block[R.SURFACE * LANES + i] = bench[B_COLD * LANES + i]
        block[R.EXIT_WIDTH * LANES + i] = bench[B_WIDE * LANES + i]
        # the head came through at threading speed, and the coil's clock began without that
        faster = block[R.SPEED * LANES + i] / block[R.THREAD_SPEED * LANES + i]
        block[R.TRANSIT * LANES + i] = bench[B_TRANSIT * LANES + i] * faster


@kernel
def _stand_faults(block: Block, bench: Block, s: int) -> None:
    """What faults do to stand s: its rolls are not where the encoder says, its ratings shrink."""
    place = float(s + 1)
    for i in range(LANES):
        off = block[(Q.ROLL_GAP + s) * LANES + i] + _here(block, i, GAP_ENCODER, place)
        off = off + LEAK_LAG * _here(block, i, HGC_LEAK, place)
        swing = 0.7 * block[(R.NOISE + R.N_ECCENTRIC) * LANES + i]  # a sine seen at no fixed angle
        # a valve that sticks hunts within its dead band
        off = off + swing * _here(block, i, ECCENTRICITY, place)
        shown = block[(R.LOCKED + s) * LANES + i] - _here(block, i, LOAD_CELL, place)
        bench[B_LOCKED * LANES + i] = shown  # a cell's zero is in the force measured now too
        bench[B_OFFSET * LANES + i] = off + swing * _here(block, i, AGC_STICTION, place)
        bench[B_BELIEVED * LANES + i] = MODULUS * (1.0 + _here(block, i, MODULUS_ERROR, place))
        bench[B_DRIVEN * LANES + i] = 1.0 - _here(block, i, DRIVE_LIMIT, place)
        open = 1.0 - _here(block, i, SPRAY_BLOCK, place)
        bench[B_SPRAYED * LANES + i] = bench[B_SPRAY * LANES + i] * open


@kernel
def _pull(
    block: Block, bench: Block, s: int, first: int, before: float, behind: float
) -> None:  # fmt: skip
    """Tensions on either side of stand s, whose neighbours stand `before` and `behind` (m) away.

    Volume is constant: tail and head are as many seconds from this segment at every stand. Tension
    comes when the head has been bitten, is lowered before the tail lets go, and goes with it; and
    it swings with a looper that oscillates.
    """
    place = float(s + 1)
    front = TENSION_AIM[s] if s < STANDS - 1 else 0.0
    back = TENSION_AIM[s - 1] if s > first else 0.0
    for i in range(LANES):
        swing = 0.7 * block[(R.NOISE + R.N_ECCENTRIC) * LANES + i]
        aim = 1.0 + bench[B_PULL * LANES + i]
        flow = bench[B_FLOW * LANES + i]
        comes, gone = bench[B_COMES * LANES + i], bench[B_GONE * LANES + i]
        ahead = aim * (1.0 + SWING_TENSION * swing * _here(block, i, LOOPER_SWING, place))
        ahead = ahead * where(comes < LOWER_BEFORE, LOWERED, 1.0)
        reached = behind * block[(R.H + s + 1) * LANES + i] / flow
        bench[B_FRONT * LANES + i] = front * ahead * where(gone > reached, 1.0, 0.0)
        rear = aim * (1.0 + SWING_TENSION * swing * _here(block, i, LOOPER_SWING, place - 1.0))
        comes = comes - before * block[(R.H + s) * LANES + i] / flow
        rear = rear * where(comes < LOWER_BEFORE, where(comes < 0.0, 0.0, LOWERED), 1.0)
        bench[B_BACK * LANES + i] = back * rear


@kernel
def _newton(stand: Block, bench: Block, radius: float, compensation: float) -> None:
    """One Newton step of a stand in every lane; `stand` is the block from this stand's rows on."""
    for i in range(LANES):
        entry, width = stand[R.H * LANES + i], bench[B_WIDTH * LANES + i]
        draft = fmax(entry - stand[(R.H + 1) * LANES + i], 1e-5)
        exit = entry - draft
        force, push, sticking, stress = forces(
            entry, exit, stand[R.FLAT * LANES + i], stand[R.T * LANES + i],
            bench[B_FLOW * LANES + i] / exit / (1.0 + SLIP), width, bench[B_CARBON * LANES + i],
            bench[B_HARDNESS * LANES + i], bench[B_BACK * LANES + i], bench[B_FRONT * LANES + i],
        )  # fmt: skip
        gap = stand[R.GAP * LANES + i] + stand[R.MONITOR * LANES + i] + bench[B_OFFSET * LANES + i]
        share = compensation * bench[B_COMPENSATION * LANES + i] / COMPENSATED
        stiffness, believed = bench[B_STIFFNESS * LANES + i], bench[B_BELIEVED * LANES + i]
        slope = strip_modulus(force, draft)
        error = exit_error(
            exit, gap, force, bench[B_LOCKED * LANES + i], share, stiffness, believed
        )
        moved = exit - error / exit_slope(slope, share, stiffness, believed)
        moved = fmin(fmax(moved, 0.4 * entry), 0.985 * entry)
        force = fmax(force - slope * (moved - exit), 0.0)
        flat = flattened_radius(radius, force, width, fmax(entry - moved, 1e-5))
        stand[(R.H + 1) * LANES + i] = moved
        stand[R.FLAT * LANES + i] = fmin(flat, 3.0 * radius)
        stand[R.FORCE * LANES + i] = force
        bench[B_RESIDUAL * LANES + i] = error
        bench[B_PUSH * LANES + i] = push
        bench[B_STICKING * LANES + i] = sticking
        bench[B_STRESS * LANES + i] = stress


@kernel
def _press(
    stand: Block, bench: Block, most_force: float, most_power: float, number: float
) -> None:  # fmt: skip
    """Power of a stand, what is beyond its ratings, and what the strip leaves it with."""
    for i in range(LANES):
        entry, exit = stand[R.H * LANES + i], stand[(R.H + 1) * LANES + i]
        temperature, force = stand[R.T * LANES + i], stand[R.FORCE * LANES + i]
        reduction = strain(entry, exit)
        # written so that NaN counts as outside
        inside = where(reduction <= MOST_STRAIN, 1.0, 0.0) * where(temperature >= COLDEST, 1.0, 0.0)
        inside = inside * where(temperature <= HOTTEST, 1.0, 0.0)
        inside = inside * where(force < ANY_FORCE, 1.0, 0.0)
        bench[B_OUTSIDE * LANES + i] += 1.0 - inside
        rolled = bench[B_FLOW * LANES + i] / exit / (1.0 + SLIP)
        power = bench[B_PUSH * LANES + i] * rolled
        bench[B_POWER * LANES + i] += power
        stand[R.STAND_POWER * LANES + i] = power
        strong = most_force * (1.0 - bench[B_WEAK_OIL * LANES + i])
        driven = most_power * bench[B_DRIVEN * LANES + i]
        over = where(force > strong, 1.0, 0.0) + where(power > driven, 1.0, 0.0)
        bench[B_OVERLOAD * LANES + i] += bench[B_ACTIVE * LANES + i] * over * INTERVAL
        far = where(force > FORCE_TRIP * strong, 1.0, 0.0)
        far = fmax(far, where(power > POWER_TRIP * driven, 1.0, 0.0))
        bench[B_TRIP * LANES + i] = fmax(bench[B_TRIP * LANES + i], far * number)

        length = contact_length(entry - exit, stand[R.FLAT * LANES + i])
        heat, cold = behind_bite(
            temperature, bench[B_COLD * LANES + i], 0.5 * (entry + exit), length, rolled,
            force / bench[B_WIDTH * LANES + i], bench[B_STICKING * LANES + i],
            bench[B_STRESS * LANES + i], reduction,
        )  # fmt: skip
        stand[(R.T + 1) * LANES + i] = heat
        bench[B_COLD * LANES + i] = cold


@kernel
def _leave(stand: Block, bench: Block, distance: float, film: float) -> None:
    """Cool and neck the strip on its way (m) to the next stand, under a spray film (W/(m2 K))."""
    for i in range(LANES):
        exit = stand[(R.H + 1) * LANES + i]
        speed = bench[B_FLOW * LANES + i] / exit
        bench[B_TRANSIT * LANES + i] += distance / speed
        bench[B_WIDE * LANES + i] = necked_width(
            bench[B_WIDE * LANES + i], bench[B_FRONT * LANES + i], bench[B_STRESS * LANES + i],
            distance / speed,
        )  # fmt: skip
        heat, cold = to_next_stand(
            stand[(R.T + 1) * LANES + i], bench[B_COLD * LANES + i], exit,
            film * bench[B_SPRAYED * LANES + i], speed, distance,
        )  # fmt: skip
        stand[(R.T + 1) * LANES + i] = heat
        bench[B_COLD * LANES + i] = cold


@kernel
def _deliver(stand: Block, bench: Block, distance: float) -> None:
    """Cool the strip on its way (m) to the finishing pyrometer."""
    for i in range(LANES):
        exit = stand[(R.H + 1) * LANES + i]
        seconds = distance * exit / bench[B_FLOW * LANES + i]
        heat, cold = on_the_way(
            stand[(R.T + 1) * LANES + i], bench[B_COLD * LANES + i], exit, 0.0, seconds
        )
        stand[(R.T + 1) * LANES + i] = heat
        bench[B_COLD * LANES + i] = cold
