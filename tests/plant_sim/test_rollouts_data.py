"""Data sets: recipes that leak nothing, and exports that come back equal."""

import importlib.util
import json
import re
from pathlib import Path

import gymnasium
import numpy as np
import pytest

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.rollouts import EnvJob, run_job
from passline.plant_sim.rollouts.commands import replay
from passline.plant_sim.rollouts.env_store import read_episodes
from passline.plant_sim.rollouts.export import to_minari
from passline.plant_sim.rollouts.recipes import FIRST_SEED, RECIPES, collect

DOCS = Path(__file__).parents[2] / "docs/datasets.md"
TABLE = "passline/RunOutTable-v0"
MINARI = pytest.mark.skipif(
    importlib.util.find_spec("minari") is None, reason="minari is not installed: passline[data]"
)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mixed")
    collect(
        folder, TABLE, "mixed", ("nominal", "faults"), seeds=8, backend="inline", progress=False
    )
    return folder


def test_every_recipe_shares_out_all_of_its_seeds():
    for name, recipe in RECIPES.items():
        assert sum(part.share for part in recipe.parts) == pytest.approx(1.0), name


def test_the_table_of_the_recipes_in_the_docs_is_that_of_the_code():
    lines = DOCS.read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]
    assert [row[0].strip("`") for row in rows] == list(RECIPES)
    for row, (name, recipe) in zip(rows, RECIPES.items(), strict=True):
        assert row[2] == f"{recipe.seeds} + {max(recipe.seeds // 4, 1)}", name
        assert row[3] == recipe.english, name
        assert re.findall(r"`(\w+)`", row[1]) == [part.seat for part in recipe.parts], name
        noise = [part.explore for part in recipe.parts if part.explore]
        assert [float(each) for each in re.findall(r"± ([\d.]+)", row[1])] == noise, name


def test_no_seed_is_in_two_parts_or_in_both_splits(mixed):
    seeds: dict[str, list[int]] = {"train": [], "validation": []}
    for place in mixed.glob("*/*/manifest.json"):
        seeds[place.parts[-3]] += json.loads(place.read_text())["job"]["seeds"]
    assert sorted(seeds["train"]) == list(range(FIRST_SEED["train"], FIRST_SEED["train"] + 8))
    assert len(set(seeds["validation"])) == len(seeds["validation"]) == 4
    assert not set(seeds["train"]) & set(seeds["validation"])


def test_the_card_tells_who_acted_and_what_came_of_it(mixed):
    card = json.loads((mixed / "card.json").read_text())
    parts = [part for part in card["parts"] if part["split"] == "train"]
    assert [(p["seat"], p["explore"]) for p in parts] == [
        ("hold", 0.0), ("rules", 0.0), ("rules", 0.3), ("hold", 0.6),
    ]  # fmt: skip
    assert all(row["episodes"] == 2 for part in parts for row in part["scenarios"])
    noise = [np.abs(e.actions).max() for e in read_episodes(mixed / "train/3")]
    assert 0.0 < max(noise) <= 0.6
    assert not any(np.any(e.actions) for e in read_episodes(mixed / "train/0"))
    assert replay(mixed / "train/3", FIRST_SEED["train"] + 6, "faults")["same_bits"]


def test_a_data_set_that_is_there_is_not_played_again(mixed):
    before = {path: path.stat().st_mtime_ns for path in mixed.glob("*/*/steps/*")}
    collect(mixed, TABLE, "mixed", ("nominal", "faults"), seeds=8, backend="inline", progress=False)
    assert before == {path: path.stat().st_mtime_ns for path in mixed.glob("*/*/steps/*")}


def test_a_recipe_that_does_not_exist_or_has_too_few_seeds_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="the recipes are: untouched, level2"):
        collect(tmp_path, TABLE, "best")
    with pytest.raises(ConfigError, match="3 seeds for 4 parts"):
        collect(tmp_path, TABLE, "mixed", seeds=3)
    with pytest.raises(ConfigError, match=r"500001 seeds .* at most 500000"):
        collect(tmp_path, "no environment: it would be named first", "tiny", seeds=500_001)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_another_data_set_is_refused(mixed):
    card = (mixed / "card.json").read_bytes()
    with pytest.raises(ConfigError, match=r"train.1 is a part of another data set"):
        collect(
            mixed, TABLE, "untouched", ("nominal", "faults"), seeds=2, backend="inline",
            progress=False,
        )  # fmt: skip
    assert (mixed / "card.json").read_bytes() == card


