"""Every sample, queryable for ever: Parquet files written whole, read by DuckDB."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..plant_sim.signals import Quality, Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLUSH = 5.0  # wall s between two files
ROWS = 50_000  # a file is written earlier when this many rows wait


@dataclass(frozen=True)
class Trace:
    """One signal over time: plant clock (s), value (SI; NaN where BAD), quality."""

    time: "NDArray[np.float64]"
    value: "NDArray[np.float64]"
    quality: "NDArray[np.int64]"


class Historian:
    """Collects samples and writes them in the background; a crash loses at most the last seconds.

    Args:
        folder: where the files go.
        flush: wall s between two files.
    """

    def __init__(self, folder: str | Path, flush: float = FLUSH) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._flush_period = flush
        self._lock = threading.Lock()
        self._rows: list[tuple[float, float, str, float, int, int]] = []
        self._last: dict[str, tuple[float, Quality]] = {}
        self._serial = 0
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._run, name="historian", daemon=True)
        self._thread.start()

    def add(self, samples: Mapping[str, Sample]) -> None:
        """Keep every sample whose value or quality differs from the last one kept. Any thread."""
        wall = time.time()
        with self._lock:
            for name, sample in samples.items():
                face = (sample.value, sample.quality)
                old = self._last.get(name)
                both_bad = sample.quality is Quality.BAD and old and old[1] is Quality.BAD
                if face == old or both_bad:
                    continue
                self._last[name] = face
                self._rows.append(
                    (wall, sample.time, name, sample.value, int(sample.quality), sample.status)
                )
            full = len(self._rows) >= ROWS
        if full:
            self.flush()

    def flush(self) -> None:
        """Write what waits, as one whole file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        with self._lock:
            rows, self._rows = self._rows, []
            self._serial += 1
            serial = self._serial
        if not rows:
            return
        columns = list(zip(*rows, strict=True))
        table = pa.table(
            {
                "wall": pa.array(columns[0], pa.float64()),
                "time": pa.array(columns[1], pa.float64()),
                "name": pa.array(columns[2], pa.string()).dictionary_encode(),
                "value": pa.array(columns[3], pa.float64()),
                "quality": pa.array(columns[4], pa.int16()),
                "status": pa.array(columns[5], pa.int64()),
            }
        )
        path = self.folder / f"samples-{time.time_ns()}-{serial:06d}.parquet"
        draft = path.with_suffix(".tmp")
        pq.write_table(table, draft)
        draft.replace(path)

    def close(self) -> None:
        """Write what is left and stop."""
        self._halt.set()
        self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._halt.wait(self._flush_period):
            self.flush()


def query(
    folder: str | Path,
    names: Sequence[str],
    start: float = float("-inf"),
    end: float = float("inf"),
) -> dict[str, Trace]:
    """Return what was recorded between two plant times.

    Args:
        folder: of the historian.
        names: signals.
        start: first plant time (s).
        end: last plant time (s).

    Returns:
        One trace for each name, empty where nothing was recorded, in the order of recording.
    """
    import duckdb

    found: dict[str, list[tuple[float, float, int]]] = {name: [] for name in names}
    files = sorted(str(file) for file in Path(folder).glob("samples-*.parquet"))
    if files and names:
        with duckdb.connect() as database:
            rows = database.execute(
                "SELECT name, time, value, quality FROM read_parquet(?) "
                "WHERE list_contains(?, name) AND time BETWEEN ? AND ? ORDER BY wall, time",
                [files, list(names), start, end],
            ).fetchall()
        for name, at, value, quality in rows:
            found[name].append((at, value, quality))
    return {
        name: Trace(
            np.array([row[0] for row in rows], dtype=np.float64),
            np.array([row[1] for row in rows], dtype=np.float64),
            np.array([row[2] for row in rows], dtype=np.int64),
        )
        for name, rows in found.items()
    }
