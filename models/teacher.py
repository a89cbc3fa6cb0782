"""Lessons: episodes in which a teacher is asked what it would do, whoever plays.

The teacher sees samples and may take milliseconds a decision; the student sees observations alone.
A student that only saw the teacher's own courses would not know the way back from where its errors
lead, so the teacher is also asked along the student's courses (S. Ross, G. Gordon, J. A. Bagnell: A
Reduction of Imitation Learning and Structured Prediction to No-Regret Online Learning, 2011).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ..plant_sim.errors import ConfigError
from ..plant_sim.rollouts.episodes import play_episodes
from ..plant_sim.rollouts.policy import RANKS, Policy, Sees, Sight, load_policy
from .policies import Array, Design, LearnedPolicy, Memory

if TYPE_CHECKING:
    from ..plant_sim.envs.options import Settings


class Teacher(Policy, Protocol):
    """A policy that can be asked along courses that others choose."""

    def applied(self, actions: Array) -> None:
        """Take note that these actions (n, actions) were played instead of its last answer."""
        ...


COURSES = 3  # times that lessons are played: by the teacher, then by the student that it made
CAUTION = 4.0  # times an error counts that moves further from the base than the teacher
EPOCHS, BATCH, RATE = 100, 256, 1e-3  # of a regression: times through all exercises, rows, start


def teacher_of(spec: str) -> Teacher:
    """Build the teacher that `spec` names.

    Raises:
        ConfigError: there is no such policy, it sees the truth, or it cannot be asked.
    """
    policy = load_policy(spec)
    if policy.sees == "truth":
        raise ConfigError(f"{spec} sees the truth, which no student can learn to see; take mpc")
    if not callable(getattr(policy, "applied", None)):
        raise ConfigError(
            f"{spec} cannot be asked along the courses of others; a teacher has a method applied()"
        )
    return cast("Teacher", policy)


@dataclass(frozen=True, eq=False)
class Lesson:
    """Episodes side by side, T steps of n lanes.

    Attributes:
        observations: (T, n, observations), before each action.
        base: (T, n, actions), what the base policy would do.
        taught: (T, n, actions), what the teacher would do.
        played: (T, n, actions), what was done.
        lengths: steps of each lane's episode, (n,).
    """

    observations: Array
    base: Array
    taught: Array
    played: Array
    lengths: NDArray[np.int64]

    def exercises(self, design: Design) -> tuple[Array, Array]:
        """Return the features of every decision, (rows, features), and the answers, -1..1.

        The answer is the mean of what the teacher adds to the base while the decision stands.
        """
        most = len(self.observations)
        memory = Memory(design.rates, self.observations[0], self.base.shape[2])
        added = self.taught - self.base
        features, answers = [], []
        for step in range(most):
            if step:
                memory.look(self.observations[step])
            if step % design.every == 0:
                running = np.flatnonzero(self.lengths >= min(step + design.every, most))
                features.append(memory.features(self.base[step])[running])
                meant = added[step : step + design.every, running].mean(axis=0)
                answers.append(np.clip(meant / design.bound, -1.0, 1.0))
            memory.asked = self.played[step]
        return np.concatenate(features), np.concatenate(answers, dtype=np.float32)


class _Asking:
    """Plays the student's answers, or the teacher's, and writes both down."""

    name = "lesson"
    sees: Sees = "samples"

    def __init__(self, design: Design, teacher: Teacher, student: LearnedPolicy | None) -> None:
        self._base, self._teacher, self._student = load_policy(design.base), teacher, student
        self.sees = max((self._base.sees, teacher.sees), key=lambda sees: RANKS[sees])
        self.kept: dict[str, list[Array]] = {
            name: [] for name in ("observations", "base", "taught", "played")
        }

    def begin(self, sight: Sight) -> None:
        """Begin with all three."""
        for each in (self._base, self._teacher, self._student):
            if each is not None:
                each.begin(sight)

    def act(self, sight: Sight) -> Array:
        """Ask all three; the student plays if there is one."""
        taught = self._teacher.act(sight)
        played = taught if self._student is None else self._student.act(sight)
        self._teacher.applied(played)
        now = (sight.observations, self._base.act(sight), taught, played)
        for kept, each in zip(self.kept.values(), now, strict=True):
            kept.append(np.array(each, np.float32))
        return played


def lesson(
    design: Design,
    teacher: Teacher,
    student: LearnedPolicy | None,
    seeds: Sequence[int],
    scenario: str,
) -> Lesson:
    """Play one episode for each seed, the student or without one the teacher, and ask the teacher.

    Raises:
        ConfigError: what `play_episodes` refuses.
    """
    asking = _Asking(design, teacher, student)
    settings = cast("Settings", design.settings)
    episodes = play_episodes(asking, design.env, seeds, scenario, settings)
    kept: dict[str, Any] = {name: np.stack(steps) for name, steps in asking.kept.items()}
    return Lesson(**kept, lengths=np.array([len(episode.rewards) for episode in episodes]))
