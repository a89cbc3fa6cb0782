"""Strip crown and flatness: how rolls bend, what strip inherits, and when it buckles.

Crown is centre minus edge thickness, 40 mm from the edge (C40). Everything that shapes the gap is
taken as a parabola over the barrel, so it shows over the strip with the square of its width. Leaves
out wedge, edge drop and higher orders.
Signs: a crown ratio that *rises* through a stand makes the edges longer (edge wave), one that falls
makes the centre longer (centre buckle).
Sources: standard literature [M/T 3.9]; K. N. Shohet and N. A. Townsend 1971 for the buckling limits
[M]; the parabola of a shifted third-order roll pair [C].
"""

from ..engine.numbers import exp, fmax, fmin, inline, log, where

REFERENCE_WIDTH = 1.25  # m: strip width of the three coefficients below [M 3.9]
FORCE_CROWN = 10e-12  # m/N: strip crown per roll force, 6 to 14 um/MN [M 3.9]
BENDING_CROWN = 60e-12  # m/N: strip crown taken off per bending force of a chock [M 3.9]
ROLL_CROWN = 0.45  # 1: strip crown taken off per crown on diameter of a roll [M 3.9]
HEREDITY = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # 1: inherited crown ratio, F1..F7 [M 3.9]
TRANSFER = (0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 0.9)  # 1: crown-ratio change into strain, F1..F7 [M 3.9]
EDGE_LIMIT, CENTRE_LIMIT = 80.0, 40.0  # 1: Shohet-Townsend factors of both buckles [M 3.9]
BUCKLING_EXPONENT = 1.86  # 1: of thickness over width [M 3.9]
MOST_SHIFT = 0.15  # m: roll shift either way [M 3.9]
SHIFT_CROWN = 0.5e-3 / 0.15  # 1: equivalent roll crown (m) per shift (m) [M 3.9]
LEAST_BENDING, MOST_BENDING = 0.0, 1.2e6  # N: bending force of a chock [M 3.9]
I_UNIT = 1e-5  # 1: elongation difference of one I-unit [V 3.9]


@inline
def width_factor(width: float) -> float:
    """Return how much of a parabola strip of `width` (m) sees, over that of the reference width."""
    return width * width / (REFERENCE_WIDTH * REFERENCE_WIDTH)


@inline
def shifted_crown(shift: float) -> float:
    """Return the equivalent crown on diameter (m) of a roll pair shifted by `shift` (m).

    The gap of the pair y = a1 (x - s) + a3 (x - s)^3 holds -6 a3 s x^2: linear in the shift.
    """
    return SHIFT_CROWN * fmin(fmax(shift, -MOST_SHIFT), MOST_SHIFT)


@inline
def mechanical_crown(force: float, bending: float, roll_crown: float, width: float) -> float:
    """Return the crown (m) the loaded gap of a stand would print on flat-entering strip.

    Args:
        force: roll force (N).
        bending: bending force of a chock (N).
        roll_crown: ground, thermal, worn and shifted crown on diameter together (m).
        width: strip width (m).
    """
    bent = FORCE_CROWN * force - BENDING_CROWN * bending - ROLL_CROWN * roll_crown
    return bent * width_factor(width)


@inline
def exit_crown(
    mechanical: float, entry_crown: float, entry: float, exit: float, heredity: float
) -> float:
    """Return the strip crown (m) behind a stand: part printed, part inherited with the draft.

    Args:
        mechanical: crown of the loaded gap (m).
        entry_crown: crown before the stand (m).
        entry: thickness before it (m).
        exit: thickness behind it (m).
        heredity: share inherited, 0 to 1.
    """
    return (1.0 - heredity) * mechanical + heredity * exit / entry * entry_crown


@inline
def edge_strain(
    entry_crown: float, entry: float, exit_crown: float, exit: float, transfer: float
) -> float:
    """Return the strain by which the edges are longer than the centre behind a stand.

    Crowns and thicknesses in m; `transfer` is the share of a crown-ratio change that cannot escape
    sideways.
    """
    return transfer * (exit_crown / exit - entry_crown / entry)


@inline
def buckling_scale(thickness: float, width: float) -> float:
    """Return (h/w)^1.86, which both buckling limits are proportional to; m both."""
    return exp(BUCKLING_EXPONENT * log(fmax(thickness, 1e-6) / width))


@inline
def edge_wave(change: float, thickness: float, width: float) -> float:
    """Return 1.0 if a rise of the crown ratio by `change` buckles the edges, else 0.0; m both."""
    return where(change > EDGE_LIMIT * buckling_scale(thickness, width), 1.0, 0.0)


@inline
def centre_buckle(change: float, thickness: float, width: float) -> float:
    """Return 1.0 if a fall of the crown ratio (`change` < 0) buckles the centre, else 0.0."""
    return where(-change > CENTRE_LIMIT * buckling_scale(thickness, width), 1.0, 0.0)
