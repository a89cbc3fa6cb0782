"""The virtual PLC: parity of plant and wires, echo latency, CPU of publishing, lock-step rate.

Run: .venv/bin/python benchmarks/virtual_plc.py parity|echo|publish|steps
Each starts a PLC of its own in a temporary folder, two processes talking over loopback.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from asyncua import ua

from passline.connectors.addresses import OpcUaAddress
from passline.connectors.letter import (
    Outcome,
    Request,
    load_echoes,
    pack_modbus,
    pack_opcua,
    unpack_echoes,
)
from passline.connectors.letter_form import ECHO_WORDS
from passline.connectors.modbus.writer import ModbusWriter
from passline.connectors.opcua import OpcUaSession
from passline.connectors.opcua_writer import OpcUaWriter
from passline.connectors.security import Pki
from passline.connectors.simulated import SimulatedConnector
from passline.connectors.tag_devices import need
from passline.connectors.tagfile import TagFile, load_tags
from passline.connectors.virtual_plc.driver import Driver
from passline.connectors.virtual_plc.parity import Wires, differences
from passline.plant_sim import make_line

SEED, SCENARIO = 3, "faults"
SERVE = (sys.executable, "-m", "passline.connectors.virtual_plc.process", "--lease", "36000")


@contextlib.contextmanager
def served(*options: str) -> Iterator[tuple[Path, int]]:
    """Run a PLC; gives its tag file and its process id."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*SERVE, "--dir", folder, "--seed", str(SEED), "--scenario", SCENARIO, *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield Path(json.loads(line)["tags"]), process.pid
        finally:
            process.terminate()
            process.wait(20.0)


