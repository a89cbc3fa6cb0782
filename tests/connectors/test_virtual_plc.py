"""Real servers in another process: what is read, who may write, and what a loss looks like."""

import asyncio
import contextlib
import json
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import uuid

import pyarrow.parquet as pq
import pytest
from asyncua import Client, ua
from asyncua.crypto.security_policies import (
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyBasic256Sha256,
)

from passline.connectors import connect
from passline.connectors.errors import LinkError, ProtocolError
from passline.connectors.follower import Follower
from passline.connectors.historian import Historian, query
from passline.connectors.letter import Outcome, Request, pack_modbus, pack_opcua
from passline.connectors.mailbox import WireMailbox
from passline.connectors.modbus.connector import ModbusConnector
from passline.connectors.modbus.writer import ModbusWriter as ModbusClient
from passline.connectors.opcua import OpcUaConnector
from passline.connectors.opcua_writer import OpcUaWriter as OpcUaSession
from passline.connectors.security import Pki, init
from passline.connectors.tagfile import load_tags
from passline.plant_sim.lines.hot_strip.signal_table import SIGNALS
from passline.plant_sim.signals import Quality
from passline.plant_sim.units import to_si

from .plc_process import PlcProcess, eventually

pytestmark = [pytest.mark.network, pytest.mark.timeout(400)]


def action():
    return uuid.uuid4().hex


@pytest.fixture
async def mailbox(plc):
    box = WireMailbox(load_tags(plc.tags), plc.pki, wait=20.0)
    yield box
    await box.close()


# --- reading -------------------------------------------------------------------------------------


def test_every_signal_is_read_good_and_carries_the_plant_clock(plc, tmp_path):
    historian = Historian(tmp_path, flush=60.0)
    with Follower(plc.tags, plc.pki, historian=historian) as follower:
        assert follower.wait_good(20.0)
        first = follower.samples()
        assert eventually(lambda: follower.samples()["plc.time"].time > first["plc.time"].time)
        assert SIGNALS.keys() < first.keys()
        assert [name for name, sample in first.items() if not sample.good] == []
        assert 700 < first["fm.fdt"].value < 1500  # K inside, degC on the wire
        assert first["plc.time"].value == first["plc.time"].time == first["coil.phase"].time
    historian.close()
    assert query(tmp_path, ["fm.fdt"])["fm.fdt"].value.size > 0


def test_one_tag_is_read_at_once_and_judged_as_what_is_followed(plc):
    with Follower(plc.tags, plc.pki, period=30.0) as follower:
        assert follower.read("plc.heartbeat").quality is Quality.BAD  # it has not moved yet
        assert eventually(lambda: follower.read("fm.fdt").good)
        first, then = follower.read("plc.time"), follower.samples()["plc.time"]
        assert first.value == first.time > then.time  # the next scan is long away
        assert eventually(lambda: follower.read("rot.mid_temperature").good)  # over Modbus
    assert follower.read("fm.fdt") is None


async def test_both_protocols_say_the_same_at_the_same_plant_time(plc):
    tags = load_tags(plc.tags)
    both = (OpcUaConnector(tags, Pki(plc.pki), "agent"), ModbusConnector(tags))
    seen = ({}, {})
    for connector, table in zip(both, seen, strict=True):
        connector.subscribe(
            lambda batch, table=table: table.update({batch["plc.time"].value: batch})
        )
        await connector.start()

    def shared():
        return [at for at in seen[0].keys() & seen[1].keys() if at == at]

    for _ in range(600):
        await asyncio.sleep(0.05)
        if len(shared()) > 3:
            break
    for connector in both:
        await connector.close()
    assert len(shared()) > 3
    for at in shared():
        for name, sample in seen[1][at].items():
            coarse = tags.tags[name].modbus.count / 2  # what the coding declares, plant unit
            unit = tags.tags[name].unit
            allowed = to_si(coarse, unit) - to_si(0.0, unit)
            same = pytest.approx(seen[0][at][name].value, rel=1e-6, abs=1.001 * allowed)
            assert sample.value == same, name


