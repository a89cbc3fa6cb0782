"""DECIDE: a seat chooses one of the open moves; here, and only here, an action gets its id."""

import time
import uuid
from collections.abc import Sequence
from math import isfinite

from langchain_core.runnables import RunnableConfig

from ...plant_sim.controls import HOLD, Decision, Move, Seat
from ...plant_sim.errors import PasslineError
from ...plant_sim.snapshot import Snapshot
from ..desk import Desk
from ..errors import SnapshotGoneError
from ..situation import Action, Turn
from .moves import name_of, open_moves

NAMESPACE = uuid.UUID("6d1f3a52-7c0e-5a49-9a53-4e1c20f1b7d4")  # of action ids


def action_id(thread: str, turn: int, snapshot: str) -> str:
    """Return the id of the one action a turn may propose: 32 hexadecimal digits.

    The name of the thread begins with what was drawn once for the whole run (see `agents.duty`).
    From there on it is computed and not drawn, so the node gives the same id however often it is
    run again. A choice that the guard refused was never proposed, so the next choice of the turn
    takes the same id: whatever a replay finds different, the ledger knows one action a turn.
    """
    return uuid5_hex(f"{thread}|{turn}|{snapshot}")


def uuid5_hex(text: str) -> str:
    """Return the 32 hexadecimal digits that belong to `text`."""
    return uuid.uuid5(NAMESPACE, text).hex


def decide(state: Turn, desk: Desk, config: RunnableConfig) -> Turn:
    """Ask the seat; when it is not sure take the rules' move, or hold and tell the operator."""
    try:
        snapshot = desk.watch.recall(state["snapshot"])
    except SnapshotGoneError as error:
        return Turn(triage="dropped", action=None, messages=[*state["messages"], str(error)])
    moves = open_moves(state, snapshot, desk.watch)
    seat = desk.rules if state["triage"] == "known" and desk.rules else desk.seat
    begun = time.perf_counter()
    choice = _ask(seat, snapshot, moves)
    thinking = state["thinking"] + time.perf_counter() - begun
    by, messages = seat.name, list(state["messages"])
    if seat is not desk.rules and not choice.confidence >= desk.trust:
        by, choice, message = _unsure(desk, seat, choice, snapshot, moves)
        messages.append(message)
    move = moves[choice.choice]
    thread = str(config["configurable"]["thread_id"])
    key = "" if move == HOLD else action_id(thread, state["turn"], state["snapshot"])
    offered = [name_of(m.control, m.label) for m in moves]
    # What is at the gate already is not dropped: this is a replay, and ACT gets its receipt.
    if key and (why := desk.too_late(snapshot)) and desk.gate.outcome(key) is None:
        name = name_of(move.control, move.label)
        messages.append(f"too late: {by} chose {name} after {thinking:.1f} s of thought, but {why}")
        return Turn(
            triage="dropped", action=None, offered=offered, verdict=None, thinking=thinking,
            messages=messages,
        )  # fmt: skip
    action = Action(
        id=key,
        control=move.control,
        value=move.value,
        label=move.label,
        by=by,
        confidence=choice.confidence,
        reason=choice.reason,
        undoes="",
    )
    return Turn(action=action, offered=offered, verdict=None, thinking=thinking, messages=messages)


def _ask(seat: Seat, snapshot: Snapshot, moves: Sequence[Move]) -> Decision:
    try:
        (choice,) = seat.decide([snapshot], [moves])
    except PasslineError as error:  # a model that cannot answer is a model that is not sure
        return Decision(0, 0.0, str(error))
    if 0 <= choice.choice < len(moves) and isfinite(choice.confidence):
        return choice
    return Decision(0, 0.0, f"answered {choice.choice} of {len(moves)} moves: not an answer")


def _unsure(
    desk: Desk, seat: Seat, choice: Decision, snapshot: Snapshot, moves: Sequence[Move]
) -> tuple[str, Decision, str]:
    """Return who decides instead, what, and what the operator is told."""
    wish = moves[choice.choice]
    doubt = (
        f"{seat.name} is not sure ({choice.confidence:.2f} for "
        f"{name_of(wish.control, wish.label) if wish != HOLD else 'hold'}, "
        f"{desk.trust:.2f} is needed)"
    )
    if desk.rules is not None:
        rule = _ask(desk.rules, snapshot, moves)
        if moves[rule.choice] != HOLD:
            name = name_of(moves[rule.choice].control, moves[rule.choice].label)
            return desk.rules.name, rule, f"{doubt}: the rule's move is taken, {name}"
    held = Decision(0, choice.confidence, choice.reason)
    return seat.name, held, f"{doubt} and no rule has a move: holding, please look"
