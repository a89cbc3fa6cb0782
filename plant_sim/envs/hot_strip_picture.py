"""A picture of the hot strip line: stands with their force, banks with their water, charts below.

It shows the true state, for people; what an agent sees stands in the datasheets.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..lines.hot_strip import parameters as P  # noqa: N812
from ..lines.hot_strip import rows as R  # noqa: N812  the layout, read as R.SPEED
from ..lines.hot_strip import runout_rows as O  # noqa: N812  those of the run-out table
from ..lines.hot_strip.layout import TABLE
from ..lines.hot_strip.parameters import BANKS, STANDS
from .hot_strip import HotStripPlant
from .picture import (
    ALERT,
    CHART_HEIGHT,
    FAINT,
    GLYPH,
    INK,
    MARGIN,
    STEEL,
    WATER,
    WIDTH,
    Canvas,
    Colour,
    Frame,
    draw_charts,
)
from .task import Array, Chart

SCENE = 262  # pixels of the line above the charts
PASS_LINE = 186  # y of the strip
FIRST_STAND, PITCH = 96, 58  # x of F1, and between stands
TABLE_LEFT, TABLE_RIGHT = 520, 880  # x of the table's ends
THICKNESS = 700.0  # pixels per m of strip before F7
ROLL, FORCE_TOP, FORCE_BOTTOM = 14, 58, 128
PHASES = ("GAP", "HEAD", "BODY", "TAIL", "STOPPED")
# colour of hot steel by temperature (K)
GLOW = (
    (500.0, (96, 96, 104)), (850.0, (112, 42, 40)), (1000.0, (170, 36, 30)),
    (1120.0, (214, 70, 26)), (1220.0, (244, 132, 28)), (1340.0, (255, 206, 84)),
)  # fmt: skip


def glow(temperature: float) -> Colour:
    """Return the colour of steel of this temperature (K)."""
    at = [point for point, _ in GLOW]
    red, green, blue = (
        int(np.interp(temperature, at, [colour[part] for _, colour in GLOW])) for part in range(3)
    )
    return red, green, blue


def picture(plant: HotStripPlant, lane: int, charts: Sequence[Chart[Any]], trace: Array) -> Frame:
    """Return the picture of one line, shape (height, width, 3); see `Task.picture`."""
    canvas = Canvas(WIDTH, SCENE + CHART_HEIGHT * len(charts) + MARGIN)
    block, slot = divmod(lane, R.LANES)
    state = plant.rows[block, :, slot]
    _headline(canvas, plant, lane, state)
    _mill(canvas, state, plant.mill)
    _table(canvas, state, state[TABLE:], plant.mill)
    draw_charts(canvas, SCENE, charts, trace)
    return canvas.pixels


def _headline(canvas: Canvas, plant: HotStripPlant, lane: int, state: Array) -> None:
    words = f"{plant.time[lane]:.1f} S  COIL {state[R.COIL]:.0f} {PHASES[int(state[R.PHASE])]}"
    canvas.text(MARGIN, 12, words, INK, 2)
    order = (
        f"{1e3 * state[R.WIDTH]:.0f} X {1e3 * state[R.GAUGE_AIM]:.2f} MM  "
        f"FDT {state[R.FDT_AIM] - 273.15:.0f}  CT {state[R.CT_AIM] - 273.15:.0f} DEGC  "
        f"{state[R.SPEED]:.1f} M/S"
    )
    canvas.text(WIDTH - MARGIN - 2 * GLYPH * len(order), 12, order, INK, 2)
    canvas.text(MARGIN, 38, "FORCE OF F1..F7 OVER THE RATING, THICKNESS MM", STEEL)
    canvas.text(TABLE_LEFT, 38, "RUN-OUT TABLE: FLOW OF THE BANKS", STEEL)


def _mill(canvas: Canvas, state: Array, mill: Array) -> None:
    rolling, first = state[R.ACTIVE] > 0.5, int(mill[P.FIRST_STAND])
    if rolling:
        for s in range(first, STANDS + 1):
            right = FIRST_STAND + PITCH * s if s < STANDS else TABLE_LEFT
            left = FIRST_STAND + PITCH * (s - 1) if s > first else MARGIN
            half = max(0.5 * THICKNESS * state[R.H + s], 1.0)
            canvas.box(left, PASS_LINE - half, right, PASS_LINE + half, glow(state[R.T + s]))
    for s in range(first, STANDS):
        x, gap = FIRST_STAND + PITCH * s, max(0.5 * THICKNESS * state[R.H + s + 1], 1.0)
        for side in (-1, 1):
            y = PASS_LINE + side * (gap + ROLL + 1)
            canvas.disc(x, y, ROLL, STEEL)
            canvas.disc(x, y, ROLL - 4, FAINT)
        load = state[R.FORCE + s] * state[R.ACTIVE] / mill[P.MAX_FORCE + s]
        top = FORCE_BOTTOM - min(load, 1.0) * (FORCE_BOTTOM - FORCE_TOP)
        canvas.box(x - 8, top, x + 9, FORCE_BOTTOM, ALERT if load > 1.0 else WATER)
        canvas.frame(x - 9, FORCE_TOP, x + 9, FORCE_BOTTOM, FAINT)
        canvas.text(x - 5, PASS_LINE + 48, f"F{s + 1}", INK)
        if rolling:
            exit = f"{1e3 * state[R.H + s + 1]:.1f}"
            canvas.text(x - 3 * len(exit), PASS_LINE + 60, exit, STEEL)


def _table(canvas: Canvas, state: Array, table: Array, mill: Array) -> None:
    scale = (TABLE_RIGHT - TABLE_LEFT) / mill[P.COILER]
    canvas.box(TABLE_LEFT, PASS_LINE + 5, TABLE_RIGHT, PASS_LINE + 7, FAINT)
    for b in range(BANKS):
        left = TABLE_LEFT + scale * (mill[P.FIRST_BANK] + b * mill[P.BANK_LENGTH])
        right = left + scale * mill[P.BANK_LENGTH] - 4
        flow = min(max(table[O.VALVE + b], 0.0), 1.0)
        canvas.box(left, FORCE_BOTTOM - flow * 70, right, FORCE_BOTTOM, WATER)
        canvas.frame(left, FORCE_TOP, right, FORCE_BOTTOM, FAINT)
        for jet in range(3):
            if flow > 0.1 * (jet + 1):
                x = left + (jet + 0.5) * (right - left) / 3
                canvas.line(x, FORCE_BOTTOM + 3, x, PASS_LINE - 6, WATER)
        canvas.text(left + 2, PASS_LINE + 48, f"B{b + 1}", INK)
    if state[R.ACTIVE] > 0.5:  # what has just left F7
        newest = TABLE_LEFT + scale * max(table[O.PLACE], 0.0)
        canvas.box(TABLE_LEFT, PASS_LINE - 2, newest, PASS_LINE + 3, glow(state[R.TRUE_FDT]))
    for g in range(O.SEGMENTS):
        place = table[O.PLACE + g]
        if place > 0.0:
            left = TABLE_LEFT + scale * place
            right = min(left + scale * table[O.SPAN + g] + 1, TABLE_RIGHT)
            canvas.box(left, PASS_LINE - 2, right, PASS_LINE + 3, glow(table[O.HEAT + g]))
    x = TABLE_LEFT + scale * mill[P.CT_PYROMETER]
    canvas.box(x, PASS_LINE - 30, x + 2, PASS_LINE - 6, INK)
    canvas.text(x - 8, PASS_LINE - 42, "CT", INK)
    coiled = max(state[R.STRIP_DONE] - mill[P.COILER], 0.0) * state[R.GAUGE_AIM]
    if coiled > 0.0:
        canvas.disc(
            TABLE_RIGHT + 34, PASS_LINE + 20, 14 + 7 * np.sqrt(coiled), glow(table[O.TRUE_CT])
        )
    canvas.disc(TABLE_RIGHT + 34, PASS_LINE + 20, 12, STEEL)
    canvas.text(TABLE_RIGHT + 16, PASS_LINE + 60, "COILER", INK)
