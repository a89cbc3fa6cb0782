"""The supervisor that every networked connector lives under.

DOWN -> CONNECTING -> SYNC -> UP or DEGRADED -> DOWN. Coming up, every tag is read once before
anything may be GOOD, and nothing is GOOD until the heartbeat of the plant moves; going down, every
tag is BAD at once. A plant that is down is not an error: it is a quality.
"""

import asyncio
import contextlib
import random
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from math import ceil, inf, nan
from typing import Literal

from ..plant_sim.signals import Quality, Sample
from .changes import Changes
from .errors import ConnectorError, NoAnswerError, TagError
from .interface import PAGE, Batch, Browsed, Connector, Health, Page, Sink, State, page
from .latest import Held
from .liveness import Liveness
from .tags import HEARTBEAT, Tag
from .vector import CLOCK, Raw, Reading, Vector, VectorPlan

PERIOD = 0.1  # wall s between two reads
DEADLINE = 2.0  # wall s for one request
CONNECT = 6.0  # wall s for one attempt to connect: two RSA handshakes on a busy machine
FIRST_BACKOFF, BACKOFF = 0.2, 10.0  # wall s: greatest wait after the first and after many attempts
STANDS = 1.0  # wall s that the plant clock may stand beyond one of its own seconds
BAD_NO_COMMUNICATION = 0x80310000  # the OPC UA code, used for both protocols

__all__ = [
    "CLOCK", "PAGE", "Batch", "Browsed", "Connector", "Health", "Page", "Raw", "Reading", "State",
    "SupervisedConnector", "Vector", "VectorPlan", "page",
]  # fmt: skip


