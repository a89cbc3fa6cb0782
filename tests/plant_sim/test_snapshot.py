"""One page about the line: bad data is shown as bad, faults show up, rules answer them."""

from math import nan

import pytest

from passline.plant_sim import make_line
from passline.plant_sim.control.rules import HoldSeat, RuleSeat, wanted
from passline.plant_sim.controls import HOLD, legal_moves
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS, offer
from passline.plant_sim.lines.hot_strip.signal_table import SIGNALS
from passline.plant_sim.signals import Quality, Sample
from passline.plant_sim.snapshot import ALERTS, SAMPLE_PERIOD, STUCK_AFTER, SnapshotBuilder


def shift(line, seconds, builder=None):
    """Pages of a line that nobody touches."""
    builder = builder or SnapshotBuilder(SIGNALS, CONTROLS)
    for _ in range(int(seconds / SAMPLE_PERIOD)):
        line.advance(SAMPLE_PERIOD)
        yield builder.update(line.read())


@pytest.mark.parametrize(
    ("scenario", "alert", "control"),
    [
        ("pyrometer-drift", "pyrometer_low", "fm.fdt_source"),
        ("dead-bank", "bank_no_flow", "rot.bank_out"),
        ("wrong-grade", "force_high", "fm.hardness_correction"),
    ],
)
def test_each_fault_is_seen_and_the_rule_table_answers_it(scenario, alert, control):
    line = make_line("hot-strip", seed=7, scenario=scenario)
    for page in shift(line, 2200.0):
        if alert in page.alerts:
            moves = legal_moves(CONTROLS, page.samples, offer)
            chosen = moves[RuleSeat().decide([page], [moves])[0].choice]
            if chosen.control == control:
                return
    pytest.fail(f"{scenario}: {alert} with an answer by {control} was never seen")


def test_a_value_that_is_not_good_is_neither_used_nor_replaced():
    line = make_line("hot-strip", seed=1)
    builder = SnapshotBuilder(SIGNALS, CONTROLS)
    *_, page = shift(line, 150.0, builder)  # the first bar needs 100 s from the furnace
    assert page.rolling
    assert "fdt_error" in page.features
    assert page.alerts != ("bad_data",)
    bad = line.read()
    bad["fm.fdt"] = Sample(nan, Quality.BAD, line.time, 0.0)
    bad["rot.coiling_temperature"] = Sample(900.0, Quality.UNCERTAIN, line.time, 0.0)
    page = builder.update(bad)
    assert "bad_data" in page.alerts
    assert not {"fdt_error", "fdt_residual", "ct_error"} & set(page.features)
    offered = {move.control for move in legal_moves(CONTROLS, bad, offer)}
    assert "fm.speed_trim" not in offered
    assert "rot.cooling_correction" not in offered


def test_without_any_reading_nothing_but_hold_is_legal():
    assert legal_moves(CONTROLS, {}, offer) == [HOLD]
    page = SnapshotBuilder(SIGNALS, CONTROLS).update({}, now=5.0)
    assert page.alerts == ("bad_data",)
    assert not page.rolling
    assert RuleSeat().decide([page], [[HOLD]])[0].choice == 0


def test_every_legal_move_stays_inside_the_catalogue():
    line = make_line("hot-strip", seed=3)
    line.advance(150.0)
    line.write({"fm.speed_trim": 1.4, "rot.bank_out": 3.0})
    moves = legal_moves(CONTROLS, line.read(), offer)
    assert moves[0] == HOLD
    assert len(moves) >= 10
    for move in moves[1:]:
        control = CONTROLS[move.control]
        assert control.refusal(move.value, line.read([move.control])[move.control].value) is None
    assert ("fm.speed_trim", "up") not in {(m.control, m.label) for m in moves}


def test_alerts_are_a_closed_vocabulary_and_hold_never_moves():
    line = make_line("hot-strip", seed=11, scenario="faults")
    seen = {alert for page in shift(line, 1500.0) for alert in page.alerts}
    assert seen <= set(ALERTS)
    assert seen
    page = next(shift(line, 2.0))
    moves = legal_moves(CONTROLS, page.samples, offer)
    assert HoldSeat().decide([page], [moves])[0].choice == 0


