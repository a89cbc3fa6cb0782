"""What is trained on: episodes of an environment in which a correction is chosen, seen as features.

Every episode is paired: the base policy plays the same seed alone, and the reward is what the
correction changed against it. That takes out of the reward what no action can change (which coil,
which plant), without moving its expectation: what the base earns hangs on the seed alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from ..plant_sim.envs.options import options_of
from ..plant_sim.envs.play import Play
from ..plant_sim.errors import ConfigError
from ..plant_sim.rollouts.episodes import play_episodes, task_of
from ..plant_sim.rollouts.policy import Sight, load_policy
from .policies import MOST, Array, Design, Memory, corrected, feature_count, normalised

BLOCK = 128  # episodes that the base plays at a time


@dataclass(slots=True)
class Price:
    """What a training reward counts.

    Attributes:
        scale: EUR that make a reward of 1.
        harm: EUR for a second of harm more than the base does; in training only.
    """

    scale: float = 1.0
    harm: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished training episode against the base on the same seed, in EUR and in s of harm."""

    gained: float
    harm: float


class _Part:
    """The lanes of one scenario."""

    def __init__(
        self, design: Design, scenario: str, count: int, seeds: range, price: Price
    ) -> None:
        self.design, self.scenario, self.count = design, scenario, count
        self._pool, self._price = seeds, price
        self.begun = 0  # episodes, of the pool again and again
        self.task = task_of(design.env)
        options = options_of(self.task, {**design.settings, "scenario": scenario})  # type: ignore[typeddict-item]
        self._play = Play(self.task, count, options)
        self._base = load_policy(design.base)
        self.sight = Sight(self._play, self._base.sees)
        shape = (count, self.task.horizon + 1)
        self._money, self._harm = np.zeros(shape), np.zeros(shape)  # of the base, a step
        self._played: list[tuple[NDArray[Any], NDArray[Any]]] = []  # by the base, of the pool
        self._earned, self._hurt = np.zeros(count), np.zeros(count)
        self.outcomes: list[Outcome] = []

    def restart(self, mask: NDArray[np.bool_]) -> Array:
        """Start the next episodes on the masked lanes; return all features."""
        whole = bool(mask.all())
        if not whole and not getattr(self._base, "memoryless", False):
            raise ConfigError(
                f"{self.design.base} keeps a memory and the episodes of {self.design.env} end one "
                "by one; train there on hold, rules, level2 or a policy that says memoryless = True"
            )
        drawn: list[int | None] = [None] * self.count
        for lane in np.flatnonzero(mask).tolist():
            place = self.begun % len(self._pool)
            self.begun += 1
            drawn[lane] = self._pool[place]
            for kept, given in zip((self._money, self._harm), self._of_base(place), strict=True):
                kept[lane] = 0.0
                kept[lane, : len(given)] = given
        self._earned[mask] = self._hurt[mask] = 0.0
        self._play.reset(drawn, mask)
        self.sight.look()
        if whole:
            self._base.begin(self.sight)
            seen = self.sight.observations
            self._memory = Memory(self.design.rates, seen, len(self.task.actions))
        else:
            self._memory.restart(mask, self.sight.observations)
        self._asks = np.asarray(self._base.act(self.sight), np.float32)
        return self._memory.features(self._asks)

    def _of_base(self, place: int) -> tuple[NDArray[Any], NDArray[Any]]:
        while place >= len(self._played):
            seeds = self._pool[len(self._played) :][:BLOCK]
            base, settings = load_policy(self.design.base), self.design.settings
            self._played += [
                (episode.rewards, episode.harm)
                for episode in play_episodes(base, self.design.env, seeds, self.scenario, settings)  # type: ignore[arg-type]
            ]
        return self._played[place]

    def step(self, correction: Array) -> tuple[Any, ...]:
        """Return rewards, terminated, truncated (n,), and the features (n, ...) at that moment."""
        reward = np.zeros(self.count)
        terminated, truncated = np.zeros(self.count, bool), np.zeros(self.count, bool)
        last: Array | None = None
        for _ in range(self.design.every):
            asked = corrected(self._asks, correction, self.design.bound)
            self._memory.asked = asked
            running = ~(terminated | truncated)
            step = np.minimum(self._play.steps, self.task.horizon)
            lanes = np.arange(self.count)
            money, terms = self._play.step(asked)
            gained = money - self._money[lanes, step]
            hurt = terms["cost"] - self._harm[lanes, step]
            done = running & self._play.finished()
            for lane in np.flatnonzero(done).tolist():  # the base goes on without us
                gained[lane] -= self._money[lane, step[lane] + 1 :].sum()
                hurt[lane] -= self._harm[lane, step[lane] + 1 :].sum()
            self._earned += running * gained
            self._hurt += running * hurt
            reward += running * (gained - self._price.harm * hurt)
            terminated |= done
            truncated |= running & ~done & (self._play.steps >= self.task.horizon)
            self.sight.look()
            self._memory.look(self.sight.observations)
            self._asks = np.asarray(self._base.act(self.sight), np.float32)
            now = self._memory.features(self._asks)
            last = now if last is None else np.where(running[:, None], now, last)
        for lane in np.flatnonzero(terminated | truncated).tolist():
            self.outcomes.append(Outcome(float(self._earned[lane]), float(self._hurt[lane])))
        return reward / self._price.scale, terminated, truncated, last


