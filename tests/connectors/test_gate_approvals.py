"""A person's yes: for one value of one control in one state of the plant, once, not for ever."""

import time
from dataclasses import replace

import pytest

from passline.connectors.gate.approvals import grounds_of
from passline.connectors.gate.audit import records
from passline.connectors.gate.check import Mode
from passline.connectors.gate.errors import ApprovalError, GateError
from passline.connectors.gate.operators import load_operators, sign
from passline.connectors.gate.undo import inverse

from .gate_hand import QUICK, decide, gates, wish
from .gate_plant import CONTROLS, MemoryPlant


@pytest.fixture
def plant():
    return MemoryPlant()


@pytest.fixture
def make(tmp_path, plant):
    with gates(tmp_path, plant) as maker:
        yield maker


def test_only_a_person_releases_and_re_arms(make, plant, tmp_path):
    gate = make(policy=replace(QUICK, lease=0.1), pulse=True)
    time.sleep(0.5)
    plant.values["plc.remote"] = 0.0
    key = load_operators(tmp_path / "pki" / "operators.json")["operator"]
    word = gate.challenge()
    for by, signature in (("agent", sign("00" * 32, "release", word)), ("operator", "0" * 64)):
        with pytest.raises(ApprovalError, match="a person does this"):
            gate.release(by, word, signature)
    word = gate.challenge()
    signature = sign(key, "release", word)
    assert gate.release("operator", word, signature)["rearmed"]
    with pytest.raises(ApprovalError):  # the word is used
        gate.release("operator", word, signature)
    gate.beat()
    assert plant.values["plc.remote"] == 1.0
    assert gate.propose(wish(2)).state == "DONE"


def test_raising_the_mode_needs_a_person_and_lowering_it_nobody(make, tmp_path):
    gate = make(Mode.SHADOW)
    with pytest.raises(ApprovalError):
        gate.set_mode(Mode.CLOSED)
    key = load_operators(tmp_path / "pki" / "operators.json")["operator"]
    word = gate.challenge()
    with pytest.raises(ApprovalError):  # signed for another mode
        gate.set_mode(Mode.CLOSED, "operator", word, sign(key, "mode", "approve", word))
    word = gate.challenge()
    gate.set_mode(Mode.CLOSED, "operator", word, sign(key, "mode", "closed", word))
    gate.set_mode(Mode.READ_ONLY)
    assert gate.mode is Mode.READ_ONLY


def test_a_lowered_mode_outlives_a_restart(make, tmp_path):
    make(Mode.CLOSED).set_mode(Mode.READ_ONLY)
    gate = make(Mode.CLOSED)
    assert gate.mode is Mode.READ_ONLY
    key = load_operators(tmp_path / "pki" / "operators.json")["operator"]
    word = gate.challenge()
    gate.set_mode(Mode.CLOSED, "operator", word, sign(key, "mode", "closed", word))
    assert make(Mode.CLOSED).mode is Mode.CLOSED
    assert make(Mode.SHADOW).mode is Mode.SHADOW


def test_an_approved_write_is_done_once(make, plant, tmp_path):
    gate = make(Mode.APPROVE)
    assert gate.propose(wish(1)).state == "PENDING"
    (approval,) = gate.approvals()
    assert plant.applied == []
    assert decide(gate, tmp_path, approval).state == "DONE"
    with pytest.raises(ApprovalError, match="it works once"):
        decide(gate, tmp_path, approval)
    assert gate.propose(wish(1)).state == "DONE"
    assert len(plant.applied) == 1


def test_no_write_without_a_living_agent_in_approve_mode_either(make, plant, tmp_path):
    gate = make(Mode.APPROVE, replace(QUICK, lease=0.3))
    assert gate.propose(wish(1)).state == "PENDING"
    (approval,) = gate.approvals()
    time.sleep(0.4)
    found = decide(gate, tmp_path, approval)
    assert found.state == "NOT DONE"
    assert "no agent has beaten" in found.reason
    assert plant.applied == []


def test_a_high_risk_control_needs_a_person_in_closed_loop_too(make, plant):
    assert make(Mode.CLOSED).propose(wish(1, "mill.gap", 0.2)).state == "PENDING"
    assert plant.applied == []


@pytest.mark.parametrize(
    "changed",
    [{"value": 0.4}, {"control": "mill.source"}, {"state_hash": "0" * 64}, {"expires": 9e9}],
)
def test_a_yes_to_something_else_is_no_yes(make, plant, tmp_path, changed):
    gate = make(Mode.APPROVE)
    gate.propose(wish(1))
    (approval,) = gate.approvals()
    with pytest.raises(ApprovalError, match="look at it again"):
        decide(gate, tmp_path, approval, **changed)
    assert plant.applied == []
    assert decide(gate, tmp_path, approval).state == "DONE"  # the right yes still works


