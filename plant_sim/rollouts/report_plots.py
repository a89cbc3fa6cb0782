"""The plots of a comparison, as plain inline SVG in both languages of the page.

A seat has one colour and one dash pattern in every plot (classes s0, s1, ... of report.css), so
that it is told apart in grey print too. Every number of a forest is in a table of the page.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, isfinite, log10
from typing import Any, NamedTuple

NAME = 32  # characters of a seat beside a row of a forest, next to its scenario
STYLES = 8  # of seats; the ninth looks like the first


class Both(NamedTuple):
    """One text in English and in Korean."""

    en: str
    ko: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a forest: a value with its interval, of a seat on a scenario."""

    scenario: str
    seat: str
    style: int
    value: float
    low: float | None
    high: float | None


def both(text: Both | str) -> str:
    """Return HTML that shows `text` in the language of the page."""
    if isinstance(text, str):
        return escape(text)
    return f'<span lang="en">{escape(text.en)}</span><span lang="ko">{escape(text.ko)}</span>'


def ticks(low: float, high: float, wanted: int = 6) -> list[float]:
    """Return round numbers inside [low, high], about `wanted` of them.

    >>> ticks(-3.0, 9.0)
    [-2.0, 0.0, 2.0, 4.0, 6.0, 8.0]
    """
    raw = max(high - low, 1e-9) / wanted
    power = 10.0 ** floor(log10(raw))
    step: float = next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= raw * 0.999)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [round(index * step, 12) + 0.0 for index in range(first, last + 1)]


def figure(value: float | None, digits: int = 4) -> str:
    """Return a number as it is read, with a real minus sign; a dash for none.

    >>> figure(-1234.567), figure(None), figure(0.5), figure(999.9, 3)
    ('−1,235', '–', '0.5', '1,000')
    """
    if value is None or not isfinite(value):
        return "\N{EN DASH}"
    if abs(value) < 1e-9:  # what is left of a difference of equals
        return "0"
    text = f"{value:,.0f}" if abs(value) >= 10.0 ** (digits - 1) else f"{value:.{digits}g}"
    return text.replace("-", "\N{MINUS SIGN}")


def profile(facts: Mapping[str, Any], styles: Mapping[str, int], title: Both, unit: Both) -> str:
    """Return the share of episodes at or above each value, a line and a band for each seat.

    Args:
        facts: one entry of `profiles` of a comparison.
        styles: number of the style of each seat.
        title: what is shown.
        unit: of the horizontal axis.
    """
    width, height, left, right, top, bottom = 560.0, 300.0, 46.0, 12.0, 24.0, 262.0
    taus: list[float] = facts["taus"]
    pad = 0.03 * (taus[-1] - taus[0]) or 1.0
    low, high = taus[0] - pad, taus[-1] + pad

    def x(value: float) -> float:
        return left + (value - low) / (high - low) * (width - left - right)

    def y(share: float) -> float:
        return bottom - share * (bottom - top)

    parts = [_text(left, 14, title, "name")]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(_line(left, y(share), width - right, y(share), "rule"))
        parts.append(_text(left - 6, y(share) + 4, f"{100 * share:g} %", "tick", "end"))
    for value in ticks(low, high):
        parts.append(_line(x(value), bottom, x(value), bottom + 4, "axis"))
        parts.append(_text(x(value), bottom + 17, figure(value), "tick", "middle"))
    parts.append(_text(width - right, height - 4, unit, "tick", "end"))
    for seat, rows in facts["seats"].items():
        upper = _steps(taus, rows["high"], x, y)
        lower = _steps(taus, rows["low"], x, y)
        outline = "L".join([*upper, *reversed(lower)])
        parts.append(f'<path class="band s{styles[seat] % STYLES}" d="M{outline}Z"/>')
    for seat, rows in facts["seats"].items():
        path = "L".join(_steps(taus, rows["share"], x, y))
        name = f"<title>{escape(seat)}</title>"
        parts.append(f'<path class="line s{styles[seat] % STYLES}" d="M{path}">{name}</path>')
    return _svg(width, height, parts, title)


def _steps(taus: Sequence[float], shares: Sequence[float], x: Any, y: Any) -> list[str]:
    """Return the corners of a falling staircase: a share holds from the tau before it."""
    corners: list[str] = []
    for index, (tau, share) in enumerate(zip(taus, shares, strict=True)):
        if index:
            corners.append(f"{x(taus[index - 1]):.1f} {y(share):.1f}")
        corners.append(f"{x(tau):.1f} {y(share):.1f}")
    return corners


