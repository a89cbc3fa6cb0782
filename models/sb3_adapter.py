"""Our vector environments for Stable-Baselines3: one object that steps n plants, seen as a VecEnv.

SB3 knows no `gymnasium.vector.VectorEnv`, and expects a finished environment to be reset within the
finishing step. So this takes SAME_STEP alone: in another mode the last transition of every episode
would be wrong, and training would not notice.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from ..plant_sim.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import VecEnv
    from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn
else:
    try:
        from stable_baselines3.common.vec_env import VecEnv
    except ImportError:  # said when one is made: this module can be imported without
        VecEnv = object

Array = NDArray[Any]
FINAL = ("final_obs", "_final_obs", "final_info", "_final_info")


class Sb3Envs(VecEnv):
    """A Gymnasium vector environment as a VecEnv: the transitions of SB3's own `DummyVecEnv`.

    Args:
        envs: in SAME_STEP mode, with one Box of observations.
        with_info: whether `step` fills each environment's info with its numbers; without, it holds
            only what SB3 itself needs, and a step is cheaper.

    Raises:
        ConfigError: the environment resets in another mode.
        MissingExtraError: Stable-Baselines3 is not installed.
    """

    def __init__(self, envs: VectorEnv[Any, Any, Any], with_info: bool = True) -> None:
        if Sb3Envs.__base__ is object:
            raise MissingExtraError("stable-baselines3", "rl")
        mode = envs.metadata.get("autoreset_mode")
        if mode is None or AutoresetMode(mode) is not AutoresetMode.SAME_STEP:
            raise ConfigError(
                f"the environments reset in mode {getattr(mode, 'name', mode)}, which SB3 cannot "
                "train on; make them with autoreset_mode=AutoresetMode.SAME_STEP"
            )
        self.envs, self._with_info = envs, with_info
        self._actions: Array = np.zeros(0)
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)

    def reset(self) -> Array:
        """Start all episodes: with the seeds of `seed`, else the next ones."""
        if any(self._options):
            raise ConfigError(f"reset options {self._options} are not known here; give none")
        observations, _ = self.envs.reset(seed=self._seeds)  # type: ignore[arg-type]  # may hold None
        self.reset_infos = [{} for _ in range(self.num_envs)]
        self._reset_seeds()
        self._reset_options()
        return np.array(observations)

    def step_async(self, actions: Array) -> None:
        """Keep the actions (n, actions) for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> "VecEnvStepReturn":
        """Move all plants by one step.

        Returns:
            observations (n, ...), of a new episode where one ended; rewards float32 (n,); whether
            an episode ended (n,); and an info for each, with `TimeLimit.truncated` and at an end
            `terminal_observation`.
        """
        observations, rewards, terminated, truncated, infos = self.envs.step(self._actions)
        done = terminated | truncated
        told: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        if self._with_info:
            _share(infos, told, ~done)
            _share(infos.get("final_info", {}), told, done)
        for lane in range(self.num_envs):
            told[lane]["TimeLimit.truncated"] = bool(truncated[lane] and not terminated[lane])
        for lane in np.flatnonzero(done).tolist():
            told[lane]["terminal_observation"] = infos["final_obs"][lane]
        return np.array(observations), np.asarray(rewards, np.float32), done, told

    def close(self) -> None:
        """Close the environments."""
        self.envs.close()

    def get_images(self) -> Sequence[Array | None]:
        """Return a picture of each environment, or None."""
        frames = self.envs.render()
        return [None] * self.num_envs if frames is None else list(cast("Sequence[Array]", frames))

    def get_attr(self, attr_name: str, indices: "VecEnvIndices" = None) -> list[Any]:
        """Return an attribute of the vector environment, once for each index: they share it."""
        value = getattr(self.envs, attr_name)
        return [value for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: "VecEnvIndices" = None) -> None:
        """Set an attribute of the vector environment.

        Raises:
            ConfigError: for some of the environments only; they share their attributes.
        """
        self._all(indices, f"attribute {attr_name!r}")
        setattr(self.envs, attr_name, value)

    def env_method(
        self,
        method_name: str,
        *method_args: Any,
        indices: "VecEnvIndices" = None,
        **method_kwargs: Any,
    ) -> list[Any]:
        """Call a method of the vector environment once; each environment gets the answer.

        Raises:
            ConfigError: for some of the environments only; there is one object for all.
        """
        self._all(indices, f"method {method_name!r}")
        answer = getattr(self.envs, method_name)(*method_args, **method_kwargs)
        return [answer] * self.num_envs

    def env_is_wrapped(self, wrapper_class: Any, indices: "VecEnvIndices" = None) -> list[bool]:
        """Say that no environment is wrapped in a wrapper of single environments."""
        del wrapper_class
        return [False for _ in self._get_indices(indices)]

    def _all(self, indices: "VecEnvIndices", what: str) -> None:
        asked = len(list(self._get_indices(indices)))
        if asked != self.num_envs:
            raise ConfigError(
                f"{what} was asked of {asked} of {self.num_envs} environments; one object holds "
                "them all, so give indices=None"
            )


def to_sb3(envs: VectorEnv[Any, Any, Any], with_info: bool = True) -> Sb3Envs:
    """Return a Gymnasium vector environment as the VecEnv that SB3 trains on, see `Sb3Envs`."""
    return Sb3Envs(envs, with_info)


def _share(infos: Mapping[str, Any], told: list[dict[str, Any]], where: Array) -> None:
    """Hand each lane its own numbers of Gymnasium's vector info."""
    for name, values in infos.items():
        if name.startswith("_") or name in FINAL:
            continue
        given = infos.get(f"_{name}", where) & where
        numbers = values.tolist()
        for lane in np.flatnonzero(given).tolist():
            told[lane][name] = numbers[lane]
