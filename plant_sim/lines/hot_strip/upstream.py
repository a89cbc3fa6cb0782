"""From the order book to the waiting bar: furnaces heat, pacing asks, a rougher rolls.

The furnaces take the slabs of the book in turn and hand them over in the same order. Pacing asks
for the next slab so that its bar arrives when the finishing mill is free. One line at a time:
`furnaces` holds its furnaces one behind the other, `rougher` its rougher with the tables.
"""

import numpy as np
from numpy.typing import NDArray

from ...control.pacing import finishing_seconds
from ...engine.numbers import fmax, kernel, where
from ...physics.strip_temperature import DENSITY, after_descaling
from ...scenarios import fields as O  # noqa: N812
from . import faults as K  # noqa: N812
from . import furnace_rows as F  # noqa: N812
from . import parameters as P  # noqa: N812
from . import rougher_rows as G  # noqa: N812
from . import rows as R  # noqa: N812
from .coil_start import own_hardness
from .furnace_line import begin_line, set_faults, set_trims, slab_ready, step_line, take_slab
from .rougher import advance as advance_rougher
from .rougher import begin as begin_rougher
from .rougher import can_receive, receive
from .rougher_heat import mean_temperature
from .rougher_pace import announce, finished, slab_in
from .rougher_show import show as show_rougher
from .rougher_table import bar_at, feed, hand_over, ready, scrap
from .rows import INTERVAL, LANES

Block = NDArray[np.float64]
Table = NDArray[np.float64]

FURNACE_EVERY = int(F.STEP / INTERVAL)  # intervals
BELIEVED_SPEED = 8.0  # m/s: behind F7, pacing's first guess [M 3.11]
BELIEVED_DESCALING = 20.0  # K m/s: level 2's belief of what the descaler takes, by speed [M 3.7]
LEAST_ENTRY = 0.3  # m/s: of the bar under the finishing descaler, before strip is in F7 [M]
DESCALING_POWER = 1.1e6  # W: of the pumps of one header, 60 l/s at 180 bar [M]
COLDEST_ENTRY = 1170.0  # K: a colder bar is not rolled but taken off the delay table [T]
WATER = 303.0  # K: of descaling water [M]
FIRST_PACE = 145.0  # s: from slab to slab until pacing knows better [C]
LEAST_BELIEVED = 1400.0  # K: a slab is announced as at least so hot [M 4.1]
THROUGH = 0.9999  # 1: of a bar, when its tail is behind the descaler and the water is shut [C]
CLEARED = 4.0  # s: from the tail to the next head that the mill needs at least [M]


@kernel
def move_upstream(
    block: Block, i: int, furnaces: Block, rougher: Block, mill: Table, orders: Table,
    slabs: Table, faults: Block, noise: np.uint64, episode: int, clock: int,
) -> None:  # fmt: skip
    """Move furnaces, pacing and rougher of lane i by one interval."""
    lined = int(block[R.ORDERED * LANES + i])
    number = int(block[R.NEXT_SLAB * LANES + i])
    at = orders[(number - 1) % lined]
    finishing = _finishing(at)
    running = block[R.REQUEST * LANES + i] < 0.5
    if block[R.ANNOUNCED * LANES + i] < 0.5:
        slab, which = slabs[(number - 1) % lined], (number - 1) % int(mill[P.FURNACES])
        believed = fmax(furnaces[which * F.SIZE + F.NEXT_MODEL], LEAST_BELIEVED)
        announce(
            rougher, slab[0], at[O.SLAB_THICKNESS], at[O.SLAB_LENGTH], at[O.CARBON],
            at[O.BAR_GAUGE], at[O.WIDTH], believed, finishing,
        )  # fmt: skip
        block[R.ANNOUNCED * LANES + i] = 1.0
    due = slab_in(rougher, mill, _free(block, i))
    if clock % FURNACE_EVERY == 0:
        _step_furnaces(block, i, furnaces, rougher, mill, slabs[:lined], noise, episode, running)
    wanted = running and due <= 0.0 and can_receive(rougher) > 0.5
    if wanted and slab_ready(furnaces, mill, float(number)) > 0.5:
        which = take_slab(furnaces, mill, float(number), noise, episode)
        door = furnaces[which * F.SIZE : (which + 1) * F.SIZE]
        _present(block, i, faults, float(number))
        hardness = at[O.HARDNESS_TRUE] * own_hardness(block, i, noise, episode, number)
        receive(
            rougher, mill, faults, float(number), door[F.OUT_WIDTH], door[F.OUT_THICKNESS],
            door[F.OUT_LENGTH], at[O.CARBON], at[O.BAR_GAUGE], at[O.WIDTH], hardness,
            door[F.OUT_MODEL], door[F.OUT_MEAN], -door[F.OUT_CORE], door[F.OUT_SKID],
            door[F.OUT_ENDS], door[F.OUT_SCALE], finishing,
        )  # fmt: skip
        block[R.SCALE_LOSS * LANES + i] += door[F.OUT_SCALE] * door[F.OUT_MASS]
        block[R.NEXT_SLAB * LANES + i] += 1.0
        block[R.ANNOUNCED * LANES + i] = 0.0
    worked, hurt, lost = rougher[G.ENERGY], rougher[G.HARM], rougher[G.REJECTED_MASS]
    _refuse_cold(rougher, mill)
    _present(block, i, faults, block[R.COIL * LANES + i])
    advance_rougher(rougher, mill, faults)
    show_rougher(rougher, mill, faults, noise, episode, clock)
    block[R.ENERGY * LANES + i] += rougher[G.ENERGY] - worked
    block[R.OVERLOAD * LANES + i] += rougher[G.HARM] - hurt
    block[R.SCRAP * LANES + i] += rougher[G.REJECTED_MASS] - lost


