"""A cluster of Ray, started by its own command on loopback with a token, and joined from outside.

Each driver is a process of its own: Ray is imported there and not here.
"""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from passline.plant_sim.rollouts import EnvJob, run_job
from passline.plant_sim.rollouts.store import Manifest, read_rows

from .processes import LOOPBACK, family, listeners

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None, reason="ray is not installed: passline[ray]"
    ),
]
TABLE = "passline/RunOutTable-v0"
TOKEN = "0123456789abcdef" * 4
START = 60.0  # s
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}


@dataclass(frozen=True)
class Head:
    """A running head of two cores."""

    process: subprocess.Popen[bytes]
    address: str


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    place = tempfile.mkdtemp(prefix="pl-")  # short: the names of Ray's sockets must be
    command = [
        "ray", "start", "--head", "--block", "--node-ip-address=127.0.0.1", f"--port={port}",
        "--num-cpus=2", "--include-dashboard=false", "--object-store-memory=83886080",
        f"--temp-dir={place}", "--disable-usage-stats",
    ]  # fmt: skip
    own = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_TOKEN": TOKEN}
    command[0] = str(Path(sys.executable).with_name("ray"))
    with (Path(place) / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=CLEAN | own)
    try:
        end = time.monotonic() + START
        while "Ray runtime started" not in (Path(place) / "log").read_text():
            assert process.poll() is None, (Path(place) / "log").read_text()
            assert time.monotonic() < end, (Path(place) / "log").read_text()
            time.sleep(0.2)
        yield Head(process, f"127.0.0.1:{port}")
    finally:
        left = family(process.pid)
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(place, ignore_errors=True)


def rollout(folder: Path, address: str, token: str) -> subprocess.Popen[str]:
    """Begin a rollout of two seats in a process of its own, as the command line does."""
    command = [
        sys.executable, "-c", "from passline.agents.cli import main; main()", "rollout",
        str(folder), "--env", TABLE, "--scenario", "nominal", "--episodes", "12", "--block", "2",
        "--backend", "ray", "--workers", "3",
    ]  # fmt: skip
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=CLEAN | {"RAY_ADDRESS": address, "RAY_AUTH_TOKEN": token},
    )


def hashes(folder: Path) -> dict[int, str]:
    return {
        row["seed"]: row["sha256"] for row in read_rows(folder, "episodes", Manifest.read(folder))
    }


def test_a_cluster_plays_the_bits_of_an_inline_job_and_is_left_running(head, tmp_path):
    """Three workers are asked for where two cores are: who finds no place holds nothing up."""
    with rollout(tmp_path / "cluster", head.address, TOKEN) as process:
        addresses = set[str]()
        while process.poll() is None:
            addresses |= listeners({*family(process.pid), *family(head.process.pid)})
            time.sleep(0.5)
        _, errors = process.communicate()
    assert process.returncode == 0, errors
    for seat in ("hold", "rules"):
        job = EnvJob(TABLE, seat, ("nominal",), tuple(range(12)))
        run_job(job, tmp_path / seat, "inline", progress=False)
        assert hashes(tmp_path / "cluster" / seat) == hashes(tmp_path / seat)
    assert head.process.poll() is None
    assert any("gcs_server" in command for command in family(head.process.pid).values())
    assert not any("RayPlayer" in command for command in family(head.process.pid).values())
    assert addresses
    assert addresses <= LOOPBACK


def test_a_wrong_token_is_one_sentence(head, tmp_path):
    with rollout(tmp_path, head.address, TOKEN[::-1]) as process:
        _, errors = process.communicate()
    assert process.returncode != 0
    assert "does not let us in" in errors
    assert "RAY_AUTH_TOKEN" in errors
    assert "Traceback" not in errors


def test_an_address_where_nothing_listens_is_one_sentence(tmp_path):
    with rollout(tmp_path, "127.0.0.1:1", TOKEN) as process:
        _, errors = process.communicate()
    assert process.returncode != 0
    assert "nothing listens at RAY_ADDRESS '127.0.0.1:1'" in errors
    assert "Traceback" not in errors
