"""Peers that share no code with passline: they see what we see, and we see what they serve."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import uuid
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from passline.connectors.addresses import KINDS, OpcUaAddress
from passline.connectors.errors import ProtocolError
from passline.connectors.mailbox import WireMailbox
from passline.connectors.modbus.connector import ModbusConnector
from passline.connectors.modbus.registers import RegisterImage
from passline.connectors.modbus.server import ModbusServer
from passline.connectors.modbus.writer import ModbusWriter
from passline.connectors.opcua import OpcUaConnector
from passline.connectors.security import Pki, init
from passline.connectors.tagfile import OpcUaDevice, TagFile, load_tags
from passline.connectors.tags import HEARTBEAT, Tag, WriteRule
from passline.plant_sim.signals import Quality
from passline.plant_sim.units import from_si

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "build" / "foreign"
SCRIPT = Path(__file__).parent / "foreign" / "read_plc.mjs"

pytestmark = [pytest.mark.network, pytest.mark.timeout(400)]


def need(there, what):
    """Skip without `what`, but not where .ci/run has put it in place."""
    if not there and os.environ.get("PASSLINE_REQUIRE_FOREIGN"):
        pytest.fail(f"{what} is missing although .ci/run installs it")
    if not there:
        pytest.skip(f"{what} is missing: .ci/run shows how to install it")


async def run(*command, text=""):
    return await asyncio.to_thread(
        subprocess.run,
        command,
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


async def watching(connector, tags, key):
    """Everything that our own connector sees from now on, plant units, by the value of `key`."""
    seen, enough = {}, asyncio.Event()

    def record(batch):
        seen[batch[key].value] = {
            name: from_si(sample.value, tags.tags[name].unit) for name, sample in batch.items()
        }
        if len(seen) > 2:
            enough.set()

    connector.subscribe(record)
    await connector.start()
    await enough.wait()
    return seen


async def test_node_opcua_connects_secured_browses_and_reads_what_we_read(plc, tmp_path):
    need(shutil.which("node") and (MODULES / "node_modules").is_dir(), "node or node-opcua-client")
    tags, keys = load_tags(plc.tags), Pki(plc.pki)
    certificate = tmp_path / "agent.pem"
    loaded = x509.load_der_x509_certificate(keys.certificate("agent").read_bytes())
    certificate.write_bytes(loaded.public_bytes(Encoding.PEM))
    wanted = ("f1.roll_force", "fm.fdt", "coil.width", "rot.coiling_temperature", "plc.heartbeat")
    names = {tags.tags[name].opcua.identifier[2:]: name for name in wanted}
    job = {
        "url": plc.ready["opcua"],
        "namespace": "urn:passline:hot-strip",
        "certificate": str(certificate),
        "key": str(keys.key("agent")),
        "server": str(keys.server_certificate()),
        "uri": "urn:passline:agent",
        "user": "agent",
        "password": keys.password("agent"),
        "names": list(names),
    }
    connector = OpcUaConnector(tags, keys, "agent", period=0.02)
    try:
        ours = await watching(connector, tags, "plc.heartbeat")
        told = await run("node", SCRIPT, MODULES, tmp_path, text=json.dumps(job))
        assert told.returncode == 0, told.stderr
    finally:
        await connector.close()
    (line,) = [line for line in told.stdout.splitlines() if line.startswith("{")]
    theirs = json.loads(line)
    assert {"F1", "FM", "ROT", "Coil", "PLC", "Mailbox"} <= set(theirs["folders"])
    assert "RollForce" in theirs["children"]
    assert "BadUserAccessDenied" in theirs["refusal"]
    assert all(item["good"] for item in theirs["read"].values())
    same = ours[theirs["read"]["PLC.Heartbeat"]["value"]]  # the same picture of the plant
    for node, name in names.items():
        assert theirs["read"][node]["value"] == pytest.approx(same[name], rel=1e-12), name


async def test_mbpoll_reads_what_we_read_as_big_endian_floats(plc):
    need(shutil.which("mbpoll"), "mbpoll")
    tags = load_tags(plc.tags)
    host, port = plc.ready["modbus"]
    floats = {
        t.modbus.register: t.name for t in tags.tags.values() if t.modbus and t.modbus.kind == "f32"
    }
    first, count = min(floats), len(floats)
    assert sorted(floats) == list(range(first, first + 2 * count, 2))
    command = f"mbpoll -m tcp -p {port} -a 1 -0 -1 -q -B -t 3:float -r {first} -c {count}"
    connector = ModbusConnector(tags, period=0.02)
    try:
        ours = await watching(connector, tags, "plc.heartbeat")
        for _ in range(20):  # until both have seen the same picture; some pass between two looks
            told = await run(*command.split(), host)
            assert told.returncode == 0, told.stdout + told.stderr
            rows = re.findall(r"^\[(\d+)\]:\s+(\S+)", told.stdout, re.MULTILINE)
            theirs = {floats[int(register)]: float(value) for register, value in rows}
            assert len(theirs) == count
            await asyncio.sleep(0.1)
            if theirs["plc.heartbeat"] in ours:
                break
    finally:
        await connector.close()
    same = ours[theirs["plc.heartbeat"]]
    for name, value in theirs.items():
        assert value == pytest.approx(same[name], rel=1e-5, abs=1e-6), name


def pem(folder, keys, name):
    """The certificate of `name` as node-opcua wants it."""
    path = folder / f"{name}.pem"
    loaded = x509.load_der_x509_certificate(keys.certificate(name).read_bytes())
    path.write_bytes(loaded.public_bytes(Encoding.PEM))
    return str(path)


@contextlib.asynccontextmanager
async def node_plant(folder):
    """A plant on node-opcua's server, and the tag file that leads there."""
    need(shutil.which("node") and (MODULES / "node_modules" / "node-opcua-server").is_dir(),
         "node or node-opcua-server")  # fmt: skip
    keys = init(folder / "pki")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    job = {
        "port": port,
        "namespace": "urn:foreign",
        "certificate": pem(folder, keys, "plc"),
        "key": str(keys.key("plc")),
        "clients": [str(keys.certificate(user)) for user in ("agent", "gate")],
        "uri": "urn:passline:virtual-plc",
        "users": {user: keys.password(user) for user in ("agent", "gate")},
    }
    server = await asyncio.create_subprocess_exec(
        "node", str(SCRIPT.with_name("serve_plant.mjs")), str(MODULES), str(folder),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    server.stdin.write(json.dumps(job).encode())
    server.stdin.close()
    try:
        while b"ready" not in (line := await asyncio.wait_for(server.stdout.readline(), 120)):
            assert line, "node-opcua's server did not start"
        nodes = {HEARTBEAT: "Heartbeat", "t.ramp": "Ramp", "t.level": "Level", "t.silent": "Silent"}
        tags = {
            name: Tag(name, "1", 0, 1e9, opcua=OpcUaAddress("urn:foreign", f"s={node}"))
            for name, node in nodes.items()
        }
        for kind in KINDS:
            at = OpcUaAddress("urn:foreign", f"s={kind}", kind)
            high = 1 if kind == "bool" else 100
            rule = WriteRule("opcua", 0, 0, high, way="direct")
            tags[f"t.{kind}"] = Tag(f"t.{kind}", "1", 0, high, opcua=at, write=rule)
        device = OpcUaDevice(f"opc.tcp://127.0.0.1:{port}", "urn:passline:virtual-plc")
        yield keys, TagFile("foreign", device, None, None, tags)
    finally:
        server.kill()
        await server.wait()


@pytest.mark.slow
async def test_we_read_follow_browse_and_write_a_plant_on_node_opcua(tmp_path):
    async with node_plant(tmp_path) as (keys, file):
        for way in ("poll", "subscribe"):
            connector = OpcUaConnector(file, keys, "agent", way, period=0.05)
            await connector.start()
            for _ in range(1500):
                if connector.samples()["t.ramp"].good:
                    break
                await asyncio.sleep(0.02)
            samples = connector.samples()
            assert samples["t.ramp"].good, connector.health().error
            assert samples["t.level"].quality is Quality.UNCERTAIN
            assert samples["t.silent"].quality is Quality.BAD
            assert samples["t.silent"].status == 0x808C0000  # BadSensorFailure
            assert all(samples[f"t.{kind}"].good for kind in KINDS)
            before = samples["t.ramp"].value
            await asyncio.sleep(0.5)
            assert connector.samples()["t.ramp"].value > before
            page = await connector.browse("nsu=urn:foreign;s=Plant", limit=5)
            assert not page.complete
            assert page.items[0].address == "nsu=urn:foreign;s=Heartbeat"
            vector = await connector.read_vector(connector.plan(["t.ramp", "t.silent", HEARTBEAT]))
            assert vector.mask.tolist() == [True, False, True]
            assert vector.values[0] == 0.5 * vector.values[2]
            await connector.close()
        box = WireMailbox(file, keys, "gate", wait=5.0)
        for kind in KINDS:
            echo = await box.send(uuid.uuid4().hex, f"t.{kind}", 1.0)
            assert echo is not None, kind
            assert echo.applied
        await box.close()


class AllTables(RegisterImage):
    """A unit in which everything can be written."""

    def __init__(self):
        super().__init__(inputs=10, holdings=200, coils=40, discretes=40)
        self.put("discrete", 0, bytes(n % 3 == 0 for n in range(40)))
        self.put("input", 0, struct.pack(">10H", *range(1000, 1010)))

    def write(self, address, data, peer):
        self.put("holding", address, data)
        return 0

    def write_bits(self, address, bits, peer):
        self.put("coil", address, bits)
        return 0


def listed(text):
    return [row[1] for row in re.findall(r"^\[(\d+)\]:\s+(\S+)", text, re.MULTILINE)]


async def test_mbpoll_reads_and_writes_every_table_of_our_server():
    need(shutil.which("mbpoll"), "mbpoll")
    image = AllTables()
    server = ModbusServer(image)
    port = await server.start()
    base = ["mbpoll", "-m", "tcp", "-p", str(port), "-a", "1", "-0", "-1", "-q"]

    async def poll(*words):
        told = await run(*base, *words)
        assert told.returncode == 0, told.stdout + told.stderr
        return listed(told.stdout)

    host = "127.0.0.1"
    assert await poll("-t", "1", "-r", "0", "-c", "5", host) == list("10010")
    assert await poll("-t", "3", "-r", "2", "-c", "2", host) == ["1002", "1003"]
    await poll("-t", "0", "-r", "3", host, "1")  # function 5
    await poll("-t", "0", "-r", "5", host, "1", "0", "1")  # function 15
    assert await poll("-t", "0", "-r", "3", "-c", "5", host) == list("10101")
    await poll("-t", "4", "-r", "7", host, "77")  # function 6
    await poll("-t", "4", "-r", "8", host, "78", "79")  # function 16
    assert await poll("-t", "4", "-r", "7", "-c", "3", host) == ["77", "78", "79"]
    await poll("-t", "4:float", "-B", "-r", "20", host, "12.5")
    assert image.get("holding", 20, 2) == struct.pack(">f", 12.5)
    assert await poll("-t", "4:float", "-B", "-r", "20", "-c", "1", host) == ["12.5"]
    assert len(await poll("-t", "4", "-r", "0", "-c", "125", host)) == 125
    await server.close()


async def test_pymodbus_and_we_agree_in_both_directions():
    """Our client on its server, its client on ours; each function that both have."""
    image = AllTables()
    server = ModbusServer(image)
    theirs = AsyncModbusTcpClient("127.0.0.1", port=await server.start(), retries=0)
    assert await theirs.connect()
    assert (await theirs.read_discrete_inputs(0, count=10)).bits[:4] == [True, False, False, True]
    assert (await theirs.read_input_registers(0, count=3)).registers == [1000, 1001, 1002]
    await theirs.write_coils(0, [True] * 9)
    assert (await theirs.read_coils(0, count=10)).bits[:10] == [True] * 9 + [False]
    await theirs.write_registers(3, [7, 8])
    await theirs.mask_write_register(address=3, and_mask=0xFFF0, or_mask=0x0009)
    told = await theirs.readwrite_registers(
        read_address=3, read_count=2, write_address=4, values=[9]
    )
    assert told.registers == [9, 9]
    told = await theirs.read_device_information(read_code=1, object_id=0)
    assert told.information[0] == b"passline"
    assert (await theirs.read_holding_registers(190, count=20)).exception_code == 2
    theirs.close()
    await server.close()

    block = [SimData(0, values=list(range(50)), datatype=DataType.REGISTERS)]
    bits = [SimData(0, values=[n % 3 == 0 for n in range(32)], datatype=DataType.BITS)]
    foreign = ModbusTcpServer([SimDevice(id=1, simdata=(bits, bits, block, block))],
                              address=("127.0.0.1", 0))  # fmt: skip
    await foreign.serve_forever(background=True)
    port = foreign.transport.sockets[0].getsockname()[1]
    ours = await ModbusWriter.open("127.0.0.1", port)
    assert await ours.read("discrete", 0, 4) == b"\1\0\0\1"
    assert await ours.read("input", 5, 2) == struct.pack(">2H", 5, 6)
    await ours.write_coils(0, [True] * 9)
    await ours.write_coil(9, True)
    assert await ours.read("coil", 0, 11) == b"\1" * 10 + b"\0"
    await ours.write(3, struct.pack(">2H", 70, 80))
    await ours.write_register(5, b"\0\x09")
    await ours.write_mask(5, 0xFFFE, 0)
    assert await ours.read("holding", 3, 3) == struct.pack(">3H", 70, 80, 8)
    assert await ours.write_and_read(4, b"\0\1", 3, 2) == struct.pack(">2H", 70, 1)
    with pytest.raises(ProtocolError) as refused:
        await ours.read("holding", 40, 20)
    assert refused.value.code == 2
    await ours.close()
    await foreign.shutdown()


async def test_mbpoll_cannot_write(plc):
    need(shutil.which("mbpoll"), "mbpoll")
    host, port = plc.ready["modbus"]
    told = await run(*f"mbpoll -m tcp -p {port} -0 -1 -t 4 -r 0 {host} 7".split())
    assert "Illegal data address" in told.stdout + told.stderr
