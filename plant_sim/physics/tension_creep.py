"""Width lost between stands: hot strip creeps under tension and necks.

A power law of tension over flow stress. Leaves out the shape of the neck along the head and the
thickness it takes along.
Source: form standard literature [M 3.3]; the rate is tuned to 1 to 6 mm over a finishing mill.
"""

from ..engine.numbers import exp, fmax, inline, log, require

NECKING_RATE = 0.05  # 1/s: relative width lost per second if tension equalled flow stress [T 3.3]
NECKING_EXPONENT = 2.0  # 1: of tension over flow stress [T 3.3]


@inline
def necked_width(width: float, tension: float, stress: float, seconds: float) -> float:
    """Return the width (m) after `seconds` under tension; compression does not narrow strip.

    Args:
        width: m.
        tension: tension stress (Pa).
        stress: flow stress of the strip between the stands (Pa), positive.
        seconds: time under tension.

    Raises:
        ValidityError: if the flow stress is not positive.
    """
    require(stress > 0.0, "necking needs a positive flow stress")
    ratio = fmax(tension, 1.0) / stress
    return width * exp(-NECKING_RATE * seconds * exp(NECKING_EXPONENT * log(ratio)))
