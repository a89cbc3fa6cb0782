"""A finished coil: what was ordered, what it became, what it cost."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...economics import (
    ENERGY,
    FUEL,
    LINE_TIME,
    ROLL_WEAR,
    SCALE,
    WATER,
    downgrade,
    harm,
)
from . import rows as R  # noqa: N812

PIECES = ("downgrade", "scale", "fuel", "energy", "water", "rolls", "delay")  # of the cost


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
        event: what ended it before its tail, a key of `signal_table.EVENTS`; 0 nothing.
        event_place: the stand where that was, from 1; 0 none.
        mass: kg rolled.
        seconds: line time from its head in F1 to the next one there, so with the gap behind (s).
        gauge_hit: share of the mass inside the gauge tolerance, from true values; so the next five.
        fdt_hit: inside the tolerance of the finishing delivery temperature.
        ct_hit: inside the tolerance of the coiling temperature.
        width_hit: inside the tolerance of the width.
        profile_hit: inside the tolerance of the crown.
        flatness_hit: inside the tolerance of flatness.
        coil_hit: share of the line time in which it was wound with straight edges.
        furnace_energy: J of fuel burnt in its line time.
        downgrade: EUR; scrap, crop ends and pieces taken off before the mill included.
        scale: EUR for steel turned to scale.
        fuel: EUR.
        energy: EUR for the drives of the finishing mill and the rougher, at the tariff of the hour.
        water: EUR.
        rolls: EUR for wear.
        delay: EUR for the line time.
        cost: EUR, the sum of the seven.
        harm: seconds beyond a rating, each stand and rating counted, of two-phase rolling and of
            standstill behind an event; never part of the cost.
    """

    number: int
    width: float
    gauge_aim: float
    fdt_aim: float
    ct_aim: float
    carbon_declared: float
    event: int
    event_place: int
    mass: float
    seconds: float
    gauge_hit: float
    fdt_hit: float
    ct_hit: float
    width_hit: float
    profile_hit: float
    flatness_hit: float
    coil_hit: float
    furnace_energy: float
    downgrade: float
    scale: float
    fuel: float
    energy: float
    water: float
    rolls: float
    delay: float
    cost: float
    harm: float


def pieces(counted: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return money by reason (EUR) out of counters, shape (..., len(rows.COUNTED))."""
    at = {name: counted[..., n] for n, name in enumerate(R.COUNTED)}
    off = ("GAUGE_OFF", "FDT_OFF", "CT_OFF", "WIDTH_OFF", "CROWN_OFF", "FLAT_OFF", "SCRAP")
    priced: Any = downgrade  # written for numbers, and as good for arrays
    lost = priced(*(at[name] for name in off))
    return {
        "downgrade": np.asarray(lost),
        "scale": at["SCALE_LOSS"] * SCALE,
        "fuel": at["FUEL"] * FUEL,
        "energy": (at["ENERGY"] + at["DEAR"]) * ENERGY,
        "water": at["WATER"] * WATER,
        "rolls": at["WEAR_DONE"] * ROLL_WEAR,
        "delay": at["SECONDS"] * LINE_TIME,
    }


def harms(counted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the harm (s) out of counters, shape (..., len(rows.COUNTED))."""
    at = {name: counted[..., n] for n, name in enumerate(R.COUNTED)}
    summed: Any = harm
    return np.asarray(summed(at["OVERLOAD"], at["COLD"], at["STOPPED"], at["TELESCOPED"]))


def finished_coil(kept: NDArray[np.float64]) -> Coil:
    """Return the coil of a row of what the line kept, shape (len(KEPT),)."""
    row = dict(zip(R.KEPT, kept.tolist(), strict=True))
    counted = kept[-len(R.COUNTED) :]
    money = {name: float(value) for name, value in pieces(counted).items()}
    mass, cooled = max(row[R.ROLLED], 1e-9), max(row[R.CT_ROLLED], 1e-9)
    return Coil(
        number=int(row[R.COIL]),
        width=row[R.WIDTH],
        gauge_aim=row[R.GAUGE_AIM],
        fdt_aim=row[R.FDT_AIM],
        ct_aim=row[R.CT_AIM],
        carbon_declared=row[R.CARBON] * 0.01,
        event=int(row[R.EVENT]),
        event_place=int(row[R.EVENT_PLACE]),
        mass=row[R.ROLLED],
        seconds=row[R.SECONDS],
        gauge_hit=1.0 - row[R.GAUGE_OFF] / mass,
        fdt_hit=1.0 - row[R.FDT_OFF] / mass,
        ct_hit=1.0 - row[R.CT_OFF] / cooled,
        width_hit=1.0 - row[R.WIDTH_OFF] / mass,
        profile_hit=1.0 - row[R.CROWN_OFF] / mass,
        flatness_hit=1.0 - row[R.FLAT_OFF] / mass,
        coil_hit=1.0 - row[R.TELESCOPED] / max(row[R.SECONDS], 1e-9),
        furnace_energy=row[R.FUEL],
        **money,
        cost=sum(money.values()),
        harm=float(harms(counted)),
    )
