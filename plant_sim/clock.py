"""Plant time and wall time, kept apart: every limit says which of the two it means.

*Plant time* is the clock of the line: what rolls, cools and wears goes by it, and a simulated line
may run it at any multiple, stop it or move it step by step. *Wall time* is `time.monotonic()` of
this machine: what people, links and processes need goes by it. Both are seconds and never go back;
the calendar (`time.time()`) is for records alone and no limit uses it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite
from typing import Literal, NewType, Protocol

from .errors import ConfigError

PlantSeconds = NewType("PlantSeconds", float)
WallSeconds = NewType("WallSeconds", float)


def wall_now() -> WallSeconds:
    """Return the wall clock (s); its zero means nothing."""
    return WallSeconds(time.monotonic())


@dataclass(frozen=True, slots=True)
class Moment:
    """Both clocks at one moment (s)."""

    plant: PlantSeconds
    wall: WallSeconds


@dataclass(frozen=True, slots=True)
class Limit:
    """A time that must not be exceeded, by one of the two clocks; made by `plant` or `wall`.

    >>> cooldown = plant(30.0)
    >>> str(cooldown), cooldown.over(moment(0.0, 0.0), moment(42.0, 3.0))
    ('30 s of plant time', True)
    >>> wall(15.0).over(moment(0.0, 0.0), moment(42.0, 3.0))
    False
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

    def left(self, since: Moment, now: Moment) -> float:
        """Return what is left (s of this limit's clock), 0 when it is over."""
        return 0.0 if self.over(since, now) else self.seconds - self.age(since, now)

    def __str__(self) -> str:
        return f"{self.seconds:g} s of {self.clock} time"


def plant(seconds: float) -> Limit:
    """Return a limit in plant time (s)."""
    return Limit(seconds, "plant")


def wall(seconds: float) -> Limit:
    """Return a limit in wall time (s)."""
    return Limit(seconds, "wall")


def moment(plant: float, wall: float) -> Moment:
    """Return the moment at which the clocks show these seconds."""
    return Moment(PlantSeconds(plant), WallSeconds(wall))


class Clock(Protocol):
    """Whatever knows both times."""

    def now(self) -> Moment:
        """Return both clocks; neither ever goes back."""
        ...


class SimulatedClock:
    """The clock of a simulated plant: it runs at a multiple of wall time, or stands and is stepped.

    Args:
        speed: plant seconds in a wall second; 0 stands, for pause and for lock-step.
        start: plant time to begin with (s).
        lead: most plant time that the clock may be ahead of what the plant has `done` (s): a plant
            that cannot keep up makes its clock wait, instead of a queue of steps.
        source: wall clock.

    Raises:
        ConfigError: if the speed is negative or not finite, or the lead is negative.
    """

    def __init__(
        self,
        speed: float = 1.0,
        start: float = 0.0,
        lead: float = inf,
        source: Callable[[], float] = time.monotonic,
    ) -> None:
        if not lead >= 0.0:
            raise ConfigError(f"lead {lead} s must be 0 or more")
        self._speed = _checked(speed)
        self._plant = self._done = start  # the plant time at which `_wall` was read
        self._wall = source()
        self._lead, self._source = lead, source

    @property
    def speed(self) -> float:
        """Plant seconds in a wall second; 0 while the clock stands."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        checked = _checked(speed)
        self.now()
        self._speed = checked

    def now(self) -> Moment:
        """Return both clocks."""
        wall = max(self._source(), self._wall)
        runs = self._plant + self._speed * (wall - self._wall)
        most = max(self._done + self._lead, self._plant)
        self._plant, self._wall = min(runs, most), wall
        return moment(self._plant, wall)

    def pause(self) -> None:
        """Let plant time stand; set `speed` to go on."""
        self.speed = 0.0

    def step(self, seconds: float) -> Moment:
        """Move plant time of a clock that stands (lock-step) and return the moment.

        Raises:
            ConfigError: if the clock runs, or the step is negative or not finite.
        """
        if self._speed > 0.0:
            raise ConfigError(f"the clock runs at {self._speed:g}; pause it before stepping it")
        if not (isfinite(seconds) and seconds >= 0.0):
            raise ConfigError(f"a step of {seconds} s cannot be made; plant time never goes back")
        self._plant += seconds
        self._done = max(self._done, self._plant)
        return self.now()

    def done(self, plant: float) -> None:
        """Note how far the plant has come (plant s)."""
        self._done = max(self._done, plant)

    def due(self, plant: float, interval: float) -> int:
        """Return how many whole intervals a plant at time `plant` (s) has still to make."""
        self.done(plant)
        behind = self.now().plant - plant
        return max(0, int(behind / interval + 1e-9))

    def wait(self, plant: float) -> float:
        """Return the wall time until the clock shows `plant` (s); infinite while it stands."""
        left = plant - self.now().plant
        if left <= 0.0:
            return 0.0
        return left / self._speed if self._speed > 0.0 else inf


class Jump(StrEnum):
    """A time told by a plant that cannot follow the one before."""

    BACK = "back"  # it restarted, or somebody set its clock
    AHEAD = "ahead"  # more time than can have passed


class FollowedClock:
    """Plant time as a plant tells it over a link; what the link says is checked, not trusted.

    Between two tellings plant time stands: nothing is extrapolated, so that a plant that is silent
    does not age its own limits. After a jump the clock holds until somebody `accept`s the new time.

    Args:
        fastest: most plant seconds in a wall second that are believed.
        slack: what a telling may be off because it was read late (plant s).
        source: wall clock.
    """

    def __init__(
        self,
        fastest: float = 60.0,
        slack: float = 5.0,
        source: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fastest, self._slack, self._source = _checked(fastest), slack, source
        self._plant: float | None = None
        self._offset = 0.0  # added to what is told since the last accepted jump
        self._moved = source()
        self.jump: Jump | None = None

    def tell(self, plant: float) -> Jump | None:
        """Take the plant time that was read just now (s).

        Returns:
            Why it cannot be true, or None; a time that is not finite tells nothing.
        """
        if not isfinite(plant):
            return self.jump
        wall, new = self._source(), plant + self._offset
        if self._plant is None:
            self._plant, self._moved = new, wall
        passed = new - self._plant
        if passed < -self._slack:
            self.jump = Jump.BACK
        elif passed > self._fastest * (wall - self._moved) + self._slack:
            self.jump = Jump.AHEAD
        elif self.jump is None and passed > 0.0:
            self._plant, self._moved = new, wall
        return self.jump

    def accept(self, plant: float) -> None:
        """Go on after a jump: `plant` (s) is what the plant shows now; our plant time goes on."""
        if not isfinite(plant):
            raise ConfigError(f"plant time {plant} cannot be accepted; read it anew")
        self._offset = (self._plant or 0.0) - plant
        self._moved, self.jump = self._source(), None

    def now(self) -> Moment:
        """Return both clocks; plant time is the last that was believed."""
        return moment(self._plant or 0.0, self._source())

    @property
    def silent(self) -> float:
        """Wall time since plant time last moved (s)."""
        return self._source() - self._moved


def _checked(speed: float) -> float:
    if not (isfinite(speed) and speed >= 0.0):
        raise ConfigError(f"speed {speed} must be finite and 0 or more; 1 is real time, 0 stands")
    return speed
