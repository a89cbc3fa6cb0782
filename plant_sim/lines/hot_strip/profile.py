"""Crown and flatness, an interval at a time: warm and worn rolls, bending, heredity, buckles.

For each stand the mean roll temperature and the wear follow force, speed and strip temperature;
then the strip's crown is carried from the bar through all gaps, and the last change of the
crown ratio shows as flatness. The rolls of a stand are alike. Leaves out wedge and edge drop, and
the way of the strip between the stands: one interval meets all of them.
"""

import numpy as np
from numpy.typing import NDArray

from ...control.gap_control import oil_compensation
from ...control.profile_setup import (
    BAR_CROWN_RATIO,
    BELIEVED_HEREDITY,
    MIDDLE_BENDING,
    MOST_SHIFT,
    RATIO_PATH,
    WARM_CROWN,
    crown_aim,
    force_following,
    needed_crown,
    next_crown_correction,
    next_trim,
    preset,
)
from ...engine.numbers import fmax, fmin, inline, kernel, where
from ...physics.crown_flatness import (
    HEREDITY,
    I_UNIT,
    LEAST_BENDING,
    MOST_BENDING,
    TRANSFER,
    centre_buckle,
    edge_strain,
    edge_wave,
    exit_crown,
    mechanical_crown,
    shifted_crown,
)
from ...physics.mill_stretch import KISS_FORCE, oil_film
from ...physics.roll_bite import contact_length
from ...physics.roll_thermal import (
    COOLING,
    balance_rise,
    contact_heat,
    growth,
    next_rise,
    thermal_crown,
)
from ...physics.roll_wear import HOLLOW, MATERIAL, wear
from ...physics.strip_temperature import contact_coefficient
from . import parameters as P  # noqa: N812
from .faults import HYDRAULIC_PRESSURE
from .parameters import STANDS
from .profile_rows import (
    BENDING,
    BENDING_FAULT,
    BENDING_PLACE,
    BENDING_SET,
    CENTRE_BUCKLE,
    CROWN,
    CROWN_AIM,
    CROWN_COUNT,
    CROWN_LEARNED,
    CROWN_NOISE,
    CROWN_SUM,
    EDGE_WAVE,
    FLATNESS,
    FLATNESS_AIM,
    FLATNESS_NOISE,
    FLATNESS_TRIM,
    OWN_BEND,
    OWN_HEAT,
    PRESET_FORCE,
    PROFILE,
    PROFILE_END,
    ROLL_GAP,
    SHIFT,
    SHOWN_CROWN,
    SHOWN_FLATNESS,
    STAND_CROWN,
    THERMAL,
    WEAR,
    WEAR_FAULT,
    WEAR_PLACE,
    ZEROED,
)
from .rows import (
    ACTIVE,
    BENDING_BACK_TRIM,
    BENDING_FRONT_TRIM,
    EXPECTED,
    FAULT,
    FLAT,
    FORCE,
    FROZEN,
    GAUGE_AIM,
    INTERVAL,
    LANES,
    OWN_ZERO,
    SHIFT_TRIM,
    SHOWN_FORCE,
    SPEED,
    WEAR_DONE,
    WIDTH,
    H,
    T,
)

Block = NDArray[np.float64]
Mill = NDArray[np.float64]

WARM_RISE = (45.0, 45.0, 45.0, 42.0, 38.0, 32.0, 26.0)  # K: rolls in the middle of a shift [C 3.8]
COLD_SHARE = 0.3  # 1: of the working temperature rise that new rolls have [M 3.8]
BAR_RATIO = 0.010  # 1: crown ratio of a bar until the rougher says otherwise [M 3.9]
CROWN_GAUGE_NOISE = 2e-6  # m: standard deviation of the crown gauge [M 3.9]
FLATNESS_METER_NOISE = 3.0  # I: standard deviation of the flatness meter [M 3.9]
ZERO_SPEED = 1.0  # m/s: of the rolls when a gap is zeroed [M 3.4]
LOADED = 1e6  # N: roll force above which strip is in a stand [M 3.5]

