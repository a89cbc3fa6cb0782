"""What reaches the mill over a real wire was always allowed: callers at once, clocks that jump."""

import socket

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from .gate_wire import Trials, plans, told_the_truth

pytestmark = pytest.mark.network


@pytest.fixture
def trials(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    one = Trials(tmp_path, port)
    yield one
    one.close()


def test_no_sequence_of_wishes_reaches_the_mill_outside_of_a_limit(trials):
    @settings(
        max_examples=80, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(plan=plans)
    def trial(plan):
        trials.run(plan)

    trial()
    assert told_the_truth(trials)
    assert trials.rows > 20  # a gate that refuses everything would pass
