"""How often the 95 % intervals of an evaluation hold the truth, on returns that were played.

    .venv/bin/python benchmarks/intervals.py [--seeds 4096] [--trials 2000]

Hold and rule play RunOutTable-v0 on the disturbed day once a seed; that is the population, its mean
or IQM the truth. Then n of its seeds are drawn again and again. An honest interval holds the truth
in 95 of 100 draws, whatever n; with the trials by default one figure is good to one point.
"""

import argparse
import time
from collections.abc import Callable

import gymnasium
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.envs.rules import rule_of
from passline.plant_sim.rollouts import statistics
from passline.plant_sim.rollouts.statistics import (
    Estimate,
    Resampling,
    improvement_of,
    iqm,
    iqm_of,
    mean_of,
)

Array = NDArray[np.float64]
Of = Callable[[Array, Resampling], Estimate]
ENV, SCENARIO = "passline/RunOutTable-v0", "disturbed"
SIZES = (5, 8, 14, 15, 30, 100)
tell = Console(highlight=False, width=140).print


def population(count: int) -> tuple[Array, Array]:
    """Return the returns (EUR) of hold and of the rule on each seed."""
    envs = gymnasium.make_vec(ENV, count, scenario=SCENARIO)
    task = envs.unwrapped.task  # type: ignore[attr-defined]
    rule = rule_of(task)
    earned = []
    for policy in (lambda seen: np.zeros((len(seen), 1), np.float32), rule):
        seen, _ = envs.reset(seed=0)
        total = np.zeros(count)
        for _ in range(task.horizon):
            seen, reward, _, _, _ = envs.step(policy(seen))
            total += reward
        earned.append(total)
    return earned[0], earned[1]


def coverage(values: Array, truth: float, of: Of, few: int, trials: int) -> dict[int, float]:
    """Return the share of draws whose interval holds the truth, by the number of seeds."""
    shipped, statistics.FEW = statistics.FEW, few
    held = {}
    for n in SIZES:
        rng, among = np.random.default_rng(n), Resampling(range(n))
        hits = 0
        for _ in range(trials):
            ends = of(rng.choice(values, n), among).interval
            hits += ends is not None and ends[0] <= truth <= ends[1]
        held[n] = hits / trials
    statistics.FEW = shipped
    return held


def better(gain: Array, among: Resampling) -> Estimate:
    """Return the probability of improvement of paired gains."""
    del among
    return improvement_of(gain, np.zeros(len(gain)))


def main(seeds: int, trials: int) -> None:
    """Print the table."""
    began = time.process_time()
    hold, rules = population(seeds)
    gain = rules - hold
    share = float((gain > 0.0).mean() + 0.5 * (gain == 0.0).mean())
    tell(
        f"{seeds} seeds: hold {hold.mean():.1f} EUR, IQM {iqm(hold):.1f}, deviation "
        f"{hold.std():.1f}, skewness {(((hold - hold.mean()) / hold.std()) ** 3).mean():.2f}; "
        f"rule - hold {gain.mean():+.2f}, deviation {gain.std():.1f}, correlation of the two "
        f"{np.corrcoef(hold, rules)[0, 1]:.3f}; better on {100 * share:.1f} %"
    )
    few = statistics.FEW
    rows: list[tuple[str, Array, float, Of, int]] = [
        ("mean of hold", hold, float(hold.mean()), mean_of, few),
        ("the same, bootstrap for few seeds too", hold, float(hold.mean()), mean_of, 2),
        ("IQM of hold", hold, iqm(hold), iqm_of, few),
        ("the same, bootstrap for few seeds too", hold, iqm(hold), iqm_of, 2),
        ("paired difference", gain, float(gain.mean()), mean_of, few),
        ("the same, bootstrap for few seeds too", gain, float(gain.mean()), mean_of, 2),
        ("probability of improvement", gain, share, better, few),
    ]
    tell("| | " + " | ".join(f"{n} seeds" for n in SIZES) + " |")
    for name, values, truth, of, below in rows:
        held = coverage(values, truth, of, below, trials)
        tell(f"| {name} | " + " | ".join(f"{100 * held[n]:.1f}" for n in SIZES) + " |")
    tell(f"{time.process_time() - began:.0f} CPU-s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=4096)
    parser.add_argument("--trials", type=int, default=2000)
    given = parser.parse_args()
    main(given.seeds, given.trials)
