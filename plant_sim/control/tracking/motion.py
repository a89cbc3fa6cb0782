"""How far the strip has moved: its speed from several rolls, its length from level 1's count.

Either may fail: without the count the speed is integrated, without a speed the count is taken, and
without both nothing is known until the next head.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from .page import Belief

SLIP = 0.05  # 1: strip over roll speed, as level 1 believes it [M 3.2]
ALIKE = 0.03  # 1: speeds that differ by more contradict each other [M]
COUNT_LATE = 0.5  # s: level 1's count does not hold the strip of its last interval yet [C]
SLACK = 2.0  # m: by which count and integral may differ in one update [M]
WALK = 0.004  # 1: deviation of an integrated speed, share of the way [M 3.2]
COUNT_DEVIATION = 0.6  # m: of the count, an interval's way spread evenly [C]
BITE_FORCE = 1.0e6  # N: a stand with more has strip in it [M]
LEAST_GAUGE = 5e-4  # m: the X-ray gauge sees strip above it [M]
BELIEVED = 3  # updates after which a count that runs steadily beside the integral is taken
LOST_AFTER = 5.0  # s: longer without a sample and strip cannot be followed [M]


@dataclass(frozen=True, slots=True)
class Moved:
    """What has happened to the strip since the last update.

    Attributes:
        way: by which strip on the table has moved (m); None if not known.
        rolled: strip of the present coil that has left F7 (m); None if not known.
        speed: behind F7 (m/s); None if not known.
        began: a head has come.
        ended: a tail has left F7, or the coil was given up.
        rolling: strip is in the mill.
        gap: more time has passed than strip can be followed over.
        whole: the head of this coil was seen when it came.
    """

    way: float | None
    rolled: float | None
    speed: float | None
    began: bool
    ended: bool
    rolling: bool
    gap: bool
    whole: bool


class Motion:
    """Follows one strip after the other through F7."""

    def __init__(self, stands: range) -> None:
        self._forces = tuple(f"f{s}.roll_force" for s in stands)
        self._last = f"f{stands[-1]}.speed"
        self.number: int | None = None
        self.phase: int | None = None
        self.rolling = False
        self.delivered: float | None = None
        self.unsure = 0.0  # m, by integration
        self.speed: float | None = None
        self.lost = 0.0
        self.whole = False
        self._count: float | None = None
        self._beside = 0

    @property
    def length(self) -> Belief | None:
        """Strip that has left F7 (m)."""
        if self.delivered is None:
            return None
        return Belief(self.delivered, COUNT_DEVIATION + self.unsure)

    def step(self, values: Mapping[str, float], passed: float) -> Moved:
        """Move on by `passed` seconds."""
        before, was = self.number, self.rolling
        number, phase = values.get("coil.number"), values.get("coil.phase")
        self.phase = None if phase is None else int(phase)
        if number is not None:
            self.number = int(number)
        self.rolling = self._rolls(values)
        gap = passed > LOST_AFTER
        speed, known = self._speed(values)
        before_speed = self.speed if self.speed is not None else speed
        self.speed = speed
        changed = before is not None and self.number != before
        began = self.rolling and (not was or changed)
        ended = was and (not self.rolling or changed)
        mean = None
        if speed is not None and before_speed is not None and not gap:
            mean = 0.5 * (speed + before_speed)
        rolled = self._deliver(values, mean, passed, began, known)
        way = None if mean is None else mean * passed
        if was and self.rolling and not changed and rolled is not None:
            way = rolled
        sure = known and number is not None and phase is not None
        self.lost = 0.0 if sure else self.lost + passed
        return Moved(way, rolled, speed, began, ended, self.rolling, gap, self.whole)

    def _rolls(self, values: Mapping[str, float]) -> bool:
        """Return whether strip leaves F7: the phase begins at F1, a head needs its time to F7."""
        if self.phase == 0:
            return False
        force, gauge = values.get(self._forces[-1]), values.get("fm.exit_thickness")
        signs = []
        if force is not None:
            signs.append(force > BITE_FORCE)
        if gauge is not None:
            signs.append(gauge > LEAST_GAUGE)
        if self.phase is not None:
            return any(signs) if signs else self.rolling or not self.lost
        forces = [values[name] for name in self._forces if name in values]
        if len(forces) < 3:
            return self.rolling
        return median(forces) > BITE_FORCE

    def _speed(self, values: Mapping[str, float]) -> tuple[float | None, bool]:
        """Return the speed behind F7 (m/s) and whether it was measured now."""
        seen = []
        if "fm.speed" in values:
            seen.append(values["fm.speed"])
        if self._last in values and self.rolling:
            seen.append(values[self._last] * (1.0 + SLIP))
        if len(seen) == 2 and abs(seen[0] - seen[1]) > ALIKE * max(seen[0], 0.5):
            if "coiler.mandrel_speed" in values:
                seen.append(values["coiler.mandrel_speed"])
            if self.speed is not None:
                seen.append(self.speed)
            return max(median(seen), 0.0), True
        if seen:
            return max(seen[0], 0.0), True
        return self.speed, False

    def _deliver(
        self, values: Mapping[str, float], mean: float | None, passed: float, began: bool,
        known: bool,
    ) -> float | None:  # fmt: skip
        """Bring `delivered` up to date and return by how much it has grown."""
        count = values.get("coil.position")
        late = COUNT_LATE * (self.speed or 0.0) if self.rolling else 0.0
        step = None if mean is None else mean * passed
        steady = self._steady(count, step)
        self._count = count
        if began:
            self.delivered, self.unsure, self._beside = None, 0.0, 0
            self.whole = count is None or step is None or count <= step + SLACK
            if count is not None and (self.whole or self.lost > 0.0):
                self.delivered = count + late
            elif step is not None:  # the head came at any moment since the last update
                self.delivered, self.unsure = 0.5 * step, 0.3 * step
            return self.delivered
        if not self.rolling and self._count is None:
            return 0.0
        old = self.delivered
        if old is None:
            if count is not None and self.rolling:
                self.delivered = count + late
            return None
        if not self.rolling:
            if count is not None and 0.0 <= count - old <= (step or 0.0) + SLACK:
                self.delivered = count
            return max(self.delivered - old if self.delivered is not None else 0.0, 0.0)
        if count is not None and (step is None or abs(count + late - old - step) < SLACK):
            self.delivered, self.unsure, self._beside = count + late, 0.0, 0
        elif step is not None:
            self.delivered = old + step
            self.unsure += WALK * step + (0.0 if known else 0.1 * step)
            self._beside = self._beside + 1 if steady else 0
            if self._beside >= BELIEVED and count is not None:
                self.delivered, self.unsure, self._beside = count + late, 0.0, 0
        else:
            self.delivered = None
            return None
        return max(self.delivered - old, 0.0)

    def _steady(self, count: float | None, step: float | None) -> bool:
        """Return whether the count has grown as the speed says, wherever it stands."""
        if count is None or self._count is None or step is None:
            return False
        return abs(count - self._count - step) < SLACK
