"""What happened, and how the alarms as a whole behave: floods, chatter, the bad actors.

A flood begins with more than ten new alarms in ten minutes and ends with fewer than five; an alarm
that comes three times in a minute chatters (ANSI/ISA-18.2, EEMUA 191).
"""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

FLOOD_WINDOW = 600.0  # s of plant time: over which a flood is counted [V, ISA-18.2]
FLOOD_BEGINS = 10  # 1: more new alarms than this in the window are a flood [V, ISA-18.2]
FLOOD_ENDS = 5  # 1: fewer than this end it [V, ISA-18.2]
CHATTER_TIMES = 3  # 1: so often in the chatter window is chattering [V, ISA-18.2]
CHATTER_WINDOW = 60.0  # s of plant time [V, ISA-18.2]
STALE = 86400.0  # s: an alarm that stands longer is stale [V, ISA-18.2]
KEPT = 2_000  # events kept in memory, the oldest go first
TOP = 10  # bad actors listed


class Happening(StrEnum):
    """What can happen to an alarm, or to the alarms as a whole."""

    RAISED = "raised"
    RETURNED = "returned"
    ACKNOWLEDGED = "acknowledged"
    RESET = "reset"
    FIRST_OUT = "first out"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    SUPPRESSED = "suppressed"
    RELEASED = "released"
    DISABLED = "taken out of service"
    ENABLED = "returned to service"
    CHATTERING = "chattering"
    SETTLED = "stopped chattering"
    FLOOD = "flood began"
    FLOOD_OVER = "flood ended"


# The state of the plant hides and shows again half of the alarms at every coil: told, not kept.
ROUTINE = {Happening.SUPPRESSED, Happening.RELEASED}


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the journal.

    Attributes:
        time: plant clock (s).
        what: what happened.
        alarm: name of the alarm; empty for a flood.
        priority: of the alarm; 0 for a flood.
        value: of the signal at that moment (SI), NaN when not known; for a flood the new alarms in
            the window.
        by: who did it; empty when the plant did.
        reason: why, in the words of whoever did it.
    """

    time: float
    what: Happening
    alarm: str
    priority: int
    value: float
    by: str = ""
    reason: str = ""

    def __deepcopy__(self, memo: object) -> "Event":
        return self  # it never changes, and a journal holds thousands


class Kpi(NamedTuple):
    """How the alarms behave now (ISA-18.2, section on monitoring).

    Attributes:
        recent: new alarms in the last ten minutes.
        flood: whether a flood is on.
        standing: alarms whose condition holds and that are shown.
        unacknowledged: alarms that wait for somebody to see them.
        stale: alarms standing for more than a day.
        chattering: names of those that chatter.
        shelved: names of those on the shelf.
        top: the most frequent (name, times) since the start.
    """

    recent: int
    flood: bool
    standing: int
    unacknowledged: int
    stale: int
    chattering: tuple[str, ...]
    shelved: tuple[str, ...]
    top: tuple[tuple[str, int], ...]


@dataclass
class Journal:
    """The events, and the counters that see floods and chatter in them.

    Attributes:
        events: the newest, oldest first.
        written: how many there were since the start, those forgotten included.
        times: how often each alarm came since the start.
        flood: whether a flood is on.
        chattering: when each chattering alarm came last (s).
    """

    events: deque[Event] = field(default_factory=lambda: deque(maxlen=KEPT))
    written: int = 0
    times: Counter[str] = field(default_factory=Counter)
    flood: bool = False
    chattering: dict[str, float] = field(default_factory=dict)
    _recent: deque[float] = field(default_factory=deque)
    _last: dict[str, deque[float]] = field(default_factory=dict)

    def raised(self, name: str, priority: int, value: float, time: float) -> list[Event]:
        """Count a new alarm; return what that is the beginning of."""
        self.times[name] += 1
        self._recent.append(time)
        last = self._last.setdefault(name, deque(maxlen=CHATTER_TIMES))
        last.append(time)
        found: list[Event] = []
        if len(last) == CHATTER_TIMES and time - last[0] <= CHATTER_WINDOW:
            if name not in self.chattering:
                found.append(Event(time, Happening.CHATTERING, name, priority, value))
            self.chattering[name] = time
        recent = self.recent(time)
        if not self.flood and recent > FLOOD_BEGINS:
            self.flood = True
            found.append(Event(time, Happening.FLOOD, "", 0, float(recent)))
        return found

    def recent(self, time: float) -> int:
        """Return how many alarms came in the flood window that ends at `time`."""
        while self._recent and self._recent[0] <= time - FLOOD_WINDOW:
            self._recent.popleft()
        return len(self._recent)

    def settle(self, time: float) -> list[Event]:
        """Return the ends of flood and chatter that have come by `time`."""
        found: list[Event] = []
        if self.chattering:
            for name in [n for n, at in self.chattering.items() if time - at > CHATTER_WINDOW]:
                del self.chattering[name]
                found.append(Event(time, Happening.SETTLED, name, 0, float("nan")))
        if self.flood and (recent := self.recent(time)) < FLOOD_ENDS:
            self.flood = False
            found.append(Event(time, Happening.FLOOD_OVER, "", 0, float(recent)))
        return found

    def add(self, events: Sequence[Event]) -> None:
        """Write events down, but for what the state of the plant does at every coil."""
        for event in events:
            if event.what not in ROUTINE:
                self.events.append(event)
                self.written += 1

    def since(self, written: int) -> list[Event]:
        """Return what was written after the first `written` events, as far as it is kept."""
        new = min(max(self.written - written, 0), len(self.events))
        return list(self.events)[len(self.events) - new :]

    def top(self) -> tuple[tuple[str, int], ...]:
        """Return the most frequent alarms since the start."""
        return tuple(self.times.most_common(TOP))
