"""The native vector environment: n episodes in one kernel call, to Gymnasium's vector contract.

Observations, rewards, flags and infos equal those of `SyncVectorEnv` over the single environment,
bit for bit, in all three autoreset modes.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from ..errors import ConfigError
from .options import Settings, options_of
from .play import Play, action_space, observation_space
from .single import RENDER_FPS, RENDER_MODES, Frame, Observation, check_render_mode
from .task import Flags, Task


class LineVectorEnv(VectorEnv[Observation, Observation, NDArray[Any]]):
    """Many episodes of a task. Subclasses name the task; the single environment is the datasheet.

    Args:
        num_envs: how many.
        autoreset_mode: NEXT_STEP (default), SAME_STEP or DISABLED.
        max_episode_steps: steps after which an episode is truncated; None for the task's own.
        render_mode: None, or "rgb_array" for pictures by `render`.
        settings: the options, see `Options`.

    Raises:
        ConfigError: for an option that does not exist or does not fit.
    """

    task: ClassVar[Task[Any]]

    def __init__(
        self,
        num_envs: int = 1,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        if num_envs < 1:
            raise ConfigError(f"num_envs {num_envs} is below 1; ask for at least one")
        check_render_mode(render_mode)
        options = options_of(self.task, settings)
        self.num_envs, self.render_mode = num_envs, render_mode
        self.mode = AutoresetMode(autoreset_mode)
        self.metadata = {
            "autoreset_mode": self.mode,
            "render_modes": list(RENDER_MODES),
            "render_fps": RENDER_FPS,
        }
        self.single_observation_space = observation_space(self.task, options)
        self.single_action_space = action_space(self.task)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._horizon = self.task.horizon if max_episode_steps is None else max_episode_steps
        self._play = Play(self.task, num_envs, options, render_mode is not None)
        self._pending: Flags = np.zeros(num_envs, bool)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Observation, dict[str, Any]]:
        """Start episodes; an int seed means seed + i for environment i.

        `options["reset_mask"]` (bool, (num_envs,), at least one True) resets only those; the mask
        is read, not taken out, because wrappers read it too.

        Raises:
            TypeError: if the mask is no NumPy array of bool.
            ValueError: for a mask or a list of seeds of another length, or an empty mask.
        """
        count = self.num_envs
        if isinstance(seed, (int, np.integer)):
            super().reset(seed=int(seed))
            seeds: list[int | None] = [int(seed) + i for i in range(count)]
        else:
            seeds = [None] * count if seed is None else list(seed)
        if len(seeds) != count:
            raise ValueError(f"{len(seeds)} seeds for {count} environments; give one for each")
        mask = self._mask(options)
        self._pending[mask] = False
        self._play.reset(seeds, mask)
        return self._play.observe(), {}

    def _mask(self, options: dict[str, Any] | None) -> Flags:
        mask = (options or {}).get("reset_mask")
        if mask is None:
            return np.ones(self.num_envs, bool)
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_:
            raise TypeError("reset_mask must be a NumPy array of bool")
        if mask.shape != (self.num_envs,) or not mask.any():
            raise ValueError(f"reset_mask must have shape ({self.num_envs},) and at least one True")
        return mask

    def step(
        self, actions: Observation
    ) -> tuple[Observation, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Move all plants by one step.

        Raises:
            ConfigError: for actions of another shape or not finite; in DISABLED mode for stepping
                a finished environment.
        """
        again = self._pending.copy()
        if self.mode is AutoresetMode.DISABLED and again.any():
            raise ConfigError("a finished environment was stepped; reset it with reset_mask")
        reward, terms = self._play.step(np.ascontiguousarray(actions, np.float32))
        infos: dict[str, Any] = {}
        if again.any():  # NEXT_STEP: this call is the reset of these, their action is ignored
            self._play.reset([None] * self.num_envs, again)
            reward[again] = 0.0
        observation = self._play.observe()
        truncated = self._play.steps >= self._horizon
        terminated = self._play.finished() & ~again
        over, stepped = terminated | truncated, ~again
        if self.mode is AutoresetMode.SAME_STEP and over.any():
            final = np.full(self.num_envs, None, object)
            for i in np.flatnonzero(over):
                final[i] = observation[i].copy()
            infos |= {"final_obs": final, "_final_obs": over.copy()}
            infos |= {"final_info": _masked(terms, over), "_final_info": over.copy()}
            self._play.reset([None] * self.num_envs, over)
            observation, stepped = self._play.observe(), ~over
        else:
            self._pending = over
        infos |= _masked(terms, stepped)
        return observation, reward, terminated, truncated, infos

    def render(self) -> tuple[Frame, ...] | None:
        """Return a picture (height, width, 3) of each line and its episode so far, or None."""
        if self.render_mode is None:
            return None
        return tuple(self._play.frame(lane) for lane in range(self.num_envs))


def _masked(terms: dict[str, NDArray[np.float64]], mask: Flags) -> dict[str, Any]:
    """Return the terms where the mask holds, in the form `SyncVectorEnv` gives them."""
    infos: dict[str, Any] = {}
    if mask.any():
        every = mask.all()
        for name, values in terms.items():
            infos[name] = values if every else np.where(mask, values, 0.0)
            infos[f"_{name}"] = mask.copy()
    return infos
