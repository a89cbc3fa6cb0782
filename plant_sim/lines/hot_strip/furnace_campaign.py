"""A furnace that stands alone: orders in, slabs out to a mill that stops at times, faults by slab.

The mill takes slabs at the pace the furnace is made for (7.75 minutes for each centimetre [M 4.1])
whenever it does not stand; slabs that come later than that are delay. Faults come with the number
of the slab discharged, as on the line.
"""

import numpy as np
from numpy.typing import NDArray

from ...engine.numbers import driver, fmax, fmin, kernel, log, where
from ...engine.random import uniform
from ...physics.slab_conduction import SLABS, THICKNESS
from . import furnace_rows as F  # noqa: N812  the layout, read as F.ZONE
from . import parameters as P  # noqa: N812  the mill's data, read as P.SLAB_GAP
from .furnace_drive import draw_own, run
from .furnace_slabs import begin, cold, front

Furnace = NDArray[np.float64]
MillData = NDArray[np.float64]
Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]

NOMINAL_HEATING = 46.5e3  # s/m: time in the furnace per thickness, 7.75 min/cm [M 4.1]
FIRST_PACE = 360.0  # s: planned while the furnace is empty [M 4.1]
MOST_PACE = 0.25  # 1: most deviation of the pace from nominal [M]
CATCH_UP = 0.05  # 1: share by which slabs come faster while the mill waits [M]
STOP_ODDS = 0.25  # 1: likelihood that the mill stops within an hour [M 6.2]
STOP_LEAST, STOP_MEAN, STOP_MOST = (
    120.0,
    600.0,
    5400.0,
)  # s: of a stop; mean beyond the least [M 6.2]
FORECAST_ERROR = 0.3  # 1: of the forecast length of a stop, either way [M]
STOP = 250  # channel of the stops


@kernel
def nominal_pace(furnace: Furnace, mill: MillData) -> float:
    """Return the s between two discharges that heat the slab next to the door as it should be."""
    s = front(furnace)
    if s < 0:
        return FIRST_PACE
    thickness: float = furnace[F.BUNDLE + THICKNESS * SLABS + s]
    pitch: float = furnace[F.SLAB + F.WIDTH * SLABS + s] + mill[P.SLAB_GAP]
    length: float = mill[P.FURNACE_LENGTH]
    return NOMINAL_HEATING * thickness * pitch / length


@kernel
def _stop(furnace: Furnace, key: np.uint64, episode: int, odds: float) -> None:
    """Set whether the mill stands, and for how long as forecast; at most a stop begins an hour."""
    now = furnace[F.CLOCK]
    furnace[F.STOPPED], furnace[F.STOP_LEFT] = 0.0, 0.0
    hour = int(now / 3600.0)
    for back in range(3):
        slot = hour - back
        if slot >= 0 and uniform(key, episode, 4 * slot, STOP) < odds:
            first = 3600.0 * (float(slot) + uniform(key, episode, 4 * slot + 1, STOP))
            draw = fmax(uniform(key, episode, 4 * slot + 2, STOP), 1e-9)
            length = fmin(STOP_LEAST - STOP_MEAN * log(draw), STOP_MOST)
            if first <= now < first + length:
                wrong = 2.0 * uniform(key, episode, 4 * slot + 3, STOP) - 1.0
                forecast = (first + length - now) * (1.0 + FORECAST_ERROR * wrong)
                furnace[F.STOPPED] = 1.0
                furnace[F.STOP_LEFT] = fmax(furnace[F.STOP_LEFT], forecast)


@kernel
def _fault(furnace: Furnace, faults: NDArray[np.float64], kind: int) -> float:
    """Return the present size of a kind of fault: `faults` has from, until, size, ramp, place."""
    coil = furnace[F.DISCHARGED] + 1.0
    if not faults[kind, 0] <= coil < faults[kind, 1]:
        furnace[F.ONSET + kind] = furnace[F.CLOCK]
        return 0.0
    since: float = furnace[F.CLOCK] - furnace[F.ONSET + kind]
    size: float = faults[kind, 2]
    return size * fmin(since / fmax(faults[kind, 3], F.STEP), 1.0)


