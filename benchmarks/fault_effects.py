"""What each kind of fault moves: middle size, middle place, the same seeds with it and without.

    .venv/bin/python benchmarks/fault_effects.py [--seeds 20] [--coils 12] [--long 40] [KIND ...]

Without an agent, in the supervisory resolution. A fault that works through the furnace is followed
over more coils: a slab is inside for hours. A change that is less than two standard errors of the
paired difference is left out of the table; the line itself is the same to the last bit without it.
"""

import argparse
import time
from fnmatch import fnmatch

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from passline.plant_sim.lines.hot_strip.lanes import Coil, HotStripLanes
from passline.plant_sim.scenarios.draw import Draw
from passline.plant_sim.scenarios.faults import FAULTS, FOREVER, KPIS, ORDERED, Fault
from passline.plant_sim.scenarios.registry import Scenario

ONSET = 3  # first coil under the fault
LOOK = 40  # intervals between two looks at the signals
SEEN = (*KPIS, "cost")
tell = Console(highlight=False, width=200).print


def sick(row: Fault, place: int | None = None) -> Scenario:
    """Return the nominal day with one fault of middle size from the third coil on."""

    def writes(day: Draw) -> None:
        size, ramp = 0.5 * (row.low + row.high), 0.5 * sum(row.ramp)
        at = sum(row.places) // 2 if place is None else place
        day.faults[row.name] = (float(ONSET), FOREVER, size, ramp, float(at))

    return Scenario(row.name, "faults", row.tags, row.english, row.korean, writes)


def played(
    scenario: Scenario | str, seeds: int, coils: int
) -> tuple[list[list[Coil]], NDArray[np.float64]]:
    """Return finished coils by line, and what was shown now and then: (looks, lines, signals)."""
    lanes = HotStripLanes(list(range(seeds)), scenario)
    shown = []
    while lanes.finished_counts().min() < coils:
        lanes.advance(LOOK)
        shown.append(lanes.read())
    return [lanes.finished(lane)[:coils] for lane in range(seeds)], np.array(shown)


def seen_where_hidden(
    row: Fault, shown: NDArray[np.float64], before: NDArray[np.float64], names: list[str]
) -> list[str]:
    """Return signals in which the fault shows although it must not; of orders, those of a coil."""
    count = min(len(shown), len(before))
    shown, before = shown[:count], before[:count]
    number, told = names.index("coil.number"), []
    for place, name in enumerate(names):
        if name in ORDERED:
            last = min(shown[-1, :, number].min(), before[-1, :, number].min())
            pages = [
                {(lane, one[lane, number], one[lane, place]) for one in run
                 for lane in range(run.shape[1]) if one[lane, number] < last}
                for run in (shown, before)
            ]  # fmt: skip
            if pages[0] != pages[1]:
                told.append(name)
        elif any(fnmatch(name, pattern) for pattern in row.hidden) and not np.array_equal(
            shown[:, :, place], before[:, :, place]
        ):
            told.append(name)
    return told


def moved(after: list[list[Coil]], before: list[list[Coil]]) -> dict[str, tuple[float, float]]:
    """Return mean change and its standard error over lines of each KPI, a coil under the fault."""
    found = {}
    for name in SEEN:
        under = [
            [getattr(a, name) - getattr(b, name) for a, b in zip(x, y, strict=True)][ONSET - 1 :]
            for x, y in zip(after, before, strict=True)
        ]
        change = np.mean(under, axis=1)
        found[name] = float(change.mean()), float(change.std(ddof=1) / len(change) ** 0.5)
    return found


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=list(FAULTS))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--coils", type=int, default=12)
    parser.add_argument("--long", type=int, default=40)
    parser.add_argument("--place", type=int)
    given = parser.parse_args()
    names = list(HotStripLanes([0]).signals)
    sound: dict[int, tuple[list[list[Coil]], NDArray[np.float64]]] = {}
    cpu = time.process_time()
    for kind in given.kinds:
        row = FAULTS[kind]
        coils = given.long if "furnace" in row.tags else given.coils
        if coils not in sound:
            sound[coils] = played("nominal", given.seeds, coils)
        after, shown = played(sick(row, given.place), given.seeds, coils)
        changes = moved(after, sound[coils][0])
        told = [
            f"{name} {mean:+.3g}"
            for name, (mean, error) in changes.items()
            if abs(mean) > 2.0 * error and mean != 0.0
        ]
        events = sum(coil.event > 0 for line in after for coil in line)
        leaks = seen_where_hidden(row, shown, sound[coils][1], names)
        declared = ", ".join(f"{kpi} {least:+g}" for kpi, least in row.moves) or "nothing"
        tell(
            f"{kind:19} says {declared:34} moves {', '.join(told) or 'nothing'}"
            + (f"; {events} events" if events else "")
            + (f"; SHOWS IN {' '.join(leaks[:4])}" if leaks else "")
        )
    cpu = time.process_time() - cpu
    tell(f"{given.seeds} seeds, {given.coils} and {given.long} coils, {cpu:.0f} CPU-s")


if __name__ == "__main__":
    main()
