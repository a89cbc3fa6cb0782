"""A tag file says the limits of the gate, and never reaches for safety."""

import subprocess
import sys

import pytest

from passline.connectors.gate.wires import WirePlant
from passline.connectors.tag_controls import controls_of
from passline.connectors.tagfile import load_tags, write_default
from passline.plant_sim.errors import ConfigError


@pytest.fixture
def tags(tmp_path):
    path = tmp_path / "mill.yaml"
    write_default(path, 4001, 4002)
    return path


def changed(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new))
    return path


def limits(tags, control, low, high):
    """The default tag file with other write limits of one control, in the plant unit."""
    lines = tags.read_text().splitlines(keepends=True)
    for number, line in enumerate(lines):
        if f"name: {control}," in line:
            head, _, rest = line.partition("write: {")
            rule, _, tail = rest.partition("}")
            parts = dict(part.split(": ") for part in rule.split(", "))
            parts |= {"low": str(low), "high": str(high)}
            told = ", ".join(f"{key}: {value}" for key, value in parts.items())
            lines[number] = f"{head}write: {{{told}}}{tail}"
    tags.write_text("".join(lines))


def test_the_range_in_the_tag_file_is_the_range_of_the_gate(tags):
    limits(tags, "fm.spray_trim", -20.0, 10.0)
    control = controls_of(load_tags(tags))["fm.spray_trim"]
    assert (control.low, control.high) == pytest.approx((-0.2, 0.1))
    assert "is outside [-0.2, 0.1]" in control.refusal(0.2, 0.1)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("name: plc.rearm,", "name: mill.e_stop,", "mill.e_stop writable, but 'estop'"),
        ("s=FM.SprayTrim'", "s=FM.GuardReset'", "fm.spray_trim (its address"),
    ],
)
def test_a_gate_does_not_start_on_a_tag_file_that_makes_safety_writable(tags, old, new, what):
    changed(tags, old, new)
    with pytest.raises(ConfigError, match="which passline never writes"):
        WirePlant(tags, tags.parent)
    command = [sys.executable, "-m", "passline.connectors.gate.server", "--tags", str(tags)]
    run = subprocess.run(
        [*command, "--dir", str(tags.parent)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert what in run.stderr
    assert run.stderr.count("\n") == 1  # one sentence
