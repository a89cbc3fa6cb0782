"""Plant units, converted in this one place: SI inside, what an operator reads outside."""

from math import pi

from .errors import ConfigError

UNITS: dict[
    str, tuple[str, float, float]
] = {  # plant unit: (SI unit, scale, offset); SI = plant * scale + offset
    "1": ("1", 1.0, 0.0),
    "%": ("1", 0.01, 0.0),
    "wt%": ("1", 0.01, 0.0),
    "s": ("s", 1.0, 0.0),
    "m": ("m", 1.0, 0.0),
    "mm": ("m", 1e-3, 0.0),
    "um": ("m", 1e-6, 0.0),
    "m/s": ("m/s", 1.0, 0.0),
    "degC": ("K", 1.0, 273.15),
    "K": ("K", 1.0, 0.0),
    "kN": ("N", 1e3, 0.0),
    "MN": ("N", 1e6, 0.0),
    "MW": ("W", 1e6, 0.0),
    "m3/h": ("m3/s", 1.0 / 3600.0, 0.0),
    "Nm3/h": ("m3/s", 1.0 / 3600.0, 0.0),  # gas at 0 degC and 1 atm on both sides
    "Pa": ("Pa", 1.0, 0.0),
    "bar": ("Pa", 1e5, 0.0),
    "MPa": ("Pa", 1e6, 0.0),
    "kNm": ("N m", 1e3, 0.0),
    "deg": ("rad", pi / 180.0, 0.0),
    "IU": ("1", 1e-5, 0.0),  # I-unit of flatness: 1e-5 of length
    "EUR": ("EUR", 1.0, 0.0),
}


def to_si(value: float, unit: str) -> float:
    """Return `value` of the plant unit `unit` in SI.

    >>> to_si(880.0, "degC")
    1153.15
    """
    _, scale, offset = _row(unit)
    return value * scale + offset


def from_si(value: float, unit: str) -> float:
    """Return the SI `value` in the plant unit `unit`.

    >>> round(from_si(0.0026, "mm"), 6)
    2.6
    """
    _, scale, offset = _row(unit)
    return (value - offset) / scale


def _row(unit: str) -> tuple[str, float, float]:
    try:
        return UNITS[unit]
    except KeyError:
        raise ConfigError(f"unit {unit!r} is not known; use one of {', '.join(UNITS)}") from None
