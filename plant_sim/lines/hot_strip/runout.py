"""The strip on the run-out table: segments that move, are cooled and transform, and are seen.

Strip lies on the table in segments of one interval each, newest first. A segment's middle moves
with the strip's speed; on its way every interval is cut into sub-steps, and in each the water of
the banks over the way is integrated exactly, so that no bank is skipped. Leaves out the profile
across thickness and width, water that lies on the strip between banks, and roller contact.
"""

import numpy as np
from numpy.typing import NDArray

from ...engine.numbers import fmax, fmin, inline, kernel, where
from ...physics.boiling import boiling_factor, speed_factor
from ...physics.laminar_cooling import bank_flux, less_water
from ...physics.strip_temperature import DENSITY, STEFAN_BOLTZMANN, emissivity
from ...physics.transformation import (
    HEAT as TRANSFORMATION_HEAT,
)
from ...physics.transformation import (
    SPECIFIC_HEAT,
    ae3,
    composition_pace,
    fraction,
    manganese,
    pace,
)
from . import parameters as P  # noqa: N812  the layout, read as P.COILER
from . import runout_rows as R  # noqa: N812  the layout, read as R.SPEED
from .parameters import BANKS
from .runout_rows import LANES, SEGMENTS

Table = NDArray[np.float64]
Mill = NDArray[np.float64]

SUBSTEPS = 4  # of an interval: 0.125 s
COARSE_SUBSTEPS = 1  # of an interval in the supervisory resolution
COLDEST, HOTTEST = 320.0, 1650.0  # K: the strip is kept inside [M 3.7]
THINNEST, THICKEST = 3e-4, 50e-3  # m: the strip is kept inside [M 3.11]
STILL_FILM = 10.0  # W/(m2 K): convection of one face; the air goes with the strip [M 3.7]
HALL = 303.0  # K: air over the table [M 3.7]
CT_BAND = 15.0  # K: tolerance of the coiling temperature [M 6.1]
CT_NOISE, MID_NOISE = 3.0, 3.0  # K: deviation of the pyrometers, 2 to 4 K [M 4.2]
NOWHERE = -1e6  # m: place of a segment that is not there [C]
SOMEWHERE = -1e3  # m: every place of a segment that is there lies above [C]
RISE = TRANSFORMATION_HEAT / SPECIFIC_HEAT  # K: by the whole transformation heat [C 4.2]
SEAM = 1e-6  # m: neighbours overlap by so much, lest rounding opens a gap between them [C]

# rows of the bench: what all segments share lies apart from the table (see mill.py)
B_SPEED, B_WATER, B_AE3, B_PACE, B_WIDTH = range(5)
B_MID, B_MID_SEEN, B_CT, B_AIM, B_FRACTION, B_CT_SEEN, B_ROLLED, B_OFF = range(5, 13)
B_COILED, B_LENGTH, B_AREA, B_AT = range(13, 17)
B_START = 17  # where a segment's middle was when the interval began (m)
B_PER_WAY = 18  # 1/m, the inverse of a sub-step's way
B_RATED = 19  # W/m2 of an open bank at its rating
B_FLUX = 20  # of each bank (W/m2), both faces, averaged over its length
BENCH = B_FLUX + BANKS + 1  # behind the last bank is a dry one


