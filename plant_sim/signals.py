"""What a plant says: named quantities, and the samples of them that reach us.

A `Signal` is declared once, in SI, with its range, its writer and its meaning in two languages.
A `Sample` is never a bare number: it carries its quality, the plant time at which it was true and
the moment at which it reached us.
"""

from dataclasses import dataclass
from enum import IntEnum
from math import isfinite
from typing import Literal

from .errors import ConfigError


class Quality(IntEnum):
    """How far a value may be trusted; the ordering is that of classic OPC."""

    BAD = 0
    UNCERTAIN = 64
    GOOD = 192


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one signal as it was seen.

    Attributes:
        value: SI; NaN when the quality is BAD and nothing usable is known.
        quality: how far the value may be trusted.
        time: plant clock at which the value was true (s).
        received: `time.monotonic()` at reception (s); the age of a sample is computed from this.
        status: status code of the protocol, kept as received; 0 is good.
    """

    value: float
    quality: Quality
    time: float
    received: float
    status: int = 0

    @property
    def good(self) -> bool:
        """Whether the value is finite and of GOOD quality."""
        return self.quality is Quality.GOOD and isfinite(self.value)


Writer = Literal["instrument", "level1", "level2", "operator"]


@dataclass(frozen=True, slots=True)
class Signal:
    """One named quantity of a plant.

    Attributes:
        name: `<station>.<quantity>`, lower case; the name used everywhere inside.
        unit: SI unit (K, m, m/s, N, W, s, 1).
        low: least plausible value, SI.
        high: greatest plausible value, SI.
        display: unit an operator reads, a key of `units.UNITS` (degC, mm, kN, %, ...).
        writer: who may write it; only "operator" signals can be asked for through a control.
        english: meaning in one phrase.
        korean: the same in Korean.
        noise: standard deviation of the instrument (SI), 0 for a computed value.
    """

    name: str
    unit: str
    low: float
    high: float
    display: str
    writer: Writer
    english: str
    korean: str
    noise: float = 0.0

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and self.low < self.high):
            raise ConfigError(
                f"signal {self.name}: range [{self.low}, {self.high}] must be finite and rising; "
                "give both ends in SI"
            )
