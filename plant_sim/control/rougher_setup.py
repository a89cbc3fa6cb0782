"""Level 2 of the rougher: pass schedule, gaps, speeds and edger openings, and what it learns.

It knows the data sheet of the stand, formulas of the trade (Misaka, Ford and Alexander with the
chord for peening, Hill), a cooling law of one constant, and what instruments show; never the plant.
"""

import numpy as np
from numpy.typing import NDArray

from ..engine.numbers import exp, fmax, fmin, inline, kernel, log, where
from ..lines.hot_strip import parameters as P  # noqa: N812  the data sheet
from ..physics.bite_limits import peening_floor
from ..physics.flow_stress import misaka
from ..physics.mill_stretch import gap_for
from ..physics.roll_bite import (
    PLANE_STRAIN,
    contact_length,
    flattened_radius,
    ford_alexander_factor,
    strain,
)
from ..physics.spread import width_after

Numbers = NDArray[np.float64]

BASE_SPEED = 4.19  # rad/s: 40 rpm, up to which the drive has its full torque [M]
STEEPEST_BITE = 0.28  # rad: most bite angle planned, friction 0.3 [M 6.4]
FORCE_SHARE = 0.85  # 1: of the stand's greatest force that a plan may need [M]
TORQUE_SHARE = 1.25  # 1: of the rated torque that a plan may need for a pass [M 6.4]
POWER_SHARE = 0.85  # 1: of the rated power that a plan may need [M]
SLOWEST_PASS = 1.2  # m/s: slower passes are not planned [M]
# 1: weights of the logarithmic reduction, last pass first [T]
DRAFTING = (0.150, 0.170, 0.178, 0.168, 0.145, 0.118, 0.095, 0.09, 0.09)
START_FACTOR = 0.76  # 1: force, measured over Misaka's, before anything is learned [C 3.1]
ARM = 0.47  # 1: torque of one roll over force and arc of contact [C 3.2]
EDGING = (0.40, 0.30, 0.20, 0.10, 0.0)  # 1: weights of the edging, first forward pass first [T]
RECOVERY = 0.45  # 1: of the edging believed to come back as width [T 3.3]
OPEN_EDGER = 0.08  # m: clearance of an edger that does not work [M]
ACCELERATION = 1.5  # m/s2: of the drive, data sheet [M]
REVERSAL = 4.3  # s: between two passes as planned [M]
COOLING = 0.075  # K m/s: believed loss of mean temperature times thickness [C 3.7]
ROLL_LOSS = 0.45  # K m: believed loss to the rolls in a pass times mean thickness [C 3.7]
WORK = 17.0  # K: believed rise per unit of logarithmic reduction [C 3.7]
DESCALED_PASS = 0.3  # K m: believed loss under a descaling header times thickness [C 3.7]
BAR_ALLOWANCE = (
    9e-3  # m: bar wider than the strip's aim: tension takes 1-6 mm, ends are narrow [M 3.3]
)
SCALED = 0.012  # 1: of a slab's steel believed lost as scale [M 4.1]
WIDTH_SLACK = 5e-3  # m: width left over at which more passes with the edger are planned [M]
PRIMARY_LOSS = 18.0  # K: believed loss of mean temperature from the door to the first pass [C 3.7]
FORCE_LEARNING, WIDTH_LEARNING = 0.3, 0.3  # 1, 1: short-term smoothing [M 6.5]
ZERO_LEARNING = 0.25  # 1: short-term smoothing of the gap's zero [M 6.5]
LEAST_FACTOR, MOST_FACTOR = 0.6, 1.7  # 1: limits of the learned force factors [M]
MOST_ZERO = 3e-3  # m: limit of the learned zero of the gap [M]
MOST_WIDTH_BIAS = 20e-3  # m: limit of the learned width bias [M]


