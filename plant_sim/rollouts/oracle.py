"""The oracle: a clairvoyant that has played each episode many times before it plays it once.

It sees the true plant with its future noise, so it is a yardstick, never a seat: no agent may act
by it. It plays a portfolio of other policies on clones of the episode, takes the cheapest of those
that do the least harm, and improves the whole action sequence by a seeded local search. So by
construction it costs no more than any of the portfolio that does no more harm. What it then plays
is a sequence, so the episode it leaves is an ordinary one.

It is not the optimum: with a greater budget it finds more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..envs.options import seen_of
from ..envs.play import EpisodeState
from ..envs.rules import RULES
from ..errors import ConfigError
from .branch import ENOUGH_LANES
from .branch_play import Branches, Sequences, Stage
from .policy import Actions, Policy, Sees, Sight, load_policy
from .tuned import tuned

Array = NDArray[np.float64]

PORTFOLIO = ("hold", "rules", "level2")
BUDGET = 1024  # whole episodes that are played for one episode, portfolio included
ROUND = 64  # candidates of one episode side by side
SLACK = 1e-9  # s, EUR: less is the same
KEPT = 6  # improvements of a round that are tried together in the next
LAG = 0.15  # of the episode: how long before its cost a cause may lie
AT_COST = 0.6  # odds that a window is put where it costs
ADDED, LEVEL = 0.65, 0.85  # odds of adding to the actions, and of that or a level of their own
MORE = 0.3  # odds of each other action to move too


@dataclass(slots=True)
class Found:
    """The best so far: actions (steps, actions), money (EUR) by step and in all, harm (s)."""

    actions: Sequences
    spent: Array
    money: float
    harm: float


class Search:
    """The search for one episode. What it proposes hangs on the episode's keys and results alone.

    Args:
        state: the episode at its start.
        members: actions of the portfolio, (members, steps, actions).
        money: EUR, (members, steps).
        harm: s, (members, steps).
        smooth: columns of the actions that are no selectors; none given means all.
    """

    def __init__(
        self,
        state: EpisodeState,
        members: Sequences,
        money: Array,
        harm: Array,
        smooth: Sequence[int] = (),
    ) -> None:
        self.state, self.members = state, members
        self._smooth = np.array(smooth or range(members.shape[2]), np.int64)
        self._rng = np.random.default_rng([state.key, state.episode])
        total = harm.sum(axis=1)
        self.limit = float(total.min()) + SLACK
        allowed = np.where(total <= self.limit, money.sum(axis=1), np.inf)
        first = int(np.argmin(allowed))
        self.best = Found(members[first], money[first], float(allowed[first]), float(total[first]))
        self.history = [self.best.money]  # EUR: of the portfolio, then after each round
        self._improved: list[NDArray[np.float32]] = []

    def propose(self, count: int) -> Sequences:
        """Return `count` candidates, (count, steps, actions)."""
        base = self.best.actions
        found = [base + moved for moved in self._combined()][: count // 2]
        while len(found) < count:
            found.append(self._varied(base))
        return np.clip(np.array(found, np.float32), -1.0, 1.0)

    def take(self, actions: Sequences, money: Array, harm: Array) -> None:
        """Learn what candidates cost: money and harm (count, steps)."""
        total, hurt = money.sum(axis=1), harm.sum(axis=1)
        better = (hurt <= self.limit) & (total < self.best.money - SLACK)
        order = [int(n) for n in np.argsort(total, kind="stable") if better[n]][:KEPT]
        self._improved = [actions[n] - self.best.actions for n in order]
        if order:
            n = order[0]
            self.best = Found(actions[n], money[n], float(total[n]), float(hurt[n]))
        self.history.append(self.best.money)

    def _combined(self) -> list[NDArray[np.float32]]:
        """Return what is added to the best to combine the improvements of the round before."""
        if not self._improved:
            return []
        first, others = self._improved[0], self._improved[1:]
        sums = [np.sum(others[: n + 1], axis=0) for n in range(1, len(others))]
        return [*others, *sums, first, 0.5 * first]

    def _varied(self, base: Sequences) -> Sequences:
        """Return the sequence with one window of it changed."""
        rng, (steps, width) = self._rng, base.shape
        length = max(1, round(steps * 2.0 ** -rng.uniform(0.0, np.log2(max(steps, 2)))))
        share = np.maximum(self.best.spent, 0.0)
        if rng.random() < AT_COST and share.sum() > 0.0:
            at = int(rng.choice(steps, p=share / share.sum()))
            middle = at - round(rng.uniform(0.0, LAG * steps))
        else:
            middle = int(rng.integers(steps))
        start = min(max(middle - length // 2, 0), steps - 1)
        window = slice(start, start + length)
        varied, kind = base.copy(), rng.random()
        if kind < ADDED:
            size = 10.0 ** rng.uniform(-1.5, 0.0) * rng.standard_normal(width)
            moved = self._chosen(self._smooth)
            varied[window, moved] += size[moved].astype(np.float32)
        elif kind < LEVEL:
            moved = self._chosen(np.arange(width))
            varied[window, moved] = rng.uniform(-1.0, 1.0, (width,))[moved]
        else:
            other = self.members[rng.integers(len(self.members))]
            varied[window] = other[window]
        return varied

    def _chosen(self, columns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return one of the columns, or with even odds some more beside it."""
        more = self._rng.random(len(columns)) < MORE * (self._rng.random() < 0.5)
        more[self._rng.integers(len(columns))] = True
        return columns[more]


