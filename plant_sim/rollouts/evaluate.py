"""Evaluate: what the episodes of several seats cost, and how they differ on the same seeds.

Money is per coil, so that it can be compared; harm stands beside it and is never converted.
Seats are compared seed by seed: a seed draws the same orders and faults for each of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .store import Manifest, job_folders, read_rows

RESAMPLES = 4000
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


def evaluate(folder: Path | str, baseline: str = "hold") -> dict[str, Any]:
    """Compare all jobs in `folder` and in the folders inside it.

    Args:
        folder: of one job, or of several.
        baseline: spec of the seat that the others are compared with.

    Returns:
        `rows`, one for each job: money per coil with its 95 % interval, harm per coil (s), hit
        rates; and against the baseline on the same seeds the mean difference with its 95 %
        interval and how often the seat was cheaper (None where the baseline did not play these
        seeds).

    Raises:
        ConfigError: there is no job in the folder.
    """
    folder = Path(folder)
    runs = [_read(place) for place in job_folders(folder)]
    bases = {run.setting: run for run in runs if run.seat == baseline}
    return {
        "folder": str(folder),
        "baseline": baseline,
        "rows": [_row(run, bases.get(run.setting)) for run in runs],
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


def interval(values: NDArray[np.float64], level: float = 0.95) -> tuple[float, float] | None:
    """Bootstrap interval of the mean, the same at every call; None for fewer than two values.

    Percentiles of resampled means: with fewer than about 15 episodes it is too narrow.
    """
    if len(values) < 2:
        return None
    rng = np.random.default_rng(0)
    means = values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
