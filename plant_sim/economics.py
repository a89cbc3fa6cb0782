"""The one cost of a coil: money, and apart from it harm.

Money is what the rolled steel loses (downgraded mass), the energy of the drives and the time the
line was taken. Harm (seconds beyond a rating, each stand and each rating counted, and seconds of
two-phase rolling) is never traded against money. The prices are relative plant defaults [T]; a
plant replaces them by its own.
"""

from .engine.numbers import inline

GAUGE_DOWNGRADE = 0.060  # EUR per kg outside the gauge tolerance [T]
FDT_DOWNGRADE = 0.035  # EUR per kg delivered outside the FDT tolerance [T]
CT_DOWNGRADE = 0.050  # EUR per kg coiled outside the CT tolerance [T]
ENERGY = 0.12 / 3.6e6  # EUR per J of drive energy [T]
LINE_TIME = 1.0  # EUR per s the line is taken [T]


@inline
def downgrade(gauge_off: float, fdt_off: float, ct_off: float) -> float:
    """Return the money (EUR) lost by downgraded mass; arguments in kg outside each tolerance."""
    return gauge_off * GAUGE_DOWNGRADE + fdt_off * FDT_DOWNGRADE + ct_off * CT_DOWNGRADE


@inline
def cost(gauge_off: float, fdt_off: float, ct_off: float, energy: float, seconds: float) -> float:
    """Return the money of a coil (EUR): downgrade, drive energy (J) and line time (s)."""
    return downgrade(gauge_off, fdt_off, ct_off) + energy * ENERGY + seconds * LINE_TIME
