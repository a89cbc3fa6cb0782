"""Seats compared on the episodes of environment jobs: by scenario, seed by seed, and on one scale.

A return is minus the money of an episode (EUR), so more is better. Harm (s) stands beside it and
is never converted. Episodes that were not played to their end count in no mean; how many they are
is said, because what gave up may be what went worst.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .exact import share_bound
from .scale import Scale
from .statistics import (
    Estimate,
    Profile,
    Resampling,
    difference_of,
    improvement_of,
    iqm_of,
    mean_of,
    profile_of,
)
from .store import Manifest, read_rows

Array = NDArray[np.float64]
SETTINGS = ("settings", "explore")  # of a job: what else makes it another task
WORST = 5  # episodes of each seat that are named
TAUS = 61  # places of a profile
MONEY, HARM = "money.", "harm."  # of a column


@dataclass(frozen=True, slots=True)
class Played:
    """One episode of the store."""

    seed: int
    scenario: str
    ret: float  # EUR
    harm: float  # s
    steps: int
    money: dict[str, float]
    harms: dict[str, float]
    folder: Path


Group = dict[str, dict[str, dict[int, Played]]]  # seat -> scenario -> seed


def compare(
    places: Iterable[Path], baseline: str, reference: str, oracle: str
) -> list[dict[str, Any]]:
    """Return one comparison for each environment and its settings, as plain data.

    Args:
        places: folders of environment jobs.
        baseline: seat that the others are compared with, seed by seed.
        reference: seat that scores 0.
        oracle: seat that scores 1; without it the only one whose spec begins with it and a colon.

    Raises:
        ConfigError: two jobs of one seat hold the same episode with unlike results.
    """
    groups: dict[str, tuple[dict[str, Any], Group]] = {}
    for place in places:
        manifest = Manifest.read(place)
        job = manifest.job
        settings = {name: job[name] for name in SETTINGS if job.get(name)}
        key = json.dumps([job["env"], settings], sort_keys=True, default=str)
        _, group = groups.setdefault(key, ({"env": job["env"], "settings": settings}, {}))
        for row in read_rows(place, "episodes", manifest):
            _add(group, job["seat"], _played(row, place))
    return [head | _compared(group, baseline, reference, oracle) for head, group in groups.values()]


def _played(row: Mapping[str, Any], place: Path) -> Played:
    return Played(
        row["seed"],
        row["scenario"],
        row["ret"],
        row["harm"],
        row["steps"],
        _named(row, MONEY),
        _named(row, HARM),
        place,
    )


def _named(row: Mapping[str, Any], prefix: str) -> dict[str, float]:
    return {
        name.removeprefix(prefix): value
        for name, value in row.items()
        if name.startswith(prefix) and value is not None
    }


def _add(group: Group, seat: str, episode: Played) -> None:
    there = group.setdefault(seat, {}).setdefault(episode.scenario, {})
    other = there.setdefault(episode.seed, episode)
    if (other.ret, other.harm) != (episode.ret, episode.harm):
        raise ConfigError(
            f"{other.folder} and {episode.folder} hold seed {episode.seed} of {seat} on "
            f"{episode.scenario} with unlike results; evaluate one of the folders"
        )


def _compared(group: Group, baseline: str, reference: str, oracle: str) -> dict[str, Any]:
    oracles = sorted(seat for seat in group if seat.startswith(f"{oracle}:"))
    oracle = oracles[0] if oracle not in group and len(oracles) == 1 else oracle
    seats = sorted(group, key=lambda seat: (seat != baseline, seat != reference, seat))
    scenarios = sorted({name for of in group.values() for name in of})
    notes = []
    if seats and baseline not in group:
        notes.append(f"nobody played {baseline}; the seats here are {', '.join(seats)}")
    if oracle not in group and oracles:
        notes.append(
            f"there are {len(oracles)} oracles and no score: name one of {', '.join(oracles)}"
        )
    scales, refused = _scales(group, scenarios, reference, oracle)
    rows = [
        _row(group, scenario, seat, baseline)
        | _scored_alone(group, scenario, seat, scales.get(scenario))
        for scenario in scenarios
        for seat in seats
        if scenario in group[seat]
    ]
    for row in rows:
        alone = row["episodes"] - row["pairs"]
        if baseline in group and row["seat"] != baseline and alone:
            notes.append(
                f"{alone} episodes of {row['seat']} on {row['scenario']} have no partner of "
                f"{baseline}; differences leave them out"
            )
    return {
        "seats": seats,
        "scenarios": scenarios,
        "baseline": baseline,
        "reference": reference,
        "oracle": oracle,
        "rows": rows,
        "score": _score(group, seats, list(scales), refused, reference, oracle),
        "profiles": [_returns_profile(group, scenario, seats) for scenario in scenarios],
        "worst": [entry for seat in seats for entry in _worst(group, seat)],
        "notes": notes,
    }


def _row(group: Group, scenario: str, seat: str, baseline: str) -> dict[str, Any]:
    episodes = group[seat][scenario]
    seeds = sorted(episodes)
    played = [episodes[seed] for seed in seeds]
    among = _draws(tuple(seeds))
    returns = _values(episodes, seeds, "ret")
    harm = _values(episodes, seeds, "harm")
    harmed = int((harm > 0.0).sum())
    row: dict[str, Any] = {
        "scenario": scenario,
        "seat": seat,
        "episodes": len(seeds),
        **_plain("mean", mean_of(returns, among)),
        **_plain("iqm", iqm_of(returns, among)),
        **_plain("harm", mean_of(harm, among) if harmed else _unseen(len(seeds))),
        "harmed": harmed,
        "harmed_share": harmed / len(seeds),
        "harmed_bound": share_bound(harmed, len(seeds)),
        "money_by": _means([episode.money for episode in played]),
        "harm_by": _means([episode.harms for episode in played]),
    }
    base = group.get(baseline, {}).get(scenario, {})
    pairs = sorted(set(base) & set(seeds)) if seat != baseline else []
    row["pairs"] = len(pairs)
    if not pairs:
        for name in ("difference", "improvement", "harm_difference"):
            row |= _plain(name, None)
        return row
    among = _draws(tuple(pairs))
    ours, theirs = (_values(of, pairs, "ret") for of in (episodes, base))
    hurt, hurt_there = (_values(of, pairs, "harm") for of in (episodes, base))
    row |= _plain("difference", difference_of(ours, theirs, among))
    row |= _plain("improvement", improvement_of(ours, theirs))
    apart = difference_of(hurt, hurt_there, among) if np.any(hurt) or np.any(hurt_there) else None
    row |= _plain("harm_difference", apart or _unseen(len(pairs)))
    return row


def _scales(
    group: Group, scenarios: Sequence[str], reference: str, oracle: str
) -> tuple[dict[str, tuple[Scale, tuple[int, ...]]], dict[str, str]]:
    """Return the scale of each scenario that has one, with its seeds; and why others have none."""
    scales: dict[str, tuple[Scale, tuple[int, ...]]] = {}
    refused: dict[str, str] = {}
    for scenario in scenarios:
        ends = [group.get(seat, {}).get(scenario, {}) for seat in (reference, oracle)]
        seeds = tuple(sorted(set(ends[0]) & set(ends[1])))
        if not seeds:
            refused[scenario] = f"{reference} and {oracle} share no seed"
            continue
        try:
            zero, one = (_values(of, seeds, "ret") for of in ends)
            scales[scenario] = Scale(zero, one, _draws(seeds, scenario)), seeds
        except ConfigError as error:
            refused[scenario] = str(error)
    return scales, refused


def _scored_alone(
    group: Group, scenario: str, seat: str, scale: tuple[Scale, tuple[int, ...]] | None
) -> dict[str, Any]:
    if scale is None or not set(scale[1]) <= set(group[seat][scenario]):
        return _plain("score", None)
    values = _values(group[seat][scenario], scale[1], "ret")
    return _plain("score", scale[0].normalised(values).mean)


def _score(
    group: Group,
    seats: Sequence[str],
    scenarios: Sequence[str],
    refused: Mapping[str, str],
    reference: str,
    oracle: str,
) -> dict[str, Any] | None:
    """Return the score over all scenarios that have a scale; None where nobody set its ends."""
    if reference not in group or oracle not in group:
        return None
    able = [seat for seat in seats if all(name in group[seat] for name in scenarios)]
    places = [
        (seed, name)
        for name in scenarios
        for seed in sorted(set.intersection(*(set(group[seat][name]) for seat in able)))
    ]
    result: dict[str, Any] = {
        "scenarios": list(scenarios),
        "refused": dict(refused),
        "left_out": [seat for seat in seats if seat not in able],
        "episodes": len(places),
        "rows": [],
        "profile": None,
    }
    if not places:
        return result
    among = Resampling([seed for seed, _ in places], [name for _, name in places])
    values = {
        seat: np.array([group[seat][name][seed].ret for seed, name in places]) for seat in able
    }
    try:
        scale = Scale(values[reference], values[oracle], among)
    except ConfigError as error:  # fewer seeds than each scenario alone: not all were played by all
        return result | {"refused": {**refused, "all": str(error)}}
    scores: dict[str, Array] = {}
    for seat in able:
        found = scale.normalised(values[seat])
        scores[seat] = found.scores
        result["rows"].append(
            {
                "seat": seat,
                **_plain("score", found.mean),
                **_plain("iqm", found.iqm),
                **_plain("gap", found.gap),
            }
        )
    taus = _taus(list(scores.values()))
    result["profile"] = _profiles(
        None, {seat: scale.profile(values[seat], taus) for seat in able}, taus
    )
    return result


def _returns_profile(group: Group, scenario: str, seats: Sequence[str]) -> dict[str, Any]:
    found = {seat: group[seat][scenario] for seat in seats if scenario in group[seat]}
    returns = {seat: _values(of, sorted(of), "ret") for seat, of in found.items()}
    taus = _taus(list(returns.values()))
    return _profiles(
        scenario,
        {
            seat: profile_of(returns[seat], taus, _draws(tuple(sorted(of))))
            for seat, of in found.items()
        },
        taus,
    )


def _taus(values: Sequence[Array]) -> Array:
    """Return places over all values, wider where they lie apart, both ends among them."""
    pooled = np.concatenate(values)
    low, high = float(pooled.min()), float(pooled.max())
    even = np.linspace(low, high, TAUS)
    return np.unique(np.concatenate([even, np.quantile(pooled, np.linspace(0.0, 1.0, TAUS))]))


def _profiles(scenario: str | None, profiles: Mapping[str, Profile], taus: Array) -> dict[str, Any]:
    return {
        "scenario": scenario,
        "taus": taus.tolist(),
        "seats": {
            seat: {"share": p.shares.tolist(), "low": p.low.tolist(), "high": p.high.tolist()}
            for seat, p in profiles.items()
        },
    }


def _worst(group: Group, seat: str) -> list[dict[str, Any]]:
    """Return the episodes of a seat that earned least, and those that did most harm."""
    played = [episode for of in group[seat].values() for episode in of.values()]
    by_return = sorted(played, key=lambda e: (e.ret, e.scenario, e.seed))[:WORST]
    harmful = sorted((e for e in played if e.harm > 0.0), key=lambda e: (-e.harm, e.ret, e.seed))
    chosen = by_return + [episode for episode in harmful[:WORST] if episode not in by_return]
    return [
        {
            "seat": seat,
            "scenario": episode.scenario,
            "seed": episode.seed,
            "return": episode.ret,
            "harm": episode.harm,
            "steps": episode.steps,
            "folder": str(episode.folder),
            "why": "return" if episode in by_return else "harm",
            "replay": f"passline replay {quote(str(episode.folder))} {episode.seed} "
            f"--scenario {quote(episode.scenario)}",
        }
        for episode in chosen
    ]


@lru_cache(maxsize=32)
def _draws(seeds: tuple[int, ...], scenario: str = "") -> Resampling:
    return Resampling(seeds, [scenario] * len(seeds))


def _values(episodes: Mapping[int, Played], seeds: Sequence[int], name: str) -> Array:
    return np.array([getattr(episodes[seed], name) for seed in seeds], np.float64)


def _means(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = sorted({name for row in rows for name in row})
    return {name: float(np.mean([row.get(name, 0.0) for row in rows])) for name in names}


def _unseen(n: int) -> Estimate:
    """Return a mean of noughts: no interval follows from them, only the bound of the share does."""
    return Estimate(0.0, None, None, "unseen", n)


def _plain(name: str, estimate: Estimate | None) -> dict[str, Any]:
    """Return an estimate as three plain values: `name`, its interval and its method."""
    if estimate is None:
        return {name: None, f"{name}_interval": None, f"{name}_method": None}
    return {
        name: estimate.value,
        f"{name}_interval": estimate.interval,
        f"{name}_method": estimate.method,
    }
