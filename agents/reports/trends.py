"""The trends of a report: gauge and temperatures with their tolerances, actions below them."""

from itertools import zip_longest

from ...plant_sim.lines.hot_strip.control_table import CONTROLS
from ...plant_sim.lines.hot_strip.signal_table import SIGNALS
from . import glossary, words
from .facts import CoilFact, Facts, Write
from .plots import Band, Bar, Both, Curve, Pin, TimeAxis, both, lane, trend
from .traces import QUANTITIES, Traces, astray

_TITLES = {  # quantity: (name, unit, SI to that unit)
    "gauge": (Both("gauge − aim", "두께 − 목표"), Both("µm", "µm"), 1e6),
    "fdt": (Both("FDT − aim", "출측온도 − 목표"), Both("K", "K"), 1.0),
    "ct": (Both("CT − aim", "권취온도 − 목표"), Both("K", "K"), 1.0),
}
_TRUE = Both("true", "참값")
_HOLD = Both("true, no agent", "참값, 에이전트 없음")
_MEASURED = Both("measured", "측정값")
_ASTRAY = Both("measured, untrue", "측정값, 참값과 다름")


def time_axis(facts: Facts, traces: Traces) -> TimeAxis:
    """Return the time axis of the report."""
    begin = traces.coils[0][1] if traces.coils else 0.0
    return TimeAxis(begin, max(facts.plant, begin + 60.0))


def trends(facts: Facts, traces: Traces) -> str:
    """Return the trends and, on the same time axis, the actions, as HTML."""
    axis = time_axis(facts, traces)
    pins = _pins(facts)
    done = [pin for pin in pins if pin.kind == "done"]
    parts = [lane(axis, Both("coil", "코일"), _coil_bars(facts, traces))]
    orders = {coil.number: coil for coil in facts.agent.coils}
    for key, signal in QUANTITIES.items():
        title, unit, scale = _TITLES[key]
        true, measured = traces.true[key] * scale, traces.measured[key] * scale
        limit = max(4.0 * SIGNALS[signal].noise, 0.5 * facts.tolerances[key]) * scale
        curves = [
            Curve(_HOLD, traces.hold_time.tolist(), (traces.hold[key] * scale).tolist(), "hold"),
            Curve(_MEASURED, traces.time.tolist(), measured.tolist(), "measured"),
            Curve(_ASTRAY, traces.time.tolist(), astray(true, measured, limit).tolist(), "astray"),
            Curve(_TRUE, traces.time.tolist(), true.tolist(), "true"),
        ]
        bands = [
            Band(begin, end, tolerance(key, orders.get(number), facts) * scale)
            for number, begin, end in traces.coils
        ]
        parts.append(trend(axis, title, unit, curves, bands, done))
    parts.append(lane(axis, Both("actions", "조치"), [], pins, 30.0))
    for name in CONTROLS:
        bars = _setting(name, facts)
        if bars:
            parts.append(lane(axis, glossary.control_name(name), bars))
    if facts.handbacks:
        text = Both("local", "현장")
        bars = [
            Bar(h.begin, h.end, text, Both(h.reason, h.reason), "local") for h in facts.handbacks
        ]
        parts.append(lane(axis, Both("PLC in local mode", "PLC 현장 모드"), bars))
    parts.append(axis.foot(24.0))
    note = Both(
        "Zero is the aim of each coil, the darker band its tolerance; red is true strip outside "
        "it, orange an instrument that no longer tells the truth. The agent saw the measured "
        "curve only. Triangles carry the number of the action in the table below; a red one is a "
        "process that ended.",
        "0은 코일별 목표, 짙은 띠는 허용 범위이다. 빨간색은 실제 판이 허용 범위를 벗어난 곳, "
        "주황색은 계기가 참값과 달라진 곳이다. 에이전트는 측정값만 보았다. 삼각형의 번호는 "
        "아래 조치 표의 번호이며, 빨간 삼각형은 프로세스 종료이다.",
    )
    return "".join(parts) + f'<p class="note">{both(note)}</p>'


def tolerance(quantity: str, coil: CoilFact | None, facts: Facts) -> float:
    """Return the half width of the tolerance (SI); that of the gauge grows with thick strip."""
    if quantity == "gauge" and coil is not None:
        return max(facts.tolerances["gauge"], facts.tolerances["gauge_share"] * coil.gauge_aim)
    return facts.tolerances[quantity]


def _coil_bars(facts: Facts, traces: Traces) -> list[Bar]:
    orders = {coil.number: coil for coil in facts.agent.coils}
    bars = []
    for number, begin, end in traces.coils:
        order = orders.get(number)
        title = Both(f"coil {number}", f"코일 {number}") if order is None else _order(order)
        name = Both(str(number), str(number))
        bars.append(Bar(begin, end, name, title, f"coil{number % 2}"))
    return bars


def _order(coil: CoilFact) -> Both:
    aims = (
        f"{coil.width * 1e3:.0f} × {coil.gauge_aim * 1e3:.2f} mm, "
        f"FDT {coil.fdt_aim - 273.15:.0f} °C, CT {coil.ct_aim - 273.15:.0f} °C"
    )
    return Both(f"coil {coil.number}: {aims}", f"코일 {coil.number}: {aims}")


def numbered(facts: Facts) -> list[tuple[str, Write]]:
    """Return the writes with the number each has in tables and plots."""
    return [(str(index), write) for index, write in enumerate(facts.writes, 1)]


def _pins(facts: Facts) -> list[Pin]:
    pins = []
    for number, write in numbered(facts):
        name, value = (
            glossary.control_name(write.control),
            glossary.setpoint(write.control, write.value),
        )
        title = Both(*(f"{number}: {n} → {v}" for n, v in zip(name, value, strict=True)))
        pins.append(Pin(write.time, number, title, "done" if write.applied else "refused"))
    pins += [Pin(e.time, "", words.interruption(e), "broken") for e in facts.interruptions]
    return sorted(pins, key=lambda pin: pin.time)


def _setting(name: str, facts: Facts) -> list[Bar]:
    """Return when a set-point was away from its neutral 0, and where it stood.

    A hand-back takes every set-point back to 0.
    """
    moves = [write for write in facts.writes if write.control == name and write.applied]
    bars = []
    for write, after in zip_longest(moves, moves[1:]):
        ends = [facts.plant if after is None else after.time]
        ends += [back.begin for back in facts.handbacks if back.begin >= write.time]
        end = min(ends)
        if abs(write.value) > 1e-9:
            value = glossary.setpoint(name, write.value)
            meaning = glossary.control_name(name)
            title = Both(*(f"{n}: {v}" for n, v in zip(meaning, value, strict=True)))
            bars.append(Bar(write.time, end, value, title, "set"))
    return bars
