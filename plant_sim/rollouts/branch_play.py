"""Branch an environment: play many action sequences from the state of an episode, side by side.

The mechanism is that of `branch`: a state is put onto lanes, each lane plays one candidate on the
future that the state itself holds, money and harm are counted apart. Here a candidate is a whole
sequence of actions, and what is counted is the episode. As with `branch`, a seat never gets a table
from the true state.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..envs.options import Options
from ..envs.play import EpisodeState, Play
from ..envs.task import Task
from ..errors import ConfigError
from .branch import ENOUGH_LANES
from .policy import Policy, Sight

Array = NDArray[np.float64]
Sequences = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Branches:
    """What became of each lane; a step behind the end of an episode costs nothing.

    Attributes:
        actions: float32, (lanes, steps, actions), -1..1.
        money: EUR, (lanes, steps).
        harm: s, (lanes, steps).
    """

    actions: Sequences
    money: Array
    harm: Array


class Stage:
    """Lanes of one task on which episodes are branched, kept because making them takes time.

    Args:
        task: what is played.
        options: those of the Play that the states come from.
    """

    def __init__(self, task: Task[Any], options: Options) -> None:
        self.task, self.options = task, options
        self._plays: dict[int, Play] = {}

    def put(self, states: Sequence[EpisodeState]) -> Play:
        """Return a Play with one lane for each state; it is used again by the next call."""
        if not states:
            raise ConfigError("there is no state to branch from; give at least one")
        play = self._plays.get(len(states))
        if play is None:
            play = self._plays[len(states)] = Play(self.task, len(states), self.options)
        for lane, state in enumerate(states):
            play.put(lane, state)
        return play

    def sequences(self, states: Sequence[EpisodeState], actions: Sequences) -> Branches:
        """Play one sequence a lane from its state; at most 512 lanes run at a time.

        Args:
            states: one for each lane.
            actions: -1..1, (lanes, steps, actions).

        Raises:
            ConfigError: not as many sequences as states.
        """
        if len(states) != len(actions):
            raise ConfigError(f"{len(actions)} sequences for {len(states)} states; give one each")
        parts = []
        for first in range(0, len(states), ENOUGH_LANES):
            part = slice(first, first + ENOUGH_LANES)
            play = self.put(states[part])
            parts.append(_spent(play, actions[part]))
        money, harm = (np.concatenate(each) for each in zip(*parts, strict=True))
        return Branches(actions, money, harm)

    def policy(self, states: Sequence[EpisodeState], policy: Policy, steps: int) -> Branches:
        """Let a policy play one lane for each state; it sees what it has declared to see."""
        play = self.put(states)
        sight = Sight(play, policy.sees)
        policy.begin(sight)
        shape = (len(states), steps)
        actions = np.zeros((*shape, len(self.task.actions)), np.float32)
        money, harm = np.zeros(shape), np.zeros(shape)
        running = ~play.finished()
        for step in range(steps):
            actions[:, step] = np.clip(np.asarray(policy.act(sight), np.float32), -1.0, 1.0)
            money[:, step], harm[:, step] = _step(play, actions[:, step], running)
            running &= ~play.finished()
            if not running.any():
                break
            sight.look()
        return Branches(actions, money, harm)


def _spent(play: Play, actions: Sequences) -> tuple[Array, Array]:
    steps = actions.shape[1]
    money, harm = np.zeros((play.plant.n, steps)), np.zeros((play.plant.n, steps))
    running = ~play.finished()
    for step in range(steps):
        money[:, step], harm[:, step] = _step(play, actions[:, step], running)
        running &= ~play.finished()
        if not running.any():
            break
    return money, harm


def _step(play: Play, actions: Sequences, running: NDArray[np.bool_]) -> tuple[Array, Array]:
    reward, terms = play.step(actions)
    return np.where(running, -reward, 0.0), np.where(running, terms["cost"], 0.0)
