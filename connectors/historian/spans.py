"""When each coil was in the mill, from the recorded samples alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .changes import Mark
from .errors import HistorianError
from .files import File
from .traces import look, paths, window_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NEWEST = 256  # files in which a coil is looked for first


@dataclass(frozen=True, slots=True)
class Coil:
    """The time of one coil at the mill, from its head in the first stand to its tail out.

    Attributes:
        number: of the coil, as recorded in `coil.number`.
        start: plant clock (s).
        end: plant clock (s).
        wall_start: s since 1970.
        wall_end: s since 1970.
        finished: False while it is rolled, or when the recording ended before.
    """

    number: int
    start: float
    end: float
    wall_start: float
    wall_end: float
    finished: bool


@dataclass(frozen=True, slots=True)
class Span:
    """The moments of one coil; `finished` as in `Coil`."""

    number: int
    first: int
    last: int
    finished: bool


def coils(folder: str | Path) -> list[Coil]:
    """Return the coils whose way through the mill was recorded, in the order of recording.

    Raises:
        DamagedFileError: a file cannot be read.
    """

    def work(db: "DuckDBPyConnection", files: list[File]) -> list[Coil]:
        found = _spans(db, folder, files)
        if not found:
            return []
        window = window_of(db, folder, files, moment=(found[0].first, found[-1].last))
        at = np.searchsorted(window.number, [[span.first, span.last] for span in found])
        return [
            Coil(span.number, start, end, wall_start, wall_end, span.finished)
            for span, (start, end), (wall_start, wall_end) in zip(
                found, window.time[at].tolist(), window.wall[at].tolist(), strict=True
            )
        ]

    return look(folder, work)


def find_coil(
    db: "DuckDBPyConnection", folder: str | Path, files: Sequence[File], number: int
) -> Span:
    """Return the last time that a coil was rolled, looked for in the newest files first.

    Raises:
        HistorianError: it was not recorded.
    """
    count = NEWEST
    while True:
        part = files[-count:]
        found = _spans(db, folder, part)
        whole = len(part) == len(files)
        # the first of a part may have begun before it
        mine = [span for n, span in enumerate(found) if span.number == number and (n or whole)]
        if mine:
            return mine[-1]
        if whole:
            seen = f"{found[0].number} to {found[-1].number}" if found else "no coils"
            raise HistorianError(f"coil {number} is not in the history {folder}; it holds {seen}")
        count *= 4


def _spans(db: "DuckDBPyConnection", folder: str | Path, files: Sequence[File]) -> list[Span]:
    """Return the coils in some files, from `coil.number` and `coil.phase` (0: no strip) alone."""
    if not files:
        return []
    rows = db.sql(
        "SELECT moment, name, coalesce(count * step, value) FROM read_parquet(?) "
        "WHERE name IN ('coil.number', 'coil.phase') AND quality > 0 AND mark <> ? "
        "ORDER BY moment, name",
        params=[paths(folder, files), int(Mark.LATE)],
    ).fetchall()
    number, phase, now = 0, 1, 0
    edges: list[tuple[int, int]] = []  # from which moment on which coil is in; 0: none
    for n, (moment, name, value) in enumerate(rows):
        if name == "coil.number":
            number = round(value)
        else:
            phase = round(value)
        together = n + 1 < len(rows) and rows[n + 1][0] == moment
        then = number if phase else 0
        if not together and then != now:
            edges.append((moment, then))
            now = then
    ends = [moment for moment, _ in edges[1:]]
    return [
        Span(number, first, ends[n] if n < len(ends) else files[-1].last, n < len(ends))
        for n, (first, number) in enumerate(edges)
        if number
    ]
