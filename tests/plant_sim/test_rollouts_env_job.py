"""Jobs on an environment: the contract of the folder, and bits that are the seeds alone."""

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from passline.plant_sim.errors import ConfigError
from passline.plant_sim.rollouts import EnvJob, run_job
from passline.plant_sim.rollouts.commands import replay, resume, rollout
from passline.plant_sim.rollouts.env_job import read_job
from passline.plant_sim.rollouts.env_store import KEY, facts_of, read_episodes, read_returns
from passline.plant_sim.rollouts.episodes import play_episodes, task_of
from passline.plant_sim.rollouts.policy import load_policy
from passline.plant_sim.rollouts.store import Manifest, read_rows

TABLE = "passline/RunOutTable-v0"
JOB = EnvJob(TABLE, "rules", ("nominal", "disturbed"), tuple(range(5)), block=2)


def play(of: EnvJob, folder: Path):
    return run_job(of, folder, "inline", progress=False)


def hashes(folder: Path) -> dict[tuple[str, int], str]:
    rows = read_rows(folder, "episodes", Manifest.read(folder))
    found = {(row["scenario"], row["seed"]): row["sha256"] for row in rows}
    assert len(found) == len(rows), "an episode is there twice"
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("job")
    assert play(JOB, place)["episodes_played"] == 10
    return place


@pytest.mark.parametrize("block", [1, 3, 64])
def test_episodes_do_not_depend_on_the_block_nor_on_the_order_of_seeds(block, tmp_path, folder):
    play(replace(JOB, block=block, seeds=JOB.seeds[::-1]), tmp_path)
    assert hashes(tmp_path) == hashes(folder)
    assert len(set(hashes(folder).values())) == 10


def test_what_is_missing_or_damaged_is_played_again_with_the_same_bits(tmp_path):
    play(JOB, tmp_path)
    before = hashes(tmp_path)
    (tmp_path / "episodes/unit-00000.parquet").unlink()
    damaged = tmp_path / "steps/unit-00004.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert resume(tmp_path, "inline", progress=False)["runs"][0]["units_played"] == 2
    assert hashes(tmp_path) == before
    assert play(JOB, tmp_path)["units_played"] == 0


def test_the_store_holds_every_step_as_it_was_played(folder):
    stored = {(e.scenario, e.seed): e for e in read_episodes(folder)}
    for scenario in JOB.scenarios:
        for episode in play_episodes(load_policy("rules"), TABLE, JOB.seeds, scenario):
            mine = stored.pop((scenario, episode.seed))
            assert np.array_equal(mine.observations[:-1], episode.observations)
            assert np.array_equal(mine.observations[-1], episode.last)
            assert np.array_equal(mine.actions, episode.actions)
            assert np.array_equal(mine.rewards, episode.rewards)
            assert np.array_equal(mine.harm, episode.harm)
            assert mine.terminated == episode.terminated
    assert not stored


def test_the_columns_are_those_of_the_contract_and_say_their_units(folder):
    episodes = pq.read_schema(folder / "episodes/unit-00000.parquet")
    steps = pq.read_schema(folder / "steps/unit-00000.parquet")
    assert {"seed", "scenario", "steps", "ret", "harm", "sha256"} <= {*episodes.names}
    assert {"money.ct", "money.water", "harm.overload"} <= {*episodes.names} & {*steps.names}
    assert steps.names[:5] == ["seed", "scenario", "step", "observation", "action"]
    assert str(steps.field("observation").type).startswith("fixed_size_list<element: float")
    assert steps.field("observation").type.list_size == len(facts_of(folder)["observations"])
    assert episodes.field("ret").metadata[b"unit"] == steps.field("reward").metadata[b"unit"]
    assert json.loads(steps.metadata[KEY]) == facts_of(folder)
    facts = facts_of(folder)
    assert facts["env"] == TABLE
    assert facts["actions"][0]["name"] == "rot.bank_trim"
    assert facts["actions"][0]["below"] == facts["actions"][0]["span"]
    assert [each["name"] for each in facts["observations"]] == [
        seen.name for seen in task_of(TABLE).observations
    ]
    manifest = json.loads((folder / "manifest.json").read_text())["job"]
    assert {*manifest} >= {"env", "seat", "scenarios", "seeds", "block", "settings"}


def test_money_and_harm_by_reason_add_up(folder):
    sums = (
        'sum(s.reward) - any_value(e.ret), sum(s."money.ct" + s."money.water") + any_value(e.ret)'
    )
    rows = duckdb.sql(
        f"SELECT {sums}, count(*) - any_value(e.steps) FROM '{folder}/steps/*.parquet' s "
        f"JOIN '{folder}/episodes/*.parquet' e USING (scenario, seed) GROUP BY scenario, seed"
    ).fetchall()
    assert len(rows) == 10
    assert np.abs(rows).max() < 1e-9


