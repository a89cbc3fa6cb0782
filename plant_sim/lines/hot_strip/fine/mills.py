"""The fine mills beside the lines: which resolution there is, and what drives it."""

from functools import cache
from types import ModuleType
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ....engine.build import compile_sources
from ....errors import ConfigError
from . import rows as F  # noqa: N812
from .pace import FAST, ITERATIONS, SLOW, pace_of
from .sources import FINE_SOURCES

Resolution = Literal["supervisory", "fine"]


@cache
def fine_kernel() -> ModuleType:
    """Return the compiled drivers of the line with the fine mill; the first call compiles."""
    return compile_sources(FINE_SOURCES)["lines.hot_strip.fine.drive"]


def fine_rows(resolution: str, lanes: int) -> NDArray[np.float64]:
    """Return the flat fine state of so many lanes (a multiple of 16): empty when supervisory.

    Raises:
        ConfigError: for another resolution.
    """
    if resolution not in get_args(Resolution):
        raise ConfigError(
            f"resolution {resolution!r} is unknown; choose one of {', '.join(get_args(Resolution))}"
        )
    return np.zeros(F.ROWS * lanes if resolution == "fine" else 0)


def cut() -> tuple[NDArray[np.float64], int, int, int]:
    """Return pace, slow steps, fast steps and iterations as the product runs them."""
    return pace_of(), SLOW, FAST, ITERATIONS
