"""Evaluate: what the episodes of several seats cost, and how they differ on the same seeds.

Money of the line is per coil, so that it can be compared, that of an environment per episode; harm
stands beside it and is never converted. Seats are compared seed by seed: a seed draws the same
orders and faults for each of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .comparison import compare
from .doubts import doubts
from .statistics import Resampling, mean_of
from .store import Manifest, job_folders, read_rows

HITS = ("gauge_hit", "fdt_hit", "ct_hit")


@dataclass(frozen=True, slots=True)
class _Run:
    """The complete episodes of one seat in one setting, by seed."""

    seat: str
    setting: tuple[str, str, int]  # line, scenario, coils
    money: dict[int, float]  # EUR a coil
    harm: dict[int, float]  # s a coil
    hits: dict[str, float]  # fraction of the mass inside the tolerance
    given_up: int


def evaluate(
    folder: Path | str,
    baseline: str = "hold",
    reference: str = "level2",
    oracle: str = "oracle",
) -> dict[str, Any]:
    """Compare all jobs in `folder` and in the folders inside it.

    Args:
        folder: of one job, or of several.
        baseline: spec of the seat that the others are compared with.
        reference: seat that scores 0 in environments.
        oracle: seat that scores 1 in environments.

    Returns:
        `rows`, one for each job on the line: money per coil with its 95 % interval, harm per coil
        (s), hit rates; and against the baseline on the same seeds the mean difference with its
        95 % interval and how often the seat was cheaper (None where the baseline did not play
        these seeds). `environments`, one comparison for each environment that jobs were played in,
        see docs/statistics.md. `notes`, what makes all of it doubtful: jobs that are unfinished, or
        of unlike plants or seats.

    Raises:
        ConfigError: there is no job in the folder, or it cannot be read.
    """
    folder = Path(folder)
    places = job_folders(folder)
    tasks = [place for place in places if "env" in Manifest.read(place).job]
    runs = [_read(place) for place in places if place not in tasks]
    bases = {run.setting: run for run in runs if run.seat == baseline}
    return {
        "folder": str(folder),
        "baseline": baseline,
        "rows": [_row(run, bases.get(run.setting)) for run in runs],
        "environments": compare(tasks, baseline, reference, oracle),
        "notes": doubts(places),
    }


def _read(place: Path) -> _Run:
    manifest = Manifest.read(place)
    job = manifest.job
    episodes = read_rows(place, "episodes", manifest)
    complete = {row["seed"]: row for row in episodes if row["complete"]}
    coils = [row for row in read_rows(place, "coils", manifest) if row["seed"] in complete]
    mass = sum(row["mass"] for row in coils) or float("nan")
    return _Run(
        job["seat"],
        (job["line"], job["scenario"], job["coils"]),
        {seed: row["cost"] / row["coils"] for seed, row in complete.items()},
        {seed: row["harm"] / row["coils"] for seed, row in complete.items()},
        {name: sum(row[name] * row["mass"] for row in coils) / mass for name in HITS},
        len(episodes) - len(complete),
    )


def _row(run: _Run, base: _Run | None) -> dict[str, Any]:
    money = np.array(list(run.money.values()))
    row: dict[str, Any] = {
        "seat": run.seat,
        "line": run.setting[0],
        "scenario": run.setting[1],
        "coils": run.setting[2],
        "episodes": len(money),
        "given_up": run.given_up,
        "money_per_coil": _mean(money),
        "money_interval": interval(money),
        "harm_per_coil": _mean(np.array(list(run.harm.values()))),
        **run.hits,
    }
    seeds = sorted(set(run.money) & set(base.money)) if base else []
    row["pairs"] = len(seeds)
    if base is None or not seeds or run is base:
        nothing = ("difference", "difference_interval", "cheaper", "harm_difference")
        return row | dict.fromkeys(nothing)
    difference = _differences(run.money, base.money, seeds)
    row["difference"] = _mean(difference)
    row["difference_interval"] = interval(difference)
    row["cheaper"] = float((difference < 0).mean())
    row["harm_difference"] = _mean(_differences(run.harm, base.harm, seeds))
    return row


def _differences(
    one: Mapping[int, float], other: Mapping[int, float], seeds: Sequence[int]
) -> NDArray[np.float64]:
    return np.array([one[seed] - other[seed] for seed in seeds])


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None


def interval(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return the 95 % interval of the mean, one value a seed; None for fewer than two."""
    return mean_of(values, Resampling(range(len(values)))).interval if len(values) else None
