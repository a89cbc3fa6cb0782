"""Mailbox and ledger as a state machine: a crash at every step, and still each write at most once.

Gate, ledger, audit log and PLC program are the real ones, in one process. Every effect of the gate
(a statement of the ledger, a write or fsync of the log, a call of the plant) is a step after which
the power may go: what was not synced is lost or torn, what was not committed is rolled back, and a
dead gate does nothing more. Frames may be lost, or come out of the network long after.
"""

import os
import shutil
import tempfile
import time
from collections import Counter
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from passline.connectors.errors import LinkError
from passline.connectors.gate import sender
from passline.connectors.gate.audit import load_key, verify
from passline.connectors.gate.check import Mode, Policy, Request
from passline.connectors.gate.errors import ApprovalError
from passline.connectors.gate.gate import Gate
from passline.connectors.gate.inprocess import SimulatedPlant
from passline.connectors.gate.ledger import Ledger, State
from passline.connectors.gate.operators import approval_parts, load_operators, sign
from passline.connectors.simulated import SimulatedConnector

from .gate_mill import SmallMill

AUDIT: Any = import_module("passline.connectors.gate.audit")  # its `os` is put behind the power
POLICY = Policy(budget=1000, lease=1e6, readback=0.0, settle=0.0)
DISK = "/dev/shm" if Path("/dev/shm").is_dir() else None  # the power that goes is our own
SEEN: Counter[str] = Counter()  # what the machine has lived through, over all examples


class Crash(BaseException):
    """The power goes; nothing may catch it, and nothing works afterwards."""


class Power:
    """Counts the effects of one gate and goes off after so many."""

    def __init__(self):
        self.left, self.dead, self.synced, self.tear = None, False, 0, 0

    def step(self):
        if self.dead:
            raise Crash
        if self.left is not None:
            if self.left == 0:
                self.dead = True
                raise Crash
            self.left -= 1

    def around(self, effect):
        def with_steps(*arguments):
            self.step()
            answer = effect(*arguments)
            self.step()
            return answer

        return with_steps


class Disk:
    """`os` for the audit log: the same, step by step."""

    def __init__(self, power):
        self._power = power
        for name in ("write", "ftruncate", "open"):
            setattr(self, name, power.around(getattr(os, name)))

    def fsync(self, handle):
        self._power.step()
        os.fsync(handle)
        self._power.synced = os.fstat(handle).st_size
        self._power.step()

    def __getattr__(self, name):
        return getattr(os, name)


class Statements:
    """A ledger's connection, step by step."""

    def __init__(self, db, power):
        self._db = db
        self._step = power.around(db.execute)

    def execute(self, text, *values):
        reads = text.startswith(("select", "pragma table_info"))
        return (self._db.execute if reads else self._step)(text, *values)

    def __getattr__(self, name):
        return getattr(self._db, name)


class Wires:
    """The plant behind a network that loses, holds back and cuts."""

    def __init__(self, mill, log):
        self.mill, self.log, self.fault, self.held = mill, log, "", []
        self.power = Power()
        self.start()

    def start(self):
        self.connector = SimulatedConnector(self.mill, self.log, lease=1e9)
        self.real = SimulatedPlant(self.connector)
        self.controls, self.spans = self.real.controls, self.real.spans
        self.tags_hash, self.beat, self.close = "tags", lambda: None, lambda: None

    def samples(self):
        return self.real.samples()

    def read(self, name):
        return self.real.read(name)

    def send(self, action, control, value):
        self.power.step()
        if self.fault == "cut":
            raise LinkError("the wire is cut")
        if self.fault == "held":
            self.held.append((action, control, value))
            self.fault = "cut"
        if self.fault in ("cut", "lost"):
            return None
        echo = self.real.send(action, control, value)
        self.power.step()
        return None if self.fault == "no echo" else echo

    def memory(self):
        return None

    def lookup(self, action, control):
        self.power.step()
        if self.fault == "cut":
            raise LinkError("the wire is cut")
        return self.real.lookup(action, control)

    def void(self, action):
        self.power.step()
        if self.fault == "cut":
            raise LinkError("the wire is cut")
        self.real.void(action)

    def deliver(self):
        for frame in self.held:
            self.real.send(*frame)
        self.held = []

    def applied(self):
        fates = {a: o.name for a, o in self.connector.program._fates.items()}
        return {action for action, fate in fates.items() if fate == "APPLIED"}


crashes = st.one_of(st.none(), st.integers(0, 60))
faults = st.sampled_from(["", "", "", "lost", "held", "no echo", "cut"])


