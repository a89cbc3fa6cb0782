"""The audit log: append-only JSON lines, each chained to the one before by HMAC-SHA256.

A changed, removed or reordered line breaks the chain at that line. A cut-off end cannot be seen
from the file alone, so the head (how many records there are, and the MAC of the last) is anchored
outside: in the ledger, after each record, and where wanted in a copy on another disk or machine. A
crash between record and anchor leaves the log one record ahead, which is right; a log behind its
anchor was cut. A last line torn by a power cut was never anchored: it is cut off at the next start,
and its bytes are kept in the record that says so.
"""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .errors import AuditError, LedgerError

FIRST = "0" * 64
Head = tuple[int, str]  # number of records, MAC of the last


class Anchor(Protocol):
    """Where the head of a log is kept outside the log."""

    def audit_head(self) -> Head | None:
        """Return the head as it was kept last; None when it was never kept."""
        ...

    def keep_audit_head(self, records: int, mac: str) -> None:
        """Keep the head, durably."""
        ...


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What `verify` found: records that hold, the last MAC, and where the chain breaks.

    Attributes:
        records: number of records from the start that hold.
        head: MAC of the last record that holds.
        broken: what is wrong with the record after those; empty when nothing is.
        size: bytes of the records that hold.
        torn: the fault is only a last line without its end, as a power cut leaves it.
    """

    records: int
    head: str
    broken: str
    size: int = 0
    torn: bool = False


def load_key(path: Path) -> bytes:
    """Return the key in `path`, made with mode 0600 when it is not there yet.

    Raises:
        AuditError: the key can be read by others, or is too short.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        private_file(path, secrets.token_hex(32).encode())
    if path.stat().st_mode & 0o077:
        raise AuditError(f"{path} can be read by others; run: chmod 600 {path}")
    key = bytes.fromhex(path.read_text().strip())
    if len(key) < 32:
        raise AuditError(f"{path} holds {len(key)} bytes, 32 are needed; restore the right key")
    return key


