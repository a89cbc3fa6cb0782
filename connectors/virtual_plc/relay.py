"""Between the clients and a server of the PLC: holds answers back, cuts, lets nobody in."""

import asyncio
import contextlib
import socket
import struct

_LINGER = struct.pack("ii", 1, 0)  # cut with RST, as a cable or a firewall does
_CHUNK = 65536


class Relay:
    """A TCP relay from the public port to the one where the server listens.

    Attributes:
        delay: how long every answer is held back (wall s).
    """

    def __init__(self, host: str, port: int, inner: int) -> None:
        self._host, self._port, self._inner = host, port, inner
        self.delay = 0.0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Let clients in."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, self._host, self._port)

    async def shut(self) -> None:
        """Cut every connection and let nobody in."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self.cut()

    def cut(self) -> None:
        """Cut every connection."""
        for writer in list(self._writers):
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _LINGER
                )
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = {writer}
        self._writers.add(writer)
        with contextlib.suppress(OSError):
            up_reader, up_writer = await asyncio.open_connection(self._host, self._inner)
            pair.add(up_writer)
            self._writers.add(up_writer)
            pumps = (self._pump(reader, up_writer), self._pump(up_reader, writer, held=True))
            await asyncio.gather(*pumps, return_exceptions=True)
        self._writers -= pair
        for each in pair:
            each.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, held: bool = False
    ) -> None:
        try:
            while data := await reader.read(_CHUNK):
                if held and self.delay > 0:
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()
