"""The same gate in the same process, for a simulated line only; it speaks as `GateClient` does."""

from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ...plant_sim.controls import Control, Move
from ...plant_sim.errors import ConfigError
from ...plant_sim.signals import Sample
from ..letter import Echo
from ..simulated import SimulatedConnector
from .check import DEFAULT_POLICY, Mode, Policy, Request, Verdict
from .errors import ApprovalError
from .gate import Gate
from .ledger import Approval
from .operators import approval_parts, sign
from .protocol import Receipt

Answer = TypeVar("Answer")


class SimulatedPlant:
    """The write side of a `SimulatedConnector`.

    Raises:
        ConfigError: it is anything else; a real plant is written by the gate's own process only.
    """

    def __init__(self, connector: SimulatedConnector) -> None:
        if type(connector) is not SimulatedConnector:
            raise ConfigError(
                f"a gate in process writes a SimulatedConnector only, not a "
                f"{type(connector).__name__}; for a plant behind wires run: passline gate serve"
            )
        self._connector = connector
        self.controls: Mapping[str, Control] = connector.line.controls
        self.spans = {name: one.high - one.low for name, one in connector.line.signals.items()}
        self.tags_hash = connector.tagfile.hash

    def samples(self) -> Mapping[str, Sample]:
        """Return the sample of every tag, now."""
        return self._connector.samples()

    def read(self, name: str) -> Sample | None:
        """Return the sample of one tag, now."""
        return self.samples().get(name)

    def memory(self) -> int | None:
        """It lives as long as this process."""
        return None

    def send(self, action_id: str, control: str, value: float) -> Echo | None:
        """Put one request into the mailbox; it is handled at once."""
        return _finish(self._connector.mailbox.send(action_id, control, value))

    def lookup(self, action_id: str, control: str) -> Echo | None:
        """Return what the mailbox knows of an action id."""
        return _finish(self._connector.mailbox.lookup(action_id))

    def void(self, action_id: str) -> None:
        """Make an action id void; it is handled at once."""
        _finish(self._connector.mailbox.void(action_id))

    def beat(self) -> None:
        """Give a sign of life."""
        _finish(self._connector.mailbox.beat())

    def close(self) -> None:
        """Nothing to let go of."""


class InProcessGate:
    """A gate over a simulated line, with the methods of `GateClient`.

    There is no pulse: the plant's heartbeat goes out with every `beat`, a lease that runs out is
    seen at the next check.

    Args:
        connector: a `SimulatedConnector`, nothing else.
        folder: where ledger, audit log and keys go.
        mode: mode at the start.
        policy: limits common to all controls.
        name: who asks.

    Raises:
        ConfigError: the connector is not a simulated one.
    """

    def __init__(
        self,
        connector: SimulatedConnector,
        folder: Path | str,
        mode: Mode | str = Mode.CLOSED,
        policy: Policy = DEFAULT_POLICY,
        name: str = "agent",
    ) -> None:
        self._plant = SimulatedPlant(connector)
        self._gate = Gate(self._plant, Path(folder), Mode(mode), policy)
        self.name = name

    def status(self) -> dict[str, Any]:
        """Return how the gate stands."""
        return self._gate.status()

    def check(self, moves: Sequence[Move]) -> list[Verdict]:
        """Return what the gate would say to each move alone, now."""
        return self._gate.check([Request("", m.control, m.value, self.name) for m in moves])

    def propose(
        self, action_id: str, control: str, value: float, why: str = "", snapshot_id: str = ""
    ) -> Receipt:
        """Ask for one write (SI); the same id again returns the recorded receipt."""
        request = Request(action_id, control, value, self.name, why, snapshot_id)
        return self._gate.propose(request)

    def outcome(self, action_id: str) -> Receipt | None:
        """Return what became of an action, None when the gate never accepted it."""
        return self._gate.outcome(action_id)

    def undo(self, action_id: str) -> Move:
        """Return the inverse of a write that is DONE; to make it, propose it under a new id."""
        return self._gate.undo(action_id)

    def beat(self) -> bool:
        """Say that a step succeeded."""
        alive = bool(self._gate.beat()["lease"])
        if alive:
            self._plant.beat()
        return alive

    def approvals(self, *, everything: bool = False) -> list[Approval]:
        """Return the writes that wait for a person."""
        return self._gate.approvals(only_open=not everything)

    def approve(self, approval_id: str, operator: str, key: str) -> Receipt:
        """Approve a pending write as `operator`, with his key."""
        return self._decide(approval_id, "approve", operator, key)

    def reject(self, approval_id: str, operator: str, key: str) -> Receipt:
        """Reject a pending write as `operator`."""
        return self._decide(approval_id, "reject", operator, key)

    def release(self, operator: str, key: str) -> dict[str, Any]:
        """Take back a hand-back and re-arm the plant, as a person."""
        word = self._gate.challenge()
        return self._gate.release(operator, word, sign(key, "release", word))

    def close(self) -> None:
        """Close ledger and audit log."""
        self._gate.close()

    def __enter__(self) -> "InProcessGate":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _decide(self, approval_id: str, decision: str, operator: str, key: str) -> Receipt:
        for shown in self.approvals(everything=True):
            if shown.id == approval_id:
                signature = sign(key, *approval_parts(shown, decision, operator))
                return self._gate.decide(approval_id, decision, operator, signature)
        raise ApprovalError(f"there is no approval {approval_id}; list those that are open")


def _finish(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Return the result of a coroutine that waits for nothing; needs no event loop."""
    try:
        work.send(None)
    except StopIteration as stop:
        answer: Answer = stop.value
        return answer
    work.close()
    raise RuntimeError("the simulated mailbox waited for something; it must answer at once")
