"""What travels over the gate's socket: one JSON object a line, typed, of limited length."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter

from .check import Mode, Request
from .ledger import Entry, State

LIMIT = 64 * 1024  # bytes a line
SOCKET = "gate.sock"

ActionId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Text = Annotated[str, Field(max_length=2000)]
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one action. Values SI.

    Attributes:
        action_id: the action.
        state: "DONE" applied by the plant, once; "NOT DONE" not applied, now or ever; "UNKNOWN"
            not told yet, ask `outcome` again; "PENDING" a person must approve it.
        reason: in words.
        control: control of the action.
        value: value asked for.
        before: present value when it was checked.
        readback: what the plant shows after the write; None when it was not seen.
        sent: whether a request went to the plant.
    """

    action_id: str
    state: Literal["DONE", "NOT DONE", "UNKNOWN", "PENDING"]
    reason: str
    control: str
    value: float
    before: float | None = None
    readback: float | None = None
    sent: bool = False


_SHOWN: dict[State, Literal["DONE", "NOT DONE", "UNKNOWN", "PENDING"]] = {
    State.RECEIVED: "UNKNOWN",
    State.SENDING: "UNKNOWN",
    State.UNKNOWN: "UNKNOWN",
    State.PENDING: "PENDING",
    State.REFUSED: "NOT DONE",
    State.NOT_DONE: "NOT DONE",
    State.DONE: "DONE",
}


def receipt(entry: Entry) -> Receipt:
    """Return the receipt of a ledger entry."""
    reason = entry.reason or ("in progress" if _SHOWN[entry.state] == "UNKNOWN" else "")
    return Receipt(
        entry.action_id, _SHOWN[entry.state], reason, entry.control, entry.value, entry.before,
        entry.readback, entry.sent_plant is not None,
    )  # fmt: skip


class _Message(BaseModel):
    # strict: true is no number and "0.3" is none; whoever sends one has made a mistake.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Wish(_Message):
    """One move, for the dry check."""

    control: Name
    value: FiniteFloat
    requester: Name = "agent"


class StatusMessage(_Message):
    """How the gate stands."""

    do: Literal["status"]


class CheckMessage(_Message):
    """Would these be allowed, each alone, now?"""

    do: Literal["check"]
    wishes: Annotated[list[Wish], Field(max_length=200)]


class ProposeMessage(_Message):
    """Write this, if every limit allows it."""

    do: Literal["propose"]
    action_id: ActionId
    control: Name
    value: FiniteFloat
    requester: Name
    why: Text = ""
    snapshot_id: Annotated[str, Field(max_length=200)] = ""

    @property
    def request(self) -> Request:
        """The request as the gate takes it."""
        return Request(
            self.action_id, self.control, self.value, self.requester, self.why, self.snapshot_id
        )


class OutcomeMessage(_Message):
    """What became of this action?"""

    do: Literal["outcome"]
    action_id: ActionId


class UndoMessage(_Message):
    """What would take this action back?"""

    do: Literal["undo"]
    action_id: ActionId


class ApprovalsMessage(_Message):
    """What waits for a person (or, with `all`, everything that ever did)?"""

    do: Literal["approvals"]
    all: bool = False


class DecideMessage(_Message):
    """A person's decision about one approval, signed over everything he saw."""

    do: Literal["decide"]
    approval_id: Name
    decision: Literal["approve", "reject"]
    operator: Name
    signature: Hex


class BeatMessage(_Message):
    """The agent has made a successful step."""

    do: Literal["beat"]


class ChallengeMessage(_Message):
    """A fresh word to sign, for `release` and for raising the mode."""

    do: Literal["challenge"]


class ReleaseMessage(_Message):
    """A person takes back the hand-back and re-arms the plant."""

    do: Literal["release"]
    operator: Name
    challenge: Name
    signature: Hex


class ModeMessage(_Message):
    """Set the mode; raising it needs a person's signature, lowering it needs nobody."""

    do: Literal["mode"]
    mode: Mode
    operator: Name = "anyone"
    challenge: str = ""
    signature: str = ""


Message = Annotated[
    StatusMessage
    | CheckMessage
    | ProposeMessage
    | OutcomeMessage
    | UndoMessage
    | ApprovalsMessage
    | DecideMessage
    | BeatMessage
    | ChallengeMessage
    | ReleaseMessage
    | ModeMessage,
    Field(discriminator="do"),
]
MESSAGES: TypeAdapter[Any] = TypeAdapter(Message)
