"""GUARD: the gate's own check, asked dry. There is no second rule set in the agent."""

from ...plant_sim.controls import Move
from ..desk import Desk, need
from ..situation import Turn, Verdict
from .moves import name_of
from .verify import not_taken_back


def guard(state: Turn, desk: Desk) -> Turn:
    """Ask the gate whether it would allow the move; one it would not is masked for this turn."""
    action = need(state.get("action"), "action")
    known = desk.gate.outcome(action["id"])
    if known is not None:
        # A replay: what was proposed is not judged (and decided) anew, ACT gets its receipt.
        reason = f"it is at the gate already: {known.state}"
        return Turn(
            verdict=Verdict(
                allowed=True,
                value=action["value"],
                reasons=[reason],
                needs_person=known.state == "PENDING",
            )
        )
    (answer,) = desk.gate.check([Move(action["control"], action["value"], action["label"])])
    verdict = Verdict(
        allowed=answer.allowed,
        value=answer.value,
        reasons=list(answer.reasons),
        needs_person=answer.needs_person,
    )
    if answer.allowed:
        return Turn(verdict=verdict)
    name = name_of(action["control"], action["label"])
    why = "; ".join(answer.reasons)
    if action["undoes"]:  # the effect stays pending, so it is tried again
        return Turn(verdict=verdict, messages=[*state["messages"], not_taken_back(action, why)])
    return Turn(
        verdict=verdict,
        masked=[*state["masked"], name],
        attempt=state["attempt"] + 1,
        messages=[*state["messages"], f"the gate would refuse {name}: {why}"],
    )
