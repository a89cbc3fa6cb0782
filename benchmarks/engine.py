"""How fast the line is: plant seconds per CPU-second, and our vector environment against Sync.

Run: .venv/bin/python benchmarks/engine.py
Figures are CPU time of one thread; ratios are taken inside this one run.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import SyncVectorEnv, VectorEnv
from numpy.typing import NDArray

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.lines.hot_strip.lanes import INTERVAL, HotStripLanes


def cpu_seconds(work: Callable[[], object], rounds: int = 5) -> float:
    """Return the least CPU time of a few rounds (s)."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def play(envs: VectorEnv[Any, Any, Any], actions: NDArray[np.float32], steps: int) -> None:
    """Step all environments."""
    for _ in range(steps):
        envs.step(actions)


def main() -> None:
    """Print the table."""
    start = time.perf_counter()
    HotStripLanes([0]).advance(1)
    print(f"first interval, machine code from the disk cache: {time.perf_counter() - start:.2f} s")
    print("lines  us per line and interval  plant seconds per CPU-second")
    for count in (1, 16, 256):
        lanes = HotStripLanes(list(range(count)), "faults")
        lanes.advance(200)
        intervals = max(20, 6400 // count)
        each = cpu_seconds(partial(lanes.advance, intervals)) / intervals / count
        print(f"{count:5d}  {each * 1e6:24.2f}  {INTERVAL / each:28.0f}")
    count = 64
    print("\nenvironment                 native us/step  SyncVectorEnv us/step  ratio (N = 64)")
    for name in ("passline/FinishingMill-v0", "passline/RunOutTable-v0"):
        ours = gymnasium.make_vec(name, count)
        theirs = SyncVectorEnv([partial(gymnasium.make, name)] * count)
        actions = np.zeros(ours.action_space.shape or (), np.float32)
        cost = []
        for envs, steps in ((ours, 100), (theirs, 20)):
            envs.reset(seed=0)
            cost.append(cpu_seconds(partial(play, envs, actions, steps), 3) / steps / count * 1e6)
        print(f"{name:27s} {cost[0]:14.1f} {cost[1]:22.1f} {cost[1] / cost[0]:6.1f}")


if __name__ == "__main__":
    main()
