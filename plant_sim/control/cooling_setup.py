"""Level 2's model of the run-out table: what a bank takes from the strip, and when.

A simpler model than the plant, with parameters of its own that `benchmarks/cooling_model.py`
identifies on coils of the default plant, rounded: a constant flux that rises when the film breaks,
grey radiation, and a transformation whose start falls straight with carbon. It may use formulas
of the trade and data-sheet distances, never the plant's own parameters.
"""

from ..engine.numbers import exp, fmax, fmin, inline, log, sqrt

BANK_FLUX = 1.07e6  # W/m2: open bank, both faces, 7 m/s, 25 degC [C benchmarks/cooling_model.py]
COLD_RISE, COLD_AT = 1.7, 804.0  # 1, K: the flux rises when the strip is colder [C same]
COLD_SHARP = 0.051  # 1/K: of that rise [C same]
WATER_GAIN = 0.0125  # 1/K: the flux falls with warm water, slope of the jet formula [C 4.2]
BELIEVED_WATER = 298.15  # K: water temperature at which the flux was identified [M]
SPEED_POWER, SPEED_KNOWN = 0.15, 7.0  # 1, m/s: the flux rises with the strip's speed [M 4.2]
HEAT_CAPACITY = 7700.0 * 750.0  # J/(m3 K): hot density by specific heat [M 4.2]
TRANSFORMATION_RISE = 109.0  # K: what the whole transformation heat would warm the strip [M 4.2]
PACE = 0.0355  # 1/(s K3): of transformation, grade without carbon [C benchmarks/cooling_model.py]
CARBON_BRAKE = 12.0  # 1: logarithm of the time by weight % of carbon [C same]
AE3, AE3_SLOPE = 1132.0, 280.0  # K: where it begins without carbon, less by weight % [C same]
BRAKE = 11826.0  # K: of diffusion in it, by the trade's formula [M Kirkaldy 1984]
GREY = 0.88 * 5.670374e-8  # W/(m2 K4): emissivity of the strip by Stefan-Boltzmann [M 3.7]
STILL_AIR = 12.0  # W/(m2 K): convection of one face [M 3.7]
AIR = 300.0  # K: of the hall [M]


@inline
def flux(temperature: float, water: float, speed: float) -> float:
    """Return the believed flux (W/m2, both faces) under an open bank; K, K, m/s."""
    warm = fmin(fmax(1.0 - WATER_GAIN * (water - BELIEVED_WATER), 0.5), 1.5)
    cold = 1.0 + COLD_RISE / (1.0 + exp((temperature - COLD_AT) * COLD_SHARP))
    return BANK_FLUX * warm * cold * exp(SPEED_POWER * log(fmax(speed, 0.5) / SPEED_KNOWN))


@inline
def drop(temperature: float, water: float, speed: float, gauge: float, length: float) -> float:
    """Return the believed drop (K) over one open bank of `length` (m); gauge in m."""
    return flux(temperature, water, speed) * length / (HEAT_CAPACITY * gauge * fmax(speed, 0.5))


@inline
def believed_pace(temperature: float, carbon: float) -> float:
    """Return the believed growth of the transformation's age (1/s); K, weight %."""
    under = fmax(AE3 - AE3_SLOPE * carbon - temperature, 0.0)
    return PACE * under * under * under * exp(-CARBON_BRAKE * carbon - BRAKE / temperature)


@inline
def after(
    temperature: float, age: float, gauge: float, carbon: float, seconds: float, wet: float
) -> tuple[float, float]:
    """Return temperature (K) and age of the transformation after a stretch of table.

    Args:
        temperature: at its beginning (K).
        age: of the transformation at its beginning.
        gauge: m.
        carbon: weight %.
        seconds: on the stretch.
        wet: flux of the water on both faces, averaged over the stretch (W/m2).
    """
    square = temperature * temperature
    dry = 2.0 * (GREY * square * square + STILL_AIR * (temperature - AIR))
    fall = (wet + dry) * seconds / (HEAT_CAPACITY * gauge)
    older = age + seconds * believed_pace(temperature - 0.5 * fall, carbon)
    born = exp(-age * age) - exp(-older * older)
    return fmax(temperature - fall + TRANSFORMATION_RISE * born, 320.0), older


@inline
def forecast_speed(speed: float, rate: float, lead: float, distance: float) -> float:
    """Return the speed (m/s) at which strip now at F7 will pass a place on the table.

    Args:
        speed: now (m/s).
        rate: acceleration that will be run (m/s2).
        lead: strip still to come before the acceleration begins (m).
        distance: of the place behind F7 (m).
    """
    return sqrt(fmax(speed * speed + 2.0 * rate * fmax(distance - fmax(lead, 0.0), 0.0), 1.0))
