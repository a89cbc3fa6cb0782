"""Turns are counted before a write, kept over a restart, and follow the plant's clock."""

from math import inf, nan

import pytest

from passline.connectors.gate.ledger import Ledger
from passline.connectors.gate.turns import Turns

WINDOW = 600.0


@pytest.fixture
def ledger(tmp_path):
    one = Ledger(tmp_path / "ledger.sqlite")
    yield one
    one.close()


@pytest.fixture
def turns(ledger):
    return Turns(ledger, WINDOW)


def kept(ledger):
    """What another gate on the same ledger would know."""
    again = Turns(ledger, WINDOW)
    return again.last, again.recent


def test_nothing_is_counted_before_the_first_write(ledger, turns):
    assert (turns.last, turns.recent) == ({}, [])
    assert turns.follow(-5.0) is None
    assert kept(ledger) == ({}, [])


def test_a_turn_is_kept_at_once(ledger, turns):
    turns.take("a", 10.0)
    turns.take("b", 20.0)
    turns.take("a", 30.0)
    assert (
        kept(ledger) == ({"a": 30.0, "b": 20.0}, [10.0, 20.0, 30.0]) == (turns.last, turns.recent)
    )


def test_a_write_counts_against_the_budget_as_long_as_it_is_inside_the_window(turns):
    turns.take("a", 100.0)
    turns.take("a", 100.0 + WINDOW - 0.5)
    assert turns.recent == [100.0, 699.5]
    turns.take("a", 100.0 + WINDOW)
    assert turns.recent == [699.5, 700.0]


@pytest.mark.parametrize("now", [1000.0, 1001.0, 999.0, nan, inf, -inf])
def test_a_clock_that_goes_on_or_is_not_known_changes_nothing(ledger, turns, now):
    turns.take("a", 1000.0)
    before = kept(ledger)
    assert turns.follow(now) is None
    assert (turns.last, turns.recent) == before == kept(ledger)


@pytest.mark.parametrize("now", [998.9, 3.0, 0.0, -7.0])
def test_a_clock_that_ran_backwards_begins_a_new_count(ledger, turns, now):
    turns.take("a", 399.0)
    turns.take("b", 401.0)
    turns.recent = [399.0, 400.0, 401.0]
    turns.take("b", 1000.0)  # 399 and 400 are over by now
    assert turns.follow(now) == 1000.0
    assert (turns.last, turns.recent) == ({"a": now, "b": now}, [now, now])
    assert kept(ledger) == (turns.last, turns.recent)
    assert turns.follow(now) is None


def test_only_writes_inside_the_window_count_as_made_just_now(turns):
    turns.last, turns.recent = {"a": 1000.0}, [399.0, 400.0, 401.0, 1000.0]
    assert turns.follow(5.0) == 1000.0
    assert turns.recent == [5.0, 5.0]


def test_the_newest_write_of_one_control_is_enough_to_see_that_the_clock_ran_backwards(turns):
    turns.last, turns.recent = {"a": 50.0, "b": 1000.0}, []
    assert turns.follow(500.0) == 1000.0
    assert turns.last == {"a": 500.0, "b": 500.0}
    turns.last, turns.recent = {}, [1000.0]
    assert turns.follow(500.0) == 1000.0
