"""A learned policy: its bits hang on nothing but the episode, and what is kept is what was made."""

import json

import numpy as np
import pytest

from passline.models.errors import WeightsError
from passline.models.policies import (
    CARD,
    WEIGHTS,
    Design,
    LearnedPolicy,
    feature_count,
    load,
    network,
    save,
)
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.rollouts.episodes import play_episodes, task_of
from passline.plant_sim.rollouts.policy import load_policy

torch = pytest.importorskip("torch", reason="the extra [rl] is not installed")

TABLE, MILL = "passline/RunOutTable-v0", "passline/FinishingMill-v0"
SPEC = "passline.models.policies:load"


def drawn(design, seed=0):
    """Return weights of a design that move a lot."""
    task = task_of(design.env)
    actions = len(task.actions)
    features = feature_count(design, len(task.observations), actions)
    torch.manual_seed(seed)
    weights = {
        name: 2.0 * value for name, value in network(design, features, actions).state_dict().items()
    }
    return {
        **weights,
        "centre": torch.randn(features) * 0.1,
        "scale": torch.rand(features) + 0.5,
    }


@pytest.fixture(params=[TABLE, MILL])
def design(request):
    return Design(request.param, {}, "rules", bound=0.5, squash=request.param == MILL)


def test_an_episode_has_the_same_bits_in_every_block_and_place(design, tmp_path):
    save(tmp_path / "p", design, drawn(design), {})
    spec = f"{SPEC}:{tmp_path / 'p'}"
    seeds = list(range(70))

    def played(block, order):
        found = {}
        for start in range(0, len(order), block):
            part = play_episodes(load_policy(spec), design.env, order[start : start + block])
            found |= {episode.seed: episode.sha256 for episode in part}
        return found

    whole = played(70, seeds)
    assert len(set(whole.values())) == 70
    assert played(64, seeds[::-1]) == whole
    assert played(7, seeds) == whole
    assert played(1, seeds[:5]) == {seed: whole[seed] for seed in seeds[:5]}


def test_a_kept_policy_plays_as_the_one_that_was_saved(design, tmp_path):
    weights = drawn(design)
    save(tmp_path / "p", design, weights, {"note": "x"})
    first = play_episodes(LearnedPolicy(design, weights), design.env, [3, 4])
    again = play_episodes(load(tmp_path / "p"), design.env, [3, 4])
    assert [one.sha256 for one in again] == [one.sha256 for one in first]
    assert json.loads((tmp_path / "p" / CARD).read_text())["note"] == "x"
    assert [item.name for item in tmp_path.iterdir()] == ["p"]  # no scratch is left


def test_the_correction_is_bounded_and_stands_for_its_steps():
    design = Design(TABLE, {}, "rules", bound=0.1, every=4)
    weights = drawn(design)
    learned = play_episodes(LearnedPolicy(design, weights), TABLE, range(8))
    for episode in learned:
        rules = load_policy("rules")
        seen = episode.observations

        class Shown:
            observations = seen
            task = task_of(TABLE)
            count = len(seen)

        rules.begin(Shown)
        added = episode.actions - rules.act(Shown)
        assert np.abs(added).max() <= 0.1 + 1e-6
        inside = np.abs(episode.actions) < 1.0
        for start in range(0, 240, 4):
            block = added[start : start + 4][inside[start : start + 4]]
            assert np.ptp(block) < 1e-6 if block.size else True


def test_without_weight_in_the_last_layer_it_is_the_base_policy(design):
    weights = drawn(design)
    for name in ("4.weight", "4.bias"):
        weights[name].zero_()
    learned = play_episodes(LearnedPolicy(design, weights), design.env, [0, 1])
    base = play_episodes(load_policy("rules"), design.env, [0, 1])
    for one, two in zip(learned, base, strict=True):
        np.testing.assert_array_equal(one.actions, two.actions)
        np.testing.assert_array_equal(one.rewards, two.rewards)


def test_the_fingerprint_names_every_weight_and_the_design(design):
    weights = drawn(design)
    first = LearnedPolicy(design, weights).fingerprint
    assert LearnedPolicy(design, dict(weights)).fingerprint == first
    other = {**weights, "4.bias": weights["4.bias"] + 1e-6}
    assert LearnedPolicy(design, other).fingerprint != first
    wider = Design(design.env, {}, "rules", bound=0.6, squash=design.squash)
    assert LearnedPolicy(wider, weights).fingerprint != first


def test_changed_weights_are_refused(tmp_path):
    design = Design(TABLE, {})
    save(tmp_path / "p", design, drawn(design), {})
    torch.save(drawn(design, seed=1), tmp_path / "p" / WEIGHTS)
    with pytest.raises(WeightsError, match="fingerprint"):
        load(tmp_path / "p")


@pytest.mark.parametrize("damage", ["missing", "torn card", "torn weights", "other layers"])
def test_a_damaged_policy_is_refused_in_one_sentence(tmp_path, damage):
    design = Design(TABLE, {})
    weights = drawn(design)
    save(tmp_path / "p", design, weights, {})
    if damage == "missing":
        (tmp_path / "p" / WEIGHTS).unlink()
    elif damage == "torn card":
        (tmp_path / "p" / CARD).write_text('{"design": ')
    elif damage == "torn weights":
        whole = (tmp_path / "p" / WEIGHTS).read_bytes()
        (tmp_path / "p" / WEIGHTS).write_bytes(whole[: len(whole) // 2])
    else:
        torch.save({**weights, "0.weight": torch.zeros(3, 3)}, tmp_path / "p" / WEIGHTS)
    with pytest.raises(WeightsError, match="train"):
        load(tmp_path / "p")


def test_it_plays_only_where_it_was_made_for():
    design = Design(TABLE, {})
    policy = LearnedPolicy(design, drawn(design))
    with pytest.raises(ConfigError, match="made for"):
        play_episodes(policy, MILL, [0])
    with pytest.raises(ConfigError, match="made for"):
        play_episodes(policy, TABLE, [0], settings={"observe": "coiling"})


@pytest.mark.parametrize(
    "wrong", [{"bound": 0.0}, {"bound": 3.0}, {"every": 0}, {"rates": (0.0,)}, {"activation": "x"}]
)
def test_a_design_outside_its_limits_is_refused(wrong):
    with pytest.raises(ConfigError):
        Design(TABLE, {}, **wrong)


def test_the_threads_of_torch_are_as_before():
    design = Design(TABLE, {})
    before = torch.get_num_threads()
    play_episodes(LearnedPolicy(design, drawn(design)), TABLE, [0])
    assert torch.get_num_threads() == before
