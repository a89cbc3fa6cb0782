"""Spread of a flat roughing pass: how much wider the stock leaves the rolls.

Hill's law: the share of the reduction that goes sideways falls with the width over the arc of
contact. Leaves out edging (`edging.py`) and what tension takes off in finishing.
Source: R. Hill 1955, form of physics section 3.3 [M: primary not re-read].
"""

from ..engine.numbers import exp, fmax, inline, log, require, sqrt

MOST_SHARE = 0.5  # 1: share of a square bar's reduction that goes sideways [M 3.3]
FADING = 0.525  # 1: fall of that share per width over contact length [M 3.3]
LEAST_ARC = 1e-4  # m: shortest arc of contact, so that no draft gives no spread [C 3.3]


@inline
def spread_share(width: float, radius: float, draft: float) -> float:
    """Return ln(w2/w1) / ln(h1/h2): 0 for plane strain, 0.5 for very narrow stock.

    Args:
        width: before the pass (m), positive.
        radius: work-roll radius (m), positive.
        draft: entry minus exit thickness (m), 0 or more.

    Raises:
        ValidityError: if an argument is out of its range.

    >>> round(spread_share(1.25, 0.6, 0.04), 4)
    0.0072
    """
    require(width > 0.0 and radius > 0.0, "spread needs a positive width and radius")
    require(draft >= 0.0, "spread needs a draft of 0 or more")
    arc = fmax(sqrt(radius * draft), LEAST_ARC)
    return MOST_SHARE * exp(-FADING * width / arc)


@inline
def width_after(width: float, entry: float, exit: float, radius: float) -> float:
    """Return the width (m) behind a flat pass; thicknesses and radius in m.

    Raises:
        ValidityError: unless entry >= exit > 0 and width and radius are positive.
    """
    require(entry >= exit > 0.0, "a pass needs an exit thickness not above its entry thickness")
    return width * exp(spread_share(width, radius, entry - exit) * log(entry / exit))
