"""Work rolls grow warm: mean temperature rise of a roll, growth of its radius, thermal crown.

Two layers: the surface, in balance within a turn between strip and cooling water, and the core,
which follows it with the slowest mode of conduction in a cylinder. Leaves out the axial profile:
the barrel beside the strip stays cold, and a fixed share of the growth shows as crown over the
strip's width.
Sources: standard literature [M 3.8]; first zero of J0 for the slowest mode [C].
"""

from math import pi

from ..engine.numbers import exp, inline, where

EXPANSION = 1.2e-5  # 1/K: of a work roll [M 3.8]
POISSON = 0.3  # 1: Poisson's ratio of a roll [M 3.8]
CONDUCTIVITY = 45.0  # W/(m K): roll core [M 3.8]
CAPACITY = 7700.0 * 480.0  # J/(m3 K): roll core [M 3.8]
SLOWEST_MODE = 5.783  # 1: square of the first zero of J0 [C 3.8]
COOLING = (8e3, 8e3, 8e3, 8e3, 8e3, 7e3, 6e3)  # W/(m2 K): roll sprays F1..F7, whole turn [M 3.8]
IDLE = 2.0  # 1: time constant without strip over that with it [M 3.8]
CROWN_SHARE = 0.33  # 1: of a roll's growth that shows as crown, from 100-250 um [C 3.8]
ROLL_SURFACE = 423.0  # K: of a roll in the bite, 850 K below the strip in F1 [M 3.7]


@inline
def time_constant(radius: float) -> float:
    """Return the time constant (s) of the mean temperature of a roll of `radius` (m)."""
    return radius * radius * CAPACITY / (SLOWEST_MODE * CONDUCTIVITY)


@inline
def contact_heat(coefficient: float, temperature: float, length: float) -> float:
    """Return the heat (W per metre of barrel) that strip gives to one roll.

    Args:
        coefficient: of the contact (W/(m2 K)).
        temperature: of the strip (K).
        length: arc of contact (m).
    """
    return coefficient * (temperature - ROLL_SURFACE) * length


@inline
def balance_rise(heat: float, cooling: float, radius: float) -> float:
    """Return the rise over the water (K) at which cooling takes what strip gives.

    Args:
        heat: W per metre of barrel.
        cooling: coefficient of the roll sprays, mean over the turn (W/(m2 K)).
        radius: m.
    """
    return heat / (cooling * 2.0 * pi * radius)


@inline
def next_rise(rise: float, balance: float, rolling: float, radius: float, seconds: float) -> float:
    """Return the mean rise of a roll (K) after `seconds`, exactly for a constant balance.

    Args:
        rise: now (K over the water).
        balance: where it tends to while strip is in the bite (K).
        rolling: 1.0 with strip, 0.0 without: it then falls towards the water, more slowly.
        radius: m.
        seconds: time step.
    """
    constant = time_constant(radius) * where(rolling > 0.5, 1.0, IDLE)
    aim = where(rolling > 0.5, balance, 0.0)
    return aim + (rise - aim) * exp(-seconds / constant)


@inline
def growth(rise: float, radius: float) -> float:
    """Return how far the radius (m) of a roll has grown: (1 + nu) beta R rise, rise in K."""
    return (1.0 + POISSON) * EXPANSION * radius * rise


@inline
def thermal_crown(rise: float, radius: float) -> float:
    """Return the thermal crown on diameter (m), centre over strip edge; rise in K, radius in m."""
    return 2.0 * CROWN_SHARE * growth(rise, radius)
