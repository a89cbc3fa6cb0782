"""Writing on a serial line: the gate's alone, and left out of a read-only build."""

import struct

from ..errors import ProtocolError
from .protocol import MAX_WRITE
from .serial import SerialClient


class SerialWriter(SerialClient):
    """One unit on a serial line that may be written; nothing is sent twice."""

    async def write(self, address: int, registers: bytes) -> None:
        """Write holding registers (big-endian) by function 16.

        Raises:
            LinkError: if no answer came: the write may or may not have arrived.
            ProtocolError: if the device refuses.
        """
        count = len(registers) // 2
        if not 1 <= count <= MAX_WRITE or len(registers) % 2:
            raise ProtocolError(f"{len(registers)} bytes are not 1..{MAX_WRITE} registers", 3)
        values = list(struct.unpack(f">{count}H", registers))
        answer = await self._exchange(
            16, lambda: self._client.write_registers(address, values, device_id=self._device.unit)
        )
        if (answer.address, answer.count) != (address, count):
            raise self._lost("the answer to a write names something else")

    async def write_coil(self, address: int, on: bool) -> None:
        """Set one coil by function 5; errors as in `write`."""
        answer = await self._exchange(
            5, lambda: self._client.write_coil(address, on, device_id=self._device.unit)
        )
        if answer.address != address or [bool(bit) for bit in answer.bits[:1]] != [on]:
            raise self._lost("the answer to a write names something else")

    async def write_mask(self, address: int, keep: int, put: int) -> None:
        """Change bits of one holding register by function 22; errors as in `write`."""
        unit = self._device.unit
        answer = await self._exchange(
            22,
            lambda: self._client.mask_write_register(
                address=address, and_mask=keep, or_mask=put, device_id=unit
            ),
        )
        if (answer.address, answer.and_mask, answer.or_mask) != (address, keep, put):
            raise self._lost("the answer to a write names something else")
