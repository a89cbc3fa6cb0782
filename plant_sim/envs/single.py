"""The single environment: one live lane of the same kernel as the native vector environment."""

from typing import Any, ClassVar

import gymnasium
import numpy as np
from numpy.typing import NDArray

from .play import Play, Task, action_space, observation_space

Observation = NDArray[np.float32]


class LineEnv(gymnasium.Env[Any, Any]):
    """One episode of a task at a time. Subclasses name the task and are the datasheets.

    Args:
        scenario: name of the scenario.
        render_mode: only None.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012  declared so by Gymnasium
    task: ClassVar[Task]

    def __init__(self, scenario: str = "nominal", render_mode: None = None) -> None:
        self.observation_space = observation_space(self.task)
        self.action_space = action_space(self.task)
        self.render_mode = render_mode
        self._play = Play(self.task, 1, scenario)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode: of the seed, or the next one of the present seed."""
        super().reset(seed=seed)
        self._play.reset([seed], np.ones(1, bool))
        return self._play.observe()[0], {}

    def step(self, action: Observation) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Move the line by one interval of 0.5 s; see the class for actions and rewards.

        Raises:
            ConfigError: for an action of another shape or one that is not finite.
        """
        reward, terms = self._play.step(np.asarray(action, np.float32)[None])
        info = {name: float(value[0]) for name, value in terms.items()}
        terminated = bool(self._play.finished()[0])
        return self._play.observe()[0], float(reward[0]), terminated, False, info