# what all stands share lies apart from the block, as in the mill
AT = (
    WIDTH, ACTIVE, SPEED, WEAR_FAULT, WEAR_PLACE, BENDING_FAULT, BENDING_PLACE, FLATNESS_TRIM,
    OWN_BEND, OWN_HEAT, BENDING_FRONT_TRIM, BENDING_BACK_TRIM, FAULT + HYDRAULIC_PRESSURE,
)  # fmt: skip
B_WIDTH, B_ACTIVE, B_FLOW, B_WEAR, B_WEAR_PLACE, B_BENDING, B_BENDING_PLACE, B_TRIM = range(8)
B_OWN_BEND, B_OWN_HEAT, B_FRONT, B_BACK, B_WEAK_OIL, B_WORN = range(8, 14)
FRONT = 3  # stands that the front trim moves, the first ones


@kernel
def begin_profile(block: Block, i: int) -> None:
    """Put lane i at the start of a campaign: new rolls, warmed up, and bending in the middle.

    The line may draw OWN_BEND and OWN_HEAT (1.0 here) and must have set the thicknesses before.
    """
    for row in range(PROFILE, PROFILE_END):
        block[row * LANES + i] = 0.0
    block[OWN_BEND * LANES + i], block[OWN_HEAT * LANES + i] = 1.0, 1.0
    for s in range(STANDS):
        block[(THERMAL + s) * LANES + i] = WARM_RISE[s]
        block[(ZEROED + s) * LANES + i] = WARM_RISE[s]
        block[(BENDING + s) * LANES + i] = MIDDLE_BENDING
        block[(BENDING_SET + s) * LANES + i] = MIDDLE_BENDING
        block[(PRESET_FORCE + s) * LANES + i] = 1e7
        block[(STAND_CROWN + s) * LANES + i] = BAR_RATIO * block[(H + s) * LANES + i]
    block[CROWN * LANES + i] = BAR_RATIO * block[(H + STANDS) * LANES + i]


@kernel
def change_rolls(block: Block, i: int) -> None:
    """Put ground and preheated rolls into all stands of lane i."""
    for s in range(STANDS):
        block[(WEAR + s) * LANES + i] = 0.0
        block[(THERMAL + s) * LANES + i] = COLD_SHARE * WARM_RISE[s]
        block[(ZEROED + s) * LANES + i] = COLD_SHARE * WARM_RISE[s]
        block[(ROLL_GAP + s) * LANES + i] = 0.0


@kernel
def preset_profile(block: Block, i: int, first: int) -> None:
    """Level 2 learns from the last coil and presets shift and bending of lane i for the next.

    Called behind the set-up of gaps: it reads the thicknesses and forces that one expects. `first`
    is the place of the first stand.
    """
    known = block[CROWN_LEARNED * LANES + i]
    learned = next_crown_correction(
        known, block[CROWN_SUM * LANES + i],
        block[CROWN_COUNT * LANES + i], block[CROWN_AIM * LANES + i],
    )  # fmt: skip
    learning = 1.0 - block[FROZEN * LANES + i]
    block[CROWN_LEARNED * LANES + i] = known + learning * (learned - known)
    block[CROWN_SUM * LANES + i], block[CROWN_COUNT * LANES + i] = 0.0, 0.0
    width, gauge = block[WIDTH * LANES + i], block[GAUGE_AIM * LANES + i]
    aim = crown_aim(gauge)
    block[CROWN_AIM * LANES + i] = aim
    ratio = (aim + block[CROWN_LEARNED * LANES + i]) / gauge
    crown = BAR_CROWN_RATIO * block[H * LANES + i]
    for s in range(first, STANDS):
        entry, exit = block[(H + s) * LANES + i], block[(H + s + 1) * LANES + i]
        force = block[(EXPECTED + s) * LANES + i]
        heredity = BELIEVED_HEREDITY[s]
        path = BAR_CROWN_RATIO + RATIO_PATH[s] * (ratio - BAR_CROWN_RATIO)
        needed = needed_crown(path * exit, crown, entry, exit, heredity)
        shift, bending, given = preset(needed, force, WARM_CROWN[s], width)
        crown = exit_crown(given, crown, entry, exit, heredity)
        shift = shift + block[SHIFT_TRIM * LANES + i]
        block[(SHIFT + s) * LANES + i] = fmin(fmax(shift, -MOST_SHIFT), MOST_SHIFT)
        block[(BENDING_SET + s) * LANES + i] = bending
        block[(PRESET_FORCE + s) * LANES + i] = force


