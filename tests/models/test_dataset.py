from dataclasses import replace

import numpy as np
import pytest

from passline.models.dataset import SPLITS, Recipe, best_move, label
from passline.models.rows import rows_sha256
from passline.plant_sim.controls import HOLD, Move
from passline.plant_sim.rollouts.branch import BranchTable

SMALL = Recipe(
    scenarios=("dead-bank",), train=6, validation=4, held_out=4, lanes=4, coils=2, share=1.0
)
UP = Move("rot.cooling_correction", 0.1, "up")
OUT = Move("rot.bank_out", 2.0, "2")


def table(costs, harms=(0.0, 0.0, 0.0)):
    shape = (3, 1)
    return BranchTable(
        (HOLD, OUT, UP), (1,), 180.0, np.reshape(costs, shape), np.reshape(harms, shape)
    )


@pytest.mark.parametrize(
    ("costs", "harms", "right"),
    [
        ((500.0, 480.0, 490.0), (0, 0, 0), 0),  # nothing gains much
        ((500.0, 440.0, 490.0), (0, 0, 0), None),  # not clear
        ((500.0, 400.0, 450.0), (0, 0, 0), 1),  # the cheapest
        ((500.0, 400.0, 405.0), (0, 0, 0), 2),  # about as good and of less risk
        ((500.0, 300.0, 400.0), (0, 9, 0), 2),  # the cheapest does harm
        ((500.0, 300.0, 400.0), (0, 9, 9), 0),  # both do
        ((500.0, 300.0, 400.0), (4, 5, 0), 1),  # harm that is only noise
    ],
)
def test_the_right_answer_pays_and_does_no_harm(costs, harms, right):
    assert best_move(table(costs, harms), Recipe()) == right


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


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_other_seeds_give_other_rows():
    ours = label(replace(SMALL, validation=2), "validation")
    others = label(replace(SMALL, validation=2, seed=SMALL.seed + 500), "validation")
    assert rows_sha256(ours) != rows_sha256(others)
