"""Heat conduction through the thickness of many slabs side by side.

One-dimensional enthalpy method: the heat content of each node is the state and changes by what
flows over its faces, so energy is conserved exactly; the temperature follows by one Newton step on
the closed heat content of `steel`. Explicit, second order in the thickness. Leaves out the width
and length direction, and thermal expansion (nodes keep their mass at 20 degC).
Source: equation of section 4.1; material EN 1993-1-2 [M].
"""

import numpy as np
from numpy.typing import NDArray

from ..engine.numbers import fmin, inline, kernel
from .steel import DENSITY_COLD, conductivity, enthalpy, specific_heat

SLABS = 48  # places for slabs in one furnace, three times a power of two
NODES = 11  # over the thickness, bottom face first, both faces included
STABLE = 0.5  # 1: most Fourier number of a node in one step [C 4.1]
CALM = 0.45  # 1: Fourier number to which conduction between two nodes is held [C 4.1]
COLD_HEAT = 440.0  # J/(kg K): specific heat at 20 degC [C 3.7]

# the bundle: rows of SLABS numbers, one row after the other
THICKNESS = 0  # m
TOP = 1  # W/m2 into the upper face
BOTTOM = 2  # W/m2 into the lower face
FLOW = 3  # W/m2 from the node below, of the node that is being worked on
HEAT = 4  # J/kg, NODES rows
TEMPERATURE = HEAT + NODES  # K, NODES rows
SLENDER = TEMPERATURE + NODES  # 1/m, the inverse of the thickness, for the running step
BUNDLE_ROWS = SLENDER + 1

Bundle = NDArray[np.float64]


@inline
def fourier(seconds: float, thickness: float) -> float:
    """Return the Fourier number of a node at 20 degC, where it is greatest; stable below 0.5.

    Args:
        seconds: step (s).
        thickness: of the slab (m).
    """
    spacing = thickness / (NODES - 1.0)
    diffusivity = conductivity(293.15) / (DENSITY_COLD * specific_heat(293.15))
    return diffusivity * seconds / (spacing * spacing)


@inline
def settle(temperature: float, heat: float) -> float:
    """Return the temperature (K) nearer to the heat content `heat` (J/kg): one Newton step."""
    return temperature + (heat - enthalpy(temperature)) / specific_heat(temperature)


@kernel
def conduct(bundle: Bundle, seconds: float) -> None:
    """Move all slabs by one step of `seconds`; the fluxes TOP and BOTTOM act all through it.

    Args:
        bundle: (BUNDLE_ROWS * SLABS,); every place holds a thickness and temperatures within the
            range of `steel`, an empty one with fluxes of zero.
        seconds: s; where `fourier` comes near 0.5, cold steel conducts a little less than it should
            rather than oscillate.
    """
    # only cold steel thinner than 0.18 m reaches this bound with a step of 10 s
    calm = CALM * DENSITY_COLD * COLD_HEAT / ((NODES - 1.0) * (NODES - 1.0) * seconds)
    for s in range(SLABS):
        bundle[FLOW * SLABS + s] = bundle[BOTTOM * SLABS + s]
        bundle[SLENDER * SLABS + s] = 1.0 / bundle[THICKNESS * SLABS + s]
    for k in range(NODES - 1):
        # the faces hold half a node
        size = 0.5 if k == 0 else 1.0
        rate = seconds * (NODES - 1.0) / (DENSITY_COLD * size)
        here, there = (TEMPERATURE + k) * SLABS, (TEMPERATURE + k + 1) * SLABS
        for s in range(SLABS):
            low, high = bundle[here + s], bundle[there + s]
            thickness, slender = bundle[THICKNESS * SLABS + s], bundle[SLENDER * SLABS + s]
            between = 0.5 * (conductivity(low) + conductivity(high))
            between = fmin(between, calm * thickness * thickness)
            flow = between * (low - high) * (NODES - 1.0) * slender
            gain = (bundle[FLOW * SLABS + s] - flow) * rate * slender
            bundle[FLOW * SLABS + s] = flow
            bundle[(HEAT + k) * SLABS + s] += gain
    rate = seconds * (NODES - 1.0) / (DENSITY_COLD * 0.5)
    for s in range(SLABS):
        gain = (bundle[FLOW * SLABS + s] + bundle[TOP * SLABS + s]) * rate
        bundle[(HEAT + NODES - 1) * SLABS + s] += gain * bundle[SLENDER * SLABS + s]
    for k in range(NODES):
        for s in range(SLABS):
            bundle[(TEMPERATURE + k) * SLABS + s] = settle(
                bundle[(TEMPERATURE + k) * SLABS + s], bundle[(HEAT + k) * SLABS + s]
            )


@kernel
def total(row: Bundle) -> float:
    """Return the sum of SLABS numbers; the row is used up.

    Halves are added to each other: a running sum would keep the loop before it narrow, and itself
    wait for every single addition.
    """
    width = SLABS // 2
    while width > 2:
        for s in range(width):
            row[s] += row[width + s]
        width = width // 2
    return float(row[0]) + float(row[1]) + float(row[2])


@kernel
def mean_heat(bundle: Bundle, slab: int) -> float:
    """Return the heat content of one slab (J/kg above 20 degC): trapezoid over the thickness."""
    ends: float = bundle[HEAT * SLABS + slab] + bundle[(HEAT + NODES - 1) * SLABS + slab]
    total = 0.5 * ends
    for k in range(1, NODES - 1):
        total += bundle[(HEAT + k) * SLABS + slab]
    return total / (NODES - 1.0)


@kernel
def mean_temperature(bundle: Bundle, slab: int) -> float:
    """Return the mean temperature of one slab (K): trapezoid over the thickness."""
    ends: float = (
        bundle[TEMPERATURE * SLABS + slab] + bundle[(TEMPERATURE + NODES - 1) * SLABS + slab]
    )
    total = 0.5 * ends
    for k in range(1, NODES - 1):
        total += bundle[(TEMPERATURE + k) * SLABS + slab]
    return total / (NODES - 1.0)


@kernel
def fill(bundle: Bundle, slab: int, thickness: float, temperature: float) -> None:
    """Put a slab of one temperature (K) and a thickness (m) on a place, fluxes zero."""
    bundle[THICKNESS * SLABS + slab] = thickness
    bundle[TOP * SLABS + slab] = 0.0
    bundle[BOTTOM * SLABS + slab] = 0.0
    bundle[FLOW * SLABS + slab] = 0.0
    bundle[SLENDER * SLABS + slab] = 1.0 / thickness
    for k in range(NODES):
        bundle[(HEAT + k) * SLABS + slab] = enthalpy(temperature)
        bundle[(TEMPERATURE + k) * SLABS + slab] = temperature
