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


def astray(true: Series, measured: Series, limit: float, window: int = 9) -> Series:
    """Return `measured` where it has left `true` for good, NaN elsewhere.

    Args:
        true: what really was.
        measured: what the instrument said, on the same grid.
        limit: the deviation that counts; several times the noise.
        window: points over which the deviation is averaged, so that noise does not count.
    """
    if len(true) == 0:
        return measured
    gap = measured - true
    known = np.isfinite(gap)
    kernel = np.ones(min(window, len(gap)))
    total = np.convolve(np.where(known, gap, 0.0), kernel, "same")
    count = np.convolve(known.astype(float), kernel, "same")
    mean = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    return np.where(known & (np.abs(mean) > limit), measured, np.nan)
