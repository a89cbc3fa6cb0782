"""The agent as a process before a virtual PLC and a gate that are processes too."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from passline.connectors.gate.client import GateClient

PLC = ("passline.connectors.virtual_plc.process", "--speed", "30", "--seed", "0",
       "--scenario", "faults")  # fmt: skip
GATE = ("passline.connectors.gate.server", "--mode", "closed")
CANNOT_SEE = {
    "event": "message",
    "text": "the plant cannot be seen: no decisions until its samples are good",
}
AGENT = ("passline.agents.operate", "--engine", "rules")


class Process:
    """A process of the house whose standard output goes to a file."""

    def __init__(self, folder, name, module, *arguments):
        self.path = folder / f"{name}-{time.monotonic_ns()}.out"
        with self.path.open("w") as out:
            self.child = subprocess.Popen(
                [sys.executable, "-m", module, "--dir", str(folder), *arguments],
                stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def lines(self):
        whole = self.path.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def wait_busy(self):
        """Wait for a decision, or for a few looks where there is nothing to decide."""

        def busy(_):
            events = Counter(line["event"] for line in self.lines())
            return events["decision"] > 0 or events["look"] > 5

        self.wait(busy)

    def wait(self, wanted, limit=120.0):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            found = next((line for line in self.lines() if wanted(line)), None)
            if found is not None:
                return found
            assert self.child.poll() is None, self.path.read_text()
            time.sleep(0.02)
        raise AssertionError(f"not seen within {limit} s: {self.path.read_text()[-2000:]}")

    def wait_ready(self):
        self.wait(lambda line: line.get("ready"), 150.0)  # kernels may be compiled
        return self

    def end(self, number=signal.SIGTERM):
        if self.child.poll() is None:
            self.child.send_signal(number)
        return self.child.wait(60)


@pytest.fixture
def start(tmp_path_factory):
    import shutil
    import tempfile
    from pathlib import Path

    folder = Path(tempfile.mkdtemp(prefix="op"))  # short: a Unix socket lies in it
    running = []

    def start(name, module, *arguments):
        if name == "gate":
            arguments = (*arguments, "--tags", str(folder / "hot_strip.yaml"))
        running.append(Process(folder, name, module, *arguments))
        return running[-1]

    start.folder = folder
    yield start
    for process in reversed(running):
        process.end(signal.SIGKILL)
    shutil.rmtree(folder)


def applied(folder):
    rows = map(json.loads, (folder / "plc_writes.jsonl").read_text().splitlines())
    return [row["action_id"] for row in rows if row.get("outcome") == "APPLIED"]


def is_now(what, state):
    return lambda line: line["event"] == what and line["state"] == state


def in_charge(folder, agent):
    """Wait until the agent may act; where it took too long, a person releases the plant again."""

    def acts(_):
        state = states(agent, "gate")[-1:]
        if state == ["handed back"]:
            keys = json.loads((folder / "pki" / "operators.json").read_text())["operators"]
            with GateClient(folder, "operator") as gate:
                gate.release("operator", keys["operator"])
        return state == ["up"]

    agent.wait(acts)


def states(agent, what):
    return [line["state"] for line in agent.lines() if line["event"] == what]


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.timeout(300)
def test_killed_agents_a_killed_gate_and_a_plant_out_of_sight_lose_nothing(start):
    folder = start.folder
    plc = start("plc", *PLC).wait_ready()
    gate = start("gate", *GATE).wait_ready()
    for _ in range(2):  # each life ends in the middle of what it does
        agent = start("agent", *AGENT)
        agent.wait_busy()
        assert agent.end(signal.SIGKILL) == -signal.SIGKILL
    agent = start("agent", *AGENT)
    in_charge(folder, agent)
    agent.wait(lambda _: applied(folder))  # a fast machine comes here before the first fault

    assert gate.end(signal.SIGKILL) == -signal.SIGKILL
    agent.wait(is_now("gate", "lost"))
    seen = len(agent.lines())
    agent.wait(lambda _: any(line["event"] == "look" for line in agent.lines()[seen:]))
    start("gate", *GATE).wait_ready()
    in_charge(folder, agent)

    plc.child.send_signal(signal.SIGSTOP)
    agent.wait(lambda _: states(agent, "link")[-1] == "lost")
    seen = len(agent.lines())
    time.sleep(2.0)
    assert agent.lines()[seen:] in ([], [CANNOT_SEE])
    plc.child.send_signal(signal.SIGCONT)
    agent.wait(lambda _: states(agent, "link")[-1] == "up")

    assert agent.end(signal.SIGTERM) == 0
    assert agent.lines()[-1] == {"event": "stopped", "reason": "asked to stop"}
    ids = applied(folder)
    assert ids
    assert max(Counter(ids).values()) == 1
    records = [json.loads(line) for line in (folder / "decisions.jsonl").read_text().splitlines()]
    assert len({record["key"] for record in records}) == len(records)
    assert set(ids) <= {record["action_id"] for record in records}
