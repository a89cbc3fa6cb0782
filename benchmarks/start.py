"""What a start costs: compiling the plant from nothing, then making a line from the disk cache.

    .venv/bin/python benchmarks/start.py [--resolution fine] [--starts 5]

CPU seconds of processes of their own: the first with an empty cache, the others with what it left.
Importing the package is counted apart; Numba is imported when a line is made.
"""

import argparse
import os
import subprocess
import sys
import tempfile

import numpy as np

START = """
import sys, time
begun = time.process_time()
from passline.plant_sim import make_line
imported = time.process_time()
line = make_line("hot-strip", resolution=sys.argv[1])
made = time.process_time()
line.advance(0.5)
print(imported - begun, made - imported, time.process_time() - made)
"""


def start(cache: str, resolution: str) -> list[float]:
    """Return CPU seconds to import, to make a line and for its first step."""
    environment = os.environ | {"NUMBA_CACHE_DIR": cache}
    command = [sys.executable, "-c", START, resolution]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [float(text) for text in told.stdout.split()]


def main() -> None:
    """Print one line a start, and the least and the median of those from the cache."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resolution", default="supervisory", choices=("supervisory", "fine"))
    parser.add_argument("--starts", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        cold = start(cache, given.resolution)
        print(f"nothing in the cache: {sum(cold):.1f} CPU-s in all")
        warm = np.array([start(cache, given.resolution) for _ in range(given.starts)])
    print("from the cache, CPU-s    import    make   first step")
    for name, row in (("least", warm.min(axis=0)), ("median", np.median(warm, axis=0))):
        print(f"{name:22s} {row[0]:8.2f} {row[1]:7.2f} {row[2]:12.2f}")


if __name__ == "__main__":
    main()
