"""A wrong order of words gives no error, only wrong numbers: the probe finds it at the plant."""

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from passline.agents.cli import app
from passline.connectors.addresses import ModbusAddress, Scaling
from passline.connectors.errors import LinkError
from passline.connectors.tag_probe import judge, orders, probe_modbus
from passline.connectors.tagfile import ModbusDevice, TagFile, write_tags
from passline.connectors.tags import HEARTBEAT, Tag

pytestmark = [pytest.mark.network, pytest.mark.timeout(240)]
SERVER = Path(__file__).with_name("foreign_plc.py")


def tag(name, register, unit, low, high, kind="f32", scale=1.0):
    at = ModbusAddress("input", register, kind, scaling=Scaling(scale))
    return Tag(name, unit, low, high, modbus=at)


PLANT = {
    each.name: each
    for each in (
        tag(HEARTBEAT, 0, "1", 0, 65535, "u16"),
        tag("furnace.temperature", 2, "degC", 20, 1400),
        tag("mill.force", 4, "MN", 0, 40),
        tag("mill.gap", 6, "mm", 0, 120),
        tag("mill.torque", 8, "kNm", -1000, 4000),
        tag("strip.flatness", 10, "IU", -1000, 1000),
        tag("coil.mass", 12, "1", 0, 40000, "i32", 0.01),
        tag("water.pressure", 16, "bar", 0, 16, "i16", 0.001),
        tag("pump.idle", 20, "bar", 0, 16),
    )
}


@contextmanager
def served(folder, *how):
    """The plant's tags, served by another process in the order `how`."""
    plant = TagFile("mill", None, ModbusDevice("127.0.0.1", 1, 1), None, PLANT)
    file = folder / "plant.yaml"
    write_tags(file, plant)
    command = [sys.executable, str(SERVER), str(file), *how]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        port = int(process.stdout.readline())
        plant = replace(plant, modbus=replace(plant.modbus, port=port))
        write_tags(file, plant)
        yield plant, file
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@pytest.mark.parametrize("words", ["big", "little"])
@pytest.mark.parametrize("swapped", ["big", "little"])
async def test_the_order_that_the_plant_really_has_is_found_for_every_tag(tmp_path, words, swapped):
    with served(tmp_path, words, swapped) as (plant, _):
        found = {each.tag.name: each for each in await probe_modbus(plant, pause=0.1)}
    ordered = orders(found.values())
    assert ordered == {f"words {words}, bytes {swapped}": 6}
    for name, each in found.items():
        if name == "pump.idle":
            assert each.likely is None  # zeros are the same in every order
            assert each.agrees
        elif each.tag.modbus.words > 1:
            assert each.likely.at.kind == each.tag.modbus.kind
            assert each.agrees == ((words, swapped) == ("big", "big"))
            assert each.tag.low <= each.likely.values[0] <= each.tag.high


async def test_a_type_that_the_plant_has_and_the_file_has_not_is_found(tmp_path):
    with served(tmp_path, "big", "big", "i32") as (plant, _):
        (found,) = await probe_modbus(plant, ["mill.torque"], pause=0.1)
    assert not found.agrees
    assert found.likely.at.kind in ("i32", "i64")
    assert found.likely.values[0] != found.declared.values[0]


async def test_registers_that_are_not_there_are_said_and_a_dead_plant_is_an_error(tmp_path):
    with served(tmp_path, "big", "big") as (plant, _):
        beyond = replace(PLANT["mill.gap"], modbus=ModbusAddress("input", 500))
        more = replace(plant, tags=PLANT | {"mill.gap": beyond})
        (found,) = await probe_modbus(more, ["mill.gap"], reads=1)
        assert "illegal data address" in found.refusal
        assert found.readings == ()
    with pytest.raises(LinkError):
        await probe_modbus(plant, reads=1, deadline=1.0)


def test_the_command_shows_the_likely_order_and_ends_with_1_when_the_file_is_wrong(tmp_path):
    with served(tmp_path, "little", "big") as (_, file):
        words = ["tags", "probe", str(file), "--tag", "furnace.temperature", "--reads", "3"]
        told = CliRunner().invoke(app, [*words, "--json"])
        right = file.read_text().replace("type: f32", "type: f32, word_order: little")
        file.write_text(right)
        after = CliRunner().invoke(app, words)
    assert told.exit_code == 1
    rows = json.loads(told.stdout)
    assert rows[0]["remark"] == "likely"
    assert rows[0]["as"] == "modbus f32 little"
    assert 20 <= rows[0]["value"] <= 1400
    assert "in the file" in {row["remark"] for row in rows}
    assert after.exit_code == 0, after.stdout
    assert "furnace.temperature" in after.stdout


def test_a_float_in_the_wrong_order_is_next_to_nothing_and_yet_not_plausible():
    at = ModbusAddress("input", 0, "f32", "little")
    seen = [at.encode(880.0 + 0.5 * n) + b"\0\0\0\0" for n in range(5)]
    wrong = PLANT["furnace.temperature"]
    (found,) = judge({wrong.name: (replace(wrong, low=-10.0, high=1400.0), seen)})
    assert abs(found.declared.values[0]) < 1e-30  # inside the range, as a number goes
    assert found.likely.at.word_order == "little"
    assert not found.agrees
