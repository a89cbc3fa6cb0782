"""WAKE: a new turn begins; what belonged to the last one is wiped, what outlives it is kept."""

import time

from ..desk import Desk
from ..situation import Turn


def wake(state: Turn, desk: Desk) -> Turn:
    """Count the turn and clear everything but the memory (pending effects, writes, bars)."""
    del desk
    return Turn(
        turn=state.get("turn", 0) + 1,
        wall=time.time(),
        triage="quiet",
        features={},
        alerts=[],
        alarms=[],
        offered=[],
        attempt=0,
        masked=[],
        action=None,
        verdict=None,
        answer=None,
        receipt=None,
        judged=[],
        messages=[],
        thinking=0.0,
        pending=state.get("pending", []),
        written=state.get("written", {}),
        barred=state.get("barred", {}),
    )
