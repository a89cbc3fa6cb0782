"""What each environment pays for random actions, for holding and for its rule, and what it costs.

    .venv/bin/python benchmarks/environments.py [--seeds 32] [--write] [ID ...]

Returns are EUR of an episode, the mean and its 95 % interval over the seeds; harm is s. Costs are
CPU time of one thread, the least of three rounds; the ratio is taken inside this one run. `--write`
puts the tables into docs/environments/.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from runpy import run_path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.registration import registry
from gymnasium.vector import SyncVectorEnv, VectorEnv
from numpy.typing import NDArray
from rich.console import Console

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.envs.rules import RULES, rule_of
from passline.plant_sim.rollouts.evaluate import interval

Policy = Callable[[NDArray[Any]], NDArray[Any]]
Array = NDArray[np.float64]
# beside the nominal day: one with faults, those of the furnace where there is nothing else
HARD = {"ReheatingFurnace": "thermocouple-drift"}
WIDTH = 64  # environments side by side for the ratio
tell = Console(highlight=False, width=120).print


def policies(envs: VectorEnv[Any, Any, Any], task: Any) -> dict[str, Policy]:
    """Return the baselines of a task by name."""
    shape = envs.action_space.shape or ()
    rng = np.random.default_rng(0)
    found: dict[str, Policy] = {
        "random": lambda _: rng.uniform(-1.0, 1.0, shape).astype(np.float32),
        "hold": lambda _: np.zeros(shape, np.float32),
    }
    if task.name in RULES:
        found["rules"] = rule_of(task)
    return found


def episodes(envs: VectorEnv[Any, Any, Any], policy: Policy) -> tuple[Array, Array]:
    """Play one episode a seed; returns the returns (EUR) and the harm (s), each (seeds,)."""
    seen, _ = envs.reset(seed=0)
    running = np.ones(envs.num_envs, bool)
    earned, harm = np.zeros(envs.num_envs), np.zeros(envs.num_envs)
    while running.any():
        seen, reward, terminated, truncated, info = envs.step(policy(seen))
        earned += running * reward
        harm += running * info.get("cost", 0.0)
        running &= ~(terminated | truncated)
    return earned, harm


def cpu_seconds(envs: VectorEnv[Any, Any, Any], steps: int) -> float:
    """Return the least CPU time of one step (s) of three rounds."""
    actions = np.zeros(envs.action_space.shape or (), np.float32)
    envs.reset(seed=0)
    envs.step(actions)
    times = []
    for _ in range(3):
        start = time.process_time()
        for _ in range(steps):
            envs.step(actions)
        times.append((time.process_time() - start) / steps)
    return min(times)


def returns(name: str, seeds: int) -> str:
    """Return the table of what the baselines earn."""
    task = gymnasium.make(name).unwrapped.task  # type: ignore[attr-defined]
    lines = [
        f"Seeds 0 to {seeds - 1}, options at their defaults; the interval is that of the mean "
        "([statistics](../statistics.md)).",
        "",
        "| scenario | policy | return, EUR an episode | 95 % | harm, s |",
        "|---|---|---|---|---|",
    ]
    for scenario in ("nominal", HARD.get(task.name, "faults")):
        envs = gymnasium.make_vec(name, seeds, scenario=scenario)
        for label, policy in policies(envs, task).items():
            earned, harm = episodes(envs, policy)
            low, high = interval(earned) or (np.nan, np.nan)
            lines.append(
                f"| {scenario} | {label} | {earned.mean():.0f} | {low:.0f} .. {high:.0f} | "
                f"{harm.mean():.1f} |"
            )
    return "\n".join(lines)


def costs(name: str) -> str:
    """Return the table of what a step costs."""
    task = gymnasium.make(name).unwrapped.task  # type: ignore[attr-defined]
    steps = max(1, min(20, int(200 / task.seconds)))
    native = cpu_seconds(gymnasium.make_vec(name, WIDTH), steps)
    make = partial(gymnasium.make, name)
    theirs = cpu_seconds(SyncVectorEnv([make] * WIDTH), max(1, steps // 4))
    alone = cpu_seconds(gymnasium.make_vec(name, 1), 10 * steps)
    return "\n".join(
        [
            "| CPU time of one thread | |",
            "|---|---|",
            f"| one environment, steps a second | {1.0 / alone:.3g} |",
            f"| {WIDTH} native, us a step and environment | {native / WIDTH * 1e6:.3g} |",
            f"| {WIDTH} in `SyncVectorEnv`, the same | {theirs / WIDTH * 1e6:.3g} |",
            f"| native is cheaper | {theirs / native:.1f} times |",
        ]
    )


def main() -> None:
    """Print the tables, and write them into the datasheets when asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", help="environments; all by default")
    parser.add_argument("--seeds", type=int, default=32)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    put = run_path(str(Path(__file__).parents[1] / "docs" / "environments_table.py"))["put"]
    every = sorted(name for name in registry if name.startswith("passline/"))
    for name in arguments.names or every:
        tables = {"returns": returns(name, arguments.seeds), "costs": costs(name)}
        tell(f"\n{name}\n")
        for title, table in tables.items():
            tell(f"{table}\n")
            if arguments.write:
                put(name, title, table)


if __name__ == "__main__":
    main()
