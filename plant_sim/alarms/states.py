"""Where an alarm can stand, and which state may follow which (ANSI/ISA-18.2, alarm states)."""

from dataclasses import dataclass
from enum import StrEnum

from .definition import Alarm


class State(StrEnum):
    """Where one alarm stands."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned to normal, unacknowledged"
    LATCHED = "latched"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed by design"
    OUT_OF_SERVICE = "out of service"


_S = State
ACTIVE = {_S.UNACKNOWLEDGED, _S.ACKNOWLEDGED}
SHOWN = {_S.UNACKNOWLEDGED, _S.ACKNOWLEDGED, _S.RETURNED, _S.LATCHED}
ASIDE = {_S.SHELVED, _S.OUT_OF_SERVICE}
_BACK = frozenset({_S.NORMAL, _S.UNACKNOWLEDGED, _S.LATCHED, _S.SUPPRESSED})

# which state may follow which; a person or the clock may set any alarm aside and bring it back
TRANSITIONS: dict[State, frozenset[State]] = {
    _S.NORMAL: frozenset({_S.UNACKNOWLEDGED, _S.SUPPRESSED, *ASIDE}),
    _S.UNACKNOWLEDGED: frozenset({_S.ACKNOWLEDGED, _S.RETURNED, *ASIDE}),
    _S.ACKNOWLEDGED: frozenset({_S.NORMAL, _S.LATCHED, _S.SUPPRESSED, *ASIDE}),
    _S.RETURNED: frozenset({_S.UNACKNOWLEDGED, _S.NORMAL, _S.LATCHED, _S.SUPPRESSED, *ASIDE}),
    _S.LATCHED: frozenset({_S.UNACKNOWLEDGED, _S.NORMAL, _S.SUPPRESSED, *ASIDE}),
    _S.SUPPRESSED: frozenset({_S.NORMAL, _S.UNACKNOWLEDGED, *ASIDE}),
    _S.SHELVED: frozenset({*_BACK, _S.OUT_OF_SERVICE}),
    _S.OUT_OF_SERVICE: _BACK,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """One line of the alarm list.

    Attributes:
        alarm: its definition.
        state: where it stands.
        since: plant time at which it came (s).
        value: of its signal when it came (SI).
        first_out: it was the first of its group.
        chattering: it comes and goes too often to mean much.
        until: plant time at which its shelving ends (s); infinite when it is not shelved.
    """

    alarm: Alarm
    state: State
    since: float
    value: float
    first_out: bool
    chattering: bool
    until: float
