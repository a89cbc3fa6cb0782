"""Level 2's cooling model for many pieces of strip at once: the same formulas on arrays.

`control.cooling_setup` writes them for one number; a test compares the two.
"""

import numpy as np
from numpy.typing import NDArray

from .. import cooling_setup as model

Array = NDArray[np.float64]
LEAST, MOST = 320.0, 1500.0  # K: the model is kept inside [M 3.7]


def flux(heat: Array, water: float, speed: float | Array) -> Array:
    """Return the believed flux (W/m2, both faces) under an open bank; K, K, m/s."""
    warm = min(max(1.0 - model.WATER_GAIN * (water - model.BELIEVED_WATER), 0.5), 1.5)
    cold = 1.0 + model.COLD_RISE / (1.0 + np.exp((heat - model.COLD_AT) * model.COLD_SHARP))
    fast = (np.maximum(speed, 0.5) / model.SPEED_KNOWN) ** model.SPEED_POWER
    return np.asarray(model.BANK_FLUX * warm * fast * cold)


def after(
    heat: Array, age: Array, gauge: Array, carbon: float, seconds: Array, wet: Array
) -> tuple[Array, Array]:
    """Return temperature (K) and age of the transformation after a stretch of table.

    Args:
        heat: temperature at its beginning (K), shape (n,); so all arrays.
        age: of the transformation at its beginning.
        gauge: m.
        carbon: weight %.
        seconds: on the stretch.
        wet: flux of the water on both faces, averaged over the stretch (W/m2).
    """
    square = heat * heat
    dry = 2.0 * (model.GREY * square * square + model.STILL_AIR * (heat - model.AIR))
    fall = (wet + dry) * seconds / (model.HEAT_CAPACITY * gauge)
    middle = np.maximum(heat - 0.5 * fall, LEAST)
    under = np.maximum(model.AE3 - model.AE3_SLOPE * carbon - middle, 0.0)
    pace = model.PACE * under**3 * np.exp(-model.CARBON_BRAKE * carbon - model.BRAKE / middle)
    older = age + seconds * pace
    born = np.exp(-age * age) - np.exp(-older * older)
    later = heat - fall + model.TRANSFORMATION_RISE * born
    return np.clip(later, LEAST, MOST), older
