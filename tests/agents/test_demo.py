"""The demo as a user runs it: real processes, real sockets, and what may go wrong with them."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from passline.agents import shift
from passline.agents.demo import run
from passline.agents.order import Order
from passline.agents.processes import Child, ChildError
from passline.agents.reports.baselines import Baselines
from passline.agents.reports.records import rows
from passline.agents.shift import Shift
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.lines.hot_strip.line import HotStripLine

PATIENCE = 300.0  # wall s; a cold start compiles the plant
slow = pytest.mark.slow
patient = pytest.mark.timeout(2 * PATIENCE)
PIDFD_GETFD = 438  # number of the system call, the same on every architecture


class Demo:
    """A running demo, its folder and what it has said so far."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self._said = folder, folder.parent / "said.txt"
        command = [sys.executable, "-m", "passline.agents.demo", "--dir", str(folder), *options]
        with self._said.open("w") as said:
            self.process = subprocess.Popen(
                command, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def said(self) -> str:
        return self._said.read_text()

    @property
    def coils(self):
        return rows(self.folder / "coils.jsonl")

    def pid(self, name: str) -> int:
        return int(json.loads((self.folder / "processes.json").read_text())[name])

    def until(self, what, that: str) -> None:
        end = time.monotonic() + PATIENCE
        while not what():
            assert self.process.poll() is None, f"ended before {that}:\n{self.said}"
            assert time.monotonic() < end, f"never {that}:\n{self.said}"
            time.sleep(0.05)

    def end(self) -> int:
        return self.process.wait(PATIENCE)

    def orphans(self):
        """Return the child processes that are still there."""
        path = self.folder / "processes.json"
        pids = json.loads(path.read_text()).values() if path.exists() else []
        return [pid for pid in pids if pid and Path(f"/proc/{pid}").exists()]


@contextmanager
def demo(folder, *options):
    running = Demo(folder / "run", "--engine", "rules", *options)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGTERM)
            try:
                running.process.wait(30)
            except subprocess.TimeoutExpired:
                running.process.kill()


def applied(folder):
    found = rows(folder / "plc_writes.jsonl")
    return [row["action_id"] for row in found if row["outcome"] == "APPLIED"]


def sockets_of(pid):
    """Return copies of the TCP sockets of another process of ours, to cut them from outside."""
    library = ctypes.CDLL(None, use_errno=True)
    handle = os.pidfd_open(pid)
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        copy = library.syscall(PIDFD_GETFD, handle, int(descriptor.name), 0)
        if copy < 0:
            continue
        try:
            connection = socket.socket(fileno=copy)
        except OSError:  # not a socket
            os.close(copy)
            continue
        if connection.family == socket.AF_INET and connection.type == socket.SOCK_STREAM:
            found.append(connection)
        else:
            connection.close()
    os.close(handle)
    return found


def cut(pid):
    """Cut every established TCP connection of a process; return how many there were."""
    cuts = 0
    for connection in sockets_of(pid):
        with connection:
            try:
                connection.getpeername()
            except OSError:  # it only listens
                continue
            connection.shutdown(socket.SHUT_RDWR)
            cuts += 1
    return cuts


@slow
@patient
def test_the_demo_rolls_its_coils_with_an_agent_and_reports(tmp_path):
    with demo(tmp_path, "--speed", "30", "--coils", "4", "--seed", "0") as running:
        assert running.end() == 0, running.said
        said, folder = running.said, running.folder
        summary = json.loads((folder / "summary.json").read_text())
        assert summary["coils"] == 4
        assert summary["cross_check"]["clean"]
        assert summary["columns"]["agent"]["moves"] == len(applied(folder)) > 0
        for line in ("no agent", "rules", "Writes, from the PLC's own log", "report: "):
            assert line in said
        assert applied(folder)[0][:12] in said
        assert "<svg" in (folder / "report.html").read_text()
        assert running.orphans() == []


