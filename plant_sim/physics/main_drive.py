"""A stand's main drive: roll speed under load, with the drop when strip enters.

One inertia, a speed controller of second order, a limit of torque and power. Leaves out the
torsion of the spindle and the converter's current loop.
Source: closed loop of 8-15 rad/s, impact drop 1-3 % recovering in 0.3-0.6 s [M, physics 3.5].
"""

from ..engine.numbers import fmax, fmin, inline, where

FREQUENCY = 12.0  # rad/s: of the closed speed loop, of 8-15 rad/s [M 3.5]
DAMPING = 0.9  # 1: of the closed speed loop, well damped [M 3.5]
RUN_UP = 1.2  # s: kinetic energy times two over rating at base speed: drop of 1-3 % [C 3.5]
OVERLOAD = 2.0  # 1: torque and power a drive gives for a moment over its rating [M 6.4]


@inline
def inertia(power: float, torque: float, radius: float) -> float:
    """Return the mass (kg) that the drive's inertia is at the roll's surface.

    Args:
        power: rating (W).
        torque: rating of both rolls together (N m).
        radius: of the work rolls (m); the base speed is where both ratings meet.
    """
    base = power / torque * radius
    return RUN_UP * power / (base * base)


@inline
def most_effort(power: float, torque: float, radius: float, speed: float) -> float:
    """Return the most force (N) at the roll's surface at a roll speed (m/s)."""
    return OVERLOAD * fmin(torque / radius, power / fmax(speed, 0.1))


@inline
def turn(
    speed: float, integral: float, aim: float, load: float, mass: float, most: float,
    seconds: float,
) -> tuple[float, float]:  # fmt: skip
    """Return (roll speed m/s, integral part m/s2) after a step.

    Args:
        speed: roll surface speed (m/s).
        integral: integral part of the controller's acceleration (m/s2); it carries the load.
        aim: reference (m/s).
        load: rolling torque over roll radius (N).
        mass: from `inertia` (kg).
        most: most force of the drive (N); at the limit the integral holds still.
        seconds: the step; the proportional part is implicit.
    """
    gain = 2.0 * DAMPING * FREQUENCY
    wanted = gain * (aim - speed) + integral
    limit = most / mass
    given = fmin(fmax(wanted, -limit), limit)
    free = where(wanted == given, 1.0, 0.0)
    speed = speed + seconds * (given - load / mass) / (1.0 + free * seconds * gain)
    return speed, integral + free * seconds * FREQUENCY * FREQUENCY * (aim - speed)
