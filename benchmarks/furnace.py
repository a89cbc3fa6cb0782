"""How fast a furnace is, what it burns, and how well its energy closes.

Run: .venv/bin/python benchmarks/furnace.py
Figures are CPU time of one thread; fuel is counted from discharge to discharge, after 5 h.
"""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from passline.plant_sim.lines.hot_strip import furnace_rows as F  # noqa: N812  the layout
from passline.plant_sim.lines.hot_strip import parameters as P  # noqa: N812  the mill's data
from passline.plant_sim.lines.hot_strip.config import default_mill
from passline.plant_sim.lines.hot_strip.furnace import HALF_HEIGHT, HOT_FACE, LINING
from passline.plant_sim.lines.hot_strip.furnaces import NOMINAL, Furnaces, kernel, settled
from passline.plant_sim.physics.slab_conduction import HEAT, NODES, SLABS, THICKNESS
from passline.plant_sim.physics.steel import DENSITY_COLD

Array = NDArray[np.float64]
MILL = default_mill().parameters()
HOUR = 360  # steps of 10 s
LOSSES = (F.STACK_LOSS, F.UNBURNT_LOSS, F.SHELL_LOSS, F.SKID_LOSS)


def cpu_seconds(work: Callable[[], object], rounds: int = 3) -> float:
    """Return the least CPU time of a few rounds (s)."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def slabs_of(
    charge: float, ratio: float, pace: float, hours: int = 7
) -> tuple[Array, Array, Array]:
    """Return the furnace before and after `hours`, and the rows of the slabs discharged in them."""
    furnace = settled(MILL).copy()
    furnace[F.RATIO_TRIM], furnace[F.PACE_TRIM] = ratio, pace
    furnace[F.DUE] += 1e5 * (pace > 0.0)  # a mill that takes whatever comes
    order = np.array([[(*NOMINAL[:3], charge + 273.15, *NOMINAL[4:])]])
    before, kept = furnace, np.zeros((1, 400, F.DOOR_END - F.DOOR))
    count, key = np.zeros(1, np.int64), np.zeros(1, np.uint64)
    for part in (5, hours):
        before = furnace.copy()
        count[0] = 0
        kernel()["lines.hot_strip.furnace_campaign"].play(
            part * HOUR, furnace, MILL, order, np.zeros((1, 5, 5)), key, key,
            np.ones(1, np.int64), np.zeros(1), kept, count,
        )  # fmt: skip
    return before, furnace, kept[0, : count[0]]


def slab_heat(furnace: Array) -> float:
    """Return the heat in the slabs inside (J above 20 degC)."""
    slabs = furnace[F.SLAB :].reshape(F.SLAB_ROWS, SLABS)
    bundle = furnace[F.BUNDLE : F.SLAB].reshape(-1, SLABS)
    weights = np.r_[0.5, np.ones(NODES - 2), 0.5] / (NODES - 1)
    mass = DENSITY_COLD * bundle[THICKNESS] * slabs[F.WIDTH] * slabs[F.LENGTH] * slabs[F.PRESENT]
    return float(mass @ (weights @ bundle[HEAT : HEAT + NODES]))


def wall_heat(furnace: Array) -> float:
    """Return the heat in gas, hot faces and lining (J)."""
    room = MILL[P.ZONE_LENGTH : P.ZONE_LENGTH + P.ZONES]
    room = np.tile(room * (MILL[P.FURNACE_WIDTH] + 2.0 * HALF_HEIGHT), 2)
    zone, lining = (furnace[row : row + F.CELLS] for row in (F.ZONE, F.LINING))
    return float(room @ (HOT_FACE * zone + LINING * lining))


def main() -> None:
    """Print the tables."""
    start = time.perf_counter()
    Furnaces([0]).advance(1)
    print(f"first interval, machine code from the disk cache: {time.perf_counter() - start:.2f} s")
    print("furnaces  CPU ms a furnace-hour  furnace hours per CPU-second")
    for count in (1, 16):
        furnaces = Furnaces(range(count))
        each = cpu_seconds(partial(furnaces.advance, 240)) / 2.0 / count
        print(f"{count:8d}  {each * 1e3:21.2f}  {1.0 / each:28.0f}")
    furnaces = Furnaces(range(16))
    print(f"begin, 16 furnaces: {cpu_seconds(furnaces.begin) * 1e3 / 16:.3f} ms each")

    before, after, _ = slabs_of(20.0, 0.0, 0.0, 8)
    gained = after - before
    steel = slab_heat(after) - slab_heat(before) + gained[F.DISCHARGED_HEAT]
    steel -= gained[F.CHARGED_HEAT]
    received = gained[F.FUEL_HEAT] + gained[F.OXIDATION] - sum(gained[row] for row in LOSSES)
    walls = wall_heat(after) - wall_heat(before)
    error = abs(received - steel - walls) / gained[F.FUEL_HEAT]
    print(f"energy not accounted for in 8 h: {error:.1e} of the fuel")

    print(
        "\ncharge  air    pace   GJ/t   mean   core  skid  scale  min  t/h  losses stack/shell/skid"
    )
    column = {name: getattr(F, f"OUT_{name}") - F.DOOR for name in (
        "FUEL", "MASS", "MEAN", "CORE", "SKID", "SCALE", "SECONDS"
    )}  # fmt: skip
    for charge, ratio, pace in (
        (20.0, 0.0, 0.0), (20.0, 0.0, -0.2), (20.0, 0.0, 0.08), (20.0, 0.1, 0.0), (20.0, 0.6, 0.0),
        (300.0, 0.0, 0.0), (400.0, 0.0, 0.0), (500.0, 0.0, 0.0), (700.0, 0.0, 0.0),
    ):  # fmt: skip
        before, after, slabs = slabs_of(charge, ratio, pace)
        mean = {name: slabs[:, at].mean() for name, at in column.items()}
        gained = after - before
        shares = [gained[row] / gained[F.FUEL_HEAT] for row in (LOSSES[0], *LOSSES[2:])]
        rate = gained[F.TONNAGE] / gained[F.CLOCK] * 3.6
        fuel = mean["FUEL"] / mean["MASS"] / 1e6
        print(
            f"{charge:6.0f}  {1.1 + ratio:.2f}  {pace:+.2f}  {fuel:.3f}"
            f"  {mean['MEAN'] - 273.15:.0f}  {mean['CORE']:4.1f}  {mean['SKID']:4.1f}"
            f"  {mean['SCALE'] * 100:4.2f}%  {mean['SECONDS'] / 60:3.0f}  {rate:3.0f}"
            f"  {shares[0]:.1%} / {shares[1]:.1%} / {shares[2]:.1%}"
        )


if __name__ == "__main__":
    main()
