"""Find the gains of `level2` for one environment, and freeze them.

    .venv/bin/python benchmarks/tune_level2.py RunOutTable [--generations 20] [--write]

Cross-entropy search from the law with all gains 0: in each generation `--sets` gain sets are drawn
around the mean of the best, and each is played on the same seeds (from 100,000 up, which nothing
else uses) of the scenarios nominal, disturbed and faults, many sets side by side in lanes. What is
minimised is the mean money of the three; a set that does more harm than hold in one of them ranks
behind every one that does not. The mean of each generation's best is played too, so what is taken
was played itself. Then it is compared with hold on seeds from 150,000 up, which the search has not
seen. `--write` puts gains, command, seeds and result into plant_sim/rollouts/tuned.yaml and its
SHA-256 into tuned.py.
"""

import argparse
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from rich.console import Console

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.envs.options import options_of
from passline.plant_sim.envs.play import Play
from passline.plant_sim.rollouts import tuned
from passline.plant_sim.rollouts.episodes import task_of

Array = NDArray[np.float64]
SCENARIOS = ("nominal", "disturbed", "faults")
TUNING, HELD_OUT = 100_000, 150_000  # first seed of the search, and of the check behind it
LANES = 512
BEST = 0.25  # share of a generation that the next one is drawn around
LEAST = 0.02  # of the deviation at the start, below which no gain shrinks
SPREAD = {  # deviation of each gain at the start
    "FinishingMill": (1.0, 0.2, 0.3, 0.3),
    "HotStripLine": (0.3, 0.3, 0.3, 0.2, 0.3),
    "MillSetup": (0.3, 0.3, 0.3, 0.2),
    "RunOutTable": (0.2, 0.1, 0.2, 0.2, 0.2),
}
tell = Console(highlight=False, width=120).print