class OraclePolicy:
    """Plays what it has found with all of the future known.

    Args:
        argument: what `oracle:` is followed by, with commas between: policies that join the
            portfolio (hold, rules and level2 are in it where the task has them), and
            `budget=N`, whole episodes that are played for each, at least as many as policies.
    """

    name = "oracle"
    sees: Sees = "truth"

    def __init__(self, argument: str = "") -> None:
        self.budget, names = BUDGET, list(PORTFOLIO)
        for word in filter(None, argument.split(",")):
            if word.startswith("budget="):
                self.budget = _whole(word.removeprefix("budget="))
            elif word.split(":")[0] == self.name:
                raise ConfigError("an oracle cannot be in its own portfolio; name other policies")
            elif word not in names:
                names.append(word)
        if self.budget < len(names):
            raise ConfigError(
                f"oracle budget {self.budget} is below its {len(names)} policies; "
                f"give budget={len(names)} or more"
            )
        self.portfolio: dict[str, Policy] = {name: load_policy(name) for name in names}
        self._found: Actions = np.zeros((0, 0, 0), np.float32)
        self._step = 0

    @property
    def fingerprint(self) -> str:
        """Name budget and portfolio, with what its policies say of themselves."""
        members = "; ".join(
            f"{name} = {getattr(policy, 'fingerprint', policy.name)}"
            for name, policy in self.portfolio.items()
        )
        return f"oracle budget={self.budget} portfolio: {members}"

    def begin(self, sight: Sight) -> None:
        """Search all episodes of the block; they stand at their start."""
        play = sight.play
        states = [play.lane(lane) for lane in range(sight.count)]
        self._found, self._step = self.search(Stage(play.task, play.options), states), 0

    def act(self, sight: Sight) -> Actions:
        """Return the next action of each sequence."""
        del sight
        self._step += 1
        return self._found[:, self._step - 1]

    def search(self, stage: Stage, states: Sequence[EpisodeState]) -> Actions:
        """Return the best sequence found for each episode, (episodes, steps, actions)."""
        found = [each.best.actions for each in self.searches(stage, states)]
        return np.array(found, np.float32)

    def searches(self, stage: Stage, states: Sequence[EpisodeState]) -> list[Search]:
        """Search each episode; side by side, but none hangs on its neighbours."""
        steps = stage.task.horizon
        played = [
            stage.policy(states, policy, steps)
            for name, policy in self.portfolio.items()
            if _can_play(name, stage)
        ]
        smooth = [n for n, action in enumerate(stage.task.actions) if not action.choices]
        searches = [_begun(state, lane, played, smooth) for lane, state in enumerate(states)]
        for first in range(0, len(searches), ENOUGH_LANES // ROUND):
            left = self.budget - len(played)
            while left > 0:
                _round(stage, searches[first : first + ENOUGH_LANES // ROUND], min(ROUND, left))
                left -= ROUND
        return searches


def _can_play(name: str, stage: Stage) -> bool:
    """Return whether the task has this policy of the portfolio, and shows it all it needs."""
    if name not in ("rules", "level2"):
        return True
    shown = {seen.name for seen in seen_of(stage.task, stage.options)}
    whole = all(seen.name in shown for seen in stage.task.observations)
    return whole and stage.task.name in (RULES if name == "rules" else tuned())


def _begun(
    state: EpisodeState, lane: int, played: Sequence[Branches], smooth: Sequence[int]
) -> Search:
    return Search(
        state,
        np.array([branches.actions[lane] for branches in played]),
        np.array([branches.money[lane] for branches in played]),
        np.array([branches.harm[lane] for branches in played]),
        smooth,
    )


def _round(stage: Stage, searches: Sequence[Search], count: int) -> None:
    """Play `count` candidates of each search and let it learn from them."""
    proposed = [each.propose(count) for each in searches]
    states = [each.state for each in searches for _ in range(count)]
    branches = stage.sequences(states, np.concatenate(proposed))
    for n, each in enumerate(searches):
        part = slice(n * count, (n + 1) * count)
        each.take(proposed[n], branches.money[part], branches.harm[part])


def _whole(text: str) -> int:
    if not text.isdigit():
        raise ConfigError(f"oracle budget {text!r} is no whole number; give budget=N")
    return int(text)
