"""`passline operate`: the process of one agent at one line.

It sees the plant through a follower (read-only), asks the gate for every write, and keeps its
thread in the run folder. It says what happens as one JSON object a line on standard output:

    {"event": "ready", ...}                     it has started
    {"event": "look", "time", "coil", "phase", "features", "alerts", "alarms"}  once a wall second
    {"event": "decision" | "judgement" | "dropped", ...}     a line of decisions.jsonl
    {"event": "message", "text"}                what the operator should know
    {"event": "link", "state": "up" | "lost"}   the plant can be seen, or not
    {"event": "gate", "state": "up" | "lost" | "handed back"}
    {"event": "approval", "action_id", "control", "value", "reason"}     a person is asked
    {"event": "stopped", "reason"}              the last line

Losing the plant, the gate or its own life loses nothing: it goes on where it was, and what was
under way ends DONE, NOT DONE or UNKNOWN in the ledger of the gate, never twice.
"""

import argparse
import fcntl
import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO, cast

from ..plant_sim.controls import Seat
from ..plant_sim.errors import ConfigError, PasslineError
from ..plant_sim.signals import Sample
from ..plant_sim.snapshot import SAMPLE_PERIOD, SnapshotBuilder
from .desk import Gate, Mode
from .duty import Operator, Say
from .errors import RunFolderError
from .record import DecisionLog, plain
from .seats import seat_for
from .supervisor import open_checkpoints
from .watch import Watch, blind, reading

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from ..plant_sim.lines.hot_strip.lanes import Coil
    from ..plant_sim.lines.line import Line

LOOK = 0.1  # wall s between two looks at the plant
SHOW = 1.0  # wall s between two "look" events
COIL_LIMIT, STANDSTILL = 400.0, 3600.0  # plant s: more than a coil takes, more than an event
MODES = ("shadow", "advisory", "approve", "closed")


def emit(event: Mapping[str, Any], out: TextIO | None = None) -> None:
    """Write one event as a line of JSON."""
    stream = out or sys.stdout
    stream.write(json.dumps(plain(event), ensure_ascii=False) + "\n")
    stream.flush()


def run(
    tags: Path,
    folder: Path,
    mode: str = "closed",
    engine: str = "rules",
    *,
    coils: int | None = None,
    user: str = "agent",
    say: Say = emit,
    stop: threading.Event | None = None,
    trust: float | None = None,
    adapter: str | Path | None = None,
) -> int:
    """Operate the plant behind `tags` until stopped; return the exit code.

    Args:
        tags: the tag file.
        folder: the run folder (certificates, the gate's socket, checkpoints, records).
        mode: "shadow", "advisory", "approve" or "closed".
        engine: who decides: "rules", "hold", "lm", "lm-zero-shot" or "head".
        coils: ends once this many coils have been rolled; None goes on until stopped.
        user: read-only user of the plant.
        say: told every event.
        stop: set it to end; the turn in progress is finished first.
        trust: least confidence with which the seat's own choice is taken, 0..1; None: its own.
        adapter: name or folder of the adapter that "lm" and "head" work with; None: the shipped.

    Raises:
        ConfigError: mode or engine are not known.
        RunFolderError: another agent works in the folder.
    """
    if mode not in MODES:
        raise ConfigError(f"mode {mode!r} is not known; use one of {', '.join(MODES)}")
    from ..connectors import load_tags
    from ..connectors.follower import Follower
    from ..connectors.gate.client import GateClient
    from ..plant_sim.lines.hot_strip.alarm_table import alarm_system
    from ..plant_sim.lines.hot_strip.control_table import CONTROLS, offer
    from ..plant_sim.lines.hot_strip.signal_table import SIGNALS

    stop = stop or threading.Event()
    with ExitStack() as stack:
        _lock(folder, stack)
        seat, rules = seat_for(engine, adapter)
        saver = open_checkpoints(folder)
        stack.callback(saver.conn.close)
        gate = GateClient(folder)
        stack.callback(gate.close)
        follower = Follower(load_tags(tags), folder / "pki", user)
        watch = Watch(
            SIGNALS, CONTROLS, offer, lambda: SnapshotBuilder(SIGNALS, CONTROLS, alarm_system())
        )
        operator = Operator(
            seat, rules, gate, watch, saver, cast("Mode", mode),
            log=DecisionLog(folder / "decisions.jsonl"), say=say, trust=trust,
            again=follower.samples,
        )  # fmt: skip
        follower.start()
        stack.callback(follower.close)
        say({"event": "ready", "ready": True, "engine": engine, "seat": seat.name, "mode": mode})
        reason = _loop(operator, watch, follower.samples, say, stop, coils)
        operator.finish()
    say({"event": "stopped", "reason": reason})
    return 0


