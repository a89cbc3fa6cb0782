"""Bounded noise on actions, for data that shows more than one way to act.

It is drawn from the seed of the episode, the step and the action alone, and no policy can see it:
so an episode with noise has the same bits in any company, as one without.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..engine.random import bits
from ..lines.hot_strip.keys import key_of

PURPOSE = 7  # of the key: apart from what plant and environment draw
DROPPED, SPAN = np.uint64(11), 2.0**-52  # 53 bits to 0..2
PIECES = 30  # of an episode: a new number each step would drown in the rates of the actions


class Exploration:
    """Noise of -1..1 for n episodes, each number held for a thirtieth of the horizon.

    Args:
        seeds: of the episodes.
        actions: numbers of an action.
        horizon: steps of an episode at most.
    """

    def __init__(self, seeds: Sequence[int], actions: int, horizon: int) -> None:
        self._keys = np.array([key_of(int(seed), PURPOSE) for seed in seeds], np.uint64)[:, None]
        self._channels = np.arange(actions, dtype=np.uint64)
        self._hold = max(horizon // PIECES, 1)

    def at(self, step: int) -> NDArray[np.float32]:
        """Return the noise of a step, shape (n, actions)."""
        drawn: NDArray[np.uint64] = bits(self._keys, 0, step // self._hold, self._channels)  # type: ignore[arg-type, assignment]
        return np.asarray((drawn >> DROPPED) * SPAN - 1.0, np.float32)
