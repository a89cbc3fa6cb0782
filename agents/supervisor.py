"""The supervisor: one turn of the operator as a LangGraph graph.

    wake -> perceive -> triage -> decide -> guard -> approve -> act -> verify -> report

A turn can be stopped after any node and gone on with from its checkpoint, run again from any
checkpoint, or forked: the id of an action is computed from thread, turn and snapshot, and the
ledger behind the gate writes an id once. Handles live in the `Desk`, never in the state.
"""

import os
import sqlite3
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..plant_sim.controls import Seat
from ..plant_sim.signals import Sample
from .desk import RETRIES, TRUST, Desk, Gate, Mode
from .nodes import act, approve, decide, guard, perceive, report, triage, verify, wake
from .record import DecisionLog
from .situation import Turn
from .watch import Watch

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.checkpoint.sqlite import SqliteSaver
    from langgraph.graph.state import CompiledStateGraph

NODES: dict[str, Callable[..., Turn]] = {
    "wake": wake.wake,
    "perceive": perceive.perceive,
    "triage": triage.triage,
    "decide": decide.decide,
    "guard": guard.guard,
    "approve": approve.approve,
    "act": act.act,
    "verify": verify.verify,
    "report": report.report,
}


def build_supervisor(
    seat: Seat,
    gate: Gate,
    source: Watch,
    checkpointer: "BaseCheckpointSaver[str] | None" = None,
    mode: Mode = "closed",
    *,
    rules: Seat | None = None,
    log: DecisionLog | None = None,
    say: Callable[[Mapping[str, Any]], None] | None = None,
    trust: float | None = None,
    again: Callable[[], Mapping[str, Sample]] | None = None,
) -> "CompiledStateGraph[Turn, None, Turn, Turn]":
    """Return the compiled graph of one operator at one line.

    Invoke it with `{"snapshot": id, "events": [...]}`, the id from `source.keep(...)`, and a
    configuration that names the thread. The name must be one that no earlier run at this gate had:
    the ids of actions are computed from it.

    Args:
        seat: who decides (rules, a language model, a linear head, nobody).
        gate: the only way to write.
        source: the eyes; gives the snapshots their ids and the nodes the snapshots.
        checkpointer: where checkpoints are kept; None keeps none, and a turn cannot be resumed.
        mode: "shadow" and "advisory" never reach the gate's write, "approve" asks a person first,
            "closed" writes. The gate has its own mode; the stricter one holds.
        rules: helps when the seat is not sure, and tidies up when no alert stands.
        log: where decisions are recorded.
        say: told every decision as it is recorded.
        trust: least confidence with which the seat's own choice is taken, 0..1; None takes the
            threshold the seat was calibrated to, if it has one.
        again: returns the newest samples, to look again after the seat has thought: a move that
            comes too late is dropped. None for a plant that waits meanwhile.
    """
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        os.environ[name] = "false"  # nothing leaves this machine
    from langgraph.graph import END, START, StateGraph

    if trust is None:
        trust = float(getattr(seat, "threshold", TRUST))
    desk = Desk(seat, rules, gate, source, mode, log, say or (lambda event: None), trust, again)
    graph = StateGraph(Turn)
    for name, node in NODES.items():
        graph.add_node(name, partial(node, desk=desk))
    graph.add_edge(START, "wake")
    graph.add_edge("wake", "perceive")
    graph.add_edge("perceive", "triage")
    graph.add_conditional_edges("triage", after_triage, ["verify", "decide", "report"])
    graph.add_conditional_edges("decide", after_decide, ["guard", "report"])
    graph.add_conditional_edges("guard", after_guard, ["decide", "approve", "report"])
    graph.add_conditional_edges("approve", partial(after_approve, mode), ["act", "report"])
    graph.add_edge("act", "verify")
    graph.add_conditional_edges("verify", after_verify, ["guard", "decide", "report"])
    graph.add_edge("report", END)
    return graph.compile(checkpointer=checkpointer)


def open_checkpoints(folder: Path) -> "SqliteSaver":
    """Return the checkpoints of the run in `folder` (checkpoints.sqlite)."""
    from langgraph.checkpoint.sqlite import SqliteSaver

    folder.mkdir(parents=True, exist_ok=True)
    saver = SqliteSaver(sqlite3.connect(folder / "checkpoints.sqlite", check_same_thread=False))
    saver.setup()
    return saver


def after_triage(state: Turn) -> str:
    """Judge effects that are due first; then decide if there is anything to decide."""
    if state["triage"] in ("blind", "dropped"):
        return "report"
    if any(effect["due"] <= state["time"] for effect in state["pending"]):
        return "verify"
    return "report" if state["triage"] == "quiet" else "decide"


def after_decide(state: Turn) -> str:
    """A hold needs no guard."""
    action = state.get("action")
    return "guard" if action and action["id"] else "report"


def after_guard(state: Turn) -> str:
    """A refused move is decided anew a few times; a refused rollback is left to the operator."""
    verdict, action = state.get("verdict"), state.get("action")
    if verdict and verdict["allowed"]:
        return "approve"
    again = state["attempt"] <= RETRIES and not (action and action["undoes"])
    return "decide" if again else "report"


def after_approve(mode: Mode, state: Turn) -> str:
    """Only approve and closed mode act, and what a person rejected does not."""
    answer = state.get("answer")
    if mode in ("shadow", "advisory") or (answer and not answer["approved"]):
        return "report"
    return "act"


def after_verify(state: Turn) -> str:
    """Report what was written; else take back what went wrong, or go on to decide."""
    if state.get("receipt") is not None:
        return "report"
    if state.get("action") is not None:
        return "guard"
    return "report" if state["triage"] == "quiet" else "decide"