@kernel
def _refuse_cold(rougher: Block, mill: Table) -> None:
    """Take a bar off the delay table that has waited there until the mill could not roll it."""
    if ready(rougher, mill) > 0.5:
        bar = rougher[G.TABLE : G.TABLE + G.PIECE]
        if not mean_temperature(bar) >= COLDEST_ENTRY:
            scrap(rougher, G.TABLE)


@kernel
def nothing_under_way(rougher: Block) -> bool:
    """Say whether nothing lies between furnaces and mill."""
    clear = True
    for place in (G.APPROACH, G.STAND, G.TABLE):
        if rougher[place + G.STATUS] != float(G.EMPTY):
            clear = False
    return clear


@kernel
def _step_furnaces(
    block: Block, i: int, furnaces: Block, rougher: Block, mill: Table, slabs: Table,
    noise: np.uint64, episode: int, charging: bool,
) -> None:  # fmt: skip
    """Move the furnaces of lane i by one of their steps, and count fuel and harm."""
    set_trims(
        furnaces, mill, block[R.PREHEAT_TRIM * LANES + i], block[R.HEATING_TRIM * LANES + i],
        block[R.SOAK_TRIM * LANES + i], block[R.EXCESS_AIR * LANES + i],
    )  # fmt: skip
    set_faults(
        furnaces, mill, block[(R.FAULT + K.THERMOCOUPLE) * LANES + i],
        block[(R.FAULT_PLACE + K.THERMOCOUPLE) * LANES + i],
        block[(R.FAULT + K.BURNER) * LANES + i], block[(R.FAULT_PLACE + K.BURNER) * LANES + i],
        block[(R.FAULT + K.SKID) * LANES + i], block[(R.FAULT + K.AIR_RATIO) * LANES + i],
    )  # fmt: skip
    pace = rougher[G.PACE] if rougher[G.PACE] > 1.0 else FIRST_PACE
    fuel, hurt = _burnt(furnaces, mill), _hurt(furnaces, mill)
    step_line(furnaces, mill, slabs, pace, noise, episode, charging)
    block[R.FUEL * LANES + i] += _burnt(furnaces, mill) - fuel
    block[R.OVERLOAD * LANES + i] += _hurt(furnaces, mill) - hurt


@kernel
def _burnt(furnaces: Block, mill: Table) -> float:
    total = 0.0
    for f in range(int(mill[P.FURNACES])):
        total += furnaces[f * F.SIZE + F.FUEL_HEAT]
    return total


@kernel
def _hurt(furnaces: Block, mill: Table) -> float:
    total = 0.0
    for f in range(int(mill[P.FURNACES])):
        furnace = furnaces[f * F.SIZE : (f + 1) * F.SIZE]
        total += furnace[F.ZONE_HARM] + furnace[F.COLD_HARM] + furnace[F.HOT_HARM]
    return total


@kernel
def _finishing(at: Table) -> float:
    """Return the seconds that pacing believes the finishing mill needs for an order."""
    strip: float = at[O.MASS] / (DENSITY * at[O.WIDTH] * at[O.GAUGE])
    seconds: float = finishing_seconds(strip, BELIEVED_SPEED)
    return seconds


@kernel
def _free(block: Block, i: int) -> float:
    """Return in how many seconds the finishing mill will be free of what it rolls."""
    if block[R.ACTIVE * LANES + i] < 0.5:
        return fmax(block[R.GAP_LEFT * LANES + i], 0.0)
    left: float = block[R.BAR * LANES + i] - block[R.BAR_DONE * LANES + i]
    flow = block[R.SHOWN_SPEED * LANES + i] * block[R.GAUGE_AIM * LANES + i]
    seconds: float = fmax(left, 0.0) * block[R.BAR_THICK * LANES + i] / fmax(flow, 5e-3)
    seconds += block[R.TRANSIT * LANES + i]
    return seconds