def cpu(pid: int) -> float:
    """Return the CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100.0


async def parity(seconds: float) -> None:
    """Compare every interval of a seeded plant in process, over OPC UA and over Modbus."""
    plant = SimulatedConnector(make_line("hot-strip", SEED, SCENARIO))
    wrong, compared, intervals = 0, 0, round(seconds / 0.5)
    begun = time.perf_counter()
    with served("--lock-step") as (tags, _):
        async with Driver(tags) as driver, Wires(tags, tags.parent / "pki") as wires:
            for number in range(intervals):
                plant.advance(0.5)
                at = await driver.advance(0.5)
                opcua, modbus = await wires.opcua(), await wires.modbus()
                found = differences(wires.tagfile, plant.samples(), opcua, modbus)
                compared += len(opcua) + len(modbus)
                wrong += len(found)
                if found and wrong < 20:
                    print(f"at {at:g} s:", *found[:5], sep="\n  ")
                if number % 720 == 719:
                    print(f"{at:7.0f} plant s, {compared} values compared, {wrong} differ")
    wall = time.perf_counter() - begun
    print(f"{intervals} intervals, {compared} values, {wrong} differ; {wall:.0f} s wall")


async def echo_over_opcua(tagfile: TagFile, pki: Pki, count: int) -> list[float]:
    """Return the time (wall s) from a request's leaving to its echo's coming, count times."""
    device, box = need(tagfile.opcua, "devices.opcua"), need(tagfile.mailbox, "mailbox")
    session = await OpcUaWriter.open(device, pki, "gate", 20.0)
    request, echo = (
        session.resolve(need(node, "mailbox.opcua")) for node in (box.request, box.echo)
    )
    index = rule.index if (rule := tagfile.tags["fm.spray_trim"].write) else 0
    times = []
    for number in range(count):
        one = uuid.uuid4().hex
        begun = time.perf_counter()
        letter = pack_opcua(Request(number, one, index, 0.0))
        await session.write(request, letter, ua.VariantType.ByteString)
        while True:
            (shown,) = await session.read([echo])
            text = shown.Value.Value if shown.Value else "[]"
            if any(each.action_id == one for each in load_echoes(text)):
                break
        times.append(time.perf_counter() - begun)
        await asyncio.sleep(0.2)
    await session.close()
    return times


async def echo_over_modbus(tagfile: TagFile, pki: Pki, count: int) -> list[float]:
    """Return the same over Modbus."""
    device, box = need(tagfile.modbus, "devices.modbus"), need(tagfile.mailbox, "mailbox")
    into, echoes = (
        need(register, "mailbox.modbus") for register in (box.request_register, box.echo_register)
    )
    client = await ModbusWriter.open(device.host, device.port, device.unit, 20.0)
    index = rule.index if (rule := tagfile.tags["rot.bank_out"].write) else 0
    times = []
    for number in range(count):
        one = uuid.uuid4().hex
        begun = time.perf_counter()
        letter = pack_modbus(Request(number, one, index, 0.0), pki.modbus_key())
        await client.write(into, letter)
        while True:
            data = await client.read("input", echoes, ECHO_WORDS)
            found = [each for each in unpack_echoes(data) if each.action_id == one]
            if found:
                break
        if found[0].outcome not in (Outcome.APPLIED, Outcome.OUT_OF_RANGE):
            raise SystemExit(f"the PLC answers {found[0]}")
        times.append(time.perf_counter() - begun)
        await asyncio.sleep(0.2)
    await client.close()
    return times


async def echo(count: int) -> None:
    """Print how long a mailbox request waits for its echo, at real time and at 14 times."""
    print("speed  over     p50 ms  p95 ms   (write, fsync, echo read)")
    for speed in ("1", "14"):
        with served("--speed", speed) as (tags, _):
            tagfile, pki = load_tags(tags), Pki(tags.parent / "pki")
            for over, measure in (("opcua", echo_over_opcua), ("modbus", echo_over_modbus)):
                times = sorted(await measure(tagfile, pki, count))
                p95 = times[min(len(times) - 1, round(0.95 * len(times)))]
                print(
                    f"{speed:5s}  {over:7s} {statistics.median(times) * 1e3:7.1f} {p95 * 1e3:7.1f}"
                )


@contextlib.asynccontextmanager
async def subscribed(tagfile: TagFile, pki: Pki, names: list[str]) -> AsyncIterator[None]:
    """Follow nodes as monitored items at 100 ms."""

    class Sink:
        def datachange_notification(self, node: object, value: object, data: object) -> None:
            """Take it."""

    session = await OpcUaSession.open(need(tagfile.opcua, "devices.opcua"), pki, "agent", 20.0)
    client = session._client
    made = await client.create_subscription(100, Sink())
    uri = need(need(tagfile.mailbox, "mailbox").request, "mailbox.opcua").namespace
    nodes = [client.get_node(session.resolve(OpcUaAddress(uri, f"s={name}"))) for name in names]
    for start in range(0, len(nodes), 100):
        await made.subscribe_data_change(nodes[start : start + 100])
    try:
        yield
    finally:
        await session.close()


async def publish(seconds: float) -> None:
    """Print the CPU of the whole PLC process at ten pictures a second."""
    print("what                                         % of a core")
    with served("--speed", "0") as (tags, pid):
        print(f"{'paused':44s} {await share(pid, seconds):6.1f}")
    with served("--speed", "14") as (tags, pid):
        tagfile, pki = load_tags(tags), Pki(tags.parent / "pki")
        print(f"{'speed 14, nobody reads':44s} {await share(pid, seconds):6.1f}")
        scalars = [tag.opcua.identifier[2:] for tag in tagfile.tags.values() if tag.opcua]
        for what, names in (("packed arrays", ["Packed.Values", "Packed.Quality"]),
                            (f"{len(scalars)} scalars", scalars)):  # fmt: skip
            async with subscribed(tagfile, pki, names):
                print(f"{f'speed 14, one subscriber, {what}':44s} {await share(pid, seconds):6.1f}")


async def share(pid: int, seconds: float) -> float:
    """Return the CPU of a process in % of a core, over some wall seconds."""
    await asyncio.sleep(1.0)
    before, begun = cpu(pid), time.perf_counter()
    await asyncio.sleep(seconds)
    return 100.0 * (cpu(pid) - before) / (time.perf_counter() - begun)


async def steps(count: int) -> None:
    """Print how many plant seconds a wall second lock-step makes, step by step."""
    with served("--lock-step") as (tags, pid):
        async with Driver(tags) as driver, Wires(tags, tags.parent / "pki") as wires:
            for what, reads in (
                ("steps alone", ()),
                ("and all tags over OPC UA", (wires.opcua,)),
                ("and all tags over Modbus", (wires.modbus,)),
            ):
                begun, used = time.perf_counter(), cpu(pid)
                for _ in range(count):
                    await driver.advance(0.5)
                    for read in reads:
                        await read()
                wall = time.perf_counter() - begun
                each = (cpu(pid) - used) / count * 1e3
                print(f"{what:26s} {0.5 * count / wall:7.1f} plant s a wall s, PLC {each:.1f} ms")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("parity", "echo", "publish", "steps"))
    parser.add_argument("--seconds", type=float, help="plant s of parity, wall s of publish")
    parser.add_argument("--count", type=int, help="requests of echo, steps of steps")
    given = parser.parse_args()
    if given.what == "parity":
        asyncio.run(parity(given.seconds or 3600.0))
    elif given.what == "echo":
        asyncio.run(echo(given.count or 40))
    elif given.what == "publish":
        asyncio.run(publish(given.seconds or 10.0))
    else:
        asyncio.run(steps(given.count or 400))


if __name__ == "__main__":
    main()
