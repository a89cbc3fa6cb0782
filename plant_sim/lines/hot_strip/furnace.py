"""One step of a walking-beam furnace: radiation, slabs, zones, flue gas, recuperator, scale.

A zone is two temperatures: gas with the hot face of the lining, and the lining behind it. Flue gas
runs from the soaking zone to the charging end against the slabs, above and below them. What a slab
receives comes from the zones it lies in, in the share of its width. Heat is never made or lost
between the counters of `furnace_rows`.
"""

import numpy as np
from numpy.typing import NDArray

from ...engine.numbers import fmax, fmin, inline, kernel, sqrt, where
from ...physics.furnace_heat import (
    AIR_NEED,
    HEATING_VALUE,
    air_heat,
    flue_heat,
    flue_temperature,
    monoxide,
    oxygen,
    preheated,
    radiant_flux,
    unburnt,
)
from ...physics.scale import OXIDATION_HEAT, growth, iron_lost
from ...physics.slab_conduction import (
    BOTTOM,
    NODES,
    SLABS,
    TEMPERATURE,
    THICKNESS,
    TOP,
    conduct,
    total,
)
from ...physics.steel import AUSTENITE, DENSITY_COLD
from ...physics.strip_temperature import STEFAN_BOLTZMANN
from . import furnace_rows as F  # noqa: N812  the layout, read as F.ZONE
from . import parameters as P  # noqa: N812  the mill's data, read as P.ZONE_LENGTH
from .parameters import ZONES

Furnace = NDArray[np.float64]
MillData = NDArray[np.float64]

FACTOR = (0.30, 0.50, 0.60, 0.60, 0.52)  # 1: total heat exchange factor by zone [M 4.1]
FILM = 15.0  # W/(m2 K): convection in the zones [M 4.1]
HALF_HEIGHT = 1.9  # m: of the room above and below the slabs [M 4.1 Lethem]
HOT_FACE = 18e3  # J/(m2 K): gas and hot face of the lining [M]
LINING = 170e3  # J/(m2 K): lining that stores heat within hours [M]
INTO_LINING = 11.0  # W/(m2 K): hot face to lining [M]
SHELL = 2.3  # W/(m2 K): lining to the hall [M]
AMBIENT = 298.15  # K: hall and combustion air [M]
SKID_LOSS = 180.0  # W/(m K): to water-cooled skids, per metre of furnace, 5 to 10 % of fuel [M]
SKID_FAULT_LOSS = 0.3  # 1: more heat to the skids, per fault of their insulation [T]
SKID_WATER = 333.15  # K: cooling water of the skids [M]
OPEN_FACTOR = 0.5  # 1: radiation through the gaps between top and bottom zones [M]
SHADOW = 0.75  # 1: bottom flux that a skid keeps from the steel on it [M 4.1]
SKID_COVER = 0.10  # 1: share of the lower face that lies in that shadow [M]
SKID_REACH = 0.34  # m: width over which a skid mark evens out by conduction [M]
EVENING = 5.28e-5  # m2/s: pi^2 times the diffusivity of hot steel [C 3.7]
END_SHADOW = 0.06  # 1: flux that slab ends beside the side walls miss [T]
RECUPERATOR_LAG = 180.0  # s: heat stored in the recuperator [M]
RECUPERATOR_LIMIT = 1323.15  # K: flue gas that dilution air keeps from the recuperator [M]
LEAK = 0.10  # m3/s: false air through closed doors [M]
DOOR_AIR, DOOR_SECONDS = 0.8, 30.0  # m3/s, s: false air through the open discharge door [M]
PRESSURE, PRESSURE_PER_FLOW = 10.0, 6.0  # Pa, Pa s/m3: aim over the hall; flue the damper lags [M]
DOOR_PRESSURE = 7.0  # Pa: lost while the discharge door is open [M]
DAMPER_LAG = 30.0  # s: of the damper [M]
VALVE_LAG = 10.0  # s: of fuel and air flow [M]
COUPLE_LAG = 20.0  # s: of a thermocouple in its sheath [M]
ZONE_LIMIT = 1593.15  # K: most temperature of a zone, 1320 degC [M 6.4]
MONOXIDE_LIMIT = 1e-3  # 1: most CO in the flue gas [M]
RAMP_LIMIT = 5.0 / 60.0  # K/s: most ramp of a zone over RAMP_WINDOW [M 6.4]
RAMP_WINDOW = 600.0  # s: over which a zone's ramp is measured [M]


