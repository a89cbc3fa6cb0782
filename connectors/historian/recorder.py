"""Records samples: what changed, when, and whether anything was heard at all.

`add` only notes down in memory; a thread writes every second, another merges files and drops old
ones. A disk that is full stops neither the caller nor the plant: rows wait, as many as memory is
given for, and what does not fit any more is counted and recorded as a gap.
"""

import atexit
import fcntl
import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from ...plant_sim.signals import Sample
from .changes import Changes, Row, Rule, Saying
from .errors import DamagedFileError, HistorianError
from .files import BLOCK, TOP, File, Retention, current, due, merge, retain, scan, sweep, write

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .table import Rows

FLUSH = 1.0  # wall s between two files: what a kill costs at most
ROWS = 50_000  # a file is written earlier when this many rows wait
WAITING = 400_000  # rows that wait at most while a disk is full, some 100 MB
HEARTBEAT = 600.0  # wall s; so often a value that does not change is stored again
KEEP = 60.0  # wall s between two looks at what is too old, and after a merge that failed
LOCK = "recorder.lock"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recording:
    """How the recorder is.

    Attributes:
        waiting: rows not yet on disk.
        lost: samples that could not be kept, since the last gap record.
        problem: what does not work, one sentence; empty when all is well.
    """

    waiting: int
    lost: int
    problem: str


