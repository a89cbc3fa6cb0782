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
        first: number of the first moment.
        last: number of the last moment.
    """

    number: int
    start: float
    end: float
    wall_start: float
    wall_end: float
    finished: bool
    first: int
    last: int


def coils(folder: str | Path) -> list[Coil]:
    """Return the coils whose way through the mill was recorded, in the order of recording.

    Raises:
        DamagedFileError: a file cannot be read.
    """
    return look(folder, lambda db, files: coils_in(db, folder, files))


def find_coil(db: "DuckDBPyConnection", folder: Path, files: Sequence[File], number: int) -> Coil:
    """Return the last time that a coil was rolled, looked for in the newest files first."""
    count = NEWEST
    while True:
        part = files[-count:]
        found = coils_in(db, folder, part)
        whole = len(part) == len(files)
        mine = [coil for n, coil in enumerate(found) if coil.number == number and (n or whole)]
        if mine:
            return mine[-1]
        if whole:
            seen = f"{found[0].number} to {found[-1].number}" if found else "no coils"
            raise HistorianError(f"coil {number} is not in the history {folder}; it holds {seen}")
        count *= 4


def coils_in(db: "DuckDBPyConnection", folder: str | Path, files: Sequence[File]) -> list[Coil]:
    """Return the coils in some files, from `coil.number` and `coil.phase` (0: no strip) alone."""
    if not files:
        return []
    rows = db.execute(
        "SELECT moment, name, coalesce(count * step, value) FROM read_parquet(?) "
        "WHERE name IN ('coil.number', 'coil.phase') AND quality > 0 AND mark <> ? "
        "ORDER BY moment, name",
        [paths(folder, files), int(Mark.LATE)],
    ).fetchall()
    # moments at which what is in the mill changes, and to what; 0: nothing
    number, phase, now = 0, 1, 0
    edges: list[tuple[int, int]] = []
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
    last = files[-1].last
    spans = [
        (coil, moment, edges[n + 1][0] if n + 1 < len(edges) else last, n + 1 < len(edges))
        for n, (moment, coil) in enumerate(edges)
        if coil
    ]
    wanted = sorted({moment for _, first, end, _ in spans for moment in (first, end)})
    clock = _clock(db, folder, files, wanted)
    return [
        Coil(coil, clock[first][0], clock[end][0], clock[first][1], clock[end][1], done, first, end)
        for coil, first, end, done in spans
    ]


def _clock(
    db: "DuckDBPyConnection", folder: str | Path, files: Sequence[File], moments: Sequence[int]
) -> dict[int, tuple[float, float]]:
    """Return plant time and wall time of moments."""
    near = [file for file in files if any(file.first <= one <= file.last for one in moments)]
    if not near:
        return {}
    window = window_of(db, folder, near, moment=(moments[0], moments[-1]))
    at = np.searchsorted(window.number, moments)
    return {
        moment: (float(window.time[n]), float(window.wall[n]))
        for moment, n in zip(moments, at.tolist(), strict=True)
    }
