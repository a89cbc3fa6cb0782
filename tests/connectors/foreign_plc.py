"""A PLC of another make, in a process of its own: it serves the tags of a file in its own order.

    python foreign_plc.py FILE WORD_ORDER BYTE_ORDER [TYPE]

Values move as a plant's do. One line on standard output says on which port it listens.
"""

import asyncio
import math
import sys
from dataclasses import replace

from passline.connectors.modbus.registers import RegisterImage
from passline.connectors.modbus.server import ModbusServer
from passline.connectors.tagfile import load_tags


async def serve(file, word_order, byte_order, kind=""):
    tags = [tag for tag in load_tags(file).tags.values() if tag.modbus]
    image = RegisterImage(inputs=100)
    print(await ModbusServer(image).start(), flush=True)  # noqa: T201 - who started it waits for it
    for cycle in range(10**9):
        for number, tag in enumerate(tags):
            at = replace(tag.modbus, word_order=word_order, byte_order=byte_order)
            if kind and at.kind == "f32":
                at = replace(at, kind=kind)
            phase = number + 0.02 * cycle
            share = 0.0 if tag.name.endswith("idle") else 0.5 + 0.3 * math.sin(phase)
            image.put(at.table, at.register, at.encode(tag.low + share * (tag.high - tag.low)))
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
