"""What the wires cost: reading and subscribing. What they bear is in `wire_faults`.

Run: .venv/bin/python benchmarks/wires.py opcua|modbus|subscribe [--seconds S]

The plant is a process of its own on loopback and the machine is shared: figures are CPU time, and
ratios are taken inside one run. `subscribe --seconds 3600` compares every notified value with its
source for an hour.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from math import inf, nan
from pathlib import Path
from typing import Any, cast

from asyncua import Server, ua

from passline.connectors import asyncua_hotpath, asyncua_values
from passline.connectors.addresses import ModbusAddress, OpcUaAddress
from passline.connectors.modbus.client import ModbusClient
from passline.connectors.modbus.connector import ModbusConnector
from passline.connectors.modbus.registers import RegisterImage
from passline.connectors.modbus.server import ModbusServer
from passline.connectors.opcua import OpcUaConnector
from passline.connectors.opcua_session import OpcUaSession, prepare
from passline.connectors.security import Pki, Users, init, secure_server
from passline.connectors.tag_devices import need
from passline.connectors.tagfile import ModbusDevice, OpcUaDevice, TagFile
from passline.connectors.tags import HEARTBEAT, Tag

URI = "urn:passline:bench"
CHOICES = ("opcua", "modbus", "subscribe", "listen")
RATE, SLOW = 10.0, 0.2  # pictures of the plant a wall second; slow where reading is measured


def tags_of(count: int) -> dict[str, Tag]:
    """Return heartbeat and numbers, each on both protocols."""
    names = [HEARTBEAT, *(f"t.n{n}" for n in range(1, count))]
    return {
        name: Tag(
            name, "1", -1e9, 1e9,
            opcua=OpcUaAddress(URI, f"s={name}"), modbus=ModbusAddress("input", 2 * n),
        )
        for n, name in enumerate(names)
    }  # fmt: skip


def source(beat: int, n: int) -> float:
    """Return the value of number `n` in picture `beat`; every picture changes every value."""
    return beat + n / 1024.0


async def serve(
    folder: Path, count: int, hot: bool, rate: float, opcua: int, modbus: int, ready: Any
) -> None:
    """Serve `count` numbers until killed, over each protocol with a port; tell when `ready`."""
    image = RegisterImage(inputs=2 * count)
    if modbus:
        await ModbusServer(image, idle=600.0).start(port=modbus)
    if not opcua:
        ready.send(True)
        beat = 0
        while True:
            beat += 1
            image.put(
                "input", 0, struct.pack(f">{count}f", *(source(beat, n) for n in range(count)))
            )
            await asyncio.sleep(1.0 / rate)
    if hot:
        asyncua_hotpath.install()
    pki = Pki(folder / "pki")
    tags = tags_of(count)
    server = Server(user_manager=Users(pki))  # type: ignore[arg-type]
    await server.init()
    await secure_server(server, pki, f"opc.tcp://127.0.0.1:{opcua}")
    index = ua.Int16(await server.register_namespace(URI))
    nodes, pack = [], {}
    parent = server.nodes.objects
    for n, name in enumerate(tags):
        if n % 100 == 0:  # children under one parent cost their square
            parent = await server.nodes.objects.add_folder(int(index), f"Group{n // 100}")
        node, label = ua.NodeId(ua.String(name), index), ua.QualifiedName(name, ua.UInt16(index))
        await parent.add_variable(node, label, 0.0, ua.VariantType.Double)
        nodes.append(node)
    for name, first, kind in (
        ("Values", [0.0] * count, ua.VariantType.Double),
        ("Quality", [192] * count, ua.VariantType.UInt16),
        ("Time", 0.0, ua.VariantType.Double),
        ("Manifest", json.dumps(list(tags)), ua.VariantType.String),
    ):
        node = ua.NodeId(ua.String(f"Packed.{name}"), index)
        await parent.add_variable(node, ua.QualifiedName(name, ua.UInt16(index)), first, kind)
        pack[name] = node
    await server.start()
    ready.send(True)
    beat, due = 0, time.monotonic()
    while True:
        beat += 1
        now: Any = datetime.now(UTC)
        values = [source(beat, n) for n in range(count)]
        for node, value in zip(nodes, values, strict=True):
            number = ua.Variant(value, ua.VariantType.Double)
            shown = ua.DataValue(number, SourceTimestamp=now, ServerTimestamp=now)
            await server.write_attribute_value(node, shown)
        packed = ua.DataValue(ua.Variant(values), SourceTimestamp=now, ServerTimestamp=now)
        await server.write_attribute_value(pack["Values"], packed)
        image.put("input", 0, struct.pack(f">{count}f", *values))
        due = max(due + 1.0 / rate, time.monotonic())
        await asyncio.sleep(due - time.monotonic())


def _serving(*given: Any) -> None:
    asyncio.run(serve(*given))


class Plant:
    """The served plant as a process that can be killed, frozen and started again.

    It is forked from one that has made its imports: they would be most of a start.
    """

    def __init__(
        self, folder: Path, count: int, hot: bool = True, rate: float = RATE, only: str = ""
    ) -> None:
        self.folder, self.count, self.hot, self.rate = folder, count, hot, rate
        self.pki = init(folder / "pki")
        self.opcua = 0 if only == "modbus" else _free_port()
        self.modbus = 0 if only == "opcua" else _free_port()
        self.start()

    def start(self) -> None:
        """Start the process and wait until it listens."""
        spawn = multiprocessing.get_context("forkserver")
        spawn.set_forkserver_preload(["benchmarks.wires"])
        ours, theirs = spawn.Pipe()
        given = self.folder, self.count, self.hot, self.rate, self.opcua, self.modbus, theirs
        self.process = spawn.Process(target=_serving, args=given, daemon=True)
        self.process.start()
        theirs.close()
        ours.recv()
        ours.close()

    def stop(self) -> None:
        """Kill the process."""
        self.process.kill()
        self.process.join()
        self.process.close()

    def signal(self, number: int) -> None:
        """Freeze it or let it go on."""
        os.kill(self.process.pid or 0, number)

    def cpu(self) -> float:
        """Return its CPU seconds so far."""
        text = Path(f"/proc/{self.process.pid}/stat").read_text()
        ticks = text.rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def waited(self) -> float:
        """Return for how long it was ready to run and had no core (s)."""
        return waited(self.process.pid or 0)

    def file(self, opcua: int = 0, modbus: int = 0, in_flight: int = 1) -> TagFile:
        """Return the tag file, perhaps through other ports."""
        return TagFile(
            "bench",
            OpcUaDevice(f"opc.tcp://127.0.0.1:{opcua or self.opcua}", "urn:passline:virtual-plc"),
            ModbusDevice("127.0.0.1", modbus or self.modbus, 1, in_flight=in_flight),
            cast("Any", None),
            tags_of(self.count),
        )


def waited(pid: int) -> float:
    """Return for how long the threads of a process were ready to run and had no core (s)."""
    stats = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(stat.read_text().split()[1]) for stat in stats) / 1e9


@contextlib.contextmanager
def plant(count: int, hot: bool = True, rate: float = RATE, only: str = "") -> Iterator[Plant]:
    """Serve a plant for a while."""
    with tempfile.TemporaryDirectory() as folder:
        running = Plant(Path(folder), count, hot, rate, only)
        try:
            yield running
        finally:
            running.stop()


async def cost(
    served: Plant, work: Callable[[], Awaitable[object]], values: int, seconds: float
) -> tuple[float, float, float]:
    """Return CPU us per value of client and server, and values per wall s."""
    await work()
    idle = served.cpu()
    await asyncio.sleep(seconds / 2)
    idle = (served.cpu() - idle) / (seconds / 2)
    start, ours, theirs, rounds = time.monotonic(), time.process_time(), served.cpu(), 0
    while time.monotonic() - start < seconds:
        await work()
        rounds += 1
    wall = time.monotonic() - start
    done = rounds * values
    theirs = max(0.0, served.cpu() - theirs - idle * wall)
    return 1e6 * (time.process_time() - ours) / done, 1e6 * theirs / done, done / wall


async def opcua(seconds: float, count: int) -> None:
    """Packed array, batches and one by one, over a secured channel."""
    print(f"OPC UA, {count} tags, SignAndEncrypt; server less what it needs for itself")
    rows = {}
    with plant(count, False, SLOW, "opcua") as served:
        device = need(served.file().opcua, "devices.opcua")
        session = await OpcUaSession.open(device, served.pki, "agent", 20.0)
        nodes = [session.resolve(tag.opcua) for tag in tags_of(count).values() if tag.opcua]
        asyncua_values.remove()
        name = f"batches of 500, {count} nodes, stock library"
        rows[name] = await cost(served, lambda: session.read(nodes), count, seconds)
        await session.close()
    with plant(count, rate=SLOW, only="opcua") as served:
        device = need(served.file().opcua, "devices.opcua")
        session = await OpcUaSession.open(device, served.pki, "agent", 20.0)
        nodes = [session.resolve(tag.opcua) for tag in tags_of(count).values() if tag.opcua]
        connector = OpcUaConnector(served.file(), served.pki, "agent", period=30.0, deadline=20.0)
        await connector.start()
        while connector.health().last_success == inf:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        plan = connector.plan()
        few = nodes[:50]

        async def single() -> None:
            for node in few:
                await session.read([node])

        prepared = prepare(nodes)
        for name, work, values in (
            ("one by one", single, len(few)),
            (f"batches of 500, {count} nodes", lambda: session.read_prepared(prepared), count),
            ("read_vector, packed", lambda: connector.read_vector(plan), count),
        ):
            rows[name] = await cost(served, work, values, seconds)
        first = sum(rows["one by one"][:2])
        for name, (ours, theirs, rate) in rows.items():
            print(
                f"{name:46s} client {ours:7.2f} us, server {theirs:7.2f} us a value, "
                f"{rate:9.0f} values/s, CPU ratio {first / (ours + theirs):6.1f}"
            )
        await connector.close()
        await session.close()


async def modbus(seconds: float, count: int) -> None:
    """Registers one by one, in blocks, decoded, with 16 requests under way."""
    print(f"Modbus TCP, {count} floats in {2 * count} registers")
    with plant(count, rate=SLOW) as served:
        client = await ModbusClient.open("127.0.0.1", served.modbus)
        many = await ModbusClient.open("127.0.0.1", served.modbus, in_flight=16)
        connectors = [ModbusConnector(served.file(in_flight=n), period=30.0) for n in (1, 16)]
        for connector in connectors:
            await connector.start()
            while connector.health().last_success == inf:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        plans = [connector.plan() for connector in connectors]

        async def single() -> None:
            for n in range(100):
                await client.read("input", n, 1)

        async def blocks() -> None:
            for n in range(8):
                await client.read("input", 125 * (n % 4), 125)

        async def pipelined() -> None:
            await asyncio.gather(*(many.read("input", n, 1) for n in range(160)))

        rows = {}
        for name, work, values in (
            ("one register a request", single, 100),
            ("the same, 16 under way", pipelined, 160),
            ("blocks of 125", blocks, 1000),
            ("read_vector (registers)", lambda: connectors[0].read_vector(plans[0]), 2 * count),
            ("read_vector, 16 under way", lambda: connectors[1].read_vector(plans[1]), 2 * count),
        ):
            rows[name] = await cost(served, work, values, seconds)
        first = rows["one register a request"][2]
        for name, (ours, theirs, rate) in rows.items():
            print(
                f"{name:28s} client {ours:7.2f} us, server {theirs:7.2f} us a register, "
                f"{rate:9.0f} registers/s, ratio {rate / first:6.1f}"
            )
        for connector in connectors:
            await connector.close()
        await client.close()
        await many.close()


async def listen(folder: Path, count: int, port: int, seconds: float, rate: float) -> None:
    """Subscribe, compare every notified value with its source, tell the sum as JSON."""
    device = OpcUaDevice(f"opc.tcp://127.0.0.1:{port}", "urn:passline:virtual-plc")
    session = await OpcUaSession.open(device, Pki(folder / "pki"), "agent", 30.0)
    nodes = [session.resolve(tag.opcua) for tag in tags_of(count).values() if tag.opcua]
    last = [0] * count
    seen = {"values": 0, "wrong": 0, "back": 0, "skipped": 0}

    def notice(n: int, shown: ua.DataValue) -> None:
        value = shown.Value.Value if shown.Value else nan
        beat = int(value) if value == value else -1
        seen["values"] += 1
        if beat and (value != source(beat, n) or (shown.StatusCode and shown.StatusCode.is_bad())):
            seen["wrong"] += 1
        if beat < last[n]:
            seen["back"] += 1
        elif last[n] and beat > last[n] + 1:  # conflated: the queue holds one value
            seen["skipped"] += beat - last[n] - 1
        last[n] = beat

    await session.subscribe(nodes, 1.0 / rate, notice)
    while not min(last):  # noqa: ASYNC110 - the first picture is in
        await asyncio.sleep(0.01)
    print("ready", flush=True)
    start, first = time.process_time(), max(last)
    seen |= dict.fromkeys(seen, 0)
    await asyncio.sleep(seconds)
    used = time.process_time() - start
    spread = max(last) - min(last)
    print(
        json.dumps(seen | {"cpu": used, "spread": spread, "beats": max(last) - first}), flush=True
    )
    await session.close()


async def subscribe(seconds: float, count: int, rate: float, only: bool) -> None:
    """Two subscribers on stock asyncua and on the replaced hot path, turn by turn."""
    print(f"{count} scalars at {rate:g} Hz, two subscribers, SignAndEncrypt, {seconds:g} s each")
    costs = {}
    for hot in (True,) if only else (False, True):
        with plant(count, hot, rate) as served:
            idle = served.cpu()
            await asyncio.sleep(min(10.0, seconds))
            idle = (served.cpu() - idle) / min(10.0, seconds)
            command = [
                sys.executable, __file__, "listen", "--folder", str(served.folder), "--count",
                str(count), "--ports", str(served.opcua), "0", "--seconds", str(seconds),
                "--rate", str(rate),
            ]  # fmt: skip
            both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in "12"]  # noqa: ASYNC220
            outs = [cast("Any", listener.stdout) for listener in both]
            for out in outs:
                await asyncio.to_thread(out.readline)
            start, used = time.monotonic(), served.cpu()
            told = [json.loads(await asyncio.to_thread(out.readline)) for out in outs]
            used, wall = served.cpu() - used, time.monotonic() - start
            for listener in both:
                listener.wait()
        values = sum(each["values"] for each in told)
        updates = count * max(each["beats"] for each in told)
        mine = 1e6 * sum(each["cpu"] for each in told) / values
        costs[hot] = 1e6 * used / updates
        total = {key: sum(each[key] for each in told) for key in ("wrong", "back", "skipped")}
        print(
            f"{'replaced' if hot else 'stock':9s}server {costs[hot]:6.1f} us an update, "
            f"{1e6 * idle * wall / updates:5.1f} of it without subscribers; subscriber {mine:5.1f} "
            f"us a value; {values} values told of {2 * updates}, {total['wrong']} wrong, "
            f"{total['back']} out of order, {total['skipped']} conflated, "
            f"spread at the end {max(each['spread'] for each in told)}",
            flush=True,
        )
    if not only:
        print(f"stock / replaced: {costs[False] / costs[True]:.2f}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=CHOICES)
    parser.add_argument("--rate", type=float, default=RATE, help="pictures a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--count", type=int, default=0, help="tags")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--ports", type=int, nargs=2)
    parser.add_argument("--hot", action="store_true", help="without the stock library")
    given = parser.parse_args()
    if given.what == "listen":
        port = given.ports[0]
        asyncio.run(listen(given.folder, given.count, port, given.seconds, given.rate))
    elif given.what == "subscribe":
        asyncio.run(subscribe(given.seconds, given.count or 300, given.rate, given.hot))
    else:
        work = {"opcua": opcua, "modbus": modbus}[given.what]
        asyncio.run(work(given.seconds, given.count or 1000))


if __name__ == "__main__":
    main()
