"""One page about the line: bad data is shown as bad, faults show up, rules answer them."""

from math import nan

import pytest

from passline.plant_sim import make_line
from passline.plant_sim.control.rules import HoldSeat, RuleSeat
from passline.plant_sim.controls import HOLD, legal_moves
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS, offer
from passline.plant_sim.lines.hot_strip.signal_table import SIGNALS
from passline.plant_sim.signals import Quality, Sample
from passline.plant_sim.snapshot import ALERTS, SAMPLE_PERIOD, SnapshotBuilder


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
