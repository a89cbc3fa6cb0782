"""One look at a folder of files: which moments lie in a window, and the rows of signals there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .errors import DamagedFileError, HistorianError
from .files import File, current, scan

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

T = TypeVar("T")

TRIES = 100  # a file that was merged away under the reader: look again


@dataclass(frozen=True)
class Trace:
    """One signal over time, in the order of the plant clock; arrays of one length.

    Attributes:
        time: plant clock (s).
        value: SI; NaN where nothing usable is known.
        quality: as `Quality`.
        wall: when it reached the recorder (s since 1970).
        status: code of the protocol.
        mark: as `Mark`: why the row was stored.
        moment: number of its batch, in the order of recording.
    """

    time: "NDArray[np.float64]"
    value: "NDArray[np.float64]"
    quality: "NDArray[np.int64]"
    wall: "NDArray[np.float64]"
    status: "NDArray[np.int64]"
    mark: "NDArray[np.int64]"
    moment: "NDArray[np.int64]"


@dataclass(frozen=True, slots=True)
class Window:
    """Moments that were asked for, in the order of recording."""

    number: "NDArray[np.int64]"
    time: "NDArray[np.float64]"
    wall: "NDArray[np.float64]"


def look(folder: str | Path, work: "Callable[[DuckDBPyConnection, list[File]], T]") -> T:
    """Let `work` read the files that count; again when one was merged or dropped meanwhile."""
    import duckdb

    place = Path(folder)
    for _ in range(TRIES):
        files = current(scan(place))
        try:
            with duckdb.connect() as db:
                return work(db, files)
        except duckdb.Error as error:
            if all((place / file.name).exists() for file in files):
                raise DamagedFileError(_culprit(place, files), error) from error
    raise HistorianError(f"the files of {folder} change faster than they are read; try again")


def _culprit(folder: Path, files: Sequence[File]) -> str:
    """Return which file cannot be read: every byte is looked at, for it is wanted only then."""
    from .table import check

    found = (file.name for file in files if check(folder / file.name, file.first, file.last)[1])
    return next(found, str(folder))


def paths(folder: str | Path, files: Sequence[File]) -> list[str]:
    """Return the paths of files, as DuckDB takes them."""
    return [str(Path(folder) / file.name) for file in files]


def window_of(
    db: "DuckDBPyConnection",
    folder: str | Path,
    files: Sequence[File],
    **bounds: tuple[float, float],
) -> Window:
    """Return the moments within `bounds` of time, wall and moment."""
    conditions, values = ["name = ''"], []
    low, high = bounds.get("moment", (-inf, inf))
    files = [file for file in files if file.last >= low and file.first <= high]
    for column, ends in bounds.items():
        scale = 1.0 if column == "moment" else 1e6
        for sign, end in zip((">=", "<="), ends, strict=True):
            if abs(end) < 1e12:
                conditions.append(f"{column} {sign} ?")
                values.append(round(end * scale))
    if not files:
        return Window(np.empty(0, np.int64), np.empty(0), np.empty(0))
    found = db.sql(
        "SELECT moment, time / 1e6 AS time, wall / 1e6 AS wall FROM read_parquet(?) WHERE "  # noqa: S608 - names of columns, no user text
        + " AND ".join(conditions),
        params=[paths(folder, files), *values],
    ).fetchnumpy()
    number, time, wall = (np.ma.filled(found[key], nan) for key in ("moment", "time", "wall"))
    order = np.argsort(number)
    return Window(number[order].astype(np.int64), time[order], wall[order])


def traces_of(
    db: "DuckDBPyConnection",
    folder: str | Path,
    files: Sequence[File],
    names: Sequence[str],
    window: Window,
) -> dict[str, Trace]:
    """Return the rows of signals at the moments of a window."""
    empty = np.empty(0)
    parts: Mapping[str, Any] = dict.fromkeys(
        ("tag", "moment", "value", "quality", "status", "mark"), np.empty(0, np.int64)
    )
    if names and len(window.number):
        low, high = int(window.number[0]), int(window.number[-1])
        near = [file for file in files if file.last >= low and file.first <= high]
        table: Any = db.sql(
            "SELECT name, moment, coalesce(count * step, value, 'nan'::DOUBLE) AS value, "
            "coalesce(quality, 192) AS quality, coalesce(status, 0) AS status, "
            "coalesce(mark, 0) AS mark "
            "FROM read_parquet(?) WHERE name IN ("
            + ", ".join("?" * len(names))
            + ") AND moment BETWEEN ? AND ?",
            params=[paths(folder, near), *names, low, high],
        ).to_arrow_table()
        words = table["name"].combine_chunks().dictionary_encode()
        place = {name: number for number, name in enumerate(names)}
        tags = np.array([place[word] for word in words.dictionary.to_pylist()], dtype=np.int64)
        columns = {key: table[key].to_numpy() for key in list(parts)[1:]}
        columns["tag"] = tags[words.indices.to_numpy(zero_copy_only=False)] if len(tags) else empty
        at = np.searchsorted(window.number, columns["moment"])
        inside = window.number[at] == columns["moment"]
        parts = {key: column[inside] for key, column in columns.items()}
    at = np.searchsorted(window.number, parts["moment"])
    time, wall = window.time[at], window.wall[at]
    order = np.lexsort((parts["moment"], time, parts["tag"]))
    edges = np.searchsorted(parts["tag"][order], np.arange(len(names) + 1))
    found = {}
    for number, name in enumerate(names):
        mine = order[edges[number] : edges[number + 1]]
        found[name] = Trace(
            time[mine],
            parts["value"][mine].astype(np.float64),
            parts["quality"][mine].astype(np.int64),
            wall[mine],
            parts["status"][mine].astype(np.int64),
            parts["mark"][mine].astype(np.int64),
            parts["moment"][mine].astype(np.int64),
        )
    return found
