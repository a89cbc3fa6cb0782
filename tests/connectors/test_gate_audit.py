"""Whatever is done to the audit log is seen: changed, cut at either end, reordered, replaced."""

import itertools
import json

import pytest

from passline.connectors.gate import commands
from passline.connectors.gate.audit import AuditLog, load_copy, load_key, records, verify
from passline.connectors.gate.check import Mode
from passline.connectors.gate.errors import AuditError
from passline.connectors.gate.gate import Gate
from passline.connectors.gate.ledger import Ledger

from .gate_hand import QUICK, gates, wish
from .gate_plant import MemoryPlant


@pytest.fixture
def plant():
    return MemoryPlant()


@pytest.fixture
def make(tmp_path, plant):
    with gates(tmp_path, plant) as maker:
        yield maker


def spoil(lines, how):
    match how:
        case "changed":
            lines[3] = lines[3].replace(b"mill.speed", b"mill.spool")
        case "one digit":
            lines[3] = lines[3].replace(b'"n": 3', b'"n": 4')
        case "cut in the middle":
            del lines[4]
        case "first cut":
            del lines[0]
        case "reordered":
            lines[2], lines[3] = lines[3], lines[2]
        case "inserted":
            lines.insert(3, lines[2])
        case "mac of another":
            lines[3] = lines[3].split(b"\t")[0] + b"\t" + lines[2].split(b"\t")[1]
        case "no mac":
            lines[3] = lines[3].split(b"\t")[0] + b"\n"
    return lines


@pytest.mark.parametrize(
    ("how", "holds"),
    [
        ("changed", 3), ("one digit", 3), ("cut in the middle", 4), ("first cut", 0),
        ("reordered", 2), ("inserted", 3), ("mac of another", 3), ("no mac", 3),
    ],
)  # fmt: skip
def test_a_spoilt_audit_log_is_seen_and_not_opened(tmp_path, how, holds):
    path, key = tmp_path / "audit.log", load_key(tmp_path / "audit.key")
    log = AuditLog(path, key)
    for number in range(8):
        log.add("write", n=number, control="mill.speed")
    log.close()
    assert not verify(path, key).broken
    path.write_bytes(b"".join(spoil(path.read_bytes().splitlines(keepends=True), how)))
    report = verify(path, key)
    assert (report.records, bool(report.broken)) == (holds, True)
    with pytest.raises(AuditError, match="is broken"):
        AuditLog(path, key)


def test_every_single_changed_bit_of_a_log_is_seen(tmp_path):
    path, key = tmp_path / "audit.log", load_key(tmp_path / "audit.key")
    log = AuditLog(path, key)
    for number in range(3):
        log.add("write", n=number)
    log.close()
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert verify(path, key).broken, place


def test_a_line_torn_by_a_power_cut_is_kept_as_a_record(tmp_path):
    path, key = tmp_path / "audit.log", load_key(tmp_path / "audit.key")
    log = AuditLog(path, key)
    log.add("first")
    log.close()
    with path.open("ab") as file:
        file.write(b'{"event": "torn')
    again = AuditLog(path, key)
    again.add("second")
    again.close()
    assert not verify(path, key).broken
    kept = [record for record in records(path) if record["event"] == "torn tail"]
    assert bytes.fromhex(kept[0]["cut"]) == b'{"event": "torn'


def test_another_key_opens_no_log(tmp_path):
    log = AuditLog(tmp_path / "audit.log", load_key(tmp_path / "audit.key"))
    log.add("first")
    log.close()
    assert verify(tmp_path / "audit.log", b"x" * 32).records == 0


def eight(folder):
    """A closed log of eight records, its key, and the ledger that anchors it."""
    path, key = folder / "audit.log", load_key(folder / "audit.key")
    ledger = Ledger(folder / "ledger.sqlite")
    log = AuditLog(path, key, ledger)
    for number in range(8):
        log.add("write", n=number)
    log.close()
    return path, key, ledger


def test_an_end_that_was_cut_off_is_seen_wherever_it_was_cut(tmp_path):
    path, key, ledger = eight(tmp_path)
    whole = path.read_bytes()
    anchor = ledger.audit_head()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        report = verify(path, key, anchor)
        assert "its end was cut off" in report.broken, size
        assert not report.torn, size
        if size % 50 == 0:
            with pytest.raises(AuditError, match="is broken after"):
                AuditLog(path, key, ledger)
    path.unlink()
    with pytest.raises(AuditError, match="0 records are left of 8"):
        AuditLog(path, key, ledger)


