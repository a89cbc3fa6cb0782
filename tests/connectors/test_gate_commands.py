"""What a person types: undo, what an approval rests on, and whether the audit log is whole."""

import json
import shutil
import tempfile
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from passline.agents.commands.gate import app
from passline.connectors.gate.check import Mode
from passline.connectors.gate.client import GateClient
from passline.connectors.gate.errors import GateError
from passline.connectors.gate.gate import Gate
from passline.connectors.gate.server import GateServer

from .gate_hand import QUICK
from .gate_plant import MemoryPlant


@pytest.fixture
def folder():
    path = Path(tempfile.mkdtemp(prefix="gate"))  # short: a Unix socket's path has its limit
    yield path
    shutil.rmtree(path)


@pytest.fixture
def plant():
    return MemoryPlant()


@pytest.fixture
def client(folder, plant):
    gate = Gate(plant, folder, Mode.CLOSED, QUICK, folder / "head.json")
    with GateServer(folder / "gate.sock", gate) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        with GateClient(folder) as one:
            one.beat()
            yield one
        server.shutdown()
        thread.join()
    gate.close()


def typed(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_an_undo_by_command_is_proposed_and_checked_like_any_write(client, folder, plant):
    action = "ab" * 16
    assert client.propose(action, "mill.speed", 0.3).state == "DONE"
    assert client.undo(action).value == 0.0
    refused = typed("gate", "undo", action, "--dir", folder)
    assert "NOT DONE: mill.speed 0" in refused.output
    assert "cooldown" in refused.output
    plant.time += 60
    assert "DONE: mill.speed 0" in typed("gate", "undo", action, "--dir", folder).output
    assert [value for _, _, value in plant.applied] == [0.3, 0.0]
    with pytest.raises(GateError, match=r"not the 0.3 that this action left"):
        client.undo(action)


def test_an_approval_shows_what_it_rests_on(client, folder):
    assert client.propose("ab" * 16, "mill.gap", 0.1).state == "PENDING"
    (approval,) = client.approvals()
    shown = typed("approvals", "show", approval.id, "--dir", folder).output
    assert "it lapses when one of these moves by more than its tolerance" in shown
    assert [row.split() for row in shown.splitlines() if "mill.state" in row] == [
        ["mill.state", "2", "1"]
    ]
    row = json.loads(typed("approvals", "show", approval.id, "--dir", folder, "--json").output)
    assert ["plc.remote", 1.0, 0.0] in row["basis"]


def test_a_cut_log_fails_the_command_while_the_gate_runs(client, folder):
    client.propose("ab" * 16, "mill.speed", 0.3)
    whole = typed("audit", "verify", "--dir", folder, "--head", folder / "head.json")
    assert whole.exit_code == 0, whole.output
    log = folder / "gate" / "audit.log"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    cut = typed("audit", "verify", "--dir", folder)
    assert cut.exit_code == 1
    assert "its end was cut off: 3 records are left of 4" in cut.output
