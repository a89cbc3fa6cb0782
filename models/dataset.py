"""Labels: every legal move played from the true state, the best one is the answer.

Campaigns of different seeds run side by side; at decision points the plant is branched, every
legal move and holding are played on the same futures, and the cheapest that does no more harm wins
when it beats holding clearly. Every split holds each scenario, and a few rows of a line without a
fault. A third of the lanes is left alone, a third follows the rule table,
a third the labels. Train, validation and held-out rows never share a seed. Labels
may use the true state; what a model reads of a row is its snapshot alone.
"""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from ..plant_sim.controls import HOLD, legal_moves
from ..plant_sim.errors import ConfigError
from .encoder import ORDER
from .rows import Row, write_rows

if TYPE_CHECKING:
    from ..plant_sim.lines.hot_strip.lanes import HotStripLanes
    from ..plant_sim.rollouts.branch import BranchTable
    from ..plant_sim.snapshot import Snapshot

Tell = Callable[[str], None]
RECIPE = "recipe.json"
CALM = "nominal"  # the scenario without a fault
MOST_BATCHES = 400
WRITTEN = 0.3  # chance that a campaign's own policy writes at a decision point
SHORTEST_COIL = 100.0  # plant s; how many coils may at most begin inside a horizon


@dataclass(frozen=True, slots=True)
class Recipe:
    """How labels are made.

    Attributes:
        scenarios: with a fault; each gives as many rows of a split as the others.
        calm: share of a split that is to hold on a line without a fault.
        each: the most rows that one campaign gives; its rows resemble each other.
        train: rows to learn from.
        validation: rows to calibrate on.
        held_out: rows to judge on.
        seed: the first seed; each split takes its seeds from a range of its own.
        lanes: campaigns side by side for train; other splits take half as many.
        coils: length of a campaign.
        futures: noise seeds each move is played on.
        horizon: how long each is at least played (plant s); to the end of the coil then running.
        acts: what a move must gain over holding to be the answer (EUR).
        holds: holding is the answer when no move gains more than this (EUR); between the two the
            plant gives no clear answer and the point is left out.
        alike: moves that cost at most this more than the best count as equal (EUR); of those the
            answer is the one of least risk, then the first of the catalogue.
        quiet: chance that a decision point without an alert is labelled.
        loud: the same with an alert that was not labelled on this coil yet.
        share: the most one answer may take of a split.
        stray: chance that any legal move is written, so that odd states are seen too.
    """

    scenarios: tuple[str, ...] = ("faults", "pyrometer-drift", "dead-bank", "wrong-grade")
    calm: float = 1 / 12
    each: int = 4
    train: int = 480
    validation: int = 96
    held_out: int = 96
    seed: int = 20_000
    lanes: int = 16
    coils: int = 14
    futures: int = 2
    horizon: float = 300.0
    acts: float = 90.0
    holds: float = 30.0
    alike: float = 10.0
    quiet: float = 0.01
    loud: float = 0.3
    share: float = 0.3
    stray: float = 0.01

    def first_seed(self, split: str) -> int:
        """Return where the seeds of `split` begin; no two splits ever share one."""
        return self.seed + 10_000 * SPLITS.index(split)

    def wanted(self, split: str) -> int:
        """Return how many rows `split` asks for."""
        return {"train": self.train, "validation": self.validation, "held-out": self.held_out}[
            split
        ]

    @property
    def left_out(self) -> str:
        """What no score on such rows tells, in one sentence."""
        return (
            f"Left out: points where the best move gains {self.holds:g} to {self.acts:g} EUR, "
            f"points up to {_coils_ahead(self.horizon)} coils before a fault begins, "
            f"answers beyond {100 * self.share:g} % of the rows, "
            "and moves on a line without a fault."
        )


SPLITS = ("train", "validation", "held-out")


def build(
    folder: Path, recipe: Recipe | None = None, tell: Tell = lambda _: None
) -> dict[str, str]:
    """Label all splits, write them and the recipe to `folder` and return the hash of each.

    Args:
        folder: gets train.json, validation.json, held-out.json and recipe.json.
        recipe: how; the default is the one the shipped adapter was trained on.
        tell: is told how far it is, one sentence at a time.

    Raises:
        ConfigError: if campaigns end before a split is full.
    """
    recipe = recipe or Recipe()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECIPE).write_text(json.dumps(asdict(recipe), indent=2) + "\n", encoding="utf-8")
    hashes = {}
    for split in SPLITS:
        rows = label(recipe, split, tell)
        hashes[split] = write_rows(folder / f"{split}.json", rows)
    return hashes


