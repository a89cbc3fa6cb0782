"""How quiet the alarms are on a sound line, and which alarm tells each kind of fault.

    .venv/bin/python benchmarks/alarms.py rates [--seeds 4] [--coils 20] [SCENARIO ...]
    .venv/bin/python benchmarks/alarms.py faults [--seeds 8] [--coils 12] [--long 40] [KIND ...]

Without an agent, in the supervisory resolution; `--fine` rolls in the fine mill. Every alarm is
acknowledged when it comes. A fault is of middle size, from the third coil on, on the same seeds as
the sound line beside it: an alarm tells of it if it comes, or stands, longer than there.
"""

import argparse
from collections import Counter
from typing import Any

import numpy as np
from fault_effects import ONSET, sick
from rich.console import Console

from passline.plant_sim.alarms import AlarmSystem, Happening, State
from passline.plant_sim.lines.hot_strip.alarm_table import alarm_system
from passline.plant_sim.lines.hot_strip.lanes import HotStripLanes
from passline.plant_sim.scenarios.faults import FAULTS

SHARE = 0.5  # an alarm tells of a fault if it comes on at least this share of the seeds
MORE = 30.0  # s an alarm must stand longer than on the sound line
tell = Console(highlight=False, width=200).print


class Shift:
    """The alarms of one line: what came, from when to when (s)."""

    def __init__(self, system: AlarmSystem) -> None:
        self.system = system
        self.spans: list[tuple[str, float, float]] = []
        self.floods, self.end, self._since = 0, 0.0, dict[str, float]()

    def take(self, values: Any, time: float) -> None:
        """Judge the alarms, acknowledge and reset what came."""
        for event in self.system.take(values, time):
            if event.what is Happening.RAISED:
                self._since[event.alarm] = time
                self.system.acknowledge(event.alarm, "bench")
            elif event.what is Happening.RETURNED:
                self.spans.append((event.alarm, self._since.pop(event.alarm), time))
            self.floods += event.what is Happening.FLOOD
        for line in self.system.standing():
            if line.state is State.LATCHED:
                self.system.reset(line.alarm.name, "bench")

    def close(self, time: float) -> None:
        """End the shift."""
        self.end = time
        self.spans += [(name, since, time) for name, since in self._since.items()]

    def came(self, after: float = 0.0) -> Counter[str]:
        """Return how often each alarm came after plant time `after` (s)."""
        return Counter(name for name, begin, _ in self.spans if begin >= after)

    def stood(self, name: str, after: float) -> float:
        """Return how long an alarm stood after plant time `after` (s)."""
        return sum(max(0.0, end - max(begin, after)) for n, begin, end in self.spans if n == name)

    def first(self, name: str, after: float) -> float:
        """Return when an alarm came first after plant time `after` (s)."""
        return min(
            (begin for n, begin, _ in self.spans if n == name and begin >= after), default=after
        )


def rolled(scenario: Any, seeds: int, coils: int, fine: bool) -> tuple[list[Shift], list[float]]:
    """Return the shifts of all seeds, and when the third coil of each began (plant s)."""
    lanes = HotStripLanes(
        list(range(seeds)), scenario, resolution="fine" if fine else "supervisory"
    )
    shifts = [Shift(alarm_system()) for _ in range(seeds)]
    names = list(lanes.signals)
    columns = [names.index(name) for name in shifts[0].system.signals]
    onset, running = [0.0] * seeds, set(range(seeds))
    while running:
        lanes.advance(1)
        values, times, finished = lanes.read()[:, columns], lanes.time, lanes.finished_counts()
        for lane in tuple(running):
            shifts[lane].take(values[lane].copy(), float(times[lane]))
            if finished[lane] < ONSET - 1:
                onset[lane] = float(times[lane])
            if finished[lane] >= coils:
                shifts[lane].close(float(times[lane]))
                running.remove(lane)
    return shifts, onset


def rates(scenarios: list[str], seeds: int, coils: int, fine: bool) -> None:
    """Tell how many alarms come an hour."""
    for scenario in scenarios or ["nominal", "faults"]:
        shifts, _ = rolled(scenario, seeds, coils, fine)
        hours = sum(shift.end for shift in shifts) / 3600.0
        each = [f"{shift.came().total() / shift.end * 3600.0:.1f}" for shift in shifts]
        total = sum((shift.came() for shift in shifts), Counter[str]())
        floods = sum(shift.floods for shift in shifts)
        most = ", ".join(f"{name} {count}" for name, count in total.most_common(6))
        tell(
            f"{scenario:18} {total.total() / hours:5.1f} an hour ({' '.join(each)}), "
            f"{floods} floods: {most or 'none'}"
        )


def faults(kinds: list[str], seeds: int, coils: int, long: int, fine: bool) -> None:
    """Tell which alarms each kind of fault brings, on how many seeds, and how soon."""
    sound: dict[int, list[Shift]] = {}
    for kind in kinds or list(FAULTS):
        length = long if "furnace" in FAULTS[kind].tags else coils
        if length not in sound:
            sound[length] = rolled("nominal", seeds, length, fine)[0]
        after, onset = rolled(sick(FAULTS[kind]), seeds, length, fine)
        found = []
        for name in {name for shift in after for name in shift.came()}:
            longer = [
                lane
                for lane in range(seeds)
                if after[lane].stood(name, onset[lane])
                > sound[length][lane].stood(name, onset[lane]) + MORE
                or after[lane].came(onset[lane])[name] > sound[length][lane].came(onset[lane])[name]
            ]
            if len(longer) >= SHARE * seeds:
                late = [after[lane].first(name, onset[lane]) - onset[lane] for lane in longer]
                found.append((float(np.median(late)), name, len(longer)))
        told = [f"{name} {count}/{seeds} after {late:.0f} s" for late, name, count in sorted(found)]
        hours = sum(shift.end for shift in after) / 3600.0
        rate = sum(shift.came().total() for shift in after) / hours
        floods = sum(shift.floods for shift in after)
        tell(f"{kind:19} {rate:5.1f}/h {floods} floods  {', '.join(told) or 'none'}")


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("rates", "faults"))
    parser.add_argument("names", nargs="*", help="scenarios, or kinds of fault")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--coils", type=int)
    parser.add_argument("--long", type=int, default=40)
    parser.add_argument("--fine", action="store_true")
    given = parser.parse_args()
    if given.what == "rates":
        rates(given.names, given.seeds or 4, given.coils or 20, given.fine)
    else:
        faults(given.names, given.seeds or 8, given.coils or 12, given.long, given.fine)


if __name__ == "__main__":
    main()
