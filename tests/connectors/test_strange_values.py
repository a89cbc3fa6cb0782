"""Whatever bits a device sends: a value without sense is BAD, and nothing breaks on it."""

import json
import math
import struct
from datetime import datetime

import numpy as np
import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary
from hypothesis import given, settings
from hypothesis import strategies as st

from passline.connectors import letter, tag_browse, tag_probe
from passline.connectors.addresses import KINDS, ModbusAddress, OpcUaAddress, Scaling
from passline.connectors.direct import _coded
from passline.connectors.errors import LinkError, ProtocolError
from passline.connectors.historian import Historian, Rule, events, query, verify
from passline.connectors.letter_form import ECHO_WORDS
from passline.connectors.modbus.blocks import plan as blocks_of
from passline.connectors.modbus.vector import Decoder
from passline.connectors.opcua import _Route
from passline.connectors.tags import HEARTBEAT, Tag
from passline.connectors.vector import Reading, VectorPlan
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.signals import Quality, Sample

pytestmark = pytest.mark.timeout(120)

SIGNALLING = struct.unpack("<d", bytes.fromhex("010000000000f07f"))[0]
doubles = st.floats() | st.sampled_from([1e308, -1e308, 5e-324, SIGNALLING])
wire_bytes = st.binary(max_size=40)


# --- OPC UA --------------------------------------------------------------------------------------


def whole(kind, bits, signed):
    low = -(1 << bits - 1) if signed else 0
    return st.builds(
        ua.Variant, st.integers(low, low + (1 << bits) - 1), st.just(getattr(ua.VariantType, kind))
    )


texts = st.text(st.characters(codec="utf-8"), max_size=6)
moments = st.datetimes(datetime(1700, 1, 1), datetime(9000, 1, 1))
scalars = (
    st.builds(ua.Variant, doubles, st.just(ua.VariantType.Double))
    | st.builds(ua.Variant, st.floats(width=32), st.just(ua.VariantType.Float))
    | st.builds(ua.Variant, st.booleans())
    | st.one_of([
        whole(f"{'' if signed else 'U'}Int{bits}", bits, signed)
        for bits in (16, 32, 64) for signed in (True, False)
    ])
    | st.builds(ua.Variant, texts)
    | st.builds(ua.Variant, wire_bytes)
    | st.builds(ua.Variant, moments)
    | st.just(ua.Variant(None))
    | st.builds(ua.Variant, st.builds(ua.LocalizedText, texts))
)  # fmt: skip
numbers = st.lists(doubles, min_size=1, max_size=9).map(ua.Variant)
arrays = (
    numbers
    | st.lists(texts | st.none(), min_size=1, max_size=9).map(
        lambda found: ua.Variant(found, ua.VariantType.String)
    )
    | st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=9).map(
        lambda found: ua.Variant(found, ua.VariantType.UInt16)
    )
    | st.lists(moments, min_size=1, max_size=9).map(ua.Variant)
    | st.just(ua.Variant([[1.0, 2.0], [3.0, 4.0]]))
    | st.just(ua.Variant([], ua.VariantType.Double))
)


@st.composite
def answers(draw, variants):
    """What a server may answer for one node, as it comes out of the frame."""
    status = draw(st.none() | st.sampled_from([0, 0x40000000, 0x80000000, 0xC0000000, 0xFFFFFFFF]))
    value = ua.DataValue(
        draw(variants),
        None if status is None else ua.StatusCode(ua.UInt32(status)),
        SourceTimestamp=draw(st.none() | moments),
    )
    return struct_from_binary(ua.DataValue, Buffer(struct_to_binary(value)))


def tags_of(count):
    """Tags of one range, of every way to scale."""
    scalings = Scaling(), Scaling(1e3, 7.0), Scaling(1e300, -1e300), Scaling(0.1, 0.0, (32767.0,))
    names = [HEARTBEAT, *(f"t.n{n}" for n in range(count - 1))]
    return {
        name: Tag(
            name, "MN" if n % 2 else "1", -9.0, 9.0,
            opcua=OpcUaAddress("urn:x", f"s={name}", scaling=scalings[n % 4]),
        )
        for n, name in enumerate(names)
    }  # fmt: skip


class Session:
    """All that is asked of one here: the id of a node."""

    client = None

    def resolve(self, address):
        return ua.NodeId(address.identifier, 2)


