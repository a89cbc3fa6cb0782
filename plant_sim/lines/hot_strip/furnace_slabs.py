"""Slabs in and out of a walking-beam furnace: charge, walk, discharge, start in full swing."""

import numpy as np
from numpy.typing import NDArray

from ...control.furnace_level2 import mean_temperature as mean_of_model
from ...engine.numbers import fmax, fmin, kernel, sqrt, where
from ...physics.scale import iron_lost
from ...physics.slab_conduction import (
    HEAT,
    NODES,
    SLABS,
    TEMPERATURE,
    THICKNESS,
    fill,
    mean_heat,
    mean_temperature,
)
from ...physics.steel import DENSITY_COLD, enthalpy
from . import furnace_rows as F  # noqa: N812  the layout, read as F.ZONE
from . import parameters as P  # noqa: N812  the mill's data, read as P.SLAB_GAP

Furnace = NDArray[np.float64]
MillData = NDArray[np.float64]

STROKE = 0.55  # m: of the walking beam [M 4.1]
AT_DOOR = 1e-6  # m: a slab this near the end lies at the door [C]
OFF_BAND = 20.0  # K: discharge temperature off its aim that counts as a miss [M 4.1]
COLDEST = 1423.15  # K: mean of a slab below which the rougher is harmed, 1150 degC [M 4.1]
HOTTEST_FACE = 1573.15  # K: surface above which scale melts and grains burn, 1300 degC [M 4.1]
SLAB_HARM = 60.0  # s: harm of one slab that is too cold or burnt [T]
EMPTY = 300.0  # K: stands on places without a slab [C]


@kernel
def charge(
    furnace: Furnace, mill: MillData, number: float, width: float, thickness: float,
    length: float, temperature: float, carbon: float, aim: float,
) -> float:  # fmt: skip
    """Put a slab into the charging end if there is room; return 1 when it is in, else 0.

    Args:
        furnace: one furnace.
        mill: data of the mill.
        number: of the slab, 1 and up.
        width: along the furnace (m).
        thickness: m.
        length: across the furnace (m).
        temperature: K.
        carbon: weight %.
        aim: mean temperature at discharge (K).
    """
    slabs, bundle = furnace[F.SLAB :], furnace[F.BUNDLE : F.SLAB]
    tail, free = mill[P.FURNACE_LENGTH] + mill[P.SLAB_GAP], -1
    for s in range(SLABS):
        if slabs[F.PRESENT * SLABS + s] > 0.5:
            tail = fmin(tail, slabs[F.POSITION * SLABS + s] - slabs[F.WIDTH * SLABS + s])
        elif free < 0:
            free = s
    if free < 0 or tail < width + mill[P.SLAB_GAP] - AT_DOOR:
        return 0.0
    position = fmin(tail - mill[P.SLAB_GAP], width + STROKE)  # the charger reaches one stroke far
    _place(furnace, free, number, width, thickness, length, temperature, carbon, aim, position)
    furnace[F.CHARGED] += 1.0
    mass = DENSITY_COLD * thickness * width * length
    furnace[F.CHARGED_HEAT] += mass * mean_heat(bundle, free)
    return 1.0


@kernel
def _place(
    furnace: Furnace, place: int, number: float, width: float, thickness: float, length: float,
    temperature: float, carbon: float, aim: float, position: float,
) -> None:  # fmt: skip
    slabs = furnace[F.SLAB :]
    for row in range(F.SLAB_ROWS):
        slabs[row * SLABS + place] = 0.0
    slabs[F.PRESENT * SLABS + place] = 1.0
    slabs[F.NUMBER * SLABS + place] = number
    slabs[F.WIDTH * SLABS + place] = width
    slabs[F.LENGTH * SLABS + place] = length
    slabs[F.CARBON * SLABS + place] = carbon
    slabs[F.AIM * SLABS + place] = aim
    slabs[F.CHARGE * SLABS + place] = temperature
    slabs[F.CHARGED_AT * SLABS + place] = furnace[F.CLOCK]
    slabs[F.POSITION * SLABS + place] = position
    heat = enthalpy(temperature)
    slabs[F.CHARGE_HEAT * SLABS + place] = heat
    slabs[F.AIM_HEAT * SLABS + place] = enthalpy(aim)
    slabs[F.MODEL_SURFACE * SLABS + place] = temperature
    slabs[F.MODEL_CORE * SLABS + place] = temperature
    slabs[F.MODEL_HEAT_SURFACE * SLABS + place] = heat
    slabs[F.MODEL_HEAT_CORE * SLABS + place] = heat
    fill(furnace[F.BUNDLE : F.SLAB], place, thickness, temperature)


