"""The oracle, and what it stands on: an episode that is branched goes on as the original does."""

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import registry

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.envs.options import Settings, options_of
from passline.plant_sim.envs.play import EpisodeState, Play
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.rollouts.branch_play import Stage
from passline.plant_sim.rollouts.episodes import play_episodes, task_of
from passline.plant_sim.rollouts.oracle import OraclePolicy, Search
from passline.plant_sim.rollouts.policy import load_policy
from passline.plant_sim.rollouts.tuned import tuned

ENVS = sorted(name for name in registry if name.startswith("passline/"))
LATE: Settings = {
    "scenario": "disturbed", "noise": 1.0, "action_delay": 1, "observation_delay": 2,
}  # fmt: skip
TABLE = "passline/RunOutTable-v0"


def started(env: str, seeds: list[int], settings: Settings | None = None) -> Play:
    task = task_of(env)
    play = Play(task, len(seeds), options_of(task, settings or {}))
    play.reset(list(seeds), np.ones(len(seeds), bool))
    return play


@pytest.mark.parametrize("env", ENVS)
def test_a_branched_episode_goes_on_bit_by_bit_as_the_original_on_any_lane(env: str) -> None:
    play = started(env, [5, 6, 7], LATE)
    steps, width = min(play.task.horizon, 12), len(play.task.actions)
    actions = np.random.default_rng(0).uniform(-1, 1, (steps, 3, width)).astype(np.float32)
    for step in range(steps // 2):
        play.step(actions[step])
    other = started(env, [1] * 17, LATE)
    other.step(np.ones((17, width), np.float32))
    for lane in range(17):
        other.put(lane, play.lane(1))
    for step in range(steps // 2, steps):
        reward, terms = play.step(actions[step])
        again, same = other.step(np.repeat(actions[step][1:2], 17, axis=0))
        assert np.all(again == reward[1])
        assert all(np.all(same[name] == terms[name][1]) for name in terms)
        assert np.array_equal(other.observe(), np.repeat(play.observe()[1:2], 17, axis=0))
    assert np.all(other.finished() == play.finished()[1])


def test_an_episode_with_other_delays_does_not_fit() -> None:
    with pytest.raises(ConfigError, match="other delays"):
        started(TABLE, [0]).put(0, started(TABLE, [0], LATE).lane(0))


def test_a_sequence_costs_what_the_environment_charges_for_it() -> None:
    play = started("passline/FinishingMill-v0", [3])
    actions = np.random.default_rng(1).uniform(-1, 1, (2, 240, 3)).astype(np.float32)
    stage = Stage(play.task, play.options)
    branches = stage.sequences([play.lane(0)] * 2, actions)
    env = gymnasium.make("passline/FinishingMill-v0")
    env.reset(seed=3)
    paid, over = 0.0, False
    for action in actions[1]:
        if not over:
            _, reward, terminated, truncated, _ = env.step(action)
            paid, over = paid - float(reward), terminated or truncated
    assert branches.money[1].sum() == pytest.approx(paid, abs=1e-9)
    with pytest.raises(ConfigError, match="one each"):
        stage.sequences([play.lane(0)], actions)


def test_an_episode_of_the_oracle_has_the_same_bits_in_any_company() -> None:
    spec = "oracle:budget=40"
    together = play_episodes(load_policy(spec), TABLE, range(9), "disturbed")
    apart = play_episodes(load_policy(spec), TABLE, [8, 2], "disturbed")
    assert [e.sha256 for e in apart] == [together[8].sha256, together[2].sha256]


@pytest.mark.parametrize(
    "env",
    [
        "passline/FinishingMill-v0",
        "passline/RunOutTable-v0",
        pytest.param("passline/MillSetup-v0", marks=pytest.mark.slow),
    ],
)
def test_the_oracle_costs_no_more_than_any_of_its_portfolio_at_no_more_harm(env: str) -> None:
    oracle = play_episodes(load_policy("oracle:budget=70"), env, range(2), "disturbed")
    names = ["hold", "rules", "level2"] if task_of(env).name in tuned() else ["hold", "rules"]
    columns = {name: play_episodes(load_policy(name), env, range(2), "disturbed") for name in names}
    for lane, episode in enumerate(oracle):
        harms = [column[lane].harm.sum() for column in columns.values()]
        assert episode.harm.sum() <= min(harms) + 1e-6
        for column in columns.values():
            if column[lane].harm.sum() <= min(harms) + 1e-6:
                assert episode.ret >= column[lane].ret - 1e-6
    for column in columns.values():
        assert sum(e.ret for e in oracle) > sum(e.ret for e in column)


def test_more_budget_never_costs_more_and_the_episode_costs_what_the_search_said() -> None:
    play = started(TABLE, [11])
    oracle = OraclePolicy("budget=131")
    (search,) = oracle.searches(Stage(play.task, play.options), [play.lane(0)])
    assert search.history == sorted(search.history, reverse=True)
    assert search.history[-1] < search.history[0]
    (less,) = OraclePolicy("budget=67").searches(Stage(play.task, play.options), [play.lane(0)])
    assert less.history == search.history[:2]
    (episode,) = play_episodes(load_policy("oracle:budget=131"), TABLE, [11])
    assert -episode.ret == pytest.approx(search.history[-1], abs=1e-6)


def test_what_is_cheaper_and_does_more_harm_is_not_taken() -> None:
    state = EpisodeState(None, 0, 1, 0, np.zeros(1), np.zeros((1, 1)), np.zeros((1, 1)), {})  # type: ignore[arg-type]
    members = np.zeros((2, 3, 1), np.float32)
    money, harm = np.array([[3.0, 3, 3], [1, 1, 1]]), np.array([[0.0, 0, 0], [0, 1, 0]])
    search = Search(state, members, money, harm)
    assert search.best.money == 9.0
    candidates = search.propose(2)
    search.take(
        candidates, np.array([[1.0, 1, 1], [2, 2, 3]]), np.array([[0.0, 0, 0.5], [0, 0, 0]])
    )
    assert (search.best.money, search.best.harm) == (7.0, 0.0)
    assert np.array_equal(search.best.actions, candidates[1])


def test_the_fingerprint_names_budget_and_portfolio() -> None:
    own = "passline.plant_sim.rollouts.policy:HoldPolicy"
    policy = OraclePolicy(f"{own},budget=9")
    for part in ("budget=9", own, "level2", "rules"):
        assert part in policy.fingerprint
    assert policy.fingerprint != OraclePolicy("budget=9").fingerprint


@pytest.mark.parametrize(
    ("argument", "said"),
    [("budget=x", "no whole number"), ("budget=1", "below"), ("oracle", "own portfolio")],
)
def test_a_portfolio_that_cannot_be_is_refused(argument: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_policy(f"oracle:{argument}")


def test_the_oracle_leaves_out_what_the_task_or_the_view_does_not_allow() -> None:
    (episode,) = play_episodes(
        load_policy("oracle:budget=5"), TABLE, [0], settings={"observe": "coiling"}
    )
    assert episode.observations.shape[1] == 4
