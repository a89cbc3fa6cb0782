"""What a bar costs in the rougher: CPU-seconds per bar and microseconds per control interval.

Run: .venv/bin/python benchmarks/rougher.py
"""

import time

from passline.plant_sim.lines.hot_strip import rougher_rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.roughers import Rougher, Slab

BARS = 100
FEED_SPEED = 0.6  # m/s, of the bar into the finishing mill


def main() -> None:
    """Print the line."""
    line, number, intervals = Rougher(0), 0, 0
    line.advance(1)
    start = time.process_time()
    while line.rows[R.BARS] < BARS:
        if line.rows[R.APPROACH + R.STATUS] == R.EMPTY and number < BARS + 2:
            number += 1
            line.receive(Slab(number=float(number)))
        line.advance(1)
        line.draw_in(0.5 * FEED_SPEED)
        intervals += 1
    spent = time.process_time() - start
    print(
        f"{BARS} bars in {intervals} intervals: {spent / BARS * 1e3:.2f} ms CPU a bar, "
        f"{spent / intervals * 1e6:.1f} us an interval with two calls from Python"
    )
    start = time.process_time()
    line.advance(20000)
    idle = (time.process_time() - start) / 20000
    print(f"empty: {idle * 1e6:.2f} us an interval")


if __name__ == "__main__":
    main()
