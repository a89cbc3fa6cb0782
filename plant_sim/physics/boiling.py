"""How water boils on hot strip: the factor by which a jet's heat flux departs from film boiling.

Above 600 degC a vapour film separates water and steel and the flux hardly depends on the surface.
Towards 400 degC the film collapses (Leidenfrost) and the flux rises several times, so that a strip
that is a little colder is cooled a lot more: coiling below 450 degC is unstable. Leaves out the
hysteresis of rewetting and the order of jets along a bank.
"""

from ..engine.numbers import exp, fmax, fmin, inline, log, require

RISE = 3.2  # 1: by how much transition boiling exceeds film boiling, 3 to 5 times in all [M 4.2]
COLLAPSE = 750.0  # K: surface at which half of that rise is reached [M 4.2]
SHARPNESS = 0.033  # 1/K: of that rise; nothing is left of it above 600 degC [M 4.2]
FADING = 0.0033  # 1/K: strip less than 300 K above the water loses in proportion to that [T]
SPEED_EXPONENT = 0.15  # 1: of the strip speed in the flux, 0.1 to 0.2 [M 4.2]
REFERENCE_SPEED = 7.0  # m/s: strip speed at which the jet formula is taken as it is [T]


@inline
def boiling_factor(surface: float, water: float) -> float:
    """Return the jet flux over that of film boiling.

    Args:
        surface: strip temperature (K), 273 to 1700.
        water: water temperature (K).

    >>> round(boiling_factor(1000.0, 298.0), 2), round(boiling_factor(673.0, 298.0), 1)
    (1.0, 4.0)

    Raises:
        ValidityError: outside the range.
    """
    require(273.0 <= surface <= 1700.0, "boiling holds for strip of 0 to 1427 degC")
    rise = 1.0 + RISE / (1.0 + exp((surface - COLLAPSE) * SHARPNESS))
    return rise * fmin(fmax((surface - water) * FADING, 0.0), 1.0)


@inline
def speed_factor(speed: float) -> float:
    """Return the jet flux over that at the reference speed; `speed` of the strip in m/s."""
    return exp(SPEED_EXPONENT * log(fmax(speed, 0.5) / REFERENCE_SPEED))