def test_whoever_asked_cannot_approve(make, plant, tmp_path):
    gate = make(Mode.APPROVE)
    gate.propose(wish(1, requester="operator"))
    (approval,) = gate.approvals()
    with pytest.raises(ApprovalError, match="somebody else"):
        decide(gate, tmp_path, approval)
    with pytest.raises(ApprovalError, match="signature is not"):
        decide(gate, tmp_path, approval, by="stranger")
    assert plant.applied == []


def test_a_rejected_write_stays_undone(make, plant, tmp_path):
    gate = make(Mode.APPROVE)
    gate.propose(wish(1))
    (approval,) = gate.approvals()
    assert decide(gate, tmp_path, approval, decision="reject").state == "NOT DONE"
    with pytest.raises(ApprovalError, match="rejected already"):
        decide(gate, tmp_path, approval)
    assert plant.applied == []


def test_an_approval_that_comes_too_late_writes_nothing(make, plant, tmp_path):
    gate = make(Mode.APPROVE, replace(QUICK, approval_ttl=0.05))
    gate.propose(wish(1))
    (approval,) = gate.approvals()
    time.sleep(0.1)
    assert decide(gate, tmp_path, approval).reason == "the approval came too late"
    assert plant.applied == []


@pytest.mark.parametrize("restarts", [False, True])
def test_a_wall_clock_that_is_set_back_gives_no_more_time(
    make, plant, tmp_path, monkeypatch, restarts
):
    quick = replace(QUICK, approval_ttl=0.1)
    gate, real = make(Mode.APPROVE, quick), time.time
    gate.propose(wish(1))
    monkeypatch.setattr(time, "time", lambda: real() - 7200)
    gate = make(Mode.APPROVE, quick) if restarts else gate
    (approval,) = gate.approvals()
    time.sleep(0.15)
    assert decide(gate, tmp_path, approval).reason == "the approval came too late"
    assert plant.applied == []


def test_a_person_may_release_in_every_mode(make, plant, tmp_path):
    gate = make(Mode.READ_ONLY)
    plant.values["plc.remote"] = 0.0
    key = load_operators(tmp_path / "pki" / "operators.json")["operator"]
    word = gate.challenge()
    assert gate.release("operator", word, sign(key, "release", word))["rearmed"]
    assert [control for _, control, _ in plant.applied] == ["plc.rearm"]


def test_silence_is_no_consent(make, plant):
    gate = make(Mode.APPROVE, replace(QUICK, approval_ttl=0.05), pulse=True)
    gate.propose(wish(1))
    until = time.monotonic() + 10
    while gate.outcome(f"{1:032x}").state == "PENDING" and time.monotonic() < until:
        time.sleep(0.02)
    assert gate.approvals() == []
    assert gate.outcome(f"{1:032x}").state == "NOT DONE"
    assert plant.applied == []


@pytest.mark.parametrize("moved", [{"mill.source": 1.0}, {"mill.speed": 0.1}])
def test_an_approval_does_not_survive_another_plant_state(make, plant, tmp_path, moved):
    gate = make(Mode.APPROVE)
    gate.propose(wish(1))
    (approval,) = gate.approvals()
    plant.values |= moved
    assert "another state" in decide(gate, tmp_path, approval).reason
    assert plant.applied == []


def test_an_approved_write_is_checked_again(make, plant, tmp_path):
    gate = make(Mode.APPROVE)
    gate.propose(wish(1))
    gate.propose(wish(2, value=0.2))
    first, second = gate.approvals()
    assert decide(gate, tmp_path, first).state == "DONE"
    plant.values["mill.speed"] = 0.0  # the state is as it was, but the cooldown runs
    found = decide(gate, tmp_path, second)
    assert found.state == "NOT DONE"
    assert "cooldown" in found.reason
    assert len(plant.applied) == 1


def test_a_pending_approval_survives_a_restart(make, plant, tmp_path):
    make(Mode.APPROVE).propose(wish(1))
    gate = make(Mode.APPROVE)
    (approval,) = gate.approvals()
    assert decide(gate, tmp_path, approval).state == "DONE"
    assert len(plant.applied) == 1


