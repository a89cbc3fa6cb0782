"""What a budget buys the oracle, between the tuned level 2 (score 0) and the oracle (score 1).

    .venv/bin/python benchmarks/oracle.py RunOutTable [--seeds 16] [--budget 1024] [--scenario S]
    .venv/bin/python benchmarks/oracle.py RunOutTable --alone

One search of the full budget gives the whole curve: what it has found after each round is what a
smaller budget ends with. EUR an episode, mean over the seeds; the score of a budget is the share of
the way from level 2 (from the rules where it is not tuned) to the full budget. `--alone` leaves
nothing but hold in the portfolio and counts the episodes in which the search is no worse than each
policy it did not know: what it is worth without the guarantee of its portfolio. CPU is that of one
thread, compiling the kernels included when that is still to be done.
"""

import argparse
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.envs.options import options_of
from passline.plant_sim.envs.play import EpisodeState, Play
from passline.plant_sim.rollouts.branch_play import Sequences, Stage
from passline.plant_sim.rollouts.episodes import task_of
from passline.plant_sim.rollouts.oracle import ROUND, OraclePolicy
from passline.plant_sim.rollouts.policy import HoldPolicy, load_policy
from passline.plant_sim.rollouts.tuned import LAWS, tuned

Array = NDArray[np.float64]
SCENARIOS = ("nominal", "disturbed", "faults")
COLUMNS = ("hold", "rules", "level2")
FIRST = 200_000  # seeds of nothing else
tell = Console(highlight=False, width=140, soft_wrap=True).print


def run(env: str, scenario: str, seeds: Sequence[int], budget: int, alone: bool) -> dict[str, Any]:
    """Return money (EUR) and harm (s) of each policy and of each round of the search."""
    task = task_of(f"passline/{env}-v0")
    options = options_of(task, {"scenario": scenario})
    play = Play(task, len(seeds), options)
    play.reset(list(seeds), np.ones(len(seeds), bool))
    states = [play.lane(lane) for lane in range(len(seeds))]
    stage = Stage(task, options)
    found: dict[str, Any] = {"money": {}, "harm": {}, "coils": {}}
    for name in [name for name in COLUMNS if name != "level2" or task.name in tuned()]:
        branches = stage.policy(states, load_policy(name), task.horizon)
        found["money"][name] = branches.money.sum(axis=1)
        found["harm"][name] = branches.harm.sum(axis=1)
        found["coils"][name] = coils(stage, states, branches.actions)
    oracle = OraclePolicy()
    if alone:
        oracle.portfolio = {"hold": HoldPolicy()}
    oracle.budget = budget + len(oracle.portfolio)
    began = time.process_time()
    searches = oracle.searches(stage, states)
    found["cpu"] = (time.process_time() - began) / len(seeds)
    found["history"] = np.array([each.history for each in searches])
    found["harm"]["oracle"] = np.array([each.best.harm for each in searches])
    best = np.array([each.best.actions for each in searches])
    found["coils"]["oracle"] = coils(stage, states, best)
    return found


def coils(stage: Stage, states: Sequence[EpisodeState], actions: Sequences) -> float:
    """Return how many coils are finished by the horizon, in the mean."""
    play = stage.put(states)
    for step in range(actions.shape[1]):
        play.step(actions[:, step])
    return float(play.plant.finished_counts().mean())


def curve(found: dict[str, Any]) -> str:
    """Return the rows of the table of budgets."""
    history = found["history"]
    zero = found["money"].get("level2", found["money"]["rules"]).mean()
    rounds = sorted({0, 1, *(2**n for n in range(1, 12)), history.shape[1] - 1})
    rows = ["| episodes played | EUR | score |", "|---|---|---|"]
    last = history[:, -1].mean()
    for number in rounds:
        if number < history.shape[1]:
            money = history[:, number].mean()
            score = (zero - money) / (zero - last)
            played = "portfolio" if number == 0 else f"+ {number * ROUND}"
            rows.append(f"| {played} | {money:.1f} | {score:.2f} |")
    return "\n".join(rows)


def columns(found: dict[str, Any]) -> str:
    """Return one line: what each column costs, and how often the oracle is no worse."""
    oracle, hurt = found["history"][:, -1], found["harm"]["oracle"]
    parts = []
    for name in found["money"]:
        money, harm = found["money"][name], found["harm"][name]
        least = (oracle <= money + 1e-6) & (hurt <= harm + 1e-6)
        parts.append(
            f"{name} {money.mean():.1f} EUR, {harm.mean():.2f} s (no worse in {least.mean():.0%})"
        )
    tail = f"oracle {oracle.mean():.1f} EUR, {hurt.mean():.2f} s, {found['cpu']:.1f} CPU-s each"
    each = ", ".join(f"{name} {count:.1f}" for name, count in found["coils"].items())
    rolled = f"coils by the horizon: {each}"
    return "; ".join([*parts, tail, rolled])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("env", choices=sorted(LAWS))
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--budget", type=int, default=1024, help="behind the portfolio")
    parser.add_argument("--scenario", choices=SCENARIOS, action="append")
    parser.add_argument("--alone", action="store_true")
    asked = parser.parse_args()
    seeds = range(FIRST, FIRST + asked.seeds)
    for scenario in asked.scenario or SCENARIOS:
        found = run(asked.env, scenario, seeds, asked.budget, asked.alone)
        tell(f"\n{asked.env}, {scenario}, {asked.seeds} episodes: {columns(found)}\n")
        tell(curve(found))


if __name__ == "__main__":
    main()
