"""A client that shares no code with ours knocks at our server: node-opcua, right and wrong."""

import asyncio
import datetime
import json
import os
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
from asyncua import Server, ua
from asyncua.common.callback import CallbackType
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from passline.connectors.addresses import OpcUaAddress
from passline.connectors.analog_item import TYPES
from passline.connectors.letter import Request, load_echoes, pack_opcua
from passline.connectors.security import Pki, Users, init, secure_server
from passline.connectors.security.upkeep import trust
from passline.connectors.tagfile import OpcUaDevice, TagFile, load_tags
from passline.connectors.tags import Tag
from passline.connectors.virtual_plc.opcua_nodes import Nodes

from .secured import POLICIES, Box, free_url
from .strangers import DAY, NOW, Stranger

MODULES = Path(__file__).parents[2] / "build" / "foreign"
SCRIPT = Path(__file__).parent / "foreign" / "knock.mjs"
NAMES = {"Basic256Sha256": "Basic256Sha256", "Aes256Sha256RsaPss": "Aes256_Sha256_RsaPss"}

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture
def node():
    """The program, or a skip; where .ci/run has put it in place it may not be missing."""
    there = shutil.which("node") and (MODULES / "node_modules").is_dir()
    if not there and os.environ.get("PASSLINE_REQUIRE_FOREIGN"):
        pytest.fail("node or node-opcua-client is missing although .ci/run installs it")
    if not there:
        pytest.skip("node or node-opcua-client is missing: .ci/run shows how to install it")
    return shutil.which("node")


