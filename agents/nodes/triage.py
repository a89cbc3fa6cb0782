"""TRIAGE, without any model: is there anything to do, and who should decide it?

- quiet: no alert stands and the rules want nothing; nothing is done.
- known: no alert stands, but the rules want to tidy up (take a trim back); the rules decide.
- unknown: an alert stands; the seat decides (the rules themselves when there is no model).
"""

from ...plant_sim.controls import HOLD
from ..desk import Desk
from ..errors import SnapshotGoneError
from ..situation import Turn
from .moves import open_moves


def triage(state: Turn, desk: Desk) -> Turn:
    """Sort the turn; what perceive has already put aside stays there."""
    if state["triage"] in ("blind", "dropped"):
        return Turn()
    if state["alerts"]:
        return Turn(triage="unknown")
    if desk.rules is None:
        return Turn(triage="quiet")
    try:
        snapshot = desk.watch.recall(state["snapshot"])
    except SnapshotGoneError as error:
        return Turn(triage="dropped", messages=[*state["messages"], str(error)])
    moves = open_moves(state, snapshot, desk.watch)
    (wish,) = desk.rules.decide([snapshot], [moves])
    return Turn(triage="quiet" if moves[wish.choice] == HOLD else "known")
