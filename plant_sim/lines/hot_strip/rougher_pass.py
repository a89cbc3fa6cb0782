"""One cell of stock through edger, descaling headers and roll gap of the rougher.

Gap, stretch and force in equilibrium (gaugemeter of section 3.4 without gap control, as roughers
have none); the exit speed is the roll speed. Every cell meets the rolls with its own temperature:
cold skid marks come out thicker.
"""

import numpy as np
from numpy.typing import NDArray

from ...control.rougher_setup import BASE_SPEED
from ...engine.numbers import exp, fmax, fmin, inline, kernel, log, where
from ...physics.edging import (
    END_LOSS,
    edger_force,
    edging_length,
    edging_strain,
    end_share,
    recovery_share,
)
from ...physics.mill_stretch import BARREL, MODULUS_PER_WIDTH, exit_error, exit_slope
from ...physics.roll_bite import contact_length, flattened_radius, strain, strip_modulus
from ...physics.spread import spread_share
from ...physics.strip_temperature import work_rise
from ...physics.thick_pass import soaked_stress, thick_force, thick_torque
from . import parameters as P  # noqa: N812  the data sheet
from . import rougher_rows as R  # noqa: N812
from .rougher_heat import (
    CLEANED,
    DESCALING_FILM,
    DESCALING_LENGTH,
    WATER,
    cell_length,
    cell_mean,
    touch,
    warm,
)

Block = NDArray[np.float64]

EDGER_RADIUS = 0.5  # m: vertical rolls [M]
ROLL_FILM = 30e3  # W/(m2 K): stock to roll, mean over the arc [M 3.7]
ROLL_SURFACE = 400.0  # K: of the rolls [M]
TRIP_TORQUE, TRIP_POWER = 1.75, 1.5  # 1, 1: of the rating, at which the drive trips [M 6.4]
CLOSE = 1e-5  # m: off the gaugemeter's balance from which the next step is the last [C 3.4]
MOST_STEPS = 12  # if it is not
NO_FORCE = 1e9  # N: above any roll force, so that a broken state counts as a trip [M]


