"""The six-tuple: the cost is the harm of this step, in every mode, and nothing else changes."""

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.envs.safety import SafetyVectorWrapper, SafetyWrapper
from passline.plant_sim.errors import ConfigError

ENV = "passline/FinishingMill-v0"
FAST = np.array([0.0, 1.0, 0.0], np.float32)


def harmful_seed():
    """Return a seed on which a fast mill does harm."""
    envs = gymnasium.make_vec(ENV, 256, scenario="disturbed")
    envs.reset(seed=0)
    harm = np.zeros(256)
    for _ in range(150):
        harm += envs.step(np.tile(FAST, (256, 1)))[4]["cost"]
    return int(np.argmax(harm))


@pytest.fixture(scope="module")
def seed():
    return harmful_seed()


def test_the_cost_is_the_harm_and_the_rest_is_as_before(seed):
    safe = SafetyWrapper(gymnasium.make(ENV, scenario="disturbed"))
    plain = gymnasium.make(ENV, scenario="disturbed")
    np.testing.assert_array_equal(safe.reset(seed=seed)[0], plain.reset(seed=seed)[0])
    total = 0.0
    while True:
        seen, reward, cost, terminated, truncated, info = safe.step(FAST)
        expected = plain.step(FAST)
        np.testing.assert_array_equal(seen, expected[0])
        assert (reward, terminated, truncated, info) == expected[1:]
        assert cost == info["cost"] == sum(v for k, v in info.items() if k.startswith("harm_"))
        total += cost
        if terminated or truncated:
            break
    assert total > 0.0


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_the_vector_form_gives_the_costs_of_the_single_one(mode, seed):
    seeds = [seed, 1, 2]
    expected = []
    for each in seeds:
        env = SafetyWrapper(gymnasium.make(ENV, scenario="disturbed"))
        env.reset(seed=each)
        costs, over = [], False
        while not over:
            _, _, cost, terminated, truncated, _ = env.step(FAST)
            costs.append(cost)
            over = terminated or truncated
        expected.append(costs)
    assert sum(expected[0]) > 0.0

    envs = SafetyVectorWrapper(
        gymnasium.make_vec(ENV, 3, scenario="disturbed", autoreset_mode=mode)
    )
    envs.reset(seed=seeds)
    found, running = [[], [], []], np.ones(3, bool)
    while running.any():
        _, _, cost, terminated, truncated, _ = envs.step(np.tile(FAST, (3, 1)))
        assert cost.shape == (3,)
        for lane in np.flatnonzero(running):
            found[lane].append(cost[lane])
        over = terminated | truncated
        running &= ~over
        if mode is AutoresetMode.DISABLED and over.any():
            envs.reset(options={"reset_mask": over})
    assert found == expected


def test_a_call_that_only_resets_costs_nothing():
    envs = SafetyVectorWrapper(gymnasium.make_vec(ENV, 2, max_episode_steps=1))
    envs.reset(seed=0)
    rest = np.zeros((2, 3), np.float32)
    envs.step(rest)
    _, rewards, cost, *_ = envs.step(rest)
    np.testing.assert_array_equal(rewards, 0.0)
    np.testing.assert_array_equal(cost, 0.0)


def test_an_environment_that_counts_no_harm_is_refused_by_name():
    env = SafetyWrapper(gymnasium.make("Pendulum-v1"))
    env.reset(seed=0)
    with pytest.raises(ConfigError, match="Pendulum"):
        env.step(np.zeros(1, np.float32))
    envs = SafetyVectorWrapper(gymnasium.make_vec("Pendulum-v1", 2, vectorization_mode="sync"))
    envs.reset(seed=0)
    with pytest.raises(ConfigError, match="cost"):
        envs.step(np.zeros((2, 1), np.float32))
