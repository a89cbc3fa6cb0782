"""Strip on the run-out table in pieces that carry what was seen of them when they left F7.

A piece moves by the way the strip moves; the water that lies on its way is integrated from the
flows of the banks, and level 2's cooling model cools it. What a pyrometer shows belongs to the
piece that lies under it at that moment: it left F7 a transport time ago.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from ..cooling_setup import HEAT_CAPACITY
from .cooling import after, flux
from .mill import TrackedMill
from .page import Belief, Segment

Array = NDArray[np.float64]

PIECE = 4.0  # m: longest piece of strip [M]
SUBSTEP = 1.05  # s: longest step of the cooling model [M]
PATH_DEVIATION = 8.0  # K: of the cooling model where nothing has been compared yet [C]
FULL_PATH = 100.0  # m: of table over which that deviation builds up [M]
GAIN_SHARE = 0.03  # 1: of the water's drop that the model does not know [C]
LEAST_GAUGE = 5e-4  # m: of a piece in the model [M]

# what a piece carries; NaN inside where nothing was seen
(
    PLACE, SPAN, AT, BORN, SPEED, GAUGE, ENTRY, FDT_SEEN, FDT, FDT_DEVIATION, HEAT, AGE, WATER,
    MIDDLE_SEEN, COILING_SEEN, NUMBER,
) = range(16)  # fmt: skip
FIELDS = 16


@dataclass(frozen=True, slots=True)
class Fresh:
    """What is known of the strip that leaves F7 now; None where nothing is."""

    number: int
    speed: float
    gauge: float
    entry: float | None
    fdt_seen: float | None
    fdt: Belief | None


@dataclass(frozen=True, slots=True)
class Under:
    """What the model says of the strip under a pyrometer: temperature and the water's part (K)."""

    heat: float
    water: float
    at: float
    rolled_by: int


