"""Predictive set-up of the finishing speed: one decision a coil.

Level 2 sets the speed by its own delivery model, corrected by what its pyrometer showed of the last
head. That pyrometer may err by more than the model does, and what the sprays cannot take is then
lost. Here the speed is found at which level 2's model, with what tracking has identified it to
lack, meets the aim, and it is gone further than there, which was found to earn more and not
explained. Nothing is moved before the first coil, when level 2 has not looked at its pyrometer yet.
A mill that is sped up overloads its drives sooner than one that is held back, so faster has a
narrower limit.

Gaps are left to level 2: it learns from every head what the sample before the next coil shows too.
"""

from .tracking import usual_delivery

TRUST = 1.4  # 1: share of the way to the model's own speed [C benchmarks/mpc.py]
SLOWER, FASTER = 1.0, 0.5  # m/s: limits of the trim [C same]
REACH = 1.0  # m/s: round level 2's speed in which the model is asked [M]
OPENING = 0.4  # 1: of the sprays, from which they can go either way [T 3.7]
USUAL_BAR = 34.0e-3  # m: bar thickness, which the set-up does not show [M 3.11]
HALVINGS = 20  # 1: of that range [C]


def speed_trim(first: bool, entry: float, gauge: float, aim: float, speed: float) -> float:
    """Return what to add to the finishing speed of the next coil (m/s).

    Args:
        first: whether level 2 has seen no coil yet.
        entry: temperature before F1 (K).
        gauge: behind F7 (m).
        aim: delivery temperature (K).
        speed: with which level 2 means to thread (m/s).
    """
    if first:
        return 0.0
    low, high = max(speed - REACH, 1.0), speed + REACH
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        cold = usual_delivery(entry, USUAL_BAR, gauge, middle * gauge, OPENING) < aim
        low, high = (middle, high) if cold else (low, middle)
    return min(max(TRUST * (0.5 * (low + high) - speed), -SLOWER), FASTER)
