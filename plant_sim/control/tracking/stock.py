"""What is before F1: slabs in the furnaces, the bar in the rougher, the bar that waits.

Pieces cannot overtake one another and there is room for one bar between rougher and F1, so the
order follows from events: a furnace's next slab changes, the rougher begins and ends, the mill
bites. What has not been seen is not known.
"""

from collections.abc import Mapping
from math import sqrt

from .levels import Levels, Running
from .mill import TrackedMill
from .page import BarBelief, Belief, FurnaceBelief

ROUGHER_PYROMETER = 12.0  # m: of pyrometer and width gauge behind the rougher [M]
LOADED = 1.0e6  # N: roll force with stock in the gap [M]
CHANGED = 1.5  # K: step of the next slab's temperature that says that another slab is next [C]
REACHES = 120.0  # s: a slab that left its furnace is in the rougher by then [M]
RUNDOWN = 0.78  # K/s: belief how fast a waiting bar cools, level 2's [M 3.7]
DESCALED = 38.0  # K: belief what the finishing descaler takes, level 2's [M 3.7]
LOSS_SPREAD, LOSS_COIL = 12.0, 6.0  # K: deviations of the way from rougher to F1 [C]
FURNACE_LOSS = 140.0  # K: from a slab's mean to the bar behind the rougher, first belief [C]
FURNACE_SPREAD, FURNACE_COIL = 30.0, 15.0  # K: deviations of that [C]
BAR_DEVIATION = 1.0e-4  # m: of the bar thickness by gap and force [C benchmarks/tracking.py]
SKIN = 15.0  # K: deviation of one reading behind the rougher along a bar with skid marks [M 4.1]
DOUBT = 15.0  # K: of the rougher's pyrometer against the one before F1 [C]
LONGEST_STEP = 5.0  # s: over a longer one no order of events can be told [M]


class Bar:
    """One bar, from its first pass to F1."""

    def __init__(self, number: int | None, left: tuple[int, float] | None) -> None:
        self.number, self.left = number, left
        self.passes, self.through, self.since = 0, 0.0, 0.0
        self.begin_pass()

    def begin_pass(self) -> None:
        """Forget what the pass before showed."""
        self.through = 0.0
        self.seen, self.thick = Running(SKIN, 200, 2.0), Running(2e-4, 50, BAR_DEVIATION)
        self.length, self.width = Running(0.05, 200, 0.05), Running(1e-3, 200, 1e-3)


