"""Jobs and their store: nothing is lost, nothing is played twice, nothing is mixed."""

import importlib
import json
import sys
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from passline.plant_sim.errors import ConfigError
from passline.plant_sim.rollouts import Job, backends, job, on_ray, run_job, seats
from passline.plant_sim.rollouts.commands import folder_of, replay, resume, rollout
from passline.plant_sim.rollouts.evaluate import evaluate, interval
from passline.plant_sim.rollouts.store import Manifest, read_rows

JOB = Job("rules", "faults", tuple(range(6)), coils=1, block=2)


def play(of: Job, folder: Path, backend: job.Backend = "inline"):
    return run_job(of, folder, backend, progress=False)


def hashes(folder: Path) -> dict[int, str]:
    rows = read_rows(folder, "episodes", Manifest.read(folder))
    assert len({row["seed"] for row in rows}) == len(rows), "an episode is there twice"
    return {row["seed"]: row["sha256"] for row in rows}


def test_episodes_do_not_depend_on_how_the_job_is_cut(tmp_path):
    play(JOB, tmp_path / "twos")
    play(Job("rules", "faults", tuple(range(5, -1, -1)), 1, block=5), tmp_path / "five")
    assert hashes(tmp_path / "twos") == hashes(tmp_path / "five")
    assert len(hashes(tmp_path / "twos")) == 6


def test_a_finished_job_is_not_played_again(tmp_path):
    assert play(JOB, tmp_path)["units_played"] == 3
    assert play(JOB, tmp_path)["units_played"] == 0


def test_what_is_missing_or_damaged_is_played_again_with_the_same_bits(tmp_path):
    play(JOB, tmp_path)
    before = hashes(tmp_path)
    (tmp_path / "coils/unit-00000.parquet").unlink()
    damaged = tmp_path / "steps/unit-00002.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert play(JOB, tmp_path)["units_played"] == 2
    assert hashes(tmp_path) == before
    assert Manifest.read(tmp_path).sound() == {0, 1, 2}


def test_an_interrupted_job_keeps_what_was_finished(tmp_path, monkeypatch):
    def stop(self, unit, before=backends.Player.play):
        if unit.index == 2:
            raise KeyboardInterrupt
        return before(self, unit)

    with monkeypatch.context() as patch:
        patch.setattr(backends.Player, "play", stop)
        with pytest.raises(KeyboardInterrupt):
            play(JOB, tmp_path)
    assert Manifest.read(tmp_path).finished() == [0, 1]
    assert resume(tmp_path, "inline", progress=False)["runs"][0]["units_played"] == 1
    assert len(hashes(tmp_path)) == 6


def test_a_torn_line_of_what_was_finished_costs_only_its_unit(tmp_path):
    play(JOB, tmp_path / "whole")
    manifest = Manifest.read(tmp_path / "whole")
    torn = Manifest(tmp_path / "whole", manifest.job, manifest.code, manifest.seat)
    files = {unit: manifest._units[unit] for unit in manifest.finished()}
    torn.save()
    for unit in (0, 2):
        torn.add(unit, files[unit], manifest.seat)
    record = tmp_path / "whole/finished.jsonl"
    record.write_bytes(record.read_bytes()[:-9])
    assert Manifest.read(tmp_path / "whole").finished() == [0]
    assert play(JOB, tmp_path / "whole")["units_played"] == 2
    assert Manifest.read(tmp_path / "whole").finished() == [0, 1, 2]
    assert not record.exists()


