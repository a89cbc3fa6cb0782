"""How finely the mill's time is cut."""

import numpy as np
from numpy.typing import NDArray

from ....errors import ConfigError
from ....physics.hydraulic_gap import response
from ..rows import INTERVAL

SLOW, FAST, ITERATIONS = 20, 5, 1  # slow steps of 25 ms, fast steps of 5 ms, one Newton step each


def pace_of(slow: int = SLOW, fast: int = FAST) -> NDArray[np.float64]:
    """Return the fast step (s) and the gap's answer over it, shape (5,).

    Args:
        slow: slow steps in an interval of 0.5 s.
        fast: fast steps in a slow one.

    Raises:
        ConfigError: if either is below 1.
    """
    if min(slow, fast) < 1:
        raise ConfigError(f"{slow} slow and {fast} fast steps; take at least 1 of each")
    seconds = INTERVAL / (slow * fast)
    return np.array([seconds, *response(seconds)])
