"""What a person and a program may expect of the command line."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from passline.agents.cli import app

RUN = CliRunner()


def commands(group, words=()):
    for name, command in group.commands.items():
        yield (*words, name)
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))


def passline(*words, folder=None):
    command = [sys.executable, "-c", "from passline.agents.cli import main; main()", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", list(commands(get_command(app))), ids=" ".join)
def test_every_command_explains_itself(words):
    result = RUN.invoke(app, [*words, "--help"])
    assert result.exit_code == 0
    assert "Usage: " in result.output


@pytest.mark.parametrize(
    "words",
    [
        ("tags", "check", "missing.yaml"),
        ("models", "install", "no-such-model"),
        ("evaluate", "."),
        ("replay", "missing", "1"),
        ("rollout", "episodes", "--seat", "nobody", "--episodes", "1"),
    ],
    ids=" ".join,
)
def test_a_mistake_of_the_user_is_one_line_and_exit_code_2(words, tmp_path):
    result = passline(*words, folder=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("passline: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [("rollout", "episodes", "--seat", "head", "--episodes", "1"), ("train", "--steps", "1")],
    ids=lambda words: words[0],
)
def test_a_command_that_needs_an_extra_names_it(words, tmp_path):
    without = (
        "import sys; sys.modules['torch'] = None; from passline.agents.cli import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", without, *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "passline: torch is not installed; install it with: pip install" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_unknown_command_is_refused_without_a_traceback():
    result = passline("roll", "faster")
    assert result.returncode == 2
    assert "roll" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--opcua-port", "99999"), ("--modbus-port", "-5"), ("--speed", "-1"), ("--speed", "nan"),
        ("--coils", "0"), ("--seed", "-1"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_number_that_no_plc_can_be_served_with_is_refused_before_keys_are_made(words, tmp_path):
    result = RUN.invoke(app, ["serve", "--dir", str(tmp_path), *words])
    assert result.exit_code == 2
    assert words[0] in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "column", "expected"),
    [
        (("envs",), "environment", "passline/FinishingMill-v0"),
        (("scenarios",), "scenario", "faults"),
        (("presets",), "name", "smollm2-135m"),
        (("models", "list"), "model", "smollm2-135m"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_a_list_is_json_for_a_program_and_a_table_for_a_person(words, column, expected):
    rows = json.loads(RUN.invoke(app, [*words, "--json"]).stdout)
    assert expected in [row[column] for row in rows]
    assert expected in RUN.invoke(app, list(words)).stdout


def test_a_tag_file_is_checked_and_exported(tmp_path):
    from passline.connectors.tagfile import load_tags, write_default

    file = str(tmp_path / "line.yaml")
    written = write_default(file, opcua_port=4841, modbus_port=5021)
    facts = json.loads(RUN.invoke(app, ["tags", "check", file, "--json"]).stdout)
    assert facts["hash"] == written.hash
    rows = json.loads(RUN.invoke(app, ["tags", "export", file, "--json"]).stdout)
    assert {row["name"] for row in rows} == set(written.tags)
    table = tmp_path / "line.csv"
    table.write_text(RUN.invoke(app, ["tags", "export", file]).stdout, encoding="utf-8")
    assert load_tags(table) == written


def test_keys_are_made_once_and_kept(tmp_path):
    folder = tmp_path / "pki"
    RUN.invoke(app, ["certs", "init", str(folder)], catch_exceptions=False)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    RUN.invoke(app, ["certs", "init", str(folder)], catch_exceptions=False)
    assert before
    assert before == {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.timeout(300)  # alone, it may be the first to compile the plant
def test_the_doctor_names_a_remedy_for_all_that_is_not_right():
    from passline.agents.doctor import examine

    with TemporaryDirectory() as short:  # the gate's socket must fit into it
        findings = list(examine(Path(short)))
    assert {"python", "run folder", "plant"} <= {finding.topic for finding in findings}
    assert all(finding.remedy for finding in findings if finding.state != "ok")
    assert not [finding for finding in findings if finding.state == "broken"]


def test_the_doctor_refuses_a_folder_too_deep_for_the_socket_of_the_gate(tmp_path):
    from passline.agents.doctor import examine

    deep = tmp_path / ("rolling" * 12) / "runs"
    found = {finding.topic: finding for finding in examine(deep)}["run folder"]
    assert found.state == "broken"
    assert "shorter" in found.remedy


def test_the_doctor_is_readable_by_a_program():
    findings = json.loads(RUN.invoke(app, ["doctor", "--json"]).stdout)
    assert {"topic", "state", "detail", "remedy"} == set(findings[0])
