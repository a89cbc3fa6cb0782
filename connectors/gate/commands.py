"""What `passline gate`, `passline approvals` and `passline audit` do, as plain functions.

Each returns plain data that prints as text or as JSON. A person's key is read from the run folder
unless it is given.
"""

import json
import sqlite3
import time
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...plant_sim.errors import ConfigError
from .audit import Head, load_copy, load_key, verify
from .client import GateClient
from .errors import AuditError, LinkError
from .ledger import Approval
from .operators import load_operators

OPERATOR = "operator"


def status(folder: Path | str) -> dict[str, Any]:
    """Return how the gate of a run folder stands.

    Raises:
        LinkError: it is not running.
    """
    with GateClient(folder) as gate:
        return gate.status()


def release(folder: Path | str, operator: str = OPERATOR, key: str = "") -> dict[str, Any]:
    """Take back a hand-back and re-arm the plant, as `operator`."""
    with GateClient(folder, operator) as gate:
        return gate.release(operator, key or _key(folder, operator))


def set_mode(
    folder: Path | str, mode: str, operator: str = OPERATOR, key: str = ""
) -> dict[str, Any]:
    """Set the mode of the gate, as `operator`."""
    with GateClient(folder, operator) as gate:
        return {"mode": gate.set_mode(mode, operator, key or _key(folder, operator))}


def undo(folder: Path | str, action_id: str, operator: str = OPERATOR) -> dict[str, Any]:
    """Propose the inverse of a write that is DONE, as `operator`, and return its receipt.

    Raises:
        GateError: there is nothing to undo, or the plant has moved on since.
    """
    with GateClient(folder, operator) as gate:
        move = gate.undo(action_id)
        return asdict(gate.propose(uuid.uuid4().hex, move.control, move.value, move.label))


def list_approvals(folder: Path | str, *, everything: bool = False) -> list[dict[str, Any]]:
    """Return the writes that wait for a person, with the wall seconds that are left."""
    with GateClient(folder) as gate:
        found = gate.approvals(everything=everything)
    return [_shown(one) for one in found]


def show_approval(folder: Path | str, approval_id: str) -> dict[str, Any]:
    """Return one approval, decided or not."""
    for row in list_approvals(folder, everything=True):
        if row["id"] == approval_id:
            return row
    raise ConfigError(f"there is no approval {approval_id}; see: passline approvals list")


def approve(
    folder: Path | str,
    approval_id: str,
    operator: str = OPERATOR,
    key: str = "",
    value: float | None = None,
) -> dict[str, Any]:
    """Approve a pending write; it is written at once. `value` (SI) guards against a mix-up."""
    with GateClient(folder, operator) as gate:
        secret = key or _key(folder, operator)
        return asdict(gate.approve(approval_id, operator, secret, value))


def reject(
    folder: Path | str, approval_id: str, operator: str = OPERATOR, key: str = ""
) -> dict[str, Any]:
    """Reject a pending write."""
    with GateClient(folder, operator) as gate:
        return asdict(gate.reject(approval_id, operator, key or _key(folder, operator)))


def audit_verify(folder: Path | str, head: Path | None = None) -> dict[str, Any]:
    """Return whether the audit log of a run folder holds, to its very end.

    Args:
        folder: run folder.
        head: a copy of the head (`gate serve --head`), compared beside the ledger's.

    Raises:
        AuditError: its key is not there, or the ledger cannot be asked for the head.
    """
    folder = Path(folder)
    key = folder / "pki" / "audit.key"
    if not key.exists():  # a fresh key would call every honest log broken
        raise AuditError(f"{key} is missing; the log cannot be verified without it")
    # The anchors first: a running gate goes on writing, and a log may be ahead but not behind.
    anchors = {"ledger": _anchored(folder), "copy": load_copy(head) if head else None}
    log, secret = folder / "gate" / "audit.log", load_key(key)
    reports = [verify(log, secret, anchor) for anchor in anchors.values() if anchor]
    report = min(reports or [verify(log, secret)], key=lambda one: (not one.broken, one.records))
    return {
        "holds": not report.broken,
        "records": report.records,
        "head": report.head,
        "broken": report.broken,
        "anchored": {name: anchor[0] for name, anchor in anchors.items() if anchor},
    }


def _anchored(folder: Path) -> Head | None:
    """Return the head that the ledger knows, or the running gate that has the ledger open."""
    path = folder / "gate" / "ledger.sqlite"
    if not path.exists():
        raise AuditError(f"{path} is missing, so nobody knows where the log ended; restore it")
    try:
        shown = status(folder)["audit"]
        return shown["records"], shown["head"]
    except LinkError:
        pass
    try:
        db = sqlite3.connect(path, timeout=1)
        try:
            row = db.execute("select text from facts where name = 'audit head'").fetchone()
        finally:
            db.close()
    except sqlite3.Error as error:
        raise AuditError(
            f"{path} cannot be asked for the head of the log ({error}); stop the gate"
        ) from error
    if row is None:
        return None
    count, _, mac = str(row[0]).partition(" ")
    return int(count), mac


def _shown(approval: Approval) -> dict[str, Any]:
    left = round(max(0.0, approval.expires - time.time()), 1)
    return asdict(approval) | {"basis": json.loads(approval.basis), "left": left}


def _key(folder: Path | str, operator: str) -> str:
    path = Path(folder) / "pki" / "operators.json"
    if not path.exists():
        raise ConfigError(f"{path} is missing; start the gate once: passline gate serve")
    keys = load_operators(path)
    if operator not in keys:
        raise ConfigError(f"{operator!r} is no operator of {path}; use {', '.join(keys)}")
    return keys[operator]
