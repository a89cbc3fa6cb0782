"""Instruments that show the very same number for too long: no reading of a live one has no noise.

Only a tag that declares it (`frozen_after`) is watched, and only while the plant clock runs: what a
set-point, a counter or a pump at rest shows may stand still for good.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..plant_sim.signals import Quality
from .tags import Tag
from .vector import Reading, VectorPlan

LAST_USABLE = 0x40900000  # OPC UA: what updated this value has stopped doing so
RUNS = 2.0  # wall s for which a plant clock that moved counts as running


class Liveness:
    """Watches the tags of one connector over all its reads."""

    def __init__(self, tags: Mapping[str, Tag]) -> None:
        self._watched = [name for name, tag in tags.items() if tag.frozen_after > 0]
        self._limits = np.array([tags[name].frozen_after for name in self._watched])
        self._values = np.full(len(self._watched), np.nan)
        self._still = np.zeros(len(self._watched))  # wall s without a change while the clock ran
        self._seen = np.full(len(self._watched), np.nan)  # monotonic time of the last look, s
        self._clock, self._moved = np.nan, -np.inf

    def judge(self, plan: VectorPlan, reading: Reading, clock: float, now: float) -> Reading:
        """Return `reading` with what has stood still for too long made UNCERTAIN.

        Args:
            plan: what was read.
            reading: what came.
            clock: plant time (s).
            now: monotonic time (s).
        """
        if clock != self._clock:
            self._clock, self._moved = clock, now
        places = {name: at for at, name in enumerate(plan.all_names)} if self._watched else {}
        mine = [at for at, name in enumerate(self._watched) if name in places]
        if not mine:
            return reading
        where = np.array([places[self._watched[at]] for at in mine], np.intp)
        values = reading.values[where]
        since = np.nan_to_num(now - self._seen[mine]) * (now - self._moved <= RUNS)
        same = values == self._values[mine]
        self._still[mine] = np.where(same, self._still[mine] + since, 0.0)
        self._values[mine], self._seen[mine] = values, now
        frozen = where[(self._still[mine] > self._limits[mine])]
        frozen = frozen[reading.quality[frozen] == int(Quality.GOOD)]
        quality, status = reading.quality.copy(), reading.status.copy()
        quality[frozen], status[frozen] = int(Quality.UNCERTAIN), LAST_USABLE
        return replace(reading, quality=quality, status=status)