@pytest.mark.parametrize(
    ("moved", "words"),
    [
        ({"mill.force": 1e6 + 4.1e6}, "mill.force was 1e+06 and is 5.1e+06 now, more than 4e+06"),
        ({"mill.force": 1e6 - 4.1e6}, "mill.force was 1e+06"),
        ({"mill.state": 0.0}, "mill.state was 2 and is 0 now, more than 1 away"),
        ({"mill.gap": 0.002}, "mill.gap was 0 and is 0.002 now, more than 0.001 away"),
        ({"plc.remote": 0.0}, "plc.remote was 1 and is 0 now"),
        ({"mill.force": float("nan")}, "mill.force was 1e+06 and is not known now"),
    ],
)
def test_an_approval_lapses_once_an_input_of_the_check_has_moved(
    make, plant, tmp_path, moved, words
):
    gate = make(Mode.APPROVE)
    gate.propose(wish(1))
    (approval,) = gate.approvals()
    plant.values |= moved
    found = decide(gate, tmp_path, approval)
    assert (found.state, found.sent) == ("NOT DONE", False)
    assert "another state than when approval was asked" in found.reason
    assert words in found.reason
    assert plant.applied == []
    with pytest.raises(ApprovalError, match="void already"):
        decide(gate, tmp_path, approval)


def test_what_moves_within_its_stated_tolerance_voids_nothing(make, plant, tmp_path):
    gate = make(Mode.APPROVE)
    gate.propose(wish(1))
    (approval,) = gate.approvals()
    plant.values |= {"mill.force": 1e6 + 3.9e6, "mill.gap": 0.0009, "mill.speed": -0.0009}
    plant.values["mill.state"] = 1.0  # it rolled and now waits: both are permitted
    assert decide(gate, tmp_path, approval).state == "DONE"


def test_an_approval_shows_what_it_rests_on_and_how_far_that_may_move(make):
    gate = make(Mode.APPROVE)
    gate.propose(wish(1))
    gate.propose(wish(2, "mill.gap", 0.1))
    speed, gap = (grounds_of(approval) for approval in gate.approvals())
    assert [tuple(ground) for ground in speed] == [
        ("mill.force", 1e6, 4e6), ("mill.gap", 0.0, 1e-3), ("mill.source", 0.0, 1e-3),
        ("mill.speed", 0.0, 1e-3), ("mill.state", 2.0, 1.0),
        ("plc.remote", 1.0, 0.0),
    ]  # fmt: skip
    assert [ground.signal for ground in gap] == [*sorted([*CONTROLS, "mill.state"]), "plc.remote"]


def test_an_input_without_a_known_range_may_not_move_at_all(make, plant, tmp_path):
    plant.spans = {}
    gate = make(Mode.APPROVE)
    gate.propose(wish(1))
    (approval,) = gate.approvals()
    plant.values["mill.force"] += 1.0
    assert "more than 0 away" in decide(gate, tmp_path, approval).reason


def test_an_approval_is_spent_once_whoever_asks(make):
    gate = make(Mode.APPROVE)
    gate.propose(wish(1))
    (approval,) = gate.approvals()
    gate._approvals.use(approval, "operator")
    with pytest.raises(ApprovalError, match="it works once"):
        gate._approvals.use(approval, "operator")


@pytest.mark.parametrize("other", ["tags", "catalogue"])
def test_an_approval_does_not_survive_another_tag_file_or_catalogue(make, plant, tmp_path, other):
    make(Mode.APPROVE).propose(wish(1))
    if other == "tags":
        plant.tags_hash = "tags-2"
    else:
        plant.controls = CONTROLS | {"mill.gap": replace(CONTROLS["mill.gap"], high=0.9)}
    gate = make(Mode.APPROVE)
    (approval,) = gate.approvals()
    assert "the tag file or the catalogue is another" in decide(gate, tmp_path, approval).reason
    assert plant.applied == []


def test_the_grounds_are_part_of_what_is_signed(make, plant, tmp_path):
    gate = make(Mode.APPROVE)
    gate.propose(wish(1))
    (approval,) = gate.approvals()
    with pytest.raises(ApprovalError, match="signature is not"):
        decide(gate, tmp_path, approval, basis="[]")
    gate._ledger._db.execute("update approvals set basis = '[]'")  # by hand, past the gate
    (approval,) = gate.approvals()
    assert "is another" in decide(gate, tmp_path, approval).reason
    assert plant.applied == []


def test_no_more_than_so_many_wait_and_the_next_one_may_ask_again(make, tmp_path):
    gate = make(Mode.APPROVE, replace(QUICK, waiting=2))
    assert [gate.propose(wish(n)).state for n in (1, 2, 3)] == ["PENDING", "PENDING", "NOT DONE"]
    assert "2 writes wait for a person already" in gate.outcome(f"{3:032x}").reason
    decide(gate, tmp_path, gate.approvals()[0], decision="reject")
    assert gate.propose(wish(4)).state == "PENDING"