@kernel
def profile(block: Block, mill: Mill) -> None:
    """Move rolls, crown and flatness of sixteen plants by one interval.

    Args:
        block: rows of the line and of `profile_rows`, `row * LANES + lane`.
        mill: numbers of the mill by `parameters`; roll radii and first stand are read.
    """
    first = int(mill[P.FIRST_STAND])
    bench = np.zeros((len(AT) + 1) * LANES)
    for k in range(len(AT)):
        for i in range(LANES):
            bench[k * LANES + i] = block[AT[k] * LANES + i]
    for i in range(LANES):
        bench[B_FLOW * LANES + i] *= block[(H + STANDS) * LANES + i]
    for s in range(first):
        for i in range(LANES):
            block[(STAND_CROWN + s + 1) * LANES + i] = block[(STAND_CROWN + s) * LANES + i]
    for s in range(first, STANDS):
        trimmed = 1.0 if s == STANDS - 1 else 0.0
        _stand(
            block[s * LANES :], bench, float(s + 1), mill[P.RADIUS + s], COOLING[s], MATERIAL[s],
            HEREDITY[s], trimmed, 1.0 if s < first + FRONT else 0.0,
        )  # fmt: skip
    for i in range(LANES):
        block[WEAR_DONE * LANES + i] += bench[B_WORN * LANES + i]
    _flatness(block)


@inline
def _size(fault: float, place: float, stand: float) -> float:
    """Return the size of a fault at a stand; place 0 means all of them."""
    here = where(place < 0.5, 1.0, where((place - stand) * (place - stand) < 0.25, 1.0, 0.0))
    return fault * here


