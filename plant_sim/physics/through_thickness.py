"""Temperature across the thickness of a bar or strip: implicit conduction in the symmetric half.

Nodes lie from the surface (0) to the centre (last), evenly; the half thickness loses heat at the
surface to a medium through a coefficient, which may hold linearised radiation. Backward Euler: any
time step keeps the profile monotone and conserves heat exactly. Properties are constant over a
step. Leaves out conduction along the strip and a difference between both faces.

The profiles of several lanes lie side by side, `profile[node * lanes + i]`, and every inner loop
runs over the lanes without a branch, so that a lane kernel may call `conduct` with constant counts.
Source: finite volumes; the exact series for a plate is the test.
"""

import numpy as np
from numpy.typing import NDArray

from ..engine.numbers import inline, kernel
from .strip_temperature import STEFAN_BOLTZMANN

Profile = NDArray[np.float64]


@inline
def radiative_coefficient(surface: float, ambient: float, emissivity: float) -> float:
    """Return the coefficient (W/(m2 K)) that loses what radiation loses; temperatures in K."""
    squares = surface * surface + ambient * ambient
    return emissivity * STEFAN_BOLTZMANN * squares * (surface + ambient)


@kernel
def conduct(
    profile: Profile, work: Profile, nodes: int, lanes: int, thickness: Profile,
    coefficient: Profile, medium: Profile, conductivity: Profile, capacity: Profile,
    seconds: Profile,
) -> None:  # fmt: skip
    """Move every lane's profile on by its `seconds`, in place.

    Args:
        profile: temperatures (K), `nodes * lanes`, surface first.
        work: as large as `profile`; overwritten.
        nodes: 3 to 15; 5 to 9 are common.
        lanes: how many profiles lie side by side.
        thickness: full thickness (m), one a lane; so are all that follow.
        coefficient: at the surface (W/(m2 K)).
        medium: its temperature (K).
        conductivity: W/(m K).
        capacity: density times specific heat (J/(m3 K)).
        seconds: time step (s).
    """
    last = nodes - 1
    for i in range(lanes):
        step = 0.5 * thickness[i] / float(last)
        fourier = conductivity[i] * seconds[i] / (capacity[i] * step * step)
        biot = coefficient[i] * step / conductivity[i]
        # the surface node owns half a cell: twice the weight of its neighbour and of the film
        diagonal = 1.0 + 2.0 * fourier * (1.0 + biot)
        work[i] = -2.0 * fourier / diagonal
        profile[i] = (profile[i] + 2.0 * fourier * biot * medium[i]) / diagonal
    for n in range(1, nodes):
        weight = 2.0 if n == last else 1.0  # the centre node owns half a cell as well
        for i in range(lanes):
            step = 0.5 * thickness[i] / float(last)
            fourier = conductivity[i] * seconds[i] / (capacity[i] * step * step)
            before = (n - 1) * lanes + i
            diagonal = 1.0 + 2.0 * fourier + weight * fourier * work[before]
            work[n * lanes + i] = -fourier / diagonal
            right = profile[n * lanes + i] + weight * fourier * profile[before]
            profile[n * lanes + i] = right / diagonal
    for back in range(last):
        n = last - 1 - back
        for i in range(lanes):
            profile[n * lanes + i] -= work[n * lanes + i] * profile[(n + 1) * lanes + i]


@kernel
def mean_of(profile: Profile, nodes: int, lanes: int, out: Profile) -> None:
    """Write each lane's mean temperature (K) over the thickness to `out`."""
    last = nodes - 1
    for i in range(lanes):
        out[i] = 0.5 * (profile[i] + profile[last * lanes + i]) / float(last)
    for n in range(1, last):
        for i in range(lanes):
            out[i] += profile[n * lanes + i] / float(last)


@kernel
def shift_by(profile: Profile, nodes: int, lanes: int, rise: Profile) -> None:
    """Add each lane's `rise` (K) to all its nodes: heat that appears evenly, as that of work."""
    for n in range(nodes):
        for i in range(lanes):
            profile[n * lanes + i] += rise[i]
