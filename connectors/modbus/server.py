"""A Modbus server over TCP or TLS, exact in framing, fair among its clients."""

import asyncio
from ssl import SSLContext
from typing import cast

from .functions import Functions, allow_all
from .protocol import HEADER, LONGEST, NO_SUCH_UNIT, Access, Peer
from .registers import RegisterImage

MAX_PEERS = 16
IDLE = 60.0  # wall s without a request before a connection is closed
BURST = 64  # frames answered at once for one peer before the others get their turn


class ModbusPeer(asyncio.Protocol):
    """One connection. Any number of requests may be in flight; answers come in their order."""

    def __init__(
        self,
        image: RegisterImage,
        peers: set["ModbusPeer"],
        max_peers: int = MAX_PEERS,
        idle: float = IDLE,
        access: Access = allow_all,
    ) -> None:
        self._image = image
        self._access = access
        self._peers = peers
        self._max_peers = max_peers
        self._idle_after = idle
        self._buffer = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._choked = False  # the peer does not take its answers
        self._queued = False  # the rest of what came waits for its next turn

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, unless there are too many."""
        self._transport = cast("asyncio.Transport", transport)
        self._loop = asyncio.get_running_loop()
        if len(self._peers) >= self._max_peers:
            self._transport.abort()
            return
        self._peers.add(self)
        host, port = transport.get_extra_info("peername")[:2]
        tls = transport.get_extra_info("ssl_object")
        shown = tls.getpeercert(binary_form=True) if tls else None
        self._functions = Functions(self._image, Peer(f"{host}:{port}", shown), self._access)
        self._seen = self._loop.time()
        self._timer = self._loop.call_later(self._idle_after, self._check_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._peers.discard(self)
        if self._timer:
            self._timer.cancel()

    def pause_writing(self) -> None:
        """Serve no further requests to a peer that does not read its answers."""
        self._choked = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on when the answers have been taken."""
        self._choked = False
        if not self._queued:
            self._serve()

    def close(self) -> None:
        """Drop the connection now."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Answer every complete frame, in order."""
        self._seen = self._loop.time()
        self._buffer += data
        if not self._queued:
            self._serve()

    def _serve(self) -> None:
        """Answer up to `BURST` frames; a peer with more is not read before its turn is over."""
        self._queued = False
        if self._transport.is_closing() or self._choked:
            return
        buffer, start, broken = self._buffer, 0, False
        answers: list[bytes] = []
        while len(buffer) - start >= HEADER.size and len(answers) < BURST:
            transaction, protocol, length = HEADER.unpack_from(buffer, start)
            if protocol != 0 or not 2 <= length <= LONGEST:
                broken = True  # not Modbus: never resynchronise by guessing
                break
            end = start + HEADER.size + length
            if len(buffer) < end:
                break
            unit, function = buffer[start + 6], buffer[start + 7]
            body: bytes | int = NO_SUCH_UNIT
            if unit == self._image.unit:
                body = self._functions.answer(function, bytes(buffer[start + 8 : end]))
            if isinstance(body, int):
                function, body = function | 0x80, bytes([body])
            head = HEADER.pack(transaction, 0, 2 + len(body)) + bytes([unit, function])
            answers.append(head + body)
            start = end
        del buffer[:start]
        if answers:
            self._transport.write(b"".join(answers))
        if broken:
            self._transport.close()
        elif len(answers) >= BURST:
            self._queued = True
            self._transport.pause_reading()
            self._loop.call_soon(self._serve)
        elif not self._choked:
            self._transport.resume_reading()

    def _check_idle(self) -> None:
        left = self._seen + self._idle_after - self._loop.time()
        if left <= 0:
            self._transport.abort()
        else:
            self._timer = self._loop.call_later(left, self._check_idle)


class ModbusServer:
    """The listening side; `close` drops every connection.

    Args:
        image: the tables of its unit.
        max_peers: connections at once; one more is closed at once.
        idle: wall s without a request after which a connection is closed.
        access: who may ask for what; by default everybody for everything that the image takes.
        tls: context with certificate, key and trusted clients (`tls.server_context`), or None.
    """

    def __init__(
        self,
        image: RegisterImage,
        max_peers: int = MAX_PEERS,
        idle: float = IDLE,
        *,
        access: Access = allow_all,
        tls: SSLContext | None = None,
    ) -> None:
        self._image, self._max_peers, self._idle = image, max_peers, idle
        self._access, self._tls = access, tls
        self._peers: set[ModbusPeer] = set()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen, and return the port."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: ModbusPeer(self._image, self._peers, self._max_peers, self._idle, self._access),
            host,
            port,
            ssl=self._tls,
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        self._server.close()
        for peer in list(self._peers):
            peer.close()
        await self._server.wait_closed()
