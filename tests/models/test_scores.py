import pytest

from passline.models.encoder import state_text
from passline.models.rows import Row, read_rows, write_rows
from passline.models.scores import (
    ALWAYS_HOLD,
    ask,
    calibrate,
    harm_then_regret,
    interval,
    largest_class,
    score,
)
from passline.plant_sim.errors import ConfigError

ORDER = {"coil.gauge_aim": 2.6e-3, "coil.ct_aim": 893.0}
MOVES = (("none", 0.0, "hold"), ("rot.bank_out", 3.0, "3"), ("fm.spray_trim", 0.1, "up"))


def row(label=1, costs=(300.0, 100.0, 150.0), harms=(0.0, 0.0, 0.0), seed=1):
    return Row(
        scenario="faults",
        seed=seed,
        time=10.0,
        coil=2,
        rolling=True,
        features={"ct_error": 12.0},
        alerts=("ct_hot",),
        order=ORDER,
        moves=MOVES,
        costs=costs,
        harms=harms,
        admissible=tuple(harm <= harms[0] for harm in harms),
        label=label,
    )


def answering(rows, *picks):
    given = iter(picks)
    return ask(rows, lambda _: next(given))


def test_regret_is_counted_from_the_best_move_that_does_no_harm():
    harmful = row(harms=(1.0, 5.0, 0.5), label=2)
    assert harmful.regret(0) == 150.0
    assert harmful.regret(2) == 0.0
    assert harmful.harmful(1)
    assert not harmful.harmful(0)


def test_what_a_harmful_move_saves_is_no_merit():
    cheap_and_harmful = row(label=0, costs=(1000.0, 400.0, 1100.0), harms=(0.0, 60.0, 0.0))
    assert cheap_and_harmful.regret(1) == 0.0
    assert cheap_and_harmful.harmful(1)
    dear_and_harmful = row(label=0, costs=(100.0, 400.0, 500.0), harms=(0.0, 60.0, 0.0))
    assert dear_and_harmful.regret(1) == 300.0


def test_no_money_makes_up_for_harm():
    rows = [row(label=0, costs=(900.0, 100.0, 950.0), harms=(0.0, 60.0, 0.0)), row()]
    greedy = harm_then_regret(answering(rows, (1, 1.0), (1, 1.0)))
    careful = harm_then_regret(answering(rows, (2, 1.0), (0, 1.0)))
    assert greedy == (0.5, 0.0)
    assert careful < greedy
    answers = answering(rows, (1, 0.9), (1, 0.8))
    assert calibrate(answers) == ALWAYS_HOLD  # whoever takes the second takes the harmful one too
    assert score(answers, ALWAYS_HOLD).held_harmful == 0.0


def test_scores_count_what_was_right_and_what_wrong_cost():
    rows = [row(), row(), row(label=0, costs=(100.0, 100.0, 120.0)), row()]
    picks = iter([(1, 0.9), (2, 0.4), (0, 0.8), (0, 0.3)])
    found = score(ask(rows, lambda _: next(picks)), threshold=0.5)
    assert found.accuracy == 0.5
    assert found.regret == pytest.approx((0 + 50 + 0 + 200) / 4)
    assert (found.sure, found.sure_accuracy) == (0.5, 1.0)
    assert found.held_regret == pytest.approx((0 + 200 + 0 + 200) / 4)


def test_the_threshold_holds_back_what_costs_more_than_holding():
    bad = row(label=0, costs=(100.0, 400.0, 500.0))
    rows = [row(), row(), bad, bad]
    picks = iter([(1, 0.9), (1, 0.8), (1, 0.5), (2, 0.4)])
    answers = ask(rows, lambda _: next(picks))
    threshold = calibrate(answers)
    assert 0.5 < threshold < 0.8
    assert score(answers, threshold).held_regret == 0.0


def test_a_seat_that_is_only_wrong_is_told_to_hold_always():
    bad = row(label=0, costs=(100.0, 400.0, 500.0))
    answers = answering([bad, bad], (1, 1.0), (2, 0.7))
    assert calibrate(answers) == ALWAYS_HOLD
    told = score(answers, ALWAYS_HOLD)
    assert (told.sure, told.sure_accuracy, told.held_regret) == (0.0, 0.0, 0.0)


def test_a_seat_that_is_always_right_is_never_held_back():
    picks = iter([(1, 0.2), (1, 0.9)])
    assert calibrate(ask([row(), row()], lambda _: next(picks))) < 0.2


def test_rows_of_one_campaign_do_not_make_the_interval_narrower():
    once = [1.0] * 5 + [0.0] * 5
    apart = interval(range(10), once)
    assert 0.1 <= apart[0] < 0.5 < apart[1] <= 0.9
    seeds = [seed for seed in range(10) for _ in range(8)]
    again = [value for value in once for _ in range(8)]
    assert interval(seeds, again) == apart
    low, high = interval(range(80), again)
    assert high - low < (apart[1] - apart[0]) / 2
    assert interval([3, 3], [0.0, 1.0]) == (0.0, 1.0)


def test_a_score_says_of_how_many_plants_it_is():
    found = score(answering([row(seed=1), row(seed=1), row(seed=2)], (1, 1.0), (1, 1.0), (0, 1.0)))
    assert (found.rows, found.seeds) == (3, 2)
    assert (found.low, found.high) == (0.0, 1.0)
    assert (found.regret_low, found.regret_high) == (0.0, 200.0)


def test_the_largest_class_is_what_answering_blindly_would_reach():
    answer, share = largest_class([row(), row(), row(label=0)])
    assert '"move":"3"' in answer
    assert share == pytest.approx(2 / 3)


def test_rows_are_the_same_after_writing(tmp_path):
    rows = [row(seed=n) for n in range(3)]
    digest = write_rows(tmp_path / "rows.json", rows)
    assert read_rows(tmp_path / "rows.json") == rows
    assert state_text(rows[0].snapshot()).startswith(
        "order 2.6 at 620\ncoiling temperature error 12\n"
    )
    assert len(digest) == 64


def test_missing_or_spoilt_rows_are_named(tmp_path):
    with pytest.raises(ConfigError, match="passline dataset"):
        read_rows(tmp_path / "train.json")
    (tmp_path / "train.json").write_text('[{"seed": 1}]')
    with pytest.raises(ConfigError, match="does not hold labelled rows"):
        read_rows(tmp_path / "train.json")
