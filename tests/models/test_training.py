"""Training: what is learned from is what is played, and what was killed goes on."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from passline.models.policies import Design, LearnedPolicy, feature_count, load
from passline.models.training import train
from passline.models.training_algorithms import Learner
from passline.models.training_envs import Price, ResidualEnvs
from passline.models.training_plan import OWN, Plan
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.rollouts.episodes import play_episodes, task_of
from passline.plant_sim.rollouts.policy import HoldPolicy, load_policy

torch = pytest.importorskip("torch", reason="the extra [rl] is not installed")
pytest.importorskip("stable_baselines3", reason="the extra [rl] is not installed")

TABLE, MILL = "passline/RunOutTable-v0", "passline/FinishingMill-v0"
SMALL = {"lanes": 4, "pool": 8, "validation": 2, "evaluation": 3, "round": 1, "every": 12}


def plan(**changes):
    whole = {"env": TABLE, "base": "rules", "steps": 2 * 4 * 240, **SMALL, **changes}
    return Plan(**whole)


def moved(learner):
    """Give the network weights that move a lot, and return them."""
    torch.manual_seed(1)
    for layer in learner._layers():
        torch.nn.init.normal_(layer.weight, std=0.5)
    return learner.weights()


@pytest.mark.parametrize("algorithm", ["ppo", "sac"])
@pytest.mark.parametrize("env", [TABLE, MILL])
def test_a_policy_plays_what_the_training_environment_plays(env, algorithm):
    made = plan(env=env, algorithm=algorithm, scenarios=("nominal", "disturbed"))
    price = Price(scale=7.0, harm=3.0)
    learner, design = _learner(made, price)
    envs = learner._envs
    weights = moved(learner)
    policy = LearnedPolicy(design, weights)
    seen, _ = envs.reset()
    gained, running = np.zeros(4), np.ones(4, bool)
    hurt = np.zeros(4)
    while running.any():
        action, _ = learner.model.predict(seen, deterministic=True)
        seen, reward, terminated, truncated, _ = envs.step(action)
        gained += running * reward * price.scale
        running &= ~(terminated | truncated)
    expected = []
    for part, scenario in enumerate(("nominal", "disturbed")):
        seeds = list(envs.parts[part]._pool[:2])
        ours = play_episodes(policy, env, seeds, scenario)
        base = play_episodes(load_policy("rules"), env, seeds, scenario)
        for one, two in zip(ours, base, strict=True):
            hurt = one.harm.sum() - two.harm.sum()
            expected.append(one.ret - two.ret - price.harm * hurt)
    assert np.ptp(expected) > 1.0
    # SB3 computes in batches of another shape: the last bits of an action differ
    np.testing.assert_allclose(gained, expected, rtol=1e-3, atol=0.05)


def _learner(made, price):
    from passline.models.training_algorithms import design_of

    design = design_of(made)
    pool = range(made.first_seed, made.first_seed + made.pool)
    envs = ResidualEnvs(design, made.scenarios, made.lanes, pool, price)
    envs.measure(made.decisions, np.random.default_rng(0))
    envs.begun = [0] * len(made.scenarios)
    return Learner(made, envs), design


def test_an_untrained_policy_is_its_base():
    learner, design = _learner(plan(), Price())
    ours = play_episodes(LearnedPolicy(design, learner.weights()), TABLE, [1, 2])
    base = play_episodes(load_policy("rules"), TABLE, [1, 2])
    assert [one.ret for one in ours] == [one.ret for one in base]


def test_a_last_observation_is_that_of_the_episode_that_ended():
    design = Design(MILL, {}, "hold", every=7)
    envs = ResidualEnvs(design, ("nominal",), 3, range(1, 10), Price())
    seen, _ = envs.reset()
    fresh = seen.copy()
    for _ in range(40):
        seen, _, terminated, truncated, infos = envs.step(np.zeros((3, 3), np.float32))
        over = terminated | truncated
        for lane in np.flatnonzero(over):
            assert not np.array_equal(infos["final_obs"][lane], seen[lane])
            np.testing.assert_array_equal(seen[lane, :2], fresh[lane, :2])  # an empty mill
    assert all(outcome.gained == 0.0 for outcome in envs.outcomes())  # holding on top of holding


@pytest.mark.parametrize("algorithm", ["ppo", "sac"])
def test_a_state_goes_on_in_the_same_bits(algorithm):
    made = plan(algorithm=algorithm)
    whole, _ = _learner(made, Price())
    for key in (1, 2):
        whole.learn(80, key, 1.0)
    first, _ = _learner(made, Price())
    first.learn(80, 1, 1.0)
    state, begun = first.state(), first._envs.begun
    second, _ = _learner(made, Price())
    second.restore(state)
    second._envs.begun = begun
    second.learn(80, 2, 1.0)
    for name, value in whole.weights().items():
        assert torch.equal(value, second.weights()[name]), name
    assert whole.weights()["4.weight"].abs().max() > 0.0


def run(out, steps, *more):
    words = ["train", "--env", TABLE, "--residual-on", "rules", "--steps", str(steps)]
    words += ["--lanes", "4", "--every", "12", "--evaluation", "2", "--out", str(out), *more]
    code = f"from passline.agents.cli import main; main({words!r})"
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def rounds(out):
    table = out / "progress.csv"
    if not table.exists():
        return []
    with table.open() as file:
        return list(csv.DictReader(file))


STEPS = 6 * 4 * 4 * 240  # six rounds


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("teacher", [(), ("--teacher", "mpc", "--lessons", "6")])
def test_a_killed_training_ends_in_the_same_bits_as_one_that_was_not(teacher, tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    taught = bool(teacher)  # then round 0 are the lessons
    for wanted in (0, 1, 3):
        process = run(killed, STEPS, *teacher)
        if wanted == 0:
            while not (killed / "plan.json").exists():
                assert process.poll() is None, process.communicate()
                time.sleep(0.01)
            time.sleep(3.0)  # before the first checkpoint
        while len(rounds(killed)) < wanted:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert len(rounds(killed)) < 6 + taught  # it was killed on its way
    for folder in (killed, whole):
        process = run(folder, STEPS, "--json", *teacher)
        out, error = process.communicate()
        assert process.returncode == 0, error
        assert json.loads(out)["rounds"] == 6
    told = [
        [{key: row[key] for key in row if key != "cpu_seconds"} for row in rounds(folder)]
        for folder in (killed, whole)
    ]
    assert [int(row["round"]) for row in told[0]] == list(range(0 if taught else 1, 7))
    assert told[0] == told[1]
    assert load(killed / "policy").fingerprint == load(whole / "policy").fingerprint


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_interrupt_keeps_the_rounds_and_says_how_to_go_on(tmp_path):
    process = run(tmp_path / "t", 100 * STEPS)
    while not rounds(tmp_path / "t"):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    assert process.returncode == 130
    assert "goes on" in error
    assert rounds(tmp_path / "t")


def test_the_result_is_that_of_the_kept_policy_on_unseen_seeds(tmp_path):
    made, told = plan(scenarios=("nominal", "disturbed")), []
    result = train(made, tmp_path / "t", told.append)
    assert [row["round"] for row in told] == [1, 2]
    again = []
    assert train(made, tmp_path / "t", again.append) == result  # found finished
    policy = load(result["policy"])
    for score in result["scores"]:
        ours = play_episodes(policy, TABLE, range(3), score["scenario"])
        base = play_episodes(load_policy("rules"), TABLE, range(3), score["scenario"])
        gains = [one.ret - two.ret for one, two in zip(ours, base, strict=True)]
        assert score["difference"] == pytest.approx(np.mean(gains))
    card = json.loads((tmp_path / "t" / "policy" / "card.json").read_text())
    assert card["scores"] == result["scores"]
    assert card["plan"]["seed"] == 0
    assert {"code", "versions", "design", "fingerprint"} <= set(card)
    assert {"plan.json", "state.pt", "progress.csv", "result.json", "policy"} <= {
        item.name for item in (tmp_path / "t").iterdir()
    }


def test_a_share_of_a_correction_is_a_smaller_correction():
    learner, design = _learner(plan(), Price())
    learner._layers()[-1].bias.data.fill_(0.4)
    features = np.zeros((3, len(learner.weights()["centre"])), np.float32)
    said = LearnedPolicy(design, learner.weights(0.5)).answer(features)
    np.testing.assert_allclose(said, 0.2, rtol=1e-6)


def test_a_folder_of_another_training_is_refused(tmp_path):
    train(plan(steps=1), tmp_path / "t")
    with pytest.raises(ConfigError, match="another seed"):
        train(plan(steps=1, seed=1), tmp_path / "t")


def test_training_never_meets_the_seeds_it_is_judged_on():
    made = plan(seed=3, pool=1000, validation=500)
    pool = range(made.first_seed, made.first_seed + made.pool)
    assert min(pool) >= OWN
    assert max(pool) < made.first_seed + 900_000
    learner, _ = _learner(plan(), Price())
    used = [seed for part in learner._envs.parts for seed in part._pool]
    assert len(set(used)) == len(used)
    assert min(used) >= OWN


@pytest.mark.parametrize(
    "wrong",
    [
        {"algorithm": "dqn"},
        {"every": 0},
        {"base": "no.such:policy"},
        {"scenarios": ()},
        {"scenarios": ("nominal", "nominal")},
        {"seed": -1},
        {"harm_price": -1.0},
        {"lanes": 3, "scenarios": ("nominal", "disturbed")},
        {"base": "nobody"},
        {"env": "passline/NoSuchThing-v0"},
        {"bound": 9.0},
    ],
)
def test_a_plan_that_does_not_fit_is_refused(wrong, tmp_path):
    with pytest.raises(ConfigError):
        train(plan(**{"steps": 1, **wrong}), tmp_path / "t")


def test_a_base_that_is_not_there_leaves_no_folder(tmp_path):
    with pytest.raises(ConfigError):
        train(plan(steps=1, base="no.such:policy"), tmp_path / "t")
    assert not (tmp_path / "t").exists()


class Remembering(HoldPolicy):
    """Does not say that it has no memory."""

    memoryless = False


def test_a_base_with_a_memory_is_refused_where_episodes_end_one_by_one():
    design = Design(MILL, {}, f"{__name__}:Remembering", every=8)
    envs = ResidualEnvs(design, ("nominal",), 3, range(1, 10), Price())
    envs.reset()

    def until_one_ends():
        for _ in range(30):
            envs.step(np.ones((3, 3), np.float32))

    with pytest.raises(ConfigError, match="memory"):
        until_one_ends()


def test_the_price_of_harm_follows_the_harm_that_is_done(tmp_path):
    rows = []
    made = plan(env=MILL, scenarios=("disturbed",), lagrange=True, harm_price=5.0, log_std=0.0)
    train(made, tmp_path / "t", rows.append)
    for row, price in zip(rows, (5.0, rows[0]["harm price"]), strict=True):
        assert row["harm price"] == pytest.approx(max(0.0, price + 2.5 * row["training harm"]))


def test_tensorboard_shows_what_the_table_holds(tmp_path):
    pytest.importorskip("tensorboard", reason="the extra [rl] is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    rows = []
    train(plan(), tmp_path / "t", rows.append)
    events = EventAccumulator(str(tmp_path / "t" / "tensorboard"))
    events.Reload()
    shown = [(event.step, event.value) for event in events.Scalars("gain/nominal")]
    assert shown == [(row["steps"], pytest.approx(row["gain nominal"], rel=1e-5)) for row in rows]


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_student_that_cannot_know_errs_towards_the_base(side):
    """Half of the teacher's answers are 0 and half are not, and nothing tells them apart."""
    learner, design = _learner(plan(teacher="mpc", base="level2"), Price())
    observations = len(task_of(TABLE).observations)
    features = np.zeros((512, feature_count(design, observations, 1)), np.float32)
    answers = np.where(np.arange(512) % 2, 0.8 * side, 0.0).astype(np.float32)[:, None]
    learner.study(features, answers, 3)
    said = LearnedPolicy(design, learner.weights()).answer(features[:64])
    assert 0.1 < side * said.mean() < 0.25  # 0.8 / 5; errors that count alike would give 0.4
