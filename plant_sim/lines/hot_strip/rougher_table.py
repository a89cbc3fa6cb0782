"""The delay table: a finished bar travels to the finishing mill, waits, is cropped and drawn in.

While the mill draws it in, its rear still lies here and cools; the mill asks what it gets.
"""

import numpy as np
from numpy.typing import NDArray

from ...engine.numbers import fmax, fmin, kernel, where
from ...physics.strip_temperature import DENSITY
from . import parameters as P  # noqa: N812
from . import rougher_rows as R  # noqa: N812
from .rougher_heat import cell_mean

Block = NDArray[np.float64]

STEP = 0.5  # s: the line's control interval [M]
CLEARANCE = 4.0  # m: between two pieces on a table [M]
DELIVERY_SPEED = 4.0  # m/s: of a bar on the delay table [M]
DELIVERY_RAMP = 1.5  # m/s2: of a bar on the delay table [M]


@kernel
def move(rougher: Block, source: int, target: int) -> None:
    """Hand a piece from one place to the next."""
    for row in range(R.PIECE):
        rougher[target + row] = rougher[source + row]
    rougher[source + R.STATUS] = R.EMPTY


@kernel
def is_clear(rougher: Block, mill: Block) -> bool:
    """Say whether the last pass may begin: room on the delay table for the whole bar."""
    if rougher[R.TABLE + R.STATUS] != float(R.EMPTY):
        return False
    if rougher[R.FEED + R.STATUS] == float(R.EMPTY):
        return True
    last = int(rougher[R.STAND + R.PASSES]) - 1
    section = rougher[R.STAND + R.EXIT + last] * rougher[R.STAND + R.WIDE + R.CELLS // 2]
    bar = rougher[R.STAND + R.WEIGHT] / (DENSITY * section)
    ahead = rougher[R.FEED + R.LENGTH] - rougher[R.FED]
    fits: bool = ahead + CLEARANCE + bar <= mill[P.DELAY_TABLE]
    return fits


@kernel
def deliver(rougher: Block, mill: Block) -> None:
    """Move the bar on the delay table up to the finishing mill, behind the one being rolled."""
    piece = rougher[R.TABLE : R.TABLE + R.PIECE]
    if piece[R.STATUS] == float(R.EMPTY):
        return
    end = fmax(mill[P.DELAY_TABLE], piece[R.LENGTH])
    limit = end
    if rougher[R.FEED + R.STATUS] != float(R.EMPTY):
        limit = end - (rougher[R.FEED + R.LENGTH] - rougher[R.FED]) - CLEARANCE
    limit = fmax(limit, piece[R.PLACE])
    piece[R.SPEED] = fmin(piece[R.SPEED] + DELIVERY_RAMP * STEP, DELIVERY_SPEED)
    place = fmin(piece[R.PLACE] + piece[R.SPEED] * STEP, limit)
    moved = place > piece[R.PLACE]
    piece[R.SPEED] = (place - piece[R.PLACE]) / STEP
    piece[R.PLACE] = place
    piece[R.STATUS] = R.WAITING if place >= end or not moved else R.ON_TABLE


@kernel
def ready(rougher: Block, mill: Block) -> float:
    """Return 1 if a bar lies at the finishing mill and nothing is being drawn in, else 0."""
    end = fmax(mill[P.DELAY_TABLE], rougher[R.TABLE + R.LENGTH])
    here = rougher[R.TABLE + R.STATUS] == float(R.WAITING) and rougher[R.TABLE + R.PLACE] >= end
    return where(here and rougher[R.FEED + R.STATUS] == float(R.EMPTY), 1.0, 0.0)


@kernel
def hand_over(rougher: Block) -> float:
    """Crop the waiting bar and begin to feed it; returns its length (m) without the crops.

    Call it only when `ready`. The bar stays here, cooling, until `feed` has drawn all of it in.
    """
    move(rougher, R.TABLE, R.FEED)
    piece = rougher[R.FEED : R.FEED + R.PIECE]
    piece[R.STATUS] = R.FEEDING
    rougher[R.FED] = 0.0
    cut = piece[R.CROP_HEAD] + piece[R.CROP_TAIL]
    rougher[R.CROPPED] += cut / piece[R.LENGTH] * piece[R.WEIGHT]
    rougher[R.ROUGHED] += piece[R.WEIGHT]
    rougher[R.BARS] += 1.0
    length: float = piece[R.LENGTH] - cut
    return length


@kernel
def feed(rougher: Block, metres: float) -> float:
    """Draw `metres` of the bar into the mill; returns what is left (m), 0 when it is through."""
    piece = rougher[R.FEED : R.FEED + R.PIECE]
    if piece[R.STATUS] == float(R.EMPTY):
        return 0.0
    rougher[R.FED] += metres
    left: float = piece[R.LENGTH] - piece[R.CROP_HEAD] - piece[R.CROP_TAIL] - rougher[R.FED]
    if left > 0.0:
        return left
    piece[R.STATUS] = R.EMPTY
    return 0.0


@kernel
def scrap(rougher: Block, place: int) -> None:
    """Take a piece off the line (a cobble): `place` is APPROACH, STAND, TABLE or FEED."""
    if rougher[place + R.STATUS] != float(R.EMPTY):
        rougher[R.REJECTED] += 1.0
        rougher[R.REJECTED_NUMBER] = rougher[place + R.NUMBER]
        if place != R.FEED:  # what of it the mill has taken, the mill counts
            rougher[R.REJECTED_MASS] += rougher[place + R.WEIGHT]
    rougher[place + R.STATUS] = R.EMPTY


@kernel
def bar_at(rougher: Block, metres: float) -> tuple[float, float, float]:
    """Return mean temperature (K), thickness (m) and width (m) of the bar at `metres` fed.

    Between the middles of the cells a straight line; it is the bar as it is now, so the rear of a
    bar that waits is colder.
    """
    piece = rougher[R.FEED : R.FEED + R.PIECE]
    at = (piece[R.CROP_HEAD] + metres) / fmax(piece[R.LENGTH], 1.0) * float(R.CELLS) - 0.5
    at = fmin(fmax(at, 0.0), float(R.CELLS) - 1.000001)
    c = int(at)
    share = at - c
    heat = cell_mean(piece, c) + share * (cell_mean(piece, c + 1) - cell_mean(piece, c))
    thick = piece[R.THICK + c] + share * (piece[R.THICK + c + 1] - piece[R.THICK + c])
    wide = piece[R.WIDE + c] + share * (piece[R.WIDE + c + 1] - piece[R.WIDE + c])
    return heat, thick, wide