@kernel
def _present(block: Block, i: int, faults: Block, number: float) -> None:
    """Fill `faults` with present sizes; those of the slab itself by its own number."""
    for k in range(K.KINDS):
        faults[k] = block[(R.FAULT + k) * LANES + i]
    faults[K.LOAD_CELL] = 0.0  # that of a finishing stand
    for k in (K.WRONG_GRADE, K.COLD_HEAD, K.LATE_DISCHARGE):
        here = block[(R.FAULT_FROM + k) * LANES + i] <= number
        here = here and number < block[(R.FAULT_UNTIL + k) * LANES + i]
        faults[k] = block[(R.FAULT_SIZE + k) * LANES + i] if here else 0.0


@kernel
def begin_upstream(
    block: Block, i: int, furnaces: Block, rougher: Block, settled: Block, mill: Table,
    slabs: Table, plan: np.uint64, episode: int,
) -> None:  # fmt: skip
    """Put furnaces full of the first orders and an empty rougher before lane i."""
    begin_rougher(rougher, plan, episode)
    rougher[G.COVERS] = 1.0  # hoods over the delay table
    lined = int(block[R.ORDERED * LANES + i])
    begin_line(furnaces, settled, mill, slabs[:lined], FIRST_PACE, plan, episode)
    block[R.NEXT_SLAB * LANES + i] = 1.0


@kernel
def bar_waits(rougher: Block, mill: Table) -> bool:
    """Say whether a bar lies before the finishing mill."""
    here: bool = ready(rougher, mill) > 0.5
    return here


@kernel
def take_bar(block: Block, i: int, rougher: Block) -> None:
    """Let the mill take the waiting bar: its length, its mass, and what level 2 knows of it."""
    length = hand_over(rougher)
    piece = rougher[G.FEED : G.FEED + G.PIECE]
    share = length / fmax(piece[G.LENGTH], 1.0)
    block[R.BAR * LANES + i], block[R.MASS * LANES + i] = length, share * piece[G.WEIGHT]
    block[R.SCRAP * LANES + i] += (1.0 - share) * piece[G.WEIGHT]  # crop ends
    block[R.HARDNESS * LANES + i] = piece[G.HARDNESS]  # the steel is what the rougher has rolled
    heat, thick = 0.0, 0.0
    for k in range(3):  # behind the head, where the set-up has to be right first
        here, high, _ = bar_at(rougher, 0.04 * (k + 1.0) * length)
        heat, thick = heat + here / 3.0, thick + high / 3.0
    block[R.BAR_TEMPERATURE * LANES + i] = heat
    block[R.BAR_THICK * LANES + i] = thick
    block[R.HEAD_DEFICIT * LANES + i] = 0.0


@kernel
def feed_bar(block: Block, i: int, rougher: Block) -> None:
    """Draw the bar through the finishing descaler into F1, as far as the mill has taken it."""
    feed(rougher, fmax(block[R.BAR_DONE * LANES + i] - rougher[G.FED], 0.0))
    heat, thick, wide = bar_at(rougher, rougher[G.FED])
    lost = block[(R.FAULT + K.DESCALER) * LANES + i]
    headers = block[R.DESCALING_MODE * LANES + i] * (1.0 - lost)
    # loopers keep the stands before F7 from following each of its errors of thickness
    entering = block[R.SPEED * LANES + i] * block[R.GAUGE_AIM * LANES + i] / thick
    entering = fmax(entering, LEAST_ENTRY)
    block[R.ENTRY_TEMPERATURE * LANES + i] = after_descaling(
        heat + block[R.PATCH * LANES + i], WATER, thick, entering, headers
    )
    pumps = DESCALING_POWER * block[R.DESCALING_MODE * LANES + i]
    pumps *= where(block[R.BAR_DONE * LANES + i] < THROUGH * block[R.BAR * LANES + i], 1.0, 0.0)
    block[R.ENERGY * LANES + i] += block[R.ACTIVE * LANES + i] * pumps * INTERVAL
    block[R.H * LANES + i] = thick
    block[R.BAR_WIDER * LANES + i] = wide - block[R.WIDTH * LANES + i]


@kernel
def bar_through(block: Block, i: int, rougher: Block) -> None:
    """Behind the tail: pacing learns how long the mill took; nothing of the bar is left."""
    piece = rougher[G.FEED : G.FEED + G.PIECE]
    seen = block[R.COIL_TIME * LANES + i] + block[R.TRANSIT * LANES + i]
    finished(rougher, piece[G.FINISHING], seen)
    if piece[G.STATUS] != float(G.EMPTY):
        feed(rougher, 1e3)


@kernel
def scrap_bar(rougher: Block) -> None:
    """After a cobble or a trip: what of the bar is still before F1 goes to scrap."""
    scrap(rougher, G.FEED)