class SupervisedConnector(ABC):
    """Keeps one connection alive and reads its tags, each as often as its `scan` says.

    One connector is one device: what hangs or is gone keeps nothing else waiting.

    Args:
        tags: the tags that this protocol carries.
        period: wall s between two reads of the tags without a `scan` of their own.
        deadline: wall s for every request.
        backoff: greatest wait between two attempts (wall s).
    """

    def __init__(
        self,
        tags: Mapping[str, Tag],
        *,
        period: float = PERIOD,
        deadline: float = DEADLINE,
        backoff: float = BACKOFF,
    ) -> None:
        self.tags = dict(tags)
        self._period, self._deadline, self._backoff = period, deadline, backoff
        self._samples: dict[str, Sample] = {}
        self._carried = -inf  # when values that do not change were last known to be alive
        self._sinks: list[Sink] = []
        self._state: State = "down"
        self._since = time.monotonic()
        self._synced = -inf
        self._fresh: float | None = None  # when the heartbeat last moved
        self._success: float | None = None
        self._ups = self._timeouts = self._overruns = 0
        self._trips: deque[float] = deque(maxlen=500)  # wall s
        self._error = "not started"
        self._moved = -inf  # when the plant clock last did
        self._heartbeat: float | None = None  # kept over a loss: a hung plant shows the same again
        self._time = 0.0
        self._task: asyncio.Task[None] | None = None
        self._liveness = Liveness(self.tags)
        self._all = self.plan()

    @abstractmethod
    async def _open(self) -> None:
        """Connect anew."""

    @abstractmethod
    async def _poll(self, plan: VectorPlan) -> Reading:
        """Read what `plan` names; raises LinkError when the connection is lost."""

    @abstractmethod
    async def _shut(self) -> None:
        """Throw the connection away; never raises for a connection that is gone."""

    def _trouble(self) -> str:
        """Say what is wrong with a connection that answers, or nothing."""
        return ""

    def _certificate_days(self) -> float:
        return inf

    def _clock_skew(self) -> float:
        return nan

    async def start(self) -> None:
        """Begin to supervise; a plant that is down is not an error."""
        self._down("not connected yet")
        self._task = asyncio.create_task(self._supervise(), name=type(self).__name__)

    async def close(self) -> None:
        """End the supervision and the connection."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self._down("closed")

    def plan(self, names: Sequence[str] | None = None) -> VectorPlan:
        """Prepare `read_vector` for `names`, in this order; for all tags by default.

        Raises:
            TagError: if a tag is not on this connector.
        """
        for name in names or ():
            if name not in self.tags:
                raise TagError(f"tag {name!r} is not on this connector; see its tags")
        return VectorPlan(self.tags, names)

    async def read_vector(self, plan: VectorPlan) -> Vector:
        """Read now, in one exchange, what `plan` names: SI values, which are GOOD, plant time (s).

        A plant that is down gives NaN and a mask of nothing but False.
        """
        reading = await self._look(plan)
        values, quality = plan.judge(reading, self._age(time.monotonic()))
        count = len(plan.names)
        return Vector(values[:count], (quality == int(Quality.GOOD))[:count], self._time)

    async def read_now(self, plan: VectorPlan) -> dict[str, Sample]:
        """Read now, in one exchange, what `plan` names; judged as everything else that is read.

        A plant that is down gives BAD samples.
        """
        reading, now = await self._look(plan), time.monotonic()
        received = now if self._fresh is None else self._fresh
        return plan.samples(reading, self._age(now), self._time, received)

    async def read_many(self, names: Iterable[str] | None = None) -> dict[str, Sample]:
        """Return the newest samples, aged to now."""
        return self.samples(names)

    def samples(self, names: Iterable[str] | None = None) -> dict[str, Sample]:
        """Return the newest samples, aged to now; any thread."""
        held, now = self.held(), time.monotonic()
        wanted = held.samples if names is None else names
        found = ((name, held.at(name, now)) for name in wanted)
        return {name: sample for name, sample in found if sample is not None}

    def held(self) -> Held:
        """Return the newest samples as they came; any thread."""
        return Held(self.tags, self._samples, self._carried)

    def subscribe(self, sink: Sink) -> None:
        """Call `sink` with every batch, in the connector's loop; it must be quick."""
        self._sinks.append(sink)

    def changes(self, names: Iterable[str] | None = None) -> Changes:
        """Iterate over what changes: conflated for each tag, beyond its dead-band.

        Begins with the newest samples. A change of quality is always told.
        """
        chosen = {n: self.tags[n] for n in (self.tags if names is None else names)}
        listener = Changes(chosen, lambda gone: self._sinks.remove(gone.offer))
        listener.offer(Batch(self.samples(chosen)))
        self.subscribe(listener.offer)
        return listener

    async def browse(self, root: str = "", limit: int = PAGE, cursor: str = "") -> Page:
        """Return the tags whose names begin with `root`: a device without names of its own."""
        found = [
            Browsed(str(tag.opcua or tag.modbus), name, "tag")
            for name, tag in self.tags.items()
            if name.startswith(root)
        ]
        return page(found, limit, cursor)

    def alive(self) -> bool:
        """Whether the peer answers and its plant's heartbeat moves; any thread."""
        if self._state not in ("up", "degraded") or self._fresh is None:
            return False
        beat = self.tags.get(HEARTBEAT)
        return beat is None or time.monotonic() - self._fresh <= beat.stale_after

    def health(self) -> Health:
        """Return how the connection is; any thread."""
        now = time.monotonic()
        trips = sorted(self._trips)
        stale = sum(sample.quality is not Quality.GOOD for sample in self.samples().values())
        return Health(
            self._state,
            now - self._since,
            inf if self._success is None else now - self._success,
            max(0, self._ups - 1),
            self._error,
            trips[len(trips) // 2] if trips else nan,
            trips[len(trips) * 99 // 100] if trips else nan,
            self._timeouts,
            self._overruns,
            stale,
            self._certificate_days(),
            self._clock_skew(),
        )

    async def _supervise(self) -> None:
        delay = FIRST_BACKOFF
        while True:
            self._change("connecting")
            try:
                async with asyncio.timeout(CONNECT):
                    await self._open()
                self._change("sync")
                reading = await self._timed(self._all)
                self._ups += 1
                delay = FIRST_BACKOFF
                self._synced = time.monotonic()
                self._take(self._all, reading, "birth")
                await self._follow()
            except Exception as error:  # noqa: BLE001 - whatever a library raises, the plant is
                # read again: the supervisor is the boundary that must outlive every fault.
                self._timeouts += isinstance(error, TimeoutError | NoAnswerError)
                text = str(error) or type(error).__name__
                self._down("no answer in time" if isinstance(error, TimeoutError) else text)
            finally:
                self._synced, lost = -inf, time.monotonic()
                await self._shut()  # may take a while where nobody answers; the back-off runs
            wait = random.uniform(0.0, delay)  # noqa: S311 - full jitter
            await asyncio.sleep(max(0.0, lost + wait - time.monotonic()))
            delay = min(2 * delay, self._backoff)

    async def _follow(self) -> None:
        """Read every scan class at its own times, which do not drift; an overrun is left out."""
        classes = self._scans()
        start = time.monotonic()
        due = [start + period for period, _ in classes]
        while True:
            turn = due.index(min(due))
            period, plan = classes[turn]
            await asyncio.sleep(max(0.0, due[turn] - time.monotonic()))
            self._take(plan, await self._timed(plan))
            late = max(1, ceil((time.monotonic() - due[turn]) / period))
            self._overruns += late - 1
            due[turn] += late * period

    def _scans(self) -> list[tuple[float, VectorPlan]]:
        """Return the scan classes, the heartbeat and the clock in each of them."""
        groups: dict[float, list[str]] = {}
        for name, tag in self.tags.items():
            groups.setdefault(tag.scan or self._period, []).append(name)
        if len(groups) == 1:
            return [(period, self._all) for period in groups]
        return [(period, self.plan(names)) for period, names in groups.items()]

    async def _look(self, plan: VectorPlan) -> Reading:
        """Read beside the scans; nothing is known of a plant that is down."""
        reading = None
        if self._synced > -inf:
            with contextlib.suppress(ConnectorError, OSError, TimeoutError):
                reading = await self._poll(plan)
        if reading is None:
            return Reading.dead(plan, BAD_NO_COMMUNICATION)
        self._alive(plan, reading, time.monotonic())
        return reading

    async def _timed(self, plan: VectorPlan) -> Reading:
        start = time.monotonic()
        reading = await self._poll(plan)
        self._trips.append(time.monotonic() - start)
        return reading

    def _take(
        self, plan: VectorPlan, reading: Reading, kind: Literal["birth", "data"] = "data"
    ) -> None:
        """Make Samples of a reading. They are as fresh as the PLC's heartbeat, not as the answer.

        Only a heartbeat that moves proves that a plant lives: nothing is fresh before the second.
        """
        now = time.monotonic()
        self._alive(plan, reading, now)
        reading = self._liveness.judge(plan, reading, self._time, now)
        received = now if self._fresh is None else self._fresh
        fresh = plan.samples(reading, self._age(now), self._time, received)
        self._publish({**self._samples, **fresh}, Batch(fresh, kind))
        self._rate(now)

    def _alive(self, plan: VectorPlan, reading: Reading, now: float) -> None:
        """Learn from a reading when the plant was last alive, and its clock."""
        self._success = now
        if HEARTBEAT not in self.tags:  # a device that has none: its answer is all there is
            self._fresh = now
        elif (beat := reading.beat(plan)) is not None:
            stands = self._clock_stands(plan, reading, now)
            if self._heartbeat is not None and beat != self._heartbeat and not stands:
                self._fresh = now
            self._heartbeat = beat
        if (clock := reading.clock(plan)) is not None:
            self._time = clock

    def _clock_stands(self, plan: VectorPlan, reading: Reading, now: float) -> bool:
        """Whether the plant clock stands that should run: a heart may beat on in a frozen PLC."""
        speed, clock = reading.speed(plan), reading.clock(plan)
        if not speed > 0 or clock is None or clock != self._time:
            self._moved = now
        return speed > 0 and now - self._moved > STANDS + 1.0 / speed

    def _age(self, now: float) -> float | None:
        return None if self._fresh is None else now - self._fresh

    def _rate(self, now: float) -> None:
        """Tell apart a plant that is well from one that only answers."""
        beat = self.tags.get(HEARTBEAT)
        alive = self._synced if self._fresh is None else max(self._fresh, self._synced)
        if beat is not None and now - alive > beat.stale_after:
            self._error = "the heartbeat of the plant stands still"
            self._change("degraded")
        elif trouble := self._trouble():
            self._error = trouble
            self._change("degraded")
        elif self._fresh is not None and self._fresh >= self._synced:
            self._change("up")

    def _down(self, error: str) -> None:
        """Make every tag BAD in one batch."""
        self._error = error
        self._change("down")
        dead = Sample(nan, Quality.BAD, self._time, time.monotonic(), BAD_NO_COMMUNICATION)
        everything = dict.fromkeys(self.tags, dead)
        self._carried = -inf
        self._publish(everything, Batch(everything, "death"))

    def _publish(self, samples: dict[str, Sample], batch: Batch) -> None:
        self._samples = samples  # one assignment: a reader in another thread sees all or nothing
        for sink in list(self._sinks):
            sink(batch)

    def _change(self, state: State) -> None:
        if state != self._state:
            self._state, self._since = state, time.monotonic()
        if state == "up":
            self._error = ""
