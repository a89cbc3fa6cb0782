"""Devices that send strange bits: the tags are BAD end to end, and the connection stays."""

import asyncio
import itertools
import math
import struct
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from asyncua import ua

from passline.connectors import letter
from passline.connectors.addresses import ModbusAddress
from passline.connectors.letter_form import ECHO_WORDS
from passline.connectors.mailbox import WireMailbox
from passline.connectors.modbus.client import ModbusClient
from passline.connectors.modbus.connector import ModbusConnector
from passline.connectors.modbus.registers import RegisterImage
from passline.connectors.modbus.server import ModbusServer
from passline.connectors.opcua import OpcUaConnector
from passline.connectors.security import init
from passline.connectors.tagfile import (
    REARM,
    ModbusDevice,
    TagFile,
    load_tags,
)
from passline.connectors.tags import HEARTBEAT, Tag
from passline.plant_sim.signals import Quality

from .opcua_plant import OpcUaPlant, tags_of
from .waiting import until

pytestmark = [pytest.mark.network, pytest.mark.timeout(300)]

SIGNALLING = struct.unpack("<d", bytes.fromhex("010000000000f07f"))[0]
STRANGE = {
    "t.n0": ua.Variant(SIGNALLING, ua.VariantType.Double),
    "t.n1": ua.Variant(1e308),  # leaves a double's range as newtons
    "t.n2": ua.Variant(struct.unpack("<f", b"\1\0\x80\x7f")[0], ua.VariantType.Float),
    "t.n3": ua.Variant(math.inf),
    "t.n4": ua.Variant("7.0"),
    "t.n5": ua.Variant([7.0, 7.0]),
    "t.n6": ua.Variant(None),
    "t.n7": ua.Variant(datetime(2026, 1, 1, tzinfo=UTC)),
}


def bad_are(connector, names):
    return lambda: (
        names
        == {name for name, sample in connector.samples().items() if sample.quality is Quality.BAD}
    )


@pytest.mark.parametrize(
    "way", ["poll", *(pytest.param(way, marks=pytest.mark.slow) for way in ("packed", "subscribe"))]
)
async def test_strange_values_over_opcua_are_bad_and_take_nothing_with_them(tmp_path, way):
    tags = {name: replace(tag, unit="MN") for name, tag in tags_of(12).items()}
    plant = await OpcUaPlant(init(tmp_path / "pki"), tags, packed=way == "packed").start()
    index = plant.nodes["t.n0"].NamespaceIndex
    values = ua.NodeId("Packed.Values", index)
    plain, strange = [7.0] * len(tags), [7.0] * len(tags)
    for name, variant in STRANGE.items():
        value = variant.Value
        strange[list(tags).index(name)] = value if isinstance(value, float) else math.nan
    strange_now = asyncio.Event()

    async def live():
        while True:
            plant.beats += 1
            shown = strange if strange_now.is_set() else plain
            for at in (shown, plain):
                at[0] = float(plant.beats)
            for name, number in zip(tags, shown, strict=True):
                variant = ua.Variant(number)
                if strange_now.is_set() and name in STRANGE:
                    variant = STRANGE[name]
                node = plant.server.iserver.aspace[plant.nodes[name]]
                node.attributes[ua.AttributeIds.Value].value = None  # else its type is kept
                await plant.server.write_attribute_value(plant.nodes[name], ua.DataValue(variant))
            if way == "packed":
                packed = ua.DataValue(ua.Variant(list(shown)))
                await plant.server.write_attribute_value(values, packed)
            await asyncio.sleep(0.05)

    living = asyncio.create_task(live())
    connector = OpcUaConnector(
        plant.tagfile(), plant.pki, "agent", "subscribe" if way == "subscribe" else "poll",
        period=0.05,
    )  # fmt: skip
    await connector.start()
    try:
        assert await until(bad_are(connector, set()))
        strange_now.set()
        assert await until(bad_are(connector, set(STRANGE)))
        assert connector.samples()["t.n9"].good
        found = await connector.read_vector(connector.plan(list(STRANGE)))
        assert np.isnan(found.values).all()
        assert not found.mask.any()
        strange_now.clear()
        assert await until(bad_are(connector, set()))
        assert connector.health().reconnects == 0
    finally:
        await connector.close()
        living.cancel()
        await plant.stop()


async def test_strange_values_over_modbus_are_bad_and_take_nothing_with_them():
    image, names = RegisterImage(inputs=40), ("f32", "f64", "big", "good")
    tags = {
        HEARTBEAT: Tag(HEARTBEAT, "1", 0.0, 1e9, modbus=ModbusAddress("input", 0, "u32")),
        **{
            f"t.{name}": Tag(
                f"t.{name}", "MN", -1e9, 1e9,
                modbus=ModbusAddress("input", 4 * n, "f32" if name == "f32" else "f64"),
            )
            for n, name in enumerate(names, start=1)
        },
    }  # fmt: skip
    seven = struct.pack(">d", 7.0)
    strange = [bytes.fromhex("7f800001 00000000"), bytes.fromhex("7ff0000000000001")]
    strange += [struct.pack(">d", 1e308), seven]
    shown = [struct.pack(">fI", 7.0, 0), seven, seven, seven]

    async def live():
        for beat in itertools.count():
            image.put("input", 0, struct.pack(">I", beat) + b"\0" * 4 + b"".join(shown))
            await asyncio.sleep(0.02)

    server, living = ModbusServer(image), asyncio.create_task(live())
    device = ModbusDevice("127.0.0.1", await server.start(), 1)
    connector = ModbusConnector(TagFile("x", None, device, None, tags), period=0.05)
    await connector.start()
    try:
        assert await until(bad_are(connector, set()))
        shown[:] = strange
        assert await until(bad_are(connector, {"t.f32", "t.f64", "t.big"}))
        found = await connector.read_vector(connector.plan(["t.f64", "t.good"]))
        assert found.mask.tolist() == [False, True]
        assert connector.health().reconnects == 0
    finally:
        await connector.close()
        living.cancel()
        await server.close()


async def test_a_request_for_an_impossible_number_is_refused_and_the_plc_goes_on(plc):
    tagfile = load_tags(plc.tags)
    control = next(
        name for name, tag in tagfile.writable().items()
        if tag.write.protocol == "opcua" and name != REARM
    )  # fmt: skip
    mailbox = WireMailbox(tagfile, plc.pki)
    try:
        for value in (1e300, -1e300):
            action = uuid.uuid4().hex
            echo = await mailbox.send(action, control, value)
            assert echo.outcome is letter.Outcome.OUT_OF_RANGE
            assert (await mailbox.lookup(action)).outcome is letter.Outcome.OUT_OF_RANGE
    finally:
        await mailbox.close()
    device = tagfile.modbus
    client = await ModbusClient.open(device.host, device.port, device.unit, 10.0)
    registers = await client.read("input", tagfile.mailbox.echo_register, ECHO_WORDS)
    await client.close()
    assert -math.inf in {echo.value for echo in letter.unpack_echoes(registers)}
