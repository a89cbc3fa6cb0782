"""ACT: one call to the gate and nothing else. The gate, not the graph, decides whether to write."""

from ..desk import Desk, need
from ..situation import Turn


def act(state: Turn, desk: Desk) -> Turn:
    """Hand the action to the gate under its id; run again, the same id gives the same outcome."""
    action = need(state.get("action"), "action")
    action, receipt = desk.propose(action, state["snapshot"], state["time"])
    return Turn(action=action, receipt=receipt)
