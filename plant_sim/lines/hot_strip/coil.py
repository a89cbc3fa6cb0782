"""A finished coil: what was ordered, what it became, what it cost."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...economics import ENERGY, LINE_TIME, downgrade
from . import rows as R  # noqa: N812


@dataclass(frozen=True, slots=True)
class Coil:
    """A finished coil: what was ordered, what it became, what it cost.

    Attributes:
        number: 1 for the first of the campaign.
        width: m.
        gauge_aim: m.
        fdt_aim: K.
        ct_aim: K.
        carbon_declared: fraction of mass.
        mass: kg rolled.
        seconds: line time, the gap before it included (s).
        gauge_hit: share of the mass inside the gauge tolerance, from true values; so the next two.
        fdt_hit: inside the tolerance of the finishing delivery temperature.
        ct_hit: inside the tolerance of the coiling temperature.
        downgrade: EUR.
        energy: EUR.
        delay: EUR for the line time.
        cost: EUR, the sum of the three.
        harm: seconds beyond a rating, each stand and rating counted, and of two-phase rolling;
            never part of the cost.
    """

    number: int
    width: float
    gauge_aim: float
    fdt_aim: float
    ct_aim: float
    carbon_declared: float
    mass: float
    seconds: float
    gauge_hit: float
    fdt_hit: float
    ct_hit: float
    downgrade: float
    energy: float
    delay: float
    cost: float
    harm: float


def finished_coil(kept: NDArray[np.float64]) -> Coil:
    """Return the coil of a row of what the line kept, shape (len(KEPT),)."""
    row = dict(zip(R.KEPT, kept.tolist(), strict=True))
    mass, cooled = max(row[R.ROLLED], 1e-9), max(row[R.CT_ROLLED], 1e-9)
    lost = downgrade(row[R.GAUGE_OFF], row[R.FDT_OFF], row[R.CT_OFF])
    energy, delay = row[R.ENERGY] * ENERGY, row[R.SECONDS] * LINE_TIME
    return Coil(
        number=int(row[R.COIL]),
        width=row[R.WIDTH],
        gauge_aim=row[R.GAUGE_AIM],
        fdt_aim=row[R.FDT_AIM],
        ct_aim=row[R.CT_AIM],
        carbon_declared=row[R.CARBON] * 0.01,
        mass=row[R.ROLLED],
        seconds=row[R.SECONDS],
        gauge_hit=1.0 - row[R.GAUGE_OFF] / mass,
        fdt_hit=1.0 - row[R.FDT_OFF] / mass,
        ct_hit=1.0 - row[R.CT_OFF] / cooled,
        downgrade=lost,
        energy=energy,
        delay=delay,
        cost=lost + energy + delay,
        harm=row[R.OVERLOAD] + row[R.COLD],
    )
