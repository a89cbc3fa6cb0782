"""The looper between two stands: an arm whose roll lifts the strip and so holds its tension.

Rigid arm, strip straight between stand, looper roll and stand. Leaves out the strip's weight as a
sag and the looper's own hydraulics: the torque acts at once.
Source: Price 1973; Hearns and Grimble 2000 [M: standard literature equations].
"""

from ..engine.numbers import fmax, fmin, inline, require, sqrt, tan, where

PIVOT = 2.2  # m: looper pivot behind the stand before it, of 2.0-2.5 m [M 3.5]
ARM = 0.7  # m: of 0.5-0.8 m [M 3.5]
ROLL_RADIUS = 0.10  # m: looper roll, of 0.08-0.15 m [M 3.5]
PIVOT_DEPTH = 0.18  # m: pivot below the pass line [T 3.5]
INERTIA = 700.0  # kg m2: of 300-1200 kg m2 [M 3.5]
ARM_MOMENT = 3000.0  # N m: weight of the arm times its lever at rest [T 3.5]
FRICTION = 500.0  # N m s: damping of the arm in its bearings and cylinder [T 3.5]
LOWEST, HIGHEST = 0.087, 1.35  # rad: mechanical stops, 5 and 77 degrees [M 6.4]
GRAVITY = 9.81  # m/s2: acceleration of free fall [M 3.5]


@inline
def path(angle: float, distance: float) -> tuple[float, float, float]:
    """Return (excess m, lever m, cosine) of the strip's path over a looper.

    The lever is the slope of the excess by the angle: tension force times lever is the torque on
    the arm, the same as the sum of the sines of the strip's angles. Below the pass line the arm
    does not touch the strip and both are zero.

    Args:
        angle: of the arm over the horizontal (rad), up to 2.
        distance: of the two stands (m).
    """
    require(-0.5 < angle < 2.0, "the looper geometry holds for angles between -0.5 and 2 rad")
    half = tan(0.5 * angle)
    bottom = 1.0 / (1.0 + half * half)
    sine, cosine = 2.0 * half * bottom, (1.0 - half * half) * bottom
    height = ARM * sine + ROLL_RADIUS - PIVOT_DEPTH
    touching = where(height > 0.0, 1.0, 0.0)
    height = fmax(height, 0.0)
    before = PIVOT + ARM * cosine
    behind = distance - before
    up = sqrt(before * before + height * height)
    down = sqrt(behind * behind + height * height)
    lift = height * ARM * cosine
    lever = (lift - before * ARM * sine) / up + (lift + behind * ARM * sine) / down
    return up + down - distance, touching * lever, cosine


@inline
def weight(cosine: float, strip: float) -> float:
    """Return the torque (N m) of arm and strip; `strip` is the mass between the stands (kg)."""
    return cosine * (ARM_MOMENT + 0.5 * strip * GRAVITY * ARM)


@inline
def swing(
    angle: float, rate: float, drive: float, load: float, seconds: float
) -> tuple[float, float]:
    """Return (angle rad, rate rad/s) of the arm after a step.

    Args:
        angle: rad.
        rate: rad/s.
        drive: torque of the looper's cylinder or motor (N m).
        load: torque of strip tension and weights (N m).
        seconds: the step; rates first, then the angle, friction implicit.
    """
    rate = (rate + seconds * (drive - load) / INERTIA) / (1.0 + seconds * FRICTION / INERTIA)
    free = angle + seconds * rate
    angle = fmin(fmax(free, LOWEST), HIGHEST)
    return angle, where(free == angle, rate, 0.0)
