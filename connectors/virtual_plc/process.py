"""The virtual PLC as a process: a line, run by its own thread, behind two servers.

    python -m passline.connectors.virtual_plc.process --dir runs/plant --speed 14

The folder gets the tag file, the keys, the PLC's own log and the records of the plant. One line of
JSON on standard output says when both servers listen.
"""

import argparse
import asyncio
import json
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from ...plant_sim import make_line
from ...plant_sim.errors import ConfigError, PasslineError
from .. import security
from ..modbus.server import ModbusServer
from ..tag_devices import need
from ..tagfile import TagFile, load_tags, make_default, write_tags
from .modbus_server import ModbusFace
from .opcua_server import OpcUaFace
from .program import INTERVAL, LEASE, Picture, Plant, PlcProgram
from .records import CoilBook, WriteLog

PUBLISH = 0.1  # wall s between two pictures
LAG = 1.0  # wall s; a plant that falls further behind its clock lets the difference go

_FIRST = "The very first start compiles the plant, which takes a minute or two; the next do not.\n"

_log = logging.getLogger(__name__)


class PlantThread(threading.Thread):
    """Runs the program at `speed` plant seconds a wall second and keeps the newest picture."""

    def __init__(
        self, program: PlcProgram, book: CoilBook, speed: float, coils: int | None
    ) -> None:
        super().__init__(name="plant", daemon=True)
        self.error: Exception | None = None
        self._program, self._book = program, book
        self._speed, self._coils = speed, coils
        self._halt = threading.Event()
        self._step()  # compiles the plant's kernels before anybody waits for an answer
        self.picture: Picture = program.picture()

    def stop(self) -> None:
        """Let the running cycle end."""
        self._halt.set()

    def run(self) -> None:
        """Cycle until stopped; an error ends the plant but not the servers."""
        try:
            self._cycle()
        except Exception as error:  # noqa: BLE001 - the thread's boundary; the process ends on it
            _log.exception("the plant stopped")
            self.error = error

    def _cycle(self) -> None:
        wall = INTERVAL / self._speed
        due = shown = time.monotonic()
        while not self._halt.is_set():
            now = time.monotonic()
            if now - due > LAG:
                due = now
            while due <= now and not self._halt.is_set():
                self._step()
                due += PUBLISH if self._program.finished else wall
                if time.monotonic() - now > PUBLISH:
                    break
            now = time.monotonic()
            if now - shown >= PUBLISH:
                shown = now
                self.picture = self._program.picture()
            self._halt.wait(max(0.001, min(due, shown + PUBLISH) - time.monotonic()))

    def _step(self) -> None:
        program = self._program
        program.cycle()
        if program.finished:
            return
        if self._coils is not None and len(program.line.coils) >= self._coils:
            program.finish()
        try:
            self._book.look(program.line)
            if program.finished:
                self._book.save()
        except OSError:
            _log.exception("the records of the plant could not be written; it runs on")


