"""What the virtual PLC itself writes down: every write request, coil and alarm, and the truth.

The truth (what no instrument sees) is for reports and evaluation only; it never leaves by a wire.
"""

import contextlib
import json
import os
import secrets
import time
from dataclasses import asdict
from errno import ENOSPC
from math import isfinite, nan
from pathlib import Path
from typing import Any

from ...plant_sim.errors import ConfigError
from ..letter import Echo, Outcome, Request
from ..letter_form import OPCUA_ECHOES
from ..tagfile import REARM

TRUTH_PERIOD = 1.0  # plant s


class WriteLog:
    """`plc_writes.jsonl`: one line for every request, forced to disk before it takes effect.

    A file that ends within a line was torn by a crash: that request was never applied, and the rest
    of its line is cut off. Any other line that cannot be read may name an id that was applied.

    Attributes:
        fates: what became of every action id in the file, read at the start.
        echoes: the newest of them, oldest first; values SI, as logged.
        local: whether control was handed back and no one has re-armed the PLC since.
        memory: names what is remembered, 1..2^32-1; kept beside the file as long as it is.

    Raises:
        ConfigError: if a line that is whole cannot be read.
    """

    def __init__(self, path: str | Path | None) -> None:
        self.fates: dict[str, Outcome] = {}
        self.echoes: list[Echo] = []
        self.local = False
        self.memory = _new_memory()
        self._name: Path | None = None
        self._file = None
        if path is None:
            return
        path = Path(path)
        self._name = path.with_suffix(".memory")
        if path.exists() and self._name.exists():
            self.memory = _read_memory(self._name)
        else:
            self.lose_memory()
        self._size = self._recall(path) if path.exists() else 0
        self._file = path.open("ab", buffering=0)
        self._file.truncate(self._size)

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
        forced: bool = True,
    ) -> None:
        """Append one line, whole or not at all.

        Args:
            at: plant clock (s).
            protocol: "opcua", "modbus" or "plc".
            peer: user or address.
            event: "request", "hand-back" or "refusals".
            request: as received, where it could be read.
            control: name of the control.
            value: what was asked for, SI.
            before: what the control was, SI.
            outcome: what became of it.
            reason: why it was refused.
            forced: whether to wait until the line is on the disk.

        Raises:
            OSError: if it could not be written, because the disk is full or gone.
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
        if self._file is None:
            return
        line = json.dumps(row).encode() + b"\n"
        try:
            self._file.truncate(self._size)  # whatever an earlier failure may have left
            if (written := self._file.write(line)) != len(line):
                raise OSError(ENOSPC, f"only {written} of {len(line)} bytes were written")
            if forced:
                os.fsync(self._file.fileno())
        except OSError:
            with contextlib.suppress(OSError):  # else the next line, or the next start, cuts it off
                self._file.truncate(self._size)
            raise
        self._size += len(line)

    def lose_memory(self) -> None:
        """Take a new name: whoever asks for an old id must see that it may be forgotten."""
        self.memory = _new_memory()
        if self._name is not None:
            draft = self._name.with_suffix(".tmp")
            draft.write_text(f"{self.memory:08x}\n", encoding="ascii")
            draft.replace(self._name)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _recall(self, path: Path) -> int:
        """Read what an earlier run wrote, and return how many bytes of it are whole."""
        whole = 0
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                if not raw.endswith(b"\n"):
                    break
                try:
                    self._learn(json.loads(raw))
                except (ValueError, KeyError, TypeError) as error:
                    raise ConfigError(
                        f"line {number} of {path} cannot be read, and what it names may be applied "
                        "again; restore the file, or move it away if no gate remembers its ids"
                    ) from error
                whole += len(raw)
        del self.echoes[:-OPCUA_ECHOES]
        return whole

    def _learn(self, row: dict[str, Any]) -> None:
        if row["event"] == "hand-back":
            self.local = True
        if not row["action_id"]:
            return
        outcome = Outcome[row["outcome"]]
        if row["control"] == REARM and outcome is Outcome.APPLIED:
            self.local = False
        first = Outcome.APPLIED if outcome is Outcome.DUPLICATE else outcome
        self.fates.setdefault(row["action_id"], first)
        self.echoes.append(_echo(row, outcome))


def _new_memory() -> int:
    return secrets.randbelow(2**32 - 1) + 1


def _read_memory(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"), 16)
    except ValueError:
        raise ConfigError(
            f"{path} does not name a memory (eight hex digits); delete it, and settle every "
            "UNKNOWN action by hand"
        ) from None


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


class AlarmBook:
    """`alarms.jsonl`: one line for every change of an alarm, and for floods and chatter.

    Keys as in `plant_sim.alarms.Event`, SI and plant seconds; a value that is not known is null.
    What the state of the plant hides and shows again at every coil is left out.
    """

    def __init__(self, folder: str | Path) -> None:
        self._file = (Path(folder) / "alarms.jsonl").open("w", encoding="utf-8")
        self._written = 0

    def look(self, line: Any) -> None:
        """Record what has happened to the alarms of a line since."""
        journal = line.alarms.journal
        if journal.written == self._written:
            return
        for event in journal.since(self._written):
            row = asdict(event) | {"value": event.value if isfinite(event.value) else None}
            self._file.write(json.dumps(row) + "\n")
        self._written = journal.written
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class CoilBook:
    """`coils.jsonl`, `truth.parquet` and the alarms: what was rolled, and what it was really like.

    A row of the truth is one plant second: the plant clock, order and phase of the coil (`coil.*`),
    the set-points of the controls, and all of `line.truth()`; SI.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._coils = (self._folder / "coils.jsonl").open("w", encoding="utf-8")
        self._written = 0
        self._alarms = AlarmBook(folder)
        self._truth: list[dict[str, float]] = []
        self._next = 0.0

    def look(self, line: Any) -> None:
        """Record the coils and alarms since the last look, and the truth once per plant second."""
        if line.time >= self._next:
            self._next = line.time + TRUTH_PERIOD - 1e-9
            shown = {
                name: sample.value
                for name, sample in line.read().items()
                if name.startswith("coil.") or name in line.controls
            }
            self._truth.append({"time": float(line.time), **shown, **line.truth()})
        new = line.coils[self._written :]
        if new:
            self._written += len(new)  # what a full disk does not take now waits in the buffer
            for coil in new:
                self._coils.write(json.dumps(asdict(coil)) + "\n")
            self._coils.flush()
            self.save()
        self._alarms.look(line)

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
        self._alarms.close()
