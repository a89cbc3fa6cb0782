"""What an alarm is: a condition on signals, how urgent it is, what follows and what to do about it.

An alarm that nobody can act on is no alarm: every definition names a consequence and an action, in
English and Korean, and the time there is to respond. Vocabulary and rules of ANSI/ISA-18.2.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Literal, NamedTuple

from ..errors import ConfigError

HIGHEST, LOWEST = 1, 4  # 1: range of priorities, 1 the most urgent [V, ISA-18.2]


class Kind(StrEnum):
    """What makes the condition of an alarm true."""

    HIGH = "high"  # the signal is above the limit
    LOW = "low"  # the signal is below the limit
    DEVIATION = "deviation"  # the signal is away from its aim, which is another signal
    DISCREPANCY = "discrepancy"  # two signals that should agree do not
    RATE = "rate"  # the signal moves faster than the limit
    EQUALS = "equals"  # the signal has just this value: a state, a code, or 1 for a boolean
    BAD = "bad quality"  # the signal is missing or not good


class Words(NamedTuple):
    """One phrase in both languages."""

    english: str
    korean: str


@dataclass(frozen=True, slots=True)
class PlantState:
    """A state of the plant in which some alarms mean nothing: `low <= signal <= high`; SI."""

    name: str
    signal: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. Limits in SI, all times plant seconds.

    Attributes:
        name: `<signal>.<what>` or another unique word.
        kind: what makes its condition true.
        signal: the signal it watches.
        limit: limit of the signal, of its distance from `other`, of its rate (SI/s), or the value
            it must equal; not used for bad quality.
        priority: 1 the most urgent .. 4; about 5 % should be 1 or 2, 15 % 3 and 80 % 4.
        area: unit of the plant.
        message: what is wrong.
        consequence: what follows if nobody acts.
        action: what an operator does.
        respond: time there is to act (s).
        other: the aim (deviation) or the second witness (discrepancy).
        side: whether a distance or rate counts above, below, or on both sides.
        relative: the distance is a share of the other signal's size.
        dead_band: how far inside the limit the signal must come before the condition ends, SI.
        on_delay: how long the limit must be passed before the alarm comes (s).
        off_delay: how long it must be kept before the alarm goes (s).
        window: time over which a rate is taken (s).
        latching: stays, after it was acknowledged and its condition ended, until it is reset.
        group: alarms that may cascade share one; the first to come is its first-out.
        suppressed_in: names of the plant states in which it is suppressed by design.
        blind_in: names of the plant states in which its signals say nothing: the condition stays
            what it was. For what is still wrong when the next coil comes.
    """

    name: str
    kind: Kind
    signal: str
    limit: float
    priority: int
    area: str
    message: Words
    consequence: Words
    action: Words
    respond: float
    other: str = ""
    side: Literal["above", "below", "both"] = "both"
    relative: bool = False
    dead_band: float = 0.0
    on_delay: float = 0.0
    off_delay: float = 0.0
    window: float = 10.0
    latching: bool = False
    group: str = ""
    suppressed_in: tuple[str, ...] = ()
    blind_in: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        numbers = (self.limit, self.dead_band, self.on_delay, self.off_delay, self.respond)
        if not all(isfinite(number) for number in numbers) or min(numbers[1:]) < 0:
            raise ConfigError(
                f"alarm {self.name}: limit, dead-band, delays and time to respond are {numbers}; "
                "all must be finite and all but the limit not negative"
            )
        if not self.window > 0:
            raise ConfigError(f"alarm {self.name}: window {self.window} s must be more than 0")
        if not HIGHEST <= self.priority <= LOWEST:
            raise ConfigError(
                f"alarm {self.name}: priority {self.priority} is outside {HIGHEST}..{LOWEST}; "
                "1 is the most urgent"
            )
        if bool(self.other) != (self.kind in (Kind.DEVIATION, Kind.DISCREPANCY)):
            raise ConfigError(
                f"alarm {self.name}: {self.kind} with other signal {self.other!r}; "
                "a deviation and a discrepancy name a second signal, no other kind does"
            )


def check_alarms(
    alarms: Sequence[Alarm], signals: Collection[str], states: Sequence[PlantState] = ()
) -> None:
    """Check that a table of alarms holds together.

    Raises:
        ConfigError: if a name occurs twice, or a signal or a plant state does not exist.
    """
    for name, count in Counter(alarm.name for alarm in alarms).items():
        if count > 1:
            raise ConfigError(f"alarm {name} is defined {count} times; give each its own name")
    known = {state.name for state in states}
    for state in states:
        if state.signal not in signals:
            raise ConfigError(
                f"plant state {state.name}: signal {state.signal!r} does not exist; correct it"
            )
    for alarm in alarms:
        for signal in filter(None, (alarm.signal, alarm.other)):
            if signal not in signals:
                raise ConfigError(
                    f"alarm {alarm.name}: signal {signal!r} does not exist; correct its name"
                )
        for state_name in (*alarm.suppressed_in, *alarm.blind_in):
            if state_name not in known:
                raise ConfigError(
                    f"alarm {alarm.name}: plant state {state_name!r} does not exist; "
                    f"use one of {', '.join(sorted(known)) or 'none'}"
                )
