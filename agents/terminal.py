"""What a run shows in the terminal: a live picture for a person, plain lines for a log or a pipe.

Grey by default, as on an operator's screen: colour only where something is abnormal, and never
colour alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol

from ..plant_sim.signals import Sample
from ..plant_sim.units import from_si
from .reports import glossary, words
from .reports.alarms import alarm_name
from .reports.facts import Facts, Write
from .reports.plots import Both

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

_GAUGES = (  # name, signal, aim, unit, digits, half width of the tolerance (plant unit)
    (Both("gauge", "두께"), "fm.exit_thickness", "coil.gauge_aim", "mm", 3, 0.03),
    (Both("FDT", "출측온도"), "fm.fdt", "coil.fdt_aim", "degC", 0, 20.0),
    (Both("CT", "권취온도"), "rot.coiling_temperature", "coil.ct_aim", "degC", 0, 15.0),
)
_LINKS = {
    "agent": Both("agent", "에이전트"),
    "gate": Both("gate", "게이트"),
    "plc": Both("PLC", "PLC"),
}
_WIDE = 31  # letters of a deviation bar; it spans three tolerances each way
_NEWEST = 5  # lines of decisions and of messages shown


@dataclass(slots=True)
class Moment:
    """What is known of the run now; SI, plant seconds.

    Attributes:
        title: the run in one line.
        asked: coils ordered.
        charge: who moves the set-points now, and why if it is not the agent.
        samples: newest samples, by signal.
        agent_in_charge: whether it is the agent.
        coils: finished coils so far, as the PLC recorded them.
        others: the same coils of the other columns, by seat, as far as played.
        links: state of each process and protocol, by name; True is well.
        alerts: what the agent sees.
        alarms: names of the alarms that stand.
        decisions: newest decisions of the agent.
        writes: writes the PLC applied, by protocol.
    """

    title: Both
    asked: int
    charge: Both
    samples: Mapping[str, Sample] = field(default_factory=dict)
    agent_in_charge: bool = False
    coils: Sequence[Mapping[str, Any]] = ()
    others: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    links: Mapping[str, bool] = field(default_factory=dict)
    alerts: Sequence[str] = ()
    alarms: Sequence[str] = ()
    decisions: Sequence[Mapping[str, Any]] = ()
    writes: Mapping[str, int] = field(default_factory=dict)


class View(Protocol):
    """Where a run is shown."""

    def say(self, text: Both, *, abnormal: bool = False) -> None:
        """Tell one sentence."""
        ...

    def show(self, now: Moment) -> None:
        """Show the present moment."""
        ...

    def close(self) -> None:
        """Leave the screen as it is."""
        ...


def open_view(lang: str) -> View:
    """Return the live view on a terminal, plain lines elsewhere."""
    from rich.console import Console

    console = Console(highlight=False)
    return LiveView(console, lang) if console.is_terminal else PlainView(console, lang)


class PlainView:
    """One line for what happens: a coil finished, a move made, a process lost."""

    def __init__(self, console: "Console", lang: str) -> None:
        self._console, self._lang = console, lang
        self._coils = 0
        self._decided = 0.0

    def say(self, text: Both, *, abnormal: bool = False) -> None:
        """Print one sentence."""
        self._print(("! " if abnormal else "") + _in(text, self._lang))

    def show(self, now: Moment) -> None:
        """Print the coils and the moves that are new."""
        for row in now.coils[self._coils :]:
            self._print(_in(_coil_line(row, now), self._lang))
        self._coils = len(now.coils)
        for row in now.decisions:
            if row["time"] > self._decided and row.get("receipt"):
                self._print(_in(_decision_line(row), self._lang))
        self._decided = max([self._decided, *(row["time"] for row in now.decisions)])

    def close(self) -> None:
        """Nothing to leave."""

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)


class LiveView:
    """One picture that is drawn again and again."""

    def __init__(self, console: "Console", lang: str) -> None:
        from rich.live import Live

        self._console, self._lang = console, lang
        self._messages: list[tuple[str, bool]] = []
        self._live = Live(console=console, refresh_per_second=4, transient=True)
        self._live.start()

    def say(self, text: Both, *, abnormal: bool = False) -> None:
        """Add one sentence to the messages; what is abnormal stays above the picture."""
        sentence = _in(text, self._lang)
        self._messages.append((sentence, abnormal))
        if abnormal:
            self._live.console.print(f"! {sentence}", style="yellow", markup=False)

    def show(self, now: Moment) -> None:
        """Draw the present moment."""
        self._live.update(picture(now, self._lang, self._messages[-_NEWEST:]))

    def close(self) -> None:
        """Stop drawing."""
        self._live.stop()


def picture(now: Moment, lang: str, messages: Sequence[tuple[str, bool]] = ()) -> "RenderableType":
    """Return the live picture: who is in charge, the strip, the money, what was decided."""
    from rich.console import Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    def tell(text: Both, style: str = "") -> Text:
        return Text(_in(text, lang), style=style)

    banner = Table.grid(expand=True)
    banner.add_column()
    banner.add_column(justify="right")
    calm = now.agent_in_charge
    charge = Both(f"in charge: {now.charge.en}", f"제어 주체: {now.charge.ko}")
    banner.add_row(
        tell(now.title, "bold"), Text(("" if calm else "■ ") + _in(charge, lang), _style(calm))
    )
    banner.add_row(tell(_where(now)), _links(now, lang))
    strip = Table.grid(padding=(0, 2))
    for name, signal, aim, unit, digits, half in _GAUGES:
        strip.add_row(tell(name), *_gauge(now, signal, aim, unit, digits, half))
    alerts = "; ".join(_in(glossary.alert(alert), lang) for alert in now.alerts)
    alarms = "; ".join(_in(alarm_name(alarm), lang) for alarm in now.alarms)
    for name, seen in ((Both("agent sees", "감지"), alerts), (Both("alarms", "경보"), alarms)):
        strip.add_row(tell(name), Text(f"▲ {seen}" if seen else "–", "yellow" if seen else "dim"))
    parts: list[RenderableType] = [banner, Text(), strip, Text(), _money_now(now, lang), Text()]
    parts += [
        Text(_in(_decision_line(row), lang), "dim", no_wrap=True)
        for row in now.decisions[-_NEWEST:]
    ]
    parts += [Text(text, _style(not abnormal), no_wrap=True) for text, abnormal in messages]
    return Panel(Group(*parts), title="passline demo", title_align="left", border_style="dim")


def end_table(facts: Facts, lang: str) -> "RenderableType":
    """Return the table of the three columns: money a coil, hits, harm, moves."""
    table = _new_table()
    table.add_column(_in(Both("EUR a coil", "EUR/코일"), lang))
    for index in range(len(facts.columns)):
        table.add_column(_in(words.column_name(facts, index), lang), justify="right")
    for kind, name in glossary.MONEY.items():
        cells = [glossary.money(column.money[kind]) for column in facts.columns]
        table.add_row(_in(name, lang), *cells, style="bold" if kind == "cost" else "")
    for kind, name in glossary.QUANTITIES.items():
        cells = [glossary.percent(column.hits[kind]) for column in facts.columns]
        table.add_row(_in(name, lang), *cells)
    harms = [f"{column.harm:.1f}" for column in facts.columns]
    table.add_row(_in(Both("harm, s, apart from money", "위해, 초 (금액과 별도)"), lang), *harms)
    moves = [str(column.moves) for column in facts.columns]
    table.add_row(_in(Both("set-points moved", "설정값 변경 횟수"), lang), *moves)
    return table


def write_table(writes: Sequence[Write], lang: str) -> "RenderableType":
    """Return the PLC's own log of writes as a table."""
    table = _new_table(
        _in(Both("Writes, from the PLC's own log", "쓰기 기록 (PLC 자체 로그)"), lang)
    )
    heads = (
        Both("plant time", "플랜트 시각"),
        Both("protocol", "프로토콜"),
        Both("set-point", "설정값"),
        Both("before → value", "이전 → 값"),
        Both("outcome", "결과"),
        Both("action id", "조치 ID"),
    )
    for head in heads:
        table.add_column(_in(head, lang), no_wrap=True)
    for write in writes:
        before, value = (glossary.setpoint(write.control, v) for v in (write.before, write.value))
        table.add_row(
            glossary.clock(write.time).en,
            glossary.PROTOCOLS.get(write.protocol, write.protocol),
            write.control,
            f"{_in(before, lang)} → {_in(value, lang)}",
            _in(glossary.outcome(write.outcome), lang),
            write.action_id[:12],
        )
    return table


