"""Cut, mute and reset wires: an open question is never answered by writing twice."""

import asyncio
import contextlib
import uuid

import pytest
from asyncua import ua

from passline.connectors.errors import LinkError
from passline.connectors.letter import Outcome, Request, pack_modbus, pack_opcua
from passline.connectors.mailbox import WireMailbox
from passline.connectors.modbus.connector import ModbusConnector
from passline.connectors.modbus.writer import ModbusWriter
from passline.connectors.opcua import OpcUaConnector
from passline.connectors.opcua_writer import OpcUaWriter
from passline.connectors.security import Pki
from passline.connectors.tagfile import VOID, parse
from passline.plant_sim.signals import Quality

from .fault_proxy import FaultProxy
from .waiting import until

pytestmark = [pytest.mark.network, pytest.mark.timeout(400)]


@pytest.fixture
async def wires(plc):
    """Both protocols through a proxy each, and the tag file that leads there."""
    opcua = await FaultProxy(int(plc.ready["opcua"].rpartition(":")[2])).start()
    modbus = await FaultProxy(plc.ready["modbus"][1]).start()
    text = plc.tags.read_text()
    text = text.replace(plc.ready["opcua"], f"opc.tcp://127.0.0.1:{opcua.port}")
    text = text.replace(f"port: {plc.ready['modbus'][1]}", f"port: {modbus.port}")
    yield {"opcua": opcua, "modbus": modbus, "tags": parse(text)}
    await opcua.stop()
    await modbus.stop()


async def keep_trying(call):
    """The answer of `call` once the link is there again."""
    for _ in range(300):
        with contextlib.suppress(LinkError):
            return await call()
        await asyncio.sleep(0.1)
    raise AssertionError("the link did not come back")


@pytest.mark.parametrize(
    ("over", "control", "value"),
    [("opcua", "fm.spray_trim", 0.05), ("modbus", "rot.cooling_correction", 0.05)],
)
async def test_a_lost_answer_is_unknown_and_found_again_without_a_second_write(
    plc, wires, over, control, value
):
    action = uuid.uuid4().hex
    box = WireMailbox(wires["tags"], plc.pki, deadline=1.0, wait=1.0)
    if over == "opcua":  # bring both links up before the fault
        await box.lookup(action)
    else:
        assert await box.beat()
    wires[over].mute = {"down"}
    assert await box.send(action, control, value) is None
    wires[over].mute = set()
    wires[over].reset()
    found = await keep_trying(lambda: box.lookup(action))
    assert (found.outcome, found.value) == (Outcome.APPLIED, pytest.approx(value))
    rows = [row for row in plc.log() if row["action_id"] == action]
    assert [row["outcome"] for row in rows] == ["APPLIED"]
    again = await keep_trying(lambda: box.send(action, control, value))
    assert again.outcome is Outcome.DUPLICATE
    await box.close()


@pytest.mark.parametrize("by", ["opcua", "modbus"])
async def test_a_frame_that_the_network_held_back_beyond_its_tombstone_is_not_applied(
    plc, wires, by
):
    action, tags = uuid.uuid4().hex, wires["tags"]
    slow = WireMailbox(tags, plc.pki, deadline=1.0, wait=1.0)
    assert await slow.beat()
    wires["modbus"].mute = {"up"}  # the frame leaves, and waits in the network
    assert await slow.send(action, "rot.cooling_correction", 0.1) is None

    tombstone, box = Request(7, action, VOID, 0.0), parse(plc.tags.read_text())
    if by == "opcua":
        session = await OpcUaWriter.open(box.opcua, Pki(plc.pki), "gate")
        node = session.resolve(box.mailbox.request)
        await session.write(node, pack_opcua(tombstone), ua.VariantType.ByteString)
        await session.close()
    else:
        client = await ModbusWriter.open(box.modbus.host, box.modbus.port)
        data = pack_modbus(tombstone, Pki(plc.pki).modbus_key())
        await client.write(box.mailbox.request_register, data)
        await client.close()

    def logged():
        return [(r["outcome"], r["reason"]) for r in plc.log() if r["action_id"] == action]

    assert await until(logged)
    wires["modbus"].mute = set()
    assert await until(lambda: len(logged()) == 2)
    assert logged() == [
        ("MALFORMED", "void"),
        ("MALFORMED", "this action id was refused before"),
    ]
    while (found := await keep_trying(lambda: slow.lookup(action))) is None:  # noqa: ASYNC110
        await asyncio.sleep(0.02)  # the PLC shows its echoes a moment after it has logged them
    assert not found.applied
    await slow.close()


@pytest.mark.parametrize("over", ["opcua", "modbus"])
async def test_a_request_that_never_left_is_a_link_error_and_not_in_the_plc(plc, wires, over):
    action = uuid.uuid4().hex
    box = WireMailbox(wires["tags"], plc.pki, deadline=1.0)
    await wires[over].stop()
    control = "fm.spray_trim" if over == "opcua" else "rot.cooling_correction"
    with pytest.raises(LinkError):
        await box.send(action, control, 0.0)
    await box.close()
    assert all(row["action_id"] != action for row in plc.log())


async def test_the_echo_is_still_found_when_opcua_is_down(plc, wires):
    action = uuid.uuid4().hex
    box = WireMailbox(wires["tags"], plc.pki, deadline=1.0)
    await wires["opcua"].stop()
    sent = await box.send(action, "rot.cooling_correction", -0.05)
    found = await box.lookup(action)
    assert (found.outcome, found.value) == (sent.outcome, pytest.approx(sent.value))
    await box.close()


@pytest.mark.parametrize("over", ["opcua", "modbus"])
async def test_a_cut_or_mute_wire_turns_every_tag_bad_and_comes_back(plc, wires, over):
    if over == "opcua":
        connector = OpcUaConnector(wires["tags"], Pki(plc.pki), "agent", deadline=1.0)
    else:
        connector = ModbusConnector(wires["tags"], deadline=1.0)
    await connector.start()

    def all_are(quality):
        return lambda: {s.quality for s in connector.samples().values()} == {quality}

    qualities = []
    connector.subscribe(lambda batch: qualities.append({s.quality for s in batch.values()}))
    assert await until(all_are(Quality.GOOD))
    qualities.clear()  # it began BAD
    wires[over].reset()
    assert await until(lambda: {Quality.BAD} in qualities)
    assert await until(all_are(Quality.GOOD))
    wires[over].mute = {"down"}
    assert await until(all_are(Quality.BAD))
    assert connector.health().state != "up"
    wires[over].mute = set()
    assert await until(all_are(Quality.GOOD))
    assert connector.health().reconnects >= 2
    await connector.close()
    assert all_are(Quality.BAD)()
