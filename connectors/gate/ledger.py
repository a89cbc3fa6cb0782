"""The ledger: one row an action, keyed by its id, on the disk before anything is sent.

It is the one memory of the gate. An id is accepted once; the same id again gets the recorded
outcome, the same id with another content is refused. Cooldowns, the write budget, a hand-back and
the mode that a person has set are facts in it, so a restart forgets nothing.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from .check import Request
from .errors import ConflictError, GateError, LedgerError

FORGOTTEN = -1  # in place of the memory's number: the plant cannot tell any more what became of it


class State(StrEnum):
    """Where an action stands; the last four are what `outcome` may answer for a finished one."""

    RECEIVED = "RECEIVED"
    PENDING = "PENDING"
    SENDING = "SENDING"
    REFUSED = "REFUSED"
    DONE = "DONE"
    NOT_DONE = "NOT DONE"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Entry:
    """One action as the ledger knows it; values SI, `sent_plant` in plant s, `time` epoch s.

    `memory` is the number of the plant's memory of action ids at the send, or FORGOTTEN.
    """

    action_id: str
    control: str
    value: float
    requester: str
    why: str
    snapshot_id: str
    state: State
    reason: str
    before: float | None
    readback: float | None
    sent_plant: float | None
    time: float
    memory: int | None = None

    @property
    def request(self) -> Request:
        """The request that made this entry."""
        return Request(
            self.action_id, self.control, self.value, self.requester, self.why, self.snapshot_id
        )


@dataclass(frozen=True, slots=True)
class Approval:
    """A write that waits for a person, bound to its value and to the state of the plant.

    Attributes:
        id: names the approval.
        action_id: the action it is for; one approval an action.
        control: what would be written.
        value: the value that would be written, SI.
        before: present value when it was asked, SI.
        state_hash: hash of the plant state it was asked in.
        requester: who asked; somebody else must approve.
        why: the requester's reason.
        expires: epoch s (wall).
        decision: "approved" or "rejected"; empty while it is open.
        operator: who decided.
        basis: what the yes rests on, as JSON rows [signal, value, tolerance], SI.
    """

    id: str
    action_id: str
    control: str
    value: float
    before: float
    state_hash: str
    requester: str
    why: str
    expires: float
    decision: str = ""
    operator: str = ""
    basis: str = "[]"


_SCHEMA = """
begin exclusive;
create table if not exists actions (
    action_id text primary key, control text not null, value real not null,
    requester text not null, why text not null, snapshot_id text not null,
    state text not null, reason text not null default '',
    before real, readback real, sent_plant real, time real not null, memory integer
) strict, without rowid;
create table if not exists approvals (
    id text primary key, action_id text not null unique, control text not null,
    value real not null, before real not null, state_hash text not null, requester text not null,
    why text not null, expires real not null,
    decision text not null default '', operator text not null default '',
    basis text not null default '[]'
) strict, without rowid;
create table if not exists facts (name text primary key, text text not null) strict, without rowid;
create index if not exists by_state on actions (state, time);
create index if not exists open_approvals on approvals (expires) where decision = '';
{new}
commit;
"""
_NEW = "insert into facts values ('audit head', '0 ');"
_FIELDS = ", ".join(Entry.__dataclass_fields__)
_APPROVAL = ", ".join(Approval.__dataclass_fields__)


class Ledger:
    """One open ledger file; every method returns after the disk has it (synchronous=FULL).

    Raises:
        GateError: another process has the ledger open.
        LedgerError: the file cannot be read or written; so do all methods.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        try:
            # With FULL the log of changes is forced to disk at every commit: a committed row
            # survives a power cut, at one fsync where a rollback journal needs four.
            self._db.execute("pragma locking_mode = exclusive")  # one gate a ledger
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma synchronous = full")
            self._db.execute("begin exclusive")
            new = self._db.execute("select count(*) from sqlite_master").fetchone() == (0,)
            self._db.execute("commit")
        except sqlite3.OperationalError as error:
            self._db.close()
            raise GateError(f"{path}: {error}; another gate runs on it, stop that one") from error
        self._db.executescript(_SCHEMA.format(new=_NEW if new else ""))
        columns = [row[1] for row in self._db.execute("pragma table_info(approvals)")]
        actions = [row[1] for row in self._db.execute("pragma table_info(actions)")]
        if "memory" not in actions:  # likewise
            self._db.execute("alter table actions add column memory integer")
        if "basis" not in columns:  # a ledger of an earlier release
            self._db.execute("alter table approvals add column basis text not null default '[]'")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as error:
                raise LedgerError(
                    f"the ledger cannot be used: {error}; free the disk or restore the file"
                ) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as db:
            db.execute("begin immediate")
            try:
                yield db
                db.execute("commit")
            except BaseException:
                if db.in_transaction:  # a full disk has rolled it back already
                    db.execute("rollback")
                raise

    def accept(self, request: Request) -> Entry | None:
        """Enter `request` as RECEIVED and return None, or return what its id already stands for.

        Raises:
            ConflictError: the id is known with another control, value or requester.
        """
        with self._transaction() as db:
            known = self.get(request.action_id)
            if known is None:
                db.execute(
                    "insert into actions (action_id, control, value, requester, why, snapshot_id,"
                    " state, time) values (?, ?, ?, ?, ?, ?, ?, ?)",
                    (request.action_id, request.control, request.value, request.requester,
                     request.why, request.snapshot_id, State.RECEIVED, time.time()),
                )  # fmt: skip
                return None
        same = (known.control, known.value, known.requester)
        if same != (request.control, request.value, request.requester):
            raise ConflictError(
                f"action {request.action_id} is already {known.control} = {known.value:g} by "
                f"{known.requester}; a new wish needs a new id"
            )
        return known

    def get(self, action_id: str) -> Entry | None:
        """Return the entry of `action_id`, or None."""
        with self._reading() as db:
            row = db.execute(
                f"select {_FIELDS} from actions where action_id = ?",  # noqa: S608
                (action_id,),
            ).fetchone()
        return None if row is None else _entry(row)

    def mark(
        self,
        action_id: str,
        state: State,
        reason: str = "",
        *,
        before: float | None = None,
        readback: float | None = None,
        sent_plant: float | None = None,
        memory: int | None = None,
    ) -> Entry:
        """Move an action to `state`; what is None stays as it is."""
        with self._transaction() as db:
            db.execute(
                "update actions set state = ?, reason = ?, before = coalesce(?, before),"
                " readback = coalesce(?, readback), sent_plant = coalesce(?, sent_plant),"
                " memory = coalesce(?, memory)"
                " where action_id = ?",
                (state, reason, before, readback, sent_plant, memory, action_id),
            )
            entry = self.get(action_id)
        if entry is None:
            raise KeyError(action_id)
        return entry

    def open_writes(self) -> list[Entry]:
        """Return what was sent and may still be told of by the plant, oldest first."""
        sent = self.entries(State.SENDING, State.UNKNOWN)
        return [entry for entry in sent if entry.memory != FORGOTTEN]

    def entries(self, *states: State) -> list[Entry]:
        """Return the entries in any of `states` (all without an argument), oldest first."""
        wanted = states or tuple(State)
        marks = ", ".join("?" * len(wanted))
        with self._reading() as db:
            rows = db.execute(
                f"select {_FIELDS} from actions where state in ({marks}) order by time",  # noqa: S608
                wanted,
            ).fetchall()
        return [_entry(row) for row in rows]

    def ask(self, approval: Approval) -> Entry:
        """Enter `approval` and move its action to PENDING, both or none."""
        values = [getattr(approval, name) for name in Approval.__dataclass_fields__]
        marks = ", ".join("?" * len(values))
        with self._transaction() as db:
            db.execute(f"insert into approvals ({_APPROVAL}) values ({marks})", values)  # noqa: S608
            db.execute(
                "update actions set state = ?, reason = ?, before = ? where action_id = ?",
                (State.PENDING, f"waits for approval {approval.id}", approval.before,
                 approval.action_id),
            )  # fmt: skip
            entry = self.get(approval.action_id)
        if entry is None:
            raise KeyError(approval.action_id)
        return entry

    def approvals(self, *, only_open: bool = True) -> list[Approval]:
        """Return the approvals, oldest expiry first."""
        where = "where decision = ''" if only_open else ""
        with self._reading() as db:
            rows = db.execute(
                f"select {_APPROVAL} from approvals {where} order by expires"  # noqa: S608
            ).fetchall()
        return [Approval(*row) for row in rows]

    def approval(self, approval_id: str) -> Approval | None:
        """Return one approval, open or not."""
        with self._reading() as db:
            row = db.execute(
                f"select {_APPROVAL} from approvals where id = ?",  # noqa: S608
                (approval_id,),
            ).fetchone()
        return None if row is None else Approval(*row)

    def decision(self, action_id: str) -> str:
        """Return how the approval of an action was decided; empty when it is open or none."""
        with self._reading() as db:
            row = db.execute(
                "select decision from approvals where action_id = ?", (action_id,)
            ).fetchone()
        return "" if row is None else str(row[0])

    def audit_head(self) -> tuple[int, str] | None:
        """Return how many audit records there are and the MAC of the last.

        None: the ledger is of an earlier release and cannot know.
        """
        text = self.fact("audit head")
        if not text:
            return None
        count, _, mac = text.partition(" ")
        return int(count), mac

    def keep_audit_head(self, records: int, mac: str) -> None:
        """Remember the head of the audit log, so that a log that was cut off is seen."""
        self.remember("audit head", f"{records} {mac}")

    def use(self, approval_id: str, decision: str, operator: str) -> bool:
        """Decide an open approval; False when it was decided before. It works exactly once."""
        with self._transaction() as db:
            done = db.execute(
                "update approvals set decision = ?, operator = ? where id = ? and decision = ''",
                (decision, operator, approval_id),
            )
            return done.rowcount == 1

    def fact(self, name: str) -> str:
        """Return a remembered fact, or an empty string."""
        with self._reading() as db:
            row = db.execute("select text from facts where name = ?", (name,)).fetchone()
        return "" if row is None else str(row[0])

    def remember(self, name: str, text: str) -> None:
        """Remember a fact over restarts."""
        with self._transaction() as db:
            db.execute("insert or replace into facts values (?, ?)", (name, text))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()


def _entry(row: tuple[object, ...]) -> Entry:
    values = dict(zip(Entry.__dataclass_fields__, row, strict=True))
    values["state"] = State(str(values["state"]))
    return Entry(**values)  # type: ignore[arg-type]
