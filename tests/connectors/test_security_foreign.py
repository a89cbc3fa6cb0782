"""A client that shares no code with ours knocks at our server: node-opcua, right and wrong."""

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from passline.connectors.security import init
from passline.connectors.security.upkeep import trust

from .secured import POLICIES, Box
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
