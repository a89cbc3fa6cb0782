"""Reads a history, also while it is recorded: by tag, plant time, wall time and coil."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nan
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...plant_sim.signals import Quality
from .files import File
from .spans import find_coil
from .traces import Trace, look, paths, traces_of, window_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

UNCERTAIN_LAST_USABLE = 0x40900000  # the OPC UA code: a value that is not followed any more
LOOKS = (1800.0, 86_400.0, inf)  # s back in which a value held at a time is looked for
_INTERRUPTED = tuple(f"historian.{kind}" for kind in ("start", "stop", "gap"))


@dataclass(frozen=True, slots=True)
class Held:
    """A value as it was held at some time.

    Attributes:
        value: SI; NaN when nothing usable was known.
        quality: UNCERTAIN at best where the recording was interrupted after it, or has ended.
        time: plant clock at which it was stored (s).
        wall: when it reached the recorder (s since 1970).
        status: code of the protocol; UNCERTAIN_LAST_USABLE where the quality was lowered.
    """

    value: float
    quality: Quality
    time: float
    wall: float
    status: int


@dataclass(frozen=True, slots=True)
class Event:
    """What the recorder said of itself.

    Attributes:
        kind: "start", "stop", "birth", "death", "gap" or "clock".
        time: plant clock (s); NaN when it was not known.
        wall: s since 1970.
        value: its number: tags of a birth or death, samples lost in a gap, s of a jump.
        note: one sentence.
    """

    kind: str
    time: float
    wall: float
    value: float
    note: str


def query(
    folder: str | Path,
    names: Sequence[str],
    start: float = -inf,
    end: float = inf,
    *,
    wall_start: float = -inf,
    wall_end: float = inf,
    coil: int | None = None,
) -> dict[str, Trace]:
    """Return what was recorded of signals, between two times or while a coil was rolled.

    Args:
        folder: of the historian.
        names: signals; also `historian.gap` and its like.
        start: first plant time (s).
        end: last plant time (s).
        wall_start: first wall time (s since 1970).
        wall_end: last wall time (s since 1970).
        coil: only while this coil was in the mill, the last time if its number came twice.

    Returns:
        One trace for each name, empty where nothing was recorded or nothing changed; `held` tells
        the value before.

    Raises:
        HistorianError: the coil was not recorded.
        DamagedFileError: a file cannot be read.
    """

    def work(db: "DuckDBPyConnection", files: list[File]) -> dict[str, Trace]:
        first, last = -inf, inf
        if coil is not None:
            span = find_coil(db, Path(folder), files, coil)
            first, last = span.first, span.last
        window = window_of(
            db, folder, files, time=(start, end), wall=(wall_start, wall_end), moment=(first, last)
        )
        return traces_of(db, folder, files, list(dict.fromkeys(names)), window)

    return look(folder, work)


def held(folder: str | Path, names: Sequence[str], time: float = inf) -> dict[str, Held]:
    """Return the value that each signal had at a plant time: the last one stored before it.

    Args:
        folder: of the historian.
        names: signals.
        time: plant clock (s); by default the end of the recording, whose values are never GOOD:
            nobody knows how long they held.

    Returns:
        One value for each name that was ever recorded up to then.

    Raises:
        DamagedFileError: a file cannot be read.
    """

    def work(db: "DuckDBPyConnection", files: list[File]) -> dict[str, Held]:
        newest = window_of(db, folder, files[-1:]).time
        newest = newest[np.isfinite(newest)]
        end = min(time, float(newest.max())) if len(newest) else time
        found: dict[str, Held] = {}
        for back in LOOKS:
            missing = [name for name in names if name not in found]
            window = window_of(db, folder, files, time=(end - back, time))
            if not missing or not len(window.number):
                continue
            traces = traces_of(db, folder, files, missing, window)
            now = int(window.number[np.lexsort((window.number, window.time))[-1]])
            breaks = _breaks(db, folder, files, int(window.number[0]), now + 1)
            over = not len(newest) or time > end
            for name, trace in traces.items():
                if len(trace.time):
                    broken = (breaks > trace.moment[-1]) & (breaks <= now + 1)
                    found[name] = _last(trace, over or bool(broken.any()))
        return {name: found[name] for name in names if name in found}

    return look(folder, work)


def events(folder: str | Path, wall_start: float = -inf, wall_end: float = inf) -> list[Event]:
    """Return what the recorder said of itself between two wall times, in order of recording.

    Raises:
        DamagedFileError: a file cannot be read.
    """

    def work(db: "DuckDBPyConnection", files: list[File]) -> list[Event]:
        if not files:
            return []
        rows = db.execute(
            "WITH h AS (FROM read_parquet($files)) "
            "SELECT s.name[11:], m.time / 1e6, m.wall / 1e6, s.value, s.note FROM h s "
            "JOIN h m ON m.moment = s.moment AND m.name = '' "
            "WHERE s.name >= 'historian.' AND s.name < 'historian/' "
            "AND m.wall / 1e6 BETWEEN $low AND $high ORDER BY s.moment",
            {"files": paths(folder, files), "low": wall_start, "high": wall_end},
        ).fetchall()
        return [
            Event(kind, nan if at is None else at, wall, value, note)
            for kind, at, wall, value, note in rows
        ]

    return look(folder, work)


def _breaks(
    db: "DuckDBPyConnection", folder: str | Path, files: Sequence[File], low: int, high: int
) -> "NDArray[np.int64]":
    """Return at which moments the recording began, ended or had a gap."""
    near = [file for file in files if file.last >= low and file.first <= high]
    rows = db.sql(
        "SELECT moment FROM read_parquet(?) WHERE list_contains(?, name) "
        "AND name >= 'historian.' AND name < 'historian/' AND moment BETWEEN ? AND ?",
        params=[paths(folder, near), list(_INTERRUPTED), low, high],
    )
    found: NDArray[np.int64] = rows.fetchnumpy()["moment"]
    return found


def _last(trace: Trace, broken: bool) -> Held:
    """Return the last value of a trace, not GOOD when nobody followed it from there on."""
    quality, status = Quality(int(trace.quality[-1])), int(trace.status[-1])
    if broken and quality is Quality.GOOD:
        quality, status = Quality.UNCERTAIN, UNCERTAIN_LAST_USABLE
    value, time, wall = float(trace.value[-1]), float(trace.time[-1]), float(trace.wall[-1])
    return Held(value, quality, time, wall, status)
