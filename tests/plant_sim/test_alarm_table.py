"""The alarms of the line: each one means something, comes when it should, and says what to do."""

import re
from collections import Counter
from math import nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passline.plant_sim import make_line
from passline.plant_sim.alarms import AlarmSystem, Kind, State
from passline.plant_sim.lines.hot_strip.alarm_family import STATES
from passline.plant_sim.lines.hot_strip.alarm_table import alarm_table
from passline.plant_sim.lines.hot_strip.config import default_mill
from passline.plant_sim.lines.hot_strip.signal_table import AREAS, EVENTS, SIGNALS, area
from passline.plant_sim.signals import Quality, Sample

TABLE = alarm_table()
HANGUL = re.compile("[가-힣]")

# a coil in the middle of a good campaign, SI; every other signal stands between its ends
GOOD = {
    "coil.phase": 2.0,
    "coil.position": 400.0,
    "coil.width": 1.25,
    "coil.gauge_aim": 2.5e-3,
    "coil.fdt_aim": 1153.0,
    "coil.ct_aim": 873.0,
    "coil.crown_aim": 50e-6,
    "rm.rdt": 1343.0,
    "rm.descaler_pressure": 19e6,
    "fm.force_ratio": 1.0,
    "fm.exit_thickness": 2.5e-3,
    "fm.exit_width": 1.252,
    "fm.crown": 55e-6,
    "fm.flatness": 0.0,
    "fm.fdt": 1150.0,
    "fm.fdt_model": 1152.0,
    "fm.speed": 9.0,
    "fm.hydraulic_pressure": 28e6,
    "rot.coiling_temperature": 875.0,
    "rot.feedback": 0.1,
    "rot.water_pressure": 1.0e5,
    "rot.water_temperature": 300.0,
    "coiler.pinch_speed": 9.0,
    "coiler.tension": 20e6,
    "line.request": 0.0,
    "line.event": 0.0,
}
for _f in (1, 2):
    GOOD |= {f"furnace{_f}.zone_{z}_setpoint": 1520.0 for z in range(2, 6)}
    GOOD |= {f"furnace{_f}.zone_{z}_temperature_top": 1518.0 for z in range(2, 6)}
    GOOD |= {f"furnace{_f}.zone_{z}_temperature_bottom": 1510.0 for z in range(2, 6)}
    GOOD |= {f"furnace{_f}.oxygen": 0.02, f"furnace{_f}.flue_temperature": 1150.0}
    GOOD |= {f"furnace{_f}.pressure": 10.0, f"furnace{_f}.next_slab_temperature": 1500.0}
GOOD |= {f"f{s}.roll_force": 10e6 for s in range(1, 8)}
GOOD |= {f"f{s}.torque": 0.1e6 for s in range(1, 8)}
GOOD |= {f"f{s}.tension": 8e6 for s in range(1, 7)}
GOOD |= {f"f{s}.looper_angle": 0.35 for s in range(1, 7)}


def samples(**readings):
    """Samples of the whole line, all good."""
    values = {name: (signal.low + signal.high) / 2 for name, signal in SIGNALS.items()}
    values |= GOOD | readings
    return {name: Sample(value, Quality.GOOD, 0.0, 0.0) for name, value in values.items()}


def shift(readings, seconds, system=None, begin=0.0):
    """The names of the alarms that come while the line shows the same for some seconds."""
    system = system or AlarmSystem(TABLE, STATES)
    found = []
    for n in range(int(2 * seconds) + 1):
        found += system.update(readings, begin + 0.5 * n)
    return [event.alarm for event in found if event.what == "raised"]


def violated(one):
    """A reading of its signal that passes the limit of an alarm."""
    aim = samples()[one.other].value if one.other else 0.0
    step = 1.02 * one.limit * (aim if one.relative else 1.0)
    match one.kind:
        case Kind.HIGH:
            return one.limit + 0.01 * abs(one.limit)
        case Kind.LOW:
            return one.limit - 0.01 * abs(one.limit) - 1e-9 * SIGNALS[one.signal].high
        case Kind.EQUALS:
            return one.limit
        case Kind.BAD:
            return nan
        case _:
            return aim - step if one.side == "below" else aim + step


def test_there_are_as_many_alarms_as_an_operator_can_know_and_few_are_urgent():
    count = Counter(one.priority for one in TABLE)
    assert 60 <= len(TABLE) <= 95
    assert 0.75 <= count[4] / len(TABLE) <= 0.85
    assert 0.10 <= count[3] / len(TABLE) <= 0.20
    assert 0.02 <= (count[1] + count[2]) / len(TABLE) <= 0.07
    assert count[1] == 1


@pytest.mark.parametrize("one", TABLE, ids=lambda one: one.name)
def test_an_alarm_says_what_is_wrong_what_follows_and_what_to_do_in_both_languages(one):
    for words in (one.message, one.consequence, one.action):
        assert words.english.isascii()
        assert HANGUL.search(words.korean)
        assert "{" not in words.english + words.korean
    assert one.respond >= 10.0
    assert one.area == area(one.signal)
    assert one.area in AREAS


@pytest.mark.parametrize("one", TABLE, ids=lambda one: one.name)
def test_a_limit_lies_where_its_instrument_can_see_it_and_not_in_its_noise(one):
    signal = SIGNALS[one.signal]
    if one.kind in (Kind.HIGH, Kind.LOW, Kind.EQUALS):
        assert signal.low <= one.limit <= signal.high
    if one.kind in (Kind.DEVIATION, Kind.DISCREPANCY):
        assert SIGNALS[one.other].unit == signal.unit
    if one.kind in (Kind.HIGH, Kind.LOW) and signal.noise:
        assert one.dead_band >= 2 * signal.noise
    if one.kind is not Kind.EQUALS and one.signal != "fm.force_ratio":
        assert one.on_delay > 0 < one.off_delay


