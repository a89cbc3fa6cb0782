"""From the furnace door to the finishing mill: transport, reversing passes, delay table.

One array per rougher (`rougher_rows`), advanced by one control interval at a time and called per
lane. Up to four pieces are under way: one comes from the furnace, one is in the stand, one waits on
the delay table, one is being drawn into the finishing mill. Level 1 (ramps, holding, no collisions)
is part of it; level 2 plans when a slab enters the stand and learns when a bar leaves it. Leaves
out the acceleration of roller tables and the bending of stock.
"""

import numpy as np
from numpy.typing import NDArray

from ...control.rougher_setup import (
    BAR_ALLOWANCE,
    COOLING,
    OPEN_EDGER,
    PRIMARY_LOSS,
    SCALED,
    START_FACTOR,
    WIDTH_SLACK,
    learn_factor,
    learn_width,
    learn_zero,
    plan_edger,
    plan_passes,
)
from ...engine.numbers import exp, fmax, fmin, kernel, sqrt, where
from ...engine.random import normal
from ...physics.steel import DENSITY_COLD
from ...physics.strip_temperature import DENSITY, GROWTH
from . import faults as K  # noqa: N812  order of the fault kinds
from . import parameters as P  # noqa: N812  the data sheet
from . import rougher_rows as R  # noqa: N812
from .rougher_heat import (
    HOOD,
    cell_length,
    cool_in_air,
    length_of,
    mean_temperature,
    soaked,
)
from .rougher_pace import roughed
from .rougher_pass import descale_cell, roll_cell
from .rougher_table import CLEARANCE, STEP, deliver, is_clear, move, scrap

Block = NDArray[np.float64]

TABLE_SPEED = 2.0  # m/s: roller table from the furnaces [M]
DESCALING_SPEED = 1.2  # m/s: while a slab is under the primary descaler [M]
DESCALER = 15.0  # m: primary descaler before the stand [M]
DOOR_WAIT = 3.0  # m: how far a slab comes while the stand still swings back and forth [M]
THREADING = 1.2  # m/s: roll speed at bite and when the tail leaves [M]
RAMP = 1.5  # m/s2: of the stand's drive [M]
REVERSAL = 4.0  # s: from tail out to the next bite [M]
SCREW_SPEED = 0.025  # m/s: of the electric screws [M]
COLDEST_BAR = 1193.0  # K: no pass is begun below; the piece is taken off the line [T]
TRIP_SECONDS = 45.0  # s: to back out after a trip, and as much harm [M]
MOST_TRIPS = 3  # after so many the piece is taken off the line
END_COLD = 0.6  # m: reach of the cold ends of a slab [M]
LEAST_CROP = 0.12  # m: crop of an end without edging [M]
CROP_RATE = 1.0  # 1: crop of an end per metre of edging [T]
OWN_STIFFNESS, OWN_SPREAD, OWN_FILM = 0.03, 0.15, 0.08  # 1, 1, 1: deviation between mills [T]
UNLEARNED = 1.0  # 1: factors that are not learned yet [C]


@kernel
def begin(rougher: Block, plan: np.uint64, episode: int) -> None:
    """Empty the rougher and draw its own parameters; `plan` is the key of the campaign."""
    for row in range(R.SIZE):
        rougher[row] = 0.0
    rougher[R.STIFFNESS] = 1.0 + OWN_STIFFNESS * normal(plan, episode, 0, R.DRAWN)
    rougher[R.SPREAD_FACTOR] = 1.0 + OWN_SPREAD * normal(plan, episode, 0, R.DRAWN + 1)
    rougher[R.FILM_FACTOR] = 1.0 + OWN_FILM * normal(plan, episode, 0, R.DRAWN + 2)
    for n in range(R.MOST_PASSES):
        rougher[R.FACTOR + n] = START_FACTOR
    rougher[R.ROUGHING_CORRECTION] = UNLEARNED
    rougher[R.FINISHING_CORRECTION] = UNLEARNED
    rougher[R.FORCE_RATIO_RM] = UNLEARNED


@kernel
def can_receive(rougher: Block) -> float:
    """Return 1 if the table from the furnaces is free for another slab, else 0."""
    return where(rougher[R.APPROACH + R.STATUS] == float(R.EMPTY), 1.0, 0.0)


