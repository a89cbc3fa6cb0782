"""Model predictive control of the run-out table: the trim of the cooling on top of level 2.

Every half second the strip between F7 and the coiling pyrometer, and what will follow it, is sent
through level 2's own cooling model, with what tracking believes instead of what level 2 takes for
granted: the delivery temperature, the factor on the water, the banks that give what they are asked
for. Level 2's feedback is simulated along, as it will see the same strip and act too. Of some
hundred courses of the trim, three blocks each, the one that is expected to cost least is begun.

It knows samples, the page of tracking and the data sheet; nothing of the plant.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, isfinite
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..economics import CT_DOWNGRADE, WATER
from .cooling_feedback import (
    LOOP,
    MOST_ERROR,
    MOST_TRIM,
    SHORT_LEARNING,
    VALVE_BELIEF,
    shifted,
)
from .cooling_setup import drop
from .tracking import TrackedMill, TrackingPage
from .tracking.cooling import after, flux

if TYPE_CHECKING:
    from ..signals import Sample

Array = NDArray[np.float64]


def _every(*parts: Array) -> Array:
    """Return all combinations, shape (n, parts)."""
    return np.stack(np.meshgrid(*parts, indexing="ij"), axis=-1).reshape(-1, len(parts))


INTERVAL = 0.5  # s: of a decision, and of a piece of strip [M 3.10]
BAND = 15.0  # K: tolerance of the coiling temperature [M 6.1]
DENSITY = 7800.0  # kg/m3: of the strip [M 4.2]
BANK_WATER = 420.0 / 3600.0 * WATER  # EUR/s: of one bank, 420 m3/h [M 4.2]
MOST, RATE = 1.5, 0.25  # 1: banks of the trim, and by which it moves in a decision [M 6.2]
LEVELS = np.linspace(-MOST, MOST, 5)  # 1: banks at which the model is run [C]
TRIM_OPEN = 0.5  # 1: opening of the trim banks that the feed-forward counts on [M 4.2]
AIR_STEPS = 3  # 1: stretches behind the last bank [C]
FRESH = 0.35  # 1: of a new reading of the delivery temperature [M 6.5]
USUAL_YIELD = 0.94  # 1: flow of a bank that is asked for all, before it has been seen [M]
YIELD_SEEN = 0.1  # 1: of a new reading of it [M 6.5]
SETTLED = 3.0  # s: a command must stand before the flow is compared with it [M 4.2]
LEARNING = 0.15  # 1: of what is shown beyond the model [C benchmarks/mpc.py]
KEPT = 0.5  # 1: of that for the next coil [M 6.5]
# K, 1: most that tracking is believed against the pyrometer, and how far [C benchmarks/mpc.py]
PYROMETER_OFF, BELIEVED = 10.0, 0.5
SURE, UNSURE = 6.0, 12.0  # K: deviation of a forecast, pyrometer seen and before [M 4.2]
FAR = 0.03  # 1: of the money, for an error of a tolerance, squared [C]
MOVE = 0.02  # EUR: for a bank of movement [C]
HANDED = 20.0  # EUR: of a squared bank of feedback, halved at the tail [C benchmarks/mpc.py]
QUICK_FROM, QUICK_NOISE = 4.0, 8.0  # m, K: the middle pyrometer's first readings [M]
BLOCKS = (4, 12)  # 1: decisions at which the first two blocks of a course end [C]
# 1: banks, courses over the whole range [C]
COARSE = _every(
    np.linspace(-MOST, MOST, 9), np.linspace(-MOST, MOST, 5), np.linspace(-MOST, MOST, 3)
)
FINE = _every(*[np.array([-0.3, -0.1, 0.0, 0.1, 0.3])] * 3)  # 1: round the last best [C]
AGAIN = 2  # 1: decisions after which a course is chosen anew [C]
BEYOND = 14  # 1: decisions, horizon behind the dead time [C]

# what a piece carries
PLACE, NUMBER, SHOWN, GAUGE, ASKED, SPEED, TRIM, BACK = range(8)


@dataclass(frozen=True, slots=True)
class TableSheet:
    """What a works knows of its table: places (m behind F7) and numbers of banks."""

    mill: TrackedMill
    mains: int

    @property
    def trims(self) -> int:
        """How many trim banks lie behind the main banks."""
        return self.mill.banks - self.mains

    @property
    def trim_place(self) -> float:
        """Middle of the trim banks (m)."""
        return self.mill.first_bank + self.mill.bank_length * (self.mains + 0.5 * self.trims)

    def bank_place(self, asked: Array | float) -> Array:
        """Return the middle (m) of the bank that opens last when so many are asked for."""
        bank = np.clip(np.floor(np.asarray(asked)), 0.0, self.mains - 1.0)
        return np.asarray(self.mill.first_bank + self.mill.bank_length * (bank + 0.5))


def coiling(
    sheet: TableSheet, fdt: Array, gauge: Array, carbon: float, asked: Array, back: Array,
    speeds: tuple[Array, Array], water: float, gain: float, yields: Array, leaks: Array,
) -> Array:  # fmt: skip
    """Return the temperature at the coiling pyrometer (K) by level 2's cooling model.

    Args:
        sheet: data sheet.
        fdt: delivery temperature (K), shape (n,), as all arrays but the last two.
        gauge: m.
        carbon: weight %.
        asked: main banks over the strip, from the front.
        back: banks that the feedback adds to half of the trim banks.
        speeds: when the strip leaves F7, and when it passes the pyrometer (m/s).
        water: its temperature (K).
        gain: factor on the water's cooling.
        yields: flow of each bank when it is asked for all (1), shape (banks,).
        leaks: flow of each bank when it is asked for nothing (1), shape (banks,).
    """
    mill = sheet.mill
    edges = [mill.delivery, mill.first_bank]
    edges += [mill.first_bank + mill.bank_length * (b + 1) for b in range(mill.banks)]
    edges += np.linspace(edges[-1], mill.pyrometer, AIR_STEPS + 1)[1:].tolist()
    heat, age = fdt, np.zeros(fdt.shape)
    trims = np.clip(TRIM_OPEN + back / sheet.trims, 0.0, 1.0)
    slow, fast = speeds
    for k in range(len(edges) - 1):
        start, end = edges[k], edges[k + 1]
        bank = k - 1
        speed = slow + (fast - slow) * (0.5 * (start + end) / mill.pyrometer)
        seconds = (end - start) / speed
        wet: Array = np.zeros(fdt.shape)
        if 0 <= bank < mill.banks:
            open_ = np.clip(asked - bank, 0.0, 1.0) if bank < sheet.mains else trims
            opened = np.maximum(open_ * yields[bank], leaks[bank])
            wet = gain * opened * flux(heat, water, speed)
        heat, age = after(heat, age, gauge, carbon, seconds, wet)
    return heat


class TableController:
    """Decides on the trim of one table; bring it every `INTERVAL` what is known."""

    def __init__(self, sheet: TableSheet) -> None:
        self._sheet = sheet
        banks = sheet.mill.banks
        self._pieces: Array = np.zeros((8, 0))  # newest first
        self._trims: deque[float] = deque([0.0] * 64, maxlen=64)  # newest last
        self._backs: deque[float] = deque([0.0] * 64, maxlen=64)
        self._speeds: deque[float] = deque(maxlen=5)
        self._yields, self._leaks = np.full(banks, USUAL_YIELD), np.zeros(banks)
        self._stands = np.zeros(banks)  # s: since the command has been at an end
        self._shift = 0.0
        self._apart = 0.0  # K: tracking less pyrometer, of this coil
        self._true = self._seen = 0.0  # K: strip, and pyrometer, beyond the model
        self._was_seen = self._had_seen = False
        self._quick: list[float] = []
        self._number: int | None = None
        self._best = np.zeros(3)
        self._turn = 0
        self._fdt_off = 0.0
        self._held = 1.0

    def decide(self, samples: Mapping[str, "Sample"], page: TrackingPage, trim: float) -> float:
        """Return the trim (banks) to aim at now.

        Args:
            samples: by name.
            page: what tracking believes at this moment.
            trim: in force since the last decision (banks).
        """
        values = {name: one.value for name, one in samples.items() if one.good}
        self._trims.append(trim)
        back = min(max(values.get("rot.feedback", self._backs[-1]), -MOST_TRIM), MOST_TRIM)
        self._backs.append(back)
        self._look_at_banks(values)
        strip = page.strip
        speed = strip.speed.value if strip.speed is not None else None
        if speed is None or speed < 0.5 or strip.lost > 1.0:
            self._pieces = np.zeros((8, 0))
            return 0.0
        self._speeds.append(speed)
        if strip.rolling and strip.number != self._number:
            self._number = strip.number
            self._true, self._seen = KEPT * self._true, KEPT * self._seen
            self._apart = 0.0
            self._was_seen = self._had_seen = False
            self._quick = []
            self._fdt_off, self._best = 0.0, np.zeros(3)
        self._follow(values, page, speed)
        if self._pieces.shape[1] == 0 or "coil.ct_aim" not in values:
            return 0.0
        self._turn = (self._turn + 1) % AGAIN
        if self._turn != 1 % AGAIN:
            return float(self._best[0])
        return self._choose(values, page, speed)

    def _look_at_banks(self, values: Mapping[str, float]) -> None:
        for b in range(self._sheet.mill.banks):
            told = values.get(f"rot.bank_{b + 1}_command")
            flow = values.get(f"rot.bank_{b + 1}_flow")
            if told is None or flow is None or 0.02 < told < 0.98:
                self._stands[b] = 0.0
                continue
            side = 1.0 if told > 0.5 else -1.0
            same = side * self._stands[b] > 0.0
            self._stands[b] = self._stands[b] + side * INTERVAL if same else side * INTERVAL
            if abs(self._stands[b]) <= SETTLED:
                continue
            which = self._yields if side > 0.0 else self._leaks
            seen = flow if side > 0.0 else (flow if flow > 0.1 else 0.0)
            which[b] += YIELD_SEEN * (min(max(seen, 0.0), 1.2) - which[b])

    def _follow(self, values: Mapping[str, float], page: TrackingPage, speed: float) -> None:
        """Move the strip on, lay down what has left F7, and remember what it met."""
        mill, sheet, strip = self._sheet.mill, self._sheet, page.strip
        old = self._pieces
        before = old[PLACE].copy()
        old[PLACE] += speed * INTERVAL
        late = ceil(VALVE_BELIEF / INTERVAL)
        for field, place, done in (
            (TRIM, sheet.bank_place(old[ASKED]), self._trims),
            (BACK, np.full(before.size, sheet.trim_place), self._backs),
        ):
            crossed = (before < place) & (old[PLACE] >= place)
            old[field, crossed] = done[-1 - late]
        old = old[:, old[PLACE] < mill.pyrometer + speed * INTERVAL]
        if self._was_seen and strip.rolling:
            self._shift = float(shifted(self._shift, self._backs[-1], INTERVAL))
        if not strip.rolling:
            self._pieces = old
            return
        shown = values.get("fm.fdt")
        newest = strip.segments[0] if strip.segments else None
        first = old.shape[1] == 0 or old[NUMBER, 0] != float(self._number or 0)
        if first:
            self._shift *= 1.0 - SHORT_LEARNING
        known = shown if shown is not None else values.get("coil.fdt_aim", 1160.0)
        if not first:
            known = float(old[SHOWN, 0] + FRESH * (known - old[SHOWN, 0]))
        if newest is not None and newest.fdt is not None:
            self._fdt_off += 0.15 * (newest.fdt.value - known - self._fdt_off)
        gauge = values.get("fm.exit_thickness", 0.0)
        aim = values.get("coil.gauge_aim", 2.6e-3)
        if not 0.8 * aim < gauge < 1.25 * aim:
            gauge = aim
        asked = values.get("rot.demand", 8.0) + self._shift
        piece = np.array([[0.5 * speed * INTERVAL, float(self._number or 0), known, gauge, asked,
                           speed, np.nan, np.nan]]).T  # fmt: skip
        self._pieces = np.concatenate([piece, old], axis=1)

    def _choose(self, values: Mapping[str, float], page: TrackingPage, speed: float) -> float:
        mill, sheet = self._sheet.mill, self._sheet
        pieces = self._pieces[:, ::-1]  # oldest first: the order in which they arrive
        rate = 0.0
        if len(self._speeds) == self._speeds.maxlen:
            rate = (self._speeds[-1] - self._speeds[0]) / (INTERVAL * (len(self._speeds) - 1))
        rate = min(max(rate, -0.3), 0.3)
        asked_now = float(pieces[ASKED, -1])
        place = float(sheet.bank_place(asked_now))
        dead = VALVE_BELIEF + (mill.pyrometer - place) / speed
        late_trim = round(dead / INTERVAL)
        late_back = round((VALVE_BELIEF + (mill.pyrometer - sheet.trim_place) / speed) / INTERVAL)
        first = max((mill.pyrometer - pieces[PLACE, 0]) / speed / INTERVAL, 0.0)
        span = late_trim + BEYOND
        coming = 0
        if page.strip.rolling:
            coming = max(span - round(first) - pieces.shape[1], 0)
        if coming:
            pieces = np.concatenate([pieces, np.repeat(pieces[:, -1:], coming, axis=1)], axis=1)
            away = np.arange(1, coming + 1) * speed * INTERVAL
            pieces[PLACE, -coming:] = pieces[PLACE, -coming - 1] - away
        count = pieces.shape[1]
        arrive = (mill.pyrometer - pieces[PLACE]) / speed  # s from now
        fast = np.clip(speed + rate * np.clip(arrive, 0.0, 8.0), 1.0, 25.0)
        gone = pieces[PLACE] < 0.0
        slow = np.where(gone, np.clip(speed + rate * np.minimum(-pieces[PLACE] / speed, 8.0), 1.0,
                                      25.0), pieces[SPEED])  # fmt: skip
        if page.strip.rolling:  # behind the tail tracking speaks of the next coil
            self._held = self._gain(page)
        gain = self._held
        carbon = 100.0 * values.get("coil.carbon", 8e-4)
        back = self._backs[-1]
        base = np.where(np.isfinite(pieces[BACK]), pieces[BACK], back)
        wide = LEVELS.size + 1

        def rows(of: Array) -> Array:
            return np.tile(of, wide)

        trims = np.repeat(np.append(LEVELS, 0.0), count)
        fixed = rows(pieces[TRIM])
        trims = np.where(np.isfinite(fixed), fixed, trims)
        backs = rows(base)
        backs[-count:] += np.where(backs[-count:] > 0.5, -0.25, 0.25)
        run = coiling(
            sheet, rows(pieces[SHOWN] + self._fdt_off), rows(pieces[GAUGE]), carbon,
            np.maximum(rows(pieces[ASKED]) + trims, 0.0), backs, (rows(slow), rows(fast)),
            values.get("rot.water_temperature", 298.15), gain, self._yields, self._leaks,
        ).reshape(wide, count)  # fmt: skip
        grid = run[:-1]  # (levels, pieces)
        at_rest = np.array([np.interp(0.0, LEVELS, grid[:, j]) for j in range(count)])
        slope = (run[-1] - at_rest) / (backs[-count:] - base)
        aim = values["coil.ct_aim"]
        self._learn(values, page, pieces, grid)
        spread = SURE if self._had_seen else UNSURE
        heads = np.concatenate([COARSE, np.clip(self._best + FINE, -MOST, MOST)])
        courses = Courses(heads, self._trims[-1])
        cost = self._cost(
            courses, grid, slope, base, arrive, late_trim, late_back, aim, speed, values, spread
        )
        self._best = heads[int(np.argmin(cost))]
        return float(np.clip(self._best[0], -MOST, MOST))

    def _gain(self, page: TrackingPage) -> float:
        """Return the factor on the water; by few readings until tracking has it."""
        now, usual = page.adaptation.cooling_now, page.adaptation.cooling
        if now is not None:
            return now.value
        under = page.strip.under_middle
        if (
            under is not None and under.number == self._number and under.at > QUICK_FROM
            and under.temperature is not None and under.middle_seen is not None
            and under.water > 40.0
            and page.instrument("rot.mid_temperature").health == "good"
        ):  # fmt: skip
            self._quick.append((under.temperature.value - under.middle_seen) / under.water)
            self._quick_water = under.water
        if not self._quick:
            return usual.value
        noise = QUICK_NOISE / self._quick_water
        trust = usual.deviation**2 / (usual.deviation**2 + noise * noise)
        return usual.value * (1.0 + trust * float(np.mean(self._quick)))

    def _learn(
        self, values: Mapping[str, float], page: TrackingPage, pieces: Array, grid: Array
    ) -> None:
        """Compare what arrives with what the model says of it."""
        shown, under = values.get("rot.coiling_temperature"), page.strip.under_pyrometer
        self._was_seen = False
        if shown is None or under is None or under.number != self._number:
            return
        half = 0.5 * INTERVAL * float(pieces[SPEED, 0]) + 1.0
        at = np.flatnonzero(np.abs(pieces[PLACE] - self._sheet.mill.pyrometer) <= half)
        if at.size == 0 or not page.strip.rolling:
            return
        self._was_seen = self._had_seen = True
        here = int(at[0])
        modelled = float(np.interp(0.0, LEVELS, grid[:, here]))
        strip = shown if under.temperature is None else under.temperature.value
        self._apart += 0.5 * LEARNING * (strip - shown - self._apart)
        believed = shown + BELIEVED * min(max(self._apart, -PYROMETER_OFF), PYROMETER_OFF)
        if page.instrument("rot.coiling_temperature").health != "good":
            believed = modelled if under.temperature is None else under.temperature.value
        if isfinite(modelled):
            self._true += LEARNING * (min(max(believed - modelled, -60.0), 60.0) - self._true)
            self._seen += LEARNING * (min(max(shown - modelled, -60.0), 60.0) - self._seen)

    def _cost(
        self, courses: "Courses", grid: Array, slope: Array, base: Array, arrive: Array,
        late_trim: int, late_back: int, aim: float, speed: float, values: Mapping[str, float],
        spread: float,
    ) -> Array:  # fmt: skip
        """Return the money (EUR) that each course is expected to cost up to the horizon."""
        count = courses.heads.shape[0]
        past = len(self._trims)
        old = np.array(self._trims)
        memory = np.array(self._backs)
        steps = arrive.size
        far = max(round(float(arrive[-1]) / INTERVAL) + 2, 1)
        course = courses.run(far)  # (far, count): in force after 1, 2, .. decisions
        backs = np.empty((past + far, count))
        backs[:past] = memory[:, None]
        gauge = max(float(self._pieces[GAUGE, 0]), 5e-4)
        rate = values.get("coil.width", 1.25) * gauge * speed * DENSITY * CT_DOWNGRADE * INTERVAL
        apart = self._seen - self._true
        water = values.get("rot.water_temperature", 298.15)
        bank = max(float(drop(aim, water, speed, gauge, self._sheet.mill.bank_length)), 1.0)
        cost = BANK_WATER * course.sum(axis=0) * INTERVAL
        cost = cost + MOVE * np.abs(np.diff(course, axis=0)).sum(axis=0)
        filled = past - 1
        back = np.full(count, memory[-1])
        for j in range(steps):
            at = round(float(arrive[j]) / INTERVAL)
            if at < 0:
                continue
            when = at - late_trim
            trim = (
                course[min(when, far - 1)] if when >= 0 else np.full(count, old[max(when, -past)])
            )
            heat = np.interp(trim, LEVELS, grid[:, j]) + self._true
            then = min(at - late_back + past - 1, filled)
            heat = heat + slope[j] * (backs[max(then, 0)] - base[j])
            off = heat - aim
            cost = cost + rate * (outside(off, BAND, spread) + FAR * (off / BAND) ** 2)
            # level 2's own feedback sees it too
            error = np.clip(off + apart, -MOST_ERROR, MOST_ERROR)
            error = error - bank * (back - backs[max(then, 0)])
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
