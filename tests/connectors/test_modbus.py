"""Modbus TCP to the byte: framing, exception codes, limits, and a client that believes nothing."""

import asyncio
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passline.connectors.addresses import ModbusAddress
from passline.connectors.errors import LinkError, ProtocolError
from passline.connectors.modbus.client import ModbusClient
from passline.connectors.modbus.registers import RegisterImage, plan
from passline.connectors.modbus.server import ModbusServer
from passline.connectors.tags import Tag

pytestmark = pytest.mark.network


class Bench(RegisterImage):
    """Registers 0..49 of the holding table can be written."""

    def write(self, address, data, peer):
        if address + len(data) // 2 > 50:
            return 2
        self.put("holding", address, data)
        return 0


@pytest.fixture
async def bench():
    image = Bench(inputs=200, holdings=100)
    image.put("input", 0, struct.pack(">200H", *range(1000, 1200)))
    server = ModbusServer(image, max_peers=4, idle=0.4)
    image.port = await server.start()
    yield image
    await server.close()


def frame(function, data, transaction=7, unit=1, protocol=0):
    body = bytes([unit, function]) + data
    return struct.pack(">HHH", transaction, protocol, len(body)) + body


async def exchange(port, *pieces, pause=0.0):
    """Everything the server says until it closes or falls silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = b""
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        while piece := await asyncio.wait_for(reader.read(4096), 0.2):
            said += piece
    except TimeoutError:
        said += b"..."
    finally:
        writer.close()
    return said


@pytest.mark.parametrize(
    ("function", "data", "answer"),
    [
        (4, struct.pack(">HH", 0, 2), bytes([4, 4]) + struct.pack(">HH", 1000, 1001)),
        (4, struct.pack(">HH", 0, 0), b"\x84\x03"),
        (4, struct.pack(">HH", 0, 126), b"\x84\x03"),
        (4, struct.pack(">HH", 0, 65535), b"\x84\x03"),
        (4, struct.pack(">HH", 199, 2), b"\x84\x02"),
        (4, struct.pack(">HH", 200, 1), b"\x84\x02"),
        (4, b"\0\0\0", b"\x84\x03"),
        (3, struct.pack(">HH", 99, 1), b"\x03\x02\0\0"),
        (3, struct.pack(">HH", 0, 126), b"\x83\x03"),
        (6, struct.pack(">HH", 3, 77), bytes([6]) + struct.pack(">HH", 3, 77)),
        (6, struct.pack(">HH", 50, 77), b"\x86\x02"),
        (6, b"\0\3\0", b"\x86\x03"),
        (16, struct.pack(">HHB2H", 3, 2, 4, 5, 6), bytes([16]) + struct.pack(">HH", 3, 2)),
        (16, struct.pack(">HHB2H", 49, 2, 4, 5, 6), b"\x90\x02"),
        (16, struct.pack(">HHB", 3, 0, 0), b"\x90\x03"),
        (16, struct.pack(">HHB123H", 0, 124, 248, *range(123)), b"\x90\x03"),
        (16, struct.pack(">HHB2H", 3, 2, 5, 5, 6), b"\x90\x03"),
        (16, b"\0", b"\x90\x03"),
        (1, struct.pack(">HH", 0, 1), b"\x01\x01\x00"),
        (5, struct.pack(">HH", 0, 0xFF00), b"\x85\x01"),
        (23, b"", b"\x97\x01"),
        (0x64, b"\1\2", b"\xe4\x01"),
    ],
)
async def test_every_request_gets_the_answer_of_the_specification(bench, function, data, answer):
    said = await exchange(bench.port, frame(function, data, transaction=0x1234))
    head = struct.pack(">HHHB", 0x1234, 0, 1 + len(answer), 1)
    assert said == head + answer + b"..."


async def test_125_registers_are_read_at_once(bench):
    said = await exchange(bench.port, frame(4, struct.pack(">HH", 0, 125)))
    assert struct.unpack(">125H", said[9:-3]) == tuple(range(1000, 1125))


async def test_another_unit_is_not_answered_for(bench):
    said = await exchange(bench.port, frame(4, struct.pack(">HH", 0, 1), unit=9))
    assert said[7:9] == b"\x84\x0b"


@pytest.mark.parametrize("length", [0, 1, 255, 65535])
async def test_a_wrong_length_closes_the_connection(bench, length):
    said = await exchange(bench.port, struct.pack(">HHH", 1, 0, length) + b"\1\4\0\0\0\1")
    assert said == b""


async def test_a_wrong_protocol_id_closes_the_connection_after_the_good_answers(bench):
    good = frame(4, struct.pack(">HH", 0, 1), transaction=1)
    bad = frame(4, struct.pack(">HH", 0, 1), transaction=2, protocol=5)
    said = await exchange(bench.port, good + bad + good)
    assert said == struct.pack(">HHHBBBH", 1, 0, 5, 1, 4, 2, 1000)


async def test_a_request_may_come_byte_by_byte(bench):
    request = frame(4, struct.pack(">HH", 5, 1))
    pieces = [request[i : i + 1] for i in range(len(request))]
    said = await exchange(bench.port, *pieces, pause=0.001)
    assert said == struct.pack(">HHHBBBH", 7, 0, 5, 1, 4, 2, 1005) + b"..."


@pytest.mark.parametrize("count", [16, 200])
async def test_pipelined_requests_are_all_answered_in_their_order(bench, count):
    requests = [frame(4, struct.pack(">HH", n % 100, 1), transaction=n) for n in range(count)]
    said = await exchange(bench.port, b"".join(requests))
    answers = list(struct.iter_unpack(">HHHBBBH", said[:-3]))
    assert [(a[0], a[6]) for a in answers] == [(n, 1000 + n % 100) for n in range(count)]


async def test_a_fifth_client_is_turned_away_and_may_come_when_one_has_left(bench):
    held = [await asyncio.open_connection("127.0.0.1", bench.port) for _ in range(4)]
    await asyncio.sleep(0.05)
    fifth = await ModbusClient.open("127.0.0.1", bench.port)
    with pytest.raises(LinkError):
        await fifth.read("input", 0, 1)
    await fifth.close()
    held[0][1].close()
    await asyncio.sleep(0.05)
    client = await ModbusClient.open("127.0.0.1", bench.port)
    assert await client.read("input", 0, 1) == struct.pack(">H", 1000)
    await client.close()
    for _, writer in held[1:]:
        writer.close()


async def test_an_idle_client_is_dropped(bench):
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.port)
    assert await reader.read() == b""
    writer.close()


async def test_random_bytes_neither_stop_the_server_nor_get_an_answer_out_of_order(bench):
    import random

    dice = random.Random(4)
    for _ in range(60):
        blob = dice.randbytes(dice.randrange(1, 300))
        reader, writer = await asyncio.open_connection("127.0.0.1", bench.port)
        writer.write(blob)
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 2.0)
        writer.close()
    client = await ModbusClient.open("127.0.0.1", bench.port)
    assert await client.read("input", 7, 1) == struct.pack(">H", 1007)
    await client.close()


async def test_the_client_reads_writes_and_hears_a_refusal(bench):
    client = await ModbusClient.open("127.0.0.1", bench.port)
    await client.write(10, struct.pack(">3H", 1, 2, 3))
    assert await client.read("holding", 10, 3) == struct.pack(">3H", 1, 2, 3)
    with pytest.raises(ProtocolError) as refused:
        await client.write(60, b"\0\1")
    assert refused.value.code == 2
    assert await client.read("holding", 10, 1) == b"\0\1"  # a refusal is no loss
    await client.close()


@pytest.mark.parametrize(
    "lie",
    [
        b"\x00\x01\x00\x00\x00\x05\x01\x03\x02\x00\x01",  # another function
        b"\x00\x01\x00\x00\x00\x05\x01\x04\x04\x00\x01",  # a wrong byte count
        b"\x00\x01\x00\x00\x00\x07\x01\x04\x04\x00\x01\x00\x02",  # more than was asked for
        b"\x00\x01\x00\x07\x00\x05\x01\x04\x02\x00\x01",  # another protocol
        b"\x00\x02\x00\x00\x00\x05\x01\x04\x02\x00\x01",  # nobody's transaction
        b"\x00\x01\x00\x00\x00\x05\x02\x04\x02\x00\x01",  # another unit
        b"\x00\x01\x00\x00\x00\x05\x01",  # half an answer, then nothing
        b"",
    ],
)
async def test_an_answer_that_does_not_fit_is_a_lost_link_and_never_a_value(lie):
    async def liar(reader, writer):
        await reader.readexactly(12)
        writer.write(lie)
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(liar, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = await ModbusClient.open("127.0.0.1", port, deadline=0.2)
    with pytest.raises(LinkError):
        await client.read("input", 0, 1)
    with pytest.raises(LinkError):
        await client.read("input", 0, 1)  # it stays closed
    await client.close()
    server.close()
    await server.wait_closed()


async def test_nobody_there_is_a_link_error_with_a_remedy():
    with pytest.raises(LinkError, match="is the PLC running"):
        await ModbusClient.open("127.0.0.1", 1, deadline=0.5)


def tag(name, register, kind="f32", table="input"):
    return Tag(name, "1", 0.0, 1.0, modbus=ModbusAddress(table, register, kind))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 600), unique=True, min_size=1, max_size=60),
    st.integers(4, 125),
    st.integers(0, 20),
)
def test_blocks_cover_every_tag_once_within_the_limits(slots, max_block, max_gap):
    tags = [tag(f"t.{slot}", 4 * slot, "f64") for slot in slots]
    blocks = plan(tags, max_block, max_gap)
    assert sorted(t.name for b in blocks for t in b.tags) == sorted(t.name for t in tags)
    for block in blocks:
        assert block.count <= max_block
        for one in block.tags:
            end = one.modbus.register + one.modbus.words
            assert block.start <= one.modbus.register
            assert end <= block.start + block.count


@settings(max_examples=50, deadline=None)
@given(st.floats(width=32), st.sampled_from(["f32", "f64"]))
def test_a_number_survives_its_registers(value, kind):
    at = ModbusAddress("input", 0, kind)
    again = at.decode(at.encode(value))
    assert again == value or (again != again and value != value)
