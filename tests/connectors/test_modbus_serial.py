"""Modbus RTU on a pair of terminals, pymodbus as the foreign device at the other end."""

import asyncio
import contextlib
import os
import subprocess
import sys
import tty

import pytest

from passline.connectors.errors import LinkError, ProtocolError
from passline.connectors.modbus.serial import SerialClient
from passline.connectors.modbus.serial_writer import SerialWriter
from passline.connectors.tagfile import ModbusDevice

from .modbus_bench import words

pytestmark = [pytest.mark.network, pytest.mark.timeout(120)]

SLAVE = """
import asyncio, sys
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

def bits():
    return [SimData(0, values=[n % 3 == 0 for n in range(32)], datatype=DataType.BITS)]

def registers(first):
    return [SimData(0, values=list(range(first, first + 200)), datatype=DataType.REGISTERS)]

async def serve():
    device = SimDevice(id=5, simdata=(bits(), bits(), registers(0), registers(1000)))
    server = ModbusSerialServer([device], port=sys.argv[1], baudrate=115200, parity="N")
    await server.serve_forever(background=True)
    print("ready", flush=True)
    await asyncio.sleep(600)

asyncio.run(serve())
"""


@contextlib.contextmanager
def terminals():
    """Two serial ports joined by a wire; `cut` stops what passes."""
    ends = [os.openpty() for _ in range(2)]
    for master, slave in ends:
        tty.setraw(master)
        tty.setraw(slave)
    yield ends
    for pair in ends:
        for descriptor in pair:
            with contextlib.suppress(OSError):
                os.close(descriptor)


class Wire:
    """Carries bytes between two terminals until it is cut; may change what passes."""

    def __init__(self, ends):
        self.masters = [master for master, _ in ends]
        self.mangle = lambda data: data
        self.loop = asyncio.get_running_loop()
        for here, there, down in ((0, 1, False), (1, 0, True)):
            self.loop.add_reader(self.masters[here], self.carry, here, there, down)

    def carry(self, here, there, down):
        data = os.read(self.masters[here], 4096)
        os.write(self.masters[there], self.mangle(data) if down else data)

    def close(self):
        for master in self.masters:
            self.loop.remove_reader(master)


@pytest.fixture
async def line():
    with terminals() as ends:
        ours, theirs = (os.ttyname(slave) for _, slave in ends)
        wire = Wire(ends)
        slave = await asyncio.to_thread(
            subprocess.Popen,
            [sys.executable, "-c", SLAVE, theirs],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert await asyncio.to_thread(slave.stdout.readline) == "ready\n"
        wire.device = ModbusDevice(ours, 0, 5, transport="rtu", baud=115200, parity="N")
        wire.slave = slave
        yield wire
        slave.kill()
        slave.wait()
        slave.stdout.close()
        wire.close()


async def test_every_table_is_read_over_a_serial_line(line):
    client = await SerialClient.open(line.device)
    assert await client.read("input", 3, 2) == words(1003, 1004)
    assert await client.read("holding", 100, 100) == words(*range(100, 200))
    assert await client.read("coil", 0, 7) == b"\1\0\0\1\0\0\1"
    assert await client.read("discrete", 1, 9) == bytes(n % 3 == 0 for n in range(1, 10))
    with pytest.raises(ProtocolError) as refused:
        await client.read("holding", 190, 20)
    assert refused.value.code == 2
    assert await client.read("input", 0, 1) == words(1000)  # a refusal is no loss
    await client.close()


async def test_the_gate_writes_over_a_serial_line(line):
    client = await SerialWriter.open(line.device)
    await client.write(10, words(7, 8))
    assert await client.read("holding", 10, 2) == words(7, 8)
    await client.write_coil(1, True)
    assert await client.read("coil", 0, 3) == b"\1\1\0"
    await client.write_mask(10, 0xFFF0, 0x0005)
    assert await client.read("holding", 10, 1) == words(5)
    with pytest.raises(ProtocolError):
        await client.write(199, words(1, 2))
    await client.close()


@pytest.mark.parametrize("lie", ["nothing", "half", "noise", "another unit", "another function"])
async def test_an_answer_that_does_not_fit_closes_the_port(line, lie):
    from pymodbus.framer import FramerRTU

    def mangled(data):
        body = bytearray(data[:-2])
        if lie == "nothing":
            return b""
        if lie == "half":
            return data[:3]
        if lie == "noise":
            return bytes(byte ^ 0x55 for byte in data)
        body[0 if lie == "another unit" else 1] ^= 4 if lie == "another unit" else 7
        return bytes(body) + FramerRTU.compute_CRC(bytes(body)).to_bytes(2, "big")

    line.mangle = mangled
    client = await SerialClient.open(line.device, deadline=0.3)
    with pytest.raises(LinkError):
        await client.read("input", 3, 1)
    line.mangle = lambda data: data
    with pytest.raises(LinkError):
        await client.read("input", 3, 1)  # a late answer would pass for this one's
    again = await SerialClient.open(line.device)
    assert await again.read("input", 5, 1) == words(1005)
    await again.close()
    await client.close()


async def test_a_write_that_nobody_answers_is_sent_once(line):
    seen = []
    line.close()
    line.loop.add_reader(line.masters[0], lambda: seen.append(os.read(line.masters[0], 4096)))
    client = await SerialWriter.open(line.device, deadline=0.3)
    with pytest.raises(LinkError):
        await client.write(10, words(7))
    await asyncio.sleep(0.5)
    assert b"".join(seen)[:9] == b"\x05\x10" + words(10, 1) + b"\2" + words(7)
    assert len(b"".join(seen)) == 11
    await client.close()


async def test_no_port_is_a_link_error():
    with pytest.raises(LinkError, match="plugged in"):
        await SerialClient.open(ModbusDevice("/dev/nothing-here", 0, 1, transport="rtu"))
