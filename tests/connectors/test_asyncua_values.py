"""The quick way in and out of OPC UA frames: the library's bytes and objects, to the last bit."""

import struct

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer, NotEnoughData
from asyncua.ua import ua_binary
from hypothesis import given
from hypothesis import strategies as st

from passline.connectors import asyncua_values
from passline.connectors.asyncua_values import LONGEST, Prepared, decode, encode

from .test_strange_values import arrays, moments, scalars

stock_encode = asyncua_values._stock_serializer.__wrapped__(ua.DataValue)
stock_decode = asyncua_values._stock_deserializer.__wrapped__(ua.DataValue)
small = [
    st.builds(ua.Variant, st.integers(low, low + 255), st.just(kind))
    for low, kind in ((0, ua.VariantType.Byte), (-128, ua.VariantType.SByte))
]
values = st.builds(
    ua.DataValue, st.one_of(scalars, arrays, *small),
    st.none() | st.builds(ua.StatusCode, st.integers(0, 0xFFFFFFFF).map(ua.UInt32)),
    st.none() | moments, st.none() | moments,
    st.none() | st.integers(0, 0xFFFF), st.none() | st.integers(0, 0xFFFF),
)  # fmt: skip
nodes = st.lists(
    st.builds(ua.NodeId, st.text(max_size=8) | st.integers(0, 2**32 - 1), st.integers(0, 9)),
    max_size=6,
)


@pytest.fixture(scope="module", autouse=True)
def installed():
    assert asyncua_values.install()
    yield
    asyncua_values.remove()


@given(values)
def test_a_value_becomes_the_bytes_that_the_library_makes(value):
    assert encode(value) == stock_encode(value)


@given(values, st.binary(max_size=40))
def test_bytes_become_the_value_that_the_library_makes(value, after):
    data = stock_encode(value) + after
    mine, theirs = Buffer(data), Buffer(data)
    ours, stock = decode(mine), stock_decode(theirs)
    assert repr(ours) == repr(stock)  # a NaN is not equal to itself
    assert ours.Encoding == stock.Encoding
    assert stock_encode(ours) == stock_encode(stock)
    assert (mine.cur_pos, len(mine)) == (theirs.cur_pos, len(theirs))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_as_the_library_does(data):
    def result(way):
        buffer = Buffer(data)
        try:
            return repr(way(buffer)), buffer.cur_pos
        except Exception as error:  # noqa: BLE001 - whatever it is, it must be the same
            return type(error), str(error)

    assert result(decode) == result(stock_decode)


@given(values, st.integers(0, 40))
def test_a_value_that_is_cut_off_is_refused(value, end):
    data = stock_encode(value)
    if end < len(data):
        with pytest.raises((NotEnoughData, TypeError, struct.error)):
            decode(Buffer(data[:end]))


def test_a_value_that_does_not_fit_its_type_is_refused_in_the_words_of_the_library():
    wrong = ua.DataValue(ua.Variant(1.5, ua.VariantType.Int32))
    for way in (encode, stock_encode):
        with pytest.raises(ua.UaError, match=r"Cannot pack VariantType\.Int32 with value 1\.5"):
            way(wrong)


@given(nodes)
def test_a_prepared_read_is_a_read(wanted):
    prepared = Prepared.of(wanted)
    plain = ua.ReadParameters(
        prepared.MaxAge, prepared.TimestampsToReturn, list(prepared.NodesToRead)
    )
    stock = asyncua_values._stock_serializer.__wrapped__(ua.ReadParameters)(plain)
    for _ in range(2):
        assert ua_binary.struct_to_binary(prepared) == stock
        assert ua_binary.struct_to_binary(plain) == stock
        request = ua.ReadRequest()
        request.Parameters = prepared
        assert ua_binary.struct_to_binary(request).endswith(stock)
        assert ua_binary.struct_from_binary(ua.ReadParameters, Buffer(stock)) == plain
    followed = Buffer(stock + b"more")
    assert ua_binary.struct_from_binary(ua.ReadParameters, followed) == plain
    assert bytes(followed) == b"more"


def test_a_server_remembers_few_reads_and_no_long_one():
    for number in range(200):
        read = ua.ReadParameters(NodesToRead=[ua.ReadValueId(NodeId=ua.NodeId(f"n{number}", 1))])
        data = ua_binary.struct_to_binary(read)
        first = ua_binary.struct_from_binary(ua.ReadParameters, Buffer(data))
        assert ua_binary.struct_from_binary(ua.ReadParameters, Buffer(data)) is first
        assert len(asyncua_values._reads) <= asyncua_values.REMEMBERED
    long = ua.ReadParameters(NodesToRead=[ua.ReadValueId(NodeId=ua.NodeId("x" * LONGEST, 1))])
    data = ua_binary.struct_to_binary(long)
    first = ua_binary.struct_from_binary(ua.ReadParameters, Buffer(data))
    assert first == long
    assert ua_binary.struct_from_binary(ua.ReadParameters, Buffer(data)) is not first


def test_on_an_unknown_version_nothing_is_replaced(monkeypatch):
    asyncua_values.remove()
    monkeypatch.setattr(asyncua_values, "version", lambda _: "2.1.1")
    assert not asyncua_values.install()
    assert ua_binary.create_dataclass_serializer is asyncua_values._stock_serializer
    assert ua_binary._create_dataclass_deserializer is asyncua_values._stock_deserializer
    monkeypatch.undo()
    assert asyncua_values.install()
