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
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from passline.plant_sim.rollouts import EnvJob, Job, run_job
from passline.plant_sim.rollouts.store import Manifest, read_rows

from . import processes

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
]
JOB = Job("rules", "faults", tuple(range(37)), coils=2, block=3)
SCENARIOS = ("nominal", "disturbed", "faults")
IN_ENV = EnvJob("passline/RunOutTable-v0", "rules", SCENARIOS, tuple(range(40)), block=10)
JOBS: dict[str, Job | EnvJob] = {"desk": JOB, "environment": IN_ENV}
UNITS = {"desk": 13, "environment": 12}
STARTED: dict[int, set[int]] = {}  # by driver: descendants that were seen
DRIVER = """
import json, sys
from passline.plant_sim.rollouts import run_job
from passline.plant_sim.rollouts.env_job import read_job
job, folder, backend, workers = sys.argv[1:]
print(json.dumps(run_job(read_job(json.loads(job)), folder, backend, int(workers), False)))
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


Hashes = dict[tuple[str, int], str]


@pytest.fixture(scope="module")
def inline(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Hashes]:
    """Hashes of the episodes as played inline, all in one block."""
    found = {}
    for kind, job in JOBS.items():
        folder = tmp_path_factory.mktemp(kind)
        run_job(replace(job, block=40), folder, "inline", progress=False)
        found[kind] = hashes(folder)
    return found


def hashes(folder: Path) -> Hashes:
    rows = read_rows(folder, "episodes", Manifest.read(folder))
    found = {(row.get("scenario", ""), row["seed"]): row["sha256"] for row in rows}
    assert len(found) == len(rows), "an episode is there twice"
    return found


@contextmanager
def driver(
    of: Job | EnvJob, folder: Path, backend: str, workers: int, **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """Run the job in a process of its own; whatever it leaves behind is ended."""
    place = tempfile.mkdtemp(prefix="pl-")
    command = [sys.executable, "-c", DRIVER, json.dumps(of.data()), str(folder), backend]
    with subprocess.Popen(
        [*command, str(workers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"RAY_TMPDIR": place} | environment,
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
    """Return pid and command line of the driver and its descendants."""
    found = processes.family(process.pid)
    STARTED.setdefault(process.pid, set()).update(set(found) - {process.pid})
    return found


def wait_for_units(process: subprocess.Popen[str], folder: Path, count: int) -> None:
    while len(list(folder.glob("steps/unit-*.parquet"))) < count:
        assert process.poll() is None, "the driver ended too soon"
        time.sleep(0.02)


def told(process: subprocess.Popen[str]) -> dict[str, object]:
    """Return the summary of a driver that has ended well."""
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return dict(json.loads(output))


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    return [
        pid
        for pid, command in family(process).items()
        if "ray::RayPlayer" in command or "spawn_main" in command
    ]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", JOBS)
def test_one_worker_plays_the_bits_of_an_inline_job(kind, backend, tmp_path, inline):
    with driver(JOBS[kind], tmp_path, backend, 1) as process:
        summary = told(process)
    assert summary["units_played"] == UNITS[kind]
    assert hashes(tmp_path) == inline[kind]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", JOBS)
def test_a_killed_worker_costs_no_episode_and_only_loopback_listens(
    kind, backend, tmp_path, inline
):
    with driver(JOBS[kind], tmp_path, backend, 2) as process:
        wait_for_units(process, tmp_path, 1)
        workers = workers_of(process)
        os.kill(workers[0], signal.SIGKILL)
        addresses = processes.listeners(set(family(process)))
        summary = told(process)
    assert len(workers) == 2
    assert summary["units_played"] == UNITS[kind]
    assert hashes(tmp_path) == inline[kind]
    assert addresses <= processes.LOOPBACK
    assert bool(addresses) == (backend == "ray")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_seat_that_cannot_be_built_ends_the_job_and_says_why(backend, tmp_path):
    with driver(replace(JOB, seat="no.such.module:seat"), tmp_path, backend, 1) as process:
        _, errors = process.communicate()
    assert process.returncode == 1
    assert "ConfigError: seat 'no.such.module:seat' cannot be imported" in errors


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", JOBS)
def test_a_killed_driver_is_resumed_where_it_was(kind, backend, tmp_path, inline):
    with driver(JOBS[kind], tmp_path, backend, 2) as process:
        wait_for_units(process, tmp_path, 3)
        family(process)
        process.kill()
        process.wait()
    kept = Manifest.read(tmp_path).sound()
    summary = run_job(JOBS[kind], tmp_path, "inline", progress=False)
    assert summary["units_played"] == UNITS[kind] - len(kept)
    assert hashes(tmp_path) == inline[kind]


def test_a_second_driver_is_refused_and_a_killed_one_leaves_no_lock(tmp_path, inline):
    with driver(JOB, tmp_path, "inline", 1) as first:
        wait_for_units(first, tmp_path, 1)
        with driver(JOB, tmp_path, "inline", 1) as second:
            _, errors = second.communicate()
        assert second.returncode == 1
        assert f"ConfigError: another driver plays a job in {tmp_path}" in errors
        assert first.poll() is None, "the first one plays on"
        first.kill()
        first.wait()
    run_job(JOB, tmp_path, "inline", progress=False)
    assert hashes(tmp_path) == inline["desk"]


COUNTED = """
import os, sys
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
import ray
from passline.plant_sim.rollouts.commands import rollout
starts, start = [], ray.init
ray.init = lambda **how: (starts.append(how["address"]), start(**how))
rollout(
    sys.argv[1], ("hold", "rules"), "nominal", 12, block=4, env="passline/RunOutTable-v0",
    backend="ray", progress=False,
)
print(starts, ray.is_initialized())
"""


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed")
def test_two_seats_start_one_ray_and_leave_none(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    told = subprocess.run(
        [sys.executable, "-c", COUNTED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert told.stdout.splitlines()[-1:] == ["['local'] False"], told.stderr
    assert [len(hashes(tmp_path / seat)) for seat in ("hold", "rules")] == [12, 12]


TRAVELLER = """
from pathlib import Path
from passline.plant_sim.rollouts.policy import HoldPolicy

