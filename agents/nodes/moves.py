"""The moves that may be offered in a turn: the legal ones, less those that must rest."""

from ...plant_sim.controls import HOLD, Move, legal_moves
from ...plant_sim.snapshot import Snapshot
from ..situation import Turn
from ..watch import Watch


def name_of(control: str, label: str) -> str:
    """Return how a move is called in the state and in the records."""
    return f"{control} {label}"


def open_moves(state: Turn, snapshot: Snapshot, watch: Watch) -> list[Move]:
    """Return HOLD and the legal moves that are not masked, not barred and whose control has rested.

    A control rests for its cooldown. The gate would refuse it anyway; but a move that is offered
    and refused would drive the seat to its second best.
    """
    now = snapshot.time
    resting = {
        name
        for name, at in state["written"].items()
        if name in watch.controls and 0.0 <= now - at < watch.controls[name].cooldown
    }
    shut = {*state["masked"], *(name for name, until in state["barred"].items() if now < until)}
    return [
        move
        for move in legal_moves(watch.controls, snapshot.samples, watch.offer)
        if move == HOLD
        or (move.control not in resting and name_of(move.control, move.label) not in shut)
    ]