@inline
def cooled(
    heat: float, age: float, done: float, per: float, film: float, water: float, ae: float,
    grade: float, seconds: float, boiling: float, other: float,
) -> tuple[float, float, float, float, float]:  # fmt: skip
    """Return the strip after a sub-step: temperature (K), age, fraction, boiling, other cooling.

    rho c h dT/dt = -(q_t + q_b) + rho h H dX/dt, section 4.2, by the midpoint rule. What was found
    at the middle of the sub-step before leads to the middle of this one, where the boiling factor
    and the other cooling are found for the next. The heat of transformation is conserved exactly.

    Args:
        heat: temperature (K).
        age: of the transformation.
        done: transformed fraction that belongs to it.
        per: K by J/m2, the inverse of rho c h.
        film: film-boiling flux of both faces, averaged over the way (W/m2).
        water: its temperature (K).
        ae: Ae3 of the grade (K).
        grade: the composition's share of the pace (1/(s K3)).
        seconds: of the sub-step.
        boiling: factor at the middle of the sub-step before.
        other: cooling by air less the heat of transformation there (K/s).
    """
    middle = heat - 0.5 * seconds * (per * film * boiling + other)
    middle = fmin(fmax(middle, COLDEST), HOTTEST)
    boiling = boiling_factor(middle, water)
    faster = pace(middle, ae, grade)
    older = age + seconds * faster
    more = fraction(older)
    dry = per * dry_flux(middle)
    later = heat - seconds * (per * film * boiling + dry) + RISE * (more - done)
    other = dry - RISE * (older + age) * faster * (1.0 - 0.5 * (more + done))
    return fmin(fmax(later, COLDEST), HOTTEST), older, more, boiling, other


@inline
def dry_flux(heat: float) -> float:
    """Return what both faces lose without water (W/m2): radiation and air."""
    square = heat * heat
    radiation = emissivity(heat) * STEFAN_BOLTZMANN * square * square
    return 2.0 * (radiation + STILL_FILM * (heat - HALL))


@kernel
def travel(table: Table, mill: Mill, substeps: int) -> None:
    """Move all strip by one interval and cool it; read the pyrometers; count what is coiled."""
    _shift(table)
    bench, film = np.zeros(BENCH * LANES), np.zeros(LANES)
    seconds = R.INTERVAL / substeps
    _prepare(table, bench, seconds)
    _begin(table, bench)
    for i in range(LANES):
        film[i] = bench[B_SPEED * LANES + i] * seconds
    way = greatest(film)
    for g in range(SEGMENTS):
        strip = table[g * LANES :]
        for i in range(LANES):
            film[i] = strip[R.PLACE * LANES + i]
            bench[B_START * LANES + i] = film[i]
        far = greatest(film)
        if far > SOMEWHERE:
            for _ in range(substeps):
                far += way
                _soak(strip, bench, mill, film, far, seconds)
                _segment(strip, bench, mill, film, seconds)
            _leave(strip, bench, mill)
    _report(table, bench)


@kernel
def _shift(table: Table) -> None:
    """Make room for the strip of this interval and lay it down behind F7."""
    last = SEGMENTS - 1
    for i in range(LANES):  # a table too slow for its rows: the last strip counts as coiled
        lost = where(table[(R.PLACE + last) * LANES + i] > SOMEWHERE, 1.0, 0.0)
        span = lost * table[(R.SPAN + last) * LANES + i]
        area = span * table[(R.GAUGE + last) * LANES + i]
        table[R.COIL_LENGTH * LANES + i] += span
        table[R.COIL_AREA * LANES + i] += area
        table[R.COILED * LANES + i] += DENSITY * area * table[R.WIDTH * LANES + i]
    for row in (
        R.PLACE, R.SPAN, R.HEAT, R.GAUGE, R.AGE, R.DOSE, R.AIM, R.DONE, R.BOILING, R.OTHER,
    ):  # fmt: skip
        for g in range(SEGMENTS - 1, 0, -1):
            for i in range(LANES):
                table[(row + g) * LANES + i] = table[(row + g - 1) * LANES + i]
    for i in range(LANES):
        rolling = table[R.ACTIVE * LANES + i] > 0.5
        span = table[R.SPEED * LANES + i] * R.INTERVAL
        # one interval's way brings its middle to where it is at the end: half its length behind F7
        table[R.PLACE * LANES + i] = where(rolling, -0.5 * span, NOWHERE)
        table[R.SPAN * LANES + i] = where(rolling, span, 0.0)
        table[R.HEAT * LANES + i] = fmin(fmax(table[R.FDT * LANES + i], COLDEST), HOTTEST)
        table[R.GAUGE * LANES + i] = fmin(fmax(table[R.EXIT * LANES + i], THINNEST), THICKEST)
        table[R.AGE * LANES + i] = 0.0
        table[R.DOSE * LANES + i] = table[R.NEXT_DOSE * LANES + i]
        table[R.AIM * LANES + i] = table[R.NEXT_AIM * LANES + i]


