"""The Modbus face: every table, order and coding that a tag file can name."""

import asyncio
import contextlib
from dataclasses import replace
from math import nan

import pytest

from passline.connectors.addresses import ModbusAddress, Scaling
from passline.connectors.errors import LinkError
from passline.connectors.modbus.client import ModbusClient
from passline.connectors.modbus.connector import ModbusConnector
from passline.connectors.modbus.order_mark import check_mark
from passline.connectors.modbus.server import ModbusServer
from passline.connectors.simulated import SimulatedConnector
from passline.connectors.virtual_plc.modbus_server import ModbusFace, encode, quantised
from passline.connectors.virtual_plc.process import with_word_order
from passline.plant_sim import make_line
from passline.plant_sim.signals import Quality, Sample
from passline.plant_sim.units import from_si, to_si

KEY = b"k" * 32
NAMES = ("fm.fdt", "fm.speed", "line.state", "rot.water_pressure")


@pytest.fixture(scope="module")
def plant():
    plant = SimulatedConnector(make_line("hot-strip", seed=1))
    plant.advance(60.0)
    yield plant
    plant.close()


def face_of(plant, **addresses):
    """A face whose only tags on Modbus are at `addresses`; names with _ for the dot."""
    tags = {name: replace(tag, modbus=None) for name, tag in plant.tagfile.tags.items()}
    for key, at in addresses.items():
        name = key.replace("_", ".", 1)
        tags[name] = replace(tags[name], modbus=at)
    tagfile = replace(plant.tagfile, tags=tags)
    return ModbusFace(tagfile, KEY, plant.program), tagfile


@pytest.mark.parametrize("word_order", ["big", "little"])
@pytest.mark.parametrize("byte_order", ["big", "little"])
@pytest.mark.parametrize(
    ("kind", "scale"),
    [("f32", 1.0), ("f64", 1.0), ("i16", 0.1), ("u16", 0.1), ("i32", 0.001), ("u32", 0.001),
     ("i64", 1e-6), ("u64", 1e-6)],
)  # fmt: skip
def test_a_value_lies_in_its_table_order_and_coding(plant, word_order, byte_order, kind, scale):
    at = ModbusAddress("holding", 60, kind, word_order, byte_order, None, Scaling(scale, -40.0))
    face, _ = face_of(plant, fm_fdt=at)
    picture = plant.program.picture()
    face.publish(picture)
    plain = from_si(picture.samples["fm.fdt"].value, "degC")
    shown = at.decode(face.get("holding", 60, at.words))
    assert shown == quantised(at, plain)
    assert shown == pytest.approx(plain, abs=max(scale, 1e-4))


def test_registers_below_and_above_a_bit_keep_theirs(plant):
    one, two = (ModbusAddress("input", 9, "bool", bit=bit) for bit in (3, 12))
    face, _ = face_of(plant, fm_monitor_on=one, plc_remote=two)
    picture = plant.program.picture()
    face.publish(picture)
    assert face.get("input", 9, 1) == (1 << 3 | 1 << 12).to_bytes(2)
    face.publish(replace(picture, samples=dict(picture.samples) | {
        "plc.remote": Sample(0.0, Quality.GOOD, 0.0, 0.0)}))  # fmt: skip
    assert face.get("input", 9, 1) == (1 << 3).to_bytes(2)


def test_a_bad_value_is_the_code_for_none_and_never_a_number_that_can_be_believed(plant):
    coded = ModbusAddress("input", 2, "i16", scaling=Scaling(0.1, 0.0, (-32768.0,)))
    plain = ModbusAddress("input", 4, "u16", scaling=Scaling(0.1))
    face, tagfile = face_of(plant, fm_fdt=coded, fm_speed=plain)
    picture = plant.program.picture()
    bad = {name: Sample(nan, Quality.BAD, 0.0, 0.0) for name in ("fm.fdt", "fm.speed")}
    face.publish(replace(picture, samples=dict(picture.samples) | bad))
    assert face.get("input", 2, 1) == b"\x80\x00"
    assert coded.decode(b"\x80\x00") != coded.decode(b"\x80\x00")  # NaN: BAD to whoever reads it
    shown = plain.decode(face.get("input", 4, 1))
    tag = tagfile.tags["fm.speed"]
    assert tag.sample(shown, Quality.GOOD, 0.0, 0.0).quality is Quality.UNCERTAIN


