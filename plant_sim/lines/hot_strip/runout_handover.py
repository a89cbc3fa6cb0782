"""What the mill, the order and the faults of a line hand over to its run-out table.

The table keeps its own part of a line's state; before every interval it is told here what it may
know and what acts on it.
"""

import numpy as np
from numpy.typing import NDArray

from ...engine.numbers import fmax, kernel, where
from ...engine.random import normal
from . import faults as F  # noqa: N812
from . import parameters as P  # noqa: N812
from . import rows as L  # noqa: N812  the line's rows, read as L.SPEED
from . import runout_rows as R  # noqa: N812  the table's rows, read as R.SPEED
from .runout_rows import LANES
from .tables import STANDS

Block = NDArray[np.float64]
Table = NDArray[np.float64]
Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]

CHANNEL = 32  # of the random numbers: 0..63 are noise of an interval

# (row of the line, row of the table): handed over as they are
SAME = (
    (L.ACTIVE, R.ACTIVE), (L.SPEED, R.SPEED), (L.TRUE_FDT, R.FDT), (L.H + STANDS, R.EXIT),
    (L.WIDTH, R.WIDTH), (L.CARBON, R.CARBON), (L.CARBON, R.CARBON_DECLARED),
    (L.WATER_TEMPERATURE, R.WATER_TEMPERATURE), (L.COOLING, R.COOLING),
    (L.SHOWN_SPEED, R.SPEED_SEEN), (L.FDT_AIM, R.FDT_AIM), (L.GAUGE_AIM, R.GAUGE_AIM),
    (L.CT_AIM, R.CT_AIM), (L.ZOOM_RATE, R.ZOOM_RATE), (L.STRIP_DONE, R.STRIP_DONE),
    (L.BANK_OUT, R.BANK_OUT), (L.COOLING_CORRECTION, R.CORRECTION), (L.ACT_BANK, R.ACT_BANK),
    (L.FAULT + F.BANK_SHUT, R.SHUT), (L.FAULT_PLACE + F.BANK_SHUT, R.SHUT_AT),
    (L.FAULT + F.BANK_OPEN, R.OPEN), (L.FAULT_PLACE + F.BANK_OPEN, R.OPEN_AT),
    (L.FAULT + F.WATER_PRESSURE, R.PRESSURE_LOST), (L.FAULT + F.CT_PYROMETER, R.CT_OFFSET),
    (L.FAULT + F.PINCH_SLIP, R.PINCH_SLIP),
)  # fmt: skip


@kernel
def hand_over(
    block: Block, table: Table, mill: Table, noise: Keys, episode: Counts, clock: Counts
) -> None:
    """Tell the tables of sixteen lines what this interval brings, and draw their noise."""
    for k in range(len(SAME)):
        for i in range(LANES):
            table[SAME[k][1] * LANES + i] = block[SAME[k][0] * LANES + i]
    for i in range(LANES):
        table[R.FDT_SEEN * LANES + i] = where(
            block[L.FDT_SOURCE * LANES + i] > 0.5,
            block[L.FDT_MODEL * LANES + i],
            block[L.SHOWN_FDT * LANES + i],
        )
        done = block[L.STRIP_DONE * LANES + i]
        table[R.ZOOM_LEAD * LANES + i] = fmax(mill[P.COILER] - done, 0.0)
        bar = fmax(block[L.BAR * LANES + i] - block[L.BAR_DONE * LANES + i], 0.0)
        table[R.STRIP_LEFT * LANES + i] = (
            bar * block[L.BAR_THICK * LANES + i] / fmax(block[L.GAUGE_AIM * LANES + i], 1e-4)
        )
    for n in range(R.NOISES):
        for i in range(LANES):
            drawn = normal(noise[i], episode[i], clock[i], CHANNEL + n)
            table[(R.NOISE + n) * LANES + i] = drawn * block[L.NOISE_SCALE * LANES + i]
