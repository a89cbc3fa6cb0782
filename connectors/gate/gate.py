"""The gate: check, approval, record, send, read back; lease, hand-back and release.

One object holds the write side of one plant. Everything that can change the plant runs under one
lock, so a caller that gives up cannot cut a write in half and two callers cannot write at once.
"""

import contextlib
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from math import inf, isfinite
from pathlib import Path
from typing import Any

from ...plant_sim.clock import Moment
from ...plant_sim.controls import Move
from ...plant_sim.signals import Sample
from .approvals import Approvals
from .audit import AuditLog, load_key
from .check import DEFAULT_POLICY, Memory, Mode, Policy, Request, Verdict, check
from .denied import refuse_safety
from .errors import (
    ApprovalError,
    AuditError,
    ConflictError,
    GateError,
    LedgerError,
    LinkError,
)
from .ledger import Approval, Entry, Ledger, State
from .operators import Challenges, load_operators, signed
from .plant import REARM, Plant, plant_clock, present
from .protocol import Receipt, receipt
from .pulse import Pulse
from .sender import PATIENCE, Sender
from .turns import Turns
from .undo import inverse

_FRESH_BEAT = 1.0  # wall s for which a beat of the pulse serves a write; a PLC's lease is longer
WRITING = (Mode.APPROVE, Mode.CLOSED)  # modes in which an agent's action may reach the plant


