"""The run-out table alone: what an interval costs, and how well the coiling temperature is hit.

Run: .venv/bin/python benchmarks/runout.py
CPU time of one thread; the hits are shares of the coiled mass within 15 K of the aim, with speed
zoom, skid marks, noise, water waves, clogged nozzles and banks 5 % stronger or weaker than level 2
believes.
"""

import time

import numpy as np

from passline.plant_sim.lines.hot_strip import runout_rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.config import default_mill
from passline.plant_sim.lines.hot_strip.runout import SUBSTEPS
from passline.plant_sim.lines.hot_strip.runout_bench import Strip, TableBench, kernels

KINDS = {
    "2.2 mm to 610 degC, 0.06 % C": Strip(2.2e-3, 1155.0, 883.0, 0.06, 10.4),
    "2.6 mm to 620 degC, 0.08 % C": Strip(2.6e-3, 1161.0, 893.0, 0.08, 8.8),
    "3.2 mm to 600 degC, 0.10 % C": Strip(3.2e-3, 1167.0, 873.0, 0.10, 7.2),
    "3.8 mm to 580 degC, 0.12 % C": Strip(3.8e-3, 1173.0, 853.0, 0.12, 6.3),
    "3.0 mm to 575 degC, 0.14 % C": Strip(3.0e-3, 1165.0, 848.0, 0.14, 7.7),
    "3.0 mm to 690 degC, 0.05 % C": Strip(3.0e-3, 1165.0, 963.0, 0.05, 7.7),
    "2.0 mm to 520 degC, 0.06 % C": Strip(2.0e-3, 1160.0, 793.0, 0.06, 10.5),
    "2.0 mm to 480 degC, 0.06 % C": Strip(2.0e-3, 1160.0, 753.0, 0.06, 10.5),
}
COILS = 4


def speed(count: int) -> float:
    """Return the CPU time (s) of one interval of one of `count` tables with strip on them."""
    bench = TableBench([list(KINDS.values())[k % len(KINDS)] for k in range(count)])
    bench.gap(5.0)
    bench.roll(15.0)
    mill, intervals = default_mill().parameters(), max(10, 2560 // count)
    start, best = bench.table.copy(), 1e9
    for _ in range(5):
        bench.table[:] = start
        began = time.process_time()
        kernels().advance_table(intervals, bench.table, mill, SUBSTEPS)
        best = min(best, time.process_time() - began)
    return best / intervals / count


def hits() -> dict[str, tuple[float, float]]:
    """Return the mean and the worst coil of each kind."""
    names = list(KINDS)
    bench = TableBench([KINDS[name] for name in names for _ in range(4)], seed=11)
    bench.set(R.COOLING, np.tile([0.95, 0.98, 1.02, 1.05], len(names)))
    rolled = []
    for _ in range(COILS):
        bench.gap()
        bench.roll(100.0)
        rolled.append(bench.hit())
        bench.learn()
    by_kind = np.array(rolled).reshape(COILS, len(names), 4)
    return {
        name: (float(by_kind[:, k].mean()), float(by_kind[:, k].min()))
        for k, name in enumerate(names)
    }


def main() -> None:
    """Print the figures."""
    began = time.process_time()
    TableBench([Strip()]).gap(0.5)
    print(f"first interval: {time.process_time() - began:.1f} s of CPU")
    print("tables  us by table and interval")
    for count in (1, 16, 256):
        print(f"{count:6d}  {speed(count) * 1e6:.2f}")
    print(f"\n{'coiling within 15 K':30s}  mean  worst coil")
    for name, (mean, worst) in hits().items():
        print(f"{name:30s}  {mean:.1%}  {worst:.1%}")


if __name__ == "__main__":
    main()