def test_a_folder_keeps_to_one_job_one_plant_and_one_seat(tmp_path, monkeypatch):
    play(JOB, tmp_path)
    with pytest.raises(ConfigError, match="another job"):
        play(Job("hold", "faults", JOB.seeds, 1, 2), tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(job, "code_hash", lambda: "0" * 64)
        with pytest.raises(ConfigError, match="plant code"):
            play(JOB, tmp_path)
    monkeypatch.setattr(backends, "fingerprint", lambda spec, seat: "other weights")
    with pytest.raises(ConfigError, match="begun by seat rules"):
        play(JOB, tmp_path)


FOREIGN = """
from passline.plant_sim.controls import Decision

class Mine:
    name = "mine"
    def decide(self, snapshots, moves):
        return [Decision(0, 1.0, "VERSION") for _ in moves]
"""


def test_two_versions_of_a_seat_are_never_mixed_in_a_job(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    source, folder = tmp_path / "my_own_seat.py", tmp_path / "job"
    source.write_text(FOREIGN)
    mine = Job("my_own_seat:Mine", "faults", (0, 1), coils=1, block=1)
    assert play(mine, folder)["units_played"] == 2
    assert "numba-" in Manifest.read(folder).seat
    (folder / "steps/unit-00001.parquet").unlink()
    assert play(mine, folder)["units_played"] == 1
    (folder / "steps/unit-00001.parquet").unlink()
    source.write_text(FOREIGN.replace("VERSION", "another version"))
    monkeypatch.delitem(sys.modules, "my_own_seat")
    importlib.invalidate_caches()
    with pytest.raises(ConfigError, match="begun by seat mine"):
        play(mine, folder)
    assert not replay(folder, 0)["same_code"]


def test_a_seat_of_passline_is_known_by_all_sources_of_its_folder():
    names = {name for name, _ in seats._sources("passline.models.decisions")}
    assert {"models/decisions.py", "models/errors.py"} <= names
    assert all(name.startswith("models/") for name in names)


def test_a_seat_that_is_not_there_leaves_no_folder(tmp_path):
    with pytest.raises(ConfigError, match="cannot be imported"):
        play(Job("no.such:seat", "faults", (0,), 1), tmp_path / "job")
    assert not (tmp_path / "job").exists()


def test_a_missing_or_damaged_file_of_a_finished_unit_is_one_sentence(tmp_path):
    play(JOB, tmp_path)
    path = tmp_path / "coils/unit-00001.parquet"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ConfigError, match=r"unit-00001\.parquet cannot be read .*resume the job"):
        evaluate(tmp_path)
    path.unlink()
    with pytest.raises(ConfigError, match=r"unit-00001\.parquet is missing; resume the job"):
        evaluate(tmp_path)
    play(JOB, tmp_path)
    assert evaluate(tmp_path)["rows"][0]["episodes"] == 6


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"job": 1}', '{"job": {}, "code": 2, "x'])
def test_a_manifest_that_cannot_be_read_says_so(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ConfigError, match=r"manifest\.json"):
        resume(tmp_path)


def test_a_folder_without_a_job_says_so(tmp_path):
    for command in (evaluate, resume):
        with pytest.raises(ConfigError, match="holds no job"):
            command(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [{"seeds": ()}, {"seeds": (1, 1)}, {"coils": 0}, {"block": 0}],
)
def test_a_job_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ConfigError, match="a job needs"):
        Job(**{**asdict(JOB), **wrong})


def test_a_job_is_the_same_after_its_way_through_the_manifest(tmp_path):
    play(JOB, tmp_path)
    again = Job.read(Manifest.read(tmp_path).job)
    assert again == JOB
    assert again.hash == JOB.hash
    assert again.hash != Job("rules", "faults", JOB.seeds, 1, 3).hash


def test_short_work_stays_inline_and_long_work_goes_to_workers(tmp_path, monkeypatch):
    assert play(JOB, tmp_path / "short", "auto")["backend"] == "inline"
    handed = []

    def spy(of, units, folder, workers, carried):
        assert carried is None
        handed.extend(unit.index for unit in units)
        return backends.inline(of, units, folder)

    monkeypatch.setattr(job, "WORTH_RAY", 0.0)
    monkeypatch.setattr(on_ray, "ray", spy)
    monkeypatch.setattr(backends, "process", spy)
    summary = play(JOB, tmp_path / "long", "auto")
    assert summary["backend"] in ("ray", "process")
    assert handed == [2], "two units were played before it was known to be long"
    assert hashes(tmp_path / "long") == hashes(tmp_path / "short")


