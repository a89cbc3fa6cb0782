"""Kills a gate with SIGKILL at every input or output of a write, restarts it, and looks.

Run as `python -m tests.connectors.gate_crash FOLDER KIND [STEPS]`: one thread, so that it may fork.
KIND is "write", "approve" or "recover" (killed at STEPS, and again at every step of the recovery).
KIND "any" dies STEPS times, each time at another call or return, of Python or of the C library,
in a write or an approval. It prints one JSON line a trial: where it was killed, what the gate says
afterwards, and how often the plant applied the write.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from passline.connectors.gate.check import Mode, Policy, Request
from passline.connectors.gate.errors import GateError
from passline.connectors.gate.gate import Gate
from passline.connectors.gate.operators import approval_parts, load_operators, sign

from .gate_plant import FilePlant, plant_log, run_plant

EFFECTS = {
    "execute", "executescript", "fsync", "write", "rename", "close", "ftruncate", "open", "connect",
}  # fmt: skip
POLICY = Policy(lease=60.0, readback=0.5, settle=0.02)


def die_at(step):
    """Kill this process right after its `step`-th effect; before the next one is the same."""
    left = step

    def tick(frame, event, arg):
        nonlocal left
        if event == "c_return" and arg.__name__ in EFFECTS:
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    sys.setprofile(tick)


def die_after(events):
    """Kill this process after so many calls and returns, its own and those of the C library."""
    left = events

    def tick(frame, event, arg):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(tick)


def child(work, *arguments):
    """Run `work` in a fork; (survived, what it returned)."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(out)
        code = 1
        try:
            answer = json.dumps(work(*arguments)).encode()
            sys.setprofile(None)
            os.write(into, answer)
            code = 0
        finally:
            os._exit(code)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return False, None
    if os.WEXITSTATUS(status):
        raise RuntimeError("the child failed")
    return True, json.loads(said)


def propose(folder: Path, wires: Path, wish: Request, mode: Mode, step: int | None, events=None):
    gate = Gate(FilePlant(wires), folder, mode, POLICY)
    gate.beat()
    if step is not None:
        die_at(step)
    if events is not None:
        die_after(events)
    found = gate.propose(wish)
    if found.state == "PENDING":
        keys = load_operators(folder / "pki" / "operators.json")
        for approval in gate.approvals():
            parts = approval_parts(approval, "approve", "operator")
            found = gate.decide(approval.id, "approve", "operator", sign(keys["operator"], *parts))
    return found.state


def recover(folder: Path, wires: Path, step: int | None):
    if step is not None:
        die_at(step)
    Gate(FilePlant(wires), folder, Mode.CLOSED, POLICY).close()


def look(folder, wires, wish, mode=Mode.CLOSED):
    gate = Gate(FilePlant(wires), folder, mode, POLICY)
    gate.beat()
    until = time.monotonic() + 5
    found = gate.outcome(wish.action_id)
    while found is not None and found.state == "UNKNOWN" and time.monotonic() < until:
        gate.propose(wish)
        found = gate.outcome(wish.action_id)
    again = gate.propose(wish).state  # as an agent would after a restart
    approved = gate._ledger.decision(wish.action_id) == "approved"
    chained = True
    gate.close()
    try:
        Gate(FilePlant(wires), folder, Mode.CLOSED, POLICY).close()
    except GateError:
        chained = False
    known = found is not None
    state, reason = (found.state, found.reason) if known else (None, "")
    return [state, again, chained, reason, approved]


def trial(root: Path, number: int, kind: str, step: int | None, second: int | None, events=None):
    """One life and death; False when the gate lived to the end."""
    folder, wires = root / f"{kind}-{step}-{second}-{events}-{number}", root / "wires"
    wish = Request(f"{number:032x}", "mill.speed", 0.3 * (number % 2), "agent", "", "")
    mode = Mode.APPROVE if kind == "approve" else Mode.CLOSED
    lived, _ = child(propose, folder, wires, wish, mode, step, events)
    healed = True
    if second is not None:
        healed, _ = child(recover, folder, wires, second)
    applied = sum(
        row["outcome"] == 1 for row in plant_log(wires) if row["action_id"] == wish.action_id
    )
    strict = mode if step is None else Mode.CLOSED
    _, (state, again, chained, reason, approved) = child(look, folder, wires, wish, strict)
    after = sum(
        row["outcome"] == 1 for row in plant_log(wires) if row["action_id"] == wish.action_id
    )
    row = {
        "step": step, "second": second, "lived": lived, "healed": healed, "state": state,
        "applied": applied, "again": again, "after": after, "chained": chained, "reason": reason,
        "events": events, "kind": kind, "approved": approved,
    }  # fmt: skip
    sys.stdout.write(json.dumps(row) + "\n")
    return not (lived if second is None else healed)


def main():
    root, kind = Path(sys.argv[1]), sys.argv[2]
    wires = root / "wires"
    wires.mkdir(parents=True)
    plant = os.fork()
    if plant == 0:
        run_plant(wires)
        os._exit(0)
    while not (wires / "state.json").exists():
        time.sleep(0.005)
    number = 0
    if kind == "any":
        chance = random.Random(1)
        for number in range(int(sys.argv[3])):
            one = ("write", "approve")[number % 2]
            trial(root, number, one, None, None, int(10 ** chance.uniform(1.5, 3.9)))
            for left in root.glob(f"{one}-*-{number}"):
                shutil.rmtree(left)
    elif kind != "recover":
        while trial(root, number, kind, number, None):
            number += 1
    for step in map(int, sys.argv[3].split(",")) if kind == "recover" else ():
        second = 0
        while trial(root, number, kind, step, second):
            number, second = number + 1, second + 1
        number += 1
    (wires / "stop").touch()
    os.waitpid(plant, 0)


if __name__ == "__main__":
    main()
