"""Heat of the stock between furnace and finishing mill: what each cell loses, and what it regains.

Air and radiation act on all cells all the time, water and rolls on a cell when it passes them.
"""

import numpy as np
from numpy.typing import NDArray

from ...engine.numbers import fmax, inline, kernel, where
from ...physics.strip_temperature import DENSITY, STEFAN_BOLTZMANN, emissivity
from ...physics.strip_temperature import HEAT as SPECIFIC
from ...physics.thick_stock import F0, LAYERS, layer_offset, mean_of, relax, skin_fall, taken
from . import rougher_rows as R  # noqa: N812

Block = NDArray[np.float64]

AIR = 303.0  # K: of the hall [M 3.7]
AIR_FILM = 20.0  # W/(m2 K): moving stock [M 3.7]
HOOD = 0.35  # 1: share of the radiation that hoods over the delay table let through [T]
DESCALING_FILM, DESCALING_LENGTH = 20e3, 0.05  # W/(m2 K), m: of a pair of headers [M 3.7]
WATER = 305.0  # K: descaling water [M]
CLEANED = 0.9  # 1: of the scale that full pressure takes off [T]


@inline
def cell_mean(piece: Block, c: int) -> float:
    """Return the mean temperature (K) of cell c of a piece."""
    return mean_of(
        piece[R.HEAT + c], piece[R.HEAT + R.CELLS + c], piece[R.HEAT + 2 * R.CELLS + c],
        piece[R.HEAT + 3 * R.CELLS + c], piece[R.HEAT + 4 * R.CELLS + c],
    )  # fmt: skip


@inline
def cell_length(piece: Block, c: int) -> float:
    """Return the length (m) of cell c: its steel over its section."""
    length: float = piece[R.MASS + c] / (DENSITY * piece[R.THICK + c] * piece[R.WIDE + c])
    return length


@kernel
def length_of(piece: Block) -> float:
    """Return the length (m) of a piece."""
    total = 0.0
    for c in range(R.CELLS):
        total += cell_length(piece, c)
    return total


@kernel
def mean_temperature(piece: Block) -> float:
    """Return the mean temperature (K) of a piece."""
    heat, mass = 0.0, 0.0
    for c in range(R.CELLS):
        heat += piece[R.MASS + c] * cell_mean(piece, c)
        mass += piece[R.MASS + c]
    return heat / fmax(mass, 1.0)


@kernel
def cool_in_air(piece: Block, lost: Block, through: float, seconds: float) -> None:
    """Let all cells radiate and conduct for `seconds`; `through`: share of radiation that escapes.

    The faces lose at the skin, the narrow sides in every layer. `lost` has room for a number of
    each cell: added up on the way, they would keep the loop narrow.
    """
    for c in range(R.CELLS):
        a, b = piece[R.HEAT + c], piece[R.HEAT + R.CELLS + c]
        d, e = piece[R.HEAT + 2 * R.CELLS + c], piece[R.HEAT + 3 * R.CELLS + c]
        f = piece[R.HEAT + 4 * R.CELLS + c]
        thick, wide = piece[R.THICK + c], piece[R.WIDE + c]
        flux = emissivity(a) * STEFAN_BOLTZMANN * (a * a * a * a - AIR * AIR * AIR * AIR)
        heat = seconds * (through * flux + AIR_FILM * (a - AIR))
        side = 2.0 * heat / (DENSITY * SPECIFIC * wide)
        skin = skin_fall(heat, thick)
        # J of the cell: both faces and both sides; the mass is its volume times the density
        lost[c] = piece[R.MASS + c] * SPECIFIC * (F0 * skin + side)
        a, b, d, e, f = relax(
            a - skin - side, b - side, d - side, e - side, f - side, thick, seconds
        )
        piece[R.HEAT + c], piece[R.HEAT + R.CELLS + c] = a, b
        piece[R.HEAT + 2 * R.CELLS + c], piece[R.HEAT + 3 * R.CELLS + c] = d, e
        piece[R.HEAT + 4 * R.CELLS + c] = f
    for c in range(R.CELLS):
        piece[R.LOST] += lost[c]


@kernel
def touch(piece: Block, c: int, medium: float, film: float, seconds: float, thick: float) -> None:
    """Let both faces of cell c meet roll or water (K) under a film (W/(m2 K)) for `seconds`.

    The skin takes the loss down to the medium's temperature; `thick` (m) is the stock's while it
    touches.
    """
    skin = piece[R.HEAT + c]
    fall = skin_fall(taken(skin, medium, film, seconds), thick)
    fall = where(fall < 0.9 * (skin - medium), fall, 0.9 * (skin - medium))
    piece[R.HEAT + c] = skin - fall
    piece[R.LOST] += piece[R.MASS + c] * SPECIFIC * F0 * fall


@kernel
def warm(piece: Block, c: int, rise: float) -> float:
    """Warm all layers of cell c by `rise` (K); returns the heat (J)."""
    for k in range(R.NODES):
        piece[R.HEAT + k * R.CELLS + c] += rise
    gained: float = piece[R.MASS + c] * SPECIFIC * rise
    return gained


@inline
def soaked(mean: float, difference: float, k: int) -> float:
    """Return the temperature (K) of layer k in a slab of core minus surface `difference` (K)."""
    high = 1.0
    for j in range(k):
        high = high - LAYERS[j]
    return mean + difference * layer_offset(high - LAYERS[k], high)