def read_recipe(folder: Path) -> Recipe:
    """Read how the rows in `folder` were made.

    Raises:
        ConfigError: if the recipe is missing or is none.
    """
    try:
        found = json.loads((folder / RECIPE).read_text(encoding="utf-8"))
        return Recipe(**{**found, "scenarios": tuple(found["scenarios"])})
    except FileNotFoundError:
        raise ConfigError(f"{folder / RECIPE} is missing; make it with: passline dataset") from None
    except (TypeError, ValueError, KeyError) as wrong:
        raise ConfigError(f"{folder / RECIPE} is no recipe ({wrong}); make it anew") from wrong


def label(recipe: Recipe, split: str, tell: Tell = lambda _: None) -> list[Row]:
    """Return the rows of one split, in the order in which they were found.

    Raises:
        ConfigError: if campaigns end before the split is full.
    """
    quota = _Quota(recipe, split)
    for batch in range(MOST_BATCHES):
        scenarios = quota.short
        if not scenarios:
            tell(f"{split}: {len(quota.rows)} rows, {len(quota.answers)} different answers")
            return quota.rows
        scenario = scenarios[batch % len(scenarios)]
        _campaigns(quota, scenario, batch)
        tell(
            f"{split}: {len(quota.rows)} of {recipe.wanted(split)} rows after {batch + 1} batches "
            f"of campaigns ({scenario})"
        )
    raise ConfigError(
        f"{split}: only {len(quota.rows)} of {recipe.wanted(split)} rows after {MOST_BATCHES} "
        "batches of campaigns; let one answer take a greater share, or ask for fewer rows"
    )


class _Quota:
    """The rows of a split so far, and which others there is room for."""

    def __init__(self, recipe: Recipe, split: str) -> None:
        self.recipe = recipe
        self.split = split
        self.rows: list[Row] = []
        self.answers: Counter[str] = Counter()
        self.campaigns: Counter[int] = Counter()
        wanted = recipe.wanted(split)
        calm = round(recipe.calm * wanted)
        self.most = max(1, ceil(recipe.share * wanted))
        faults = range(len(recipe.scenarios))
        self.room = {
            scenario: (wanted - calm + place) // len(faults)
            for place, scenario in zip(faults, recipe.scenarios, strict=True)
        }
        self.room[CALM] = calm + self.room.get(CALM, 0)

    @property
    def short(self) -> list[str]:
        """The scenarios that still lack rows."""
        return [scenario for scenario, room in self.room.items() if room]

    def open(self, seed: int) -> bool:
        """Return whether a campaign may give more rows."""
        return self.campaigns[seed] < self.recipe.each

    def take(self, row: Row) -> None:
        """Keep `row` if there is room for it."""
        held = row.label == 0
        # What holding may take is kept free for the rows of the line without a fault.
        most = self.most - self.room[CALM] * held * (row.scenario != CALM)
        if self.room[row.scenario] < 1 or self.answers[row.answer] >= most:
            return
        if row.scenario == CALM and not held:
            return
        self.rows.append(row)
        self.answers[row.answer] += 1
        self.campaigns[row.seed] += 1
        self.room[row.scenario] -= 1


