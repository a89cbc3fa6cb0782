"""Orders drawn at random: lots of one product in a row, slabs charged cold or hot, dates to keep.

For days without an order book. A plan with fewer coils is the beginning of one with more.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from .fields import (
    BAR_GAUGE,
    CARBON,
    CHARGE_TEMPERATURE,
    CROWN_AIM,
    CT_AIM,
    DUE,
    FDT_AIM,
    GAUGE,
    GRADE,
    GRADES,
    HARDNESS_TRUE,
    MASS,
    ORDER,
    PRODUCTS,
    SIDE_DRAFT,
    SLAB_DENSITY,
    SLAB_LENGTH,
    SLAB_THICKNESS,
    WIDTH,
    bar_gauge_for,
    crown_for,
)

Array = NDArray[np.float64]

CHANCES = 4  # numbers in [0, 1) that one coil takes
LOT = 4  # 1: coils of one product in a row [T]
THICKNESS = 0.22  # m: slab [M 3.11]
MASS_LOW, MASS_SPAN = 14500.0, 2000.0  # kg/m: mass over width, 14 to 17 kg/mm [M 3.11]
HOT_CHARGED = 0.25  # 1: share of the lots that come hot from the caster [M 4.1]
HOT, HOT_SPAN = 673.15, 300.0  # K: temperature of a slab charged hot [M 5.1]
COLD, COLD_SPAN = 288.15, 15.0  # K: of one from the yard [M 4.1]
PACE = 150.0  # s: from coil to coil at the pace the dates ask for, 450 t/h [M 4.1]
SLACK = 1800.0  # s: between the planned and the due time of a lot [T]
COMMON, OWN = 0.025, 0.018  # 1: deviation of hardness, of all and of one grade [M 6.2]
HARDNESSES = 3 * (len(GRADES) + 1)  # numbers in [0, 1) that they take


@cache
def _products() -> Array:
    """Return one row of an order for each product; what a coil draws is still 0."""
    rows = np.zeros((len(PRODUCTS), len(ORDER)))
    for row, (width, gauge, fdt, ct, carbon, grade) in zip(rows, PRODUCTS, strict=True):
        row[[WIDTH, GAUGE, FDT_AIM, CT_AIM, CARBON, GRADE]] = width, gauge, fdt, ct, carbon, grade
        row[BAR_GAUGE], row[CROWN_AIM] = bar_gauge_for(gauge), crown_for(gauge)
        row[SLAB_THICKNESS], row[HARDNESS_TRUE] = THICKNESS, 1.0
    rows.flags.writeable = False
    return rows


@cache
def due_dates(coils: int, lot: int) -> Array:
    """Return when each coil is due (s), shape (coils,): the coils of a lot together."""
    last = (np.arange(coils) // lot + 1) * lot
    due = np.asarray(PACE * last + SLACK, np.float64)
    due.flags.writeable = False
    return due


@cache
def _first_of_lot(coils: int, lot: int) -> NDArray[np.int64]:
    first: NDArray[np.int64] = np.arange(coils) // lot * lot
    first.flags.writeable = False
    return first


def random_orders(chances: Array, lot: int = LOT) -> Array:
    """Return orders drawn at random, shape (coils, len(ORDER)), SI.

    Args:
        chances: (coils, CHANCES) numbers in [0, 1).
        lot: coils of one product in a row.
    """
    coils = len(chances)
    of_lot = chances[_first_of_lot(coils, lot)]
    orders: Array = _products()[(of_lot[:, 0] * len(PRODUCTS)).astype(np.intp)]
    width = orders[:, WIDTH]
    orders[:, MASS] = mass = width * (MASS_LOW + MASS_SPAN * chances[:, 3])
    section = (SLAB_DENSITY * THICKNESS) * (width + SIDE_DRAFT)
    orders[:, SLAB_LENGTH] = mass / section
    orders[:, CHARGE_TEMPERATURE] = np.where(
        of_lot[:, 1] < HOT_CHARGED, HOT + HOT_SPAN * of_lot[:, 2], COLD + COLD_SPAN * of_lot[:, 2]
    )
    orders[:, DUE] = due_dates(coils, lot)
    return orders


def true_hardness(chances: Array) -> Array:
    """Return how hard each grade really is over what is expected, shape (len(GRADES),).

    Args:
        chances: (HARDNESSES,) numbers in [0, 1); three make a deviate of 1 that never passes 3.
    """
    deviates = 2.0 * chances.reshape(3, -1).sum(axis=0) - 3.0
    factors: Array = (1.0 + COMMON * deviates[0]) * (1.0 + OWN * deviates[1:])
    return factors
