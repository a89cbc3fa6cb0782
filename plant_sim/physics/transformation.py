"""How austenite transforms on the run-out table, and the heat that this sets free.

Johnson-Mehl-Avrami-Kolmogorov kinetics in additive form: the state is an age y = integral of the
pace K(T) dt, and the transformed fraction is X = 1 - exp(-y^2). The pace is the C-curve of
Kirkaldy and Venugopalan 1984 in the composition form of Li, Niebuhr, Meekisho and Atteridge 1998:
undercooling below Ae3 drives, diffusion brakes. The exponent 2 is what their shape integral gives
between start (1 %) and finish (99 %). Leaves out separate ferrite, pearlite and bainite, grain
size, deformation and alloying beyond manganese.
"""

from ..engine.numbers import exp, fmax, inline, log, require, sqrt

HEAT = 82e3  # J/kg: heat of transformation, 75 to 90 kJ/kg [M 4.2]
SPECIFIC_HEAT = 750.0  # J/(kg K): free of the transformation heat, run-out range [M 4.2]
AE3_IRON = 1183.15  # K: Ae3 of pure iron, 910 degC [M Andrews 1965]
AE3_CARBON = 203.0  # K: Ae3 falls by this times the root of carbon in weight % [M Andrews 1965]
AE3_MANGANESE = 30.0  # K: Ae3 falls by this per weight % of manganese [M Andrews 1965]
ACTIVATION = 11826.0  # K: diffusion, 23500 cal/mol over the gas constant [M Kirkaldy 1984]
SLOW_CARBON = 6.31  # 1: logarithm of the time by weight % of carbon [M Li 1998]
SLOW_MANGANESE = 1.78  # 1: logarithm of the time by weight % of manganese [M Li 1998]
PACE = 0.05  # 1/(s K3): 0.08 % C with 0.45 % Mn needs 9 s at 650 degC to finish [T]
MANGANESE_LEAST, MANGANESE_SLOPE = 0.25, 2.5  # 1: weight % of manganese for carbon of a grade [T]


@inline
def manganese(carbon: float) -> float:
    """Return the manganese (weight %) that a plain carbon grade of `carbon` (weight %) carries."""
    return MANGANESE_LEAST + MANGANESE_SLOPE * carbon


@inline
def ae3(carbon: float, manganese: float) -> float:
    """Return the temperature (K) below which austenite can transform; weight %, carbon 0 to 0.7."""
    return AE3_IRON - AE3_CARBON * sqrt(fmax(carbon, 0.0)) - AE3_MANGANESE * manganese


@inline
def composition_pace(carbon: float, manganese: float) -> float:
    """Return the composition's share (1/(s K3)) of the pace; weight %."""
    return PACE * exp(-SLOW_CARBON * carbon - SLOW_MANGANESE * manganese)


@inline
def pace(temperature: float, ae3: float, composition: float) -> float:
    """Return the growth of the age (1/s) at a temperature (K); zero above Ae3 (K)."""
    require(273.0 <= temperature <= 1700.0, "the pace holds from 0 to 1427 degC")
    under = fmax(ae3 - temperature, 0.0)
    return composition * under * under * under * exp(-ACTIVATION / temperature)


@inline
def fraction(age: float) -> float:
    """Return the transformed fraction, 0 to 1, of an age (1)."""
    return 1.0 - exp(-age * age)


@inline
def seconds_to(fraction: float, temperature: float, carbon: float, manganese: float) -> float:
    """Return the isothermal time (s) to a fraction (0..1) at K below Ae3: a line of the TTT chart.

    Raises:
        ValidityError: above Ae3, or for a fraction outside (0, 1).
    """
    require(0.0 < fraction < 1.0, "a transformed fraction lies between 0 and 1")
    top = ae3(carbon, manganese)
    require(temperature < top, "austenite does not transform above Ae3")
    age = sqrt(-log(1.0 - fraction))
    return age / pace(temperature, top, composition_pace(carbon, manganese))
