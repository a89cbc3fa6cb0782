"""What rollouts cost: processor time of an episode, by each backend, and of a branch.

    .venv/bin/python benchmarks/rollouts.py [--episodes 256] [--coils 5] [--workers 2]

Wall time on a machine with other work says little, processor time says more, and of that the least
of many units most. Beside the work stand start, driver and, with Ray, its daemons.
"""

import argparse
import os
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import get_args

from rich.console import Console

from passline.plant_sim.controls import legal_moves
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS, offer
from passline.plant_sim.lines.hot_strip.lanes import INTERVAL, HotStripLanes
from passline.plant_sim.rollouts import Job, backends
from passline.plant_sim.rollouts.branch import branch_many
from passline.plant_sim.rollouts.job import Backend

TICKS = os.sysconf("SC_CLK_TCK")
tell = Console(highlight=False, width=200).print


class TreeClock:
    """Processor seconds of this process and all that descend from it, looked at twice a second.

    What Ray kills nobody waits for, so the system's own count of ended children misses it.
    """

    def __init__(self) -> None:
        self._seen: dict[int, float] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "TreeClock":
        self._begun = time.process_time()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self.seconds = time.process_time() - self._begun + sum(self._seen.values())

    def _watch(self) -> None:
        while not self._done.wait(0.5):
            table: dict[int, tuple[int, float]] = {}
            for path in Path("/proc").glob("[0-9]*/stat"):
                with suppress(OSError):
                    field = path.read_text().rsplit(")", 1)[1].split()
                    table[int(path.parent.name)] = (
                        int(field[1]),
                        (int(field[11]) + int(field[12])) / TICKS,
                    )
            for pid in table:
                at = pid
                while at in table and at != os.getpid():
                    at = table[at][0]
                if at == os.getpid() != pid:
                    self._seen[pid] = table[pid][1]


def measure_jobs(episodes: int, coils: int, workers: int) -> None:
    """Play one job by each backend: what an episode costs in a worker, and all the rest."""
    job = Job("rules", "faults", tuple(range(episodes)), coils, block=16)
    tell(f"{episodes} episodes of {coils} coils, seat rules, {workers} workers, one tree each")
    tell(f"{'backend':9}{'least ms':>10}{'median ms':>11}{'beside work s':>15}{'wall s':>8}")
    for name in get_args(Backend)[1:]:
        play = {"inline": backends.inline, "process": backends.process, "ray": backends.ray}[name]
        with tempfile.TemporaryDirectory() as folder, TreeClock() as clock:
            wall = time.perf_counter()
            results = list(play(job, job.units(), Path(folder), workers))
            wall = time.perf_counter() - wall
        each = [1e3 * result.cpu / job.block for result in results]
        beside = clock.seconds - sum(result.cpu for result in results)
        tell(f"{name:9}{min(each):10.1f}{median(each):11.1f}{beside:15.1f}{wall:8.1f}")


def measure_branches() -> None:
    """Play every legal move of eight lines on four futures."""
    lanes = HotStripLanes(range(8), "faults")
    lanes.advance(1000)
    states = [lanes.lane(lane) for lane in range(lanes.n)]
    moves = [legal_moves(CONTROLS, lanes.samples(lane), offer) for lane in range(lanes.n)]
    seeds, horizon = [1, 2, 3, 4], 240.0
    cpu = time.process_time()
    branch_many(states, moves, seeds, horizon)
    cpu = time.process_time() - cpu
    count = sum(map(len, moves)) * len(seeds)
    speed = count * horizon / INTERVAL / cpu
    tell(
        f"branch: {len(states)} states, {count} lanes, at least {horizon:g} s, in {cpu:.2f} CPU s: "
        f"{cpu / len(states) * 1e3:.0f} ms a state, at least {speed:,.0f} line intervals a CPU s"
    )


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=256)
    parser.add_argument("--coils", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    HotStripLanes([0]).advance(1)  # compiled before anything is measured
    measure_branches()
    measure_jobs(given.episodes, given.coils, given.workers)


if __name__ == "__main__":
    main()
