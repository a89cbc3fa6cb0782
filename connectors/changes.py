"""What has changed since it was last told: one value a tag, however slowly somebody listens.

The dead-band is against the last value that was *told*. Against the last one that was seen, a slow
drift would never be told at all.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING

from ..plant_sim.signals import Quality, Sample
from ..plant_sim.units import to_si
from .tags import Tag

if TYPE_CHECKING:
    from .connector import Batch


class Changes:
    """An asynchronous iterator of batches; ends when it is closed.

    Args:
        tags: the tags to tell of.
        release: called once when nobody listens any more.
    """

    def __init__(self, tags: Mapping[str, Tag], release: Callable[["Changes"], None]) -> None:
        self._bands = {
            name: to_si(tag.dead_band, tag.unit) - to_si(0.0, tag.unit)
            for name, tag in tags.items()
        }
        self._release = release
        self._told: dict[str, Sample] = {}
        self._waiting: dict[str, Sample] = {}
        self._ready = asyncio.Event()
        self._open = True

    def offer(self, batch: "Batch") -> None:
        """Take what was seen; keep of each tag the newest that is worth telling."""
        for name, sample in batch.items():
            band = self._bands.get(name)
            if band is None:
                continue
            if name in self._waiting or _differs(self._told.get(name), sample, band):
                self._waiting[name] = sample
        if self._waiting:
            self._ready.set()

    def close(self) -> None:
        """End the iteration; whoever waits is let go."""
        if self._open:
            self._open = False
            self._release(self)
            self._ready.set()

    def __aiter__(self) -> AsyncIterator[dict[str, Sample]]:
        return self

    async def __anext__(self) -> dict[str, Sample]:
        await self._ready.wait()
        if not self._open:
            raise StopAsyncIteration
        batch, self._waiting = self._waiting, {}
        self._ready.clear()
        self._told |= batch
        return batch


def _differs(told: Sample | None, sample: Sample, band: float) -> bool:
    if told is None or told.quality is not sample.quality:
        return True
    if sample.quality is Quality.BAD:
        return False
    change = abs(sample.value - told.value)
    return change >= band if band else change != 0.0