async def test_nodes_carry_range_unit_and_meaning_in_two_languages(plc):
    session = await OpcUaSession.open(load_tags(plc.tags).opcua, Pki(plc.pki), "agent")
    node = session._client.get_node(session.resolve(load_tags(plc.tags).tags["fm.fdt"].opcua))
    children = {
        (await child.read_browse_name()).Name: await child.read_value()
        for child in await node.get_properties()
    }
    assert children["EURange"].High == pytest.approx(1126.85)
    assert children["EngineeringUnits"].DisplayName.Text == "degC"
    described = (await node.read_description()).Text
    assert "finishing delivery temperature" in described
    assert "마무리압연" in described
    assert (await node.read_type_definition()).Identifier == ua.ObjectIds.AnalogItemType
    for name, code in (("rot.water_pressure", "BAR"), ("f3.looper_angle", "DD"), ("cost.fuel", "")):
        node = session._client.get_node(session.resolve(load_tags(plc.tags).tags[name].opcua))
        (unit,) = [
            await child.read_value()
            for child in await node.get_properties()
            if (await child.read_browse_name()).Name == "EngineeringUnits"
        ]
        assert unit.UnitId == (int.from_bytes(code.encode(), "big") if code else -1)
    await session.close()


# --- writing -------------------------------------------------------------------------------------


async def test_the_gate_writes_over_both_protocols_and_the_plc_logs_it(plc, mailbox):
    one, two = action(), action()
    spray = await mailbox.send(one, "fm.spray_trim", 0.1)
    water = await mailbox.send(two, "rot.cooling_correction", -0.1)
    assert (spray.outcome, spray.value) == (Outcome.APPLIED, pytest.approx(0.1))
    assert (water.outcome, water.value) == (Outcome.APPLIED, pytest.approx(-0.1))
    rows = {row["action_id"]: row for row in plc.log()}
    assert (rows[one]["protocol"], rows[one]["peer"]) == ("opcua", "gate")
    assert rows[two]["protocol"] == "modbus"
    with connect(plc.tags) as follower:
        assert eventually(lambda: follower.samples()["fm.spray_trim"].value == pytest.approx(0.1))
        assert eventually(
            lambda: follower.samples()["rot.cooling_correction"].value == pytest.approx(-0.1)
        )


@pytest.mark.parametrize(("control", "value"), [("fm.fdt_source", 1.0), ("rot.bank_out", 2.0)])
async def test_a_repeated_action_id_is_applied_once(plc, mailbox, control, value):
    one = action()
    outcomes = [(await mailbox.send(one, control, value)).outcome for _ in range(3)]
    assert outcomes == [Outcome.APPLIED, Outcome.DUPLICATE, Outcome.DUPLICATE]
    found = await mailbox.lookup(one)
    assert (found.outcome, found.value) == (Outcome.APPLIED, value)
    assert [row["outcome"] for row in plc.log() if row["action_id"] == one].count("APPLIED") == 1


async def test_out_of_range_is_refused_over_both_protocols(mailbox):
    for control in ("fm.spray_trim", "rot.cooling_correction"):
        assert (await mailbox.send(action(), control, 0.9)).outcome is Outcome.OUT_OF_RANGE


async def test_an_unknown_action_id_is_not_found(mailbox):
    assert await mailbox.lookup(action()) is None


async def test_the_gate_beats_over_both_protocols(mailbox):
    assert await mailbox._beat_opcua()
    mailbox._beats = 2**31
    assert await mailbox._beat_modbus()
    assert not await mailbox._beat_modbus()  # the same count again is a replay


async def test_the_agents_user_cannot_write_and_its_attempt_is_logged(plc):
    tags = load_tags(plc.tags)
    session = await OpcUaSession.open(tags.opcua, Pki(plc.pki), "agent")
    request = Request(1, action(), 2, 10.0)
    with pytest.raises(ProtocolError) as refused:
        await session.write(
            session.resolve(tags.mailbox.request), pack_opcua(request), ua.VariantType.ByteString
        )
    assert refused.value.code == ua.StatusCodes.BadUserAccessDenied
    await session.close()
    assert eventually(lambda: any("agent may not" in row["reason"] for row in plc.log()))


