"""Temperature through half the thickness of slabs and bars: five layers, finest at the surface.

Heat leaves through the faces and is fed from the core by conduction (implicit, so that any step is
stable). Rolls and water touch for hundredths of a second: what they take in that time is the heat a
half space gives off. Top and bottom are taken as equal; the heat of transformation is left out: hot
stock is austenite but for a chilled skin. Sources: EN 1993-1-2 properties [M 3.7]; the half space
with a surface film, Carslaw and Jaeger 1959 [M].
"""

from ..engine.numbers import inline, require, sqrt
from .steel import CONDUCTIVITY_HOT
from .strip_temperature import DENSITY, HEAT

LAYERS = (0.05, 0.10, 0.18, 0.28, 0.39)  # 1: shares of the half thickness, surface first [C 3.7]
DIFFUSIVITY = CONDUCTIVITY_HOT / (DENSITY * HEAT)  # m2/s: of hot steel [M 3.7]
HALF_SPACE = 0.75  # 1: fall of a half space's mean flux with h sqrt(a t) / lambda [C Carslaw]
F0, F1, F2, F3, F4 = LAYERS
AB, BC = 2.0 / (F0 + F1), 2.0 / (F1 + F2)  # 1, 1: conductance between two layers [C 3.7]
CD, DE = 2.0 / (F2 + F3), 2.0 / (F3 + F4)  # 1, 1: same between the next [C 3.7]


@inline
def mean_of(a: float, b: float, c: float, d: float, e: float) -> float:
    """Return the mean temperature (K) of five layers, surface first (K)."""
    return F0 * a + F1 * b + F2 * c + F3 * d + F4 * e


@inline
def layer_offset(low: float, high: float) -> float:
    """Return the mean of 1/3 - x^2 over a layer from x = low to high (0 core, 1 surface).

    Times the difference of core and surface it is what a layer of a soaked slab lies above the
    mean: the profile of a slab in a furnace is a parabola.
    """
    return 1.0 / 3.0 - (high * high + high * low + low * low) / 3.0


@inline
def relax(
    a: float, b: float, c: float, d: float, e: float, thickness: float, seconds: float
) -> tuple[float, float, float, float, float]:
    """Return five layers (K) after conduction for `seconds`, none through the surface.

    Backward Euler; the sum of layer share times temperature is kept to rounding. Thickness (m) of
    the whole stock, positive.

    Raises:
        ValidityError: if thickness is not positive or seconds negative.
    """
    require(thickness > 0.0 and seconds >= 0.0, "conduction needs a thickness and a time")
    fourier = 4.0 * DIFFUSIVITY * seconds / (thickness * thickness)
    ab, bc, cd, de = AB * fourier, BC * fourier, CD * fourier, DE * fourier
    # elimination from the surface on: the inverse of each pivot, which holds the layer's capacity
    # and what is above it
    over_a = 1.0 / (F0 + ab)
    held_a = F0 * a
    over_b = 1.0 / (F1 + bc + ab * F0 * over_a)
    held_b = F1 * b + ab * over_a * held_a
    over_c = 1.0 / (F2 + cd + bc * (1.0 - bc * over_b))
    held_c = F2 * c + bc * over_b * held_b
    over_d = 1.0 / (F3 + de + cd * (1.0 - cd * over_c))
    held_d = F3 * d + cd * over_c * held_c
    over_e = 1.0 / (F4 + de * (1.0 - de * over_d))
    held_e = F4 * e + de * over_d * held_d
    e = held_e * over_e
    d = (held_d + de * e) * over_d
    c = (held_c + cd * d) * over_c
    b = (held_b + bc * c) * over_b
    a = (held_a + ab * b) * over_a
    return a, b, c, d, e


@inline
def taken(surface: float, medium: float, coefficient: float, seconds: float) -> float:
    """Return the heat (J/m2) one face gives to a medium that touches it for `seconds`.

    Mean flux of a half space behind a film, within 5 % up to h sqrt(a t) / lambda = 1.

    Args:
        surface: temperature of the face before (K).
        medium: temperature of roll or water (K).
        coefficient: of the film, W/(m2 K).
        seconds: of contact, 0 or more.

    Raises:
        ValidityError: if coefficient or seconds is negative.
    """
    require(coefficient >= 0.0 and seconds >= 0.0, "contact needs a film and a time of 0 or more")
    depth = coefficient * sqrt(DIFFUSIVITY * seconds) / CONDUCTIVITY_HOT
    return coefficient * (surface - medium) * seconds / (1.0 + HALF_SPACE * depth)


@inline
def skin_fall(heat: float, thickness: float) -> float:
    """Return by how much (K) the surface layer falls when each face loses `heat` (J/m2)."""
    return heat / (DENSITY * HEAT * 0.5 * F0 * thickness)
