"""The desk of one line: its pages, the moves that are open now, and whom to ask about them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from ..controls import HOLD, Control, Decision, Move, Seat, legal_moves
from ..errors import SimulationError
from ..signals import Sample
from ..snapshot import Snapshot, SnapshotBuilder

QUIET = Decision(0, 1.0, "quiet")  # no alert: nobody is asked
# the moves an operator considers
Offer = Callable[[Control, float, Mapping[str, Sample]], list[Move]]


@dataclass
class Desk:
    """What belongs to one line: its pages, and when each control was last written.

    Attributes:
        builder: makes the pages.
        controls: what may be moved here.
        offer: the moves an operator considers.
    """

    builder: SnapshotBuilder
    controls: Mapping[str, Control]
    offer: Offer
    _written: dict[str, float] = field(default_factory=dict, init=False)

    def open_moves(self, page: Snapshot) -> list[Move]:
        """Return HOLD and the legal moves of the controls whose cooldown is over."""
        return [
            move
            for move in legal_moves(self.controls, page.samples, self.offer)
            if move == HOLD or self._rested(move.control, page.time)
        ]

    def _rested(self, control: str, now: float) -> bool:
        return now - self._written.get(control, -inf) >= self.controls[control].cooldown

    def note(self, control: str, now: float) -> None:
        """Remember that `control` was written at plant time `now` (s)."""
        self._written[control] = now


def ask(
    seat: Seat, pages: Sequence[Snapshot], moves: Sequence[Sequence[Move]]
) -> list[tuple[Move, Decision]]:
    """Ask for the pages with an alert, one by one; all at once a seat that does not mind company.

    A matrix product rounds otherwise in another batch; an episode would hang on its neighbours.

    Raises:
        SimulationError: the seat answered with something that is no move.
    """
    always = getattr(seat, "asked_always", False)
    asked = [n for n, page in enumerate(pages) if page.alerts or always]
    if getattr(seat, "batch_invariant", False):
        answers = seat.decide([pages[n] for n in asked], [moves[n] for n in asked])
    else:
        answers = [seat.decide([pages[n]], [moves[n]])[0] for n in asked]
    decisions = [QUIET] * len(pages)
    for n, answer in zip(asked, answers, strict=True):
        decisions[n] = answer
    return [
        (_chosen(seat, decision, legal), decision)
        for decision, legal in zip(decisions, moves, strict=True)
    ]


def _chosen(seat: Seat, decision: Decision, legal: Sequence[Move]) -> Move:
    if not 0 <= decision.choice < len(legal):
        raise SimulationError(
            f"seat {seat.name} chose move {decision.choice} of {len(legal)}; "
            "it must answer with an index of the moves it was given"
        )
    return legal[decision.choice]
