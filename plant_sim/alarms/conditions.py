"""Which alarm conditions hold: limits, dead-bands and delays of all alarms at once.

Every kind of condition is brought to one form, a measure that must stay at or under a bar, so that
one pass over NumPy arrays judges them all. A value that is not good proves nothing: the condition
stays what it was, and a delay that was running starts anew.
"""

from collections.abc import Mapping, Sequence
from math import nan

import numpy as np
from numpy.typing import NDArray

from ..signals import Quality, Sample
from .definition import Alarm, Kind, PlantState

_SLACK = 1e-9  # s: plant times are sums of intervals, and a delay of 2 s means four of them
_SIDES = {"above": (0.0, 1.0), "below": (0.0, -1.0), "both": (1.0, 0.0)}


class Conditions:
    """The conditions of a table of alarms.

    Attributes:
        names: signals that matter, in the order of `values`.
        holds: which conditions hold, delays included; (alarms,) bool.
        onset: plant time at which a condition that holds began, before its delay; (alarms,) s.
        suppressed: which alarms the state of the plant suppresses; (alarms,) bool.
    """

    def __init__(self, alarms: Sequence[Alarm], states: Sequence[PlantState] = ()) -> None:
        wanted = [name for a in alarms for name in (a.signal, a.other) if name]
        self.names = tuple(dict.fromkeys([*wanted, *(state.signal for state in states)]))
        at = {name: n for n, name in enumerate(self.names)}
        zero = len(self.names)  # a last value that is always 0
        self._signal = np.array([at[a.signal] for a in alarms], np.intp)
        self._other = np.array([at[a.other] if a.other else zero for a in alarms], np.intp)
        form = np.array([_form(a) for a in alarms], np.float64).reshape(-1, 4)
        self._shift, self._size, self._sign, self._limit = form.T.copy()
        self._band = np.array([a.dead_band for a in alarms], np.float64)
        self._delay = np.array([(a.off_delay, a.on_delay) for a in alarms], np.float64)
        self._relative = np.flatnonzero([a.relative for a in alarms])
        self._bad = np.flatnonzero([a.kind is Kind.BAD for a in alarms])
        self._rate = np.flatnonzero([a.kind is Kind.RATE for a in alarms])
        self._window = np.array([a.window for a in alarms if a.kind is Kind.RATE], np.float64)
        self._state = np.array([at[s.signal] for s in states], np.intp)
        self._low = np.array([s.low for s in states], np.float64)
        self._high = np.array([s.high for s in states], np.float64)
        count, several = len(alarms), len(states)
        self._member = np.array(
            [[s.name in a.suppressed_in for s in states] for a in alarms], bool
        ).reshape(count, several)
        self._unseen = np.array(
            [[s.name in a.blind_in for s in states] for a in alarms], bool
        ).reshape(count, several)
        self.holds, self.suppressed = np.zeros(count, bool), np.zeros(count, bool)
        self._blind = np.zeros(count, bool)
        self.onset, self._pending = np.full(count, nan), np.full(count, nan)  # s, plant
        self._in_state = np.zeros(len(states), bool)
        self._slow = np.full(self._rate.size, nan)
        self._waiting = False
        self._bar = self._limit.copy()

    def values(self, samples: Mapping[str, Sample]) -> NDArray[np.float64]:
        """Return the values of `names` (SI), NaN where a sample is missing or not good."""
        get, good = samples.get, Quality.GOOD
        seen = [get(name) for name in self.names]
        found = np.array([s.value if s is not None and s.quality is good else nan for s in seen])
        found[np.isinf(found)] = nan
        return found

    def look(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Take in the state of the plant; return the alarms whose suppression changed.

        A suppressed condition does not hold, and begins anew when the suppression ends.
        """
        seen = values[self._state]
        inside = (seen >= self._low) & (seen <= self._high)
        inside = np.where(np.isnan(seen), self._in_state, inside)
        if np.array_equal(inside, self._in_state):
            return np.empty(0, np.intp)
        self._in_state = inside
        self._blind = np.any(self._unseen & inside, axis=1)
        now = np.any(self._member & inside, axis=1)
        changed: NDArray[np.intp] = np.flatnonzero(now != self.suppressed)
        self.suppressed[:] = now
        self._pending[changed] = nan
        self._slow[np.isin(self._rate, changed)] = nan
        return changed

    def end(self, alarm: int) -> None:
        """Let a condition end at once, whatever its signal says."""
        self.holds[alarm] = False
        self._bar[alarm] = self._limit[alarm]

    def step(self, values: NDArray[np.float64], time: float, passed: float) -> NDArray[np.intp]:
        """Judge all conditions; return those that began or ended, by when they did.

        Args:
            values: of `names`, SI; NaN for what is not known.
            time: plant clock (s).
            passed: plant time since the last step (s).
        """
        measure = self._measure(np.append(values, 0.0), passed)
        measure[self._blind] = nan
        over = np.where(np.isnan(measure), self.holds, measure > self._bar)
        differs = (over != self.holds) & ~self.suppressed
        if not differs.any():
            if self._waiting:
                self._pending[:] = nan
                self._waiting = False
            return np.empty(0, np.intp)
        since = np.where(np.isnan(self._pending), time, self._pending)
        self._pending = np.where(differs, since, nan)
        wait = self._delay[np.arange(over.size), over.astype(np.intp)]
        flips = np.flatnonzero(differs & (time - since >= wait - _SLACK))
        self._waiting = True
        if flips.size:
            begin = self._pending[flips]
            self.holds[flips] = over[flips]
            self.onset[flips] = begin
            self._pending[flips] = nan
            self._bar[flips] = self._limit[flips] - self._band[flips] * over[flips]
            flips = flips[np.argsort(begin, kind="stable")]
        return flips

    def _measure(self, values: NDArray[np.float64], passed: float) -> NDArray[np.float64]:
        """Return what must stay at or under the bar of each alarm; NaN where it is not known."""
        value, other = values[self._signal], values[self._other]
        distance = value - other - self._shift
        if self._relative.size:
            size = np.abs(other[self._relative])
            distance[self._relative] /= np.where(size > 0.0, size, nan)
        if self._rate.size:
            distance[self._rate] = self._rates(value[self._rate], passed)
        measure: NDArray[np.float64] = self._size * np.abs(distance) + self._sign * distance
        measure[self._bad] = np.isnan(value[self._bad])
        return measure

    def _rates(self, value: NDArray[np.float64], passed: float) -> NDArray[np.float64]:
        """Return the rate of each signal (SI/s), smoothed over its window; exact on a ramp."""
        before = np.where(np.isnan(value) | np.isnan(self._slow), value, self._slow)
        share = -np.expm1(-passed / self._window)
        self._slow = before + share * (value - before)
        rate: NDArray[np.float64] = (value - before) * share / (passed if passed > 0.0 else nan)
        return rate


def _form(alarm: Alarm) -> tuple[float, float, float, float]:
    """Return (shift, size, sign, limit): the condition is size |d| + sign d > limit, d shifted."""
    match alarm.kind:
        case Kind.HIGH:
            return 0.0, 0.0, 1.0, alarm.limit
        case Kind.LOW:
            return 0.0, 0.0, -1.0, -alarm.limit
        case Kind.EQUALS:
            return alarm.limit, -1.0, 0.0, -0.5
        case Kind.BAD:
            return 0.0, 0.0, 0.0, 0.5
        case _:
            return 0.0, *_SIDES[alarm.side], alarm.limit
