"""Episodes of every environment: the same bits in any company, and what a policy may look at."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import registry

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.errors import ConfigError, SimulationError
from passline.plant_sim.rollouts.episodes import play_episodes, task_of
from passline.plant_sim.rollouts.policy import HoldPolicy, Sees, Sight, load_policy

ENVS = sorted(name for name in registry if name.startswith("passline/"))
SHORT = "passline/MillSetup-v0"


@pytest.mark.parametrize("env", ["passline/RunOutTable-v0", "passline/FinishingMill-v0"])
@pytest.mark.parametrize("policy", ["hold", "rules"])
def test_an_episode_has_the_same_bits_in_any_company(env: str, policy: str) -> None:
    together = play_episodes(load_policy(policy), env, range(5), "disturbed")
    apart = [
        *play_episodes(load_policy(policy), env, [4, 2, 3], "disturbed"),
        *play_episodes(load_policy(policy), env, [0], "disturbed"),
        *play_episodes(load_policy(policy), env, [1], "disturbed"),
    ]
    assert {e.seed: e.sha256 for e in together} == {e.seed: e.sha256 for e in apart}
    assert len({e.sha256 for e in together}) == 5


@pytest.mark.parametrize("env", ENVS)
def test_an_episode_is_what_gymnasium_plays(env: str) -> None:
    (episode,) = play_episodes(HoldPolicy(), env, [7])
    single = gymnasium.make(env)
    seen, _ = single.reset(seed=7)
    for step, reward in enumerate(episode.rewards[:20]):
        assert np.array_equal(seen, episode.observations[step])
        seen, paid, *_ = single.step(np.zeros(single.action_space.shape or (), np.float32))
        assert paid == reward
    assert len(episode.rewards) <= (single.spec.max_episode_steps or 0)  # type: ignore[union-attr]
    assert -episode.ret == pytest.approx(sum(episode.money.values()))
    assert episode.harm.sum() == pytest.approx(sum(episode.harms.values()))


class Peeking(HoldPolicy):
    """Looks at more than it has declared."""

    def __init__(self, sees: Sees, what: str) -> None:
        self.sees, self.what = sees, what

    def act(self, sight: Sight) -> Any:
        _ = sight.samples(0) if self.what == "samples" else sight.play
        return super().act(sight)


@pytest.mark.parametrize(
    ("sees", "what"), [("observations", "samples"), ("observations", "truth"), ("samples", "truth")]
)
def test_a_policy_sees_no_more_than_it_declares(sees: Sees, what: str) -> None:
    with pytest.raises(ConfigError, match="declare it"):
        play_episodes(Peeking(sees, what), SHORT, [0])
    assert play_episodes(Peeking("truth", what), SHORT, [0])


def test_an_answer_that_is_no_action_is_refused() -> None:
    class Broken(HoldPolicy):
        def act(self, sight: Sight) -> Any:
            return np.full((sight.count, len(sight.task.actions)), np.nan)

    with pytest.raises(SimulationError, match="not finite"):
        play_episodes(Broken(), SHORT, [0])


def test_what_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="no-such"):
        task_of("passline/no-such-v0")
    with pytest.raises(ConfigError, match="no task"):
        task_of("CartPole-v1")
    with pytest.raises(ConfigError, match="nobody"):
        load_policy("nobody")
    with pytest.raises(ConfigError, match="begin"):
        load_policy("builtins:dict")
    with pytest.raises(ConfigError, match="all observations"):
        play_episodes(load_policy("rules"), SHORT, [0], settings={"observe": "order"})