@pytest.mark.parametrize(("value", "shown"), [(1e9, 32767), (-1e9, -32768)])
def test_what_a_register_cannot_carry_stops_at_its_end_and_nothing_else_stops(value, shown):
    at = ModbusAddress("input", 0, "i16", scaling=Scaling(0.1))
    assert int.from_bytes(encode(at, value), signed=True) == shown


async def test_a_little_endian_plc_is_read_by_its_own_tag_file_and_by_no_other(plant):
    tagfile = with_word_order(plant.tagfile, "little")
    face = ModbusFace(tagfile, KEY, plant.program)
    plant.advance(5.0)
    picture = plant.program.picture()
    face.publish(picture)
    server = ModbusServer(face)
    port = await server.start()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(server.close)
        client = await ModbusClient.open("127.0.0.1", port)
        stack.push_async_callback(client.close)
        tag = tagfile.tags["plc.heartbeat"]
        data = await client.read("input", tag.modbus.register, 2)
        right = tag.modbus.decode(data)
        wrong = plant.tagfile.tags["plc.heartbeat"].modbus.decode(data)
        assert to_si(right, tag.unit) == picture.samples["plc.heartbeat"].value > 0
        assert wrong != right
        place = tagfile.mailbox.echo_register + 120
        assert await client.read("input", place, 2) == bytes([3, 4, 1, 2])  # the order mark


async def test_coils_and_discretes_are_served(plant):
    at = {"fm_monitor_on": ModbusAddress("coil", 3, "bool"),
          "plc_remote": ModbusAddress("discrete", 11, "bool")}  # fmt: skip
    face, _ = face_of(plant, **at)
    face.publish(plant.program.picture())
    assert face.get("coil", 0, 4) == bytes([1 << 3])
    assert face.get("discrete", 8, 4) == bytes([1 << 3])


@pytest.mark.parametrize("declared", ["big", "little"])
async def test_a_plc_with_its_words_the_other_way_round_is_refused_and_taken_back(plant, declared):
    """Small numbers would pass for right; the order mark tells, also while connected."""
    tagfile = with_word_order(plant.tagfile, declared)
    face = ModbusFace(tagfile, KEY, plant.program)
    face.publish(plant.program.picture())
    server = ModbusServer(face)
    port = await server.start()
    device = replace(tagfile.modbus, port=port)
    connector = ModbusConnector(replace(tagfile, modbus=device), period=0.02, backoff=0.2)

    async def becomes(state):
        for _ in range(1000):
            plant.program.cycle()
            face.publish(plant.program.picture())
            if connector.health().state == state:
                return True
            await asyncio.sleep(0.01)
        return False

    await connector.start()
    try:
        assert await becomes("up")
        face.swapped = lambda name: True
        assert await becomes("down")
        assert "order mark" in connector.health().error
        assert {sample.quality for sample in connector.samples().values()} == {Quality.BAD}
        face.swapped = lambda name: False
        assert await becomes("up")
    finally:
        await connector.close()
        await server.close()


def test_a_plc_without_an_order_mark_is_let_be():
    at = ModbusAddress("input", 0, "u32", word_order="little")
    for data in (b"\0\0\0\0", b"\1\2\3\5", b"\3\4\1\2"):
        check_mark(at, data)
    for data in (b"\1\2\3\4", b"\2\1\4\3", b"\4\3\2\1"):
        with pytest.raises(LinkError, match="order mark"):
            check_mark(at, data)
