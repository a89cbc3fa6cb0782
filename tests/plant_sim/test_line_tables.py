"""The signals and controls of the whole line: every row complete, the present names unchanged."""

import re
from importlib import import_module
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passline.plant_sim.lines.hot_strip.control_table import CONTROLS, DESK, START, disagrees, offer
from passline.plant_sim.lines.hot_strip.parameters import BANKS
from passline.plant_sim.lines.hot_strip.signal_table import (
    AREAS,
    EVENTS,
    PARTS,
    ROWS,
    SIGNALS,
    area,
)
from passline.plant_sim.signals import Quality, Sample
from passline.plant_sim.units import UNITS, from_si, to_si

HANGUL = re.compile("[가-힣]")
WORD = re.compile(r"[a-z][a-z0-9]*\.[a-z][a-z0-9_]*")

# name -> (SI unit, unit an operator reads) of what tag files, labels and reports already rely on
PRESENT = {
    "coil.number": ("1", "1"),
    "coil.phase": ("1", "1"),
    "coil.position": ("m", "m"),
    "coil.width": ("m", "mm"),
    "coil.gauge_aim": ("m", "mm"),
    "coil.fdt_aim": ("K", "degC"),
    "coil.ct_aim": ("K", "degC"),
    "coil.carbon": ("1", "wt%"),
    "fm.entry_temperature": ("K", "degC"),
    "fm.speed": ("m/s", "m/s"),
    **{f"f{s}.roll_force": ("N", "MN") for s in range(1, 8)},
    "fm.force_ratio": ("1", "1"),
    "fm.exit_thickness": ("m", "mm"),
    "fm.fdt": ("K", "degC"),
    "fm.fdt_model": ("K", "degC"),
    "fm.spray_opening": ("1", "%"),
    "fm.power": ("W", "MW"),
    "rot.coiling_temperature": ("K", "degC"),
    "rot.demand": ("1", "1"),
    "rot.feedback": ("1", "1"),
    "rot.water_temperature": ("K", "degC"),
    **{f"rot.bank_{b}_flow": ("1", "%") for b in range(1, 15)},
    **{f"rot.bank_{b}_command": ("1", "%") for b in range(1, 15)},
    "fm.speed_trim": ("m/s", "m/s"),
    "fm.spray_trim": ("1", "%"),
    "fm.fdt_source": ("1", "1"),
    "fm.hardness_correction": ("1", "%"),
    "rot.bank_out": ("1", "1"),
    "rot.cooling_correction": ("1", "%"),
}


def test_the_whole_line_is_about_two_hundred_signals_and_two_dozen_controls():
    assert 180 <= len(SIGNALS) <= 230
    assert 15 <= len(CONTROLS) <= 25
    assert all(name == signal.name for name, signal in SIGNALS.items())


def test_the_present_names_keep_their_meaning_and_units():
    found = {name: (SIGNALS[name].unit, SIGNALS[name].display) for name in PRESENT}
    assert found == PRESENT


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=str)
def test_a_signal_has_a_trade_name_a_range_and_words_in_both_languages(signal):
    assert WORD.fullmatch(signal.name)
    assert signal.low < signal.high
    assert UNITS[signal.display][0] == signal.unit
    assert signal.english.isascii()
    assert HANGUL.search(signal.korean)
    assert "{" not in signal.english + signal.korean
    assert (signal.noise > 0) == (signal.writer == "instrument")
    assert signal.noise < 0.02 * (signal.high - signal.low)
    assert area(signal.name) in AREAS


def test_no_two_signals_share_their_words_or_their_place_in_the_state():
    assert len(set(ROWS.values())) == len(SIGNALS) == len(ROWS)
    assert len({signal.english for signal in SIGNALS.values()}) == len(SIGNALS)
    assert len({signal.korean for signal in SIGNALS.values()}) == len(SIGNALS)


@pytest.mark.parametrize("part", sorted(set(PARTS) - {"block"}))
def test_a_section_keeps_the_rows_that_signals_are_read_from(part):
    layout = f"passline.plant_sim.lines.hot_strip.{PARTS[part]}"
    rows = {row.row for row in ROWS.values() if row.part == part}
    assert rows - set(vars(import_module(layout))) == set()


