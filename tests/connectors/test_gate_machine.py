"""Mailbox and ledger as a state machine, with a crash at every step (`gate_machine`)."""

import pytest

from .gate_machine import live


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_crash_at_any_step_writes_nothing_twice_and_leaves_nothing_open():
    seen = live(300)
    assert seen["crashes"] > 100
    assert seen["torn"] > 0
    assert {"DONE", "NOT DONE", "PENDING", "UNKNOWN"} <= set(seen)
