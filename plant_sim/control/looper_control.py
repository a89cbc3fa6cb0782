"""Level 1 of the loopers: torque for the tension, speed of the stand before for the angle.

It sees the arm's angle, and knows the looper's geometry and weights from its data sheet.
Source: conventional looper control, PI on the angle [M, physics 3.5 and table 6.2 FM-3].
"""

from ..engine.numbers import fmax, fmin, inline

TENSION_AIM = (3.5e6, 4.5e6, 6.0e6, 8.0e6, 10.0e6, 12.0e6)  # Pa: behind F1..F6 [M 3.5]
ANGLE_AIM = 0.35  # rad: 20 degrees, of 18-25 [M 3.5]
LIFT_TORQUE = 2.5e4  # N m per rad below LIFT_ANGLE: raises the arm to a loop of slack strip [T 3.5]
LIFT_ANGLE = 0.26  # rad: below it the arm is driven as if it stood here, so that it rises [T 3.5]
# m/s per rad: speed of the stand before by the angle's error; with a lever of 0.09 m this and the
# next give a crossover of 2 rad/s behind F1 and 4 rad/s behind F6 [C 3.5]
ANGLE_GAIN = 0.10
SPEED_GAIN = 0.045  # 1/rad: and per m/s of the stand's speed [C 3.5]
HIGH_GAIN = 4.0  # 1/rad2: growth of both by the square of a too high angle [T 3.5]
ANGLE_RATE = (
    1.0  # 1/s: integral over proportional part of the angle control, below the crossover [C 3.5]
)
MOST_TRIM = 0.08  # 1: most speed trim of one looper, of the stand's speed [M 3.5]
SETTLE_AFTER = 0.08  # s: after the head has bitten the arm is raised [M 3.5]
LOWER_BEFORE = 1.2  # s: before the tail leaves a stand the looper behind it is lowered [M 3.5]
LOWERED = 0.3  # 1: of the tension aim that is left for the tail [T 3.5]
DAMPING = 2000.0  # N m s: rate feedback of the looper's torque [T 3.5]


@inline
def arm_torque(
    tension: float, section: float, lever: float, weights: float, angle: float, rate: float
) -> float:  # fmt: skip
    """Return the torque (N m) that holds a tension in equilibrium.

    Args:
        tension: aim (Pa).
        section: believed thickness times width (m2).
        lever: slope of the strip's path by the angle, at the seen angle (m).
        weights: torque of arm and strip at the seen angle (N m).
        angle: seen (rad).
        rate: seen rate of the angle (rad/s).
    """
    lift = LIFT_TORQUE * fmax(LIFT_ANGLE - angle, 0.0)
    return tension * section * lever + weights + lift - DAMPING * rate


@inline
def speed_trim(off: float, integral: float, speed: float, seconds: float) -> tuple[float, float]:
    """Return (speed trim of the stand before, its new integral), both m/s.

    Args:
        off: angle minus its aim (rad); a high arm means too much strip.
        integral: the integral part (m/s).
        speed: of the stand (m/s).
        seconds: the step.
    """
    most = MOST_TRIM * fmax(speed, 0.1)
    gain = (ANGLE_GAIN + SPEED_GAIN * speed) * (1.0 + HIGH_GAIN * fmax(off, 0.0) * fmax(off, 0.0))
    integral = fmin(fmax(integral - seconds * ANGLE_RATE * gain * off, -most), most)
    trim = integral - gain * off
    return fmin(fmax(trim, -most), most), integral