class WriteMachine(RuleBasedStateMachine):
    """One gate, or its successor, and one PLC that outlives them all."""

    @initialize(mode=st.sampled_from([Mode.CLOSED, Mode.APPROVE]))
    def begin(self, mode):
        self.folder = Path(tempfile.mkdtemp(prefix="gate", dir=DISK))
        self.mode, self.number, self.yes, self.writes = mode, 0, set(), Counter()
        self.wires = Wires(SmallMill(), self.folder / "plc.jsonl")
        write = self.wires.mill.write

        def count(values):
            self.writes.update(list(values))
            write(values)

        self.wires.mill.write = count
        self.gate = None
        self.open()
        keys = load_operators(self.folder / "pki" / "operators.json")
        self.key = keys["operator"]

    def open(self, crash=None):
        """Start a gate; the power may go while it recovers."""
        self.power = self.wires.power = Power()
        self.power.left = crash
        AUDIT.os = Disk(self.power)
        made = Ledger.__init__

        def born(ledger, path):
            made(ledger, path)
            self.ledger = ledger
            ledger._db = Statements(ledger._db, self.power)

        Ledger.__init__ = born
        self.ledger = None
        try:
            self.gate = Gate(self.wires, self.folder, self.mode, POLICY)
            self.gate.beat()
        except Crash:
            self.bury()
            self.open()
        finally:
            Ledger.__init__ = made
        self.power.left = None

    def bury(self):
        """What a dead gate leaves: the committed ledger, and of the log what reached the disk."""
        SEEN["crashes"] += 1
        if self.ledger is not None:
            self.ledger._db._db.close()
        log = self.folder / "gate" / "audit.log"
        if log.exists() and log.stat().st_size > self.power.synced > 0 and self.power.tear:
            torn = min(log.stat().st_size, self.power.synced + self.power.tear - 1)
            os.truncate(log, torn)
            SEEN["torn"] += 1

    def live(self, work, crash, tear=0):
        """Do `work` with a gate whose power goes after `crash` steps; its successor takes over."""
        self.power.left, self.power.tear = crash, tear
        log = self.folder / "gate" / "audit.log"
        self.power.synced = log.stat().st_size
        try:
            work()
        except Crash:
            self.bury()
            self.open()
        self.power.left = None

    @rule(
        control=st.sampled_from(["mill.speed", "mill.source", "mill.gap"]),
        move=st.sampled_from([0.0, 0.3, -0.3, 1.0]),
        fault=faults, crash=crashes, tear=st.integers(0, 40),
    )  # fmt: skip
    def propose(self, control, move, fault, crash, tear):
        self.number += 1
        self.wires.mill.time += 100.0
        stands = self.wires.mill.values[control]
        value = float(int(abs(move * 3)) % 3) if control == "mill.source" else stands + move
        self.wires.fault = fault
        wish = Request(f"{self.number:032x}", control, round(value, 6))
        self.live(lambda: self.gate.propose(wish), crash, tear)
        self.wires.fault = ""

    @precondition(lambda self: self.number)
    @rule(back=st.integers(0, 5), crash=crashes, fault=faults)
    def again(self, back, crash, fault):
        """The same id with the same content, as an agent asks after a restart."""
        entry = self.gate._ledger.get(f"{max(1, self.number - back):032x}")
        if entry is not None:
            self.wires.fault = fault
            self.live(lambda: self.gate.propose(entry.request), crash)
            self.wires.fault = ""

    @rule(
        how=st.sampled_from(["approve", "approve", "reject", "forged"]), crash=crashes,
        fault=faults, tear=st.integers(0, 40),
    )  # fmt: skip
    def decide(self, how, crash, fault, tear):
        for approval in self.gate.approvals()[:1]:
            said = "approve" if how == "forged" else how
            parts = approval_parts(approval, said, "operator")
            signature = sign(self.key if how != "forged" else "00" * 32, *parts)
            if how == "approve":
                self.yes.add(approval.action_id)
            self.wires.fault = fault

            def work(name=approval.id, decision=said, proof=signature):
                with suppress(ApprovalError):
                    self.gate.decide(name, decision, "operator", proof)

            self.live(work, crash, tear)
            self.wires.fault = ""

    @rule(crash=st.one_of(st.none(), st.integers(0, 40)))
    def restart(self, crash):
        self.bury()  # killed between two actions
        self.open(crash)

    @rule()
    def deliver(self):
        self.wires.deliver()  # what lay in the network comes out now

    @rule()
    def plc_restarts(self):
        self.wires.connector.close()
        self.wires.start()

    @rule()
    def look(self):
        self.gate._sender.settle_all(patience=0.0)

    @invariant()
    def no_write_is_made_twice_or_unasked_or_denied(self):
        applied = self.wires.applied()
        assert sum(self.writes.values()) == len(applied)
        for entry in self.gate._ledger.entries():
            SEEN[str(entry.state)] += 1
            if entry.state is State.DONE:
                assert entry.action_id in applied, entry
            if entry.state in (State.NOT_DONE, State.REFUSED, State.PENDING, State.RECEIVED):
                assert entry.action_id not in applied, entry
            if entry.action_id in applied and (
                self.mode is Mode.APPROVE or entry.control == "mill.gap"
            ):
                assert entry.action_id in self.yes, entry
        assert {e.action_id for e in self.gate._ledger.entries()} >= applied

    def teardown(self):
        if not hasattr(self, "folder"):
            return
        self.wires.fault = ""
        self.wires.deliver()
        end = time.monotonic() + 5
        unsure = (State.SENDING, State.UNKNOWN, State.RECEIVED)
        while self.gate._ledger.entries(*unsure) and time.monotonic() < end:
            self.gate._sender.settle_all(patience=0.0)
        assert self.gate._ledger.entries(*unsure) == []  # with the mailbox, nothing stays unknown
        self.no_write_is_made_twice_or_unasked_or_denied()
        self.gate.close()
        self.wires.connector.close()
        AUDIT.os = os
        key = load_key(self.folder / "pki" / "audit.key")
        ledger = Ledger(self.folder / "gate" / "ledger.sqlite")
        report = verify(self.folder / "gate" / "audit.log", key, ledger.audit_head())
        ledger.close()
        assert not report.broken, report
        shutil.rmtree(self.folder)


def live(examples):
    """Live through so many histories; what was seen in them."""
    SEEN.clear()
    patience, poll = sender.PATIENCE, sender._POLL
    sender.PATIENCE, sender._POLL = 0.002, 0.0005
    try:
        run_state_machine_as_test(
            WriteMachine,
            settings=settings(
                max_examples=examples, stateful_step_count=12, deadline=None, database=None,
                derandomize=True, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
    finally:
        sender.PATIENCE, sender._POLL, AUDIT.os = patience, poll, os
    return SEEN