@kernel
def _step(
    furnace: Furnace, mill: MillData, orders: NDArray[np.float64], faults: NDArray[np.float64],
    plan: np.uint64, noise: np.uint64, episode: int, odds: float,
) -> None:  # fmt: skip
    _stop(furnace, plan, episode, odds)
    furnace[F.FAULT_THERMOCOUPLE] = _fault(furnace, faults, 0)
    furnace[F.FAULT_THERMOCOUPLE_ZONE] = faults[0, 4]
    furnace[F.FAULT_BURNER], furnace[F.FAULT_BURNER_ZONE] = _fault(furnace, faults, 1), faults[1, 4]
    furnace[F.FAULT_SKID] = _fault(furnace, faults, 2)
    late = _fault(furnace, faults, 3)
    furnace[F.FAULT_AIR] = _fault(furnace, faults, 4)

    nominal = nominal_pace(furnace, mill)
    trim = fmin(fmax(furnace[F.PACE_TRIM], -MOST_PACE), MOST_PACE)
    furnace[F.PACE] = nominal / (1.0 + trim)
    running = 1.0 - furnace[F.STOPPED]
    furnace[F.DUE] += running * F.STEP / nominal
    backlog = furnace[F.DUE] - furnace[F.DISCHARGED]
    furnace[F.DELAY] += running * F.STEP * fmin(fmax(backlog - 1.0, 0.0), 1.0)
    hurry = where(backlog > 1.0, 1.0 - CATCH_UP, 1.0)
    after = furnace[F.PACE] * hurry + late - F.STEP
    wanted = where(furnace[F.SINCE_DISCHARGE] >= after, running, 0.0)
    furnace[F.ASKED] = wanted * where(backlog > -1.0, 1.0, 0.0)
    if furnace[F.NEXT_READY] < 0.5:
        row = int(furnace[F.ORDERED]) % orders.shape[0]
        furnace[F.ORDERED] += 1.0
        furnace[F.NEXT_NUMBER] = furnace[F.ORDERED]
        for n in range(6):
            furnace[F.NEXT_WIDTH + n] = orders[row, n]
        furnace[F.NEXT_READY] = 1.0
    run(furnace, mill, noise, episode)


@driver
def play(
    steps: int, state: Furnace, mill: MillData, orders: NDArray[np.float64],
    faults: NDArray[np.float64], plan: Keys, noise: Keys, episode: Counts,
    odds: NDArray[np.float64], kept: NDArray[np.float64], count: Counts,
) -> None:  # fmt: skip
    """Move all furnaces by some steps; `state` is flat, one furnace of SIZE numbers after another.

    `kept` (n, room, DOOR_END - DOOR) takes the discharged slabs, `count` how many there are.
    """
    for lane in range(plan.size):
        furnace = state[lane * F.SIZE : (lane + 1) * F.SIZE]
        for _ in range(steps):
            _step(
                furnace, mill, orders[lane], faults[lane], plan[lane], noise[lane], episode[lane],
                odds[lane],
            )  # fmt: skip
            if furnace[F.OUT_READY] > 0.5:
                furnace[F.OUT_READY] = 0.0
                for n in range(F.DOOR_END - F.DOOR):
                    kept[lane, count[lane], n] = furnace[F.DOOR + n]
                count[lane] += 1


@driver
def start(
    state: Furnace, settled: Furnace, mill: MillData, orders: NDArray[np.float64], plan: Keys,
    episode: Counts, count: Counts, mask: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Put the masked furnaces at the start of their campaign, full of their own first orders."""
    for lane in range(plan.size):
        if mask[lane]:
            furnace = state[lane * F.SIZE : (lane + 1) * F.SIZE]
            furnace[F.ORDERED] = 0.0
            inside = begin(furnace, settled, mill, orders[lane], 0, 1)
            furnace[F.ORDERED] = inside
            draw_own(furnace, plan[lane], episode[lane])
            furnace[F.PACE] = nominal_pace(furnace, mill)
            count[lane] = 0


@driver
def empty(state: Furnace, mill: MillData) -> None:
    """Make one furnace empty and hot: `play` with one order, no faults and no stops settles it."""
    cold(state, mill)
