"""Clients that share no code with passline read the virtual PLC and see what we see."""

import asyncio
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from passline.connectors.modbus.connector import ModbusConnector
from passline.connectors.opcua import OpcUaConnector
from passline.connectors.security import Pki
from passline.connectors.tagfile import load_tags
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
    connector = ModbusConnector(tags, period=0.02)
    try:
        ours = await watching(connector, tags, "plc.heartbeat")
        told = await run(
            *f"mbpoll -m tcp -p {port} -a 1 -0 -1 -q -B -t 3:float -r {first} -c {count}".split(),
            host,
        )
        assert told.returncode == 0, told.stdout + told.stderr
    finally:
        await connector.close()
    rows = re.findall(r"^\[(\d+)\]:\s+(\S+)", told.stdout, re.MULTILINE)
    theirs = {floats[int(register)]: float(value) for register, value in rows}
    assert len(theirs) == count
    same = ours[theirs["plc.heartbeat"]]
    for name, value in theirs.items():
        assert value == pytest.approx(same[name], rel=1e-5, abs=1e-6), name


async def test_mbpoll_cannot_write(plc):
    need(shutil.which("mbpoll"), "mbpoll")
    host, port = plc.ready["modbus"]
    told = await run(*f"mbpoll -m tcp -p {port} -0 -1 -t 4 -r 0 {host} 7".split())
    assert "Illegal data address" in told.stdout + told.stderr