@inline
def bite(
    entry: float, gap: float, width: float, temperature: float, carbon: float, hardness: float,
    speed: float, radius: float, stiffness: float,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Return exit thickness (m), force (N), torque of both rolls (N m) and flow stress (Pa).

    Args:
        entry: thickness (m).
        gap: set between the rolls at the force of zeroing (m).
        width: m.
        temperature: mean over the thickness (K).
        carbon: weight %.
        hardness: flow stress over that of plain steel.
        speed: roll speed (m/s).
        radius: m.
        stiffness: of the stand for this width (N/m).
    """
    exit, flat = fmin(fmax(gap, 0.5 * entry), 0.995 * entry), 1.02 * radius
    force, stress, error, steps = 0.0, 0.0, 1.0, 0
    # the stand is ten times stiffer than thick stock: each step gains a digit. One cell at a time,
    # so a step more or less costs no other plant anything
    while abs(error) > CLOSE and steps < MOST_STEPS:
        steps += 1
        draft = entry - exit
        reduction = strain(entry, exit)
        rate = speed * reduction / contact_length(draft, flat)
        stress = hardness * soaked_stress(reduction, rate, temperature, carbon)
        force = thick_force(entry, exit, width, flat, stress)
        flat = flattened_radius(radius, force, width, draft)
        error = exit_error(exit, gap, force, 0.0, 0.0, stiffness, stiffness)
        slope = exit_slope(strip_modulus(force, draft), 0.0, stiffness, stiffness)
        exit = fmin(fmax(exit - error / slope, 0.5 * entry), 0.999 * entry)
    return exit, force, thick_torque(entry, exit, width, radius, flat, stress), stress


@inline
def end_of(c: int, length: float) -> float:
    """Return how much of an end cell c is (1 at an end, 0 far off); slab `length` in m."""
    return (fmin(float(c), float(R.CELLS - 1 - c)) + 0.5) * length / float(R.CELLS)


@kernel
def edge_cell(rougher: Block, piece: Block, c: int, opening: float, speed: float) -> None:
    """Squeeze cell c to `opening` (m) at `speed` (m/s); what comes back waits in its dog-bone."""
    wide, thick = piece[R.WIDE + c], piece[R.THICK + c]
    draft = wide - opening
    if not draft > 1e-6:
        return
    reduction = edging_strain(draft, thick)
    rate = speed * reduction / edging_length(draft, EDGER_RADIUS)
    stress = soaked_stress(reduction, rate, cell_mean(piece, c), piece[R.CARBON])
    stress = piece[R.HARDNESS] * stress
    rougher[R.EDGER_FORCE] = edger_force(draft, wide, thick, EDGER_RADIUS, stress)
    end = end_share(end_of(c, piece[R.SLAB_LENGTH]), wide)
    piece[R.WIDE + c] = opening - END_LOSS * end * draft
    piece[R.EDGING] += draft / float(R.CELLS)
    piece[R.DOG_BONE + c] += recovery_share(wide, thick) * (1.0 - end) * draft


@kernel
def descale_cell(rougher: Block, piece: Block, c: int, speed: float, loss: float) -> None:
    """Let cell c pass a pair of headers at `speed` (m/s) of which `loss` (0..1) is missing."""
    rougher[R.DESCALING] = 1.0
    film = rougher[R.FILM_FACTOR] * DESCALING_FILM * (1.0 - loss)
    touch(piece, c, WATER, film, DESCALING_LENGTH / fmax(speed, 0.2), piece[R.THICK + c])
    left = fmax(1.0 - CLEANED * (1.0 - loss), 1e-3)
    piece[R.SCALE] *= exp(log(left) / float(R.CELLS))  # each cell is one part of the piece


@kernel
def roll_cell(
    rougher: Block, piece: Block, mill: Block, c: int, n: int, speed: float, slip: float,
    loss: float,
) -> float:  # fmt: skip
    """Take cell c through pass n (0 first) at `speed` (m/s); returns 1 if the stand trips.

    In a trip the cell is left as it came. `slip`: share of the edging that the edger loses,
    `loss`: share of the descaling water that is missing.
    """
    if n % 2 == 0:
        opening = piece[R.OPENING + n]
        opening = opening + slip * fmax(piece[R.WIDE + c] - opening, 0.0)
        edge_cell(rougher, piece, c, opening, speed)
    if piece[R.DESCALE + n] > 0.5:
        descale_cell(rougher, piece, c, speed, loss)
    entry, wide = piece[R.THICK + c], piece[R.WIDE + c] + piece[R.DOG_BONE + c]
    radius = mill[P.RM_RADIUS]
    stiffness = rougher[R.STIFFNESS] * mill[P.RM_MODULUS]
    stiffness = stiffness - MODULUS_PER_WIDTH * (BARREL - wide)
    unloaded = -exit_error(0.0, piece[R.GAP + n], 0.0, 0.0, 0.0, stiffness, stiffness)
    if unloaded >= 0.998 * entry:  # thinner than the gap: rolled before, in a pass that tripped
        rougher[R.FORCE], rougher[R.TORQUE], rougher[R.POWER] = 0.0, 0.0, 0.0
        return 0.0
    exit, force, torque, stress = bite(
        entry, piece[R.GAP + n], wide, cell_mean(piece, c), piece[R.CARBON], piece[R.HARDNESS],
        speed, radius, stiffness,
    )  # fmt: skip
    power = torque * speed / radius
    rougher[R.FORCE], rougher[R.TORQUE], rougher[R.POWER] = force, torque, power
    rated = mill[P.RM_MAX_POWER] / BASE_SPEED
    # written so that NaN trips as well
    holds = where(force <= fmin(mill[P.RM_MAX_FORCE], NO_FORCE), 1.0, 0.0)
    holds = holds * where(torque <= TRIP_TORQUE * rated, 1.0, 0.0)
    holds = holds * where(power <= TRIP_POWER * mill[P.RM_MAX_POWER], 1.0, 0.0)
    if holds < 0.5:
        return 1.0
    seconds = contact_length(entry - exit, radius) / speed
    film = rougher[R.FILM_FACTOR] * ROLL_FILM
    touch(piece, c, ROLL_SURFACE, film, seconds, 0.5 * (entry + exit))
    piece[R.GAINED] += warm(piece, c, work_rise(stress, strain(entry, exit)))
    share = rougher[R.SPREAD_FACTOR] * spread_share(wide, radius, entry - exit)
    piece[R.WIDE + c] = wide * exp(share * log(entry / exit))
    piece[R.THICK + c], piece[R.DOG_BONE + c] = exit, 0.0
    rougher[R.ENERGY] += power * cell_length(piece, c) / speed
    return 0.0
