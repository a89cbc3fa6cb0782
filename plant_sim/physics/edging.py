"""Edging of slabs: the dog-bone, what of it comes back as width, force of the edger, bare ends.

Vertical rolls squeeze the edges only: metal piles up beside them (the dog-bone) and the next flat
pass turns a part of it back into width. Near head and tail it escapes lengthwise instead: the ends
stay narrow and must be cropped. Sources: recovery 0.2-0.6 [T 3.3]; indentation [C 3.2].
"""

from ..engine.numbers import exp, fmax, fmin, inline, log, require, sqrt
from .roll_bite import PLANE_STRAIN

LEAST_RECOVERY, MOST_RECOVERY = 0.2, 0.6  # 1: of the edging, thick and thin stock [T 3.3]
RECOVERY_RATIO = 12.0  # 1: width over thickness at which the recovery has come 63 % of its way [T]
DOG_BONE = 1.0  # 1: reach of the dog-bone from the edge, in thicknesses [M Okado 1981]
INDENTATION = 2.5707963267948966  # 1: 1 + pi/2, indentation of a half space [C 3.2]
INDENTATION_BASE, INDENTATION_SLOPE = 0.8, 0.2  # 1: chord of the indentation factor [M 3.2]
END_REACH = 0.3  # 1: reach of a bare end along the slab, in widths [T]
END_LOSS = 0.15  # 1: of the edging that the very end gets narrower still [T]


@inline
def recovery_share(width: float, thickness: float) -> float:
    """Return which share of the edging the next flat pass gives back: 0.2 to 0.6.

    In thick, narrow stock the squeeze reaches inwards; on thin, wide stock it stays a ridge at the
    edge and is rolled flat again. Width and thickness in m, positive.

    Raises:
        ValidityError: if width or thickness is not positive.
    """
    require(width > 0.0 and thickness > 0.0, "recovery needs a positive width and thickness")
    way = 1.0 - exp(-width / (thickness * RECOVERY_RATIO))
    return LEAST_RECOVERY + (MOST_RECOVERY - LEAST_RECOVERY) * way


@inline
def end_share(distance: float, width: float) -> float:
    """Return how much of an end a place is: 1 at the end, 0 far from it (m along the slab, m)."""
    return exp(-distance / (END_REACH * width))


@inline
def edging_strain(draft: float, thickness: float) -> float:
    """Return the strain of the squeezed edges; draft (m) of both edges together, thickness (m)."""
    return log(1.0 + 0.5 * draft / (DOG_BONE * thickness))


@inline
def edging_length(draft: float, radius: float) -> float:
    """Return the arc of contact (m) of one edger roll; draft (m) of both edges together."""
    return sqrt(0.5 * radius * fmax(draft, 0.0))


@inline
def edger_force(
    draft: float, width: float, thickness: float, radius: float, stress: float
) -> float:
    """Return the force (N) on one edger roll.

    Args:
        draft: width taken off, both edges together (m), 0 or more.
        width: before edging (m).
        thickness: of the stock (m).
        radius: of the edger rolls (m).
        stress: uniaxial flow stress at the strain of the edges (Pa).

    Raises:
        ValidityError: if the draft is negative or not below the width.
    """
    require(0.0 <= draft < width, "an edger draft must be 0 or more and below the width")
    length = edging_length(draft, radius)
    slender = width / fmax(length, 1e-6)
    factor = fmin(INDENTATION_BASE + INDENTATION_SLOPE * slender, INDENTATION)
    return PLANE_STRAIN * stress * thickness * length * fmax(factor, 1.0)
