"""What makes an environment out of a plant: actions, observations, money, harm and an end.

A `Task` is a table of facts; `Play` applies it to n plants, and the single and the native vector
environment are two faces of one `Play`. Shapes are (n, ...) over the plants, everything is SI.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .options import Options

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Plant(Protocol):
    """n plants side by side, each with a seed of its own and blind to its neighbours."""

    n: int

    def reseed(self, lane: int, seed: int | None) -> None:
        """Choose what `begin` starts next: episode 0 of a seed, or the next one of the same."""
        ...

    def begin(self, mask: Flags | None = None) -> None:
        """Put all plants, or the masked ones, at the start of their present campaign."""
        ...

    def advance(self, intervals: int = 1) -> None:
        """Move every plant by this many of its own control intervals."""
        ...

    def lane(self, lane: int) -> Any:
        """Return the whole state of one plant."""
        ...

    def put(self, lane: int, state: Any) -> None:
        """Set one plant to a state taken with `lane` from a plant of the same kind."""
        ...


P = TypeVar("P", bound=Plant)
Q = TypeVar("Q", bound=Plant, contravariant=True)  # what reads a plant reads any special one too


@dataclass(frozen=True, slots=True)
class Action:
    """One number of an action: -1..1 asks for `centre` -/+ `span`, approached at `rate`.

    Attributes:
        name: of the control or trim it moves.
        unit: SI unit.
        span: SI distance of an action of 1 from the centre.
        rate: greatest SI change in one step; infinite for "at once".
        english: meaning in one phrase.
        centre: SI value of an action of 0, and where an episode starts.
        below: SI distance of an action of -1 from the centre where it is not the span.
        choices: for a selector its values: an action of 0 or less takes the first, the others
            share the way from 0 to 1; span, rate and centre then say nothing.
    """

    name: str
    unit: str
    span: float
    rate: float
    english: str
    centre: float = 0.0
    below: float | None = None
    choices: tuple[float, ...] = ()

    @property
    def start(self) -> float:
        """SI value at the beginning of an episode."""
        return self.choices[0] if self.choices else self.centre

    @property
    def span_below(self) -> float:
        """SI distance of an action of -1 from the centre."""
        return self.span if self.below is None else self.below

    def asking_for(self, value: float) -> float:
        """Return the number of -1 to 1 that asks for an SI value."""
        if self.choices:
            return self.choices.index(value) / (len(self.choices) - 1)
        reach = self.span if value > self.centre else self.span_below
        return (value - self.centre) / reach


class Targets:
    """How the actions of a task move what they ask for, all at once; shapes are (n, actions)."""

    def __init__(self, actions: Sequence[Action]) -> None:
        self.start = np.array([action.start for action in actions])
        self._centre = np.array([action.centre for action in actions])
        self._above = np.array([action.span for action in actions])
        self._below = np.array([action.span_below for action in actions])
        self._rate = np.array([action.rate for action in actions])
        self._selectors = [
            (column, np.asarray(action.choices, np.float64))
            for column, action in enumerate(actions)
            if action.choices
        ]

    def follow(self, asked: Array, present: Array) -> Array:
        """Return the SI values after this step; `asked` within -1..1, `present` SI."""
        way = np.where(asked < 0.0, self._below, self._above)
        wanted = self._centre + asked * way - present
        values: Array = present + np.minimum(np.maximum(wanted, -self._rate), self._rate)
        for column, choices in self._selectors:
            most = len(choices) - 1
            # float32 rounds an action such as 2/6 up
            index = np.ceil(asked[:, column] * most - 1e-6)
            values[:, column] = choices[np.clip(index, 0, most).astype(np.int64)]
        return values


@dataclass(frozen=True, slots=True)
class Seen(Generic[Q]):
    """One number of an observation: (value - centre) / scale, clipped to -5..5.

    Attributes:
        name: of the signal it comes from; the name that the option `observe` takes.
        unit: SI unit of the value.
        scale: SI value that shows as 1.
        english: meaning in one phrase, for the datasheet.
        read: returns the SI values (n,) of a plant.
        centre: SI value that shows as 0.
        noise: deviation of the instrument (SI) that the option `noise` multiplies; 0 if computed.
    """

    name: str
    unit: str
    scale: float
    english: str
    read: Callable[[Q], Array]
    centre: float = 0.0
    noise: float = 0.0


@dataclass(frozen=True, slots=True)
class Term:
    """One reason of money or of harm, under its name in `info`.

    Attributes:
        name: key in `info`; of harm without its prefix `harm_`.
        price: EUR per unit, below 0 for what is earned; 1 for harm, which is never money.
        unit: what is counted (kg, J, s).
        english: what it is for.
    """

    name: str
    price: float
    unit: str
    english: str


@dataclass(frozen=True, slots=True)
class Chart(Generic[Q]):
    """One strip chart of the picture: what is drawn over the episode, and between which values."""

    title: str
    low: float
    high: float
    read: Callable[[Q], Array]
    aim: Callable[[Q], Array] | None = None


class Task(ABC, Generic[P]):
    """Definition of an environment. Subclasses fill the table and the few methods."""

    name: ClassVar[str]  # as in `passline/<name>-v0`
    intervals: ClassVar[int]  # of the plant in one step
    seconds: ClassVar[float]  # plant time of a step; of a step that lasts a coil, about
    horizon: ClassVar[int]  # steps after which an episode is truncated
    actions: tuple[Action, ...]
    observations: tuple[Seen[P], ...]
    money: tuple[Term, ...]
    harms: tuple[Term, ...]
    charts: tuple[Chart[P], ...] = ()
    presets: Mapping[str, tuple[str, ...]] = {}  # names for `observe`, beside "all"
    resolutions: tuple[str, ...] = ("supervisory",)

    @abstractmethod
    def make(self, seeds: Sequence[int], options: "Options") -> P:
        """Return one plant a seed.

        Raises:
            ConfigError: for a scenario or a configuration that does not exist.
        """

    @abstractmethod
    def apply(self, plant: P, values: Array) -> None:
        """Write the present value (SI) of each action, shape (n, actions)."""

    @abstractmethod
    def spent(self, plant: P) -> dict[str, Array]:
        """Return the money (EUR) by name since the campaign began; each (n,)."""

    @abstractmethod
    def hurt(self, plant: P) -> dict[str, Array]:
        """Return the harm (s) by name since the campaign began; each (n,)."""

    def remarks(self, plant: P) -> dict[str, Array]:
        """Return what `info` carries of this moment beside money and harm; each (n,)."""
        del plant
        return {}

    def finished(self, plant: P) -> Flags:
        """Return which plants have done the task, shape (n,); by default none ever has."""
        return np.zeros(plant.n, bool)

    def coming(self, ahead: int) -> tuple[Seen[P], ...]:
        """Return what is seen of the next `ahead` orders; none where a plant takes no orders."""
        del ahead
        return ()

    def picture(self, plant: P, lane: int, trace: Array) -> NDArray[np.uint8]:
        """Return a picture (height, width, 3) of one plant.

        Args:
            plant: the plants.
            lane: which one.
            trace: the episode so far, shape (steps + 1, charts, 2): value and aim of each chart.
        """
        from .picture import strip_charts

        del plant, lane
        return strip_charts(self.charts, trace)