def private_file(path: Path, content: bytes) -> None:
    """Write `content` to a new file of mode 0600, durably; an existing file is an error."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)


class AuditLog:
    """One open audit log; `add` returns only when record and anchor are on the disk.

    Args:
        path: the file.
        key: of the chain.
        anchor: where the head is kept; without one a cut-off end is not seen.
        copy: a file that gets the head as well, on another disk if it is to be of use; it is
            written after each record, and what it lacks stops nothing.

    Raises:
        AuditError: the chain in the file does not hold, or not up to its anchor; it is not opened.
    """

    def __init__(
        self, path: Path, key: bytes, anchor: Anchor | None = None, copy: Path | None = None
    ) -> None:
        known = anchor.audit_head() if anchor is not None else None
        report = verify(path, key, known)
        if known is not None and report.records > known[0] + 1 and not report.broken:
            raise AuditError(
                f"{path} holds {report.records} records and the ledger beside it knows of "
                f"{known[0]}: it is not the ledger of this log; restore the right one"
            )
        if report.broken and not report.torn:
            raise AuditError(
                f"{path} is broken after {report.records} records ({report.broken}); keep it as "
                "evidence, move it away and start again"
            )
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._key, self.records, self.head = key, report.records, report.head
        self._anchor, self._copy, self.copy_fault = anchor, copy, ""
        self._anchored = known is not None and known[0] == report.records
        self._lock = threading.Lock()
        self._owed: deque[dict[str, Any]] = deque()
        self._fault = ""
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        if report.torn:
            rest = os.pread(self._handle, 1 << 20, report.size)
            os.ftruncate(self._handle, report.size)
            self.add("torn tail", cut=rest.hex())

    def add(self, event: str, **fields: Any) -> None:
        """Append one record and wait until it is on the disk.

        Raises:
            AuditError: record or anchor could not be written; the caller must not go on.
        """
        with self._lock:
            self._pay()
            self._append(fields | {"event": event})
            self._keep_head()

    def owe(self, event: str, **fields: Any) -> None:
        """Append a record of what has happened already; it never raises.

        What cannot be written now is kept, and written before the next record: `add` raises until
        then, so nothing more is sent.
        """
        with self._lock:
            self._owed.append(fields | {"event": event, "happened": time.time()})
            with contextlib.suppress(AuditError):
                self._pay()

    def pay(self) -> None:
        """Write what is owed.

        Raises:
            AuditError: it still cannot be written.
        """
        with self._lock:
            self._pay()

    @property
    def broken(self) -> str:
        """Why records are owed; empty when all are on the disk."""
        return self._fault if self._owed or not self._anchored else ""

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)

    def _pay(self) -> None:
        self._keep_head()
        while self._owed:
            self._append(self._owed[0])
            self._owed.popleft()
            self._keep_head()

    def _keep_head(self) -> None:
        """Anchor the newest record; so the log is never more than one ahead."""
        if self._anchored:
            return
        if self._anchor is not None:
            try:
                self._anchor.keep_audit_head(self.records, self.head)
            except LedgerError as error:
                self._fault = f"the head of the audit log cannot be kept: {error}"
                raise AuditError(self._fault) from error
        self._anchored = True
        if self._copy is not None:
            try:
                keep_copy(self._copy, self.records, self.head)
                self.copy_fault = ""
            except OSError as error:
                self.copy_fault = f"{self._copy} does not take the head of the audit log: {error}"

    def _append(self, fields: dict[str, Any]) -> None:
        record = fields | {"seq": self.records, "time": time.time(), "prev": self.head}
        line = json.dumps(record, sort_keys=True, default=str).encode()
        mac = _mac(self._key, line)
        data = line + b"\t" + mac.encode() + b"\n"
        try:
            size = os.fstat(self._handle).st_size
            try:
                if os.write(self._handle, data) != len(data):
                    raise OSError("the record was written in part")
                os.fsync(self._handle)
            except OSError:
                os.ftruncate(self._handle, size)  # half a record would break the chain for ever
                raise
        except OSError as error:
            self._fault = f"the audit log cannot be written: {error}; free the disk"
            raise AuditError(self._fault) from error
        self.records, self.head, self._anchored = self.records + 1, mac, False


def verify(path: Path, key: bytes, anchor: Head | None = None) -> AuditReport:
    """Return how far the chain in `path` holds; a file that is not there holds with 0 records.

    Args:
        path: the log.
        key: of the chain.
        anchor: the head that was kept outside the log; it must be in the log.
    """
    count, head, size, fault, torn = 0, FIRST, 0, "", False
    known, mac = anchor or (0, FIRST)
    if path.exists():
        with path.open("rb") as file:
            for raw in file:
                fault = _fault(raw, count, head, key)
                if fault:
                    torn = not raw.endswith(b"\n")
                    break
                count, head = count + 1, raw.rsplit(b"\t", 1)[1].strip().decode()
                size += len(raw)
                if count == known and head != mac:
                    fault = f"record {count - 1} is not the one that was anchored"
                    break
    if count < known and (torn or not fault):
        fault, torn = f"its end was cut off: {count} records are left of {known}", False
    return AuditReport(count, head, fault, size, torn)


def keep_copy(path: Path, records: int, mac: str) -> None:
    """Write a head to a file, whole or not at all; OSError where that fails."""
    draft = path.with_name(path.name + ".tmp")
    draft.write_text(json.dumps({"records": records, "head": mac}) + "\n")
    draft.replace(path)


def load_copy(path: Path) -> Head:
    """Return the head in a copy.

    Raises:
        AuditError: it is not there or cannot be read.
    """
    try:
        row = json.loads(path.read_text())
        return int(row["records"]), str(row["head"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AuditError(
            f"{path} is no copy of an audit log's head ({error}); give the file of --head"
        ) from error


def records(path: Path) -> list[dict[str, Any]]:
    """Return the records of a log as dicts, oldest first; call `verify` to know they hold."""
    if not path.exists():
        return []
    return [json.loads(raw.rsplit(b"\t", 1)[0]) for raw in path.read_bytes().splitlines() if raw]


def _mac(key: bytes, line: bytes) -> str:
    return hmac.new(key, line, hashlib.sha256).hexdigest()


def _fault(raw: bytes, seq: int, prev: str, key: bytes) -> str:
    line, tab, mac = raw.rstrip(b"\n").rpartition(b"\t")
    if not tab or not raw.endswith(b"\n"):
        return f"record {seq} is torn"
    if not hmac.compare_digest(_mac(key, line).encode(), mac):
        return f"record {seq} was changed, or the key is another one"
    record = json.loads(line)  # the MAC holds, so this is our own JSON
    if record["seq"] != seq or record["prev"] != prev:
        return f"record {record['seq']} stands where record {seq} belongs"
    return ""
