"""What a controller of the run-out table keeps of the strip, piece by piece, and of the banks.

Each piece of half a second carries the delivery temperature, thickness and speed with which it left
F7, the banks that level 2 asked for, and the trim and feedback it has met. Level 2's own memory is
followed by its own law from what it shows: what its main banks have taken over from the feedback.

It knows samples, the page of tracking and the data sheet; nothing of the plant.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from .cooling_feedback import MOST_TRIM, SHORT_LEARNING, VALVE_BELIEF, shifted
from .tracking import TrackedMill, TrackingPage

Array = NDArray[np.float64]

INTERVAL = 0.5  # s: of a decision, and of a piece of strip [M 3.10]
FRESH = 0.35  # 1: of a new reading of the delivery temperature [M 6.5]
FDT_LEARNING = 0.15  # 1: of what tracking believes beyond that reading [C]
USUAL_YIELD = 0.94  # 1: flow of a bank that is asked for all, before it has been seen [M]
YIELD_SEEN = 0.1  # 1: of a new reading of it [M 6.5]
SETTLED = 3.0  # s: a command must stand before the flow is compared with it [M 4.2]
QUICK_FROM, QUICK_NOISE = 4.0, 8.0  # m, K: the middle pyrometer's first readings [M]
MEMORY = 64  # 1: decisions

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


class TableStrip:
    """The strip on one table; bring it every `INTERVAL` what is known.

    Attributes:
        pieces: shape (8, n), newest first; rows PLACE to BACK.
        trims, backs: of the last decisions, newest last (banks).
        fdt_off: what tracking believes beyond the pyrometer behind F7 (K).
        body: strip of this coil seen by the coiling pyrometer (s).
        shift: banks that level 2's main banks have taken over from its feedback.
        yields, leaks: flow of each bank asked for all, and for nothing (1), shape (banks,).
    """

    def __init__(self, sheet: TableSheet) -> None:
        self._sheet = sheet
        banks = sheet.mill.banks
        self.pieces: Array = np.zeros((8, 0))
        self.trims: deque[float] = deque([0.0] * MEMORY, maxlen=MEMORY)
        self.backs: deque[float] = deque([0.0] * MEMORY, maxlen=MEMORY)
        self.yields, self.leaks = np.full(banks, USUAL_YIELD), np.zeros(banks)
        self.fdt_off = self.body = self.shift = 0.0
        self.number: int | None = None
        self._speeds: deque[float] = deque(maxlen=5)
        self._stands = np.zeros(banks)  # s: since the command has been at an end
        self._quick: list[float] = []
        self._held = 1.0

    def remember(self, values: Mapping[str, float], trim: float) -> None:
        """Take the trim (banks) and the feedback in force, and what the banks give."""
        self.trims.append(trim)
        back = min(max(values.get("rot.feedback", self.backs[-1]), -MOST_TRIM), MOST_TRIM)
        self.backs.append(back)
        self._look_at_banks(values)

    def begins(self, page: TrackingPage) -> bool:
        """Return whether another coil has come since the last time, and forget the one before."""
        strip = page.strip
        if not strip.rolling or strip.number == self.number:
            return False
        self.number = strip.number
        self.fdt_off = self.body = 0.0
        self._quick = []
        return True

    def lose(self) -> None:
        """Forget where strip is."""
        self.pieces = np.zeros((8, 0))

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
            which = self.yields if side > 0.0 else self.leaks
            seen = flow if side > 0.0 else (flow if flow > 0.1 else 0.0)
            which[b] += YIELD_SEEN * (min(max(seen, 0.0), 1.2) - which[b])

    def follow(
        self, values: Mapping[str, float], page: TrackingPage, speed: float, seen: bool
    ) -> None:
        """Move the strip on, lay down what has left F7, and remember what it met.

        Args:
            values: of usable samples, by name.
            page: what tracking believes at this moment.
            speed: of the strip (m/s).
            seen: the coiling pyrometer showed strip of this coil at the last decision.
        """
        self._speeds.append(speed)
        mill, sheet, strip = self._sheet.mill, self._sheet, page.strip
        old = self.pieces
        before = old[PLACE].copy()
        old[PLACE] += speed * INTERVAL
        late = ceil(VALVE_BELIEF / INTERVAL)
        for field, place, done in (
            (TRIM, sheet.bank_place(old[ASKED]), self.trims),
            (BACK, np.full(before.size, sheet.trim_place), self.backs),
        ):
            crossed = (before < place) & (old[PLACE] >= place)
            old[field, crossed] = done[-1 - late]
        old = old[:, old[PLACE] < mill.pyrometer + speed * INTERVAL]
        if seen and strip.rolling:
            self.body += INTERVAL
            self.shift = float(shifted(self.shift, self.backs[-1], INTERVAL))
        if not strip.rolling:
            self.pieces = old
            return
        shown = values.get("fm.fdt")
        newest = strip.segments[0] if strip.segments else None
        first = old.shape[1] == 0 or old[NUMBER, 0] != float(self.number or 0)
        if first:
            self.shift *= 1.0 - SHORT_LEARNING
        known = shown if shown is not None else values.get("coil.fdt_aim", 1160.0)
        if not first:
            known = float(old[SHOWN, 0] + FRESH * (known - old[SHOWN, 0]))
        if newest is not None and newest.fdt is not None:
            self.fdt_off += FDT_LEARNING * (newest.fdt.value - known - self.fdt_off)
        gauge = values.get("fm.exit_thickness", 0.0)
        aim = values.get("coil.gauge_aim", 2.6e-3)
        if not 0.8 * aim < gauge < 1.25 * aim:
            gauge = aim
        asked = values.get("rot.demand", 8.0) + self.shift
        piece = np.array([[0.5 * speed * INTERVAL, float(self.number or 0), known, gauge, asked,
                           speed, np.nan, np.nan]]).T  # fmt: skip
        self.pieces = np.concatenate([piece, old], axis=1)

    def rate(self) -> float:
        """Return the acceleration of the strip (m/s2)."""
        if len(self._speeds) < (self._speeds.maxlen or 0):
            return 0.0
        rate = (self._speeds[-1] - self._speeds[0]) / (INTERVAL * (len(self._speeds) - 1))
        return min(max(rate, -0.3), 0.3)

    def gain(self, page: TrackingPage) -> float:
        """Return the factor on the water; by few readings until tracking has it."""
        if page.strip.rolling:  # behind the tail tracking speaks of the next coil
            self._held = self._now(page)
        return self._held

    def _now(self, page: TrackingPage) -> float:
        now, usual = page.adaptation.cooling_now, page.adaptation.cooling
        if now is not None:
            return now.value
        under = page.strip.under_middle
        if (
            under is not None and under.number == self.number and under.at > QUICK_FROM
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