class Historian:
    """Records samples into a folder; `query` and its like read them, also while it records.

    Args:
        folder: where the files go; one recorder at a time.
        flush: wall s between two files.
        rules: resolution and dead-band by name of tag; any other tag is stored at every change.
        heartbeat: wall s after which an unchanged value is stored again.
        retention: what is kept; None: everything.
        waiting: rows that may wait for the disk.

    Raises:
        HistorianError: somebody else records into the folder, or it cannot be written.
    """

    def __init__(
        self,
        folder: str | Path,
        flush: float = FLUSH,
        *,
        rules: Mapping[str, Rule] | None = None,
        heartbeat: float = HEARTBEAT,
        retention: Retention | None = None,
        waiting: int = WAITING,
    ) -> None:
        for what, value in (("flush", flush), ("heartbeat", heartbeat), ("waiting", waiting)):
            if not value > 0:
                raise HistorianError(f"historian {what} {value} must be more than 0")
        self.folder = Path(folder)
        self._held = take_lock(self.folder)
        self._flush_period, self._most, self._retention = flush, waiting, retention
        self._files = current(scan(self.folder))
        self._counts: dict[File, int] = {}
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._changes = Changes(rules or {}, heartbeat)
        self._problems = {"disk": "", "merge": "", "files": "", "retention": ""}
        self._damaged: set[str] = set()
        # what waits for the disk: moments from number `_begin` on, and what points to them
        self._begin = self._files[-1].last + 1 if self._files else 1
        self._times: list[float] = []
        self._walls: list[float] = []
        self._rows: list[Row] = []
        self._bulk: list[Rows] = []
        self._said: list[Saying] = []
        self._lost, self._lost_since, self._lost_why = 0, 0.0, ""
        self._note("start", float(os.getpid()), "recording begins")
        self._halt, self._wake = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=self._write, name="historian", daemon=True),
            threading.Thread(target=self._keep, name="history files", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        self._pid = os.getpid()
        atexit.register(self._leave)

    def add(self, samples: Mapping[str, Sample]) -> None:
        """Note down what of a batch changed, and that it came. Any thread; waits for no disk."""
        wall, mono = time.time(), time.monotonic()
        with self._lock:
            if not samples or self._halt.is_set() or not self._room(len(samples), wall):
                return
            times, rows, said = self._changes.take(samples, wall, mono, self._upcoming)
            self._times += times
            self._walls += [wall] * len(times)
            self._rows += rows
            self._said += said
            full = len(self._rows) >= ROWS
        if full:
            self._wake.set()

    def add_many(
        self,
        names: Sequence[str],
        times: "ArrayLike",
        values: "ArrayLike",
        quality: "ArrayLike | None" = None,
        status: "ArrayLike | None" = None,
        wall: "ArrayLike | None" = None,
    ) -> None:
        """Record many batches at once, such as a day of another archive; this may wait for a disk.

        Args:
            names: of k tags.
            times: plant time of each batch (s), not falling; shape (n,).
            values: SI, shape (n, k); what is not finite is BAD.
            quality: the same shape; None: GOOD.
            status: the same shape; None: 0.
            wall: wall time of each batch (s); None: now.

        Raises:
            HistorianError: shapes do not fit, times fall, or what waits must reach the disk first.
        """
        now = time.time()
        count = len(np.atleast_1d(np.asarray(times)))
        walls = np.broadcast_to(np.asarray(now if wall is None else wall, dtype=float), (count,))
        if self.state().waiting >= min(ROWS, self._most):
            self.flush()
        with self._lock:
            if self._waiting >= self._most:
                raise HistorianError(f"{self._waiting} rows wait: {self._problems['disk']}")
            batches = (times, values, quality, status)
            rows = self._changes.take_many(names, batches, walls, self._upcoming)
            self._times += np.asarray(times, dtype=float).tolist()
            self._walls += walls.tolist()
            self._bulk.append(rows)

    def flush(self) -> None:
        """Write what waits, as one whole file; `state` tells when the disk does not take it."""
        from .table import Moments, Record, Rows, row_groups, table_of

        with self._writing:
            with self._lock:
                if not self._times:
                    return
                times, walls = self._times.copy(), self._walls.copy()
                rows, bulk, said = self._rows.copy(), self._bulk.copy(), self._said.copy()
                tags, steps = list(self._changes.tags), list(self._changes.steps)
            moments = Moments(self._begin, np.array(times), np.array(walls))
            parts = [*bulk, Rows.of(rows)] if rows else bulk
            table = table_of(moments, parts, [Record(*each) for each in said], tags, steps)
            level = TOP - 1 if table.num_rows >= BLOCK else 0
            file = File(moments.first, moments.last, level)
            try:
                write(self.folder, file, row_groups(table))
            except OSError as error:
                self._trouble("disk", f"{self.folder} does not take the history ({error})")
                return
            with self._lock:
                del self._times[: len(times)], self._walls[: len(times)]
                del self._rows[: len(rows)], self._bulk[: len(bulk)], self._said[: len(said)]
                self._begin += len(times)
                if file not in self._files:
                    self._files.append(file)
                self._counts[file] = table.num_rows
            self._trouble("disk", "")

    def state(self) -> Recording:
        """Return how the recorder is; any thread."""
        with self._lock:
            problem = "; ".join(text for text in self._problems.values() if text)
            return Recording(self._waiting, self._lost, problem)

    def close(self) -> None:
        """Write what is left and stop.

        Raises:
            HistorianError: the disk does not take what is left.
        """
        atexit.unregister(self._leave)
        if not self._halt.is_set():
            with self._lock:
                self._fill_gap(time.time())
                self._note("stop", 0.0, "recording ends")
                self._halt.set()
            self._wake.set()
            for thread in self._threads:
                thread.join()
        self.flush()
        left = self.state()
        self._held.close()
        if left.waiting:
            raise HistorianError(f"{left.waiting} rows of the history are lost: {left.problem}")

    # --- what waits, under the lock --------------------------------------------------------------

    @property
    def _upcoming(self) -> int:
        return self._begin + len(self._times)

    @property
    def _waiting(self) -> int:
        return len(self._times) + len(self._rows) + sum(len(part.tag) for part in self._bulk)

    def _room(self, samples: int, wall: float) -> bool:
        """Return whether a batch may be kept; if not, count it."""
        if self._waiting < self._most:
            self._fill_gap(wall)
            return True
        if not self._lost:
            self._lost_since = wall
            self._lost_why = self._problems["disk"] or "more came than the disk takes"
            self._changes.forget()
        self._lost += samples
        return False

    def _fill_gap(self, wall: float) -> None:
        """Record what could not be kept."""
        if self._lost:
            text = f"samples not kept in {wall - self._lost_since:.1f} s: {self._lost_why}"
            self._note("gap", float(self._lost), text)
            self._lost = 0

    def _note(self, kind: str, value: float, text: str) -> None:
        """Record something of the recorder itself, at a moment of its own."""
        self._said.append((self._upcoming, kind, value, text))
        self._times.append(self._changes.clock if kind != "start" else nan)
        self._walls.append(time.time())

    def _trouble(self, where: str, text: str) -> None:
        with self._lock:
            before, self._problems[where] = self._problems[where], text
        if text and not before:
            _log.error(text)
        elif before and not text:
            _log.warning("the history is written again")

    # --- threads ---------------------------------------------------------------------------------

    def _write(self) -> None:
        while not self._halt.is_set():
            self._wake.wait(self._flush_period)
            self._wake.clear()
            try:
                self.flush()
            except Exception as error:  # noqa: BLE001 - whatever it is: said, and tried again
                self._trouble("disk", f"the history cannot be written ({error!r})")

    def _keep(self) -> None:
        """Merge files, and drop old ones; a thread of its own, for a flush must not wait for it."""
        looked = -KEEP
        while not self._halt.wait(min(self._flush_period, 1.0)):
            try:
                while not self._halt.is_set() and self._merge_next():
                    pass
                self._trouble("merge", "")
                if self._retention is not None and time.monotonic() - looked >= KEEP:
                    self._drop(self._retention)
                    looked = time.monotonic()
            except DamagedFileError as error:
                self._damaged.add(error.name)  # its neighbours are merged without it
                self._trouble("files", str(error))
            except OSError as error:
                self._trouble("merge", f"files of {self.folder} cannot be kept ({error})")
                self._look_again()
                self._halt.wait(KEEP)

    def _merge_next(self) -> bool:
        with self._lock:
            files = [file for file in self._files if file.name not in self._damaged]
        parts = due(files, self._rows_of)
        if not parts:
            return False
        rows = sum(map(self._rows_of, parts))
        merged = merge(self.folder, parts, rows)
        with self._lock:
            at = self._files.index(parts[0])
            self._files[at : at + len(parts)] = [merged]
            self._counts = {
                file: self._counts[file] for file in self._files if file in self._counts
            }
            self._counts[merged] = rows
        return True

    def _rows_of(self, file: File) -> int:
        if file not in self._counts:
            from .table import rows_in

            self._counts[file] = rows_in(self.folder / file.name)
        return self._counts[file]

    def _drop(self, rule: Retention) -> None:
        if self._changes.leapt:  # no clock, no age: a wrong year must not cost the history
            self._trouble("retention", "the wall clock jumped ahead; ages wait for a new recorder")
            rule = Retention(None, rule.size)
        if retain(self.folder, rule):
            self._look_again()

    def _look_again(self) -> None:
        """Learn anew which files there are."""
        with self._lock:
            self._files = current(scan(self.folder))

    def _leave(self) -> None:
        """Close at the end of the process, if nobody did; a forked child has nothing to close."""
        if os.getpid() != self._pid:
            return
        try:
            self.close()
        except HistorianError as error:
            _log.error("%s", error)


def take_lock(folder: Path) -> IO[str]:
    """Make a folder one's own, and clear away what a killed recorder left; close to give it back.

    Raises:
        HistorianError: somebody else records into it, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = (folder / LOCK).open("w")
    except OSError as error:
        raise HistorianError(f"no history can be recorded in {folder}: {error}") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        sweep(folder)
    except OSError as error:
        held.close()
        if isinstance(error, BlockingIOError):
            raise HistorianError(
                f"another historian records into {folder}; stop it or choose another folder"
            ) from error
        raise HistorianError(f"no history can be recorded in {folder}: {error}") from error
    return held