class ResidualEnvs(VectorEnv[Any, Any, Any]):
    """Corrections of a base policy in SAME_STEP mode; a step is `design.every` of the environment.

    Args:
        design: of the policy that is trained.
        scenarios: played side by side, the lanes shared evenly among them.
        lanes: how many episodes side by side.
        pool: seeds of the episodes; each scenario has its share, and plays it again and again.
        price: what the reward counts; may be changed while training.

    Raises:
        ConfigError: for lanes that cannot be shared, or what `play_episodes` refuses.
    """

    def __init__(
        self,
        design: Design,
        scenarios: Sequence[str],
        lanes: int,
        pool: range,
        price: Price,
    ) -> None:
        if not scenarios or lanes < len(scenarios) or lanes % len(scenarios):
            raise ConfigError(
                f"{lanes} lanes cannot be shared among {len(scenarios)} scenarios; give a multiple"
            )
        self.num_envs, self.render_mode = lanes, None
        self.metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}
        share, seeds = lanes // len(scenarios), len(pool) // len(scenarios)
        self.parts = [
            _Part(design, each, share, pool[number * seeds : (number + 1) * seeds], price)
            for number, each in enumerate(scenarios)
        ]
        part = self.parts[0]
        actions = len(part.task.actions)
        features = feature_count(design, part.sight.observations.shape[1], actions)
        self.centre, self.scale = np.zeros(features, np.float32), np.ones(features, np.float32)
        self.single_observation_space = spaces.Box(-MOST, MOST, (features,), np.float32)
        self.single_action_space = spaces.Box(-1.0, 1.0, (actions,), np.float32)
        self.observation_space = batch_space(self.single_observation_space, lanes)
        self.action_space = batch_space(self.single_action_space, lanes)

    @property
    def begun(self) -> list[int]:
        """How many episodes of each scenario were begun; set it before `reset` to go on there."""
        return [part.begun for part in self.parts]

    @begun.setter
    def begun(self, counts: Sequence[int]) -> None:
        for part, count in zip(self.parts, counts, strict=True):
            part.begun = count

    def outcomes(self) -> list[Outcome]:
        """Return the episodes finished since the last call."""
        found = [outcome for part in self.parts for outcome in part.outcomes]
        for part in self.parts:
            part.outcomes = []
        return found

    def reset(
        self, *, seed: Any = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Start new episodes everywhere; `seed` is not used, see `begun`."""
        del seed, options
        found = [part.restart(np.ones(part.count, bool)) for part in self.parts]
        return self._normal(np.concatenate(found)), {}

    def step(self, actions: Array) -> tuple[Array, Any, Any, Any, dict[str, Any]]:
        """Let the corrections stand for `design.every` steps."""
        given = np.split(np.clip(actions, -1.0, 1.0).astype(np.float32), len(self.parts))
        told = [part.step(each) for part, each in zip(self.parts, given, strict=True)]
        rewards, terminated, truncated, features = map(np.concatenate, zip(*told, strict=True))
        over, infos = terminated | truncated, {}
        if over.any():
            final = np.full(self.num_envs, None, object)
            ends = self._normal(features)
            for lane in np.flatnonzero(over).tolist():
                final[lane] = ends[lane]
            infos = {"final_obs": final, "_final_obs": over.copy()}
            shares = np.split(over, len(self.parts))
            features = np.concatenate(
                [
                    part.restart(mask) if mask.any() else rest
                    for part, mask, rest in zip(
                        self.parts, shares, np.split(features, len(self.parts)), strict=True
                    )
                ]
            )
        return self._normal(features), rewards, terminated, truncated, infos

    def measure(self, decisions: int, rng: np.random.Generator) -> None:
        """Set the normaliser from what is met under small random corrections."""
        self.centre[:], self.scale[:] = 0.0, 1.0
        met = []
        for part in self.parts:
            met.append(part.restart(np.ones(part.count, bool)))
            shape = (part.count, len(part.task.actions))
            for _ in range(decisions):
                told = part.step(rng.uniform(-0.3, 0.3, shape).astype(np.float32))
                over = told[1] | told[2]
                met.append(part.restart(over) if over.any() else told[3])
        every = np.concatenate(met)
        self.centre = every.mean(axis=0, dtype=np.float64).astype(np.float32)
        self.scale = np.maximum(every.std(axis=0, dtype=np.float64), 0.05).astype(np.float32)
        self.outcomes()

    def _normal(self, features: Array) -> Array:
        return normalised(features, self.centre, self.scale)
