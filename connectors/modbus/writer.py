"""The Modbus client that also writes: the gate's alone, and left out of a read-only build.

No request is ever sent twice here. Of a write that is not answered nobody knows whether it came.
"""

import struct
from collections.abc import Sequence

import numpy as np

from ..errors import ProtocolError
from .client import ModbusClient
from .protocol import MAX_READ, MAX_SWAP, MAX_WRITE, MAX_WRITE_BITS, READ_ONLY


class ModbusWriter(ModbusClient):
    """One connection that may write.

    Every method raises LinkError when no answer came: the write may or may not have arrived; and
    ProtocolError when the server refused it: nothing was written.
    """

    FUNCTIONS = READ_ONLY | {5, 6, 15, 16, 22, 23}

    async def write(self, address: int, registers: bytes) -> None:
        """Write holding registers (big-endian) by one frame of function 16."""
        count = _registers(registers, MAX_WRITE)
        head = struct.pack(">HHB", address, count, 2 * count)
        await self._echoed(16, head + registers, head[:4])

    async def write_register(self, address: int, register: bytes) -> None:
        """Write one holding register (two bytes) by function 6."""
        _registers(register, 1)
        data = struct.pack(">H", address) + register
        await self._echoed(6, data, data)

    async def write_coil(self, address: int, on: bool) -> None:
        """Set one coil by function 5."""
        data = struct.pack(">HH", address, 0xFF00 if on else 0)
        await self._echoed(5, data, data)

    async def write_coils(self, address: int, states: Sequence[bool]) -> None:
        """Set neighbouring coils by one frame of function 15."""
        count = len(states)
        if not 1 <= count <= MAX_WRITE_BITS:
            raise ProtocolError(f"{count} coils are outside 1..{MAX_WRITE_BITS}; write fewer", 3)
        packed = np.packbits(np.array(states, bool), bitorder="little").tobytes()
        head = struct.pack(">HHB", address, count, len(packed))
        await self._echoed(15, head + packed, head[:4])

    async def write_mask(self, address: int, keep: int, put: int) -> None:
        """Change bits of one holding register by function 22, without a race.

        Args:
            address: of the register.
            keep: bits that stay as they are.
            put: what the other bits become.
        """
        data = struct.pack(">HHH", address, keep, put)
        await self._echoed(22, data, data)

    async def write_and_read(self, address: int, registers: bytes, start: int, count: int) -> bytes:
        """Write holding registers and read others after it, by one frame of function 23."""
        if not 1 <= count <= MAX_READ:
            raise ProtocolError(f"{count} registers are outside 1..{MAX_READ}; read in blocks", 3)
        written = _registers(registers, MAX_SWAP)
        head = struct.pack(">HHHHB", start, count, address, written, 2 * written)
        body = await self._transact(23, head + registers)
        if len(body) != 1 + 2 * count or body[0] != 2 * count:
            raise self._lost(f"{len(body)} bytes came for {count} registers")
        return body[1:]

    async def _echoed(self, function: int, data: bytes, echo: bytes) -> None:
        if await self._transact(function, data) != echo:
            raise self._lost("the answer to a write names something else")


def _registers(data: bytes, most: int) -> int:
    count = len(data) // 2
    if not 1 <= count <= most or len(data) % 2:
        raise ProtocolError(f"{len(data)} bytes are not 1..{most} registers; write fewer", 3)
    return count