async def test_even_the_gate_writes_nothing_but_the_mailbox(plc):
    tags = load_tags(plc.tags)
    session = await OpcUaSession.open(tags.opcua, Pki(plc.pki), "gate")
    trim = session.resolve(tags.tags["fm.speed_trim"].opcua)
    with pytest.raises(ProtocolError) as refused:
        await session.write(trim, 0.3, ua.VariantType.Double)
    assert refused.value.code == ua.StatusCodes.BadUserAccessDenied
    objects = session._client.nodes.objects
    with pytest.raises(ua.UaStatusCodeError):
        await objects.add_variable(2, "intruder", 1.0)
    await session.close()


async def test_a_request_with_a_bad_check_sum_is_refused_and_logged(plc):
    tags, one = load_tags(plc.tags), action()
    raw = bytearray(pack_opcua(Request(1, one, 2, 10.0)))
    raw[-1] ^= 1
    session = await OpcUaSession.open(tags.opcua, Pki(plc.pki), "gate")
    with pytest.raises(ProtocolError) as refused:
        await session.write(
            session.resolve(tags.mailbox.request), bytes(raw), ua.VariantType.ByteString
        )
    assert refused.value.code == ua.StatusCodes.BadInvalidArgument
    await session.close()
    assert eventually(lambda: any("check sum" in row["reason"] for row in plc.log()))


async def test_modbus_takes_the_mailbox_with_its_token_and_nothing_else(plc):
    device = load_tags(plc.tags).modbus
    client = await ModbusClient.open(device.host, device.port)
    forged = pack_modbus(Request(1, action(), 6, 10.0), b"guess")
    cases = [(0, forged, 3), (0, forged[:10], 2), (0, b"\0\1", 2), (40, b"\0\1", 2), (1, forged, 2)]
    for address, data, code in cases:
        with pytest.raises(ProtocolError) as refused:
            await client.write(address, data)
        assert refused.value.code == code
    reader, writer = await asyncio.open_connection(device.host, device.port)
    writer.write(struct.pack(">HHHBBHH", 1, 0, 6, 1, 6, 0, 1))  # function 6
    assert (await reader.readexactly(9))[7:] == b"\x86\x02"
    writer.close()
    await client.close()
    assert eventually(lambda: any("token" in row["reason"] for row in plc.log()))


# --- who may enter -------------------------------------------------------------------------------


async def enter(plc, keys, user="agent", change=lambda client: None):
    """Try to read a value as somebody; the refusal is the exception."""
    client = Client(plc.ready["opcua"], timeout=5)
    client.application_uri = f"urn:passline:{user}"
    if keys is not None:
        await client.set_security(
            SecurityPolicyBasic256Sha256,
            str(keys.certificate(user)),
            str(keys.key(user)),
            server_certificate=str(Pki(plc.pki).server_certificate()),
            mode=ua.MessageSecurityMode.SignAndEncrypt,
        )
        client.set_user(user)
        client.set_password(Pki(plc.pki).password(user))
    change(client)
    try:
        await client.connect()
        return await client.nodes.server_state.read_value()
    finally:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(client.disconnect(), 2.0)
        await asyncio.sleep(0.05)  # asyncua closes its socket in a later turn of the loop


def nameless(client):
    client._username = client._password = None


def otherwise(client):
    client.application_uri = "urn:passline:other"


REFUSED = (ua.UaError, OSError, TimeoutError)


async def test_the_right_certificate_and_password_enter(plc):
    assert await enter(plc, Pki(plc.pki)) is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda client: client.set_password("guess"),
        lambda client: client.set_password(""),
        lambda client: client.set_user("admin"),
        lambda client: client.set_user("gate"),  # the gate's name with the agent's keys
        nameless,
        otherwise,
    ],
    ids=["wrong password", "no password", "admin", "another's name", "anonymous", "wrong uri"],
)
async def test_whoever_cannot_prove_himself_is_refused(plc, change):
    with pytest.raises(REFUSED):
        await enter(plc, Pki(plc.pki), change=change)


async def test_the_gates_password_with_the_agents_keys_is_refused(plc):
    def steal(client):
        client.set_user("gate")
        client.set_password(Pki(plc.pki).password("gate"))

    with pytest.raises(REFUSED):
        await enter(plc, Pki(plc.pki), change=steal)


