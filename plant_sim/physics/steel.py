"""Steel as a material: specific heat, heat content, conductivity and density over temperature.

Carbon steel of EN 1993-1-2:2005, 3.4.1 [M, exact standard]; the peak of the specific heat at
735 degC is the transformation. Leaves out grade, transformation kinetics and hysteresis. Density
falls linearly through the two values of section 3.7; the standard itself keeps 7850 kg/m3.
"""

from ..engine.numbers import fmax, inline, log, require, where

KELVIN = 273.15  # K: zero of the Celsius scale [M 3.7]
ZERO_HEAT = 293.15  # K: where the heat content is counted from [M 3.7]
C0, C1, C2, C3 = 425.0, 0.773, -1.69e-3, 2.22e-6  # J/(kg K^n): 20 to 600 degC [M 3.7]
RISE, RISE_TOP, RISE_AT = 666.0, 13002.0, 738.0  # J/(kg K), J/kg, degC: 600 to 735 degC [M 3.7]
FALL, FALL_TOP, FALL_AT = 545.0, 17820.0, 731.0  # J/(kg K), J/kg, degC: 735 to 900 degC [M 3.7]
AUSTENITE = 650.0  # J/(kg K): specific heat above 900 degC [M 3.7]
RISE_FROM, PEAK, FALL_UNTIL = 600.0, 735.0, 900.0  # degC: borders of the ranges [M 3.7]
CONDUCTIVITY, CONDUCTIVITY_SLOPE = 54.0, 0.0333  # W/(m K), W/(m K2): below 800 degC [M 3.7]
CONDUCTIVITY_HOT = 27.3  # W/(m K): above 800 degC [M 3.7]
CONDUCTIVITY_KINK = 800.0  # degC: where the conductivity stops falling [M 3.7]
DENSITY_COLD, DENSITY_HOT = 7850.0, 7650.0  # kg/m3: at 20 and at 1000 degC [M 3.7]
LEAST, MOST = 233.15, 1773.15  # K: range of the formulas, extended below 20 degC [M 3.7]
HEAT_20 = 8650.182133333332  # J/kg: polynomial of the first range at 20 degC [C 3.7]
HEAT_600 = 335737.81786666665  # J/kg: heat content at 600 degC [C 3.7]
HEAT_735 = 475427.8133038179  # J/kg: heat content at 735 degC [C 3.7]
HEAT_900 = 632063.8428885906  # J/kg: heat content at 900 degC [C 3.7]
DENSITY_SPAN = 980.0  # K: between the two densities [M 3.7]


@inline
def specific_heat(temperature: float) -> float:
    """Return the specific heat (J/(kg K)) at `temperature` (K), 233 to 1773 K.

    >>> round(specific_heat(1500.0))
    650

    Raises:
        ValidityError: outside the range.
    """
    require(LEAST <= temperature <= MOST, "steel properties hold from -40 to 1500 degC")
    t = temperature - KELVIN
    low = C0 + t * (C1 + t * (C2 + t * C3))
    rising = t < PEAK
    way = where(rising, fmax(RISE_AT - t, RISE_AT - PEAK), fmax(t - FALL_AT, PEAK - FALL_AT))
    peak = where(rising, RISE, FALL) + where(rising, RISE_TOP, FALL_TOP) / way
    return where(t < RISE_FROM, low, where(t < FALL_UNTIL, peak, AUSTENITE))


@inline
def enthalpy(temperature: float) -> float:
    """Return the heat content (J/kg) above 293.15 K: the closed integral of the specific heat.

    >>> round(enthalpy(1503.15) / 1e3)
    847

    Raises:
        ValidityError: outside 233 to 1773 K.
    """
    require(LEAST <= temperature <= MOST, "steel properties hold from -40 to 1500 degC")
    t = temperature - KELVIN
    low = t * (C0 + t * (C1 / 2.0 + t * (C2 / 3.0 + t * (C3 / 4.0)))) - HEAT_20
    # one logarithm serves both sides of the peak
    rising = t < PEAK
    way = where(rising, fmax(RISE_AT - t, RISE_AT - PEAK), fmax(t - FALL_AT, PEAK - FALL_AT))
    bend = log(way * where(rising, 1.0 / (RISE_AT - RISE_FROM), 1.0 / (PEAK - FALL_AT)))
    rise = HEAT_600 + RISE * (t - RISE_FROM) - RISE_TOP * bend
    fall = HEAT_735 + FALL * (t - PEAK) + FALL_TOP * bend
    peak = where(rising, rise, fall)
    hot = HEAT_900 + AUSTENITE * (t - FALL_UNTIL)
    return where(t < RISE_FROM, low, where(t < FALL_UNTIL, peak, hot))


@inline
def conductivity(temperature: float) -> float:
    """Return the heat conductivity (W/(m K)) at `temperature` (K), 233 to 1773 K.

    Raises:
        ValidityError: outside the range.
    """
    require(LEAST <= temperature <= MOST, "steel properties hold from -40 to 1500 degC")
    t = temperature - KELVIN
    low = CONDUCTIVITY - CONDUCTIVITY_SLOPE * t
    return where(t < CONDUCTIVITY_KINK, low, CONDUCTIVITY_HOT)


@inline
def density(temperature: float) -> float:
    """Return the density (kg/m3) at `temperature` (K); straight through 20 and 1000 degC.

    Raises:
        ValidityError: outside 233 to 1773 K.
    """
    require(LEAST <= temperature <= MOST, "steel properties hold from -40 to 1500 degC")
    share = (temperature - ZERO_HEAT) / DENSITY_SPAN
    return DENSITY_COLD + (DENSITY_HOT - DENSITY_COLD) * share
