"""A unit for the tests of Modbus: every table, part of it writable, and frames made by hand."""

import asyncio
import struct

from passline.connectors.modbus.registers import RegisterImage

INPUTS, HOLDINGS, COILS, DISCRETES = 200, 100, 2100, 40


class Unit(RegisterImage):
    """Holding registers 0..49 and coils 0..19 can be written; others hold 1000 and up."""

    def __init__(self, unit=1):
        super().__init__(INPUTS, HOLDINGS, unit, COILS, DISCRETES)
        self.put("input", 0, struct.pack(f">{INPUTS}H", *range(1000, 1000 + INPUTS)))
        self.put("discrete", 0, bytes(n % 3 == 0 for n in range(DISCRETES)))
        self.put("coil", 0, bytes(n % 5 == 0 for n in range(COILS)))

    def write(self, address, data, peer):
        if address + len(data) // 2 > 50:
            return 2
        self.put("holding", address, data)
        return 0

    def write_bits(self, address, bits, peer):
        if address + len(bits) > 20:
            return 2
        self.put("coil", address, bits)
        return 0


def frame(function, data=b"", transaction=7, unit=1, protocol=0):
    body = bytes([unit, function]) + data
    return struct.pack(">HHH", transaction, protocol, len(body)) + body


def words(*values):
    return struct.pack(f">{len(values)}H", *values)


async def exchange(port, *pieces, pause=0.0):
    """Everything the server says until it closes, or "..." when it falls silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = b""
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        while piece := await asyncio.wait_for(reader.read(65536), 0.2):
            said += piece
    except TimeoutError:
        said += b"..."
    finally:
        writer.close()
    return said
