"""Many values at once as arrays: what a control loop reads, and what every poll goes through.

A plan is made once for a list of tags; applying it costs a few array operations and no Python for
each tag. Arrays follow the order of the plan's names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..plant_sim.signals import Quality, Sample
from ..plant_sim.units import to_si
from .tags import BAD_AFTER, HEARTBEAT, MARGIN, Tag

CLOCK = "plc.time"
SPEED = "plc.speed"

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_QUALITY = {int(quality): quality for quality in Quality}


@dataclass(frozen=True, slots=True)
class Raw:
    """What the wire gave for one tag: plant unit, quality, status."""

    value: float | None
    quality: Quality = Quality.GOOD
    status: int = 0


class Vector(NamedTuple):
    """The answer to a plan.

    Attributes:
        values: SI, NaN where there is none.
        mask: whether the value is GOOD: fresh, finite and plausible.
        time: plant clock (s).
    """

    values: Floats
    mask: NDArray[np.bool_]
    time: float


class VectorPlan:
    """Which tags to read, and what is the same at every reading.

    Args:
        tags: every tag of the connector.
        names: the wanted ones, in the wanted order; all of them by default.

    Attributes:
        names: the wanted tags.
        tags: what is read: those, then heartbeat, clock and its speed where the connector has them.
    """

    def __init__(self, tags: Mapping[str, Tag], names: Sequence[str] | None = None) -> None:
        self.names = tuple(tags if names is None else names)
        own = [name for name in (HEARTBEAT, CLOCK, SPEED) if name in tags]
        extra = [name for name in own if name not in self.names]
        self.tags = tuple(tags[name] for name in (*self.names, *extra))
        every = [tag.name for tag in self.tags]
        self.all_names = tuple(every)
        self.beat = every.index(HEARTBEAT) if HEARTBEAT in every else -1
        self.clock = every.index(CLOCK) if CLOCK in every else -1
        self.speed = every.index(SPEED) if SPEED in every else -1
        zero = [to_si(0.0, tag.unit) for tag in self.tags]
        self._shift = np.array(zero)
        self._scale = np.array([to_si(1.0, tag.unit) - z for tag, z in zip(self.tags, zero)])  # noqa: B905
        low, high = (np.array([getattr(tag, end) for tag in self.tags]) for end in ("low", "high"))
        slack = MARGIN * (high - low)
        self._low, self._high = low - slack, high + slack
        self._stale = np.array([tag.stale_after for tag in self.tags])
        self._bad = np.array([t.bad_after or BAD_AFTER * t.stale_after for t in self.tags])

    def judge(self, reading: "Reading", age: float | None) -> tuple[Floats, Codes]:
        """Return SI values and qualities of all that was read.

        Args:
            reading: plant units.
            age: how long ago the plant was last seen alive (wall s); None for never.
        """
        values, quality = reading.values, reading.quality
        # any bits may come over a wire, 1e308 and signalling NaNs too: no value, not an error
        with np.errstate(invalid="ignore", over="ignore"):
            si = values * self._scale + self._shift
            far = ~((self._low <= values) & (values <= self._high))
        bad = ~np.isfinite(si) | (quality == int(Quality.BAD))
        if age is None:
            bad[:] = True
        elif age > 0.0:
            far |= age > self._stale
            bad |= age > self._bad
        judged = np.where(far & (quality > int(Quality.UNCERTAIN)), int(Quality.UNCERTAIN), quality)
        judged[bad] = int(Quality.BAD)
        si[bad] = nan
        return si, judged

    def samples(
        self,
        reading: "Reading",
        age: float | None,
        time: float,
        received: float,
        chosen: Sequence[int] | None = None,
    ) -> dict[str, Sample]:
        """Return a Sample of every tag that was read, or of those at the `chosen` places."""
        values, quality = self.judge(reading, age)
        names: Sequence[str] = self.all_names
        status = reading.status
        if chosen is not None:
            at = np.array(chosen, np.intp)
            names = [names[place] for place in chosen]
            values, quality, status = values[at], quality[at], status[at]
        rows = zip(names, values.tolist(), quality.tolist(), status.tolist(), strict=True)
        return {
            name: Sample(value, _QUALITY[kind], time, received, status)
            for name, value, kind, status in rows
        }


@dataclass(frozen=True, slots=True)
class Reading:
    """What the wire gave for a plan: plant units, qualities, status codes of the protocol.

    `time` is the plant clock (s) where the peer tells it apart from the tags.
    """

    values: Floats
    quality: Codes
    status: Codes
    time: float = nan

    @classmethod
    def of(cls, plan: VectorPlan, raw: Mapping[str, Raw]) -> "Reading":
        """Gather what came tag by tag; what did not come is BAD."""
        rows = [raw.get(name, _NOTHING) for name in plan.all_names]
        return cls(
            np.array([nan if row.value is None else row.value for row in rows], np.float64),
            np.array([int(row.quality) for row in rows], np.int64),
            np.array([row.status for row in rows], np.int64),
        )

    @classmethod
    def dead(cls, plan: VectorPlan, status: int) -> "Reading":
        """Return that nothing is known."""
        count = len(plan.tags)
        return cls(np.full(count, nan), np.zeros(count, np.int64), np.full(count, status, np.int64))

    def beat(self, plan: VectorPlan) -> float | None:
        """Return the heartbeat, None where it is not GOOD."""
        at = plan.beat
        if at < 0 or self.quality[at] != int(Quality.GOOD) or not isfinite(self.values[at]):
            return None
        return float(self.values[at])

    def speed(self, plan: VectorPlan) -> float:
        """Return how fast the plant clock runs (plant s a wall s); 0 where it is not known."""
        at = plan.speed
        if at < 0 or self.quality[at] != int(Quality.GOOD) or not isfinite(self.values[at]):
            return 0.0
        return float(self.values[at])

    def clock(self, plan: VectorPlan) -> float | None:
        """Return the plant clock (s), None where it is not known."""
        seen = self.time if plan.clock < 0 else float(self.values[plan.clock])
        return seen if isfinite(seen) else None


_NOTHING = Raw(None, Quality.BAD)
