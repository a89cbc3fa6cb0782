"""What a furnace shows, and its level 1 and 2 acting on it."""

import numpy as np
from numpy.typing import NDArray

from ...control.furnace_control import (
    HIGHEST,
    LEAST_RATIO,
    LOWEST,
    MOST_RATIO,
    RATIO,
    firing,
    fuel_and_air,
    oxygen_trim,
    ramped,
)
from ...control.furnace_level2 import (
    BOTTOM_MORE,
    FACTOR,
    HOLD,
    HOLD_AFTER,
    SHARE,
    flux,
    mean_heat,
    mean_temperature,
    needed,
    slab_step,
)
from ...engine.numbers import fmax, fmin, kernel, where
from ...engine.random import normal
from ...physics.furnace_heat import AIR_NEED, HEATING_VALUE, excess_oxygen
from ...physics.slab_conduction import SLABS, THICKNESS, total
from . import furnace_rows as F  # noqa: N812  the layout, read as F.ZONE
from . import parameters as P  # noqa: N812  the mill's data, read as P.ZONE_LENGTH
from .furnace import COUPLE_LAG, VALVE_LAG, ZONE_LIMIT, _share
from .furnace_slabs import front
from .parameters import ZONES

Furnace = NDArray[np.float64]
MillData = NDArray[np.float64]

# channels of the random numbers: what a furnace shows, from CHANNEL on
CHANNEL = 200
COUPLE_NOISE = 1.0  # K: of a zone thermocouple [M]
FLOW_NOISE = 0.004  # 1: of a flow meter, relative [M]
OXYGEN_NOISE = 5e-4  # 1: of the oxygen probe [M]
FLUE_NOISE = 2.0  # K: of the thermocouples in flue gas and hot air [M]
PRESSURE_NOISE = 0.5  # Pa: of the furnace pressure [M]
DOOR_NOISE = 5.0  # K: of the pyrometer behind the discharge door [M]
DOOR_SCALE = 12.0  # K: that scale lets the discharge pyrometer read too low [M 6.3]


@kernel
def sense(furnace: Furnace, key: np.uint64, episode: int) -> None:
    """Let the instruments show this step; drift shows in the thermocouple's own tag as truth."""
    step = int(furnace[F.CLOCK] / F.STEP)
    faulty, drift = furnace[F.FAULT_THERMOCOUPLE_ZONE], furnace[F.FAULT_THERMOCOUPLE]
    lag = F.STEP / COUPLE_LAG
    metered = 0.0
    for c in range(F.CELLS):
        couple = furnace[F.COUPLE + c]
        couple = couple + (furnace[F.ZONE + c] - couple) * lag
        furnace[F.COUPLE + c] = couple
        wrong = drift if faulty == float(c + 1) else 0.0
        noise = COUPLE_NOISE * normal(key, episode, step, CHANNEL + c)
        furnace[F.SHOWN + c] = couple + furnace[F.OFFSET + c] + wrong + noise
        noise = 1.0 + FLOW_NOISE * normal(key, episode, step, CHANNEL + F.CELLS + c)
        furnace[F.SHOWN_FUEL + c] = furnace[F.FUEL + c] * noise
        metered += furnace[F.SHOWN_FUEL + c]
        noise = 1.0 + FLOW_NOISE * normal(key, episode, step, CHANNEL + 2 * F.CELLS + c)
        furnace[F.SHOWN_AIR + c] = furnace[F.AIR + c] * noise
    furnace[F.FUEL_METERED] += metered * F.STEP
    noise = OXYGEN_NOISE * normal(key, episode, step, CHANNEL + 30)
    furnace[F.OXYGEN_SHOWN] = fmax(furnace[F.OXYGEN_FLUE] + noise, 0.0)
    furnace[F.FLUE_SHOWN] = furnace[F.FLUE] + FLUE_NOISE * normal(key, episode, step, CHANNEL + 31)
    furnace[F.PREHEAT_SHOWN] = furnace[F.PREHEAT] + FLUE_NOISE * normal(
        key, episode, step, CHANNEL + 32
    )
    furnace[F.PRESSURE_SHOWN] = furnace[F.PRESSURE] + PRESSURE_NOISE * normal(
        key, episode, step, CHANNEL + 33
    )