def forest(bars: Sequence[Bar], title: Both, unit: Both) -> str:
    """Return values with their intervals, one below the other, and a line at zero.

    A filled mark: the interval does not hold zero. Where there is no interval only the mark stands.
    """
    width, left, right, pitch, top = 1160.0, 330.0, 130.0, 22.0, 30.0
    ends = [e for bar in bars for e in (bar.low, bar.high, bar.value) if e is not None]
    low, high = min(0.0, *ends), max(0.0, *ends)
    pad = 0.04 * (high - low) or 1.0
    low, high = low - pad, high + pad
    height = top + pitch * len(bars) + 34.0

    def x(value: float) -> float:
        return left + (value - low) / (high - low) * (width - left - right)

    bottom = top + pitch * len(bars)
    parts = [_text(0, 14, title, "name")]
    for value in ticks(low, high, 9):
        parts.append(_line(x(value), top, x(value), bottom, "rule"))
        parts.append(_text(x(value), bottom + 16, figure(value), "tick", "middle"))
    parts.append(_line(x(0.0), top - 4, x(0.0), bottom + 4, "zero"))
    parts.append(_text(width, bottom + 16, unit, "tick", "end"))
    before = ""
    for index, bar in enumerate(bars):
        y = top + (index + 0.5) * pitch
        if bar.scenario != before:
            parts.append(_text(0, y + 4, bar.scenario, "row"))
            if index:
                parts.append(_line(0, y - pitch / 2, width, y - pitch / 2, "rule"))
        before = bar.scenario
        short = (
            bar.seat if len(bar.seat) <= NAME else f"\N{HORIZONTAL ELLIPSIS}{bar.seat[1 - NAME :]}"
        )
        seat = _text(left - 10, y + 4, short, "row", "end")
        parts.append(f"<g><title>{escape(bar.seat)}</title>{seat}</g>")
        style = f"s{bar.style % STYLES}"
        known = bar.low is not None and bar.high is not None
        if bar.low is not None and bar.high is not None:
            parts.append(
                f'<path class="line whole {style}" d="M{x(bar.low):.1f} {y - 4}v8m0 -4'
                f'H{x(bar.high):.1f}m0 -4v8"/>'
            )
        clear = known and ((bar.low or 0.0) > 0.0 or (bar.high or 0.0) < 0.0)
        shape = "dot" if clear else "dot open"
        parts.append(f'<circle class="{shape} {style}" cx="{x(bar.value):.1f}" cy="{y}" r="4.5"/>')
        parts.append(_text(width - right + 12, y + 4, figure(bar.value), "tick"))
    return _svg(width, height, parts, title)


def spark(values: Sequence[float], title: str, unit: str, style: int) -> str:
    """Return one small chart of values over the steps of an episode, its ends written beside it."""
    width, height, left, top, bottom = 260.0, 74.0, 54.0, 18.0, 68.0
    shown = [value for value in values if isfinite(value)] or [0.0]
    low, high = min(shown), max(shown)
    if high - low < 1e-12:
        low, high = low - 1.0, high + 1.0
    pitch = (width - left - 4.0) / max(len(values) - 1, 1)

    def y(value: float) -> float:
        return bottom - (value - low) / (high - low) * (bottom - top)

    parts = [
        _text(0, 11, f"{title}, {unit}" if unit else title, "tick"),
        f'<rect class="field" x="{left}" y="{top}" width="{width - left - 4}" '
        f'height="{bottom - top}"/>',
        _text(left - 5, top + 8, figure(high, 3), "tick", "end"),
        _text(left - 5, bottom, figure(low, 3), "tick", "end"),
    ]
    if low < 0.0 < high:
        parts.append(_line(left, y(0.0), width - 4, y(0.0), "zero"))
    path = "L".join(
        f"{left + index * pitch:.1f} {y(value):.1f}"
        for index, value in enumerate(values)
        if isfinite(value)
    )
    parts.append(f'<path class="line thin s{style % STYLES}" d="M{path}"/>')
    return _svg(width, height, parts, Both(title, title))


def key(seat: str, style: int) -> str:
    """Return the key of a seat for the legend, as HTML."""
    line = f'<path class="line s{style % STYLES}" d="M1 7H27"/>'
    return (
        '<span class="key"><svg viewBox="0 0 28 14" width="28" height="14" aria-hidden="true">'
        f"{line}</svg>{escape(seat)}</span>"
    )


def _text(x: float, y: float, text: Both | str, kind: str, anchor: str = "start") -> str:
    head = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}"'
    if isinstance(text, str):
        return f"<text {head}>{escape(text)}</text>"
    return (
        f'<text lang="en" {head}>{escape(text.en)}</text>'
        f'<text lang="ko" {head}>{escape(text.ko)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _svg(width: float, height: float, parts: Iterable[str], name: Both) -> str:
    aria = escape(name.en if name.en == name.ko else f"{name.en} / {name.ko}", quote=True)
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{aria}">'
        + "".join(parts)
        + "</svg>"
    )
