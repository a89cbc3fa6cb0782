"""Whatever day is drawn, it is a day a mill can have, and drawn again it is the same day."""

import pickle
from fnmatch import fnmatch
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passline.plant_sim.errors import ConfigError
from passline.plant_sim.lines.hot_strip.faults import FAULTS as KINDS
from passline.plant_sim.lines.hot_strip.parameters import BANKS, STANDS, ZONES
from passline.plant_sim.lines.hot_strip.signal_table import SIGNALS
from passline.plant_sim.scenarios.catalogue import (
    LEVELS,
    SCENARIOS,
    TRAINING,
    scenario,
    tagged,
)
from passline.plant_sim.scenarios.draw import DISTURBANCES, SHIFTS, Draw
from passline.plant_sim.scenarios.faults import FAULTS, FOREVER, KPIS
from passline.plant_sim.scenarios.fields import FIELDS, GRADES, ORDER, PRODUCTS
from passline.plant_sim.scenarios.generator import generated
from passline.plant_sim.scenarios.plan import POOL, draw_plan
from passline.plant_sim.scenarios.registry import register

SEEDS = st.integers(0, 2**32 - 1)
NAMES = st.sampled_from(sorted(SCENARIOS))
DRAWN = st.integers(0, 2**32 - 1).map("generated:{}".format)
PLACES = {"": 0, "stand": STANDS, "gap": STANDS - 1, "zone": ZONES, "bank": BANKS}
HANGUL = range(ord("가"), ord("힣") + 1)


def korean(text):
    return any(ord(letter) in HANGUL for letter in text)


def bits(plan):
    arrays = (plan.orders, plan.faults, plan.disturbances, plan.shifts, plan.tariff)
    return [array.tobytes() for array in arrays], plan.asked


def check_orders(orders):
    for place, field in enumerate(FIELDS):
        column = orders[:, place]
        assert np.all((column >= field.low) & (column <= field.high)), field.name
    place = ORDER.index("grade")
    np.testing.assert_array_equal(orders[:, place], np.round(orders[:, place]))


def check_faults(table):
    assert table.shape == (len(KINDS), 5)
    for name, (first, until, size, ramp, place) in zip(KINDS, table.tolist(), strict=True):
        row = FAULTS[name]
        if (first, until) == (0.0, 0.0):
            assert (size, ramp, place) == (0.0, 0.0, 0.0)
            continue
        assert first == round(first)
        assert 1.0 <= first < until <= 2 * FOREVER
        sizes = (size, -size) if row.both else (size,)
        assert any(row.low <= one <= row.high for one in sizes), name
        assert 0.0 <= ramp <= 7200.0
        assert place == round(place)
        assert (place == 0.0) if row.place == "" else (1.0 <= place <= PLACES[row.place])


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_registered_scenario_draws_days_a_mill_can_have(name):
    for seed in range(60):
        plan = draw_plan(name, seed, seed % 3)
        check_orders(plan.orders)
        check_faults(plan.faults)
        assert plan.coils == 60
        assert plan.slab_width.min() >= plan.orders[:, ORDER.index("width")].min() - 0.011
        assert np.all((plan.disturbances >= 0.0) & (plan.disturbances <= 4.0))
        assert np.all(np.abs(plan.shifts - 1.0) <= 0.1)


@settings(max_examples=60, deadline=None)
@given(NAMES | DRAWN, SEEDS, st.integers(0, 2**24 - 1), st.integers(1, 90))
def test_any_plan_is_valid_and_drawn_again_has_the_same_bits(name, seed, episode, coils):
    plan = draw_plan(name, seed, episode, coils)
    check_orders(plan.orders)
    check_faults(plan.faults)
    draw_plan("faults", seed ^ 1, episode, 7)  # others are drawn in between
    assert bits(draw_plan(name, seed, episode, coils)) == bits(plan)
    assert plan.coils == coils


