"""A task on lanes: the one step that the single and the native vector environment share.

A `Task` says what may be moved, what is seen and what counts; `Play` holds the lanes, applies
rate-limited actions, advances one interval and knows when an episode ends. Both faces of an
environment call it, so their bits are equal by construction.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ..errors import ConfigError
from ..lines.hot_strip import rows as R  # noqa: N812  the layout, read as R.SPEED
from ..lines.hot_strip.lanes import HotStripLanes

Array = NDArray[np.float64]
HORIZON = 240  # intervals of 0.5 s: one coil, the gap behind it and the head of the next


class Task(Protocol):
    """What makes an environment out of a line. Shapes are (n, ...) over the lanes."""

    action_rows: tuple[int, ...]  # rows of the line that the actions move
    action_span: tuple[float, ...]  # SI value of an action of 1
    action_rate: tuple[float, ...]  # SI change allowed in one interval
    observations: int

    def observe(self, lanes: HotStripLanes) -> Array:
        """Return what is seen, scaled to about [-1, 1]; shape (n, observations)."""
        ...

    def counters(self, lanes: HotStripLanes) -> dict[str, Array]:
        """Return money by reason (EUR) since the campaign began; each (n,)."""
        ...

    def finished(self, lanes: HotStripLanes) -> NDArray[np.bool_]:
        """Return which lanes have done the task, shape (n,)."""
        ...


LIMIT = 5.0  # observations are clipped to [-LIMIT, LIMIT]


def observation_space(task: Task) -> spaces.Box:
    """Return the space of one observation."""
    return spaces.Box(-LIMIT, LIMIT, (task.observations,), np.float32)


def action_space(task: Task) -> spaces.Box:
    """Return the space of one action."""
    return spaces.Box(-1.0, 1.0, (len(task.action_rows),), np.float32)


class Play:
    """n episodes of a task on lanes.

    Args:
        task: what is moved, seen and counted.
        count: how many.
        scenario: name of the scenario.
    """

    def __init__(self, task: Task, count: int, scenario: str) -> None:
        fresh = np.random.SeedSequence().generate_state(count).tolist()
        self.task, self.lanes = task, HotStripLanes(fresh, scenario)
        self.steps = np.zeros(count, np.int64)
        self._counted = self._terms()

    def reset(self, seeds: Sequence[int | None], mask: NDArray[np.bool_]) -> None:
        """Start an episode on the masked lanes: of a seed, or the next one of the same key."""
        for lane in np.flatnonzero(mask).tolist():
            seed = seeds[lane]
            self.lanes.reseed(lane, None if seed is None else int(seed))
        self.lanes.begin(mask)
        self.steps[mask] = 0
        self._counted = self._terms()

    def observe(self) -> NDArray[np.float32]:
        """Return the observations, shape (n, observations)."""
        seen = np.clip(self.task.observe(self.lanes), -LIMIT, LIMIT)
        return seen.astype(np.float32)

    def step(self, actions: NDArray[np.float32]) -> tuple[Array, dict[str, Array]]:
        """Move all lanes by one interval.

        Returns:
            rewards (n,) in EUR, and the money by reason of this interval, with the harm in s.

        Raises:
            ConfigError: for actions of another shape or with a number that is not finite.
        """
        shape = (self.lanes.n, len(self.task.action_rows))
        if actions.shape != shape:
            raise ConfigError(f"actions of shape {actions.shape} do not fit; give {shape}")
        if not np.all(np.isfinite(actions)):
            raise ConfigError("an action is not a finite number; give numbers from -1 to 1")
        asked = np.clip(actions.astype(np.float64), -1.0, 1.0)
        table = zip(
            self.task.action_rows, self.task.action_span, self.task.action_rate, strict=True
        )
        for column, (row, span, rate) in enumerate(table):
            old = self.lanes.row(row)
            self.lanes.set_row(row, old + np.clip(asked[:, column] * span - old, -rate, rate))
        self.lanes.advance(1)
        self.steps += 1
        now = self._terms()
        terms = {name: now[name] - self._counted[name] for name in now}
        self._counted = now
        money = sum(terms[name] for name in terms if name != "cost")
        terms["outside"] = self.lanes.row(R.OUTSIDE)  # stands beyond the validity of a formula
        return -np.asarray(money), terms

    def finished(self) -> NDArray[np.bool_]:
        """Return which episodes have ended by themselves, shape (n,)."""
        return self.task.finished(self.lanes)

    def _terms(self) -> dict[str, Array]:
        terms = dict(self.task.counters(self.lanes))
        terms["cost"] = self.lanes.harms()  # harm under the name that safe RL looks for
        return terms