async def knock(node, box, work, *attempts):
    job = {
        "url": box.url,
        "node": box.node.to_string(),
        "server": str(box.keys.server_certificate()),
        "attempts": attempts,
    }
    told = await asyncio.to_thread(
        subprocess.run, [node, SCRIPT, MODULES, work],
        input=json.dumps(job), capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    (line,) = [line for line in told.stdout.splitlines() if line.startswith("[")]
    return json.loads(line)


async def exchange(node, work, keys, url, namespace, follow, writes, changes, user="gate"):
    """Follow and write as `user` with node-opcua; what it says of both."""
    loaded = x509.load_der_x509_certificate(keys.certificate(user).read_bytes())
    (work / f"{user}.pem").write_bytes(loaded.public_bytes(Encoding.PEM))
    job = {
        "url": url, "namespace": namespace, "certificate": str(work / f"{user}.pem"),
        "key": str(keys.key(user)), "server": str(keys.server_certificate()),
        "uri": f"urn:passline:{user}", "user": user, "password": keys.password(user),
        "follow": follow, "writes": writes, "changes": changes,
    }  # fmt: skip
    told = await asyncio.to_thread(
        subprocess.run, [node, SCRIPT.with_name("exchange.mjs"), MODULES, work],
        input=json.dumps(job), capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    (line,) = [line for line in told.stdout.splitlines() if line.startswith("{")]
    found = json.loads(line)
    return found["told"], found["written"]


def attempt(box, work, who, policy=POLICIES[0], user="agent", **otherwise):
    """What node-opcua needs; `who` is a stranger, or the name of one of us."""
    if isinstance(who, Stranger):
        certificate, key = who.save(work / "strangers")
        uri = who.uri
    else:
        certificate, key = box.keys.certificate(who), box.keys.key(who)
        uri = f"urn:passline:{who}"
    pem = work / f"{certificate.stem}.pem"
    pem.write_bytes(
        x509.load_der_x509_certificate(certificate.read_bytes()).public_bytes(Encoding.PEM)
    )
    made = {
        "certificate": str(pem),
        "key": str(key),
        "uri": uri,
        "policy": NAMES.get(policy, policy),
        "user": user,
        "password": box.keys.password(user) if user else None,
    }
    return made | otherwise


async def test_node_opcua_enters_by_both_policies_and_by_no_other_way(node, tmp_path):
    box = await Box(init(tmp_path / "pki")).start()
    known = Stranger(name="known")
    trust(box.keys, known.save(tmp_path / "strangers")[0], user="agent")
    try:
        entered = await knock(
            node, box, tmp_path,
            *(attempt(box, tmp_path, who, how) for who in ("agent", known) for how in POLICIES),
            attempt(box, tmp_path, "gate", POLICIES[1], user="gate"),
        )  # fmt: skip
        for one in entered[:-1]:
            assert one["value"] == ""
            assert "BadUserAccessDenied" in one["write"]
        assert entered[-1] == {"value": "", "write": "Good"}
        assert box.writers == ["gate"]
        secret = box.keys.password("agent")
        refused = await knock(
            node, box, tmp_path,
            attempt(box, tmp_path, "agent", "None"),
            attempt(box, tmp_path, "agent", "None", user=None),
            attempt(box, tmp_path, "agent", user=None),
            attempt(box, tmp_path, "agent", user="gate"),
            attempt(box, tmp_path, "agent", password="wrong password"),
            attempt(box, tmp_path, "agent", user="agent", password=""),
        )  # fmt: skip
        assert ["error" in one for one in refused] == [True] * len(refused)
        assert secret not in json.dumps(refused)
    finally:
        await box.stop()


async def test_a_foreign_certificate_is_reviewed_before_it_enters(node, tmp_path):
    box = await Box(init(tmp_path / "pki")).start()
    stranger = Stranger(name="foreign")
    expired = Stranger(name="foreign expired", begins=NOW - 9 * DAY, ends=NOW - DAY)
    listed = box.keys.trusted("clients") / f"agent.{expired.digits[:16]}.der"
    listed.write_bytes(expired.der)
    try:
        first, old = await knock(
            node, box, tmp_path,
            attempt(box, tmp_path, stranger), attempt(box, tmp_path, expired),
        )  # fmt: skip
        assert "BadCertificateUntrusted" in first["error"]
        assert "error" in old
        (waiting,) = (box.keys.folder / "rejected").iterdir()
        assert waiting.read_bytes() == stranger.der
        trust(box.keys, stranger.digits[:16], user="agent")
        (then,) = await knock(node, box, tmp_path, attempt(box, tmp_path, stranger))
        assert then["value"] == ""
        assert "BadUserAccessDenied" in then["write"]
    finally:
        await box.stop()


EXTREMES = {  # what each type carries at its end, as node-opcua and as Python writes it
    "bool": (True, True), "i16": (-(2**15), -(2**15)), "u16": (2**16 - 1, 2**16 - 1),
    "i32": (-(2**31), -(2**31)), "u32": (2**32 - 1, 2**32 - 1),
    "i64": ([0x80000000, 1], 1 - 2**63), "u64": ([0xFFFFFFFF, 0xFFFFFFFE], 2**64 - 2),
    "f32": (-1.5e38, -1.5e38), "f64": (1e-300, 1e-300),
}  # fmt: skip


async def test_node_opcua_writes_every_type_and_is_told_of_it(node, tmp_path):
    """A server made from a tag file, one node of each type; only the gate's user may write."""
    assert EXTREMES.keys() == TYPES.keys()
    keys, url, space = init(tmp_path / "pki"), free_url(), "urn:every-type"
    tags = {
        kind: Tag(kind, "1", -1.0, 1.0, opcua=OpcUaAddress(space, f"s=Each.{kind}", kind))
        for kind in EXTREMES
    }
    device = OpcUaDevice(url, "urn:passline:virtual-plc")
    server = Server(user_manager=Users(keys))
    await server.init()
    await secure_server(server, keys, url)
    nodes = Nodes(server, TagFile("each", device, None, None, tags))
    await nodes.build(datetime.datetime.now(datetime.UTC), "[]", "0")
    for place in nodes.tags.values():
        await server.get_node(place).set_writable()

    def only_the_gate(event, service):
        if event.is_external and event.user.name != "gate":
            raise ua.UaStatusCodeError(ua.StatusCodes.BadUserAccessDenied)

    server.subscribe_server_callback(CallbackType.PreWrite, only_the_gate)
    await server.start()
    try:
        names = {kind: f"Each.{kind}" for kind in EXTREMES}
        writes = [
            {"name": names[kind], "type": TYPES[kind].name, "value": theirs}
            for kind, (theirs, _) in EXTREMES.items()
        ]
        follow = list(names.values())
        _, refused = await exchange(node, tmp_path, keys, url, space, [], writes, [], "agent")
        assert all("BadUserAccessDenied" in status for status in refused.values()), refused
        told, written = await exchange(node, tmp_path, keys, url, space, follow, writes, follow)
        assert written == dict.fromkeys(follow, "Good")
        for kind, (theirs, ours) in EXTREMES.items():
            one = told[names[kind]]
            assert (one["type"], one["good"]) == (TYPES[kind].name, True)
            assert one["last"] == (pytest.approx(theirs) if kind == "f32" else theirs), kind
            value = await server.get_node(nodes.tags[kind]).read_value()
            assert value == (pytest.approx(ours) if kind == "f32" else ours), kind
    finally:
        await server.stop()


async def test_node_opcua_follows_the_plc_and_writes_what_the_gate_may(node, plc, tmp_path):
    tags, keys = load_tags(plc.tags), Pki(plc.pki)
    trim = tags.tags["fm.spray_trim"]
    request = Request(7, uuid.uuid4().hex, trim.write.index, trim.write.low)
    types = {"PLC.Heartbeat", "F1.RollForce", "Clock.Mode", "Packed.Quality", "Mailbox.Echo"}
    follow = [*types, "Mailbox.Memory", "Clock.Epoch", trim.opcua.identifier[2:]]
    writes = [
        {"name": "Mailbox.Request", "type": "ByteString", "value": pack_opcua(request).hex()},
        {"name": "Mailbox.Beat", "type": "UInt32", "value": 4_000_000_000},
        {"name": "Mailbox.Echo", "type": "String", "value": "[]"},
        {"name": "F1.RollForce", "type": "Double", "value": 1.0},
    ]
    told, written = await exchange(
        node, tmp_path, keys, plc.ready["opcua"], "urn:passline:hot-strip",
        follow, writes, ["Mailbox.Echo", "PLC.Heartbeat"],
    )  # fmt: skip
    assert written.pop("Mailbox.Request") == written.pop("Mailbox.Beat") == "Good"
    assert all("Bad" in status for status in written.values()), written
    assert sorted(told) == sorted(follow)
    assert all(one["good"] for one in told.values())
    assert told["PLC.Heartbeat"]["last"] > told["PLC.Heartbeat"]["first"]
    (echo,) = [e for e in load_echoes(told["Mailbox.Echo"]["last"]) if e.seq == 7]
    assert echo.action_id == request.action_id
    assert {one["type"] for one in told.values()} == {
        "Double", "String", "UInt32", "DateTime",
    }  # fmt: skip
