"""The gate writes once, tells the truth about it, asks a person where it must, and hands back."""

import json
import sqlite3
import threading
import time
from dataclasses import replace
from math import nan

import pytest

from passline.connectors.gate.audit import records
from passline.connectors.gate.check import Mode
from passline.connectors.gate.errors import ApprovalError, AuditError, ConflictError, GateError
from passline.connectors.gate.gate import Gate
from passline.connectors.gate.ledger import Ledger, State
from passline.connectors.gate.operators import load_operators
from passline.plant_sim.signals import Quality

from .gate_hand import QUICK, gates, wish
from .gate_plant import MemoryPlant


@pytest.fixture
def plant():
    return MemoryPlant()


@pytest.fixture
def make(tmp_path, plant):
    with gates(tmp_path, plant) as maker:
        yield maker


def test_a_write_reaches_the_plant_and_is_read_back(make, plant):
    found = make().propose(wish(1))
    assert (found.state, found.before, found.readback, found.sent) == ("DONE", 0.0, 0.3, True)
    assert plant.applied == [(f"{1:032x}", "mill.speed", 0.3)]


def test_the_same_id_again_is_answered_and_not_written(make, plant):
    gate = make()
    first = gate.propose(wish(1))
    assert gate.propose(wish(1)) == first
    assert make().propose(wish(1)) == first  # and after a restart
    assert len(plant.applied) == 1


@pytest.mark.parametrize(
    "other", [wish(1, value=-0.3), wish(1, "mill.source", 1.0), wish(1, requester="second agent")]
)
def test_the_same_id_with_another_content_is_refused(make, plant, other):
    gate = make()
    gate.propose(wish(1))
    with pytest.raises(ConflictError, match="a new wish needs a new id"):
        gate.propose(other)
    assert len(plant.applied) == 1


def test_a_refused_action_stays_refused(make, plant):
    gate = make()
    refused = gate.propose(wish(1, value=0.9))
    assert (refused.state, refused.sent) == ("NOT DONE", False)
    assert "take a smaller step" in refused.reason
    plant.values["mill.speed"] = 0.6
    assert gate.propose(wish(1, value=0.9)) == refused
    assert plant.applied == []


@pytest.mark.parametrize("mode", [Mode.READ_ONLY, Mode.SHADOW, Mode.ADVISORY])
def test_three_modes_never_write(make, plant, mode):
    found = make(mode).propose(wish(1))
    assert (found.state, found.sent, plant.applied) == ("NOT DONE", False, [])


