from types import SimpleNamespace

import pytest

from passline.agents.reports import glossary, words
from passline.agents.reports.alarms import alarm_name, shift_of, told
from passline.agents.reports.crosscheck import cross_check
from passline.agents.reports.facts import Write
from passline.agents.reports.korean import with_particle
from passline.agents.reports.plots import label, ticks
from passline.agents.reports.records import noticed, rows
from passline.plant_sim.control.rules import wanted
from passline.plant_sim.lines.hot_strip.alarm_table import alarm_table
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS
from passline.plant_sim.snapshot import ALERTS


@pytest.mark.parametrize(
    ("word", "pair", "whole"),
    [
        ("압연하중", "은/는", "압연하중은"),
        ("권취온도", "은/는", "권취온도는"),
        ("고온계", "을/를", "고온계를"),
        ("뱅크 2", "이/가", "뱅크 2가"),
        ("뱅크 3", "이/가", "뱅크 3이"),
        ("레벨2 추정값", "으로/로", "레벨2 추정값으로"),
        ("+5 %", "으로/로", "+5 %로"),
        ("코일 7", "으로/로", "코일 7로"),
        ("코일", "으로/로", "코일로"),
        ("(없음)", "으로/로", "(없음)으로"),
        ("가상 PLC", "이/가", "가상 PLC가"),
    ],
)
def test_a_korean_particle_follows_the_sound_before_it(word, pair, whole):
    assert with_particle(word, pair) == whole


def test_every_alert_control_and_fault_has_a_korean_name():
    assert set(glossary.KOREAN_ALERTS) == set(ALERTS)
    assert set(CONTROLS) < set(glossary.SHORT)
    assert all(row.korean for row in glossary.FAULTS.values())


def test_every_reason_of_the_rule_table_has_korean_words():
    page = SimpleNamespace(alerts=tuple(ALERTS), features={"bank_without_flow": 3.0})
    reasons = [reason for _, _, reason in wanted(page)]
    assert len(reasons) > 8
    for reason in reasons:
        assert glossary.reason(reason).en == reason
        assert glossary.reason(reason).ko != reason


def test_a_set_point_is_read_in_plant_units():
    assert glossary.setpoint("fm.speed_trim", 0.3).en == "+0.3 m/s"
    assert glossary.setpoint("rot.cooling_correction", -0.1).en == "−10 %"
    assert glossary.setpoint("fm.fdt_source", 1.0) == ("level-2 estimate", "레벨2 추정값")
    assert glossary.setpoint("rot.bank_out", 3.0) == ("bank 3", "뱅크 3")
    assert glossary.setpoint("rot.bank_out", 0.0).en == "none"


def test_words_that_are_not_in_the_tables_are_told_as_recorded():
    assert glossary.alert("something new") == ("something new", "something new")
    assert glossary.reason("force_high; bank 2 gives no water").ko == (
        "압연하중이 예측보다 높음; 뱅크 2가 물을 내지 않음"
    )


def test_an_axis_has_round_numbers_inside_its_ends():
    assert ticks(-22.0, 41.0) == [-20.0, 0.0, 20.0, 40.0]
    assert label(-0.25) == "−0.25"


def row(action_id, outcome="APPLIED", control="fm.speed_trim", value=0.3):
    return {"action_id": action_id, "outcome": outcome, "control": control, "value": value}


def entry(action_id, state="DONE", control="fm.speed_trim", value=0.3):
    return {"action_id": action_id, "state": state, "control": control, "value": value}


def test_a_write_applied_twice_is_found():
    check = cross_check([row("a"), row("a"), row("b")], [entry("a"), entry("b")])
    assert (check.applied, check.matched, check.twice, check.clean) == (3, 1, ("a",), False)


def test_a_write_that_no_ledger_entry_asked_for_is_found():
    assert cross_check([row("a")], []).strangers == ("a",)
    assert cross_check([row("a", value=0.6)], [entry("a")]).strangers == ("a",)
    assert not cross_check([row("a")], []).clean


def test_a_write_with_two_ledger_entries_is_found():
    check = cross_check([row("a")], [entry("a"), entry("a")])
    assert (check.strangers, check.clean) == (("a",), False)


def test_a_write_called_done_that_the_plant_never_took_is_found():
    assert cross_check([row("a", "LOCAL")], [entry("a")]).unheard == ("a",)
    assert not cross_check([row("a", "LOCAL")], [entry("a")]).clean
    assert cross_check([row("a", "LOCAL")], [entry("a", "NOT DONE")]).clean


