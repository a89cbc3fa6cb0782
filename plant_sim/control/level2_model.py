"""What level 2 believes about the mill: a simpler model than the plant, with parameters of its own.

Set-up forces come from Misaka and Ford-Alexander with one round of flattening; temperatures from a
loss inversely proportional to mass flow; cooling from a constant flux. The parameters were
identified once on rolled coils of the default plant and rounded; adaptation does the rest.
It may not use the plant's parameters, only formulas of the trade and measured values.
"""

from ..engine.numbers import fmax, fmin, inline, log
from ..physics.flow_stress import misaka
from ..physics.roll_bite import (
    PLANE_STRAIN,
    contact_length,
    flattened_radius,
    ford_alexander_factor,
    strain,
)

MODULUS = 4.8e9  # N/m: believed mill modulus, whatever the width [T]
LOSS = 5.1e-3  # m2/s: radiation and contact, identified on rolled coils [C]
SPRAY = 1.46  # K m2/s: sprays at full opening, identified on rolled coils [C]
WORK = 54.0  # K: rise per unit of logarithmic reduction, identified on rolled coils [C]
BANK_FLUX = 1.11e6  # W/m2: both faces under an open bank, identified on rolled coils [C]
BANK_HEAT = 7700.0 * 800.0  # J/(m3 K): heat of transformation smeared over the range [M 4.2]
# 1: force, measured over model, by stand, identified on rolled coils [C]
STAND_FACTOR = (0.94, 1.00, 1.05, 1.09, 1.11, 1.14, 1.16)
AIR_LOSS = 1.60  # K m2/s: lost between the last stand and the coiler, identified [C]


@inline
def force(
    entry: float, exit: float, width: float, radius: float, speed: float, temperature: float,
    carbon: float,
) -> float:  # fmt: skip
    """Return the expected roll force (N); lengths in m, speed in m/s, K, carbon in weight %."""
    reduction = strain(entry, exit)
    length = contact_length(entry - exit, radius)
    stress = misaka(reduction, speed * reduction / length, temperature, carbon)
    rough = width * PLANE_STRAIN * stress * length * ford_alexander_factor(entry, exit, radius)
    flat = flattened_radius(radius, rough, width, entry - exit)
    length = contact_length(entry - exit, flat)
    return width * PLANE_STRAIN * stress * length * ford_alexander_factor(entry, exit, flat)


@inline
def delivery_temperature(
    entry_temperature: float, entry: float, exit: float, flow: float, spray: float
) -> float:
    """Return the expected finishing delivery temperature (K).

    Args:
        entry_temperature: before F1 (K).
        entry: bar thickness (m).
        exit: strip thickness (m).
        flow: mass flow over density and width, speed times thickness (m2/s).
        spray: interstand spray opening, 0 to 1.
    """
    lost = LOSS * (entry_temperature - 300.0) / flow + SPRAY * spray / flow
    return entry_temperature - lost + WORK * log(entry / exit)


@inline
def speed_for(
    aim: float, entry_temperature: float, entry: float, exit: float, spray: float
) -> float:
    """Return the delivery speed (m/s) at which the expected temperature meets `aim` (K)."""
    spare = entry_temperature + WORK * log(entry / exit) - aim
    flow = (LOSS * (entry_temperature - 300.0) + SPRAY * spray) / fmax(spare, 1.0)
    return flow / exit


@inline
def bank_drop(length: float, flow: float, water: float) -> float:
    """Return the temperature drop (K) expected from one open bank of `length` (m)."""
    warm = 1.0 - 0.010 * (water - 298.15)
    return BANK_FLUX * fmin(fmax(warm, 0.5), 1.5) * length / (BANK_HEAT * flow)


@inline
def air_drop(flow: float) -> float:
    """Return the temperature (K) lost on the table without water."""
    return AIR_LOSS / flow
