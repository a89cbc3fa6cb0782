"""How fast the fine finishing mill is, and what its steps cost in accuracy.

Run: .venv/bin/python benchmarks/fine_mill.py
Mill-seconds per CPU-second of one thread with strip in all stands, for one line and for 256, mill
and run-out table without furnaces and rougher; the supervisory resolution beside it; and the first
coil rolled again with halved steps and more iterations.
"""

import time

import numpy as np
from numpy.typing import NDArray

from passline.plant_sim.lines.hot_strip import rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.fine import rows as F  # noqa: N812
from passline.plant_sim.lines.hot_strip.fine.mills import Resolution, cut, fine_kernel
from passline.plant_sim.lines.hot_strip.fine.pace import FAST, ITERATIONS, SLOW, pace_of
from passline.plant_sim.lines.hot_strip.lanes import HotStripLanes, kernel
from passline.plant_sim.lines.hot_strip.rows import INTERVAL
from passline.plant_sim.lines.hot_strip.runout import SUBSTEPS

Cut = tuple[NDArray[np.float64], int, int, int]
THREADED = 60  # intervals until strip is in all stands of every line
COIL = 150  # intervals of the first coil that are compared


def advance(lanes: HotStripLanes, steps: Cut) -> None:
    """Move fine lines by one interval with other steps than the product's."""
    drivers, fine, state, mill = kernel(), fine_kernel(), lanes._state, lanes._mill
    fine.tell_cycle(state, lanes._fine, mill)
    drivers.before_mill(
        state, mill, lanes._orders, lanes._slabs, lanes._furnaces, lanes._rougher, lanes._present,
        lanes._plan, lanes._noise, lanes._episode, lanes._clock, lanes._kept, lanes._count,
    )  # fmt: skip
    fine.roll_fine(state, lanes._fine, mill, *steps)
    drivers.behind_mill(state, mill, SUBSTEPS)


def speed(count: int, resolution: Resolution, intervals: int) -> float:
    """Return mill-seconds per CPU-second with strip in all stands, best of three."""
    lanes = HotStripLanes(list(range(count)), upstream=False, resolution=resolution)
    lanes.advance(THREADED)
    if not np.all(lanes.row(R.ACTIVE) * lanes.row(R.STRIP_DONE) > 0.0):
        raise RuntimeError(f"{THREADED} intervals do not thread every line; raise THREADED")
    best = np.inf
    for _ in range(3):
        start = time.process_time()
        lanes.advance(intervals)
        best = min(best, time.process_time() - start)
    return count * intervals * INTERVAL / best


def coil(steps: Cut, count: int = 16) -> dict[str, NDArray[np.float64]]:
    """Return thickness, FDT and events of the first coil, each (intervals, lines)."""
    lanes = HotStripLanes(list(range(count)), upstream=False, resolution="fine")
    path: dict[str, list[NDArray[np.float64]]] = {"h": [], "fdt": [], "rolling": []}
    for _ in range(COIL):
        advance(lanes, steps)
        path["h"].append(lanes.row(R.H + 7))
        path["fdt"].append(lanes.row(R.TRUE_FDT))
        path["rolling"].append((lanes.row(R.STRIP_DONE) > 20.0) * lanes.row(R.ACTIVE))
    rows = {name: np.array(values) for name, values in path.items()}
    rows["event"] = lanes.fine[:, F.EVENT, :].ravel()[:count]
    return rows


def main() -> None:
    """Print both tables."""
    print("lines  resolution    mill-seconds per CPU-second")
    cases: tuple[tuple[int, Resolution, int], ...] = (
        (1, "fine", 4), (256, "fine", 4), (256, "supervisory", 20),
    )  # fmt: skip
    for count, resolution, intervals in cases:
        print(f"{count:5d}  {resolution:11s} {speed(count, resolution, intervals):12.0f}")
    print("\nfirst coil of 16 lines against half of both steps and twice the iterations, rms")
    print("slow ms  fast ms  Newton   thickness um   FDT K   same events")
    finest = coil((pace_of(2 * SLOW, FAST), 2 * SLOW, FAST, 2 * ITERATIONS))
    cuts = (
        cut(),
        (pace_of(SLOW, 2 * FAST), SLOW, 2 * FAST, ITERATIONS),
        (pace_of(SLOW, FAST), SLOW, FAST, 2 * ITERATIONS),
        (pace_of(SLOW // 2, 2 * FAST), SLOW // 2, 2 * FAST, ITERATIONS),
    )
    for steps in cuts:
        _, slow, fast, iterations = steps
        path = coil(steps)
        at = (path["rolling"] > 0.5) & (finest["rolling"] > 0.5)
        thick = np.sqrt(np.mean((path["h"] - finest["h"])[at] ** 2)) * 1e6
        heat = np.sqrt(np.mean((path["fdt"] - finest["fdt"])[at] ** 2))
        same = bool(np.array_equal(path["event"], finest["event"]))
        slow_ms = 1e3 * INTERVAL / slow
        print(
            f"{slow_ms:7.2f}  {slow_ms / fast:7.3f}  {iterations:6d} {thick:14.3f} {heat:7.3f}"
            f"   {same}"
        )


if __name__ == "__main__":
    main()
