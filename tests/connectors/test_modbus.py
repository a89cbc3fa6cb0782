"""Modbus TCP frames: in pieces, together, wrong; connections too many, idle, secured."""

import asyncio
import random
import ssl
import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passline.connectors.errors import LinkError
from passline.connectors.modbus.client import ModbusClient
from passline.connectors.modbus.server import ModbusServer
from passline.connectors.modbus.tls import client_context, server_context
from passline.connectors.modbus.writer import ModbusWriter
from passline.connectors.security import init

from .modbus_bench import Unit, exchange, frame, words

pytestmark = pytest.mark.network


@pytest.fixture
async def bench():
    unit = Unit()
    server = ModbusServer(unit, max_peers=4, idle=0.6)
    unit.port = await server.start()
    yield unit
    await server.close()


@pytest.mark.parametrize("unit", [0, 2, 9, 247, 255])
async def test_another_unit_is_not_answered_for(bench, unit):
    said = await exchange(bench.port, frame(4, words(0, 1), unit=unit))
    assert said == struct.pack(">HHHBBB", 7, 0, 3, unit, 0x84, 0x0B) + b"..."


@pytest.mark.parametrize("length", [0, 1, 255, 65535])
async def test_a_wrong_length_closes_the_connection(bench, length):
    said = await exchange(bench.port, struct.pack(">HHH", 1, 0, length) + b"\1\4\0\0\0\1")
    assert said == b""


async def test_the_longest_frame_is_taken(bench):
    said = await exchange(bench.port, frame(0x64, bytes(252)))
    assert said[7:9] == b"\xe4\x01"


async def test_a_wrong_protocol_id_closes_the_connection_after_the_good_answers(bench):
    good = frame(4, words(0, 1), transaction=1)
    bad = frame(4, words(0, 1), transaction=2, protocol=5)
    said = await exchange(bench.port, good + bad + good)
    assert said == struct.pack(">HHHBBBH", 1, 0, 5, 1, 4, 2, 1000)


async def test_requests_may_come_byte_by_byte(bench):
    request = frame(4, words(5, 1)) + frame(1, words(0, 8), transaction=8)
    pieces = [request[i : i + 1] for i in range(len(request))]
    said = await exchange(bench.port, *pieces, pause=0.001)
    first = struct.pack(">HHHBBBH", 7, 0, 5, 1, 4, 2, 1005)
    assert said == first + struct.pack(">HHHBBBB", 8, 0, 4, 1, 1, 1, 0x21) + b"..."


@pytest.mark.parametrize("count", [2, 16, 200])
async def test_pipelined_requests_are_all_answered_in_their_order(bench, count):
    requests = [frame(4, words(n % 100, 1), transaction=n) for n in range(count)]
    said = await exchange(bench.port, b"".join(requests))
    answers = list(struct.iter_unpack(">HHHBBBH", said[:-3]))
    assert [(a[0], a[6]) for a in answers] == [(n, 1000 + n % 100) for n in range(count)]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([1, 2, 3, 4, 43]), st.binary(max_size=8)), max_size=9),
    st.lists(st.integers(1, 90), max_size=6),
)
def test_however_frames_are_cut_the_answers_are_the_same(requests, cuts):
    async def ask():
        server = ModbusServer(Unit())
        port = await server.start()
        stream = b"".join(frame(f, data, n) for n, (f, data) in enumerate(requests))
        stream += frame(4, words(0, 1), 0xFFFF)
        marks = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
        answers = []
        for pieces in ([stream], [stream[a:b] for a, b in pairwise(marks)]):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            got = []
            while not got or got[-1][0] != 0xFFFF:
                head = struct.unpack(">HHH", await reader.readexactly(6))
                got.append((*head, await reader.readexactly(head[2])))
            answers.append(got)
            writer.close()
        await server.close()
        assert answers[0] == answers[1]
        assert [answer[0] for answer in answers[0]] == [*range(len(requests)), 0xFFFF]

    asyncio.run(ask())


async def test_random_bytes_neither_stop_the_server_nor_fill_it(bench):
    dice = random.Random(4)
    for _ in range(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", bench.port)
        writer.write(dice.randbytes(dice.randrange(1, 300)))
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 2.0)
        writer.close()
    client = await ModbusClient.open("127.0.0.1", bench.port)
    assert await client.read("input", 7, 1) == words(1007)
    await client.close()


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
    assert await client.read("input", 0, 1) == words(1000)
    await client.close()
    for _, writer in held[1:]:
        writer.close()


async def test_an_idle_client_is_dropped(bench):
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.port)
    assert await reader.read() == b""
    writer.close()


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return init(tmp_path_factory.mktemp("keys") / "pki")


@pytest.fixture(scope="module")
def strangers(tmp_path_factory):
    return init(tmp_path_factory.mktemp("strangers") / "pki")


def of_client(pki, user="agent", trusts=None):
    plc = (trusts or pki).server_certificate()
    return client_context(pki.certificate(user), pki.key(user), [plc])


@pytest.fixture
async def secured(keys):
    seen = []

    def gate_writes(peer, unit, function, address, count):
        seen.append(peer.certificate)
        gate = peer.certificate == keys.certificate("gate").read_bytes()
        return 0 if function < 5 or gate else 1

    trusted = sorted(keys.trusted("clients").glob("*.der"))
    context = server_context(keys.certificate("plc"), keys.key("plc"), trusted)
    server = ModbusServer(Unit(), access=gate_writes, tls=context)
    server.port, server.seen = await server.start(), seen
    yield server
    await server.close()


async def test_over_tls_the_server_knows_who_asks(secured, keys):
    agent = await ModbusWriter.open("127.0.0.1", secured.port, tls=of_client(keys))
    assert await agent.read("input", 3, 1) == words(1003)
    with pytest.raises(Exception, match="illegal function"):
        await agent.write(3, words(1))
    gate = await ModbusWriter.open("127.0.0.1", secured.port, tls=of_client(keys, "gate"))
    await gate.write(3, words(1))
    assert await agent.read("holding", 3, 1) == words(1)
    assert set(secured.seen) == {keys.certificate(u).read_bytes() for u in ("agent", "gate")}
    await agent.close()
    await gate.close()


async def test_pipelined_requests_over_tls_are_all_answered(secured, keys):
    client = await ModbusClient.open("127.0.0.1", secured.port, in_flight=16, tls=of_client(keys))
    got = await asyncio.gather(*(client.read("input", n, 1) for n in range(100)))
    assert got == [words(1000 + n) for n in range(100)]
    await client.close()


async def refused(port, context):
    """Whether nothing is read; TLS 1.3 tells a client only after its first request."""
    try:
        client = await ModbusClient.open("127.0.0.1", port, deadline=2.0, tls=context)
    except LinkError:
        return True
    try:
        await client.read("input", 0, 1)
    except LinkError:
        return True
    finally:
        await client.close()
    return False


async def test_tls_lets_no_stranger_in_and_believes_none(secured, keys, strangers):
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    nobody.load_verify_locations(
        cadata=ssl.DER_cert_to_PEM_cert(keys.server_certificate().read_bytes())
    )
    assert await refused(secured.port, nobody)  # no certificate
    assert await refused(secured.port, of_client(strangers, trusts=keys))  # an unknown one
    assert await refused(secured.port, of_client(keys, trusts=strangers))  # an unknown server
    assert await refused(secured.port, None)  # no TLS at all
    assert not await refused(secured.port, of_client(keys))
