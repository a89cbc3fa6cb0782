"""Temperature of hot strip, lumped over the thickness: radiation, sprays, roll contact, work.

Leaves out the through-thickness profile (the surface dips behind descaling and rolls).
Sources: Stefan-Boltzmann; emissivity Seredynski 1973 [M]; contact and spray coefficients in the
ranges of Hlady 1995 and Devadas 1991 [M]; specific heat and density EN 1993-1-2 above 900 degC [M].
"""

from ..engine.numbers import exp, inline, log

STEFAN_BOLTZMANN = 5.670374e-8  # W/(m2 K4): black-body radiation [V CODATA]
DENSITY = 7700.0  # kg/m3: steel at rolling temperature [M 3.7]
HEAT = 650.0  # J/(kg K): specific heat above 900 degC [M 3.7]
WORK_HEAT = 0.93  # 1: share of plastic work that becomes heat [M 3.7]


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
