"""Plant time and wall time, kept apart: a limit that both clocks could judge says which it means.

*Plant time* is the clock of the line: what rolls, cools and wears goes by it, and a simulated line
may run it at any multiple, stop it or move it step by step. *Wall time* is `time.monotonic()` of
this machine: what people, links and processes need goes by it. The calendar (`time.time()`) is for
records alone and no limit uses it.
"""

from dataclasses import dataclass
from typing import Literal

from .errors import ConfigError


@dataclass(frozen=True, slots=True)
class Moment:
    """Both clocks at one moment: `plant` of the line, `wall` = `time.monotonic()`; s."""

    plant: float
    wall: float


@dataclass(frozen=True, slots=True)
class Limit:
    """A time that must not be exceeded, by one of the two clocks; made by `plant` or `wall`.

    >>> age = plant(30.0)
    >>> age.over(Moment(0.0, 0.0), Moment(42.0, 3.0))
    True
    >>> wall(15.0).over(Moment(0.0, 0.0), Moment(42.0, 3.0))
    False

    Raises:
        ConfigError: if the time is negative or not a number.
    """

    seconds: float
    clock: Literal["plant", "wall"]

    def __post_init__(self) -> None:
        if not self.seconds >= 0.0:
            raise ConfigError(f"a limit of {self.seconds} s is not 0 or more; give a time in s")

    def age(self, since: Moment, now: Moment) -> float:
        """Return how much time of this limit's clock has passed (s)."""
        if self.clock == "plant":
            return now.plant - since.plant
        return now.wall - since.wall

    def over(self, since: Moment, now: Moment) -> bool:
        """Return whether more than the limit has passed; a time that is not known is over."""
        return not self.age(since, now) <= self.seconds


def plant(seconds: float) -> Limit:
    """Return a limit in plant time (s)."""
    return Limit(seconds, "plant")


def wall(seconds: float) -> Limit:
    """Return a limit in wall time (s)."""
    return Limit(seconds, "wall")
