"""Model predictive control of the run-out table: the trim of the cooling on top of level 2.

Every half second the strip between F7 and the coiling pyrometer, and what will follow it, is sent
through level 2's own cooling model. Level 2's feedback is simulated along, as it will see the same
strip and act too. Of some hundred courses of the trim, three blocks each, the one that is expected
to cost least is begun.

Trim and feedback move the same water, so their sum alone is held by the strip: what parts them must
be said. Both aim at what the pyrometer shows, for a feedback that aims elsewhere winds up against
the trim; and during the body the trim costs, so that level 2 takes over and learns what lacks.

It knows samples, the page of tracking and the data sheet; nothing of the plant.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..economics import CT_DOWNGRADE
from .cooling_feedback import LOOP, MOST_ERROR, MOST_TRIM
from .cooling_setup import drop
from .mpc_forecast import BEYOND, LEVELS, MOST, Forecast, forecast
from .mpc_strip import GAUGE, INTERVAL, SPEED, TableSheet, TableStrip
from .tracking import TrackingPage

if TYPE_CHECKING:
    from ..signals import Sample

Array = NDArray[np.float64]


def _every(*parts: Array) -> Array:
    """Return all combinations, shape (n, parts)."""
    return np.stack(np.meshgrid(*parts, indexing="ij"), axis=-1).reshape(-1, len(parts))


BAND = 15.0  # K: tolerance of the coiling temperature [M 6.1]
DENSITY = 7800.0  # kg/m3: of the strip [M 4.2]
RATE = 0.25  # 1: banks by which the trim moves in a decision [M 6.2]
LEARNING = 0.15  # 1: of what is shown beyond the model [C benchmarks/mpc.py]
KEPT = 0.5  # 1: of that for the next coil [M 6.5]
SURE, UNSURE = 6.0, 12.0  # K: deviation of a forecast, pyrometer seen and before [M 4.2]
FAR = 0.03  # 1: of the money, for an error of a tolerance, squared [C]
MOVE = 0.02  # EUR: for a bank of movement [C]
HANDED = 20.0  # EUR: of a squared bank of feedback, halved at the tail [C benchmarks/mpc.py]
HOME, HANDOVER = 60.0, 40.0  # EUR, s: of a squared bank of trim, after so much of the body [C same]
BLOCKS = (4, 12)  # 1: decisions at which the first two blocks of a course end [C]
# 1: banks, courses over the whole range [C]
COARSE = _every(
    np.linspace(-MOST, MOST, 9), np.linspace(-MOST, MOST, 5), np.linspace(-MOST, MOST, 3)
)
FINE = _every(*[np.array([-0.3, -0.1, 0.0, 0.1, 0.3])] * 3)  # 1: round the last best [C]
AGAIN = 2  # 1: decisions after which a course is chosen anew [C]


class TableController:
    """Decides on the trim of one table; bring it every `INTERVAL` what is known."""

    def __init__(self, sheet: TableSheet) -> None:
        self._sheet = sheet
        self._strip = TableStrip(sheet)
        self._true = self._seen = 0.0  # K: strip, and pyrometer, beyond the model
        self._was_seen = self._had_seen = False
        self._best = np.zeros(3)
        self._turn = 0

    def decide(self, samples: Mapping[str, "Sample"], page: TrackingPage, trim: float) -> float:
        """Return the trim (banks) to aim at now.

        Args:
            samples: by name.
            page: what tracking believes at this moment.
            trim: in force since the last decision (banks).
        """
        values = {name: one.value for name, one in samples.items() if one.good}
        strip = self._strip
        strip.remember(values, trim)
        speed = page.strip.speed.value if page.strip.speed is not None else None
        if speed is None or page.strip.lost > 1.0:
            strip.lose()
            return trim
        if speed < 0.5:
            strip.lose()
            return 0.0
        if strip.begins(page):
            self._true, self._seen = KEPT * self._true, KEPT * self._seen
            self._was_seen = self._had_seen = False
            self._best = np.zeros(3)
        strip.follow(values, page, speed, self._was_seen)
        if strip.pieces.shape[1] == 0 or "coil.ct_aim" not in values:
            return 0.0
        self._turn = (self._turn + 1) % AGAIN
        if self._turn == 1 % AGAIN:
            ahead = forecast(self._sheet, strip, values, page, speed)
            self._learn(values, page, ahead)
            heads = np.concatenate([COARSE, np.clip(self._best + FINE, -MOST, MOST)])
            cost = self._cost(Courses(heads, trim), ahead, values, speed)
            self._best = heads[int(np.argmin(cost))]
        return float(self._best[0])

    def _learn(self, values: Mapping[str, float], page: TrackingPage, ahead: Forecast) -> None:
        """Compare what arrives with what the model says of it."""
        shown, under = values.get("rot.coiling_temperature"), page.strip.under_pyrometer
        self._was_seen = False
        if shown is None or under is None or under.number != self._strip.number:
            return
        half = 0.5 * INTERVAL * float(self._strip.pieces[SPEED, -1]) + 1.0
        at = np.flatnonzero(np.abs(ahead.place - self._sheet.mill.pyrometer) <= half)
        if at.size == 0 or not page.strip.rolling:
            return
        self._was_seen = self._had_seen = True
        modelled = float(np.interp(0.0, LEVELS, ahead.grid[:, int(at[0])]))
        believed = shown
        if page.instrument("rot.coiling_temperature").health != "good":
            believed = modelled if under.temperature is None else under.temperature.value
        if isfinite(modelled):
            self._true += LEARNING * (min(max(believed - modelled, -60.0), 60.0) - self._true)
            self._seen += LEARNING * (min(max(shown - modelled, -60.0), 60.0) - self._seen)

    def _cost(
        self, courses: "Courses", ahead: Forecast, values: Mapping[str, float], speed: float
    ) -> Array:
        """Return the money (EUR) that each course is expected to cost up to the horizon."""
        count = courses.heads.shape[0]
        old, memory = np.array(self._strip.trims), np.array(self._strip.backs)
        past = old.size
        far = max(round(float(ahead.arrive[-1]) / INTERVAL) + 2, 1)
        course = courses.run(far)  # (far, count): in force after 1, 2, .. decisions
        backs = np.empty((past + far, count))
        backs[:past] = memory[:, None]
        aim = values["coil.ct_aim"]
        gauge = max(float(self._strip.pieces[GAUGE, 0]), 5e-4)
        rate = values.get("coil.width", 1.25) * gauge * speed * DENSITY * CT_DOWNGRADE * INTERVAL
        apart = self._seen - self._true
        water = values.get("rot.water_temperature", 298.15)
        bank = max(float(drop(aim, water, speed, gauge, self._sheet.mill.bank_length)), 1.0)
        spread = SURE if self._had_seen else UNSURE
        cost = MOVE * np.abs(np.diff(course, axis=0)).sum(axis=0)
        # only what is moved within the horizon counts: a later promise need not be kept
        home = HOME * min(self._strip.body / HANDOVER, 1.0)
        cost += home * (course[:BEYOND] ** 2).mean(axis=0)
        filled = past - 1
        back = np.full(count, memory[-1])
        for j in range(ahead.arrive.size):
            at = round(float(ahead.arrive[j]) / INTERVAL)
            if at < 0:
                continue
            when = at - ahead.late_trim
            trim = (
                course[min(when, far - 1)] if when >= 0 else np.full(count, old[max(when, -past)])
            )
            heat = np.interp(trim, LEVELS, ahead.grid[:, j]) + self._true
            then = max(min(at - ahead.late_back + past - 1, filled), 0)
            heat = heat + ahead.slope[j] * (backs[then] - ahead.base[j])
            off = heat - aim
            cost = cost + rate * (outside(off, BAND, spread) + FAR * (off / BAND) ** 2)
            # level 2's own feedback sees it too
            error = np.clip(off + apart, -MOST_ERROR, MOST_ERROR)
            error = error - bank * (back - backs[then])
            back = np.clip(back + INTERVAL / LOOP * error / bank, -MOST_TRIM, MOST_TRIM)
            until = min(past + at, past + far - 1)
            backs[filled + 1 : until] = backs[filled]
            backs[until] = back
            filled = until
        return np.asarray(cost + HANDED * back * back)


@dataclass(frozen=True, slots=True)
class Courses:
    """Courses of the trim: three blocks each, from the trim in force on.

    Attributes:
        heads: aim of the trim in each block (banks), shape (courses, 3).
        trim: in force now (banks).
    """

    heads: Array
    trim: float

    def run(self, steps: int) -> Array:
        """Return the trim in force after 1, 2, .. decisions (banks), shape (steps, courses)."""
        found = np.empty((steps, self.heads.shape[0]))
        now = np.full(self.heads.shape[0], self.trim)
        for k in range(steps):
            block = 0 if k < BLOCKS[0] else 1 if k < BLOCKS[1] else 2
            now = now + np.clip(self.heads[:, block] - now, -RATE, RATE)
            found[k] = now
        return found


def outside(off: Array, band: float, spread: float) -> Array:
    """Return the probability that strip lies outside a tolerance.

    Args:
        off: expected error, in any unit.
        band: tolerance either side, in the same unit.
        spread: standard deviation of the error.
    """
    sharp = 1.702 / spread  # logistic form of the normal distribution
    above = 1.0 / (1.0 + np.exp(np.clip(-sharp * (off - band), -50.0, 50.0)))
    below = 1.0 / (1.0 + np.exp(np.clip(-sharp * (-off - band), -50.0, 50.0)))
    return np.asarray(above + below)