@kernel
def _prepare(table: Table, bench: Table, seconds: float) -> None:
    """Work out what every segment needs for sub-steps of so many seconds: fluxes, grade, water."""
    for i in range(LANES):
        carbon = table[R.CARBON * LANES + i]
        bench[B_SPEED * LANES + i] = table[R.SPEED * LANES + i]
        bench[B_WATER * LANES + i] = table[R.WATER_TEMPERATURE * LANES + i]
        bench[B_AE3 * LANES + i] = ae3(carbon, manganese(carbon))
        bench[B_PACE * LANES + i] = composition_pace(carbon, manganese(carbon))
        bench[B_WIDTH * LANES + i] = table[R.WIDTH * LANES + i]
        bench[B_MID * LANES + i] = table[R.TRUE_MID * LANES + i]
        bench[B_CT * LANES + i] = table[R.TRUE_CT * LANES + i]
        bench[B_AIM * LANES + i] = table[R.AIM_SEEN * LANES + i]
        bench[B_FRACTION * LANES + i] = table[R.FRACTION * LANES + i]
    for i in range(LANES):
        speed = bench[B_SPEED * LANES + i]
        bench[B_PER_WAY * LANES + i] = 1.0 / fmax(speed * seconds, 1e-3)
        rated = bank_flux(bench[B_WATER * LANES + i]) * speed_factor(speed)
        bench[B_RATED * LANES + i] = rated * table[R.COOLING * LANES + i]
    for b in range(BANKS):
        for i in range(LANES):
            share = table[R.SUPPLY * LANES + i] * (1.0 - table[(R.CLOG + b) * LANES + i])
            film = less_water(share) * bench[B_RATED * LANES + i]
            bench[(B_FLUX + b) * LANES + i] = film * table[(R.VALVE + b) * LANES + i]


@kernel
def greatest(values: Table) -> float:
    """Return the greatest of a row of lanes; the row is used up."""
    for width in (8, 4, 2, 1):  # pairs: a chain of sixteen comparisons would wait for each other
        for i in range(width):
            values[i] = fmax(values[i], values[i + width])
    most: float = values[0]
    return most


@kernel
def least(values: Table) -> float:
    """Return the least of a row of lanes; the row is used up."""
    for width in (8, 4, 2, 1):
        for i in range(width):
            values[i] = fmin(values[i], values[i + width])
    lowest: float = values[0]
    return lowest


@kernel
def _begin(table: Table, bench: Table) -> None:
    """Find how the strip that was just laid down boils and cools."""
    for i in range(LANES):
        heat = table[R.HEAT * LANES + i]
        per = 1.0 / (DENSITY * SPECIFIC_HEAT * table[R.GAUGE * LANES + i])
        table[R.DONE * LANES + i] = 0.0
        table[R.BOILING * LANES + i] = boiling_factor(heat, bench[B_WATER * LANES + i])
        table[R.OTHER * LANES + i] = per * dry_flux(heat)


