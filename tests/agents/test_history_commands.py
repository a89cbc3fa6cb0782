"""What a person reads of a history: plant units, whole coils, and an exit code that tells."""

import csv
import json
import time

import pytest
from typer.testing import CliRunner

from passline.agents.cli import app
from passline.connectors.historian import Historian
from passline.plant_sim.signals import Quality, Sample


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("run") / "history"
    historian = Historian(place, flush=1e6)
    for at in range(40):
        values = {"coil.number": 1.0 + at // 20, "fm.fdt": 1153.15 + at, "f3.roll_force": 1e5 * at}
        historian.add(
            {
                name: Sample(value, Quality.GOOD, float(at), time.monotonic())
                for name, value in values.items()
            }
        )
    historian.close()
    return place


def run(*words):
    return CliRunner().invoke(app, ["history", *map(str, words)])


def test_samples_of_one_coil_are_csv_in_plant_units_and_in_si(folder):
    result = run("query", "fm.fdt", "f3.*", "--coil", 2, "--dir", folder)
    assert result.exit_code == 0
    rows = list(csv.DictReader(result.output.splitlines()))
    assert {row["name"] for row in rows} == {"fm.fdt", "f3.roll_force"}
    first = rows[0]
    assert (first["time s"], first["value"], first["unit"]) == ("20.0", "900.0", "degC")
    assert (first["value SI"], first["unit SI"], first["quality"]) == ("1173.15", "K", "GOOD")
    assert rows[-1]["unit"] == "MN"


def test_the_value_held_at_a_time_and_the_coils_come_as_json(folder):
    (row,) = json.loads(run("query", "fm.fdt", "--at", 7.5, "--json", "--dir", folder).output)
    assert (row["time s"], row["value"]) == (7.0, 887.0)
    rows = json.loads(run("coils", "--json", "--dir", folder).output)
    assert [(row["coil"], row["start s"], row["end s"]) for row in rows] == [
        (1, 0.0, 20.0),
        (2, 20.0, 39.0),
    ]


def test_verify_tells_by_its_exit_code_whether_the_history_is_whole(folder, tmp_path):
    assert run("verify", "--dir", folder).exit_code == 0
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[:-30])
    result = run("verify", "--dir", tmp_path)
    assert result.exit_code == 1
    assert "cannot be read" in result.output


def test_retain_drops_what_is_beyond_a_size(folder, tmp_path):
    for at in range(3):
        historian = Historian(tmp_path, flush=1e6)
        historian.add({"fm.fdt": Sample(1100.0, Quality.GOOD, at, time.monotonic())})
        historian.close()
    result = run("retain", "--size", "1KB", "--dir", tmp_path)
    assert "files dropped  2" in result.output


@pytest.mark.parametrize(
    "words",
    [
        ("query", "no.such", "--dir", "."),
        ("query", "fm.fdt", "--dir", "missing"),
        ("query", "fm.fdt", "--since", "yesterday", "--dir", "."),
        ("retain", "--age", "long", "--dir", "."),
    ],
    ids=" ".join,
)
def test_a_mistake_is_said_before_anything_is_read(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert type(result.exception).__name__ == "ConfigError"
