"""Over its socket the gate takes typed requests of its own account, and answers every one."""

import json
import os
import shutil
import socket
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from passline.connectors.errors import LinkError
from passline.connectors.gate.check import Mode, Policy
from passline.connectors.gate.client import GateClient
from passline.connectors.gate.errors import ApprovalError, ConflictError, GateError
from passline.connectors.gate.gate import Gate
from passline.connectors.gate.inprocess import InProcessGate
from passline.connectors.gate.operators import load_operators
from passline.connectors.gate.server import GateServer
from passline.connectors.simulated import SimulatedConnector
from passline.plant_sim import make_line
from passline.plant_sim.controls import Move
from passline.plant_sim.errors import ConfigError

from .gate_plant import MemoryPlant

QUICK = Policy(lease=30.0, readback=0.1, settle=0.05)
ID = f"{1:032x}"


@pytest.fixture
def folder():
    path = Path(tempfile.mkdtemp(prefix="gate"))  # short: a Unix socket's path has its limit
    yield path
    shutil.rmtree(path)


@contextmanager
def serving(folder, plant, mode=Mode.CLOSED, policy=QUICK):
    gate = Gate(plant, folder, mode, policy).start()
    with GateServer(folder / "gate.sock", gate) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield gate
        finally:
            server.shutdown()
            thread.join()
            gate.close()


def test_a_client_checks_proposes_and_asks(folder):
    plant = MemoryPlant()
    with serving(folder, plant), GateClient(folder) as client:
        assert client.beat()
        good, bad = client.check([Move("mill.speed", 0.3, "up"), Move("mill.speed", 0.9, "up")])
        assert good.allowed
        assert "smaller step" in bad.reasons[0]
        assert plant.applied == []  # a dry check writes nothing and keeps nothing
        assert client.outcome(ID) is None
        receipt = client.propose(ID, "mill.speed", 0.3, "colder", "s1")
        assert receipt.state == "DONE"
        assert client.outcome(ID) == receipt
        with pytest.raises(ConflictError):
            client.propose(ID, "mill.speed", 0.1)


def test_a_late_answer_is_asked_for_and_not_written_again(folder):
    plant = MemoryPlant()
    plant.before_send = lambda: time.sleep(0.5)
    with serving(folder, plant):
        with GateClient(folder, timeout=0.1) as client:
            client.beat()
            with pytest.raises(LinkError, match="outcome of the same action id"):
                client.propose(ID, "mill.speed", 0.3)
        with GateClient(folder) as client:
            until = time.monotonic() + 10
            while client.outcome(ID).state == "UNKNOWN" and time.monotonic() < until:
                time.sleep(0.02)
            assert client.outcome(ID).state == client.propose(ID, "mill.speed", 0.3).state == "DONE"
    assert len(plant.applied) == 1


def test_a_client_lives_on_when_the_gate_restarts(folder):
    plant = MemoryPlant()
    client = GateClient(folder)
    with serving(folder, plant):
        client.beat()
        first = client.propose(ID, "mill.speed", 0.3)
    with pytest.raises(LinkError, match="passline gate serve"):
        client.status()
    with serving(folder, plant):
        assert client.propose(ID, "mill.speed", 0.3) == first
    client.close()
    assert len(plant.applied) == 1


def test_a_socket_that_a_killed_gate_left_is_no_obstacle(folder):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(folder / "gate.sock"))
    with serving(folder, MemoryPlant()), GateClient(folder) as client:
        assert client.status()["mode"] == "closed"


def ask(folder, data):
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(5)
        raw.connect(str(folder / "gate.sock"))
        with suppress(ConnectionError):  # who is turned away may notice it at any of these
            raw.sendall(data)
            raw.shutdown(socket.SHUT_WR)
            return json.loads(raw.makefile("rb").readline() or b"{}")
    return {}


WISH = {"do": "propose", "action_id": ID, "control": "mill.speed", "value": 0.3, "requester": "a"}


