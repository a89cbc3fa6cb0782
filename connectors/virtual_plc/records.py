"""What the virtual PLC itself writes down: every write request, every coil, and the truth.

The truth (what no instrument sees) is for reports and evaluation only; it never leaves by a wire.
"""

import json
import os
import time
from dataclasses import asdict
from math import isfinite, nan
from pathlib import Path
from typing import Any

from ..letter import OPCUA_ECHOES, Echo, Outcome, Request

TRUTH_PERIOD = 1.0  # plant s


class WriteLog:
    """`plc_writes.jsonl`: one line for every request, forced to disk before it takes effect.

    Attributes:
        fates: what became of every action id in the file, read at the start.
        echoes: the newest of them, oldest first; values SI, as logged.
    """

    def __init__(self, path: str | Path | None) -> None:
        self.fates: dict[str, Outcome] = {}
        self.echoes: list[Echo] = []
        self._file = None
        if path is None:
            return
        path = Path(path)
        if path.exists():
            self._recall(path)
        self._file = path.open("ab", buffering=0)

    def add(
        self,
        at: float,
        protocol: str,
        peer: str,
        *,
        event: str = "request",
        request: Request | None = None,
        control: str | None = None,
        value: float = nan,
        before: float = nan,
        outcome: Outcome | None = None,
        reason: str = "",
    ) -> None:
        """Append one line.

        Args:
            at: plant clock (s).
            protocol: "opcua", "modbus" or "plc".
            peer: user or address.
            event: "request" or "hand-back".
            request: as received, where it could be read.
            control: name of the control.
            value: what was asked for, SI.
            before: what the control was, SI.
            outcome: what became of it.
            reason: why it was refused.
        """
        row = {
            "wall": time.time(),
            "time": at,
            "event": event,
            "protocol": protocol,
            "peer": peer,
            "seq": request.seq if request else None,
            "action_id": request.action_id if request else None,
            "index": request.index if request else None,
            "control": control,
            "value": value if isfinite(value) else None,
            "before": before if isfinite(before) else None,
            "outcome": outcome.name if outcome else None,
            "reason": reason,
        }
        if self._file is not None:
            self._file.write(json.dumps(row).encode() + b"\n")
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _recall(self, path: Path) -> None:
        """Read the ids of an earlier run; a line that a crash tore was never applied."""
        good = 0
        with path.open("rb") as file:
            for raw in file:
                try:
                    row = json.loads(raw)
                except ValueError:
                    break
                if not raw.endswith(b"\n"):
                    break
                good += len(raw)
                if row.get("action_id") and row.get("outcome"):
                    outcome = Outcome[row["outcome"]]
                    first = Outcome.APPLIED if outcome is Outcome.DUPLICATE else outcome
                    self.fates.setdefault(row["action_id"], first)
                    self.echoes.append(_echo(row, outcome))
        del self.echoes[:-OPCUA_ECHOES]
        if good < path.stat().st_size:
            with path.open("r+b") as file:
                file.truncate(good)


def _echo(row: dict[str, Any], outcome: Outcome) -> Echo:
    value, before = row["value"], row["before"]
    return Echo(
        row["seq"],
        row["action_id"],
        row["index"],
        outcome,
        nan if value is None else value,
        nan if before is None else before,
        row["time"],
    )


class CoilBook:
    """`coils.jsonl` and `truth.parquet`: what was rolled, and what it was really like.

    A row of the truth is one plant second: the plant clock, order and phase of the coil (`coil.*`),
    the set-points of the controls, and all of `line.truth()`; SI.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._coils = (self._folder / "coils.jsonl").open("w", encoding="utf-8")
        self._written = 0
        self._truth: list[dict[str, float]] = []
        self._next = 0.0

    def look(self, line: Any) -> None:
        """Record the coils that have been finished since, and the truth once per plant second."""
        if line.time >= self._next:
            self._next = line.time + TRUTH_PERIOD - 1e-9
            shown = {
                name: sample.value
                for name, sample in line.read().items()
                if name.startswith("coil.") or name in line.controls
            }
            self._truth.append({"time": float(line.time), **shown, **line.truth()})
        done = len(line.coils)
        if done > self._written:
            for coil in line.coils[self._written : done]:
                self._coils.write(json.dumps(asdict(coil)) + "\n")
            self._coils.flush()
            self._written = done
            self.save()

    def save(self) -> None:
        """Write the truth so far, whole or not at all."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self._truth:
            return
        names = list(self._truth[-1])
        table = pa.table({name: [row.get(name) for row in self._truth] for name in names})
        draft = self._folder / "truth.parquet.tmp"
        pq.write_table(table, draft)
        draft.replace(self._folder / "truth.parquet")

    def close(self) -> None:
        """Save what is left."""
        self.save()
        self._coils.close()
