"""The report of an evaluation: one HTML file that holds all it shows and asks for nothing outside.

Tables, profiles, paired differences and the worst episodes of each seat with their trajectories,
in English and in Korean, light or dark as the reader's system is.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..errors import ConfigError
from .report_plots import Bar, Both, both, figure, forest, key, profile, spark
from .store import Manifest

SEEN = 3  # observations that are drawn of an episode
SWITCH = """
for (const button of document.querySelectorAll(".switch button")) {
  button.addEventListener("click", () => {
    document.documentElement.dataset.lang = document.documentElement.lang = button.value;
    for (const each of document.querySelectorAll(".switch button")) {
      each.setAttribute("aria-pressed", String(each === button));
    }
  });
}
"""
METHODS = {
    "bootstrap": Both("bootstrap", "부트스트랩"),
    "bootstrap-t": Both("bootstrap-t", "부트스트랩 t"),
    "bca": Both("BCa", "BCa"),
    "t": Both("t", "t"),
    "exact": Both("exact", "정확"),
    "none": Both("one seed", "시드 하나"),
    "unseen": Both("none seen", "관측 없음"),
}
READING = (
    Both(
        "Return is minus the money of an episode (EUR): more is better. Harm (s) is counted apart "
        "and never converted.",
        "수익은 에피소드 비용의 음수(EUR)이며 클수록 좋습니다. "
        "위해(초)는 따로 세며 돈으로 바꾸지 않습니다.",
    ),
    Both(
        "Intervals are 95 % each, for one number alone: of twenty true zeros one may lie outside. "
        "The word below an interval is its method; fewer than 15 seeds get t or BCa.",
        "구간은 각각 단독으로 95 %입니다. 실제로 0인 값 스무 개 중 하나는 구간을 벗어날 수 "
        "있습니다. 구간 아래의 낱말은 산출 방법이며, 시드가 15개 미만이면 t 또는 BCa를 씁니다.",
    ),
    Both(
        "Differences are taken seed by seed: both seats met the same orders and faults. The bound "
        "of harm is the exact one-sided 95 % limit of the share of episodes with any.",
        "차이는 시드별로 구합니다. 두 운전 주체는 같은 주문과 고장을 겪었습니다. "
        "위해 상한은 위해가 있는 에피소드 비율의 단측 95 % 정확 한계입니다.",
    ),
)


def write_report(evaluation: Mapping[str, Any], path: Path | str, lang: str = "en") -> None:
    """Write the report of what `evaluate` returned; see `render`."""
    Path(path).write_text(render(evaluation, lang), encoding="utf-8")


def render(evaluation: Mapping[str, Any], lang: str = "en") -> str:
    """Return the report as one HTML page.

    Args:
        evaluation: what `evaluate` returned; the folders it names are read for trajectories.
        lang: "en" or "ko", the language it opens in; the page can switch.

    Raises:
        ConfigError: a file of a worst episode is missing or cannot be read.
    """
    css = (files(__package__) / "report.css").read_text(encoding="utf-8")
    buttons = "".join(
        f'<button type="button" value="{value}" aria-pressed="{str(value == lang).lower()}">'
        f"{name}</button>"
        for value, name in (("en", "English"), ("ko", "한국어"))
    )
    title = both(Both("Rollout report", "롤아웃 보고서"))
    head = (
        f'<header><h1>{title}</h1><span class="facts">{escape(evaluation["folder"])}</span>'
        f'<span class="switch">{buttons}</span></header>'
    )
    reading = "".join(f"<li>{both(line)}</li>" for line in READING)
    body = "".join(
        [
            head,
            _section(Both("How to read this", "읽는 법"), f"<ul>{reading}</ul>"),
            _notes(evaluation["notes"]),
            *(_environment(facts) for facts in evaluation["environments"]),
            _line(evaluation["rows"], evaluation["baseline"]),
        ]
    )
    return (
        f'<!doctype html>\n<html lang="{lang}" data-lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>passline · {escape(evaluation['folder'])}</title><style>{css}</style></head>"
        f"<body>{body}<script>{SWITCH}</script></body></html>\n"
    )


def _environment(facts: Mapping[str, Any]) -> str:
    styles = {seat: number for number, seat in enumerate(facts["seats"])}
    keys = '<div class="keys">' + "".join(key(seat, n) for seat, n in styles.items()) + "</div>"
    settings = f" {escape(json.dumps(facts['settings']))}" if facts["settings"] else ""
    profiles = "".join(
        profile(
            each,
            styles,
            Both(f"{each['scenario']}: share above", f"{each['scenario']}: 이상인 비율"),
            Both("return, EUR", "수익, EUR"),
        )
        for each in facts["profiles"]
    )
    return "".join(
        [
            f"<h2>{escape(facts['env'])}{settings}</h2>",
            _notes(facts["notes"]),
            _section(Both("Return", "수익"), _returns(facts)),
            _section(Both("Harm, apart from money", "위해 (금액과 별도)"), _harm(facts)),
            _differences(facts, styles),
            _score(facts, styles, keys),
            _section(
                Both("Profiles of the return", "수익 분포"),
                f'{keys}<div class="two">{profiles}</div>',
            ),
            _worst(facts["worst"], styles),
        ]
    )


def _notes(notes: Sequence[str]) -> str:
    rows = "".join(f'<li class="warn">▲ {escape(note)}</li>' for note in notes)
    return _section(Both("Notes", "유의 사항"), f"<ul>{rows}</ul>") if rows else ""


def _section(title: Both, content: str) -> str:
    return f"<section><h3>{both(title)}</h3>{content}</section>"


def _table(
    heads: Sequence[Both | str], rows: Iterable[tuple[bool, Sequence[str]]], text: int
) -> str:
    """Return a table; cells are HTML already, those behind the first `text` ones stand right."""

    def line(cells: Iterable[str], tag: str) -> str:
        return "".join(
            f"<{tag}>{cell}</{tag}>" if index < text else f'<{tag} class="n">{cell}</{tag}>'
            for index, cell in enumerate(cells)
        )

    body = "".join(
        f'<tr class="first">{line(cells, "td")}</tr>' if first else f"<tr>{line(cells, 'td')}</tr>"
        for first, cells in rows
    )
    head = line((both(text) for text in heads), "th")
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def _estimate(row: Mapping[str, Any], name: str) -> str:
    """Return the cell of an estimate: its value, and below it interval and method."""
    value = figure(row[name])
    ends = row[f"{name}_interval"]
    if row[name] is None:
        return value
    method = both(METHODS[row[f"{name}_method"]])
    span = f"{figure(ends[0])} … {figure(ends[1])} " if ends else ""
    return f"{value}<small>{span}{method}</small>"


def _episodes(row: Mapping[str, Any]) -> str:
    """Return the cell of how many episodes count, and how many were given up."""
    if not row["given_up"]:
        return str(row["episodes"])
    words = both(Both("given up", "중단"))
    return f'{row["episodes"]}<small class="warn">+{row["given_up"]} {words}</small>'


def _by_scenario(
    rows: Sequence[Mapping[str, Any]], cells: Any
) -> Iterable[tuple[bool, Sequence[str]]]:
    before = None
    for row in rows:
        first = row["scenario"] != before
        before = row["scenario"]
        yield first, [escape(before) if first else "", escape(row["seat"]), *cells(row)]


def _returns(facts: Mapping[str, Any]) -> str:
    heads = [
        Both("scenario", "시나리오"),
        Both("seat", "운전 주체"),
        Both("episodes", "에피소드"),
        Both("mean return, EUR", "평균 수익, EUR"),
        Both("IQM, EUR", "사분위 평균, EUR"),
        Both(f"against {facts['baseline']}, EUR", f"{facts['baseline']} 대비, EUR"),
        Both("better on a seed with probability", "시드에서 더 나을 확률"),
        Both(
            f"score ({facts['reference']} 0, {facts['oracle']} 1)",
            f"점수 ({facts['reference']} 0, {facts['oracle']} 1)",
        ),
    ]

    def cells(row: Mapping[str, Any]) -> list[str]:
        estimates = ("mean", "iqm", "difference", "improvement", "score")
        return [str(row["episodes"]), *(_estimate(row, name) for name in estimates)]

    return _table(heads, _by_scenario(facts["rows"], cells), 2)


def _harm(facts: Mapping[str, Any]) -> str:
    heads = [
        Both("scenario", "시나리오"),
        Both("seat", "운전 주체"),
        Both("harm an episode, s", "에피소드당 위해, 초"),
        Both(f"against {facts['baseline']}, s", f"{facts['baseline']} 대비, 초"),
        Both("episodes with harm", "위해가 있는 에피소드"),
        Both("share at most (95 %)", "비율 상한 (95 %)"),
        Both("by reason, s an episode", "원인별, 에피소드당 초"),
    ]

    def cells(row: Mapping[str, Any]) -> list[str]:
        reasons = [f"{name} {figure(v, 3)}" for name, v in row["harm_by"].items() if v]
        count = f"{row['harmed']} / {row['episodes']}"
        return [
            _estimate(row, "harm"),
            _estimate(row, "harm_difference"),
            f'<span class="bad">{count}</span>' if row["harmed"] else count,
            f"{figure(100 * row['harmed_bound'], 3)} %",
            escape(", ".join(reasons)) or "\N{EN DASH}",
        ]

    return _table(heads, _by_scenario(facts["rows"], cells), 2)


def _differences(facts: Mapping[str, Any], styles: Mapping[str, int]) -> str:
    bars = [
        Bar(
            row["scenario"],
            row["seat"],
            styles[row["seat"]],
            row["difference"],
            *(row["difference_interval"] or (None, None)),
        )
        for row in facts["rows"]
        if row["difference"] is not None
    ]
    if not bars:
        return ""
    base = facts["baseline"]
    plot = forest(
        bars,
        Both(f"return minus that of {base}, seed by seed", f"{base} 대비 시드별 수익 차이"),
        Both("EUR", "EUR"),
    )
    note = both(
        Both("Filled: the interval does not hold zero.", "채운 점: 구간이 0을 포함하지 않음.")
    )
    return _section(Both("Paired differences", "짝지은 차이"), f'{plot}<p class="note">{note}</p>')


def _score(facts: Mapping[str, Any], styles: Mapping[str, int], keys: str) -> str:
    score = facts["score"]
    if score is None:
        return ""
    heads = [
        Both("seat", "운전 주체"),
        Both("score, mean", "점수, 평균"),
        Both("score, IQM", "점수, 사분위 평균"),
        Both("optimality gap", "최적성 격차"),
    ]
    rows = [
        (False, [escape(row["seat"]), *(_estimate(row, n) for n in ("score", "iqm", "gap"))])
        for row in score["rows"]
    ]
    refused = "".join(
        f'<li class="warn">▲ {escape(scenario)}: {escape(why)}</li>'
        for scenario, why in score["refused"].items()
    )
    outside = ", ".join(score["left_out"])
    if outside:
        refused += (
            f'<li class="warn">▲ {both(Both("not scored", "점수 없음"))}: {escape(outside)}</li>'
        )
    where = escape(", ".join(score["scenarios"])) or "\N{EN DASH}"
    about = Both(
        f"{score['episodes']} episodes a seat; 0 is the mean of {facts['reference']}, 1 that of "
        f"{facts['oracle']}, in each scenario. Scenarios: ",
        f"운전 주체당 {score['episodes']}개 에피소드. 시나리오마다 {facts['reference']} 평균이 0, "
        f"{facts['oracle']} 평균이 1입니다. 시나리오: ",
    )
    plot = ""
    if score["profile"]:
        plot = profile(
            score["profile"], styles, Both("share above", "이상인 비율"), Both("score", "점수")
        )
    table = _table(heads, rows, 1) if rows else ""
    return _section(
        Both("Score over all scenarios", "전체 시나리오 점수"),
        f'{table}<p class="note">{both(about)}{where}</p><ul>{refused}</ul>'
        f'{keys}<div class="one">{plot}</div>',
    )


def _worst(entries: Sequence[Mapping[str, Any]], styles: Mapping[str, int]) -> str:
    parts = []
    before = None
    for entry in entries:
        if entry["seat"] != before:
            parts.append(f"<h4>{escape(entry['seat'])}</h4>")
        before = entry["seat"]
        harm = f"{figure(entry['harm'])} s"
        shown = f'<span class="bad">{harm}</span>' if entry["harm"] else harm
        parts.append(
            f"<details><summary>{escape(entry['scenario'])} · {both(Both('seed', '시드'))} "
            f"{entry['seed']} · "
            f"{both(Both('return', '수익'))} {figure(entry['return'])} EUR · "
            f"{both(Both('harm', '위해'))} {shown}</summary>"
            f'<div class="sparks">{"".join(_trajectory(entry, styles[before]))}</div>'
            f"<code>{escape(entry['replay'])}</code></details>"
        )
    title = Both("Worst episodes, by return and by harm", "최악의 에피소드 (수익 및 위해 기준)")
    return _section(title, "".join(parts))


def _trajectory(entry: Mapping[str, Any], style: int) -> Iterable[str]:
    """Yield the small charts of one episode: reward, harm if any, actions, first observations."""
    steps, facts = _steps(Path(entry["folder"]), entry["seed"], entry["scenario"])
    yield spark(steps["reward"].to_numpy().tolist(), "reward", "EUR", style)
    if entry["harm"]:
        yield spark(steps["harm"].to_numpy().tolist(), "harm", "s", style)
    for kind, most in (("action", 1), ("observation", SEEN)):
        values = np.array(steps[kind].to_pylist(), np.float64)
        known = facts.get(f"{kind}s", [])
        for column in range(min(most, values.shape[1])):
            shown, name, unit = values[:, column], f"{kind} {column}", ""
            if column < len(known):
                name = known[column]["name"]
            if column < len(known) and kind == "observation":
                unit = known[column]["unit"]
                shown = shown * known[column]["scale"] + known[column]["centre"]
            yield spark(shown.tolist(), name, "" if unit == "1" else unit, style)


def _steps(folder: Path, seed: int, scenario: str) -> tuple[pa.Table, dict[str, Any]]:
    """Return the steps of one episode, and what its numbers mean where the file says so."""
    only = (pc.field("seed") == seed) & (pc.field("scenario") == scenario)
    columns = ["step", "reward", "harm", "action", "observation"]
    for unit in Manifest.read(folder).finished():
        path = folder / "steps" / f"unit-{unit:05d}.parquet"
        try:
            table = pq.read_table(path, columns=columns, filters=only, partitioning=None)
            facts = (pq.read_schema(path).metadata or {}).get(b"passline", b"{}")
        except (OSError, pa.ArrowException) as error:
            raise ConfigError(
                f"{path} cannot be read ({error}); resume the job to play its unit again"
            ) from error
        if len(table):
            return table.sort_by("step"), json.loads(facts)
    raise ConfigError(
        f"{folder} has no steps of seed {seed} on {scenario}; resume the job to play them again"
    )


def _line(rows: Sequence[Mapping[str, Any]], baseline: str) -> str:
    """Return the table of the jobs on the line itself, money per coil; nothing without any."""
    if not rows:
        return ""
    heads = [
        Both("scenario", "시나리오"),
        Both("seat", "운전 주체"),
        Both("episodes", "에피소드"),
        Both("EUR a coil", "EUR/코일"),
        Both("95 %", "95 %"),
        Both("harm a coil, s", "코일당 위해, 초"),
        Both(f"against {baseline}, EUR a coil", f"{baseline} 대비, EUR/코일"),
        Both("95 %", "95 %"),
    ]

    def span(ends: tuple[float, float] | None) -> str:
        return f"{figure(ends[0])} … {figure(ends[1])}" if ends else "\N{EN DASH}"

    def cells(row: Mapping[str, Any]) -> list[str]:
        return [
            _episodes(row),
            figure(row["money_per_coil"]),
            span(row["money_interval"]),
            figure(row["harm_per_coil"]),
            figure(row["difference"]),
            span(row["difference_interval"]),
        ]

    table = _table(heads, _by_scenario(sorted(rows, key=lambda row: row["scenario"]), cells), 2)
    return _section(Both("Shifts on the line, money per coil", "라인 근무, 코일당 비용"), table)
