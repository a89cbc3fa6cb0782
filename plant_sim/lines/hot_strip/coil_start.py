"""The start of a campaign and of a coil: what was ordered, what the bar really is, this very plant.

Everything is drawn from two keys: `plan` fixes the plant's own parameters, `noise` the
disturbances; the same plan under other noise is another possible future of the same day. Orders and
faults come as tables that `scenarios` drew.
"""

import numpy as np
from numpy.typing import NDArray

from ...control.level2_model import (
    CLASS_DOUBT,
    FORCE_DOUBT,
    HEAD_CLOSED,
    MODULUS,
    STAND_FACTOR,
    TAIL_CLOSED,
    ZERO_DOUBT,
)
from ...engine.numbers import exp, fmax, fmin, kernel
from ...engine.random import normal, uniform
from ...physics.mill_stretch import MODULUS_PER_WIDTH
from ...physics.strip_temperature import DENSITY, after_radiation, emissivity
from ...scenarios import fields as O  # noqa: N812
from . import faults as F  # noqa: N812
from . import parameters as P  # noqa: N812
from . import profile_rows as Q  # noqa: N812
from . import rows as R  # noqa: N812
from .parameters import STANDS
from .rows import LANES

Block = NDArray[np.float64]
Table = NDArray[np.float64]

BAR_START = 1286.0  # K: mean bar temperature at the finishing descaler [M 3.7]
BAR_SPREAD = 6.0  # K: its standard deviation from bar to bar [T]
HARDNESS_SPREAD = 0.015  # 1: from bar to bar of one grade [T]
STIFFNESS_LEVEL = 0.03  # 1: of this plant [T]
COOLING_LEVEL, COOLING_SPREAD = 0.12, 0.015  # 1: of this plant; from coil to coil [M 4.2]
# m: most that the gaps of this plant are off their zero, oil film and warm rolls at the zeroing
# together, for all stands alike; and by which each stand deviates [M 3.4]
ZERO_LEVEL, ZERO_SPREAD = 0.65e-3, 0.03e-3
FDT_LEVEL, CT_LEVEL = 16.0, 10.0  # K: most that emissivity and steam let a pyrometer err [M 6.3]
OWN_BEND_SPREAD, OWN_HEAT_SPREAD = 0.05, 0.08  # 1: deviation between mills [T]
SKID_LEAST, SKID_MORE = 3.0, 5.0  # K: amplitude of skid marks on the bar [M 4.1]
SKID_LENGTH = 9.0  # m: of bar from one skid mark to the next [M 4.1]
ALLOWANCE = 5e-3  # m: a bar is wider than ordered, for necking and tolerance [M 6.1]
HEAD_COLD, HEAD_REACH = 12.0, 0.8  # K, m of bar: how cold and how long the head is [T]
# channels of the random numbers: 0..63 noise of an interval, from 64 what is drawn once
PLANT, BAR_DRAW = 80, 128


