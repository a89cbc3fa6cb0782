"""What a coil order says, field by field, and the grades and products that orders are made of.

One row of `FIELDS` is the whole truth about one field: its name, its SI range, and the column of an
order book in plant units. Grades carry a chemistry as declared and the aims that go with it; how
hard a grade really is, level 2 does not know (`hardness_true`, ground truth).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an order.

    Attributes:
        name: in the code.
        unit: SI unit, "1" for pure numbers, "wt%" for contents.
        low: least value that a mill of this kind takes, SI.
        high: greatest.
        column: in an order book; "" when a book does not give it.
        plant_unit: of that column, a name of `units.UNITS`.
        english: what it is.
    """

    name: str
    unit: str
    low: float
    high: float
    column: str
    plant_unit: str
    english: str


# Ranges [M 3.11]: what the default mill and its furnaces take; the gauge is what seven stands roll.
FIELDS = (
    Field("width", "m", 0.80, 1.65, "width_mm", "mm", "strip width aim"),
    Field("gauge", "m", 1.6e-3, 10e-3, "gauge_mm", "mm", "strip thickness aim"),
    Field("fdt_aim", "K", 1073.15, 1223.15, "fdt_aim_degC", "degC", "finishing delivery aim"),
    Field("ct_aim", "K", 723.15, 993.15, "ct_aim_degC", "degC", "coiling temperature aim"),
    Field("carbon", "wt%", 0.01, 1.2, "carbon_pct", "1", "carbon as declared"),
    Field("mass", "kg", 4e3, 32e3, "", "", "mass of the slab"),
    Field("slab_thickness", "m", 0.15, 0.26, "slab_thickness_mm", "mm", "slab thickness"),
    Field("slab_length", "m", 4.0, 11.0, "slab_length_m", "m", "slab length"),
    Field(
        "charge_temperature", "K", 263.15, 1173.15, "charge_temperature_degC", "degC",
        "slab temperature at charging",
    ),
    Field("bar_gauge", "m", 25e-3, 45e-3, "bar_gauge_mm", "mm", "transfer bar thickness aim"),
    Field("crown_aim", "m", 0.0, 120e-6, "crown_aim_um", "um", "strip crown aim"),
    Field("hardness_true", "1", 0.8, 1.3, "", "", "real over expected hardness of the grade"),
    Field("grade", "1", 0, 7, "grade", "", "index of the grade in GRADES"),
    Field("due_seconds", "s", 0.0, 864e3, "due_s", "s", "due at the coiler, campaign time"),
)  # fmt: skip
ORDER = tuple(field.name for field in FIELDS)
(
    WIDTH, GAUGE, FDT_AIM, CT_AIM, CARBON, MASS, SLAB_THICKNESS, SLAB_LENGTH,
    CHARGE_TEMPERATURE, BAR_GAUGE, CROWN_AIM, HARDNESS_TRUE, GRADE, DUE,
) = range(len(ORDER))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade of steel as a level-2 computer knows it.

    Attributes:
        name: public name.
        carbon: declared content (wt%); so the next two.
        manganese: wt%.
        niobium: wt%.
        fdt: usual aim of the finishing delivery temperature (K).
        ct: usual aim of the coiling temperature (K).
    """

    name: str
    carbon: float
    manganese: float
    niobium: float
    fdt: float
    ct: float


# Contents inside EN 10111, EN 10025-2, EN 10149-2 and EN ISO 683-1 [M]; aims inside 3.11 [M].
GRADES = (
    Grade("DD11", 0.06, 0.30, 0.0, 1158.15, 893.15),
    Grade("DD13", 0.04, 0.22, 0.0, 1163.15, 903.15),
    Grade("S235JR", 0.08, 0.50, 0.0, 1161.15, 893.15),
    Grade("S275JR", 0.12, 0.80, 0.0, 1163.15, 868.15),
    Grade("S355JR", 0.14, 1.20, 0.0, 1165.15, 848.15),
    Grade("S355MC", 0.07, 0.90, 0.025, 1153.15, 873.15),
    Grade("S420MC", 0.08, 1.25, 0.040, 1151.15, 863.15),
    Grade("C22E", 0.20, 0.55, 0.0, 1153.15, 873.15),
)
GRADE_NAMES = tuple(grade.name for grade in GRADES)

# width m, gauge m, FDT aim K, CT aim K, declared carbon wt%, grade: the products of a random book,
# inside the ranges of [M 3.11]
PRODUCTS = (
    (1.25, 2.6e-3, 1161.0, 893.0, 0.08, 2),
    (1.10, 2.2e-3, 1155.0, 883.0, 0.06, 0),
    (1.40, 3.2e-3, 1167.0, 873.0, 0.10, 3),
    (1.20, 3.8e-3, 1173.0, 853.0, 0.12, 3),
    (1.30, 2.4e-3, 1158.0, 903.0, 0.06, 0),
    (1.00, 3.0e-3, 1165.0, 848.0, 0.14, 4),
)

SLAB_DENSITY = 7850.0  # kg/m3: of a cold slab [M 3.7]
SIDE_DRAFT = 0.025  # m: a slab of a random book is wider than its strip by so much [M 3.3]
THIN_BAR, BAR, THICK_BAR = 32e-3, 34e-3, 38e-3  # m: bar for thin, usual, thick strip [M 3.11]
THIN_STRIP, THICK_STRIP = 2.0e-3, 5.0e-3  # m: gauges at which the bar aim changes [T]
CROWN_SHARE = 0.016  # 1: crown aim over gauge [M 3.9]
LEAST_CROWN, MOST_CROWN = 30e-6, 70e-6  # m: crown aims of a usual mill [M 3.9]


def bar_gauge_for(gauge: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return the usual aim of the transfer bar (m) for a strip of `gauge` (m)."""
    thick = np.where(np.asarray(gauge) > THICK_STRIP, THICK_BAR, BAR)
    return np.where(np.asarray(gauge) < THIN_STRIP, THIN_BAR, thick)


def crown_for(gauge: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return the usual aim of the strip crown (m) for a strip of `gauge` (m)."""
    return np.clip(CROWN_SHARE * np.asarray(gauge), LEAST_CROWN, MOST_CROWN)


def slab_width(orders: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the width of each slab (m), shape (coils,), from its mass, thickness and length.

    Args:
        orders: (coils, len(ORDER)), SI.
    """
    section = SLAB_DENSITY * orders[:, SLAB_THICKNESS] * orders[:, SLAB_LENGTH]
    return np.asarray(orders[:, MASS] / section)
