"""Plots as inline SVG: trends with tolerance bands, lanes over the same time axis, and bars.

Grey by default: a saturated colour marks only what is abnormal, here the part of a curve outside
its tolerance, an instrument that has left the truth, and harm. Every number a plot shows is also in
a table of the report, so the plots carry no information of their own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, isfinite, log10
from typing import NamedTuple

WIDTH = 1160.0  # of every plot, in SVG user units
LEFT, RIGHT = 150.0, 14.0  # room for the axis and its names


class Both(NamedTuple):
    """One text in English and in Korean."""

    en: str
    ko: str


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a trend; NaN breaks it. `kind` is a class of the style sheet."""

    name: Both
    times: Sequence[float]
    values: Sequence[float]
    kind: str


@dataclass(frozen=True, slots=True)
class Band:
    """The tolerance of one coil: `half` its half width, from `begin` to `end` (s of plant time)."""

    begin: float
    end: float
    half: float


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that lasted from `begin` to `end` on a lane (s of plant time)."""

    begin: float
    end: float
    label: Both
    title: Both
    kind: str = "calm"


@dataclass(frozen=True, slots=True)
class Pin:
    """Something that happened at one moment (s of plant time); `label` is its row in the table."""

    time: float
    label: str
    title: Both
    kind: str = "done"


def both(text: Both) -> str:
    """Return HTML that shows `text` in the language of the page."""
    return f'<span lang="en">{escape(text.en)}</span><span lang="ko">{escape(text.ko)}</span>'


def svg_text(x: float, y: float, text: Both | str, kind: str = "", anchor: str = "start") -> str:
    """Return SVG text at (x, y), in both languages when they differ."""
    head = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}"'
    if isinstance(text, str):
        return f"<text {head}>{escape(text)}</text>"
    if text.en == text.ko:
        return f"<text {head}>{escape(text.en)}</text>"
    return (
        f'<text lang="en" {head}>{escape(text.en)}</text>'
        f'<text lang="ko" {head}>{escape(text.ko)}</text>'
    )


def _title(text: Both) -> str:
    """Return a tool tip; SVG shows one language only, so it holds both."""
    whole = text.en if text.en == text.ko else f"{text.en}\n{text.ko}"
    return f"<title>{escape(whole)}</title>"


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return round numbers inside [low, high], about `wanted` of them.

    >>> ticks(0.0, 9.0, 5)
    [0.0, 2.0, 4.0, 6.0, 8.0]
    """
    raw = (high - low) / max(wanted, 1)
    power = 10.0 ** floor(log10(raw))
    step = next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= raw * 0.999)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def label(value: float) -> str:
    """Return an axis number as it is read: no needless digits, a real minus sign.

    >>> label(-20.0), label(0.5)
    ('−20', '0.5')
    """
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


class TimeAxis:
    """The time axis all trends and lanes of a report share (s of plant time)."""

    def __init__(self, begin: float, end: float) -> None:
        self.begin, self.end = begin, max(end, begin + 1.0)

    def x(self, time: float) -> float:
        """Return the horizontal place of `time`."""
        share = (time - self.begin) / (self.end - self.begin)
        return LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)

    def foot(self, height: float) -> str:
        """Return the axis with its minutes, for below the last trend."""
        parts = [_line(LEFT, 0.5, WIDTH - RIGHT, 0.5, "axis")]
        for minute in ticks(self.begin / 60.0, self.end / 60.0, 12):
            x = self.x(minute * 60.0)
            parts += [_line(x, 0, x, 5, "axis"), svg_text(x, 17, label(minute), "tick", "middle")]
        name = Both("plant time, min", "플랜트 시간 (분)")
        parts.append(svg_text(LEFT - 12, 17, name, "tick", "end"))
        return _svg(height, parts, Both("time axis", "시간축"))


