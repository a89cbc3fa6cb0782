"""The gate under many trials: what the tests do a few times, done until it would show.

    python -m benchmarks.gate_trials check 1000000     decisions against an oracle
    python -m benchmarks.gate_trials wire 10000        sequences over a real wire, judged there
    python -m benchmarks.gate_trials machine 500       histories with a crash at any step
    python -m benchmarks.gate_trials kill 2000         SIGKILL anywhere in a write or an approval
    python -m benchmarks.gate_trials audit 40          every byte, cut and swap of so many records

A third argument is a seed, so that several may run beside each other. Each ends with one line of
figures, and with an error if anything slipped through.
"""

import itertools
import json
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

ROOT = Path(__file__).parents[1]
# a killed process loses nothing that it wrote, so a disk in memory shows the same, a lot faster
DISK = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 0
SWEEP: dict[str, Any] = {
    "deadline": None, "database": None, "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}  # fmt: skip


def check(wanted: int) -> str:
    drawn: Any = import_module("tests.connectors.gate_worlds")
    found: Counter[str] = Counter()

    @seed(SEED)
    @settings(max_examples=max(1, wanted // 44), **SWEEP)
    @given(world=drawn.worlds())
    def trial(world: object) -> None:
        decisions, allowed = drawn.compare(world)
        found.update(decisions=decisions, allowed=allowed)

    trial()
    return f"{found['decisions']} decisions, {found['allowed']} allowed, escapes 0, groundless 0"


def wire(wanted: int) -> str:
    played: Any = import_module("tests.connectors.gate_wire")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="gate", dir=DISK) as folder:
        trials = played.Trials(Path(folder), port)

        @seed(SEED)
        @settings(max_examples=wanted, **SWEEP)
        @given(plan=played.plans)
        def trial(plan: object) -> None:
            trials.run(plan)

        try:
            trial()
            if not played.told_the_truth(trials):
                raise SystemExit("an outcome is not what the mill did")
        finally:
            trials.close()
        return (
            f"{trials.sequences} sequences, {trials.asked} wishes, {trials.rows} writes at the "
            f"mill, {len(trials.yes)} approvals signed, escapes 0, untrue outcomes 0"
        )


def machine(wanted: int) -> str:
    lived: Any = import_module("tests.connectors.gate_machine")
    seen = lived.live(wanted)
    return f"{wanted} histories, {seen['crashes']} crashes, {seen['torn']} torn logs; all true"


def kill(wanted: int) -> str:
    fates: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="gate", dir=DISK) as folder:
        command = [sys.executable, "-m", "tests.connectors.gate_crash", folder, "any", str(wanted)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
            for line in run.stdout or ():
                row = json.loads(line)
                fates.update([row["state"] or "never accepted"], killed=not row["lived"])
                done = row["again"] == "DONE"
                wrong = {
                    "applied twice": row["after"] > 1,
                    "unapproved": row["kind"] == "approve" and row["after"] > row["approved"],
                    "untrue": (row["state"] or row["again"]) != row["again"]
                    or row["after"] != done
                    or (row["state"] is None and row["applied"] > 0),
                    "UNKNOWN": row["again"] == "UNKNOWN",
                    "audit broken": not row["chained"],
                }
                for name, so in wrong.items():
                    if so:
                        raise SystemExit(f"{name}: {row}")
    return f"{wanted} trials {dict(fates)}; applied twice 0, unapproved 0, untrue 0, UNKNOWN 0"


def audit(wanted: int) -> str:
    from passline.connectors.gate.audit import AuditLog, load_key, verify
    from passline.connectors.gate.ledger import Ledger

    chance, tried, missed = random.Random(1), Counter[str](), Counter[str]()  # noqa: S311
    with tempfile.TemporaryDirectory(prefix="gate", dir=DISK) as name:
        folder = Path(name)
        path, key = folder / "audit.log", load_key(folder / "audit.key")
        ledger = Ledger(folder / "ledger.sqlite")
        log = AuditLog(path, key, ledger)
        for number in range(wanted):
            log.add("request", n=number, control="mill.speed", value=0.1 * number)
        log.close()
        anchor, whole = ledger.audit_head(), path.read_bytes()
        lines = whole.splitlines(keepends=True)

        def spoilt(kind: str, data: bytes) -> None:
            path.write_bytes(data)
            tried[kind] += 1
            missed[kind] += not verify(path, key, anchor).broken

        for place, old in enumerate(whole):
            flipped = bytes([old ^ chance.randrange(1, 256)])
            spoilt("byte", whole[:place] + flipped + whole[place + 1 :])
        for size in range(wanted):
            spoilt("cut at a border", b"".join(lines[:size]))
        for size in range(len(whole)):
            spoilt("cut anywhere", whole[:size])
        for first, second in itertools.combinations(range(wanted), 2):
            other = list(lines)
            other[first], other[second] = other[second], other[first]
            spoilt("swap", b"".join(other))
        for place in range(wanted):
            spoilt("removed", b"".join(lines[:place] + lines[place + 1 :]))
            spoilt("doubled", b"".join(lines[: place + 1] + lines[place:]))
        ledger.close()
    if sum(missed.values()):
        raise SystemExit(f"missed: {dict(missed)}")
    return f"{dict(tried)}: all seen"


def main() -> None:
    kinds = {"check": check, "wire": wire, "machine": machine, "kill": kill, "audit": audit}
    kind, wanted = sys.argv[1], int(sys.argv[2])
    wall, cpu = time.monotonic(), time.process_time()
    print(f"{kind}: {kinds[kind](wanted)}")
    print(f"{time.monotonic() - wall:.0f} s wall, {time.process_time() - cpu:.0f} s CPU here")


if __name__ == "__main__":
    main()
