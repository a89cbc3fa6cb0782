"""What level 2 believes about the mill: a simpler model than the plant, with parameters of its own.

Set-up forces come from Misaka and Ford-Alexander with one round of flattening; temperatures from a
loss inversely proportional to mass flow. The parameters were
identified once on rolled coils of the default plant and rounded; adaptation does the rest.
It may not use the plant's parameters, only formulas of the trade and measured values.
"""

from ..engine.numbers import fmax, inline, log
from ..physics.flow_stress import misaka
from ..physics.roll_bite import (
    PLANE_STRAIN,
    contact_length,
    flattened_radius,
    ford_alexander_factor,
    strain,
)

MODULUS = 4.8e9  # N/m: of gap control, whatever the width: on the stiff side, for stability [M 3.4]
STRETCH_MODULUS = 4.4e9  # N/m: of set-up, by stretch tests on plates of REFERENCE_WIDTH [M 3.4]
REFERENCE_WIDTH = 1.25  # m: of these plates [M 3.4]
MODULUS_BY_WIDTH = 0.7e9  # N/m2: more for wider plates, by the same tests [M 3.4]
LOSS = 3.7e-3  # m2/s: radiation and contact, identified on rolled coils [C]
# 1: what seven, six and five stands take from the strip over what seven take, on rolled coils [C]
LOSS_SHARE = (1.0, 0.91, 0.76)
SPRAY = 1.02  # K m2/s: sprays at full opening, identified on rolled coils [C]
WORK = 30.0  # K: rise per unit of logarithmic reduction, identified on rolled coils [C]
# 1: force, measured over model, by stand, identified on rolled coils [C]
STAND_FACTOR = (0.98, 1.00, 1.03, 1.05, 0.96, 0.93, 0.88)

FORCE_DOUBT = 0.10  # 1: how far the forces of a plant are believed to lie off the model's [M 6.2]
CLASS_DOUBT = 0.02  # 1: same of a class of strip thickness, the plant known [M 6.2]
HEAD_CLOSED = -60e-6  # m: by which the last gap is closed for a head, before any is seen [C 3.5]
TAIL_CLOSED = -80e-6  # m: same for a tail [C 3.5]
ZERO_DOUBT = 3e-4  # m: how far its gaps are believed to lie off their zeroing [M 3.4]


@inline
def modulus(width: float) -> float:
    """Return the mill modulus (N/m) that set-up believes in for a strip width (m)."""
    return STRETCH_MODULUS + MODULUS_BY_WIDTH * (width - REFERENCE_WIDTH)


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
    entry_temperature: float, entry: float, exit: float, flow: float, spray: float,
    share: float = 1.0,
) -> float:  # fmt: skip
    """Return the expected finishing delivery temperature (K).

    Args:
        entry_temperature: before F1 (K).
        entry: bar thickness (m).
        exit: strip thickness (m).
        flow: mass flow over density and width, speed times thickness (m2/s).
        spray: interstand spray opening, 0 to 1.
        share: of LOSS, by LOSS_SHARE.
    """
    lost = share * LOSS * (entry_temperature - 300.0) / flow + SPRAY * spray / flow
    return entry_temperature - lost + WORK * log(entry / exit)


@inline
def speed_for(
    aim: float, entry_temperature: float, entry: float, exit: float, spray: float,
    share: float = 1.0,
) -> float:  # fmt: skip
    """Return the delivery speed (m/s) at which the expected temperature meets `aim` (K).

    Other arguments as above.
    """
    spare = entry_temperature + WORK * log(entry / exit) - aim
    flow = (share * LOSS * (entry_temperature - 300.0) + SPRAY * spray) / fmax(spare, 1.0)
    return flow / exit
