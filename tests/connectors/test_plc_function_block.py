"""The structured text for a real PLC does what the gate's side of the mailbox expects."""

import itertools
import re
import uuid
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passline.connectors.letter import Outcome, Request, pack_beat, pack_modbus, unpack_echoes
from passline.connectors.letter_form import ECHO_WORDS
from passline.connectors.tagfile import VOID

from .st_block import Block, set_point

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "plc_function_block.st").read_text()
KEY = b"k" * 32


def action():
    return uuid.uuid4().hex


@pytest.fixture
def block():
    """Armed, alive, with one set-point -1..1 in steps of 0.5 and one selector 0..3."""
    block = Block(TEXT)
    block.v["SetPoints"][1] = set_point(-1.0, 1.0, 0.5, 0.0)
    block.v["SetPoints"][2] = set_point(0.0, 3.0, 3.0, 0.0, choice=True)
    block.v["TokenOk"] = block.v["BeatOk"] = block.v["Rearm"] = True
    block.scan()
    block.v["Rearm"] = False
    return block


def ask(block, action_id, index, value, seq=1):
    """What the block answers to one request, as the gate reads it."""
    block.registers("Request", pack_modbus(Request(seq, action_id, index, value), KEY))
    block.scan()
    echo = unpack_echoes(block.echo())[-1]
    assert (echo.seq, echo.action_id, echo.index) == (seq, action_id, index)
    return echo.outcome


def test_a_request_is_applied_and_echoed_as_the_gate_reads_it(block):
    assert block.v["Remote"]
    one = action()
    assert ask(block, one, 1, 0.25, seq=70000) is Outcome.APPLIED
    assert block.v["SetPoints"][1].Value == 0.25
    assert ask(block, one, 1, 0.5, seq=70001) is Outcome.DUPLICATE
    assert block.v["SetPoints"][1].Value == 0.25
    echoes = unpack_echoes(block.echo())
    assert [(e.seq, e.outcome, e.value) for e in echoes] == [(70000, 1, 0.25), (70001, 5, 0.5)]
    assert len(block.echo()) == 2 * ECHO_WORDS


@settings(max_examples=60, deadline=None)
@given(st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=False))
def test_every_number_is_read_as_it_was_sent(value):
    block = Block(TEXT)
    block.v["SetPoints"][7] = set_point(-1e38, 1e38, 1e38)
    block.v["TokenOk"] = block.v["Rearm"] = True
    assert ask(block, action(), 7, value) is Outcome.APPLIED
    assert block.v["SetPoints"][7].Value == pytest.approx(value, rel=1e-7, abs=1e-44)


@pytest.mark.parametrize(
    ("index", "value", "outcome"),
    [
        (1, 1.5, Outcome.OUT_OF_RANGE),
        (1, 0.75, Outcome.OUT_OF_RANGE),  # the greatest step is 0.5
        (2, 1.5, Outcome.OUT_OF_RANGE),
        (2, 3.0, Outcome.APPLIED),
        (1, float("nan"), Outcome.MALFORMED),
        (1, float("inf"), Outcome.MALFORMED),
        (3, 0.0, Outcome.MALFORMED),  # no such set-point
        (33, 0.0, Outcome.MALFORMED),
    ],
)
def test_the_block_keeps_its_own_limits_and_an_id_has_one_fate(block, index, value, outcome):
    one = action()
    assert ask(block, one, index, value) is outcome
    again = ask(block, one, 1, 0.1, seq=2)
    assert again is (Outcome.DUPLICATE if outcome is Outcome.APPLIED else outcome)
    assert block.v["SetPoints"][1].Value == 0.0


def test_a_voided_id_is_never_applied(block):
    one = action()
    assert ask(block, one, VOID, 0.0) is Outcome.MALFORMED
    assert ask(block, one, 1, 0.25, seq=2) is Outcome.MALFORMED
    assert block.v["SetPoints"][1].Value == 0.0


