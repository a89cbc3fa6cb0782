"""PPO and SAC of Stable-Baselines3, set up for corrections, with a state that is plain data.

A correction starts at exactly zero: the untrained policy is the base policy.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..plant_sim.errors import ConfigError
from .policies import Array, Design, Weights, normalised, one_thread
from .teacher import BATCH, CAUTION, EPOCHS, RATE
from .training_envs import ResidualEnvs

if TYPE_CHECKING:
    from .training_plan import Plan

State = dict[str, Any]  # tensors, numbers, text, and dicts and lists of them
BUFFER = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")
CAPACITY = 100_000  # transitions that SAC remembers
PRIVATE = ("num_timesteps", "_n_updates")


class Learner:
    """One algorithm and its network on the environments of a plan.

    Args:
        plan: what is trained and how.
        envs: trained on; their normaliser is measured.

    Raises:
        ConfigError: the algorithm is not known.
        MissingExtraError: stable-baselines3 is not installed.
    """

    def __init__(self, plan: "Plan", envs: ResidualEnvs) -> None:
        import torch

        from .sb3_adapter import to_sb3

        self.plan, self._envs = plan, envs
        torch.manual_seed(plan.seed)
        if plan.algorithm not in MAKERS:
            raise ConfigError(f"algorithm {plan.algorithm!r} is neither {' nor '.join(MAKERS)}")
        self.model: Any = MAKERS[plan.algorithm](plan, to_sb3(envs, with_info=False))
        last = self._layers()[-1]
        last.weight.data.zero_()
        last.bias.data.zero_()

    def study(self, features: Array, answers: Array, key: int) -> float:
        """Fit the mean correction to what a teacher answered; returns the squared error left.

        Args:
            features: (rows, features), as they were met, not normalised.
            answers: (rows, actions), -1..1.
            key: seed of the order of the rows.
        """
        import torch

        given = torch.from_numpy(normalised(features, self._envs.centre, self._envs.scale))
        wanted = torch.from_numpy(answers)
        mean = self._path()
        optimizer = torch.optim.Adam(mean.parameters(), RATE)
        torch.manual_seed(key)
        with one_thread():
            for epoch in range(EPOCHS):
                for group in optimizer.param_groups:
                    group["lr"] = RATE * max(1.0 - epoch / EPOCHS, 0.05)
                order = torch.randperm(len(given))
                for start in range(0, len(given), BATCH):
                    rows = order[start : start + BATCH]
                    error = _dearer_beyond(mean(given[rows]), wanted[rows])
                    optimizer.zero_grad()
                    error.backward()
                    optimizer.step()
            with torch.no_grad():
                return float((mean(given) - wanted).square().mean())

    def learn(self, decisions: int, key: int, left: float, judge_only: bool = False) -> None:
        """Learn from this many decisions of new episodes.

        Args:
            decisions: of all lanes together.
            key: seed of all that is drawn; the same state and key learn the same bits.
            left: share of the training that is left, 1..0; the learning rate falls with it.
            judge_only: learn what is to be expected of the policy as it is, and leave it so.
        """
        import torch

        torch.manual_seed(key)
        np.random.seed(key)  # noqa: NPY002  # SB3 draws its minibatches there
        self.model.action_space.seed(key)
        rate = self.plan.learning_rate * max(left, 0.05)
        self.model.lr_schedule = lambda _: rate
        self.model._last_obs = None  # new episodes, so that a resumed training starts alike
        held = [*self._path().parameters(), self.model.policy.log_std] if judge_only else []
        for each in held:
            each.requires_grad_(False)
        with one_thread():
            self.model.learn(decisions, reset_num_timesteps=False)
        for each in held:
            each.requires_grad_(True)

    def weights(self, share: float = 1.0) -> Weights:
        """Return the weights of a `LearnedPolicy`: network and normaliser.

        Args:
            share: of the correction that is made.
        """
        import torch

        found = {"centre": self._envs.centre, "scale": self._envs.scale}
        weights = {name: torch.from_numpy(values.copy()) for name, values in found.items()}
        for number, layer in enumerate(self._layers()):
            weights[f"{2 * number}.weight"] = layer.weight.detach().clone()
            weights[f"{2 * number}.bias"] = layer.bias.detach().clone()
        for name in (f"{2 * number}.weight", f"{2 * number}.bias"):
            weights[name] *= share
        return weights

    def state(self) -> State:
        """Return all that another learner of this plan needs to go on from here."""
        import torch

        state: State = {"parameters": self.model.get_parameters()}
        state |= {name: getattr(self.model, name) for name in PRIVATE}
        if self.plan.algorithm == "sac":
            buffer = self.model.replay_buffer
            count = buffer.buffer_size if buffer.full else buffer.pos
            state["temperature"] = self.model.log_ent_coef.detach().clone()
            state["buffer"] = {
                name: torch.from_numpy(getattr(buffer, name)[:count]) for name in BUFFER
            }
            state["position"], state["full"] = buffer.pos, buffer.full
        return state

    def restore(self, state: State) -> None:
        """Go on from what `state` returned."""
        self.model.set_parameters(state["parameters"], device="cpu")
        for name in PRIVATE:
            setattr(self.model, name, state[name])
        if self.plan.algorithm == "sac":
            buffer = self.model.replay_buffer
            self.model.log_ent_coef.data.copy_(state["temperature"])
            for name, values in state["buffer"].items():
                getattr(buffer, name)[: len(values)] = values.numpy()
            buffer.pos, buffer.full = state["position"], state["full"]

    def spread(self) -> float:
        """Return the deviation of PPO's actions; NaN for SAC, where it hangs on the state."""
        spread = getattr(self.model.policy, "log_std", None)
        return float("nan") if spread is None else float(spread.detach().exp().mean())

    def _path(self) -> Any:
        """Return the network from the normalised features to the mean correction."""
        import torch

        policy = self.model.policy
        if self.plan.algorithm == "ppo":
            inner, last = policy.mlp_extractor.policy_net, policy.action_net
        else:
            inner, last = policy.actor.latent_pi, policy.actor.mu
        return torch.nn.Sequential(*inner, last)

    def _layers(self) -> list[Any]:
        """Return the linear layers from the features to the action."""
        import torch

        return [layer for layer in self._path() if isinstance(layer, torch.nn.Linear)]


