"""The numbers physics is written in: plain NumPy here, compiled lanes in the engine.

A physics file imports its functions from this module and is then an ordinary, typed Python file:
exact, slow, raising outside its validity. `engine.build` executes the same file a second time with
compiled versions of these names (`engine.lanes`), branch-free and wide, and with every `require`
left out: there, values saturate and range tests in the kernel notice.
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from ..errors import ValidityError

F = TypeVar("F", bound=Callable[..., object])


def _mark(function: F, role: str) -> F:
    vars(function)["role"] = role  # `engine.build` asks for it
    return function


def inline(function: F) -> F:
    """Mark a pure function of numbers; compiled, it is copied into its caller."""
    return _mark(function, "inline")


def kernel(function: F) -> F:
    """Mark a function that loops over the lanes of a block; compiled, part of a driver."""
    return _mark(function, "inline")


def driver(function: F) -> F:
    """Mark a function that is called from outside; compiled, it is one unit with all it calls."""
    return _mark(function, "driver")


def exp(x: float) -> float:
    """Return e to the power x."""
    return float(np.exp(x))


def log(x: float) -> float:
    """Return the natural logarithm of x > 0."""
    require(x > 0.0, "the logarithm needs a positive number")
    return float(np.log(x))


def sqrt(x: float) -> float:
    """Return the square root of x >= 0."""
    require(x >= 0.0, "the square root needs a number that is not negative")
    return float(np.sqrt(x))


def atan(x: float) -> float:
    """Return the arc tangent of x (rad)."""
    return float(np.arctan(x))


def tan(x: float) -> float:
    """Return the tangent of x (rad); the compiled form is exact for |x| <= 1.2."""
    require(abs(x) <= 1.2, "the tangent is only offered for angles up to 1.2 rad")
    return float(np.tan(x))


def fmin(a: float, b: float) -> float:
    """Return the smaller number; b when a is NaN, as a compiled select does."""
    return a if a < b else b


def fmax(a: float, b: float) -> float:
    """Return the greater number; b when a is NaN, as a compiled select does."""
    return a if a > b else b


def where(condition: bool, a: float, b: float) -> float:
    """Return a where the condition holds, else b; both are computed."""
    return a if condition else b


def require(condition: bool, text: str) -> None:
    """Stand for the validity range of a formula; the compiled build leaves this call out.

    Raises:
        ValidityError: if the condition does not hold.
    """
    if not condition:
        raise ValidityError(text)