@slow
@patient
def test_the_plant_rolls_on_whatever_is_killed_or_cut_and_no_write_is_done_twice(tmp_path):
    with demo(tmp_path, "--speed", "12", "--coils", "5", "--seed", "0") as running:
        running.until(lambda: len(running.coils) >= 1, "a coil")
        os.kill(running.pid("agent"), signal.SIGKILL)
        running.until(lambda: "The agent ended" in running.said, "the agent missed")
        running.until(lambda: "the agent works again" in running.said, "the agent back")
        os.kill(running.pid("gate"), signal.SIGKILL)
        running.until(lambda: "The gate ended" in running.said, "the gate missed")
        running.until(lambda: "the gate works again" in running.said, "the gate back")
        assert cut(running.pid("plc")) >= 2
        assert running.end() == 0, running.said
        folder = running.folder
        assert [coil["number"] for coil in running.coils] == [1, 2, 3, 4, 5]
        assert "the plant ran on by its own automation, and it was started again" in running.said
        ids = applied(folder)
        assert len(ids) == len(set(ids))
        summary = json.loads((folder / "summary.json").read_text())
        assert summary["interruptions"] == 2
        assert summary["cross_check"]["clean"]
        assert running.orphans() == []


@slow
@patient
def test_ctrl_c_ends_every_process_and_reports_the_coils_that_are_finished(tmp_path):
    with demo(tmp_path, "--speed", "20", "--coils", "3", "--seed", "1") as running:
        running.until(lambda: len(running.coils) >= 1, "a coil")
        running.process.send_signal(signal.SIGINT)
        running.process.send_signal(signal.SIGINT)  # impatience must leave nothing behind
        assert running.end() == 130
        summary = json.loads((running.folder / "summary.json").read_text())
        assert 1 <= summary["coils"] < 3
        assert not summary["finished"]
        assert "The run ended early" in running.said
        assert running.orphans() == []


@slow
@patient
def test_a_plant_that_dies_ends_the_demo_with_one_sentence_and_what_there_is(tmp_path):
    with demo(tmp_path, "--speed", "20", "--coils", "3", "--seed", "1") as running:
        running.until(lambda: len(running.coils) >= 1, "a coil")
        os.kill(running.pid("plc"), signal.SIGKILL)
        assert running.end() == 1
        assert "the virtual PLC ended with status -9 before its coils were rolled" in running.said
        assert (running.folder / "report.html").exists()
        assert running.orphans() == []


@slow
@patient
def test_a_process_that_cannot_start_ends_the_demo_with_one_sentence(tmp_path):
    (tmp_path / "run" / "coils.jsonl").mkdir(parents=True)  # the PLC cannot write its coils there
    with demo(tmp_path, "--coils", "3") as running:
        assert running.end() == 1
        assert "plc ended with status 1 before it was ready" in running.said
        assert "Traceback" not in running.said
        assert running.orphans() == []


def test_the_plant_is_compiled_before_anything_starts_and_it_is_said(tmp_path, monkeypatch):
    """A child that compiles keeps the others waiting; a person must know why nothing moves."""
    happened = []

    class Told:
        def say(self, text, *, abnormal=False):
            happened.append(text.en)

    def compile_slowly(self, seconds):
        time.sleep(0.2)
        happened.append("compiled")

    def start(self):
        happened.append(f"{self.name} started")
        raise ChildError("enough")

    monkeypatch.setattr(shift, "SOON", 0.01)
    monkeypatch.setattr(HotStripLine, "advance", compile_slowly)
    monkeypatch.setattr(Child, "start", start)
    monkeypatch.setattr(Baselines, "start", lambda self: happened.append("baselines started"))
    with pytest.raises(ChildError):
        Shift(Order(0, "en", 3, 15.0, "rules", tmp_path / "run"), Told()).start()
    at = happened.index("compiled")
    assert happened[at - 1] == shift.COMPILING.en
    assert [text for text in happened if text.endswith(" started")] == happened[-2:]
    assert happened.index("baselines started") > at


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"coils": 0}, "coils 0 is outside"),
        ({"speed": 1000.0}, "speed 1000 is outside"),
        ({"lang": "de"}, "language 'de' is not spoken"),
        ({"engine": "oracle"}, "engine 'oracle' is not known"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_started(tmp_path, wrong, said):
    with pytest.raises(ConfigError, match=said):
        run(folder=tmp_path / "run", **wrong)
    assert not (tmp_path / "run").exists()


def test_a_folder_with_a_run_in_it_is_not_used_again(tmp_path):
    (tmp_path / "demo.json").write_text("{}")
    with pytest.raises(ConfigError, match="holds a run already"):
        Order(0, "en", 3, 15.0, "rules", tmp_path).check()
