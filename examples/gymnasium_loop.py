"""The ten lines: a coil through the finishing mill, with nobody touching its trims."""

import gymnasium

import passline.plant_sim  # noqa: F401  registers the environments

env = gymnasium.make("passline/FinishingMill-v0")
observation, info = env.reset(seed=3)
total, over = 0.0, False
while not over:
    action = env.action_space.sample() * 0  # a trim of 0; put your policy here
    observation, reward, terminated, truncated, info = env.step(action)
    total += float(reward)
    over = terminated or truncated
print(f"the episode cost {-total:.0f} EUR, as the mill's own automation rolls it")
env.close()
