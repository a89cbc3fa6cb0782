"""One interval of the run-out table and the coiler, and drivers for them alone.

`run_out` is what the line calls. The drivers move tables that are not part of a line: a test bench
or a benchmark hands over what the mill would.
"""

import numpy as np
from numpy.typing import NDArray

from ...engine.numbers import driver, kernel
from . import runout_rows as R  # noqa: N812  the layout, read as R.COUNT
from .coiler import coil_strip
from .runout import travel
from .runout_control import begin_table, command, feed_back, learn_table, set_up
from .runout_rows import LANES
from .runout_valves import clog, give_water, show_water

Table = NDArray[np.float64]
Mill = NDArray[np.float64]
Keys = NDArray[np.uint64]


@kernel
def run_out(table: Table, mill: Mill, substeps: int) -> None:
    """Move the run-out table and the coiler of sixteen lines by one interval."""
    set_up(table, mill)
    feed_back(table, mill)
    command(table, mill)
    give_water(table, mill)
    travel(table, mill, substeps)
    show_water(table)
    coil_strip(table, mill)


@driver
def advance_table(intervals: int, table: Table, mill: Mill, substeps: int) -> None:
    """Move the tables of all blocks with what was handed over last; for tests and benchmarks.

    Args:
        intervals: of 0.5 s.
        table: flat, one block of `runout_rows.COUNT * LANES` numbers after the other.
        mill: `config.Mill.parameters()`.
        substeps: of an interval; the line takes `SUBSTEPS`.
    """
    size = R.COUNT * LANES
    for b in range(table.size // size):
        block = table[b * size : (b + 1) * size]
        for _ in range(intervals):
            run_out(block, mill, substeps)


@driver
def begin_tables(table: Table, plan: Keys) -> None:
    """Put all lanes at the start of a campaign; `plan` is the key of each lane."""
    size = R.COUNT * LANES
    for b in range(table.size // size):
        for i in range(LANES):
            begin_table(table[b * size : (b + 1) * size], i)
            clog(table[b * size : (b + 1) * size], i, plan[b * LANES + i], 0)


@driver
def learn_tables(table: Table) -> None:
    """Let level 2 of all lanes learn from the coil that has passed."""
    size = R.COUNT * LANES
    for b in range(table.size // size):
        for i in range(LANES):
            learn_table(table[b * size : (b + 1) * size], i, 1.0)
