"""The whole line without an agent, how much an agent could add, and the two resolutions.

    .venv/bin/python benchmarks/line.py nominal [--seeds 32] [--coils 16]
    .venv/bin/python benchmarks/line.py settings [--scenario S] [--seeds 8] [--coils 6]
        [--settings 500]
    .venv/bin/python benchmarks/line.py shooting [--scenario S] [--seeds 4] [--coils 6]
    .venv/bin/python benchmarks/line.py resolutions [--seeds 8] [--coils 2] [--settings 20]

All seeds are paired. Shares are of the mass. *Shooting* knows the true state and the coming noise,
which no seat ever does: it is a bound, found among steps of one or two controls of the desk.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from passline.plant_sim.lines.hot_strip import rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.coil import PIECES
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS, DESK
from passline.plant_sim.lines.hot_strip.fine.mills import Resolution
from passline.plant_sim.lines.hot_strip.lanes import Coil, HotStripLanes, LineState

Setting = dict[str, float]  # control -> value, SI
HITS = ("gauge", "fdt", "ct", "width", "profile", "flatness", "coil")
TRIMS = tuple(name for name in DESK if not CONTROLS[name].choices)
STEP = 8  # intervals between two looks whether coils have finished
FIRST = 3  # coils that shooting leaves to the automation: level 2 begins to learn
LATE = 0.6  # of the bar: there shooting decides, in time for the next set-up
tell = Console(highlight=False, width=200).print


def roll(lanes: HotStripLanes, coils: int) -> list[list[Coil]]:
    """Roll until every line has so many coils, and return those."""
    while lanes.finished_counts().min() < coils:
        lanes.advance(STEP)
    return [lanes.finished(lane)[:coils] for lane in range(lanes.n)]


def costs(lines: list[list[Coil]], first: int = 0) -> NDArray[np.float64]:
    """Return the mean cost (EUR) of a coil of each line from coil `first` (from 0) on."""
    return np.array([np.mean([coil.cost for coil in line[first:]]) for line in lines])


def avoidable(coils: Sequence[Coil]) -> float:
    """Return the mean cost (EUR) of a coil without what it takes anyway: fuel and line time."""
    return float(np.mean([coil.cost - coil.fuel - coil.delay for coil in coils]))


def measure_nominal(seeds: int, coils: int) -> None:
    """Roll nominal and calm days, one with a level 2 that does not learn, and the mill alone."""
    for name, scenario, frozen, upstream in (
        ("nominal", "nominal", False, True),
        ("calm", "calm", False, True),
        ("nominal, nothing learned", "nominal", True, True),
        ("nominal, mill and table alone", "nominal", False, False),
        ("calm, mill and table alone", "calm", False, False),
    ):
        lanes = HotStripLanes(list(range(seeds)), scenario, upstream=upstream)
        lanes.set_row(R.FROZEN, float(frozen))
        cpu = time.process_time()
        rolled = [coil for line in roll(lanes, coils) for coil in line]
        cpu = time.process_time() - cpu
        mass = np.array([coil.mass for coil in rolled])
        hits = {
            hit: float(np.average([getattr(coil, f"{hit}_hit") for coil in rolled], weights=mass))
            for hit in HITS
        }
        money = {piece: np.mean([getattr(coil, piece) for coil in rolled]) for piece in PIECES}
        tons = mass.sum() * 1e-3
        tell(f"{name}: {len(rolled)} coils in {cpu:.1f} CPU-s")
        tell("  hit %: " + ", ".join(f"{hit} {100 * share:.2f}" for hit, share in hits.items()))
        tell(
            f"  EUR a coil: {np.mean([coil.cost for coil in rolled]):.1f} = "
            + " + ".join(f"{piece} {value:.1f}" for piece, value in money.items())
        )
        energy = lanes.total(R.ENERGY).sum() / lanes.total(R.ROLLED).sum() / 3.6e3
        scale = lanes.total(R.SCALE_LOSS).sum() / lanes.total(R.ROLLED).sum()
        tell(
            f"  {np.mean([coil.seconds for coil in rolled]):.1f} s and "
            f"{np.mean([coil.harm for coil in rolled]):.2f} s of harm a coil, "
            f"{sum(coil.furnace_energy for coil in rolled) / tons * 1e-9:.2f} GJ/t, "
            f"scale {100 * scale:.2f} %, {energy:.1f} kWh/t, "
            f"{sum(coil.event > 0 for coil in rolled)} cobbles, breaks and trips"
        )


def random_settings(count: int, seed: int = 7) -> list[Setting]:
    """Return hold and random constant settings of one to three trims of the desk."""
    rng = np.random.default_rng(seed)
    settings: list[Setting] = [{}]
    for _ in range(count):
        chosen = rng.choice(TRIMS, rng.integers(1, 4), replace=False)
        settings.append({
            str(name): float(rng.uniform(-0.5, 0.5) * CONTROLS[str(name)].high) for name in chosen
        })  # fmt: skip
    return settings


def play_settings(
    settings: list[Setting],
    seeds: int,
    coils: int,
    resolution: Resolution,
    scenario: str = "nominal",
) -> NDArray[np.float64]:
    """Return the cost (EUR a coil) of each setting on each seed, shape (settings, seeds)."""
    lanes = HotStripLanes(
        [seed for _ in settings for seed in range(seeds)], scenario, resolution=resolution
    )
    for n, setting in enumerate(settings):
        for control, value in setting.items():
            lanes.write(control, value, list(range(n * seeds, (n + 1) * seeds)))
    return costs(roll(lanes, coils)).reshape(len(settings), seeds)


def measure_settings(seeds: int, coils: int, count: int, scenario: str) -> None:
    """Search constant settings: chosen on one half of the seeds, judged on the other."""
    settings = random_settings(count)
    cpu = time.process_time()
    cost = play_settings(settings, seeds, coils, "supervisory", scenario)
    cpu = time.process_time() - cpu
    half = seeds // 2
    best = int(np.argmin(cost[:, :half].mean(axis=1)))
    gain = 1.0 - cost[best, half:].mean() / cost[0, half:].mean()
    seen = 1.0 - cost.mean(axis=1).min() / cost[0].mean()
    tell(
        f"{scenario}, {count} constant settings, {seeds} seeds x {coils} coils, {cpu:.0f} CPU-s: "
        f"hold {cost[0].mean():.1f} EUR a coil; the best of one half {settings[best]} gains "
        f"{100 * gain:+.2f} % on the other; the best in hindsight {100 * seen:+.2f} %"
    )


def candidates() -> list[Setting]:
    """Return hold, one or two steps of each trim of the desk, its choices, and pairs of them."""
    values = {name: [n * CONTROLS[name].steps[0] for n in (-2, -1, 1, 2)] for name in TRIMS}
    singles: list[Setting] = [{name: value} for name in TRIMS for value in values[name]]
    pairs: list[Setting] = [
        {one: x, other: y}
        for one, other in combinations(TRIMS, 2)
        for x, y in product(values[one], values[other])
    ]
    chosen: list[Setting] = [
        {name: value}
        for name in DESK
        for value in CONTROLS[name].choices
        if value != CONTROLS[name].start
    ]
    mixed = [one | other for one in chosen for other in singles]
    return [{}, *singles, *pairs, *chosen, *mixed]


def shoot(state: LineState, tried: list[Setting]) -> Setting:
    """Return the candidate whose two coming coils cost least, from the true state."""
    lanes = HotStripLanes.spread(replace(state, kept=state.kept[:0]), len(tried))
    for lane, setting in enumerate(tried):
        for control in DESK:
            lanes.write(control, setting.get(control, CONTROLS[control].start), [lane])
    lines = roll(lanes, 2)
    return tried[int(np.argmin([sum(coil.cost for coil in line) for line in lines]))]


def measure_shooting(seeds: int, coils: int, scenario: str) -> None:
    """Let a clairvoyant choose once a coil, and compare with the line that nobody touches."""
    tried = candidates()
    cpu = time.process_time()
    held = roll(HotStripLanes(list(range(seeds)), scenario), FIRST + coils)
    shot = HotStripLanes(list(range(seeds)), scenario)
    decided = np.full(seeds, FIRST - 1)
    while shot.finished_counts().min() < FIRST + coils:
        shot.advance(STEP)
        due = (shot.row(R.BAR_DONE) > LATE * shot.row(R.BAR)) & (shot.row(R.ACTIVE) > 0.5)
        for lane in np.flatnonzero(due & (shot.row(R.COIL) > decided)).tolist():
            decided[lane] = int(shot.row(R.COIL)[lane])
            setting = shoot(shot.lane(lane), tried)
            for control in DESK:
                shot.write(control, setting.get(control, CONTROLS[control].start), [lane])
    cpu = time.process_time() - cpu
    best = [shot.finished(lane)[FIRST : FIRST + coils] for lane in range(seeds)]
    held = [line[FIRST:] for line in held]
    before, after = costs(held), costs(best)
    kept, left = (avoidable([coil for line in lines for coil in line]) for lines in (held, best))
    tell(
        f"{scenario}, {len(tried)} candidates once a coil, {seeds} seeds x {coils} coils behind "
        f"the first {FIRST}, {cpu:.0f} CPU-s: "
        f"{before.mean():.1f} to {after.mean():.1f} EUR a coil, "
        f"{100 * (1 - after.mean() / before.mean()):.1f} % of all and "
        f"{100 * (1 - left / kept):.1f} % of {kept:.1f} EUR without fuel and line time"
    )
    for name, lines in (("held", held), ("shot", best)):
        rolled = [coil for line in lines for coil in line]
        tell(
            f"  {name}: "
            + ", ".join(f"{p} {np.mean([getattr(coil, p) for coil in rolled]):.1f}" for p in PIECES)
        )


def ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank of each value, from 0."""
    return np.argsort(np.argsort(values)).astype(np.float64)


