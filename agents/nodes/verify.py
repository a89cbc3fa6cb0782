"""VERIFY: was it written, and did it do what it should?

Right after ACT the receipt (with the gate's read-back) is looked at, and the effect the move should
have is noted. On a later wake that effect is judged; a move that did the opposite is taken back by
a new action, which goes through the guard like any other, and the operator is told.
"""

from math import isclose

from ..desk import Desk, need
from ..effects import BARRED, expect, failed, judge
from ..situation import Action, Effect, Judged, Turn
from .decide import uuid5_hex
from .moves import name_of


def verify(state: Turn, desk: Desk) -> Turn:
    """Judge effects that are due, or what ACT has just brought back."""
    if state.get("receipt") is None:
        return _judge_due(state, desk)
    return _read_back(state, desk)


def _read_back(state: Turn, desk: Desk) -> Turn:
    action, receipt = need(state.get("action"), "action"), need(state.get("receipt"), "receipt")
    name = name_of(action["control"], action["label"])
    messages = list(state["messages"])
    if receipt["state"] == "NOT DONE":
        return Turn(messages=[*messages, f"{name} was not written: {receipt['reason']}"])
    if receipt["state"] != "DONE":
        messages.append(f"{name} is {receipt['state']}: {receipt['reason']}")
    control = desk.watch.controls[action["control"]]
    read = receipt["readback"]
    if read is not None and not isclose(read, action["value"], abs_tol=control.tolerance):
        messages.append(f"{name} reads back {read:g} instead of {action['value']:g}; please look")
    latest = desk.watch.latest
    now = state["time"] if latest is None else max(latest.time, state["time"])  # a person took time
    update = Turn(messages=messages, written={**state["written"], action["control"]: now})
    before = receipt["before"]
    if before is not None:
        effect = expect(action, control, before, state["features"], now, state["coil"])
        # A second move of a control takes the place of the first: they cannot be told apart.
        others = [e for e in state["pending"] if e["control"] != action["control"]]
        update["pending"] = others if effect is None else [*others, effect]
    return update


def _judge_due(state: Turn, desk: Desk) -> Turn:
    now, pending = state["time"], state["pending"]
    due = [effect for effect in pending if effect["due"] <= now]
    judged: list[Judged] = []
    messages, barred = list(state["messages"]), dict(state["barred"])
    wrong: list[Effect] = []
    for effect in due:
        result = judge(effect, state["features"], state["coil"])
        if result["outcome"] != "unknown":
            answer = desk.gate.outcome(effect["action_id"])
            if answer is None or answer.state != "DONE":
                result["outcome"] = "unknown"  # nothing was written that could have had an effect
        judged.append(result)
        if failed(effect, result):
            wrong.append(effect)
            name = name_of(effect["control"], effect["label"])
            barred[name] = now + BARRED
            messages.append(
                f"{name} did not do what it should ({effect['feature']} "
                f"{result['before']:.3g} -> {result['after']:.3g}): taking it back, please look"
            )
    rest = [effect for effect in pending if effect not in due]
    update = Turn(judged=judged, pending=rest, barred=barred, messages=messages)
    if wrong:
        # One rollback a turn; the others become due again in the next one.
        update["action"] = rollback(wrong[0])
        update["pending"] = rest + wrong[1:]
    return update


def rollback(effect: Effect) -> Action:
    """Return the new action that takes the one behind `effect` back."""
    return Action(
        id=uuid5_hex(f"undo|{effect['action_id']}"),
        control=effect["control"],
        value=effect["undo"],
        label=f"{effect['undo']:g}",
        by="rollback",
        confidence=1.0,
        reason=f"{name_of(effect['control'], effect['label'])} did not do what it should",
        undoes=effect["action_id"],
    )
