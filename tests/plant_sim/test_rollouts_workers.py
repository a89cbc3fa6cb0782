"""Workers: the bits of an inline job, in processes and on Ray; kills lose nothing; only loopback.

The driver runs in a process of its own: it can be killed, and Ray is imported there and not here.
"""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import pytest

from passline.plant_sim.rollouts import Job, run_job
from passline.plant_sim.rollouts.store import Manifest, read_rows

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
]
JOB = Job("rules", "faults", tuple(range(37)), coils=2, block=3)
STARTED: dict[int, set[int]] = {}  # by driver: descendants that were seen
DRIVER = """
import json, sys
from passline.plant_sim.rollouts import run_job
from passline.plant_sim.rollouts.job import Job
job, folder, backend, workers = sys.argv[1:]
print(json.dumps(run_job(Job.read(json.loads(job)), folder, backend, int(workers), False)))
"""
BACKENDS = [
    "process",
    pytest.param(
        "ray",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("ray") is None, reason="ray is not installed: passline[ray]"
        ),
    ),
]


@pytest.fixture(scope="module")
def inline(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """Hashes of the episodes as played inline, all in one block."""
    folder = tmp_path_factory.mktemp("inline")
    run_job(Job(**{**JOB.data(), "block": 37}), folder, "inline", progress=False)
    return hashes(folder)


def hashes(folder: Path) -> dict[int, str]:
    rows = read_rows(folder, "episodes", Manifest.read(folder))
    assert len({row["seed"] for row in rows}) == len(rows), "an episode is there twice"
    return {row["seed"]: row["sha256"] for row in rows}


@contextmanager
def driver(
    folder: Path, backend: str, workers: int, seat: str = JOB.seat
) -> Iterator[subprocess.Popen[str]]:
    """Run the job in a process of its own; whatever it leaves behind is ended."""
    place = tempfile.mkdtemp(prefix="pl-")
    job = json.dumps(asdict(JOB) | {"seat": seat})
    command = [sys.executable, "-c", DRIVER, job, str(folder), backend]
    with subprocess.Popen(
        [*command, str(workers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"RAY_TMPDIR": place},
    ) as process:
        try:
            yield process
        finally:
            process.kill()
            for child in STARTED.pop(process.pid, set()):
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
    for _ in range(50):  # what was killed may still be writing
        shutil.rmtree(place, ignore_errors=True)
        if not Path(place).exists():
            break
        time.sleep(0.1)


def family(process: subprocess.Popen[str]) -> dict[int, str]:
    """Return pid and command line of the driver's descendants."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            text = status.read_text()
            parents[int(text.split()[0])] = int(text.rsplit(")", 1)[1].split()[1])
    found: dict[int, str] = {}
    for pid in parents:
        at = pid
        while at in parents and at != process.pid:
            at = parents[at]
        if at == process.pid:
            with suppress(OSError):
                found[pid] = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    STARTED.setdefault(process.pid, set()).update(set(found) - {process.pid})
    return found


def wait_for_units(process: subprocess.Popen[str], folder: Path, count: int) -> None:
    while len(list(folder.glob("coils/unit-*.parquet"))) < count:
        assert process.poll() is None, "the driver ended too soon"
        time.sleep(0.02)


def listeners(pids: set[int]) -> set[str]:
    """Return the local addresses, in hex, on which these processes listen."""
    sockets = set()
    for pid in pids:
        for file in Path(f"/proc/{pid}/fd").glob("*"):
            with suppress(OSError):
                sockets.add(str(file.readlink()))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            field = line.split()
            if field[3] == "0A" and f"socket:[{field[9]}]" in sockets:
                found.add(field[1].split(":")[0])
    return found


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_worker_plays_the_bits_of_an_inline_job(backend, tmp_path, inline):
    with driver(tmp_path, backend, 1) as process:
        summary = json.loads(process.communicate()[0])
    assert summary["units_played"] == 13
    assert hashes(tmp_path) == inline


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_killed_worker_costs_no_episode_and_only_loopback_listens(backend, tmp_path, inline):
    with driver(tmp_path, backend, 2) as process:
        wait_for_units(process, tmp_path, 2)
        workers = [
            pid
            for pid, command in family(process).items()
            if "ray::RayPlayer" in command or "spawn_main" in command
        ]
        os.kill(workers[0], signal.SIGKILL)
        addresses = listeners(set(family(process)))
        summary = json.loads(process.communicate()[0])
    assert len(workers) == 2
    assert summary["units_played"] == 13
    assert hashes(tmp_path) == inline
    assert addresses <= {"0100007F", "0000000000000000FFFF00000100007F", "0" * 24 + "01000000"}
    assert bool(addresses) == (backend == "ray")


def test_a_seat_that_cannot_be_built_ends_the_job_and_says_why(tmp_path):
    with driver(tmp_path, "process", 1, seat="no.such.module:seat") as process:
        _, errors = process.communicate()
    assert process.returncode == 1
    assert "ConfigError: seat 'no.such.module:seat' cannot be imported" in errors


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_killed_driver_is_resumed_where_it_was(backend, tmp_path, inline):
    with driver(tmp_path, backend, 2) as process:
        wait_for_units(process, tmp_path, 3)
        family(process)
        process.kill()
        process.wait()
    kept = Manifest.read(tmp_path).sound()
    summary = run_job(JOB, tmp_path, "inline", progress=False)
    assert summary["units_played"] == 13 - len(kept) < 13
    assert hashes(tmp_path) == inline
