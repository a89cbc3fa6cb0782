"""Some stands of a fine mill by themselves, entries held: for experiments and tests."""

import numpy as np
from numpy.typing import NDArray

from ....engine.numbers import driver
from .level1 import steer
from .stands import fast_step

Block = NDArray[np.float64]


@driver
def run_stands(
    steps: int, fine: Block, bench: Block, mill: Block, pace: Block, fast: int, iterations: int,
    first: int, last: int,
) -> None:  # fmt: skip
    """Run level 1 and some stands of one block for slow steps, entries held: for experiments.

    Arguments as `advance_fine` and `fast_step`; `bench` carries what `run` would put there.
    """
    for _ in range(steps):
        steer(fine, bench, mill, pace[0] * fast)
        for _ in range(fast):
            fast_step(fine, bench, mill, pace, iterations, first, last)