@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b"not json\n",
        b"\xff\xfe\n",
        b"[]\n",
        b'{"do": "write_register", "address": 1}\n',
        json.dumps(WISH | {"register": 4}).encode() + b"\n",
        json.dumps(WISH | {"value": float("nan")}).encode() + b"\n",
        json.dumps(WISH | {"value": float("inf")}).encode() + b"\n",
        json.dumps(WISH | {"value": None}).encode() + b"\n",
        json.dumps(WISH | {"value": True}).encode() + b"\n",
        json.dumps(WISH | {"value": "0.3"}).encode() + b"\n",
        json.dumps(WISH | {"action_id": 1}).encode() + b"\n",
        b'{"do": "check", "wishes": [{"control": "mill.speed", "value": NaN}]}\n',
        b'{"do": "approvals", "all": "yes"}\n',
        json.dumps(WISH | {"action_id": "1"}).encode() + b"\n",
        json.dumps(WISH | {"action_id": "../" + ID[3:]}).encode() + b"\n",
        json.dumps(WISH | {"why": "x" * 3000}).encode() + b"\n",
        json.dumps(WISH | {"mode": "closed"}).encode() + b"\n",
        b'{"do": "status"',  # ends before the line does
        b"{" + b" " * 100_000 + b"\n",
    ],
)
def test_what_is_not_a_request_is_refused_and_the_gate_lives(folder, data):
    plant = MemoryPlant()
    with serving(folder, plant), GateClient(folder) as client:
        client.beat()
        assert ask(folder, data)["ok"] is False
        assert client.status()["mode"] == "closed"
    assert plant.applied == []


@pytest.mark.parametrize("value", [True, "0.3", float("nan"), float("-inf"), None, [0.3]])
def test_what_is_no_number_is_called_so(folder, value):
    with serving(folder, MemoryPlant()):
        said = ask(folder, json.dumps(WISH | {"value": value}).encode() + b"\n")
    assert "value is not a finite number" in said["text"]


def test_other_accounts_have_no_way_in(folder, monkeypatch):
    with serving(folder, MemoryPlant()):
        assert (folder / "gate.sock").stat().st_mode & 0o777 == 0o600
        own = os.getuid()
        monkeypatch.setattr("os.getuid", lambda: own + 1)  # as if the caller were somebody else
        assert ask(folder, b'{"do": "status"}\n') == {}


def test_idle_connections_cannot_shut_others_out_for_ever(folder):
    with serving(folder, MemoryPlant()):
        crowd = [socket.socket(socket.AF_UNIX) for _ in range(40)]
        for one in crowd:
            one.connect(str(folder / "gate.sock"))
        time.sleep(0.3)
        for one in crowd:
            one.close()
        until = time.monotonic() + 5
        while time.monotonic() < until:
            with suppress(LinkError), GateClient(folder) as client:
                assert client.status()["mode"] == "closed"
                return
    pytest.fail("the gate did not answer after the crowd had gone")


def test_a_person_decides_over_the_socket(folder):
    plant = MemoryPlant()
    with serving(folder, plant, Mode.APPROVE), GateClient(folder) as client:
        client.beat()
        key = load_operators(folder / "pki" / "operators.json")["operator"]
        assert client.propose(ID, "mill.speed", 0.3).state == "PENDING"
        (approval,) = client.approvals()
        with pytest.raises(ApprovalError, match="an edit is a new action"):
            client.approve(approval.id, "operator", key, value=0.4)
        with pytest.raises(ApprovalError, match="signature is not"):
            client.approve(approval.id, "operator", "00" * 32)
        with pytest.raises(ApprovalError, match="somebody else"):
            client.approve(approval.id, "agent", key)
        assert client.approve(approval.id, "operator", key, value=0.3).state == "DONE"
        with pytest.raises(ApprovalError, match="it works once"):
            client.approve(approval.id, "operator", key)
    assert len(plant.applied) == 1


def test_only_so_many_writes_may_wait_for_a_person(folder):
    few = replace(QUICK, waiting=2)
    with serving(folder, MemoryPlant(), Mode.APPROVE, few), GateClient(folder) as client:
        client.beat()
        states = [client.propose(f"{n:032x}", "mill.speed", 0.3).state for n in range(3)]
    assert states == ["PENDING", "PENDING", "NOT DONE"]


def test_the_gate_in_process_writes_a_simulated_line_only(folder):
    line = make_line("hot-strip", seed=1)
    connector = SimulatedConnector(line, lease=1e6)
    connector.advance(10)
    with InProcessGate(connector, folder) as gate:
        gate.beat()
        receipt = gate.propose(ID, "fm.spray_trim", 0.1, "try")
        assert (receipt.state, receipt.readback) == ("DONE", pytest.approx(0.1))
        assert gate.propose(ID, "fm.spray_trim", 0.1, "try") == receipt
        assert line.read()["fm.spray_trim"].value == pytest.approx(0.1)

    class Wires(SimulatedConnector):
        pass

    for other in (MemoryPlant(), Wires(line)):
        with pytest.raises(ConfigError, match="SimulatedConnector only"):
            InProcessGate(other, folder)


def test_a_socket_path_that_is_too_long_is_named(tmp_path):
    gate = Gate(MemoryPlant(), tmp_path, Mode.READ_ONLY, QUICK)
    with pytest.raises(GateError, match="shorter run folder"):
        GateServer(tmp_path / ("x" * 120) / "gate.sock", gate)
    gate.close()
