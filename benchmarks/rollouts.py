"""What rollouts cost: episodes a second, and processor time of each backend against inline.

    .venv/bin/python benchmarks/rollouts.py [--episodes 256] [--coils 5] [--workers 2]

Wall time on a machine with other work says little; processor seconds of the whole process tree do.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import get_args

from rich.console import Console

from passline.plant_sim.controls import legal_moves
from passline.plant_sim.lines.hot_strip.lanes import INTERVAL, HotStripLanes
from passline.plant_sim.lines.hot_strip.tables import CONTROLS, offer
from passline.plant_sim.rollouts import Job, run_job
from passline.plant_sim.rollouts.branch import branch_many
from passline.plant_sim.rollouts.job import Backend

tell = Console(highlight=False, width=200).print


def cpu_seconds() -> float:
    """Return what this process and its ended children have used (s)."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def spent_on(seeds: int, coils: int, backend: Backend, workers: int) -> tuple[float, float]:
    """Return wall and CPU seconds of the whole process tree for one job."""
    job = Job("rules", "faults", tuple(range(seeds)), coils, block=16)
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), cpu_seconds()
        run_job(job, Path(folder), backend, workers, progress=False)
        return time.perf_counter() - wall, cpu_seconds() - cpu


def measure_jobs(episodes: int, coils: int, workers: int) -> None:
    """Play a short and a long job by each backend: what a start costs, and what an episode."""
    short = 16 * workers  # every worker has started
    tell(f"seat rules, {coils} coils an episode, {workers} workers; short {short} episodes")
    tell(
        f"{'backend':9}{'start CPU s':>12}{'episode CPU ms':>16}{'against inline':>16}{'wall s':>9}"
    )
    base = 0.0
    for backend in get_args(Backend)[1:]:
        _, little = spent_on(short, coils, backend, workers)
        wall, much = spent_on(short + episodes, coils, backend, workers)
        each = (much - little) / episodes
        base = base or each
        start = little - short * each
        tell(f"{backend:9}{start:12.1f}{each * 1e3:16.1f}{each / base - 1:+16.1%}{wall:9.1f}")


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
