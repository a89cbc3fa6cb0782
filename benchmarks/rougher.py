"""What a bar costs in the rougher: CPU time of a campaign with full tables, and of one slab alone.

Run: .venv/bin/python benchmarks/rougher.py
Figures are CPU time of one thread, machine code from the disk cache.
"""

import time

from passline.plant_sim.lines.hot_strip import rougher_rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.roughers import Rougher, Slab

BARS = 100
PASSAGE = 224  # intervals from the furnace door to the finishing mill
FEED_SPEED = 0.6  # m/s, of the bar into the finishing mill


def campaign(bars: int) -> tuple[float, int]:
    """Rough some bars, slabs as early as they fit; return CPU-seconds and intervals."""
    line, number, intervals = Rougher(0), 0, 0
    start = time.process_time()
    while line.rows[R.BARS] < bars:
        if line.rows[R.APPROACH + R.STATUS] == R.EMPTY:
            number += 1
            line.receive(Slab(number=float(number)))
        line.advance(1)
        line.draw_in(0.5 * FEED_SPEED)
        intervals += 1
    return time.process_time() - start, intervals


def main() -> None:
    """Print the two lines."""
    campaign(1)
    spent, intervals = campaign(BARS)
    print(
        f"{BARS} bars with full tables: {spent / BARS * 1e3:.2f} ms CPU a bar, "
        f"{spent / intervals * 1e6:.1f} us an interval, two calls from Python included"
    )
    line = Rougher(0)
    line.receive(Slab())
    start = time.process_time()
    line.advance(PASSAGE)
    alone = time.process_time() - start
    print(
        f"one slab alone, door to finishing mill: {alone * 1e3:.2f} ms CPU, "
        f"{alone / PASSAGE * 1e6:.2f} us an interval"
    )


if __name__ == "__main__":
    main()