@MINARI
def test_minari_gives_back_every_number_that_was_stored(mixed, tmp_path, monkeypatch):
    import minari

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    told = to_minari(mixed / "train", "passline/run-out-table/mixed-v0")
    assert (told["episodes"], told["steps"]) == (16, 16 * 240)
    stored = [e for place in sorted(mixed.glob("train/*/")) for e in read_episodes(place)]
    dataset = minari.load_dataset("passline/run-out-table/mixed-v0")
    assert (dataset.total_episodes, dataset.total_steps) == (16, 16 * 240)
    for mine, theirs in zip(stored, dataset.iterate_episodes(), strict=True):
        assert np.array_equal(mine.observations, theirs.observations)
        assert np.array_equal(mine.actions, theirs.actions)
        assert np.array_equal(mine.rewards, theirs.rewards)
        assert np.array_equal(mine.harm, theirs.infos["cost"])
        assert theirs.truncations.tolist() == [False] * 239 + [True]
        assert not theirs.terminations.any()
    env = dataset.recover_environment()
    assert env.observation_space == gymnasium.make(TABLE).observation_space
    with pytest.raises(ConfigError, match="already"):
        to_minari(mixed / "train", "passline/run-out-table/mixed-v0")


@MINARI
@pytest.mark.parametrize("dataset", ["mixed", "passline/mixed", "a b/mixed-v0", "", "../mixed-v0"])
def test_an_id_that_minari_cannot_read_is_refused_and_leaves_nothing(
    dataset, mixed, tmp_path, monkeypatch
):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="passline/run-out-table/mixed-v0"):
        to_minari(mixed / "validation", dataset)
    assert list(tmp_path.iterdir()) == []


@MINARI
def test_an_export_that_fails_leaves_no_half_of_a_dataset(mixed, tmp_path, monkeypatch):
    import minari

    def interrupted(*_, **__):
        (tmp_path / "half-v0/data").mkdir(parents=True)
        raise KeyboardInterrupt

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    whole = minari.create_dataset_from_buffers
    monkeypatch.setattr(minari, "create_dataset_from_buffers", interrupted)
    with pytest.raises(KeyboardInterrupt):
        to_minari(mixed / "validation", "half-v0")
    monkeypatch.setattr(minari, "create_dataset_from_buffers", whole)
    assert to_minari(mixed / "validation", "half-v0")["episodes"] == 8


@MINARI
def test_what_else_lies_in_the_place_of_minari_does_not_matter(mixed, tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    (tmp_path / "of somebody else/data").mkdir(parents=True)
    assert to_minari(mixed / "validation", "passline/table-v1")["episodes"] == 8


@MINARI
def test_options_in_another_order_are_the_same_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    options = {"noise": 1.0, "action_delay": 1}
    for name, seed, names in (("a", 0, options), ("b", 1, dict(reversed(options.items())))):
        job = EnvJob(TABLE, "hold", ("nominal",), (seed,), settings=names)
        run_job(job, tmp_path / "jobs" / name, "inline", progress=False)
    assert to_minari(tmp_path / "jobs", "passline/table-v0")["episodes"] == 2


@MINARI
def test_an_episode_that_ends_by_itself_is_terminated_in_minari(tmp_path, monkeypatch):
    import minari

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    job = EnvJob("passline/FinishingMill-v0", "hold", ("nominal",), (0, 1), settings={"noise": 1.0})
    run_job(job, tmp_path / "job", "inline", progress=False)
    to_minari(tmp_path / "job", "passline/mill-v0")
    stored = list(read_episodes(tmp_path / "job"))
    theirs = list(minari.load_dataset("passline/mill-v0").iterate_episodes())
    assert [bool(e.terminations[-1]) for e in theirs] == [e.terminated for e in stored]
    assert any(e.terminated for e in stored)
    assert all(not e.truncations.any() for e in theirs if e.terminations.any())


@MINARI
def test_jobs_on_unlike_environments_are_not_exported_together(tmp_path):
    for name, settings in (("a", {}), ("b", {"noise": 1.0})):
        job = EnvJob(TABLE, "hold", ("nominal",), (0,), settings=settings)
        run_job(job, tmp_path / name, "inline", progress=False)
    with pytest.raises(ConfigError, match="one environment with one set of options"):
        to_minari(tmp_path, "passline/both-v0")