@settings(max_examples=40, deadline=None)
@given(NAMES | DRAWN, SEEDS, st.integers(1, 60))
def test_a_shorter_plan_is_the_beginning_of_a_longer_one(name, seed, coils):
    short, whole = draw_plan(name, seed, 0, coils), draw_plan(name, seed, 0, 60)
    np.testing.assert_array_equal(short.orders, whole.orders[:coils])
    np.testing.assert_array_equal(short.faults, whole.faults)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_a_day_with_a_fault_rolls_the_same_orders_as_the_day_without(seed):
    sound = draw_plan("nominal", seed)
    for row in tagged(level="faults"):
        np.testing.assert_array_equal(draw_plan(row, seed).orders, sound.orders)


def test_seeds_episodes_and_scenarios_draw_different_days():
    plans = {(s, e): bits(draw_plan("faults", s, e))[0][0] for s in range(8) for e in range(8)}
    assert len(set(plans.values())) == 64


def test_what_is_drawn_cannot_be_changed():
    plan = draw_plan("faults", 1)
    with pytest.raises(ValueError, match="read-only"):
        plan.faults[0, 0] = 3.0
    with pytest.raises(ValueError, match="read-only"):
        plan.orders[0, 0] = 3.0


def test_a_nominal_day_has_no_fault_and_a_calm_one_no_disturbance():
    nominal, calm = draw_plan("nominal", 5), draw_plan("calm", 5)
    assert not nominal.happenings
    assert not calm.happenings
    assert nominal.disturbances.tolist() == [1.0] * len(DISTURBANCES)
    assert calm.disturbances.tolist() == [0.0] * len(DISTURBANCES)
    assert nominal.tariff.tolist() == [0.0, 0.0, 1.0]


def test_a_pyrometer_drifts_low_by_28_to_42_k_at_a_tenth_of_a_kelvin_a_second():
    for seed in range(40):
        (drift,) = draw_plan("pyrometer-drift", seed).happenings
        assert drift.kind == "fdt_pyrometer"
        assert -42.0 <= drift.size <= -28.0
        assert 0.05 <= -drift.size / drift.ramp <= 0.175
        assert 2 <= drift.from_coil <= 6
        assert drift.until_coil == FOREVER


def test_a_dead_bank_and_a_wrong_lot_keep_their_sizes_and_times():
    for seed in range(40):
        (bank,) = draw_plan("dead-bank", seed).happenings
        assert (bank.kind, bank.size, bank.ramp) == ("bank_shut", 1.0, 0.0)
        assert 4 <= bank.from_coil <= 10
        assert 1 <= bank.place <= 3
        (lot,) = draw_plan("wrong-grade", seed).happenings
        assert lot.kind == "wrong_grade"
        assert 0.13 <= lot.size <= 0.21
        assert 3 <= lot.until_coil - lot.from_coil <= 5


def test_a_day_of_faults_has_each_of_the_three_four_times_of_five_and_never_none():
    days = [{one.kind for one in draw_plan("faults", seed).happenings} for seed in range(400)]
    assert all(days)
    for kind in ("fdt_pyrometer", "bank_shut", "wrong_grade"):
        assert 0.74 < np.mean([kind in day for day in days]) < 0.86


def test_every_kind_of_fault_is_in_one_order_and_fully_described():
    assert tuple(FAULTS) == KINDS
    assert len(KINDS) == 32
    for index, row in enumerate(FAULTS.values()):
        assert row.index == index
        assert row.low < row.high
        assert row.low > 0.0 or row.high < 0.0
        assert row.ramp[0] <= row.ramp[1]
        assert row.places[1] <= PLACES[row.place]
        assert (row.places == (0, 0)) == (row.place == "")
        assert korean(row.korean)
        assert row.english
        assert row.tags
        assert row.hidden
        assert all(kpi in KPIS and least != 0.0 for kpi, least in row.moves)


def test_signals_that_must_not_show_a_fault_exist_on_the_line():
    for row in FAULTS.values():
        for pattern in row.hidden:
            assert any(fnmatch(name, pattern) for name in SIGNALS), pattern


def test_every_kind_of_fault_has_a_scenario_with_it_alone_or_first():
    kinds = {
        one.kind for name in SCENARIOS for seed in range(6)
        for one in draw_plan(name, seed).happenings
        if name not in ("any-fault", "shifted-faults")
    }  # fmt: skip
    assert kinds == set(KINDS)


