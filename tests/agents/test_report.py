import json
import re
import shutil
import sqlite3
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import asdict
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from passline.agents import demo
from passline.agents.errors import RunFolderError
from passline.agents.operate import play
from passline.agents.reports import alarms, glossary, words, write_report
from passline.agents.reports.baselines import BASELINES, HOLD, play_hold, play_rules
from passline.agents.reports.facts import coil_fact
from passline.agents.reports.page import render
from passline.agents.reports.records import RUN, read_run, rows
from passline.agents.reports.traces import astray
from passline.connectors.gate.inprocess import InProcessGate
from passline.connectors.historian import Historian
from passline.connectors.simulated import SimulatedConnector
from passline.connectors.virtual_plc.records import CoilBook
from passline.plant_sim import make_line
from passline.plant_sim.lines.hot_strip.coil import PIECES

SEED, SCENARIO, COILS = 0, "faults", 5
BEGUN = {"fdt_pyrometer": 2, "bank_shut": 4, "wrong_grade": 4}  # kind of fault: its first coil
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]  # the module rolls its own coils


class Recorded:
    """A simulated line whose coils, truth and samples are recorded as those of a virtual PLC."""

    def __init__(self, connector, folder):
        self.connector, self.line = connector, connector.line
        self.book, self.historian = CoilBook(folder), Historian(folder / "history")

    def samples(self):
        return self.connector.samples()

    def advance(self, seconds):
        for _ in range(round(seconds / 0.5)):
            self.connector.advance(0.5)
            self.book.look(self.line)
        self.historian.add(self.connector.samples())


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A run of the whole job in one process: plant, gate, agent with rules, and both baselines."""
    folder = tmp_path_factory.mktemp("shift")
    line = make_line("hot-strip", seed=SEED, scenario=SCENARIO)
    connector = SimulatedConnector(line, log=folder / "plc_writes.jsonl", lease=60.0)
    plant = Recorded(connector, folder)
    with InProcessGate(connector, folder) as gate:
        play(plant, gate, "rules", coils=COILS, folder=folder)
    plant.book.close()
    plant.historian.close()
    connector.close()
    others = {
        HOLD: play_hold(folder / HOLD, SEED, SCENARIO, COILS),
        "rules": play_rules(SEED, SCENARIO, COILS),
    }
    (folder / BASELINES).write_text(json.dumps(others))
    run = {
        "seed": SEED, "scenario": SCENARIO, "engine": "rules", "coils": COILS, "speed": 15.0,
        "begun": "2026-11-22 07:00", "wall": 40.0, "interruptions": [], "notes": [],
    }  # fmt: skip
    (folder / RUN).write_text(json.dumps(run))
    return folder


@pytest.fixture(scope="module")
def report(run_folder):
    facts = write_report(run_folder)
    page = (run_folder / "report.html").read_text(encoding="utf-8")
    return SimpleNamespace(folder=run_folder, facts=facts, page=page)


class Outline(HTMLParser):
    """Open tags, tables by row and text by language."""

    VOID = frozenset({"meta", "br", "link", "img"})

    def __init__(self, page):
        super().__init__()
        self.open, self.tables, self.said = [], [], {"en": [], "ko": []}
        self.attributes = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.attributes += [name for name, _ in attrs]
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in self.VOID:
            self.open.append((tag, dict(attrs).get("lang")))

    def handle_startendtag(self, tag, attrs):
        self.attributes += [name for name, _ in attrs]

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        tags = [tag for tag, _ in self.open]
        lang = next((lang for tag, lang in reversed(self.open) if lang and tag != "html"), None)
        if lang in self.said:
            self.said[lang].append(data)
        if lang != "ko" and ("td" in tags or "th" in tags):
            self.tables[-1][-1][-1] += data


def numbers(text):
    """Return the numbers of a text as printed, clock times whole."""
    return re.findall(r"\d+:\d\d|\d+(?:,\d{3})*(?:\.\d+)?", text)


def printable(value):
    """Return every way a fact may be printed."""
    if isinstance(value, bool) or value is None:
        return set()
    if isinstance(value, dict):
        return set().union(*(printable(item) for item in value.values()), set())
    if isinstance(value, list | tuple):
        return {str(len(value))}.union(*(printable(item) for item in value))
    if isinstance(value, str):
        return set(numbers(value))
    size, found = abs(value), {glossary.clock(abs(value)).en}
    for scale in (1.0, 100.0, 1e3, 1e6):
        found |= {f"{size * scale:,.0f}", f"{size * scale:.1f}", f"{size * scale:g}"}
        found |= {f"{round(size * scale, 1):g}", f"{round(size * scale, 2):g}"}
    return found


def test_every_figure_of_the_money_table_is_a_sum_over_the_recorded_coils(report):
    table = Outline(report.page).tables[0]
    others = json.loads((report.folder / BASELINES).read_text())
    columns = [others[HOLD]["coils"], others["rules"]["coils"], rows(report.folder / "coils.jsonl")]
    assert [len(coils) for coils in columns] == [COILS] * 3
    printed = {row[0]: row[1:] for row in table[1:]}
    for kind in PIECES:
        means = [sum(coil[kind] for coil in coils) / COILS for coils in columns]
        assert printed[glossary.MONEY[kind].en] == [f"{mean:,.0f}" for mean in means]
    costs = [sum(c[kind] for c in coils for kind in PIECES) for coils in columns]
    assert printed["total"] == [f"{cost / COILS:,.0f}" for cost in costs]
    for kind, name in glossary.QUANTITIES.items():
        masses = [sum(coil["mass"] for coil in coils) for coils in columns]
        inside = [sum(coil["mass"] * coil[kind] for coil in coils) for coils in columns]
        shares = [100.0 * part / whole for part, whole in zip(inside, masses, strict=True)]
        assert printed[name.en] == [f"{share:.1f} %" for share in shares]
    harms = [sum(coil["harm"] for coil in coils) for coils in columns]
    shown = [cell.removeprefix("▲ ") for cell in printed["harm, s, apart from money"]]
    assert [float(cell) for cell in shown] == [pytest.approx(harm, abs=0.05) for harm in harms]


def test_the_shift_without_an_agent_is_the_line_on_its_own_automation(report):
    line = make_line("hot-strip", seed=SEED, scenario=SCENARIO)
    while len(line.coils) < COILS:
        line.advance(10.0)
    alone = [coil_fact(asdict(coil)) for coil in line.coils[:COILS]]
    assert alone == list(report.facts.columns[0].coils)


def test_every_number_of_the_text_is_a_number_of_the_facts(report):
    facts = report.facts
    told = [*words.summary(facts), *words.truth(facts), *(s for _, _, s in words.story(facts))]
    allowed = printable(json.loads((report.folder / "facts.json").read_text(encoding="utf-8")))
    totals = [column.money["cost"] for column in facts.columns]
    allowed |= {
        glossary.money(abs(round(one) - round(totals[-1]))) for one in totals
    }  # the two comparisons
    applied = [write for write in facts.writes if write.applied]
    allowed |= {str(len(applied))}
    allowed |= {str(sum(w.protocol == name for w in applied)) for name in glossary.PROTOCOLS}
    names = [*glossary.MONEY.values(), *glossary.SHORT.values(), *glossary.SELECTED.values()]
    allowed |= {n for name in names for text in name for n in numbers(text)}
    steps = {str(count) for count in range(2, len(applied) + 1)}
    for sentence in told:
        for text in sentence:
            assert set(numbers(text)) <= allowed | steps, text


def test_the_page_asks_for_nothing_from_outside(report):
    page = report.page.replace("url(#", "")  # a clip path of the page itself
    for word in ("http:", "https:", "//cdn", "@import", "url(", "<link", "<img", "<iframe"):
        assert word not in page, word
    assert {"src", "href", "srcset", "action", "xlink:href"}.isdisjoint(
        Outline(report.page).attributes
    )


def test_the_page_is_whole_and_every_plot_is_well_formed(report):
    assert Outline(report.page).open == []
    plots = re.findall(r"<svg.*?</svg>", report.page, re.S)
    assert len(plots) > 8
    for plot in plots:
        assert ET.fromstring(plot).get("aria-label")
        assert not re.search(r"nan|inf\b", re.sub(r"<text.*?</text>|<title>.*?</title>", "", plot))


def test_whatever_is_said_in_english_is_said_in_korean_too(report):
    said = Outline(report.page).said
    assert len(said["en"]) == len(said["ko"]) > 100
    korean = " ".join(said["ko"])
    for term in ("압연하중", "권취온도", "마무리압연 출측온도"):
        assert term in korean
    for wrong in ("을(를)", "은(는)", "이(가)", "(으)로"):
        assert wrong not in korean


def test_the_page_opens_in_the_language_asked_for(report):
    facts, traces = read_run(report.folder)
    assert '<html lang="ko" data-lang="ko">' in render(facts, traces, "ko")
    assert '<html lang="en" data-lang="en">' in report.page


def test_colour_is_kept_for_the_abnormal(report):
    style = report.page.split("<style>")[1].split("</style>")[0]
    for name, value in re.findall(r"(--[a-z0-9]+|[a-z-]+):\s*#([0-9a-f]{3,6})\b", style):
        parts = [value[i : i + 2] for i in (0, 2, 4)] if len(value) == 6 else list(value)
        levels = [int(part * (2 if len(part) == 1 else 1), 16) for part in parts]
        grey = max(levels) - min(levels) <= 8
        assert grey or name in ("--bad", "--warn"), (name, value)


def test_a_drifting_pyrometer_is_drawn_where_it_is_untrue_and_a_true_one_is_not(report):
    facts, traces = read_run(report.folder)
    drift = next(fault for fault in facts.faults if fault.kind == "fdt_pyrometer")
    sound = traces.time < drift.begin
    own = np.nanmedian((traces.measured["fdt"] - traces.true["fdt"])[sound])
    assert abs(own) < 18.0  # K: every plant has its pyrometer, and lives with its error
    wrong = np.isfinite(astray(traces.true["fdt"], traces.measured["fdt"] - own, 10.0))
    assert wrong[traces.time > drift.begin + 150.0].any()
    assert not wrong[sound].any()
    gauge = np.isfinite(astray(traces.true["gauge"], traces.measured["gauge"], 15e-6))
    assert not gauge.any()


def test_the_alarms_told_are_those_of_the_plants_own_log(report):
    logged = [row for row in rows(report.folder / "alarms.jsonl") if row["what"] == "raised"]
    shift, alone = report.facts.alarms, report.facts.alarms_alone
    assert shift.came == len(logged) > 0
    assert {a.name: a.came for a in shift.alarms} == Counter(row["alarm"] for row in logged)
    assert [a.priority for a in shift.alarms] == sorted(a.priority for a in shift.alarms)
    assert alone.came == sum(
        row["what"] == "raised" for row in rows(report.folder / HOLD / "alarms.jsonl")
    )
    table = next(t for t in Outline(report.page).tables if t[0][0] == "priority")
    assert [row[2] for row in table[1:]] == [str(a.came) for a in shift.alarms]
    allowed = {f"{shift.rate:.1f}", f"{alone.rate:.1f}", str(shift.came), str(shift.most), "6"}
    allowed |= {str(shift.urgent), str(alone.urgent), "10"}
    allowed |= {glossary.clock(time).en for span in shift.floods for time in span}
    for sentence in alarms.told(report.facts):
        for text in sentence:
            assert set(numbers(text)) <= allowed, text


def test_what_the_agent_could_not_know_stands_in_its_own_section(report):
    before, _, after = report.page.partition("Ground truth, unknown to the agent")
    assert {fault.kind for fault in report.facts.faults} == set(BEGUN)
    for fault in report.facts.faults:
        name = glossary.fault_name(fault).en.lower()
        assert name not in before.lower()
        assert name in after.lower()


def test_each_fault_says_when_its_sign_was_seen_and_when_it_was_answered(report):
    assert {fault.kind: fault.coil for fault in report.facts.faults} == BEGUN
    for fault in report.facts.faults:
        if fault.answered is not None:
            assert fault.seen is not None
            assert fault.begin <= fault.seen <= fault.answered
    assert any(fault.answered is not None for fault in report.facts.faults)


def test_every_write_the_plant_took_is_in_the_report_and_in_the_ledger(report):
    applied = [r for r in rows(report.folder / "plc_writes.jsonl") if r["outcome"] == "APPLIED"]
    assert len(applied) == report.facts.check.applied == report.facts.check.matched > 0
    assert report.facts.check.clean
    assert {row["protocol"] for row in applied} == {"opcua", "modbus"}
    for row in applied:
        assert row["action_id"] in report.page
    with sqlite3.connect(report.folder / "gate" / "ledger.sqlite") as ledger:
        done = {
            row[0] for row in ledger.execute("select action_id from actions where state='DONE'")
        }
    assert done == {row["action_id"] for row in applied}


def test_a_ledger_that_denies_a_write_ends_the_demo_with_code_3(report, tmp_path, capsys):
    folder = copy(report.folder, tmp_path)
    shift = SimpleNamespace(order=SimpleNamespace(folder=folder), wait_for_baselines=lambda: None)
    assert demo._report(shift, "en", open_report=False) == 0
    with sqlite3.connect(folder / "gate" / "ledger.sqlite") as ledger:
        ledger.execute(
            "update actions set state='NOT DONE' where action_id ="
            " (select action_id from actions where state='DONE' limit 1)"
        )
    assert demo._report(shift, "en", open_report=False) == 3
    assert "1 applied though the ledger says not done" in capsys.readouterr().out.replace("\n", " ")


def test_the_page_counts_who_was_asked_and_says_what_harm_is(report):
    asked = json.loads((report.folder / BASELINES).read_text())["rules"]["asked"]
    decided = [row["kind"] for row in rows(report.folder / "decisions.jsonl")].count("decision")
    assert asked > 0 < decided
    said = {lang: " ".join(text) for lang, text in Outline(report.page).said.items()}
    assert f"asked {asked} times on 5 coils; the agent decided {decided} times" in said["en"]
    assert f"코일 5개 동안 {asked}번 판단" in said["ko"]
    assert "each stand and each rating counted" in said["en"]
    assert "스탠드와 정격마다" in said["ko"]


def test_text_of_plant_and_agent_stays_text(report, tmp_path):
    folder = copy(report.folder, tmp_path)
    path = folder / "decisions.jsonl"
    hostile = '<script>alert(1)</script>" onload="x'
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line["reason"] = hostile
        line["alerts"] = [hostile]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    write_report(folder)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert Outline(page).open == []


def test_a_run_that_was_cut_short_is_told_from_the_coils_all_seats_have_rolled(report, tmp_path):
    folder = copy(report.folder, tmp_path)
    lines = (folder / "coils.jsonl").read_text().splitlines()
    (folder / "coils.jsonl").write_text("\n".join(lines[:2]) + "\n" + lines[2][:40])  # torn
    facts = write_report(folder)
    assert not facts.finished
    assert [len(column.coils) for column in facts.columns] == [2, 2, 2]
    assert f"2 of {COILS} coils" in words.summary(facts)[0].en


def test_a_run_without_baselines_is_still_told(report, tmp_path):
    folder = copy(report.folder, tmp_path)
    (folder / BASELINES).unlink()
    facts = write_report(folder)
    assert len(facts.columns) == 1
    assert "without an agent" not in " ".join(text.en for text in words.summary(facts))


def test_a_plant_killed_before_it_saved_the_truth_is_still_told(report, tmp_path):
    folder = copy(report.folder, tmp_path)
    (folder / "truth.parquet").unlink()
    shutil.rmtree(folder / "history")
    facts = write_report(folder)
    assert facts.faults == ()
    assert "Shift report" in (folder / "report.html").read_text()


def test_a_folder_that_holds_no_run_is_refused(tmp_path):
    with pytest.raises(RunFolderError, match="holds no demo"):
        write_report(tmp_path)


def copy(folder, target):
    return shutil.copytree(folder, target / "run")