@inline
def _share(front: float, width: float, start: float, length: float) -> float:
    """Share of a slab's width that lies in a zone."""
    inside = fmin(front, start + length) - fmax(front - width, start)
    return fmax(inside, 0.0) / width


@kernel
def heat(furnace: Furnace, mill: MillData) -> None:
    """Move the heat in a furnace by one step of STEP seconds; slabs stand still in it."""
    bundle = furnace[F.BUNDLE : F.SLAB]
    slabs = furnace[F.SLAB :]
    _radiate(furnace, bundle, slabs, mill)
    _scale(furnace, bundle, slabs)
    _zones(furnace, mill)
    conduct(bundle, F.STEP)


@kernel
def _radiate(furnace: Furnace, bundle: Furnace, slabs: Furnace, mill: MillData) -> None:
    """Fluxes onto all slabs, and what each zone gives."""
    shaded = 1.0 - SHADOW * SKID_COVER
    for s in range(SLABS):
        bundle[TOP * SLABS + s] = 0.0
        bundle[BOTTOM * SLABS + s] = 0.0
        slabs[F.GAS_TOP * SLABS + s] = 0.0
        slabs[F.GAS_BOTTOM * SLABS + s] = 0.0
    start = 0.0
    own = furnace[F.OWN_EXCHANGE]
    for z in range(ZONES):
        length = mill[P.ZONE_LENGTH + z]
        above, below = furnace[F.ZONE + z], furnace[F.ZONE + ZONES + z]
        gas_above, gas_below = furnace[F.OXYGEN + z], furnace[F.OXYGEN + ZONES + z]
        factor = FACTOR[z] * own
        for s in range(SLABS):
            width = slabs[F.WIDTH * SLABS + s]
            share = _share(slabs[F.POSITION * SLABS + s], width, start, length)
            share = share * slabs[F.PRESENT * SLABS + s]
            area = share * width * slabs[F.LENGTH * SLABS + s]
            upper = bundle[(TEMPERATURE + NODES - 1) * SLABS + s]
            lower = bundle[TEMPERATURE * SLABS + s]
            top = radiant_flux(above, upper, factor, FILM)
            bottom = shaded * radiant_flux(below, lower, factor, FILM)
            bundle[TOP * SLABS + s] += share * top
            bundle[BOTTOM * SLABS + s] += share * bottom
            slabs[F.GAS_TOP * SLABS + s] += share * gas_above
            slabs[F.GAS_BOTTOM * SLABS + s] += share * gas_below
            slabs[F.TERM * SLABS + s] = area * top
            slabs[F.OTHER_TERM * SLABS + s] = area * bottom
            slabs[F.THIRD_TERM * SLABS + s] = area
        furnace[F.LOAD + z] = total(slabs[F.TERM * SLABS :])
        furnace[F.LOAD + ZONES + z] = total(slabs[F.OTHER_TERM * SLABS :])
        cover = total(slabs[F.THIRD_TERM * SLABS :])
        furnace[F.COVER + z] = cover
        furnace[F.COVER + ZONES + z] = cover
        start += length


