"""Sequences of wishes at a gate and a mill in another process, judged by what reached the mill.

Hypothesis draws a plan: what the mill does, who asks for what at the same time, which clock jumps,
who approves. `Trials.run` plays it and judges every row of the mill's own log by the catalogue and
by what the plan allowed; nothing of the gate takes part in that.
"""

import threading
import time
import uuid
from collections import deque
from contextlib import suppress
from dataclasses import replace
from math import inf, isfinite

from hypothesis import strategies as st

from passline.connectors.gate.check import Mode, Policy, Request
from passline.connectors.gate.errors import ApprovalError
from passline.connectors.gate.gate import Gate
from passline.connectors.gate.operators import approval_parts, load_operators, sign

from .gate_mill import MillPlant, MillProcess
from .gate_oracle import World, judge
from .gate_plant import CONTROLS, START

BUDGET, WINDOW = 4, 600.0
POLICY = Policy(budget=BUDGET, lease=1e6, readback=0.05, settle=0.02)
MODES = ("closed", "closed", "closed", "approve", "approve", "advisory", "read-only")

MOVES = {  # a wish moves a control from where it stands, or asks for a value as it is
    "mill.speed": (True, [0.3, -0.3, 0.3, -0.3, 0.6, -0.6, -0.25, 0.7]),
    "mill.gap": (True, [0.1, -0.1, 0.5, -0.5, 0.55]),
    "mill.source": (False, [0.0, 1.0, 2.0, 1.5]),
    "mill.e_stop": (False, [0.0]),
}
WILD = [0.0, 0.5, -0.5, 1.0, 1.5, 1.6, -1.5, -1.6, 9.0]
TROUBLE = {
    "back": [0.5, 20.0, 900.0],  # the plant's clock
    "calendar": [-86400.0, 3600.0, 1e7],  # this machine's
    "state": [1.0, 2.0, 3.0, 4.0],
    "force": [1e6, 2e6, 9e6],
    "bad": [[], [], ["mill.force"], ["mill.state"]],
    "remote": [True, True, False],
    "agent": [True, True, False],
    "again": list(range(20)),
    "restart": [0],
}


@st.composite
def step(draw):
    kind = draw(st.sampled_from(["ask"] * 5 + ["time"] * 3 + ["decide", "trouble"]))
    if kind == "time":
        return kind, draw(st.sampled_from([60.0, 10.0, 30.0, 48.0, 5.0, 200.0, 700.0]))
    if kind == "decide":
        return kind, draw(st.sampled_from(["approve", "approve", "reject", "forge"]))
    if kind == "trouble":
        kind = draw(st.sampled_from(list(TROUBLE)))
        return kind, draw(st.sampled_from(TROUBLE[kind]))
    wishes = []
    for _ in range(draw(st.sampled_from([1, 1, 2, 3]))):
        name = draw(st.sampled_from([*["mill.speed", "mill.source", "mill.gap"] * 4, *MOVES]))
        relative, moves = MOVES[name]
        if draw(st.integers(0, 5)) == 5:
            relative, moves = False, WILD
        wishes.append((name, relative, draw(st.sampled_from(moves))))
    return kind, wishes


plans = st.tuples(st.sampled_from(MODES), st.lists(step(), min_size=3, max_size=9))


