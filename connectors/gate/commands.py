"""What `passline gate`, `passline approvals` and `passline audit` do, as plain functions.

Each returns plain data that prints as text or as JSON. A person's key is read from the run folder
unless it is given.
"""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...plant_sim.errors import ConfigError
from .audit import load_key, verify
from .client import GateClient
from .errors import AuditError
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


def list_approvals(folder: Path | str, *, everything: bool = False) -> list[dict[str, Any]]:
    """Return the writes that wait for a person, with the wall seconds that are left."""
    with GateClient(folder) as gate:
        found = gate.approvals(everything=everything)
    return [asdict(one) | {"left": round(max(0.0, one.expires - time.time()), 1)} for one in found]


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


def audit_verify(folder: Path | str) -> dict[str, Any]:
    """Return whether the audit log of a run folder holds, how long it is and its head.

    Raises:
        AuditError: its key is not there.
    """
    key = Path(folder) / "pki" / "audit.key"
    if not key.exists():  # a fresh key would call every honest log broken
        raise AuditError(f"{key} is missing; the log cannot be verified without it")
    report = verify(Path(folder) / "gate" / "audit.log", load_key(key))
    return {
        "holds": not report.broken,
        "records": report.records,
        "head": report.head,
        "broken": report.broken,
    }


def _key(folder: Path | str, operator: str) -> str:
    path = Path(folder) / "pki" / "operators.json"
    if not path.exists():
        raise ConfigError(f"{path} is missing; start the gate once: passline gate serve")
    keys = load_operators(path)
    if operator not in keys:
        raise ConfigError(f"{operator!r} is no operator of {path}; use {', '.join(keys)}")
    return keys[operator]