@kernel
def restart(block: Block, i: int, mill: Table, faults: Table, scales: Table, lined: float) -> None:
    """Put lane i at the start of a campaign: cold table, empty mill.

    Args:
        block: the block of the lane.
        i: its place in it.
        mill: the mill's data, see `parameters`.
        faults: (KINDS, 5): from coil, until coil, size, seconds to full size, place.
        scales: (rows.SCALES,): shares of the disturbances, factors of this plant, tariff.
        lined: rows of the order book.
    """
    first = int(mill[P.FIRST_STAND])
    for row in range(R.ROWS):
        block[row * LANES + i] = 0.0
    for s in range(STANDS):
        block[(R.ADAPTED + s) * LANES + i] = STAND_FACTOR[s]
        block[(R.FLAT + s) * LANES + i] = 1.05 * mill[P.RADIUS + s]
        block[(R.H + s) * LANES + i] = 34e-3 * exp(-2.5 * max(s - first, 0) / (STANDS - first))
        block[(R.T + s) * LANES + i] = 1250.0
        block[(R.GAP + s) * LANES + i] = 2e-3
    block[(R.H + STANDS) * LANES + i], block[(R.T + STANDS) * LANES + i] = 2.6e-3, 1150.0
    for c in range(R.CELLS):
        block[(R.BAR_CELL + c) * LANES + i] = BAR_START
        block[(R.BAR_CELL_THICK + c) * LANES + i] = 34e-3
    block[R.BAR_THICK * LANES + i] = 34e-3
    block[R.SPEED * LANES + i] = 8.0
    block[R.THREAD_SPEED * LANES + i] = 8.0
    block[R.FORCE_RATIO * LANES + i] = 1.0
    block[R.WIDTH * LANES + i], block[R.CARBON * LANES + i] = 1.25, 0.08
    block[R.EXIT_WIDTH * LANES + i] = 1.25
    block[R.HARDNESS * LANES + i], block[R.STIFFNESS * LANES + i] = 1.0, MODULUS
    block[R.GAUGE_AIM * LANES + i], block[R.FDT_AIM * LANES + i] = 2.6e-3, 1158.0
    block[R.CT_AIM * LANES + i], block[R.FDT_MODEL * LANES + i] = 893.0, 1158.0
    block[R.SHOWN_FDT * LANES + i], block[R.SHOWN_ENTRY * LANES + i] = 1158.0, 1288.0
    block[R.WATER_TEMPERATURE * LANES + i] = 298.0
    block[R.ENTRY_TEMPERATURE * LANES + i] = 1288.0
    block[R.COOLING * LANES + i] = 1.0
    block[R.GAP_LEFT * LANES + i] = 5.0
    block[R.ORDERED * LANES + i] = lined
    block[R.EXCESS_AIR * LANES + i], block[R.MONITOR_ON * LANES + i] = 1.10, 1.0
    block[R.AGC_COMPENSATION * LANES + i], block[R.DESCALING_MODE * LANES + i] = 0.7, 2.0
    block[R.TARIFF * LANES + i] = 1.0
    for k in range(F.KINDS):
        block[(R.FAULT_FROM + k) * LANES + i] = faults[k, 0]
        block[(R.FAULT_UNTIL + k) * LANES + i] = faults[k, 1]
        block[(R.FAULT_SIZE + k) * LANES + i] = faults[k, 2]
        block[(R.FAULT_RAMP + k) * LANES + i] = faults[k, 3]
        block[(R.FAULT_PLACE + k) * LANES + i] = faults[k, 4]
    block[R.HEAD_GAP * LANES + i] = HEAD_CLOSED
    block[R.TAIL_GAP * LANES + i] = TAIL_CLOSED
    block[R.DOUBT * LANES + i] = FORCE_DOUBT * FORCE_DOUBT
    block[R.ZERO_DOUBT * LANES + i] = ZERO_DOUBT * ZERO_DOUBT
    for c in range(R.CLASSES):
        block[(R.CLASS_FACTOR + c) * LANES + i] = 1.0
        block[(R.CLASS_DOUBT + c) * LANES + i] = CLASS_DOUBT * CLASS_DOUBT
    for k in range(R.SCALES):
        block[(R.SCALE + k) * LANES + i] = scales[k]


@kernel
def own_profile(block: Block, i: int, plan: np.uint64, episode: int) -> None:
    """Draw how this plant's stands bend and its rolls warm against the book."""
    bend, heat = normal(plan, episode, 0, PLANT + 4), normal(plan, episode, 0, PLANT + 5)
    block[Q.OWN_BEND * LANES + i] = 1.0 + OWN_BEND_SPREAD * bend
    block[Q.OWN_HEAT * LANES + i] = 1.0 + OWN_HEAT_SPREAD * heat


@kernel
def own_zeros(block: Block, i: int, plan: np.uint64, episode: int) -> None:
    """Draw where this plant's gaps truly are against their zeroing, and how its pyrometers err.

    Its level 2 has worked with these pyrometers for years: its estimate of the delivery temperature
    agrees with what is shown. A day without instrument noise has pyrometers that read right.
    """
    common = ZERO_LEVEL * (2.0 * uniform(plan, episode, 0, PLANT + 6) - 1.0)
    for s in range(STANDS):
        own = ZERO_SPREAD * normal(plan, episode, s, PLANT + 7)
        block[(R.OWN_ZERO + s) * LANES + i] = common + own
    noise = fmin(block[R.NOISE_SCALE * LANES + i], 1.0)  # a rough day makes no other plant
    shift = FDT_LEVEL * noise * (2.0 * uniform(plan, episode, 0, PLANT + 8) - 1.0)
    block[R.FDT_SHIFT * LANES + i], block[R.FDT_BIAS * LANES + i] = shift, shift
    shift = CT_LEVEL * noise * (2.0 * uniform(plan, episode, 0, PLANT + 9) - 1.0)
    block[R.CT_SHIFT * LANES + i] = shift


@kernel
def own_hardness(block: Block, i: int, noise: np.uint64, episode: int, number: int) -> float:
    """Return how hard the steel of a coil is over its grade (1), a wrong grade left out."""
    spread = HARDNESS_SPREAD * block[R.HARDNESS_SCALE * LANES + i]
    drawn: float = 1.0 + spread * normal(noise, episode, number, BAR_DRAW)
    hardness: float = drawn * block[R.HARDNESS_SHIFT * LANES + i]
    return hardness


