"""Roll force, torque and forward slip of a hot flat pass: Sims with Hitchcock's flattening.

Sticking friction, plane strain, circular flattened arc; strip tension as a mean over the arc.
Leaves out spread. Thick and very light passes need `bite_limits` on top.
Sources: R. B. Sims, Proc. IMechE 168 (1954) 191-200; J. Hitchcock 1935; H. Ford and J. M. Alexander
1963/64; R. Hill 1950 [M: implemented and cross-checked, primary sources not re-read].
"""

from math import pi

from ..engine.numbers import atan, fmax, inline, log, require, sqrt, tan

PLANE_STRAIN = 1.1547005383792515  # 1: 2/sqrt(3), plane strain over uniaxial stress [C 3.2]
FLATTENING = 16.0 * (1.0 - 0.3 * 0.3) / (pi * 210e9)  # 1/Pa: Hitchcock, steel rolls [M 3.2]

BACK_WEIGHT, FRONT_WEIGHT = 0.7, 0.3  # 1: how far tensions unload the bite [T 3.2]


@inline
def contact_length(draft: float, flattened: float) -> float:
    """Return the projected arc of contact (m); draft and flattened radius in m."""
    return sqrt(flattened * draft)


@inline
def strain(entry: float, exit: float) -> float:
    """Return the equivalent strain of a pass; thicknesses in m, entry above exit."""
    require(entry > exit > 0.0, "a pass needs an entry thickness above its exit thickness")
    return PLANE_STRAIN * log(entry / exit)


@inline
def neutral_angle(entry: float, exit: float, flattened: float) -> float:
    """Return Sims' neutral angle (rad); thicknesses and flattened radius in m."""
    reduction = (entry - exit) / entry
    slender = sqrt(exit / flattened)
    half = 0.5 * atan(sqrt(reduction / (1.0 - reduction)))
    return slender * tan(half + 0.125 * pi * slender * log(1.0 - reduction))


@inline
def sims_factor(entry: float, exit: float, flattened: float) -> float:
    """Return Sims' geometric factor Q of the roll force; thicknesses and flattened radius in m."""
    reduction = (entry - exit) / entry
    ratio = sqrt((1.0 - reduction) / reduction)
    flat = sqrt(flattened / exit)
    angle = neutral_angle(entry, exit, flattened)
    neutral = exit + flattened * angle * angle
    return (
        0.5 * pi * ratio * atan(1.0 / ratio)
        - 0.25 * pi
        - ratio * flat * log(neutral / exit)
        - 0.5 * ratio * flat * log(1.0 - reduction)
    )


@inline
def force_once(entry: float, exit: float, width: float, flattened: float, stress: float) -> float:
    """Return the Sims force (N) at a given flattened radius; stress: mean uniaxial (Pa)."""
    length = contact_length(entry - exit, flattened)
    return width * PLANE_STRAIN * stress * length * sims_factor(entry, exit, flattened)


@inline
def flattened_radius(radius: float, force: float, width: float, draft: float) -> float:
    """Return Hitchcock's flattened radius (m)."""
    return radius * (1.0 + FLATTENING * force / (width * fmax(draft, 1e-6)))


@inline
def sims_force(entry: float, exit: float, width: float, radius: float, stress: float) -> float:
    """Return the roll force (N) by Sims with Hitchcock's flattening, no strip tension.

    Args:
        entry: thickness before the pass (m).
        exit: thickness behind it (m), below `entry`.
        width: m; the formula is plane strain, width well above the contact length.
        radius: work-roll radius (m).
        stress: mean uniaxial flow stress of the pass (Pa).

    Raises:
        ValidityError: if the pass has no draft or the stock is narrower than five contact lengths.

    >>> round(sims_force(0.030, 0.018, 1.25, 0.40, 130.0e6) / 1e6, 2)
    19.66
    """
    require(entry > exit > 0.0, "a pass needs an entry thickness above its exit thickness")
    require(
        width >= 5.0 * sqrt(radius * (entry - exit)),
        "Sims holds for stock wider than five contact lengths",
    )
    flattened = radius
    force = force_once(entry, exit, width, flattened, stress)
    flattened = flattened_radius(radius, force, width, entry - exit)
    for _ in range(8):  # each round leaves about a tenth of the error: 8 rounds reach 1e-9
        force = force_once(entry, exit, width, flattened, stress)
        flattened = flattened_radius(radius, force, width, entry - exit)
    return force


