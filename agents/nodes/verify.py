"""VERIFY: was it written, and did it do what it should?

Right after ACT the receipt (with the gate's read-back) is looked at, and the effect the move should
have is noted. On a later wake that effect is judged; a move that did the opposite is taken back by
a new action, which goes through the guard like any other, and the operator is told. It is tried
again until it is done; only so often, and then the operator is told to do it.
"""

from math import isclose

from ..desk import Desk, need
from ..effects import AGAIN, BARRED, TRIES, expect, failed, judge
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
        why = receipt["reason"]
        told = not_taken_back(action, why) if action["undoes"] else f"{name} was not written: {why}"
        return Turn(messages=[*messages, told])
    if receipt["state"] != "DONE":
        messages.append(f"{name} is {receipt['state']}: {receipt['reason']}")
    elif action["undoes"]:
        messages.append(f"{action['control']} is taken back to {action['value']:g}")
    control = desk.watch.controls[action["control"]]
    read = receipt["readback"]
    if read is not None and not isclose(read, action["value"], abs_tol=control.tolerance):
        messages.append(f"{name} reads back {read:g} instead of {action['value']:g}; please look")
    latest = desk.watch.latest
    now = state["time"] if latest is None else max(latest.time, state["time"])  # a person took time
    update = Turn(messages=messages, written={**state["written"], action["control"]: now})
    # A second move of a control takes the place of the first: they cannot be told apart.
    others = [e for e in state["pending"] if e["control"] != action["control"]]
    before = receipt["before"]
    if action["undoes"]:
        if receipt["state"] == "DONE":
            update["pending"] = others
    elif before is not None:
        effect = expect(action, control, before, state["features"], now, state["coil"])
        update["pending"] = others if effect is None else [*others, effect]
    return update


def _judge_due(state: Turn, desk: Desk) -> Turn:
    now = state["time"]
    judged: list[Judged] = []
    pending: list[Effect] = []
    messages, barred = list(state["messages"]), dict(state["barred"])
    for effect in state["pending"]:
        if effect["due"] > now or "tries" in effect:
            pending.append(effect)
            continue
        result = judge(effect, state["features"], state["coil"])
        if result["outcome"] != "unknown":
            answer = desk.gate.outcome(effect["action_id"])
            if answer is None or answer.state != "DONE":
                result["outcome"] = "unknown"  # nothing was written that could have had an effect
        judged.append(result)
        if failed(effect, result):
            wrong = effect.copy()
            wrong["tries"] = 0
            pending.append(wrong)
            messages.append(
                f"{name_of(effect['control'], effect['label'])} did not do what it should "
                f"({effect['feature']} {result['before']:.3g} -> {result['after']:.3g}): "
                "it must be taken back, please look"
            )
    update = Turn(judged=judged, pending=pending, barred=barred, messages=messages)
    for effect in [e for e in pending if e["due"] <= now]:
        _take_back(effect, update, now, desk)
    return update


def _take_back(effect: Effect, update: Turn, now: float, desk: Desk) -> None:
    """Propose to take a wrong action back, one a turn.

    Its effect stays pending until the receipt of that is DONE, so a try that comes to nothing is
    made again; after the last one a person is told to do it.
    """
    pending, name = update["pending"], name_of(effect["control"], effect["label"])
    control = desk.watch.controls[effect["control"]]
    update["barred"][name] = now + BARRED
    present = None if desk.watch.latest is None else desk.watch.latest.samples.get(control.name)
    if (
        present is not None
        and present.good
        and isclose(present.value, effect["undo"], abs_tol=control.tolerance)
    ):
        pending.remove(effect)
        update["messages"].append(f"{control.name} is at {effect['undo']:g} again, without us")
    elif effect["tries"] >= TRIES:
        pending.remove(effect)
        update["messages"].append(
            f"{name} could not be taken back in {TRIES} tries: a person must set {control.name} "
            f"to {effect['undo']:g} by hand"
        )
    elif not update.get("action"):
        again = effect.copy()
        again["tries"] += 1
        again["due"] = now + max(AGAIN, control.cooldown)
        pending[pending.index(effect)] = again
        update["action"] = rollback(again)


def not_taken_back(action: Action, why: str) -> str:
    """Return what the operator is told when a try to take an action back came to nothing."""
    return f"{action['control']} could not be taken back to {action['value']:g}: {why}"


def rollback(effect: Effect) -> Action:
    """Return the new action that takes the one behind `effect` back; every try has its own id."""
    return Action(
        id=uuid5_hex(f"undo|{effect['action_id']}|{effect['tries']}"),
        control=effect["control"],
        value=effect["undo"],
        label=f"{effect['undo']:g}",
        by="rollback",
        confidence=1.0,
        reason=f"{name_of(effect['control'], effect['label'])} did not do what it should",
        undoes=effect["action_id"],
    )
