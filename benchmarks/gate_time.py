"""What a check and a whole write of the gate cost: `-m benchmarks.gate_time [WRITES [SPEED]]`.

The write goes to the virtual PLC's own process over OPC UA, secured, and is read back. Every part
is wall time on an otherwise busy machine; the checks are CPU time of this thread.
"""

import statistics
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from passline.connectors.gate.check import Memory, Mode, Policy, Request, check
from passline.connectors.gate.gate import Gate
from passline.connectors.gate.wires import WirePlant
from passline.plant_sim.clock import Moment

CONTROL, STEP = "fm.spray_trim", 0.1


def cpu(work: Callable[[], object], times: int) -> float:
    """Median CPU time of `work` over nine rounds of `times` calls, ms."""
    rounds = []
    for _ in range(9):
        start = time.thread_time()
        for _ in range(times):
            work()
        rounds.append((time.thread_time() - start) / times * 1e3)
    return statistics.median(rounds)


def timed(spent: dict[str, float], owner: Any, name: str) -> None:
    """Let `owner.name` count its wall time in `spent`."""
    real = getattr(owner, name)

    def counted(*arguments: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return real(*arguments, **named)
        finally:
            spent[name] += (time.perf_counter() - start) * 1e3

    setattr(owner, name, counted)


def main() -> None:
    from tests.connectors.plc_process import PlcProcess

    writes = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    speed = sys.argv[2] if len(sys.argv) > 2 else "14"
    with tempfile.TemporaryDirectory(prefix="gate") as name:
        plc = PlcProcess(Path(name), "--speed", speed, "--seed", "3", "--lease", "3600").start()
        plant = WirePlant(plc.tags, plc.folder)
        gate = Gate(plant, plc.folder, Mode.CLOSED, Policy(lease=3600.0, budget=10_000)).start()
        gate.beat()
        wish = Request(uuid.uuid4().hex, CONTROL, STEP)
        while CONTROL not in plant.samples() or not plant.samples()[CONTROL].good:
            time.sleep(0.05)

        samples = plant.samples()
        now = Moment(samples["plc.time"].time, time.monotonic())
        memory = Memory({CONTROL: now.plant - 50.0}, (now.plant - 50.0,) * 5, now.wall + 9)
        alone = cpu(
            lambda: check(wish, samples, plant.controls, Mode.CLOSED, memory, now, gate.policy), 500
        )
        print(f"check, the pure function: {alone:.3f} ms CPU")
        print(f"check, by the gate, one wish: {cpu(lambda: gate.check([wish]), 50):.3f} ms CPU")
        per = cpu(lambda: gate.check([wish] * 60), 5) / 60
        print(f"check, by the gate, of 60 wishes, each: {per:.3f} ms CPU")
        print(f"samples of {len(samples)} tags: {cpu(plant.samples, 50):.3f} ms CPU")

        spent: dict[str, float] = defaultdict(float)
        for owner, part in (
            (gate._ledger, "accept"), (gate._ledger, "mark"), (gate._ledger, "remember"),
            (gate._audit, "add"), (gate._audit, "owe"), (plant, "beat"), (plant, "send"),
            (gate._sender, "_read_back"), (gate, "propose"),
        ):  # fmt: skip
            timed(spent, owner, part)
        rows: list[dict[str, float]] = []
        value = STEP
        while len(rows) < writes:
            if not gate.check([Request("", CONTROL, value)])[0].allowed:
                time.sleep(0.02)
                continue
            spent.clear()
            found = gate.propose(Request(uuid.uuid4().hex, CONTROL, value))
            if found.state == "DONE":
                rows.append(dict(spent))
                value = 0.0 if value else STEP
        print(f"{writes} writes over OPC UA at {speed} times real time, wall ms: median, greatest")
        for part in rows[0]:
            times = [row.get(part, 0.0) for row in rows]
            print(f"  {part.strip('_'):10} {statistics.median(times):8.2f} {max(times):8.2f}")
        gate.close()
        plc.stop()


if __name__ == "__main__":
    main()