@inline
def roughing_force(
    entry: float, exit: float, width: float, radius: float, speed: float, temperature: float,
    carbon: float,
) -> float:  # fmt: skip
    """Return the expected force (N) of a roughing pass: m, m/s, mean temperature K, weight %.

    Misaka with Ford and Alexander, lifted by the chord 0.8 + 0.2 h_m/L for thick stock [M 3.2];
    one round of flattening.

    Raises:
        ValidityError: unless entry > exit > 0.
    """
    reduction = strain(entry, exit)
    flat = radius
    force = 0.0
    for _ in range(2):
        length = contact_length(entry - exit, flat)
        stress = misaka(reduction, speed * reduction / length, temperature, carbon)
        factor = fmax(ford_alexander_factor(entry, exit, flat), peening_floor(entry, exit, flat))
        force = width * PLANE_STRAIN * stress * length * factor
        flat = flattened_radius(radius, force, width, entry - exit)
    return force


@inline
def cooled(temperature: float, entry: float, exit: float, seconds: float, descaled: float) -> float:
    """Return the mean temperature (K) expected behind a pass and the `seconds` that go with it."""
    mean = 0.5 * (entry + exit)
    lost = (COOLING * seconds + ROLL_LOSS + DESCALED_PASS * descaled) / mean
    return temperature - lost + WORK * log(entry / exit)


@kernel
def plan_passes(
    exits: Numbers, gaps: Numbers, forces: Numbers, speeds: Numbers, descaling: Numbers,
    factor: Numbers, mill: Numbers, first: int, passes: int, entry: float, width: float,
    length: float, temperature: float, carbon: float, bar: float, zero: float,
) -> tuple[float, float, float]:  # fmt: skip
    """Fill the plan from pass `first` to `passes` - 1 and return how far it overloads the stand.

    Drafts follow `DRAFTING`; where bite angle, force or torque forbid it, what is left moves to
    later passes, and the last one takes the rest. Speeds keep the power below its rating.

    Args:
        exits: exit thickness by pass (m), filled; likewise gaps (m), forces (N), speeds (m/s).
        gaps: roll gaps (m).
        forces: expected forces (N).
        speeds: roll speeds (m/s).
        descaling: 1 where the headers of the stand run, read.
        factor: learned force factors, counted from the last pass.
        mill: data sheet, `parameters`.
        first: index of the first pass to plan.
        passes: of the whole schedule.
        entry: present thickness (m).
        width: present width (m).
        length: present length (m).
        temperature: believed mean (K).
        carbon: weight %.
        bar: thickness aim of the transfer bar (m).
        zero: learned zero of the gap (m).

    Returns:
        The worst load over its limit (up to 1: feasible), the temperature (K) expected behind the
        last pass, and the seconds the passes take.
    """
    radius, top = mill[P.RM_RADIUS], mill[P.RM_SPEED]
    most_force = FORCE_SHARE * mill[P.RM_MAX_FORCE]
    most_power = POWER_SHARE * mill[P.RM_MAX_POWER]
    most_torque = TORQUE_SHARE * mill[P.RM_MAX_POWER] / BASE_SPEED
    steepest = STEEPEST_BITE * STEEPEST_BITE * radius
    volume = entry * width * length
    worst, total = 0.0, 0.0
    for n in range(first, passes):
        weights = 0.0
        for m in range(n, passes):
            weights += DRAFTING[passes - 1 - m]
        share = DRAFTING[passes - 1 - n] / weights
        last = n == passes - 1
        exit = entry * exp(-share * log(fmax(entry / bar, 1.02)))
        if last:
            exit = fmin(bar, 0.98 * entry)
        exit = where(last, exit, fmax(exit, entry - steepest))
        correction = factor[passes - 1 - n]
        speed, force, over = fmin(top, 2.5), 0.0, 0.0
        rounds = 0
        while rounds < 2 or (rounds < 8 and over > 1.0 and not last):
            rounds += 1
            force = correction * roughing_force(
                entry, exit, width, radius, speed, temperature, carbon
            )
            torque = 2.0 * ARM * force * contact_length(entry - exit, radius)
            speed = fmax(fmin(top, most_power * radius / torque), SLOWEST_PASS)
            over = fmax(force / most_force, torque / most_torque)
            over = fmax(over, torque * SLOWEST_PASS / radius / most_power)
            if over > 1.0 and not last:
                exit = entry - (entry - exit) / (1.03 * over)
        over = fmax(over, (entry - exit) / (1.001 * steepest))
        worst = fmax(worst, over)
        exits[n], forces[n], speeds[n] = exit, force, speed
        gaps[n] = gap_for(exit, force, mill[P.RM_MODULUS]) + zero
        ramps = (speed - SLOWEST_PASS) * (speed - SLOWEST_PASS) / (speed * ACCELERATION)
        seconds = volume / (exit * width * speed) + ramps + where(last, 0.0, REVERSAL)
        temperature = cooled(temperature, entry, exit, seconds, descaling[n])
        total += seconds
        entry = exit
    return worst, temperature, total