def test_no_two_alarms_have_the_same_words():
    assert len({one.message.english for one in TABLE}) == len(TABLE)
    assert len({one.message.korean for one in TABLE}) == len(TABLE)


def test_a_good_campaign_has_no_alarm():
    assert shift(samples(), 700.0) == []


@pytest.mark.parametrize("one", TABLE, ids=lambda one: one.name)
def test_an_alarm_comes_alone_when_only_its_reading_is_wrong_and_goes_with_it(one):
    system = AlarmSystem(TABLE, STATES)
    shift(samples(), 5.0, system)
    wrong = samples(**{one.signal: violated(one)})
    assert shift(wrong, one.on_delay, system, 5.5) == [one.name]
    system.acknowledge(one.name, "kim")
    shift(samples(), one.off_delay, system, 7.0 + one.on_delay)
    assert system.state(one.name) is (State.LATCHED if one.latching else State.NORMAL)


def test_between_two_coils_the_empty_mill_is_silent():
    empty = {"coil.phase": 0.0, "coil.position": 0.0, "fm.exit_thickness": 0.0}
    empty |= {"fm.fdt": 900.0, "rot.coiling_temperature": 500.0, "fm.exit_width": 0.0}
    empty |= {f"f{s}.tension": 0.0 for s in range(1, 7)} | {"coiler.tension": 0.0}
    empty |= {"fm.flatness": 1.0, "fm.crown": 0.0, "coiler.pinch_speed": 1.0}
    assert shift(samples(**empty), 150.0) == []


def test_a_cobble_at_f5_leads_to_the_tension_that_was_lost_first():
    system = AlarmSystem(TABLE, STATES)
    shift(samples(), 10.0, system)
    loop = {"f5.tension": 0.0}
    shift(samples(**loop), 0.5, system, 10.5)
    loop |= {"f5.looper_angle": 1.15}
    shift(samples(**loop), 1.0, system, 11.5)
    loop |= {"f6.torque": 3e6, "line.event": 1.0}
    loop |= {f"f{s}.tension": 0.0 for s in range(1, 7)} | {"fm.exit_thickness": 0.0}
    shift(samples(**loop), 60.0, system, 13.0)
    assert system.first_out("mill") == "f5.tension_lost"
    assert system.standing()[0].alarm.name == "line.cobble"
    assert system.kpi().recent <= 10


def test_the_cobble_alarm_cannot_be_shelved_and_stays_until_the_mill_is_reset():
    (cobble,) = (one for one in TABLE if one.priority == 1)
    assert (cobble.name, cobble.latching) == ("line.cobble", True)


def test_every_event_that_stops_the_mill_has_its_alarm():
    codes = {one.limit for one in TABLE if one.signal == "line.event"}
    stopping = {
        "cobble", "strip break", "force trip", "torque trip", "power trip", "tension loss",
    }  # fmt: skip
    assert {EVENTS[int(code)][0] for code in codes} == stopping


def rolled(scenario, seconds):
    """The alarms that come, one by one, while a line rolls and every one is acknowledged."""
    line = make_line("hot-strip", seed=7, scenario=scenario)
    written = 0
    while line.time < seconds:
        line.advance(5.0)
        new, written = line.alarms.journal.since(written), line.alarms.journal.written
        for event in new:
            if event.what == "raised":
                line.alarms.acknowledge(event.alarm, "kim")
                yield event.alarm


def test_a_sound_line_has_at_most_an_alarm_in_ten_minutes():
    assert list(rolled("nominal", 1800.0)) == []


@pytest.mark.parametrize(
    ("scenario", "alarm"),
    [
        ("pyrometer-drift", "fm.fdt_doubt"),
        ("dead-bank", r"rot.bank_\d+_wrong"),
        ("wrong-grade", "fm.force_ratio_high"),
        ("bank-open", r"rot.bank_\d+_wrong"),
        ("pump-trip", "rot.water_low"),
        ("warm-water", "rot.water_warm"),
        ("descaler-low", "rm.descaler_low"),
        ("hydraulic-decay", "fm.hydraulic_low"),
        ("pinch-slip", "coiler.pinch_slip"),
        ("late-discharge", "line.waiting"),
    ],
)
def test_each_fault_is_told_by_its_own_alarm(scenario, alarm):
    assert any(re.fullmatch(alarm, name) for name in rolled(scenario, 3000.0))


def test_a_mill_with_one_furnace_and_weaker_stands_has_fewer_alarms_and_lower_limits():
    mill = default_mill()
    weak = mill.stands[0].model_copy(update={"max_force": 20e6})
    small = mill.model_copy(
        update={
            "furnaces": mill.furnaces.model_copy(update={"count": 1}),
            "stands": (weak, *mill.stands[1:]),
        }
    )
    table = {one.name: one for one in alarm_table(small)}
    assert not any(name.startswith("furnace2") for name in table)
    assert table["f1.force_high"].limit == pytest.approx(0.95 * 20e6)
    assert len(table) == len(TABLE) - 10


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(SIGNALS)), st.floats(-2, 3), max_size=20))
def test_whatever_the_instruments_show_the_alarms_stand_in_legal_order(readings):
    spread = {
        name: SIGNALS[name].low + share * (SIGNALS[name].high - SIGNALS[name].low)
        for name, share in readings.items()
    }
    system = AlarmSystem(TABLE, STATES)
    shift(samples(**spread), 20.0, system)
    listed = [(line.alarm.priority, line.since) for line in system.standing()]
    assert listed == sorted(listed)
    assert not {line.alarm.name for line in system.standing()} & {
        line.alarm.name for line in system.aside()
    }