async def test_a_stranger_with_a_certificate_of_his_own_is_refused(plc, tmp_path):
    with pytest.raises(REFUSED):
        await enter(plc, init(tmp_path / "pki"))


async def test_there_is_no_endpoint_without_encryption(plc):
    with pytest.raises(REFUSED):
        await enter(plc, None)
    offered = await Client(plc.ready["opcua"], timeout=20).connect_and_get_server_endpoints()
    assert {(end.SecurityMode, end.SecurityPolicyUri) for end in offered} == {
        (ua.MessageSecurityMode.SignAndEncrypt, policy.URI)
        for policy in (SecurityPolicyBasic256Sha256, SecurityPolicyAes256Sha256RsaPss)
    }
    await asyncio.sleep(0.05)
    tokens = {token.TokenType for end in offered for token in end.UserIdentityTokens}
    assert tokens == {ua.UserTokenType.UserName}


def test_secrets_are_readable_by_their_owner_only(plc):
    private = [*plc.pki.glob("own/*.pem"), *plc.pki.glob("secrets/*"), plc.pki / "users.json"]
    assert len(private) >= 7
    assert all(file.stat().st_mode & 0o077 == 0 for file in private)
    stored = (plc.pki / "users.json").read_text()
    assert Pki(plc.pki).password("gate") not in stored


def test_an_open_secret_is_refused(tmp_path):
    keys = init(tmp_path)
    (tmp_path / "secrets" / "agent.password").chmod(0o644)
    with pytest.raises(ValueError, match="chmod 600"):
        keys.password("agent")


# --- the start -----------------------------------------------------------------------------------


def test_it_says_that_the_first_start_takes_long_and_refuses_a_damaged_log(tmp_path):
    (tmp_path / "plc_writes.jsonl").write_text("damaged\n")
    command = ("-m", "passline.connectors.virtual_plc.process", "--dir", str(tmp_path))
    ended = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=280, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    first, refusal = ended.stderr.splitlines()
    assert "compiles the plant" in first
    assert refusal.startswith("line 1 of ")


# --- floods --------------------------------------------------------------------------------------


def flood(address, frame, seconds):
    """Send `frame` as fast as the peer takes it; the count is of those that left."""
    end, sent = time.monotonic() + seconds, 0
    with socket.create_connection(address) as peer:
        threading.Thread(target=swallow, args=(peer,), daemon=True).start()
        while time.monotonic() < end:
            peer.sendall(frame * 500)
            sent += 500
    return sent


def swallow(peer):
    with contextlib.suppress(OSError):
        while peer.recv(65536):
            pass


@pytest.mark.slow
async def test_a_flood_of_refused_frames_stops_neither_the_plant_nor_an_honest_write(tmp_path):
    plc = PlcProcess(tmp_path, "--speed", "14", "--seed", "3", "--lease", "3600").start()
    tags = load_tags(plc.tags)
    box = WireMailbox(tags, plc.pki, deadline=20.0, wait=20.0)
    try:
        with connect(plc.tags) as follower:
            assert await asyncio.to_thread(follower.wait_good, 30.0)
            await box.beat()  # both connections are there before the flood
            frame = struct.pack(">HHHBBHH", 1, 0, 6, tags.modbus.unit, 6, 40, 1)
            before = follower.samples()["plc.time"].time
            address = (tags.modbus.host, tags.modbus.port)
            flooding = asyncio.create_task(asyncio.to_thread(flood, address, frame, 2.0))
            await asyncio.sleep(0.2)
            for control in ("rot.cooling_correction", "fm.spray_trim"):
                assert (await box.send(action(), control, 0.1)).outcome is Outcome.APPLIED
            sent = await flooding
            # As many frames as lines, and the plant would stand for minutes.
            assert eventually(lambda: follower.samples()["plc.time"].time > before + 14.0)
        assert sent > 10_000
        rows = [row for row in plc.log() if row["event"] == "refusals"]
        assert rows
        assert len(rows) < 30
        assert "function 6 on 1 from 40 is not on the allow-list" in rows[0]["reason"]
    finally:
        await box.close()
        plc.stop()