def run(
    directory: str | Path,
    *,
    line: str = "hot-strip",
    seed: int = 0,
    scenario: str = "nominal",
    speed: float = 1.0,
    opcua_port: int = 0,
    modbus_port: int = 0,
    coils: int | None = None,
    lease: float = LEASE,
    bind: str = "127.0.0.1",
    lab: Sequence[str] = (),
) -> None:
    """Serve a line until SIGTERM or SIGINT.

    Args:
        directory: run folder; gets hot_strip.yaml, pki/, plc_writes.jsonl, coils.jsonl,
            alarms.jsonl, truth.parquet and plc.log.
        line: name of the line.
        seed: seed of the plant.
        scenario: what goes wrong in it.
        speed: plant seconds a wall second.
        opcua_port: port of the OPC UA server; 0 keeps that of the tag file, or takes a free one.
        modbus_port: the same for Modbus.
        coils: stop the plant clock after so many coils, and go on serving; None never does.
        lease: wall s without a sign of life from the gate before the PLC takes control back.
        bind: address of both servers; one beyond loopback needs `lab`.
        lab: what this start permits and a plant does not: "network", "open".

    Raises:
        ConfigError: if an argument is wrong.
    """
    if not speed > 0:
        raise ConfigError(f"speed {speed} must be more than 0; 1 is real time")
    if not lease > 0:
        raise ConfigError(f"lease {lease} s must be more than 0")
    permitted = security.parse_lab(lab)
    security.check_bind("the virtual PLC", bind, permitted)
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=folder / "plc.log", level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )  # fmt: skip
    sys.stderr.write(security.banner(permitted) + _FIRST)
    sys.stderr.flush()
    plant = make_line(line, seed=seed, scenario=scenario)
    tags = folder / f"{line.replace('-', '_')}.yaml"
    tagfile = _tagfile(tags, plant, line, opcua_port, modbus_port, bind)
    pki = security.init(folder / "pki")
    log, book = WriteLog(folder / "plc_writes.jsonl"), CoilBook(folder)
    program = PlcProgram(plant, tagfile, log, lease=lease)
    thread = PlantThread(program, book, speed, coils)
    try:
        asyncio.run(_serve(thread, program, tagfile, pki, tags, permitted))
    finally:
        thread.stop()
        if thread.is_alive():
            thread.join(5.0)
        book.close()
        log.close()
    if thread.error is not None:
        raise thread.error


async def _serve(
    thread: PlantThread, program: PlcProgram, tagfile: TagFile, pki: security.Pki, tags: Path,
    lab: security.Lab,
) -> None:  # fmt: skip
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    opcua = OpcUaFace(tagfile, pki, program, lab)
    image = ModbusFace(tagfile, pki.modbus_key(), program)
    modbus = ModbusServer(image)
    await opcua.start()
    device = need(tagfile.modbus, "devices.modbus")
    await modbus.start(device.host, device.port)
    image.publish(thread.picture)
    await opcua.publish(thread.picture)
    thread.start()
    ready = {
        "ready": "virtual-plc",
        "opcua": need(tagfile.opcua, "devices.opcua").url,
        "modbus": [device.host, device.port],
        "tags": str(tags),
        "hash": tagfile.hash,
        "lab": lab.words,
    }
    print(json.dumps(ready), flush=True)  # noqa: T201 - the line a parent process waits for
    try:
        while not stop.is_set() and thread.is_alive():
            image.publish(thread.picture)
            await opcua.publish(thread.picture)
            try:
                async with asyncio.timeout(PUBLISH):
                    await stop.wait()
            except TimeoutError:
                continue
    finally:
        await modbus.close()
        await opcua.stop()


def _tagfile(
    path: Path, plant: Plant, line: str, opcua_port: int, modbus_port: int, host: str
) -> TagFile:
    """Return the tag file of the folder, made or brought to the wanted ports."""
    if path.exists():
        old = load_tags(path)
        opcua_port = opcua_port or int(need(old.opcua, "devices.opcua").url.rpartition(":")[2])
        modbus_port = modbus_port or need(old.modbus, "devices.modbus").port
    tagfile = make_default(
        plant.signals, plant.controls,
        opcua_port=opcua_port or _free_port(), modbus_port=modbus_port or _free_port(),
        line=line, host=host,
    )  # fmt: skip
    write_tags(path, tagfile)
    return tagfile


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(argv: list[str] | None = None) -> int:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="virtual-plc", description=__doc__)
    parser.add_argument("--dir", required=True, help="run folder")
    parser.add_argument("--line", default="hot-strip")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scenario", default="nominal")
    parser.add_argument("--speed", type=float, default=1.0, help="plant seconds a wall second")
    parser.add_argument("--opcua-port", type=int, default=0)
    parser.add_argument("--modbus-port", type=int, default=0)
    parser.add_argument("--coils", type=int, help="stop the plant clock after so many coils")
    parser.add_argument("--lease", type=float, default=LEASE, help="wall seconds")
    parser.add_argument("--bind", default="127.0.0.1", help="address of both servers")
    parser.add_argument(
        "--lab", action="append", default=[], help="network or open; not in a plant"
    )
    given = vars(parser.parse_args(argv))
    try:
        run(given.pop("dir"), **given)
    except PasslineError as error:
        parser.exit(2, f"{error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
