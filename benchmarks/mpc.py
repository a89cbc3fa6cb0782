"""What the model predictive controllers earn: hold, rules, level2 and mpc on the same seeds.

    .venv/bin/python benchmarks/mpc.py [--seeds 32] [--first 1000] [--env RunOutTable ...]
        [--scenario nominal ...] [--policy rules mpc ...] [--long] [--line]

Differences from the first policy are paired by seed, with the 95 % interval of their mean by
Student's t. The constants of the controllers were chosen on seeds 0 to 147 and 200000 to 200023;
the default seeds are others. `--long` plays five coils of the run-out table in a row instead, in
which coils follow that a fault has reached; `--line` hours of HotStripLine, with the steel rolled.
"""

import argparse
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from scipy.stats import t as student

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.envs.hot_strip import LineTask
from passline.plant_sim.envs.hot_strip_line import MOVED, HotStripLineTask
from passline.plant_sim.envs.options import options_of
from passline.plant_sim.envs.play import Play
from passline.plant_sim.envs.run_out_table import TableTask
from passline.plant_sim.lines.hot_strip import rows as R  # noqa: N812
from passline.plant_sim.rollouts.episodes import play_episodes
from passline.plant_sim.rollouts.mpc_policy import MpcPolicy
from passline.plant_sim.rollouts.policy import Policy, Sight, load_policy

ENVS = ("RunOutTable", "FinishingMill", "MillSetup")
SCENARIOS = {
    "RunOutTable": ("nominal", "disturbed", "shifted-plant"),
    "FinishingMill": ("nominal", "disturbed", "shifted-plant"),
    "MillSetup": ("nominal", "disturbed", "shifted-plant", "pyrometer-drift", "any-fault"),
}
POLICIES = ("hold", "rules", "mpc")
PARTS = {"mpc but air": "furnace.excess_air", "mpc but source": "fm.fdt_source"}
LINE_POLICIES = ("rules", "hold", "level2", "mpc", *PARTS)
FAULTS = ("nominal", "dead-bank", "ct-drift")  # of the five coils in a row
HOURS = ("nominal", "disturbed", "faults")  # of the line
COILS_STEPS = 1150  # 0.5 s each: about five coils
tell = Console(highlight=False, width=200).print
Array = NDArray[np.float64]


def measure(policy: str, env: str, scenario: str, seeds: Sequence[int]) -> tuple[Array, Array]:
    """Return return (EUR) and harm (s) of every seed; tell the CPU a decision."""
    begun = time.process_time()
    episodes = play_episodes(load_policy(policy), f"passline/{env}-v0", seeds, scenario)
    seconds = time.process_time() - begun
    steps = sum(len(episode.rewards) for episode in episodes)
    return _told(
        env, scenario, policy, np.array([e.ret for e in episodes]),
        np.array([e.harm.sum() for e in episodes]), 1e3 * seconds / steps,
    )  # fmt: skip


class Without(MpcPolicy):
    """At the desk of the line, but one control is left to tuned level 2."""

    def __init__(self, control: str) -> None:
        self._column = MOVED.index(control)

    def at_the_desks(self, sight: Sight) -> Array:
        """Return what is asked for, -1 to 1, shape (n, actions)."""
        asked = super().at_the_desks(sight)
        asked[:, self._column] = self._law.act(sight)[:, self._column]
        return asked


def measure_played(
    policy: str, task: LineTask, label: str, steps: int, scenario: str, seeds: Sequence[int]
) -> tuple[Array, Array]:
    """Return the same of `steps` in a row on a line; tell the steel rolled (t) too."""
    play = Play(task, len(seeds), options_of(task, {"scenario": scenario}))
    play.reset(list(seeds), np.ones(len(seeds), bool))
    actor: Policy = Without(PARTS[policy]) if policy in PARTS else load_policy(policy)
    sight = Sight(play, actor.sees)
    actor.begin(sight)
    begun = time.process_time()
    money, harm = np.zeros(len(seeds)), np.zeros(len(seeds))
    for _ in range(steps):
        reward, terms = play.step(actor.act(sight))
        money, harm = money + reward, harm + terms["cost"]
        sight.look()
    each = 1e3 * (time.process_time() - begun) / (steps * len(seeds))
    tons = 1e-3 * play.plant.totals([R.ROLLED])[0]
    return _told(label, scenario, f"{policy}, {tons.mean():.1f} t", money, harm, each)


FIRST: dict[tuple[str, str], tuple[Array, Array]] = {}


def _told(
    env: str, scenario: str, policy: str, money: Array, harm: Array, each: float
) -> tuple[Array, Array]:
    first = (env, scenario) not in FIRST
    if first:
        FIRST[env, scenario] = money, harm
    difference = money - FIRST[env, scenario][0]
    paired = ""
    if not first:
        wide = student.ppf(0.975, difference.size - 1)
        wide *= difference.std(ddof=1) / np.sqrt(difference.size)
        paired = f"{difference.mean():+.1f} ± {wide:.1f}"
    tell(
        f"| {env} | {scenario} | {policy} | {money.mean():.1f} | {paired} | {harm.mean():.2f} "
        f"| {each:.1f} |"
    )
    return money, harm


def main() -> None:
    """Print one table row for every environment, scenario and policy."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=32)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--env", nargs="*", default=ENVS, choices=ENVS)
    parser.add_argument("--scenario", nargs="*")
    parser.add_argument("--policy", nargs="*")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--line", action="store_true")
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    policies = asked.policy or (LINE_POLICIES if asked.line else POLICIES)
    tell(
        "| environment | scenario | policy | return EUR | against the first EUR | harm s | CPU ms |"
    )
    tell("|---|---|---|---|---|---|---|")
    if asked.long or asked.line:
        task = HotStripLineTask() if asked.line else TableTask()
        label = "HotStripLine" if asked.line else "RunOutTable, five coils"
        steps = task.horizon if asked.line else COILS_STEPS
        for scenario in asked.scenario or (HOURS if asked.line else FAULTS):
            for policy in policies:
                measure_played(policy, task, label, steps, scenario, seeds)
        return
    for policy in policies:  # compile before the clock runs
        for env in asked.env:
            play_episodes(load_policy(policy), f"passline/{env}-v0", [0])
    for env in asked.env:
        for scenario in asked.scenario or SCENARIOS[env]:
            for policy in policies:
                measure(policy, env, scenario, seeds)


if __name__ == "__main__":
    main()