class RunOutTable:
    """The strip between F7 and the coiler, newest piece first."""

    def __init__(self, mill: TrackedMill) -> None:
        self._mill = mill
        self._flows = tuple(f"rot.bank_{b}_flow" for b in range(1, mill.banks + 1))
        edges = mill.first_bank + mill.bank_length * np.arange(mill.banks + 1)
        self._edges: Array = np.concatenate([[0.0], edges])
        self._pieces: Array = np.zeros((FIELDS, 0))
        self._last: Fresh | None = None
        self._wet: Array | None = None

    def clear(self) -> None:
        """Forget all strip: it cannot be followed any more."""
        self._pieces = np.zeros((FIELDS, 0))
        self._last, self._wet = None, None

    def move(
        self, values: Mapping[str, float], way: float, passed: float, speed: float, carbon: float,
        gain: float,
    ) -> None:  # fmt: skip
        """Move all strip by `way` (m) in `passed` (s) and cool it; then let go what is coiled.

        Args:
            values: flows of the banks and the water's temperature; a bank not shown has the flow
                it had.
            way: m.
            passed: s.
            speed: m/s.
            carbon: weight %.
            gain: factor on the water's cooling.
        """
        wet = self._water(values)
        start = self._pieces[PLACE]
        self._cool(start, start + way, np.full(start.size, passed), wet, values, speed, carbon,
                   gain)  # fmt: skip
        self._pieces[PLACE] = start + way
        gone = self._pieces[PLACE] - 0.5 * self._pieces[SPAN] > self._mill.coiler
        if gone.any():
            self._pieces = self._pieces[:, ~gone]
        self._wet = wet

    def lay(
        self, fresh: Fresh, rolled: float, end: float, away: float, passed: float, now: float,
        values: Mapping[str, float], carbon: float, gain: float,
    ) -> None:  # fmt: skip
        """Lay down strip that has left F7 since the last update, after `move`.

        Args:
            fresh: what was seen of its end.
            rolled: its length (m).
            end: where its end lies, m behind the head of the coil.
            away: how far the end is behind F7 already (m); 0 while the mill holds it.
            passed: s.
            now: plant time (s).
            values: of this update.
            carbon: weight %.
            gain: factor on the water's cooling.
        """
        if rolled < 1e-3:
            return
        count = max(ceil(rolled / PIECE), 1)
        share = (np.arange(count) + 0.5) / count  # 0 now, 1 at the last update
        back = share * rolled
        place = back + away
        pieces = np.full((FIELDS, count), np.nan)
        pieces[PLACE], pieces[SPAN], pieces[AT] = place, rolled / count, end - back
        seconds = np.minimum(place / max(fresh.speed, 0.1), passed)
        pieces[BORN], pieces[SPEED], pieces[GAUGE] = now - seconds, fresh.speed, fresh.gauge
        old = self._last if self._last and self._last.number == fresh.number else fresh
        pieces[ENTRY] = _between(fresh.entry, old.entry, share)
        pieces[FDT_SEEN] = _between(fresh.fdt_seen, old.fdt_seen, share)
        if fresh.fdt is not None:
            pieces[FDT] = _between(
                fresh.fdt.value, old.fdt.value if old.fdt else fresh.fdt.value, share
            )
            pieces[FDT_DEVIATION] = fresh.fdt.deviation
        pieces[HEAT] = pieces[FDT]
        pieces[AGE], pieces[WATER], pieces[NUMBER] = 0.0, 0.0, float(fresh.number)
        kept, self._pieces = self._pieces, pieces
        self._cool(np.zeros(count), place, seconds, self._water(values), values, fresh.speed,
                   carbon, gain)  # fmt: skip
        self._pieces = np.concatenate([self._pieces, kept], axis=1)
        self._last = fresh

    def _water(self, values: Mapping[str, float]) -> Array:
        """Return the openings of the banks integrated from F7 on (m), shape (banks + 2,)."""
        old = self._wet
        flows = [
            min(max(values[name], 0.0), 1.2) if name in values
            else (0.0 if old is None else float(old[b + 2] - old[b + 1]) / self._mill.bank_length)
            for b, name in enumerate(self._flows)
        ]  # fmt: skip
        whole: Array = np.zeros(self._edges.size)
        whole[2:] = np.cumsum(flows) * self._mill.bank_length
        return whole

    def _cool(
        self, start: Array, end: Array, seconds: Array, wet: Array, values: Mapping[str, float],
        speed: float, carbon: float, gain: float,
    ) -> None:  # fmt: skip
        pieces = self._pieces
        if pieces.shape[1] == 0:
            return
        water = values.get("rot.water_temperature", 298.15)
        gauge = np.maximum(pieces[GAUGE], LEAST_GAUGE)
        steps = max(ceil(float(seconds.max()) / SUBSTEP), 1)
        before = wet if self._wet is None else self._wet
        heat, age = pieces[HEAT], pieces[AGE]
        each = seconds / steps
        edge = start
        # a delivery temperature is that under the pyrometer: cooling counts from there
        counted = np.clip((end - self._mill.delivery) / np.maximum(end - start, 1e-6), 0.0, 1.0)
        each = each * counted
        for k in range(steps):
            share = (k + 0.5) / steps
            lying = before + share * (wet - before)
            reached = start + (end - start) * ((k + 1) / steps)
            path = np.maximum(reached - edge, 1e-6)
            opened = (
                np.interp(reached, self._edges, lying) - np.interp(edge, self._edges, lying)
            ) / path
            film = gain * opened * flux(heat, water, speed)
            pieces[WATER] += film * each / (HEAT_CAPACITY * gauge)
            heat, age = after(heat, age, gauge, carbon, each, film)
            edge = reached
        pieces[HEAT], pieces[AGE] = heat, age

    def under(self, place: float) -> Under | None:
        """Return what the model says of the strip at a place (m behind F7); None without strip."""
        column = self._covering(place)
        if column is None or not np.isfinite(self._pieces[HEAT, column]):
            return None
        one = self._pieces[NUMBER] == self._pieces[NUMBER, column]
        known = one & np.isfinite(self._pieces[HEAT])
        places = self._pieces[PLACE, known]
        return Under(
            heat=float(np.interp(place, places, self._pieces[HEAT, known])),
            water=float(np.interp(place, places, self._pieces[WATER, known])),
            at=float(np.interp(place, places, self._pieces[AT, known])),
            rolled_by=int(self._pieces[NUMBER, column]),
        )

    def _covering(self, place: float) -> int | None:
        half = 0.5 * self._pieces[SPAN] + 1e-6
        found = np.flatnonzero(np.abs(self._pieces[PLACE] - place) <= half)
        return int(found[0]) if found.size else None

    def see(self, middle: float | None, coiling: float | None) -> None:
        """Give what the pyrometers show now to the pieces under them (K)."""
        for place, field, seen in (
            (self._mill.middle, MIDDLE_SEEN, middle),
            (self._mill.pyrometer, COILING_SEEN, coiling),
        ):
            column = self._covering(place) if seen is not None else None
            if column is not None:
                self._pieces[field, column] = seen

    @property
    def length(self) -> float:
        """Strip between F7 and the coiler (m)."""
        front = self._pieces[PLACE] + 0.5 * self._pieces[SPAN]
        beyond = np.maximum(front - self._mill.coiler, 0.0)
        return float((self._pieces[SPAN] - np.minimum(beyond, self._pieces[SPAN])).sum())

    def ends(self) -> tuple[float | None, float | None]:
        """Return head and tail of the strip that lies on the table, m behind F7; None without."""
        if self._pieces.shape[1] == 0:
            return None, None
        front = float((self._pieces[PLACE] + 0.5 * self._pieces[SPAN]).max())
        back = float((self._pieces[PLACE] - 0.5 * self._pieces[SPAN]).min())
        return min(front, self._mill.coiler), max(back, 0.0)

    def head(self, number: int | None) -> float | None:
        """Return how far behind F7 (m) the newest coil's first strip on the table lies."""
        if number is None:
            return None
        own = self._pieces[NUMBER] == float(number)
        if not own.any():
            return None
        front = (self._pieces[PLACE] + 0.5 * self._pieces[SPAN])[own].max()
        return min(float(front), self._mill.coiler)

    def segments(self, off: float) -> tuple[Segment, ...]:
        """Return all pieces, newest first; `off` is what the model's water lacks (share)."""
        pieces = self._pieces
        heats = pieces[HEAT] - off * pieces[WATER]
        path = np.minimum(pieces[PLACE] / FULL_PATH, 1.0) * PATH_DEVIATION
        spreads = np.sqrt(
            pieces[FDT_DEVIATION] ** 2 + (GAIN_SHARE * pieces[WATER]) ** 2 + path * path
        )
        columns = zip(pieces.T.tolist(), heats.tolist(), spreads.tolist(), strict=True)
        return tuple(_segment(of, heat, spread) for of, heat, spread in columns)

    def segment_at(self, place: float, segments: tuple[Segment, ...]) -> Segment | None:
        """Return the one of `segments` that covers a place (m behind F7)."""
        column = self._covering(place)
        return None if column is None else segments[column]


def _between(now: float | None, before: float | None, share: Array) -> Array | float:
    """Return a reading between now and the last update; NaN where there was none."""
    if now is None:
        return float("nan")
    return now + share * ((now if before is None else before) - now)


def _known(value: float) -> float | None:
    return value if value == value else None  # NaN inside is "not known" outside


def _segment(of: list[float], heat: float, spread: float) -> Segment:
    known = heat == heat and spread == spread
    return Segment(
        int(of[NUMBER]), of[AT], of[PLACE], of[SPAN], of[BORN], of[SPEED], of[GAUGE],
        _known(of[ENTRY]), _known(of[FDT_SEEN]),
        Belief(of[FDT], of[FDT_DEVIATION]) if of[FDT] == of[FDT] else None,
        Belief(heat, spread) if known else None,
        of[WATER] if of[WATER] == of[WATER] else 0.0,
        _known(of[MIDDLE_SEEN]), _known(of[COILING_SEEN]),
    )  # fmt: skip
