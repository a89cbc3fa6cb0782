"""What steel forgets between two stands: recrystallisation, and the strain that stays.

Models the half time of softening of plain C-Mn austenite and the accumulated strain of the next
pass. Leaves out precipitation: where niobium stops recrystallisation, the caller keeps the share
at zero.
Sources: P. D. Hodgson and R. K. Gibbs, ISIJ International 32 (1992); C. M. Sellars 1979
[M: primary sources not re-read].
"""

from ..engine.numbers import exp, inline, log, require

GAS = 8.314  # J/(mol K): gas constant [C 3.1]
STATIC_ENERGY = 230e3  # J/mol: of static and metadynamic recrystallisation [M 3.1]
DEFORMATION_ENERGY = 300e3  # J/mol: in the Zener-Hollomon parameter, and in Sellars' law [M 3.1]
GRAIN_ENERGY = 45e3  # J/mol: of the recrystallised grain size [M 3.1]
HALF = 0.693  # 1: ln 2 as rounded in the published law [M 3.1]


@inline
def _micrometres(grain: float) -> float:
    return grain * 1e6


@inline
def static_half_time(strain: float, grain: float, temperature: float) -> float:
    """Return the time (s) of half static recrystallisation, Hodgson and Gibbs [M].

    Args:
        strain: accumulated equivalent strain, positive.
        grain: austenite grain size (m).
        temperature: K.

    >>> round(static_half_time(0.3, 100e-6, 1273.15), 2)
    1.28
    """
    require(strain > 0.0 and grain > 0.0, "recrystallisation needs a strain and a grain size")
    size = _micrometres(grain)
    power = STATIC_ENERGY / (GAS * temperature) - 2.5 * log(strain)
    return 2.3e-15 * size * size * exp(power)


@inline
def sellars_half_time(strain: float, grain: float, temperature: float) -> float:
    """Return the time (s) of half static recrystallisation, Sellars 1979 [M]; arguments as above.

    >>> round(sellars_half_time(0.3, 100e-6, 1273.15), 2)
    0.63
    """
    require(strain > 0.0 and grain > 0.0, "recrystallisation needs a strain and a grain size")
    size = _micrometres(grain)
    power = DEFORMATION_ENERGY / (GAS * temperature) - 4.0 * log(strain)
    return 2.5e-19 * size * size * exp(power)


@inline
def zener_hollomon(rate: float, temperature: float) -> float:
    """Return the temperature-compensated strain rate Z (1/s); rate in 1/s, temperature in K."""
    return rate * exp(DEFORMATION_ENERGY / (GAS * temperature))


@inline
def metadynamic_half_time(rate: float, temperature: float) -> float:
    """Return the time (s) of half metadynamic softening: of what already started in the pass [M].

    Args:
        rate: strain rate of the pass (1/s), positive.
        temperature: K.
    """
    require(rate > 0.0, "the strain rate must be positive")
    slow = log(rate) + DEFORMATION_ENERGY / (GAS * temperature)  # ln Z; Z itself may be 1e20
    return 1.1 * exp(STATIC_ENERGY / (GAS * temperature) - 0.8 * slow)


@inline
def recrystallised_grain(strain: float, grain: float, temperature: float) -> float:
    """Return the grain size (m) behind full static recrystallisation [M]; arguments as above.

    >>> round(recrystallised_grain(0.3, 100e-6, 1273.15) * 1e6)
    56
    """
    require(strain > 0.0 and grain > 0.0, "recrystallisation needs a strain and a grain size")
    power = 0.4 * log(_micrometres(grain)) - 0.5 * log(strain)
    return 343e-6 * exp(power - GRAIN_ENERGY / (GAS * temperature))


@inline
def softened_share(seconds: float, half_time: float) -> float:
    """Return the share X (0..1) softened after `seconds`, JMAK with exponent 1; times in s."""
    return 1.0 - exp(-HALF * seconds / half_time)


@inline
def accumulated_strain(carried: float, share: float, added: float) -> float:
    """Return the strain that hardens a pass: what `share` (0..1) left of it plus its own."""
    return (1.0 - share) * carried + added
