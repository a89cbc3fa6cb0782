"""How well a seat decides on labelled snapshots: accuracy, what it costs, when it is sure.

The right answer of a snapshot is known because every legal move was played from it. Accuracy
counts exact answers; regret says in money what a wrong one costs, which is what matters: two moves
can be nearly as good.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from .rows import Row

Prefer = Callable[[Row], tuple[int, float]]
"""Returns the preferred move of a row and the confidence in it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a seat answered to one row: right or not, how sure, what it would cost, does it harm."""

    right: bool
    confidence: float
    regret: float
    hold_regret: float
    harmful: bool


@dataclass(frozen=True, slots=True)
class Score:
    """Scores of one seat on one set of rows.

    Attributes:
        rows: how many.
        accuracy: share of exactly right answers, with no threshold.
        low: lower end of its 95 % interval (Wilson).
        high: upper end.
        regret: mean cost above the best move, no threshold (EUR).
        harmful: share of answers that do more harm than holding, no threshold.
        threshold: confidence below which the seat holds.
        sure: share of rows at or above the threshold.
        sure_accuracy: accuracy among those.
        held_regret: mean regret when it holds below the threshold (EUR).
    """

    rows: int
    accuracy: float
    low: float
    high: float
    regret: float
    harmful: float
    threshold: float
    sure: float
    sure_accuracy: float
    held_regret: float


def ask(rows: Sequence[Row], prefer: Prefer) -> list[Answer]:
    """Return what `prefer` answers to every row, judged by the branch tables."""
    found = []
    for row in rows:
        chosen, confidence = prefer(row)
        found.append(
            Answer(
                right=chosen == row.label,
                confidence=confidence,
                regret=row.regret(chosen),
                hold_regret=row.regret(0),
                harmful=row.harmful(chosen),
            )
        )
    return found


def score(answers: Sequence[Answer], threshold: float = 0.0) -> Score:
    """Return the scores of `answers` when the seat holds below `threshold`."""
    count = len(answers)
    right = sum(answer.right for answer in answers)
    sure = [answer for answer in answers if answer.confidence >= threshold]
    low, high = wilson(right, count)
    return Score(
        rows=count,
        accuracy=right / count,
        low=low,
        high=high,
        regret=sum(answer.regret for answer in answers) / count,
        harmful=sum(answer.harmful for answer in answers) / count,
        threshold=threshold,
        sure=len(sure) / count,
        sure_accuracy=sum(answer.right for answer in sure) / max(len(sure), 1),
        held_regret=_held(answers, threshold),
    )


def calibrate(answers: Sequence[Answer]) -> float:
    """Return the threshold of least mean regret on `answers`; of equal ones the highest.

    Held rows count with the regret of holding, so a seat that is often wrong is told to hold more.
    """
    offered = sorted({0.0, *(answer.confidence for answer in answers)}, reverse=True)
    # Between two confidences, so that rounding on another machine changes nothing.
    between = [(high + low) / 2 for high, low in pairwise(offered)]
    return min([*between, 0.0], key=lambda threshold: _held(answers, threshold))


def largest_class(rows: Sequence[Row]) -> tuple[str, float]:
    """Return the most frequent right answer and its share: what answering blindly would reach."""
    counts = Counter(row.answer for row in rows)
    answer, count = counts.most_common(1)[0]
    return answer, count / len(rows)


def wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson score interval of a share (95 % by default)."""
    share = right / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * sqrt(share * (1 - share) / count + z * z / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def _held(answers: Sequence[Answer], threshold: float) -> float:
    spent = [
        answer.regret if answer.confidence >= threshold else answer.hold_regret
        for answer in answers
    ]
    return sum(spent) / len(spent)