def _dearer_beyond(given: Any, wanted: Any) -> Any:
    """Return the mean squared error of answers; one that moves further than wanted costs more.

    A student that errs then errs towards the base, which does what is known.
    """
    zero = wanted.new_zeros(())
    beyond = (given > wanted.maximum(zero)) | (given < wanted.minimum(zero))
    return ((given - wanted).square() * (1.0 + (CAUTION - 1.0) * beyond)).mean()


def design_of(plan: "Plan") -> Design:
    """Return the design of the policy that a plan trains."""
    return Design(
        plan.env,
        dict(plan.settings),
        plan.base,
        plan.bound,
        plan.every,
        activation="relu" if plan.algorithm == "sac" else "tanh",
        squash=plan.algorithm == "sac",
    )


def _ppo(plan: "Plan", envs: Any) -> Any:
    from stable_baselines3 import PPO

    steps, hidden = plan.decisions, list(design_of(plan).hidden)
    return PPO(
        "MlpPolicy",
        envs,
        n_steps=steps,
        batch_size=max(1, steps * plan.lanes // 4),
        n_epochs=5,
        gamma=plan.gamma,
        policy_kwargs={
            "net_arch": {"pi": hidden, "vf": [2 * width for width in hidden]},
            "log_std_init": plan.log_std,
        },
        device="cpu",
    )


def _sac(plan: "Plan", envs: Any) -> Any:
    from stable_baselines3 import SAC

    hidden = list(design_of(plan).hidden)
    return SAC(
        "MlpPolicy",
        envs,
        buffer_size=CAPACITY,
        learning_starts=plan.lanes * 10,
        batch_size=512,
        train_freq=(1, "step"),
        gradient_steps=max(1, plan.lanes // 12),
        gamma=plan.gamma,
        ent_coef="auto_0.02",
        target_entropy=-3.0 * len(envs.envs.parts[0].task.actions),
        policy_kwargs={
            "net_arch": {"pi": hidden, "qf": [2 * width for width in hidden]},
            "log_std_init": plan.log_std,
        },
        device="cpu",
    )


MAKERS = {"ppo": _ppo, "sac": _sac}
