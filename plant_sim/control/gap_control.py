"""Level 1 of the gap: lock-on gaugemeter control, and the X-ray monitor with its dead time known.

It sees gap position, roll force and the gauge, and believes in level 2's mill modulus.
Sources: BISRA gaugemeter and Smith predictor, standard literature [M, physics 3.4].
"""

from ..engine.numbers import fmax, fmin, inline, where
from ..physics.mill_stretch import KISS_FORCE, bearing_film
from .level2_model import MODULUS

COMPENSATION = (0.7, 0.7, 0.7, 0.65, 0.6, 0.5, 0.45)  # 1: of the believed stretch, F1..F7 [M 3.4]
COMPENSATED = 0.7  # 1: the set-point at which these shares hold [M 3.4]
LOCK_AFTER = 0.79  # s: after the head has entered a stand its force is locked [M 3.4]
FORCE_FILTER = 0.05  # s: lag of the force that gap control acts on [M 3.4]
GAUGE_FILTER = 0.3  # s: lag of the gaugemeter thickness that moves speeds [M 3.4]
MOST_MOVE = 2.0e-3  # m: most move of lock-on control from its set-up [M 3.4]
MONITOR_SHARE = (0.0, 0.0, 0.0, 0.0, 0.5, 0.8, 1.0)  # 1: of the monitor's gap, F1..F7 [T 3.4]
MONITOR_RATE = 0.8  # 1/s: monitor's gap per thickness error and second [T 3.4]
MONITOR_EFFECT = 0.45  # 1: believed thickness per monitor's gap, all shares together [T 3.4]
MONITOR_FROM = 9.0  # m: strip delivered when the head has been learned and the monitor acts [M 3.4]
MONITOR_UNTIL = 10.0  # m: strip left when it stops, before the tail is at the gauge [M 3.4]
HEAD_RATE, HEAD_MONITORED = 1.6, 40.0  # 1/s, m: monitor's rate at the head, and how long [T 3.4]
SETTLED = 25.0  # m: strip delivered before the sprays trust the pyrometer [T 3.7]
MOST_ERROR = 2e-4  # m: most thickness error the monitor acts on [M 3.4]
FASTEST_MONITOR = 1.6e-4  # m/s: of its gap; at twice this speed strip tore between stands [T 3.4]
MOST_MONITOR = 1.2e-3  # m: most the monitor moves a gap [M 3.4]
OIL_FILM, OIL_SPEED = 0.25e-3, 3.0  # m, m/s: level 1's film of a backup bearing, its half [M 3.4]


@inline
def oil_compensation(speed: float, force: float) -> float:
    """Return the oil film (m) that level 1 believes in at a roll speed (m/s) and a force (N)."""
    return bearing_film(speed, force, OIL_FILM, OIL_SPEED)


@inline
def gaugemeter(gap: float, force: float, belief: float) -> float:
    """Return the believed exit thickness (m) at a gap (m) and a force (N).

    `belief` is the relative error of the modulus this stand's control was given.
    """
    return gap + (force - KISS_FORCE) / (MODULUS * (1.0 + belief))


@inline
def lagged(value: float, new: float, lag: float, seconds: float) -> float:
    """Return a first-order lag (s) of a signal after one step, implicit."""
    return value + (new - value) * seconds / (lag + seconds)


@inline
def gap_reference(
    gap: float, force: float, locked: float, compensation: float, belief: float
) -> float:
    """Return the gap (m) that lock-on control asks for.

    Args:
        gap: of set-up and monitor (m).
        force: measured roll force (N).
        locked: force when the control was locked on (N).
        compensation: share of the believed stretch that is undone, 0 to 1.
        belief: relative error of the modulus that this stand's control was given.
    """
    move = -compensation * (force - locked) / (MODULUS * (1.0 + belief))
    return gap + fmin(fmax(move, -MOST_MOVE), MOST_MOVE)


@inline
def monitor_rate(strip: float, left: float) -> float:
    """Return the monitor's rate (1/s) with so much strip delivered and left (m); 0 where it rests.

    Fast at the head, where set-up's error is the whole error; slow behind it, where it is noise.
    """
    rate = where(strip < HEAD_MONITORED, HEAD_RATE, MONITOR_RATE)
    return rate * where(strip > MONITOR_FROM, 1.0, 0.0) * where(left > MONITOR_UNTIL, 1.0, 0.0)


@inline
def monitor_speed(error: float, rate: float) -> float:
    """Return the speed (m/s) at which the monitor takes an error (m) out, at a rate (1/s)."""
    return fmin(fmax(rate * error, -FASTEST_MONITOR), FASTEST_MONITOR)


@inline
def monitor_step(
    correction: float, off: float, effective: float, seconds: float, rate: float = MONITOR_RATE
) -> float:  # fmt: skip
    """Return the monitor's correction (m of F7's gap) after one step.

    Args:
        correction: before the step (m).
        off: thickness seen at the gauge minus aim (m).
        effective: correction with which the strip now at the gauge was rolled (m); what has been
            moved since is on its way and not asked for again (Smith).
        seconds: the step.
        rate: gap per thickness error and second (1/s).
    """
    expected = off + MONITOR_EFFECT * (correction - effective)
    expected = fmin(fmax(expected, -MOST_ERROR), MOST_ERROR)
    correction = correction - seconds * monitor_speed(expected, rate)
    return fmin(fmax(correction, -MOST_MONITOR), MOST_MONITOR)
