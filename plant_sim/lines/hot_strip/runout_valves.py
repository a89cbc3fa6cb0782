"""Water of the run-out table: header valves with dead time, faults of banks, and the supply.

A bank is six header pairs, each on or off; its opening is the share that is on. A header gives
water about a second after its command and goes on dripping longer than that after the command has
gone. Leaves out the water hammer and the emptying of the tank.
"""

import numpy as np
from numpy.typing import NDArray

from ...engine.numbers import fmax, fmin, kernel, where
from ...engine.random import uniform
from ...physics.laminar_cooling import DENSITY_BOTTOM, DENSITY_TOP, WETTED
from . import parameters as P  # noqa: N812  the layout, read as P.BANK_LENGTH
from . import runout_rows as R  # noqa: N812  the layout, read as R.VALVE
from .parameters import BANKS
from .runout_rows import LANES

Table = NDArray[np.float64]
Mill = NDArray[np.float64]

FILL = 0.63  # 1: of its way that the flow goes in an interval: time constant 0.5 s [M 4.2]
SAG = 0.06  # 1: of the supply pressure lost when all banks run [T]
MOST_CLOG = 0.06  # 1: of a bank's water lost to scale in the nozzles, most [M]
RATED_PRESSURE = 1.0e5  # Pa: at the headers of a laminar table, 10 m of tank [M]
FLOW_NOISE, PRESSURE_NOISE, WATER_NOISE = 0.01, 1e3, 0.2  # 1, Pa, K: deviations shown [M]
HEADER_WIDTH = 1.8  # m: across the strip that a header wets [M]
CLOGGING = 200  # channel of the random numbers


@kernel
def give_water(table: Table, mill: Mill) -> None:
    """Move the valves by one interval: what was commanded two and three intervals ago arrives."""
    banks = mill[P.BANK_COUNT] + mill[P.TRIM_COUNT]
    running = np.zeros(LANES)
    for b in range(BANKS):
        exists = where(float(b) < banks, 1.0, 0.0)
        for i in range(LANES):
            # on after 1.0 s, off after 1.5 s: 0.8 to 2.5 s with the filling of the pipe [M 4.2]
            told = fmax(
                table[(R.EARLIER + BANKS + b) * LANES + i],
                table[(R.EARLIER + 2 * BANKS + b) * LANES + i],
            )
            number = float(b + 1)
            dry = where(table[R.SHUT_AT * LANES + i] == number, table[R.SHUT * LANES + i], 0.0)
            wet = where(table[R.OPEN_AT * LANES + i] == number, table[R.OPEN * LANES + i], 0.0)
            told = fmax(told * (1.0 - fmin(fmax(dry, 0.0), 1.0)), fmin(fmax(wet, 0.0), 1.0))
            valve = table[(R.VALVE + b) * LANES + i]
            valve = exists * (valve + FILL * (told - valve))
            table[(R.VALVE + b) * LANES + i] = valve
            running[i] += valve
    for k in range(R.PAST - 1, 0, -1):
        for b in range(BANKS):
            for i in range(LANES):
                table[(R.EARLIER + k * BANKS + b) * LANES + i] = table[
                    (R.EARLIER + (k - 1) * BANKS + b) * LANES + i
                ]
    rating = 2.0 * (DENSITY_TOP + DENSITY_BOTTOM) * 0.5 / 60.0  # m3/(s m2) of both faces
    area = WETTED * mill[P.BANK_LENGTH] * HEADER_WIDTH
    for b in range(BANKS):
        for i in range(LANES):
            table[(R.EARLIER + b) * LANES + i] = table[(R.COMMAND + b) * LANES + i]
    for i in range(LANES):
        lost = fmin(fmax(table[R.PRESSURE_LOST * LANES + i], 0.0), 0.95)
        table[R.SUPPLY * LANES + i] = (1.0 - lost) * (1.0 - SAG * running[i] / banks)
        table[R.WATER_USED * LANES + i] += (
            running[i] * table[R.SUPPLY * LANES + i] * rating * area * R.INTERVAL
        )


@kernel
def show_water(table: Table) -> None:
    """What the instruments of the water show."""
    for i in range(LANES):
        table[R.SHOWN_WATER * LANES + i] = (
            table[R.WATER_TEMPERATURE * LANES + i] + WATER_NOISE * table[(R.NOISE + 2) * LANES + i]
        )
        supply = table[R.SUPPLY * LANES + i]  # flow goes with the root of the pressure
        table[R.SHOWN_WATER_PRESSURE * LANES + i] = (
            RATED_PRESSURE * supply * supply + PRESSURE_NOISE * table[(R.NOISE + 3) * LANES + i]
        )
    for b in range(BANKS):
        for i in range(LANES):
            flow = table[(R.VALVE + b) * LANES + i] * table[R.SUPPLY * LANES + i]
            flow = flow * (1.0 - table[(R.CLOG + b) * LANES + i])
            noise = FLOW_NOISE * table[(R.NOISE + 8 + b) * LANES + i]
            table[(R.SHOWN_FLOW + b) * LANES + i] = flow + noise


@kernel
def clog(table: Table, i: int, plan: np.uint64, episode: int) -> None:
    """Draw how much of the nozzles of each bank is clogged in this campaign; one lane."""
    for b in range(BANKS):
        table[(R.CLOG + b) * LANES + i] = MOST_CLOG * uniform(plan, episode, b, CLOGGING)
