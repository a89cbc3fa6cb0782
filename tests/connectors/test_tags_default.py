"""The file generated for a line: a catalogue of controls, and a Modbus side as plants have it."""

from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import pytest

from passline.connectors.tag_check import facts, warnings
from passline.connectors.tag_controls import controls_of
from passline.connectors.tag_diff import Change, diff
from passline.connectors.tagfile import REARM, dump, make_default, parse, write_default
from passline.plant_sim import make_line
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.lines import hot_strip
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS
from passline.plant_sim.lines.hot_strip.signal_table import SIGNALS

SHORT = Path(hot_strip.__file__).with_name("six_stands.yaml")


@pytest.fixture(scope="module")
def default(tmp_path_factory):
    return write_default(tmp_path_factory.mktemp("tags") / "line.yaml", 4840, 5020)


def test_the_gate_needs_no_catalogue_but_the_tag_file(default):
    found = controls_of(parse(dump(default)))
    assert found.keys() == CONTROLS.keys()
    assert REARM not in found
    for name, control in CONTROLS.items():
        for field in fields(control):
            said = getattr(found[name], field.name)
            assert said == getattr(control, field.name) or said == pytest.approx(
                getattr(control, field.name), rel=1e-15
            ), f"{name}: {field.name}"


def test_a_step_of_a_temperature_is_a_difference_and_not_a_temperature(default):
    tag = default.tags["fm.spray_trim"]
    rule = replace(
        tag.write, low=0.0, high=50.0, steps=(10.0,), max_step=20.0, start=0.0, permits=()
    )
    made = replace(default, tags={"hall": replace(tag, name="hall", unit="degC", write=rule)})
    (control,) = controls_of(made).values()
    assert control.steps == (10.0,)
    assert control.max_step == 20.0  # as the rule had it
    assert (control.low, control.start) == (273.15, 273.15)


def test_limits_that_leave_nothing_to_choose_are_no_control(default):
    tag = default.tags["fm.spray_trim"]
    rule = replace(tag.write, high=-40.0, steps=(), start=None, permits=())
    made = replace(default, tags={tag.name: replace(tag, write=rule)})
    with pytest.raises(ConfigError, match="leaves nothing to choose"):
        controls_of(made)


def test_all_four_tables_and_the_usual_codings_are_in_use(default):
    at = [tag.modbus for tag in default.tags.values() if tag.modbus]
    assert {each.table for each in at} == {"coil", "discrete", "input"}
    assert default.mailbox.request_register is not None  # the holding registers
    kinds = Counter(each.kind for each in at)
    assert kinds.keys() == {"bool", "f32", "f64", "i16", "u16", "u32"}
    assert kinds["i16"] > 10


def test_no_coding_hides_what_the_instrument_shows(default):
    for name, tag in default.tags.items():
        signal = SIGNALS.get(name)
        if tag.modbus and signal is not None:
            assert tag.modbus.count <= tag.resolution or not tag.modbus.count, name
            if signal.noise and tag.modbus.kind == "i16":
                assert tag.modbus.count <= 0.3 * signal.noise / _si(tag.unit), name
                assert tag.modbus.decode(tag.modbus.encode(float("nan"))) != 0  # BAD is not zero


def _si(unit):
    from passline.plant_sim.units import UNITS

    return UNITS[unit][1]


def test_the_file_of_a_shorter_mill_is_whole(tmp_path):
    line = make_line("hot-strip", seed=1, config=SHORT)
    made = make_default(line.signals, line.controls, opcua_port=0, modbus_port=0)
    assert parse(dump(made)) == made
    assert controls_of(made).keys() == line.controls.keys()


def test_the_hash_is_of_what_a_value_means_and_of_nothing_else(default):
    def hash_of(name, **changed):
        tags = dict(default.tags)
        tags[name] = replace(tags[name], **changed)
        return replace(default, tags=tags).hash

    assert hash_of("fm.fdt", english="other words", korean="다른 말") == default.hash
    assert hash_of("fm.fdt", scan=5.0, dead_band=1.0) == default.hash
    for changed in (
        {"unit": "K"},
        {"high": 2000.0},
        {"stale_after": 9.0},
        {"opcua": replace(default.tags["fm.fdt"].opcua, identifier="s=FM.Other")},
    ):
        assert hash_of("fm.fdt", **changed) != default.hash, changed
    rule = default.tags["fm.spray_trim"].write
    assert hash_of("fm.spray_trim", write=replace(rule, high=41.0)) != default.hash
    assert default.hash_words.hex() == default.hash[:8]


def test_a_difference_is_told_by_tag_and_key(default):
    tags = dict(default.tags)
    force = tags["f1.roll_force"]
    rule = tags["fm.spray_trim"].write
    tags["f1.roll_force"] = replace(force, high=50.0, english="force")
    tags["fm.spray_trim"] = replace(tags["fm.spray_trim"], write=replace(rule, max_step=30.0))
    del tags["f2.gap"]
    other = replace(default, tags=tags, modbus=replace(default.modbus, port=502))
    assert diff(default, default) == []
    assert set(diff(default, other)) == {
        Change("devices", "modbus.port", 5020, 502),
        Change("f1.roll_force", "high", 40.0, 50.0),
        Change("f1.roll_force", "english", "roll force of F1", "force"),
        Change("fm.spray_trim", "write.max_step", 20.0, 30.0),
        Change("f2.gap", "", "in the file", None),
    }


def test_what_is_allowed_and_seldom_meant_is_said(default):
    assert facts(default)["modbus tables"][:2] == ["coil 2", "discrete 2"]
    tags = dict(default.tags)
    tags["fm.fdt"] = replace(tags["fm.fdt"], scan=10.0)
    unread = replace(default, tags=tags, opcua=None)
    said = "\n".join(warnings(unread))
    assert "never read" in said
    assert "fm.fdt: read less often than they grow stale" in said
    assert "without resolution" in said