def trend(
    axis: TimeAxis,
    title: Both,
    unit: Both,
    curves: Sequence[Curve],
    bands: Sequence[Band],
    pins: Sequence[Pin] = (),
    height: float = 170.0,
) -> str:
    """Return one trend: deviations from the aim over time, the tolerance as a band around zero.

    A curve of the kind "true" is drawn again, in the colour of the abnormal, where it is outside
    the tolerance.

    Args:
        axis: the time axis of the report.
        title: the quantity.
        unit: its unit, as read.
        curves: deviations from the aim in `unit`.
        bands: the tolerance band of each coil, in `unit`.
        pins: hairlines at these times.
        height: in user units.
    """
    low, high = _reach(curves, max([band.half for band in bands] or [1.0]))
    top, bottom = 8.0, height - 8.0

    def y(value: float) -> float:
        share = (min(max(value, low), high) - low) / (high - low)
        return bottom - share * (bottom - top)

    inner = WIDTH - RIGHT - LEFT
    clip = "outside-" + "".join(letter for letter in title.en.lower() if letter.isalpha())
    inside, outside = [], []
    for band in bands:
        x, width = axis.x(band.begin), axis.x(band.end) - axis.x(band.begin)
        upper, lower = y(band.half), y(-band.half)
        place = f'x="{x:.1f}" width="{width:.1f}"'
        inside.append(f'<rect class="band" {place} y="{upper:.1f}" height="{lower - upper:.1f}"/>')
        outside.append(f'<rect {place} y="{top}" height="{upper - top:.1f}"/>')
        outside.append(f'<rect {place} y="{lower:.1f}" height="{bottom - lower:.1f}"/>')
    parts = [
        f'<defs><clipPath id="{clip}">{"".join(outside)}</clipPath></defs>',
        f'<rect class="field" x="{LEFT}" y="{top}" width="{inner}" height="{bottom - top}"/>',
        *inside,
    ]
    parts += [_line(axis.x(band.begin), top, axis.x(band.begin), bottom, "coil") for band in bands]
    for value in ticks(low, high, 5):
        parts.append(_line(LEFT - 4, y(value), LEFT, y(value), "axis"))
        parts.append(svg_text(LEFT - 7, y(value) + 3.5, label(value), "tick", "end"))
    parts.append(_line(LEFT, y(0.0), WIDTH - RIGHT, y(0.0), "aim"))
    parts += [_line(axis.x(pin.time), top, axis.x(pin.time), bottom, "pin") for pin in pins]
    for curve in curves:
        path = _path((axis.x(t), y(v)) for t, v in zip(curve.times, curve.values, strict=True))
        parts.append(f'<path class="curve {curve.kind}" d="{path}"/>')
        if curve.kind == "true":
            parts.append(f'<path class="curve outside" clip-path="url(#{clip})" d="{path}"/>')
    parts += [svg_text(4, top + 14, title, "name"), svg_text(4, top + 30, unit, "tick")]
    parts += _legend(curves, top + 50)
    return _svg(height, parts, title)


def lane(
    axis: TimeAxis, title: Both, bars: Sequence[Bar], pins: Sequence[Pin] = (), height: float = 24.0
) -> str:
    """Return one lane: what lasted as bars, what happened at a moment as numbered triangles."""
    middle = height / 2
    parts = [
        svg_text(4, middle + 4, title, "lane"),
        _line(LEFT, height - 0.5, WIDTH - RIGHT, height - 0.5, "rule"),
    ]
    for bar in bars:
        x, end = axis.x(bar.begin), axis.x(bar.end)
        width = max(end - x, 1.5)
        parts.append(
            f'<g><rect class="bar {bar.kind}" x="{x:.1f}" y="3" width="{width:.1f}" '
            f'height="{height - 6}"/>{_title(bar.title)}'
        )
        longest = max(_length(bar.label.en), _length(bar.label.ko))
        if width > 6.2 * longest + 4:
            parts.append(svg_text(x + width / 2, middle + 4, bar.label, "inbar", "middle"))
        elif x + width + 6.2 * longest < WIDTH and len(bars) < 4:
            parts.append(svg_text(x + width + 3, middle + 4, bar.label, "inbar"))
        parts.append("</g>")
    row = 0.0
    last = -1e9
    for pin in pins:
        x = axis.x(pin.time)
        row = 13.0 if x - last < 15.0 and row == 0.0 and height >= 30 else 0.0
        last = x
        parts.append(
            f'<g><path class="mark {pin.kind}" d="M{x:.1f} {2 + row}l5 9h-10z"/>{_title(pin.title)}'
            + svg_text(x + 6, 11 + row, pin.label, "tick")
            + "</g>"
        )
    return _svg(height, parts, title)


def stacked(
    title: Both, rows: Sequence[tuple[Both, Sequence[tuple[float, str, Both]]]], digits: int = 0
) -> str:
    """Return horizontal stacked bars: for each row its name and (value, kind, title) pieces."""
    totals = [sum(max(piece[0], 0.0) for piece in pieces) for _, pieces in rows]
    longest = max([*totals, 1e-9])
    left, right, pitch = 150.0, 90.0, 30.0
    width = 560.0
    parts = [svg_text(0, 14, title, "name")]
    for index, ((name, pieces), total) in enumerate(zip(rows, totals, strict=True)):
        y = 24.0 + index * pitch
        parts.append(svg_text(left - 8, y + 15, name, "lane", "end"))
        x = left
        for value, kind, text in pieces:
            size = max(value, 0.0) / longest * (width - left - right)
            parts.append(
                f'<g><rect class="piece {kind}" x="{x:.1f}" y="{y}" width="{size:.1f}" '
                f'height="20"/>{_title(text)}</g>'
            )
            x += size
        parts.append(svg_text(x + 6, y + 15, f"{total:,.{digits}f}", "figure"))
    return _svg(28.0 + pitch * len(rows), parts, title, width)


