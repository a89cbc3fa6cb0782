"""Heat in a fuel-fired furnace: combustion, radiation to steel, recuperator, skids and shell.

Natural gas; volumes are normal cubic metres (0 degC, 101325 Pa), heat contents of gases count from
0 degC. One mole of gas and its air make as many moles of flue gas. Leaves out dissociation, soot
and the composition of the fuel beyond its heating value.
Sources: section 4.1 [M]; gas heat contents as straight lines through tables [M].
"""

from ..engine.numbers import fmax, inline, require, sqrt
from .strip_temperature import STEFAN_BOLTZMANN

HEATING_VALUE = 36e6  # J/m3: lower heating value of natural gas [M 4.1]
AIR_NEED = 9.52  # m3/m3: air that natural gas needs [C from CH4]
AIR_OXYGEN = 0.21  # 1: oxygen in air [M]
LACK_HEAT = 1.31  # 1: heat unreleased by CO and H2 in halves, per lack of air [C from CH4]
AIR_HEAT, AIR_HEAT_SLOPE = 1290.0, 0.11  # J/(m3 K), J/(m3 K2): mean specific heat of air [M]
FLUE_HEAT, FLUE_HEAT_SLOPE = 1360.0, 0.19  # J/(m3 K), J/(m3 K2): of flue gas [M]
CELSIUS_ZERO = 273.15  # K: where heat contents of gases count from [M]


@inline
def radiant_flux(zone: float, surface: float, factor: float, film: float) -> float:
    """Return the heat flux (W/m2) from a zone onto steel: radiation and convection.

    Args:
        zone: temperature of gas and walls (K).
        surface: of the steel (K).
        factor: total heat exchange factor of the zone, 0 to 1.
        film: convection (W/(m2 K)).
    """
    two, four = zone * zone, surface * surface
    radiation = STEFAN_BOLTZMANN * factor * (two * two - four * four)
    return radiation + film * (zone - surface)


@inline
def air_heat(temperature: float) -> float:
    """Return the heat content of air (J/m3) at `temperature` (K)."""
    t = temperature - CELSIUS_ZERO
    return t * (AIR_HEAT + AIR_HEAT_SLOPE * t)


@inline
def flue_heat(temperature: float) -> float:
    """Return the heat content of flue gas (J/m3) at `temperature` (K)."""
    t = temperature - CELSIUS_ZERO
    return t * (FLUE_HEAT + FLUE_HEAT_SLOPE * t)


@inline
def flue_temperature(heat: float) -> float:
    """Return the temperature (K) at which flue gas holds `heat` (J/m3, not below 0)."""
    require(heat >= 0.0, "flue gas colder than 0 degC is not covered")
    root = sqrt(FLUE_HEAT * FLUE_HEAT + 4.0 * FLUE_HEAT_SLOPE * fmax(heat, 0.0))
    return CELSIUS_ZERO + (root - FLUE_HEAT) / (2.0 * FLUE_HEAT_SLOPE)


@inline
def unburnt(spare_air: float, heating_value: float) -> float:
    """Return the heat (W) that flue gas carries as CO and H2.

    Args:
        spare_air: air beyond the need of the fuel (m3/s); negative where air is missing.
        heating_value: of the fuel (J/m3).
    """
    return LACK_HEAT * heating_value * fmax(-spare_air, 0.0) / AIR_NEED


@inline
def oxygen(spare_air: float, flue: float) -> float:
    """Return the free oxygen (fraction) in wet flue gas of `flue` m3/s with spare air (m3/s)."""
    return AIR_OXYGEN * fmax(spare_air, 0.0) / fmax(flue, 1e-9)


@inline
def monoxide(spare_air: float, flue: float) -> float:
    """Return the CO (fraction) in wet flue gas; half of the missing oxygen shows as CO."""
    return AIR_OXYGEN * fmax(-spare_air, 0.0) / fmax(flue, 1e-9)


@inline
def excess_oxygen(ratio: float) -> float:
    """Return the free oxygen (fraction, wet) of an air ratio, 1 being just enough.

    >>> round(excess_oxygen(1.1), 4)
    0.0174
    """
    return oxygen((ratio - 1.0) * AIR_NEED, 1.0 + ratio * AIR_NEED)


@inline
def preheated(ambient: float, flue: float, effectiveness: float) -> float:
    """Return the temperature (K) of air behind a recuperator with flue gas of `flue` (K)."""
    return ambient + effectiveness * (flue - ambient)
