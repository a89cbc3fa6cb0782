"""The data sheet of a mill as tracking is given it: places, radii, banks; nothing drawn."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ...errors import ConfigError

if TYPE_CHECKING:
    from ...lines.hot_strip.config import Mill

ZERO_FORCE = 12.0e6  # N: at which the rougher's gap was zeroed, data sheet [M 3.4]


@dataclass(frozen=True, slots=True)
class TrackedMill:
    """What a works knows of its mill without measuring. SI; places are m behind the last stand.

    Attributes:
        radii: work-roll radii of the stands (m), the first one first.
        ways: strip from each stand to the next one (m); zeros for a plant in which a segment meets
            all stands at one moment, as the supervisory resolution has it.
        rougher_modulus: stretch modulus of the rougher (N/m).
        delivery: place of the finishing pyrometer.
        middle: place of the pyrometer in the middle of the table.
        pyrometer: place of the coiling pyrometer.
        coiler: place of the coiler.
        first_bank: where the first cooling bank begins.
        bank_length: m.
        banks: main and trim banks together.
        furnaces: 1 or 2.
        rougher_zero: force at which the rougher's gap was zeroed (N).
        first: number of the first stand in the names of the signals: 2 of a mill of six, F2 to F7.
    """

    radii: tuple[float, ...]
    ways: tuple[float, ...]
    rougher_modulus: float
    delivery: float
    middle: float
    pyrometer: float
    coiler: float
    first_bank: float
    bank_length: float
    banks: int
    furnaces: int
    rougher_zero: float = ZERO_FORCE
    first: int = 1

    def __post_init__(self) -> None:
        if len(self.ways) != len(self.radii) - 1 or len(self.radii) < 5:
            raise ConfigError(
                f"{len(self.radii)} radii with {len(self.ways)} ways between stands; tracking "
                "needs five stands at least, and one way less than stands"
            )
        if not 0.0 < self.first_bank < self.middle < self.pyrometer < self.coiler:
            raise ConfigError(
                "first_bank, middle, pyrometer and coiler of the tracked mill must rise in this "
                f"order, not {self.first_bank}, {self.middle}, {self.pyrometer}, {self.coiler}"
            )

    @classmethod
    def of(cls, mill: "Mill", travels: bool = False) -> Self:
        """Return the data sheet of a mill file.

        Args:
            mill: as `lines.hot_strip.config.load_mill` reads it.
            travels: whether the strip needs time from stand to stand: true of a real plant and of
                the fine resolution, false of the supervisory one.
        """
        table = mill.run_out_table
        between = [stand.distance for stand in mill.stands[:-1]]
        return cls(
            radii=tuple(stand.work_roll_radius for stand in mill.stands),
            ways=tuple(between if travels else [0.0] * len(between)),
            rougher_modulus=mill.rougher.modulus,
            delivery=mill.mill.pyrometer_distance,
            middle=table.mid_pyrometer,
            pyrometer=table.ct_pyrometer,
            coiler=table.coiler,
            first_bank=table.first_bank,
            bank_length=table.bank_length,
            banks=table.main_banks + table.trim_banks,
            furnaces=mill.furnaces.count,
            first=mill.absent + 1,
        )

    @property
    def numbers(self) -> range:
        """Numbers of the stands in the names of the signals."""
        return range(self.first, self.first + len(self.radii))
