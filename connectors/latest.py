"""What is known of a plant at one moment, made of the newest samples of its connectors on demand.

A check of the gate asks for a handful of tags: merging and aging all of them would be most of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf

from ..plant_sim.signals import Quality, Sample
from .tags import Tag


@dataclass(frozen=True, slots=True)
class Held:
    """The newest samples of one connector as they came; nobody changes the tables any more.

    Attributes:
        tags: how each of them ages.
        samples: as they came.
        carried: when values that do not change were last known to be alive (wall s).
    """

    tags: Mapping[str, Tag]
    samples: Mapping[str, Sample]
    carried: float

    def at(self, name: str, now: float) -> Sample | None:
        """Return the sample of `name`, aged to monotonic time `now` (s)."""
        sample = self.samples.get(name)
        if sample is None:
            return None
        if sample.received < self.carried and sample.quality is not Quality.BAD:
            sample = replace(sample, received=self.carried)
        return self.tags[name].aged(sample, now)


class Latest(Mapping[str, Sample]):
    """The newest sample of every tag at the moment `now`: of its home, or of whoever is better.

    Args:
        homes: connector that each tag is taken from.
        held: what each connector holds.
        now: monotonic time to which samples are aged (s).
    """

    def __init__(self, homes: Mapping[str, str], held: Mapping[str, Held], now: float) -> None:
        self._homes, self._held, self._now = homes, held, now
        self._clock: float | None = None

    def __getitem__(self, name: str) -> Sample:
        home = self._homes[name]
        best = self._held[home].at(name, self._now)
        for other, held in self._held.items():
            if other != home:
                sample = held.at(name, self._now)
                if sample is not None and (best is None or sample.quality > best.quality):
                    best = sample
        if best is None:
            raise KeyError(name)
        return best

    def __iter__(self) -> Iterator[str]:
        held = [each.samples for each in self._held.values()]
        return (name for name in self._homes if any(name in samples for samples in held))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clock(self) -> float:
        """Return the newest plant time of a sample that is not BAD (s), -inf for none."""
        if self._clock is None:
            newest = -inf
            for home_only in (True, False):  # the second look finds something new very seldom
                for protocol, held in self._held.items():
                    for name, raw in held.samples.items():
                        if newest < raw.time and (not home_only or self._homes[name] == protocol):
                            sample = self[name]
                            if newest < sample.time < inf and sample.quality is not Quality.BAD:
                                newest = sample.time
            self._clock = newest
        return self._clock
