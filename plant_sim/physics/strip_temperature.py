"""Temperature of hot strip, lumped over the thickness: radiation, sprays, roll contact, work.

Convection, descaling and sprays are films: `after_film` with their coefficient. The
through-thickness profile (the surface dips behind descaling and rolls) is in `through_thickness`.
Sources: Stefan-Boltzmann; emissivity Seredynski 1973 [M]; roll contact by pressure Hlady 1995, its
range Devadas 1991 [M]; specific heat and density EN 1993-1-2 above 900 degC [M].
"""

from ..engine.numbers import exp, fmax, fmin, inline, log
from .steel import CONDUCTIVITY_HOT

STEFAN_BOLTZMANN = 5.670374e-8  # W/(m2 K4): black-body radiation [V CODATA]
DENSITY = 7700.0  # kg/m3: steel at rolling temperature [M 3.7]
GROWTH = 1.00645  # 1: of each edge of a slab when heated, cube root of 7850 over 7700 [C 3.7]
HEAT = 650.0  # J/(kg K): specific heat above 900 degC [M 3.7]
WORK_HEAT = 0.93  # 1: share of plastic work that becomes heat [M 3.7]
STILL_AIR, MOVING_AIR = 12.0, 35.0  # W/(m2 K): convection from strip at rest, under way [M 3.7]
AIR_SPEED = 5.0  # m/s: strip speed at which convection has reached its upper value [M 3.7]
DESCALING_FILM = 20e3  # W/(m2 K): one descaling header, 150 to 250 bar [M 3.7]
DESCALING_LENGTH = 0.033  # m: of the strip under one descaling header, 30 to 60 mm [M 3.7]
SPRAY_FILM = 2.5e3  # W/(m2 K): an interstand header fully open [V 3.7]
SPRAY_LENGTH = 0.45  # m: of the strip under one interstand header [V 3.7]
ROLL_CONDUCTIVITY = 25.0  # W/(m K): high-chromium work-roll shell [M 3.7]
ROUGHNESS = 35e-6  # m: C_h of Hlady's contact law [M 3.7]
CONTACT_EXPONENT = 1.7  # 1: of pressure over hardness in Hlady's contact law [M 3.7]
CONTACT_HARDNESS = 1.15e9  # Pa: scaled surface, from 20-60 kW/(m2 K) along the mill [C 3.7]
SCALE_RESISTANCE = 6.7e-6  # m2 K/W: 20 micrometres of scale at 3 W/(m K) [M 3.7]


@inline
def emissivity(temperature: float) -> float:
    """Return the emissivity of scaled steel at `temperature` (K)."""
    tau = (temperature - 273.15) / 1000.0
    return 0.125 * tau * tau - 0.38 * tau + 1.1


@inline
def after_radiation(
    temperature: float, thickness: float, seconds: float, emissivity: float
) -> float:
    """Return the temperature (K) after radiating from both faces for `seconds`, exactly.

    T^-3 grows linearly: 1/T^3 = 1/T0^3 + 6 e s t / (rho c h). Ambient radiation is left out.
    """
    rate = 6.0 * emissivity * STEFAN_BOLTZMANN / (DENSITY * HEAT * thickness)
    inverse = 1.0 / (temperature * temperature * temperature) + rate * seconds
    return exp(-log(inverse) / 3.0)


@inline
def after_film(
    temperature: float, medium: float, coefficient: float, thickness: float, seconds: float
) -> float:
    """Return the temperature (K) after both faces met a medium (K) with W/(m2 K) for `seconds`."""
    decay = exp(-2.0 * coefficient * seconds / (DENSITY * HEAT * thickness))
    return medium + (temperature - medium) * decay


@inline
def work_rise(stress: float, strain: float) -> float:
    """Return the rise (K) by deformation; stress the mean uniaxial one (Pa), equivalent strain."""
    return WORK_HEAT * stress * strain / (DENSITY * HEAT)


@inline
def convection(speed: float) -> float:
    """Return the coefficient (W/(m2 K)) of air on strip that moves with `speed` (m/s)."""
    return STILL_AIR + (MOVING_AIR - STILL_AIR) * fmin(fmax(speed / AIR_SPEED, 0.0), 1.0)


@inline
def after_descaling(
    temperature: float, water: float, thickness: float, speed: float, headers: float
) -> float:
    """Return the mean temperature (K) behind descaling.

    Args:
        temperature: mean before it (K).
        water: water temperature (K).
        thickness: m.
        speed: m/s.
        headers: how many spray, 2 in a common descaler; less when pressure is missing.
    """
    seconds = DESCALING_LENGTH / speed
    return after_film(temperature, water, DESCALING_FILM * headers, thickness, seconds)


@inline
def after_spray(
    temperature: float, water: float, opening: float, thickness: float, speed: float
) -> float:
    """Return the temperature (K) behind an interstand header; opening 0 to 1, m, m/s."""
    film = SPRAY_FILM * opening
    return after_film(temperature, water, film, thickness, SPRAY_LENGTH / speed)


@inline
def contact_coefficient(pressure: float) -> float:
    """Return the coefficient (W/(m2 K)) between strip and roll at a mean `pressure` (Pa).

    Hlady: k/C_h (p/H)^1.7 with both conductivities in series, then a layer of scale in series
    [M; the hardness is tuned to 20..60 kW/(m2 K) along a finishing mill].

    >>> round(contact_coefficient(225e6) / 1e3)
    20
    """
    both = ROLL_CONDUCTIVITY * CONDUCTIVITY_HOT / (ROLL_CONDUCTIVITY + CONDUCTIVITY_HOT)
    ratio = fmax(pressure, 1.0) / CONTACT_HARDNESS
    bare = both / ROUGHNESS * exp(CONTACT_EXPONENT * log(ratio))
    return bare / (1.0 + SCALE_RESISTANCE * bare)


@inline
def friction_rise(
    friction: float, pressure: float, slip: float, seconds: float, thickness: float
) -> float:
    """Return the rise (K) by friction on both faces, half of which heats the rolls.

    Args:
        friction: coefficient of the bite.
        pressure: mean roll pressure (Pa).
        slip: mean speed of strip against roll (m/s).
        seconds: time in the bite.
        thickness: mean in the bite (m).
    """
    return friction * pressure * slip * seconds / (DENSITY * HEAT * thickness)