@kernel
def front(furnace: Furnace) -> int:
    """Return the place of the slab nearest the door, or -1 in an empty furnace."""
    slabs = furnace[F.SLAB :]
    first, most = -1, -1.0
    for s in range(SLABS):
        if slabs[F.PRESENT * SLABS + s] > 0.5 and slabs[F.POSITION * SLABS + s] > most:
            first, most = s, slabs[F.POSITION * SLABS + s]
    return first


@kernel
def walk(furnace: Furnace, mill: MillData) -> None:
    """Move the beam for one step: stroke after stroke until a slab lies at the door."""
    slabs = furnace[F.SLAB :]
    furnace[F.STROKE_LEFT] = fmax(furnace[F.STROKE_LEFT] - F.STEP, 0.0)
    first = front(furnace)
    if first >= 0 and furnace[F.STROKE_LEFT] <= 0.0:
        way = mill[P.FURNACE_LENGTH] - slabs[F.POSITION * SLABS + first]
        if way > AT_DOOR:
            move = fmin(way, STROKE)
            for s in range(SLABS):
                slabs[F.POSITION * SLABS + s] += move * slabs[F.PRESENT * SLABS + s]
            furnace[F.STROKE_LEFT] = mill[P.WALK_TIME]


@kernel
def ready(furnace: Furnace, mill: MillData) -> float:
    """Return 1 when a slab lies at the door and the beam stands, else 0."""
    first = front(furnace)
    if first < 0 or furnace[F.STROKE_LEFT] > 0.0:
        return 0.0
    at = furnace[F.SLAB + F.POSITION * SLABS + first]
    return 1.0 if at >= mill[P.FURNACE_LENGTH] - AT_DOOR else 0.0


