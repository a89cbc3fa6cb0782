"""Gate and virtual PLC as real processes: kills, freezes, hand-back, and who may write at all."""

import asyncio
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from passline.connectors.errors import LinkError, ProtocolError
from passline.connectors.follower import Follower
from passline.connectors.gate import commands
from passline.connectors.gate.client import GateClient
from passline.connectors.letter import Request, pack_modbus, pack_opcua
from passline.connectors.modbus.writer import ModbusWriter as ModbusClient
from passline.connectors.opcua_writer import OpcUaWriter as OpcUaSession
from passline.connectors.security import Pki
from passline.connectors.tagfile import load_tags
from passline.plant_sim.controls import Move

pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.timeout(240)]
GATE = """
import sys
from passline.connectors.gate.check import Policy
from passline.connectors.gate.server import serve
serve(sys.argv[1] + "/hot_strip.yaml", sys.argv[1], sys.argv[2],
      Policy(budget=60, lease=float(sys.argv[3]), settle=0.5))
"""


@contextmanager
def process(*command):
    """A process that has said that it is ready."""
    one = subprocess.Popen([sys.executable, *map(str, command)], stdout=subprocess.PIPE, text=True)
    try:
        line = one.stdout.readline()
        assert line, f"it ended with {one.wait()}"
        assert json.loads(line)["ready"]
        yield one
    finally:
        one.send_signal(signal.SIGCONT)
        one.terminate()
        try:
            one.wait(10)
        except subprocess.TimeoutExpired:
            one.kill()
            one.wait()
        one.stdout.close()


@pytest.fixture(scope="module")
def folder():
    path = Path(tempfile.mkdtemp(prefix="gate"))  # short: a Unix socket's path has its limit
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def plc(folder):
    command = ("-m", "passline.connectors.virtual_plc.process", "--dir", folder)
    with process(*command, "--speed", "14", "--seed", "3", "--lease", "4") as one:
        yield one


class Gates:
    """The one gate of the folder; started when it is needed, for its start takes seconds."""

    def __init__(self, folder):
        self.folder, self._stack, self._lease = folder, ExitStack(), None
        self.process = None

    def need(self, lease=30.0):
        """A client of a gate in closed loop with this lease."""
        if self.process is None or self._lease != lease:
            self.stop()
            self._lease = lease
            self.process = self._stack.enter_context(
                process("-c", GATE, self.folder, "closed", lease)
            )
        return GateClient(self.folder)

    def stop(self, number=signal.SIGTERM):
        if self.process is not None:
            self.process.send_signal(number)
            self._stack.close()
            self.process = None


@pytest.fixture(scope="module")
def gates(folder, plc):
    one = Gates(folder)
    yield one
    one.stop()


def log(folder, action_id=None):
    rows = [json.loads(line) for line in (folder / "plc_writes.jsonl").read_text().splitlines()]
    return [row for row in rows if action_id is None or row.get("action_id") == action_id]


def applied(folder, action_id):
    return sum(row["outcome"] == "APPLIED" for row in log(folder, action_id))


def until(true, limit=20.0):
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.05)


def ready(client):
    """Wait until the plant is seen, release it if need be, and beat."""

    def seen():
        return client.status()["plant_time"] is not None

    until(seen)
    if client.status()["handed_back"] or not client.status()["remote"]:
        commands.release(client._path.parent)
        until(lambda: client.status()["remote"])
    client.beat()


def allowed(client, control, step):
    """The value of a legal step up or down, once the cooldown is over."""
    end = time.monotonic() + 40
    while True:
        client.beat()
        for value in (step, 0.0):
            (verdict,) = client.check([Move(control, value, "")])
            if verdict.allowed:
                return value
        assert time.monotonic() < end, verdict.reasons
        time.sleep(0.05)


@pytest.mark.parametrize("control", ["fm.spray_trim", "rot.cooling_correction"])
def test_a_write_is_applied_once_over_each_protocol(folder, gates, control):
    with gates.need() as client:
        ready(client)
        action = uuid.uuid4().hex
        receipt = client.propose(action, control, allowed(client, control, 0.1), "try", "s1")
        assert receipt.state == "DONE", receipt
        assert receipt.readback == pytest.approx(receipt.value, abs=1e-6)
        assert "clamped" not in receipt.reason
        assert client.propose(action, control, receipt.value, "try", "s1") == receipt
        assert applied(folder, action) == 1
    assert commands.audit_verify(folder)["holds"]


def test_two_gates_cannot_serve_one_folder(folder, gates):
    with gates.need() as client:
        command = [sys.executable, "-c", GATE, str(folder), "closed", "1"]
        second = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "another gate" in second.stderr
        assert client.status()["mode"] == "closed"  # the first still answers


def test_a_person_approves_by_command(folder, gates):
    with gates.need() as client:
        ready(client)
        client.set_mode("approve")
        client.beat()
        value = allowed(client, "rot.cooling_correction", 0.1)
        action = uuid.uuid4().hex
        assert client.propose(action, "rot.cooling_correction", value).state == "PENDING"
        (row,) = commands.list_approvals(folder)
        client.beat()
        found = commands.approve(folder, row["id"], value=value)
        assert found["state"] == client.outcome(action).state == "DONE"
        assert applied(folder, action) == 1
        assert commands.show_approval(folder, row["id"])["decision"] == "approved"
        assert commands.set_mode(folder, "closed") == {"mode": "closed"}