@kernel
def _scale(furnace: Furnace, bundle: Furnace, slabs: Furnace) -> None:
    """Scale on both faces and its heat; skid marks and cold ends follow the fluxes."""
    own = furnace[F.OWN_SCALE]
    shadow = SHADOW * furnace[F.OWN_SKID] * (1.0 + furnace[F.FAULT_SKID])
    along = EVENING / (SKID_REACH * SKID_REACH)
    for s in range(SLABS):
        here = slabs[F.PRESENT * SLABS + s]
        upper = bundle[(TEMPERATURE + NODES - 1) * SLABS + s]
        lower = bundle[TEMPERATURE * SLABS + s]
        top, bottom = bundle[TOP * SLABS + s], bundle[BOTTOM * SLABS + s]

        x2 = slabs[F.SCALE_TOP * SLABS + s]
        grown = x2 + here * own * F.STEP * growth(upper, slabs[F.GAS_TOP * SLABS + s])
        above = iron_lost(sqrt(grown) - sqrt(x2)) * OXIDATION_HEAT / F.STEP
        slabs[F.SCALE_TOP * SLABS + s] = grown
        x2 = slabs[F.SCALE_BOTTOM * SLABS + s]
        grown = x2 + here * own * F.STEP * growth(lower, slabs[F.GAS_BOTTOM * SLABS + s])
        below = iron_lost(sqrt(grown) - sqrt(x2)) * OXIDATION_HEAT / F.STEP
        slabs[F.SCALE_BOTTOM * SLABS + s] = grown
        bundle[TOP * SLABS + s] = top + above
        bundle[BOTTOM * SLABS + s] = bottom + below
        area = slabs[F.WIDTH * SLABS + s] * slabs[F.LENGTH * SLABS + s]
        slabs[F.TERM * SLABS + s] = (above + below) * area

        # a cold spot radiates less than its surroundings and is warmed by them: it decays; the
        # lower face of a skid mark stays in the shadow
        mass = DENSITY_COLD * bundle[THICKNESS * SLABS + s]
        surface = 0.5 * (upper + lower)
        stiffness = 8.0 * OPEN_FACTOR * STEFAN_BOLTZMANN * surface * surface * surface
        even = stiffness / (mass * AUSTENITE)
        mark = slabs[F.SKID * SLABS + s]
        colder = shadow * bottom / (mass * AUSTENITE)
        mark = mark + here * F.STEP * (colder - (0.5 * even + along) * mark)
        slabs[F.SKID * SLABS + s] = fmax(mark, 0.0)
        mark = slabs[F.ENDS * SLABS + s]
        colder = END_SHADOW * (top + bottom) / (mass * AUSTENITE)
        slabs[F.ENDS * SLABS + s] = mark + here * F.STEP * (colder - even * mark)
    furnace[F.OXIDATION] += total(slabs[F.TERM * SLABS :]) * F.STEP


