"""Our Modbus client: what it sends to the byte, and that it believes nothing that does not fit."""

import asyncio
import contextlib
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passline.connectors.errors import LinkError, NoAnswerError, ProtocolError
from passline.connectors.modbus.client import ModbusClient
from passline.connectors.modbus.server import ModbusServer
from passline.connectors.modbus.writer import ModbusWriter

from .modbus_bench import Unit, frame, words

pytestmark = pytest.mark.network


class Peer:
    """A server that answers each request by a rule, or with nothing."""

    def __init__(self, rule):
        self.rule, self.requests = rule, []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()

    async def _talk(self, reader, writer):
        try:
            while head := await reader.readexactly(6):
                number, _, length = struct.unpack(">HHH", head)
                request = await reader.readexactly(length)
                self.requests.append(request)
                for piece in self.rule(number, request):
                    writer.write(piece)
                    await writer.drain()
        except (EOFError, OSError):
            pass
        finally:
            writer.close()


READS = [
    (("coil", 19, 3), b"\x01\x01" + words(19, 3), b"\x01\x01\x05", b"\1\0\1"),
    (("discrete", 0, 9), b"\x01\x02" + words(0, 9), b"\x02\x02\x01\x01", b"\1\0\0\0\0\0\0\0\1"),
    (("holding", 107, 2), b"\x01\x03" + words(107, 2), b"\x03\x04" + words(7, 8), words(7, 8)),
    (("input", 8, 1), b"\x01\x04" + words(8, 1), b"\x04\x02" + words(10), words(10)),
]
WRITES = [
    ("write_coil", (172, True), b"\x01\x05" + words(172, 0xFF00), None),
    ("write_coil", (172, False), b"\x01\x05" + words(172, 0), None),
    ("write_register", (1, words(3)), b"\x01\x06" + words(1, 3), None),
    (
        "write_coils",
        (19, [True, False, True, True, False, False, True, True, True, False]),
        b"\x01\x0f" + words(19, 10) + b"\x02\xcd\x01",
        b"\x0f" + words(19, 10),
    ),
    ("write", (1, words(10, 258)), b"\x01\x10" + words(1, 2) + b"\4" + words(10, 258),
     b"\x10" + words(1, 2)),
    ("write_mask", (4, 0xF2, 0x25), b"\x01\x16" + words(4, 0xF2, 0x25), None),
    ("write_and_read", (14, words(255), 3, 2),
     b"\x01\x17" + words(3, 2, 14, 1) + b"\2" + words(255), b"\x17\4" + words(1, 2)),
]  # fmt: skip


def answering(body):
    return lambda number, _: [frame(body[0], body[1:], number)]


@pytest.mark.parametrize(("call", "request_", "answer", "value"), READS)
async def test_a_read_is_one_exact_request(call, request_, answer, value):
    async with Peer(answering(answer)) as peer:
        client = await ModbusClient.open("127.0.0.1", peer.port)
        assert await client.read(*call) == value
        assert peer.requests == [request_]
        await client.close()


@pytest.mark.parametrize(("method", "arguments", "request_", "answer"), WRITES)
async def test_a_write_is_one_exact_request(method, arguments, request_, answer):
    async with Peer(answering(answer or request_[1:])) as peer:
        client = await ModbusWriter.open("127.0.0.1", peer.port)
        await getattr(client, method)(*arguments)
        assert peer.requests == [request_]
        await client.close()


@pytest.mark.parametrize(("method", "arguments", "request_", "answer"), WRITES)
async def test_an_answer_that_names_another_write_is_a_lost_link(
    method, arguments, request_, answer
):
    wrong = bytearray(answer or request_[1:])
    wrong[1] ^= 1
    async with Peer(answering(bytes(wrong))) as peer:
        client = await ModbusWriter.open("127.0.0.1", peer.port)
        with pytest.raises(LinkError):
            await getattr(client, method)(*arguments)
        assert len(peer.requests) == 1  # and it is not sent again
        await client.close()