@kernel
def _stand(
    stand: Block, bench: Block, number: float, radius: float, cooling: float, material: float,
    heredity: float, trimmed: float, front: float,
) -> None:  # fmt: skip
    """Rolls and strip crown of one stand; `stand` is the block from this stand's rows on."""
    for i in range(LANES):
        entry, exit = stand[H * LANES + i], stand[(H + 1) * LANES + i]
        force = stand[FORCE * LANES + i]
        rolling = bench[B_ACTIVE * LANES + i] * where(force > LOADED, 1.0, 0.0)
        width = bench[B_WIDTH * LANES + i]
        length = contact_length(fmax(entry - exit, 1e-6), stand[FLAT * LANES + i])
        speed = bench[B_FLOW * LANES + i] / exit

        heat = contact_heat(
            contact_coefficient(force / (width * length)), stand[T * LANES + i], length
        )
        heat = bench[B_OWN_HEAT * LANES + i] * heat
        rise = next_rise(
            stand[THERMAL * LANES + i], balance_rise(heat, cooling, radius), rolling, radius,
            INTERVAL,
        )  # fmt: skip
        stand[THERMAL * LANES + i] = rise
        faster = 1.0 + _size(bench[B_WEAR * LANES + i], bench[B_WEAR_PLACE * LANES + i], number)
        rolled = rolling * speed * INTERVAL
        worn = stand[WEAR * LANES + i]
        more = faster * wear(force / width, length, rolled, radius, material)
        worn = worn + more
        stand[WEAR * LANES + i] = worn
        bench[B_WORN * LANES + i] += more
        # both radii grow, both wear; wear is counted on diameter
        grown = growth(rise, radius) - growth(stand[ZEROED * LANES + i], radius)
        # level 1 opens the gap by the film it believes in; what it misses closes the gap
        pressed = where(force > LOADED, force, stand[PRESET_FORCE * LANES + i])
        film = oil_film(speed, pressed) - oil_film(ZERO_SPEED, KISS_FORCE)
        believed = oil_compensation(speed, pressed) - oil_compensation(ZERO_SPEED, KISS_FORCE)
        missed = film - believed
        stand[ROLL_GAP * LANES + i] = worn - 2.0 * grown - missed + stand[OWN_ZERO * LANES + i]

        lost = _size(bench[B_BENDING * LANES + i], bench[B_BENDING_PLACE * LANES + i], number)
        follow = force_following(stand[SHOWN_FORCE * LANES + i], stand[PRESET_FORCE * LANES + i])
        # the force an instrument has not shown yet is none: hold the preset without strip
        follow = where(stand[SHOWN_FORCE * LANES + i] > LOADED, follow, 0.0)
        bending = stand[BENDING_SET * LANES + i] + follow + trimmed * bench[B_TRIM * LANES + i]
        bending = bending + front * bench[B_FRONT * LANES + i]
        bending = bending + (1.0 - front) * bench[B_BACK * LANES + i]
        most = MOST_BENDING * fmax(1.0 - lost, 0.0) * (1.0 - bench[B_WEAK_OIL * LANES + i])
        bending = fmin(fmax(bending, LEAST_BENDING), most)
        stand[BENDING * LANES + i] = bending

        roll = thermal_crown(rise, radius) - HOLLOW * worn
        roll = roll + shifted_crown(stand[SHIFT * LANES + i])
        gap = mechanical_crown(bench[B_OWN_BEND * LANES + i] * force, bending, roll, width)
        crown = exit_crown(gap, stand[STAND_CROWN * LANES + i], entry, exit, heredity)
        # behind an empty stand is still what it rolled last
        crown = where(force > LOADED, crown, stand[(STAND_CROWN + 1) * LANES + i])
        stand[(STAND_CROWN + 1) * LANES + i] = crown


@kernel
def _flatness(block: Block) -> None:
    """Flatness behind the last stand, what instruments show of it, and the loop on it."""
    for i in range(LANES):
        width = block[WIDTH * LANES + i]
        loaded = where(block[(FORCE + STANDS - 1) * LANES + i] > LOADED, 1.0, 0.0)
        rolling = block[ACTIVE * LANES + i] * loaded
        entry, exit = block[(H + STANDS - 1) * LANES + i], block[(H + STANDS) * LANES + i]
        before, crown = block[(CROWN - 1) * LANES + i], block[CROWN * LANES + i]
        change = crown / exit - before / entry
        strain = edge_strain(before, entry, crown, exit, TRANSFER[STANDS - 1])
        flatness = rolling * strain / I_UNIT
        block[FLATNESS * LANES + i] = flatness
        block[EDGE_WAVE * LANES + i] = rolling * edge_wave(change, exit, width)
        block[CENTRE_BUCKLE * LANES + i] = rolling * centre_buckle(change, exit, width)

        seen = rolling * (crown + CROWN_GAUGE_NOISE * block[CROWN_NOISE * LANES + i])
        block[SHOWN_CROWN * LANES + i] = seen
        shape = rolling * (flatness + FLATNESS_METER_NOISE * block[FLATNESS_NOISE * LANES + i])
        block[SHOWN_FLATNESS * LANES + i] = shape
        # both gauges stand behind the mill: they see strip from the second interval on
        listens = rolling * where(block[(SHOWN_FORCE + STANDS - 1) * LANES + i] > LOADED, 1.0, 0.0)
        block[CROWN_SUM * LANES + i] += listens * seen
        block[CROWN_COUNT * LANES + i] += listens
        trim = block[FLATNESS_TRIM * LANES + i]
        moved = next_trim(
            trim, shape, block[FLATNESS_AIM * LANES + i], block[GAUGE_AIM * LANES + i], width
        )
        block[FLATNESS_TRIM * LANES + i] = where(listens > 0.5, moved, trim)
