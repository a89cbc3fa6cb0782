"""Looks after a history that nobody records into: what is damaged, what is to be dropped."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from .errors import HistorianError
from .files import File, Retention, current, retain, scan
from .reading import events


@dataclass(frozen=True, slots=True)
class Report:
    """What `verify` found.

    Attributes:
        files: that count.
        rows: in them.
        size: bytes.
        damaged: what is wrong with which file.
        missing: ranges of moments for which a file is missing.
        gaps: times in which a disk did not take what came.
        lost: samples lost in them.
    """

    files: int
    rows: int
    size: int
    damaged: tuple[str, ...]
    missing: tuple[str, ...]
    gaps: int
    lost: int


def verify(folder: str | Path) -> Report:
    """Read every byte of a history, best while nobody records into it."""
    from .table import check

    place = Path(folder)
    files = current(scan(place))
    rows, size = 0, 0
    damaged: list[str] = []
    for file in files:
        path = place / file.name
        count, fault = check(path, file.first, file.last)
        rows, size = rows + count, size + path.stat().st_size
        if fault:
            damaged.append(f"{file.name}: {fault}")
    missing = tuple(
        f"moments {one.last + 1} to {two.first - 1}"
        for one, two in pairwise(files)
        if two.first > one.last + 1
    )
    gaps = []
    if not damaged:
        gaps = [event for event in events(folder) if event.kind == "gap"]
    lost = int(sum(event.value for event in gaps))
    return Report(len(files), rows, size, tuple(damaged), missing, len(gaps), lost)


def retain_once(folder: str | Path, rule: Retention) -> list[File]:
    """Drop what is older or more than the rule keeps.

    Returns:
        The files dropped, oldest first.

    Raises:
        HistorianError: somebody records into the folder: give the rule to that recorder; or a file
            cannot be removed.
    """
    from .recorder import take_lock

    with take_lock(Path(folder)):
        try:
            return retain(Path(folder), rule)
        except OSError as error:
            raise HistorianError(f"a file of {folder} cannot be removed: {error}") from error