class Traveller(HoldPolicy):
    name = "traveller"
    travels = True
    def __init__(self, notes):
        self.weights = bytes(range(256))
        with Path(notes).open("a") as file:
            file.write("built\\n")
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_seat_that_travels_is_built_once_whatever_the_workers(backend, tmp_path):
    (tmp_path / "a_traveller.py").write_text(TRAVELLER)
    notes, paths = tmp_path / "notes", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"
    job = replace(IN_ENV, seat=f"a_traveller:Traveller:{notes}")
    with driver(job, tmp_path / "job", backend, 2, PYTHONPATH=paths) as process:
        assert told(process)["units_played"] == 12
    assert notes.read_text() == "built\n"


@pytest.mark.parametrize("backend", BACKENDS)
def test_many_kills_of_workers_and_driver_lose_change_and_repeat_nothing(backend, tmp_path, inline):
    random, kills, runs = Random(5), 0, 0
    job = replace(IN_ENV, block=4)  # 30 units
    while True:
        runs += 1
        with driver(job, tmp_path, backend, 2) as process:
            while process.poll() is None and kills < 5:
                done = len(list(tmp_path.glob("steps/unit-*.parquet")))
                with suppress(AssertionError):
                    wait_for_units(process, tmp_path, min(done + 2, 30))
                victims = [process.pid, *workers_of(process)]
                with suppress(ProcessLookupError):
                    os.kill(random.choice(victims), signal.SIGKILL)
                    kills += 1
            process.communicate()
        if process.returncode == 0:
            break
    assert kills >= 3
    assert hashes(tmp_path) == inline["environment"]
    assert len(Manifest.read(tmp_path).sound()) == 30