@pytest.mark.parametrize(("method", "arguments", "request_", "answer"), WRITES)
async def test_a_write_that_nobody_answers_is_sent_once(method, arguments, request_, answer):
    async with Peer(lambda *_: []) as peer:
        client = await ModbusWriter.open("127.0.0.1", peer.port, deadline=0.1)
        with pytest.raises(NoAnswerError):
            await getattr(client, method)(*arguments)
        assert peer.requests == [request_]
        await client.close()


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 8, 10, 11, 99])
@pytest.mark.parametrize(("call", "function"), [(r[0], r[2][0]) for r in READS])
async def test_an_exception_answer_is_a_refusal_with_its_code_and_no_loss(call, function, code):
    async with Peer(answering(bytes([function | 0x80, code]))) as peer:
        client = await ModbusClient.open("127.0.0.1", peer.port)
        for _ in range(2):
            with pytest.raises(ProtocolError) as refused:
                await client.read(*call)
            assert refused.value.code == code
        await client.close()


@pytest.mark.parametrize(
    "lie",
    [
        b"\x00\x01\x00\x00\x00\x05\x01\x03\x02\x00\x01",  # another function
        b"\x00\x01\x00\x00\x00\x03\x01\x83\x02",  # an exception of another function
        b"\x00\x01\x00\x00\x00\x04\x01\x84\x02\x00",  # an exception that is too long
        b"\x00\x01\x00\x00\x00\x05\x01\x04\x04\x00\x01",  # a wrong byte count
        b"\x00\x01\x00\x00\x00\x07\x01\x04\x04\x00\x01\x00\x02",  # more than was asked for
        b"\x00\x01\x00\x00\x00\x03\x01\x04\x00",  # less
        b"\x00\x01\x00\x07\x00\x05\x01\x04\x02\x00\x01",  # another protocol
        b"\x00\x01\x00\x00\x00\x02\x01\x04",  # too short a length
        b"\x00\x01\x00\x00\x01\x00\x01\x04\x02\x00\x01",  # too great a length
        b"\x00\x02\x00\x00\x00\x05\x01\x04\x02\x00\x01",  # nobody's transaction
        b"\x00\x00\x00\x00\x00\x05\x01\x04\x02\x00\x01",  # transaction 0
        b"\x00\x01\x00\x00\x00\x05\x02\x04\x02\x00\x01",  # another unit
        b"\x00\x01\x00\x00\x00\x05\x01",  # half an answer, then nothing
        b"",
    ],
)
async def test_an_answer_that_does_not_fit_is_a_lost_link_and_never_a_value(lie):
    async with Peer(lambda *_: [lie]) as peer:
        client = await ModbusClient.open("127.0.0.1", peer.port, deadline=0.2)
        with pytest.raises(LinkError):
            await client.read("input", 0, 1)
        with pytest.raises(LinkError):
            await client.read("input", 0, 1)  # it stays closed
        assert len(peer.requests) == 1
        await client.close()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 1))
def test_no_bytes_whatever_become_a_value_or_break_the_client(noise, right):
    async def ask():
        start = b"\0\1\0\0" if right else b""
        async with Peer(lambda *_: [start + noise]) as peer:
            client = None
            while client is None:  # a busy machine may be later than so short a deadline
                with contextlib.suppress(LinkError):
                    client = await ModbusClient.open("127.0.0.1", peer.port, deadline=0.03)
            try:
                value = await client.read("input", 0, 1)
            except (LinkError, ProtocolError):
                value = None
            good = b"\0\1\0\0\0\5\1\4\2"
            assert value is None or (start + noise).find(good + value) >= 0
            await client.close()

    asyncio.run(ask())


