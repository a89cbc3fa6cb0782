"""One control interval of the run-out table: how much water, the valves, and the strip under it.

Strip lies on the table in segments of one interval each, newest first; a segment that moves from x
to x + v dt is cooled by the banks it passes, in two half steps. Leaves out the order of headers
inside a bank and water on the strip between banks.
"""

import numpy as np
from numpy.typing import NDArray

from ...control.level2_model import air_drop, bank_drop
from ...engine.numbers import fmax, fmin, inline, kernel, where
from ...physics.laminar_cooling import WATER, apparent_heat, jet_flux
from ...physics.strip_temperature import DENSITY, STEFAN_BOLTZMANN, emissivity
from .faults import BANK_OPEN, BANK_SHUT, CT_PYROMETER, WATER_PRESSURE
from .rows import (
    ACT_BANK,
    ACTIVE,
    BANK_GAIN,
    BANK_OUT,
    COIL_TIME,
    COMMAND,
    COOLING,
    COOLING_CORRECTION,
    CT_AIM,
    CT_OFF,
    CT_ROLLED,
    CT_SEEN,
    DEMAND,
    FAULT,
    FAULT_PLACE,
    FDT_MODEL,
    FDT_SOURCE,
    FEEDBACK,
    GAUGE,
    GAUGE_AIM,
    HEAT,
    INTERVAL,
    LANES,
    NOISE,
    PLACE,
    SEGMENTS,
    SHOWN_CT,
    SHOWN_FDT,
    SHOWN_FLOW,
    SHOWN_SPEED,
    SHOWN_WATER,
    SPAN,
    SPEED,
    TRUE_CT,
    TRUE_FDT,
    VALVE,
    WATER_TEMPERATURE,
    WIDTH,
    H,
)
from .tables import BANKS, STANDS

Block = NDArray[np.float64]

FIRST_BANK, BANK_LENGTH = 10.0, 8.0  # m behind F7 [M]
PYROMETER, TABLE_END = 100.0, 108.0  # m behind F7 [M]
VALVE_STEP = 0.34  # of its way in one interval: a lag of 1.2 s [M]
FEEDBACK_GAIN, FEEDBACK_LIMIT = 0.035, 0.5  # per interval, banks [T]
CT_BAND = 15.0  # K [M]


@kernel
def cool(block: Block) -> None:
    """Level 2 feed-forward and level 1 feedback: how many banks, and which valves."""
    for i in range(LANES):
        rolling = block[ACTIVE * LANES + i]
        speed, gauge = block[SHOWN_SPEED * LANES + i], block[GAUGE_AIM * LANES + i]
        flow = fmax(speed * gauge, 5e-3)
        hot = where(
            block[FDT_SOURCE * LANES + i] > 0.5,
            block[FDT_MODEL * LANES + i],
            block[SHOWN_FDT * LANES + i],
        )
        drop = bank_drop(BANK_LENGTH, flow, block[SHOWN_WATER * LANES + i])
        drop = drop * block[BANK_GAIN * LANES + i]
        wanted = (hot - block[CT_AIM * LANES + i] - air_drop(flow)) / drop
        wanted = wanted * (1.0 + block[COOLING_CORRECTION * LANES + i])
        wanted = fmin(fmax(wanted, 0.0), float(BANKS))
        # a new FDT is smoothed: the pyrometer is noisy and valves are slow
        fresh = where(block[COIL_TIME * LANES + i] > 1.0, 0.35, 1.0)
        demand = block[DEMAND * LANES + i]
        demand = where(rolling > 0.5, demand + fresh * (wanted - demand), demand)
        block[DEMAND * LANES + i] = demand

        off = block[CT_SEEN * LANES + i] * (block[SHOWN_CT * LANES + i] - block[CT_AIM * LANES + i])
        back = block[FEEDBACK * LANES + i] + FEEDBACK_GAIN * fmin(fmax(off, -60.0), 60.0) / drop
        back = fmin(fmax(back, -FEEDBACK_LIMIT), FEEDBACK_LIMIT)
        block[FEEDBACK * LANES + i] = back

        left = fmax(demand + back + block[ACT_BANK * LANES + i], 0.0)
        for b in range(BANKS):
            usable = where(block[BANK_OUT * LANES + i] == float(b + 1), 0.0, 1.0)
            opening = usable * fmin(left, 1.0)
            left = left - opening
            block[(COMMAND + b) * LANES + i] = opening
            bank = float(b + 1)
            shut = where(block[(FAULT_PLACE + BANK_SHUT) * LANES + i] == bank, 1.0, 0.0)
            shut = shut * block[(FAULT + BANK_SHUT) * LANES + i]
            stuck = where(block[(FAULT_PLACE + BANK_OPEN) * LANES + i] == bank, 1.0, 0.0)
            stuck = stuck * block[(FAULT + BANK_OPEN) * LANES + i]
            valve = block[(VALVE + b) * LANES + i]
            flow = opening * (1.0 - block[(FAULT + WATER_PRESSURE) * LANES + i])
            valve = (1.0 - shut) * (valve + VALVE_STEP * (flow - valve))
            block[(VALVE + b) * LANES + i] = fmax(valve, stuck)


