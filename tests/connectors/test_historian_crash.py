"""Whatever step a recorder dies at: no row is lost that was flushed, none comes twice."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from passline.connectors.historian import Historian, query, verify
from passline.connectors.historian.files import current, scan
from passline.plant_sim.signals import Quality, Sample

STEPS = Path(__file__).with_name("history_steps.py")
NAMES = ["f1.roll_force", "fm.fdt"]


def sample(value, at):
    return Sample(value, Quality.GOOD, at, time.monotonic())


def killed_at_every_step(job, folder):
    run = subprocess.run(
        [sys.executable, STEPS, job, folder], capture_output=True, text=True, check=True
    )
    return [(folder / str(n), int(safe)) for n, safe in enumerate(run.stdout.split())]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_kill_before_any_fsync_rename_or_unlink_costs_no_flushed_batch_and_doubles_none(tmp_path):
    runs = killed_at_every_step("record", tmp_path)
    assert len(runs) > 40
    assert sum(len(scan(folder)) > len(current(scan(folder))) for folder, _ in runs) > 5
    for folder, safe in runs:
        traces = query(folder, NAMES)
        for name in NAMES:
            seen = traces[name].value.tolist()
            assert seen in (
                [1.0 * n for n in range(1, safe + 1)],
                [1.0 * n for n in range(1, safe + 2)],
            )
        drafts = list(folder.glob("*.tmp"))
        historian = Historian(folder, flush=1e6)  # clears away what was left, and goes on
        assert not [draft for draft in drafts if draft.exists()]
        assert scan(folder) == current(scan(folder))
        historian.add({"fm.fdt": sample(-1.0, 99.0)})
        historian.close()
        assert query(folder, ["fm.fdt"])["fm.fdt"].value.tolist() == [*seen, -1.0]
        report = verify(folder)
        assert (report.damaged, report.missing) == ((), ())
    assert runs[-1][1] == 7  # the last one was not killed


@pytest.mark.slow
def test_a_kill_while_old_files_are_dropped_leaves_the_newest_without_a_hole(tmp_path):
    runs = killed_at_every_step("retain", tmp_path)
    assert len(runs) > 6
    lengths = []
    for folder, _ in runs:
        seen = query(folder, ["fm.fdt"])["fm.fdt"].value.tolist()
        assert seen == [1.0 * n for n in range(8 - len(seen), 8)]
        lengths.append(len(seen))
    assert lengths == sorted(lengths, reverse=True)
    assert (lengths[0], lengths[-1]) == (7, 3)


RECORDER = """
import sys, time
from passline.connectors.historian import Historian, files
from passline.plant_sim.signals import Quality, Sample
files.FAN = (3, 3, 3)
historian = Historian(sys.argv[1], flush=float(sys.argv[2]))
n = 0
print("recording", flush=True)
while True:
    n += 1
    at = time.monotonic()
    historian.add({f"f{s}.roll_force": Sample(float(n), Quality.GOOD, at, at) for s in range(40)})
    time.sleep(0.002)
"""


@pytest.fixture
def recorder(tmp_path):
    children = []

    def start(flush):
        child = subprocess.Popen(
            [sys.executable, "-c", RECORDER, tmp_path, str(flush)],
            stdout=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        assert child.stdout.readline() == "recording\n"
        return child

    yield start
    for child in children:
        child.kill()
        child.wait()
        child.stdout.close()


@pytest.mark.timeout(120)
def test_kill_9_loses_at_most_the_last_second_and_tears_no_file(tmp_path, recorder):
    child = recorder(1.0)
    while len(scan(tmp_path)) < 3:
        time.sleep(0.05)
    time.sleep(0.7)
    killed = time.monotonic()
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    trace = query(tmp_path, ["f1.roll_force"])["f1.roll_force"]
    assert trace.value.tolist() == [1.0 * n for n in range(1, len(trace.value) + 1)]
    assert killed - trace.time[-1] < 1.0 + 4.0  # s; the second, and a busy machine
    for file in tmp_path.glob("samples-*.parquet"):
        assert pq.read_table(file).num_rows > 0


@pytest.mark.timeout(120)
def test_who_reads_while_files_are_merged_sees_every_row_once(tmp_path, recorder):
    recorder(0.02)
    while not current(scan(tmp_path)):
        time.sleep(0.05)
    before, merged = 0, 0
    end = time.monotonic() + 60
    for _ in range(12):
        seen = query(tmp_path, ["f7.roll_force"])["f7.roll_force"].value
        assert seen.tolist() == [1.0 * n for n in range(1, len(seen) + 1)]
        assert len(seen) >= before
        before = len(seen)
        merged = max([merged, *(file.level for file in current(scan(tmp_path)))])
        if time.monotonic() > end:
            break
    while merged < 1 and time.monotonic() < end:
        merged = max(file.level for file in current(scan(tmp_path)))
    assert merged >= 1
    assert before > 0