class Gate:
    """The only writer of a plant.

    Args:
        plant: its write side.
        folder: run folder; `gate/` and `pki/` lie in it.
        mode: mode at the start; in a folder in which a person has lowered it, at most that one.
        policy: the limits common to all controls.
        head: a file that gets a copy of the audit log's head, on another disk or machine.

    Raises:
        ConfigError: the catalogue has a control of a safety function.
        GateError: another gate uses the folder, or its audit log is broken or cut.
    """

    def __init__(
        self,
        plant: Plant,
        folder: Path,
        mode: Mode,
        policy: Policy = DEFAULT_POLICY,
        head: Path | None = None,
    ) -> None:
        refuse_safety(dict.fromkeys(plant.controls, ()), "the catalogue of controls")
        self.policy, self._plant = policy, plant
        self._operators = load_operators(folder / "pki" / "operators.json")
        self._ledger = Ledger(folder / "gate" / "ledger.sqlite")
        try:
            key = load_key(folder / "pki" / "audit.key")
            self._audit = AuditLog(folder / "gate" / "audit.log", key, self._ledger, head)
        except GateError:
            self._ledger.close()  # or nobody could look into it
            raise
        self._sender = Sender(plant, self._ledger, self._audit, policy)
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._pulse = Pulse(
            (self._keep_alive, self._clear), lambda text: self._audit.owe("pulse", error=text)
        )
        self._challenges = Challenges()
        self._approvals = Approvals(plant, self._ledger, self._audit, self._operators, policy)
        self._lease_until = self._beaten = -inf
        self._handed_back = self._ledger.fact("handed back")
        kept = self._ledger.fact("mode")
        self.mode = min(mode, Mode(kept or mode), key=lambda one: one.rank)
        self._turns = Turns(self._ledger, policy.budget_window)
        self._audit.add(
            "start", mode=self.mode, asked=mode, tags=plant.tags_hash, policy=asdict(policy)
        )
        self._sender.settle_all(patience=policy.settle + PATIENCE)

    def start(self) -> "Gate":
        """Start the pulse: heartbeat while an agent beats, hand-back, open writes, expiry."""
        self._pulse.start()
        return self

    def close(self) -> None:
        """Stop the pulse and close everything; a write in progress is finished first."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._pulse.stop()
        with self._lock:
            self._audit.owe("stop")
            self._audit.close()
            self._ledger.close()
            self._plant.close()

    @property
    def stopping(self) -> bool:
        """Whether `close` was called."""
        return self._stop.is_set()

    # --- what an agent may ask ---------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Return how the gate stands, as plain data."""
        samples = self._plant.samples()
        now, memory = self._now(samples), self._memory()
        window = [at for at in memory.recent if now.plant - at < self.policy.budget_window]
        return {
            "mode": str(self.mode),
            "handed_back": self._handed_back,
            "lease_left": max(0.0, memory.lease_until - now.wall),
            "remote": present(samples, self.policy.remote) == 1,
            "plant_time": now.plant if isfinite(now.plant) else None,
            "budget_left": max(0, self.policy.budget - len(window)),
            "unresolved": list(memory.unresolved),
            "approvals": len(self._ledger.approvals()),
            "controls": list(self._plant.controls),
            "tags": self._plant.tags_hash,
            "audit": {"records": self._audit.records, "head": self._audit.head},
            "head_copy": self._audit.copy_fault,
            "pulse": self._pulse.is_alive(),
            "fault": self._fault(),
        }

    def check(self, requests: Sequence[Request]) -> list[Verdict]:
        """Return the verdict on each request alone, as `propose` would find it now. Dry."""
        samples, memory = self._plant.samples(), self._memory()
        return [self._verdict(request, samples, memory) for request in requests]

    def propose(self, request: Request) -> Receipt:
        """Check, record, write and read back one action; the same id again is answered, not done.

        Raises:
            ConflictError: the id is known with another content.
            GateError: the value is not finite; nothing is kept.
            AuditError: the intent could not be recorded; nothing was sent.
            LedgerError: likewise; where it comes after the id was accepted, `outcome` tells.
        """
        if not isfinite(request.value):
            raise GateError(
                f"{request.control} {request.value} is not a finite number; give a value in SI"
            )
        with self._writing(request.action_id):
            self._sender.settle_all(patience=0.0)
            try:
                known = self._ledger.accept(request)
            except ConflictError as error:
                self._audit.owe("conflict", reason=str(error), **asdict(request))
                raise
            return receipt(known if known is not None else self._consider(request))

    def outcome(self, action_id: str) -> Receipt | None:
        """Return what became of an action; None when the gate never accepted it."""
        entry = self._ledger.get(action_id)
        return None if entry is None else receipt(entry)

    def undo(self, action_id: str) -> Move:
        """Return the inverse of a write that is DONE; to make it, propose it under a new id.

        Raises:
            GateError: there is nothing to undo, or the plant has moved on since.
        """
        entry = self._ledger.get(action_id)
        return inverse(entry, self._plant.controls, self._plant.samples())

    def beat(self) -> dict[str, Any]:
        """Take the agent's beat, given after a successful step; it lasts `policy.lease` wall s."""
        if reason := self._handed_back or self._fault():
            return {"lease": False, "reason": reason}
        self._lease_until = time.monotonic() + self.policy.lease
        return {"lease": True, "reason": ""}

    # --- what a person may ask ---------------------------------------------------------------

    def approvals(self, *, only_open: bool = True) -> list[Approval]:
        """Return the writes that wait for a person."""
        return self._ledger.approvals(only_open=only_open)

    def decide(self, approval_id: str, decision: str, operator: str, signature: str) -> Receipt:
        """Approve or reject a pending write; it works once, for one value and one plant state.

        Raises:
            ApprovalError: unknown or used, not by this person, or wrongly signed. It stays open.
        """
        with self._lock:
            approval = self._approvals.opened(approval_id, decision, operator, signature)
            with self._writing(approval.action_id):
                return receipt(self._decide(approval, decision, operator))

    def challenge(self) -> str:
        """Return a fresh word for a person to sign; it holds for 60 wall s, once."""
        return self._challenges.make()

    def release(self, operator: str, challenge: str, signature: str) -> dict[str, Any]:
        """Take back a hand-back and re-arm the plant, on a person's word, in every mode.

        Re-arming changes no set-point: the mode says what agents may do, not what a person may.

        Raises:
            ApprovalError: not signed by an operator.
        """
        with self._lock:
            self._person(operator, challenge, signature, "release")
            self._sender.settle_all(patience=0.0)
            if self._ledger.open_writes():
                raise GateError("a write is still open; wait until the plant has answered")
            self._audit.add("release", operator=operator, was=self._handed_back)
            self._ledger.remember("handed back", "")
            self._lease_until, self._handed_back = -inf, ""
            samples = self._plant.samples()
            if present(samples, self.policy.remote) == 1:
                return {"rearmed": True, "reason": "the plant was in remote mode already"}
            request = Request(secrets.token_hex(16), REARM, 1.0, operator, "release")
            self._ledger.accept(request)
            entry = self._sender.send(request.action_id, 1.0, None, self._now(samples).plant)
            return {"rearmed": entry.state is State.DONE, "reason": entry.reason}

    def set_mode(
        self, mode: Mode, operator: str = "anyone", challenge: str = "", signature: str = ""
    ) -> dict[str, Any]:
        """Set the mode. Lowering it needs nobody's leave, raising it a person's signature.

        It outlives a restart: a gate starts with the lower of this mode and the one it is given.

        Raises:
            ApprovalError: it would be raised, and no operator signed it.
        """
        with self._lock:
            old = self.mode
            if mode.rank > old.rank:
                self._person(operator, challenge, signature, "mode", mode.value)
            if mode.rank < self.mode.rank:
                self.mode = mode  # less is taken at once, whatever the disk says
            self._audit.add("mode", operator=operator, old=old, new=mode)
            self._ledger.remember("mode", mode)
            self.mode = mode
            if time.monotonic() > self._lease_until:
                self._lease_until = -inf  # an agent that left long ago is nobody to hand back for
            return {"mode": str(mode)}

    # --- inside ------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _writing(self, action_id: str) -> Iterator[None]:
        """Hold the lock; an action whose intent could not be recorded ends NOT DONE."""
        with self._lock:
            if self._stop.is_set():
                raise GateError("the gate is stopping; ask again when it is back")
            try:
                yield
            except AuditError as error:
                entry = self._ledger.get(action_id)
                if entry is not None and entry.state in (State.RECEIVED, State.PENDING):
                    self._ledger.mark(action_id, State.NOT_DONE, f"not sent: {error}")
                raise

    def _memory(self) -> Memory:
        open_writes = self._ledger.open_writes()
        return Memory(
            dict(self._turns.last), tuple(self._turns.recent), self._lease_until, self._handed_back,
            tuple(entry.action_id for entry in open_writes), self._fault(),
        )  # fmt: skip

    def _fault(self) -> str:
        """Return why the gate itself is not fit to write; empty when it is."""
        if self._pulse.died:
            return "the gate's pulse has stopped; restart the gate"
        with contextlib.suppress(AuditError):
            self._audit.pay()
        return self._audit.broken

    def _now(self, samples: Mapping[str, Sample]) -> Moment:
        return Moment(plant_clock(samples), time.monotonic())

    def _verdict(
        self, request: Request, samples: Mapping[str, Sample], memory: Memory | None = None
    ) -> Verdict:
        now, memory = self._now(samples), memory or self._memory()
        controls = self._plant.controls
        return check(request, samples, controls, self.mode, memory, now, self.policy)

    def _consider(self, request: Request) -> Entry:
        samples = self._plant.samples()
        self._follow_clock(samples)
        verdict = self._verdict(request, samples)
        before = present(samples, request.control)
        action = request.action_id
        self._audit.add(
            "request", mode=self.mode, before=before, allowed=verdict.allowed,
            reasons=verdict.reasons, **asdict(request),
        )  # fmt: skip
        if not verdict.allowed or before is None:
            return self._ledger.mark(
                action, State.REFUSED, "; ".join(verdict.reasons), before=before
            )
        if self.mode not in WRITING:
            words = f"every limit allows it, but in mode {self.mode} nothing is written"
            return self._ledger.mark(action, State.NOT_DONE, words, before=before)
        if verdict.needs_person:
            return self._approvals.ask(request, verdict.value, before, samples)
        return self._send(action, request.control, verdict.value, before, plant_clock(samples))

    def _send(
        self, action_id: str, control: str, value: float, before: float, plant_time: float
    ) -> Entry:
        # Counted before it is sent: a write that fails has used its turn.
        self._turns.take(control, plant_time)
        # The plant's own lease must run from before the write, or nobody would take it back.
        if time.monotonic() - self._beaten > _FRESH_BEAT:
            self._beat_plant()
        return self._sender.send(action_id, value, before, plant_time)

    def _decide(self, approval: Approval, decision: str, operator: str) -> Entry:
        samples = self._plant.samples()
        action, waiting = approval.action_id, self._approvals
        if decision == "reject":
            return waiting.drop(approval, "rejected", operator, f"rejected by {operator}")
        if waiting.late(approval):
            return waiting.drop(approval, "expired", operator, "the approval came too late")
        if words := waiting.void(approval, samples):
            return waiting.drop(approval, "void", operator, words)
        waiting.use(approval, operator)
        self._follow_clock(samples)
        request = Request(action, approval.control, approval.value, approval.requester)
        verdict = self._verdict(request, samples)
        reasons = list(verdict.reasons)
        if self.mode not in WRITING:
            reasons.append(f"in mode {self.mode} nothing is written")
        if reasons:
            words = f"approved by {operator}, but: {'; '.join(reasons)}"
            self._audit.add("refused", action_id=action, reason=words)
            return self._ledger.mark(action, State.REFUSED, words)
        return self._send(
            action, approval.control, verdict.value, approval.before, plant_clock(samples)
        )

    def _person(self, operator: str, challenge: str, signature: str, *parts: str) -> None:
        fresh = self._challenges.spend(challenge)
        if not (fresh and signed(self._operators, operator, signature, *parts, challenge)):
            self._audit.add("refused", what=parts, by=operator)
            raise ApprovalError(
                f"{parts[0]}: not signed by an operator over a fresh challenge; a person does "
                "this with his own key"
            )

    def _follow_clock(self, samples: Mapping[str, Sample]) -> None:
        plant_time = plant_clock(samples)
        newest = self._turns.follow(plant_time)
        if newest is not None:
            self._audit.add("plant clock restarted", plant_time=plant_time, newest=newest)

    def _keep_alive(self) -> None:
        alive = time.monotonic() <= self._lease_until
        if alive and not self._handed_back and self.mode in WRITING:
            self._beat_plant()
        if not alive and self._lease_until > -inf and self.mode in WRITING:
            self._hand_back(f"no beat of the agent for {self.policy.lease:g} s (wall)")

    def _beat_plant(self) -> None:
        with contextlib.suppress(LinkError):  # the plant notices the silence by itself
            self._plant.beat()
            self._beaten = time.monotonic()

    def _clear(self) -> None:
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._audit.pay()
            self._sender.settle_all(patience=0.0)
            self._approvals.expire()
            self._follow_clock(self._plant.samples())
        except (AuditError, LedgerError):
            pass  # stays open, and so nothing is sent
        finally:
            self._lock.release()

    def _hand_back(self, reason: str) -> None:
        # No set-point is written here: without our heartbeat the plant itself ramps them back,
        # and that works with a dead gate or a cut wire too.
        self._handed_back = reason  # at once: giving up control must not depend on a disk
        self._ledger.remember("handed back", reason)
        self._lease_until = -inf  # only now, so that a ledger that cannot be written is tried again
        self._audit.owe("hand-back", reason=reason)
