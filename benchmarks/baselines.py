"""The baseline table: who costs what, in three environments and on three kinds of days.

    .venv/bin/python benchmarks/baselines.py [--folder runs/baselines] [--seeds 64] [--hours 12]
        [--env ID ...] [--seat NAME ...] [--train-seeds 10] [--write]

Plays what is missing, trains what is missing, and prints the tables; called again it goes on where
it stopped. Once `--hours` of processor time are spent it begins nothing more, and says what is
missing. `--write` puts the tables into docs/baselines.md.

Learned policies are trained on seeds from 1,000,000 up; all seats are compared on seeds 0, 1, ...
"""

import argparse
import json
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from passline.models.training import train as learn
from passline.models.training_plan import plan_of
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.rollouts import run_job
from passline.plant_sim.rollouts.env_job import EnvJob
from passline.plant_sim.rollouts.evaluate import evaluate
from passline.plant_sim.rollouts.store import Manifest, read_rows

ENVS = ("passline/RunOutTable-v0", "passline/FinishingMill-v0", "passline/MillSetup-v0")
SCENARIOS = ("nominal", "faults", "shifted-plant")  # learned policies train on the first two
ORACLE = "oracle:mpc"  # mpc joins the policies it has played before it plays
PLAYED = ("hold", "rules", "level2", "mpc", ORACLE)
# of a learned column: algorithm, what it corrects and by how much at most (None: as it comes)
LEARNED = {
    "ppo": ("ppo", "hold", 1.0),
    "sac": ("sac", "hold", 1.0),
    "residual ppo": ("ppo", "level2", None),
}
STEPS = {"passline/MillSetup-v0": 60_000}  # its step is a whole coil
MOST_STEPS = 700_000
SAC_SHARE = 0.2  # of the steps: one of SAC costs several of PPO
REPORT = Path(__file__).parents[1] / "docs" / "baselines.md"
FENCE = "<!-- {} -->"


@dataclass(frozen=True)
class Part:
    """One column of the table in one environment, of one training seed if it is learned."""

    env: str
    column: str
    seed: int | None = None

    @property
    def name(self) -> str:
        """Name of its folders."""
        seed = "" if self.seed is None else f"-{self.seed}"
        return f"{self.column.split(':')[0].replace(' ', '-')}{seed}"


def parts(envs: list[str], columns: list[str], train_seeds: int) -> Iterator[Part]:
    """Yield all parts, the cheap ones first, then one training seed of everything after another."""
    for env in envs:
        for column in PLAYED:
            if column in columns:
                yield Part(env, column)
    for seed in range(train_seeds):
        for env in envs:
            for column in LEARNED:
                if column in columns:
                    yield Part(env, column, seed)


def place(folder: Path, part: Part) -> Path:
    """Return the folder of a part's episodes."""
    return folder / part.env.split("/")[1].removesuffix("-v0") / part.name


def train(folder: Path, part: Part) -> str:
    """Train what is not yet trained; returns the spec of the policy."""
    algorithm, base, bound = LEARNED[part.column]
    given: dict[str, Any] = {}
    if bound is not None:  # from scratch; a correction of level2 has a plan that suits it
        steps = STEPS.get(part.env, MOST_STEPS) * (SAC_SHARE if algorithm == "sac" else 1.0)
        given = {"bound": bound, "steps": round(steps)}
    elif part.env in STEPS:
        given = {"steps": STEPS[part.env]}
    plan = plan_of(
        part.env, scenarios=SCENARIOS[:2], base=base, algorithm=algorithm, seed=part.seed or 0,
        **given,
    )  # fmt: skip
    out = place(folder / "policies", part)
    learn(plan, out)
    return f"passline.models.policies:load:{(out / 'policy').resolve()}"


def play(folder: Path, part: Part, seeds: int) -> None:
    """Play what is missing of one part."""
    seat = part.column if part.seed is None else train(folder, part)
    run_job(
        EnvJob(part.env, seat, SCENARIOS, tuple(range(seeds))),
        place(folder, part),
        "inline",
    )


