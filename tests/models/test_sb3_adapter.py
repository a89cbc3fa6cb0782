"""What SB3 is given is what its own DummyVecEnv gives over the single environment, bit for bit."""

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.errors import ConfigError

pytest.importorskip("stable_baselines3", reason="the extra [rl] is not installed")

from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor, VecNormalize
from stable_baselines3.ppo import PPO

from passline.models.sb3_adapter import to_sb3

NATIVE = "passline/RunOutTable-v0"
ENDING = "passline/FinishingMill-v0"


def native(env, count, **settings):
    mode = AutoresetMode.SAME_STEP
    return to_sb3(gymnasium.make_vec(env, count, autoreset_mode=mode, **settings))


def theirs(env, count, **settings):
    return DummyVecEnv([lambda: gymnasium.make(env, **settings)] * count)


@pytest.mark.parametrize(
    ("env", "settings", "wanted"),
    [
        (NATIVE, {"max_episode_steps": 30}, {"truncated"}),
        (ENDING, {"scenario": "disturbed"}, {"terminated"}),
        (ENDING, {"max_episode_steps": 200}, {"terminated", "truncated"}),
        ("passline/MillSetup-v0", {"max_episode_steps": 3}, {"truncated"}),
    ],
)
def test_transitions_equal_those_of_their_own_vec_env(env, settings, wanted):
    count, ours, other = 3, native(env, 3, **settings), theirs(env, 3, **settings)
    ours.seed(5), other.seed(5)
    np.testing.assert_array_equal(ours.reset(), other.reset())
    rng, ends, kinds = np.random.default_rng(0), np.zeros(count, int), set()
    for _ in range(900):
        actions = rng.uniform(-1, 1, (count, *ours.action_space.shape)).astype(np.float32)
        (seen, reward, done, infos), expected = ours.step(actions), other.step(actions)
        np.testing.assert_array_equal(seen, expected[0])
        np.testing.assert_array_equal(reward, expected[1])
        np.testing.assert_array_equal(done, expected[2])
        assert seen.dtype == np.float32
        assert reward.dtype == np.float32
        for lane, (info, wished) in enumerate(zip(infos, expected[3], strict=True)):
            assert info.keys() == wished.keys()
            np.testing.assert_equal(info, wished)
            if done[lane]:
                kinds.add("truncated" if info["TimeLimit.truncated"] else "terminated")
        ends += done
        if ends.min() >= 3 and kinds == wanted:
            break
    assert ends.min() >= 3
    assert kinds == wanted


def test_a_seed_makes_the_same_first_episode_again_and_is_used_once():
    envs = native("passline/MillSetup-v0", 2)
    envs.seed(7)
    first, second = envs.reset(), envs.reset()
    envs.seed(7)
    np.testing.assert_array_equal(envs.reset(), first)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED])
def test_a_mode_that_would_train_on_wrong_transitions_is_refused(mode):
    with pytest.raises(ConfigError, match="SAME_STEP"):
        to_sb3(gymnasium.make_vec(NATIVE, 2, autoreset_mode=mode))


def test_attributes_are_shared_and_a_part_of_the_environments_cannot_be_changed():
    envs = native(NATIVE, 3)
    assert envs.get_attr("render_mode") == [None] * 3
    assert len(envs.get_attr("num_envs", [0, 2])) == 2
    assert not envs.has_attr("no_such_thing")
    assert envs.env_is_wrapped(gymnasium.Wrapper) == [False] * 3
    with pytest.raises(ConfigError, match="indices=None"):
        envs.set_attr("anything", 1, indices=1)
    with pytest.raises(ConfigError, match="indices=None"):
        envs.env_method("render", indices=[0])
    envs.set_attr("note", "x")
    assert envs.get_attr("note") == ["x"] * 3
    assert envs.env_method("render") == [None] * 3


def test_pictures_come_through():
    envs = native(NATIVE, 2, render_mode="rgb_array")
    envs.reset()
    assert len(envs.get_images()) == 2
    assert envs.render().ndim == 3


def test_without_infos_only_what_sb3_needs_is_told():
    mode = AutoresetMode.SAME_STEP
    envs = gymnasium.make_vec(NATIVE, 2, autoreset_mode=mode, max_episode_steps=2)
    envs = to_sb3(envs, with_info=False)
    envs.reset()
    rest = np.zeros((2, 1), np.float32)
    assert [set(info) for info in envs.step(rest)[3]] == [{"TimeLimit.truncated"}] * 2
    ended = envs.step(rest)[3][0]
    assert set(ended) == {"TimeLimit.truncated", "terminal_observation"}
    assert ended["TimeLimit.truncated"]


def test_a_vector_environment_of_somebody_else_goes_through_too():
    mode = AutoresetMode.SAME_STEP
    envs = gymnasium.make_vec(
        "Pendulum-v1", 2, vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode}
    )
    ours, other = to_sb3(envs), DummyVecEnv([lambda: gymnasium.make("Pendulum-v1")] * 2)
    ours.seed(1), other.seed(1)
    np.testing.assert_array_equal(ours.reset(), other.reset())
    for _ in range(201):  # over the end of the first episode
        actions = np.full((2, 1), 0.5, np.float32)
        (seen, reward, done, infos), expected = ours.step(actions), other.step(actions)
        np.testing.assert_array_equal(seen, expected[0])
        np.testing.assert_array_equal(done, expected[2])
        np.testing.assert_allclose(reward, expected[1])
        np.testing.assert_equal(infos, expected[3])


@pytest.mark.parametrize("env", [NATIVE, ENDING, "passline/MillSetup-v0"])
def test_the_single_environment_passes_sb3s_own_check(env):
    check_env(gymnasium.make(env).unwrapped)


def test_sb3_learns_through_its_usual_wrappers():
    envs = VecNormalize(VecMonitor(native(NATIVE, 4, max_episode_steps=20)))
    model = PPO("MlpPolicy", envs, n_steps=40, batch_size=80, n_epochs=1, device="cpu", seed=0)
    model.learn(160)
    assert model.num_timesteps == 160
    assert len(model.ep_info_buffer) == 8  # each lane ended twice, and was counted