def test_a_frozen_plant_is_never_said_to_have_done_it(folder, gates, plc):
    with gates.need() as client:
        ready(client)
        value = allowed(client, "fm.spray_trim", 0.1)
        action = uuid.uuid4().hex
        plc.send_signal(signal.SIGSTOP)
        try:
            receipt = client.propose(action, "fm.spray_trim", value)
            # Most often the heartbeat before the write has found the link dead: nothing was sent.
            assert receipt.state in ("UNKNOWN", "NOT DONE"), receipt
            (other,) = client.check([Move("rot.bank_out", 1.0, "")])
            assert ("is not known yet" in " ".join(other.reasons)) == (receipt.state == "UNKNOWN")
            assert not other.allowed
        finally:
            plc.send_signal(signal.SIGCONT)
        until(lambda: client.outcome(action).state != "UNKNOWN")
        time.sleep(0.5)
        assert applied(folder, action) == (client.outcome(action).state == "DONE")


def test_a_gate_killed_while_it_writes_tells_the_truth(folder, gates):
    chance, fates, last = random.Random(1), [], None
    for number in range(6):
        control = ("fm.spray_trim", "rot.cooling_correction")[number % 2]
        with gates.need() as client:
            ready(client)
            if last is not None:  # the gate before this one was killed over it
                until(
                    lambda c=client, a=last: (r := c.outcome(a[0])) is None or r.state != "UNKNOWN"
                )
                found = client.outcome(last[0])
                fates.append(None if found is None else found.state)
                assert applied(folder, last[0]) == (fates[-1] == "DONE"), found
                if found is not None:
                    assert client.propose(*last).state == fates[-1]
            last = uuid.uuid4().hex, control, allowed(client, control, 0.1)

            def ask(wish=last):
                with GateClient(folder) as caller, suppress(LinkError):
                    caller.propose(*wish)

            caller = threading.Thread(target=ask)
            caller.start()
            time.sleep(chance.uniform(0.0, 0.12))
            gates.stop(signal.SIGKILL)
            caller.join()
    assert len(fates) == 5
    assert set(fates) <= {None, "DONE", "NOT DONE"}
    assert commands.audit_verify(folder)["holds"]


def test_a_silent_agent_loses_the_plant_and_a_person_gives_it_back(folder, gates):
    with Follower(folder / "hot_strip.yaml", folder / "pki") as seen:
        with gates.need(lease=1.0) as client:
            ready(client)
            value = allowed(client, "fm.spray_trim", 0.1)
            client.beat()
            client.propose(uuid.uuid4().hex, "fm.spray_trim", value)
            # silence: the gate hands back, and the plant, without a heartbeat, goes local
            until(lambda: client.status()["handed_back"])
            assert client.beat() is False
            until(lambda: seen.samples()["plc.remote"].value == 0)
            until(lambda: abs(seen.samples()["fm.spray_trim"].value) < 1e-6)
            refused = client.propose(uuid.uuid4().hex, "fm.spray_trim", 0.1)
            assert "a person must release" in refused.reason
        with gates.need() as client:
            until(lambda: client.status()["plant_time"] is not None)
            assert client.status()["handed_back"]  # a restart does not release it
            assert commands.release(folder)["rearmed"]
            client.beat()
            until(lambda: client.status()["remote"])
            value = allowed(client, "fm.spray_trim", 0.1)
            assert client.propose(uuid.uuid4().hex, "fm.spray_trim", value).state == "DONE"


def test_the_agents_user_cannot_write(folder, plc):
    tags, pki = load_tags(folder / "hot_strip.yaml"), Pki(folder / "pki")
    action = uuid.uuid4().hex
    request = Request(1, action, 2, 10.0)

    async def over_opcua():
        from asyncua import ua

        session = await OpcUaSession.open(tags.opcua, pki, "agent")
        try:
            for name, value, kind in (
                (tags.mailbox.request, pack_opcua(request), ua.VariantType.ByteString),
                (tags.mailbox.beat, 1, ua.VariantType.UInt32),
                (tags.tag("fm.spray_trim").opcua, 10.0, ua.VariantType.Double),
            ):
                with pytest.raises(ProtocolError, match="the PLC refuses the write"):
                    await session.write(session.resolve(name), value, kind)
        finally:
            await session.close()

    async def over_modbus():
        client = await ModbusClient.open(tags.modbus.host, tags.modbus.port, tags.modbus.unit)
        try:
            with pytest.raises(ProtocolError):
                await client.write(
                    tags.mailbox.request_register, pack_modbus(request, b"guessed" * 5)
                )
        finally:
            await client.close()

    asyncio.run(over_opcua())
    asyncio.run(over_modbus())
    time.sleep(0.3)
    assert applied(folder, action) == 0


def test_without_a_gate_the_client_says_so(tmp_path):
    with GateClient(tmp_path) as client, pytest.raises(LinkError, match="passline gate serve"):
        client.status()
