from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from passline.models.dataset import CALM, SPLITS, Recipe, best_move, build, label, read_recipe
from passline.models.rows import read_rows, rows_sha256
from passline.plant_sim.controls import HOLD, Move
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.rollouts.branch import BranchTable

SMALL = Recipe(
    scenarios=("dead-bank",), train=6, validation=4, held_out=4, lanes=4, coils=2, share=1.0
)
UP = Move("rot.cooling_correction", 0.1, "up")
OUT = Move("rot.bank_out", 2.0, "2")


def table(costs, harms=(0.0, 0.0, 0.0)):
    cost = np.reshape(costs, (3, -1))
    harm = np.reshape(harms, (3, -1))
    return BranchTable((HOLD, OUT, UP), tuple(range(cost.shape[1])), 180.0, cost, harm)


@pytest.mark.parametrize(
    ("costs", "harms", "right"),
    [
        ((500.0, 480.0, 490.0), (0, 0, 0), 0),  # nothing gains much
        ((500.0, 440.0, 490.0), (0, 0, 0), None),  # not clear
        ((500.0, 400.0, 450.0), (0, 0, 0), 1),  # the cheapest
        ((500.0, 400.0, 405.0), (0, 0, 0), 2),  # about as good and of less risk
        ((500.0, 300.0, 400.0), (0, 9, 0), 2),  # the cheapest does harm
        ((500.0, 300.0, 400.0), (0, 9, 9), 0),  # both do
        ((500.0, 300.0, 400.0), (4, 5, 0), 2),  # a little more harm is more harm
        ((500.0, 300.0, 400.0), (4, 4, 0), 1),  # no more than holding
    ],
)
def test_the_right_answer_pays_and_does_no_harm(costs, harms, right):
    assert best_move(table(costs, harms), Recipe()) == right


def test_a_future_without_harm_does_not_make_up_for_one_with_it():
    costs = ((500.0, 500.0), (300.0, 300.0), (400.0, 400.0))
    harms = ((2.0, 2.0), (0.0, 3.0), (0.0, 0.0))  # the second does less on average
    found = table(costs, harms)
    assert best_move(found, Recipe()) == 2
    assert found.admissible.tolist() == [True, False, True]


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_same_seed_gives_the_same_rows_and_splits_share_no_plant():
    rows = {split: label(SMALL, split) for split in SPLITS}
    assert [len(rows[split]) for split in SPLITS] == [6, 4, 4]
    assert rows_sha256(label(SMALL, "validation")) == rows_sha256(rows["validation"])
    seeds = [{row.seed for row in rows[split]} for split in SPLITS]
    assert not seeds[0] & seeds[1]
    assert not seeds[0] & seeds[2]
    assert not seeds[1] & seeds[2]
    for row in rows["train"]:
        assert row.legal[0] == HOLD
        assert len(row.costs) == len(row.moves) == len(row.harms)
        assert not row.harmful(row.label)
        assert [row.harms[0] + 1e-9 >= harm for harm in row.harms] == list(row.admissible)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_other_seeds_give_other_rows():
    ours = label(replace(SMALL, validation=2), "validation")
    others = label(replace(SMALL, validation=2, seed=SMALL.seed + 500), "validation")
    assert rows_sha256(ours) != rows_sha256(others)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_every_scenario_has_its_rows_and_no_campaign_more_than_its_share(tmp_path):
    recipe = Recipe(train=12, validation=2, held_out=2, lanes=4, coils=4, share=1.0, each=2)
    build(tmp_path, recipe)
    assert read_recipe(tmp_path) == recipe
    rows = read_rows(tmp_path / "train.json")
    found = Counter(row.scenario for row in rows)
    assert found.pop(CALM) == 1
    assert sorted(found) == sorted(recipe.scenarios)
    assert set(found.values()) == {2, 3}
    assert max(Counter(row.seed for row in rows).values()) <= recipe.each
    assert all(row.label == 0 for row in rows if row.scenario == CALM)


def test_a_recipe_says_what_its_rows_leave_out(tmp_path):
    said = Recipe(holds=30.0, acts=90.0, horizon=300.0, share=0.3).left_out
    assert "30 to 90 EUR" in said
    assert "4 coils before a fault begins" in said
    assert "30 % of the rows" in said
    with pytest.raises(ConfigError, match="passline dataset"):
        read_recipe(tmp_path)
    (tmp_path / "recipe.json").write_text('{"scenarios": [], "colour": 3}')
    with pytest.raises(ConfigError, match="is no recipe"):
        read_recipe(tmp_path)
