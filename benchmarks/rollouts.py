"""What rollouts cost and whether they hold what they promise, one part at a time or all of them.

    .venv/bin/python benchmarks/rollouts.py desk|store|bits|kills|overhead|vector|grid [...]

desk      an episode at the desk by each backend, and a branch
store     a million steps of an environment into Parquet and back
bits      the SHA-256 of 1,000 episodes inline, in processes, on Ray, in other blocks, resumed
kills     20 random SIGKILLs of actors and driver in one job on Ray
overhead  processor time of units on Ray, one and two workers, over that of the same units inline
vector    the same environment in Gymnasium's AsyncVectorEnv
grid      1,000 episodes x 10 scenarios x 3 seats

Wall time on a machine with other work says little, processor time says more, and of that the least
of many units most. Beside the work stand start, driver and, with Ray, its daemons.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import gymnasium
import numpy as np
from rich.console import Console

from passline.plant_sim.controls import legal_moves
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS, offer
from passline.plant_sim.lines.hot_strip.lanes import INTERVAL, HotStripLanes
from passline.plant_sim.rollouts import EnvJob, Job, backends, on_ray, run_job
from passline.plant_sim.rollouts.backends import Results, Work
from passline.plant_sim.rollouts.branch import branch_many
from passline.plant_sim.rollouts.env_store import read_episodes, write_env_unit
from passline.plant_sim.rollouts.episodes import play_episodes, task_of
from passline.plant_sim.rollouts.policy import load_policy
from passline.plant_sim.rollouts.store import Manifest, read_rows

TICKS = os.sysconf("SC_CLK_TCK")
TABLE = "passline/RunOutTable-v0"
TEN = (
    "nominal", "disturbed", "faults", "warm-water", "dead-bank", "cold-head", "ct-drift",
    "wrong-grade", "early-speed-up", "product-change",
)  # fmt: skip
tell = Console(highlight=False, width=200).print


def tree(root: int) -> Iterator[tuple[int, float, str]]:
    """Yield pid, processor seconds and command of all that descend from a process."""
    table: dict[int, tuple[int, float]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            field = path.read_text().rsplit(")", 1)[1].split()
            spent = (int(field[11]) + int(field[12])) / TICKS
            table[int(path.parent.name)] = int(field[1]), spent
    for pid in table:
        at = pid
        while at in table and at != root:
            at = table[at][0]
        if at == root != pid:
            with suppress(OSError):
                yield pid, table[pid][1], Path(f"/proc/{pid}/cmdline").read_text()


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
        self.seconds = self.now()

    def now(self) -> float:
        """Return what was spent until now (s)."""
        self._look()
        return time.process_time() - self._begun + sum(self._seen.values())

    def _look(self) -> None:
        self._seen |= {pid: spent for pid, spent, _ in tree(os.getpid())}

    def _watch(self) -> None:
        while not self._done.wait(0.5):
            self._look()


def play(name: str, job: Work, folder: Path, workers: int) -> Results:
    """Play all units of a job by the backend of this name."""
    if name == "inline":
        return backends.inline(job, job.units(), folder)
    backend = on_ray.ray if name == "ray" else backends.process
    return backend(job, job.units(), folder, workers)


def desk() -> None:
    """An episode of 5 coils with rules by each backend, two workers, and a branch."""
    HotStripLanes([0]).advance(1)  # compiled before anything is measured
    measure_branches()
    measure_jobs(256, 5, 2)


def measure_jobs(episodes: int, coils: int, workers: int) -> None:
    """Play one job by each backend: what an episode costs in a worker, and all the rest."""
    job = Job("rules", "faults", tuple(range(episodes)), coils, block=16)
    tell(f"{episodes} episodes of {coils} coils, seat rules, {workers} workers, one tree each")
    tell(f"{'backend':9}{'least ms':>10}{'median ms':>11}{'beside work s':>15}{'wall s':>8}")
    for name in ("inline", "process", "ray"):
        with tempfile.TemporaryDirectory() as folder, TreeClock() as clock:
            wall = time.perf_counter()
            results = list(play(name, job, begun(job, folder), workers))
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


def begun(job: Work, folder: str) -> Path:
    """Return a folder that holds the manifest of a job, as workers want to see it."""
    Manifest.open(Path(folder), job.data(), "", "")
    return Path(folder)


def store() -> None:
    """A million steps to files and back, and what they cost to play."""
    begin = time.process_time()
    episodes = play_episodes(load_policy("rules"), TABLE, range(64), "disturbed")
    begin = time.process_time()
    episodes = play_episodes(load_policy("rules"), TABLE, range(64), "disturbed")
    steps = sum(len(episode.rewards) for episode in episodes)
    played = (time.process_time() - begin) * 1e6 / steps
    units = -(-1_000_000 // steps)
    with tempfile.TemporaryDirectory() as place:
        job = EnvJob(TABLE, "rules", ("disturbed",), tuple(range(64)))
        manifest = Manifest.open(Path(place), job.data(), "", "rules")
        spent, wall = time.process_time(), time.perf_counter()
        for unit in range(units):
            files = write_env_unit(Path(place), unit, episodes, TABLE, {}, job.hash)
            manifest.add(unit, files, "rules")
        spent, wall = time.process_time() - spent, time.perf_counter() - wall
        size = sum(path.stat().st_size for path in Path(place).glob("*/*.parquet")) / 1e6
        back = time.process_time()
        found = sum(len(episode.rewards) for episode in read_episodes(Path(place)))
        back = time.process_time() - back
        query = time.process_time()
        duckdb.read_parquet(f"{place}/steps/*.parquet").aggregate("avg(reward)").fetchall()
        query = time.process_time() - query
    count = units * steps
    tell(f"{found:,} of {count:,} steps in {units} units: written in {spent:.1f} CPU-s")
    tell(f"({wall:.1f} wall), ", end="")
    tell(f"{size:.0f} MB; read back in {back:.1f}; a mean of one column by DuckDB {query:.2f};")
    tell(f"played at {played:.1f} CPU-us a step, {played * count / 1e6:.1f} CPU-s in all")


def hashes(folder: Path) -> dict[tuple[str, int], str]:
    """Return the SHA-256 of every finished episode; complain about one that is there twice."""
    rows = read_rows(folder, "episodes", Manifest.read(folder))
    found = {(row["scenario"], row["seed"]): row["sha256"] for row in rows}
    if len(found) != len(rows):
        raise SystemExit(f"{folder}: an episode is there twice")
    return found


def thousand(block: int) -> EnvJob:
    """Return the job of 1,000 episodes: four scenarios, 250 seeds."""
    return EnvJob(TABLE, "rules", TEN[:4], tuple(range(250)), block)


def bits() -> None:
    """1,000 episodes by each way, compared with inline blocks of 64."""
    with tempfile.TemporaryDirectory() as place:
        run_job(thousand(64), f"{place}/inline", "inline", progress=False)
        right = hashes(Path(place) / "inline")
        for name, block, workers in (
            ("inline", 1, 1), ("inline", 7, 1), ("process", 7, 1), ("process", 64, 2),
            ("ray", 64, 1), ("ray", 7, 2), ("resumed", 7, 2),
        ):  # fmt: skip
            folder, job = Path(place) / f"{name}-{block}-{workers}", thousand(block)
            if name == "resumed":  # every third file of what Ray played is lost or cut short
                folder = Path(place) / "ray-7-2"
                for number, path in enumerate(sorted(folder.glob("*/*.parquet"))[::3]):
                    if number % 2:
                        path.unlink()
                    else:
                        path.write_bytes(path.read_bytes()[:-1])
            told = run_job(job, folder, "process" if name == "resumed" else name, workers, False)  # type: ignore[arg-type]
            now = hashes(folder)
            equal = sum(now[key] == mark for key, mark in right.items())
            tell(
                f"{name:8} block {block:2}, {workers} workers, {told['units_played']:4} of "
                f"{told['units']:4} units played: {equal} of {len(right)} episodes equal"
            )


DRIVER = """
import json, sys
from passline.plant_sim.rollouts import run_job
from passline.plant_sim.rollouts.env_job import read_job
job, folder = sys.argv[1:]
run_job(read_job(json.loads(job)), folder, "ray", 2, False)
"""


def kills() -> None:
    """Kill actors and driver of one job twenty times; the driver is started again each time."""
    random, dead, starts = np.random.default_rng(1), {"actor": 0, "driver": 0}, 0
    job = thousand(10)
    command = [sys.executable, "-c", DRIVER, json.dumps(job.data())]
    with tempfile.TemporaryDirectory() as place:
        run_job(thousand(64), f"{place}/inline", "inline", progress=False)
        folder, seen = Path(place) / "killed", set[int]()
        while True:
            starts += 1
            with subprocess.Popen([*command, str(folder)]) as process:
                while process.poll() is None and sum(dead.values()) < 20:
                    done = len(list(folder.glob("steps/unit-*.parquet")))
                    while process.poll() is None and (
                        len(list(folder.glob("steps/unit-*.parquet"))) < min(done + 2, 90)
                    ):
                        time.sleep(0.02)
                    family = list(tree(process.pid))
                    seen |= {pid for pid, _, _ in family}
                    actors = [pid for pid, _, text in family if "ray::RayPlayer" in text]
                    victim = int(random.choice([process.pid, *actors]))
                    with suppress(ProcessLookupError):
                        os.kill(victim, signal.SIGKILL)
                        dead["driver" if victim == process.pid else "actor"] += 1
            for pid in seen:  # what a killed driver leaves of its Ray
                with suppress(OSError):
                    if "ray" in Path(f"/proc/{pid}/cmdline").read_text():
                        os.kill(pid, signal.SIGKILL)
            seen.clear()
            if process.returncode == 0:
                break
        right, now = hashes(Path(place) / "inline"), hashes(folder)
        sound = len(Manifest.read(folder).sound())
    changed = sum(now.get(key, mark) != mark for key, mark in right.items())
    tell(f"{dead['actor']} actors and {dead['driver']} drivers killed, {starts} starts; {sound} of")
    tell(f"{len(job.units())} units sound; {len(right.keys() - now.keys())} episodes lost,")
    tell(f"{len(now.keys() - right.keys())} too many, {changed} changed")


class CutJob(EnvJob):
    """A job on the run-out table with a horizon cut short, so that its units are small."""

    def build(self) -> Any:
        """Make the environment known, wherever this is played, and build the policy."""
        if self.env not in gymnasium.registry:
            whole = type(task_of(TABLE))
            steps = int(self.env.removeprefix("cut/Steps").removesuffix("-v0"))
            task = type("CutTask", (whole,), {"horizon": steps})()
            face: Any = type("CutEnv", (), {"task": task})
            gymnasium.register(self.env, face)
        return super().build()


def spent(pid: int) -> float:
    """Return the processor time of a process (s): its clock, as Linux numbers it."""
    return time.clock_gettime(~pid << 3 | 2)


def play_inline(job: Work, folder: Path, line: Any) -> None:
    """Play as many units as the line says, and answer with their processor time."""
    results = backends.inline(job, job.units(), folder)
    while True:
        count, begin = line.recv(), time.process_time()
        for _ in range(count):
            next(results)
        line.send(time.process_time() - begin)


class OnRay:
    """A job on Ray that plays some units and then stands still, with all that it takes.

    Attributes:
        cpu: processor time of each unit, as its worker told it (s).
    """

    def __init__(self, job: Work, folder: Path, workers: int) -> None:
        self._steps, self._results = folder / "steps", play("ray", job, folder, workers)
        self._seen: dict[int, float] = {}
        self.cpu: dict[int, float] = {}
        self.take(6 * workers)
        family = {pid: text for pid, _, text in tree(os.getpid()) if "multiprocessing" not in text}
        self._all = [os.getpid(), *family]
        self._actors = [pid for pid, text in family.items() if "ray::RayPlayer" in text]
        self.stand_still()

    def take(self, count: int) -> None:
        """Go on for so many results."""
        self.cpu |= {result.unit: result.cpu for result in islice(self._results, count)}

    def played(self) -> set[int]:
        """Return the units whose files are there."""
        return {int(path.stem[5:]) for path in self._steps.glob("unit-*.parquet")}

    def _spent(self, pids: list[int]) -> float:
        for pid in pids:
            with suppress(OSError):  # one that has ended keeps what it had spent
                self._seen[pid] = spent(pid)
        return sum(self._seen[pid] for pid in pids)

    def stand_still(self) -> float:
        """Wait until nobody plays; return what all processes had spent when that began (s)."""
        still, before = 0, (0, -1.0)
        while still < 4:
            now = len(self.played()), self._spent(self._actors)
            if now[0] != before[0] or now[1] - before[1] > 0.015:
                still, first = 0, self._spent(self._all)
            still, before = still + 1, now
            time.sleep(0.2)
        return first

    def close(self) -> None:
        """Take what was played and end the job."""
        while missing := self.played() - self.cpu.keys():
            self.take(len(missing))
        self._results.close()


def overhead(rounds: int = 4, seconds: float = 2.5) -> None:
    """Processor time of units on Ray, all of it once the actors are warm, over that inline.

    Inline stands in a process of its own without Ray; both play in turns. `beside` is all that is
    not play in an actor, over the play, in shares and in CPU-ms a second of wall.
    """
    tell(f"{'unit, CPU-ms inline':>20}{'workers':>9}{'over inline, each round':>30}"
         f"{'of all':>9}{'beside':>9}{'ms a wall s':>13}{'wall s a CPU-s':>16}")  # fmt: skip
    with on_ray.kept():
        for steps, block in ((90, 1), (170, 4), (240, 16), (240, 128)):
            for workers in (2, 1):
                with tempfile.TemporaryDirectory() as place:
                    measure_overhead(steps, block, workers, rounds, seconds, Path(place))
        everybody = [os.getpid(), *(pid for pid, _, _ in tree(os.getpid()))]
        at_rest = {pid: spent(pid) for pid in everybody}
        time.sleep(10.0)
        used = 0.0
        for pid, before in at_rest.items():
            with suppress(OSError):
                used += spent(pid) - before
    tell(f"Ray at rest, without actors: {100 * used:.1f} CPU-ms a second of wall")


def measure_overhead(
    steps: int, block: int, workers: int, rounds: int, seconds: float, place: Path
) -> None:
    """Play a job of units of one size inline and on Ray in turns."""
    job = CutJob(f"cut/Steps{steps}-v0", "rules", ("disturbed",), tuple(range(600 * block)), block)
    line, end = get_context("spawn").Pipe()
    child = get_context("spawn").Process(
        target=play_inline, args=(job, begun(job, str(place / "inline")), end), daemon=True
    )
    child.start()

    def inline(count: int) -> float:
        line.send(count)
        return float(line.recv())

    inline(4)
    count = max(2 * workers, round(seconds * 4 / inline(4)))
    on = OnRay(job, begun(job, str(place / "ray")), workers)
    base, all_of_it, units, wall = [], [], [], 0.0
    for _ in range(rounds):
        base.append(inline(count) / count)
        before, clock, begin = on.played(), on.stand_still(), time.perf_counter()
        on.take(count)
        clock, wall = on.stand_still() - clock, wall + time.perf_counter() - begin - 0.8
        units.append(on.played() - before)
        all_of_it.append(clock / len(units[-1]))
    on.close()
    child.kill()
    whole = sum(each * len(of) for each, of in zip(all_of_it, units, strict=True))
    work = sum(on.cpu[unit] for of in units for unit in of)
    ratios = sorted(each / one for each, one in zip(all_of_it, base, strict=True))
    told = f"{ratios[0]:.3f} {median(ratios):.3f} {ratios[-1]:.3f}"
    tell(f"{1e3 * median(base):20.1f}{workers:9}{told:>30}{sum(all_of_it) / sum(base):9.3f}"
         f"{whole / work - 1:9.3f}{1e3 * (whole - work) / wall:13.1f}"
         f"{wall * workers / whole:16.2f}")  # fmt: skip


def vector() -> None:
    """Steps a second and a processor second of AsyncVectorEnv and of a job of two processes."""
    best = 0.0
    steps = 480
    for count in (2, 8, 32):
        envs = gymnasium.make_vec(
            TABLE, count, "async", vector_kwargs={"shared_memory": True}, scenario="disturbed"
        )
        envs.reset(seed=0)
        actions = np.zeros(envs.action_space.shape or (), np.float32)
        envs.step(actions)
        with TreeClock() as clock:
            spent, wall = clock.now(), time.perf_counter()
            for _ in range(steps):
                envs.step(actions)
            wall, spent = time.perf_counter() - wall, clock.now() - spent
        envs.close()
        best = max(best, steps * count / spent)
        tell(f"AsyncVectorEnv {count:3}: {steps * count / wall:9,.0f} steps a second wall, "
             f"{steps * count / spent:9,.0f} a CPU-second")  # fmt: skip
    job = EnvJob(TABLE, "hold", ("disturbed",), tuple(range(64 * 40)))
    with tempfile.TemporaryDirectory() as place, TreeClock() as clock:
        for number, _ in enumerate(play("process", job, begun(job, place), 2)):
            if number == 3:
                spent, wall = clock.now(), time.perf_counter()
        spent, wall = clock.now() - spent, time.perf_counter() - wall
    count = 36 * 64 * 240
    tell(f"a job, 2 processes, stored: {count / wall:,.0f} steps a second wall, "
         f"{count / spent:,.0f} a CPU-second: {count / spent / best:.1f} times")  # fmt: skip


def grid() -> None:
    """1,000 episodes x 10 scenarios x 3 seats of the run-out table, two processes."""
    with tempfile.TemporaryDirectory() as place, TreeClock() as clock:
        wall = time.perf_counter()
        for seat, explore in (("hold", 0.0), ("rules", 0.0), ("rules", 0.3)):
            job = EnvJob(TABLE, seat, TEN, tuple(range(1000)), explore=explore)
            run_job(job, Path(place) / f"{seat}-{explore}", "process", 2, False)
        wall = time.perf_counter() - wall
        size = sum(path.stat().st_size for path in Path(place).glob("*/*/*.parquet")) / 1e6
    tell(
        f"30,000 episodes of 240 steps: {clock.seconds:.0f} CPU-s, {wall:.0f} s wall, {size:.0f} MB"
    )


PARTS = {f.__name__: f for f in (desk, store, bits, kills, overhead, vector, grid)}


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[*PARTS])
    for name in parser.parse_args().parts:
        tell(f"\n{name}, load {os.getloadavg()[0]:.0f}")
        PARTS[name]()


if __name__ == "__main__":
    main()
