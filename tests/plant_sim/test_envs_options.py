"""What is hidden, late, noisy or chosen is so exactly as asked, and what is wrong is refused."""

from contextlib import suppress

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import registry
from hypothesis import given, settings
from hypothesis import strategies as st

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.controls import Control
from passline.plant_sim.envs.hot_strip_line import action_of
from passline.plant_sim.envs.options import options_of
from passline.plant_sim.envs.play import observation_space
from passline.plant_sim.envs.run_out_table import TableTask
from passline.plant_sim.envs.task import Targets
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.scenarios.catalogue import SCENARIOS

IDS = sorted(name for name in registry if name.startswith("passline/"))
MILL, TABLE = "passline/FinishingMill-v0", "passline/RunOutTable-v0"
STEPS = 6


def roll(name, steps=STEPS, seed=3, actions=None, **options):
    env = gymnasium.make(name, **options).unwrapped
    seen = [env.reset(seed=seed)[0]]
    rng = np.random.default_rng(2)
    for step in range(steps):
        action = rng.uniform(-1, 1, env.action_space.shape) if actions is None else actions[step]
        seen.append(env.step(np.asarray(action, np.float32))[0])
    return np.stack(seen)


def names(name):
    return [seen.name for seen in gymnasium.make(name).unwrapped.task.observations]


@pytest.mark.parametrize("name", IDS)
def test_a_late_observation_is_the_old_one(name):
    prompt, late = roll(name), roll(name, observation_delay=2)
    np.testing.assert_array_equal(late[2:], prompt[:-2])
    np.testing.assert_array_equal(late[:2], np.stack([prompt[0]] * 2))


@pytest.mark.parametrize("name", IDS)
def test_a_late_action_acts_later(name):
    width = gymnasium.make(name).action_space.shape
    given = np.random.default_rng(5).uniform(-1, 1, (STEPS, *width))
    shifted = np.concatenate([np.zeros((2, *width)), given[:-2]])
    np.testing.assert_array_equal(
        roll(name, actions=given, action_delay=2), roll(name, actions=shifted)
    )


@pytest.mark.parametrize("name", IDS)
def test_what_is_not_observed_is_only_left_out(name):
    every = names(name)
    chosen = tuple(every[::-2])
    columns = [every.index(each) for each in chosen]
    np.testing.assert_array_equal(roll(name, observe=chosen), roll(name)[:, columns])


@pytest.mark.parametrize("name", IDS)
def test_every_preset_is_a_part_of_the_whole(name):
    task = gymnasium.make(name).unwrapped.task
    for preset, chosen in task.presets.items():
        env = gymnasium.make(name, observe=preset)
        assert env.observation_space.shape == (len(chosen),)


@pytest.mark.parametrize("name", IDS)
def test_more_noise_reaches_instruments_and_nothing_else(name):
    task = gymnasium.make(name).unwrapped.task
    measured = np.array([seen.noise > 0.0 for seen in task.observations])
    quiet, loud = roll(name), roll(name, noise=2.0)
    np.testing.assert_array_equal(quiet[:, ~measured], loud[:, ~measured])
    if measured.any():
        assert np.any(quiet[:, measured] != loud[:, measured])


def test_the_added_noise_has_the_size_that_was_asked_for():
    speed = names(MILL).index("fm.speed")
    added = roll(MILL, 200, noise=4.0)[:, speed] - roll(MILL, 200)[:, speed]
    assert np.std(added) == pytest.approx(4.0 * 0.005 / 3.0, rel=0.2)
    assert abs(np.mean(added)) < 4.0 * 0.005 / 3.0 * 0.3


@pytest.mark.parametrize("name", IDS)
def test_only_the_chosen_campaigns_are_played(name):
    wanted = {tuple(roll(name, 3, seed)[-1]) for seed in (41, 42)}
    played = {tuple(roll(name, 3, seed, seeds=(41, 42))[-1]) for seed in range(12)}
    assert played == wanted


