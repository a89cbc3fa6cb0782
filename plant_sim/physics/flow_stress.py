"""Resistance of hot steel to deformation: Shida, Misaka, Spittel, and what alloys add.

Models the uniaxial flow stress by temperature, strain, strain rate and composition. Strain carried
from pass to pass is in `softening`. Force models take the *mean* over the strain of a pass.
Sources: S. Shida 1968/1969 (structure read in secondary sources, primary not re-read [M]);
Y. Misaka and T. Yoshimoto 1967 [V]; M. Spittel and T. Spittel, Landolt-Boernstein 2009 [V];
Y. Misaka 1981, K. Minami 1996, F. Siciliano and J. J. Jonas 2000 [M].
"""

from ..engine.numbers import exp, fmax, inline, log, require, where

KGF_MM2 = 9.80665e6  # Pa: one kgf/mm2 [C 3.1]
COLDEST, HOTTEST = 973.0, 1473.0  # K: validity of Shida, 700 to 1200 degC [V 3.1]
STEADY_RATIO = 1.14  # 1: mean over steady flow stress after dynamic softening, Siciliano [M 3.1]
MOST_STRAIN = 0.7  # 1: validity of Shida, equivalent strain of a pass [V 3.1]


@inline
def _shida(rate: float, temperature: float, carbon: float) -> float:
    """Stress without its dependence on strain (Pa); both branches, then a select."""
    theta = temperature / 1000.0
    transition = 0.95 * (carbon + 0.41) / (carbon + 0.32)
    austenite = theta >= transition
    shift = theta - 0.95 * (carbon + 0.49) / (carbon + 0.42)
    dip = 30.0 * (carbon + 0.9) * shift * shift + (carbon + 0.06) / (carbon + 0.09)
    m_hot = (-0.019 * carbon + 0.126) * theta + (0.075 * carbon - 0.050)
    m_cold = (0.081 * carbon - 0.154) * theta - 0.019 * carbon + 0.207 + 0.027 / (carbon + 0.320)
    m = where(austenite, m_hot, m_cold)
    peak = 5.0 / where(austenite, theta, transition) - 0.01 / (carbon + 0.05)
    level = 0.28 * where(austenite, 1.0, dip) * exp(peak)
    # the high-rate extension multiplies by (rate/100)^(m/2.4), then by (rate/1000)^(m/15)
    speed = log(rate / 10.0) + log(fmax(rate, 100.0) / 100.0) / 2.4
    speed = speed + log(fmax(rate, 1000.0) / 1000.0) / 15.0
    return KGF_MM2 * level * exp(m * speed)


@inline
def shida(strain: float, rate: float, temperature: float, carbon: float) -> float:
    """Return Shida's instantaneous flow stress (Pa).

    Args:
        strain: equivalent strain, up to 0.7.
        rate: strain rate (1/s), 0.1 to 100; extended beyond.
        temperature: K, 973 to 1473.
        carbon: weight %, up to 1.2.

    Raises:
        ValidityError: outside these ranges.
    """
    require(0.0 < strain <= MOST_STRAIN, "Shida holds for strains up to 0.7")
    require(COLDEST <= temperature <= HOTTEST, "Shida holds for 700 to 1200 degC")
    require(0.0 <= carbon <= 1.2, "Shida holds for carbon up to 1.2 %")
    require(rate > 0.0, "the strain rate must be positive")
    n = 0.41 - 0.07 * carbon
    shape = 1.3 * exp(n * log(strain / 0.2)) - 0.3 * strain / 0.2
    return shape * _shida(rate, temperature, carbon)


@inline
def shida_mean(strain: float, rate: float, temperature: float, carbon: float) -> float:
    """Return the mean of Shida's flow stress over 0..strain (Pa); use this one in force models.

    Arguments, ranges and errors as `shida`.

    >>> round(shida_mean(0.5, 100.0, 1273.0, 0.10) / 1e6, 1)
    164.3
    """
    require(0.0 < strain <= MOST_STRAIN, "Shida holds for strains up to 0.7")
    require(COLDEST <= temperature <= HOTTEST, "Shida holds for 700 to 1200 degC")
    require(0.0 <= carbon <= 1.2, "Shida holds for carbon up to 1.2 %")
    require(rate > 0.0, "the strain rate must be positive")
    n = 0.41 - 0.07 * carbon
    shape = 1.3 / (n + 1.0) * exp(n * log(strain / 0.2)) - 0.15 * strain / 0.2
    return shape * _shida(rate, temperature, carbon)


@inline
def misaka(strain: float, rate: float, temperature: float, carbon: float) -> float:
    """Return Misaka's mean flow stress (Pa).

    Published for 750 to 1200 degC, 30 to 200 1/s and strain up to 0.5. Level 2 uses it beyond, as
    set-up computers do, and learns a factor for each stand; so only the signs are required here.

    >>> round(misaka(0.5, 100.0, 1273.0, 0.10) / 1e6, 1)
    173.7
    """
    require(temperature > 0.0 and strain > 0.0 and rate > 0.0, "Misaka needs positive arguments")
    a = 0.126 - 1.75 * carbon + 0.594 * carbon * carbon
    b = (2851.0 + 2968.0 * carbon - 1120.0 * carbon * carbon) / temperature
    return KGF_MM2 * exp(a + b + 0.21 * log(strain) + 0.13 * log(rate))


@inline
def spittel_c20(strain: float, rate: float, temperature: float) -> float:
    """Return Spittel's instantaneous flow stress (Pa) of a steel with 0.20 to 0.22 % carbon.

    A third opinion beside Shida and Misaka. Strain (equivalent) and rate (1/s) positive,
    temperature in K; the law itself takes degC.

    >>> round(spittel_c20(0.5, 10.0, 1273.15) / 1e6, 1)
    134.8
    """
    require(strain > 0.0 and rate > 0.0, "Spittel needs a positive strain and strain rate")
    celsius = temperature - 273.15
    grown = log(1.0 + strain)
    power = -0.00281 * celsius + 0.34766 * log(strain) + 2e-5 / strain + 0.07632 * strain
    power = power - 0.0013 * celsius * grown + 0.000148 * celsius * log(rate)
    return 3304.39e6 * exp(power)


@inline
def alloy_misaka(manganese: float, vanadium: float, molybdenum: float, nickel: float) -> float:
    """Return Misaka's factor (1) of 1981 on his flow stress for alloys; contents in weight %."""
    return 0.916 + 0.18 * manganese + 0.389 * vanadium + 0.191 * molybdenum + 0.004 * nickel


@inline
def alloy_minami(manganese: float, niobium: float, titanium: float) -> float:
    """Return the factor (1) of Minami 1996 on Misaka's flow stress; contents in weight %."""
    return 0.768 + 0.137 * manganese + 0.51 * niobium + 4.217 * titanium


@inline
def dynamically_softened(stress: float, steady: float, share: float) -> float:
    """Return the mean flow stress (Pa) when dynamic recrystallisation has run in the pass.

    Args:
        stress: mean flow stress without it (Pa).
        steady: steady-state flow stress (Pa).
        share: recrystallised share, 0 to 1.

    Siciliano and Jonas 2000 [M].
    """
    return stress * (1.0 - share) + STEADY_RATIO * steady * share
