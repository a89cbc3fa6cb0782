"""PERCEIVE: the typed snapshot behind the reference, digested to features and alerts.

Alerts and alarms are names of our own closed vocabularies. No text that came over a wire is passed
on.
"""

from ..desk import Desk
from ..errors import SnapshotGoneError
from ..situation import AlarmLine, Turn
from ..watch import blind, reading


def perceive(state: Turn, desk: Desk) -> Turn:
    """Look the snapshot up; one that is gone, old or blind is shown as such and not decided on."""
    try:
        snapshot = desk.watch.recall(state["snapshot"])
    except SnapshotGoneError as error:
        return Turn(triage="dropped", messages=[str(error)], time=state.get("time", 0.0))
    seen = Turn(
        time=snapshot.time,
        coil=int(reading(snapshot, "coil.number")),
        phase=int(reading(snapshot, "coil.phase")),
        features=dict(snapshot.features),
        alerts=list(snapshot.alerts),
        alarms=[
            AlarmLine(name=alarm.name, priority=alarm.priority, first_out=alarm.first_out)
            for alarm in snapshot.alarms
        ],
    )
    now = snapshot.time
    if any(at > now for at in state["written"].values()):
        # The clock has begun anew: another plant, to which nothing was ever done.
        seen |= Turn(pending=[], written={}, barred={})
    if blind(snapshot, desk.watch.controls):
        seen["triage"] = "blind"
        seen["messages"] = ["the plant cannot be seen (bad samples); nothing is decided"]
    elif desk.watch.stale(now):
        seen["triage"] = "dropped"
        seen["messages"] = ["the snapshot is too old to act on; nothing is decided"]
    return seen
