"""What a tag file may do to the limits of the gate: narrow them, and never reach for safety."""

import subprocess
import sys

import pytest

from passline.connectors.gate.wires import WirePlant, within
from passline.connectors.tagfile import load_tags, write_default
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS


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


def test_the_default_tag_file_leaves_every_limit_as_the_catalogue_has_it(tags):
    for name, tag in load_tags(tags).writable().items():
        if name in CONTROLS:
            assert within(CONTROLS[name], tag) == CONTROLS[name], name


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
    return load_tags(tags).tag(control)


def test_a_narrower_range_in_the_tag_file_is_the_range(tags):
    control = within(CONTROLS["fm.spray_trim"], limits(tags, "fm.spray_trim", -20.0, 10.0))
    assert (control.low, control.high) == pytest.approx((-0.2, 0.1))
    assert "is outside [-0.2, 0.1]" in control.refusal(0.2, 0.1)


def test_a_wider_range_in_the_tag_file_changes_nothing(tags):
    spray = CONTROLS["fm.spray_trim"]
    assert within(spray, limits(tags, "fm.spray_trim", -90.0, 90.0)) == spray


def test_a_selector_keeps_the_choices_that_the_tag_file_leaves(tags):
    control = within(CONTROLS["rot.bank_out"], limits(tags, "rot.bank_out", 0.0, 3.0))
    assert control.choices == (0.0, 1.0, 2.0, 3.0)


def test_a_range_that_leaves_nothing_is_refused(tags):
    with pytest.raises(ConfigError, match=r"tag fm.spray_trim: .* widen them or drop the write"):
        within(CONTROLS["fm.spray_trim"], limits(tags, "fm.spray_trim", 60.0, 90.0))


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
