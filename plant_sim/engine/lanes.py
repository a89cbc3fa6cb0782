"""Compiled counterparts of `engine.numbers`: no library call, no branch, so that LLVM widens them.

exp, log, atan and tan are polynomials after a range reduction by selects; calls to libm would keep
the whole lane loop scalar. They saturate and never return NaN: a broken state must be found by a
range test. Coefficients: Taylor (exp, sin, cos), fdlibm (log), Cephes (atan).
"""

import math
from types import SimpleNamespace
from typing import Any

import numba as nb
import numpy as np
from numba import types
from numba.extending import intrinsic

LANES = 16  # plants side by side in a block; measured best for float32 and float64
FASTMATH = {"contract"}  # fused multiply-add only: the same bits on AVX2 and AVX-512

_INTEGER = {types.float64: types.int64}
_FLOATING = {types.int64: types.float64}


def _instruction(table: dict[Any, Any], operation: str) -> Any:
    """Return x -> one LLVM instruction with a result of the paired type."""

    @intrinsic
    def convert(_context: Any, x: Any) -> Any:
        result = table[x]

        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return getattr(builder, operation)(arguments[0], context.get_value_type(result))

        return result(x), generate

    return convert


_to_int = _instruction(_INTEGER, "fptosi")
_to_float = _instruction(_FLOATING, "sitofp")
_bits = _instruction(_INTEGER, "bitcast")
_from_bits = _instruction(_FLOATING, "bitcast")

inline = nb.njit(forceinline=True, fastmath=FASTMATH, error_model="numpy")


@inline
def fmin(a, b):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, D103
    return a if a < b else b


@inline
def fmax(a, b):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, D103
    return a if a > b else b


@inline
def where(condition, a, b):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, D103
    return a if condition else b


_C = [1.0 / math.factorial(n) for n in range(20)]
_C2, _C3, _C4, _C5, _C6, _C7, _C8 = _C[2:9]
_C9, _C10, _C11, _C12, _C13, _C14, _C15, _C16, _C17, _C18, _C19 = _C[9:20]
_LN2_HIGH, _LN2_LOW, _LOG2E = 6.93145751953125e-1, 1.42860682030941723212e-6, 1.4426950408889634
_L1, _L2 = 6.93147180369123816490e-1, 1.90821492927058770002e-10
_G1, _G2, _G3, _G4 = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
)
_G5, _G6, _G7 = 1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860510658591e-01
_P0, _P1, _P2, _P3, _P4 = (
    -8.750608600031904122785e-1,
    -1.615753718733365076637e1,
    -7.500855792314704667340e1,
    -1.228866684490136173410e2,
    -6.485021904942025371773e1,
)
_Q0, _Q1, _Q2, _Q3, _Q4 = (
    2.485846490142306297962e1,
    1.650270098316988542046e2,
    4.328810604912902668951e2,
    4.853903996359136964868e2,
    1.945506571482613964425e2,
)
_BIAS, _MANTISSA, _ROOT_HALF = np.int64(1023), np.int64(52), np.int64(0x3FE6A09E667F3BCD)
_MASK = np.int64((1 << 52) - 1)
_HALF_PI, _QUARTER_PI = math.pi / 2, math.pi / 4


@inline
def exp(x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Take x = n ln 2 + r; 2**n is built from bits. Saturates at +-708."""
    x = x if x < 708.0 else 708.0
    x = x if x > -708.0 else -708.0
    n = np.floor(x * _LOG2E + 0.5)
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    y = (_C10 + _C11 * r) + r2 * (_C12 + _C13 * r)
    y = (
        (_C2 + _C3 * r)
        + r2 * (_C4 + _C5 * r)
        + r4 * ((_C6 + _C7 * r) + r2 * (_C8 + _C9 * r) + r4 * y)
    )
    power = _from_bits(np.int64(np.int64(_to_int(n) + _BIAS) << _MANTISSA))
    return (y * r2 + r + 1.0) * power


@inline
def log(x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Take x = 2**e (1 + m) with 1 + m around 1; zero, negative and NaN give the least value."""
    x = x if x > 2.3e-308 else 2.3e-308
    i = np.int64(_bits(x) - _ROOT_HALF)
    e = _to_float(np.int64(i >> _MANTISSA))
    m = _from_bits(np.int64(np.int64(i & _MASK) + _ROOT_HALF)) - 1.0
    s = m / (2.0 + m)
    z = s * s
    w = z * z
    r = z * (_G1 + w * (_G3 + w * (_G5 + w * _G7))) + w * (_G2 + w * (_G4 + w * _G6))
    h = 0.5 * m * m
    return e * _L1 - ((h - (s * (h + r) + e * _L2)) - m)


@inline
def atan(x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Reduced to |x| <= 0.66 by two selects, then a rational approximation."""
    a = -x if x < 0.0 else x
    large, middle = a > 2.41421356237309504880, a > 0.66
    offset = _HALF_PI if large else (_QUARTER_PI if middle else 0.0)
    top = -1.0 if large else (a - 1.0 if middle else a)
    bottom = a if large else (a + 1.0 if middle else 1.0)
    t = top / bottom
    z = t * t
    p = (((_P0 * z + _P1) * z + _P2) * z + _P3) * z + _P4
    q = ((((z + _Q0) * z + _Q1) * z + _Q2) * z + _Q3) * z + _Q4
    y = offset + (t * (z * p / q) + t)
    return -y if x < 0.0 else y


@inline
def tan(x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Sine over cosine by their series; saturates at |x| = 1.2."""
    x = x if x < 1.2 else 1.2
    x = x if x > -1.2 else -1.2
    z = x * x
    s = _C11 - z * (_C13 - z * (_C15 - z * (_C17 - z * _C19)))
    s = x * (1.0 - z * (_C3 - z * (_C5 - z * (_C7 - z * (_C9 - z * s)))))
    c = _C10 - z * (_C12 - z * (_C14 - z * (_C16 - z * _C18)))
    c = 1.0 - z * (_C2 - z * (_C4 - z * (_C6 - z * (_C8 - z * c))))
    return s / c


def numbers(driver: Any, inline: Any) -> SimpleNamespace:
    """Return the compiled counterpart of the module `engine.numbers`."""
    return SimpleNamespace(
        inline=inline, kernel=inline, driver=driver, exp=exp, log=log, sqrt=math.sqrt, atan=atan,
        tan=tan, fmin=fmin, fmax=fmax, where=where, require=None,
    )  # fmt: skip
