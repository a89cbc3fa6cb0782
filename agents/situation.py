"""What the supervisor's graph carries from node to node: small facts and references, never tags.

The samples of a snapshot stay with the `Watch`; the state holds its id, its digested features and
its alerts and alarms. Everything is a plain number, string, list or dict, so a checkpoint is small
and can be read back by another version. All values SI, `time` is plant seconds, `wall` is Unix
seconds.
"""

from typing import Literal, NotRequired, TypedDict

Triage = Literal["quiet", "known", "unknown", "blind", "dropped"]


class Action(TypedDict):
    """One move that was chosen. `id` is made once, where the choice is made."""

    id: str
    control: str
    value: float
    label: str
    by: str  # name of the seat, or "rollback"
    confidence: float
    reason: str
    undoes: str  # id of the action this one takes back, or ""


class Verdict(TypedDict):
    """What the gate's own check said, asked dry."""

    allowed: bool
    value: float
    reasons: list[str]
    needs_person: bool


class Answer(TypedDict):
    """What a person answered to a request for approval."""

    approved: bool
    operator: str
    reason: str


class Receipt(TypedDict):
    """How a proposal ended: DONE, NOT DONE, UNKNOWN or PENDING; `before` and `readback` in SI."""

    state: str
    reason: str
    before: float | None
    readback: float | None


class Effect(TypedDict):
    """What an action is expected to do to the plant, judged on a later wake.

    The feature should move by at least `least` in the direction `sign` until plant time `due`.
    """

    action_id: str
    control: str
    label: str
    undo: float  # value that takes the action back, SI
    feature: str
    coil: int  # coil it must be judged on, or -1 for any
    sign: float
    least: float
    strict: bool  # an effect that is not seen counts as a wrong one
    before: float
    since: float  # plant time of the write
    due: float
    tries: NotRequired[int]  # to take the action back; there once it was judged wrong


class Judged(TypedDict):
    """How an expected effect came out."""

    action_id: str
    control: str
    label: str
    feature: str
    before: float
    after: float | None
    outcome: str  # "seen", "unseen", "opposite", "unknown"


class AlarmLine(TypedDict):
    """An alarm that stands: a name of the line's alarm table, its priority, whether it led."""

    name: str
    priority: int
    first_out: bool


class Turn(TypedDict, total=False):
    """State of the graph: one turn, and what it hands to the next (the last four fields)."""

    snapshot: str
    events: list[str]
    wall: float
    time: float
    coil: int
    phase: int
    features: dict[str, float]
    alerts: list[str]
    alarms: list[AlarmLine]
    triage: Triage
    offered: list[str]
    attempt: int
    masked: list[str]
    action: Action | None
    verdict: Verdict | None
    answer: Answer | None
    receipt: Receipt | None
    judged: list[Judged]
    messages: list[str]
    thinking: float  # wall seconds the seat took

    turn: int
    pending: list[Effect]
    written: dict[str, float]  # control: plant time of its last write
    barred: dict[str, float]  # "control label": plant time until which it is not offered again