@kernel
def show_discharged(furnace: Furnace, key: np.uint64, episode: int) -> None:
    """Let the pyrometer behind the door show the slab that was just discharged."""
    step = int(furnace[F.CLOCK] / F.STEP)
    noise = DOOR_NOISE * normal(key, episode, step, CHANNEL + 34)
    furnace[F.OUT_SHOWN] = furnace[F.OUT_SURFACE] - DOOR_SCALE + noise


@kernel
def level1(furnace: Furnace, mill: MillData) -> None:
    """Zone temperatures by cross-limited fuel and air; the air ratio by the oxygen probe."""
    asked = fmin(fmax(RATIO + furnace[F.RATIO_TRIM], LEAST_RATIO), MOST_RATIO)
    furnace[F.RATIO] = asked
    trim = oxygen_trim(
        furnace[F.OXYGEN_TRIM], excess_oxygen(asked), furnace[F.OXYGEN_SHOWN], F.STEP
    )
    furnace[F.OXYGEN_TRIM] = trim
    need = AIR_NEED * (asked + trim)
    lag = F.STEP / VALVE_LAG
    for c in range(F.CELLS):
        z = c % ZONES
        if z > 0:
            power = mill[(P.ZONE_POWER_TOP if c < ZONES else P.ZONE_POWER_BOTTOM) + z]
            rated = power / HEATING_VALUE
            base = fmin(fmax(furnace[F.TARGET + c], LOWEST), HIGHEST)
            wanted = base + furnace[F.TRIM + c]
            setpoint = ramped(furnace[F.SETPOINT + c], wanted, F.STEP)
            furnace[F.SETPOINT + c] = setpoint
            # a zone that shows too much is shut off
            open_to = where(furnace[F.SHOWN + c] < ZONE_LIMIT, 1.0, 0.0)
            share, integral = firing(
                setpoint - furnace[F.SHOWN + c], furnace[F.INTEGRAL + c], open_to, F.STEP
            )
            furnace[F.DEMAND + c], furnace[F.INTEGRAL + c] = share, integral
            fuel, air = furnace[F.FUEL + c], furnace[F.AIR + c]
            next_fuel, next_air = fuel_and_air(share * rated, fuel, air, need)
            # the burners of a zone have one header: a place 1..5 is the zone, top and bottom
            place = furnace[F.FAULT_BURNER_ZONE]
            hit = place == float(c + 1) or place == float(z + 1)
            lost = furnace[F.FAULT_BURNER] if hit else 0.0
            next_fuel = fmin(next_fuel, rated * (1.0 - lost))
            furnace[F.FUEL + c] = fuel + (next_fuel - fuel) * lag
            furnace[F.AIR + c] = air + (next_air - air) * lag


