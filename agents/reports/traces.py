"""The curves of a run on one time grid: how far gauge and temperatures were from their aims."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]

QUANTITIES = {"gauge": "fm.exit_thickness", "fdt": "fm.fdt", "ct": "rot.coiling_temperature"}


@dataclass(slots=True)
class Traces:
    """Deviations from the aim, SI; NaN where no strip was under the instrument.

    Attributes:
        time: plant time (s).
        true: what really was, by quantity.
        measured: what the instruments said, by quantity.
        hold_time: plant time (s) of the run with no agent; each coil begins where this run's does.
        hold: what really was in the run with no agent, by quantity, at `hold_time`.
        coils: (number, begin, end) of each coil in plant time (s).
    """

    time: Series
    true: dict[str, Series]
    measured: dict[str, Series]
    hold_time: Series
    hold: dict[str, Series]
    coils: list[tuple[int, float, float]]


def astray(true: Series, measured: Series, limit: float, window: int = 61) -> Series:
    """Return `measured` where it has left `true` for good, NaN elsewhere.

    Args:
        true: what really was.
        measured: what the instrument said, on the same grid.
        limit: the deviation that counts; several times the noise.
        window: points of which the middle deviation is taken: reading and truth are seconds apart,
            and what the strip did between them is no fault of the instrument.
    """
    gap = np.where(np.isfinite(true), measured - true, np.nan)
    known = np.isfinite(gap)
    if not known.any():
        return np.full_like(measured, np.nan)
    around = np.pad(gap, window // 2, constant_values=np.nan)
    beside = np.lib.stride_tricks.sliding_window_view(around, 2 * (window // 2) + 1)[known]
    middle = np.zeros_like(gap)
    middle[known] = np.nanmedian(beside, axis=1)
    return np.where(np.abs(middle) > limit, measured, np.nan)
