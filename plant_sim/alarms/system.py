"""The alarms of a plant: conditions and people move each from state to state (ANSI/ISA-18.2).

Nobody's alarm is hidden by the state of the plant: suppression by design ends the condition of an
alarm, and one that nobody has seen still waits to be acknowledged. Shelving always ends by itself,
and the most urgent alarms cannot be shelved.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from math import inf, nan

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..signals import Sample
from .conditions import Conditions
from .definition import HIGHEST, Alarm, PlantState
from .journal import STALE, Event, Happening, Journal, Kpi
from .states import ACTIVE, ASIDE, SHOWN, Standing, State

CASCADE = 60.0  # s of plant time without a new or a standing alarm of a group: the next one leads
MAX_SHELF = 28800.0  # s of plant time: longest shelving, one shift [M, ISA-18.2 alarm philosophy]


@dataclass(frozen=True)
class AlarmMemory:
    """Everything that an alarm system remembers; taken with `save`."""

    names: tuple[str, ...]
    fields: Mapping[str, object]


class AlarmSystem:
    """The alarms of one plant, run from its samples.

    Args:
        alarms: the table. Those of one group stand in causal order: when two conditions of a group
            begin in the same update, the earlier row is the first-out.
        states: the plant states that suppress alarms.

    Raises:
        ConfigError: if two alarms share a name.
    """

    def __init__(self, alarms: Sequence[Alarm], states: Sequence[PlantState] = ()) -> None:
        self.alarms = {alarm.name: alarm for alarm in alarms}
        if len(self.alarms) != len(alarms):
            raise ConfigError(f"{len(alarms)} alarms share {len(self.alarms)} names; rename some")
        self._table, self._states = tuple(alarms), tuple(states)
        self._at = {alarm.name: n for n, alarm in enumerate(alarms)}
        self._conditions = Conditions(alarms, states)
        self._place = {name: n for n, name in enumerate(self._conditions.names)}
        self._values = np.full(len(self._conditions.names), nan)
        self._state = [State.NORMAL] * len(alarms)
        self._since = [nan] * len(alarms)
        self._value = [nan] * len(alarms)
        self._latched: set[int] = set()  # latching alarms that came and were not reset
        self._shelf: dict[int, float] = {}  # alarm -> plant time at which it comes back
        self._first: dict[str, tuple[float, int]] = {}  # group -> (onset, alarm) of its first-out
        self._stirred: dict[str, float] = {}  # group -> when one of its alarms came or went last
        self._time = -inf
        self._events: list[Event] = []
        self.journal = Journal()

    def at_rest(self) -> "AlarmSystem":
        """Return a second system with the same alarms, that has seen nothing yet."""
        return AlarmSystem(self._table, self._states)

    @property
    def time(self) -> float:
        """Plant time of the last update (s); -inf before the first."""
        return self._time

    def update(self, samples: Mapping[str, Sample], time: float) -> list[Event]:
        """Take in what is known at plant time `time` (s) and return what happened.

        Args:
            samples: by name; a missing one counts as not good.
            time: plant clock (s), not before the last update.

        Raises:
            ConfigError: if the clock goes back.
        """
        return self.take(self._conditions.values(samples), time)

    def take(self, values: NDArray[np.float64], time: float) -> list[Event]:
        """As `update`, from the values of `signals` in their order (SI); NaN is not known."""
        passed = self._move(time)
        self._values = values
        for n in self._conditions.look(values).tolist():
            self._suppress(n) if self._conditions.suppressed[n] else self._release(n)
        for n in self._conditions.step(values, time, passed).tolist():
            self._begin(n) if self._conditions.holds[n] else self._end(n)
        if self._shelf and min(self._shelf.values()) <= time:
            for n in [n for n, until in self._shelf.items() if until <= time]:
                self._unshelve(n, "", "its time is over")
        if self.journal.flood or self.journal.chattering:
            self._events += self.journal.settle(time)
        return self._close()

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals that matter, in the order `take` wants their values."""
        return self._conditions.names

    def state(self, name: str) -> State:
        """Return where an alarm stands."""
        return self._state[self._index(name)]

    def states(self) -> dict[str, State]:
        """Return where every alarm stands."""
        return dict(zip(self.alarms, self._state, strict=True))

    def standing(self) -> list[Standing]:
        """Return the alarm list: what is shown, the most urgent and then the oldest first."""
        shown = [n for n, state in enumerate(self._state) if state in SHOWN]
        shown.sort(key=lambda n: (self._table[n].priority, self._since[n], n))
        return [self._line(n) for n in shown]

    def aside(self) -> list[Standing]:
        """Return the alarms that are shelved, suppressed by design or out of service."""
        hidden = {*ASIDE, State.SUPPRESSED}
        return [self._line(n) for n, state in enumerate(self._state) if state in hidden]

    def first_out(self, group: str) -> str | None:
        """Return the alarm whose condition began first in the newest cascade of a group."""
        found = self._first.get(group)
        return None if found is None else self._table[found[1]].name

    def cascade(self, group: str) -> list[Standing]:
        """Return what is shown of a group in the order in which the conditions began."""
        shown = [
            n
            for n, alarm in enumerate(self._table)
            if alarm.group == group and self._state[n] in SHOWN
        ]
        shown.sort(key=lambda n: (self._conditions.onset[n], n))
        return [self._line(n) for n in shown]

    def kpi(self) -> Kpi:
        """Return how the alarms behave now."""
        states, names = self._state, [alarm.name for alarm in self._table]
        active = [n for n, state in enumerate(states) if state in ACTIVE]
        return Kpi(
            recent=self.journal.recent(self._time),
            flood=self.journal.flood,
            standing=len(active),
            unacknowledged=sum(s in (State.UNACKNOWLEDGED, State.RETURNED) for s in states),
            stale=sum(self._time - self._since[n] > STALE for n in active),
            chattering=tuple(sorted(self.journal.chattering)),
            shelved=tuple(names[n] for n in sorted(self._shelf)),
            top=self.journal.top(),
        )

    def acknowledge(self, name: str, by: str) -> list[Event]:
        """Note that somebody has seen an alarm.

        Raises:
            ConfigError: if there is nothing to acknowledge, or nobody is named.
        """
        n = self._index(name)
        self._allow(n, by, {State.UNACKNOWLEDGED, State.RETURNED}, "acknowledged")
        self._note(Happening.ACKNOWLEDGED, n, by)
        if self._state[n] is State.UNACKNOWLEDGED:
            self._state[n] = State.ACKNOWLEDGED
        else:
            self._rest(n)
        return self._close()

    def reset(self, name: str, by: str) -> list[Event]:
        """Let a latched alarm go.

        Raises:
            ConfigError: if it is not latched, or nobody is named.
        """
        n = self._index(name)
        self._allow(n, by, {State.LATCHED}, "reset")
        self._note(Happening.RESET, n, by)
        self._latched.remove(n)
        self._quiet(n)
        return self._close()

    def shelve(self, name: str, seconds: float, by: str, reason: str) -> list[Event]:
        """Set an alarm aside for a time (plant s); it comes back by itself.

        Raises:
            ConfigError: if it is of the highest priority, the time is not in (0, 8 h], or a name or
                a reason is missing.
        """
        n = self._index(name)
        self._allow(n, by, set(State) - ASIDE, "shelved", reason)
        if self._table[n].priority == HIGHEST:
            raise ConfigError(f"alarm {name} has priority {HIGHEST} and cannot be shelved; act")
        if not 0.0 < seconds <= MAX_SHELF:
            raise ConfigError(
                f"alarm {name}: shelving for {seconds} s is outside (0, {MAX_SHELF:g}]; "
                "take it out of service if it is broken"
            )
        self._note(Happening.SHELVED, n, by, reason)
        self._shelf[n] = self._time + seconds
        self._leave(n, State.SHELVED)
        return self._close()

    def unshelve(self, name: str, by: str) -> list[Event]:
        """Bring a shelved alarm back before its time.

        Raises:
            ConfigError: if it is not shelved, or nobody is named.
        """
        n = self._index(name)
        self._allow(n, by, {State.SHELVED}, "unshelved")
        self._unshelve(n, by, "")
        return self._close()

    def disable(self, name: str, by: str, reason: str) -> list[Event]:
        """Take an alarm out of service, for maintenance, until somebody enables it.

        Raises:
            ConfigError: if it is out of service already, or a name or a reason is missing.
        """
        n = self._index(name)
        self._allow(n, by, set(State) - {State.OUT_OF_SERVICE}, "taken out of service", reason)
        self._note(Happening.DISABLED, n, by, reason)
        self._shelf.pop(n, None)
        self._leave(n, State.OUT_OF_SERVICE)
        return self._close()

    def enable(self, name: str, by: str) -> list[Event]:
        """Return an alarm to service.

        Raises:
            ConfigError: if it is in service, or nobody is named.
        """
        n = self._index(name)
        self._allow(n, by, {State.OUT_OF_SERVICE}, "returned to service")
        self._note(Happening.ENABLED, n, by)
        self._return(n)
        return self._close()

    def save(self) -> AlarmMemory:
        """Return a copy of everything that is remembered, the journal included."""
        return AlarmMemory(tuple(self.alarms), deepcopy(self._memory()))

    def restore(self, memory: AlarmMemory) -> None:
        """Go back to what `save` returned.

        Raises:
            ConfigError: if it was saved from another table.
        """
        if memory.names != tuple(self.alarms):
            raise ConfigError("the saved alarms are of another table; restore into the same one")
        self.__dict__.update(deepcopy(dict(memory.fields)))

    def _memory(self) -> dict[str, object]:
        fixed = ("alarms", "_table", "_states", "_at", "_place")
        return {name: value for name, value in self.__dict__.items() if name not in fixed}

    # -- what the plant does

    def _begin(self, n: int) -> None:
        if self._state[n] not in ASIDE:
            self._raise(n)

    def _raise(self, n: int) -> None:
        alarm = self._table[n]
        self._state[n] = State.UNACKNOWLEDGED
        self._since[n], self._value[n] = self._time, self._reading(n)
        self._note(Happening.RAISED, n)
        if alarm.latching:
            self._latched.add(n)
        if alarm.group:
            self._lead_anew(n)
            came = (float(self._conditions.onset[n]), n)
            if came < self._first.get(alarm.group, (inf, n)):
                self._first[alarm.group] = came
                self._note(Happening.FIRST_OUT, n)
        self._events += self.journal.raised(alarm.name, alarm.priority, self._value[n], self._time)

    def _lead_anew(self, n: int) -> None:
        """Let an alarm lead a cascade of its own when the last one of its group has died away."""
        group = self._table[n].group
        quiet = self._time - self._stirred.get(group, -inf) > CASCADE
        if quiet and not any(
            self._state[m] in ACTIVE and m != n
            for m, alarm in enumerate(self._table)
            if alarm.group == group
        ):
            self._first.pop(group, None)
        self._stirred[group] = self._time

    def _end(self, n: int) -> None:
        self._stirred[self._table[n].group] = self._time
        if self._state[n] is State.UNACKNOWLEDGED:
            self._state[n] = State.RETURNED
            self._note(Happening.RETURNED, n)
        elif self._state[n] is State.ACKNOWLEDGED:
            self._note(Happening.RETURNED, n)
            self._rest(n)

    def _suppress(self, n: int) -> None:
        held = bool(self._conditions.holds[n])
        self._conditions.end(n)
        if held:
            self._end(n)
        if self._state[n] is State.NORMAL:
            self._state[n] = State.SUPPRESSED
            self._note(Happening.SUPPRESSED, n)

    def _release(self, n: int) -> None:
        if self._state[n] is State.SUPPRESSED:
            self._state[n] = State.NORMAL
            self._note(Happening.RELEASED, n)

    def _rest(self, n: int) -> None:
        """Leave an alarm that was seen and is over."""
        if n in self._latched:
            self._state[n] = State.LATCHED
        else:
            self._quiet(n)

    def _quiet(self, n: int) -> None:
        self._leave(n, State.SUPPRESSED if self._conditions.suppressed[n] else State.NORMAL)

    def _leave(self, n: int, state: State) -> None:
        """Take an alarm off the list; a cascade is over when none of its group is shown."""
        self._state[n] = state
        group = self._table[n].group
        if group in self._first and not any(
            self._state[m] in SHOWN for m, alarm in enumerate(self._table) if alarm.group == group
        ):
            del self._first[group]

    def _unshelve(self, n: int, by: str, reason: str) -> None:
        del self._shelf[n]
        self._note(Happening.UNSHELVED, n, by, reason)
        self._return(n)

    def _return(self, n: int) -> None:
        """Bring back an alarm that was set aside: new if its condition holds, latched as it was."""
        self._quiet(n)
        if self._conditions.holds[n]:
            self._raise(n)
        elif n in self._latched:
            self._state[n] = State.LATCHED

    # -- small things

    def _move(self, time: float) -> float:
        """Set the clock; return the plant time that passed (s), 0 at the first update."""
        if not time >= self._time:
            raise ConfigError(f"plant time {time} s is before {self._time} s; it never goes back")
        passed = time - self._time if self._time > -inf else 0.0
        self._time = time
        return passed

    def _index(self, name: str) -> int:
        try:
            return self._at[name]
        except KeyError:
            raise ConfigError(f"alarm {name!r} does not exist; see the alarm table") from None

    def _allow(self, n: int, by: str, states: set[State], deed: str, reason: str = "-") -> None:
        name, state = self._table[n].name, self._state[n]
        if state not in states:
            raise ConfigError(f"alarm {name} is {state}; it cannot be {deed} now")
        if not by or not reason:
            raise ConfigError(f"alarm {name} cannot be {deed} without who and why; give both")

    def _reading(self, n: int) -> float:
        return float(self._values[self._place[self._table[n].signal]])

    def _note(self, what: Happening, n: int, by: str = "", reason: str = "") -> None:
        alarm = self._table[n]
        self._events.append(
            Event(self._time, what, alarm.name, alarm.priority, self._reading(n), by, reason)
        )

    def _line(self, n: int) -> Standing:
        alarm = self._table[n]
        return Standing(
            alarm=alarm,
            state=self._state[n],
            since=self._since[n],
            value=self._value[n],
            first_out=self._first.get(alarm.group, (nan, -1))[1] == n,
            chattering=alarm.name in self.journal.chattering,
            until=self._shelf.get(n, inf),
        )

    def _close(self) -> list[Event]:
        """Return the events of this call and write them down."""
        found, self._events = self._events, []
        self.journal.add(found)
        return found
