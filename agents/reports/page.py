"""The report: one HTML file that holds everything it shows and asks for nothing from outside."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from . import alarms, glossary, words
from .facts import HITS, MONEY, CoilFact, Facts
from .plots import Bar, Both, both, dots, lane, stacked
from .traces import Traces
from .trends import numbered, time_axis, trends

_NO = Both("none", "없음")
_PIECES = tuple(kind for kind in MONEY if kind != "cost")  # what a coil's cost is made of
_TRENDS = Both("Gauge, finishing and coiling temperature", "두께, 마무리압연 출측온도, 권취온도")


def render(facts: Facts, traces: Traces, lang: str = "en") -> str:
    """Return the report as one HTML page.

    Args:
        facts: what happened.
        traces: the curves.
        lang: "en" or "ko", the language it opens in; the page can switch.
    """
    here = files(__package__)
    title = f"passline demo · seed {facts.seed} · {facts.scenario}"
    body = "".join(
        [
            _head(facts, lang),
            _summary(facts),
            _money(facts),
            _section(_TRENDS, trends(facts, traces)),
            _story(facts),
            _alarms(facts),
            _actions(facts),
            _coils(facts),
            _plc_log(facts),
            _truth(facts, traces),
            _method(facts),
        ]
    )
    return (
        f'<!doctype html>\n<html lang="{lang}" data-lang="{lang}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{(here / 'page.css').read_text(encoding='utf-8')}</style></head>"
        f"<body>{body}<script>{(here / 'page.js').read_text(encoding='utf-8')}</script>"
        "</body></html>\n"
    )


def _head(facts: Facts, lang: str) -> str:
    buttons = "".join(
        f'<button type="button" value="{value}" aria-pressed="{str(value == lang).lower()}">'
        f"{name}</button>"
        for value, name in (("en", "English"), ("ko", "한국어"))
    )
    seat = words.column_name(facts, len(facts.columns) - 1)
    line = Both(
        f"hot strip line · seed {facts.seed} · scenario {facts.scenario} · {seat.en} · "
        f"{facts.speed:g} × real time · {facts.begun}",
        f"열간 압연 라인 · 시드 {facts.seed} · 시나리오 {facts.scenario} · {seat.ko} · "
        f"실시간의 {facts.speed:g}배 · {facts.begun}",
    )
    return (
        f"<header><h1>{both(Both('Shift report', '근무 보고서'))}</h1>"
        f'<span class="stamp">{both(Both("SIMULATION", "시뮬레이션"))}</span>'
        f'<span class="facts">{both(line)}</span><span class="switch">{buttons}</span></header>'
    )


def _section(title: Both, content: str, kind: str = "") -> str:
    return f'<section class="{kind}"><h2>{both(title)}</h2>{content}</section>'


def _table(heads: Sequence[Both], rows: Iterable[Sequence[str]], numeric: set[int]) -> str:
    """Return a table; cells are HTML already, columns in `numeric` stand right."""

    def cells(row: Iterable[str], tag: str) -> str:
        return "".join(
            f'<{tag} class="n">{cell}</{tag}>' if index in numeric else f"<{tag}>{cell}</{tag}>"
            for index, cell in enumerate(row)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    head = cells((both(text) for text in heads), "th")
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def _summary(facts: Facts) -> str:
    items = "".join(f"<li>{both(sentence)}</li>" for sentence in words.summary(facts))
    notes = "".join(f'<li class="warn">▲ {both(Both(*note))}</li>' for note in facts.notes)
    return _section(Both("What happened", "요약"), f"<ul>{items}{notes}</ul>")


def _money(facts: Facts) -> str:
    names = [words.column_name(facts, index) for index in range(len(facts.columns))]
    rows = [
        [both(text)] + [glossary.money(column.money[kind]) for column in facts.columns]
        for kind, text in glossary.MONEY.items()
    ]
    rows += [
        [both(text)] + [glossary.percent(column.hits[kind]) for column in facts.columns]
        for kind, text in glossary.QUANTITIES.items()
    ]
    rows.append(
        [both(Both("harm, s, apart from money", "위해, 초 (금액과 별도)"))]
        + [_harm(column.harm) for column in facts.columns]
    )
    rows.append(
        [both(Both("set-points moved", "설정값 변경 횟수"))]
        + [str(column.moves) for column in facts.columns]
    )
    heads = [Both("EUR a coil", "EUR/코일"), *names]
    table = _table(heads, rows, set(range(1, len(heads))))
    bars = stacked(
        Both("money, EUR a coil", "비용, EUR/코일"),
        [
            (
                name,
                [(column.money[kind], kind, _piece(kind, column.money[kind])) for kind in _PIECES],
            )
            for name, column in zip(names, facts.columns, strict=True)
        ],
    )
    harms = stacked(
        Both("harm, s, all coils", "위해, 초, 전체 코일"),
        [
            (name, [(column.harm, "harm", Both(f"{column.harm:.1f} s", f"{column.harm:.1f}초"))])
            for name, column in zip(names, facts.columns, strict=True)
        ],
        1,
    )
    keys = "".join(
        f'<span><span class="key {kind}"></span>{both(glossary.MONEY[kind])}</span>'
        for kind in _PIECES
    )
    places = [coil.number for coil in facts.agent.coils]
    kinds = [*("hold", "rules")[: len(names) - 1], "agent"]
    short = [*names[:-1], Both("agent", "에이전트")]  # the legend is narrow
    each = dots(
        Both("cost of each coil", "코일별 비용"),
        Both("EUR", "EUR"),
        places,
        [
            (name, kind, [coil.cost for coil in column.coils])
            for name, kind, column in zip(short, kinds, facts.columns, strict=True)
        ],
    )
    plots = (
        f'<div class="two"><div>{table}</div><div>{bars}<div class="keys">{keys}</div>{harms}</div>'
    )
    return _section(Both("Money and harm", "비용과 위해"), f"{plots}</div>{each}")


def _piece(kind: str, value: float) -> Both:
    name, amount = glossary.MONEY[kind], glossary.money(value)
    return Both(f"{name.en}: {amount} EUR", f"{name.ko}: {amount} EUR")


def _harm(value: float) -> str:
    return f'<span class="bad">▲ {value:.1f}</span>' if value else "0"


def _story(facts: Facts) -> str:
    signs = {"seen": "△", "done": "▲", "refused": "▽", "broken": "■"}
    lines = []
    for time, kind, sentence in words.story(facts):
        mark = f'<span class="{"bad" if kind == "broken" else ""}">{signs[kind]}</span>'
        when = f'<span class="when">{glossary.clock(time).en}</span>'
        lines.append(f"<li>{when}{mark}<span>{both(sentence)}</span></li>")
    if not lines:
        nothing = Both("Nothing was seen and nothing was moved.", "감지한 것도 바꾼 것도 없었다.")
        lines.append(f"<li>{both(nothing)}</li>")
    note = Both(
        "△ seen · ▲ done · ▽ refused by the PLC · ■ a process ended. Times are plant time, min:s.",
        "△ 감지 · ▲ 조치 · ▽ PLC가 거부 · ■ 프로세스 종료. 시각은 플랜트 시간(분:초)이다.",
    )
    return _section(
        Both("The shift as the agent knew it", "에이전트가 알던 근무 경과"),
        f'<ul class="story">{"".join(lines)}</ul><p class="note">{both(note)}</p>',
    )


def _alarms(facts: Facts) -> str:
    said = "".join(f"<p>{both(sentence)}</p>" for sentence in alarms.told(facts))
    rows = [
        [
            str(alarm.priority),
            both(alarms.alarm_name(alarm.name)),
            str(alarm.came),
            glossary.clock(alarm.first).en,
            str(alarm.led) if alarm.led else "–",
            both(Both("stands", "지속") if alarm.standing else Both("–", "–")),
        ]
        for alarm in (facts.alarms.alarms if facts.alarms else ())
    ]
    heads = [
        Both("priority", "우선순위"),
        Both("alarm", "경보"),
        Both("times", "횟수"),
        Both("first at", "최초 시각"),
        Both("first of its cascade", "연쇄의 최초 경보"),
        Both("at the end", "종료 시"),
    ]
    content = said + (_table(heads, rows, {0, 2, 3, 4}) if rows else "")
    return _section(Both("Alarms of the plant", "설비 경보"), content)


def _actions(facts: Facts) -> str:
    rows = []
    for number, write in numbered(facts):
        own = write.by == facts.engine and facts.engine != "rules" and write.confidence is not None
        sure = glossary.percent(write.confidence or 0.0, 0) if own else "–"
        rows.append(
            [
                number,
                glossary.clock(write.time).en,
                str(write.coil),
                both(glossary.control_name(write.control)),
                both(glossary.setpoint(write.control, write.before)),
                both(glossary.setpoint(write.control, write.value)),
                both(glossary.chooser(write.by)),
                both(glossary.reason(write.why)),
                sure,
                both(glossary.effect(write.effect)),
            ]
        )
    heads = [
        Both("#", "#"),
        Both("time", "시각"),
        Both("coil", "코일"),
        Both("set-point", "설정값"),
        Both("from", "이전"),
        Both("to", "이후"),
        Both("chosen by", "선택"),
        Both("reason given", "제시한 이유"),
        Both("confidence", "확신도"),
        Both("effect seen", "확인된 효과"),
    ]
    content = _table(heads, rows, {0, 1, 2, 8}) if rows else f"<p>{both(_NO)}</p>"
    return _section(Both("Actions", "조치"), content)


def _coils(facts: Facts) -> str:
    heads = [
        Both("coil", "코일"),
        Both("width, mm", "폭, mm"),
        Both("gauge, mm", "두께, mm"),
        Both("FDT, °C", "출측온도, °C"),
        Both("CT, °C", "권취온도, °C"),
        Both("C, wt%", "C, wt%"),
        Both("mass, t", "중량, t"),
        Both("time, s", "시간, s"),
        Both("gauge hit", "두께 적중"),
        Both("width hit", "폭 적중"),
        Both("crown hit", "크라운 적중"),
        Both("flatness hit", "평탄도 적중"),
        Both("FDT hit", "출측온도 적중"),
        Both("CT hit", "권취온도 적중"),
        *glossary.MONEY.values(),
        Both("harm, s", "위해, 초"),
        Both("ended by", "종료 원인"),
        *(
            Both(
                f"total, {words.column_name(facts, i).en}",
                f"합계, {words.column_name(facts, i).ko}",
            )
            for i in range(len(facts.columns) - 1)
        ),
    ]
    others = facts.columns[:-1]
    rows = [
        _coil_row(coil, [column.coils[index] for column in others])
        for index, coil in enumerate(facts.agent.coils)
    ]
    table = _table(heads, rows, set(range(len(heads))))
    name = Both(
        "All coils: order, hits and money (agent)", "전체 코일: 주문, 적중률, 비용 (에이전트)"
    )
    return _section(
        Both("Coils", "코일"), f"<details><summary>{both(name)}</summary>{table}</details>"
    )


def _coil_row(coil: CoilFact, others: Sequence[CoilFact]) -> list[str]:
    return [
        str(coil.number),
        f"{coil.width * 1e3:.0f}",
        f"{coil.gauge_aim * 1e3:.2f}",
        f"{coil.fdt_aim - 273.15:.0f}",
        f"{coil.ct_aim - 273.15:.0f}",
        f"{coil.carbon_declared * 100.0:.3f}",
        f"{coil.mass / 1e3:.1f}",
        f"{coil.seconds:.0f}",
        *(glossary.percent(getattr(coil, hit)) for hit in HITS),
        *(glossary.money(getattr(coil, kind)) for kind in glossary.MONEY),
        _harm(coil.harm),
        both(glossary.event_name(coil.event, coil.event_place)),
        *(glossary.money(other.cost) for other in others),
    ]


def _plc_log(facts: Facts) -> str:
    heads = [
        Both("#", "#"),
        Both("plant time", "플랜트 시각"),
        Both("protocol", "프로토콜"),
        Both("user", "사용자"),
        Both("set-point", "설정값"),
        Both("before", "이전"),
        Both("value", "값"),
        Both("outcome", "결과"),
        Both("action id", "조치 ID"),
    ]
    rows = []
    for number, write in numbered(facts):
        result = both(glossary.outcome(write.outcome))
        rows.append(
            [
                number,
                glossary.clock(write.time).en,
                escape(glossary.PROTOCOLS.get(write.protocol, write.protocol)),
                escape(write.user),
                f"<code>{escape(write.control)}</code>",
                both(glossary.setpoint(write.control, write.before)),
                both(glossary.setpoint(write.control, write.value)),
                result if write.applied else f'<span class="warn">▽ {result}</span>',
                f"<code>{escape(write.action_id)}</code>",
            ]
        )
    kind = "" if facts.check.clean else ' class="bad"'
    content = f"<p{kind}>{both(words.cross_check(facts))}</p>"
    content += _table(heads, rows, {0, 1}) if rows else f"<p>{both(_NO)}</p>"
    if facts.invalid:
        content += f'<p class="note">{both(words.invalid(facts))}</p>'
    title = Both("Writes, from the PLC's own log", "쓰기 기록 (PLC 자체 로그)")
    return _section(title, content)


def _truth(facts: Facts, traces: Traces) -> str:
    axis = time_axis(facts, traces)
    note = Both(
        "Neither the agent nor the rules were shown anything of this; it is what the simulation "
        "had drawn from its seed.",
        "에이전트도 규칙도 아래 내용을 전혀 보지 못했다. 시뮬레이션이 시드에서 정한 실제 원인이다.",
    )
    lanes = []
    for fault in facts.faults:
        name = glossary.fault_name(fault)
        size = glossary.fault_size(fault)
        end = min(fault.end, facts.plant)
        lanes.append(lane(axis, name, [Bar(fault.begin, end, size, size, "fault")]))
    items = "".join(f"<li>{both(sentence)}</li>" for sentence in words.truth(facts))
    plot = "".join([*lanes, axis.foot(24.0)]) if lanes else ""
    return _section(
        Both("Ground truth, unknown to the agent", "실제 원인 (에이전트는 알지 못함)"),
        f'<p class="note">{both(note)}</p><ul>{items}</ul>{plot}',
        "hidden-truth",
    )


def _method(facts: Facts) -> str:
    tolerances, asked = facts.tolerances, words.asked(facts)
    text = Both(
        "All columns roll the same coils: same seed, same orders, same faults, same disturbances. "
        f"No agent: the mill's own level 1 and level 2 alone. {asked.en} Hits count true values, "
        f"by mass, within ±{tolerances['gauge'] * 1e6:.0f} µm (or "
        f"±{tolerances['gauge_share'] * 100:.0f} % of the gauge, if that is more), "
        f"±{tolerances['fdt']:.0f} K (finishing) and "
        f"±{tolerances['ct']:.0f} K (coiling). One run of one seed is an example, not a proof.",
        "모든 열은 같은 코일을 압연한다(같은 시드, 주문, 고장, 외란). 에이전트 없음: 압연기 자체의 "
        f"레벨 1과 레벨 2만 사용. {asked.ko} 적중률은 참값 기준, 중량 비율이며 허용 범위는 "
        f"±{tolerances['gauge'] * 1e6:.0f} µm(또는 두께의 "
        f"±{tolerances['gauge_share'] * 100:.0f} % 중 큰 값), "
        f"±{tolerances['fdt']:.0f} K(마무리압연), ±{tolerances['ct']:.0f} K(권취)이다. "
        "시드 하나의 실행 한 번은 예시일 뿐 증명이 아니다.",
    )
    return _section(Both("How to read this", "읽는 법"), f"<p>{both(text)}</p>")