def _new_table(title: str | None = None) -> "Table":
    from rich import box
    from rich.table import Table

    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, header_style="bold")


def _in(text: Both, lang: str) -> str:
    return text.ko if lang == "ko" else text.en


def _style(calm: bool) -> str:
    return "" if calm else "bold yellow"


def _where(now: Moment) -> Both:
    number, time = _value(now, "coil.number"), _value(now, "plc.time")
    if not isfinite(number) or not isfinite(time):
        return Both("SIMULATION · the plant is not seen", "시뮬레이션 · 설비를 볼 수 없음")
    coil, at = f"{number:.0f}", glossary.clock(time).en
    return Both(
        f"SIMULATION · coil {coil} of {now.asked} · plant time {at}",
        f"시뮬레이션 · 코일 {coil}/{now.asked} · 플랜트 시간 {at}",
    )


def _links(now: Moment, lang: str) -> Any:
    from rich.text import Text

    text = Text()
    for name, well in now.links.items():
        shown = _in(_LINKS[name], lang) if name in _LINKS else glossary.PROTOCOLS.get(name, name)
        if name in now.writes:
            count = now.writes[name]
            shown += _in(Both(f" ({glossary.counted(count, 'write')})", f" (쓰기 {count}건)"), lang)
        text.append(f"{'●' if well else '■'} {shown}  ", _style(well))
    return text


