"""REPORT: one line in the decision log and one event for the screen, however often it is run."""

from typing import Any

from langchain_core.runnables import RunnableConfig

from ..desk import Desk
from ..situation import Turn


def report(state: Turn, desk: Desk, config: RunnableConfig) -> Turn:
    """Record the turn, unless it was quiet or its line is already there."""
    record = decision_record(state, desk, str(config["configurable"]["thread_id"]))
    if record is not None and (desk.log is None or desk.log.add(record)):
        desk.say({"event": record["kind"], **record})
        for text in state["messages"]:
            desk.say({"event": "message", "text": text})
    return Turn()


def decision_record(state: Turn, desk: Desk, thread: str) -> dict[str, Any] | None:
    """Return the line of `decisions.jsonl` for this turn (see `agents.record`), None if quiet."""
    action, judged = state.get("action"), state.get("judged", [])
    if action is not None:
        kind = "decision"
    elif state["triage"] in ("dropped", "blind"):
        kind = "dropped"
    elif judged or state["messages"]:
        kind = "judgement"
    else:
        return None
    effect = next((e for e in state["pending"] if action and e["action_id"] == action["id"]), None)
    chosen = action or {"control": "", "value": None, "label": "", "by": "", "id": ""}
    return {
        "key": f"{thread}:{state['turn']}:{state['snapshot']}",
        "kind": kind,
        "turn": state["turn"],
        "thread": thread,
        "snapshot": state["snapshot"],
        "wall": state["wall"],
        "time": state.get("time"),
        "coil": state.get("coil"),
        "phase": state.get("phase"),
        "events": state.get("events", []),
        "triage": state["triage"],
        "alerts": state["alerts"],
        "alarms": state.get("alarms", []),
        "features": state["features"],
        "offered": state["offered"],
        "masked": state["masked"],
        "action_id": chosen["id"],
        "control": chosen["control"],
        "value": chosen["value"],
        "label": chosen["label"],
        "by": chosen["by"],
        "confidence": chosen.get("confidence"),
        "reason": chosen.get("reason", ""),
        "undoes": chosen.get("undoes", ""),
        "thinking": state["thinking"],
        "mode": desk.mode,
        "verdict": state.get("verdict"),
        "answer": state.get("answer"),
        "receipt": state.get("receipt"),
        "expected": effect
        and {name: effect[name] for name in ("feature", "sign", "least", "due", "before")},
        "judged": judged,
        "messages": state["messages"],
    }
