"""A plan: all that is ordered and all that goes wrong in one campaign, drawn before it begins.

A plan is a pure function of scenario, seed, episode, number of coils and order book: the same bits
wherever and whenever it is drawn. Orders hang on seed and episode alone, so that a day with a fault
and one without it roll the same coils. A plan never hangs on what the plant does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .catalogue import scenario as scenario_of
from .draw import DISTURBANCES, SHIFTS, Draw
from .faults import FAULTS, FOREVER, Fault
from .fields import DUE, GRADE, HARDNESS_TRUE, ORDER, slab_width
from .mix import CHANCES, HARDNESSES, LOT, random_orders, true_hardness
from .notes import Note, NoteTruth, write_notes
from .orders import Book, load_book
from .registry import Scenario

__all__ = [
    "DISTURBANCES", "FAULTS", "ORDER", "SHIFTS", "Fault", "Happening", "Plan", "Truth", "draw_plan",
]  # fmt: skip

Array = NDArray[np.float64]

PURPOSE = 70  # apart from the keys of the line's own noise
POOL = 96  # numbers in [0, 1) that a scenario may use
MOST_COILS = 10_000  # of a plan
MOST_SEED, MOST_EPISODE = 2**32, 2**24


@dataclass(frozen=True, slots=True)
class Happening:
    """One fault of a campaign, as it truly is.

    Attributes:
        kind: a name of FAULTS.
        from_coil: first coil under it.
        until_coil: first coil without it again; FOREVER when it stays.
        size: full size, in the unit of the kind.
        ramp: s from onset to full size.
        place: stand, gap, bank or zone; 0 when it has none.
    """

    kind: str
    from_coil: int
    until_coil: float
    size: float
    ramp: float
    place: int


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happens in a campaign: for reports and evaluation, never for a seat.

    Attributes:
        scenario: name.
        level: of the scenario.
        tags: of the scenario.
        faults: what goes wrong, in the order of onset.
        notes: which note is true, which not, which is hostile.
        disturbances: factor on each of DISTURBANCES.
        shifts: factor on each of SHIFTS.
        hardness: real over expected hardness of each coil, shape (coils,).
    """

    scenario: str
    level: str
    tags: tuple[str, ...]
    faults: tuple[Happening, ...]
    notes: tuple[NoteTruth, ...]
    disturbances: Mapping[str, float]
    shifts: Mapping[str, float]
    hardness: Array


@dataclass(frozen=True, eq=False)
class Plan:
    """One campaign, drawn. All arrays are read-only.

    Attributes:
        scenario: the kind of day.
        seed: of the campaign.
        episode: 0 for the first campaign of the seed.
        orders: (coils, len(ORDER)), SI; row n is coil n + 1. `hardness_true` is ground truth.
        faults: (len(FAULTS), 5): from_coil, until_coil (exclusive), size, ramp_s, place. A kind
            that does not come has a row of zeros. Ground truth.
        disturbances: (len(DISTURBANCES),) factors.
        shifts: (len(SHIFTS),) factors by which this plant's parameters differ.
        tariff: (3,) from s, until s, factor on the price of energy between the two.
        asked: kinds of notes the scenario asks for, and the coil they come with.
    """

    scenario: Scenario
    seed: int
    episode: int
    orders: Array
    faults: Array
    disturbances: Array
    shifts: Array
    tariff: Array
    asked: tuple[tuple[str, int], ...]

    @property
    def coils(self) -> int:
        """How many coils are ordered."""
        return len(self.orders)

    @property
    def slab_width(self) -> Array:
        """Width of each slab (m), shape (coils,)."""
        return slab_width(self.orders)

    @property
    def happenings(self) -> tuple[Happening, ...]:
        """The faults of the campaign in the order of onset. Ground truth."""
        found = [
            Happening(name, int(first), until, size, ramp, int(at))
            for name, (first, until, size, ramp, at) in zip(
                FAULTS, self.faults.tolist(), strict=True
            )
            if until > first
        ]
        return tuple(sorted(found, key=lambda one: one.from_coil))

    def under_fault(self) -> "Plan":
        """Return this day as it is once what goes wrong has come: from the first coil, in full.

        A fault of a few coils stays for as many. Of a day that is not about its faults (its level
        is not "faults") nothing is changed.
        """
        if self.scenario.level != "faults":
            return self
        faults = self.faults.copy()
        first, until, ramp = faults[:, 0], faults[:, 1], faults[:, 3]
        comes = until > first
        stays = comes & (until >= FOREVER)
        until[comes & ~stays] += 1.0 - first[comes & ~stays]
        first[comes], ramp[comes] = 1.0, 0.0
        faults.flags.writeable = False
        return replace(self, faults=faults)

    @cached_property
    def _written(self) -> tuple[tuple[Note, ...], tuple[NoteTruth, ...]]:
        return write_notes(self)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What lies on the desk: notes in the order in which they come. Drawn when first read."""
        return self._written[0]

    @property
    def truth(self) -> Truth:
        """What really happens; the only place that says which note is true."""
        return Truth(
            self.scenario.name,
            self.scenario.level,
            self.scenario.tags,
            self.happenings,
            self._written[1],
            dict(zip(DISTURBANCES, self.disturbances.tolist(), strict=True)),
            dict(zip(SHIFTS, self.shifts.tolist(), strict=True)),
            self.orders[:, HARDNESS_TRUE],
        )


def draw_plan(
    scenario: str | Scenario, seed: int, episode: int = 0, coils: int = 60, book: Book | None = None
) -> Plan:
    """Draw the plan of a campaign.

    Args:
        scenario: a scenario or its name.
        seed: in [0, 2**32).
        episode: in [0, 2**24).
        coils: in [1, MOST_COILS]; a shorter plan is the beginning of a longer one.
        book: orders to roll, from the first again when they run out; None takes the scenario's own
            book, or draws products at random.

    Raises:
        ConfigError: for a scenario that does not exist or a number outside its range.
    """
    if isinstance(scenario, str):
        scenario = scenario_of(scenario)
    _check("seed", seed, 0, MOST_SEED - 1)
    _check("episode", episode, 0, MOST_EPISODE - 1)
    _check("coils", coils, 1, MOST_COILS)
    place = np.array((seed, episode, PURPOSE), np.uint32)
    numbers = np.random.default_rng(place).random(POOL + HARDNESSES + CHANCES * coils)
    day = Draw(numbers[:POOL].tolist())
    scenario.writes(day)
    if book is None and day.book:
        book = load_book(day.book)
    if book is None:
        chances = numbers[POOL + HARDNESSES :].reshape(coils, CHANCES)
        orders = random_orders(chances, day.lot or LOT)
    else:
        orders = book.repeated(coils)
    hardness = true_hardness(numbers[POOL : POOL + HARDNESSES])
    orders[:, HARDNESS_TRUE] = hardness[orders[:, GRADE].astype(np.intp)]
    if day.slack:
        orders[:, DUE] = np.maximum(orders[:, DUE] + day.slack, 0.0)
    faults = np.zeros((len(FAULTS), 5))
    for kind, row in day.faults.items():
        faults[FAULTS[kind].index] = row
    arrays = (
        orders, faults, np.array(day.disturbances), np.array(day.shifts), np.array(day.tariff),
    )  # fmt: skip
    for array in arrays:
        array.flags.writeable = False
    return Plan(scenario, seed, episode, *arrays, tuple(day.notes))


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{name} {value} is outside [{low}, {high}]; use a number inside")
