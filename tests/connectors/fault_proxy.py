"""A TCP proxy that does to a connection what networks do: black hole, slices, refusal, reset."""

import asyncio
import contextlib
import socket
import struct


class FaultProxy:
    """Between a client and 127.0.0.1:`port`; its faults are switches.

    Attributes:
        mute: directions ("up", "down") in which nothing passes while the sockets stay open.
        refuse: whether new connections are cut at once.
        slice: whether bytes pass one by one.
        seen: bytes that passed upwards.
    """

    def __init__(self, port):
        self._upstream, self._writers = port, set()
        self.mute, self.seen = set(), 0
        self.refuse = self.slice = False

    async def start(self):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self):
        self._server.close()
        self.reset()
        await asyncio.sleep(0.05)

    def reset(self):
        """Cut every connection with RST, as a cable or a firewall does."""
        for writer in list(self._writers):
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
            writer.transport.abort()

    async def _accept(self, reader, writer):
        if self.refuse:
            writer.transport.abort()
            return
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        pair = {writer, up_writer}
        self._writers |= pair
        await asyncio.gather(
            self._pump("up", reader, up_writer),
            self._pump("down", up_reader, writer),
            return_exceptions=True,
        )
        self._writers -= pair

    async def _pump(self, direction, reader, writer):
        try:
            while data := await reader.read(65536):
                while direction in self.mute:  # noqa: ASYNC110 - a switch, not an event
                    await asyncio.sleep(0.01)
                if direction == "up":
                    self.seen += len(data)
                for piece in [data[i : i + 1] for i in range(len(data))] if self.slice else [data]:
                    writer.write(piece)
                    if self.slice:
                        await asyncio.sleep(0)
                await writer.drain()
        finally:
            writer.close()