def shown(time, **readings):
    """Good samples of a line at one moment; two underscores stand for the dot."""
    return {
        name.replace("__", "."): Sample(value, Quality.GOOD, time, 0.0)
        for name, value in readings.items()
    }


def banks(time, flow):
    """The first cooling bank, asked for all its water, gives this share of it."""
    return shown(time, rot__bank_1_command=1.0, rot__bank_1_flow=flow)


def test_one_dry_look_condemns_no_bank_however_long_ago_the_last_look_was():
    builder = SnapshotBuilder(SIGNALS, CONTROLS)
    builder.update(banks(100.0, 1.0))
    assert "bank_no_flow" not in builder.update(banks(160.0, 0.0)).alerts
    assert "bank_no_flow" not in builder.update(banks(161.0, 1.0)).alerts
    assert "bank_no_flow" not in builder.update(banks(220.0, 0.0)).alerts


@pytest.mark.parametrize("period", [0.5, 2.0, 10.0])
def test_a_bank_that_stays_dry_is_told_after_its_lag_at_any_pace_of_looking(period):
    builder = SnapshotBuilder(SIGNALS, CONTROLS)
    builder.update(banks(100.0, 1.0))
    begin, time = 100.0 + period, 100.0 + period
    while "bank_no_flow" not in (page := builder.update(banks(time, 0.0))).alerts:
        time += period
    assert page.features["bank_without_flow"] == 1.0
    assert STUCK_AFTER <= time - begin < STUCK_AFTER + period


def test_a_bank_that_cannot_be_seen_is_not_dry():
    builder = SnapshotBuilder(SIGNALS, CONTROLS)
    builder.update(banks(100.0, 0.0))
    builder.update(shown(104.0, rot__bank_1_command=1.0))
    assert "bank_no_flow" not in builder.update(banks(108.0, 0.0)).alerts


def head(time, coil, ratio, correction):
    """A coil whose head has shown its forces, and the hardness correction of now."""
    return shown(time, coil__number=coil, fm__force_ratio=ratio, fm__hardness_correction=correction)


def wishes(page):
    """The rule table's moves of the hardness correction."""
    return [label for control, label, _ in wanted(page) if control == "fm.hardness_correction"]


def test_a_correction_is_credited_before_the_next_head_can_show_it():
    builder = SnapshotBuilder(SIGNALS, CONTROLS)
    builder.update(head(0.0, 4, 1.0, 0.0))
    builder.update(head(60.0, 5, 1.0, 0.0))
    assert wishes(builder.update(head(100.0, 5, 1.12, 0.0))) == ["up"]
    assert wishes(builder.update(head(140.0, 5, 1.12, 0.05))) == ["up"]
    for time in range(180, 300, 10):  # the rest of the coil, and the next one up to its head
        page = builder.update(head(float(time), 5 if time < 240 else 6, 1.12, 0.10))
        assert wishes(page) == []
    assert page.features["force_excess"] == pytest.approx(1.12 / 1.10 - 1.0)
    assert builder.update(head(320.0, 6, 1.01, 0.10)).features["force_excess"] == pytest.approx(
        0.01
    )


def test_whoever_begins_in_the_middle_of_a_coil_does_not_correct_it_a_second_time():
    builder = SnapshotBuilder(SIGNALS, CONTROLS)
    for time in range(0, 60, 10):  # another has written +10 % in this coil, and then died
        page = builder.update(head(float(time), 5, 1.12, 0.10))
        assert "force_excess" not in page.features
        assert wishes(page) == []
    assert wishes(builder.update(head(70.0, 6, 1.12, 0.10))) == []
    page = builder.update(head(120.0, 6, 1.08, 0.10))  # the head of a coil set up under our eyes
    assert page.features["force_excess"] == pytest.approx(0.08)
    assert wishes(page) == ["up"]