def test_one_line_of_duckdb_reads_the_job(folder):
    path = f"{folder}/episodes/*.parquet"
    rows = duckdb.sql(f"SELECT scenario, avg(ret), count(*) FROM '{path}' GROUP BY 1").fetchall()
    assert {row[0]: row[1] for row in rows} == pytest.approx(
        {row["scenario"]: row["return"] for row in read_returns(folder)}
    )
    assert [row[2] for row in rows] == [5, 5]


def test_one_line_reads_all_steps_of_the_job(folder):
    steps = pq.read_table(folder / "steps")
    assert steps.num_rows == 10 * 240
    assert {*steps["scenario"].to_pylist()} == {*JOB.scenarios}


def test_one_line_of_pandas_reads_all_steps_of_the_job(folder):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed, it is no dependency")
    steps = pandas.read_parquet(folder / "steps")
    assert len(steps) == 10 * 240
    returns = steps.groupby("scenario", observed=True)["reward"].sum() / 5
    assert dict(returns) == pytest.approx(
        {row["scenario"]: row["return"] for row in read_returns(folder)}
    )


def test_one_episode_is_replayed_to_the_same_bits(folder):
    again = replay(folder, 4, "disturbed")
    assert again["same_bits"]
    assert again["same_code"]
    assert again["code"] == again["stored_code"]
    assert again["sha256"] == hashes(folder)["disturbed", 4]
    assert len(again["steps"]) == 240
    assert json.dumps(again)
    with pytest.raises(ConfigError, match="several scenarios"):
        replay(folder, 4)
    with pytest.raises(ConfigError, match="seed 77 in nominal"):
        replay(folder, 77, "nominal")


def test_noise_on_the_actions_is_the_seeds_alone_and_stays_in_its_bounds(tmp_path):
    noisy = EnvJob(TABLE, "hold", ("nominal",), (3, 1, 2), block=2, explore=0.4)
    play(noisy, tmp_path / "noisy")
    play(replace(noisy, block=3, seeds=(1, 2, 3)), tmp_path / "again")
    assert hashes(tmp_path / "noisy") == hashes(tmp_path / "again")
    actions = {e.seed: e.actions for e in read_episodes(tmp_path / "noisy")}
    assert not np.array_equal(actions[1], actions[2])
    assert 0.3 < max(np.abs(each).max() for each in actions.values()) <= 0.4
    assert replay(tmp_path / "noisy", 2)["same_bits"]


def test_options_are_part_of_the_job_and_come_back_from_the_manifest(tmp_path):
    job = replace(JOB, scenarios=("nominal",), seat="hold", settings={"observe": "coiling"})
    play(job, tmp_path)
    assert read_job(Manifest.read(tmp_path).job) == job
    assert read_job(Manifest.read(tmp_path).job).hash == job.hash != JOB.hash
    assert [seen["name"] for seen in facts_of(tmp_path)["observations"]] == [
        "rot.coiling_temperature", "rot.strip_seen", "fm.speed", "rot.demand",
    ]  # fmt: skip
    assert next(read_episodes(tmp_path)).observations.shape == (241, 4)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"seeds": ()}, "a job needs seeds"),
        ({"seeds": (1, 1)}, "a job needs seeds"),
        ({"scenarios": ()}, "a job needs scenarios"),
        ({"scenarios": ("nominal", "nominal")}, "a job needs scenarios"),
        ({"block": 0}, "block of at least 1"),
        ({"explore": 1.5}, "explore of 0 to 1"),
        ({"settings": {"scenario": "faults"}}, "take scenario out"),
        ({"settings": {"config": object()}}, "plain data"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(wrong, says):
    with pytest.raises(ConfigError, match=says):
        replace(JOB, **wrong)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"env": "passline/NoSuch-v0"}, "not known"),
        ({"seat": "nobody"}, "nobody"),
        ({"scenarios": ("nominal", "bad")}, "'bad' does not exist"),
        ({"settings": {"nois": 1}}, "'nois' is no option"),
    ],
)
def test_what_is_not_there_leaves_no_folder(wrong, says, tmp_path):
    with pytest.raises(ConfigError, match=says):
        play(replace(JOB, **wrong), tmp_path / "job")
    assert not (tmp_path / "job").exists()


def test_a_rollout_in_an_environment_tells_return_and_harm_of_every_seat(tmp_path):
    result = rollout(
        tmp_path, ("hold", "rules"), ("nominal", "faults"), 3, env=TABLE,
        backend="inline", progress=False,
    )  # fmt: skip
    assert json.dumps(result)
    told = [(row["seat"], row["scenario"], row["episodes"]) for row in result["table"]]
    assert told == [(s, c, 3) for s in ("hold", "rules") for c in ("nominal", "faults")]
    assert all(row["return"] < 0.0 <= row["harm"] for row in result["table"])
    with pytest.raises(ConfigError, match="name an environment"):
        rollout(tmp_path / "desk", ("hold",), ("nominal", "faults"), 3)
