"""One virtual PLC for all tests that only look at it or write to its mailbox."""

import signal

import pytest

from .plc_process import PlcProcess


@pytest.fixture(scope="session")
def plc(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plc")
    options = ("--speed", "14", "--seed", "3", "--scenario", "faults", "--lease", "3600")
    running = PlcProcess(folder, *options).start()
    yield running
    assert running.stop(signal.SIGINT) == 0  # it ends cleanly