def measure_resolutions(seeds: int, coils: int, count: int) -> None:
    """Play the same settings on the same seeds in both resolutions."""
    settings = random_settings(count - 1)
    found, spent = [], []
    for resolution in ("supervisory", "fine"):
        HotStripLanes([0], resolution=resolution).advance(1)  # compiled before it is measured
        cpu = time.process_time()
        found.append(play_settings(settings, seeds, coils, resolution))
        spent.append(time.process_time() - cpu)
    coarse, fine = found
    gaps, lines = fine - coarse, count * seeds * coils
    tell(
        f"{count} settings, {seeds} seeds x {coils} coils: supervisory {spent[0]:.1f} CPU-s, fine "
        f"{spent[1]:.1f}, ratio {spent[1] / spent[0]:.1f} ({1e3 * spent[1] / lines:.0f} ms a coil)"
    )
    tell(
        f"  hold {coarse[0].mean():.1f} and {fine[0].mean():.1f} EUR a coil; difference "
        f"{gaps[0].mean():+.1f}, over all settings {gaps.mean():+.1f} (deviation {gaps.std():.1f})"
    )
    agree = np.corrcoef(ranks(coarse.mean(axis=1)), ranks(fine.mean(axis=1)))[0, 1]
    same = [
        np.sign(x[i] - x[j]) == np.sign(y[i] - y[j])
        for x, y in zip(coarse.T, fine.T, strict=True)
        for i, j in combinations(range(count), 2)
        if abs(x[i] - x[j]) > 0.02 * x[0]
    ]
    tell(
        f"  rank correlation of the settings {agree:.2f}; pairs of settings on one seed that lie "
        f"2 % apart in the supervisory resolution: {len(same)}, ordered alike "
        f"{100 * np.mean(same):.0f} %"
    )


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("nominal", "settings", "shooting", "resolutions"))
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--coils", type=int)
    parser.add_argument("--settings", type=int)
    parser.add_argument("--scenario", default="nominal")
    given = parser.parse_args()
    HotStripLanes([0]).advance(1)  # compiled before anything is measured
    if given.part == "nominal":
        measure_nominal(given.seeds or 32, given.coils or 16)
    elif given.part == "settings":
        measure_settings(given.seeds or 8, given.coils or 6, given.settings or 500, given.scenario)
    elif given.part == "shooting":
        measure_shooting(given.seeds or 4, given.coils or 6, given.scenario)
    else:
        measure_resolutions(given.seeds or 8, given.coils or 2, given.settings or 20)


if __name__ == "__main__":
    main()
