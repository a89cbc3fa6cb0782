"""The tag file says what lies where on the wire, and refuses whatever could be misread."""

import math
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings

import passline.connectors
from passline.connectors.tag_csv import dump_csv, parse_csv
from passline.connectors.tagfile import dump, load_tags, node_name, parse, write_default
from passline.connectors.tags import HEARTBEAT
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS
from passline.plant_sim.lines.hot_strip.signal_table import SIGNALS
from passline.plant_sim.signals import Quality

from .tag_files import tag_files


@pytest.fixture
def default(tmp_path):
    return write_default(tmp_path / "hot_strip.yaml", 4840, 5020)


def test_the_default_file_comes_back_as_it_was_written(default, tmp_path):
    assert passline.connectors.load_tags(tmp_path / "hot_strip.yaml") == default
    assert [file.name for file in tmp_path.iterdir()] == ["hot_strip.yaml"]


def test_every_signal_is_on_opcua_and_what_modbus_writes_is_on_modbus(default):
    assert all(default.tags[name].opcua for name in SIGNALS)
    assert all(default.tags[name].modbus for name in SIGNALS if name.startswith("rot."))
    for name in CONTROLS:
        write = default.tags[name].write
        assert write.protocol == ("modbus" if name.startswith("rot.") else "opcua")


def test_the_hash_is_of_the_table_and_not_of_the_host(default, tmp_path):
    other = write_default(tmp_path / "other.yaml", 14840, 15020)
    assert other.hash == default.hash
    tags = dict(default.tags)
    tags["fm.fdt"] = replace(tags["fm.fdt"], unit="K")
    assert replace(default, tags=tags).hash != default.hash


def test_numbers_on_the_wire_are_those_an_operator_reads(default):
    sample = default.tags["fm.fdt"].sample(880.0, Quality.GOOD, 12.0, 1.0)
    assert sample.value == pytest.approx(1153.15)
    assert default.tags["f1.roll_force"].unit == "MN"
    assert node_name("f1.roll_force") == "F1.RollForce"


@settings(max_examples=25, deadline=None)
@given(made=tag_files())
def test_any_tag_file_comes_back_as_it_was(made):
    again = parse(dump(made))
    assert again == made
    assert again.hash == made.hash


@settings(max_examples=25, deadline=None)
@given(made=tag_files())
def test_any_tag_file_comes_back_from_a_spreadsheet_as_it_was(made):
    assert parse_csv(dump_csv(made).encode()) == made
    assert parse_csv(dump_csv(made).encode("utf-8-sig")).hash == made.hash


@pytest.fixture(scope="module")
def default_tagfile(tmp_path_factory):
    return write_default(tmp_path_factory.mktemp("tags") / "t.yaml", 4840, 5020)


FORCE = "  - {name: f1.roll_force"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("version: 1", "version: 2", "version 2"),
        ("version: 1", "version: 1\nlocation: Pohang", "'location' is not known"),
        (FORCE, "  - {nmae: f1.roll_force", "'nmae' is not known"),
        (FORCE, "  - {colour: red, name: f1.roll_force", "'colour' is not known"),
        (FORCE, "  - {name: f1.roll_force, name: f2.roll_force", "given twice"),
        ("low: 0.0, high: 40.0, opcua", "low: .nan, high: 40.0, opcua", "must be finite"),
        ("index: 1, low: -1.5, high: 1.5", "index: 1, low: .nan, high: 1.5", "must be finite"),
        ("index: 1, low: -1.5, high: 1.5", "index: 1, low: -1.5", "high is missing"),
        ("index: 1, low: -1.5, high: 1.5", "index: 2, low: -1.5, high: 1.5", "taken by"),
        ("protocol: modbus", "protocol: telex", "telex"),
        ("unit: MN", "unit: tonf", "'tonf' is not known"),
        ("register: 10,", "register: 9,", "overlaps"),
        ("s=F1.RollForce", "s=F2.RollForce", "taken by"),
        ("nsu=urn:passline:hot-strip;s=F1.RollForce", "ns=2;s=F1.RollForce", "nsu=<uri>"),
        ("tags:", "tags: [", "not YAML"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence_that_names_the_line(
    default_tagfile, tmp_path, old, new, complaint
):
    text = dump(default_tagfile)
    line = text[: text.index(old)].count("\n") + 1
    file = tmp_path / "wrong.yaml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_tags(file)
    said = str(refused.value)
    assert said.startswith(f"{file}, line ")
    assert complaint in said
    assert said.count("\n") == 0
    if complaint not in ("not YAML", "'location' is not known"):
        assert abs(int(said.split("line ")[1].split(":")[0]) - line) <= 1


@pytest.mark.parametrize("over", ["opcua", "modbus"])
def test_tags_that_no_heartbeat_keeps_alive_are_refused(default, over):
    tags = dict(default.tags)
    tags[HEARTBEAT] = replace(tags[HEARTBEAT], **{over: None})
    with pytest.raises(ConfigError, match=f"give plc.heartbeat one on {over} too"):
        parse(dump(replace(default, tags=tags)))
    del tags[HEARTBEAT]
    with pytest.raises(ConfigError, match=r"give plc\.heartbeat one"):
        parse(dump(replace(default, tags=tags)))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_tags(tmp_path / "nowhere.yaml")


def test_a_value_ages_from_good_over_uncertain_to_bad(default):
    tag, now = default.tags["fm.fdt"], time.monotonic()
    fresh = tag.sample(880.0, Quality.GOOD, 12.0, now)
    assert tag.aged(fresh, now + 0.5).quality is Quality.GOOD
    assert tag.aged(fresh, now + 1.5).quality is Quality.UNCERTAIN
    old = tag.aged(fresh, now + 3.5)
    assert old.quality is Quality.BAD
    assert math.isnan(old.value)


@pytest.mark.parametrize("raw", [None, math.nan, math.inf])
def test_what_is_no_number_is_bad_and_never_zero(default, raw):
    sample = default.tags["fm.fdt"].sample(raw, Quality.GOOD, 12.0, 0.0)
    assert sample.quality is Quality.BAD
    assert math.isnan(sample.value)


def test_what_is_implausible_is_uncertain(default):
    tag = default.tags["fm.fdt"]
    assert tag.sample(2500.0, Quality.GOOD, 0.0, 0.0).quality is Quality.UNCERTAIN
    force = default.tags["f1.roll_force"]
    assert force.sample(-0.1, Quality.GOOD, 0.0, 0.0).quality is Quality.GOOD  # noise around zero
