"""A tag file says the limits of the gate, and never reaches for safety."""

import subprocess
import sys
from dataclasses import replace

import pytest

from passline.connectors.gate.wires import WirePlant
from passline.connectors.tag_controls import controls_of
from passline.connectors.tagfile import load_tags, write_default, write_tags
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


def test_the_range_in_the_tag_file_is_the_range_of_the_gate(tags):
    file = load_tags(tags)
    tag = file.tag("fm.spray_trim")
    narrow = replace(tag, write=replace(tag.write, low=-20.0, high=10.0))
    write_tags(tags, replace(file, tags=dict(file.tags) | {tag.name: narrow}))
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