@kernel
def _edge(
    openings: Numbers, exits: Numbers, first: int, passes: int, entry: float, width: float,
    radius: float, most: float, total: float,
) -> float:  # fmt: skip
    """Fill the openings for `total` edging (m) and return the width (m) believed behind it."""
    weights, carried = 0.0, 0.0  # what one pass may not take moves to the next
    for n in range(first, passes):
        if n % 2 == 0:
            weights += EDGING[n // 2]
    for n in range(first, passes):
        draft = 0.0
        if n % 2 == 0 and weights > 0.0:
            asked = total * EDGING[n // 2] / weights + carried
            draft = fmin(asked, most)
            carried = asked - draft
        openings[n] = where(n % 2 == 0, width - draft, width + OPEN_EDGER)
        width = width_after(width - (1.0 - RECOVERY) * draft, entry, exits[n], radius)
        entry = exits[n]
    return width


@kernel
def plan_edger(
    openings: Numbers, exits: Numbers, mill: Numbers, first: int, passes: int, entry: float,
    width: float, wished: float,
) -> float:  # fmt: skip
    """Fill the edger openings (m) so that the bar leaves `wished` wide; returns the belief (m).

    Spread by Hill, a fixed share of the edging recovered; edging is linear in its total, so one
    secant step meets the aim, within 0 and what the edger may take. Arguments as `plan_passes`;
    backward passes get an open edger.
    """
    radius, most = mill[P.RM_RADIUS], mill[P.EDGER_MAX_DRAFT]
    total, free, believed = 0.0, 0.0, 0.0
    for trial in range(3):
        believed = _edge(openings, exits, first, passes, entry, width, radius, most, total)
        if trial == 0:
            free, total = believed, 0.5 * most
        elif trial == 1:
            gain = fmax((free - believed) / total, 0.05)
            total = fmax((free - wished) / gain, 0.0)
    return believed


@inline
def learn_factor(factor: float, ratio: float) -> float:
    """Return the force factor after a pass whose measured over expected force was `ratio`."""
    seen = fmin(fmax(ratio, 0.6), 1.6)
    moved = factor * (1.0 + FORCE_LEARNING * (seen - 1.0))
    return fmin(fmax(moved, LEAST_FACTOR), MOST_FACTOR)


@inline
def learn_width(bias: float, seen: float, aim: float) -> float:
    """Return the width bias (m) after a bar that was seen `seen` wide for an aim (m)."""
    error = fmin(fmax(seen - aim, -MOST_WIDTH_BIAS), MOST_WIDTH_BIAS)
    return fmin(fmax(bias + WIDTH_LEARNING * error, -MOST_WIDTH_BIAS), MOST_WIDTH_BIAS)


@inline
def learn_zero(zero: float, volume: float, length: float, width: float, aim: float) -> float:
    """Return the zero of the gap (m) after a bar of `volume` (m3) was seen `length` long (m).

    A rougher has no thickness gauge: the thickness follows from volume, length and width.
    """
    seen = volume / fmax(length * width, 1e-3)
    error = fmin(fmax(seen - aim, -MOST_ZERO), MOST_ZERO)
    return fmin(fmax(zero - ZERO_LEARNING * error, -MOST_ZERO), MOST_ZERO)
