"""A Modbus TCP client: one request in flight, every answer checked, every wait with a deadline."""

import asyncio
import contextlib
import struct

from ..addresses import BITS, Table
from ..errors import LinkError, ProtocolError
from .registers import MAX_READ, READS
from .server import HEADER, MAX_WRITE

_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    6: "device busy",
    0x0A: "gateway path unavailable",
    0x0B: "gateway target did not respond",
}


class ModbusClient:
    """One connection to one unit. After any failure but a refusal it is closed for good."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, unit: int, deadline: float
    ) -> None:
        self._reader, self._writer = reader, writer
        self._unit, self._deadline = unit, deadline
        self._transaction = 0
        self._lock = asyncio.Lock()

    @classmethod
    async def open(
        cls, host: str, port: int, unit: int = 1, deadline: float = 2.0
    ) -> "ModbusClient":
        """Connect.

        Args:
            host: address of the server.
            port: its port.
            unit: unit id.
            deadline: limit of connecting and of every request (wall s).

        Raises:
            LinkError: if nobody answers.
        """
        try:
            async with asyncio.timeout(deadline):
                reader, writer = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError) as error:
            raise LinkError(
                f"no Modbus server at {host}:{port} ({error or 'time-out'}); is the PLC running?"
            ) from error
        return cls(reader, writer, unit, deadline)

    async def read(self, table: Table, address: int, count: int) -> bytes:
        """Return `count` registers, big-endian, or bits as one byte each.

        Raises:
            LinkError: if the connection or the deadline is lost; the client is then closed.
            ProtocolError: if the server refuses; carries the exception code.
        """
        if not 1 <= count <= MAX_READ:
            raise ProtocolError(f"{count} registers are outside 1..{MAX_READ}; read in blocks", 3)
        function = next(number for number, name in READS.items() if name == table)
        body = await self._transact(function, struct.pack(">HH", address, count))
        size = -(-count // 8) if table in BITS else 2 * count
        if len(body) != 1 + size or body[0] != size:
            await self.close()
            raise LinkError(f"{len(body)} bytes came for {count} registers; the link is closed")
        if table in BITS:
            return bytes(body[1 + number // 8] >> number % 8 & 1 for number in range(count))
        return body[1:]

    async def write(self, address: int, registers: bytes) -> None:
        """Write holding registers by one frame of function 16; a write is never repeated here.

        Raises:
            LinkError: if no answer came: the write may or may not have arrived.
            ProtocolError: if the server refuses.
        """
        count = len(registers) // 2
        if not 1 <= count <= MAX_WRITE or len(registers) % 2:
            raise ProtocolError(f"{len(registers)} bytes are not 1..{MAX_WRITE} registers", 3)
        head = struct.pack(">HHB", address, count, 2 * count)
        if await self._transact(16, head + registers) != head[:4]:
            await self.close()
            raise LinkError("the answer to a write names other registers; the link is closed")

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()

    async def _transact(self, function: int, data: bytes) -> bytes:
        async with self._lock:
            if self._writer.is_closing():
                raise LinkError("the Modbus connection is closed; open another")
            self._transaction = self._transaction % 0xFFFF + 1
            head = HEADER.pack(self._transaction, 0, 2 + len(data))
            try:
                async with asyncio.timeout(self._deadline):
                    self._writer.write(head + bytes([self._unit, function]) + data)
                    await self._writer.drain()
                    answer = await self._answer()
            except (OSError, EOFError, TimeoutError) as error:
                self._writer.transport.abort()
                raise LinkError(
                    f"the Modbus server does not answer ({type(error).__name__}); reconnect"
                ) from error
            except BaseException:  # cancelled in the middle: an answer may still be under way
                self._writer.transport.abort()
                raise
        got, body = answer[0], answer[1:]
        if got == function | 0x80 and len(body) == 1:
            name = _EXCEPTIONS.get(body[0], "unknown exception")
            raise ProtocolError(
                f"the Modbus server refuses function {function}: {name} ({body[0]})", body[0]
            )
        if got != function:
            await self.close()
            raise LinkError(f"function {got} answered function {function}; the link is closed")
        return body

    async def _answer(self) -> bytes:
        """Return function and body of the answer; late answers of nobody are dropped."""
        while True:
            transaction, protocol, length = HEADER.unpack(
                await self._reader.readexactly(HEADER.size)
            )
            if protocol != 0 or not 3 <= length <= 254:
                raise ConnectionError("not a Modbus frame")
            rest = await self._reader.readexactly(length)
            if transaction == self._transaction and rest[0] == self._unit:
                return rest[1:]