@kernel
def _soak(strip: Table, bench: Table, mill: Mill, film: Table, far: float, seconds: float) -> None:
    """Integrate the film flux (W/m) over the way of a sub-step, under the banks that lie there.

    The segments of sixteen lines lie near each other: few of the banks are over any of them, and
    the others would add nothing. No segment gets beyond `far` (m).
    """
    first, length = mill[P.FIRST_BANK], mill[P.BANK_LENGTH]
    for i in range(LANES):
        place = strip[R.PLACE * LANES + i]
        film[i] = where(place > SOMEWHERE, place, -NOWHERE)
    near = least(film)
    for i in range(LANES):
        film[i] = 0.0
    begin = int(fmin(fmax((near - first) / length, 0.0), float(BANKS)))
    end = int(fmin(fmax((far - first) / length + 1.0, 0.0), float(BANKS)))
    # two at once: LLVM takes a shorter loop to pieces. Always the same two: what a line adds up
    # must not hang on where the others are
    for b in range(begin - begin % 2, end, 2):
        one, two = bench[(B_FLUX + b) * LANES :], bench[(B_FLUX + b + 1) * LANES :]
        start = first + length * float(b)
        middle, stop = start + length, start + 2.0 * length
        for i in range(LANES):
            place = strip[R.PLACE * LANES + i]
            there = place + bench[B_SPEED * LANES + i] * seconds
            under = fmax(fmin(there, middle) - fmax(place, start), 0.0) * one[i]
            behind = fmax(fmin(there, stop) - fmax(place, middle), 0.0) * two[i]
            film[i] += under + behind


@kernel
def _segment(strip: Table, bench: Table, mill: Mill, film: Table, seconds: float) -> None:
    """Move a segment of every lane by a sub-step; `strip` is the table from its rows on."""
    known = mill[P.PYROMETER_DISTANCE]
    for i in range(LANES):
        place, heat = strip[R.PLACE * LANES + i], strip[R.HEAT * LANES + i]
        age = strip[R.AGE * LANES + i]
        there = place + bench[B_SPEED * LANES + i] * seconds
        per_way = bench[B_PER_WAY * LANES + i]
        per = 1.0 / (DENSITY * SPECIFIC_HEAT * strip[R.GAUGE * LANES + i])
        # its temperature is that under the finishing pyrometer: cooling counts from there
        counted = seconds * fmin(fmax((there - known) * per_way, 0.0), 1.0)
        hot, old, done, boiling, other = cooled(
            heat, age, strip[R.DONE * LANES + i], per, film[i] * per_way,
            bench[B_WATER * LANES + i], bench[B_AE3 * LANES + i], bench[B_PACE * LANES + i],
            counted, strip[R.BOILING * LANES + i], strip[R.OTHER * LANES + i],
        )  # fmt: skip
        here = place > SOMEWHERE
        strip[R.PLACE * LANES + i] = where(here, there, NOWHERE)
        strip[R.HEAT * LANES + i] = where(here, hot, heat)
        strip[R.AGE * LANES + i] = where(here, old, age)
        strip[R.DONE * LANES + i] = where(here, done, strip[R.DONE * LANES + i])
        strip[R.BOILING * LANES + i] = where(here, boiling, strip[R.BOILING * LANES + i])
        strip[R.OTHER * LANES + i] = where(here, other, strip[R.OTHER * LANES + i])


