"""A disk that is full costs no reader its time and no sample without a word."""

import json
import subprocess
import sys

import pytest

from passline.connectors.historian import events, held, query, verify
from passline.plant_sim.signals import Quality

# The limit on the size of a file is a real refusal of the operating system, for this process alone.
RECORDER = """
import json, resource, sys, time
from passline.connectors.historian import Historian
from passline.plant_sim.signals import Quality, Sample

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

def until(condition):
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()

def batch():
    global n
    n += 1
    historian.add({f"f{s}.roll_force": Sample(1e6 * n, Quality.GOOD, float(n), 0.0)
                   for s in range(1, 8)})

n = 0
historian = Historian(sys.argv[1], flush=0.05, waiting=1000)
for _ in range(50):
    batch()
until(lambda: historian.state().waiting == 0)
limit(0)
batch()
until(lambda: historian.state().problem)
problem = historian.state().problem
slowest = 0.0
for _ in range(500):
    began = time.thread_time()
    batch()
    slowest = max(slowest, time.thread_time() - began)
full = historian.state()
limit(resource.RLIM_INFINITY)
until(lambda: historian.state().waiting == 0)
for _ in range(5):
    batch()
historian.close()
print(json.dumps({"problem": problem, "waiting": full.waiting, "lost": full.lost, "last": n,
                  "after": historian.state().problem}))
"""


@pytest.mark.timeout(180)
def test_what_a_full_disk_does_not_take_is_bounded_counted_and_recorded(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", RECORDER, tmp_path], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert "does not take the history" in told["problem"]
    assert "File too large" in told["problem"]
    assert told["after"] == ""
    assert told["waiting"] < 1100
    values = query(tmp_path, ["f3.roll_force"])["f3.roll_force"].value / 1e6
    kept = len(values) - 5
    assert values.tolist() == [*range(1, kept + 1), *range(told["last"] - 4, told["last"] + 1)]
    lost = 7 * (told["last"] - len(values))
    assert told["lost"] == lost > 1000
    (gap,) = (event for event in events(tmp_path) if event.kind == "gap")
    assert gap.value == lost
    assert "File too large" in gap.note
    inside = held(tmp_path, ["f3.roll_force"], float(kept + 50))["f3.roll_force"]
    assert (inside.value, inside.quality) == (1e6 * kept, Quality.UNCERTAIN)
    report = verify(tmp_path)
    assert (report.damaged, report.missing, report.gaps, report.lost) == ((), (), 1, lost)
