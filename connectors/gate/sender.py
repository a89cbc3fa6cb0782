"""One write from SENDING to its end: send once, take the echo, read back; ask when in doubt.

A request is put into the plant's mailbox exactly once. When no echo comes (time-out, cut socket,
killed process) it is never sent again: the mailbox is asked what became of the action id. Silence
proves nothing, for a frame may lie in the network for as long as it likes. So an id that the
mailbox goes on not knowing is made void there; only the echo of that, or of the request itself,
closes the write. Without one it stays UNKNOWN and is asked about again.
"""

import time
from dataclasses import replace
from math import inf, isfinite

from ...plant_sim.controls import Control
from ..errors import LinkError, ProtocolError
from .audit import AuditLog
from .check import Policy
from .errors import LedgerError
from .ledger import FORGOTTEN, Entry, Ledger, State
from .plant import REARM, VOID, WORDS, Echo, Outcome, Plant

_POLL = 0.02  # wall s between two looks
_CLOCK_STEP = 2.0**-23  # a clock may travel as a 32-bit float
PATIENCE = 3.0  # wall s beyond `settle`: some cycles of a PLC in real time


class Sender:
    """Sends writes and settles those whose outcome is open; the caller holds the gate's lock."""

    def __init__(self, plant: Plant, ledger: Ledger, audit: AuditLog, policy: Policy) -> None:
        self._plant, self._ledger, self._audit, self._policy = plant, ledger, audit, policy
        self._absent: dict[str, float] = {}  # wall time since which the mailbox knows nothing

    def send(self, action_id: str, value: float, before: float | None, plant_time: float) -> Entry:
        """Send an accepted action (SI) once and return its entry: DONE, NOT DONE or UNKNOWN.

        Raises:
            AuditError: the intent could not be recorded; nothing was sent.
            LedgerError: likewise.
        """
        entry = self._ledger.get(action_id)
        if entry is None or entry.state not in (State.RECEIVED, State.PENDING):
            raise ValueError(f"action {action_id} is not waiting to be sent; propose it first")
        try:
            memory = self._plant.memory()
        except LinkError as error:
            return self._close(entry, State.NOT_DONE, f"nothing was sent: {error}", None)
        self._audit.add(
            "sending", action_id=action_id, control=entry.control, value=value, before=before,
            plant_time=plant_time,
        )  # fmt: skip
        turn = None if entry.control == REARM else plant_time
        entry = self._ledger.mark(
            action_id, State.SENDING, before=before, sent_plant=turn, memory=memory
        )
        try:
            echo = self._plant.send(action_id, entry.control, value)
        except LinkError as error:
            return self._close(entry, State.NOT_DONE, f"nothing was sent: {error}", None)
        except ProtocolError:  # most likely refused as a whole, but the mailbox knows for sure
            echo = None
        if echo is not None:
            return self._finish(entry, echo)
        return self.settle(entry, self._policy.settle + PATIENCE)

    def settle_all(self, patience: float) -> None:
        """End what is open. The caller holds the gate's lock, so nothing of this is under way."""
        for entry in self._ledger.entries(State.RECEIVED):
            words = "the gate was stopped before it was sent"
            self._ledger.mark(entry.action_id, State.NOT_DONE, words)
        for entry in self._ledger.entries(State.PENDING):
            if self._ledger.decision(entry.action_id):
                words = "the gate was stopped after the decision and before it was sent"
                self._ledger.mark(entry.action_id, State.NOT_DONE, words)
        for entry in self._ledger.open_writes():
            self.settle(entry, patience)

    def settle(self, entry: Entry, patience: float) -> Entry:
        """Ask the mailbox about an open write for up to `patience` wall s; return its entry."""
        until = time.monotonic() + patience
        while True:
            decided = self._ask(entry)
            if decided is not None:
                return decided
            if time.monotonic() > until:
                break
            time.sleep(_POLL)
        if entry.state is not State.UNKNOWN:
            reason = "sent, but the plant's mailbox has not told the outcome yet"
            entry = self._mark(entry, State.UNKNOWN, reason)
            self._audit.owe("unknown", action_id=entry.action_id, reason=reason)
        return entry

    def _ask(self, entry: Entry) -> Entry | None:
        try:
            echo = self._plant.lookup(entry.action_id, entry.control)
            if (echo is None or not echo.applied) and self._forgotten(entry):
                return self._give_up(entry)
            if echo is not None:
                return self._finish(entry, echo)
            since = self._absent.setdefault(entry.action_id, time.monotonic())
            if time.monotonic() - since >= self._policy.settle:
                self._absent[entry.action_id] = time.monotonic()
                self._plant.void(entry.action_id)
        except LinkError:
            self._absent.pop(entry.action_id, None)  # begin again when the mailbox can be read
        return None

    def _forgotten(self, entry: Entry) -> bool:
        """Whether the plant's memory is another one than that to which the write was sent."""
        return entry.memory is not None and self._plant.memory() != entry.memory

    def _give_up(self, entry: Entry) -> Entry:
        """Close a write that nobody can tell of any more; it stays UNKNOWN and blocks nothing."""
        self._absent.pop(entry.action_id, None)
        reason = "the plant has lost its memory of requests since; look at the set-point itself"
        try:
            entry = self._ledger.mark(entry.action_id, State.UNKNOWN, reason, memory=FORGOTTEN)
        except LedgerError:  # asked again later
            entry = replace(entry, state=State.UNKNOWN, reason=reason)
        self._audit.owe("unknown", action_id=entry.action_id, reason=reason)
        return entry

    def _finish(self, entry: Entry, echo: Echo) -> Entry:
        words = WORDS[echo.outcome]
        if not echo.applied:
            if echo.index == VOID and echo.outcome is Outcome.MALFORMED:
                words = "it never reached the plant, which will refuse it if it still comes"
            return self._close(entry, State.NOT_DONE, words, None)
        control = self._plant.controls.get(entry.control)
        if control is None:  # re-arming has no set-point to read back
            return self._close(entry, State.DONE, words, None)
        # Nobody knows the value where only the void request tells that the first was applied.
        value = echo.value if isfinite(echo.value) else entry.value
        seen = self._read_back(control, value, _since(entry, echo))
        if seen is None:
            words = f"applied; no read-back within {self._policy.readback:g} s (wall)"
        elif abs(seen - value) > control.tolerance:
            words = f"applied {value:g}, but it reads back {seen:g}"
        else:
            words = f"applied, reads back {seen:g}"
        if abs(value - entry.value) > control.tolerance:
            words += f"; the plant clamped it from {entry.value:g}"
        return self._close(entry, State.DONE, words, seen)

    def _read_back(self, control: Control, aim: float, since: float) -> float | None:
        """Read the set-point until it agrees; only a GOOD reading from after the write counts.

        Args:
            control: what was written.
            aim: SI.
            since: plant time before which a reading says nothing (s).
        """
        start = time.monotonic()
        while True:
            sample = self._plant.read(control.name)
            seen = None
            if sample is not None and sample.good and sample.time >= since:
                seen = sample.value
                if abs(seen - aim) <= control.tolerance:
                    return seen
            if time.monotonic() - start > self._policy.readback:
                return seen
            time.sleep(_POLL)

    def _close(self, entry: Entry, state: State, reason: str, readback: float | None) -> Entry:
        self._absent.pop(entry.action_id, None)
        entry = self._mark(entry, state, reason, readback)
        self._audit.owe(
            "result", action_id=entry.action_id, control=entry.control, state=state,
            reason=reason, readback=readback,
        )  # fmt: skip
        return entry

    def _mark(
        self, entry: Entry, state: State, reason: str, readback: float | None = None
    ) -> Entry:
        """Enter what became of a write. A full disk does not change what the plant did.

        Where the ledger goes on saying SENDING, the mailbox is asked again later.
        """
        try:
            return self._ledger.mark(entry.action_id, state, reason, readback=readback)
        except LedgerError:
            return replace(entry, state=state, reason=reason, readback=readback)


def _since(entry: Entry, echo: Echo) -> float:
    """Return the plant time before which no reading can show the write (s)."""
    sent = entry.sent_plant
    if sent is None:
        return -inf
    # A plant that shows no clock has all its readings at 0, whatever its mailbox says.
    since = max(sent, echo.time) if sent > 0 and isfinite(echo.time) else sent
    return since - _CLOCK_STEP * abs(since)