def test_every_order_but_the_right_one_is_seen(tmp_path):
    path, key, ledger = eight(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    for first, second in itertools.combinations(range(8), 2):
        other = list(lines)
        other[first], other[second] = other[second], other[first]
        path.write_bytes(b"".join(other))
        assert verify(path, key, ledger.audit_head()).broken, (first, second)


def test_a_whole_log_of_the_same_key_is_not_this_log(tmp_path):
    path, key, ledger = eight(tmp_path)
    path.unlink()
    other = AuditLog(path, key)
    for number in range(9):
        other.add("write", n=number + 1)
    other.close()
    with pytest.raises(AuditError, match="record 7 is not the one that was anchored"):
        AuditLog(path, key, ledger)


def test_a_crash_between_record_and_anchor_leaves_the_log_one_ahead(tmp_path, monkeypatch):
    path, key, ledger = eight(tmp_path)
    log = AuditLog(path, key, ledger)
    monkeypatch.setattr(ledger, "keep_audit_head", lambda *_: 1 / 0)  # the power goes here
    with pytest.raises(ZeroDivisionError):
        log.add("the last before the crash")
    monkeypatch.undo()
    log.close()
    assert (ledger.audit_head()[0], verify(path, key).records) == (8, 9)
    again = AuditLog(path, key, ledger)
    again.add("after")
    assert ledger.audit_head() == (10, again.head)
    again.close()


def test_a_ledger_that_was_thrown_away_is_missed(make, tmp_path):
    make().propose(wish(1))
    make().close()
    for file in (tmp_path / "gate").glob("ledger*"):
        file.unlink()
    for _ in range(2):  # and trying again does not help
        with pytest.raises(AuditError, match="it is not the ledger of this log"):
            Gate(MemoryPlant(), tmp_path, Mode.CLOSED, QUICK)


def test_a_ledger_of_an_earlier_release_takes_its_log_as_it_is(make, tmp_path):
    gate = make(Mode.APPROVE)
    gate.propose(wish(1))
    gate._ledger._db.execute("delete from facts where name = 'audit head'")
    gate._ledger._db.execute("alter table approvals drop column basis")
    gate._ledger.keep_audit_head = lambda *_: None
    gate.close()
    gate = make(Mode.APPROVE)
    assert gate._ledger.audit_head()[0] == gate._audit.records
    (approval,) = gate.approvals()
    assert approval.basis == "[]"


def test_the_command_sees_a_cut_log_with_the_gate_running_and_without(make, tmp_path):
    gate = make()
    gate.propose(wish(1))
    gate.close()
    found = commands.audit_verify(tmp_path)
    assert (found["holds"], found["anchored"]) == (True, {"ledger": found["records"]})
    log = tmp_path / "gate" / "audit.log"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    found = commands.audit_verify(tmp_path)
    assert (found["holds"], found["broken"]) == (
        False, "its end was cut off: 4 records are left of 5",
    )  # fmt: skip


def test_a_copy_of_the_head_sees_what_was_done_to_log_and_ledger_together(make, tmp_path):
    copy = tmp_path / "elsewhere" / "head.json"
    copy.parent.mkdir()
    gate = make(head=copy)
    early = {file: file.read_bytes() for file in (tmp_path / "gate").iterdir()}
    gate.propose(wish(1))
    gate.close()
    assert commands.audit_verify(tmp_path, copy)["holds"]
    assert load_copy(copy)[0] == 5
    for file in (tmp_path / "gate").iterdir():
        file.unlink()
    for file, content in early.items():
        file.write_bytes(content)
    assert commands.audit_verify(tmp_path)["holds"]  # the two agree with each other
    found = commands.audit_verify(tmp_path, copy)
    assert found["broken"] == "its end was cut off: 1 records are left of 5"


def test_a_copy_that_cannot_be_written_is_told_and_stops_nothing(make, tmp_path):
    gate = make(head=tmp_path / "no such folder" / "head.json")
    assert gate.propose(wish(1)).state == "DONE"
    assert "does not take the head" in gate.status()["head_copy"]
    with pytest.raises(AuditError, match="give the file of --head"):
        load_copy(tmp_path / "no such folder" / "head.json")


def test_an_anchor_that_cannot_be_kept_stops_the_next_write_and_not_the_truth(make, tmp_path):
    gate = make()
    gate._ledger._db.execute(
        "create trigger full before insert on facts when new.name = 'audit head' "
        "begin select raise(abort, 'disk is full'); end"
    )
    with pytest.raises(AuditError, match="the head of the audit log cannot be kept"):
        gate.propose(wish(1))
    assert gate.outcome(f"{1:032x}").state == "NOT DONE"
    assert "cannot be kept" in gate.status()["fault"]
    gate._ledger._db.execute("drop trigger full")
    assert gate.propose(wish(2)).state == "DONE"
    gate.close()
    assert commands.audit_verify(tmp_path)["holds"]
    log = records(tmp_path / "gate" / "audit.log")
    assert [json.dumps(row["event"]) for row in log].count('"request"') == 2
