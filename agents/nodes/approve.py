"""APPROVE: a person is asked. Nothing but the interrupt is here: a resume runs the node again."""

from langgraph.types import interrupt

from ..desk import Desk
from ..situation import Answer, Turn


def approve(state: Turn, desk: Desk) -> Turn:
    """Stop until a person has answered, where mode or risk ask for one; pass otherwise."""
    verdict = state.get("verdict")
    if desk.mode != "approve" and not (verdict and verdict["needs_person"]):
        return Turn()
    answer: Answer = interrupt(state.get("action"))
    return Turn(answer=answer)
