"""What of a batch is worth a row: a change of value, quality or status, and a sign of life."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import isfinite, nan
from typing import TYPE_CHECKING

import numpy as np

from ...plant_sim.signals import Quality, Sample
from .errors import HistorianError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from .table import Rows

JUMP = 1.0  # s; a wall clock that moves more than this against the monotonic one has jumped
LATEST = 9e12  # s; no plant clock is as late, nor can a file hold it
EXACT = 2.0**53  # beyond it a count of steps would not be exact
BEHIND = 10.0  # wall s of nothing but late samples: the plant clock was set back

Row = tuple[int, int, float, int, int, int]  # tag, moment, value, quality, status, mark
Saying = tuple[int, str, float, str]  # moment, kind, number, sentence


class Mark(IntEnum):
    """Why a row was stored."""

    CHANGE = 0
    REPEAT = 1  # unchanged for a heartbeat
    LATE = 2  # older than what was stored before: replayed, or on its way for long


@dataclass(frozen=True, slots=True)
class Rule:
    """How a tag is stored.

    Attributes:
        resolution: SI; a value is rounded to whole multiples of it. 0: kept as it is.
        deadband: SI; a value is stored when it differs by more from the last one stored.
    """

    resolution: float = 0.0
    deadband: float = 0.0

    def __post_init__(self) -> None:
        for what, value in (("resolution", self.resolution), ("deadband", self.deadband)):
            if not (isfinite(value) and value >= 0.0):
                raise HistorianError(f"{what} {value} must be 0 or more and finite, in SI")


NO_RULE = Rule()


class Changes:
    """Remembers what was stored last of each tag, and finds in a batch what is new.

    Attributes:
        tags: number of each name that was ever seen.
        steps: resolution (SI) of each number.
        clock: newest plant time (s); NaN before the first.
        leapt: the wall clock jumped forward since the beginning.
    """

    def __init__(self, rules: Mapping[str, Rule], heartbeat: float) -> None:
        self.tags: dict[str, int] = {}
        self.steps: list[float] = []
        self.clock, self.leapt = nan, False
        self._rules, self._heartbeat = dict(rules), heartbeat
        self._bands: list[float] = []
        # of each tag as stored: value, quality, status, plant time, which heartbeat
        self._last: dict[str, tuple[float, Quality, int, float, int]] = {}
        self._offset = time.time() - time.monotonic()
        self._behind: float | None = None

    def forget(self) -> None:
        """Store every tag at its next sample, whatever its value: after a gap."""
        self._last.clear()

    def take(
        self, samples: Mapping[str, Sample], wall: float, mono: float, moment: int
    ) -> tuple[list[float], list[Row], list[Saying]]:
        """Return the plant times of a batch from number `moment` on, its rows, and what happened.

        Args:
            samples: the batch, not empty.
            wall: wall time (s).
            mono: monotonic time (s).
            moment: number of the first moment.
        """
        rows: list[Row] = []
        moments: dict[float, int] = {}
        beat, last, tags = int(mono // self._heartbeat), self._last, self.tags
        bad_now = good_before = late = 0
        for name, sample in samples.items():
            value, quality, status, at = sample.value, sample.quality, sample.status, sample.time
            if name not in tags:
                self._learn(name)
            tag = tags[name]
            bad = quality is Quality.BAD
            if value - value != 0.0:  # NaN or infinite: no value, whatever else was said of it
                value, quality, bad = nan, Quality.BAD, True
            elif abs(value) < EXACT * self.steps[tag]:  # beyond, no multiple is nearer
                value = round(value / self.steps[tag]) * self.steps[tag]
            bad_now += bad
            if not abs(at) < LATEST:  # no time, whatever the plant says
                at = self.clock if self.clock == self.clock else 0.0
            mark = Mark.CHANGE
            old = last.get(name)
            if old is not None:
                was_bad = old[1] is Quality.BAD
                good_before += not was_bad
                if at < old[3] and not was_bad:
                    mark = Mark.LATE
                    late += 1
                elif (
                    quality is old[1]
                    and status == old[2]
                    and (bad or not abs(value - old[0]) > self._bands[tag])
                ):
                    if beat == old[4]:
                        continue
                    mark = Mark.REPEAT
            if at not in moments:
                moments[at] = moment + len(moments)
            rows.append((tag, moments[at], value, int(quality), status, int(mark)))
            if mark is not Mark.LATE:
                last[name] = (value, quality, status, at, beat)
        if not moments:  # nothing changed; that a batch came is worth knowing
            moments[at] = moment
        said: list[Saying] = []
        here, count = moment + len(moments) - 1, len(samples)
        if count > 1 and bad_now == count and good_before:
            said.append((here, "death", float(good_before), f"all BAD, status {status:#010x}"))
        elif count > 1 and bad_now < count and not good_before:
            said.append((here, "birth", float(count - bad_now), "tags with a value again"))
        said += self._clocks(wall, mono, here, late == count, at)
        return list(moments), rows, said

    def _clocks(self, wall: float, mono: float, moment: int, late: bool, at: float) -> list[Saying]:
        """Return what there is to say of both clocks."""
        said: list[Saying] = []
        jump = wall - mono - self._offset
        self._offset += jump
        if abs(jump) > JUMP:
            self.leapt = self.leapt or jump > 0
            said.append((moment, "clock", jump, "s by which the wall clock jumped"))
        if not late:
            self.clock, self._behind = at, None
        elif self._behind is None:
            self._behind = mono
        elif mono - self._behind > BEHIND:
            said.append((moment, "clock", at - self.clock, "s by which the plant clock was set"))
            self.clock, self._behind = at, None
            self.forget()
        return said

    def take_many(
        self,
        names: Sequence[str],
        batches: "tuple[ArrayLike, ArrayLike, ArrayLike | None, ArrayLike | None]",
        wall: "NDArray[np.float64]",
        moment: int,
    ) -> "Rows":
        """Return the rows of many batches.

        Args:
            names: of k tags.
            batches: plant time (n,), value (n, k), quality and status (n, k) or None.
            wall: wall time of each batch (s), shape (n,).
            moment: number of the first.

        Raises:
            HistorianError: shapes do not fit, or times do not rise.
        """
        from .table import Rows

        at, values = (np.asarray(part, dtype=np.float64) for part in batches[:2])
        values = np.where(np.isfinite(values), values, nan)
        shape = (len(at), len(names))
        finite = np.isfinite(values)
        given = [
            np.asarray(other if part is None else part)
            for part, other in zip(
                batches[2:],
                (np.where(finite, int(Quality.GOOD), int(Quality.BAD)), np.zeros(shape, int)),
                strict=True,
            )
        ]
        quality, status = np.where(finite, given[0], int(Quality.BAD)), given[1]
        if at.ndim != 1 or not shape[0] or {values.shape, quality.shape, status.shape} != {shape}:
            raise HistorianError(
                f"values {values.shape} must have the shape (times, names) {shape}"
            )
        if not ((np.abs(at) < LATEST).all() and (np.diff(at) >= 0.0).all()):
            raise HistorianError(
                f"plant times must be within {LATEST:g} s and must not fall; sort the batches"
            )
        beats = np.floor(wall / self._heartbeat)
        again = np.flatnonzero(np.diff(beats, prepend=beats[0]) != 0.0)
        parts: list[tuple[int, NDArray[np.int64], NDArray[np.float64], NDArray[np.int8]]] = []
        for column, name in enumerate(names):
            tag = self._learn(name)
            value = values[:, column]
            if self.steps[tag] > 0.0:
                exact = np.abs(value) < EXACT * self.steps[tag]
                counts = np.rint(np.where(exact, value, 0.0) / self.steps[tag])
                value = np.where(exact, counts * self.steps[tag], value)
            stored, mark = self._changed(
                name, value, quality[:, column], status[:, column], again, float(at[0])
            )
            parts.append((column, stored, value[stored], mark))
            if len(stored):
                end = stored[-1]
                self._last[name] = (
                    float(value[end]), Quality(int(quality[end, column])),
                    int(status[end, column]), float(at[end]), -1,
                )  # fmt: skip
        self.clock = float(at[-1])
        index = np.concatenate([part[1] for part in parts])
        where = np.repeat([part[0] for part in parts], [len(part[1]) for part in parts])
        return Rows(
            np.array([self.tags[name] for name in names], dtype=np.int32)[where],
            moment + index.astype(np.int64),
            np.concatenate([part[2] for part in parts]),
            quality[index, where].astype(np.int16),
            status[index, where].astype(np.int64),
            np.concatenate([part[3] for part in parts]),
        )

    def _changed(
        self,
        name: str,
        value: "NDArray[np.float64]",
        quality: "NDArray[np.int64]",
        status: "NDArray[np.int64]",
        again: "NDArray[np.int64]",
        begin: float,
    ) -> "tuple[NDArray[np.int64], NDArray[np.int8]]":
        """Return which batches of one tag are stored, and why."""
        tag = self.tags[name]
        face = (np.diff(quality, prepend=quality[0]) != 0) | (
            np.diff(status, prepend=status[0]) != 0
        )
        old = self._last.get(name)
        face[0] = old is None or (int(old[1]), old[2]) != (int(quality[0]), int(status[0]))
        before = nan if old is None else old[0]
        good = quality != int(Quality.BAD)
        if self._bands[tag] == 0.0:
            moved = value != np.concatenate([[before], value[:-1]])  # NaN: BAD is sorted out below
        else:
            moved = _outside(value, face | ~good, before, self._bands[tag])
        change = face | (moved & good)
        mark = np.where(change, int(Mark.CHANGE), int(Mark.REPEAT)).astype(np.int8)
        if old is not None and begin < old[3] and old[1] is not Quality.BAD:
            raise HistorianError(
                f"{name}: batches begin at {begin} s, before the {old[3]} s stored last; sort them"
            )
        change[again] = True
        stored = np.flatnonzero(change)
        return stored, mark[stored]

    def _learn(self, name: str) -> int:
        """Return the number of a tag, also of one never seen."""
        if name not in self.tags:
            rule = self._rules.get(name, NO_RULE)
            self.tags[name] = len(self.tags)
            self.steps.append(rule.resolution)
            slack = 0.25 * rule.resolution if rule.deadband else 0.0  # multiples are not exact
            self._bands.append(rule.deadband + slack)
        return self.tags[name]


def _outside(
    value: "NDArray[np.float64]", fresh: "NDArray[np.bool_]", before: float, band: float
) -> "NDArray[np.bool_]":
    """Return where a value lies more than `band` from the last one stored.

    Each comparison depends on the one before, so this is a loop; some 40 ns a value.
    """
    moved = np.zeros(len(value), dtype=np.bool_)
    last = before
    for n, (now, new) in enumerate(zip(value.tolist(), fresh.tolist(), strict=True)):
        if new or not abs(now - last) <= band:  # also when either is NaN
            moved[n] = True
            last = now
    return moved
