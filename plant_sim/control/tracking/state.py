"""All that a tracker remembers, and the order of the coil it follows."""

from collections.abc import Mapping
from dataclasses import dataclass

from .delivery import Delivery
from .forces import Forces
from .gauge import Gauge
from .intake import Intake
from .levels import Key
from .motion import Motion
from .page import TrackingPage
from .stock import Stock
from .table import RunOutTable
from .water import Water

UNKNOWN: Key = ()  # product of a coil whose order has not been shown


@dataclass(slots=True)
class Order:
    """What the order of the coil says, as far as it has been shown (SI, carbon in %)."""

    width: float | None = None
    gauge: float | None = None
    fdt: float | None = None
    ct: float | None = None
    carbon: float | None = None

    def take(self, values: Mapping[str, float]) -> None:
        """Take over what is shown; what is not stays as it was."""
        self.width = values.get("coil.width", self.width)
        self.gauge = values.get("coil.gauge_aim", self.gauge)
        self.fdt = values.get("coil.fdt_aim", self.fdt)
        self.ct = values.get("coil.ct_aim", self.ct)
        if "coil.carbon" in values:
            self.carbon = 100.0 * values["coil.carbon"]

    @property
    def key(self) -> Key:
        """What tells its product from others: carbon, gauge and both temperature aims."""
        parts = (self.carbon, self.gauge, self.fdt, self.ct)
        if any(part is None for part in parts):
            return UNKNOWN
        scales = (1e3, 1e5, 1.0, 1.0)
        return tuple(
            round((part or 0.0) * scale) for part, scale in zip(parts, scales, strict=True)
        )


@dataclass(slots=True)
class State:
    """All that a tracker remembers."""

    intake: Intake
    motion: Motion
    stock: Stock
    delivery: Delivery
    forces: Forces
    gauge: Gauge
    water: Water
    table: RunOutTable
    order: Order
    key: Key
    time: float | None
    page: TrackingPage | None
    coils: int
    since_forces: float
    began: float | None
    seconds: float
    spoiled: bool
    tracked: int | None  # number of the coil whose short-term values these are
