"""One step of a furnace with all that belongs to it."""

import numpy as np
from numpy.typing import NDArray

from ...engine.numbers import kernel
from ...engine.random import normal, uniform
from . import furnace_rows as F  # noqa: N812  the layout, read as F.ZONE
from .furnace import heat, limits
from .furnace_automation import level1, plan, sense, show_discharged, track
from .furnace_slabs import charge, discharge, walk

Furnace = NDArray[np.float64]
MillData = NDArray[np.float64]

OWN = 240  # channels of what is drawn once an episode
EXCHANGE_SPREAD = 0.04  # 1: of a furnace's heat exchange about the nominal, either way [M]
HEATING_SPREAD = 0.02  # 1: of the heating value of the gas, either way [M]
SKID_SPREAD = 0.20  # 1: of skid marks, either way [M]
SCALE_SPREAD = 0.15  # 1: of scale growth by grade and gas, either way [M]
SHELL_SPREAD = 0.20  # 1: of the losses through the lining, either way [M]
COUPLE_SPREAD = 2.0  # K: deviation of a thermocouple's offset [M]


@kernel
def run(furnace: Furnace, mill: MillData, key: np.uint64, episode: int) -> None:
    """Move one furnace by one step of STEP seconds.

    The caller sets the fault rows, PACE and the trims, NEXT_* with NEXT_READY when a slab may be
    charged, and ASKED when one is to be discharged; it finds the slab in DOOR..DOOR_END.
    """
    furnace[F.CLOCK] += F.STEP
    furnace[F.SINCE_DISCHARGE] += F.STEP
    walk(furnace, mill)
    if furnace[F.ASKED] > 0.5:
        if discharge(furnace, mill) > 0.5:
            furnace[F.ASKED], furnace[F.OUT_READY] = 0.0, 1.0
            show_discharged(furnace, key, episode)
        else:
            furnace[F.WAITING] += F.STEP
    if furnace[F.NEXT_READY] > 0.5:
        done = charge(
            furnace, mill, furnace[F.NEXT_NUMBER], furnace[F.NEXT_WIDTH],
            furnace[F.NEXT_THICKNESS], furnace[F.NEXT_LENGTH], furnace[F.NEXT_CHARGE],
            furnace[F.NEXT_CARBON], furnace[F.NEXT_AIM],
        )  # fmt: skip
        furnace[F.NEXT_READY] = 1.0 - done
    heat(furnace, mill)
    sense(furnace, key, episode)
    track(furnace, mill)
    plan(furnace, mill)
    level1(furnace, mill)
    limits(furnace)


@kernel
def draw_own(furnace: Furnace, key: np.uint64, episode: int) -> None:
    """Draw what this furnace has of its own: exchange, gas, skids, scale, shell, thermocouples."""
    spreads = (EXCHANGE_SPREAD, HEATING_SPREAD, SKID_SPREAD, SCALE_SPREAD, SHELL_SPREAD)
    for n in range(5):
        draw = 2.0 * uniform(key, episode, n, OWN) - 1.0
        furnace[F.OWN_EXCHANGE + n] = 1.0 + spreads[n] * draw
    for c in range(F.CELLS):
        furnace[F.OFFSET + c] = COUPLE_SPREAD * normal(key, episode, c, OWN + 1)
