"""Width lost between stands: hot strip creeps under tension and necks.

A square law of tension over flow stress. Leaves out the shape of the neck along the head and the
thickness it takes along.
Source: form standard literature [M 3.3]; the rate is tuned to 1 to 6 mm over a finishing mill.
"""

from ..engine.numbers import exp, fmax, inline, require

NECKING_RATE = 0.05  # 1/s: relative width lost per second if tension equalled flow stress [T 3.3]


@inline
def necking(tension: float, stress: float) -> float:
    """Return the rate (1/s) at which strip loses width; compression does not narrow it.

    Args:
        tension: tension stress (Pa).
        stress: flow stress of the strip (Pa), positive.

    Raises:
        ValidityError: if the flow stress is not positive.
    """
    require(stress > 0.0, "necking needs a positive flow stress")
    ratio = fmax(tension, 0.0) / stress
    return NECKING_RATE * ratio * ratio


@inline
def necked_width(width: float, tension: float, stress: float, seconds: float) -> float:
    """Return the width (m) after `seconds` under tension; arguments as `necking`, width in m."""
    return width * exp(-seconds * necking(tension, stress))