@kernel
def discharge(furnace: Furnace, mill: MillData) -> float:
    """Take out the slab at the door and describe it in DOOR..DOOR_END; return 1, or 0 without one.

    What is described: mean temperature (K), hottest minus coldest node, mean of the two faces, how
    much colder the steel over a skid and the ends are than the mean (K), share of mass lost to
    scale, s in the furnace, level 2's mean (K), mass (kg) and the fuel since the slab before (J).
    """
    if ready(furnace, mill) < 0.5:
        return 0.0
    slabs, bundle = furnace[F.SLAB :], furnace[F.BUNDLE : F.SLAB]
    s = front(furnace)
    width, length = slabs[F.WIDTH * SLABS + s], slabs[F.LENGTH * SLABS + s]
    thickness = bundle[THICKNESS * SLABS + s]
    mass = DENSITY_COLD * thickness * width * length
    low = high = bundle[TEMPERATURE * SLABS + s]
    for k in range(1, NODES):
        low = fmin(low, bundle[(TEMPERATURE + k) * SLABS + s])
        high = fmax(high, bundle[(TEMPERATURE + k) * SLABS + s])
    upper = bundle[(TEMPERATURE + NODES - 1) * SLABS + s]
    lower = bundle[TEMPERATURE * SLABS + s]
    mean, aim = mean_temperature(bundle, s), slabs[F.AIM * SLABS + s]
    scale = iron_lost(
        sqrt(slabs[F.SCALE_TOP * SLABS + s]) + sqrt(slabs[F.SCALE_BOTTOM * SLABS + s])
    )
    model = mean_of_model(slabs[F.MODEL_SURFACE * SLABS + s], slabs[F.MODEL_CORE * SLABS + s])
    furnace[F.OUT_NUMBER] = slabs[F.NUMBER * SLABS + s]
    furnace[F.OUT_WIDTH], furnace[F.OUT_THICKNESS] = width, thickness
    furnace[F.OUT_LENGTH], furnace[F.OUT_CARBON] = length, slabs[F.CARBON * SLABS + s]
    furnace[F.OUT_AIM], furnace[F.OUT_MEAN] = aim, mean
    furnace[F.OUT_CORE], furnace[F.OUT_SURFACE] = high - low, 0.5 * (upper + lower)
    furnace[F.OUT_SKID], furnace[F.OUT_ENDS] = (
        slabs[F.SKID * SLABS + s],
        slabs[F.ENDS * SLABS + s],
    )
    furnace[F.OUT_SCALE] = scale / (DENSITY_COLD * thickness)
    furnace[F.OUT_SECONDS] = furnace[F.CLOCK] - slabs[F.CHARGED_AT * SLABS + s]
    furnace[F.OUT_CHARGE], furnace[F.OUT_MODEL] = slabs[F.CHARGE * SLABS + s], model
    furnace[F.OUT_MASS] = mass
    furnace[F.OUT_FUEL] = furnace[F.FUEL_HEAT] - furnace[F.FUEL_MARK]
    furnace[F.FUEL_MARK] = furnace[F.FUEL_HEAT]

    off = fmax(mean - aim, aim - mean)
    cold, burnt = where(mean >= COLDEST, 0.0, 1.0), where(high <= HOTTEST_FACE, 0.0, 1.0)
    furnace[F.DISCHARGED] += 1.0
    furnace[F.TONNAGE] += mass
    furnace[F.DISCHARGED_HEAT] += mass * mean_heat(bundle, s)
    furnace[F.SCALE_MASS] += scale * width * length
    furnace[F.AIM_ERROR] += off
    furnace[F.OFF_MASS] += mass * where(off <= OFF_BAND, 0.0, 1.0)
    furnace[F.COLD_SLABS] += cold
    furnace[F.HOT_SLABS] += burnt
    furnace[F.COLD_HARM] += SLAB_HARM * cold
    furnace[F.HOT_HARM] += SLAB_HARM * burnt
    furnace[F.LATE] += fmax(furnace[F.SINCE_DISCHARGE] - furnace[F.PACE], 0.0)
    furnace[F.SINCE_DISCHARGE] = 0.0
    clear(furnace, s)
    return 1.0


@kernel
def clear(furnace: Furnace, place: int) -> None:
    """Leave a place without a slab."""
    slabs = furnace[F.SLAB :]
    for row in range(F.SLAB_ROWS):
        slabs[row * SLABS + place] = 0.0
    slabs[F.WIDTH * SLABS + place] = 1.0
    slabs[F.MODEL_SURFACE * SLABS + place] = EMPTY
    slabs[F.MODEL_CORE * SLABS + place] = EMPTY
    fill(furnace[F.BUNDLE : F.SLAB], place, 0.2, EMPTY)


@kernel
def put_between(
    furnace: Furnace, settled: Furnace, place: int, position: float, thickness: float
) -> None:
    """Give a placed slab what the settled furnace holds where it lies.

    The profile is read between the two settled slabs around it, and nowhere is the slab colder than
    it was charged.
    """
    slabs, bundle = furnace[F.SLAB :], furnace[F.BUNDLE : F.SLAB]
    old, old_bundle = settled[F.SLAB :], settled[F.BUNDLE : F.SLAB]
    behind, ahead, below, above = -1, -1, -1e9, 1e9
    centre = position - 0.5 * slabs[F.WIDTH * SLABS + place]
    for s in range(SLABS):
        at = old[F.POSITION * SLABS + s] - 0.5 * old[F.WIDTH * SLABS + s]
        if old[F.PRESENT * SLABS + s] > 0.5:
            if at <= centre and at > below:
                behind, below = s, at
            if at > centre and at < above:
                ahead, above = s, at
    if behind < 0:
        behind = ahead
    if ahead < 0:
        ahead = behind
    if behind < 0:
        return
    share = 0.0 if ahead == behind else (centre - below) / (above - below)
    charged = slabs[F.CHARGE * SLABS + place]
    for k in range(NODES):
        row = (TEMPERATURE + k) * SLABS
        mixed = old_bundle[row + behind] * (1.0 - share) + old_bundle[row + ahead] * share
        mixed = fmax(mixed, charged)
        bundle[row + place] = mixed
        bundle[(HEAT + k) * SLABS + place] = enthalpy(mixed)
    for row in (F.SCALE_TOP, F.SCALE_BOTTOM, F.SKID, F.ENDS, F.MODEL_SURFACE, F.MODEL_CORE):
        mixed = old[row * SLABS + behind] * (1.0 - share) + old[row * SLABS + ahead] * share
        slabs[row * SLABS + place] = mixed
    outer = fmax(slabs[F.MODEL_SURFACE * SLABS + place], charged)
    inner = fmax(slabs[F.MODEL_CORE * SLABS + place], charged)
    slabs[F.MODEL_SURFACE * SLABS + place] = outer
    slabs[F.MODEL_CORE * SLABS + place] = inner
    slabs[F.MODEL_HEAT_SURFACE * SLABS + place] = enthalpy(outer)
    slabs[F.MODEL_HEAT_CORE * SLABS + place] = enthalpy(inner)
    ages = old[F.CHARGED_AT * SLABS + behind] * (1.0 - share)
    ages = ages + old[F.CHARGED_AT * SLABS + ahead] * share - settled[F.CLOCK]
    slabs[F.CHARGED_AT * SLABS + place] = ages * thickness / bundle[THICKNESS * SLABS + place]