def believed(plan, reading):
    """Make samples of a reading; whatever is not BAD is a finite number."""
    samples = plan.samples(reading, 0.0, 1.0, 2.0)
    assert set(samples) == set(plan.all_names)
    for name, sample in samples.items():
        assert math.isfinite(sample.value) == (sample.quality is not Quality.BAD), (name, sample)
    return samples


@given(st.data())
def test_any_answer_for_a_node_is_a_value_or_bad(data):
    plan = VectorPlan(tags_of(9))
    route = _Route(plan, Session(), {}, [])
    found = data.draw(st.lists(answers(scalars | arrays), min_size=9, max_size=9))
    reading = route.reading(found)
    believed(plan, reading)
    told = data.draw(st.dictionaries(st.integers(0, 8), answers(scalars | arrays)))
    route.update(reading, told)
    believed(plan, reading)


@given(answers(arrays | scalars), answers(arrays | scalars), answers(scalars | arrays))
def test_any_answer_for_the_packed_arrays_is_values_or_a_lost_link(values, grades, clock):
    plan = VectorPlan(tags_of(9))
    manifest = {name: place for place, name in enumerate(plan.all_names)}
    route = _Route(plan, Session(), manifest, [ua.NodeId(n, 2) for n in range(1, 4)])
    try:
        reading = route.reading([values, grades, clock])
    except LinkError:
        return
    believed(plan, reading)


@given(st.lists(doubles, min_size=9, max_size=9), st.lists(doubles, min_size=9, max_size=9))
def test_packed_qualities_that_are_none_are_bad(values, grades):
    plan = VectorPlan(tags_of(9))
    manifest = {name: place for place, name in enumerate(plan.all_names)}
    route = _Route(plan, Session(), manifest, [ua.NodeId(n, 2) for n in range(1, 4)])
    shown = [ua.DataValue(ua.Variant(part)) for part in (values, grades, 1.0)]
    samples = believed(plan, route.reading(shown))
    for sample, grade in zip(samples.values(), grades, strict=True):
        assert sample.quality is Quality.BAD or grade in (64.0, 192.0)


# --- Modbus --------------------------------------------------------------------------------------


@given(st.data())
def test_any_registers_are_values_or_bad(data):
    tags, at = {}, 0
    for kind in KINDS:
        scale = data.draw(st.sampled_from([1.0, 1e3, 1e300]))
        address = ModbusAddress(
            "input", at, kind, bit=3 if kind == "bool" else None, scaling=Scaling(scale, 0.5)
        )
        tags[f"t.{kind}"] = Tag(f"t.{kind}", "MN", -9.0, 9.0, modbus=address)
        at += address.words
    plan = VectorPlan(tags)
    blocks = blocks_of(plan.tags)
    sent = [data.draw(st.binary(min_size=2 * b.count, max_size=2 * b.count)) for b in blocks]
    values, there = Decoder(blocks, plan.tags).values(sent)
    quality = np.where(there & ~np.isnan(values), int(Quality.GOOD), int(Quality.BAD))
    believed(plan, Reading(values, quality, np.zeros(len(values), np.int64)))


@given(
    st.lists(st.binary(min_size=8, max_size=8), min_size=1, max_size=5), st.sampled_from([*KINDS])
)
def test_probing_registers_scores_any_bits(raw, kind):
    address = ModbusAddress("input", 0, kind, bit=0 if kind == "bool" else None)
    tag = Tag("t.x", "1", -9.0, 9.0, modbus=address)
    (probe,) = tag_probe.judge({"t.x": (tag, raw)})
    assert all(0.0 <= reading.score <= 1.0 + 1e-9 for reading in probe.readings)


# --- the mailbox ---------------------------------------------------------------------------------


@given(st.binary(min_size=2 * ECHO_WORDS, max_size=2 * ECHO_WORDS))
def test_any_echo_registers_are_echoes_or_no_protocol(data):
    try:
        letter.unpack_echoes(data)
    except ProtocolError:
        return


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
rows = st.fixed_dictionaries(
    {
        key: st.integers(0, 5) | anything
        for key in ("seq", "action_id", "index", "outcome", "value", "before", "time")
    }
)


@given(st.lists(rows, max_size=3).map(json.dumps) | anything.map(json.dumps) | texts)
def test_any_echo_text_is_echoes_or_no_protocol(text):
    try:
        letter.load_echoes(text)
    except ProtocolError:
        return


