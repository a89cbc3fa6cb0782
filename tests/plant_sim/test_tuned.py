"""Level 2 tuned: frozen, blind to its company, and no worse than the line it tunes."""

from pathlib import Path

import numpy as np
import pytest

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.rollouts import tuned
from passline.plant_sim.rollouts.episodes import play_episodes, task_of
from passline.plant_sim.rollouts.policy import load_policy

TUNED = sorted(tuned.tuned())
SHORT = [env for env in TUNED if env in ("FinishingMill", "RunOutTable")]


def test_a_changed_file_of_gains_is_refused(tmp_path: Path) -> None:
    changed = tmp_path / "tuned.yaml"
    changed.write_text(tuned.FILE.read_text().replace("gains:", "gains: ", 1))
    with pytest.raises(ConfigError, match="not the frozen"):
        tuned.tuned(changed)


def test_the_gains_are_those_that_the_laws_name() -> None:
    for env in TUNED:
        assert set(tuned.tuned()[env]["gains"]) == set(tuned.LAWS[env].gains)


@pytest.mark.parametrize("env", TUNED)
def test_gains_of_many_lanes_act_as_those_of_one(env: str) -> None:
    task = task_of(f"passline/{env}-v0")
    rng = np.random.default_rng(0)
    seen = rng.standard_normal((7, len(task.observations))).astype(np.float32)
    gains = rng.standard_normal((7, len(tuned.LAWS[env].gains)))
    names = tuned.LAWS[env].gains
    together = tuned.act(task, dict(zip(names, gains.T, strict=True)), seen)
    for lane in range(7):
        own = dict(zip(names, gains[lane].tolist(), strict=True))
        assert np.array_equal(tuned.act(task, own, seen[lane : lane + 1])[0], together[lane])


@pytest.mark.parametrize("env", SHORT)
def test_an_episode_of_level2_has_the_same_bits_in_any_company(env: str) -> None:
    name = f"passline/{env}-v0"
    together = play_episodes(load_policy("level2"), name, range(5), "disturbed")
    apart = play_episodes(load_policy("level2"), name, [3, 1], "disturbed")
    assert [e.sha256 for e in apart] == [together[3].sha256, together[1].sha256]


@pytest.mark.parametrize("env", [*SHORT, pytest.param("MillSetup", marks=pytest.mark.slow)])
def test_level2_is_cheaper_than_holding_at_no_more_harm_on_days_it_was_not_tuned_on(
    env: str,
) -> None:
    seeds = range(160_000, 160_128)
    hold, level2 = (
        play_episodes(load_policy(policy), f"passline/{env}-v0", seeds)
        for policy in ("hold", "level2")
    )
    assert np.mean([e.ret for e in level2]) > np.mean([e.ret for e in hold])
    assert sum(e.harm.sum() for e in level2) <= sum(e.harm.sum() for e in hold) + 1e-9


def test_what_is_not_tuned_or_not_shown_is_refused() -> None:
    with pytest.raises(ConfigError, match="not tuned for ReheatingFurnace"):
        play_episodes(load_policy("level2"), "passline/ReheatingFurnace-v0", [0])
    with pytest.raises(ConfigError, match="all observations"):
        play_episodes(
            load_policy("level2"), "passline/RunOutTable-v0", [0], settings={"observe": "coiling"}
        )