@kernel
def begin(
    furnace: Furnace, settled: Furnace, mill: MillData, orders: NDArray[np.float64], first: int,
    every: int,
) -> float:  # fmt: skip
    """Start in full swing: the settled furnace, its slabs exchanged for the first orders.

    Args:
        furnace: what is set, all of it.
        settled: a furnace that ran at its nominal pace for a long time.
        mill: data of the mill.
        orders: (n, 6): width, thickness, length (m), charge temperature (K), carbon, aim (K); from
            the first again when they run out.
        first: row of the slab that is discharged first.
        every: so many rows on lies the slab behind it.

    Returns:
        how many orders lie in the furnace; the next to charge is that many further on.
    """
    for i in range(F.SIZE):
        furnace[i] = settled[i]
    for i in range(F.OWN_EXCHANGE):
        furnace[i] = 0.0
    for i in range(F.FUEL_HEAT, F.DAMPER):
        furnace[i] = 0.0
    for i in range(F.FUEL_MARK, F.ZONE):
        furnace[i] = 0.0
    furnace[F.PACE] = settled[F.PACE]
    for s in range(SLABS):
        clear(furnace, s)
    position, count = mill[P.FURNACE_LENGTH], 0
    for s in range(SLABS):
        slab = orders[(first + s * every) % orders.shape[0]]
        if position >= slab[0]:
            _place(
                furnace, s, float(s + 1), slab[0], slab[1], slab[2], slab[3], slab[4], slab[5],
                position,
            )  # fmt: skip
            put_between(furnace, settled, s, position, slab[1])
            position -= slab[0] + mill[P.SLAB_GAP]
            count += 1
        else:
            position = -1.0
    outer, inner = furnace[F.SLAB + F.MODEL_SURFACE * SLABS], furnace[F.SLAB + F.MODEL_CORE * SLABS]
    furnace[F.NEXT_MODEL] = mean_of_model(outer, inner)
    furnace[F.INSIDE] = float(count)
    return float(count)


@kernel
def cold(furnace: Furnace, mill: MillData) -> None:
    """Set an empty furnace at working temperature: where settling begins."""
    for i in range(F.SIZE):
        furnace[i] = 0.0
    for i in range(F.OWN_EXCHANGE, F.OWN_SHELL + 1):
        furnace[i] = 1.0
    furnace[F.FLUE] = furnace[F.FLUE_SHOWN] = 1200.0
    furnace[F.PREHEAT] = furnace[F.PREHEAT_SHOWN] = 780.0
    furnace[F.SINCE_DISCHARGE], furnace[F.LEAK] = 1000.0, 0.1
    furnace[F.RATIO] = 1.1
    for c in range(F.CELLS):
        furnace[F.ZONE + c] = 1400.0
        furnace[F.LINING + c] = 1200.0
        for row in (F.COUPLE, F.SHOWN, F.SETPOINT, F.TARGET, F.SLOW):
            furnace[row + c] = 1400.0
    for s in range(SLABS):
        clear(furnace, s)
