"""How an agent, a person's command and the console speak to the gate."""

import json
import socket
import threading
from collections.abc import Sequence
from math import isclose
from pathlib import Path
from typing import Any

from ...plant_sim.controls import Move
from .check import Mode, Verdict
from .errors import ApprovalError, AuditError, ConflictError, GateError, LedgerError, LinkError
from .ledger import Approval
from .operators import approval_parts, sign
from .protocol import LIMIT, SOCKET, Receipt

_ERRORS = {
    kind.__name__: kind
    for kind in (ApprovalError, AuditError, ConflictError, GateError, LedgerError)
}


class GateClient:
    """One caller of the gate; connects when needed and again after the gate came back.

    Args:
        folder: run folder of the gate.
        name: who asks; an approval must come from somebody else.
        timeout: wall s to wait for an answer. When `propose` runs into it the write may have been
            made: ask `outcome` for the same id, never propose it under a new one.
    """

    def __init__(self, folder: Path | str, name: str = "agent", timeout: float = 20.0) -> None:
        self.name, self.timeout = name, timeout
        self._path = Path(folder) / SOCKET
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._rest = b""

    def status(self) -> dict[str, Any]:
        """Return mode, lease, hand-back, budget and plant state of the gate.

        Raises:
            LinkError: the gate does not answer. So do all methods.
        """
        found: dict[str, Any] = self._call("status")
        return found

    def check(self, moves: Sequence[Move]) -> list[Verdict]:
        """Return what the gate would say to each move alone, now; nothing is written or kept."""
        wishes = [{"control": m.control, "value": m.value, "requester": self.name} for m in moves]
        found = self._call("check", wishes=wishes)
        return [Verdict(**row | {"reasons": tuple(row["reasons"])}) for row in found]

    def propose(
        self, action_id: str, control: str, value: float, why: str = "", snapshot_id: str = ""
    ) -> Receipt:
        """Ask for one write (SI); the same id again returns the recorded receipt.

        Raises:
            LinkError: no answer; it may have been written, ask `outcome` for this id.
            ConflictError: the id is known with another content.
        """
        found = self._call(
            "propose", action_id=action_id, control=control, value=value, requester=self.name,
            why=why, snapshot_id=snapshot_id,
        )  # fmt: skip
        return Receipt(**found)

    def outcome(self, action_id: str) -> Receipt | None:
        """Return what became of an action.

        None: the gate never accepted this id; proposing it again under the same id is safe.
        """
        found = self._call("outcome", action_id=action_id)
        return None if found is None else Receipt(**found)

    def undo(self, action_id: str) -> Move:
        """Return the inverse of a write that is DONE; to make it, propose it under a new id.

        Raises:
            GateError: there is nothing to undo, or the plant has moved on since.
        """
        return Move(**self._call("undo", action_id=action_id))

    def beat(self) -> bool:
        """Say that a step succeeded; False when the plant was handed back meanwhile."""
        return bool(self._call("beat")["lease"])

    def approvals(self, *, everything: bool = False) -> list[Approval]:
        """Return the writes that wait for a person, or all that ever did."""
        return [Approval(**row) for row in self._call("approvals", all=everything)]

    def approve(
        self, approval_id: str, operator: str, key: str, value: float | None = None
    ) -> Receipt:
        """Approve a pending write as `operator`, with his key; it is written at once.

        Args:
            approval_id: which.
            operator: who; not the one who asked.
            key: his key from `pki/operators.json`.
            value: the value he means, SI; None signs the value that the gate shows now.

        Raises:
            ApprovalError: unknown, used, another value, wrong key or wrong person.
        """
        return self._decide(approval_id, "approve", operator, key, value)

    def reject(self, approval_id: str, operator: str, key: str) -> Receipt:
        """Reject a pending write as `operator`."""
        return self._decide(approval_id, "reject", operator, key, None)

    def release(self, operator: str, key: str) -> dict[str, Any]:
        """Take back a hand-back and re-arm the plant, as a person.

        Raises:
            ApprovalError: wrong operator or key.
        """
        word = str(self._call("challenge"))
        found: dict[str, Any] = self._call(
            "release", operator=operator, challenge=word, signature=sign(key, "release", word)
        )
        return found

    def set_mode(self, mode: Mode | str, operator: str = "anyone", key: str = "") -> str:
        """Set the gate's mode; raising it needs an operator and his key."""
        wanted = Mode(mode).value
        word = str(self._call("challenge")) if key else ""
        signature = sign(key, "mode", wanted, word) if key else ""
        found = self._call(
            "mode", mode=wanted, operator=operator, challenge=word, signature=signature
        )
        return str(found["mode"])

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    def __enter__(self) -> "GateClient":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _decide(
        self, approval_id: str, decision: str, operator: str, key: str, value: float | None
    ) -> Receipt:
        shown = next((a for a in self.approvals(everything=True) if a.id == approval_id), None)
        if shown is None:
            raise ApprovalError(f"there is no approval {approval_id}; list those that are open")
        if value is not None and not isclose(value, shown.value, rel_tol=1e-9):
            raise ApprovalError(
                f"approval {approval_id} is for {shown.control} = {shown.value:g}, not {value:g}; "
                "an edit is a new action"
            )
        signature = sign(key, *approval_parts(shown, decision, operator))
        found = self._call(
            "decide", approval_id=approval_id, decision=decision, operator=operator,
            signature=signature,
        )  # fmt: skip
        return Receipt(**found)

    def _call(self, do: str, **fields: Any) -> Any:
        data = json.dumps({"do": do, **fields}).encode() + b"\n"
        if len(data) > LIMIT:
            raise GateError(f"a request of {len(data)} bytes is longer than {LIMIT}; shorten it")
        with self._lock:
            reply = json.loads(self._exchange(data))
        if reply["ok"]:
            return reply["result"]
        raise _ERRORS.get(reply["error"], GateError)(reply["text"])

    def _exchange(self, data: bytes) -> bytes:
        fresh = self._socket is None
        try:
            return self._once(data)
        except TimeoutError as error:
            self._drop()  # a late answer must not be taken for that of the next request
            raise LinkError(
                f"the gate at {self._path} did not answer within {self.timeout:g} s (wall); "
                "ask for the outcome of the same action id"
            ) from error
        except OSError as error:
            self._drop()
            if not fresh:  # the gate was restarted since; every request may be asked twice
                return self._exchange(data)
            raise LinkError(
                f"the gate at {self._path} is not there ({error}); start it with: "
                "passline gate serve"
            ) from error

    def _once(self, data: bytes) -> bytes:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket.settimeout(self.timeout)
            self._socket.connect(str(self._path))
        self._socket.sendall(data)
        while b"\n" not in self._rest:
            part = self._socket.recv(LIMIT)
            if not part:
                raise ConnectionError("it closed the connection")
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._rest = None, b""
