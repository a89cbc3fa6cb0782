"""The PLC takes each request once, within its limits, from the gate, and takes control back."""

import contextlib
import itertools
import json
import resource
import uuid
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passline.connectors.errors import ProtocolError
from passline.connectors.letter import (
    Echo,
    Outcome,
    Request,
    dump_echoes,
    load_echoes,
    pack_beat,
    pack_echoes,
    pack_modbus,
    pack_opcua,
    unpack_beat,
    unpack_echoes,
    unpack_modbus,
    unpack_opcua,
)
from passline.connectors.letter_form import ECHO_WORDS
from passline.connectors.simulated import SimulatedConnector
from passline.connectors.tagfile import VOID
from passline.connectors.virtual_plc.handback import RAMP
from passline.connectors.virtual_plc.modbus_server import BUSY, ModbusFace
from passline.connectors.virtual_plc.program import BATCH, LETTERS
from passline.plant_sim import make_line
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS, steps_of

KEY = b"k" * 32
requests = st.builds(
    Request,
    st.integers(0, 2**32 - 1),
    st.binary(min_size=16, max_size=16).map(bytes.hex),
    st.integers(0, 2**16 - 1),
    st.integers(-(10**6), 10**6).map(lambda n: n / 1000),
)


def action():
    return uuid.uuid4().hex


@settings(max_examples=50, deadline=None)
@given(requests)
def test_a_request_survives_both_wires(request_):
    assert unpack_opcua(pack_opcua(request_)) == request_
    assert unpack_modbus(pack_modbus(request_, KEY), KEY) == request_


@settings(max_examples=50, deadline=None)
@given(requests, st.data())
def test_a_request_with_one_flipped_bit_is_refused(request_, data):
    for pack, unpack in (
        (pack_opcua, unpack_opcua),
        (lambda r: pack_modbus(r, KEY), lambda d: unpack_modbus(d, KEY)),
    ):
        raw = bytearray(pack(request_))
        bit = data.draw(st.integers(0, 8 * len(raw) - 1))
        raw[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ProtocolError):
            unpack(bytes(raw))


@settings(max_examples=50, deadline=None)
@given(requests)
def test_without_the_key_no_request_and_no_beat_is_good(request_):
    with pytest.raises(ProtocolError, match="token"):
        unpack_modbus(pack_modbus(request_, b"guess"), KEY)
    with pytest.raises(ProtocolError, match="token"):
        unpack_beat(pack_beat(request_.seq, b"guess"), KEY)
    assert unpack_beat(pack_beat(request_.seq, KEY), KEY) == request_.seq


def test_an_echo_survives_both_wires_and_modbus_keeps_the_newest_eight():
    echoes = [Echo(n, action(), 3, Outcome(1 + n % 5), n / 4, 0.5, 10.0 + n) for n in range(20)]
    assert load_echoes(dump_echoes(echoes)) == echoes
    registers = pack_echoes(20, echoes)
    assert len(registers) == 2 * ECHO_WORDS <= 2 * 125
    assert [(e.seq, e.action_id, e.outcome, e.value) for e in unpack_echoes(registers)] == [
        (e.seq, e.action_id, e.outcome, e.value) for e in echoes[-8:]
    ]


@pytest.fixture
def plant(tmp_path):
    with contextlib.closing(simulated(tmp_path)) as plant:
        yield plant


def simulated(tmp_path):
    return SimulatedConnector(make_line("hot-strip", seed=1), tmp_path / "plc_writes.jsonl")


def log(tmp_path):
    return [json.loads(line) for line in (tmp_path / "plc_writes.jsonl").read_text().splitlines()]


async def test_a_set_point_acts_at_the_next_interval_and_reads_back(plant, tmp_path):
    echo = await plant.mailbox.send(action(), "fm.spray_trim", 0.1)
    assert (echo.outcome, echo.value, echo.before) == (Outcome.APPLIED, 0.1, 0.0)
    plant.advance(1.0)
    assert plant.samples()["fm.spray_trim"].value == pytest.approx(0.1)
    (row,) = log(tmp_path)
    assert (row["control"], row["value"], row["before"]) == ("fm.spray_trim", 0.1, 0.0)
    assert (row["outcome"], row["protocol"]) == ("APPLIED", "opcua")


