"""The schema that an editor uses says the same of a tag file as the reader that the plant uses."""

import copy
import json
import random
from pathlib import Path

import pytest

from passline.connectors.rows import read_rows
from passline.connectors.tag_schema import PATH, SECTIONS, schema, text
from passline.connectors.tag_table import rows_of
from passline.connectors.tagfile import dump, parse, write_default
from passline.plant_sim.errors import ConfigError

jsonschema = pytest.importorskip("jsonschema", reason="the extra [dev] is not installed")
DOCS = Path(__file__).parents[2] / "docs"

PLANT = {
    "version": 1,
    "line": "mill",
    "devices": {
        "opcua": {"url": "opc.tcp://192.0.2.4:4840", "application_uri": "urn:plc"},
        "modbus": {"host": "192.0.2.5", "port": 502, "unit": 1, "pause": 0.1, "parity": "N"},
    },
    "mailbox": {
        "opcua": {"request": "nsu=u:b;s=Q", "echo": "nsu=u:b;s=E", "beat": "nsu=u:b;s=B"},
        "modbus": {"request": 500, "beat": 540, "echo": 500, "hash": 620},
    },
    "modbus_access": [
        {"peers": ["192.0.2.0/24", "::1"], "units": [1], "functions": [3, 4], "first": 0, "last": 9}
    ],
    "tags": [
        {
            "name": "plc.heartbeat", "unit": "1", "low": 0, "high": 65535, "scan": 0.1,
            "opcua": "nsu=u:a;s=Beat", "modbus": {"table": "input", "register": 0, "type": "u16"},
        },
        {
            "name": "pump.on", "unit": "1", "low": 0, "high": 1, "english": "runs",
            "modbus": {"table": "holding", "register": 90, "type": "bool", "bit": 3},
        },
        {
            "name": "pump.speed", "unit": "%", "low": 0, "high": 100, "stale_after": 2.0,
            "resolution": 0.1, "korean": "속도",
            "opcua": {"node": "nsu=u:a;i=7", "type": "i16", "scale": 0.1, "missing": [-32768]},
            "modbus": {
                "table": "input", "register": 10, "type": "f32", "word_order": "little",
                "byte_order": "big", "offset": 0.0,
            },
            "write": {
                "protocol": "opcua", "index": 1, "low": 20, "high": 90, "max_step": 5.0,
                "risk": "high", "needs": ["pump.on"], "choices": [20, 50], "cooldown": 10.0,
                "permits": [{"tag": "pump.on", "low": 1, "high": 1, "english": "it runs"}],
            },
        },
    ],
}  # fmt: skip
WRONG = [None, True, "", "x", "a\nb", "a b", -1, 1.5, 70000, [], ["x"], [1.5], {}, {"x": 1}]


def places(data, path=()):
    """Every place in a file, from the outside in."""
    if path:
        yield path
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from places(value, (*path, key))


def mutated(random_):
    """The plant with one value, one key more, one key less, or one key misspelt."""
    data = copy.deepcopy(PLANT)
    *way, last = random_.choice(list(places(PLANT)))
    at = data
    for key in way:
        at = at[key]
    how = random_.choice(["value", "drop", "more", "name"])
    if how == "value":
        at[last] = copy.deepcopy(random_.choice(WRONG))
    elif how == "drop":
        del at[last]
    elif isinstance(at[last], dict):
        at[last]["extra" if how == "more" else "nmae"] = 1
    elif isinstance(at, dict):
        at[f"{last}s"] = at.pop(last)
    return data


# what one key cannot say: it takes two keys, two rows, or the numbers of the house
SEMANTIC = (
    "rising", "outside", "overlaps", "taken by", "no tag of this file", "devices has no",
    "there is none on", "give plc.heartbeat one", "holds bits", "does not fit", "must not be less",
    "less than stale_after", "no address", "given twice", "two parts", "already in", "has a part",
    "lies nowhere", "version True", "is before first", "needs devices.modbus",
)  # fmt: skip


def test_schema_and_reader_agree_on_hundreds_of_wrong_files():
    check = jsonschema.Draft202012Validator(schema())
    random_ = random.Random(7)
    agreed = {True: 0, False: 0}
    for _ in range(400):
        data = mutated(random_)
        fine = check.is_valid(data)
        try:
            parse(json.dumps(data))
            refusal = ""
        except ConfigError as error:
            refusal = str(error)
        if not fine:
            assert refusal, f"the schema refuses and the reader reads {data}"
        elif refusal:
            assert any(words in refusal for words in SEMANTIC), f"{refusal} in {data}"
        agreed[fine] += 1
    assert min(agreed.values()) > 40


def test_the_shipped_schema_is_that_of_the_code():
    assert PATH.read_text(encoding="utf-8") == text()


def test_the_plants_of_the_house_are_right_by_the_schema(tmp_path):
    check = jsonschema.Draft202012Validator(schema())
    check.check_schema(schema())
    check.validate(PLANT)
    default = write_default(tmp_path / "line.yaml", 4840, 5020)
    check.validate(rows_of(default))
    check.validate(read_rows(dump(default)))


def test_every_key_is_said_with_unit_and_default():
    for section, keys in SECTIONS.items():
        for key in keys:
            assert key.says, f"{section} {key.name}"
            if key.type in ("number", "numbers"):
                assert key.unit, f"{section} {key.name}"
