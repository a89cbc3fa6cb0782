"""Scale on hot steel: growth by diffusion, faster with free oxygen, and the steel it takes.

Parabolic growth x^2 = k t [M 4.1]. The rate rises in a straight line with the free oxygen of the
gas; water vapour and carbon dioxide count as OTHERS of oxygen, which gives the published saving:
20 instead of 70 % excess air scales up to 35 % less steel (Abuluwefa 1992 [V]). Leaves out
decarburisation, cracking of the scale and the linear start.
"""

from ..engine.numbers import exp, inline, require

GAS_CONSTANT = 8.314462618  # J/(mol K): molar gas constant [V CODATA]
ACTIVATION = 150e3  # J/mol: of the growth, 138 to 170 [M 4.1]
GROWTH = 1.7e-4  # m2/s: of the scale at 2 % oxygen, before the exponential [T]
OTHERS = 0.003  # 1: oxygen that water vapour and carbon dioxide stand for [C 4.1 Abuluwefa]
REFERENCE_OXYGEN = 0.02  # 1: free oxygen in wet gas that GROWTH belongs to [M 4.1]
SCALE_DENSITY = 5500.0  # kg/m3: of wuestite with some magnetite [M]
IRON_SHARE = 0.72  # 1: mass share of iron in scale [M 4.1]
OXIDATION_HEAT = 5.6e6  # J/kg: set free by a kilogram of iron that becomes scale [M]


@inline
def growth(temperature: float, oxygen: float) -> float:
    """Return d(x^2)/dt (m2/s) of scale of thickness x.

    Args:
        temperature: of the surface (K), above 0.
        oxygen: free oxygen in the wet gas, fraction 0 to 0.21.

    Raises:
        ValidityError: outside these ranges.
    """
    require(temperature > 0.0, "scale grows on a surface with a temperature above 0 K")
    require(0.0 <= oxygen <= 0.21, "free oxygen is a fraction from 0 to 0.21")
    gas = (oxygen + OTHERS) / (REFERENCE_OXYGEN + OTHERS)
    return GROWTH * gas * exp(-ACTIVATION / (GAS_CONSTANT * temperature))


@inline
def iron_lost(thickness: float) -> float:
    """Return the iron (kg/m2) in scale of `thickness` (m) on one face."""
    return thickness * SCALE_DENSITY * IRON_SHARE