class Stock:
    """The pieces between furnaces and F1."""

    def __init__(self, mill: TrackedMill) -> None:
        self._mill = mill
        self.loss = Levels(LOSS_SPREAD, 0.0, LOSS_COIL, drift=1.0)
        self._door = Levels(FURNACE_SPREAD, FURNACE_SPREAD, FURNACE_COIL, drift=2.0)
        self.rolling: Bar | None = None  # in the rougher
        self.waiting: Bar | None = None  # between rougher and F1
        self.feeding: Bar | None = None  # in the finishing mill
        self.doubted = False
        self.excess: Belief | None = None
        self._next: dict[int, float] = {}
        self._slabs: dict[int, int] = {}
        self._left: tuple[int, float, float] | None = None  # furnace, temperature, plant time
        self._turn: int | None = None
        self._pass: int | None = None

    def step(
        self, values: Mapping[str, float], now: float, passed: float, coil: int | None
    ) -> None:
        """Take in what the signals before F1 show; `coil` is the number in the mill or the last."""
        if passed > LONGEST_STEP:
            self.rolling = self.waiting = None
            self._pass, self._left = None, None
        self._furnaces(values, now)
        if "rm.pass" not in values:
            return
        at = int(values["rm.pass"])
        before, self._pass = self._pass, at
        if before is None:
            return
        if at > 0 and (before == 0 or at < before):
            if before > 0:
                self._deliver(now, coil)
            self._begin(now, coil)
        elif at == 0 and before > 0:
            self._deliver(now, coil)
        self._rough(values, at, passed)
        if self.waiting is not None:
            if "rm.bar_length" in values:
                self.waiting.length.take(values["rm.bar_length"])
            if "rm.width" in values:
                self.waiting.width.take(values["rm.width"])

    def _furnaces(self, values: Mapping[str, float], now: float) -> None:
        for furnace in range(1, self._mill.furnaces + 1):
            slabs = values.get(f"furnace{furnace}.slabs")
            if slabs is not None:
                self._slabs[furnace] = round(slabs)
            else:
                self._slabs.pop(furnace, None)
            heat = values.get(f"furnace{furnace}.next_slab_temperature")
            if heat is None:
                self._next.pop(furnace, None)
                continue
            old = self._next.get(furnace)
            if old is not None and abs(heat - old) > CHANGED:
                self._left = (furnace, old, now)
                others = [f for f in range(1, self._mill.furnaces + 1) if f != furnace]
                self._turn = others[0] if others else furnace
            self._next[furnace] = heat

    def _begin(self, now: float, coil: int | None) -> None:
        """The rougher takes a slab: it follows the waiting bar, or the coil in the mill."""
        number = None
        if self.waiting is not None:
            number = None if self.waiting.number is None else self.waiting.number + 1
        elif self.feeding is not None and coil is not None:
            number = coil + 1  # the table before F1 was seen to become empty
        left = self._left
        fits = left is not None and now - left[2] < REACHES
        self.rolling = Bar(number, (left[0], left[1]) if left is not None and fits else None)
        self._left = None if fits else left

    def _deliver(self, now: float, coil: int | None) -> None:
        """The bar leaves the rougher; it is alone between rougher and F1."""
        bar = self.rolling if self.rolling is not None else Bar(None, None)
        bar.number = None if coil is None else coil + 1
        bar.since = now
        self.waiting, self.rolling = bar, None
        seen = bar.seen.belief()
        if bar.left is not None and seen is not None and not self.doubted:
            self._door.learn(
                (bar.left[0],), bar.left[1] - seen.value - FURNACE_LOSS, seen.deviation
            )

    def _rough(self, values: Mapping[str, float], at: int, passed: float) -> None:
        bar = self.rolling
        if bar is None or at == 0:
            return
        if at != bar.passes:
            bar.passes = at
            bar.begin_pass()
        force = values.get("rm.roll_force", 0.0)
        bar.through += abs(values.get("rm.speed", 0.0)) * passed
        if force > LOADED and "rm.gap" in values:
            stretch = (force - self._mill.rougher_zero) / self._mill.rougher_modulus
            bar.thick.take(values["rm.gap"] + stretch)
        if force > LOADED and bar.through > ROUGHER_PYROMETER + 5.0 and "rm.rdt" in values:
            bar.seen.take(values["rm.rdt"])

    def bite(self) -> None:
        """The mill takes the waiting bar; if none was seen, nothing is known of the one it has."""
        self.feeding, self.waiting = self.waiting, None

    def learn_entry(self, entry: Belief | None, bitten: float) -> None:
        """Learn how a bar cools between rougher and F1.

        Args:
            entry: mean before F1 of its beginning (K).
            bitten: plant time of the bite (s).
        """
        bar = self.feeding
        seen = None if bar is None else bar.seen.belief()
        if bar is None or seen is None or entry is None:
            return
        loss = seen.value - entry.value - RUNDOWN * (bitten - bar.since) - DESCALED
        usual = self.loss.expected(())
        spread = sqrt(seen.deviation**2 + entry.deviation**2)
        self.excess = Belief(loss - usual.value, sqrt(spread**2 + usual.deviation**2))
        self.doubted = abs(self.excess.value) > max(DOUBT, 3.0 * self.excess.deviation)
        if not self.doubted:
            self.loss.learn((), loss, spread)

    def furnaces(self, coil: int | None) -> tuple[FurnaceBelief, ...]:
        """Return what is believed of the furnaces."""
        newest = coil
        for bar in (self.waiting, self.rolling):
            if bar is not None:
                newest = bar.number
        if self._left is not None:  # a slab is on its way to the rougher
            newest = None if newest is None else newest + 1
        turn = self._turn if self._mill.furnaces > 1 else 1
        found = []
        for furnace in range(1, self._mill.furnaces + 1):
            heat = self._next.get(furnace)
            usual = self._door.expected((furnace,))
            number = None
            if newest is not None and turn is not None and self._pass is not None:
                number = newest + (1 if furnace == turn else 2)
            found.append(
                FurnaceBelief(
                    furnace=furnace,
                    slabs=self._slabs.get(furnace),
                    number=number,
                    temperature=None if heat is None else Belief(heat, FURNACE_COIL),
                    rougher_temperature=None if heat is None else Belief(
                        heat - FURNACE_LOSS - usual.value, usual.deviation
                    ),
                )
            )  # fmt: skip
        return tuple(found)

    def belief(self, bar: Bar | None, now: float, gone: bool) -> BarBelief | None:
        """Return what is believed of a bar; `gone`: it has left the rougher."""
        if bar is None:
            return None
        seen = bar.seen.belief()
        entry = None
        if seen is not None and gone:
            loss = self.loss.expected(())
            value = seen.value - loss.value - RUNDOWN * (now - bar.since) - DESCALED
            deviation = sqrt(
                seen.deviation**2 + loss.deviation**2 + (20.0 if self.doubted else 0.0) ** 2
            )
            entry = Belief(value, deviation)
        return BarBelief(
            number=bar.number,
            passes=bar.passes,
            seen=seen,
            entry_temperature=entry,
            thickness=bar.thick.belief(),
            length=bar.length.belief() if gone else None,
            since=bar.since if gone else None,
        )