@kernel
def receive(
    rougher: Block, mill: Block, faults: Block, number: float, width: float, thickness: float,
    length: float, carbon: float, bar: float, strip_width: float, hardness: float, believed: float,
    mean: float, difference: float, skid: float, ends: float, scale: float, finishing: float,
) -> None:  # fmt: skip
    """Take a slab at the furnace door; call it only when `can_receive`.

    Args:
        rougher: the array.
        mill: data sheet.
        faults: present sizes by kind (read: wrong_grade, cold_head, late_discharge).
        number: of the coil it will be.
        width: of the cold order (m); likewise thickness and length (m).
        thickness: m.
        length: m.
        carbon: as declared (weight %).
        bar: thickness aim of the transfer bar (m).
        strip_width: width aim of the strip (m).
        hardness: flow stress over that of plain steel, without the fault wrong_grade.
        believed: mean temperature level 2 of the furnace believes in (K).
        mean: true mean temperature (K).
        difference: core minus surface (K).
        skid: how much colder the skid marks are than the places between (K).
        ends: how much colder head and tail are (K).
        scale: share of the steel lost in the furnace.
        finishing: seconds pacing expects the bar to need in the finishing mill.
    """
    piece = rougher[R.APPROACH : R.APPROACH + R.PIECE]
    for row in range(R.PIECE):
        piece[row] = 0.0
    piece[R.STATUS], piece[R.NUMBER], piece[R.HOLD] = R.TRANSPORT, number, faults[K.LATE_DISCHARGE]
    weight = DENSITY_COLD * width * thickness * length * (1.0 - scale)
    width, thickness, length = GROWTH * width, GROWTH * thickness, GROWTH * length  # hot
    piece[R.SLAB_WIDTH], piece[R.SLAB_THICKNESS], piece[R.SLAB_LENGTH] = width, thickness, length
    piece[R.CARBON], piece[R.BAR_AIM], piece[R.WIDTH_AIM] = carbon, bar, strip_width
    piece[R.HARDNESS] = hardness * (1.0 + faults[K.WRONG_GRADE])
    piece[R.BELIEVED], piece[R.FINISHING], piece[R.SCALE] = believed, finishing, 1.0
    piece[R.PLAN_FROM] = 1.0
    loss = sqrt(fmax(1.0 - scale, 0.5))  # taken off thickness and width alike
    piece[R.WEIGHT], piece[R.LENGTH] = weight, length
    turn = 6.283185307179586 / mill[P.SKID_PITCH]
    part = length / float(R.CELLS)
    for c in range(R.CELLS):
        piece[R.MASS + c] = weight / float(R.CELLS)
        piece[R.THICK + c], piece[R.WIDE + c] = thickness * loss, width * loss
        low, high = c * part, (c + 1.0) * part
        mark = (np.sin(turn * high) - np.sin(turn * low)) / (turn * part)  # mean of the cosine
        head = exp(-0.5 * (low + high) / END_COLD)
        tail = exp(-(length - 0.5 * (low + high)) / END_COLD)
        here = mean - 0.5 * skid * mark - (ends + faults[K.COLD_HEAD]) * head - ends * tail
        for k in range(R.NODES):
            piece[R.HEAT + k * R.CELLS + c] = soaked(here, difference, k)