def test_in_a_mode_that_writes_nothing_an_approval_writes_nothing(make, plant, tmp_path):
    gate = make(Mode.APPROVE)
    gate.propose(wish(1))
    (approval,) = gate.approvals()
    gate.set_mode(Mode.ADVISORY)
    assert "in mode advisory nothing is written" in decide(gate, tmp_path, approval).reason
    assert plant.applied == []


def test_an_undo_is_a_wish_like_any_other(make, plant, tmp_path):
    gate = make(Mode.CLOSED)
    assert gate.propose(wish(1)).state == "DONE"
    move = gate.undo(f"{1:032x}")
    assert (move.control, move.value, move.label) == ("mill.speed", 0.0, f"undo {1:032x}")
    assert "cooldown" in gate.propose(wish(2, value=move.value)).reason  # no way around a limit
    plant.time += 60
    assert gate.propose(wish(3, value=move.value)).state == "DONE"
    assert [value for _, _, value in plant.applied] == [0.3, 0.0]
    with pytest.raises(GateError, match=r"mill.speed is 0 now, not the 0.3"):
        gate.undo(f"{1:032x}")  # once is enough
    plant.time += 60
    gate = make(Mode.APPROVE)
    move = gate.undo(f"{3:032x}")
    assert gate.propose(wish(4, value=move.value)).state == "PENDING"


@pytest.mark.parametrize(
    ("number", "words"), [(2, "is REFUSED; only a write"), (3, "knows no such action")]
)
def test_only_what_was_done_can_be_undone(make, number, words):
    gate = make()
    gate.propose(wish(1))
    gate.propose(wish(2, value=9.0))
    with pytest.raises(GateError, match=words):
        gate.undo(f"{number:032x}")


def test_what_changed_nothing_or_cannot_be_seen_is_not_undone(make, plant):
    gate = make()
    gate.propose(wish(1, value=0.0))
    with pytest.raises(GateError, match="nothing to undo"):
        gate.undo(f"{1:032x}")
    plant.link = False
    with pytest.raises(GateError, match=r"present value of mill.speed is not known"):
        gate.undo(f"{1:032x}")


def test_every_step_of_an_approval_is_in_the_audit_log(make, plant, tmp_path):
    gate = make(Mode.APPROVE, replace(QUICK, waiting=1))
    gate.propose(wish(1))
    gate.propose(wish(2))  # one too many
    (approval,) = gate.approvals()
    with pytest.raises(ApprovalError):
        decide(gate, tmp_path, approval, value=0.4)
    decide(gate, tmp_path, approval)
    plant.time += 60
    gate.propose(wish(3))
    decide(gate, tmp_path, gate.approvals()[0], decision="reject")
    log = records(tmp_path / "gate" / "audit.log")
    events = [(row["event"], row.get("action_id", "")[-1:]) for row in log[1:]]
    assert events == [
        ("request", "1"), ("approval asked", "1"), ("request", "2"), ("refused", "2"),
        ("approval refused", ""), ("approved", "1"), ("sending", "1"), ("result", "1"),
        ("request", "3"), ("approval asked", "3"), ("approval closed", "3"),
    ]  # fmt: skip


def test_what_was_not_known_when_it_was_asked_is_no_ground(make, plant, tmp_path):
    del plant.values["mill.source"]
    plant.values["mill.gap"] = float("nan")
    gate = make(Mode.APPROVE)
    assert gate.propose(wish(1)).state == "PENDING"
    (approval,) = gate.approvals()
    names = [ground.signal for ground in grounds_of(approval)]
    assert names == ["mill.force", "mill.speed", "mill.state", "plc.remote"]
    plant.values |= {"mill.source": 1.0, "mill.gap": 0.5}
    assert decide(gate, tmp_path, approval).state == "DONE"


def test_an_undo_starts_from_what_the_plant_made_of_the_write(make, plant):
    plant.clamp = 0.2
    gate = make()
    assert gate.propose(wish(1)).readback == 0.2
    assert gate.undo(f"{1:032x}").value == 0.0


def test_an_undo_of_a_write_that_was_not_read_back_starts_from_its_value(make, plant):
    gate = make()
    gate.propose(wish(1))
    entry = replace(gate._ledger.get(f"{1:032x}"), readback=None)
    assert inverse(entry, CONTROLS, plant.samples()).value == 0.0


def test_an_undo_goes_back_through_zero(make, plant):
    plant.values["mill.speed"] = 0.25
    gate = make()
    gate.propose(wish(1, value=-0.25))
    assert gate.undo(f"{1:032x}").value == 0.25
