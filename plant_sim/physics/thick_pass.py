"""Roll force and torque of roughing passes: Sims with a floor for peening, Shida for soaked slabs.

Where the stock is thicker than the arc of contact is long, the rolls work like a punch: the force
follows the indentation of a plane-strain block, not the friction hill. Leaves out the bulge of the
sides and forward slip (the exit speed is the roll speed). Sources: Sims [M 3.2], Shida [V 3.1].
"""

from ..engine.numbers import exp, fmax, fmin, inline
from .bite_limits import force_factor
from .flow_stress import COLDEST, HOTTEST, shida_mean
from .roll_bite import PLANE_STRAIN, contact_length, sims_factor, torque

SHIDA_HEAT = 5000.0  # K: activation of Shida's stress level in austenite [V 3.1]


@inline
def thick_force(entry: float, exit: float, width: float, flattened: float, stress: float) -> float:
    """Return the roll force (N) at a given flattened radius; stress: mean uniaxial (Pa), rest m."""
    length = contact_length(entry - exit, flattened)
    return width * PLANE_STRAIN * stress * length * force_factor(entry, exit, flattened)


@inline
def thick_torque(
    entry: float, exit: float, width: float, radius: float, flattened: float, stress: float
) -> float:
    """Return the torque (N m) of both rolls: Sims', raised with the force by peening.

    A punch does redundant work: the lever arm stays that of Sims, the force is the higher one.
    Lengths in m, stress the mean uniaxial one (Pa).
    """
    more = force_factor(entry, exit, flattened) / sims_factor(entry, exit, flattened)
    return more * torque(entry, exit, width, radius, flattened, stress)


@inline
def soaked_stress(strain: float, rate: float, temperature: float, carbon: float) -> float:
    """Return Shida's mean flow stress (Pa), carried on beyond 1200 degC and held below 700 degC.

    Slabs leave the furnace above the range of the published law; there its own factor exp(5/theta)
    is continued from the border. Arguments and errors as `flow_stress.shida_mean`, any temperature.
    """
    inside = fmin(fmax(temperature, COLDEST), HOTTEST)
    above = fmax(temperature, HOTTEST)
    level = exp(SHIDA_HEAT / above - SHIDA_HEAT / HOTTEST)
    return shida_mean(strain, rate, inside, carbon) * level