def _campaigns(quota: _Quota, scenario: str, batch: int) -> None:
    """Play a batch of campaigns side by side; `quota` takes the rows at decision points drawn."""
    from ..plant_sim.control.rules import RuleSeat
    from ..plant_sim.lines.hot_strip.control_table import offer
    from ..plant_sim.lines.hot_strip.lanes import INTERVAL, HotStripLanes
    from ..plant_sim.rollouts.branch import branch_many
    from ..plant_sim.snapshot import DECISION_PERIOD, SAMPLE_PERIOD, SnapshotBuilder

    recipe, split = quota.recipe, quota.split
    count = max(recipe.lanes // 2, round(recipe.lanes * recipe.wanted(split) / recipe.train))
    first = recipe.first_seed(split) + batch * count
    seeds = range(first, first + count)
    lanes = HotStripLanes(seeds, scenario)
    builders = [SnapshotBuilder(lanes.signals, lanes.controls) for _ in seeds]
    draws = [random.Random(seed) for seed in seeds]  # noqa: S311  a choice, not a secret
    pages: dict[int, Snapshot] = {}
    last: dict[int, tuple[int, tuple[str, ...]]] = {}  # lane -> coil and alerts labelled last
    rules = RuleSeat()
    while lanes.finished_counts().min() < recipe.coils and any(map(quota.open, seeds)):
        for _ in range(round(DECISION_PERIOD / SAMPLE_PERIOD)):
            lanes.advance(round(SAMPLE_PERIOD / INTERVAL))
            now = lanes.time
            for lane, builder in enumerate(builders):
                pages[lane] = builder.update(lanes.samples(lane), float(now[lane]))
        moves = {
            lane: legal_moves(lanes.controls, page.samples, offer) for lane, page in pages.items()
        }
        due = [
            lane
            for lane, page in pages.items()
            if draws[lane].random() < (recipe.loud if page.alerts else recipe.quiet)
            and quota.open(seeds[lane])
            and last.get(lane) != (page.coil, page.alerts)
            and not _fault_begins(lanes, lane, recipe.horizon)
        ]
        states, legal = [lanes.lane(lane) for lane in due], [moves[lane] for lane in due]
        futures = [first + n for n in range(recipe.futures)]
        tables = dict(zip(due, branch_many(states, legal, futures, recipe.horizon), strict=True))
        for lane, page in pages.items():
            draw, right = draws[lane], None
            if lane in tables:
                last[lane] = (page.coil, page.alerts)
                right = best_move(tables[lane], recipe)
                if right is not None:
                    quota.take(_row(page, tables[lane], right, scenario, seeds[lane]))
                    if not quota.room[scenario]:
                        return
            written = HOLD
            if draw.random() < recipe.stray:
                written = draw.choice(moves[lane])
            elif lane % 3 == 1:
                written = moves[lane][rules.decide([page], [moves[lane]])[0].choice]
            elif lane % 3 == 2 and right is not None:
                written = moves[lane][right]
            if written != HOLD and draw.random() < WRITTEN:
                lanes.write(written.control, written.value, [lane])


def _row(page: "Snapshot", table: "BranchTable", right: int, scenario: str, seed: int) -> Row:
    return Row(
        scenario=scenario,
        seed=seed,
        time=page.time,
        coil=page.coil,
        rolling=page.rolling,
        features={name: float(value) for name, value in page.features.items()},
        alerts=tuple(page.alerts),
        order={name: page.samples[name].value for name in ORDER},
        moves=tuple((move.control, move.value, move.label) for move in table.candidates),
        costs=tuple(table.mean.tolist()),
        harms=tuple(table.worst_harm.tolist()),
        admissible=tuple(table.admissible.tolist()),
        label=right,
    )


def best_move(table: "BranchTable", recipe: Recipe) -> int | None:
    """Return the index of the right answer of a branch table, or None when it is not clear.

    The cheapest move that does no more harm than holding (`BranchTable.admissible`), when it gains
    enough; hold when nothing gains much. Of moves about as good as the best the one of least risk,
    then the first of the catalogue: labels must not hang on a few EUR of noise.
    """
    from ..plant_sim.lines.hot_strip.control_table import CONTROLS

    cost = table.mean
    fits = [index for index, fit in enumerate(table.admissible.tolist()) if fit]
    best = min(fits, key=lambda index: float(cost[index]))
    gain = cost[0] - cost[best]
    if gain < recipe.acts:
        return 0 if gain <= recipe.holds else None
    risks = ("low", "medium", "high")
    alike = [index for index in fits if index and cost[index] <= cost[best] + recipe.alike]
    return min(alike, key=lambda index: risks.index(CONTROLS[table.candidates[index].control].risk))


def _coils_ahead(horizon: float) -> int:
    """Return how many coils after the present one may begin before a branch ends."""
    return ceil(horizon / SHORTEST_COIL) + 1


def _fault_begins(lanes: "HotStripLanes", lane: int, horizon: float) -> bool:
    """Return whether a fault that is not there yet begins within `horizon` (plant s)."""
    truth = lanes.truth(lane)
    coil = float(lanes.samples(lane)["coil.number"].value)
    last = coil + _coils_ahead(horizon)
    return any(coil < value <= last for name, value in truth.items() if name.endswith(".from"))
