"""What every way to a plant can do, and the form of what it says."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import Literal, Protocol

from ..plant_sim.signals import Sample
from .changes import Changes
from .errors import LinkError
from .vector import Vector, VectorPlan

State = Literal["down", "connecting", "sync", "up", "degraded"]
Sink = Callable[["Batch"], None]

PAGE = 500  # items of one page when browsing


class Batch(dict[str, Sample]):
    """Samples that came at the same time.

    Attributes:
        kind: "birth" when the plant was found and every tag read, "death" when it was lost and
            every tag is BAD, "data" in between.
    """

    def __init__(
        self, samples: Mapping[str, Sample], kind: Literal["birth", "data", "death"] = "data"
    ) -> None:
        super().__init__(samples)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Health:
    """How a connection is.

    Attributes:
        state: "down", "connecting", "sync" (reading everything for the first time), "up", or
            "degraded": the peer answers, but its heartbeat stands still or it refuses some tags.
        since: how long it has been so (wall s).
        last_success: wall s since the last good read; infinite if there was none.
        reconnects: how often it came up again.
        error: what is wrong, one sentence; empty when all is well.
        round_trip_p50: wall s for one read of everything, median of the newest.
        round_trip_p99: the same, 99 of 100 are shorter.
        timeouts: how often the peer did not answer in time.
        overruns: readings left out because the one before took too long.
        stale: tags that are not GOOD.
        certificate_days: until the first certificate in use runs out; infinite without one.
        clock_skew: clock of the peer less our own (wall s); NaN when it tells none.
    """

    state: State
    since: float
    last_success: float
    reconnects: int
    error: str
    round_trip_p50: float = nan
    round_trip_p99: float = nan
    timeouts: int = 0
    overruns: int = 0
    stale: int = 0
    certificate_days: float = inf
    clock_skew: float = nan


@dataclass(frozen=True, slots=True)
class Browsed:
    """One thing that a plant has.

    Attributes:
        address: as a tag file writes it.
        name: what the plant calls it.
        kind: "variable", "object" or "tag".
    """

    address: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what was asked for.

    Attributes:
        items: this part.
        complete: whether there is nothing more.
        cursor: give it to the next call for the next part; empty when complete.
    """

    items: tuple[Browsed, ...]
    complete: bool
    cursor: str


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

    async def read_vector(self, plan: VectorPlan) -> Vector:
        """Read now what `plan` names."""
        ...

    def subscribe(self, sink: Sink) -> None:
        """Call `sink` with every batch of samples, in the connector's loop."""
        ...

    def changes(self, names: Iterable[str] | None = None) -> Changes:
        """Iterate over what changes, conflated, beyond each tag's dead-band."""
        ...

    async def browse(self, root: str = "", limit: int = PAGE, cursor: str = "") -> Page:
        """Return what there is below `root`, a page at a time."""
        ...

    def health(self) -> Health:
        """Return how the connection is."""
        ...


def page(found: Sequence[Browsed], limit: int, cursor: str) -> Page:
    """Cut one page out of all that was found.

    Raises:
        LinkError: if `cursor` is none that was given out.
    """
    if cursor and not cursor.isdecimal():
        raise LinkError(f"cursor {cursor!r} is none that browsing gave; begin without one")
    start = int(cursor or 0)
    end = start + max(1, limit)
    complete = end >= len(found)
    return Page(tuple(found[start:end]), complete, "" if complete else str(end))