class Trials:
    """One mill and one gate folder, used by many plans one after the other."""

    def __init__(self, folder, port):
        self.folder, self.mill = folder, MillProcess(folder / "mill", port)
        self.time, self.ran, self.bad = 1000.0, 1000.0, []
        self.stands = self.mill.tell()
        self.last, self.recent = {}, deque(maxlen=100)
        self.wishes, self.yes, self.used, self.done = {}, set(), set(), {}
        self.seen_when_asked, self.void = {}, set()
        self.rows = self.asked = self.sequences = 0
        self.living = True
        self.offset, self._time = 0.0, time.time
        self.gate = Gate(MillPlant(folder / "mill"), folder, Mode.CLOSED, POLICY)
        self.key = load_operators(folder / "pki" / "operators.json")["operator"]

    def close(self):
        time.time = self._time
        self.gate.close()
        self.mill.close()

    def run(self, plan):
        """Play one plan; an AssertionError is an escape."""
        time.time = lambda: self._time() + self.offset
        try:
            mode, steps = plan
            self._set_mode(mode)
            self._tell(set={"mill.state": 2.0, "mill.force": 1e6}, bad=[], remote=True)
            self._do("time", 300.0)
            self._do("agent", True)
            for kind, what in steps:
                self._do(kind, what)
            for approval in self.gate.approvals():
                self._decide(approval, "reject")
            self._judge()
            self.sequences += 1
        finally:
            time.time = self._time

    def _set_mode(self, mode):
        word = self.gate.challenge()
        self.gate.set_mode(Mode(mode), "operator", word, sign(self.key, "mode", mode, word))
        self.mode = mode

    def _tell(self, **what):
        self._judge()  # what came so far, came to the mill as it stood
        self.stands = self.mill.tell(**what)
        self.bad = what.get("bad", self.bad)

    def _do(self, kind, what):
        match kind:
            case "ask":
                self._ask(what)
            case "time":
                self._jump(what)
            case "back":
                self._jump(-what)
            case "calendar":
                self.offset = what
            case "state" | "force":
                self._tell(set={f"mill.{kind}": what})
            case "bad":
                self._tell(bad=what)
            case "remote":
                self._tell(remote=what)
            case "agent":
                self._judge()
                self.living = what
                self.gate._lease_until = time.monotonic() + 1e6 if what else -inf
            case "again" if self.wishes:
                known = list(self.wishes)[-1 - what % min(20, len(self.wishes))]
                self._propose(known)
            case "decide":
                for approval in self.gate.approvals()[:1]:
                    self._decide(approval, what)
            case "restart":
                self.gate.close()
                self.gate = Gate(MillPlant(self.folder / "mill"), self.folder, Mode.CLOSED, POLICY)
                self._set_mode(self.mode)
                self._do("agent", self.living)

    def _jump(self, seconds):
        self.time += seconds
        self.ran += max(0.0, seconds)
        self._tell(time=self.time)

    def _ask(self, wishes):
        """Several callers at once, some of them with one and the same action id."""
        actions, callers = [], []
        for control, relative, amount in wishes:
            stands = self.stands.get(control, 0.0)
            action = uuid.uuid4().hex
            number = round(stands + amount, 6) if relative else amount  # as seven digits travel
            self.wishes[action] = (control, number)
            actions += [action, action] if len(wishes) > 1 else [action]
        for action in actions:
            caller = threading.Thread(target=self._propose, args=(action,))
            callers.append(caller)
            caller.start()
        for caller in callers:
            caller.join()
        self._judge()

    def _propose(self, action):
        self.asked += 1
        control, number = self.wishes[action]
        receipt = self.gate.propose(Request(action, control, number))
        before = self.done.setdefault(action, receipt.state)
        assert before in (receipt.state, "PENDING", "UNKNOWN"), receipt
        self.done[action] = receipt.state
        if receipt.state == "PENDING":
            self.seen_when_asked.setdefault(action, dict(self.stands))

    def _decide(self, approval, how):
        said = "approve" if how == "forge" else how
        meant = replace(approval, value=approval.value + 0.1) if how == "forge" else approval
        signature = sign(self.key, *approval_parts(meant, said, "operator"))
        if how == "approve":
            self.yes.add(approval.action_id)
        with suppress(ApprovalError):
            receipt = self.gate.decide(approval.id, said, "operator", signature)
            self.done[approval.action_id] = receipt.state
        self._judge()

    def _judge(self):
        """Every row of the mill's log must be a write that was allowed when it came."""
        for row in self.mill.log():
            name, number, action = row["control"], row["value"], row["action_id"]
            if name is None or action in self.void:  # no echo in time: the id was made void
                assert row["outcome"] != "APPLIED", ("a void id was applied", row)
                self.void.add(action)
                continue
            self.rows += 1
            assert self.wishes[action] == (name, number), ("not what was asked", row)
            assert action not in self.used, ("applied twice", row)
            assert row["outcome"] == "APPLIED", ("the mill itself had to refuse it", row)
            self.used.add(action)
            seen = {n: (v, 192 * isfinite(v), self.ran, 0.0) for n, v in self.stands.items()}
            for bad in self.bad:
                seen[bad] = (0.0, 0, self.ran, 0.0)
            seen[name] = (row["before"], 192, self.ran, 0.0)
            world = World(
                seen, self.mode, self.ran, 0.0, self.last, list(self.recent),
                inf if self.living else -inf, budget=BUDGET, window=WINDOW,
            )  # fmt: skip
            assert judge(CONTROLS, world, name, number) is not False, ("an escape", row, world)
            assert self.mode in ("approve", "closed"), row
            if self.mode == "approve" or CONTROLS[name].risk == "high":
                assert action in self.yes, ("nobody approved it", row)
                was = self.seen_when_asked[action]
                assert abs(was["mill.state"] - self.stands["mill.state"]) <= 1.0, row
                if name == "mill.speed":  # the force is an input of its check alone
                    assert abs(was["mill.force"] - self.stands["mill.force"]) <= 4e6, row
            self.last[name] = self.ran
            self.recent.append(self.ran)
            self.stands[name] = number


def told_the_truth(trials):
    """Whether every action that ended is DONE exactly when the mill applied it."""
    fates = {action: trials.gate.outcome(action).state for action in trials.done}
    assert "UNKNOWN" not in fates.values()
    done = {action for action, state in fates.items() if state == "DONE"}
    return done == trials.used and set(START) <= set(trials.stands)
