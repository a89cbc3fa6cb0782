"""Both environments keep Gymnasium's contract, single and vector, bit for bit."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.errors import ConfigError

IDS = ["passline/FinishingMill-v0", "passline/RunOutTable-v0"]


def same(a, b):
    if isinstance(a, tuple):
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, np.ndarray) and a.dtype == object:
        for x, y in zip(a, b, strict=True):
            same(x, y)
    else:
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", IDS)
def test_the_environment_checker_is_content(name):
    check_env(gymnasium.make(name).unwrapped, skip_render_check=True)


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize(("count", "horizon", "steps"), [(5, 9, 30), (3, 240, 260)])
def test_the_native_vector_equals_gymnasiums_own(name, mode, count, horizon, steps):
    ours = gymnasium.make_vec(name, count, autoreset_mode=mode, max_episode_steps=horizon)
    theirs = SyncVectorEnv(
        [lambda: gymnasium.make(name, max_episode_steps=horizon)] * count, autoreset_mode=mode
    )
    rng = np.random.default_rng(0)
    same(ours.reset(seed=5), theirs.reset(seed=5))
    for step in range(steps):
        actions = rng.uniform(-1, 1, ours.action_space.shape).astype(np.float32)
        out = ours.step(actions)
        same(out, theirs.step(actions))
        finished = mode is AutoresetMode.DISABLED
        mask = out[2] | out[3] if finished else rng.random(count) < 1.0 / horizon
        if mask.any():
            seed = 77 if step % 3 == 0 else None
            same(
                ours.reset(seed=seed, options={"reset_mask": mask}),
                theirs.reset(seed=seed, options={"reset_mask": mask}),
            )


@pytest.mark.parametrize("name", IDS)
def test_the_same_seed_gives_the_same_episode_in_any_company(name):
    def episode(count, place):
        envs = gymnasium.make_vec(name, count, scenario="faults")
        rewards, actions = [], np.random.default_rng(1).uniform(-1, 1, (60, 3))
        seen, _ = envs.reset(seed=100 - place)
        rewards.append(seen[place])
        for action in actions:
            width = envs.single_action_space.shape[0]
            batch = np.tile(action[:width], (count, 1)).astype(np.float32)
            rewards.append(np.append(*(part[place] for part in envs.step(batch)[:2])))
        return np.concatenate(rewards)

    first = episode(1, 0)
    np.testing.assert_array_equal(first, episode(5, 3))
    np.testing.assert_array_equal(first, episode(37, 36))


@pytest.mark.parametrize("name", IDS)
def test_rewards_are_minus_the_money_and_harm_is_apart(name):
    env = gymnasium.make(name, scenario="faults")
    env.reset(seed=3)
    for _ in range(100):
        _, reward, terminated, _, info = env.step(env.action_space.sample())
        money = sum(
            value
            for key, value in info.items()
            if key not in ("cost", "outside") and "harm" not in key
        )
        assert reward == pytest.approx(-money)
        assert info["cost"] >= 0.0
        assert not terminated


@pytest.mark.parametrize("name", IDS)
def test_a_wrong_action_or_mask_gets_a_clear_error(name):
    envs = gymnasium.make_vec(name, 3, autoreset_mode=AutoresetMode.DISABLED, max_episode_steps=2)
    envs.reset(seed=0)
    good = np.zeros(envs.action_space.shape, np.float32)
    with pytest.raises(ConfigError, match="not a finite number"):
        envs.step(good * np.nan)
    with pytest.raises(ConfigError, match="do not fit"):
        envs.step(good[:2])
    with pytest.raises(TypeError, match="NumPy array of bool"):
        envs.reset(options={"reset_mask": [True, False, False]})
    with pytest.raises(ValueError, match="at least one True"):
        envs.reset(options={"reset_mask": np.zeros(3, bool)})
    with pytest.raises(ValueError, match="2 seeds for 3"):
        envs.reset(seed=[1, 2])
    envs.step(good)
    envs.step(good)
    with pytest.raises(ConfigError, match="finished environment was stepped"):
        envs.step(good)


def test_a_finished_coil_ends_the_episode_and_slow_rolling_costs_time():
    taken = {}
    for speed in (-1.0, 1.0):
        env = gymnasium.make("passline/FinishingMill-v0")
        env.reset(seed=8)
        terminated, seconds = False, 0.0
        while not terminated:
            action = np.array([0.0, speed, 0.0], np.float32)
            _, _, terminated, truncated, info = env.step(action)
            assert not truncated
            seconds += info["time"]
        taken[speed] = seconds
    assert taken[-1.0] > taken[1.0] + 5.0


def test_actions_beyond_one_are_clipped():
    results = []
    for scale in (1.0, 9.0):
        env = gymnasium.make("passline/FinishingMill-v0").unwrapped
        env.reset(seed=4)
        action = np.full(3, scale, np.float32)
        results.append([env.step(action)[0] for _ in range(40)])
    np.testing.assert_array_equal(results[0], results[1])
