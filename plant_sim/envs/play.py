"""n episodes of a task: the one step that the single and the native vector environment share.

`Play` holds the plants, delays and rate-limits actions, advances one step, keeps what was seen and
knows when an episode ends. Both faces of an environment call it, so their bits are equal by
construction. What it draws itself (extra noise, which campaign) hangs on the seed of the episode
alone, never on the company.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ..engine.random import bits
from ..errors import ConfigError
from ..lines.hot_strip.lanes import key_of
from .options import Options, seen_of
from .task import Array, Flags, Targets, Task

LIMIT = 5.0  # observations are clipped to [-LIMIT, LIMIT]
HARM = "harm_"  # prefix of a harm's name in `info`
PURPOSE = 4  # of the key: what the environment draws itself, apart from the plant
CAMPAIGN = 255  # channel of the draw among `seeds`; the noise has the channels below
FIELDS = tuple(np.uint64(shift) for shift in (1, 22, 43))  # three numbers of 21 bits in one hash
FIELD = np.uint64((1 << 21) - 1)


def observation_space(task: Task[Any], options: Options) -> spaces.Box:
    """Return the space of one observation."""
    return spaces.Box(-LIMIT, LIMIT, (len(seen_of(task, options)),), np.float32)


def action_space(task: Task[Any]) -> spaces.Box:
    """Return the space of one action."""
    return spaces.Box(-1.0, 1.0, (len(task.actions),), np.float32)


@dataclass(frozen=True, eq=False)
class EpisodeState:
    """One episode at a moment: its plant, and what `Play` keeps of it.

    Attributes:
        plant: state of the plant.
        steps: so far.
        key, episode: what its own draws hang on.
        values: SI, (actions,), where the actions stand.
        asked: (delay + 1, actions), newest first.
        shown: float32, (delay + 1, observations), newest first.
        counted: money and harm so far, by name.
    """

    plant: Any
    steps: int
    key: int
    episode: int
    values: Array
    asked: Array
    shown: NDArray[np.float32]
    counted: dict[str, float]


class Play:
    """n episodes of a task on its plants.

    Args:
        task: what is moved, seen and counted.
        count: how many.
        options: what is hidden, late or noisy, and on which campaigns.
        traced: whether to keep the episode for a picture.

    Raises:
        ConfigError: for options that do not fit the task or its plant.
    """

    def __init__(self, task: Task[Any], count: int, options: Options, traced: bool = False) -> None:
        fresh = np.random.SeedSequence().generate_state(count).tolist()
        self.task, self.options = task, options
        self.plant = task.make(fresh, options)
        self.steps = np.zeros(count, np.int64)
        self._keys = np.array([key_of(seed, PURPOSE) for seed in fresh], np.uint64)
        self._episodes = np.zeros(count, np.int64)
        self._seen = seen_of(task, options)
        self._centre = np.array([seen.centre for seen in self._seen])
        self._scale = np.array([seen.scale for seen in self._seen])
        self._noise = options.noise * np.array([seen.noise for seen in self._seen])
        self._channels = np.arange(len(self._seen), dtype=np.uint64) % np.uint64(CAMPAIGN)
        self._targets = Targets(task.actions)
        self._values = np.tile(self._targets.start, (count, 1))
        # newest first; what is late is the last
        self._asked = np.zeros((options.action_delay + 1, count, len(task.actions)))
        self._shown = np.zeros((options.observation_delay + 1, count, len(self._seen)), np.float32)
        self._counted = self._terms()
        self._trace: deque[Array] | None = deque(maxlen=task.horizon + 1) if traced else None
        if self._trace is not None:
            self._trace.append(self._charted())

    def reset(self, seeds: Sequence[int | None], mask: Flags) -> None:
        """Start an episode on the masked lanes: of a seed, or the next one of the same key."""
        for lane in np.flatnonzero(mask).tolist():
            self._reseed(lane, seeds[lane])
        self.plant.begin(mask)
        self.steps[mask] = 0
        self._values[mask] = self._targets.start
        self._asked[:, mask] = 0.0
        self._shown[:, mask] = self._look()[mask]
        self._counted = self._terms()
        if self._trace is not None:
            self._trace[-1][mask] = self._charted()[mask]

    def _reseed(self, lane: int, seed: int | None) -> None:
        if seed is None:
            self._episodes[lane] += 1
        else:
            self._keys[lane], self._episodes[lane] = key_of(int(seed), PURPOSE), 0
        campaign = None if seed is None else int(seed)
        if self.options.seeds is not None:
            at = slice(lane, lane + 1)
            drawn = bits(self._keys[at], self._episodes[at], 0, CAMPAIGN)  # type: ignore[arg-type]
            campaign = self.options.seeds[int(drawn[0]) % len(self.options.seeds)]  # type: ignore[index]
        self.plant.reseed(lane, campaign)

    def observe(self) -> NDArray[np.float32]:
        """Return the observations that have arrived, shape (n, observations)."""
        return np.array(self._shown[-1])

    def step(self, actions: NDArray[np.float32]) -> tuple[Array, dict[str, Array]]:
        """Move all plants by one step.

        Returns:
            rewards (n,) in EUR, and of this step: money by name (EUR), `cost`, the harm (s), the
            same by name with the prefix `harm_`, and the task's remarks.

        Raises:
            ConfigError: for actions of another shape or with a number that is not finite.
        """
        shape = (self.plant.n, len(self.task.actions))
        if actions.shape != shape:
            raise ConfigError(f"actions of shape {actions.shape} do not fit; give {shape}")
        if not np.all(np.isfinite(actions)):
            raise ConfigError("an action is not a finite number; give numbers from -1 to 1")
        self._asked[1:] = self._asked[:-1].copy()
        self._asked[0] = np.minimum(np.maximum(actions, -1.0), 1.0)
        self._values = self._targets.follow(self._asked[-1], self._values)
        self.task.apply(self.plant, self._values)
        self.plant.advance(self.task.intervals)
        self.steps += 1
        self._shown[1:] = self._shown[:-1].copy()
        self._shown[0] = self._look()
        now = self._terms()
        terms = {name: now[name] - self._counted[name] for name in now}
        self._counted = now
        if self._trace is not None:
            self._trace.append(self._charted())
        money = sum(terms[term.name] for term in self.task.money)
        harm = sum(terms[HARM + term.name] for term in self.task.harms)
        terms["cost"] = np.asarray(harm)  # harm under the name that safe RL looks for
        return -np.asarray(money), terms | self.task.remarks(self.plant)

    def finished(self) -> Flags:
        """Return which episodes have ended by themselves, shape (n,)."""
        return self.task.finished(self.plant)

    def lane(self, lane: int) -> EpisodeState:
        """Return one episode as it stands; without the trace of its picture."""
        return EpisodeState(
            self.plant.lane(lane),
            int(self.steps[lane]),
            int(self._keys[lane]),
            int(self._episodes[lane]),
            self._values[lane].copy(),
            self._asked[:, lane].copy(),
            self._shown[:, lane].copy(),
            {name: float(total[lane]) for name, total in self._counted.items()},
        )

    def put(self, lane: int, state: EpisodeState) -> None:
        """Let a lane go on with an episode taken with `lane` from a Play of the same options.

        Raises:
            ConfigError: if the episode has other delays, actions or observations.
        """
        alike = state.asked.shape == self._asked[:, lane].shape
        if not alike or state.shown.shape != self._shown[:, lane].shape:
            raise ConfigError(
                "an episode with other delays, actions or observations does not fit; make the "
                "Play with the task and the options that the episode had"
            )
        self.plant.put(lane, state.plant)
        self.steps[lane] = state.steps
        self._keys[lane], self._episodes[lane] = state.key, state.episode
        self._values[lane] = state.values
        self._asked[:, lane], self._shown[:, lane] = state.asked, state.shown
        for name, total in self._counted.items():
            total[lane] = state.counted[name]

    def frame(self, lane: int) -> NDArray[np.uint8]:
        """Return a picture of one plant and its episode so far, shape (height, width, 3)."""
        trace = list(self._trace or ())[-int(self.steps[lane]) - 1 :]
        return self.task.picture(self.plant, lane, np.stack([entry[lane] for entry in trace]))

    def _look(self) -> NDArray[np.float32]:
        values = np.array([seen.read(self.plant) for seen in self._seen]).T
        if self.options.noise > 0.0:
            values = values + self._noise * self._deviates()
        scaled = (values - self._centre) / self._scale
        return np.asarray(np.minimum(np.maximum(scaled, -LIMIT), LIMIT), np.float32)

    def _deviates(self) -> Array:
        """Return numbers of mean 0 and deviation 1 of this step, shape (n, observations)."""
        keys, episodes, steps = self._keys, self._episodes, self.steps
        drawn: NDArray[np.uint64] = bits(  # type: ignore[assignment]
            keys[:, None], episodes[:, None], steps[:, None], self._channels  # type: ignore[arg-type]
        )  # fmt: skip
        total = sum(((drawn >> shift) & FIELD).astype(np.float64) for shift in FIELDS)
        return np.asarray(total * (2.0 / float(FIELD)) - 3.0)

    def _terms(self) -> dict[str, Array]:
        terms = dict(self.task.spent(self.plant))
        terms |= {HARM + name: harm for name, harm in self.task.hurt(self.plant).items()}
        return terms

    def _charted(self) -> Array:
        """Return value and aim of each chart now, shape (n, charts, 2)."""
        charted = np.full((self.plant.n, len(self.task.charts), 2), np.nan)
        for column, chart in enumerate(self.task.charts):
            charted[:, column, 0] = chart.read(self.plant)
            if chart.aim is not None:
                charted[:, column, 1] = chart.aim(self.plant)
        return charted