@kernel
def _leave(strip: Table, bench: Table, mill: Mill) -> None:
    """End the interval of a segment: is it under a pyrometer, is it coiled?"""
    middle, pyrometer, coiler = mill[P.MID_PYROMETER], mill[P.CT_PYROMETER], mill[P.COILER]
    for i in range(LANES):
        place, heat = strip[R.PLACE * LANES + i], strip[R.HEAT * LANES + i]
        span, gauge = strip[R.SPAN * LANES + i], strip[R.GAUGE * LANES + i]
        aim = strip[R.AIM * LANES + i]
        start = bench[B_START * LANES + i]
        under = _covers(place, span, middle)
        bench[B_MID * LANES + i] = where(under > 0.5, heat, bench[B_MID * LANES + i])
        bench[B_MID_SEEN * LANES + i] = fmax(under, bench[B_MID_SEEN * LANES + i])
        under = _covers(place, span, pyrometer)
        done = strip[R.DONE * LANES + i]
        bench[B_CT * LANES + i] = where(under > 0.5, heat, bench[B_CT * LANES + i])
        bench[B_AIM * LANES + i] = where(under > 0.5, aim, bench[B_AIM * LANES + i])
        bench[B_FRACTION * LANES + i] = where(under > 0.5, done, bench[B_FRACTION * LANES + i])
        bench[B_CT_SEEN * LANES + i] = fmax(under, bench[B_CT_SEEN * LANES + i])
        bench[B_AT * LANES + i] = fmax(_covers(place, span, coiler), bench[B_AT * LANES + i])

        mass = DENSITY * bench[B_WIDTH * LANES + i] * gauge * span
        passed = mass * _crossed(start, place, pyrometer)
        off = heat - aim
        inside = where(off < CT_BAND, 1.0, 0.0) * where(off > -CT_BAND, 1.0, 0.0)
        bench[B_ROLLED * LANES + i] += passed
        bench[B_OFF * LANES + i] += passed * (1.0 - inside)
        coiled = _crossed(start, place, coiler)
        bench[B_COILED * LANES + i] += coiled * mass
        bench[B_LENGTH * LANES + i] += coiled * span
        bench[B_AREA * LANES + i] += coiled * span * gauge
        # its mass is in the coil, its tail may still lie before it: gone when that has passed
        strip[R.PLACE * LANES + i] = where(place - 0.5 * span > coiler, NOWHERE, place)


@inline
def _covers(place: float, span: float, line: float) -> float:
    """Return 1 when a segment lies over a line across the table (m), else 0."""
    away = place - line
    half = 0.5 * span + SEAM
    return where(away <= half, 1.0, 0.0) * where(away > -half, 1.0, 0.0)


@inline
def _crossed(start: float, end: float, line: float) -> float:
    """Return 1 when a middle passed a line (m) on its way from start to end, else 0."""
    return where(end >= line, 1.0, 0.0) * where(start < line, 1.0, 0.0)


@kernel
def _report(table: Table, bench: Table) -> None:
    """Write what the segments told, and what the instruments of the table show."""
    for i in range(LANES):
        table[R.TRUE_MID * LANES + i] = bench[B_MID * LANES + i]
        table[R.MID_SEEN * LANES + i] = bench[B_MID_SEEN * LANES + i]
        table[R.TRUE_CT * LANES + i] = bench[B_CT * LANES + i]
        table[R.AIM_SEEN * LANES + i] = bench[B_AIM * LANES + i]
        table[R.FRACTION * LANES + i] = bench[B_FRACTION * LANES + i]
        table[R.CT_SEEN * LANES + i] = bench[B_CT_SEEN * LANES + i]
        table[R.CT_ROLLED * LANES + i] += bench[B_ROLLED * LANES + i]
        table[R.CT_OFF * LANES + i] += bench[B_OFF * LANES + i]
        was, now = table[R.AT_COILER * LANES + i], bench[B_AT * LANES + i]
        goes_on = 1.0 - now * (1.0 - was)  # strip that arrives at an empty mandrel is a new coil
        table[R.COILED * LANES + i] = (
            goes_on * table[R.COILED * LANES + i] + bench[B_COILED * LANES + i]
        )
        table[R.COIL_LENGTH * LANES + i] = (
            goes_on * table[R.COIL_LENGTH * LANES + i] + bench[B_LENGTH * LANES + i]
        )
        table[R.COIL_AREA * LANES + i] = (
            goes_on * table[R.COIL_AREA * LANES + i] + bench[B_AREA * LANES + i]
        )
        table[R.COIL_DONE * LANES + i] = was * (1.0 - now)
        table[R.AT_COILER * LANES + i] = now
    for i in range(LANES):
        shown = table[R.TRUE_CT * LANES + i] + CT_NOISE * table[R.NOISE * LANES + i]
        table[R.SHOWN_CT * LANES + i] = shown + table[R.CT_OFFSET * LANES + i]
        table[R.SHOWN_MID * LANES + i] = (
            table[R.TRUE_MID * LANES + i] + MID_NOISE * table[(R.NOISE + 1) * LANES + i]
        )
