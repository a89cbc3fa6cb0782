"""Registers in blocks, decoded at once, around the addresses that a device refuses."""

import asyncio
import contextlib
import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passline.connectors.addresses import KINDS, ModbusAddress, Scaling
from passline.connectors.modbus import blocks as module
from passline.connectors.modbus.blocks import Refused, plan
from passline.connectors.modbus.client import ModbusClient
from passline.connectors.modbus.connector import ModbusConnector
from passline.connectors.modbus.registers import RegisterImage
from passline.connectors.modbus.server import ModbusServer
from passline.connectors.modbus.vector import Decoder
from passline.connectors.tagfile import ModbusDevice, TagFile
from passline.connectors.tags import HEARTBEAT, Tag
from passline.plant_sim.signals import Quality


def tag(name, register, kind="f32", table="input", **more):
    return Tag(name, "1", -1e30, 1e30, modbus=ModbusAddress(table, register, kind, **more))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 600), unique=True, min_size=1, max_size=60),
    st.integers(4, 125),
    st.integers(0, 20),
)
def test_blocks_cover_every_tag_once_within_the_limits(slots, max_block, max_gap):
    tags = [tag(f"t.{slot}", 4 * slot, "f64") for slot in slots]
    blocks = plan(tags, max_block, max_gap)
    assert sorted(t.name for b in blocks for t in b.tags) == sorted(t.name for t in tags)
    for block in blocks:
        assert block.count <= max_block
        for one in block.tags:
            end = one.modbus.register + one.modbus.words
            assert block.start <= one.modbus.register
            assert end <= block.start + block.count
        ends = [t.modbus.register + t.modbus.words for t in block.tags]
        for one, before in zip(block.tags[1:], ends, strict=False):
            assert one.modbus.register - before <= max_gap


kinds = st.sampled_from(sorted(set(KINDS) - {"bool"}))
orders = st.sampled_from(["big", "little"])
scalings = st.builds(
    Scaling,
    st.sampled_from([1.0, 0.1, -2.5]),
    st.sampled_from([0.0, 100.0]),
    st.sampled_from([(), (32767.0,), (0.0, 65535.0)]),
)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_all_at_once_gives_to_the_bit_what_each_tag_alone_gives(data):
    tags, register = [], {"input": 0, "holding": 0, "coil": 0, "discrete": 0}
    for n in range(data.draw(st.integers(1, 12))):
        table = data.draw(st.sampled_from(sorted(register)))
        gap = data.draw(st.integers(0, 12))
        bits = table in ("coil", "discrete")
        bit = None if bits else data.draw(st.sampled_from([None, 0, 7, 15]))
        kind = "bool" if bits or bit is not None else data.draw(kinds)
        at = ModbusAddress(
            table, register[table] + gap, kind, data.draw(orders), data.draw(orders), bit,
            data.draw(scalings),
        )  # fmt: skip
        register[table] = at.register + at.words
        tags.append(Tag(f"t.{n}", "1", -1e30, 1e30, modbus=at))
    blocks = plan(tags)
    answers, alone = [], {}
    for block in blocks:
        bits = block.table in ("coil", "discrete")
        size = block.count if bits else 2 * block.count
        no_number = bytes([0x7F, 0x81] * size)[:size]  # a signalling NaN
        pattern = st.binary(min_size=size, max_size=size) | st.just(no_number)
        answer = data.draw(pattern)
        if bits:
            answer = bytes(byte & 1 for byte in answer)
        answers.append(answer)
        for one in block.tags:
            first = one.modbus.register - block.start
            width = 1 if bits else 2
            part = answer[width * first : width * (first + one.modbus.words)]
            alone[one.name] = one.modbus.decode(part)
    values, there = Decoder(blocks, tags).values(answers)
    np.testing.assert_array_equal(values, [alone[one.name] for one in tags])
    assert there.all()
    values, there = Decoder(blocks, tags).values([None] * len(blocks))
    assert np.isnan(values).all()
    assert not there.any()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("f32", "7f800001"),  # a signalling NaN, which other processors raise on
        ("f32", "7fc00000"),
        ("f32", "ff800000"),
        ("f64", "7ff0000000000001"),
        ("f64", "7fe0000000000000"),  # leaves a double's range when it is scaled
    ],
)
def test_bits_that_are_no_number_are_a_bad_value_and_no_error(kind, data):
    at = ModbusAddress("input", 0, kind, scaling=Scaling(1e3, 0.0))
    after = ModbusAddress("input", at.words, "u16")
    tags = [Tag("t.bad", "1", -1e9, 1e9, modbus=at), Tag("t.good", "1", 0, 9, modbus=after)]
    values, there = Decoder(plan(tags), tags).values([bytes.fromhex(data) + b"\0\7"])
    assert not np.isfinite(values[0])
    assert values[1] == 7
    assert there.all()


