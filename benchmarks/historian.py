"""What a history costs: bytes, CPU and the wait for one coil.

    .venv/bin/python benchmarks/historian.py day [--hours 24] [--tags 200] [--finer 4] [--keep F]
    .venv/bin/python benchmarks/historian.py add [--seconds 600] [--tags 200]
    .venv/bin/python benchmarks/historian.py encodings [--finer 4]

*day* plays a disturbed day of the simulated line and records it at 10 Hz. The line gives values
every 0.5 s, its own noise included; between them analogue values are interpolated, and every
sample of an instrument gets noise of that instrument's own standard deviation once more, so the
day is noisier than a plant. Instruments are taken first, then set-points and computed values until
there are as many tags as asked for. A value is rounded to the resolution of its instrument: its
noise over `--finer`. Plant times jitter by 1 ms, the way to the recorder takes 2 ms and a random
3 ms more. *add* feeds the same values batch by batch, as a connector does, in real files and with
all merges, but without waiting in between. *encodings* packs ten minutes in every way.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from passline.connectors.historian import Historian, Rule, coils
from passline.connectors.historian.files import FAN, current, scan
from passline.plant_sim.lines.hot_strip.lanes import INTERVAL, HotStripLanes
from passline.plant_sim.signals import Quality, Sample, Signal

RATE = 10  # Hz
CHUNK = 720.0  # s that are recorded at once: what a live recorder merges into one block
FIRST = 1_790_000_000.0  # wall time (s) at which the day begins

Batches = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


class Day:
    """The tags of a disturbed day and their values at 10 Hz."""

    def __init__(self, tags: int, finer: float) -> None:
        self.lanes = HotStripLanes([1], "disturbed")
        signals: list[Signal] = list(self.lanes.signals.values())
        must = [signal for signal in signals if signal.name in ("coil.number", "coil.phase")]
        order = must + sorted(
            (signal for signal in signals if signal not in must), key=lambda s: s.noise == 0.0
        )
        self.signals = order[:tags]
        self._columns = [signals.index(signal) for signal in self.signals]
        self._noise = np.array([signal.noise for signal in self.signals])
        self.rules = {signal.name: Rule(_resolution(signal, finer)) for signal in self.signals}
        self._rng = np.random.default_rng(0)
        self._clock = 0.0

    def batches(self, seconds: float) -> Batches:
        """Return the next plant times, wall times and values."""
        rows = [self.lanes.read()[0, self._columns]]
        for _ in range(round(seconds / INTERVAL)):
            self.lanes.advance(1)
            rows.append(self.lanes.read()[0, self._columns])
        shown = np.array(rows)
        at = np.arange(round(seconds * RATE)) / RATE
        whole = (at / INTERVAL).astype(int)
        part = (at / INTERVAL - whole)[:, None] * (self._noise > 0.0)
        values = shown[whole] * (1.0 - part) + shown[whole + 1] * part
        values += self._rng.normal(size=values.shape) * self._noise
        times = self._clock + at + self._rng.normal(0.0, 1e-3, len(at))
        self._clock += seconds
        wall = FIRST + times + 2e-3 + self._rng.exponential(3e-3, len(at))
        return np.maximum.accumulate(times), wall, values


def _resolution(signal: Signal, finer: float) -> float:
    if signal.noise > 0.0:
        return signal.noise / finer
    return 0.0 if signal.display == "1" else 1e-5 * (signal.high - signal.low)


def folder_size(folder: Path) -> int:
    """Return the bytes of all files."""
    return sum(file.stat().st_size for file in folder.glob("samples-*.parquet"))


def measure_day(hours: float, tags: int, finer: float, keep: Path | None) -> None:
    """Record a day, and ask for coils."""
    folder = keep or Path(tempfile.mkdtemp(prefix="history-"))
    day = Day(tags, finer)
    names = [signal.name for signal in day.signals]
    noisy = sum(signal.noise > 0 for signal in day.signals)
    spent, samples = 0.0, 0
    historian = Historian(folder, flush=1e6, rules=day.rules)
    for _ in range(round(hours * 3600 / CHUNK)):
        times, wall, values = day.batches(CHUNK)
        cpu = time.thread_time()
        historian.add_many(names, times, values, wall=wall)
        historian.flush()
        spent += time.thread_time() - cpu
        samples += values.size
    historian.close()
    files = current(scan(folder))
    size, per = folder_size(folder), 24.0 / hours
    rolled = coils(folder)
    print(
        f"{hours:g} h, {tags} tags ({noisy} with noise) at {RATE} Hz, resolution noise/{finer:g}: "
        f"{samples / 1e6:.1f} M samples, {len(files)} files, {len(rolled)} coils"
    )
    rows = _rows(folder)
    print(
        f"  {size / 1e6:.1f} MB, {size * per / 1e6:.0f} MB a day; {8 * size / samples:.2f} bits a "
        f"sample, {8 * size / rows:.2f} a row ({100 * rows / samples:.0f} % of the samples)"
    )
    print(f"  recorded in bulk with {1e9 * spent / samples:.0f} CPU-ns a sample")
    _ask(folder, rolled[len(rolled) // 2].number, names, f"{len(files)} files")
    if keep is None:
        shutil.rmtree(folder)


def _rows(folder: Path) -> int:
    from pyarrow.parquet import read_metadata

    return sum(read_metadata(file).num_rows for file in folder.glob("samples-*.parquet"))


def _ask(folder: Path, coil: int, names: list[str], what: str) -> None:
    """Ask for a coil in a new process, and again in the same."""
    program = (
        "import sys, time; wall, cpu = time.perf_counter(), time.process_time()\n"
        "from passline.connectors.historian import query\n"
        "folder, coil, names = sys.argv[1], int(sys.argv[2]), sys.argv[3:]\n"
        "for turn in range(6):\n"
        "    found = query(folder, names, coil=coil)\n"
        "    rows = sum(len(trace.time) for trace in found.values())\n"
        "    if turn in (0, 5): print(f'{time.perf_counter() - wall:.3f} s wall, '\n"
        "        f'{time.process_time() - cpu:.3f} CPU-s, {rows} rows', flush=True)\n"
        "    wall, cpu = time.perf_counter(), time.process_time()\n"
    )
    for some in (["fm.exit_thickness"], names):
        command = [sys.executable, "-c", program, str(folder), str(coil), *some]
        _forget(folder)
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        first, *_, again = lines.splitlines()
        print(f"  coil {coil}, {len(some)} tags, {what}: new process {first}; again {again}")


def _forget(folder: Path) -> None:
    """Have the files read from the disk again."""
    for file in folder.glob("samples-*.parquet"):
        with file.open("rb") as handle:
            os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure_add(seconds: float, tags: int, finer: float) -> None:
    """Record batch by batch through `add`."""
    import resource

    folder = Path(tempfile.mkdtemp(prefix="history-"))
    day = Day(tags, finer)
    names = [signal.name for signal in day.signals]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    historian = Historian(folder, flush=1e6, rules=day.rules)
    adding = flushing = making = 0.0
    count, begun = 0, time.process_time()
    cpu = time.thread_time()
    for times, _, values in _chunks(day, seconds):
        for number, (at, row) in enumerate(zip(times.tolist(), values.tolist(), strict=True)):
            batch = {
                name: Sample(value, Quality.GOOD, at, 0.0)
                for name, value in zip(names, row, strict=True)
            }
            making += time.thread_time() - cpu
            cpu = time.thread_time()
            historian.add(batch)
            adding += time.thread_time() - cpu
            count += len(batch)
            if number % RATE == RATE - 1:
                cpu = time.thread_time()
                historian.flush()
                flushing += time.thread_time() - cpu
            cpu = time.thread_time()
    while sum(file.level == 0 for file in current(scan(folder))) >= FAN[0]:
        time.sleep(0.5)
    historian.close()
    merging = time.process_time() - begun - making - adding - flushing
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{seconds:g} s of {tags} tags at {RATE} Hz: add {1e9 * adding / count:.0f}, a flush a "
        f"second {1e9 * flushing / count:.0f}, merges {1e9 * merging / count:.0f} CPU-ns a "
        f"sample; in all "
        f"{100 * (adding + flushing + merging) / seconds:.2f} % of a core at this rate"
    )
    print(
        f"  flush {1e3 * flushing / seconds:.1f} CPU-ms; peak memory {before / 1024:.0f} MB with "
        f"the simulation, {(peak - before) / 1024:.0f} MB more when recording; "
        f"{folder_size(folder) * 86400 / seconds / 1e6:.0f} MB a day"
    )
    shutil.rmtree(folder)


def _chunks(day: Day, seconds: float) -> Iterator[Batches]:
    for _ in range(max(1, round(seconds / 60.0))):
        yield day.batches(60.0)


def measure_encodings(tags: int, finer: float) -> None:
    """Pack ten minutes of one column in every way."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    day = Day(tags, finer)
    day.batches(1800.0)  # strip is in the mill
    times, _, values = day.batches(600.0)
    steps = np.array([day.rules[signal.name].resolution for signal in day.signals])
    rounded = np.where(steps > 0, np.rint(values / np.where(steps > 0, steps, 1)) * steps, values)
    kept = np.ones(values.shape, dtype=bool)
    kept[1:] = rounded[1:] != rounded[:-1]
    tag, batch = np.nonzero(kept.T)
    value, step = rounded[batch, tag], steps[tag]
    count = np.rint(value / np.where(step > 0, step, 1.0)).astype(np.int64)
    columns: dict[str, Any] = {
        "value, raw": values[batch, tag],
        "value, rounded": value,
        "value as count": count,
        "time, us": np.round(times[batch] * 1e6).astype(np.int64),
        "time, ms": np.round(times[batch] * 1e3).astype(np.int64),
        "moment": batch,
    }
    ways: dict[str, dict[str, Any]] = {
        "plain": {"use_dictionary": False},
        "dictionary": {"use_dictionary": True},
        "split": {"use_dictionary": False, "column_encoding": "BYTE_STREAM_SPLIT"},
        "delta": {"use_dictionary": False, "column_encoding": "DELTA_BINARY_PACKED"},
    }
    print(f"{tags} tags, resolution noise/{finer:g}: bits a row with zstd 3; {len(tag)} rows")
    for what, column in columns.items():
        sizes = []
        for way, options in ways.items():
            if way == "delta" and column.dtype.kind == "f":
                continue
            sink = pa.BufferOutputStream()
            table = pa.table({"x": column})
            pq.write_table(
                table, sink, compression="zstd", compression_level=3, row_group_size=65536,
                **options,
            )  # fmt: skip
            sizes.append(f"{way} {8 * sink.getvalue().size / len(tag):.2f}")
        print(f"  {what:16} {', '.join(sizes)}")


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("day", "add", "encodings"))
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--tags", type=int, default=200)
    parser.add_argument("--finer", type=float, default=4.0)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    if given.part == "day":
        measure_day(given.hours, given.tags, given.finer, given.keep)
    elif given.part == "add":
        measure_add(given.seconds, given.tags, given.finer)
    else:
        measure_encodings(given.tags, given.finer)


if __name__ == "__main__":
    main()
