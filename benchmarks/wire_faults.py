"""What the wires bear: kill, freeze, black-hole, reset and slice, again and again.

Run: .venv/bin/python -m benchmarks.wire_faults [--trials N] [--jobs J] [--kinds reset hole ...]

Every kind of fault on every protocol is a process of its own with a plant of its own: they mostly
wait. Counted against: BAD within 3 s (three scans are less), GOOD again within the back-off and 1 s
of the end of the fault, no sample GOOD while its plant is gone, nothing left open.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import struct
import sys
import threading
import time
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.wires import Plant, plant, waited
from passline.connectors.connector import SupervisedConnector
from passline.connectors.modbus.connector import ModbusConnector
from passline.connectors.opcua import OpcUaConnector
from passline.connectors.tags import HEARTBEAT
from passline.plant_sim.signals import Quality

KINDS = ("reset", "hole", "hang", "kill", "slice")
OVER = ("modbus", "opcua")
BACKOFF = 2.0  # wall s: the longest wait between two attempts
GONE, BACK = 3.0, BACKOFF + 1.0  # wall s allowed until BAD, and until GOOD again
STALE = 1.0 + 0.2  # wall s after the fault: `stale_after` of the tags and a scan


class Proxy:
    """Between connector and plant: passes, holds back, slices, resets."""

    def __init__(self, port: int) -> None:
        self.upstream, self.mute, self.slice = port, False, False
        self.writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> "Proxy":
        """Listen."""
        self.server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = int(self.server.sockets[0].getsockname()[1])
        return self

    def reset(self) -> None:
        """Cut every connection with RST."""
        for writer in list(self.writers):
            linger = struct.pack("ii", 1, 0)
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, linger
                )
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, up_writer}
        self.writers |= pair
        await asyncio.gather(
            self._pump(reader, up_writer), self._pump(up_reader, writer), return_exceptions=True
        )
        self.writers -= pair

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                while self.mute:  # noqa: ASYNC110 - a switch
                    await asyncio.sleep(0.01)
                pieces = [data[i : i + 1] for i in range(len(data))] if self.slice else [data]
                for piece in pieces:
                    if writer.is_closing():
                        return
                    writer.write(piece)
                    if self.slice:
                        await asyncio.sleep(0)
                await writer.drain()
        finally:
            writer.close()


async def faults(trials: int, kind: str, over: str) -> None:
    """Let one kind of fault happen `trials` times on one protocol and print its row."""
    with plant(20, only=over) as served:
        proxy = await Proxy(served.opcua if over == "opcua" else served.modbus).start()
        file = served.file(**{over: proxy.port})
        connector: SupervisedConnector = (
            OpcUaConnector(file, served.pki, "agent", deadline=1.0, backoff=BACKOFF)
            if over == "opcua"
            else ModbusConnector(file, deadline=1.0, backoff=BACKOFF)
        )
        await connector.start()
        await _quality(connector, Quality.GOOD)
        await _trial(connector, served, proxy, kind)  # what is made once is made now
        before = _open_things()
        lied: list[str] = []
        connector.subscribe(lambda batch: _check(batch, lied))
        rows = [await _trial(connector, served, proxy, kind) for _ in range(trials)]
        connector._sinks.clear()
        after = _open_things()
        went, came, stale, starved = (np.array(column) for column in zip(*rows, strict=True))
        late = came > BACK
        print(
            f"{over:7s}{kind:6s}{trials:4d} trials: "
            f"BAD after p50 {np.median(went):5.2f} max {went.max():5.2f} s, "
            f"{(went > GONE).sum()} late; "
            f"GOOD again p50 {np.median(came):5.2f} max {came.max():5.2f} s, "
            f"{late.sum()} late, {(late & (came - starved > BACK)).sum()} of them without the "
            f"time they waited for a core (greatest {starved.max():.2f} s); "
            f"GOOD of a plant that is gone {int(stale.sum())}, "
            f"old values told as GOOD {len(lied)}; tasks, threads, files {before} -> {after}",
            flush=True,
        )
        await connector.close()
        proxy.server.close()
        proxy.reset()
        await asyncio.sleep(0.2)  # its tasks end by themselves


async def all_faults(trials: int, kinds: list[str], jobs: int) -> None:
    """Run every kind on every protocol in a process of its own, `jobs` at a time."""
    room = asyncio.Semaphore(jobs)

    async def one(over: str, kind: str) -> None:
        async with room:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "benchmarks.wire_faults", "--trials", str(trials),
                "--kinds", kind, "--over", over,
            )  # fmt: skip
            await process.wait()

    await asyncio.gather(*(one(over, kind) for kind in kinds for over in OVER))


def _check(batch: Any, lied: list[str]) -> None:
    """A picture is of one moment, so no GOOD value may be of another beat than its heartbeat."""
    if HEARTBEAT in batch and batch[HEARTBEAT].good:
        beat = int(batch[HEARTBEAT].value)
        lied += [n for n, s in batch.items() if s.good and abs(int(s.value) - beat) > 1]


async def _trial(
    connector: SupervisedConnector, served: Plant, proxy: Proxy, kind: str
) -> tuple[float, float, int, float]:
    """Return how long until BAD after the fault, and until GOOD after its end (wall s).

    The third number is how often a look found a sample GOOD though the plant was long gone; the
    fourth, for how long both processes were ready to run after its end and had no core (s): as they
    answer each other, the one waits while the other does.
    """
    start = time.monotonic()
    if kind == "kill":
        await asyncio.to_thread(served.stop)
    elif kind == "hang":
        served.signal(signal.SIGSTOP)
    elif kind == "hole":
        proxy.mute = True
    elif kind == "slice":
        proxy.slice = True
        await asyncio.sleep(0.3)  # it bears this: no value may turn bad, and the cut ends it
        proxy.reset()
    else:
        proxy.reset()
    gone_for_long = start + STALE if kind in ("kill", "hang", "hole") else inf
    stale = await _quality(connector, Quality.BAD, gone_for_long)
    gone = time.monotonic() - start
    if kind == "kill":
        await asyncio.to_thread(served.start)
    elif kind == "hang":
        served.signal(signal.SIGCONT)
    proxy.mute = proxy.slice = False
    start, starved = time.monotonic(), served.waited() + waited(os.getpid())
    await _quality(connector, Quality.GOOD)
    starved = served.waited() + waited(os.getpid()) - starved
    return gone, time.monotonic() - start, stale, starved


async def _quality(connector: SupervisedConnector, wanted: Quality, gone: float = inf) -> int:
    """Wait until every tag is so; a cut may be mended before anybody has looked.

    Returns how many looks after the moment `gone` found a tag GOOD.
    """
    stale = 0
    seen = asyncio.Event()

    def look(batch: Any) -> None:
        if all(sample.quality is wanted for sample in batch.values()):
            seen.set()

    connector.subscribe(look)
    while not seen.is_set():
        held = connector.samples().values()
        stale += time.monotonic() > gone and any(sample.good for sample in held)
        if held and all(sample.quality is wanted for sample in held):
            break
        await asyncio.sleep(0.005)
    connector._sinks.remove(look)
    return stale


def _open_things() -> tuple[int, int, int]:
    files = len(list(Path("/proc/self/fd").iterdir()))
    return len(asyncio.all_tasks()), threading.active_count(), files


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2, help="kinds at the same time")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--over", choices=OVER, help="this protocol alone, in this process")
    given = parser.parse_args()
    if given.over is None:
        asyncio.run(all_faults(given.trials, given.kinds, given.jobs))
    for kind in given.kinds if given.over else ():
        asyncio.run(faults(given.trials, kind, given.over))


if __name__ == "__main__":
    main()