def test_twenty_callers_with_one_id_make_one_write(make, plant):
    gate, receipts = make(), []
    plant.before_send = lambda: time.sleep(0.02)
    callers = [
        threading.Thread(target=lambda: receipts.append(gate.propose(wish(1)))) for _ in range(20)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(plant.applied) == 1
    assert {r.state for r in receipts} == {"DONE"}
    assert len(receipts) == 20


def test_a_lost_echo_is_found_in_the_mailbox(make, plant):
    plant.lose_echo = True
    assert make().propose(wish(1)).state == "DONE"
    assert len(plant.applied) == 1


def test_a_lost_request_is_not_done_and_not_sent_again(make, plant):
    plant.lose_request = True
    found = make().propose(wish(1))
    assert (found.state, found.reason[:26]) == ("NOT DONE", "it never reached the plant")
    plant.lose_request = False
    assert make().propose(wish(1)).state == "NOT DONE"
    assert plant.applied == []


def test_a_request_that_is_still_under_way_is_void_before_it_counts_as_not_done(make, plant):
    plant.lose_request = True
    assert make().propose(wish(1)).state == "NOT DONE"
    plant.lose_request = False
    late = plant.send(f"{1:032x}", "mill.speed", 0.3)  # the frame comes out of the network now
    assert (late.applied, plant.applied, plant.values["mill.speed"]) == (False, [], 0.0)


def test_without_the_plants_word_a_lost_request_stays_unknown(make, plant, monkeypatch):
    monkeypatch.setattr("passline.connectors.gate.sender.PATIENCE", 0.3)
    plant.lose_request = plant.deaf = True
    gate = make()
    assert gate.propose(wish(1)).state == "UNKNOWN"
    time.sleep(0.1)
    assert "is not known yet" in gate.propose(wish(2)).reason
    assert plant.voided > 2  # asked again each time
    plant.deaf = False
    assert make().outcome(f"{1:032x}").state == "NOT DONE"


def test_a_request_that_was_faster_than_its_voiding_is_done(make, plant, monkeypatch):
    plant.lose_request = True

    def late(action):
        plant.lose_request = False
        plant.send(action, "mill.speed", 0.3)

    monkeypatch.setattr(plant, "void", late)
    found = make().propose(wish(1))
    assert (found.state, found.readback) == ("DONE", 0.3)
    assert len(plant.applied) == 1


def test_a_plant_without_a_heartbeat_leaves_no_write_open_for_ever(make, plant):
    plant.lose_request, plant.heartbeat = True, nan
    assert make().propose(wish(1)).state == "NOT DONE"


@pytest.mark.parametrize("reaches", [True, False])
def test_a_plant_that_lost_its_memory_proves_nothing_about_a_lost_echo(make, plant, reaches):
    """Its silence, and its refusal of the id from now on, may hide a write that was applied."""
    plant.lose_request = not reaches
    send = plant.send

    def send_and_forget(action_id, control, value):
        send(action_id, control, value)
        plant.echoes.clear()
        plant.remembers += 1

    plant.send = send_and_forget
    gate = make()
    found = gate.propose(wish(1))
    assert found.state == "UNKNOWN"
    assert "lost its memory" in found.reason
    plant.send, plant.lose_request = send, False
    assert gate.status()["unresolved"] == []  # nobody can ever tell, so it blocks nothing
    assert make().propose(wish(1)).state == "UNKNOWN"
    assert len(plant.applied) == reaches  # and nothing is sent again


def test_a_cut_link_is_unknown_blocks_other_writes_and_is_settled_later(make, plant):
    gate = make(pulse=True)

    def cut():
        plant.link = False

    plant.before_send = cut
    assert gate.propose(wish(1)).state == "UNKNOWN"
    assert "is not known yet" in gate.propose(wish(2, "mill.source", 1.0)).reason
    plant.before_send = lambda: None
    plant.link = True
    until = time.monotonic() + 10
    while gate.outcome(f"{1:032x}").state == "UNKNOWN" and time.monotonic() < until:
        time.sleep(0.02)
    assert gate.outcome(f"{1:032x}").state == "NOT DONE"
    assert gate.propose(wish(3, "mill.source", 1.0)).state == "DONE"


def test_a_value_that_the_plant_changes_is_told(make, plant):
    plant.clamp = 0.2
    found = make().propose(wish(1))
    assert (found.state, found.readback) == ("DONE", 0.2)
    assert "clamped it from 0.3" in found.reason


@pytest.mark.parametrize(
    "seen",
    [
        lambda sample: None,
        lambda sample: replace(sample, quality=Quality.UNCERTAIN),
        lambda sample: replace(sample, value=nan, quality=Quality.BAD),
        lambda sample: replace(sample, time=sample.time - 0.5),
    ],
    ids=["no answer", "hung plant or frozen clock", "bad status", "from before the write"],
)
def test_only_a_good_reading_from_after_the_write_is_a_read_back(make, plant, seen):
    plant.read = lambda name: seen(plant.samples()[name])
    found = make().propose(wish(1))
    assert (found.state, found.readback) == ("DONE", None)
    assert "no read-back" in found.reason


def test_a_reading_older_than_the_echo_is_no_read_back(make, plant):
    """The clock that the wire shows stands; that of the echo has gone on."""
    send = plant.send
    plant.send = lambda *request: replace(send(*request), time=plant.time + 0.5)
    assert make().propose(wish(1)).readback is None


def test_a_restart_forgets_no_cooldown_and_no_budget(make, plant):
    assert make().propose(wish(1)).state == "DONE"
    plant.time += 29
    assert "cooldown is 30 s" in make().propose(wish(2)).reason
    plant.time += 1
    assert make().propose(wish(3)).state == "DONE"
    few = replace(QUICK, budget=2)
    assert (
        "2 writes in the last 600 s (plant)"
        in make(policy=few).propose(wish(4, "mill.source", 1.0)).reason
    )
    plant.time += 601
    assert make(policy=few).propose(wish(5, "mill.source", 1.0)).state == "DONE"


def test_a_restarted_plant_clock_starts_the_cooldowns_anew(make, plant):
    gate = make()
    gate.propose(wish(1))
    plant.time = 5.0
    assert "cooldown" in gate.propose(wish(2)).reason
    plant.time = 36.0
    assert gate.propose(wish(3)).state == "DONE"


@pytest.mark.parametrize("restarts", [False, True])
def test_writes_from_before_a_restart_of_the_plant_spend_the_budget_of_their_window_only(
    make, plant, restarts
):
    few = replace(QUICK, budget=2)
    gate = make(policy=few)
    for number in (1, 2, 3):
        plant.time += 700
        assert gate.propose(wish(number, "mill.source", number % 2)).state == "DONE"
    gate = make(policy=few) if restarts else gate
    plant.time = 100.0
    assert gate.propose(wish(4)).state == "DONE"  # one of the three is inside the window
    assert "2 writes in the last" in gate.propose(wish(5, "mill.source", 0.0)).reason
    plant.time = 701.0
    gate = make(policy=few) if restarts else gate
    assert gate.propose(wish(6, "mill.source", 0.0)).state == "DONE"


def test_without_a_beat_nothing_is_written_and_the_plant_is_handed_back(make, plant):
    gate = make(policy=replace(QUICK, lease=0.4), pulse=True)
    until = time.monotonic() + 10
    while not gate.status()["handed_back"] and time.monotonic() < until:
        time.sleep(0.02)
    beats = plant.beats
    assert beats > 0  # the plant got its heartbeat while the agent's beat lasted
    assert "handed back" in gate.propose(wish(1)).reason
    assert gate.beat()["lease"] is False  # no agent re-arms
    time.sleep(0.5)
    assert plant.beats == beats
    again = make()
    assert "handed back" in again.propose(wish(2)).reason  # nor does a restart


def test_the_plants_lease_runs_from_before_the_first_write(make, plant):
    beaten = []
    plant.before_send = lambda: beaten.append(plant.beats)
    assert make().propose(wish(1)).state == "DONE"
    assert beaten == [1]


def test_a_value_that_is_no_number_is_refused_before_it_is_kept(make):
    gate = make()
    with pytest.raises(GateError, match="not a finite number"):
        gate.propose(wish(1, value=nan))
    assert gate.outcome(f"{1:032x}") is None


def test_no_audit_no_write(make, plant, monkeypatch):
    gate = make()

    def full(*_):
        raise OSError(28, "no space left")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(AuditError, match="no space left"):
            gate.propose(wish(1))
    assert plant.applied == []
    assert gate.outcome(f"{1:032x}").state == "NOT DONE"
    assert gate.propose(wish(2)).state == "DONE"  # the log is whole, the gate goes on


def test_one_folder_has_one_gate(make, plant, tmp_path):
    make()
    with pytest.raises(GateError, match="another gate"):
        Gate(plant, tmp_path, Mode.CLOSED, QUICK)


def test_the_ledger_waits_for_the_disk(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    assert ledger._db.execute("pragma synchronous").fetchone() == (2,)
    ledger.close()


def test_the_ledger_keeps_every_word(make, tmp_path):
    make().propose(wish(1))
    make().close()
    with sqlite3.connect(tmp_path / "gate" / "ledger.sqlite") as db:
        row = db.execute("select state, why, snapshot_id, sent_plant from actions").fetchone()
    assert row == (State.DONE, "because", "snapshot-1", 1000.0)


def test_intent_and_result_are_in_the_audit_log_in_this_order(make, tmp_path):
    make().propose(wish(1))
    events = [record["event"] for record in records(tmp_path / "gate" / "audit.log")]
    assert events == ["start", "request", "sending", "result"]


def test_the_keys_belong_to_their_owner_alone(make, tmp_path):
    make()
    for name in ("pki/operators.json", "pki/audit.key", "gate/ledger.sqlite", "gate/audit.log"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0, name
    (tmp_path / "pki" / "operators.json").chmod(0o644)
    with pytest.raises(ApprovalError, match="chmod 600"):
        load_operators(tmp_path / "pki" / "operators.json")


def test_the_status_is_plain_data(make):
    found = json.loads(json.dumps(make().status()))
    assert (found["mode"], found["remote"], found["unresolved"]) == ("closed", True, [])
