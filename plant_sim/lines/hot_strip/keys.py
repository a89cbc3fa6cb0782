"""The keys of a line: two 64-bit numbers that fix all its random draws."""

import numpy as np

from ...errors import ConfigError


def key_of(seed: int, purpose: int = 0) -> np.uint64:
    """Return the 64-bit key of a seed; purpose 0 orders and faults, 1 disturbances and noise."""
    if not 0 <= seed < 2**32:  # wider seeds would share words with another purpose
        raise ConfigError(f"seed {seed} is outside [0, 2**32); use a number inside")
    return np.uint64(np.random.SeedSequence([int(seed), purpose]).generate_state(1, np.uint64)[0])