def test_every_area_and_event_has_words_in_both_languages():
    for words in [(found.english, found.korean) for found in AREAS.values()] + [*EVENTS.values()]:
        assert words[0].isascii()
        assert HANGUL.search(words[1])
    assert {area(name) for name in SIGNALS} == set(AREAS)


@pytest.mark.parametrize("control", CONTROLS.values(), ids=lambda control: control.name)
def test_a_control_is_read_back_by_its_signal_and_needs_signals_that_exist(control):
    signal = SIGNALS[control.name]
    assert signal.writer == "operator"
    assert signal.low <= control.low < control.high <= signal.high
    assert set(control.needs) <= set(SIGNALS)
    assert HANGUL.search(control.korean)
    assert control.low <= START.get(control.name, 0.0) <= control.high
    assert 0 < control.max_step <= control.high - control.low
    assert bool(control.steps) != bool(control.choices)
    assert control.cooldown > 0
    assert control.tolerance < min(control.steps, default=1.0)


@given(st.sampled_from(sorted(CONTROLS)), st.floats(0, 1))
def test_a_step_offered_from_inside_the_range_is_never_larger_than_one_write_may_be(name, share):
    control = CONTROLS[name]
    present = control.low + share * (control.high - control.low)
    moves = offer(control, present)
    assert len({move.label for move in moves}) == len(moves)
    for move in moves:
        if control.low <= move.value <= control.high:
            assert control.refusal(move.value, present) is None


def test_stopping_the_line_always_needs_a_person():
    assert CONTROLS["line.request"].risk == "high"
    assert "line.request" not in DESK


def test_the_desk_offers_the_six_controls_that_seats_know():
    assert len(DESK) == 6
    assert set(DESK) <= set(CONTROLS) & set(PRESENT)


def cooled(**flows):
    """Samples of banks that all do what they are told, but for bank_<n>=(command, flow)."""
    told = {b: flows.get(f"bank_{b}", (0.5, 0.5)) for b in range(1, BANKS + 1)}
    return {
        f"rot.bank_{b}_{what}": Sample(value, Quality.GOOD, 0.0, 0.0)
        for b, pair in told.items()
        for what, value in zip(("command", "flow"), pair, strict=True)
    }


def test_only_a_bank_whose_flow_disagrees_with_its_command_is_offered_to_be_taken_out():
    control = CONTROLS["rot.bank_out"]
    assert [move.label for move in offer(control, 0.0, cooled())] == ["0"]
    samples = cooled(bank_4=(0.9, 0.0), bank_9=(0.0, 1.0), bank_2=(0.2, 0.0))
    assert [move.label for move in offer(control, 0.0, samples)] == ["0", "4", "9"]
    assert len(offer(control, 0.0)) == BANKS + 1


@pytest.mark.parametrize(
    ("command", "flow", "offered"),
    [
        (1.0, 0.70, False),  # pump lost, nozzles clogged: every bank would be
        (1.0, 0.40, True),  # a valve stuck at 40 %
        (0.31, 0.12, True),  # what the snapshot calls a bank without flow
        (0.0, 0.60, True),  # a valve stuck open
        (0.0, 0.05, False),
        (0.2, 0.01, False),
    ],
)
def test_weak_water_is_no_dead_bank(command, flow, offered):
    assert disagrees(5, cooled(bank_5=(command, flow))) == offered


def test_a_bank_with_a_bad_flow_meter_is_not_called_dead():
    samples = cooled(bank_4=(0.9, 0.0))
    assert disagrees(4, samples)
    for bad in (Sample(0.0, Quality.BAD, 0.0, 0.0), Sample(nan, Quality.GOOD, 0.0, 0.0)):
        assert not disagrees(4, samples | {"rot.bank_4_flow": bad})
    assert not disagrees(4, {})


@given(st.sampled_from(sorted(UNITS)), st.floats(-1e6, 1e6))
def test_every_unit_converts_there_and_back(unit, value):
    assert from_si(to_si(value, unit), unit) == pytest.approx(value, rel=1e-9, abs=1e-6)
