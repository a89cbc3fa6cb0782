"""The decision log: one JSON line for every turn that decided, judged or dropped something.

`decisions.jsonl` is what the report and the screen read. Keys of a line (SI, plant seconds):

    key        "<thread>:<turn>:<snapshot>", unique in the file
    kind       "decision" (a move or a hold was chosen), "judgement" (only effects were judged, or
               the operator was told something),
               "dropped" (the turn ended without a decision; `messages` say why)
    turn, thread, snapshot, wall (Unix s), time (plant s), coil, phase, events
    alerts     keys of `plant_sim.snapshot.ALERTS`                features   {name: value}
    alarms     [{"name", "priority", "first_out"}] that stand, names of the line's alarm table
    offered    ["fm.speed_trim up", ...]         masked     moves the gate's check refused
    control    "none" for hold        value      SI          label
    by         seat that chose ("rules", "lm", "head", ...), or "rollback"
    confidence, reason, thinking (wall s), action_id ("" for hold), undoes (action id taken back)
    mode       of the agent
    verdict    {"allowed", "value", "reasons", "needs_person"} | null: the gate's check, asked dry
    answer     {"approved", "operator", "reason"} | null
    receipt    {"state", "reason", "before", "readback"} | null
    expected   {"feature", "sign", "least", "due"} | null
    judged     [{"action_id", "control", "label", "feature", "before", "after", "outcome"}]
               earlier actions whose effect was judged now: "seen", "unseen", "opposite", "unknown"
    messages   what the operator is told
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import RunFolderError


class DecisionLog:
    """Appends lines to one file; a key that is already in it is never written again."""

    def __init__(self, path: Path) -> None:
        """Open `path` and learn its keys; half a line at its end (a kill) is taken away.

        Raises:
            RunFolderError: a whole line is not JSON.
        """
        self._path = path
        self._keys: set[str] = set()
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            self._learn()

    def _learn(self) -> None:
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) != len(content):
            os.truncate(self._path, len(whole))
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                self._keys.add(str(json.loads(line)["key"]))
            except (ValueError, KeyError, TypeError) as error:
                raise RunFolderError(
                    f"{self._path} line {number} is no decision record; move the file away"
                ) from error

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def add(self, record: Mapping[str, Any]) -> bool:
        """Append `record` unless its key is there; return whether it was new. Durable on return."""
        key = str(record["key"])
        if key in self._keys:
            return False
        line = json.dumps(plain(record), ensure_ascii=False, allow_nan=False) + "\n"
        with self._path.open("ab") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
        self._keys.add(key)
        return True


def plain(value: Any) -> Any:
    """Return `value` as JSON knows it: a number that is not finite becomes null."""
    if isinstance(value, float):
        return value if value - value == 0.0 else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
