"""Writes, merges and drops files of a history, and dies of SIGKILL at a given step of it.

    python history_steps.py record|retain FOLDER

Makes FOLDER/<n> for n = 0, 1, ...: in each a process of its own does the whole job and is killed
just before its n-th fsync, rename or unlink, until one lives to the end. Prints the number of
batches that were safe, one line a folder.
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np

from passline.connectors.historian import Retention, files
from passline.connectors.historian.table import Moments, Rows, row_groups, table_of

files.FAN = (2, 2, 2)
BATCHES = 7
TAGS = ["f1.roll_force", "fm.fdt"]


def put(folder, n):
    """Write batch n: the value of both tags is its number."""
    ones = np.ones(2, np.int64)
    rows = Rows(
        np.arange(2, dtype=np.int32), n * ones, n * np.ones(2), 192 * ones, 0 * ones, 0 * ones
    )
    moments = Moments(n, np.array([float(n)]), np.array([1e9 + n]))
    table = table_of(moments, [rows], [], TAGS, [0.0, 0.5])
    files.write(folder, files.File(n, n, 0), row_groups(table))


def rows_of(file):
    return 3 * (file.last - file.first + 1)


def record(folder, safe):
    for n in range(1, BATCHES + 1):
        put(folder, n)
        os.write(safe, b".")
        while parts := files.due(files.current(files.scan(folder)), rows_of):
            files.merge(folder, parts, sum(map(rows_of, parts)))


def retain(folder, safe):
    files.sweep(folder)
    files.retain(folder, Retention(age=3.0), now=1e9 + BATCHES + 0.5)


def prepare(folder, job):
    folder.mkdir(parents=True)
    if job is retain:  # batches, and what a merge that was killed leaves behind
        for n in range(1, BATCHES + 1):
            put(folder, n)
        parts = files.scan(folder)
        kept = [(folder / part.name).read_bytes() for part in parts[:2]]
        files.merge(folder, parts[:2], 6)
        for part, content in zip(parts, kept, strict=False):
            (folder / part.name).write_bytes(content)


def die_before(step):
    left = step

    def guarded(call):
        def run(*arguments, **options):
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return call(*arguments, **options)

        return run

    for name in ("fsync", "replace", "unlink"):
        setattr(os, name, guarded(getattr(os, name)))


def main():
    job = {"record": record, "retain": retain}[sys.argv[1]]
    for step in range(1000):
        folder = Path(sys.argv[2], str(step))
        prepare(folder, job)
        heard, safe = os.pipe()
        child = os.fork()
        if child == 0:
            die_before(step)
            job(folder, safe)
            os._exit(0)
        os.close(safe)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{len(os.read(heard, 1000))}\n")
        sys.stdout.flush()
        os.close(heard)
        if os.WIFEXITED(status):
            return


if __name__ == "__main__":
    main()
