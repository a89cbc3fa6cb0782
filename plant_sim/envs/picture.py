"""Drawing with NumPy alone: a canvas with shapes and a small font, and strip charts on it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .task import Array, Chart

Colour = tuple[int, int, int]
Frame = NDArray[np.uint8]

WIDTH, CHART_HEIGHT, MARGIN = 960, 92, 16  # pixels
PAPER, INK, FAINT = (250, 250, 247), (32, 33, 36), (205, 207, 211)
STEEL, WATER, VALUE, AIM, ALERT = (
    (95, 99, 104), (43, 124, 211), (26, 90, 160), (222, 130, 20), (200, 36, 36),
)  # fmt: skip
GLYPH = 6  # pixels from one character to the next, unscaled

# five columns a character, the lowest bit is the top pixel
_FONT = {
    character: np.array([[column >> row & 1 for column in bytes.fromhex(columns)]
                         for row in range(7)], bool)
    for character, columns in {
        " ": "0000000000", "%": "2313086462", "+": "08083E0808", "-": "0808080808",
        ".": "0000606000", "/": "2010080402", ":": "0000140000", "=": "1414141414",
        "(": "001C224100", ")": "0041221C00", ",": "0000503000", "_": "4040404040",
        "0": "3E5149453E", "1": "00427F4000", "2": "7249494946", "3": "2141494D33",
        "4": "1814127F10", "5": "2745454539", "6": "3C4A494931", "7": "4121110907",
        "8": "3649494936", "9": "464949291E", "A": "7C1211127C", "B": "7F49494936",
        "C": "3E41414122", "D": "7F4141413E", "E": "7F49494941", "F": "7F09090901",
        "G": "3E41415173", "H": "7F0808087F", "I": "00417F4100", "J": "2040413F01",
        "K": "7F08142241", "L": "7F40404040", "M": "7F021C027F", "N": "7F0408107F",
        "O": "3E4141413E", "P": "7F09090906", "Q": "3E4151215E", "R": "7F09192946",
        "S": "2649494932", "T": "03017F0103", "U": "3F4040403F", "V": "1F2040201F",
        "W": "3F4038403F", "X": "6314081463", "Y": "0304780403", "Z": "6159494D43",
    }.items()
}  # fmt: skip


class Canvas:
    """A picture being drawn; x to the right, y down, in pixels; what lies outside is cut off."""

    def __init__(self, width: int, height: int) -> None:
        self.pixels: Frame = np.empty((height, width, 3), np.uint8)
        self.pixels[:] = PAPER

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fill a rectangle; one that is thinner than a pixel still shows as one."""
        x, y = max(round(left), 0), max(round(top), 0)
        self.pixels[y : max(round(bottom), y + 1), x : max(round(right), x + 1)] = colour

    def frame(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Draw the outline of a rectangle."""
        for x0, y0, x1, y1 in (
            (left, top, right, top), (left, bottom, right, bottom),
            (left, top, left, bottom), (right, top, right, bottom),
        ):  # fmt: skip
            self.box(x0, y0, x1 + 1, y1 + 1, colour)

    def line(self, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        """Draw a line two pixels thick."""
        count = int(max(abs(x1 - x0), abs(y1 - y0))) + 1
        height, width, _ = self.pixels.shape
        x = np.clip(np.linspace(x0, x1, count).round().astype(int), 0, width - 2)
        y = np.clip(np.linspace(y0, y1, count).round().astype(int), 0, height - 2)
        for right, down in ((0, 0), (0, 1), (1, 0), (1, 1)):
            self.pixels[y + down, x + right] = colour

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fill a circle."""
        height, width, _ = self.pixels.shape
        rows, columns = np.ogrid[:height, :width]
        self.pixels[(columns - x) ** 2 + (rows - y) ** 2 <= radius**2] = colour

    def text(self, x: float, y: float, words: str, colour: Colour = INK, scale: int = 1) -> None:
        """Write capitals and figures with their upper left corner at x, y."""
        left, top = round(x), round(y)
        height, width, _ = self.pixels.shape
        for character in words.upper():
            glyph = np.kron(_FONT.get(character, _FONT[" "]), np.ones((scale, scale), bool))
            rows, columns = np.nonzero(glyph)
            rows, columns = rows + top, columns + left
            inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
            self.pixels[rows[inside], columns[inside]] = colour
            left += GLYPH * scale


def draw_chart(
    canvas: Canvas, left: float, top: float, width: float, chart: Chart[Any], trace: Array
) -> None:
    """Draw one strip chart: the aim in orange, the value in blue, and its newest figure.

    Args:
        canvas: to draw on.
        left: of the chart (pixels).
        top: of the chart (pixels).
        width: of the chart (pixels).
        chart: title and range.
        trace: (steps + 1, 2): value and aim; NaN draws nothing.
    """
    height = CHART_HEIGHT - 26
    canvas.text(left, top, chart.title, INK, 2)
    top += 18
    canvas.box(left, top, left + width, top + height, (255, 255, 255))
    for share in (0.25, 0.5, 0.75):
        canvas.box(left, top + share * height, left + width, top + share * height, (236, 237, 240))
    canvas.frame(left, top, left + width, top + height, FAINT)
    level = (chart.high - trace) / (chart.high - chart.low)
    rows = top + 2 + np.clip(level, 0.0, 1.0) * (height - 5)
    columns = left + 2 + np.arange(len(trace)) * (width - 5) / max(len(trace) - 1, 1)
    for column, colour in ((1, AIM), (0, VALUE)):
        for step in range(1, len(trace)):
            start, end = rows[step - 1, column], rows[step, column]
            if np.isfinite(start) and np.isfinite(end):
                canvas.line(columns[step - 1], start, columns[step], end, colour)
    known = trace[np.isfinite(trace[:, 0]), 0]
    figure = f"{known[-1]:.4G}" if known.size else "-"
    canvas.text(left + width - 2 * GLYPH * len(figure), top - 18, figure, VALUE, 2)
    canvas.text(left + width + 6, top, f"{chart.high:g}", STEEL)
    canvas.text(left + width + 6, top + height - 7, f"{chart.low:g}", STEEL)


def draw_charts(canvas: Canvas, top: float, charts: Sequence[Chart[Any]], trace: Array) -> None:
    """Draw charts one below the other; `trace` is (steps + 1, charts, 2)."""
    for n, chart in enumerate(charts):
        draw_chart(
            canvas, MARGIN, top + n * CHART_HEIGHT, WIDTH - 2 * MARGIN - 40, chart, trace[:, n]
        )


def strip_charts(charts: Sequence[Chart[Any]], trace: Array) -> Frame:
    """Return a picture of the charts alone; `trace` is (steps + 1, charts, 2)."""
    canvas = Canvas(WIDTH, 2 * MARGIN + CHART_HEIGHT * max(len(charts), 1))
    draw_charts(canvas, MARGIN, charts, trace)
    return canvas.pixels