def took(wall: float, count: int = 1) -> list[backends.UnitResult]:
    return [backends.UnitResult(unit, {}, "", wall, wall) for unit in range(count)]


def test_a_call_to_an_actor_has_two_seconds_of_units_and_an_even_share_at_most():
    assert on_ray.share(1000, 2, []) == 1, "nothing is known yet"
    assert on_ray.share(1000, 2, took(0.0625)) == 32
    assert on_ray.share(1000, 2, took(0.0625, 32)) == 32
    assert on_ray.share(1000, 2, took(3.0)) == 1
    assert on_ray.share(20, 2, took(0.0625)) == 5
    assert on_ray.share(3, 2, took(0.0625)) == 1
    assert on_ray.share(0, 2, took(0.0625)) == 0


def test_one_episode_is_replayed_to_the_same_bits(tmp_path):
    play(JOB, tmp_path)
    again = replay(tmp_path, 4)
    assert again["same_bits"]
    assert again["same_code"]
    assert again["sha256"] == hashes(tmp_path)[4]
    assert json.dumps(again)
    with pytest.raises(ConfigError, match="seed 77"):
        replay(tmp_path, 77)


def test_the_table_pairs_seats_by_seed_and_keeps_harm_apart(tmp_path):
    result = rollout(
        tmp_path, ("hold", "rules"), "faults", 6, coils=6, backend="inline", progress=False
    )
    assert json.dumps(result)
    hold, rules = result["evaluation"]["rows"]
    assert (hold["seat"], rules["seat"]) == ("hold", "rules")
    assert hold["difference"] is None
    assert rules["pairs"] == 6
    assert rules["difference"] == pytest.approx(rules["money_per_coil"] - hold["money_per_coil"])
    low, high = rules["difference_interval"]
    assert low < rules["difference"] < high
    money = {
        seat: {row["seed"]: row["cost"] / 6 for row in _episodes(tmp_path / seat)}
        for seat in ("hold", "rules")
    }
    pairs = [money["rules"][seed] - money["hold"][seed] for seed in range(6)]
    assert rules["difference"] == pytest.approx(np.mean(pairs))
    assert rules["cheaper"] == np.mean(np.array(pairs) < 0)
    assert rules["harm_per_coil"] >= 0.0
    assert 0.0 <= rules["gauge_hit"] <= 1.0


def _episodes(folder):
    return read_rows(folder, "episodes", Manifest.read(folder))


def test_every_coil_and_every_step_is_in_the_store(tmp_path):
    play(JOB, tmp_path)
    manifest = Manifest.read(tmp_path)
    coils, steps = (read_rows(tmp_path, table, manifest) for table in ("coils", "steps"))
    assert [row["seed"] for row in coils] == list(range(6))
    for episode in _episodes(tmp_path):
        mine = [row for row in steps if row["seed"] == episode["seed"]]
        assert [row["step"] for row in mine] == list(range(episode["decisions"]))
        assert episode["cost"] == sum(r["cost"] for r in coils if r["seed"] == episode["seed"])
        assert all(a["cost"] <= b["cost"] for a, b in pairwise(mine))
    assert any(name.startswith("feature.") for name in steps[0])


def test_the_interval_is_that_of_the_mean_and_the_same_each_time():
    values = np.random.default_rng(5).normal(10.0, 2.0, 200)
    low, high = interval(values)
    assert interval(values) == (low, high)
    assert (low, high) == pytest.approx((values.mean() - 0.277, values.mean() + 0.277), abs=0.04)
    assert interval(values[:1]) is None


def test_seats_of_unlike_specs_get_folders_of_unlike_names():
    specs = ["hold", "rules", "a.b:c", "a.b:c:d", "a-b:c", "../x", "a/b"]
    names = [folder_of(spec) for spec in specs]
    assert len(set(names)) == len(specs)
    assert names[:2] == ["hold", "rules"]
    assert not any("/" in name or ".." in name for name in names)
