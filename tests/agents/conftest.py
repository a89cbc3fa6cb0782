"""A bench for the supervisor: a real gate (ledger, audit, socket) before a plant kept in memory."""

import json
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import pytest

from passline.agents.duty import Operator
from passline.agents.record import DecisionLog
from passline.agents.supervisor import open_checkpoints
from passline.agents.watch import Watch
from passline.connectors.gate.check import Mode, Policy
from passline.connectors.gate.client import GateClient
from passline.connectors.gate.gate import Gate
from passline.connectors.gate.plant import Outcome
from passline.connectors.gate.server import GateServer
from passline.plant_sim.controls import HOLD, Control, Decision
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS, offer
from passline.plant_sim.lines.hot_strip.signal_table import SIGNALS
from passline.plant_sim.signals import Quality, Sample
from passline.plant_sim.snapshot import Snapshot, StandingAlarm


@dataclass(frozen=True)
class Echo:
    outcome: int
    value: float
    applied: bool = True
    time: float = nan


class BenchPlant:
    """A plant in memory with a mailbox: it applies an action id once and logs every request."""

    tags_hash = "bench"
    controls: Mapping[str, Control] = CONTROLS
    spans: Mapping[str, float] = {name: one.high - one.low for name, one in SIGNALS.items()}

    def __init__(self):
        self.time = 1000.0
        self.values = {
            name: 0.0 if name in CONTROLS else (signal.low + signal.high) / 2
            for name, signal in SIGNALS.items()
        }
        self.values |= {"coil.number": 3.0, "coil.phase": 2.0, "plc.remote": 1.0}
        self.bad: set[str] = set()
        self.requests: list[tuple[str, str, float]] = []  # as they arrive
        self.applied: dict[str, Echo] = {}
        self.voided: dict[str, Echo] = {}
        self._pulse = 0.0

    def samples(self):
        now = time.monotonic()
        self._pulse += 1.0
        values = self.values | {"plc.heartbeat": self._pulse}
        return {
            name: Sample(value, Quality.BAD if name in self.bad else Quality.GOOD, self.time, now)
            for name, value in values.items()
        }

    def read(self, name):
        return self.samples().get(name)

    def send(self, action_id, control, value):
        self.requests.append((action_id, control, value))
        if action_id in self.voided:
            return self.voided[action_id]
        if action_id in self.applied:
            return Echo(Outcome.DUPLICATE, self.applied[action_id].value)
        self.values[control] = value
        self.applied[action_id] = Echo(Outcome.APPLIED, value)
        return self.applied[action_id]

    def memory(self):
        return None

    def lookup(self, action_id, control):
        return self.applied.get(action_id) or self.voided.get(action_id)

    def void(self, action_id):
        if action_id not in self.applied:
            self.voided[action_id] = Echo(Outcome.MALFORMED, 0.0, applied=False)

    def beat(self):
        pass

    def close(self):
        pass


class Chooses:
    """A seat that wants one move after the other: the first of its wishes that is offered."""

    def __init__(self, *wishes: str, confidence: float = 0.9, name: str = "model") -> None:
        self.name = name
        self.wishes, self.confidence, self.asked = wishes, confidence, 0

    def decide(self, snapshots, moves):
        self.asked += len(snapshots)
        return [self._one(offered) for offered in moves]

    def _one(self, offered):
        names = [f"{move.control} {move.label}" for move in offered]
        found = next((wish for wish in self.wishes if wish in names), None)
        index = offered.index(HOLD) if found is None else names.index(found)
        return Decision(index, self.confidence, "because the bench says so")


class Bench:
    """One agent, one gate, one plant; times are plant seconds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plant = BenchPlant()
        self.alerts: tuple[str, ...] = ("force_high",)
        self.alarms: tuple[StandingAlarm, ...] = ()
        self.features = {"fdt_error": 20.0, "feedback": 1.0, "bank_without_flow": 0.0}
        self.events: list[Mapping[str, Any]] = []
        self.watch = self.new_watch()
        self.gate = GateClient(folder)
        self.log = DecisionLog(folder / "decisions.jsonl")
        self._server: GateServer | None = None
        self._gate: Gate | None = None

    def new_watch(self):
        return Watch(SIGNALS, CONTROLS, offer, lambda: self)

    def update(self, samples, now):  # the builder of the watch
        coil = int(self.plant.values["coil.number"])
        features = dict(self.features)
        return Snapshot(now, coil, True, dict(samples), features, self.alerts, self.alarms)

    def open_gate(self, mode: str = "closed", **limits: float) -> None:
        policy = Policy(**limits)  # type: ignore[arg-type]
        self._gate = Gate(self.plant, self.folder, Mode(mode), policy).start()
        self._server = GateServer(self.folder / "gate.sock", self._gate)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close_gate(self) -> None:
        if self._server is not None and self._gate is not None:
            self._server.shutdown()
            self._server.server_close()
            self._gate.close()
            self.gate.close()
            self._server = self._gate = None

    def operator(self, seat, rules=None, mode="closed", gate=None):
        saver = open_checkpoints(self.folder)
        return Operator(
            seat, rules, gate or self.gate, self.watch, saver, mode,
            log=self.log, say=self.events.append,
        )  # fmt: skip

    def step(self, operator, seconds: float = 15.0, times: int = 1) -> None:
        for _ in range(times):
            operator.step(self.plant.samples(), self.plant.time)
            self.plant.time += seconds

    @property
    def records(self):
        path = self.folder / "decisions.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def messages(self):
        return [event["text"] for event in self.events if event["event"] == "message"]

    def operator_key(self) -> str:
        found = json.loads((self.folder / "pki" / "operators.json").read_text())
        return str(found["operators"]["operator"])


@contextmanager
def short_folder():
    """A folder with a path short enough for a Unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="desk"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def bench():
    with short_folder() as folder:
        bench = Bench(folder)
        yield bench
        bench.close_gate()


@pytest.fixture
def chooses():
    return Chooses