async def test_an_action_id_is_applied_once_whatever_is_asked_under_it(plant, tmp_path):
    one = action()
    await plant.mailbox.send(one, "fm.spray_trim", 0.1)
    again = await plant.mailbox.send(one, "fm.spray_trim", -0.1)
    assert again.outcome is Outcome.DUPLICATE
    plant.advance(1.0)
    assert plant.samples()["fm.spray_trim"].value == pytest.approx(0.1)
    assert [row["outcome"] for row in log(tmp_path)] == ["APPLIED", "DUPLICATE"]
    found = await plant.mailbox.lookup(one)
    assert found.outcome is Outcome.APPLIED


async def test_a_restarted_plc_remembers_its_old_ids_even_after_a_torn_line(tmp_path):
    path, one = tmp_path / "plc_writes.jsonl", action()
    with contextlib.closing(simulated(tmp_path)) as before:
        await before.mailbox.send(one, "fm.spray_trim", 0.1)
    with path.open("ab") as file:
        file.write(b'{"wall": 1, "action_id": "0f')  # the crash came here
    with contextlib.closing(simulated(tmp_path)) as after:
        found = await after.mailbox.lookup(one)
        assert (found.outcome, found.value) == (Outcome.APPLIED, pytest.approx(0.1))
        echo = await after.mailbox.send(one, "fm.spray_trim", 0.2)
        assert echo.outcome is Outcome.DUPLICATE
        after.advance(1.0)
        assert after.samples()["fm.spray_trim"].value == 0.0
    assert [row["outcome"] for row in log(tmp_path)] == ["APPLIED", "DUPLICATE"]


