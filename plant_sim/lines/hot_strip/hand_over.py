"""What the mill hands over to the run-out table in an interval, and what it takes back.

Two parts of a line's block with layouts of their own meet here and nowhere else.
"""

import numpy as np
from numpy.typing import NDArray

from ...engine.numbers import fmax, kernel, where
from ...engine.random import normal
from . import faults as F  # noqa: N812
from . import parameters as P  # noqa: N812
from . import rows as R  # noqa: N812
from . import runout_rows as O  # noqa: N812
from .parameters import STANDS
from .rows import LANES

Block = NDArray[np.float64]
Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]

FIRST_NOISE = 64  # channel of the first deviate of the table's instruments
HEAD_SOON = 3.0  # s: before the next head may come the table waits for it [M 4.2]

# rows that are handed over as they are: of the table, of the line
GIVEN = (
    (O.SPEED, R.SPEED), (O.FDT, R.TRUE_FDT), (O.EXIT, R.H + STANDS),
    (O.WIDTH, R.EXIT_WIDTH), (O.CARBON, R.CARBON), (O.WATER_TEMPERATURE, R.WATER_TEMPERATURE),
    (O.COOLING, R.COOLING), (O.SPEED_SEEN, R.SHOWN_SPEED), (O.FDT_AIM, R.FDT_AIM),
    (O.GAUGE_AIM, R.GAUGE_AIM), (O.CT_AIM, R.CT_AIM), (O.CARBON_DECLARED, R.CARBON),
    (O.ZOOM_RATE, R.ZOOM_RATE), (O.STRIP_DONE, R.STRIP_DONE),
    (O.STRIP_LEFT, R.STRIP_LEFT), (O.BANK_OUT, R.BANK_OUT),
    (O.CORRECTION, R.COOLING_CORRECTION), (O.ACT_BANK, R.ACT_BANK),
    (O.SHUT, R.FAULT + F.BANK_SHUT), (O.SHUT_AT, R.FAULT_PLACE + F.BANK_SHUT),
    (O.OPEN, R.FAULT + F.BANK_OPEN), (O.OPEN_AT, R.FAULT_PLACE + F.BANK_OPEN),
    (O.PRESSURE_LOST, R.FAULT + F.WATER_PRESSURE),
    (O.CT_OFFSET, R.FAULT + F.CT_PYROMETER), (O.PINCH_SLIP, R.FAULT + F.PINCH_SLIP),
)  # fmt: skip
# counters of the table that the line takes over: of the table, of the line
TAKEN = (
    (O.CT_ROLLED, R.CT_ROLLED), (O.CT_OFF, R.CT_OFF), (O.WATER_USED, R.WATER),
    (O.TELESCOPED, R.TELESCOPED),
)  # fmt: skip


@kernel
def hand_over(block: Block, table: Block, mill: Block) -> None:
    """Give the table of sixteen lines what the mill, the order and the set-points say."""
    for pair in GIVEN:
        for i in range(LANES):
            table[pair[0] * LANES + i] = block[pair[1] * LANES + i]
    for i in range(LANES):
        strip = where(block[R.SHOWN_GAUGE * LANES + i] > 0.0, 1.0, 0.0)
        table[O.ACTIVE * LANES + i] = strip * block[R.ACTIVE * LANES + i]
        # until the head is under the pyrometer the estimate has to do
        trusts = where(block[R.FDT_SOURCE * LANES + i] > 0.5, 0.0, strip)
        table[O.FDT_SEEN * LANES + i] = where(
            trusts > 0.5, block[R.SHOWN_FDT * LANES + i], block[R.FDT_MODEL * LANES + i]
        )
        near = where(block[R.GAP_LEFT * LANES + i] < HEAD_SOON, 1.0, 0.0)
        near = near * where(block[R.EVENT * LANES + i] < 0.5, 1.0, 0.0)
        active = block[R.ACTIVE * LANES + i]
        table[O.HEAD_DUE * LANES + i] = where(active > 0.5, 1.0 - strip, near)
        table[O.CT_OFFSET * LANES + i] += block[R.CT_SHIFT * LANES + i]
        lead = mill[P.COILER] - block[R.STRIP_DONE * LANES + i]
        table[O.ZOOM_LEAD * LANES + i] = fmax(lead, 0.0)


@kernel
def take_back(block: Block, table: Block) -> None:
    """Move what the table has counted in this interval into the counters of the line."""
    for pair in TAKEN:
        for i in range(LANES):
            block[pair[1] * LANES + i] += table[pair[0] * LANES + i]
            table[pair[0] * LANES + i] = 0.0


@kernel
def draw_table(block: Block, table: Block, noise: Keys, episode: Counts, clock: Counts) -> None:
    """Draw the deviates of the table's instruments for every lane."""
    for n in range(O.NOISES):
        for i in range(LANES):
            drawn = normal(noise[i], episode[i], clock[i], FIRST_NOISE + n)
            table[(O.NOISE + n) * LANES + i] = drawn * block[R.NOISE_SCALE * LANES + i]
