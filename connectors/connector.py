"""The interface of a connector, and the supervisor that every networked one lives under.

DOWN -> CONNECTING -> UP -> DOWN. Coming up, everything is BAD until the heartbeat of the plant
moves; going down, every tag is BAD at once. A plant that is down is not an error: it is a quality.
"""

import asyncio
import contextlib
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Literal, Protocol

from ..plant_sim.signals import Quality, Sample
from .tags import HEARTBEAT, Tag

State = Literal["down", "connecting", "up"]
Sink = Callable[[Mapping[str, Sample]], None]

PERIOD = 0.1  # wall s between two reads
DEADLINE = 2.0  # wall s for one request
CONNECT = 6.0  # wall s for one attempt to connect: two RSA handshakes on a busy machine
FIRST_BACKOFF = 0.2  # wall s
BAD_NO_COMMUNICATION = 0x80310000  # the OPC UA code, used for both protocols

CLOCK = "plc.time"


@dataclass(frozen=True, slots=True)
class Health:
    """How a connection is.

    Attributes:
        state: "down", "connecting" or "up".
        since: how long it has been so (wall s).
        last_success: wall s since the last good read; infinite if there was none.
        reconnects: how often it came up again.
        error: why it is down, one sentence.
    """

    state: State
    since: float
    last_success: float
    reconnects: int
    error: str


@dataclass(frozen=True, slots=True)
class Raw:
    """What the wire gave for one tag: plant unit, quality, status."""

    value: float | None
    quality: Quality = Quality.GOOD
    status: int = 0


class Connector(Protocol):
    """A way to a plant. Reading never raises because the plant is down."""

    async def start(self) -> None:
        """Begin to supervise the connection; returns at once."""
        ...

    async def close(self) -> None:
        """End it."""
        ...

    async def read_many(self, names: Iterable[str] | None = None) -> dict[str, Sample]:
        """Return the newest samples, aged to now; all of them when `names` is None."""
        ...

    def subscribe(self, sink: Sink) -> None:
        """Call `sink` with every batch of samples, in the connector's loop."""
        ...

    def health(self) -> Health:
        """Return how the connection is."""
        ...


class SupervisedConnector(ABC):
    """Keeps one connection alive and reads all its tags every period.

    Args:
        tags: the tags that this protocol carries.
        period: wall s between two reads.
        deadline: wall s for every read.
        backoff: greatest wait between two attempts (wall s).
    """

    def __init__(
        self,
        tags: Mapping[str, Tag],
        *,
        period: float = PERIOD,
        deadline: float = DEADLINE,
        backoff: float = 2.0,
    ) -> None:
        self.tags = dict(tags)
        self._period, self._deadline, self._backoff = period, deadline, backoff
        self._samples: dict[str, Sample] = {}
        self._sinks: list[Sink] = []
        self._state: State = "down"
        self._since = time.monotonic()
        self._fresh: float | None = None  # when the heartbeat last moved
        self._success: float | None = None
        self._ups = 0
        self._error = "not started"
        self._heartbeat: float | None = None  # kept over a loss: a hung plant shows the same again
        self._time = 0.0
        self._task: asyncio.Task[None] | None = None

    @abstractmethod
    async def _open(self) -> None:
        """Connect anew."""

    @abstractmethod
    async def _poll(self) -> dict[str, Raw]:
        """Read every tag once."""

    @abstractmethod
    async def _shut(self) -> None:
        """Throw the connection away; never raises for a connection that is gone."""

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

    async def read_many(self, names: Iterable[str] | None = None) -> dict[str, Sample]:
        """Return the newest samples, aged to now."""
        return self.samples(names)

    def samples(self, names: Iterable[str] | None = None) -> dict[str, Sample]:
        """Return the newest samples, aged to now; any thread."""
        held, now = self._samples, time.monotonic()
        wanted = held if names is None else names
        return {name: self.tags[name].aged(held[name], now) for name in wanted if name in held}

    def subscribe(self, sink: Sink) -> None:
        """Call `sink` with every batch."""
        self._sinks.append(sink)

    def health(self) -> Health:
        """Return how the connection is; any thread."""
        now = time.monotonic()
        last = float("inf") if self._success is None else now - self._success
        return Health(self._state, now - self._since, last, max(0, self._ups - 1), self._error)

    async def _supervise(self) -> None:
        delay = FIRST_BACKOFF
        while True:
            self._change("connecting")
            try:
                async with asyncio.timeout(CONNECT):
                    await self._open()
                    raw = await self._poll()
                self._ups += 1
                delay = FIRST_BACKOFF
                self._take(raw)
                self._change("up")
                await self._follow()
            except Exception as error:  # noqa: BLE001 - whatever a library raises, the plant is
                # read again: the supervisor is the boundary that must outlive every fault.
                text = str(error) or type(error).__name__
                self._down("no answer in time" if isinstance(error, TimeoutError) else text)
            finally:
                await self._shut()
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            delay = min(2 * delay, self._backoff)

    async def _follow(self) -> None:
        due = time.monotonic()
        while True:
            due = max(due + self._period, time.monotonic())  # an overrun is skipped, never queued
            await asyncio.sleep(due - time.monotonic())
            async with asyncio.timeout(self._deadline):
                raw = await self._poll()
            self._take(raw)

    def _take(self, raw: Mapping[str, Raw]) -> None:
        """Make Samples of a batch. They are as fresh as the PLC's heartbeat, not as the answer.

        Only a heartbeat that moves proves that a plant lives: nothing is fresh before the second.
        """
        now = self._success = time.monotonic()
        beat = raw.get(HEARTBEAT, Raw(None))
        if beat.value is not None and isfinite(beat.value) and beat.quality is Quality.GOOD:
            if self._heartbeat is not None and beat.value != self._heartbeat:
                self._fresh = now
            self._heartbeat = beat.value
        clock = raw.get(CLOCK)
        if clock is not None and clock.value is not None:
            self._time = clock.value
        self._publish({name: self._sample(name, item, now) for name, item in raw.items()})

    def _sample(self, name: str, item: Raw, now: float) -> Sample:
        if self._fresh is None:
            return Sample(nan, Quality.BAD, self._time, now, item.status)
        tag = self.tags[name]
        sample = tag.sample(item.value, item.quality, self._time, self._fresh, item.status)
        return tag.aged(sample, now)

    def _down(self, error: str) -> None:
        """Make every tag BAD in one batch."""
        self._error = error
        self._change("down")
        now = time.monotonic()
        dead = Sample(nan, Quality.BAD, self._time, now, BAD_NO_COMMUNICATION)
        self._publish(dict.fromkeys(self.tags, dead))

    def _publish(self, samples: dict[str, Sample]) -> None:
        self._samples = samples  # one assignment: a reader in another thread sees all or nothing
        for sink in self._sinks:
            sink(samples)

    def _change(self, state: State) -> None:
        if state != self._state:
            self._state, self._since = state, time.monotonic()
        if state == "up":
            self._error = ""
