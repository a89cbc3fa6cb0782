"""Many furnaces side by side are many single ones, and nothing written breaks one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passline.plant_sim.errors import ConfigError
from passline.plant_sim.lines.hot_strip import furnace_rows as F  # noqa: N812
from passline.plant_sim.lines.hot_strip.furnaces import SHOWN, TRIMS, Furnaces

pytestmark = pytest.mark.timeout(240)  # the first test compiles the furnace


@pytest.fixture(scope="module")
def shift():
    """Eight furnaces after eight hours."""
    furnaces = Furnaces(range(8))
    furnaces.advance(960)
    return furnaces


def test_one_furnace_and_many_give_the_same_bits(shift):
    alone = Furnaces([5])
    for intervals in (1, 7, 300, 652):
        alone.advance(intervals)
    np.testing.assert_array_equal(alone.rows[0], shift.rows[5])
    assert alone.finished(0) == shift.finished(5)


def test_equal_seeds_are_equal_furnaces_and_other_seeds_are_not():
    furnaces = Furnaces([3, 4, 3])
    furnaces.advance(60)
    np.testing.assert_array_equal(furnaces.rows[0], furnaces.rows[2])
    assert np.any(furnaces.rows[0] != furnaces.rows[1])


def test_a_shift_of_mixed_slabs_comes_out_on_aim_on_the_whole(shift):
    slabs = [slab for lane in range(8) for slab in shift.finished(lane)]
    assert 650 < len(slabs) < 1010  # 48 m of furnace hold a third more than 36
    errors = np.array([slab.mean - slab.aim for slab in slabs])
    assert abs(errors.mean()) < 6.0
    assert np.mean(np.abs(errors) < 20.0) > 0.85
    assert np.mean([slab.core for slab in slabs]) < 30.0
    assert 0.008 < np.mean([slab.scale for slab in slabs]) < 0.015
    fuel = sum(slab.fuel for slab in slabs) / sum(slab.mass for slab in slabs)
    assert 1.1e6 < fuel < 1.6e6
    assert {slab.charge > 600.0 for slab in slabs} == {True, False}


def test_orders_come_in_order_and_none_is_lost(shift):
    for lane in range(8):
        numbers = [slab.number for slab in shift.finished(lane)]
        assert numbers == list(range(1, len(numbers) + 1))
        inside = shift.slabs(F.NUMBER)[lane][shift.slabs(F.PRESENT)[lane] > 0.5]
        expected = np.arange(numbers[-1] + 1, numbers[-1] + 1 + len(inside))
        np.testing.assert_array_equal(np.sort(inside), expected)
    assert shift.finished_counts()[0] == len(shift.finished(0))


def test_an_episode_begins_in_full_swing():
    furnaces = Furnaces([11])
    furnaces.advance(60)
    first = furnaces.finished(0)
    assert first
    for slab in first:
        assert 1180.0 < slab.mean - 273.15 < 1260.0
        assert 100.0 < slab.seconds / 60.0 < 260.0
    assert furnaces.row(F.ZONE_EVENTS)[0] == 0.0


def test_a_restored_furnace_goes_on_as_the_saved_one():
    furnaces = Furnaces([1, 2], "faults")
    furnaces.advance(30)
    state = furnaces.save()
    furnaces.advance(200)
    later, slabs = furnaces.rows.copy(), furnaces.finished(1)
    furnaces.restore(state)
    furnaces.advance(200)
    np.testing.assert_array_equal(furnaces.rows, later)
    assert furnaces.finished(1) == slabs
    with pytest.raises(ConfigError, match="as many"):
        Furnaces([1]).restore(state)


def test_the_next_episode_of_a_seed_is_another_and_begins_anew():
    furnaces = Furnaces([7, 8])
    furnaces.advance(20)
    kept = furnaces.rows[1].copy()
    furnaces.reseed(0, None)
    furnaces.begin(np.array([True, False]))
    np.testing.assert_array_equal(furnaces.rows[1], kept)
    assert furnaces.time[0] == 0.0
    assert furnaces.finished(0) == []
    furnaces.reseed(0, 7)
    furnaces.begin()
    np.testing.assert_array_equal(furnaces.rows[0], Furnaces([7]).rows[0])


def test_a_scenario_with_a_drift_of_a_thermocouple_rolls_the_same_slabs():
    drifted, sound = Furnaces(range(4), "thermocouple-drift"), Furnaces(range(4))
    drifted.advance(600)
    sound.advance(600)
    for lane in range(4):
        pairs = zip(drifted.finished(lane), sound.finished(lane), strict=True)
        assert all(a.width == b.width and a.charge == b.charge for a, b in pairs)
    assert np.all(drifted.row(F.FAULT_THERMOCOUPLE) < -5.0)
    assert np.all(sound.row(F.FAULT_THERMOCOUPLE) == 0.0)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(sorted(TRIMS)), min_size=1, max_size=10), st.integers(0, 2**31))
def test_no_trims_break_a_furnace(names, seed):
    rng = np.random.default_rng(seed)
    furnaces = Furnaces([seed % 1000, seed % 1000 + 1], "faults", stop_odds=0.9)
    for _ in range(12):
        for name in names:
            furnaces.write(name, rng.uniform(-1e3, 1e3))
        furnaces.advance(20)
        assert np.all(np.isfinite(furnaces.rows))
        zones = furnaces.rows[:, F.ZONE : F.ZONE + 10]
        assert zones.min() > 500.0
        assert zones.max() < 1660.0
        assert np.all(furnaces.rows[:, F.OXYGEN_FLUE] <= 0.21)
        shown = furnaces.read()
        assert shown.shape == (2, len(SHOWN))
        assert np.all(shown[:, list(SHOWN).index("oxygen")] >= 0.0)
    assert np.all(furnaces.row(F.FUEL_HEAT) > 0.0)


def test_trims_are_clamped_and_act_on_the_chosen_furnace():
    furnaces = Furnaces([0, 1])
    furnaces.write("zone_5_top_trim", 500.0, [1])
    row, _, high = TRIMS["zone_5_top_trim"]
    np.testing.assert_array_equal(furnaces.row(row), [0.0, high])
    before = furnaces.signal("zone_5_top_setpoint")
    furnaces.advance(20)
    moved = furnaces.signal("zone_5_top_setpoint") - before
    assert moved[1] > moved[0] + 15.0


def test_money_and_harm_are_counted_by_reason(shift):
    money, harms = shift.money(), shift.harms()
    assert np.all(money["fuel"] > 1e4)
    assert np.all(money["scale"] > 1e3)
    assert all(np.all(harm >= 0.0) for harm in harms.values())
    assert np.all(harms["zone_limit"] == 0.0)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: Furnaces([]), "give one seed"),
        (lambda: Furnaces([-1]), "outside"),
        (lambda: Furnaces([0], "no-such-day"), "does not exist"),
        (lambda: Furnaces([0], stop_odds=2.0), "likelihood"),
        (lambda: Furnaces([0], config=3), "no mill"),
        (lambda: Furnaces([0]).advance(-1), "negative"),
        (lambda: Furnaces([0]).write("zone_9_trim", 1.0), "no trim"),
        (lambda: Furnaces([0]).write("pace_trim", float("nan")), "not finite"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(call, text):
    with pytest.raises(ConfigError, match=text):
        call()
