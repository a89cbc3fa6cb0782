"""Random numbers without a state: a hash of (key, episode, step, channel).

What a plant draws depends on its own key alone, never on its lane, on how many others run beside
it, on threads or on the split over workers. 24 bits of episode, 32 of step, 8 of channel.
"""

import numpy as np

from .numbers import inline

_A, _B, _C = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)
_S30, _S27, _S31, _S40, _S8, _S11 = (np.uint64(n) for n in (30, 27, 31, 40, 8, 11))
_S1, _S22, _S43 = np.uint64(1), np.uint64(22), np.uint64(43)
_M21 = np.uint64((1 << 21) - 1)
_TO_UNIT = 2.0**-53


@inline
def mix(z: np.uint64) -> np.uint64:
    """Scramble 64 bits (splitmix64, Steele, Lea and Flood 2014)."""
    z = z + _A
    z = (z ^ (z >> _S30)) * _B
    z = (z ^ (z >> _S27)) * _C
    return z ^ (z >> _S31)


@inline
def bits(key: np.uint64, episode: int, step: int, channel: int) -> np.uint64:
    """Return the 64 random bits that belong to this place."""
    place = (np.uint64(episode) << _S40) ^ (np.uint64(step) << _S8) ^ np.uint64(channel)
    return mix(key ^ mix(place))


@inline
def uniform(key: np.uint64, episode: int, step: int, channel: int) -> float:
    """Return a number in [0, 1)."""
    return float(bits(key, episode, step, channel) >> _S11) * _TO_UNIT


@inline
def normal(key: np.uint64, episode: int, step: int, channel: int) -> float:
    """Return a number of mean 0 and deviation 1: the sum of three uniforms, so never beyond 3."""
    b = bits(key, episode, step, channel)
    total = float((b >> _S1) & _M21) + float((b >> _S22) & _M21) + float((b >> _S43) & _M21)
    return total * (2.0 / 2097151.0) - 3.0
