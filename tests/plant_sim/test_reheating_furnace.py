"""Eight hours at the furnace: what an operator's trims do to fuel, scale, slabs and the mill."""

import gymnasium
import numpy as np
import pytest

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.envs.reheating_furnace import ACTIONS, FurnaceTask

pytestmark = pytest.mark.timeout(240)  # the first test compiles the furnace

NAMES = [action.name.removeprefix("furnace.") for action in ACTIONS]


def shift(steps=480, count=4, scenario="nominal", **trims):
    """Half a shift with constant trims; money and harm by name, and the environment."""
    envs = gymnasium.make_vec("passline/ReheatingFurnace-v0", count, scenario=scenario)
    envs.reset(seed=0)
    actions = np.zeros((count, len(NAMES)), np.float32)
    for name, value in trims.items():
        for column, known in enumerate(NAMES):
            if known.startswith(name):
                actions[:, column] = value
    total, reward = {}, np.zeros(count)
    for _ in range(steps):
        _, step, _, _, info = envs.step(actions)
        reward += step
        for key in ("fuel", "scale", "off_temperature", "delay", "cost", "harm_monoxide"):
            total[key] = total.get(key, 0.0) + info[key]
    return total, reward, envs


@pytest.fixture(scope="module")
def still():
    return shift()


def test_the_reward_is_the_money_that_the_furnace_counts(still):
    total, reward, envs = still
    counted = sum(envs.unwrapped._play.plant.money().values())
    np.testing.assert_allclose(-reward, counted, rtol=1e-9)
    money = sum(total[name] for name in ("fuel", "scale", "off_temperature", "delay"))
    np.testing.assert_allclose(-reward, money, rtol=1e-9)
    assert np.all(total["cost"] == 0.0)


def test_more_air_costs_fuel_and_scale_and_too_little_is_harm(still):
    rich = shift(air_ratio=1.0)[0]
    assert np.all(rich["fuel"] > still[0]["fuel"])
    assert np.all(rich["scale"] > still[0]["scale"])
    lean = shift(air_ratio=-0.5)[0]
    assert np.all(lean["fuel"] + lean["scale"] < still[0]["fuel"] + still[0]["scale"])
    assert np.all(lean["cost"] == 0.0)
    starved = shift(air_ratio=-1.0)[0]
    assert starved["harm_monoxide"].sum() > 0.0


def test_a_slow_furnace_lets_the_mill_wait(still):
    slow = shift(pace=-1.0)[0]
    assert np.all(slow["delay"] > still[0]["delay"] + 1800.0)
    assert np.all(slow["fuel"] < still[0]["fuel"])


def test_hotter_zones_throw_slabs_off_their_aim(still):
    hot = shift(zone_4=1.0, zone_5=1.0)[0]
    assert hot["off_temperature"].sum() > 2.0 * still[0]["off_temperature"].sum()
    assert hot["fuel"].sum() > still[0]["fuel"].sum()


def test_what_instruments_show_is_a_preset_without_level_2():
    env = gymnasium.make("passline/ReheatingFurnace-v0", observe="instruments")
    seen, _ = env.reset(seed=1)
    assert seen.shape[0] < gymnasium.make("passline/ReheatingFurnace-v0").reset(seed=1)[0].shape[0]
    hidden = {"furnace.next_error", *(f"furnace.zone_{z}_slabs" for z in range(1, 6))}
    assert not hidden & set(FurnaceTask.presets["instruments"])


def test_observations_are_of_the_order_of_one(still):
    envs = still[2]
    seen, *_ = envs.step(np.zeros((4, len(NAMES)), np.float32))
    assert np.median(np.abs(seen)) < 1.0
    assert np.mean(np.abs(seen) >= 5.0) < 0.02