def test_the_plant_side_of_the_drills_is_there():
    here = {f"S{number}" for number in range(1, 30)} - {"S24", "S25"}  # those are on the wire
    assert {tag for row in SCENARIOS.values() for tag in row.tags} >= here
    assert [row.name for row in tagged("S17")] == ["dead-bank", "bank-open", "pump-trip"]


def test_every_scenario_is_described_in_english_and_korean():
    for name, row in SCENARIOS.items():
        assert row.name == name
        assert row.level in LEVELS
        assert row.english
        assert korean(row.korean)
        assert row.tags
    assert {row.level for row in SCENARIOS.values()} == set(LEVELS)
    assert next(iter(SCENARIOS)) == "nominal"


def test_a_shifted_plant_is_never_one_for_training():
    for name, row in SCENARIOS.items():
        shifted = any(np.any(draw_plan(name, seed).shifts != 1.0) for seed in range(20))
        assert shifted == (row.level == "shifted") == (name not in TRAINING) == (not row.training)
    assert not tagged(level="shifted", training=True)


def test_a_shifted_plant_is_5_to_10_percent_off_in_everything():
    shifts = np.array([draw_plan("shifted-plant", seed).shifts for seed in range(100)])
    assert shifts.shape == (100, len(SHIFTS))
    off = np.abs(shifts - 1.0)
    assert off.min() >= 0.05 - 1e-12
    assert off.max() <= 0.1 + 1e-12
    assert np.all((shifts > 1.0).mean(axis=0) > 0.3)
    assert np.all((shifts < 1.0).mean(axis=0) > 0.3)


def test_a_random_book_rolls_lots_of_four_of_the_six_products():
    seen = set()
    for seed in range(12):
        orders = draw_plan("nominal", seed).orders
        width, gauge, fdt, ct, carbon = (orders[:, n] for n in range(5))
        grade = orders[:, ORDER.index("grade")]
        rows = list(zip(width, gauge, fdt, ct, carbon, grade, strict=True))
        assert set(rows) <= set(PRODUCTS)
        seen |= set(rows)
        assert all(len(set(rows[n : n + 4])) == 1 for n in range(0, 60, 4))
        mass = orders[:, ORDER.index("mass")] / width
        assert np.all((mass >= 14500.0) & (mass < 16500.0))
    assert seen == set(PRODUCTS)
    changing = draw_plan("product-change", 3).orders[:, 1]
    assert np.count_nonzero(np.diff(changing)) > 30


def test_how_hard_a_grade_really_is_stays_the_same_all_day_and_scatters_by_3_percent():
    place = ORDER.index("hardness_true"), ORDER.index("grade")
    factors = []
    for seed in range(150):
        orders = draw_plan("campaign", seed).orders
        for grade in range(len(GRADES)):
            own = orders[orders[:, place[1]] == grade, place[0]]
            assert np.all(own == own[0])
            factors.append(own[0])
    assert 0.025 < np.std(factors) < 0.037
    assert abs(np.mean(factors) - 1.0) < 0.005


def test_dates_rise_and_the_coils_of_a_lot_are_due_together():
    due = draw_plan("nominal", 2).orders[:, ORDER.index("due_seconds")]
    assert np.all(np.diff(due) >= 0.0)
    assert len(set(due.tolist())) == 15
    tight = draw_plan("pacing", 2).orders[:, ORDER.index("due_seconds")]
    assert tight[-1] < due[-1]


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_a_generated_scenario_is_the_same_every_time_and_for_every_plan(seed):
    row = scenario(f"generated:{seed}")
    assert row.name == f"generated:{seed}"
    generated.cache_clear()
    again = scenario(f"generated:{seed}")
    one, other = draw_plan(row, 1), draw_plan(again, 2)
    np.testing.assert_array_equal(one.faults, other.faults)
    np.testing.assert_array_equal(one.disturbances, other.disturbances)
    assert 1 <= len(one.happenings) <= 3
    assert not np.array_equal(one.orders, other.orders)
    assert korean(row.korean)
    assert row.training