def play(
    env: str, scenario: str, sets: Array, seeds: Sequence[int], hold: bool = False
) -> tuple[Array, Array]:
    """Return money (EUR) and harm (s) of each gain set, or of hold, on each seed: (sets, seeds)."""
    task = task_of(f"passline/{env}-v0")
    names = tuned.law_of(task).gains
    together = max(1, LANES // len(seeds))
    money, harm = [], []
    for start in range(0, len(sets), together):
        part = sets[start : start + together]
        count = len(part) * len(seeds)
        gain = dict(zip(names, np.repeat(part, len(seeds), axis=0).T, strict=True))
        lanes = Play(task, count, options_of(task, {"scenario": scenario}))
        lanes.reset([int(seed) for seed in seeds] * len(part), np.ones(count, bool))
        running, paid, hurt = np.ones(count, bool), np.zeros(count), np.zeros(count)
        for _ in range(task.horizon):
            actions = tuned.act(task, gain, lanes.observe())
            reward, terms = lanes.step(np.zeros_like(actions) if hold else actions)
            paid -= running * reward
            hurt += running * terms["cost"]
            running &= ~lanes.finished()
            if not running.any():
                break
        money.append(paid.reshape(len(part), len(seeds)))
        harm.append(hurt.reshape(len(part), len(seeds)))
    return np.concatenate(money), np.concatenate(harm)


class Search:
    """The search of one environment."""

    def __init__(self, env: str, seeds: Sequence[int], rng: np.random.Generator) -> None:
        self.env, self.seeds, self.rng = env, seeds, rng
        self.mean = np.zeros(len(SPREAD[env]))
        self.first = np.array(SPREAD[env])
        self.deviation = self.first.copy()
        held = [play(env, scenario, self.mean[None], seeds, hold=True) for scenario in SCENARIOS]
        self.hold = float(np.mean([paid.mean() for paid, _ in held]))
        self.harm = np.array([hurt.mean() for _, hurt in held])
        self.best, self.least = self.mean, np.inf

    def price(self, sets: Array) -> tuple[Array, Array]:
        """Return the mean money (EUR) of each set, and by how much it harms (s) more than hold."""
        played = [play(self.env, scenario, sets, self.seeds) for scenario in SCENARIOS]
        money = np.mean([paid.mean(axis=1) for paid, _ in played], axis=0)
        harm = np.array([hurt.mean(axis=1) for _, hurt in played])
        more = np.maximum(harm - self.harm[:, None], 0.0).sum(axis=0)
        return money, np.where(more > 1e-9, more, 0.0)

    def generation(self, sets: int) -> None:
        """Draw, play, rank; move mean and deviation."""
        drawn = self.mean + self.deviation * self.rng.standard_normal((sets, len(self.mean)))
        drawn = np.array([self.mean, self.best, *drawn]).round(3)
        money, more = self.price(drawn)
        order = np.lexsort((money, more))
        elite = drawn[order[: max(2, round(BEST * len(drawn)))]]
        if more[order[0]] == 0.0 and money[order[0]] < self.least:
            self.best, self.least = drawn[order[0]], float(money[order[0]])
        self.mean = elite.mean(axis=0)
        self.deviation = np.maximum(elite.std(axis=0), LEAST * self.first)


def held_out(env: str, gains: Array, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Return one row a scenario: hold and the gains on seeds that the search has not seen."""
    rows = []
    for scenario in SCENARIOS:
        hold, hold_harm = play(env, scenario, gains[None], seeds, hold=True)
        money, harm = play(env, scenario, gains[None], seeds)
        saved = hold[0] - money[0]
        half = 1.96 * saved.std(ddof=1) / np.sqrt(len(seeds))
        rows.append(
            {
                "scenario": scenario,
                "hold": round(float(hold.mean()), 2),
                "tuned": round(float(money.mean()), 2),
                "saved": round(float(saved.mean()), 2),
                "half": round(float(half), 2),
                "harm_hold": round(float(hold_harm.mean()), 3),
                "harm_tuned": round(float(harm.mean()), 3),
            }
        )
    return rows


def freeze(env: str, found: dict[str, Any]) -> None:
    """Put what was found into the file, and its SHA-256 into the code."""
    whole = yaml.safe_load(tuned.FILE.read_text()) if tuned.FILE.exists() else {}
    whole[env] = found
    text = yaml.safe_dump(whole, sort_keys=True, default_flow_style=None, width=100)
    tuned.FILE.write_text(text)
    code = Path(tuned.__file__)
    line = f'SHA256 = "{tuned.digest(text)}"'
    code.write_text(re.sub(r'^SHA256 = ".*?"', line, code.read_text(), flags=re.MULTILINE))


def main() -> None:
    """Search, check, tell, and freeze when asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("env", choices=sorted(SPREAD))
    parser.add_argument("--generations", type=int, default=20)
    parser.add_argument("--sets", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=64)
    parser.add_argument("--check", type=int, default=256, help="held-out seeds")
    parser.add_argument("--rng", type=int, default=0, help="seed of the search itself")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    env, began = asked.env, time.process_time()
    seeds = range(TUNING, TUNING + asked.seeds)
    search = Search(env, seeds, np.random.default_rng(asked.rng))
    tell(f"hold {search.hold:.2f} EUR, harm {search.harm.round(3)} s")
    for number in range(asked.generations):
        search.generation(asked.sets)
        tell(f"{number:3d}  best {search.least:9.2f} EUR  {search.best.tolist()}")
    cpu = time.process_time() - began
    names = tuned.law_of(task_of(f"passline/{env}-v0")).gains
    check = range(HELD_OUT, HELD_OUT + asked.check)
    rows = held_out(env, search.best, check)
    for row in rows:
        tell(str(row))
    command = (
        f"benchmarks/tune_level2.py {env} --generations {asked.generations} --sets {asked.sets} "
        f"--seeds {asked.seeds} --check {asked.check} --rng {asked.rng} --write"
    )
    found = {
        "gains": {name: float(x) for name, x in zip(names, search.best, strict=True)},
        "command": command,
        "seeds": f"{seeds.start} to {seeds.stop - 1}",
        "tuning": {"hold": round(search.hold, 2), "tuned": round(search.least, 2)},
        "held_out": {"seeds": f"{check.start} to {check.stop - 1}", "rows": rows},
    }
    tell(f"{cpu:.0f} CPU-s of search")
    if asked.write:
        freeze(env, found)


if __name__ == "__main__":
    main()
