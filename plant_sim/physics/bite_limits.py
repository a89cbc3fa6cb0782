"""Where the plain roll-bite formula ends: thick passes, very light passes, strip too thin to roll.

Every function returns a number wherever its arguments lie; a flag says that a limit was met. The
arc of Roberts is longer than Hitchcock's at ordinary drafts: switch only where Sims has no meaning.
Sources: plane-strain indentation, the chord between its exact values [M/C 3.2]; W. L. Roberts 1978
[M]; M. D. Stone 1953 [M].
"""

from math import pi

from ..engine.numbers import exp, fmax, fmin, inline, require, sqrt, where
from .roll_bite import FLATTENING, PLANE_STRAIN, sims_factor

STRIP_MODULUS = 205e9  # Pa: Young's modulus of the strip against elastic draughts [M 4.4]
STRIP_POISSON = 0.3  # 1: Poisson's ratio of the strip [M 2.1]
STONE = 3.58  # 1: of Stone's minimum thickness, where his equation has one root [C 4.4]
STEEPEST = 4.0  # 1: friction times arc over thickness at which Stone's hill is capped [T 3.6]


@inline
def peening_floor(entry: float, exit: float, flattened: float) -> float:
    """Return the least force factor Q: rolls indent thick stock before they roll it.

    0.8 + 0.2 h_m/L, the chord between the plane-strain indentation values 1 at h_m/L = 1 and
    1 + pi/2 at 8.74. Thicknesses and flattened radius in m.
    """
    length = sqrt(flattened * (entry - exit))
    return 0.8 + 0.2 * fmin(0.5 * (entry + exit) / length, 8.74)


@inline
def force_factor(entry: float, exit: float, flattened: float) -> float:
    """Return Sims' factor Q, lifted to the peening floor in thick passes; arguments in m."""
    return fmax(sims_factor(entry, exit, flattened), peening_floor(entry, exit, flattened))


@inline
def hertz_half_width(radius: float, line_load: float) -> float:
    """Return half the elastic contact (m) of a roll (m) on a flat under `line_load` (N/m)."""
    return 0.5 * sqrt(FLATTENING * radius * line_load)


@inline
def roberts_length(draft: float, radius: float, line_load: float) -> float:
    """Return the arc of contact (m) with its elastic part; at no draft, twice the Hertz half width.

    Args:
        draft: m, zero or more.
        radius: undeformed work-roll radius (m).
        line_load: roll force over width (N/m).
    """
    half = hertz_half_width(radius, line_load)
    return half + sqrt(half * half + radius * draft)


@inline
def elastic_draft(entry: float, stress: float, tension: float) -> float:
    """Return the draft (m) up to which strip only springs; flow stress and tension in Pa."""
    left = fmax(PLANE_STRAIN * stress - tension, 0.0)
    return entry * left * (1.0 - STRIP_POISSON * STRIP_POISSON) / STRIP_MODULUS


@inline
def load_share(draft: float, elastic: float) -> float:
    """Return the share (0..1) of the plastic load at a draft below the elastic one; both in m.

    Zero at no draft, one from the elastic draft on, without a kink at either end.
    """
    x = fmin(fmax(draft / fmax(elastic, 1e-12), 0.0), 1.0)
    return x * x * (3.0 - 2.0 * x)


@inline
def light_pass_force(
    entry: float, exit: float, width: float, radius: float, stress: float, tension: float
) -> float:
    """Return the roll force (N) of a light pass on Roberts' arc, down to no draft at all.

    Args:
        entry: thickness before the pass (m).
        exit: thickness behind it (m), up to `entry`.
        width: m.
        radius: undeformed work-roll radius (m).
        stress: mean uniaxial flow stress (Pa).
        tension: mean of both tension stresses over the arc (Pa).

    Raises:
        ValidityError: if the exit is thicker than the entry.
    """
    require(entry >= exit > 0.0, "a pass cannot thicken the strip; lower the exit thickness")
    draft = entry - exit
    resistance = fmax(PLANE_STRAIN * stress - tension, 0.0)
    length = fmax(sqrt(radius * draft), FLATTENING * radius * resistance)
    for _ in range(12):  # each round halves the error or better
        factor = 0.5 * (0.5 * pi + length / (entry + exit))  # Ford and Alexander
        length = roberts_length(draft, radius, resistance * factor * length)
    factor = 0.5 * (0.5 * pi + length / (entry + exit))
    ramp = load_share(draft, elastic_draft(entry, stress, tension))
    return ramp * width * resistance * factor * length


@inline
def stone_factor(entry: float, exit: float, length: float, friction: float) -> float:
    """Return Stone's pressure multiplier (e^m - 1)/m with m = friction * length / thickness.

    Capped: below the minimum thickness the uncapped hill grows with the very flattening it causes.
    Lengths in m; `length` the arc of contact.
    """
    m = fmin(friction * length / (0.5 * (entry + exit)), STEEPEST)
    return where(m < 1e-6, 1.0 + 0.5 * m, (exp(m) - 1.0) / fmax(m, 1e-6))


@inline
def stone_minimum(diameter: float, friction: float, stress: float, tension: float) -> float:
    """Return the thickness (m) below which rolls flatten rather than thin the strip.

    Args:
        diameter: of the work roll (m).
        friction: coefficient of the bite.
        stress: uniaxial flow stress (Pa).
        tension: mean tension stress (Pa).
    """
    left = fmax(PLANE_STRAIN * stress - tension, 0.0)
    return STONE * diameter * friction * left / STRIP_MODULUS


@inline
def too_thin(
    exit: float, diameter: float, friction: float, stress: float, tension: float
) -> float:  # fmt: skip
    """Return 1.0 if `exit` (m) lies below Stone's minimum thickness, else 0.0; also when NaN."""
    return where(exit >= stone_minimum(diameter, friction, stress, tension), 0.0, 1.0)


@inline
def stone_force(
    entry: float, exit: float, width: float, radius: float, friction: float, stress: float,
    tension: float,
) -> float:  # fmt: skip
    """Return the roll force (N) by Stone with Hitchcock's flattening, capped, never NaN.

    Args:
        entry: thickness before the pass (m).
        exit: thickness behind it (m).
        width: m.
        radius: undeformed work-roll radius (m).
        friction: coefficient of the bite.
        stress: mean uniaxial flow stress (Pa).
        tension: mean tension stress (Pa).

    Raises:
        ValidityError: if the pass has no draft.
    """
    require(entry > exit > 0.0, "a pass needs an entry thickness above its exit thickness")
    draft = entry - exit
    resistance = fmax(PLANE_STRAIN * stress - tension, 0.0)
    length = sqrt(radius * draft)
    line_load = resistance * length
    for _ in range(30):
        line_load = resistance * length * stone_factor(entry, exit, length, friction)
        flattened = radius * (1.0 + fmin(FLATTENING * line_load / draft, 20.0))
        length = 0.5 * (length + sqrt(flattened * draft))  # half steps: full ones overshoot
    return width * line_load
