"""What the instruments between furnace and finishing mill show of an interval.

Pyrometer and width gauge stand behind the stand and hold their last reading between two bars. The
pyrometer sees the skin, colder than the mean. The load cell shows nothing without stock in the gap.
Before the first bar they stand at the low end of their range.
"""

import numpy as np
from numpy.typing import NDArray

from ...engine.numbers import fmax, fmin, kernel, where
from ...engine.random import normal
from . import faults as K  # noqa: N812
from . import parameters as P  # noqa: N812
from . import rougher_rows as R  # noqa: N812

Block = NDArray[np.float64]

GAUGES = 12.0  # m: pyrometer and width gauge behind the stand [M]
PRESSURE = 20e6  # Pa: of the descaling water [M 3.7]
DROOP = 0.08  # 1: fall of that pressure while the headers run [M]
FORCE_NOISE, TORQUE_NOISE, POWER_NOISE = 0.1e6, 10e3, 0.05e6  # N, N m, W: deviation [M]
SPEED_NOISE, GAP_NOISE, EDGER_NOISE = 0.005, 20e-6, 0.5e-3  # m/s, m, m: deviation [M]
RDT_NOISE, WIDTH_NOISE = 3.0, 1e-3  # K, m: deviation [M]
RDT_LEAST = 900.0  # K: least that the pyrometer shows [M]
LENGTH_NOISE, PRESSURE_NOISE = 0.05, 0.05e6  # m, Pa: deviation [M]


@kernel
def _look(rougher: Block, piece: Block, head: float) -> None:
    """Let pyrometer and width gauge see the piece whose head lies `head` m behind the stand."""
    behind = head - GAUGES
    if 0.0 <= behind < piece[R.LENGTH]:
        c = int(fmin(behind / piece[R.LENGTH] * float(R.CELLS), float(R.CELLS) - 1.0))
        rougher[R.RDT] = piece[R.HEAT + c]
        rougher[R.BAR_WIDTH] = piece[R.WIDE + c]


@kernel
def show(
    rougher: Block, mill: Block, faults: Block, noise: np.uint64, episode: int, clock: int
) -> None:
    """Fill the rows of what is shown, from the state behind `rougher.advance`.

    `faults` holds the present sizes by kind (rdt_pyrometer, load_cell, descaler); noise depends on
    (key, episode, clock) alone.
    """
    stand = rougher[R.STAND : R.STAND + R.PIECE]
    table = rougher[R.TABLE : R.TABLE + R.PIECE]
    if stand[R.STATUS] == float(R.PASSING) and stand[R.PASS] == stand[R.PASSES] - 1.0:
        _look(rougher, stand, stand[R.DONE])
    elif table[R.STATUS] != float(R.EMPTY):
        _look(rougher, table, table[R.PLACE])
        rougher[R.BAR_LENGTH] = table[R.LENGTH]
    rougher[R.APPROACH_STATUS] = rougher[R.APPROACH + R.STATUS]
    rougher[R.RM_STATUS], rougher[R.TABLE_STATUS] = stand[R.STATUS], table[R.STATUS]
    here = where(stand[R.STATUS] != float(R.EMPTY), 1.0, 0.0)
    n = int(stand[R.PASS])
    rougher[R.RM_PASS] = here * (stand[R.PASS] + 1.0)
    rougher[R.RM_PASSES] = here * stand[R.PASSES]
    entry = stand[R.EXIT + n - 1] if n > 0 else stand[R.SLAB_THICKNESS]
    rougher[R.RM_REDUCTION] = 0.0
    if here > 0.5:
        rougher[R.RM_REDUCTION] = 1.0 - stand[R.EXIT + n] / entry
    lying = where(table[R.STATUS] != float(R.EMPTY), 1.0, 0.0)
    rougher[R.TABLE_PLACE] = lying * table[R.PLACE]
    filled = lying * table[R.LENGTH]
    if rougher[R.FEED + R.STATUS] != float(R.EMPTY):
        filled += rougher[R.FEED + R.LENGTH] - rougher[R.FED]
    rougher[R.TABLE_FILLED] = fmin(filled / mill[P.DELAY_TABLE], 1.0)

    # without stock in the gap there is nothing to show, and no noise to draw
    rougher[R.SHOWN_RM_FORCE] = faults[K.LOAD_CELL]
    rougher[R.SHOWN_RM_TORQUE], rougher[R.SHOWN_RM_POWER] = 0.0, 0.0
    if rougher[R.FORCE] > 0.0:
        seen = rougher[R.FORCE] + FORCE_NOISE * normal(noise, episode, clock, R.NOISE)
        rougher[R.SHOWN_RM_FORCE] += seen
        seen = rougher[R.TORQUE] + TORQUE_NOISE * normal(noise, episode, clock, R.NOISE + 1)
        rougher[R.SHOWN_RM_TORQUE] = seen
        seen = rougher[R.POWER] + POWER_NOISE * normal(noise, episode, clock, R.NOISE + 2)
        rougher[R.SHOWN_RM_POWER] = seen
    rougher[R.SHOWN_RM_SPEED] = rougher[R.ROLL_SPEED] + SPEED_NOISE * normal(
        noise, episode, clock, R.NOISE + 3
    )
    seen = rougher[R.GAP_NOW] + GAP_NOISE * normal(noise, episode, clock, R.NOISE + 4)
    rougher[R.SHOWN_RM_GAP] = fmax(seen, 0.0)
    seen = rougher[R.EDGER_GAP] + EDGER_NOISE * normal(noise, episode, clock, R.NOISE + 5)
    rougher[R.SHOWN_EDGER_GAP] = fmax(seen, 0.0)
    rougher[R.SHOWN_EDGER_FORCE] = 0.0
    if rougher[R.EDGER_FORCE] > 0.0:
        seen = rougher[R.EDGER_FORCE] + FORCE_NOISE * normal(noise, episode, clock, R.NOISE + 6)
        rougher[R.SHOWN_EDGER_FORCE] = seen
    seen = rougher[R.RDT] + faults[K.RDT_PYROMETER]
    seen += RDT_NOISE * normal(noise, episode, clock, R.NOISE + 7)
    rougher[R.SHOWN_RDT] = fmax(seen, RDT_LEAST)
    seen = rougher[R.BAR_WIDTH] + WIDTH_NOISE * normal(noise, episode, clock, R.NOISE + 8)
    rougher[R.SHOWN_RM_WIDTH] = fmax(seen, 0.0)
    seen = rougher[R.BAR_LENGTH] + LENGTH_NOISE * normal(noise, episode, clock, R.NOISE + 9)
    rougher[R.SHOWN_BAR_LENGTH] = fmax(seen, 0.0)
    pressure = PRESSURE * (1.0 - faults[K.DESCALER]) * (1.0 - DROOP * rougher[R.DESCALING])
    rougher[R.SHOWN_DESCALER] = pressure + PRESSURE_NOISE * normal(
        noise, episode, clock, R.NOISE + 10
    )
