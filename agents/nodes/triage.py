"""TRIAGE, without any model: is there anything to do, and who should decide it?

- quiet: no alert stands and the rules want nothing; nothing is done.
- known: no alert stands, but the rules want to tidy up (take a trim back); the rules decide.
- unknown: an alert stands; the seat decides (the rules themselves when there is no model).

An urgent alarm (cobble, torn strip, lost hydraulics) is no matter of set-points: the operator is
told at once, by its name, and what the seat is asked does not change.
"""

from ...plant_sim.controls import HOLD
from ..desk import Desk
from ..errors import SnapshotGoneError
from ..situation import Turn
from ..watch import ALARM
from .moves import open_moves


def triage(state: Turn, desk: Desk) -> Turn:
    """Sort the turn; what perceive has already put aside stays there."""
    if state["triage"] in ("blind", "dropped"):
        return Turn()
    messages = [*state["messages"], *_urgent(state)]
    if state["alerts"]:
        return Turn(triage="unknown", messages=messages)
    if desk.rules is None:
        return Turn(triage="quiet", messages=messages)
    try:
        snapshot = desk.watch.recall(state["snapshot"])
    except SnapshotGoneError as error:
        return Turn(triage="dropped", messages=[*messages, str(error)])
    moves = open_moves(state, snapshot, desk.watch)
    (wish,) = desk.rules.decide([snapshot], [moves])
    return Turn(triage="quiet" if moves[wish.choice] == HOLD else "known", messages=messages)


def _urgent(state: Turn) -> list[str]:
    """Return what the operator is told of the urgent alarms that woke this turn."""
    stands = {alarm["name"]: alarm for alarm in state["alarms"]}
    told = []
    for event in state["events"]:
        if event.startswith(ALARM):
            name = event.removeprefix(ALARM)
            found = stands.get(name)
            if found is None:
                told.append(f"alarm {name} came and is gone")
                continue
            led = ", the first of its cascade" if found["first_out"] else ""
            told.append(f"alarm {name}, priority {found['priority']}{led}")
    return told
