"""Choosing among closed answers: walk the tree of candidates, ask a model only where they part.

Everything between two branches is copied, not decoded, so a decision costs one forward pass for
each real choice. No answer outside the candidates can come out, whatever the model says: its
probabilities are only compared among the tokens that still lead to a candidate.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from .errors import OutputError

Ask = Callable[[list[int], list[int]], Sequence[float]]
"""Told the tokens since the last question and the tokens that may follow, returns one probability
for each of the latter (they sum to 1)."""


class Choice(NamedTuple):
    """What came out of a walk.

    Attributes:
        candidate: position of the chosen one.
        confidence: the smallest probability on its way; 1 when nothing had to be asked.
        asked: how many questions it took.
    """

    candidate: int
    confidence: float
    asked: int


def check_prefix_free(candidates: Sequence[Sequence[int]]) -> None:
    """Raise unless every candidate can be told from every other before either ends.

    Raises:
        OutputError: if there is no candidate, or one is equal to or the beginning of another.
    """
    if not candidates:
        raise OutputError("there is no candidate to choose; offer at least the one to do nothing")
    ordered = sorted(tuple(candidate) for candidate in candidates)
    for left, right in pairwise(ordered):
        if right[: len(left)] == left:
            raise OutputError(
                f"candidate {list(left)} is the beginning of {list(right)}; "
                "end each with the end-of-turn token and list each once"
            )


def walk(candidates: Sequence[Sequence[int]], ask: Ask) -> Choice:
    """Return the candidate that `ask` prefers, following the likelier token at each branch.

    Args:
        candidates: token ids of each answer, prefix-free.
        ask: the model.

    Raises:
        OutputError: if the candidates are not prefix-free, or `ask` answers in another form.
    """
    check_prefix_free(candidates)
    live, position, confidence, asked = list(range(len(candidates))), 0, 1.0, 0
    pending: list[int] = []
    while len(live) > 1:
        branch = sorted({candidates[index][position] for index in live})
        token = branch[0]
        if len(branch) > 1:
            chances = list(ask(pending, branch))
            if len(chances) != len(branch) or not sum(chances) > 0.0:
                raise OutputError(f"the model gave {chances} for {len(branch)} possible tokens")
            best = max(range(len(branch)), key=chances.__getitem__)
            token, pending = branch[best], []
            confidence, asked = min(confidence, float(chances[best])), asked + 1
            live = [index for index in live if candidates[index][position] == token]
        pending.append(token)
        position += 1
    return Choice(live[0], confidence, asked)
