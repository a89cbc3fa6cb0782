"""The files of a history: written whole, merged, dropped when old; no reader sees a row twice.

A file is named `samples-<first>-<last>-<level>.parquet` after the moments it holds. Files of level
0 are single flushes; neighbours are merged into files of the next level, and the merged file is in
place before the first of its parts is removed. Of two files of which one holds all moments of the
other, the one of the higher level counts. So a process may die between any two steps: what is left
over is never read, and removed by the next recorder.
"""

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import DamagedFileError, HistorianError

FAN = (60, 10, 6)  # files of level 0, 1 and 2 that make one of the next: up to an hour of seconds
BLOCK = 700_000  # rows that are enough for level 2 at once: what a merge holds in memory
TOP = len(FAN)
AHEAD = 3600.0  # wall s; a file from further in the future was written by a wrong clock

_NAME = re.compile(r"samples-(\d{15})-(\d{15})-(\d)\.parquet")


@dataclass(frozen=True, slots=True, order=True)
class File:
    """One file: the moments it holds, and how often it was merged."""

    first: int
    last: int
    level: int

    @property
    def name(self) -> str:
        """Its name in the folder."""
        return f"samples-{self.first:015d}-{self.last:015d}-{self.level}.parquet"

    def within(self, other: "File") -> bool:
        """Whether `other` holds every moment of this file and counts in its place."""
        inside = other.first <= self.first and self.last <= other.last
        return inside and self.level < other.level


@dataclass(frozen=True, slots=True)
class Retention:
    """What is kept; whole files go, the oldest first, never the newest.

    Attributes:
        age: wall s after which a file is dropped; None: never.
        size: bytes that all files may take; None: no limit.
    """

    age: float | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        for what, value in (("age", self.age), ("size", self.size)):
            if value is not None and not value > 0:
                raise HistorianError(f"retention {what} {value} must be more than 0; or leave it")


def scan(folder: Path) -> list[File]:
    """Return all files, also those that do not count any more."""
    found = None
    while True:  # a listing is no snapshot: one that repeats itself saw no change in between
        names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        if names == found:
            break
        found = names
    matches = (_NAME.fullmatch(name) for name in names)
    return sorted(File(*map(int, match.groups())) for match in matches if match)


def current(files: Iterable[File]) -> list[File]:
    """Return the files that count, oldest first."""
    kept: list[File] = []
    for file in sorted(files, key=lambda each: (each.first, -each.last, -each.level)):
        if not (kept and file.within(kept[-1])):
            kept.append(file)
    return kept


def write(folder: Path, file: File, groups: Iterable[Any]) -> None:
    """Put a file in place whole: not there, or there with every row.

    Args:
        folder: of the history.
        file: what to call it.
        groups: its content: one table a row group, in order.

    Raises:
        OSError: nothing was written, the disk is as before.
    """
    from .table import writer

    path = folder / file.name
    draft = path.with_suffix(".tmp")
    try:
        with draft.open("wb") as stream:
            with writer(stream) as parquet:
                for group in groups:
                    parquet.write_table(group, row_group_size=len(group))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, path)  # noqa: PTH105 - the step at which a test kills the process
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    _settle(folder)


def due(files: Sequence[File], rows: Callable[[File], int]) -> list[File]:
    """Return the neighbours to be merged next, oldest first; none if all is in order.

    Args:
        files: that count, oldest first.
        rows: tells the rows of a file.
    """
    run: list[File] = []
    for file in files:
        if run and (file.level != run[0].level or file.first != run[-1].last + 1):
            if file.level > run[0].level:
                return run  # stranded before a greater one: no neighbours will come
            run = []
        run.append(file)
        if file.level == TOP:
            run = []
            continue
        much = file.level < TOP - 1 and len(run) > 1 and sum(map(rows, run)) >= BLOCK
        if much or len(run) == FAN[file.level]:
            return run
    return []


def merge(folder: Path, parts: Sequence[File], rows: int) -> File:
    """Merge neighbours into one file, and remove them once it is in place.

    Args:
        folder: of the history.
        parts: neighbours of one level, oldest first.
        rows: they have together.

    Raises:
        OSError: all rows are there, in the parts or in the merged file.
        DamagedFileError: one of the parts cannot be read; nothing has changed.
    """
    from .table import row_groups, sorted_table

    level = parts[0].level + 1
    if rows >= BLOCK:
        level = max(level, TOP - 1)
    merged = File(parts[0].first, parts[-1].last, level)
    groups: Iterator[Any] = (group for part in parts for group in _groups(folder / part.name))
    if level < TOP:  # at the top block follows block: never more than one row group in memory
        groups = row_groups(sorted_table(list(groups)))
    write(folder, merged, groups)
    for part in parts:
        os.unlink(folder / part.name)  # noqa: PTH108 - as above
    _settle(folder)
    return merged


def _groups(path: Path) -> Iterator[Any]:
    """Return the row groups of a file one after the other."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group)
    except (OSError, pa.ArrowException) as error:
        raise DamagedFileError(path.name, error) from error


def sweep(folder: Path) -> None:
    """Remove what a killed recorder left: drafts, and parts of merged files. Only for a recorder.

    Raises:
        OSError: the folder cannot be changed.
    """
    for draft in folder.glob("samples-*.tmp"):
        draft.unlink()
    files = scan(folder)
    for file in set(files) - set(current(files)):
        os.unlink(folder / file.name)  # noqa: PTH108 - as above
    _settle(folder)


def retain(folder: Path, rule: Retention, now: float | None = None) -> list[File]:
    """Drop what is older or more than the rule keeps. Only for a recorder.

    Args:
        folder: of the history, swept.
        rule: what to keep.
        now: wall time (s) from which ages count; None: this moment.

    Returns:
        The files dropped, oldest first.

    Raises:
        OSError: a file could not be removed; those before it were.
    """
    files = current(scan(folder))
    aged = _aged(folder, files[:-1], rule.age, time.time() if now is None else now)
    sizes = [(folder / file.name).stat().st_size for file in files]
    count, left = aged, sum(sizes[aged:])
    while rule.size is not None and left > rule.size and count < len(files) - 1:
        left -= sizes[count]
        count += 1
    for file in files[:count]:
        os.unlink(folder / file.name)  # noqa: PTH108 - as above
    if count:
        _settle(folder)
    return files[:count]


def _aged(folder: Path, files: Sequence[File], age: float | None, now: float) -> int:
    """Return how many of the oldest files are older than `age`."""
    from .table import wall_span

    count = 0
    for number, file in enumerate(files if age is not None else ()):
        try:
            _, newest = wall_span(folder / file.name)
        except DamagedFileError:
            continue  # it goes when its neighbour goes
        if newest > now + AHEAD:
            continue  # a clock was wrong: the same
        if age is not None and not newest < now - age:
            break
        count = number + 1
    return count


def _settle(folder: Path) -> None:
    """Make the names in the folder as durable as the files."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