class SimulatedPlant(Protocol):
    """A plant in this process whose clock the caller drives (`connectors.simulated`)."""

    line: "Line"

    def samples(self) -> Mapping[str, Sample]:
        """Return the sample of every tag, now."""
        ...

    def advance(self, seconds: float) -> None:
        """Let the plant run (plant s)."""
        ...


def play(
    plant: SimulatedPlant,
    gate: Gate,
    engine: str | Seat = "rules",
    *,
    coils: int = 20,
    mode: Mode = "closed",
    folder: Path | None = None,
    say: Say = lambda event: None,
    trust: float | None = None,
    adapter: str | Path | None = None,
) -> "list[Coil]":
    """Operate a line in this process, in lock-step: the plant waits while the agent thinks.

    The same graph, watch and gate as in `run`; only the wires are missing.

    Args:
        plant: the line behind a simulated connector.
        gate: the gate before the same connector.
        engine: who decides, by name as for `run`, or a seat that has no helper.
        coils: finished coils after which it ends.
        mode: how much the agent may do.
        folder: where checkpoints and decisions are kept; None keeps them in memory, or not at all.
        say: told every event.
        trust: least confidence with which the seat's own choice is taken, 0..1; None: its own.
        adapter: as for `run`; only where `engine` is a name.

    Returns:
        The finished coils.
    """
    from langgraph.checkpoint.memory import InMemorySaver

    from ..plant_sim.lines.hot_strip.control_table import offer

    line = plant.line
    seat, rules = seat_for(engine, adapter) if isinstance(engine, str) else (engine, None)
    with ExitStack() as stack:
        saver: BaseCheckpointSaver[str] = InMemorySaver()
        log = None
        if folder is not None:
            _lock(folder, stack)
            saver = kept = open_checkpoints(folder)
            stack.callback(kept.conn.close)
            log = DecisionLog(folder / "decisions.jsonl")
        watch = Watch(
            line.signals, line.controls, offer,
            lambda: SnapshotBuilder(line.signals, line.controls, line.alarms.at_rest()),
        )  # fmt: skip
        operator = Operator(
            seat, rules, gate, watch, saver, mode, log=log, say=say, trust=trust
        )  # fmt: skip
        for _ in range(round((coils * COIL_LIMIT + STANDSTILL) / SAMPLE_PERIOD)):
            if len(line.coils) >= coils:
                break
            operator.step(plant.samples(), line.time)
            plant.advance(SAMPLE_PERIOD)
    return list(line.coils[:coils])


def _lock(folder: Path, stack: ExitStack) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    file = stack.enter_context((folder / "agent.lock").open("w"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RunFolderError(f"another agent works in {folder}; stop it first") from error


def _loop(
    operator: Operator,
    watch: Watch,
    samples: Callable[[], Mapping[str, Sample]],
    say: Say,
    stop: threading.Event,
    coils: int | None,
) -> str:
    shown = 0.0
    while not stop.wait(LOOK):
        operator.step(samples())
        seen = watch.latest
        if seen is None or blind(seen, watch.controls):
            continue
        coil = int(reading(seen, "coil.number"))
        if time.monotonic() - shown >= SHOW:
            shown = time.monotonic()
            say(
                {
                    "event": "look", "time": seen.time, "coil": coil,
                    "phase": int(reading(seen, "coil.phase")),
                    "features": dict(seen.features), "alerts": list(seen.alerts),
                    "alarms": [alarm._asdict() for alarm in seen.alarms],
                }
            )  # fmt: skip
        if coils is not None and coil > coils:
            return f"{coils} coils are rolled"
    return "asked to stop"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a process: `python -m passline.agents.operate --dir D --engine rules`."""
    parser = argparse.ArgumentParser(prog="passline operate", description="An agent on a plant.")
    parser.add_argument("--dir", type=Path, required=True, help="the run folder")
    parser.add_argument("--tags", type=Path, help="the tag file (default: hot_strip.yaml in --dir)")
    parser.add_argument("--engine", default="rules", help="rules, hold, lm, lm-zero-shot or head")
    parser.add_argument("--mode", default="closed", choices=MODES)
    parser.add_argument("--coils", type=int, help="end after this many coils")
    parser.add_argument("--user", default="agent", help="read-only user of the plant")
    parser.add_argument("--trust", type=float, help="least confidence; default: the model's own")
    parser.add_argument("--adapter", help="adapter of the model: a shipped one or a folder")
    asked = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        return run(
            asked.tags or asked.dir / "hot_strip.yaml", asked.dir, asked.mode, asked.engine,
            coils=asked.coils, user=asked.user, stop=stop, trust=asked.trust,
            adapter=asked.adapter,
        )  # fmt: skip
    except PasslineError as error:
        emit({"event": "stopped", "reason": str(error)})
        sys.stderr.write(f"passline operate: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