class Holes(RegisterImage):
    """A device that has no register at some addresses."""

    def __init__(self, holes):
        super().__init__(inputs=400)
        self.holes, self.asked = set(holes), []
        self.beat = 0
        self.put("input", 0, struct.pack(">200f", *range(200)))

    def get(self, table, address, count):
        self.asked.append((address, count))
        if self.holes & set(range(address, address + count)):
            return 2
        if address == 0:
            self.beat += 1
            self.put("input", 0, struct.pack(">f", self.beat))
        return super().get(table, address, count)


@contextlib.asynccontextmanager
async def followed(image, tags, **device):
    server = ModbusServer(image)
    port = await server.start()
    found = ModbusDevice("127.0.0.1", port, 1, **device)
    connector = ModbusConnector(TagFile("x", None, found, None, tags), period=0.02)
    await connector.start()
    try:
        yield connector
    finally:
        await connector.close()
        await server.close()


async def until(condition):
    for _ in range(1000):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return False


def float_tags(count=100):
    names = [HEARTBEAT, *(f"t.n{n}" for n in range(1, count))]
    return {name: tag(name, 2 * n) for n, name in enumerate(names)}


@pytest.mark.network
@pytest.mark.parametrize("in_flight", [1, 8])
async def test_a_bad_address_takes_no_other_tag_with_it_and_is_remembered(in_flight):
    image = Holes([21, 90, 91])
    async with followed(image, float_tags(), in_flight=in_flight) as connector:
        assert await until(lambda: connector.samples()["t.n1"].good)
        samples = connector.samples()
        bad = {name for name, sample in samples.items() if not sample.good}
        assert bad == {"t.n10", "t.n45"}
        assert {samples[name].status for name in bad} == {2}
        assert all(samples[f"t.n{n}"].value == n for n in range(1, 100) if n not in (10, 45))
        health = connector.health()
        assert health.state == "degraded"
        assert "2 tags are refused" in health.error
        image.asked.clear()
        await asyncio.sleep(0.2)
        assert all(not set(range(a, a + n)) & image.holes for a, n in image.asked)


@pytest.mark.network
async def test_a_hole_between_two_tags_costs_neither():
    tags = {name: one for name, one in float_tags().items() if name != "t.n10"}
    image = Holes([20, 21])
    async with followed(image, tags) as connector:
        assert await until(lambda: all(s.good for s in connector.samples().values()))
        assert connector.health().state == "up"


@pytest.mark.network
async def test_a_refused_address_is_tried_again_now_and_then(monkeypatch):
    monkeypatch.setattr(module.Refused.__init__, "__defaults__", (0.3,))
    image = Holes([21])
    async with followed(image, float_tags()) as connector:
        assert await until(lambda: connector.samples()["t.n1"].good)
        assert not connector.samples()["t.n10"].good
        image.holes = set()
        assert await until(lambda: connector.samples()["t.n10"].good)
        assert connector.health().state == "up"


@pytest.mark.network
async def test_a_vector_is_read_at_once_in_its_own_order():
    tags = float_tags(20)
    tags["t.gone"] = tag("t.gone", 300, scaling=Scaling())
    image = Holes([300])
    async with followed(image, tags) as connector:
        wanted = connector.plan(["t.n7", "t.gone", "t.n3"])
        assert await until(lambda: connector.samples()["t.n1"].good)
        vector = await connector.read_vector(wanted)
        assert vector.values.tolist()[::2] == [7.0, 3.0]
        assert math.isnan(vector.values[1])
        assert vector.mask.tolist() == [True, False, True]
    vector = await connector.read_vector(wanted)
    assert np.isnan(vector.values).all()
    assert not vector.mask.any()


@pytest.mark.parametrize("code", [4, 6, 10, 11])
def test_a_device_that_is_busy_is_not_taken_for_one_without_the_address(code):
    (block,) = plan(float_tags(20).values())
    refused = Refused([block])
    assert refused.refused(block, code) == ()
    assert refused.blocks == [block]
    assert refused.due(block)
    assert set(refused.codes().values()) == {code}
    refused.answered(block)
    assert refused.codes() == {}


@pytest.mark.network
async def test_the_limits_of_a_device_are_kept():
    image = Holes([])
    async with followed(image, float_tags(), max_block=10, max_gap=0) as connector:
        assert await until(lambda: connector.samples()["t.n1"].good)
        assert max(count for _, count in image.asked) <= 10


@pytest.mark.network
async def test_a_plain_client_reads_what_the_connector_reads():
    image = Holes([])
    async with followed(image, float_tags()) as connector:
        assert await until(lambda: connector.samples()["t.n1"].good)
        client = await ModbusClient.open("127.0.0.1", connector._device.port)
        data = await client.read("input", 2, 4)
        assert struct.unpack(">2f", data) == (1.0, 2.0)
        assert connector.samples()["t.n2"].quality is Quality.GOOD
        await client.close()
