"""Resistance of hot steel to deformation: Shida and Misaka.

Models the uniaxial flow stress by temperature, strain, strain rate and carbon. Leaves out strain
accumulation between passes. Force models take the *mean* over the strain of a pass.
Sources: S. Shida 1968/1969 (structure read in secondary sources, primary not re-read [M]);
Y. Misaka and T. Yoshimoto 1967 [V].
"""

from ..engine.numbers import exp, fmax, inline, log, require, where

KGF_MM2 = 9.80665e6  # Pa: one kgf/mm2 [C 3.1]
COLDEST, HOTTEST = 973.0, 1473.0  # K: validity of Shida, 700 to 1200 degC [V 3.1]
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