# --- losses --------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_killed_frozen_and_started_again(tmp_path):
    """One PLC, killed and frozen: quality follows, writes stay single, everything comes back."""
    plc = PlcProcess(tmp_path, "--speed", "14", "--seed", "3").start()
    follower = connect(plc.tags)
    box = WireMailbox(load_tags(plc.tags), plc.pki, wait=20.0)
    try:
        assert follower.wait_good(30.0)
        one = action()
        assert (await box.send(one, "fm.spray_trim", 0.1)).outcome is Outcome.APPLIED

        plc.send(signal.SIGSTOP)  # a hung server: the sockets stay open

        def all_bad():
            return all(s.quality is Quality.BAD for s in follower.samples().values())

        assert await asyncio.to_thread(eventually, all_bad)
        plc.send(signal.SIGCONT)
        assert await asyncio.to_thread(follower.wait_good, 30.0)

        plc.stop(signal.SIGKILL)
        assert await asyncio.to_thread(eventually, all_bad)
        assert follower.health()["opcua"]["state"] != "up"
        with pytest.raises(LinkError):
            await box.lookup(one)
        for control in ("fm.spray_trim", "rot.bank_out"):
            with contextlib.suppress(LinkError):
                assert await box.send(action(), control, 0.0) is None

        plc.start()
        assert await asyncio.to_thread(follower.wait_good, 30.0)
        again = None
        for _ in range(100):
            with contextlib.suppress(LinkError):
                again = await box.send(one, "fm.spray_trim", 0.1)
                break
            await asyncio.sleep(0.1)
        assert again.outcome is Outcome.DUPLICATE
        assert follower.samples()["fm.spray_trim"].value == 0.0  # a new plant, not written twice
        assert (await box.lookup(one)).outcome is Outcome.APPLIED
        assert follower.health()["opcua"]["reconnects"] >= 1
    finally:
        follower.close()
        await box.close()
        plc.stop()


@pytest.mark.slow
def test_a_plant_stops_after_its_coils_keeps_answering_and_ends_cleanly(tmp_path):
    plc = PlcProcess(tmp_path, "--speed", "400", "--coils", "2").start()
    try:
        with connect(plc.tags) as follower:
            assert eventually(lambda: follower.samples()["plc.finished"].value == 1.0, 60.0)
            stopped = follower.samples()
            assert eventually(
                lambda: follower.samples()["plc.heartbeat"].value > stopped["plc.heartbeat"].value
            )
            assert follower.samples()["plc.time"].value == stopped["plc.time"].value
            assert follower.samples()["plc.time"].good
    finally:
        code = plc.stop(signal.SIGTERM)
    assert code == 0
    coils = [json.loads(line) for line in (tmp_path / "coils.jsonl").read_text().splitlines()]
    assert [coil["number"] for coil in coils] == [1, 2]
    truth = pq.read_table(tmp_path / "truth.parquet").to_pydict()
    assert truth["time"][-1] >= sum(coil["seconds"] for coil in coils) - 1.0
    assert {"fdt", "ct", "coil.fdt_aim", "coil.phase", "fm.speed_trim"} < truth.keys()
    rung = [json.loads(line) for line in (tmp_path / "alarms.jsonl").read_text().splitlines()]
    assert all(event["priority"] > 2 for event in rung)  # a sound line rings nothing urgent


def test_a_plant_that_is_not_there_is_bad_and_no_error(plc, tmp_path):
    text = plc.tags.read_text()
    for port in (plc.ready["opcua"].rpartition(":")[2], str(plc.ready["modbus"][1])):
        text = text.replace(port, "1")
    (tmp_path / "down.yaml").write_text(text)
    with connect(tmp_path / "down.yaml", plc.pki) as follower:
        assert not follower.wait_good(0.5)
        assert {s.quality for s in follower.samples().values()} == {Quality.BAD}
        said = follower.health()["modbus"]
        assert "is the PLC running" in said["error"] or said["state"] == "connecting"


def test_a_plant_made_from_another_tag_table_is_not_read(plc, tmp_path):
    text = plc.tags.read_text().replace("unit: MN", "unit: kN")
    (tmp_path / "other.yaml").write_text(text)
    with connect(tmp_path / "other.yaml", plc.pki) as follower:
        assert eventually(lambda: "tag table" in follower.health()["opcua"]["error"])
        assert follower.samples()["f1.roll_force"].quality is Quality.BAD
