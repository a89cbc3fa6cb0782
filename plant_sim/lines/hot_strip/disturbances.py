"""What acts on the line in one interval: noise of the instruments, water, and faults that grow."""

import numpy as np
from numpy.typing import NDArray

from ...engine.numbers import fmax, fmin, kernel, sqrt, where
from ...engine.random import normal, uniform
from . import faults as F  # noqa: N812
from . import rows as R  # noqa: N812
from .coil_start import PLANT
from .rows import INTERVAL, LANES

Block = NDArray[np.float64]
Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]

WATER, WATER_WAVE = 298.0, 4.0  # K: river water, and how far it may swing [M 4.2]
WATER_PERIOD = 700.0  # s: of that swing over two pi [T]
# K: deviation of the bar's temperature from place to place, by scale and water left on it [M 4.1]
PATCH_SIZE = 5.0
PATCH_KEPT = 0.9  # 1: of it an interval later, 2.5 m of bar to a patch [M 4.1]
PATCHES = 63  # channel of the random numbers


@kernel
def draw(block: Block, noise: Keys, episode: Counts, clock: Counts) -> None:
    """Draw the noise of this interval and the patches of the bar for every lane."""
    for n in range(R.NOISES):
        for i in range(LANES):
            drawn = normal(noise[i], episode[i], clock[i], n)
            block[(R.NOISE + n) * LANES + i] = drawn * block[R.NOISE_SCALE * LANES + i]
    for i in range(LANES):
        drawn = normal(noise[i], episode[i], clock[i], PATCHES) * block[R.BAR_SCALE * LANES + i]
        fresh = sqrt(1.0 - PATCH_KEPT * PATCH_KEPT) * PATCH_SIZE * drawn
        block[R.PATCH * LANES + i] = PATCH_KEPT * block[R.PATCH * LANES + i] + fresh


@kernel
def grow(block: Block) -> None:
    """Let every fault of the present coil grow by one interval towards its size."""
    for k in range(F.KINDS):
        for i in range(LANES):
            coil = block[R.COIL * LANES + i]
            here = where(block[(R.FAULT_FROM + k) * LANES + i] <= coil, 1.0, 0.0)
            here = here * where(coil < block[(R.FAULT_UNTIL + k) * LANES + i], 1.0, 0.0)
            size = block[(R.FAULT_SIZE + k) * LANES + i] * here
            step = size * INTERVAL / fmax(block[(R.FAULT_RAMP + k) * LANES + i], INTERVAL)
            now = block[(R.FAULT + k) * LANES + i] + step
            least, most = fmin(size, 0.0), fmax(size, 0.0)
            block[(R.FAULT + k) * LANES + i] = fmin(fmax(now, least), most)


@kernel
def warm_water(block: Block, i: int, plan: np.uint64, episode: int, clock: int) -> None:
    """Set the temperature of the cooling water of lane i."""
    swing = WATER_WAVE * uniform(plan, episode, 0, PLANT + 3) * block[R.WATER_SCALE * LANES + i]
    wave = swing * np.sin(clock * INTERVAL / WATER_PERIOD)
    warm = block[(R.FAULT + F.WATER_WARM) * LANES + i]
    block[R.WATER_TEMPERATURE * LANES + i] = WATER + wave + warm
