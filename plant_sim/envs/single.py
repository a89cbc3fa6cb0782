"""The single environment: one live lane of the same kernel as the native vector environment."""

from typing import Any, ClassVar, Unpack

import gymnasium
import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .options import Settings, options_of
from .play import Play, action_space, observation_space
from .task import Task

Observation = NDArray[np.float32]
Frame = NDArray[np.uint8]
RENDER_MODES = ("rgb_array",)
RENDER_FPS = 10


def check_render_mode(mode: str | None) -> None:
    """Raise ConfigError for a render mode that does not exist."""
    if mode is not None and mode not in RENDER_MODES:
        raise ConfigError(f"render_mode {mode!r} does not exist; choose None or 'rgb_array'")


class LineEnv(gymnasium.Env[Any, Any]):
    """One episode of a task at a time. Subclasses name the task; docs/environments/ describes them.

    Args:
        scenario: name of the scenario.
        render_mode: None, or "rgb_array" for pictures by `render`.
        settings: the other options, see `Options`.

    Raises:
        ConfigError: for an option that does not exist or does not fit.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012  declared so by Gymnasium
        "render_modes": list(RENDER_MODES),
        "render_fps": RENDER_FPS,
    }
    task: ClassVar[Task[Any]]

    def __init__(self, render_mode: str | None = None, **settings: Unpack[Settings]) -> None:
        check_render_mode(render_mode)
        options = options_of(self.task, settings)
        self.observation_space = observation_space(self.task, options)
        self.action_space = action_space(self.task)
        self.render_mode = render_mode
        self._play = Play(self.task, 1, options, render_mode is not None)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode: of the seed, or the next one of the present seed."""
        super().reset(seed=seed)
        self._play.reset([seed], np.ones(1, bool))
        return self._play.observe()[0], {}

    def step(self, action: Observation) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Move the plant by one step; see the datasheet for actions and rewards.

        Raises:
            ConfigError: for an action of another shape or one that is not finite.
        """
        reward, terms = self._play.step(np.asarray(action, np.float32)[None])
        info = {name: float(value[0]) for name, value in terms.items()}
        terminated = bool(self._play.finished()[0])
        return self._play.observe()[0], float(reward[0]), terminated, False, info

    def render(self) -> Frame | None:
        """Return a picture (height, width, 3) of the line and the episode so far, or None."""
        return None if self.render_mode is None else self._play.frame(0)
