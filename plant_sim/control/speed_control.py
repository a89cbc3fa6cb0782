"""Level 1 of the speeds: the master ramp, mass flow along the stands, sprays against temperature.

Speeds of the stands follow from believed thicknesses and slips; what gap control moves and what
loopers see corrects them. F7 is the reference.
Source: mass-flow compensation with F7 as pivot [M, physics 3.4].
"""

from ..engine.numbers import fmax, fmin, inline

BELIEVED_SLIP = 0.7  # 1: share of the sticking forward slip that level 2 expects [T 3.2]
IMPACT_LEAD = 0.020  # 1: a stand waits for the head this much faster, for the drop [M 3.5]
LEAD_TIME = 0.6  # s: in which the lead is taken back once strip is in, of 0.3-0.6 s [M 3.5]
SPRAY_BASE = 0.4  # 1: opening of the interstand sprays at no error [T 3.7]
SPRAY_FLOW = 19e-3  # m2/s: speed times thickness at which the two gains below hold [T 3.7]
SPRAY_P = 0.009  # 1/K: opening by temperature error [T 3.7]
SPRAY_RATE = 0.0032  # 1/(K s): opening by temperature error and time [T 3.7]
SPRAY_SPAN = 0.6  # 1: most of the integral part [T 3.7]
TRIM_LEARNING = 0.6  # 1: of a looper's standing speed trim that the next coil starts from [M 6.5]


@inline
def ramped(speed: float, aim: float, ramp: float, seconds: float) -> float:
    """Return the master speed (m/s) after one step; `ramp` in m/s2."""
    most = ramp * seconds
    return speed + fmin(fmax(aim - speed, -most), most)


@inline
def flow_trim(last_now: float, last_then: float, now: float, then: float) -> float:
    """Return the relative speed change that keeps mass flow when thicknesses move.

    dv/v = dh7/h7 - dh/h, from believed thicknesses (m) now and when gap control was locked on.
    """
    return (last_now - last_then) / last_then - (now - then) / then


@inline
def waiting_lead(loaded: float, seconds: float) -> float:
    """Return the relative lead of a stand's speed: whole before strip is in, then taken back."""
    left = fmin(fmax(1.0 - seconds / LEAD_TIME, 0.0), 1.0)
    return IMPACT_LEAD * (1.0 - loaded + loaded * left)


@inline
def spray_opening(
    error: float, integral: float, trim: float, seconds: float, flow: float
) -> tuple[float, float]:
    """Return (opening 0..1, new integral) of the sprays.

    Args:
        error: seen delivery temperature minus aim (K); 0 while nothing is seen.
        integral: of the opening.
        trim: what was written on top.
        seconds: the step.
        flow: speed times thickness aim (m2/s); what a spray takes from strip goes with one over it.
    """
    error = error * fmin(flow / SPRAY_FLOW, 1.0)
    integral = fmin(fmax(integral + SPRAY_RATE * seconds * error, -SPRAY_SPAN), SPRAY_SPAN)
    opening = SPRAY_BASE + trim + integral + SPRAY_P * error
    return fmin(fmax(opening, 0.0), 1.0), integral