@inline
def torque(
    entry: float, exit: float, width: float, radius: float, flattened: float, stress: float
) -> float:
    """Return the torque of both rolls together (N m), no strip tension."""
    draft = entry - exit
    bite = sqrt(draft / flattened)
    angle = neutral_angle(entry, exit, flattened)
    return 2.0 * radius * flattened * PLANE_STRAIN * stress * width * (0.5 * bite - angle)


@inline
def forward_slip(entry: float, exit: float, flattened: float) -> float:
    """Return how much faster than the roll the strip leaves, as a fraction (sticking friction)."""
    angle = neutral_angle(entry, exit, flattened)
    return flattened / exit * angle * angle


@inline
def ford_alexander_factor(entry: float, exit: float, flattened: float) -> float:
    """Return the simpler geometric factor of Ford and Alexander, within 2.2 % of Sims here."""
    return 0.5 * (0.5 * pi + sqrt(flattened * (entry - exit)) / (entry + exit))


@inline
def strip_modulus(force: float, draft: float) -> float:
    """Return an estimate of the strip modulus -dP/dh_exit (N/m), good enough for a Newton step."""
    return 1.25 * force / fmax(draft, 1e-6)


@inline
def tension_relief(back: float, front: float) -> float:
    """Return xi, by which tension stresses lower the plane-strain flow stress in a bite (Pa)."""
    return BACK_WEIGHT * back + FRONT_WEIGHT * front


@inline
def force_under_tension(
    entry: float, exit: float, width: float, flattened: float, stress: float, back: float,
    front: float,
) -> float:  # fmt: skip
    """Return the Sims force (N) at a given flattened radius between strip tensions.

    Args:
        entry: thickness before the pass (m).
        exit: thickness behind it (m).
        width: m.
        flattened: flattened radius (m).
        stress: mean uniaxial flow stress (Pa).
        back: tension stress before the pass (Pa).
        front: tension stress behind it (Pa). The force stays positive however high both are.
    """
    length = contact_length(entry - exit, flattened)
    resistance = PLANE_STRAIN * stress
    left = fmax(resistance - tension_relief(back, front), 0.05 * resistance)
    return width * left * length * sims_factor(entry, exit, flattened)


@inline
def torque_under_tension(
    entry: float, exit: float, width: float, radius: float, flattened: float, stress: float,
    back: float, front: float,
) -> float:  # fmt: skip
    """Return the torque of both rolls (N m): back tension brakes, front tension pulls.

    Arguments as `force_under_tension`, with the undeformed roll radius (m).
    """
    free = torque(entry, exit, width, radius, flattened, stress)
    return free + radius * width * (back * entry - front * exit)


@inline
def hill_factor(entry: float, exit: float, flattened: float, friction: float) -> float:
    """Return Hill's closed form of the Bland-Ford factor Q, for slipping friction.

    Within -4.3 to +0.8 % of the integral for reductions of 0.1 to 0.5 and friction times
    sqrt(R'/exit) of 0.5 to 2 [C 5.2]. Thicknesses and flattened radius in m. The root holds the
    *exit* thickness; with the entry thickness the result is up to 24 % low.
    """
    reduction = (entry - exit) / entry
    slender = friction * sqrt(flattened / exit)
    return 1.08 + 1.79 * reduction * sqrt(1.0 - reduction) * slender - 1.02 * reduction


@inline
def mean_slip(entry: float, exit: float, slip: float) -> float:
    """Return the mean speed of strip against roll over the arc, as a share of the roll speed.

    Backward before the neutral point and forward behind it, both falling to zero there along a
    straight line; `slip` is the forward slip at the exit, thicknesses in m.
    """
    backward = fmax(1.0 - (1.0 + slip) * exit / entry, 0.0)
    return 0.5 * (backward * backward + slip * slip) / fmax(backward + slip, 1e-9)