@pytest.mark.parametrize("state", ["NOT DONE", "REFUSED", "RECEIVED", "PENDING"])
def test_a_write_the_plant_took_that_the_ledger_denies_is_found(state):
    check = cross_check([row("a"), row("b")], [entry("a", state), entry("b")])
    assert (check.matched, check.denied, check.clean) == (1, ("a",), False)
    said = words.cross_check(SimpleNamespace(check=check))
    assert "1 applied though the ledger says not done" in said.en
    assert "적용됨 1건" in said.ko


@pytest.mark.parametrize("state", ["UNKNOWN", "SENDING"])
def test_a_write_whose_outcome_the_ledger_never_learnt_is_told_apart(state):
    check = cross_check([row("a")], [entry("a", state)])
    assert (check.unsettled, check.denied, check.clean) == (("a",), (), False)


def write(time, control, value, before=0.0, by="lm"):
    return Write(
        0.0, time, "modbus", "gate", "a", control, before, value,
        "applied", True, 4, "", None, by, "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "place", "sign", "wrong", "right"),
    [
        ("bank_shut", 3, "bank_no_flow", ("rot.bank_out", 5.0), ("rot.bank_out", 3.0)),
        ("fdt_pyrometer", 0, "pyrometer_low", ("fm.fdt_source", 0.0), ("fm.fdt_source", 1.0)),
        ("wrong_grade", 0, "force_high", ("fm.hardness_correction", -0.05),
         ("fm.hardness_correction", 0.05)),
    ],
)  # fmt: skip
def test_only_the_remedy_of_a_fault_is_its_answer(kind, place, sign, wrong, right):
    told = [{"time": 200.0, "alerts": [sign]}]
    early, other, back, late = (
        write(150.0, *right), write(210.0, *wrong), write(220.0, *right, by="rollback"),
        write(999.0, *right),
    )  # fmt: skip
    assert noticed(kind, place, 100.0, 900.0, told, [early, other, back, late]) == (200.0, None)
    found = noticed(kind, place, 100.0, 900.0, told, [other, write(300.0, *right)])
    assert found == (200.0, 300.0)


def test_how_often_the_rules_were_asked_and_the_agent_decided_is_counted():
    facts = SimpleNamespace(
        decisions=7, rules_asked=31, asked=20, agent=SimpleNamespace(coils=[None] * 12)
    )
    said = words.asked(facts)
    assert "asked 31 times on 20 coils; the agent decided 7 times on 12 coils" in said.en
    assert "코일 20개 동안 31번" in said.ko
    assert "코일 12개 동안 7번" in said.ko


def test_a_torn_line_takes_no_line_after_it_along(tmp_path):
    path = tmp_path / "plc_writes.jsonl"
    path.write_text('{"a": 1}\n{"a": 2, "b\n{"a": 3}\n{"a": 4, ')
    assert rows(path) == [{"a": 1}, {"a": 3}]


def happening(time, what, alarm="", priority=0):
    return {"time": time, "what": what, "alarm": alarm, "priority": priority}


def test_floods_first_outs_and_what_stands_are_read_from_the_log():
    log = [happening(50.0 * n, "raised", f"a{n}", 4) for n in range(11)]
    log += [happening(600.0, "flood began"), happening(605.0, "first out", "a0", 4)]
    log += [happening(700.0, "raised", "line.cobble", 1), happening(800.0, "returned", "a0", 4)]
    log += [happening(1300.0, "flood ended"), happening(1400.0, "chattering", "rm.rdt_low", 4)]
    log += [happening(3000.0, "flood began")]
    shift = shift_of(log, 3600.0)
    assert (shift.came, shift.most, shift.rate, shift.urgent) == (12, 11, 12.0, 1)
    assert shift.floods == ((600.0, 1300.0), (3000.0, 3600.0))
    assert shift.alarms[0].name == "line.cobble"
    found = {alarm.name: alarm for alarm in shift.alarms}
    assert (found["a0"].led, found["a0"].standing, found["a1"].standing) == (1, False, True)
    said = told(SimpleNamespace(alarms=shift, alarms_alone=None))
    assert "A flood of alarms from 10:00 to 21:40." in [sentence.en for sentence in said]
    assert any("채터링" in sentence.ko for sentence in said)


def test_a_run_without_a_log_of_alarms_says_so():
    (said,) = told(SimpleNamespace(alarms=None, alarms_alone=None))
    assert said.en == "The alarms of this run were not recorded."
    assert shift_of([], 0.0).rate == 0.0


def test_every_alarm_of_the_table_is_told_in_korean():
    assert all(alarm_name(alarm.name).ko == alarm.message.korean for alarm in alarm_table())
    assert alarm_name("sunshine") == ("sunshine", "sunshine")
