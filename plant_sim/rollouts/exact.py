"""Exact distributions without SciPy: Student's t, and a share of which so many were counted.

Both come from the regularised incomplete beta function I_x(a, b), by its continued fraction
(Abramowitz and Stegun 26.5.8, evaluated after Lentz).
"""

from collections.abc import Callable
from math import exp, isfinite, lgamma, log, log1p, sqrt

from ..errors import ConfigError

TINY = 1e-300
STEPS = 10_000  # of the fraction; it needs about sqrt(max(a, b))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b), 0 to 1; a and b above 0.

    >>> round(incomplete_beta(2.0, 3.0, 0.5), 12)  # 11 / 16
    0.6875
    """
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1.0) / (a + b + 2.0):  # the fraction settles fast on the other side only
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)
    c, d = 1.0, 1.0 / _away(1.0 - (a + b) * x / (a + 1.0))
    fraction = d
    for m in range(1, STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 / _away(1.0 + term * d)
            c = _away(1.0 + term / c)
            fraction *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return exp(front) * fraction / a


def _away(value: float) -> float:
    return value if abs(value) > TINY else TINY


def t_quantile(p: float, freedom: float) -> float:
    """Return the p-quantile of Student's t, for p of 0.5 to below 1.

    >>> round(t_quantile(0.975, 4), 4)
    2.7764
    """

    def below(share: float) -> float:
        return 1.0 - 0.5 * incomplete_beta(freedom / 2, 0.5, share)

    # share = freedom / (freedom + t^2) falls from 1 to 0 as t grows
    share = _root(lambda value: p - below(value))
    return sqrt(freedom * (1.0 / share - 1.0))


def share_interval(events: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the two-sided interval of a share after Clopper and Pearson.

    Args:
        events: how many of `n` were counted, 0 to n; a half for a tie is allowed.
        n: how many there were, at least 1.
        level: its confidence.

    Raises:
        ConfigError: numbers that are none of these.
    """
    rest = (1.0 - level) / 2.0
    return _lower(events, n, rest), _upper(events, n, rest)


def share_bound(events: float, n: int, level: float = 0.95) -> float:
    """Return the one-sided upper bound of a share after Clopper and Pearson.

    Of an event never seen in n it is nearly 3 / n, the rule of three.

    >>> round(share_bound(0, 300), 5)
    0.00994
    """
    return _upper(events, n, 1.0 - level)


def _upper(events: float, n: int, rest: float) -> float:
    _check(events, n, rest)
    if events >= n:
        return 1.0
    return _root(lambda share: incomplete_beta(events + 1.0, n - events, share) - (1.0 - rest))


def _lower(events: float, n: int, rest: float) -> float:
    _check(events, n, rest)
    if events <= 0.0:
        return 0.0
    # by the upper bound of what was not counted: near 0 it keeps its digits
    return _root(lambda share: incomplete_beta(events, n - events + 1.0, share) - rest)


def _check(events: float, n: int, rest: float) -> None:
    if not (isfinite(events) and n >= 1 and 0.0 <= events <= n and 0.0 < rest < 1.0):
        raise ConfigError(
            f"{events} events of {n} at a rest of {rest} are no share; give 0 <= events <= n, "
            "n >= 1 and a level between 0 and 1"
        )


def _root(rising: Callable[[float], float]) -> float:
    """Return where a rising function on [0, 1] crosses zero."""
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        if rising(middle) < 0.0:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0
