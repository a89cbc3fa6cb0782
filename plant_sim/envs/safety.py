"""The cost as a number of its own, in the six-tuple of Safety-Gymnasium.

Gymnasium keeps five values and the harm in `info["cost"]`; algorithms of constrained RL expect
observation, reward, cost, terminated, truncated, info. The cost is harm in seconds, never money.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import VectorWrapper
from numpy.typing import NDArray

from ..errors import ConfigError

Array = NDArray[Any]
COST = "cost"


class SafetyWrapper(gymnasium.Wrapper[Any, Any, Any, Any]):
    """A single environment whose `step` gives the cost third; `info` stays as it is."""

    def step(  # type: ignore[override]  # six values are what this wrapper is for
        self, action: Any
    ) -> tuple[Any, float, float, bool, bool, dict[str, Any]]:
        """Move the plant by one step.

        Returns:
            observation, reward (EUR), cost (s of harm), terminated, truncated, info.

        Raises:
            ConfigError: the environment below counts no cost.
        """
        observation, reward, terminated, truncated, info = self.env.step(action)
        if COST not in info:
            raise _no_cost(self.env)
        return observation, float(reward), float(info[COST]), terminated, truncated, info


class SafetyVectorWrapper(VectorWrapper):
    """A vector environment whose `step` gives the costs (n,) third, in every autoreset mode.

    The cost of a step that ends an episode is that of the ending episode, also in SAME_STEP mode,
    and a call that only resets a lane (NEXT_STEP mode) costs 0.
    """

    _over: Array | None = None  # whose episode the last step ended

    def step(  # type: ignore[override]
        self, actions: Any
    ) -> tuple[Any, Array, Array, Array, Array, dict[str, Any]]:
        """Move all plants by one step.

        Returns:
            as `SafetyWrapper.step`, each value (n, ...).

        Raises:
            ConfigError: the environments below count no cost.
        """
        observations, rewards, terminated, truncated, infos = self.env.step(actions)
        final = infos.get("final_info", {})
        only_reset = self._over is not None and self._over.all()
        if COST not in infos and COST not in final and not only_reset:
            raise _no_cost(self.env)
        self._over = terminated | truncated
        cost = np.array(infos.get(COST, np.zeros(self.num_envs)), np.float64)
        if COST in final:
            ended = infos["_final_info"]
            cost[ended] = final[COST][ended]
        return observations, rewards, cost, terminated, truncated, infos


def _no_cost(env: object) -> ConfigError:
    return ConfigError(f"{env} puts no 'cost' into info; give an environment of passline")
