"""Level 2 of a furnace: a two-node model of every slab, and the zone temperatures they need.

The model sees thermocouples only. It has two nodes where the plant has a profile, one radiation
factor for each zone that was set when the furnace was commissioned, a constant conductivity and no
scale, skids or convection. Zone set-points follow from a reference curve: each slab should hold a
fixed share of its heat at the end of each zone; the zone temperature that brings it there in the
time left is one formula. During a stop the zones are led down to holding temperatures [M 4.1].
"""

from ..engine.numbers import exp, fmax, inline, log, require
from ..physics.steel import enthalpy, specific_heat
from ..physics.strip_temperature import STEFAN_BOLTZMANN

DENSITY = 7850.0  # kg/m3: data sheet [M 3.7]
CONDUCTIVITY = 32.0  # W/(m K): constant over temperature [M 3.7]
SURFACE_SHARE = 1.0 / 3.0  # 1: mass of the outer node, both faces [C]
BETWEEN = 12.0 * (1.0 - SURFACE_SHARE) * (1.0 - SURFACE_SHARE)  # 1: of the nodes' conductance [C]
FACTOR = (0.32, 0.53, 0.64, 0.68, 0.78)  # 1: radiation factors by zone, from the charging end [T]
SHARE = (0.10, 0.48, 0.82, 0.97, 1.00)  # 1: of the heat that slabs hold at a zone's end [T]
SHORTEST = 2.5  # m: way over which a deviation is made good at least [T]
HOLD_AFTER = 600.0  # s: stop after which temperatures are held [M 4.1]
HOLD = (1150.0, 1223.0, 1373.0, 1453.0, 1493.0)  # K: holding temperatures by zone [M 4.1]
BOTTOM_MORE = 10.0  # K: bottom zones above top zones, against the shade of the skids [M]


@inline
def flux(zone: float, surface: float, factor: float) -> float:
    """Return the model's heat flux (W/m2) from a thermocouple's zone (K) onto a surface (K)."""
    two, four = zone * zone, surface * surface
    return STEFAN_BOLTZMANN * factor * (two * two - four * four)


@inline
def slab_step(
    surface: float, core: float, surface_heat: float, core_heat: float, heating: float,
    thickness: float, seconds: float,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Return the two nodes of a slab after `seconds`: temperatures (K) and heat contents (J/kg).

    The conductance between them gives a steadily heated slab the surface of its parabolic profile.

    Args:
        surface: outer node (K).
        core: inner node (K).
        surface_heat: J/kg.
        core_heat: J/kg.
        heating: mean flux on the two faces (W/m2).
        thickness: m.
        seconds: step; below about thickness^2 * 2e4 s/m2.
    """
    mass = DENSITY * thickness
    inward = BETWEEN * CONDUCTIVITY / thickness * (surface - core)
    surface_heat = surface_heat + seconds * (2.0 * heating - inward) / (mass * SURFACE_SHARE)
    core_heat = core_heat + seconds * inward / (mass * (1.0 - SURFACE_SHARE))
    surface = surface + (surface_heat - enthalpy(surface)) / specific_heat(surface)
    core = core + (core_heat - enthalpy(core)) / specific_heat(core)
    return surface, core, surface_heat, core_heat


@inline
def mean_heat(surface_heat: float, core_heat: float) -> float:
    """Return the mean heat content (J/kg) of the model's slab."""
    return SURFACE_SHARE * surface_heat + (1.0 - SURFACE_SHARE) * core_heat


@inline
def mean_temperature(surface: float, core: float) -> float:
    """Return the mean temperature (K) of the model's slab."""
    return SURFACE_SHARE * surface + (1.0 - SURFACE_SHARE) * core


@inline
def needed(
    surface: float, lack: float, thickness: float, speed: float, way: float, factor: float
) -> float:
    """Return the zone temperature (K) that makes good a lack of heat over the way that is left.

    Args:
        surface: of the slab in the model (K).
        lack: heat content that the slab should gain (J/kg); none is needed below 0.
        thickness: m.
        speed: planned (m/s).
        way: m to where the heat is wanted.
        factor: radiation factor of the zone.
    """
    require(surface > 0.0 and factor > 0.0, "a surface and a radiation factor are positive")
    rate = fmax(lack, 0.0) * speed / fmax(way, SHORTEST)
    asked = 0.5 * DENSITY * thickness * rate
    two = surface * surface
    return exp(0.25 * log(two * two + asked / (STEFAN_BOLTZMANN * factor)))
