"""Forecast of the coiling temperature: what is on the table, and what will follow it, under trims.

The strip is sent through level 2's own cooling model with what tracking believes instead of what
level 2 takes for granted: the delivery temperature, the factor on the water, the banks that give
what they are asked for. Nothing here knows the plant.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .cooling_feedback import VALVE_BELIEF
from .mpc_strip import (
    ASKED,
    BACK,
    GAUGE,
    INTERVAL,
    PLACE,
    SHOWN,
    SPEED,
    TRIM,
    TableSheet,
    TableStrip,
)
from .tracking import TrackingPage
from .tracking.cooling import after, flux

Array = NDArray[np.float64]

MOST = 1.5  # 1: banks of the trim [M 6.2]
LEVELS = np.linspace(-MOST, MOST, 5)  # 1: banks at which the model is run [C]
TRIM_OPEN = 0.5  # 1: opening of the trim banks that the feed-forward counts on [M 4.2]
AIR_STEPS = 3  # 1: stretches behind the last bank [C]
BEYOND = 14  # 1: decisions, horizon behind the dead time [C]
SPEEDING = 8.0  # s: longest that an acceleration is believed to go on [C]


def coiling(
    sheet: TableSheet, fdt: Array, gauge: Array, carbon: float, asked: Array, back: Array,
    speeds: tuple[Array, Array], water: float, gain: float, yields: Array, leaks: Array,
) -> Array:  # fmt: skip
    """Return the temperature at the coiling pyrometer (K) by level 2's cooling model.

    Args:
        sheet: data sheet.
        fdt: delivery temperature (K), shape (n,), as all arrays but the last two.
        gauge: m.
        carbon: weight %.
        asked: main banks over the strip, from the front.
        back: banks that the feedback adds to half of the trim banks.
        speeds: when the strip leaves F7, and when it passes the pyrometer (m/s).
        water: its temperature (K).
        gain: factor on the water's cooling.
        yields: flow of each bank when it is asked for all (1), shape (banks,).
        leaks: flow of each bank when it is asked for nothing (1), shape (banks,).
    """
    mill = sheet.mill
    edges = [mill.delivery, mill.first_bank]
    edges += [mill.first_bank + mill.bank_length * (b + 1) for b in range(mill.banks)]
    edges += np.linspace(edges[-1], mill.pyrometer, AIR_STEPS + 1)[1:].tolist()
    heat, age = fdt, np.zeros(fdt.shape)
    trims = np.clip(TRIM_OPEN + back / sheet.trims, 0.0, 1.0)
    slow, fast = speeds
    for k in range(len(edges) - 1):
        start, end = edges[k], edges[k + 1]
        bank = k - 1
        speed = slow + (fast - slow) * (0.5 * (start + end) / mill.pyrometer)
        seconds = (end - start) / speed
        wet: Array = np.zeros(fdt.shape)
        if 0 <= bank < mill.banks:
            open_ = np.clip(asked - bank, 0.0, 1.0) if bank < sheet.mains else trims
            opened = np.maximum(open_ * yields[bank], leaks[bank])
            wet = gain * opened * flux(heat, water, speed)
        heat, age = after(heat, age, gauge, carbon, seconds, wet)
    return heat


@dataclass(frozen=True, slots=True)
class Forecast:
    """What level 2's model foretells of n pieces, in the order in which they arrive.

    Attributes:
        grid: coiling temperature (K) under each of `LEVELS`, shape (levels, n).
        slope: of it by the feedback (K a bank), shape (n,), as all that follow.
        base: feedback at which `grid` holds (banks).
        arrive: when (s from now).
        place: now, m behind F7.
        late_trim, late_back: decisions from a trim and from a feedback to the pyrometer.
    """

    grid: Array
    slope: Array
    base: Array
    arrive: Array
    place: Array
    late_trim: int
    late_back: int


def forecast(
    sheet: TableSheet,
    strip: TableStrip,
    values: Mapping[str, float],
    page: TrackingPage,
    speed: float,
) -> Forecast:
    """Return what the strip will show at the coiling pyrometer.

    Args:
        sheet: data sheet.
        strip: on the table, one piece at least.
        values: of usable samples, by name.
        page: what tracking believes at this moment.
        speed: of the strip (m/s).
    """
    mill = sheet.mill
    pieces = strip.pieces[:, ::-1]  # oldest first: the order in which they arrive
    place = float(sheet.bank_place(float(pieces[ASKED, -1])))
    late_trim = round((VALVE_BELIEF + (mill.pyrometer - place) / speed) / INTERVAL)
    late_back = round((VALVE_BELIEF + (mill.pyrometer - sheet.trim_place) / speed) / INTERVAL)
    first = max((mill.pyrometer - pieces[PLACE, 0]) / speed / INTERVAL, 0.0)
    coming = 0
    if page.strip.rolling:
        coming = max(late_trim + BEYOND - round(first) - pieces.shape[1], 0)
    if coming:
        pieces = np.concatenate([pieces, np.repeat(pieces[:, -1:], coming, axis=1)], axis=1)
        away = np.arange(1, coming + 1) * speed * INTERVAL
        pieces[PLACE, -coming:] = pieces[PLACE, -coming - 1] - away
    count = pieces.shape[1]
    arrive = (mill.pyrometer - pieces[PLACE]) / speed
    rate = strip.rate()
    fast = np.clip(speed + rate * np.clip(arrive, 0.0, SPEEDING), 1.0, 25.0)
    until = np.clip(-pieces[PLACE] / speed, 0.0, SPEEDING)  # s: until it leaves F7
    slow = np.where(
        pieces[PLACE] < 0.0, np.clip(speed + rate * until, 1.0, 25.0), pieces[SPEED]
    )  # fmt: skip
    back = strip.backs[-1]
    base = np.where(np.isfinite(pieces[BACK]), pieces[BACK], back)
    wide = LEVELS.size + 1  # the last one with another feedback

    def rows(of: Array) -> Array:
        return np.tile(of, wide)

    fixed = rows(pieces[TRIM])
    trims = np.where(np.isfinite(fixed), fixed, np.repeat(np.append(LEVELS, 0.0), count))
    backs = rows(base)
    backs[-count:] += np.where(backs[-count:] > 0.5, -0.25, 0.25)
    run = coiling(
        sheet, rows(pieces[SHOWN] + strip.fdt_off), rows(pieces[GAUGE]),
        100.0 * values.get("coil.carbon", 8e-4), np.maximum(rows(pieces[ASKED]) + trims, 0.0),
        backs, (rows(slow), rows(fast)), values.get("rot.water_temperature", 298.15),
        strip.gain(page), strip.yields, strip.leaks,
    ).reshape(wide, count)  # fmt: skip
    grid = run[:-1]
    at_rest = np.array([np.interp(0.0, LEVELS, grid[:, j]) for j in range(count)])
    slope = (run[-1] - at_rest) / (backs[-count:] - base)
    return Forecast(grid, slope, base, arrive, pieces[PLACE], late_trim, late_back)
