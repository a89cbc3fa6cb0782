"""The one cost of a coil: money by reason, and apart from it harm.

Money is what the rolled steel loses (downgraded and scrapped mass, scale), fuel, the energy of the
drives, water, roll wear, and the time the line was taken. Harm is seconds beyond a rating (each
stand and rating counted), of two-phase rolling, of standstill behind a cobble, a break or a trip,
and of winding with edges that are not straight; it is never traded against money. The prices are
defaults; a plant replaces them by its own.

What a coil earns is in none of this: seats are compared per coil. `HotStripLine-v0`, whose episode
is an hour, adds the MARGIN of what is coiled. It agrees with what scrap and scale lose where hot
band is 550, slab 450 and scrap 200 EUR/t.
"""

from .engine.numbers import inline

GAUGE_DOWNGRADE = 0.060  # EUR/kg: outside the gauge tolerance [T]
FDT_DOWNGRADE = 0.035  # EUR/kg: delivered outside the FDT tolerance [T]
CT_DOWNGRADE = 0.050  # EUR/kg: coiled outside the CT tolerance [T]
WIDTH_DOWNGRADE = 0.030  # EUR/kg: outside the width tolerance, side trimming [T]
CROWN_DOWNGRADE = 0.010  # EUR/kg: outside the crown tolerance [T]
FLAT_DOWNGRADE = 0.015  # EUR/kg: outside the flatness tolerance, levelling [T]
SCRAPPED = 0.35  # EUR/kg: of steel that becomes scrap, hot band less scrap price [M]
SCALE = 0.45  # EUR/kg: of steel that becomes scale [M]
FUEL = 9.0e-9  # EUR/J: furnace gas, 32 EUR/MWh [M]
ENERGY = 0.12 / 3.6e6  # EUR/J: electricity, 120 EUR/MWh [M]
WATER = 0.05  # EUR/m3: pumping and treatment of laminar water [M]
ROLL_WEAR = 4.0e5  # EUR/m: grinding and roll material per metre worn off a pair's diameter [M]
LINE_TIME = 1.0  # EUR/s: the line is taken, 3600 EUR/h [M]
MARGIN = 0.10  # EUR/kg: of steel coiled, hot band less slab price [M]


@inline
def downgrade(
    gauge_off: float, fdt_off: float, ct_off: float, width_off: float, crown_off: float,
    flat_off: float, scrap: float,
) -> float:  # fmt: skip
    """Return the money (EUR) lost by mass outside each tolerance and by scrap; arguments in kg."""
    return (
        gauge_off * GAUGE_DOWNGRADE
        + fdt_off * FDT_DOWNGRADE
        + ct_off * CT_DOWNGRADE
        + width_off * WIDTH_DOWNGRADE
        + crown_off * CROWN_DOWNGRADE
        + flat_off * FLAT_DOWNGRADE
        + scrap * SCRAPPED
    )


@inline
def harm(overload: float, cold: float, stopped: float, telescoped: float) -> float:
    """Return the harm (s): beyond a rating, two-phase, stopped by an event, wound crookedly."""
    return overload + cold + stopped + telescoped
