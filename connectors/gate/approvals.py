"""Writes that wait for a person: what he agrees to, how long that holds, and what makes it lapse.

An approval is bound to one value of one control, to the tag file and the catalogue, and to what the
plant was when it was asked: every set-point, and every input of the check. It works once. Once one
of these has moved by more than its stated tolerance, a yes is no yes any more: he saw another
plant.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import NamedTuple

from ...plant_sim.controls import Control
from ...plant_sim.signals import Sample
from .audit import AuditLog
from .check import Policy, Request
from .errors import ApprovalError
from .ledger import Approval, Entry, Ledger, State
from .operators import approval_parts, signed
from .plant import Plant


class Ground(NamedTuple):
    """One thing a person's yes rests on: a signal as it stood, and how far it may move; SI."""

    signal: str
    value: float
    tolerance: float


class Approvals:
    """The approvals of one gate; the caller holds the gate's lock.

    Args:
        plant: what is written.
        ledger: where they are kept.
        audit: where they are told.
        operators: name -> key.
        policy: how long they may wait, how many, and how far the plant may move.
    """

    def __init__(
        self,
        plant: Plant,
        ledger: Ledger,
        audit: AuditLog,
        operators: dict[str, str],
        policy: Policy,
    ) -> None:
        self._plant, self._ledger, self._audit = plant, ledger, audit
        self._operators, self._policy = operators, policy
        self._deadlines: dict[str, float] = {}  # of open approvals, on the monotonic clock
        for approval in ledger.approvals():
            self.late(approval)  # its time runs on from here, whatever the wall clock does

    def ask(
        self, request: Request, value: float, before: float, samples: Mapping[str, Sample]
    ) -> Entry:
        """Let `request` wait for a person, or refuse it where too many wait."""
        waiting = len(self._ledger.approvals())
        if waiting >= self._policy.waiting:
            words = f"{waiting} writes wait for a person already; ask again when they are decided"
            self._audit.add("refused", action_id=request.action_id, reason=words)
            return self._ledger.mark(request.action_id, State.REFUSED, words, before=before)
        control = self._plant.controls[request.control]
        basis = json.dumps(self._grounds(control, samples))
        approval = Approval(
            secrets.token_hex(6), request.action_id, request.control, value, before,
            self._state_hash(basis), request.requester, request.why,
            time.time() + self._policy.approval_ttl, basis=basis,
        )  # fmt: skip
        self._audit.add("approval asked", **asdict(approval))
        self.late(approval)
        return self._ledger.ask(approval)

    def opened(self, approval_id: str, decision: str, operator: str, signature: str) -> Approval:
        """Return an open approval that `operator` may decide and has signed.

        Raises:
            ApprovalError: unknown or used, not by this person, or wrongly signed. It stays open.
        """
        approval = self._ledger.approval(approval_id)
        if approval is None:
            fault = f"there is no approval {approval_id}; list those that are open"
        elif approval.decision:
            fault = f"approval {approval_id} is {approval.decision} already; it works once"
        elif operator == approval.requester:
            fault = f"{operator} asked for {approval.control}; somebody else must approve it"
        elif not signed(
            self._operators, operator, signature, *approval_parts(approval, decision, operator)
        ):
            fault = (
                f"approval {approval_id}: the signature is not {operator}'s over this value and "
                "plant state; look at it again and use the right key"
            )
        else:
            return approval
        self._audit.add("approval refused", approval=approval_id, by=operator, reason=fault)
        raise ApprovalError(fault)

    def void(self, approval: Approval, samples: Mapping[str, Sample]) -> str:
        """Return why the plant is not the one that `approval` was asked for; empty when it is."""
        if self._state_hash(approval.basis) != approval.state_hash:
            return "the tag file or the catalogue is another than when approval was asked"
        for ground in grounds_of(approval):
            sample = samples.get(ground.signal)
            if sample is None or not sample.good:
                moved = "is not known now"
            elif abs(sample.value - ground.value) <= ground.tolerance:
                continue
            else:
                moved = f"is {sample.value:g} now, more than {ground.tolerance:g} away"
            return (
                "the plant is in another state than when approval was asked: "
                f"{ground.signal} was {ground.value:g} and {moved}"
            )
        return ""

    def use(self, approval: Approval, operator: str) -> None:
        """Spend an approval; it works once.

        Raises:
            ApprovalError: it was spent already.
        """
        self._audit.add(
            "approved", approval=approval.id, action_id=approval.action_id, operator=operator
        )
        if not self._ledger.use(approval.id, "approved", operator):
            raise ApprovalError(f"approval {approval.id} is used already; it works once")

    def drop(self, approval: Approval, decision: str, operator: str, words: str) -> Entry:
        """Close an approval that led to nothing; its action ends NOT DONE."""
        self._audit.add(
            "approval closed", approval=approval.id, action_id=approval.action_id,
            decision=decision, operator=operator, reason=words,
        )  # fmt: skip
        self._ledger.use(approval.id, decision, operator)
        return self._ledger.mark(approval.action_id, State.NOT_DONE, words)

    def late(self, approval: Approval) -> bool:
        """Return whether its time is over, by either clock: the calendar may be set back."""
        now, ttl = time.monotonic(), self._policy.approval_ttl
        until = self._deadlines.setdefault(approval.id, now + ttl)
        return time.time() > approval.expires or now > until

    def expire(self) -> None:
        """Close what nobody has decided in time: silence is no consent."""
        for approval in self._ledger.approvals():
            if self.late(approval):
                words = f"nobody approved it within {self._policy.approval_ttl:g} s (wall)"
                self.drop(approval, "expired", "", words)

    def _grounds(self, control: Control, samples: Mapping[str, Sample]) -> list[Ground]:
        # The states of the plant count for every control, not only for those that are written in
        # some of them alone; from one permitted state to the other a yes holds.
        controls = self._plant.controls
        allowed = {
            permit.signal: max(permit.high - permit.low, self._drift(permit.signal))
            for one in controls.values()
            for permit in one.permits
        }
        allowed |= {name: self._drift(name) for name in control.needs}
        allowed |= {name: one.tolerance for name, one in controls.items()}
        allowed[self._policy.remote] = 0.0
        return [
            Ground(name, samples[name].value, tolerance)
            for name, tolerance in sorted(allowed.items())
            if name in samples and samples[name].good
        ]

    def _drift(self, signal: str) -> float:
        # a signal without a known range may not move at all
        return self._policy.drift * self._plant.spans.get(signal, 0.0)

    def _state_hash(self, basis: str) -> str:
        controls = (str(one) for _, one in sorted(self._plant.controls.items()))
        parts = [self._plant.tags_hash, *controls, basis]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def grounds_of(approval: Approval) -> list[Ground]:
    """Return what an approval rests on."""
    return [Ground(*row) for row in json.loads(approval.basis)]