@kernel
def _plan(rougher: Block, piece: Block, mill: Block, first: int) -> None:
    """Let level 2 plan the passes from `first` on, with the fewest that keep the limits."""
    entry, width = piece[R.SLAB_THICKNESS], piece[R.SLAB_WIDTH]
    believed = piece[R.BELIEVED] - PRIMARY_LOSS
    if first > 0:  # level 2 knows the stock by its own plan
        entry, width = piece[R.EXIT + first - 1], piece[R.OPENING + first - 1]
        width = width - where(first % 2 == 0, OPEN_EDGER, 0.0)
        believed = believed - COOLING * piece[R.IN_STAND] / entry
    length = piece[R.SLAB_THICKNESS] * piece[R.SLAB_WIDTH] * piece[R.SLAB_LENGTH] / (entry * width)
    bar = piece[R.BAR_AIM] + rougher[R.BAR_TRIM]
    wished = piece[R.WIDTH_AIM] + BAR_ALLOWANCE + rougher[R.WIDTH_TRIM] - rougher[R.WIDTH_BIAS]
    fewest, most = 5, 7
    if first > 0:
        fewest, most = int(piece[R.PASSES]), min(int(piece[R.PASSES]) + 2, R.MOST_PASSES)
        if fewest - first < 1:
            fewest = most
    elif rougher[R.PASS_ORDER] > 4.5:
        fewest = most = 5 if rougher[R.PASS_ORDER] < 6.0 else 7
    exits, gaps = piece[R.EXIT : R.EXIT + R.MOST_PASSES], piece[R.GAP : R.GAP + R.MOST_PASSES]
    forces, speeds = piece[R.EXPECTED : R.OPENING], piece[R.PASS_SPEED : R.DESCALE]
    openings, headers = piece[R.OPENING : R.PASS_SPEED], piece[R.DESCALE : R.MASS]
    factor = rougher[R.FACTOR : R.FACTOR + R.MOST_PASSES]
    passes = fewest
    while True:
        for n in range(R.MOST_PASSES):  # the headers run in the forward passes between
            headers[n] = 1.0 if n % 2 == 0 and 0 < n < passes - 1 else 0.0
        worst, delivered, seconds = plan_passes(
            exits, gaps, forces, speeds, headers, factor, mill, first, passes, entry, width,
            length, believed, piece[R.CARBON], bar, rougher[R.ZERO],
        )  # fmt: skip
        wide = plan_edger(openings, exits, mill, first, passes, entry, width, wished)
        if (worst <= 1.0 and wide <= wished + WIDTH_SLACK) or passes >= most:
            break
        passes += 2
    piece[R.PASSES] = passes
    piece[R.DELIVERED] = delivered
    if first == 0:
        piece[R.ROUGHING] = seconds + 0.5 * REVERSAL


@kernel
def _unplanned(rougher: Block) -> int:
    """Return the place of a piece that level 2 has to plan, -1 if there is none."""
    for place in (R.STAND, R.APPROACH, R.ORDERED):
        if rougher[place + R.PLAN_FROM] > 0.5:
            return place
    return -1


@kernel
def _enter(rougher: Block, mill: Block) -> None:
    """Take the waiting slab into the stand and plan its passes."""
    move(rougher, R.APPROACH, R.STAND)
    piece = rougher[R.STAND : R.STAND + R.PIECE]
    piece[R.STATUS], piece[R.HOLD], piece[R.PASS] = R.REVERSING, 0.5 * REVERSAL, 0.0
    piece[R.PLAN_FROM] = 1.0
    total = length_of(piece)
    piece[R.LENGTH] = total


@kernel
def _approach(rougher: Block, mill: Block, faults: Block) -> None:
    """Move the slab from the furnace towards the stand, through the primary descaler."""
    piece = rougher[R.APPROACH : R.APPROACH + R.PIECE]
    if piece[R.STATUS] == float(R.EMPTY):
        return
    if piece[R.HOLD] > 0.0:  # late: still behind the furnace door
        piece[R.HOLD] -= STEP
        return
    distance = mill[P.FURNACE_TO_RM]
    limit, stand = distance, rougher[R.STAND + R.STATUS]
    to_go = rougher[R.STAND + R.PASSES] - rougher[R.STAND + R.PASS]
    if stand != float(R.EMPTY):
        last = to_go < 1.5 and stand == float(R.PASSING)
        limit = fmax(distance - CLEARANCE if last else DOOR_WAIT, piece[R.PLACE])
    old, total = piece[R.PLACE], piece[R.LENGTH]
    spot = distance - fmax(DESCALER, total + 1.0)
    under = old + TABLE_SPEED * STEP > spot and old - total < spot
    speed = DESCALING_SPEED if under else TABLE_SPEED
    place = fmin(old + speed * STEP, limit)
    piece[R.PLACE], piece[R.SPEED] = place, (place - old) / STEP
    piece[R.STATUS] = R.TRANSPORT if place > old else R.WAITING
    part = total / float(R.CELLS)
    for c in range(R.CELLS):
        behind = (c + 0.5) * part
        if old - behind < spot <= place - behind:
            descale_cell(rougher, piece, c, fmax(piece[R.SPEED], 0.5), faults[K.DESCALER])
    if place >= distance and stand == float(R.EMPTY):
        _enter(rougher, mill)


