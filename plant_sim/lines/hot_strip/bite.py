"""One bite between tensions: Sims, Shida and Hitchcock written as one expression.

The same numbers as `roll_bite` and `flow_stress` give one after the other; written together, the
neutral point is found once and serves force, torque and slip. With t = tan(...) of Sims' formula
the neutral angle is t sqrt(h/R') and the sticking forward slip t**2.
"""

from math import pi

from ...engine.numbers import atan, exp, fmax, fmin, inline, log, sqrt, tan, where
from ...physics.flow_stress import COLDEST, HOTTEST, KGF_MM2, MOST_STRAIN
from ...physics.mill_stretch import KISS_FORCE
from ...physics.roll_bite import PLANE_STRAIN, flattened_radius, strip_modulus, tension_relief


@inline
def mean_stress(strain: float, rate: float, heat: float, carbon: float) -> float:
    """Return `flow_stress.shida_mean` (Pa) with one logarithm of the rate and two exponentials.

    Arguments as there, inside its ranges: strain, 1/s, K, weight %.
    """
    theta = heat / 1000.0
    transition = 0.95 * (carbon + 0.41) / (carbon + 0.32)
    austenite = theta >= transition
    shift = theta - 0.95 * (carbon + 0.49) / (carbon + 0.42)
    dip = 30.0 * (carbon + 0.9) * shift * shift + (carbon + 0.06) / (carbon + 0.09)
    hot = (-0.019 * carbon + 0.126) * theta + (0.075 * carbon - 0.050)
    cold = (0.081 * carbon - 0.154) * theta - 0.019 * carbon + 0.207 + 0.027 / (carbon + 0.320)
    level = 0.28 * where(austenite, 1.0, dip)
    peak = 5.0 / where(austenite, theta, transition) - 0.01 / (carbon + 0.05)
    speed = log(rate) - 2.302585092994046  # to 10 1/s; beyond 100 and 1000 1/s it rises faster
    speed = (
        speed
        + fmax(speed - 2.302585092994046, 0.0) / 2.4
        + (fmax(speed - 4.605170185988092, 0.0) / 15.0)
    )
    n = 0.41 - 0.07 * carbon
    shape = 1.3 / (n + 1.0) * exp(n * log(strain / 0.2)) - 0.15 * strain / 0.2
    return KGF_MM2 * shape * level * exp(peak + where(austenite, hot, cold) * speed)


@inline
def forces(
    entry: float, exit: float, flat: float, heat: float, speed: float, width: float,
    carbon: float, hardness: float, back: float, front: float,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Return (force N, torque over roll radius N, sticking forward slip, flow stress Pa).

    Args:
        entry: thickness before the pass (m).
        exit: behind it (m).
        flat: flattened radius (m).
        heat: mean temperature (K).
        speed: of the roll's surface (m/s).
        width: m.
        carbon: weight %.
        hardness: factor on the flow stress.
        back: tension stress before the stand (Pa).
        front: behind it (Pa).
    """
    draft = fmax(entry - exit, 1e-5)  # a pass without draft is none; the formulas stay finite
    logarithm = log(entry / exit)
    strain = fmin(PLANE_STRAIN * logarithm, MOST_STRAIN)
    length = sqrt(flat * draft)
    rate = fmax(speed, 0.05) * strain / length
    heat = fmin(fmax(heat, COLDEST), HOTTEST)
    stress = hardness * mean_stress(strain, rate, heat, carbon)

    root = sqrt(draft / exit)
    slender = sqrt(exit / flat)
    arc = atan(root)
    t = tan(0.5 * arc - 0.125 * pi * slender * logarithm)
    lean = 1.0 / (root * slender)
    factor = 0.5 * pi * arc / root - 0.25 * pi - lean * log(1.0 + t * t) + 0.5 * lean * logarithm
    plane = PLANE_STRAIN * stress
    left = fmax(plane - tension_relief(back, front), 0.2 * plane)
    force = width * left * length * factor
    twist = 2.0 * flat * plane * width * (0.5 * sqrt(draft / flat) - t * slender)
    return force, twist + width * (back * entry - front * exit), t * t, stress


@inline
def settle(
    entry: float, exit: float, flat: float, force: float, gap: float, width: float, radius: float,
    stiffness: float,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Return (exit m, flattened radius m, force N, residual m) after a Newton step of the stretch.

    Args:
        entry: thickness before the pass (m).
        exit: trial thickness behind it (m).
        flat: flattened radius (m).
        force: at the trial thickness (N).
        gap: unloaded gap, run-out included (m).
        width: m.
        radius: of the work rolls (m).
        stiffness: the stand's modulus (N/m).
    """
    draft = fmax(entry - exit, 1e-5)
    slope = strip_modulus(force, draft)
    residual = exit - gap - (force - KISS_FORCE) / stiffness
    moved = exit - residual / (1.0 + slope / stiffness)
    moved = fmin(fmax(moved, 0.35 * entry), 0.995 * entry)
    force = fmax(force - slope * (moved - exit), 0.0)
    draft = fmax(entry - moved, 1e-5)
    flat = fmin(flattened_radius(radius, force, width, draft), 3.0 * radius)
    return moved, flat, force, residual
