"""A full disk stops the gate from writing; it changes neither the truth nor the hand-back."""

import os
import sqlite3
import time

import pytest

from passline.connectors.gate.audit import load_key, records, verify
from passline.connectors.gate.check import Mode, Policy, Request
from passline.connectors.gate.errors import AuditError, LedgerError
from passline.connectors.gate.gate import Gate

from .gate_plant import MemoryPlant

QUICK = Policy(lease=30.0, readback=0.1, settle=0.05)


@pytest.fixture
def plant():
    return MemoryPlant()


@pytest.fixture
def gate(tmp_path, plant):
    one = Gate(plant, tmp_path, Mode.CLOSED, QUICK)
    one.beat()
    yield one
    one.close()


class FullDisk:
    """A ledger's connection that cannot change anything while `full`."""

    def __init__(self, db):
        self._db, self.full = db, True

    def execute(self, text, *values):
        if self.full and text.startswith(("insert", "update")):
            raise sqlite3.OperationalError("database or disk is full")
        return self._db.execute(text, *values)

    def __getattr__(self, name):
        return getattr(self._db, name)


def fill(gate):
    gate._ledger._db = FullDisk(gate._ledger._db)
    return gate._ledger._db


def wish(number, control="mill.speed", value=0.3):
    return Request(f"{number:032x}", control, value)


def until(condition):
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_a_disk_that_is_full_after_the_send_does_not_change_the_truth(
    gate, plant, tmp_path, monkeypatch
):
    write = os.write

    def full(handle, data):
        if b'"event": "request"' in data or b'"event": "sending"' in data:
            return write(handle, data)
        raise OSError(28, "no space left")

    with monkeypatch.context() as patch:
        patch.setattr("os.write", full)
        assert gate.propose(wish(1)).state == "DONE"
        assert gate.outcome(f"{1:032x}").state == "DONE"
        (verdict,) = gate.check([wish(2, "mill.source", 1.0)])
        assert "audit log cannot be written" in verdict.reasons[0]
        assert not gate.beat()["lease"]
        with pytest.raises(AuditError, match="no space left"):
            gate.propose(wish(2, "mill.source", 1.0))
    assert [action for action, _, _ in plant.applied] == [f"{1:032x}"]
    assert gate.propose(wish(3, "mill.source", 1.0)).state == "DONE"
    log = tmp_path / "gate" / "audit.log"
    told = [r["action_id"] for r in records(log) if r["event"] == "result"]
    assert told == [f"{1:032x}", f"{3:032x}"]  # what was owed has been written
    assert not verify(log, load_key(tmp_path / "pki" / "audit.key")).broken


def test_a_ledger_that_is_full_after_the_send_does_not_change_the_truth(gate, plant):
    plant.before_send = lambda: fill(gate)
    assert gate.propose(wish(1)).state == "DONE"
    gate._ledger._db.full = False
    plant.before_send = lambda: None
    assert gate.propose(wish(2, "mill.source", 1.0)).state == "DONE"
    assert gate.outcome(f"{1:032x}").state == "DONE"  # asked of the mailbox meanwhile
    assert len(plant.applied) == 2


def test_a_full_ledger_is_an_error_of_the_house_and_nothing_is_sent(gate, plant):
    disk = fill(gate)
    with pytest.raises(LedgerError, match="free the disk"):
        gate.propose(wish(1))
    disk.full = False
    assert plant.applied == []
    assert gate.propose(wish(1)).state == "DONE"


def test_a_write_that_a_full_ledger_stopped_halfway_ends_not_done(gate, plant, monkeypatch):
    monkeypatch.setattr(gate, "_verdict", lambda *_: fill(gate) and 1 / 0)
    with pytest.raises(ZeroDivisionError):
        gate.propose(wish(1))
    monkeypatch.undo()
    gate._ledger._db.full = False
    assert gate.propose(wish(1)).state == "NOT DONE"
    assert plant.applied == []


def test_the_pulse_outlives_a_full_disk_and_hands_back_when_it_can_be_written(tmp_path, plant):
    gate = Gate(plant, tmp_path, Mode.CLOSED, Policy(lease=0.5)).start()
    gate.beat()
    disk = fill(gate)
    assert until(lambda: "no beat" in gate.status()["handed_back"])
    assert gate._ledger.fact("handed back") == ""
    disk.full = False
    assert until(lambda: gate._ledger.fact("handed back"))
    assert gate.status()["pulse"]
    gate.close()


def test_whatever_breaks_one_look_the_pulse_goes_on(tmp_path, plant, monkeypatch):
    gate = Gate(plant, tmp_path, Mode.CLOSED, QUICK).start()
    samples = plant.samples
    monkeypatch.setattr(plant, "samples", lambda: 1 / 0)
    time.sleep(0.5)
    monkeypatch.setattr(plant, "samples", samples)
    gate.beat()
    assert until(lambda: plant.beats > 2)
    gate.close()
    log = records(tmp_path / "gate" / "audit.log")
    assert [r["error"][:17] for r in log if r["event"] == "pulse"] == ["ZeroDivisionError"]


def test_a_gate_without_a_pulse_grants_no_lease_and_writes_nothing(tmp_path, plant, monkeypatch):
    gate = Gate(plant, tmp_path, Mode.CLOSED, QUICK).start()
    gate.beat()
    monkeypatch.setattr(gate._pulse, "is_alive", lambda: False)
    assert "pulse has stopped" in gate.beat()["reason"]
    assert "pulse has stopped" in gate.propose(wish(1)).reason
    assert plant.applied == []
    monkeypatch.undo()
    gate.close()