def test_a_torn_or_forged_request_changes_nothing_until_it_is_whole(block):
    data = pack_modbus(Request(1, action(), 1, 0.25), KEY)
    block.registers("Request", data[:20] + bytes(18))
    block.scan()
    block.v["TokenOk"] = False
    block.registers("Request", data)
    block.scan()
    assert unpack_echoes(block.echo()) == []
    assert block.v["SetPoints"][1].Value == 0.0
    block.v["TokenOk"] = True
    block.scan()
    assert block.v["SetPoints"][1].Value == 0.25


def test_the_echo_keeps_the_newest_eight(block):
    for seq in range(1, 12):
        ask(block, action(), 1, 0.0, seq)
    assert [echo.seq for echo in unpack_echoes(block.echo())] == list(range(4, 12))


def test_a_silent_gate_loses_control_by_a_ramp_and_only_the_operator_returns_it(block):
    ask(block, action(), 1, 0.5)
    ask(block, action(), 2, 2.0)
    for count in range(1, 61):  # six seconds of signs of life
        block.registers("Beat", pack_beat(count, KEY))
        block.scan()
    assert block.v["Remote"]
    silent, values = 0.0, []
    while block.v["Remote"]:
        block.scan()
        silent += 0.1
        values.append(block.v["SetPoints"][1].Value)
    assert 5.0 < silent <= 5.0 + 2 * 0.1
    assert block.v["SetPoints"][2].Value == 0.0
    while values[-1] != 0.0:
        block.scan()
        values.append(block.v["SetPoints"][1].Value)
        assert len(values) < 200
    steps = [before - after for before, after in itertools.pairwise(values)]
    assert max(steps) <= 0.5 * 0.1 / 5.0 + 1e-12
    block.registers("Beat", pack_beat(100, KEY))
    block.scan()
    assert ask(block, action(), 1, 0.25) is Outcome.LOCAL
    block.v["Rearm"] = True
    assert ask(block, action(), 1, 0.25, seq=2) is Outcome.APPLIED


def test_a_restart_keeps_latch_ids_and_echoes(block):
    one = action()
    ask(block, one, 1, 0.25)
    kept = {name: block.v[name] for name in block.retained}
    again = Block(TEXT)
    again.v |= kept
    again.v["SetPoints"][1] = set_point(-1.0, 1.0, 0.5, 0.0)
    again.v["TokenOk"] = True
    again.scan()
    assert again.v["Remote"]
    assert ask(again, one, 1, 0.5, seq=2) is Outcome.DUPLICATE
    cold = Block(TEXT)
    cold.scan()
    assert not cold.v["Remote"]  # whoever remembers nothing begins local


def test_a_replayed_beat_gives_no_life(block):
    block.registers("Beat", pack_beat(9, KEY))
    for _ in range(60):
        block.scan()
    assert not block.v["Remote"]


def test_the_vectors_of_the_document_are_those_of_the_gate():
    text = (DOCS / "plc_function_block.md").read_text()
    key = bytes.fromhex(re.search(r"key `([0-9a-f]{64})`", text)[1])
    one = re.search(r"action id\s+`([0-9a-f]{32})`", text)[1]
    request, beat = (
        bytes.fromhex(re.search(rf"{what}: `([0-9a-f ]+)`", text)[1].replace(" ", ""))
        for what in ("Request", "Beat")
    )
    assert request == pack_modbus(Request(7, one, 1, 0.25), key)
    assert beat == pack_beat(7, key)
    assert f"`{zlib.crc32(b'123456789'):08x}`" in text
    block = Block(TEXT)
    block.v["SetPoints"][1] = set_point(-1.0, 1.0, 0.5, 0.0)
    block.v["TokenOk"] = block.v["Rearm"] = True
    block.registers("Request", request)
    block.scan()
    assert block.v["SetPoints"][1].Value == 0.25