@kernel
def track(furnace: Furnace, mill: MillData) -> None:
    """Level 2 follows every slab with its own model, from what the thermocouples show."""
    slabs, bundle = furnace[F.SLAB :], furnace[F.BUNDLE : F.SLAB]
    start = 0.0
    for s in range(SLABS):
        slabs[F.MODEL_FLUX * SLABS + s] = 0.0
    for z in range(ZONES):
        length, factor = mill[P.ZONE_LENGTH + z], FACTOR[z]
        above, below = furnace[F.SHOWN + z], furnace[F.SHOWN + ZONES + z]
        for s in range(SLABS):
            share = _share(slabs[F.POSITION * SLABS + s], slabs[F.WIDTH * SLABS + s], start, length)
            surface = slabs[F.MODEL_SURFACE * SLABS + s]
            both = flux(above, surface, factor) + flux(below, surface, factor)
            slabs[F.MODEL_FLUX * SLABS + s] += share * 0.5 * both * slabs[F.PRESENT * SLABS + s]
        start += length
    for s in range(SLABS):
        outer, inner, outer_heat, inner_heat = slab_step(
            slabs[F.MODEL_SURFACE * SLABS + s], slabs[F.MODEL_CORE * SLABS + s],
            slabs[F.MODEL_HEAT_SURFACE * SLABS + s], slabs[F.MODEL_HEAT_CORE * SLABS + s],
            slabs[F.MODEL_FLUX * SLABS + s], bundle[THICKNESS * SLABS + s], F.STEP,
        )  # fmt: skip
        slabs[F.MODEL_SURFACE * SLABS + s] = outer
        slabs[F.MODEL_CORE * SLABS + s] = inner
        slabs[F.MODEL_HEAT_SURFACE * SLABS + s] = outer_heat
        slabs[F.MODEL_HEAT_CORE * SLABS + s] = inner_heat
    first = front(furnace)
    if first >= 0:
        furnace[F.NEXT_MODEL] = mean_temperature(
            slabs[F.MODEL_SURFACE * SLABS + first], slabs[F.MODEL_CORE * SLABS + first]
        )


@kernel
def plan(furnace: Furnace, mill: MillData) -> None:
    """Level 2 sets the zones so that every slab reaches its aim at the planned pace."""
    furnace[F.COUNTDOWN] -= 1.0
    if furnace[F.COUNTDOWN] > 0.0:
        return
    furnace[F.COUNTDOWN] = F.LEVEL2_STEPS
    slabs, bundle = furnace[F.SLAB :], furnace[F.BUNDLE : F.SLAB]
    held = where(furnace[F.SINCE_DISCHARGE] > furnace[F.PACE] + HOLD_AFTER, 1.0, 0.0)
    furnace[F.HELD] = held
    count, pitch = 0.0, 0.0
    for s in range(SLABS):
        here = slabs[F.PRESENT * SLABS + s]
        count += here
        pitch += here * (slabs[F.WIDTH * SLABS + s] + mill[P.SLAB_GAP])
    furnace[F.INSIDE] = count
    speed = pitch / fmax(count, 1.0) / fmax(furnace[F.PACE], 1.0)
    start = 0.0
    for z in range(ZONES):
        # what belongs to the zone is looked up here: a choice within the loop would keep it narrow
        length, held_share, factor = mill[P.ZONE_LENGTH + z], SHARE[z], FACTOR[z]
        for s in range(SLABS):
            width, at = slabs[F.WIDTH * SLABS + s], slabs[F.POSITION * SLABS + s]
            share = _share(at, width, start, length) * slabs[F.PRESENT * SLABS + s]
            charged, aim = slabs[F.CHARGE_HEAT * SLABS + s], slabs[F.AIM_HEAT * SLABS + s]
            now = mean_heat(
                slabs[F.MODEL_HEAT_SURFACE * SLABS + s], slabs[F.MODEL_HEAT_CORE * SLABS + s]
            )
            lack = charged + held_share * (aim - charged) - now
            asked = needed(
                slabs[F.MODEL_SURFACE * SLABS + s], lack, bundle[THICKNESS * SLABS + s], speed,
                start + length - (at - 0.5 * width), factor,
            )  # fmt: skip
            slabs[F.TERM * SLABS + s] = share * asked
            slabs[F.OTHER_TERM * SLABS + s] = share
        wanted, weight = total(slabs[F.TERM * SLABS :]), total(slabs[F.OTHER_TERM * SLABS :])
        target = furnace[F.TARGET + z]
        if weight > 1e-6:
            target = wanted / weight
        if held > 0.5:
            target = HOLD[z]
        furnace[F.TARGET + z] = target
        furnace[F.TARGET + ZONES + z] = target + BOTTOM_MORE
        start += length
