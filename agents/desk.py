"""The desk: all that the nodes of the graph may touch. The state of the graph holds none of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from ..connectors.gate.check import Verdict
from ..connectors.gate.errors import AuditError, ConflictError
from ..connectors.gate.protocol import Receipt as GateReceipt
from ..plant_sim.controls import Move, Seat
from ..plant_sim.signals import Sample
from ..plant_sim.snapshot import Snapshot
from .errors import AgentError, OpenWriteError
from .record import DecisionLog
from .situation import Action, Receipt
from .watch import Watch, reading

Mode = Literal["shadow", "advisory", "approve", "closed"]
TRUST = 0.5  # least confidence with which a seat's own choice is taken
LATE = 30.0  # plant s a seat may think; what it saw is too old to decide on after that
WHY = 500  # characters of a reason that travel with a proposal
RETRIES = 2  # decisions after the gate's check refused one


class Gate(Protocol):
    """The one way to write: `GateClient` for a plant, the in-process gate for a simulated line."""

    def check(self, moves: Sequence[Move]) -> list[Verdict]:
        """Ask dry whether each move alone would be allowed now."""
        ...

    def propose(
        self, action_id: str, control: str, value: float, why: str, snapshot_id: str
    ) -> GateReceipt:
        """Ask for one write; the same id again gives the outcome that is recorded for it."""
        ...

    def beat(self) -> bool:
        """Say that a step succeeded; False when the plant was handed back meanwhile."""
        ...

    def status(self) -> dict[str, Any]:
        """Return how the gate stands: its mode, whether the plant was handed back, ..."""
        ...

    def outcome(self, action_id: str) -> GateReceipt | None:
        """Return what became of an action, None when the gate has never heard of it."""
        ...


@dataclass
class Desk:
    """What one supervisor works with.

    Attributes:
        seat: who decides.
        rules: who helps when the seat is not sure, and does the housekeeping; None for nobody.
        gate: the only way to write.
        watch: the eyes.
        mode: how much the agent may do; the gate has its own, and the stricter one holds.
        log: where decisions are recorded, None for nowhere.
        say: told every event as it happens (for the screen); must not raise.
        trust: least confidence with which the seat's own choice is taken, 0..1.
        again: returns the newest samples, to look again after the seat has thought; None for a
            plant that waits meanwhile.
    """

    seat: Seat
    rules: Seat | None
    gate: Gate
    watch: Watch
    mode: Mode = "closed"
    log: DecisionLog | None = None
    say: Callable[[Mapping[str, Any]], None] = field(default=lambda event: None)
    trust: float = TRUST
    again: Callable[[], Mapping[str, Sample]] | None = None

    def too_late(self, snapshot: Snapshot) -> str:
        """Look again; return why a move decided on `snapshot` comes too late, "" if it does not."""
        if self.again is not None:
            self.watch.look(self.again())
        latest = self.watch.latest
        if latest is None:
            return ""
        passed = latest.time - snapshot.time
        if not 0.0 <= passed <= LATE:
            return f"{passed:.0f} s (plant) have passed, more than {LATE:g} s"
        coil = reading(latest, "coil.number")
        gone = bool(snapshot.alerts) and not set(snapshot.alerts) & set(latest.alerts)
        if gone and coil != reading(snapshot, "coil.number"):
            return f"coil {coil:.0f} has come and the alert is gone"
        return ""

    def propose(self, action: Action, snapshot: str, time: float) -> tuple[Action, Receipt]:
        """Hand `action` to the gate, unless it was decided too long ago and never reached it.

        Returns the action that the id stands for at the gate, and what became of it. It is another
        than `action` only when a fork of the thread changed one that had been handed over before.

        A resumed or replayed graph comes here again with the same id: then the ledger of the gate
        answers with what happened the first time. Only an action that the gate does not know could
        be written anew, and it is not when the plant has moved on since plant time `time` (s).

        Raises:
            OpenWriteError: the gate does not know yet whether it was written.
            ConnectorError: the gate cannot be asked.
        """
        if self.watch.stale(time) and self.gate.outcome(action["id"]) is None:
            return action, not_done("it never reached the gate and is too old now")
        try:
            answer = self.gate.propose(
                action["id"], action["control"], action["value"], action["reason"][:WHY], snapshot
            )
        except (ConflictError, AuditError) as error:
            # Neither says what became of this id: it may have been written, now or before.
            known = self.gate.outcome(action["id"])
            if known is None:
                return action, not_done(str(error))
            answer = replace(known, reason=f"{known.reason}; asked again: {error}")
        if answer.state == "UNKNOWN":
            raise OpenWriteError(
                f"{action['control']} {action['label']} is UNKNOWN: {answer.reason}; "
                "its turn stays open until the gate knows"
            )
        if (answer.control, answer.value) != (action["control"], action["value"]):
            action = action.copy()
            action["control"], action["value"] = answer.control, answer.value
            action["label"] = f"{answer.value:g}"
        return action, receipt(answer)


def not_done(reason: str) -> Receipt:
    """Return the receipt of something that was never written."""
    return Receipt(state="NOT DONE", reason=reason, before=None, readback=None)


def receipt(answer: GateReceipt) -> Receipt:
    """Return the gate's answer as the state of the graph carries it."""
    return Receipt(
        state=str(answer.state),
        reason=answer.reason,
        before=answer.before,
        readback=answer.readback,
    )


def need(value: Any, what: str) -> Any:
    """Return `value`, which a node may rely on.

    Raises:
        AgentError: it is missing: the checkpoint is not one of this graph.
    """
    if value is None:
        raise AgentError(f"the checkpoint holds no {what}; start with a new run folder")
    return value