@kernel
def _zones(furnace: Furnace, mill: MillData) -> None:
    """Heat balance of all zones, the flue gas through them, and the recuperator."""
    value = HEATING_VALUE * furnace[F.OWN_HEATING]
    preheat, leak = furnace[F.PREHEAT], 0.5 * furnace[F.LEAK]
    wrong = 1.0 + furnace[F.FAULT_AIR]
    width = mill[P.FURNACE_WIDTH]
    flue_flow, flue_out, air_in, free, rich, lost = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    skids, shell, burnt, used = 0.0, 0.0, 0.0, 0.0
    for side in range(2):
        flow, spare = leak, leak
        carried = leak * air_heat(AMBIENT)
        air_in += carried
        for n in range(ZONES):
            z = ZONES - 1 - n
            c, other = side * ZONES + z, (1 - side) * ZONES + z
            zone, lining = furnace[F.ZONE + c], furnace[F.LINING + c]
            length = mill[P.ZONE_LENGTH + z]
            room = length * (width + 2.0 * HALF_HEIGHT)
            fuel, air = furnace[F.FUEL + c], furnace[F.AIR + c] * wrong
            before = unburnt(spare, value)
            spare += air - AIR_NEED * fuel
            after = unburnt(spare, value)
            flow += fuel + air
            leaving = flow * flue_heat(zone)
            hot_air = air * air_heat(preheat)
            gain = value * fuel + before - after + hot_air + carried - leaving
            stored = INTO_LINING * room * (zone - lining)
            outward = SHELL * furnace[F.OWN_SHELL] * room * (lining - AMBIENT)
            water = 0.0
            if side == 1:
                bare = 1.0 + SKID_FAULT_LOSS * furnace[F.FAULT_SKID]
                water = SKID_LOSS * bare * length * (zone - SKID_WATER)
            # the value of this step for both: the top zone was already moved when side is 1
            twin = furnace[F.ZONE + other] if side == 0 else furnace[F.TWIN + z]
            gap = fmax(length * width - furnace[F.COVER + c], 0.0)
            across = gap * radiant_flux(zone, twin, OPEN_FACTOR, 0.0)
            if side == 0:
                furnace[F.TWIN + z] = zone
            net = gain - furnace[F.LOAD + c] - stored - water - across
            furnace[F.ZONE + c] = zone + F.STEP * net / (HOT_FACE * room)
            furnace[F.LINING + c] = lining + F.STEP * (stored - outward) / (LINING * room)
            furnace[F.OXYGEN + c] = oxygen(spare, flow)
            carried = leaving
            skids += water
            shell += outward
            burnt += value * fuel
            used += fuel
            air_in += hot_air
        flue_flow += flow
        flue_out += carried
        free += oxygen(spare, flow) * flow
        rich += monoxide(spare, flow) * flow
        lost += unburnt(spare, value)
    furnace[F.FLUE] = flue_temperature(flue_out / fmax(flue_flow, 1e-6))
    furnace[F.FLUE_FLOW] = flue_flow
    furnace[F.OXYGEN_FLUE] = free / fmax(flue_flow, 1e-6)
    furnace[F.MONOXIDE] = rich / fmax(flue_flow, 1e-6)
    guarded = where(furnace[F.FLUE] > RECUPERATOR_LIMIT, 1.0, 0.0)
    furnace[F.RECUPERATOR_EVENTS] += guarded * (1.0 - furnace[F.RECUPERATOR_GUARD])
    furnace[F.RECUPERATOR_GUARD] = guarded
    behind = preheated(AMBIENT, fmin(furnace[F.FLUE], RECUPERATOR_LIMIT), mill[P.RECUPERATOR])
    furnace[F.PREHEAT] = preheat + (behind - preheat) * F.STEP / RECUPERATOR_LAG
    open_door = where(furnace[F.SINCE_DISCHARGE] < DOOR_SECONDS, 1.0, 0.0)
    furnace[F.LEAK] = LEAK + DOOR_AIR * open_door
    damper = furnace[F.DAMPER] + (flue_flow - furnace[F.DAMPER]) * F.STEP / DAMPER_LAG
    furnace[F.DAMPER] = damper
    swing = PRESSURE_PER_FLOW * (flue_flow - damper) - DOOR_PRESSURE * open_door
    furnace[F.PRESSURE] = PRESSURE + swing
    furnace[F.FUEL_HEAT] += burnt * F.STEP
    furnace[F.FUEL_USED] += used * F.STEP
    furnace[F.STACK_LOSS] += (flue_out - air_in) * F.STEP
    furnace[F.UNBURNT_LOSS] += lost * F.STEP
    furnace[F.SHELL_LOSS] += shell * F.STEP
    furnace[F.SKID_LOSS] += skids * F.STEP


@kernel
def limits(furnace: Furnace) -> None:
    """Count what goes beyond the limits of the zones and of the flue gas."""
    rich = where(furnace[F.MONOXIDE] > MONOXIDE_LIMIT, 1.0, 0.0)
    furnace[F.MONOXIDE_HARM] += rich * F.STEP
    for c in range(F.CELLS):
        zone = furnace[F.ZONE + c]
        hot = where(zone > ZONE_LIMIT, 1.0, 0.0)
        furnace[F.ZONE_HARM] += hot * F.STEP
        furnace[F.ZONE_EVENTS] += hot * (1.0 - furnace[F.HOT + c])
        furnace[F.HOT + c] = hot
        slow = furnace[F.SLOW + c]
        slope = (zone - slow) / RAMP_WINDOW
        steep = where(slope > RAMP_LIMIT, 1.0, 0.0)
        furnace[F.RAMP_EVENTS] += steep * (1.0 - furnace[F.RAMPING + c])
        furnace[F.RAMPING + c] = steep
        furnace[F.SLOW + c] = slow + (zone - slow) * F.STEP / RAMP_WINDOW