@kernel
def order(
    block: Block, i: int, mill: Table, orders: Table, plan: np.uint64, noise: np.uint64,
    episode: int, number: int,
) -> None:  # fmt: skip
    """Bring coil `number` of the book to lane i; the book begins anew at its end."""
    block[R.COIL * LANES + i] = float(number)
    at = orders[(number - 1) % int(block[R.ORDERED * LANES + i])]
    width = at[O.WIDTH]
    block[R.WIDTH * LANES + i], block[R.GAUGE_AIM * LANES + i] = width, at[O.GAUGE]
    block[R.FDT_AIM * LANES + i], block[R.CT_AIM * LANES + i] = at[O.FDT_AIM], at[O.CT_AIM]
    block[R.CARBON * LANES + i], block[R.MASS * LANES + i] = at[O.CARBON], at[O.MASS]
    thick = at[O.BAR_GAUGE]
    block[R.BAR_THICK * LANES + i] = thick
    block[R.BAR * LANES + i] = at[O.MASS] / (DENSITY * (width + ALLOWANCE) * thick)
    _grow_at_once(block, i)

    hardness = own_hardness(block, i, noise, episode, number) * at[O.HARDNESS_TRUE]
    hardness = hardness * (1.0 + block[(R.FAULT + F.WRONG_GRADE) * LANES + i])
    block[R.HARDNESS * LANES + i] = hardness
    own = 1.0 + STIFFNESS_LEVEL * normal(plan, episode, 0, PLANT + 1)
    stiffness = mill[P.ROLL_MODULUS] - MODULUS_PER_WIDTH * (mill[P.BARREL] - width)
    block[R.STIFFNESS * LANES + i] = stiffness * own * block[R.MODULUS_SHIFT * LANES + i]
    scale = block[R.COOLING_SCALE * LANES + i]
    own = 1.0 + COOLING_LEVEL * fmin(scale, 1.0) * normal(plan, episode, 0, PLANT + 2)
    own = own * (1.0 + COOLING_SPREAD * scale * normal(noise, episode, number, BAR_DRAW + 1))
    block[R.COOLING * LANES + i] = own * block[R.HEAT_SHIFT * LANES + i]


@kernel
def _grow_at_once(block: Block, i: int) -> None:
    """A fault without a ramp acts from the first moment of its first coil."""
    coil = block[R.COIL * LANES + i]
    for k in range(F.KINDS):
        here = block[(R.FAULT_FROM + k) * LANES + i] <= coil
        here = here and coil < block[(R.FAULT_UNTIL + k) * LANES + i]
        if not here:
            block[(R.FAULT + k) * LANES + i] = 0.0
        elif block[(R.FAULT_RAMP + k) * LANES + i] <= 0.0:
            block[(R.FAULT + k) * LANES + i] = block[(R.FAULT_SIZE + k) * LANES + i]


@kernel
def draw_bar(block: Block, i: int, noise: np.uint64, episode: int) -> None:
    """Draw the bar that waits before F1, where no furnace and no rougher have made it."""
    number = int(block[R.COIL * LANES + i])
    scale = block[R.BAR_SCALE * LANES + i]
    mean = BAR_START + BAR_SPREAD * scale * normal(noise, episode, number, BAR_DRAW + 2)
    thick = block[R.BAR_THICK * LANES + i]
    late = block[(R.FAULT + F.LATE_DISCHARGE) * LANES + i]
    mean = after_radiation(mean, thick, late, emissivity(mean))
    block[R.BAR_TEMPERATURE * LANES + i] = mean
    skid = SKID_LEAST + SKID_MORE * uniform(noise, episode, number, BAR_DRAW + 3)
    skid = skid * block[R.SKID_SCALE * LANES + i]
    skid = skid * (1.0 + block[(R.FAULT + F.SKID) * LANES + i])
    phase = 6.2831853 * uniform(noise, episode, number, BAR_DRAW + 4)
    cell = block[R.BAR * LANES + i] / R.CELLS
    for c in range(R.CELLS):
        place = (c + 0.5) * cell
        block[(R.BAR_CELL + c) * LANES + i] = mean + skid * np.sin(
            6.2831853 * place / SKID_LENGTH + phase
        )
        block[(R.BAR_CELL_THICK + c) * LANES + i] = thick
        block[(R.BAR_CELL_WIDTH + c) * LANES + i] = ALLOWANCE
    cold = HEAD_COLD * block[R.BAR_SCALE * LANES + i]
    block[R.HEAD_DEFICIT * LANES + i] = cold + block[(R.FAULT + F.COLD_HEAD) * LANES + i]


@kernel
def bar_at(block: Block, i: int, first: int, done: float) -> float:
    """Return a quantity of the bar cells (first row `first`) at `done` (m) from the head."""
    place = done / fmax(block[R.BAR * LANES + i], 1.0) * R.CELLS - 0.5
    place = min(max(place, 0.0), R.CELLS - 1.001)
    c = int(place)
    share = place - c
    here, next = block[(first + c) * LANES + i], block[(first + c + 1) * LANES + i]
    value: float = (1.0 - share) * here + share * next
    return value


@kernel
def head_deficit(block: Block, i: int, done: float) -> float:
    """Return how much colder (K) than its cell the bar is at `done` (m) from the head."""
    deficit: float = block[R.HEAD_DEFICIT * LANES + i] * exp(-done / HEAD_REACH)
    return deficit