# rows of the bench: what all segments share lies apart from the block (see mill.py)
AT = (
    SPEED, WATER_TEMPERATURE, COOLING, WIDTH, CT_AIM, TRUE_CT, CT_SEEN, CT_ROLLED, CT_OFF,
)  # fmt: skip
(
    B_SPEED, B_WATER, B_COOLING, B_WIDTH, B_AIM, B_CT, B_SEEN, B_ROLLED, B_OFF,
) = range(len(AT))  # fmt: skip
B_VALVE = len(AT)


@kernel
def travel(block: Block) -> None:
    """Move every segment by one interval, cool it on its way, and read the coiling pyrometer."""
    for row in (SPAN, GAUGE, HEAT, PLACE):
        for g in range(SEGMENTS - 1, 0, -1):
            for i in range(LANES):
                block[(row + g) * LANES + i] = block[(row + g - 1) * LANES + i]
    for i in range(LANES):
        block[PLACE * LANES + i] = where(block[ACTIVE * LANES + i] > 0.5, 2.0, -1e6)
        block[HEAT * LANES + i] = block[TRUE_FDT * LANES + i]
        block[GAUGE * LANES + i] = block[(H + STANDS) * LANES + i]
        block[SPAN * LANES + i] = block[SPEED * LANES + i] * INTERVAL
        block[CT_SEEN * LANES + i] = 0.0
    bench = np.zeros((len(AT) + BANKS) * LANES)
    for k in range(len(AT)):
        for i in range(LANES):
            bench[k * LANES + i] = block[AT[k] * LANES + i]
    for b in range(BANKS):
        for i in range(LANES):
            bench[(B_VALVE + b) * LANES + i] = block[(VALVE + b) * LANES + i]
    for g in range(SEGMENTS):
        _segment(block[g * LANES :], bench)
    for k in range(B_CT, len(AT)):
        for i in range(LANES):
            block[AT[k] * LANES + i] = bench[k * LANES + i]
    for i in range(LANES):
        shown = block[TRUE_CT * LANES + i] + 3.0 * block[(NOISE + 5) * LANES + i]
        shown = shown + block[(FAULT + CT_PYROMETER) * LANES + i]
        block[SHOWN_CT * LANES + i] = shown
        block[SHOWN_WATER * LANES + i] = (
            block[WATER_TEMPERATURE * LANES + i] + 0.2 * block[(NOISE + 6) * LANES + i]
        )
    for b in range(BANKS):
        for i in range(LANES):
            noise = 0.01 * block[(NOISE + 7 + STANDS + b) * LANES + i]
            block[(SHOWN_FLOW + b) * LANES + i] = block[(VALVE + b) * LANES + i] + noise


@inline
def _covered(start: float, end: float, bank: int) -> float:
    """Return the length (m) of start..end that lies under a bank."""
    head = FIRST_BANK + BANK_LENGTH * bank
    return fmax(fmin(end, head + BANK_LENGTH) - fmax(start, head), 0.0)


@inline
def _half(bench: Block, i: int, heat: float, gauge: float, start: float, step: float) -> float:
    """Return the temperature (K) of a segment after half an interval from start to start + step."""
    end, wet = start + step, 0.0
    for b in range(BANKS):
        wet = wet + _covered(start, end, b) * bench[(B_VALVE + b) * LANES + i]
    jets = jet_flux(heat, bench[B_WATER * LANES + i], WATER)
    flux = wet / step * bench[B_COOLING * LANES + i] * jets
    square = heat * heat
    flux = flux + emissivity(heat) * STEFAN_BOLTZMANN * square * square
    heat = heat - 2.0 * flux * 0.5 * INTERVAL / (DENSITY * apparent_heat(heat) * gauge)
    return fmax(heat, 320.0)


@kernel
def _segment(strip: Block, bench: Block) -> None:
    """Move a segment of every lane; `strip` is the block from this segment's rows on."""
    for i in range(LANES):
        place, heat = strip[PLACE * LANES + i], strip[HEAT * LANES + i]
        gauge = strip[GAUGE * LANES + i]
        step = 0.5 * bench[B_SPEED * LANES + i] * INTERVAL
        heat = _half(bench, i, heat, gauge, place, step)
        heat = _half(bench, i, heat, gauge, place + step, step)
        start = place + 2.0 * step
        here = where(start >= PYROMETER, 1.0, 0.0) * where(place < PYROMETER, 1.0, 0.0)
        here = here * where(place > 0.0, 1.0, 0.0)
        bench[B_CT * LANES + i] = where(here > 0.5, heat, bench[B_CT * LANES + i])
        bench[B_SEEN * LANES + i] = fmax(here, bench[B_SEEN * LANES + i])
        mass = here * DENSITY * bench[B_WIDTH * LANES + i] * gauge * strip[SPAN * LANES + i]
        off = heat - bench[B_AIM * LANES + i]
        inside = where(off < CT_BAND, 1.0, 0.0) * where(off > -CT_BAND, 1.0, 0.0)
        bench[B_ROLLED * LANES + i] += mass
        bench[B_OFF * LANES + i] += mass * (1.0 - inside)
        gone = start > TABLE_END
        strip[PLACE * LANES + i] = where(gone, -1e6, start)
        strip[HEAT * LANES + i] = heat
