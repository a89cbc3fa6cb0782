"""Every Modbus function to the byte: what the specification says a server answers."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passline.connectors.modbus.functions import Functions
from passline.connectors.modbus.protocol import Peer

from .modbus_bench import COILS, Unit, words

PEER = Peer("10.0.0.9:502")
KNOWN = (1, 2, 3, 4, 5, 6, 15, 16, 22, 23, 43)


def told(function, data, unit=None, access=None):
    """The answer with its function byte, as it stands on the wire."""
    functions = (
        Functions(unit or Unit(), PEER, access) if access else Functions(unit or Unit(), PEER)
    )
    body = functions.answer(function, data)
    return bytes([function | 0x80, body]) if isinstance(body, int) else bytes([function]) + body


def bits(count):
    return -(-count // 8)


def coils(address, count, size=None):
    return (
        words(address, count) + bytes([bits(count) if size is None else size]) + bytes(bits(count))
    )


def block(address, count, size=None):
    return (
        words(address, count)
        + bytes([(2 * count if size is None else size) & 0xFF])
        + bytes(2 * count)
    )


def swap(start, wanted, address, count, size=None):
    head = words(start, wanted, address, count)
    return head + bytes([(2 * count if size is None else size) & 0xFF]) + bytes(2 * count)


@pytest.mark.parametrize(
    ("function", "data", "answer"),
    [
        # 1, 2: bits, the first in the least significant place
        (1, words(0, 1), b"\x01\x01\x01"),
        (1, words(0, 11), b"\x01\x02\x21\x04"),
        (1, words(1, 8), b"\x01\x01\x10"),
        (2, words(0, 10), b"\x02\x02\x49\x02"),
        (1, words(0, 2000), b"\x01\xfa" + bytes([0x21, 0x84, 0x10, 0x42, 0x08]) * 50),
        (1, words(0, 0), b"\x81\x03"),
        (1, words(0, 2001), b"\x81\x03"),
        (1, words(0, 65535), b"\x81\x03"),
        (1, words(COILS - 1, 1), b"\x01\x01\x00"),
        (1, words(COILS - 1, 2), b"\x81\x02"),
        (1, words(COILS, 1), b"\x81\x02"),
        (1, words(65535, 2), b"\x81\x02"),
        (2, words(39, 1), b"\x02\x01\x01"),
        (2, words(39, 2), b"\x82\x02"),
        (2, words(0, 0), b"\x82\x03"),
        (2, words(0, 2001), b"\x82\x03"),
        (1, b"", b"\x81\x03"),
        (1, b"\0\0\0", b"\x81\x03"),
        (1, b"\0\0\0\1\0", b"\x81\x03"),
        # 3, 4: registers
        (4, words(0, 2), b"\x04\x04" + words(1000, 1001)),
        (4, words(0, 125), b"\x04\xfa" + words(*range(1000, 1125))),
        (4, words(0, 0), b"\x84\x03"),
        (4, words(0, 126), b"\x84\x03"),
        (4, words(0, 65535), b"\x84\x03"),
        (4, words(199, 1), b"\x04\x02" + words(1199)),
        (4, words(199, 2), b"\x84\x02"),
        (4, words(200, 1), b"\x84\x02"),
        (4, words(65535, 125), b"\x84\x02"),
        (4, b"\0\0\0", b"\x84\x03"),
        (4, b"\0\0\0\1\0", b"\x84\x03"),
        (3, words(99, 1), b"\x03\x02\0\0"),
        (3, words(100, 1), b"\x83\x02"),
        (3, words(0, 126), b"\x83\x03"),
        # 5: one coil is FF00 or 0000 and nothing else
        (5, words(3, 0xFF00), b"\x05" + words(3, 0xFF00)),
        (5, words(3, 0), b"\x05" + words(3, 0)),
        (5, words(3, 1), b"\x85\x03"),
        (5, words(3, 0xFF01), b"\x85\x03"),
        (5, words(20, 0xFF00), b"\x85\x02"),
        (5, words(3), b"\x85\x03"),
        (5, words(3, 0, 0), b"\x85\x03"),
        # 6: one register
        (6, words(3, 77), b"\x06" + words(3, 77)),
        (6, words(49, 77), b"\x06" + words(49, 77)),
        (6, words(50, 77), b"\x86\x02"),
        (6, words(65535, 77), b"\x86\x02"),
        (6, b"\0\3\0", b"\x86\x03"),
        (6, words(3, 77, 0), b"\x86\x03"),
        # 15: coils
        (15, coils(0, 20), b"\x0f" + words(0, 20)),
        (15, coils(19, 1), b"\x0f" + words(19, 1)),
        (15, coils(19, 2), b"\x8f\x02"),
        (15, coils(0, 0), b"\x8f\x03"),
        (15, coils(0, 1968), b"\x8f\x02"),
        (15, coils(0, 1969), b"\x8f\x03"),
        (15, coils(0, 9, size=1), b"\x8f\x03"),
        (15, coils(0, 9)[:-1], b"\x8f\x03"),
        (15, b"\0", b"\x8f\x03"),
        # 16: registers
        (16, words(3, 2) + b"\4" + words(5, 6), b"\x10" + words(3, 2)),
        (16, block(0, 50), b"\x10" + words(0, 50)),
        (16, block(49, 2), b"\x90\x02"),
        (16, block(0, 123), b"\x90\x02"),
        (16, block(0, 124), b"\x90\x03"),
        (16, block(3, 0), b"\x90\x03"),
        (16, block(3, 2, size=5), b"\x90\x03"),
        (16, block(3, 2)[:-1], b"\x90\x03"),
        (16, block(3, 2) + b"\0", b"\x90\x03"),
        (16, b"\0", b"\x90\x03"),
        # 22: mask write
        (22, words(3, 0x00F2, 0x0025), b"\x16" + words(3, 0x00F2, 0x0025)),
        (22, words(50, 0, 0), b"\x96\x02"),
        (22, words(100, 0, 0), b"\x96\x02"),
        (22, words(3, 0), b"\x96\x03"),
        (22, words(3, 0, 0, 0), b"\x96\x03"),
        # 23: write, then read
        (23, words(3, 2, 4, 1) + b"\2" + words(9), b"\x17\x04" + words(0, 9)),
        (23, swap(0, 100, 0, 50), b"\x17\xc8" + bytes(200)),
        (23, swap(0, 0, 0, 1), b"\x97\x03"),
        (23, swap(0, 126, 0, 1), b"\x97\x03"),
        (23, swap(0, 125, 0, 1), b"\x97\x02"),
        (23, swap(0, 1, 0, 0), b"\x97\x03"),
        (23, swap(0, 1, 0, 121), b"\x97\x02"),
        (23, swap(0, 1, 0, 122), b"\x97\x03"),
        (23, swap(0, 1, 50, 1), b"\x97\x02"),
        (23, swap(99, 2, 0, 1), b"\x97\x02"),
        (23, swap(0, 1, 0, 2, size=3), b"\x97\x03"),
        (23, b"", b"\x97\x03"),
        # 43/14: identification
        (43, b"\x0e\x01\x00", b"\x2b\x0e\x01\x81\0\0\3\0\x08passline\1\x0bvirtual PLC\2\0030.1"),
        (43, b"\x0e\x04\x01", b"\x2b\x0e\x04\x81\0\0\1\1\x0bvirtual PLC"),
        (43, b"\x0e\x04\x09", b"\xab\x02"),
        (43, b"\x0e\x01\x09", b"\x2b\x0e\x01\x81\0\0\3\0\x08passline\1\x0bvirtual PLC\2\0030.1"),
        (43, b"\x0e\x00\x00", b"\xab\x03"),
        (43, b"\x0e\x05\x00", b"\xab\x03"),
        (43, b"\x0e\x01", b"\xab\x03"),
        (43, b"\x0d\x01\x00", b"\xab\x01"),
        (43, b"", b"\xab\x01"),
        # what nobody knows
        (0, b"", b"\x80\x01"),
        (7, b"", b"\x87\x01"),
        (8, words(0, 0), b"\x88\x01"),
        (20, b"\0", b"\x94\x01"),
        (0x64, b"\1\2", b"\xe4\x01"),
        (0x83, b"\1", b"\x83\x01"),
    ],
)  # fmt: skip
def test_every_request_gets_the_answer_of_the_specification(function, data, answer):
    assert told(function, data) == answer


def holding(unit, address, count=1):
    return struct.unpack(f">{count}H", unit.get("holding", address, count))


def test_what_was_written_is_what_is_read():
    unit = Unit()
    told(6, words(3, 77), unit)
    told(16, words(4, 2) + b"\4" + words(5, 6), unit)
    assert holding(unit, 3, 3) == (77, 5, 6)
    told(5, words(1, 0xFF00), unit)
    told(15, words(2, 10) + b"\2\xcd\x01", unit)
    assert told(1, words(1, 11), unit) == b"\x01\x02\x9b\x03"


def test_a_mask_changes_its_own_bits_only():
    unit = Unit()
    told(6, words(4, 0x12), unit)
    told(22, words(4, 0xF2, 0x25), unit)
    assert holding(unit, 4) == (0x17,)  # the example of the specification


@pytest.mark.parametrize(
    ("function", "data"),
    [
        (5, words(3, 1)), (5, words(20, 0xFF00)), (15, coils(15, 6)), (16, block(49, 2)),
        (22, words(50, 0, 7)), (23, swap(99, 2, 0, 1)), (23, swap(0, 1, 49, 2)),
    ],
)  # fmt: skip
def test_a_refused_write_has_changed_nothing(function, data):
    unit = Unit()
    told(16, words(0, 50) + b"\x64" + words(*range(1, 51)), unit)
    before = unit.get("holding", 0, 100), unit.get("coil", 0, 100)
    assert told(function, data, unit)[0] == function | 0x80
    assert (unit.get("holding", 0, 100), unit.get("coil", 0, 100)) == before


@pytest.mark.parametrize(
    ("function", "data", "asked"),
    [
        (1, words(5, 7), [(1, 1, 5, 7)]), (2, words(5, 7), [(1, 2, 5, 7)]),
        (3, words(5, 7), [(1, 3, 5, 7)]), (4, words(5, 7), [(1, 4, 5, 7)]),
        (5, words(5, 0xFF00), [(1, 5, 5, 1)]), (6, words(5, 7), [(1, 6, 5, 1)]),
        (15, coils(5, 7), [(1, 15, 5, 7)]), (16, block(5, 7), [(1, 16, 5, 7)]),
        (22, words(5, 0, 1), [(1, 22, 5, 1)]), (23, swap(5, 7, 9, 2), [(1, 23, 9, 2)]),
        (43, b"\x0e\1\0", [(1, 43, 0, 0)]),
    ],
)  # fmt: skip
def test_who_may_not_ask_gets_the_code_of_the_rules_and_changes_nothing(function, data, asked):
    unit, seen = Unit(), []

    def nobody(peer, *rest):
        assert peer == "10.0.0.9:502"
        seen.append(rest)
        return 1

    before = unit.get("holding", 0, 100), unit.get("coil", 0, 100)
    assert told(function, data, unit, nobody) == bytes([function | 0x80, 1])
    assert seen == asked
    assert (unit.get("holding", 0, 100), unit.get("coil", 0, 100)) == before


def test_a_device_with_much_to_say_of_itself_says_it_in_parts():
    unit, found, following = Unit(), {}, 0
    unit.identity = {0: "a", 1: "b", 2: "c", 5: "d" * 200, 0x80: "e" * 200, 0x81: "f" * 300}
    for _ in range(9):
        answer = told(43, bytes([14, 3, following]), unit)
        assert len(answer) <= 253
        more, following, count, at = answer[4], answer[5], answer[6], 7
        for _ in range(count):
            number, size = answer[at], answer[at + 1]
            found[number] = answer[at + 2 : at + 2 + size].decode()
            at += 2 + size
        assert at == len(answer)
        if not more:
            break
    assert found == unit.identity | {0x81: "f" * 238}


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 255), st.binary(max_size=252))
def test_no_data_whatever_breaks_a_function(function, data):
    answer = told(function, data)
    assert 2 <= len(answer) <= 253
    if function not in KNOWN:
        assert answer == bytes([function | 0x80, 1])