def test_an_echo_text_of_nothing_but_brackets_is_no_protocol():
    for text in ("[" * 100_000, '[{"seq": 1e999}]', '[{"seq": ' + "9" * 5000 + "}]"):
        with pytest.raises(ProtocolError):
            letter.load_echoes(text)


@given(doubles, doubles)
def test_an_echo_of_any_value_can_be_shown(value, before):
    echo = letter.Echo(1, "0" * 32, 3, letter.Outcome.OUT_OF_RANGE, value, before, 4.0)
    (read,) = letter.unpack_echoes(letter.pack_echoes(1, [echo]))
    assert read.outcome is letter.Outcome.OUT_OF_RANGE
    (read,) = letter.load_echoes(letter.dump_echoes([echo]))
    assert read.value == value or not math.isfinite(value)


# --- the history ---------------------------------------------------------------------------------

samples = st.builds(
    Sample, doubles, st.sampled_from(Quality), doubles, st.just(0.0), st.integers(0, 0xFFFFFFFF)
)
batches = st.lists(
    st.dictionaries(st.sampled_from(["t.a", "t.b"]), samples, min_size=1), max_size=6
)


@settings(max_examples=15, deadline=None)
@given(batches=batches)
def test_any_samples_are_recorded_and_read_again(tmp_path_factory, batches):
    folder = tmp_path_factory.mktemp("history")
    historian = Historian(folder, flush=1e6, rules={"t.a": Rule(0.001, 0.01)})
    for batch in batches:
        historian.add(batch)
    historian.flush()
    assert historian.state().problem == ""
    historian.close()
    assert verify(folder).damaged == ()
    events(folder)
    for trace in query(folder, ["t.a", "t.b"]).values():
        good = trace.quality != int(Quality.BAD)
        assert np.isfinite(trace.value[good]).all()


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_any_table_of_values_is_recorded_and_read_again(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("history")
    count = data.draw(st.integers(1, 5))
    table = [[data.draw(doubles), data.draw(doubles)] for _ in range(count)]
    historian = Historian(folder, flush=1e6, rules={"t.a": Rule(0.001, 0.01)})
    historian.add_many(["t.a", "t.b"], range(count), table)
    historian.flush()
    assert historian.state().problem == ""
    historian.close()
    assert verify(folder).damaged == ()
    found = query(folder, ["t.a", "t.b"])
    assert np.isfinite(found["t.b"].value[found["t.b"].quality > 0]).all()


# --- what a server shows of itself ---------------------------------------------------------------

facts = st.fixed_dictionaries(
    {},
    optional={
        "EURange": st.builds(ua.Range, doubles, doubles) | anything,
        "EngineeringUnits": st.builds(
            ua.EUInformation, st.none() | texts, st.integers(-(2**31), 2**31 - 1),
            st.builds(ua.LocalizedText, st.none() | texts),
        ) | anything,
        "Description": texts,
    },
)  # fmt: skip


@given(texts, facts, answers(scalars | arrays), st.integers(0, 3))
def test_any_variable_is_drafted_or_left_out(name, known, value, space):
    found = tag_browse._Search(Session(), 10, 3)
    found.variables = [
        tag_browse._Variable(ua.NodeId("good", 1), ("F1", "Force")),
        tag_browse._Variable(ua.NodeId("x", space), ("F1", name)),
    ]
    good = ua.DataValue(ua.Variant(1.0))
    draft = tag_browse._draft(
        "x", tag_browse.OpcUaDevice("opc.tcp://h:1", "u"), found, [good, value], [{}, known],
        ["http://opcfoundation.org/UA/", "urn:x"],
    )  # fmt: skip
    assert "f1.force" in draft.tagfile.tags
    assert tag_browse.text_of(draft)


def test_a_finite_number_that_is_merely_impossible_is_never_good():
    plan = VectorPlan({"t.x": Tag("t.x", "1", -9.0, 9.0, opcua=OpcUaAddress("urn:x", "s=x"))})
    reading = Reading(np.array([1e308]), np.array([int(Quality.GOOD)]), np.zeros(1, np.int64))
    assert believed(plan, reading)["t.x"].quality is Quality.UNCERTAIN


def test_what_a_coding_cannot_carry_is_refused_before_it_is_sent():
    for value in (1e39, -1e300):
        with pytest.raises(ConfigError, match="does not fit f32"):
            ModbusAddress("holding", 0, "f32", scaling=Scaling(0.5)).encode(value)
        with pytest.raises(ConfigError, match="does not fit f32"):
            _coded(OpcUaAddress("urn:x", "s=x", "f32"), value)
