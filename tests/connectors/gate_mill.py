"""A small mill behind the real PLC program and the real Modbus server, in a process of its own.

It handles a request as soon as it comes, and its clock stands where the test puts it: so thousands
of writes go over a real wire in a minute. `python -m tests.connectors.gate_mill FOLDER PORT`.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from passline.connectors import mailbox, security
from passline.connectors.addresses import ModbusAddress
from passline.connectors.errors import LinkError
from passline.connectors.mailbox import WireMailbox
from passline.connectors.modbus.client import ModbusClient
from passline.connectors.modbus.server import ModbusServer
from passline.connectors.tagfile import TagFile, load_tags, make_default, write_tags
from passline.connectors.virtual_plc.modbus_server import ModbusFace
from passline.connectors.virtual_plc.program import PlcProgram
from passline.connectors.virtual_plc.records import WriteLog
from passline.plant_sim.signals import Quality, Sample, Signal

from .gate_plant import CONTROLS, SPANS, START

ROOT = Path(__file__).parents[2]
WIDE = {"mill.force": 4e7, "mill.state": 4.0}
SIGNALS = {
    name: Signal(name, "1", -WIDE.get(name, 9.0), WIDE.get(name, 9.0), "1", "level1", name, name)
    for name in START
}


class SmallMill:
    """A line whose signals are what it is told; its controls are what the PLC writes."""

    def __init__(self):
        self.signals, self.controls, self.coils = SIGNALS, CONTROLS, ()
        self.time, self.values, self.bad = 1000.0, dict(START), set()

    def read(self):
        return {
            name: Sample(value, Quality.BAD if name in self.bad else Quality.GOOD, self.time, 0.0)
            for name, value in self.values.items()
        }

    def write(self, values):
        self.values |= values

    def advance(self, seconds):
        self.time += seconds

    def truth(self):
        return {}


class Face(ModbusFace):
    """Registers that handle what is written to them at once."""

    def __init__(self, tagfile: TagFile, key: bytes, program: PlcProgram):
        super().__init__(tagfile, key, program)
        self.program = program

    def write(self, address: int, data: bytes, peer: str) -> int:
        code = super().write(address, data, peer)
        self.show()
        return code

    def show(self):
        self.program.handle()
        self.publish(self.program.picture())


def tagfile_of(port: int) -> TagFile:
    """Every tag and every write over Modbus; no OPC UA server answers."""
    plain = make_default(SIGNALS, CONTROLS, opcua_port=9, modbus_port=port)
    tags, register = {}, 0
    for name, tag in plain.tags.items():
        address = ModbusAddress("input", register, "f64")
        register += address.words
        rule = replace(tag.write, protocol="modbus") if tag.write else None
        tags[name] = replace(tag, modbus=address, write=rule)
    return replace(plain, tags=tags)


async def serve(folder: Path, port: int) -> None:
    security.init(folder / "pki")
    tagfile = tagfile_of(port)
    write_tags(folder / "mill.yaml", tagfile)
    line, log = SmallMill(), WriteLog(folder / "plc_writes.jsonl")
    program = PlcProgram(line, tagfile, log, lease=1e9)
    face = Face(tagfile, security.Pki(folder / "pki").modbus_key(), program)
    server = ModbusServer(face)
    await server.start("127.0.0.1", port)
    face.show()
    say({"ready": "mill"})
    loop = asyncio.get_running_loop()
    while text := await loop.run_in_executor(None, sys.stdin.readline):
        told = json.loads(text)
        if told.get("time", line.time) < line.time:
            program._limits.forget()  # a clock that ran backwards is a PLC that was restarted
        line.time = told.get("time", line.time)
        line.values |= told.get("set", {})
        line.bad = set(told.get("bad", line.bad))
        program._control.remote = told.get("remote", program.remote)
        face.show()
        say(line.values | {"plc.remote": float(program.remote)})
    await server.close()


def say(what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


class MillProcess:
    """The process, and the hand that moves its clock and its signals."""

    def __init__(self, folder, port):
        self.folder = folder
        command = [sys.executable, "-m", "tests.connectors.gate_mill", str(folder), str(port)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert self._process.stdout.readline()
        self._read = 0

    def tell(self, **what):
        """Change time, signals (`set`), `bad` ones or `remote`; return what the mill stands at."""
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def log(self):
        """Rows of the PLC's own log since the last call."""
        with (self.folder / "plc_writes.jsonl").open("rb") as file:
            file.seek(self._read)
            data = file.read()
        self._read += len(data)
        rows = [json.loads(line) for line in data.splitlines()]
        return [row for row in rows if row["event"] == "request"]

    def close(self):
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


class MillPlant:
    """The gate's side: the real mailbox and the real Modbus client, each sample read when asked."""

    def __init__(self, folder):
        self.tagfile = load_tags(folder / "mill.yaml")
        self.controls, self.spans, self.tags_hash = CONTROLS, SPANS, self.tagfile.hash
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._box = WireMailbox(self.tagfile, folder / "pki")
        self._box._opcua = SimpleNamespace(get=self._nothing, drop=self._nothing_to_drop)
        self._reader = None
        mailbox.POLL = 0.0005

    async def _nothing(self):
        raise LinkError("this mill has no OPC UA")

    async def _nothing_to_drop(self):
        pass

    def _wait(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def samples(self):
        return self._wait(self._samples())

    async def _samples(self):
        tags = self.tagfile.tags.values()
        if self._reader is None:
            device = self.tagfile.modbus
            self._reader = await ModbusClient.open(device.host, device.port, device.unit)
        data = await self._reader.read("input", 0, 4 * len(tags))
        now = self._loop.time()
        raw = {
            tag.name: tag.modbus.decode(data[8 * place : 8 * place + 8])
            for place, tag in enumerate(tags)
        }
        return {
            tag.name: tag.sample(raw[tag.name], Quality.GOOD, raw["plc.time"], now) for tag in tags
        }

    def read(self, name):
        return self.samples().get(name)

    def send(self, action_id, control, value):
        return self._wait(self._box.send(action_id, control, value))

    def memory(self):
        return self._wait(self._box.memory())

    def lookup(self, action_id, control):
        return self._wait(self._box.lookup(action_id))

    def void(self, action_id):
        self._wait(self._box.void(action_id))

    def beat(self):
        pass

    def close(self):
        self._wait(self._box.close())
        if self._reader is not None:
            self._wait(self._reader.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
