"""A Modbus client over TCP or TLS that only reads; every answer checked, every wait with an end."""

import asyncio
import contextlib
import struct
from ssl import SSLContext, SSLError
from typing import ClassVar, Self, cast

import numpy as np

from ..addresses import BITS, Table
from ..errors import LinkError, NoAnswerError, ProtocolError
from .protocol import (
    FUNCTION,
    HEADER,
    IDENTIFY,
    LONGEST,
    READ_ONLY,
    check_count,
    refusal,
)


class ModbusClient(asyncio.Protocol):
    """One connection to one unit. After any failure but a refusal it is closed for good.

    Several requests may be under way at once; answers are told apart by their transaction id, and
    one of nobody is dropped.
    """

    FUNCTIONS: ClassVar[frozenset[int]] = READ_ONLY
    """What this class sends at all."""

    def __init__(self, unit: int, deadline: float, in_flight: int, pause: float) -> None:
        self._unit, self._deadline, self._pause = unit, deadline, pause
        self._room = asyncio.Semaphore(in_flight)
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._transaction = 0
        self._buffer = bytearray()
        self._next = 0.0  # loop time before which nothing is sent
        self._gone = asyncio.Event()
        self._why = "the Modbus connection is closed; open another"

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        unit: int = 1,
        deadline: float = 2.0,
        *,
        in_flight: int = 1,
        pause: float = 0.0,
        tls: SSLContext | None = None,
    ) -> Self:
        """Connect.

        Args:
            host: address of the server.
            port: its port.
            unit: unit id.
            deadline: limit of connecting and of every request (wall s).
            in_flight: requests under way at once.
            pause: least time between two requests (wall s).
            tls: context with certificate, key and trusted servers (`tls.client_context`), or None.

        Raises:
            LinkError: if nobody answers, or TLS does not trust who does.
        """
        try:
            async with asyncio.timeout(deadline):
                _, client = await asyncio.get_running_loop().create_connection(
                    lambda: cls(unit, deadline, in_flight, pause), host, port, ssl=tls
                )
        except (OSError, TimeoutError, SSLError) as error:
            raise LinkError(
                f"no Modbus server at {host}:{port} ({error or 'time-out'}); is the PLC running?"
            ) from error
        return client

    async def read(self, table: Table, address: int, count: int) -> bytes:
        """Return `count` registers, big-endian, or `count` bits, one byte each.

        Raises:
            LinkError: if the connection or the deadline is lost; the client is then closed.
            ProtocolError: if the server refuses; carries the exception code.
        """
        check_count(table, count)
        bits = table in BITS
        body = await self._transact(FUNCTION[table], struct.pack(">HH", address, count))
        size = -(-count // 8) if bits else 2 * count
        if len(body) != 1 + size or body[0] != size:
            raise self._lost(f"{len(body)} bytes came for {count} of table {table}")
        if not bits:
            return body[1:]
        packed = np.frombuffer(body, np.uint8, offset=1)
        return np.unpackbits(packed, count=count, bitorder="little").tobytes()

    async def identify(self) -> dict[int, str]:
        """Return what function 43/14 tells: 0 vendor, 1 product code, 2 revision, and more.

        Raises:
            LinkError: if the connection or the deadline is lost.
            ProtocolError: if the server does not know the function.
        """
        found: dict[int, str] = {}
        following = 0
        while True:
            body = await self._transact(IDENTIFY, bytes([14, 3, following]))
            try:
                mei, _, _, more, following, count = body[:6]
                at = 6
                for _ in range(count):
                    number, size = body[at : at + 2]
                    text = body[at + 2 : at + 2 + size]
                    if len(text) != size or number in found:
                        raise ValueError
                    found[number] = text.decode("utf-8", "replace")
                    at += 2 + size
                if mei != 14 or at != len(body):
                    raise ValueError
            except ValueError:
                raise self._lost("the identification of the device does not parse") from None
            if not more:
                return found

    async def close(self) -> None:
        """Close the connection."""
        self._transport.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._gone.wait()
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail every request that waits."""
        self._gone.set()
        self._fail(f"the Modbus server closed the connection ({exc or 'end of stream'}); reconnect")

    def data_received(self, data: bytes) -> None:
        """Give every complete answer to whoever waits for it."""
        self._buffer += data
        buffer, start = self._buffer, 0
        while len(buffer) - start >= HEADER.size:
            transaction, protocol, length = HEADER.unpack_from(buffer, start)
            if protocol != 0 or not 3 <= length <= LONGEST:
                self._lost("what came is not a Modbus frame")
                return
            end = start + HEADER.size + length
            if len(buffer) < end:
                break
            waiting = self._waiting.get(transaction)
            mine = buffer[start + 6] == self._unit
            if waiting is not None and mine and not waiting.done():
                waiting.set_result(bytes(buffer[start + 7 : end]))
            start = end
        del buffer[:start]

    async def _transact(self, function: int, data: bytes) -> bytes:
        """Send one request, once, and return the data of its answer."""
        if function not in self.FUNCTIONS:
            raise ProtocolError(
                f"function {function} can change the plant and this client only reads; the gate "
                "alone writes",
                1,
            )
        loop = asyncio.get_running_loop()
        async with self._room:
            if self._pause:
                await self._pace(loop)
            if self._transport.is_closing():
                raise LinkError(self._why)
            transaction = self._transaction = self._transaction % 0xFFFF + 1
            future: asyncio.Future[bytes] = loop.create_future()
            self._waiting[transaction] = future
            late = loop.call_later(self._deadline, self._too_late)
            try:
                head = HEADER.pack(transaction, 0, 2 + len(data))
                self._transport.write(head + bytes((self._unit, function)) + data)
                answer = await future
            finally:
                late.cancel()
                del self._waiting[transaction]
        got = answer[0]
        if got == function | 0x80 and len(answer) == 2:
            raise ProtocolError(refusal(function, answer[1]), answer[1])
        if got != function:
            raise self._lost(f"function {got} answered function {function}")
        return answer[1:]

    async def _pace(self, loop: asyncio.AbstractEventLoop) -> None:
        """Keep the pause that a slow device needs between two requests."""
        now = loop.time()
        turn = max(now, self._next)
        self._next = turn + self._pause
        if turn > now:
            await asyncio.sleep(turn - now)

    def _too_late(self) -> None:
        self._fail("the Modbus server does not answer in time; reconnect", NoAnswerError)
        self._transport.abort()

    def _lost(self, why: str) -> LinkError:
        """Close for good and fail all who wait."""
        self._fail(f"{why}; the link is closed")
        self._transport.abort()
        return LinkError(self._why)

    def _fail(self, why: str, kind: type[LinkError] = LinkError) -> None:
        self._why = why
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(kind(why))