def test_orders_ahead_are_the_orders_that_come():
    env = gymnasium.make("passline/MillSetup-v0", look_ahead=3).unwrapped
    hold = np.zeros(env.action_space.shape, np.float32)
    seen = [env.reset(seed=9)[0]]
    seen = np.stack(seen + [env.step(hold)[0] for _ in range(7)])
    order, coming = seen[:, :5], seen[:, -15:].reshape(-1, 3, 5)
    assert len(np.unique(order[:, 1])) > 1  # the campaign changes its product
    for ahead in range(3):
        # before a coil begins it is itself the next order
        np.testing.assert_allclose(coming[: 8 - ahead, ahead], order[ahead:], rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"observation_delay": -1}, "observation_delay -1 is no whole number of 0 to 100"),
        ({"observation_delay": 1.5}, "observation_delay 1.5 is no whole number"),
        ({"action_delay": True}, "action_delay True is no whole number"),
        ({"action_delay": 101}, "action_delay 101 is no whole number of 0 to 100"),
        ({"noise": float("nan")}, "noise nan is not a finite number"),
        ({"noise": "loud"}, "noise 'loud' is not a finite number"),
        ({"noise": -0.1}, r"noise -0.1 is outside \[0, 20\]"),
        ({"look_ahead": 9}, "look_ahead 9 is no whole number of 0 to 8"),
        ({"observe": "everything"}, "'everything' is no preset of FinishingMill; one of all, "),
        ({"observe": ("fm.fdt", "fm.moon")}, "'fm.moon' is no observation of FinishingMill"),
        ({"observe": ("fm.fdt", "fm.fdt")}, "each once"),
        ({"observe": ()}, "must name one observation or more"),
        ({"observe": 7}, "observe 7 is no sequence"),
        ({"resolution": "molecular"}, "resolution 'molecular' is not offered by FinishingMill"),
        ({"seeds": ()}, "seeds is empty"),
        ({"seeds": (1, -2)}, "a seed of seeds -2 is no whole number"),
        ({"seeds": 5}, "seeds 5 is no sequence"),
        ({"scenario": "nowhere"}, "scenario 'nowhere' does not exist"),
        ({"sceanrio": "nominal"}, "'sceanrio' is no option; choose among scenario, observe"),
    ],
)
def test_a_wrong_option_is_refused_in_one_sentence(options, words):
    for make in (gymnasium.make, lambda name, **k: gymnasium.make_vec(name, 2, **k)):
        with pytest.raises(ConfigError, match=words):
            make(MILL, **options)


anything = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 200), st.floats(), st.text(max_size=5),
    st.lists(st.integers(-1, 5), max_size=3),
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["observe", "observation_delay", "action_delay", "noise", "look_ahead", "seeds"]
        ),
        anything,
    )
)
def test_any_option_is_taken_or_refused_with_a_clear_error(options):
    space = None
    with suppress(ConfigError):
        taken = options_of(TableTask(), options)
        space = observation_space(TableTask(), taken)
    if space is not None:
        assert 0 <= taken.observation_delay <= 100
        assert 0.0 <= taken.noise <= 20.0
        assert taken.seeds is None or len(taken.seeds) > 0
        assert space.shape[0] >= 1


@settings(max_examples=12, deadline=None)
@given(
    observation_delay=st.integers(0, 9),
    action_delay=st.integers(0, 9),
    noise=st.floats(0.0, 20.0),
    look_ahead=st.integers(0, 8),
    seed=st.integers(0, 2**32 - 1),
)
def test_options_together_stay_inside_the_space(seed, **options):
    env = gymnasium.make(TABLE, **options)
    assert env.observation_space.contains(env.reset(seed=seed)[0])
    for _ in range(5):
        assert env.observation_space.contains(env.step(env.action_space.sample())[0])


def control(low, high, most, cooldown, choices=(), start=0.0):
    return Control(
        "c.c", low, high, (), choices, most, cooldown, "low", (), 1e-3, "c", "c", "1", start
    )


@given(st.floats(-1.0, 1.0), st.floats(-20.0, 60.0))
def test_an_action_moves_a_control_inside_its_range_and_rate(asked, present):
    targets = Targets([action_of(control(-20.0, 60.0, 20.0, 60.0), 30.0)])
    value = targets.follow(np.array([[asked]]), np.array([[present]]))[0, 0]
    assert -20.0 <= value <= 60.0
    assert abs(value - present) <= 10.0 + 1e-9
    settled = np.array([[present]])
    for _ in range(10):
        settled = targets.follow(np.array([[asked]]), settled)
    assert settled[0, 0] == pytest.approx(asked * (60.0 if asked > 0 else 20.0))


def test_a_selector_at_rest_stays_where_the_line_starts():
    targets = Targets([action_of(control(0.0, 2.0, 2.0, 60.0, (0.0, 1.0, 2.0), 2.0), 10.0)])
    asked = np.array([[-1.0], [0.0], [0.01], [0.5], [0.51], [1.0]])
    assert targets.start.tolist() == [2.0]
    moved = targets.follow(asked, np.zeros((6, 1)))[:, 0]
    assert moved.tolist() == [2.0, 2.0, 0.0, 0.0, 1.0, 1.0]


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(IDS), st.sampled_from(sorted(SCENARIOS)), st.integers(0, 2**32 - 1))
def test_every_scenario_can_be_played_in_every_environment(name, scenario, seed):
    envs = gymnasium.make_vec(name, 2, scenario=scenario)
    assert envs.observation_space.contains(envs.reset(seed=seed % (2**32 - 1))[0])
    envs.action_space.seed(0)
    for _ in range(3):
        seen, reward, *_ = envs.step(envs.action_space.sample())
        assert envs.observation_space.contains(seen)
        assert np.all(np.isfinite(reward))