@kernel
def _stand(rougher: Block, mill: Block, faults: Block) -> None:
    """Move the piece in the stand: reversal, waiting, or a pass."""
    piece = rougher[R.STAND : R.STAND + R.PIECE]
    if piece[R.STATUS] == float(R.EMPTY):
        return
    rougher[R.BUSY] += STEP
    if piece[R.STATUS] != float(R.WAITING):
        piece[R.IN_STAND] += STEP
    n = int(piece[R.PASS])
    rougher[R.GAP_NOW], rougher[R.EDGER_GAP] = piece[R.GAP + n], piece[R.OPENING + n]
    rougher[R.PASS_NOW] = n + 1.0
    if piece[R.STATUS] != float(R.PASSING):
        piece[R.HOLD] = fmax(piece[R.HOLD] - STEP, 0.0)
        if piece[R.HOLD] > 0.0:
            return
        if not mean_temperature(piece) >= COLDEST_BAR:
            scrap(rougher, R.STAND)
            return
        if n == int(piece[R.PASSES]) - 1 and not is_clear(rougher, mill):
            piece[R.STATUS] = R.WAITING
            rougher[R.BLOCKED] += STEP
            return
        piece[R.STATUS], piece[R.NEXT], piece[R.LEFT], piece[R.DONE] = R.PASSING, 0.0, 0.0, 0.0
        piece[R.SPEED], piece[R.FORCE_SUM], piece[R.FORCE_SEEN] = THREADING, 0.0, 0.0
    _pass(rougher, piece, mill, faults, n)