async def test_answers_may_come_together_in_any_order_or_byte_by_byte():
    held = []

    def hold(number, request):
        (address,) = struct.unpack_from(">H", request, 2)
        held.append(frame(4, b"\2" + words(address), number))
        if len(held) < 16:
            return []
        stream = b"".join(reversed(held))
        return [stream[:100], *(stream[i : i + 1] for i in range(100, len(stream)))]

    async with Peer(hold) as peer:
        client = await ModbusClient.open("127.0.0.1", peer.port, in_flight=16)
        got = await asyncio.gather(*(client.read("input", n, 1) for n in range(16)))
        assert got == [words(n) for n in range(16)]
        await client.close()


async def test_no_more_is_under_way_than_the_device_bears_and_a_loss_fails_all_who_wait():
    async with Peer(lambda *_: []) as peer:
        client = await ModbusClient.open("127.0.0.1", peer.port, deadline=0.2, in_flight=8)
        got = await asyncio.gather(
            *(client.read("input", n, 1) for n in range(20)), return_exceptions=True
        )
        assert all(isinstance(error, LinkError) for error in got)
        assert len(peer.requests) == 8  # those that had not left are not sent afterwards
        await client.close()


async def test_a_reader_that_gave_up_does_not_get_anothers_answer():
    async with Peer(answering(b"\x04\x02\x00\x07")) as peer:
        client = await ModbusClient.open("127.0.0.1", peer.port)
        given_up = asyncio.create_task(client.read("input", 0, 1))
        await asyncio.sleep(0)
        given_up.cancel()
        assert await client.read("input", 0, 1) == words(7)
        await client.close()


async def test_a_slow_device_gets_its_pause():
    server = ModbusServer(Unit())
    port = await server.start()
    client = await ModbusClient.open("127.0.0.1", port, pause=0.05, in_flight=4)
    start = asyncio.get_running_loop().time()
    await asyncio.gather(*(client.read("input", n, 1) for n in range(5)))
    assert asyncio.get_running_loop().time() - start >= 0.2
    await client.close()
    await server.close()


async def test_client_and_server_agree_on_every_function():
    server = ModbusServer(Unit())
    client = await ModbusWriter.open("127.0.0.1", await server.start())
    await client.write(10, words(1, 2, 3))
    await client.write_register(13, words(4))
    await client.write_mask(13, 0xFFFD, 2)
    assert await client.read("holding", 10, 4) == words(1, 2, 3, 6)
    assert await client.write_and_read(10, words(9), 10, 2) == words(9, 2)
    await client.write_coils(0, [True] * 9 + [False])
    await client.write_coil(9, True)
    assert await client.read("coil", 0, 11) == b"\1" * 11
    assert await client.read("coil", 0, 2000) is not None
    assert await client.identify() == {0: "passline", 1: "virtual PLC", 2: "0.1"}
    with pytest.raises(ProtocolError) as refused:
        await client.write(60, b"\0\1")
    assert refused.value.code == 2
    assert await client.read("holding", 10, 1) == words(9)  # a refusal is no loss
    await client.close()
    await server.close()


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.read("input", 0, 0),
        lambda c: c.read("input", 0, 126),
        lambda c: c.read("coil", 0, 2001),
        lambda c: c.write(0, b""),
        lambda c: c.write(0, b"\0"),
        lambda c: c.write(0, bytes(2 * 124)),
        lambda c: c.write_coils(0, []),
        lambda c: c.write_coils(0, [True] * 1969),
        lambda c: c.write_and_read(0, bytes(2 * 122), 0, 1),
        lambda c: c.write_and_read(0, bytes(2), 0, 126),
    ],
)
async def test_what_no_frame_can_carry_is_never_sent(call):
    async with Peer(lambda *_: []) as peer:
        client = await ModbusWriter.open("127.0.0.1", peer.port)
        with pytest.raises(ProtocolError):
            await call(client)
        assert peer.requests == []
        await client.close()


async def test_nobody_there_is_a_link_error_with_a_remedy():
    with pytest.raises(LinkError, match="is the PLC running"):
        await ModbusClient.open("127.0.0.1", 1, deadline=0.5)