@contextlib.contextmanager
def room_on_disk(size):
    """No file of this process grows beyond `size` bytes: what a full disk does, short write first.

    Python ignores the signal that comes with it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 100], ids=["none", "half a line"])
async def test_a_request_that_the_full_disk_does_not_take_is_refused_and_nothing_else_is_lost(
    tmp_path, room
):
    path, before, during, after = tmp_path / "plc_writes.jsonl", action(), action(), action()
    with contextlib.closing(simulated(tmp_path)) as plant:
        await plant.mailbox.send(before, "fm.fdt_source", 1.0)
        with room_on_disk(path.stat().st_size + room):
            echo = await plant.mailbox.send(during, "rot.bank_out", 3.0)
            assert echo.outcome is Outcome.LOCAL
            plant.program.refuse("modbus", "10.0.0.9:5", "anything")
            plant.advance(1.0)  # the plant goes on
            assert plant.samples()["rot.bank_out"].value == 0.0
        assert (await plant.mailbox.send(after, "rot.bank_out", 4.0)).outcome is Outcome.APPLIED
    with contextlib.closing(simulated(tmp_path)) as plant:
        for one, control in ((before, "fm.fdt_source"), (after, "rot.bank_out")):
            assert (await plant.mailbox.send(one, control, 2.0)).outcome is Outcome.DUPLICATE


async def test_a_void_that_the_full_disk_does_not_take_is_not_confirmed(plant, tmp_path):
    one = action()
    with room_on_disk(0):
        plant.program.submit(Request(1, one, VOID, 0.0), "modbus", "gate")
        plant.advance(0.5)
        assert await plant.mailbox.lookup(one) is None
    plant.program.submit(Request(2, one, VOID, 0.0), "modbus", "gate")
    plant.advance(0.5)
    assert (await plant.mailbox.lookup(one)).outcome is Outcome.MALFORMED
    assert [row["reason"] for row in log(tmp_path)] == ["void"]


@pytest.mark.parametrize("damage", [b"", b"{", b'{"event": "request"}', b"[]", b"\xff"])
def test_a_log_with_an_unreadable_line_is_not_started_from(tmp_path, damage):
    path = tmp_path / "plc_writes.jsonl"
    with contextlib.closing(simulated(tmp_path)) as plant:
        for one in (action(), action()):
            plant.program.submit(Request(1, one, VOID, 0.0), "modbus", "gate")
        plant.advance(0.5)
    first, second = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([first, damage, second, b""]))
    kept = path.read_bytes()
    with pytest.raises(ConfigError, match=r"line 2 of .* cannot be read") as refused:
        simulated(tmp_path)
    assert str(refused.value).count("\n") == 0
    assert path.read_bytes() == kept


@pytest.mark.parametrize(
    ("control", "value", "over"),
    [("fm.spray_trim", 0.1, "modbus"), ("rot.bank_out", 3.0, "opcua")],
)
async def test_a_voided_action_id_is_never_applied_not_even_by_a_restarted_plc(
    tmp_path, control, value, over
):
    one = action()
    with contextlib.closing(simulated(tmp_path)) as plant:
        plant.program.submit(Request(1, one, VOID, 0.0), over, "gate")
        plant.advance(0.5)
        assert (await plant.mailbox.lookup(one)).outcome is Outcome.MALFORMED
        assert (await plant.mailbox.send(one, control, value)).outcome is Outcome.MALFORMED
        assert plant.samples()[control].value == 0.0
    first = log(tmp_path)[0]
    assert (first["outcome"], first["reason"]) == ("MALFORMED", "void")
    with contextlib.closing(simulated(tmp_path)) as plant:
        assert (await plant.mailbox.send(one, control, value)).outcome is Outcome.MALFORMED
        plant.advance(1.0)
        assert plant.samples()[control].value == 0.0
    assert "APPLIED" not in {row["outcome"] for row in log(tmp_path)}


async def test_a_void_that_comes_too_late_says_that_the_action_was_applied(plant, tmp_path):
    one = action()
    await plant.mailbox.send(one, "rot.bank_out", 3.0)
    plant.program.submit(Request(2, one, VOID, 0.0), "modbus", "gate")
    plant.advance(0.5)
    assert plant.program.picture().echoes[-1].outcome is Outcome.DUPLICATE
    found = await plant.mailbox.lookup(one)
    assert (found.outcome, found.value) == (Outcome.APPLIED, pytest.approx(3.0))
    plant.advance(1.0)
    assert plant.samples()["rot.bank_out"].value == 3.0


@pytest.mark.parametrize(
    ("control", "value"),
    [
        ("fm.spray_trim", 0.41),
        ("fm.spray_trim", 0.3),  # the greatest step is 0.2
        ("fm.fdt_source", 0.5),
        ("rot.bank_out", 15.0),
        ("fm.speed_trim", float("nan")),
        ("fm.speed_trim", float("inf")),
    ],
)
async def test_what_the_limits_forbid_is_refused_by_the_plc_itself(plant, control, value):
    one = action()
    echo = await plant.mailbox.send(one, control, value)
    assert echo.outcome is Outcome.OUT_OF_RANGE
    plant.advance(1.0)
    assert plant.samples()[control].value == 0.0
    again = await plant.mailbox.send(one, control, 0.0)
    assert again.outcome is Outcome.OUT_OF_RANGE  # an id has one fate


async def test_a_control_is_taken_over_its_own_protocol_only(plant):
    index = plant.tagfile.tags["rot.bank_out"].write.index
    one = action()
    plant.program.submit(Request(1, one, index, 2.0), "opcua", "gate")
    plant.program.submit(Request(2, action(), 999, 2.0), "modbus", "peer")
    plant.advance(1.0)
    assert plant.samples()["rot.bank_out"].value == 0.0
    assert [e.outcome for e in plant.program.picture().echoes] == [Outcome.MALFORMED] * 2


async def test_an_action_id_must_be_one(plant):
    with pytest.raises(ConfigError, match="32 hex"):
        await plant.mailbox.send("42", "fm.spray_trim", 0.1)


async def test_a_lost_gate_hands_the_plant_back_by_a_ramp_and_only_a_rearm_returns(plant, tmp_path):
    plant.advance(10.0)
    assert plant.samples()["plc.remote"].value == 1.0  # nobody has taken control: no lease
    await plant.mailbox.send(action(), "fm.speed_trim", 0.6)
    await plant.mailbox.send(action(), "rot.bank_out", 3.0)
    plant.advance(4.5)
    await plant.mailbox.beat()
    plant.advance(4.5)
    assert plant.samples()["fm.speed_trim"].value == pytest.approx(0.6)
    plant.advance(2.0)
    seen = plant.samples()
    assert seen["plc.remote"].value == 0.0
    assert seen["rot.bank_out"].value == 0.0
    assert 0.0 < seen["fm.speed_trim"].value < 0.6
    plant.advance(6.0)
    assert plant.samples()["fm.speed_trim"].value == 0.0

    await plant.mailbox.beat()  # a gate that comes back does not re-arm by itself
    plant.advance(1.0)
    refused = await plant.mailbox.send(action(), "fm.speed_trim", 0.3)
    assert refused.outcome is Outcome.LOCAL
    assert (await plant.mailbox.send(action(), "plc.rearm", 1.0)).outcome is Outcome.APPLIED
    echo = await plant.mailbox.send(action(), "fm.spray_trim", 0.1)
    assert echo.outcome is Outcome.APPLIED
    plant.advance(1.0)
    assert plant.samples()["plc.remote"].value == 1.0
    assert any(row["event"] == "hand-back" for row in log(tmp_path))


async def test_a_hand_back_brings_every_set_point_to_where_a_line_begins(plant):
    begun = {name: plant.samples()[name].value for name in CONTROLS}
    assert begun == {name: control.start for name, control in CONTROLS.items()}
    for name, control in CONTROLS.items():
        moves = [move for move in steps_of(control, control.start) if not control.refusal(
            move.value, control.start) and move.value != control.start]  # fmt: skip
        echo = await plant.mailbox.send(action(), name, moves[0].value)
        assert echo.outcome is Outcome.APPLIED, name
    plant.advance(0.5)
    assert all(plant.samples()[name].value != begun[name] for name in CONTROLS)
    plant.advance(12.0)  # nobody beats: the lease ends and the ramp begins
    assert plant.samples()["plc.remote"].value == 0.0
    assert {name: plant.samples()[name].value for name in CONTROLS} == begun


async def test_a_roll_change_that_the_line_took_back_can_be_asked_for_again(plant):
    plant.advance(300.0)  # bars are on their way
    one = await plant.mailbox.send(action(), "line.request", 2.0)
    assert (one.outcome, one.before) == (Outcome.APPLIED, 0.0)
    for _ in range(1000):
        await plant.mailbox.beat()
        plant.advance(0.5)
        if plant.samples()["line.request"].value == 0.0:
            break
    again = await plant.mailbox.send(action(), "line.request", 2.0)
    assert (again.outcome, again.before) == (Outcome.APPLIED, 0.0)


async def test_a_gate_that_writes_and_is_never_heard_again_loses_control(plant):
    await plant.mailbox.send(action(), "rot.bank_out", 3.0)
    plant.advance(6.0)
    assert plant.samples()["plc.remote"].value == 0.0
    assert plant.samples()["rot.bank_out"].value == 0.0
    assert (await plant.mailbox.send(action(), "plc.rearm", 1.0)).outcome is Outcome.APPLIED
    plant.advance(4.5)
    assert plant.samples()["plc.remote"].value == 1.0
    plant.advance(1.5)  # re-armed, and silent again
    assert plant.samples()["plc.remote"].value == 0.0


@pytest.mark.parametrize("space", [True, False], ids=["", "disk full at the time"])
async def test_a_handed_back_plc_stays_local_when_it_is_restarted(tmp_path, space):
    with contextlib.closing(simulated(tmp_path)) as plant:
        await plant.mailbox.beat()
        with contextlib.nullcontext() if space else room_on_disk(10):
            plant.advance(6.0)
        assert plant.samples()["plc.remote"].value == 0.0
        plant.advance(0.5)
    assert [row["event"] for row in log(tmp_path)] == ["hand-back"]
    with contextlib.closing(simulated(tmp_path)) as plant:
        assert plant.samples()["plc.remote"].value == 0.0
        refused = await plant.mailbox.send(action(), "fm.spray_trim", 0.1)
        assert refused.outcome is Outcome.LOCAL
        await plant.mailbox.send(action(), "plc.rearm", 1.0)
        assert plant.samples()["plc.remote"].value == 1.0
    with contextlib.closing(simulated(tmp_path)) as plant:
        assert plant.samples()["plc.remote"].value == 1.0


async def test_a_stopped_plant_clock_takes_no_writes(plant):
    plant.program.finish()
    echo = await plant.mailbox.send(action(), "fm.speed_trim", 0.3)
    assert echo.outcome is Outcome.LOCAL
    before = plant.samples()
    plant.advance(5.0)
    after = plant.samples()
    assert after["plc.time"].value == before["plc.time"].value
    assert after["plc.heartbeat"].value > before["plc.heartbeat"].value
    assert after["plc.finished"].value == 1.0


def test_a_full_mailbox_says_busy_and_a_cycle_handles_a_few_requests_only(plant, tmp_path):
    face = ModbusFace(plant.tagfile, KEY, plant.program)
    index = plant.tagfile.tags["rot.bank_out"].write.index
    at = plant.tagfile.mailbox.request_register
    codes = [
        face.write(at, pack_modbus(Request(n, action(), index, 0.0), KEY), "10.0.0.9:5")
        for n in range(LETTERS + 3)
    ]
    assert codes == [0] * LETTERS + [BUSY] * 3
    plant.advance(0.5)
    assert [row["event"] for row in log(tmp_path)] == ["request"] * BATCH + ["refusals"]
    assert "the mailbox is full (3 times)" in log(tmp_path)[-1]["reason"]
    plant.advance(0.5 * LETTERS / BATCH)
    assert len([row for row in log(tmp_path) if row["event"] == "request"]) == LETTERS


def test_refused_frames_cost_one_line_a_second_whatever_they_say(plant, tmp_path):
    for second in range(3):
        for n in range(1000):
            plant.program.refuse("modbus", "10.0.0.9:5", f"{second} {n} " + "x" * 1000)
        plant.advance(1.0)  # two cycles
    rows = log(tmp_path)
    assert [row["event"] for row in rows] == ["refusals"] * 3
    assert all("for other reasons (992 times)" in row["reason"] for row in rows)
    assert all(len(row["reason"]) < 3000 for row in rows)


def test_a_replayed_beat_does_not_keep_a_dead_gate_alive(plant):
    plant.program.beat(100)
    for count in (100, 99):
        with pytest.raises(ProtocolError, match="count up"):
            plant.program.beat(count)


# --- the PLC's own limits ------------------------------------------------------------------------


def ruled(tmp_path, control, **rule):
    """A plant whose tag file gives one control narrower limits than its catalogue."""
    plant = simulated(tmp_path)
    tag = plant.tagfile.tags[control]
    tags = dict(plant.tagfile.tags) | {control: replace(tag, write=replace(tag.write, **rule))}
    plant.program._tags = {t.write.index: t for t in tags.values() if t.write}
    return plant


@pytest.mark.parametrize(
    ("rule", "values", "word"),
    [
        ({"low": -10.0, "high": 10.0}, (0.11,), "outside"),  # %, where the catalogue allows 40
        ({"max_step": 5.0}, (0.06,), "step"),
        ({"cooldown": 100.0}, (0.05, 0.1), "cooldown"),
        ({"rate": 0.01, "cooldown": 0.0}, (0.05, 0.1), "faster"),
        ({"choices": (0.0, 10.0)}, (0.05,), "none of"),
    ],
)
async def test_the_plc_keeps_the_limits_of_its_tag_file_and_never_clips(
    tmp_path, rule, values, word
):
    with contextlib.closing(ruled(tmp_path, "fm.spray_trim", **rule)) as plant:
        for value in values[:-1]:
            echo = await plant.mailbox.send(action(), "fm.spray_trim", value)
            assert echo.outcome is Outcome.APPLIED
            plant.advance(1.0)
        before = plant.samples()["fm.spray_trim"].value
        echo = await plant.mailbox.send(action(), "fm.spray_trim", values[-1])
        assert echo.outcome is Outcome.OUT_OF_RANGE
        plant.advance(1.0)
        assert plant.samples()["fm.spray_trim"].value == before
        assert word in log(tmp_path)[-1]["reason"]


async def test_after_its_cooldown_a_control_is_taken_again(tmp_path):
    with contextlib.closing(ruled(tmp_path, "fm.spray_trim", cooldown=20.0)) as plant:
        for value in (0.05, 0.1):
            echo = await plant.mailbox.send(action(), "fm.spray_trim", value)
            assert echo.outcome is Outcome.APPLIED
            for _ in range(5):
                await plant.mailbox.beat()
                plant.advance(4.0)


# --- hand-back in time ---------------------------------------------------------------------------


async def test_the_ramp_begins_within_the_lease_and_one_cycle_and_ends_without_a_bump(plant):
    await plant.mailbox.send(action(), "fm.speed_trim", 0.6)
    begun, seen = plant.line.time, [0.6]
    while seen[-1] != 0.0:
        plant.advance(0.5)
        seen.append(plant.samples()["fm.speed_trim"].value)
        assert plant.line.time < 30.0
    first = next(n for n, value in enumerate(seen) if value != seen[0])
    assert begun + 5.0 < begun + 0.5 * first <= begun + 5.0 + 2 * 0.5  # lease, then one cycle
    steps = [after - before for before, after in itertools.pairwise(seen[first - 1 :])]
    assert max(map(abs, steps)) <= CONTROLS["fm.speed_trim"].max_step * 0.5 / RAMP + 1e-12
    plant.advance(5.0)
    assert plant.samples()["fm.speed_trim"].value == 0.0


async def test_a_rearm_in_the_middle_of_the_ramp_leaves_the_set_point_where_it_is(plant):
    await plant.mailbox.send(action(), "fm.speed_trim", 0.6)
    plant.advance(7.0)
    halfway = plant.samples()["fm.speed_trim"].value
    assert 0.0 < halfway < 0.6
    await plant.mailbox.send(action(), "plc.rearm", 1.0)
    plant.advance(3.0)
    assert plant.samples()["fm.speed_trim"].value == halfway


async def test_a_restart_in_the_middle_of_the_ramp_keeps_the_latch(tmp_path):
    with contextlib.closing(simulated(tmp_path)) as plant:
        await plant.mailbox.send(action(), "fm.speed_trim", 0.6)
        plant.advance(6.5)
        assert 0.0 < plant.samples()["fm.speed_trim"].value < 0.6
    with contextlib.closing(simulated(tmp_path)) as plant:
        await plant.mailbox.beat()
        refused = await plant.mailbox.send(action(), "fm.speed_trim", 0.3)
        assert refused.outcome is Outcome.LOCAL


async def test_a_forgotten_memory_has_another_name_and_a_kept_one_its_own(tmp_path):
    with contextlib.closing(simulated(tmp_path)) as plant:
        name = plant.program.picture().memory
    with contextlib.closing(simulated(tmp_path)) as plant:
        assert plant.program.picture().memory == name
        await plant.mailbox.send(action(), "fm.spray_trim", 0.1)
        plant.program.forget()
        plant.advance(0.5)
        forgotten = plant.program.picture()
        assert forgotten.memory not in (0, name)
        assert (forgotten.echoes, forgotten.handled, forgotten.remote) == ((), 0, False)
    (tmp_path / "plc_writes.jsonl").unlink()  # the ids are gone, so the name must go
    with contextlib.closing(simulated(tmp_path)) as plant:
        assert plant.program.picture().memory not in (0, name, forgotten.memory)
