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
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from ...plant_sim import make_line
from ...plant_sim.errors import ConfigError, PasslineError
from .. import security
from ..addresses import BITS, Order
from ..tagfile import TagFile, load_tags, make_default, write_tags
from .clock import PlantThread
from .faults import WireFaults, load_faults
from .opcua_server import LOCK_STEP_EPOCH
from .ports import free_port
from .program import LEASE, Plant, PlcProgram
from .records import CoilBook, WriteLog
from .servers import Servers

if TYPE_CHECKING:
    from ...plant_sim.lines.line import Line
    from ..tag_access import Rule

LOOK = 0.1  # wall s between two looks at whether the plant still runs

_FIRST = "The very first start compiles the plant, which takes a minute or two; the next do not.\n"


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
    lock_step: bool = False,
    word_order: str | None = None,
    wire_faults: str | Path | None = None,
    bind: str = "127.0.0.1",
    lab: Sequence[str] = (),
) -> None:
    """Serve a line until SIGTERM or SIGINT.

    Args:
        directory: run folder; gets hot_strip.yaml, pki/, plc_writes.jsonl and .memory,
            coils.jsonl, alarms.jsonl, truth.parquet and plc.log.
        line: name of the line.
        seed: seed of the plant.
        scenario: what goes wrong in it.
        speed: plant seconds a wall second; 0 begins paused.
        opcua_port: port of the OPC UA server; 0 keeps that of the tag file, or takes a free one.
        modbus_port: the same for Modbus.
        coils: stop the plant clock after so many coils, and go on serving; None never does.
        lease: wall s without a sign of life from the gate before the PLC takes control back.
        lock_step: let plant time move only when the driver asks for it; `speed` says nothing then.
        word_order: of the registers in a new tag file, "big" or "little"; None keeps what is there.
        wire_faults: a file of faults of the wire, see `faults`.
        bind: address of both servers; one beyond loopback needs `lab`.
        lab: what this start permits and a plant does not: "network", "open".

    Raises:
        ConfigError: if an argument is wrong.
    """
    if word_order is not None and word_order not in get_args(Order):
        raise ConfigError(f"word order {word_order!r} is not known; use big or little")
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
    tagfile = _tagfile(tags, plant, line, opcua_port, modbus_port, word_order, bind)
    faults = WireFaults((), tagfile.tags)
    if wire_faults is not None:
        faults = load_faults(wire_faults, tagfile, lock_step=lock_step)
    pki = security.init(folder / "pki")
    log, book = WriteLog(folder / "plc_writes.jsonl"), CoilBook(folder)
    program = PlcProgram(plant, tagfile, log, lease=lease)
    _warm(plant)
    thread = PlantThread(program, book, speed, coils, lock_step=lock_step)
    try:
        asyncio.run(_serve(thread, program, tagfile, pki, tags, faults, lock_step, permitted))
    finally:
        thread.stop()
        if thread.is_alive():
            thread.join(5.0)
        book.close()
        log.close()
    if thread.error is not None:
        raise thread.error


def _warm(plant: "Line") -> None:
    """Compile the plant's kernels before anybody waits for an answer; plant time stays 0."""
    state = plant.save()
    plant.advance(0.5)
    plant.restore(state)


async def _serve(
    thread: PlantThread,
    program: PlcProgram,
    tagfile: TagFile,
    pki: security.Pki,
    tags: Path,
    faults: WireFaults,
    lock_step: bool,
    lab: security.Lab,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    epoch = LOCK_STEP_EPOCH if lock_step else datetime.now(UTC)
    servers = Servers(tagfile, pki, program, thread, faults, epoch, lab)
    await servers.start()
    thread.start()
    device = tagfile.modbus
    ready = {
        "ready": "virtual-plc",
        "opcua": tagfile.opcua.url if tagfile.opcua else None,
        "modbus": [device.host, device.port] if device else None,
        "tags": str(tags),
        "hash": tagfile.hash,
        "lab": lab.words,
    }
    print(json.dumps(ready), flush=True)  # noqa: T201 - the line a parent process waits for
    follow = asyncio.create_task(servers.follow())
    try:
        while not stop.is_set() and thread.is_alive() and not follow.done():
            try:
                async with asyncio.timeout(LOOK):
                    await stop.wait()
            except TimeoutError:
                continue
        if follow.done():
            follow.result()  # whatever ended it ends the PLC
    finally:
        follow.cancel()
        await servers.stop()


def _tagfile(
    path: Path,
    plant: Plant,
    line: str,
    opcua_port: int,
    modbus_port: int,
    order: str | None,
    host: str,
) -> TagFile:
    """Return the tag file of the folder, made or brought to the wanted ports.

    Of an old one the allow-list stays.
    """
    access: tuple[Rule, ...] = ()
    if path.exists():
        old = load_tags(path)
        access = old.access
        if old.opcua is not None:
            opcua_port = opcua_port or int(old.opcua.url.rpartition(":")[2])
        if old.modbus is not None:
            modbus_port = modbus_port or old.modbus.port
        order = order or _order_of(old)
    tagfile = make_default(
        plant.signals, plant.controls,
        opcua_port=opcua_port or free_port(), modbus_port=modbus_port or free_port(),
        line=line, host=host,
    )  # fmt: skip
    tagfile = with_word_order(tagfile, "little" if order == "little" else "big")
    tagfile = replace(tagfile, access=access)
    write_tags(path, tagfile)
    return tagfile


def with_word_order(tagfile: TagFile, order: Order) -> TagFile:
    """Return `tagfile` with the words of every number on Modbus in `order`."""
    tags = {
        name: replace(tag, modbus=replace(tag.modbus, word_order=order))
        if tag.modbus is not None and tag.modbus.words > 1 and tag.modbus.table not in BITS
        else tag
        for name, tag in tagfile.tags.items()
    }
    return replace(tagfile, tags=tags)


def _order_of(tagfile: TagFile) -> Order:
    found = {tag.modbus.word_order for tag in tagfile.tags.values() if tag.modbus is not None}
    return "little" if "little" in found else "big"


def main(argv: list[str] | None = None) -> int:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="virtual-plc", description=__doc__)
    parser.add_argument("--dir", required=True, help="run folder")
    parser.add_argument("--line", default="hot-strip")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scenario", default="nominal")
    parser.add_argument(
        "--speed", type=float, default=1.0, help="plant seconds a wall second; 0 begins paused"
    )
    parser.add_argument(
        "--lock-step", action="store_true", help="plant time moves only when the driver asks"
    )
    parser.add_argument("--opcua-port", type=int, default=0)
    parser.add_argument("--modbus-port", type=int, default=0)
    parser.add_argument("--coils", type=int, help="stop the plant clock after so many coils")
    parser.add_argument("--lease", type=float, default=LEASE, help="wall seconds")
    parser.add_argument("--word-order", choices=get_args(Order), help="of a new tag file")
    parser.add_argument("--bind", default="127.0.0.1", help="address of both servers")
    parser.add_argument(
        "--lab", action="append", default=[], help="network or open; not in a plant"
    )
    parser.add_argument("--wire-faults", help="a file of faults of the wire (YAML)")
    given = vars(parser.parse_args(argv))
    try:
        run(given.pop("dir"), **given)
    except PasslineError as error:
        parser.exit(2, f"{error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
