"""The sheet on which a scenario writes what happens: faults, disturbances, orders, notes.

A scenario is a small function that is given a `Draw`. All it takes by chance comes from numbers
drawn beforehand from the seed, so that what one scenario draws never hangs on another.
"""

from collections.abc import Sequence

from ..errors import ConfigError
from .faults import FAULTS, FOREVER

Span = tuple[float, float]
FaultRow = tuple[float, float, float, float, float]  # from coil, until coil, size, ramp, place

# What varies from coil to coil and from interval to interval: 1 is a normal shift, 0 is calm.
DISTURBANCES = (
    "instrument_noise", "hardness", "cooling", "bar_temperature", "skid", "water_temperature",
    "gap_time", "charge_temperature",
)  # fmt: skip
# By how much this plant differs from the one that was trained on: factors, 1 is no difference.
SHIFTS = ("modulus", "friction", "flow_stress", "heat_transfer")


class Draw:
    """What a scenario has written so far.

    Args:
        chances: numbers in [0, 1), used one after the other.
    """

    def __init__(self, chances: Sequence[float]) -> None:
        self._chances = chances
        self._used = 0
        self.faults: dict[str, FaultRow] = {}
        self.disturbances = [1.0] * len(DISTURBANCES)
        self.shifts = [1.0] * len(SHIFTS)
        self.lot = 0  # coils of one product in a row; 0 leaves the usual number
        self.book = ""  # of the package; "" draws products at random
        self.slack = 0.0  # s: due this much later (or, negative, earlier) than usual
        self.tariff = (0.0, 0.0, 1.0)  # from s, until s, factor on the price of energy
        self.notes: list[tuple[str, int]] = []  # kinds of notes this day has for certain, from coil

    def unit(self) -> float:
        """Return the next number in [0, 1).

        Raises:
            ConfigError: the scenario draws more than there are.
        """
        if self._used == len(self._chances):
            raise ConfigError(
                f"a scenario draws more than {len(self._chances)} numbers; let it draw fewer"
            )
        self._used += 1
        return self._chances[self._used - 1]

    def chance(self, odds: float) -> bool:
        """Return true with this likelihood (0..1)."""
        return self.unit() < odds

    def between(self, low: float, high: float) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * self.unit()

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both possible."""
        return low + int((high - low + 1) * self.unit())

    def one_of(self, names: Sequence[str]) -> str:
        """Return one of the names, each as likely."""
        return names[int(len(names) * self.unit())]

    def fault(
        self,
        kind: str,
        size: Span | None = None,
        start: tuple[int, int] = (3, 10),
        lasts: tuple[int, int] | None = None,
        place: tuple[int, int] | None = None,
        ramp: Span | None = None,
    ) -> None:
        """Write a fault of this kind; a second one of the same kind replaces the first.

        Args:
            kind: a name of `FAULTS`.
            size: least and greatest size in the unit of the kind, taken with its sign; None for the
                whole range of the kind, with either sign where it has both.
            start: first and last coil with which it may begin.
            lasts: least and greatest number of coils; None until the end.
            place: first and last place; None for every place of the kind.
            ramp: least and greatest time from onset to full size (s); None as the kind has it.
        """
        row = FAULTS[kind]
        low, high = size or (row.low, row.high)
        big = self.between(low, high)
        if size is None and row.both and self.chance(0.5):
            big = -big
        first = float(self.whole(*start))
        end = first + self.whole(*lasts) if lasts else FOREVER
        where = float(self.whole(*(place or row.places)))
        self.faults[kind] = (first, end, big, self.between(*(ramp or row.ramp)), where)

    def disturb(self, factor: float, *names: str) -> None:
        """Multiply these disturbances, or all of them, by `factor`."""
        for name in names or DISTURBANCES:
            self.disturbances[DISTURBANCES.index(name)] *= factor

    def shift(self, name: str, factor: float) -> None:
        """Let this plant differ: `name` of SHIFTS times `factor`."""
        self.shifts[SHIFTS.index(name)] *= factor

    def note(self, kind: str) -> None:
        """Have a note of this kind (`notes.KINDS`) lie on the desk early in the campaign."""
        self.notes.append((kind, self.whole(1, 4)))