def _gauge(
    now: Moment, signal: str, aim: str, unit: str, digits: int, half: float
) -> tuple[str, str, str]:
    value, target = _value(now, signal), _value(now, aim)
    rolling = _value(now, "coil.phase") > 0.0
    if not rolling or not isfinite(value) or not isfinite(target):
        return "–", "", ""
    shown, wanted = from_si(value, unit), from_si(target, unit)
    name = "°C" if unit == "degC" else unit
    off = shown - wanted
    cells = ["·"] * _WIDE
    for share in (-1.0, 1.0):
        cells[_cell(share)] = "|"
    cells[_cell(0.0)] = "┊"
    cells[_cell(off / half)] = "●" if abs(off) <= half else "◆"
    return f"{shown:.{digits}f} {name}", f"{off:+.{digits}f}", "".join(cells)


def _cell(share: float) -> int:
    """Return the letter at which `share` tolerances from the aim lie."""
    middle = _WIDE // 2
    return min(max(round(middle + share * middle / 3.0), 0), _WIDE - 1)


def _value(now: Moment, name: str) -> float:
    sample = now.samples.get(name)
    return sample.value if sample is not None and sample.good else float("nan")


def _money_now(now: Moment, lang: str) -> "Table":
    """Return money and harm so far, each column over the coils it shares with the agent."""
    table = _new_table()
    count = len(now.coils)
    table.add_column(
        _in(Both(f"so far, {glossary.counted(count, 'coil')}", f"현재까지 코일 {count}개"), lang)
    )
    names = (Both("EUR a coil", "EUR/코일"), Both("harm, s", "위해, 초"))
    for name in names:
        table.add_column(_in(name, lang), justify="right")
    columns = {**{seat: rows[:count] for seat, rows in now.others.items()}, "": now.coils}
    for seat, rows in columns.items():
        name = glossary.seat(seat) if seat else Both("agent", "에이전트")
        if not rows or len(rows) < count:
            table.add_row(_in(name, lang), "–", "–")
            continue
        cost = sum(row["cost"] for row in rows) / len(rows)
        harm = sum(row["harm"] for row in rows)
        table.add_row(_in(name, lang), glossary.money(cost), f"{harm:.1f}")
    return table


def _coil_line(row: Mapping[str, Any], now: Moment) -> Both:
    number, cost = row["number"], glossary.money(row["cost"])
    hits = " ".join(f"{row[name] * 100.0:.0f}" for name in ("gauge_hit", "fdt_hit", "ct_hit"))
    others = {
        seat: glossary.money(rows[number - 1]["cost"])
        for seat, rows in now.others.items()
        if len(rows) >= number
    }
    same = [
        ", ".join(f"{glossary.seat(s)[i]} {cost}" for s, cost in others.items()) for i in (0, 1)
    ]
    return Both(
        f"coil {number} of {now.asked}: {cost} EUR, hits gauge/FDT/CT {hits} %"
        + (f" ({same[0]} EUR)" if others else ""),
        f"코일 {number}/{now.asked}: {cost} EUR, 적중률 두께/출측/권취 {hits} %"
        + (f" ({same[1]} EUR)" if others else ""),
    )


def _decision_line(row: Mapping[str, Any]) -> Both:
    at = glossary.clock(row["time"]).en
    receipt = row.get("receipt") or {}
    if row.get("control") in (None, "none"):
        reason = glossary.reason(row.get("reason") or "")
        return Both(f"{at}  hold: {reason.en}", f"{at}  유지: {reason.ko}")
    name = glossary.control_name(row["control"])
    value = glossary.setpoint(row["control"], row["value"])
    state = receipt.get("state", "-")
    who = row.get("by", "")
    why = glossary.reason(row["reason"])
    return Both(
        f"{at}  {name.en} → {value.en}  {state}  ({who}: {why.en})",
        f"{at}  {name.ko} → {value.ko}  {state}  ({who}: {why.ko})",
    )
