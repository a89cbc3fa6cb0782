"""A plant in a file for the tests of the gate: another process runs it and survives every kill."""

import json
import os
import time
from math import nan
from pathlib import Path
from typing import Any

from passline.connectors.errors import LinkError
from passline.connectors.letter import Echo, Outcome
from passline.connectors.tagfile import VOID
from passline.plant_sim.controls import Control, Permit
from passline.plant_sim.signals import Quality, Sample

ROLLS = Permit("mill.state", 1.0, 2.0, "the mill rolls or waits", "압연 중 또는 대기 중")
CONTROLS = {
    control.name: control
    for control in (
        Control("mill.speed", -1.5, 1.5, (0.3,), (), 0.6, 30.0, "low", ("mill.force",), 1e-3,
                "speed", "속도", "m/s", rate=0.0125, permits=(ROLLS,)),
        Control("mill.source", 0.0, 2.0, (), (0.0, 1.0, 2.0), 2.0, 60.0, "medium", (), 1e-3,
                "source", "신호원", "1", excludes=("mill.gap",)),
        Control("mill.gap", 0.0, 1.0, (0.1,), (), 0.5, 10.0, "high", (), 1e-3,
                "gap", "갭", "1", excludes=("mill.source",)),
    )
}  # fmt: skip
SPANS = {"mill.force": 4e7, "mill.state": 4.0}
START = {"mill.speed": 0.0, "mill.source": 0.0, "mill.gap": 0.0, "mill.force": 1e6,
         "mill.state": 2.0}  # fmt: skip


def good(value: float, time_: float = 1000.0, received: float | None = None) -> Sample:
    moment = time.monotonic() if received is None else received
    return Sample(value, Quality.GOOD, time_, moment)


class MemoryPlant:
    """The same in one process, for what needs no crash; its faults are switches."""

    def __init__(self, speed: float = 0.0) -> None:
        self.controls, self.tags_hash, self.spans = CONTROLS, "tags-1", SPANS
        self.values = START | {"plc.remote": 1.0}
        self.time, self.beats = 1000.0, 0
        self.applied: list[tuple[str, str, float]] = []
        self.echoes: dict[str, Echo] = {}
        self.speed, self.born = speed, time.monotonic()
        self.link, self.lose_request, self.lose_echo, self.clamp = True, False, False, 10.0
        self.before_send = lambda: None
        self.deaf, self.voided, self.remembers = False, 0, 7
        self.heartbeat: float | None = None

    def samples(self) -> dict[str, Sample]:
        beats = (time.monotonic() - self.born) * 100 if self.heartbeat is None else self.heartbeat
        values = self.values | {"plc.heartbeat": beats}
        now = self.time + (time.monotonic() - self.born) * self.speed
        quality = Quality.GOOD if self.link else Quality.BAD
        return {n: Sample(v, quality, now, time.monotonic()) for n, v in values.items()}

    def read(self, name: str) -> Sample | None:
        return self.samples().get(name)

    def send(self, action_id: str, control: str, value: float) -> Echo | None:
        if not self.link:
            raise LinkError("the link is cut")
        self.before_send()
        if self.lose_request or not self.link:
            return None
        if action_id in self.echoes:
            first = self.echoes[action_id]
            outcome = Outcome.DUPLICATE if first.applied else first.outcome
        elif control == "plc.rearm":
            self.values["plc.remote"], outcome = 1.0, Outcome.APPLIED
        elif self.values["plc.remote"] != 1:
            outcome = Outcome.LOCAL
        else:
            value = min(value, self.clamp)
            self.values[control], outcome = value, Outcome.APPLIED
        if outcome is Outcome.APPLIED:
            self.applied.append((action_id, control, value))
        self.echoes.setdefault(action_id, Echo(0, action_id, 1, outcome, value))
        return None if self.lose_echo else self.echoes[action_id]

    def memory(self) -> int | None:
        return self.remembers

    def lookup(self, action_id: str, control: str) -> Echo | None:
        if not self.link:
            raise LinkError("the link is cut")
        return self.echoes.get(action_id)

    def void(self, action_id: str) -> None:
        if not self.link:
            raise LinkError("the link is cut")
        self.voided += 1
        if not self.deaf:
            self.echoes.setdefault(action_id, Echo(0, action_id, VOID, Outcome.MALFORMED, nan))

    def beat(self) -> None:
        self.beats += 1

    def close(self) -> None:
        pass


class FilePlant:
    """The write side of the plant that `run_plant` runs in another process."""

    def __init__(self, folder: Path) -> None:
        self.controls, self.tags_hash, self._folder = CONTROLS, "tags-1", folder
        self.spans = SPANS

    def samples(self) -> dict[str, Sample]:
        state = json.loads((self._folder / "state.json").read_text())
        return {n: good(v, state["time"]) for n, v in state["values"].items()}

    def read(self, name: str) -> Sample | None:
        return self.samples().get(name)

    def send(self, action_id: str, control: str, value: float) -> Echo | None:
        self._ask(action_id, control, value)
        until = time.monotonic() + 2
        while time.monotonic() < until:
            echo = self.lookup(action_id, control)
            if echo is not None:
                return echo
            time.sleep(0.002)
        return None

    def _ask(self, action_id: str, control: str | None, value: float) -> None:
        request = {"action_id": action_id, "control": control, "value": value}
        draft = self._folder / f"{time.time_ns()}.draft"
        draft.write_text(json.dumps(request))
        draft.rename(draft.with_suffix(".request"))

    def memory(self) -> int | None:
        return None

    def lookup(self, action_id: str, control: str) -> Echo | None:
        for row in plant_log(self._folder):
            if row["action_id"] == action_id:
                index = VOID if row["control"] is None else 1
                return Echo(0, action_id, index, Outcome(row["outcome"]), row["value"])
        return None

    def void(self, action_id: str) -> None:
        self._ask(action_id, None, nan)

    def beat(self) -> None:
        pass

    def close(self) -> None:
        pass


def plant_log(folder: Path) -> list[dict[str, Any]]:
    """What the plant itself says it was asked and did."""
    log = folder / "log.jsonl"
    text = log.read_text() if log.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def run_plant(folder: Path) -> None:
    """Run the plant until the file `stop` appears; 0.5 s of plant time every 4 ms."""
    values, beat = dict(START) | {"plc.remote": 1.0}, 0
    fates: dict[str, int] = {}
    with (folder / "log.jsonl").open("a") as log:
        while not (folder / "stop").exists():
            for file in sorted(folder.glob("*.request")):
                request = json.loads(file.read_text())
                file.unlink()
                fate = fates.get(request["action_id"])
                if fate is None:
                    outcome = 3 if request["control"] is None else 1
                    fates[request["action_id"]] = outcome
                    if outcome == 1:
                        values[request["control"]] = request["value"]
                row = request | {"outcome": outcome if fate is None else 5 if fate == 1 else fate}
                log.write(json.dumps(row) + "\n")
                log.flush()
            beat += 1
            state = {"time": 0.5 * beat, "values": values | {"plc.heartbeat": beat}}
            draft = folder / "state.draft"
            draft.write_text(json.dumps(state))
            os.replace(draft, folder / "state.json")  # noqa: PTH105
            time.sleep(0.004)
