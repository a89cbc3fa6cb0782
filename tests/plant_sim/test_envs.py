"""Every registered environment keeps Gymnasium's contract, single and vector, bit for bit."""

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import registry
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.errors import ConfigError

IDS = sorted(name for name in registry if name.startswith("passline/"))
HARSH = {"observation_delay": 2, "action_delay": 1, "noise": 1.5}
KEPT = [HealthCheck.function_scoped_fixture]


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


def compare(ours, theirs, mode, horizon, steps):
    rng, count = np.random.default_rng(0), ours.num_envs
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


@pytest.fixture(scope="module", params=IDS)
def live(request):
    """One native vector environment of each kind, for tests that leave it usable."""
    envs = gymnasium.make_vec(request.param, 3, scenario="nominal")
    envs.reset(seed=0)
    return envs


def test_the_line_has_its_environments():
    names = {"FinishingMill", "HotStripLine", "MillSetup", "RunOutTable"}
    assert {f"passline/{name}-v0" for name in names} <= set(IDS)


@pytest.mark.parametrize("name", IDS)
def test_the_environment_checker_is_content(name):
    check_env(gymnasium.make(name, render_mode="rgb_array").unwrapped)


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("name", IDS)
def test_the_native_vector_equals_gymnasiums_own_over_many_short_episodes(name, mode):
    ours = gymnasium.make_vec(name, 4, autoreset_mode=mode, max_episode_steps=6)
    theirs = SyncVectorEnv(
        [lambda: gymnasium.make(name, max_episode_steps=6)] * 4, autoreset_mode=mode
    )
    assert not isinstance(ours, SyncVectorEnv)
    compare(ours, theirs, mode, 6, 15)


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("name", IDS)
def test_the_native_vector_equals_gymnasiums_own_over_whole_episodes(name, mode):
    horizon = gymnasium.spec(name).max_episode_steps
    ours = gymnasium.make_vec(name, 2, autoreset_mode=mode)
    theirs = SyncVectorEnv([lambda: gymnasium.make(name)] * 2, autoreset_mode=mode)
    steps = horizon + horizon // 12 if horizon <= 240 else 30
    compare(ours, theirs, mode, horizon, steps)


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("name", IDS)
def test_late_noisy_hidden_and_chosen_campaigns_are_the_same_bits_too(name, mode):
    chosen = {"seeds": (3, 4, 9), "scenario": "nominal", **HARSH}
    ours = gymnasium.make_vec(name, 3, autoreset_mode=mode, max_episode_steps=6, **chosen)
    theirs = SyncVectorEnv(
        [lambda: gymnasium.make(name, max_episode_steps=6, **chosen)] * 3, autoreset_mode=mode
    )
    compare(ours, theirs, mode, 6, 14)


@pytest.mark.parametrize("name", IDS)
def test_the_same_seed_gives_the_same_episode_in_any_company(name):
    steps = min(60, gymnasium.spec(name).max_episode_steps - 1)

    def episode(count, place):
        envs = gymnasium.make_vec(name, count, **HARSH)
        seen, _ = envs.reset(seed=100 - place)
        kept, actions = [seen[place]], np.random.default_rng(1).uniform(-1, 1, (steps, 99))
        for action in actions:
            width = envs.single_action_space.shape[0]
            batch = np.tile(action[:width], (count, 1)).astype(np.float32)
            kept.append(np.append(*(part[place] for part in envs.step(batch)[:2])))
        return np.concatenate(kept)

    first = episode(1, 0)
    np.testing.assert_array_equal(first, episode(5, 3))
    np.testing.assert_array_equal(first, episode(37, 36))


@pytest.mark.parametrize("name", IDS)
def test_rewards_are_minus_the_money_and_harm_is_apart(name):
    env = gymnasium.make(name)
    task = env.unwrapped.task
    env.reset(seed=3)
    env.action_space.seed(0)
    for _ in range(min(100, task.horizon - 1)):
        _, reward, terminated, _, info = env.step(env.action_space.sample())
        assert reward == pytest.approx(-sum(info[term.name] for term in task.money))
        assert info["cost"] == sum(info[f"harm_{term.name}"] for term in task.harms) >= 0.0
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


@settings(max_examples=15, deadline=None, suppress_health_check=KEPT)
@given(data=st.data())
def test_any_action_is_a_clear_error_or_keeps_the_plant_finite(live, data):
    numbers = st.floats(width=32) | st.floats(-1.0, 1.0, width=32)
    actions = data.draw(arrays(np.float32, live.action_space.shape, elements=numbers))
    if not np.all(np.isfinite(actions)):
        with pytest.raises(ConfigError, match="not a finite number"):
            live.step(actions)
        return
    seen, reward, *_ = live.step(actions)
    assert live.observation_space.contains(seen)
    assert np.all(np.isfinite(reward))
    assert np.all(np.isfinite(getattr(live._play.plant, "rows", 0.0)))


def test_actions_beyond_one_are_clipped(live):
    results = []
    for scale in (1.0, 9.0):
        seen = [live.reset(seed=4)[0]]
        action = np.full(live.action_space.shape, scale, np.float32)
        results.append(np.stack([live.step(action)[0] for _ in range(6)] + seen))
    np.testing.assert_array_equal(results[0], results[1])


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED])
@pytest.mark.parametrize("name", IDS)
def test_episode_statistics_are_those_of_each_episode(name, mode):
    envs = RecordEpisodeStatistics(
        gymnasium.make_vec(name, 3, autoreset_mode=mode, max_episode_steps=5)
    )
    envs.reset(seed=1)
    total, length, ended = np.zeros(3), np.zeros(3, int), 0
    for step in range(1, 18):
        _, reward, terminated, truncated, info = envs.step(np.zeros(envs.action_space.shape))
        total, length, over = total + reward, length + 1, terminated | truncated
        for i in np.flatnonzero(over):
            assert info["episode"]["r"][i] == pytest.approx(total[i])
            assert info["episode"]["l"][i] == length[i]
            ended += 1
        if mode is AutoresetMode.NEXT_STEP:
            total[over], length[over] = 0.0, -1  # the step of the reset does not count
        else:
            mask = over | (np.arange(3) == step % 11)  # one is broken off now and then
            if mask.any():
                envs.reset(options={"reset_mask": mask})
                total[mask], length[mask] = 0.0, 0
    assert ended >= 6


@pytest.mark.parametrize("name", IDS)
def test_the_vector_form_renders_the_pictures_of_the_single_one(name):
    envs = gymnasium.make_vec(name, 2, render_mode="rgb_array")
    env = gymnasium.make(name, render_mode="rgb_array")
    envs.reset(seed=6)
    env.reset(seed=7)
    for _ in range(5):
        envs.step(np.zeros(envs.action_space.shape, np.float32))
        env.step(np.zeros(env.action_space.shape, np.float32))
    frames, frame = envs.render(), env.render()
    assert len(frames) == 2
    assert frame.dtype == np.uint8
    assert frame.ndim == 3
    np.testing.assert_array_equal(frames[1], frame)
    assert gymnasium.make_vec(name, 2).render() is None
    with pytest.raises(ConfigError, match="render_mode 'human' does not exist"):
        type(env.unwrapped)(render_mode="human")
