"""How well a seat decides on labelled snapshots: accuracy, what it costs, whom it harms, when sure.

The right answer of a snapshot is known because every legal move was played from it. Accuracy
counts exact answers; regret says in money what a wrong one costs, which is what matters: two moves
can be nearly as good. Harm is apart from money and comes first: nothing is chosen for its regret
while something else does less harm. Rows of one campaign resemble each other, so intervals are
drawn over seeds, not over rows.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .rows import Row

ALWAYS_HOLD = 1.01  # a threshold that no confidence reaches
DRAWS = 2000  # of seeds, for an interval
Prefer = Callable[[Row], tuple[int, float]]
"""Returns the preferred move of a row and the confidence in it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a seat answered to one row: right or not, how sure, what it would cost, does it harm."""

    seed: int
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
        seeds: of how many campaigns they are.
        accuracy: share of exactly right answers, with no threshold.
        low: lower end of its 95 % interval over seeds.
        high: upper end.
        regret: mean cost above the best move that does no harm, no threshold (EUR).
        regret_low: lower end of its 95 % interval over seeds.
        regret_high: upper end.
        harmful: share of answers that do more harm than holding, no threshold.
        threshold: confidence below which the seat holds.
        sure: share of rows at or above the threshold.
        sure_accuracy: accuracy among those; 0 when there are none.
        held_regret: mean regret when it holds below the threshold (EUR).
        held_harmful: share of harmful answers when it holds below the threshold.
    """

    rows: int
    seeds: int
    accuracy: float
    low: float
    high: float
    regret: float
    regret_low: float
    regret_high: float
    harmful: float
    threshold: float
    sure: float
    sure_accuracy: float
    held_regret: float
    held_harmful: float


def ask(rows: Sequence[Row], prefer: Prefer) -> list[Answer]:
    """Return what `prefer` answers to every row, judged by the branch tables."""
    return [judge(row, *prefer(row)) for row in rows]


def judge(row: Row, chosen: int, confidence: float) -> Answer:
    """Return what it means to answer `row` with move `chosen`."""
    return Answer(
        seed=row.seed,
        right=chosen == row.label,
        confidence=confidence,
        regret=row.regret(chosen),
        hold_regret=row.regret(0),
        harmful=row.harmful(chosen),
    )


def score(answers: Sequence[Answer], threshold: float = 0.0) -> Score:
    """Return the scores of `answers` when the seat holds below `threshold`."""
    count = len(answers)
    right = [float(answer.right) for answer in answers]
    regret = [answer.regret for answer in answers]
    seeds = [answer.seed for answer in answers]
    sure = [answer for answer in answers if answer.confidence >= threshold]
    low, high = interval(seeds, right)
    regret_low, regret_high = interval(seeds, regret)
    held_harmful, held_regret = _held(answers, threshold)
    return Score(
        rows=count,
        seeds=len(set(seeds)),
        accuracy=sum(right) / count,
        low=low,
        high=high,
        regret=sum(regret) / count,
        regret_low=regret_low,
        regret_high=regret_high,
        harmful=sum(answer.harmful for answer in answers) / count,
        threshold=threshold,
        sure=len(sure) / count,
        sure_accuracy=sum(answer.right for answer in sure) / max(len(sure), 1),
        held_regret=held_regret,
        held_harmful=held_harmful,
    )


def calibrate(answers: Sequence[Answer]) -> float:
    """Return the threshold that does least harm on `answers`, then costs least.

    Held rows count with the harm and the regret of holding, so a seat that is often wrong is told
    to hold more, and one that is only wrong to hold always. Of equal thresholds the highest.
    """
    offered = sorted({0.0, *(answer.confidence for answer in answers)}, reverse=True)
    # Between two confidences, so that rounding on another machine changes nothing.
    between = [(high + low) / 2 for high, low in pairwise(offered)]
    return min([ALWAYS_HOLD, *between, 0.0], key=lambda threshold: _held(answers, threshold))


def harm_then_regret(answers: Sequence[Answer]) -> tuple[float, float]:
    """Return share of harmful answers and mean regret (EUR): smaller is better, in that order."""
    return _held(answers, 0.0)


def largest_class(rows: Sequence[Row]) -> tuple[str, float]:
    """Return the most frequent right answer and its share: what answering blindly would reach."""
    counts = Counter(row.answer for row in rows)
    answer, count = counts.most_common(1)[0]
    return answer, count / len(rows)


def interval(seeds: Sequence[int], values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean of `values`, whole seeds drawn anew.

    One seed tells nothing of others: then it is all that was seen, from the least to the greatest.
    """
    sums: dict[int, tuple[float, int]] = {}
    for seed, value in zip(seeds, values, strict=True):
        total, count = sums.get(seed, (0.0, 0))
        sums[seed] = (total + value, count + 1)
    groups = list(sums.values())
    if len(groups) == 1:
        return min(values), max(values)
    draw = random.Random(0)  # noqa: S311  a resampling, not a secret
    means = []
    for _ in range(DRAWS):
        drawn = draw.choices(groups, k=len(groups))
        means.append(sum(total for total, _ in drawn) / sum(count for _, count in drawn))
    means.sort()
    return means[round(0.025 * (DRAWS - 1))], means[round(0.975 * (DRAWS - 1))]


def _held(answers: Sequence[Answer], threshold: float) -> tuple[float, float]:
    """Return share of harmful answers and mean regret when the seat holds below `threshold`."""
    sure = [answer.confidence >= threshold for answer in answers]
    spent = [
        answer.regret if acts else answer.hold_regret
        for answer, acts in zip(answers, sure, strict=True)
    ]
    harms = sum(answer.harmful and acts for answer, acts in zip(answers, sure, strict=True))
    return harms / len(answers), sum(spent) / len(spent)
