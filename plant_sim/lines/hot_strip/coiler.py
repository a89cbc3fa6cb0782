"""Pinch rolls and mandrel: the coil grows, holds the strip under tension, or does not.

From the head in the mandrel on, the strip is under tension; until its tail leaves F7 the part on
the table is pulled by the pinch rolls as well. Pinch rolls that slip let go of the strip several
times a cycle: their speed runs ahead, tension falls, the strip behind F7 goes slack and wraps
shift (telescoping). Leaves out wrap-by-wrap thermal contact and the uncoiling moment.
"""

import numpy as np
from numpy.typing import NDArray

from ...engine.numbers import fmax, fmin, kernel, sqrt, where
from . import parameters as P  # noqa: N812  the layout, read as P.MANDREL
from . import runout_rows as R  # noqa: N812  the layout, read as R.TENSION
from .runout_rows import LANES

Table = NDArray[np.float64]
Mill = NDArray[np.float64]

COIL_TENSION, PULL = 20e6, 6e6  # Pa: at the mandrel, and between F7 and the pinch rolls [M 6.4]
TAIL_SHARE = 0.6  # 1: of the coil's tension left once F7 no longer holds the strip [M]
BUILD = 0.4  # 1: of its way that tension goes in an interval, time constant 1 s [M]
GRIP = 6.0  # m: of strip around the mandrel, two and a half wraps, until it grips [M]
FILLING = 0.97  # 1: strip in the cross-section of a coil, scale and gaps are the rest [M]
LEAD = 0.05  # 1: pinch rolls and mandrel run ahead of the strip before they grip [M]
SLIP_LEAD = 0.10  # 1: pinch rolls run ahead of the strip by this when they slip fully [T]
SLIP_TURN = (0.0707372, 0.9974950)  # 1: cosine and sine of an interval of a 2.09 s cycle [C]
LOOSE = 0.7  # 1: wraps shift below this share of the tension aimed at [T]
SPEED_NOISE, TENSION_NOISE, SIZE_NOISE = 0.005, 0.3e6, 1e-3  # m/s, Pa, m: deviations shown [M]
PI = 3.141592653589793  # 1: a circle [C]


@kernel
def coil_strip(table: Table, mill: Mill) -> None:
    """Move pinch rolls and mandrel by one interval, behind `travel`, and show them."""
    mandrel = mill[P.MANDREL]
    for i in range(LANES):
        at, speed = table[R.AT_COILER * LANES + i], table[R.SPEED * LANES + i]
        slip = fmin(fmax(table[R.PINCH_SLIP * LANES + i], 0.0), 1.0)
        real, other = table[R.SLIP_REAL * LANES + i], table[R.SLIP_IMAGINARY * LANES + i]
        cosine, sine = SLIP_TURN
        table[R.SLIP_REAL * LANES + i] = cosine * real - sine * other
        table[R.SLIP_IMAGINARY * LANES + i] = sine * real + cosine * other
        length, area = table[R.COIL_LENGTH * LANES + i], table[R.COIL_AREA * LANES + i]
        gripped = at * where(length > GRIP, 1.0, 0.0)
        held = table[R.ACTIVE * LANES + i]
        letting_go = slip * (0.5 + 0.5 * fmin(fmax(real, -1.0), 1.0))
        aim = gripped * COIL_TENSION * (TAIL_SHARE + (1.0 - TAIL_SHARE) * held)
        tension = table[R.TENSION * LANES + i]
        tension = tension + BUILD * (aim * (1.0 - letting_go) - tension)
        table[R.TENSION * LANES + i] = tension
        pull = table[R.TABLE_TENSION * LANES + i]
        pull = pull + BUILD * (gripped * held * PULL * (1.0 - letting_go) - pull)
        table[R.TABLE_TENSION * LANES + i] = pull
        ahead = 1.0 + LEAD * (1.0 - gripped) + gripped * SLIP_LEAD * letting_go
        pinch = speed * ahead
        table[R.PINCH_SPEED * LANES + i] = pinch
        outer = 2.0 * sqrt(0.25 * mandrel * mandrel + area / (PI * FILLING))
        settled = gripped * where(length > 5.0 * GRIP, 1.0, 0.0)
        loose = settled * where(tension < LOOSE * aim, 1.0, 0.0)
        table[R.TELESCOPED * LANES + i] += loose * R.INTERVAL
        table[R.SHOWN_PINCH_SPEED * LANES + i] = (
            pinch + SPEED_NOISE * table[(R.NOISE + 4) * LANES + i]
        )
        wrap = speed * (1.0 + LEAD * (1.0 - gripped))
        table[R.SHOWN_MANDREL_SPEED * LANES + i] = (
            wrap + SPEED_NOISE * table[(R.NOISE + 5) * LANES + i]
        )
        table[R.SHOWN_COILER_TENSION * LANES + i] = fmax(
            tension + TENSION_NOISE * table[(R.NOISE + 6) * LANES + i], 0.0
        )
        table[R.SHOWN_DIAMETER * LANES + i] = outer + SIZE_NOISE * table[(R.NOISE + 7) * LANES + i]
