"""Episodes of an environment: one block, side by side on lanes, with a policy for all of them.

An episode is keyed by environment, options, scenario and seed. Its bits do not depend on the block
it is played in, on its place there or on the worker; tests compare the SHA-256 of every episode.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from ..envs.options import Settings, options_of
from ..envs.play import HARM, Play
from ..envs.task import Task
from ..errors import ConfigError, SimulationError
from .explore import Exploration
from .policy import Policy, Sight

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EnvEpisode:
    """One episode: what was seen, done and spent in each of its T steps.

    Attributes:
        seed: of the episode.
        scenario: name of the scenario.
        observations: float32, (T, observations), before each action.
        actions: float32, (T, actions).
        rewards: EUR, (T,).
        harm: s, (T,).
        money: EUR of the whole episode by reason.
        harms: s of the whole episode by reason.
        last: float32, (observations,), what is seen at the end.
        terminated: whether the task was done; else the episode was cut at its horizon.
        spent: EUR by reason, (T,) each.
        hurt: s by reason, (T,) each.
    """

    seed: int
    scenario: str
    observations: NDArray[np.float32]
    actions: NDArray[np.float32]
    rewards: Array
    harm: Array
    money: dict[str, float]
    harms: dict[str, float]
    last: NDArray[np.float32]
    terminated: bool
    spent: dict[str, Array] = field(default_factory=dict)
    hurt: dict[str, Array] = field(default_factory=dict)

    @property
    def ret(self) -> float:
        """The return: the sum of the rewards (EUR), minus the money."""
        return float(self.rewards.sum())

    @cached_property
    def sha256(self) -> str:
        """Fingerprint of every bit of the episode."""
        digest = hashlib.sha256(
            json.dumps(
                [self.seed, self.scenario, self.terminated, self.money, self.harms], sort_keys=True
            ).encode()
        )
        for part in (self.observations, self.actions, self.rewards, self.harm, self.last):
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()


def task_of(env: str) -> Task[Any]:
    """Return the task of an environment by its id.

    Raises:
        ConfigError: there is no such environment, or it is none of this package.
    """
    try:
        spec = gymnasium.spec(env)
    except gymnasium.error.Error as error:
        known = ", ".join(
            name for name in sorted(gymnasium.registry) if name.startswith("passline/")
        )
        raise ConfigError(
            f"environment {env!r} is not known ({error}); those of this package: {known}"
        ) from error
    face: Any = spec.entry_point
    if isinstance(face, str):
        face = gymnasium.envs.registration.load_env_creator(face)
    task = getattr(face, "task", None)
    if not isinstance(task, Task):
        raise ConfigError(f"environment {env!r} has no task; give an environment of passline")
    return task


def play_episodes(
    policy: Policy,
    env: str,
    seeds: Sequence[int],
    scenario: str = "nominal",
    settings: Settings | None = None,
    explore: float = 0.0,
) -> list[EnvEpisode]:
    """Play one episode for each seed, side by side.

    Args:
        policy: who acts.
        env: id of the environment.
        seeds: one for each episode; the seed draws orders, plant, faults and noise.
        scenario: name of the scenario.
        settings: other options of the environment, see `Options`.
        explore: bound of the noise added to the actions, see `explore`; what was done is stored.

    Raises:
        ConfigError: no seeds, or an environment, scenario or option that does not exist.
        SimulationError: the policy answered with something that is no action.
    """
    if not seeds:
        raise ConfigError("there are no seeds; give one for each episode")
    task = task_of(env)
    options = options_of(task, {**(settings or {}), "scenario": scenario})
    count = len(seeds)
    play = Play(task, count, options)
    play.reset(list(seeds), np.ones(count, bool))
    sight = Sight(play, policy.sees)
    policy.begin(sight)
    noise = Exploration(seeds, len(task.actions), task.horizon) if explore else None
    length = np.full(count, task.horizon)
    ended = np.zeros(count, bool)
    seen, done, rewards, terms = [], [], [], []
    for step in range(task.horizon):
        actions = _sound(policy, policy.act(sight), (count, len(task.actions)))
        if noise is not None:
            actions = np.clip(actions + explore * noise.at(step), -1.0, 1.0)
        seen.append(sight.observations)
        done.append(actions)
        reward, spent = play.step(actions)
        rewards.append(reward)
        terms.append(spent)
        sight.look()
        now = play.finished() & ~ended
        length[now], ended = step + 1, ended | now
        if np.all(ended):
            break
    else:
        length[~ended] = task.horizon
    shown = np.array([*seen, sight.observations])
    moved, paid = np.array(done), np.array(rewards)
    named = {name: np.array([each[name] for each in terms]) for name in terms[0]}
    episodes = []
    for lane, seed in enumerate(seeds):
        own = (slice(length[lane]), lane)
        spent = {term.name: named[term.name][own] for term in task.money}
        hurt = {term.name: named[HARM + term.name][own] for term in task.harms}
        episodes.append(
            EnvEpisode(
                int(seed),
                scenario,
                shown[own],
                moved[own],
                paid[own],
                named["cost"][own],
                _totals(spent),
                _totals(hurt),
                shown[length[lane], lane],
                bool(ended[lane]),
                spent,
                hurt,
            )
        )
    return episodes


def _sound(policy: Policy, actions: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.float32]:
    answer = np.array(actions, np.float32)  # a copy: a policy may use its array again
    if answer.shape != shape or not np.all(np.isfinite(answer)):
        raise SimulationError(
            f"policy {policy.name} answered with shape {answer.shape} or a number that is not "
            f"finite; it must give {shape} numbers of -1 to 1"
        )
    return np.clip(answer, -1.0, 1.0)


def _totals(terms: dict[str, Array]) -> dict[str, float]:
    return {name: float(each.sum()) for name, each in terms.items()}
