"""What the pace of the line is worth in an hour of `HotStripLine-v0`.

    .venv/bin/python benchmarks/pace.py [--seeds 16] [--scenario nominal]

One control is held for the whole hour, all others are left to level 1 and 2. Means over the seeds
(from 200,000 up): steel coiled, money without production, what the reward is, and the paired
difference of the reward against hold with half of its 95 % interval.
"""

import argparse

import numpy as np
from rich.console import Console

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.envs.hot_strip_line import MOVED
from passline.plant_sim.envs.options import options_of
from passline.plant_sim.envs.play import Play
from passline.plant_sim.lines.hot_strip import rows as R  # noqa: N812
from passline.plant_sim.rollouts.episodes import task_of

FIRST = 200_000
HELD = (  # control, its action
    ("line.pace_trim", 0.0), ("line.pace_trim", 1.0), ("line.pace_trim", 1 / 3),
    ("line.pace_trim", -1.0), ("fm.speed_trim", -1 / 3), ("fm.speed_trim", 1 / 3),
    ("fm.gauge_trim", 1.0), ("fm.gauge_trim", -1.0),
)  # fmt: skip
tell = Console(highlight=False, width=120).print


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--scenario", default="nominal")
    asked = parser.parse_args()
    task = task_of("passline/HotStripLine-v0")
    count = asked.seeds * len(HELD)
    play = Play(task, count, options_of(task, {"scenario": asked.scenario}))
    play.reset([FIRST + n for n in range(asked.seeds)] * len(HELD), np.ones(count, bool))
    actions = np.zeros((len(HELD), asked.seeds, len(MOVED)), np.float32)
    for row, (control, action) in enumerate(HELD):
        actions[row, :, MOVED.index(control)] = action
    actions = actions.reshape(count, -1)
    reward, harm, production = np.zeros((3, count))
    for _ in range(task.horizon):
        paid, terms = play.step(actions)
        reward += paid
        harm += terms["cost"]
        production -= terms["production"]
    coiled = play.plant.total(R.CT_ROLLED).reshape(len(HELD), -1) / 1000.0
    earned = reward.reshape(len(HELD), -1)
    money = (production - reward).reshape(len(HELD), -1).mean(axis=1)
    hurt = harm.reshape(len(HELD), -1).mean(axis=1)
    tell("| held | t coiled | money, EUR | reward, EUR | against hold | +/- | harm, s |")
    tell("|---|---|---|---|---|---|---|")
    for row, (control, action) in enumerate(HELD):
        gain = earned[row] - earned[0]
        half = 1.96 * gain.std(ddof=1) / np.sqrt(asked.seeds)
        move = next(each for each in task.actions if each.name == control)
        span = move.span if action >= 0.0 or move.below is None else move.below
        named = "nothing" if action == 0.0 else f"`{control}` {action * span:+g} {move.unit}"
        tell(
            f"| {named} | {coiled[row].mean():.1f} | {money[row]:.0f} | {earned[row].mean():.0f} "
            f"| {gain.mean():+.0f} | {half:.0f} | {hurt[row]:.1f} |"
        )


if __name__ == "__main__":
    main()