def done(folder: Path, part: Part, seeds: int) -> bool:
    """Return whether all episodes of a part are there."""
    try:
        manifest = Manifest.read(place(folder, part))
    except ConfigError:
        return False
    units = -(-seeds // manifest.job["block"]) * len(SCENARIOS)
    return len(manifest.job["seeds"]) == seeds and len(manifest.finished()) == units


def cell(rows: list[dict[str, Any]], name: str, digits: int = 0) -> str:
    """Return mean and interval of one number: of one seat, or over training seeds."""
    values = [row[name] for row in rows if row[name] is not None]
    if not values:
        return ""
    if len(rows) == 1:
        around = rows[0][f"{name}_interval"]
    else:  # over training seeds: how far the next training may lie off
        half = 1.96 * np.std(values, ddof=1) / np.sqrt(len(values))
        around = (np.mean(values) - half, np.mean(values) + half)
    middle = f"{np.mean(values):+.{digits}f}" if name != "mean" else f"{np.mean(values):.0f}"
    return (
        middle if around is None else f"{middle} ({around[0]:.{digits}f}..{around[1]:.{digits}f})"
    )


def table(folder: Path, env: str, columns: list[str], train_seeds: int, seeds: int) -> str:
    """Return the table of one environment; a part that was not run says so."""
    where = place(folder, Part(env, "hold")).parent
    compared = evaluate(where, baseline="level2", oracle=ORACLE)["environments"]
    found = {(row["seat"], row["scenario"]): row for each in compared for row in each["rows"]}
    seats: dict[str, list[str]] = {name: [name] for name in PLAYED}
    for column in LEARNED:
        which = [Part(env, column, seed) for seed in range(train_seeds)]
        seats[column] = [
            Manifest.read(place(folder, part)).job["seat"]
            for part in which
            if done(folder, part, seeds)
        ]
    lines = [
        "| day | seat | return, EUR | against level2, EUR | score | harm, s an episode |",
        "|---|---|---|---|---|---|",
    ]
    for scenario in SCENARIOS:
        for column in columns:
            rows = [found[s, scenario] for s in seats[column] if (s, scenario) in found]
            many = f", {len(rows)} training{'s' if len(rows) > 1 else ''}" if rows else ""
            trained = many if column in LEARNED else ""
            if not rows:
                lines.append(f"| {scenario} | {column} | not yet run | | | |")
                continue
            harm = float(np.mean([row["harm"] for row in rows]))
            lines.append(
                f"| {scenario} | {column}{trained} | {cell(rows, 'mean')} | "
                f"{cell(rows, 'difference', 1)} | {cell(rows, 'score', 2)} | {harm:.2f} |"
            )
    return "\n".join([*lines, "", least(folder, env, columns, train_seeds, seeds)])


def least(folder: Path, env: str, columns: list[str], train_seeds: int, seeds: int) -> str:
    """Return how often each column earns no more than the oracle in the same episode."""
    best = returns(place(folder, Part(env, ORACLE)))
    counts, good, all_ = [], 0, 0
    for column in columns:
        each = range(train_seeds) if column in LEARNED else [None]
        done_ = [part for part in (Part(env, column, n) for n in each) if done(folder, part, seeds)]
        if column == ORACLE or not done_:
            continue
        paired = [
            (best[episode], earned)
            for part in done_
            for episode, earned in returns(place(folder, part)).items()
        ]
        least_ = sum(top >= earned for top, earned in paired)
        counts.append(f"{column} {least_} of {len(paired)}")
        good, all_ = good + least_, all_ + len(paired)
    return f"The oracle earns no less: {'; '.join(counts)}; in all {good / all_:.2%}."


def returns(where: Path) -> dict[tuple[str, int], float]:
    """Return what the episodes of a folder earned (EUR), by scenario and seed."""
    rows = read_rows(where, "episodes", Manifest.read(where))
    return {(row["scenario"], row["seed"]): row["ret"] for row in rows}


def put(name: str, text: str) -> None:
    """Write a table between its fences in docs/baselines.md."""
    page = REPORT.read_text(encoding="utf-8")
    begin, end = FENCE.format(name), FENCE.format(f"end of {name}")
    head, _, rest = page.partition(begin)
    _, _, tail = rest.partition(end)
    REPORT.write_text(f"{head}{begin}\n{text}\n{end}{tail}", encoding="utf-8")


def main() -> None:
    """Play, train, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/baselines"))
    parser.add_argument("--seeds", type=int, default=64)
    parser.add_argument("--train-seeds", type=int, default=10)
    parser.add_argument("--hours", type=float, default=12.0)
    parser.add_argument("--env", action="append")
    parser.add_argument("--seat", action="append")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    envs, columns = given.env or list(ENVS), given.seat or [*PLAYED, *LEARNED]
    spent = given.folder / "spent.json"  # processor hours, over all calls
    hours = float(json.loads(spent.read_text())) if spent.exists() else 0.0
    for part in parts(envs, columns, given.train_seeds):
        if done(given.folder, part, given.seeds):
            continue
        if hours >= given.hours:
            print(f"{hours:.1f} of {given.hours:g} h are spent; the rest is left out")
            break
        begun = _processor()
        play(given.folder, part, given.seeds)
        hours += (_processor() - begun) / 3600.0
        spent.write_text(json.dumps(hours))
        print(f"{part.env} {part.name}: {hours:.2f} processor hours in all", flush=True)
    for env in envs:
        text = table(given.folder, env, columns, given.train_seeds, given.seeds)
        print(f"\n{env}\n{text}")
        if given.write:
            put(env, text)


def _processor() -> float:
    """Return the processor time of this process and of those it has waited for (s)."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


if __name__ == "__main__":
    main()