@kernel
def _pass(rougher: Block, piece: Block, mill: Block, faults: Block, n: int) -> None:
    """Roll on for one interval: ramp, and every cell whose turn has come."""
    section = piece[R.EXIT + n] * piece[R.WIDE + R.CELLS // 2]
    ahead = (1.0 - piece[R.NEXT] / float(R.CELLS)) * piece[R.WEIGHT] / (DENSITY * section)
    ahead = fmax(ahead + piece[R.LEFT], 0.0)
    speed = piece[R.SPEED]
    brake = sqrt(THREADING * THREADING + 2.0 * RAMP * ahead)
    aim = fmin(fmax(piece[R.PASS_SPEED + n], THREADING), brake)
    change = fmin(fmax(aim - speed, -RAMP * STEP), RAMP * STEP)
    way = (speed + 0.5 * change) * STEP
    speed = speed + change
    piece[R.SPEED] = speed
    piece[R.LEFT] -= way
    piece[R.DONE] += way
    rougher[R.ROLL_SPEED] = where(n % 2 == 0, speed, -speed)
    while piece[R.LEFT] <= 0.0 and piece[R.NEXT] < float(R.CELLS):
        turn = int(piece[R.NEXT])
        c = turn if n % 2 == 0 else R.CELLS - 1 - turn
        trip = roll_cell(
            rougher, piece, mill, c, n, speed, faults[K.EDGER_SLIP], faults[K.DESCALER]
        )
        piece[R.FORCE_SUM] += rougher[R.FORCE] + faults[K.LOAD_CELL]
        piece[R.FORCE_SEEN] += 1.0
        if trip > 0.5:
            _trip(rougher, piece, mill, n)
            return
        piece[R.LEFT] += cell_length(piece, c)
        piece[R.NEXT] += 1.0
    if piece[R.LEFT] <= 0.0:
        _end_pass(rougher, piece, mill, n)


@kernel
def _trip(rougher: Block, piece: Block, mill: Block, n: int) -> None:
    """Back out after an overload: level 2 halves the draft of this pass and plans the rest anew."""
    rougher[R.TRIPS] += 1.0
    rougher[R.HARM] += TRIP_SECONDS
    piece[R.REDONE] += 1.0
    piece[R.STATUS], piece[R.HOLD], piece[R.SPEED] = R.REVERSING, TRIP_SECONDS, 0.0
    back = int(piece[R.PASSES]) - 1 - n
    ratio = piece[R.FORCE_SUM] / piece[R.FORCE_SEEN] / fmax(piece[R.EXPECTED + n], 1.0)
    rougher[R.FACTOR + back] = learn_factor(rougher[R.FACTOR + back], ratio)
    if piece[R.REDONE] >= float(MOST_TRIPS):
        scrap(rougher, R.STAND)
        return
    entry = piece[R.EXIT + n - 1] if n > 0 else piece[R.SLAB_THICKNESS]
    lighter = 0.5 * fmax(entry - piece[R.EXIT + n], 0.0)
    piece[R.GAP + n] += lighter
    piece[R.EXIT + n] += lighter
    piece[R.EXPECTED + n] *= 0.7
    if n == int(piece[R.PASSES]) - 1:  # two more, so that the bar leaves head first
        piece[R.PASSES] = fmin(piece[R.PASSES] + 2.0, float(R.MOST_PASSES))


@kernel
def _end_pass(rougher: Block, piece: Block, mill: Block, n: int) -> None:
    """Learn the force of the pass, then reverse for the next one or leave for the table."""
    passes = int(piece[R.PASSES])
    if piece[R.FORCE_SEEN] > 0.0 and piece[R.REDONE] < 0.5:
        ratio = piece[R.FORCE_SUM] / piece[R.FORCE_SEEN] / fmax(piece[R.EXPECTED + n], 1.0)
        rougher[R.FORCE_RATIO_RM] = ratio
        back = passes - 1 - n
        rougher[R.FACTOR + back] = learn_factor(rougher[R.FACTOR + back], ratio)
    total = length_of(piece)
    piece[R.LENGTH] = total
    piece[R.PASS] = n + 1.0
    if n + 1 < passes:
        if piece[R.REDONE] > 0.5:
            piece[R.PLAN_FROM] = n + 2.0
        screws = (piece[R.GAP + n] - piece[R.GAP + n + 1]) / SCREW_SPEED
        piece[R.STATUS], piece[R.HOLD] = R.REVERSING, fmax(REVERSAL, screws)
        return
    _leave(rougher, piece)


@kernel
def _leave(rougher: Block, piece: Block) -> None:
    """Send the finished bar onto the delay table; level 2 learns width and zero of the gap."""
    wide, count = 0.0, 0.0
    for c in range(2, R.CELLS - 2):
        wide += piece[R.WIDE + c]
        count += 1.0
    wide = wide / count
    aim = piece[R.WIDTH_AIM] + BAR_ALLOWANCE + rougher[R.WIDTH_TRIM]
    rougher[R.WIDTH_BIAS] = learn_width(rougher[R.WIDTH_BIAS], wide, aim)
    volume = piece[R.SLAB_WIDTH] * piece[R.SLAB_THICKNESS] * piece[R.SLAB_LENGTH] * (1.0 - SCALED)
    rougher[R.ZERO] = learn_zero(
        rougher[R.ZERO], volume, piece[R.LENGTH], wide, piece[R.BAR_AIM] + rougher[R.BAR_TRIM]
    )
    roughed(rougher, piece)
    rougher[R.RDT_MODEL] = piece[R.DELIVERED]
    crop = LEAST_CROP + CROP_RATE * piece[R.EDGING]
    piece[R.CROP_HEAD], piece[R.CROP_TAIL] = crop, crop
    piece[R.STATUS], piece[R.PLACE], piece[R.SPEED] = R.ON_TABLE, piece[R.LENGTH], THREADING
    move(rougher, R.STAND, R.TABLE)


@kernel
def advance(rougher: Block, mill: Block, faults: Block) -> None:
    """Move everything between furnace and finishing mill by one control interval.

    `faults` holds present sizes by kind, as far as they concern the rougher: edger_slip, descaler,
    load_cell (0 unless its place is the rougher). Instruments follow with `rougher_show.show`.
    """
    rougher[R.TICK] += 1.0
    for row in (R.FORCE, R.TORQUE, R.POWER, R.ROLL_SPEED, R.EDGER_FORCE, R.DESCALING, R.PASS_NOW):
        rougher[row] = 0.0
    deliver(rougher, mill)
    place = _unplanned(rougher)
    while place >= 0:
        piece = rougher[place : place + R.PIECE]
        _plan(rougher, piece, mill, int(piece[R.PLAN_FROM]) - 1)
        piece[R.PLAN_FROM] = 0.0
        place = _unplanned(rougher)
    _stand(rougher, mill, faults)
    _approach(rougher, mill, faults)
    cooled = int(rougher[R.TICK]) % 2 == 0  # air acts slowly: every second interval
    lost = np.zeros(R.CELLS)
    for place in range(R.APPROACH, R.ORDERED, R.PIECE):
        piece = rougher[place : place + R.PIECE]
        if piece[R.STATUS] == float(R.EMPTY):
            continue
        if place == R.APPROACH and piece[R.HOLD] > 0.0:
            continue
        piece[R.AGE] += STEP
        if cooled:
            covered = place >= R.TABLE and rougher[R.COVERS] > 0.5
            cool_in_air(piece, lost, HOOD if covered else 1.0, 2.0 * STEP)
