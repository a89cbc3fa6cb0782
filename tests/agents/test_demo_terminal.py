import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from passline.agents.reports.plots import Both
from passline.agents.terminal import LiveView, Moment, PlainView, picture
from passline.connectors.simulated import SimulatedConnector
from passline.plant_sim import make_line

TITLE = Both("seed 3 · faults", "시드 3 · faults")
AGENT = Both("AGENT, closed loop", "에이전트, 자동 제어")


@pytest.fixture(scope="module")
def rolled():
    plant = SimulatedConnector(make_line("hot-strip", seed=3, scenario="faults"))
    plant.advance(300.0)
    return plant.samples()


def screen(view=None, width=130):
    out = io.StringIO()
    return SimpleNamespace(console=Console(file=out, width=width, highlight=False), out=out)


def drawn(now, lang="en"):
    page = screen()
    page.console.print(picture(now, lang))
    return page.out.getvalue()


def coil(number, cost, harm=0.0):
    hits = {"gauge_hit": 0.95, "fdt_hit": 1.0, "ct_hit": 0.98}
    return {"number": number, "cost": cost, "harm": harm, **hits}


def decision(time, state="DONE"):
    return {
        "time": time, "control": "rot.bank_out", "value": 2.0, "by": "rules",
        "reason": "bank 2 gives no water", "receipt": {"state": state},
    }  # fmt: skip


def test_the_picture_says_that_it_is_a_simulation_and_who_is_in_charge(rolled):
    text = drawn(Moment(TITLE, 20, AGENT, agent_in_charge=True, samples=rolled))
    assert "SIMULATION" in text
    assert "in charge: AGENT, closed loop" in text
    assert "■" not in text
    gone = Both("MILL AUTOMATION (the agent is gone)", "설비 자동화 (에이전트 없음)")
    assert "■ in charge: MILL AUTOMATION" in drawn(Moment(TITLE, 20, gone))


def test_the_picture_shows_gauge_and_temperatures_against_their_aims(rolled):
    text = drawn(Moment(TITLE, 20, AGENT, samples=rolled))
    assert f"{rolled['fm.fdt'].value - 273.15:.0f} °C" in text
    assert f"{rolled['fm.exit_thickness'].value * 1e3:.3f} mm" in text
    assert text.count("┊") + text.count("●") + text.count("◆") >= 3


def test_a_plant_that_is_not_seen_is_never_drawn_as_a_calm_one():
    text = drawn(Moment(TITLE, 20, AGENT))
    assert "the plant is not seen" in text
    assert "●" not in text


def test_money_is_compared_on_the_coils_that_every_column_has():
    others = {"hold": [coil(1, 500.0), coil(2, 700.0)], "rules": [coil(1, 300.0)]}
    text = drawn(Moment(TITLE, 20, AGENT, coils=[coil(1, 250.0)], others=others))
    assert "so far, 1 coil" in text
    assert {"500", "300", "250"} <= set(text.split())
    assert "700" not in text


def test_the_picture_is_whole_in_korean(rolled):
    now = Moment(TITLE, 20, AGENT, agent_in_charge=True, samples=rolled,
                 alerts=["bank_no_flow"], decisions=[decision(60.0)])  # fmt: skip
    text = drawn(now, "ko")
    for word in (
        "시뮬레이션",
        "제어 주체",
        "냉각 뱅크에 물이 나오지 않음",
        "뱅크 2가 물을 내지 않음",
    ):
        assert word in text


def test_plain_lines_tell_each_coil_and_each_move_once():
    page = screen()
    view = PlainView(page.console, "en")
    now = Moment(TITLE, 20, AGENT, coils=[coil(1, 250.0)], decisions=[decision(60.0)])
    view.show(now)
    view.show(now)
    view.say(Both("the gate ended", "게이트 종료"), abnormal=True)
    lines = page.out.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("coil 1 of 20: 250 EUR")
    assert "bank out of service → bank 2  DONE" in lines[1]
    assert lines[2] == "! the gate ended"


def test_the_live_view_keeps_what_is_abnormal_on_the_screen():
    page = screen()
    view = LiveView(page.console, "ko")
    view.say(Both("the gate ended", "게이트 종료"), abnormal=True)
    view.show(Moment(TITLE, 20, AGENT))
    view.close()
    assert "! 게이트 종료" in page.out.getvalue()