def dots(
    title: Both,
    unit: Both,
    places: Sequence[int],
    series: Sequence[tuple[Both, str, Sequence[float]]],
    height: float = 190.0,
) -> str:
    """Return one column of marks for each coil, a mark a seat: how each did on the same coil.

    Args:
        title: what is shown.
        unit: its unit.
        places: the coil numbers.
        series: for each seat its name, its kind (style) and one value a coil; NaN is left out.
        height: in user units.
    """
    values = [v for _, _, row in series for v in row if isfinite(v)] or [0.0]
    low, high = min(0.0, *values), max(*values, 1e-6) * 1.05
    top, bottom = 10.0, height - 22.0
    inner = WIDTH - RIGHT - LEFT
    pitch = inner / max(len(places), 1)

    def y(value: float) -> float:
        return bottom - (value - low) / (high - low) * (bottom - top)

    parts = [f'<rect class="field" x="{LEFT}" y="{top}" width="{inner}" height="{bottom - top}"/>']
    for value in ticks(low, high, 5):
        parts.append(_line(LEFT, y(value), WIDTH - RIGHT, y(value), "rule"))
        parts.append(svg_text(LEFT - 7, y(value) + 3.5, label(value), "tick", "end"))
    for index, place in enumerate(places):
        x = LEFT + (index + 0.5) * pitch
        parts.append(svg_text(x, bottom + 15, str(place), "tick", "middle"))
        for nth, (name, kind, row) in enumerate(series):
            if index < len(row) and isfinite(row[index]):
                at = x + (nth - (len(series) - 1) / 2) * min(pitch / 4, 12.0)
                text = Both(*(f"{n}: {row[index]:,.0f}" for n in name))
                parts.append(f"<g>{_mark(kind, at, y(row[index]))}{_title(text)}</g>")
    parts += [svg_text(4, top + 14, title, "name"), svg_text(4, top + 30, unit, "tick")]
    for nth, (name, kind, _) in enumerate(series):
        at = top + 54 + 18 * nth
        parts += [_mark(kind, 12, at - 4), svg_text(24, at, name, "tick")]
    parts.append(svg_text(LEFT - 7, bottom + 15, Both("coil", "코일"), "tick", "end"))
    return _svg(height, parts, title)


def _mark(kind: str, x: float, y: float) -> str:
    if kind == "rules":
        return (
            f'<rect class="dot {kind}" x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7"/>'
        )
    return f'<circle class="dot {kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'


def _legend(curves: Sequence[Curve], y: float) -> list[str]:
    parts = []
    for curve in curves:
        parts.append(f'<path class="curve {curve.kind}" d="M4 {y - 4:.1f}h22"/>')
        parts.append(svg_text(31, y, curve.name, "tick"))
        y += 16.0
    return parts


def _reach(curves: Sequence[Curve], tolerance: float) -> tuple[float, float]:
    """Return the ends of the axis: all the data, yet at least twice and at most ten tolerances."""
    values = sorted(v for curve in curves for v in curve.values if isfinite(v))
    if not values:
        return -2.0 * tolerance, 2.0 * tolerance
    edge = len(values) // 200  # the wildest half per cent would flatten the rest
    low, high = values[edge], values[-1 - edge]
    reach = 10.0 * tolerance
    return max(min(1.1 * low, -2.0 * tolerance), -reach), min(max(1.1 * high, 2 * tolerance), reach)


def _path(points: Iterable[tuple[float, float]]) -> str:
    """Return the path through `points`, broken where one is not finite."""
    parts, pen = [], "M"
    for x, y in points:
        if isfinite(x) and isfinite(y):
            parts.append(f"{pen}{x:.1f} {y:.1f}")
            pen = "L"
        else:
            pen = "M"
    return "".join(parts)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _length(text: str) -> float:
    """Return how wide `text` is in Latin letters; a Korean syllable takes nearly two."""
    return sum(1.8 if ord(letter) > 0x2FFF else 1.0 for letter in text)


def _svg(height: float, parts: Iterable[str], name: Both, width: float = WIDTH) -> str:
    aria = escape(f"{name.en} / {name.ko}", quote=True)
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{aria}">'
        + "".join(parts)
        + "</svg>"
    )
