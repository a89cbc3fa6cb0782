"""Where the numbers of the signals lie in the state of a line, and how they are read out of it.

`signal_table.ROWS` names part and row of every signal; here that becomes indices. Three parts lie
in the 16-lane blocks, the furnaces and the rougher in arrays of their own, one row a line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from . import layout
from . import rows as R  # noqa: N812
from .signal_table import PARTS, ROWS, SIGNALS, Row, stands_there

Values = NDArray[np.float64]

IN_BLOCK: Mapping[str, int] = {"block": 0, "profile": 0, "table": layout.TABLE}
UPSTREAM = tuple(part for part in PARTS if part not in IN_BLOCK)


def row_of(row: Row) -> int:
    """Return the index of a row within the block, or within its own array if it is upstream."""
    module = import_module(f".{PARTS[row.part]}", __package__)
    return int(getattr(module, row.row)) + row.offset + IN_BLOCK.get(row.part, 0)


@dataclass(frozen=True)
class Reading:
    """How the signals of a line are gathered.

    Attributes:
        names: of the signals, in their order.
        gathers: by part: columns of the result, rows (columns, terms), factors (columns,).
    """

    names: tuple[str, ...]
    gathers: tuple[tuple[str, NDArray[np.intp], NDArray[np.intp], Values], ...]


@cache
def reading(upstream: bool, absent: int = 0) -> Reading:
    """Return how to read the signals of a line.

    Args:
        upstream: false of a line that begins at the waiting bar.
        absent: how many stands its mill has less than seven.
    """
    names = tuple(
        name
        for name in SIGNALS
        if stands_there(name, absent) and (upstream or ROWS[name].part not in UPSTREAM)
    )
    column = {name: n for n, name in enumerate(names)}
    groups: dict[tuple[str, int], list[str]] = {}
    for name in names:
        row = ROWS[name]
        part = "block" if row.part in IN_BLOCK else row.part
        groups.setdefault((part, row.terms), []).append(name)
    gathers = []
    for (part, terms), members in groups.items():
        rows = np.array(
            [[row_of(ROWS[m]) + ROWS[m].stride * k for k in range(terms)] for m in members]
        )
        columns = np.array([column[m] for m in members])
        gathers.append((part, columns, rows, np.array([ROWS[m].factor for m in members])))
    return Reading(names, tuple(gathers))


def read(how: Reading, blocks: Values, upstream: Mapping[str, Values], count: int) -> Values:
    """Return the signals of all lines, shape (count, len(how.names)), SI.

    Args:
        how: from `reading`.
        blocks: (blocks, layout.ROWS, 16).
        upstream: by part (lines, size of its array).
        count: lines that are alive.
    """
    values = np.empty((count, len(how.names)))
    for part, columns, rows, factors in how.gathers:
        if part == "block":
            found = blocks[:, rows, :]  # (blocks, columns, terms, lanes)
            found = found.sum(axis=2).transpose(0, 2, 1).reshape(-1, len(columns))[:count]
        else:
            found = upstream[part][:count][:, rows].sum(axis=2)
        values[:, columns] = found * factors
    return values


def read_one(how: Reading, blocks: Values, upstream: Mapping[str, Values], lane: int) -> Values:
    """Return the signals of one line, shape (len(how.names),); see `read`."""
    values = np.empty(len(how.names))
    block, slot = divmod(lane, R.LANES)
    at = blocks[block, :, slot]
    for part, columns, rows, factors in how.gathers:
        source = at if part == "block" else upstream[part][lane]
        values[columns] = source[rows].sum(axis=1) * factors
    return values
