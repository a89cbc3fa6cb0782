"""Writing the address of a tag itself: once, with its type, and only reading back tells the end."""

import asyncio
import struct
import uuid

import pytest
from asyncua import ua
from asyncua.common.callback import CallbackType

from passline.connectors.addresses import KINDS, ModbusAddress, OpcUaAddress, Scaling
from passline.connectors.errors import LinkError, ProtocolError, TagError
from passline.connectors.letter import Outcome
from passline.connectors.mailbox import WireMailbox
from passline.connectors.modbus.server import ModbusServer
from passline.connectors.security import init
from passline.connectors.tagfile import ModbusDevice, TagFile
from passline.connectors.tags import Tag, WriteRule

from .modbus_bench import Unit, words
from .opcua_plant import URI, OpcUaPlant

pytestmark = [pytest.mark.network, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return init(tmp_path_factory.mktemp("keys") / "pki")


def direct(name, protocol, at, low=-1000.0, high=1000.0, **rule):
    way = WriteRule(protocol, 0, low, high, way="direct", **rule)
    where = {protocol: at}
    return Tag(name, "1", low, high, write=way, **where)


class Device(Unit):
    """Counts its writes; may be deaf, refuse, or set something else."""

    def __init__(self):
        super().__init__()
        self.writes, self.code, self.deaf, self.clamp = [], 0, False, None

    def write(self, address, data, peer):
        self.writes.append((address, data))
        if self.code:
            return self.code
        if self.deaf:
            return 0
        return super().write(address, self.clamp or data, peer)

    def write_bits(self, address, bits, peer):
        self.writes.append((address, bits))
        return self.code or super().write_bits(address, bits, peer)


@pytest.fixture
async def modbus(keys):
    device = Device()
    server = ModbusServer(device)
    found = ModbusDevice("127.0.0.1", await server.start(), 1)
    tags = {
        "t.float": ModbusAddress("holding", 0),
        "t.double": ModbusAddress("holding", 2, "f64", "little", "little"),
        "t.scaled": ModbusAddress("holding", 6, "i16", scaling=Scaling(0.1, 5.0)),
        "t.long": ModbusAddress("holding", 8, "u32", "little"),
        "t.bit": ModbusAddress("holding", 10, "bool", bit=3),
        "t.swapped_bit": ModbusAddress("holding", 10, "bool", byte_order="little", bit=3),
        "t.coil": ModbusAddress("coil", 3, "bool"),
    }
    rows = {
        name: direct(name, "modbus", at, 0.0, 1.0 if at.kind == "bool" else 500.0)
        for name, at in tags.items()
    }
    box = WireMailbox(TagFile("x", None, found, None, rows), keys, deadline=0.5, wait=0.4)
    yield device, box
    await box.close()
    await server.close()


@pytest.mark.parametrize(
    ("name", "value", "raw"),
    [
        ("t.float", 12.5, (0, struct.pack(">f", 12.5))),
        ("t.double", 12.5, (2, struct.pack("<d", 12.5))),
        ("t.scaled", 25.3, (6, words(203))),
        ("t.long", 70000.0 / 200, (8, words(350, 0))),
        ("t.bit", 1.0, (10, words(0x0008))),
        ("t.swapped_bit", 1.0, (10, words(0x0800))),
        ("t.coil", 1.0, (3, b"\1")),
    ],
)
async def test_a_modbus_address_is_written_once_in_its_own_form(modbus, name, value, raw):
    device, box = modbus
    echo = await box.send(uuid.uuid4().hex, name, value)
    assert echo.outcome is Outcome.APPLIED
    assert echo.value == pytest.approx(value, abs=0.06)
    assert device.writes == [raw]


async def test_a_bit_leaves_its_neighbours_alone(modbus):
    device, box = modbus
    device.put("holding", 10, words(0xF0F1))
    assert (await box.send(uuid.uuid4().hex, "t.bit", 1.0)).applied
    assert device.get("holding", 10, 1) == words(0xF0F9)
    assert (await box.send(uuid.uuid4().hex, "t.bit", 0.0)).applied
    assert device.get("holding", 10, 1) == words(0xF0F1)


async def test_what_the_device_refuses_was_not_done(modbus):
    device, box = modbus
    device.code, action = 3, uuid.uuid4().hex
    with pytest.raises(ProtocolError) as refused:
        await box.send(action, "t.float", 7.0)
    assert refused.value.code == 3
    assert not (await box.lookup(action)).applied
    assert len(device.writes) == 1


@pytest.mark.parametrize("code", [4, 5, 11])
async def test_a_code_that_leaves_it_open_leaves_it_unknown(modbus, code):
    device, box = modbus
    device.code, action = code, uuid.uuid4().hex
    assert await box.send(action, "t.float", 7.0) is None
    assert await box.lookup(action) is None
    assert len(device.writes) == 1


@pytest.mark.parametrize("fault", ["deaf", "clamp"])
async def test_what_does_not_read_back_is_unknown_and_never_sent_again(modbus, fault):
    device, box = modbus
    setattr(device, fault, struct.pack(">f", 3.0))
    action = uuid.uuid4().hex
    assert await box.send(action, "t.float", 7.0) is None
    assert await box.lookup(action) is None
    with pytest.raises(TagError, match="nothing is written twice"):
        await box.send(action, "t.float", 7.0)
    with pytest.raises(LinkError, match="a person has to look"):
        await box.void(action)
    assert len(device.writes) == 1
    device.put("holding", 0, struct.pack(">f", 7.0))  # it came late
    assert (await box.lookup(action)).applied


async def test_a_device_that_is_not_there_got_nothing(keys):
    found = ModbusDevice("127.0.0.1", 1, 1)
    rows = {"t.float": direct("t.float", "modbus", ModbusAddress("holding", 0))}
    box = WireMailbox(TagFile("x", None, found, None, rows), keys, deadline=0.5, wait=0.4)
    with pytest.raises(LinkError):
        await box.send(uuid.uuid4().hex, "t.float", 7.0)
    assert await box.beat()  # nobody is there to be told, so nobody waits for it
    await box.close()


async def test_an_answer_lost_on_the_way_is_found_by_reading_back(modbus, keys):
    device, box = modbus
    assert (await box.send(uuid.uuid4().hex, "t.float", 1.0)).applied
    real = device.write
    loop = asyncio.get_running_loop()

    def late(address, data, peer):
        loop.call_later(0.1, real, address, data, peer)
        box._modbus._session._transport.abort()  # the cable, after the frame went through
        return 0

    device.write = late
    echo = await box.send(uuid.uuid4().hex, "t.float", 9.0)
    assert echo is not None
    assert echo.applied
    assert [data for _, data in device.writes][-1] == struct.pack(">f", 9.0)
    assert len(device.writes) == 2


async def test_several_writes_are_told_one_by_one(modbus):
    device, box = modbus
    results = await box._direct._writer.write_many({"t.float": 1.0, "t.coil": 1.0, "t.long": 5.0})
    assert {name: result.fate for name, result in results.items()} == {
        "t.float": "accepted", "t.coil": "accepted", "t.long": "accepted",
    }  # fmt: skip
    assert len(device.writes) == 3


# OPC UA: a node of each kind, writable by the gate


@pytest.fixture
async def opcua(keys):
    kinds = sorted(KINDS)
    nodes = {f"t.{kind}": OpcUaAddress(URI, f"s=t.{kind}", kind) for kind in kinds}
    tags = {name: direct(name, "opcua", node, 0, 100) for name, node in nodes.items()}
    served = OpcUaPlant(keys, tags)
    await served.start()
    for node in served.nodes.values():
        await served.server.get_node(node).set_writable()
    file = served.tagfile()
    box = WireMailbox(file, keys, wait=1.0)
    yield served, box
    await box.close()
    await served.stop()


async def test_a_node_of_every_kind_takes_its_own_type(opcua):
    served, box = opcua
    for kind in KINDS:
        echo = await box.send(uuid.uuid4().hex, f"t.{kind}", 1.0)
        assert echo is not None, kind
        assert echo.value == 1.0
    results = await box._direct._writer.write_many({f"t.{kind}": 0.0 for kind in KINDS})
    assert {result.fate for result in results.values()} == {"accepted"}
    await served.server.get_node(served.nodes["t.f64"]).set_writable(False)
    results = await box._direct._writer.write_many({"t.f64": 1.0, "t.f32": 1.0})
    assert results["t.f32"].fate == "accepted"
    assert results["t.f64"].fate == "refused"
    assert results["t.f64"].code in (
        ua.StatusCodes.BadNotWritable, ua.StatusCodes.BadUserAccessDenied,
    )  # fmt: skip


async def test_a_write_the_plc_refuses_as_a_whole_was_not_done(opcua):
    served, box = opcua

    def refuse(event, service):
        if event.is_external:
            raise ua.UaStatusCodeError(ua.StatusCodes.BadOutOfRange)

    served.server.subscribe_server_callback(CallbackType.PreWrite, refuse)
    action = uuid.uuid4().hex
    with pytest.raises(ProtocolError):
        await box.send(action, "t.f64", 7.0)
    assert not (await box.lookup(action)).applied
