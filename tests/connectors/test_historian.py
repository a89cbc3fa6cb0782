"""What was recorded is there, and a crash tears no file."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow.parquet as pq
import pytest

from passline.connectors.historian import Historian, query
from passline.plant_sim.signals import Quality, Sample


def sample(value, at, quality=Quality.GOOD):
    return Sample(value, quality, at, time.monotonic())


def test_a_trace_has_changes_of_value_and_of_quality_between_two_plant_times(tmp_path):
    historian = Historian(tmp_path, flush=60.0)
    for at in range(10):
        historian.add({"fm.fdt": sample(1150.0 + at, at), "rot.bank_out": sample(0.0, at)})
    historian.flush()
    historian.add({"fm.fdt": sample(float("nan"), 10, Quality.BAD)})
    historian.add({"fm.fdt": sample(float("nan"), 11, Quality.BAD)})
    historian.close()
    found = query(tmp_path, ["fm.fdt", "rot.bank_out", "no.such"], 3.0)
    assert found["fm.fdt"].time.tolist() == [3, 4, 5, 6, 7, 8, 9, 10]
    assert found["fm.fdt"].value[:2].tolist() == [1153.0, 1154.0]
    assert np.isnan(found["fm.fdt"].value[-1])
    assert found["fm.fdt"].quality[-1] == Quality.BAD
    assert found["rot.bank_out"].time.tolist() == []  # unchanged since 0
    assert found["no.such"].time.tolist() == []


def test_an_empty_folder_answers_with_empty_traces(tmp_path):
    assert query(tmp_path, ["fm.fdt"])["fm.fdt"].time.tolist() == []


WRITER = """
import sys, time
from passline.connectors.historian import Historian
from passline.plant_sim.signals import Quality, Sample
historian = Historian(sys.argv[1], flush=0.005)
at = 0.0
print("writing", flush=True)
while True:
    at += 1.0
    historian.add({f"f{s}.roll_force": Sample(at, Quality.GOOD, at, 0.0) for s in range(40)})
    time.sleep(0.0005)
"""


@pytest.mark.timeout(120)
def test_kill_9_in_the_middle_of_writing_leaves_only_whole_files(tmp_path):
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout.readline() == "writing\n"
        before = set(tmp_path.glob("samples-*.parquet"))
        while set(tmp_path.glob("samples-*.parquet")) == before:
            time.sleep(0.01)
        time.sleep(0.1)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
    files = list(tmp_path.glob("samples-*.parquet"))
    assert files
    for file in files:
        assert pq.read_table(file).num_rows > 0
    assert query(tmp_path, ["f1.roll_force"])["f1.roll_force"].time.size > 0
