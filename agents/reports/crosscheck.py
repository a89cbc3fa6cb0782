"""Two records of the same writes, kept by two programs: the PLC's log and the gate's ledger."""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .facts import CrossCheck

_UNSETTLED = ("SENDING", "UNKNOWN")  # what a gate says that was never told what became of a write

Rows = list[dict[str, Any]]


def read_ledger(path: Path) -> Rows:
    """Return the rows of the ledger; the gate must have ended."""
    if not path.exists():
        return []
    with sqlite3.connect(path, timeout=5.0) as ledger:
        ledger.row_factory = sqlite3.Row
        return [dict(row) for row in ledger.execute("select * from actions")]


def cross_check(log: Rows, ledger: Rows) -> CrossCheck:
    """Return whether the PLC's log and the ledger of the gate tell the same.

    Args:
        log: lines of plc_writes.jsonl.
        ledger: rows of the ledger.
    """
    applied = [row for row in log if row["outcome"] == "APPLIED"]
    times = Counter(row["action_id"] for row in applied)
    entries: dict[str, Rows] = {}
    for entry in ledger:
        entries.setdefault(entry["action_id"], []).append(entry)
    strangers, denied, unsettled, matched = set(), set(), set(), 0
    for row in applied:
        name = row["action_id"]
        own = entries.get(name, [])
        if len(own) != 1 or not _same(row, own[0]):
            strangers.add(name)
        elif own[0]["state"] in _UNSETTLED:
            unsettled.add(name)
        elif own[0]["state"] != "DONE":
            denied.add(name)
        else:
            matched += times[name] == 1
    done = {entry["action_id"] for entry in ledger if entry["state"] == "DONE"}
    return CrossCheck(
        len(applied),
        matched,
        tuple(sorted(name for name, count in times.items() if count > 1)),
        tuple(sorted(strangers)),
        tuple(sorted(denied)),
        tuple(sorted(unsettled)),
        tuple(sorted(done - set(times))),
    )


def _same(row: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    """Whether a line of the log and an entry have the same control and value."""
    near = 1e-5 * max(1.0, abs(entry["value"]))  # Modbus carries seven digits
    return bool(entry["control"] == row["control"] and abs(entry["value"] - row["value"]) <= near)