def test_generated_scenarios_cover_all_kinds_about_evenly():
    counts = dict.fromkeys(KINDS, 0)
    numbers = []
    for seed in range(1200):
        happenings = draw_plan(f"generated:{seed}", 0, coils=1).happenings
        numbers.append(len(happenings))
        for one in happenings:
            counts[one.kind] += 1
    expected = sum(numbers) / len(KINDS)
    assert all(0.6 * expected < count < 1.4 * expected for count in counts.values()), counts
    assert {1, 2, 3} == set(numbers)


@pytest.mark.parametrize(
    "name", ["generated:", "generated:-1", "generated:x", "generated:4294967296",
             "generated:" + "9" * 5000, "generated:٣", "generated:1.5"],
)  # fmt: skip
def test_a_generated_scenario_needs_a_seed(name):
    with pytest.raises(ConfigError, match="whole number below"):
        scenario(name)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("sunny", 0), "scenario 'sunny' does not exist; choose one of nominal"),
        (("nominal", -1), r"seed -1 is outside \[0, 4294967295\]"),
        (("nominal", 2**32), "seed 4294967296 is outside"),
        (("nominal", 0, -1), "episode -1 is outside"),
        (("nominal", 0, 2**24), "episode 16777216 is outside"),
        (("nominal", 0, 0, 0), r"coils 0 is outside \[1, 10000\]"),
        (("nominal", 0, 0, 10_001), "coils 10001 is outside"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(arguments, told):
    with pytest.raises(ConfigError, match=told):
        draw_plan(*arguments)


def test_a_scenario_of_one_s_own_is_four_lines_and_cannot_take_a_name_that_is_taken():
    with pytest.raises(ConfigError, match="choose a name that is free"):
        register("nominal", "nominal", "line", "통상")(lambda day: None)
    with pytest.raises(ConfigError, match="of level 'hard'"):
        register("mine", "hard", "line", "통상")(lambda day: None)
    with pytest.raises(ConfigError, match="has no docstring"):
        register("mine", "nominal", "line", "통상")(lambda day: None)


def test_a_scenario_cannot_draw_without_end():
    sheet = Draw([0.5] * POOL)
    for _ in range(POOL):
        sheet.unit()
    with pytest.raises(ConfigError, match="draws more than 96 numbers"):
        sheet.unit()


def test_the_page_of_the_documents_is_what_the_list_says():
    docs = Path(__file__).parents[2] / "docs"
    page = run_path(str(docs / "scenarios_table.py"))["page"]
    assert (docs / "scenarios.md").read_text(encoding="utf-8") == page()


def test_level_2_speeds_up_too_early_only_when_it_believes_the_bar_cold():
    sizes = [draw_plan("early-speed-up", seed).happenings[0].size for seed in range(40)]
    assert -40.0 <= min(sizes) <= max(sizes) <= -20.0


@pytest.mark.parametrize("name", ["rdt-drift", "xray-offset", "load-cell-zero", "gap-encoder"])
def test_an_instrument_that_may_err_both_ways_does(name):
    signs = [draw_plan(name, seed).happenings[0].size > 0.0 for seed in range(60)]
    assert 0.25 < np.mean(signs) < 0.75


@pytest.mark.parametrize("name", ["campaign", "generated:11", "forged-approval"])
def test_a_plan_travels_to_another_process_whole(name):
    plan = draw_plan(name, 3)
    there = pickle.loads(pickle.dumps(plan))
    assert bits(there) == bits(plan)
    assert there.notes == plan.notes
    assert there.truth.faults == plan.truth.faults


@settings(max_examples=100, deadline=None)
@given(NAMES | DRAWN, SEEDS)
def test_a_day_under_its_faults_has_them_all_in_full_from_the_first_coil_on(name, seed):
    day = draw_plan(name, seed, coils=3)
    under = day.under_fault()
    assert bits(under.under_fault()) == bits(under)
    assert under.orders is day.orders
    if day.scenario.level != "faults":
        assert under is day
        return
    assert len(under.happenings) == len(day.happenings) > 0
    before = {one.kind: one for one in day.happenings}
    for now in under.happenings:
        then = before[now.kind]
        assert (now.from_coil, now.ramp) == (1, 0.0)
        assert (now.size, now.place) == (then.size, then.place)
        if then.until_coil < FOREVER:
            assert now.until_coil - 1 == then.until_coil - then.from_coil
        else:
            assert now.until_coil == then.until_coil
