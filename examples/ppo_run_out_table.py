"""Train PPO on the run-out table with Stable-Baselines3: `ppo_run_out_table.py [STEPS]`.

The default budget only shows that it runs; a policy from nothing needs millions of steps, and
`passline train` starts from a controller instead.
"""

import sys

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecNormalize

import passline.plant_sim  # noqa: F401  registers the environments
from passline.models.sb3_adapter import to_sb3

ENV, LANES = "passline/RunOutTable-v0", 32
steps = int(sys.argv[1]) if len(sys.argv) > 1 else LANES * 240

envs = gymnasium.make_vec(ENV, LANES, autoreset_mode=AutoresetMode.SAME_STEP, scenario="disturbed")
train_envs = VecNormalize(to_sb3(envs), norm_obs=False, gamma=0.98)  # rewards are EUR: scaled here
quiet = {"log_std_init": -1.5}  # large moves cost more than they teach
model = PPO(
    "MlpPolicy", train_envs, 0.001, n_steps=240, batch_size=1920, n_epochs=4, gamma=0.98,
    policy_kwargs=quiet, device="cpu", seed=1_000_000,
)  # fmt: skip
model.learn(steps)

unseen = gymnasium.make_vec(ENV, 16, scenario="disturbed")
seen = unseen.reset(seed=0)[0]
earned = np.zeros(16)
for _ in range(240):
    actions = model.predict(seen, deterministic=True)[0]
    seen, reward = unseen.step(actions)[:2]
    earned += reward
print(f"after {steps} steps the policy costs {-earned.mean():.0f} EUR an episode on unseen seeds")
