"""The watch: looks at the plant all the time, keeps snapshots, and says when to wake the graph.

No model is asked here. The graph is woken by what happens (a new or a cleared alert, an urgent
alarm, the head of a new coil, an effect that is due, a plant that can be seen again) and by a slow
timer, and never more often than every `DECISION_PERIOD` of plant time.
"""

import hashlib
import struct
from collections import OrderedDict
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Protocol

from ..connectors.gate.plant import plant_clock
from ..plant_sim.controls import Control, Move
from ..plant_sim.signals import Sample, Signal
from ..plant_sim.snapshot import DECISION_PERIOD, URGENT, Snapshot, SnapshotBuilder
from .errors import SnapshotGoneError

TIMER = 60.0  # plant s without any event after which the graph looks around on its own
STALE = 60.0  # plant s after which a snapshot is too old to act on
KEPT = 64  # snapshots; older ones are gone, and a decision on them is dropped
ALARM = "alarm: "  # begins the event of a new urgent alarm; its name follows
BODY = 2  # coil.phase once the head has passed


class Builder(Protocol):
    """What makes snapshots of samples; it remembers what it needs for trends."""

    def update(self, samples: Mapping[str, Sample], now: float | None) -> Snapshot:
        """Take in the newest samples and return the snapshot of now."""
        ...


class Watch:
    """The eyes of the agent on one line. All times are plant seconds.

    Args:
        signals: of the line.
        controls: of the line.
        offer: the moves an operator would consider, by control and present value.
        make_builder: makes what digests samples to snapshots; None takes the `SnapshotBuilder`
            without alarms.
    """

    def __init__(
        self,
        signals: Mapping[str, Signal],
        controls: Mapping[str, Control],
        offer: Callable[[Control, float, Mapping[str, Sample]], list[Move]],
        make_builder: Callable[[], Builder] | None = None,
    ) -> None:
        self.controls = controls
        self.offer = offer
        self.latest: Snapshot | None = None
        self._make_builder = make_builder or (lambda: SnapshotBuilder(signals, controls))
        self._builder = self._make_builder()
        self._shelf: OrderedDict[str, Snapshot] = OrderedDict()
        self._events: list[str] = ["start"]
        self._alerts: frozenset[str] = frozenset()
        self._urgent: frozenset[str] = frozenset()
        self._coil = -1.0
        self._woken: float | None = None
        self._reminders: dict[str, float] = {}

    def look(self, samples: Mapping[str, Sample], now: float | None = None) -> Snapshot:
        """Take in the newest samples and note what has happened since the last look.

        Args:
            samples: by name, SI.
            now: plant clock (s); None: the newest time of any usable sample.
        """
        if now is None:
            now = plant_clock(samples)
            if not isfinite(now):
                now = 0.0 if self.latest is None else self.latest.time
        if self.latest is not None and now < self.latest.time - 1.0:
            self._restart()
        snapshot = self._builder.update(samples, now)
        self.latest = snapshot
        if blind(snapshot, self.controls):
            return snapshot
        alerts = frozenset(snapshot.alerts)
        self._note(*(f"alert: {alert}" for alert in sorted(alerts - self._alerts)))
        self._note(*(f"cleared: {alert}" for alert in sorted(self._alerts - alerts)))
        self._alerts = alerts
        urgent = frozenset(alarm.name for alarm in snapshot.alarms if alarm.priority <= URGENT)
        self._note(*(f"{ALARM}{name}" for name in sorted(urgent - self._urgent)))
        self._urgent = urgent
        for event in [event for event, at in self._reminders.items() if at <= now]:
            del self._reminders[event]
            if alerts:
                self._note(event)
        coil, phase = reading(snapshot, "coil.number"), reading(snapshot, "coil.phase")
        if phase == BODY and coil != self._coil:
            self._note(f"head of coil {coil:.0f} done")
            self._coil = coil
        return snapshot

    def _restart(self) -> None:
        """Forget what belongs to a plant whose clock has begun anew."""
        self._builder = self._make_builder()
        self._shelf.clear()
        self._events = ["start"]
        self._reminders.clear()
        self._woken = None

    def remind(self, event: str, time: float) -> None:
        """Count `event` as happened at plant time `time` (s) if an alert stands then."""
        self._reminders[event] = time

    def _note(self, *events: str) -> None:
        self._events.extend(event for event in events if event not in self._events)

    def wake(self, due: float | None = None) -> list[str]:
        """Return the events a turn should be taken for now; empty when it is not the time.

        Args:
            due: plant time at which the next effect is to be judged.
        """
        if self.latest is None or blind(self.latest, self.controls):
            return []
        now = self.latest.time
        since = None if self._woken is None else now - self._woken
        if since is not None and since < DECISION_PERIOD:
            return []
        events = list(self._events)
        if due is not None and due <= now:
            events.append("effect due")
        if since is not None and since >= TIMER and not events:
            events.append("timer")
        if events:
            self._events.clear()
            self._woken = now
        return events

    def keep(self, snapshot: Snapshot) -> str:
        """Put `snapshot` on the shelf and return its id, a hash of its content."""
        digest = hashlib.sha256()
        for name, sample in sorted(snapshot.samples.items()):
            digest.update(name.encode())
            digest.update(struct.pack("<ddi", sample.value, sample.time, int(sample.quality)))
        key = digest.hexdigest()[:16]
        self._shelf[key] = snapshot
        while len(self._shelf) > KEPT:
            self._shelf.popitem(last=False)
        return key

    def recall(self, key: str) -> Snapshot:
        """Return the snapshot with the id `key`.

        Raises:
            SnapshotGoneError: it is no longer kept (the process was started again since).
        """
        try:
            return self._shelf[key]
        except KeyError:
            raise SnapshotGoneError(
                f"snapshot {key} is not kept any more; a new decision needs a new snapshot"
            ) from None

    def stale(self, time: float) -> bool:
        """Whether something seen at plant time `time` (s) is too old to act on now."""
        return self.latest is None or not 0.0 <= self.latest.time - time + 1e-9 <= STALE


def reading(snapshot: Snapshot, name: str) -> float:
    """Return the value of a GOOD sample, -1 otherwise; for counters that are never negative."""
    sample = snapshot.samples.get(name)
    return sample.value if sample is not None and sample.good else -1.0


def blind(snapshot: Snapshot, controls: Mapping[str, Control]) -> bool:
    """Whether too little can be seen to decide anything: no coil tracking, or no set-point at all.

    One bad instrument does not make blind; the moves that need it are simply not legal.
    """
    tracked = reading(snapshot, "coil.number") >= 0.0 and reading(snapshot, "coil.phase") >= 0.0
    return not tracked or all(reading_missing(snapshot, name) for name in controls)


def reading_missing(snapshot: Snapshot, name: str) -> bool:
    """Whether `name` has no GOOD sample."""
    sample = snapshot.samples.get(name)
    return sample is None or not sample.good
