"""What to train, and how: a plan, what suits each environment, and whose seeds are whose.

Seeds are kept apart: training and validation have 1,000,000 of their own for each `seed` of a plan,
from 1,000,000 up; validation alone chooses what is kept; evaluation (0 up) is looked at once, in
the end.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..plant_sim.errors import ConfigError
from ..plant_sim.rollouts.episodes import task_of
from .teacher import COURSES, teacher_of

OWN = 1_000_000  # seeds of one training; validation has the last 100,000 of them
CHECK = 900_000
MOST_SEEDS, MOST_LESSONS = 4_000, 10_000
AMONG = 8  # seeds for each lesson, among which those with harm are looked for


@dataclass(frozen=True, slots=True)
class Plan:
    """What to train, and how.

    Attributes:
        env: id of the environment.
        scenarios: trained on side by side.
        base: spec of the policy that is corrected.
        algorithm: "ppo" or "sac".
        steps: of the environment, all lanes together; whole rounds are played.
        seed: of the training, 0 to 3999.
        settings: options of the environment, but for the scenario.
        bound: most that the correction may add to an action of -1..1.
        every: steps for which a correction stands.
        lanes: episodes side by side, a multiple of the number of scenarios.
        pool: training seeds of all scenarios together; they are played again and again.
        gamma: discount of a decision.
        learning_rate: at the start; it falls to nearly nothing.
        log_std: logarithm of the first deviation of the actions.
        harm_price: EUR for a second of harm more than the base does, in training alone.
        lagrange: raise and lower that price so that there is no more harm than the base does.
        round: episodes of each lane from one checkpoint to the next.
        teacher: spec of a policy that is asked before PPO begins (see `teacher`); "" is nobody.
        lessons: episodes in which it is asked, of all scenarios together.
        validation: seeds of each scenario that choose what is kept.
        evaluation: seeds of each scenario, from 0, that are looked at in the end.
    """

    env: str
    scenarios: tuple[str, ...] = ("nominal",)
    base: str = "hold"
    algorithm: str = "ppo"
    steps: int = 700_000
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    bound: float = 0.4
    every: int = 4
    lanes: int = 96
    pool: int = 1536
    gamma: float = 0.97
    learning_rate: float = 1e-3
    log_std: float = -2.0
    harm_price: float = 100.0
    lagrange: bool = False
    round: int = 4
    teacher: str = ""
    lessons: int = 72
    validation: int = 64
    evaluation: int = 128

    def __post_init__(self) -> None:
        for name, most in (
            ("lessons", MOST_LESSONS),
            ("seed", MOST_SEEDS - 1),
            ("pool", CHECK - AMONG * MOST_LESSONS),
            ("validation", OWN - CHECK),
        ):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise ConfigError(f"{name} {value} is outside 0..{most}; stay inside")
        if not self.scenarios or len(set(self.scenarios)) != len(self.scenarios):
            raise ConfigError(f"scenarios {self.scenarios} must name one or more, each once")
        for name in ("steps", "lanes", "every", "round", "validation", "evaluation"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} {getattr(self, name)} is less than 1; give 1 or more")
        if self.teacher:
            self._check_teacher()
        if self.harm_price < 0.0:
            raise ConfigError(f"a harm price of {self.harm_price} pays for harm; give 0 or more")

    def _check_teacher(self) -> None:
        if self.algorithm != "ppo":
            raise ConfigError(f"{self.algorithm} does not go on from a teacher; use ppo, or none")
        if self.lessons < COURSES * len(self.scenarios):
            raise ConfigError(
                f"{self.lessons} lessons are fewer than {COURSES} for each scenario; give more"
            )
        teacher_of(self.teacher)

    @property
    def decisions(self) -> int:
        """Decisions of an episode that lasts to its horizon."""
        return -(-task_of(self.env).horizon // self.every)

    @property
    def rounds(self) -> int:
        """Rounds that make at least the asked steps."""
        return -(-self.steps // (self.decisions * self.every * self.lanes * self.round))

    @property
    def first_seed(self) -> int:
        """The first of this training's own seeds."""
        return OWN * (self.seed + 1)

    def facts(self) -> dict[str, Any]:
        """Return the plan as JSON holds it."""
        return {**asdict(self), "scenarios": list(self.scenarios), "settings": dict(self.settings)}


# what suits an environment better than the defaults: a step of MillSetup is a whole coil, and at
# 100 EUR a second its training would look at nothing but harm
SUITED: Mapping[str, Mapping[str, Any]] = {
    "passline/MillSetup-v0": {
        "bound": 0.5, "every": 1, "lanes": 192, "gamma": 0.9, "learning_rate": 2e-3,
        "log_std": -1.5, "harm_price": 5.0, "validation": 128,
    },
}  # fmt: skip


# the same for PPO on level 2, which begins with what a teacher shows
TAUGHT: Mapping[str, Mapping[str, Any]] = {
    "passline/FinishingMill-v0": {
        "teacher": "mpc", "steps": 450_000, "bound": 1.0, "every": 2, "gamma": 0.985,
        "learning_rate": 5e-4, "log_std": -2.6, "harm_price": 400.0, "validation": 128,
    },
}  # fmt: skip


def plan_of(env: str, **given: Any) -> Plan:
    """Return the plan of an environment: what is given, what suits it, and else the defaults.

    Raises:
        ConfigError: for what does not fit, see `Plan`.
    """
    suits = SUITED.get(env, {})
    if (given.get("base"), given.get("algorithm", "ppo")) == ("level2", "ppo"):
        suits = TAUGHT.get(env, suits) if given.get("teacher", "mpc") else suits
    return Plan(env, **{**suits, **given})
