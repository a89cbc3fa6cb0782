"""The tag file: one YAML file makes the virtual PLC and reads the real one."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from ..plant_sim.controls import Control
from ..plant_sim.errors import ConfigError
from ..plant_sim.signals import Signal
from ..plant_sim.units import from_si
from .addresses import ModbusAddress, OpcUaAddress
from .errors import TagError
from .rows import Row, read_rows
from .tag_rows import need_heartbeat, no_overlap, read_tag, row_of
from .tags import PLC_SIGNALS, Tag, WriteRule

Policy = Literal["Basic256Sha256", "Aes256Sha256RsaPss"]
Transport = Literal["tcp", "tls", "rtu"]
Parity = Literal["N", "E", "O"]

VERSION = 1
REARM = "plc.rearm"
VOID = 0  # no control has this number: a request with it only makes its action id void
"""The control that takes a PLC out of local after a hand-back; only a person may ask for it."""


@dataclass(frozen=True, slots=True)
class OpcUaDevice:
    """Where the OPC UA server is and who it must be."""

    url: str
    application_uri: str
    policy: Policy = "Basic256Sha256"


@dataclass(frozen=True, slots=True)
class ModbusDevice:
    """Where the Modbus server is and what it bears.

    Attributes:
        host: address; for a serial line the path of its device.
        port: TCP port; 0 for a serial line.
        unit: unit id.
        transport: plain TCP, TLS with certificates on both sides, or RTU on a serial line.
        max_block: registers in one read; some devices allow fewer than the specification's 125.
        max_gap: idle registers that are read along to save a request.
        in_flight: requests sent before the first is answered; more than 1 only over TCP and TLS.
        pause: wall s between two requests, for slow devices.
        baud: of a serial line.
        parity: of a serial line.
    """

    host: str
    port: int
    unit: int
    transport: Transport = "tcp"
    max_block: int = 120
    max_gap: int = 8
    in_flight: int = 1
    pause: float = 0.0
    baud: int = 19200
    parity: Parity = "E"


@dataclass(frozen=True, slots=True)
class MailboxMap:
    """Where the mailbox is: the only thing of the PLC that can be written."""

    request: OpcUaAddress
    echo: OpcUaAddress
    beat: OpcUaAddress
    request_register: int  # holding
    beat_register: int  # holding
    echo_register: int  # input


@dataclass(frozen=True)
class TagFile:
    """A checked tag file.

    Attributes:
        line: name of the line, as `make_line` knows it.
        opcua: the OPC UA server, or None.
        modbus: the Modbus server, or None.
        mailbox: where requests are written.
        tags: every tag by its name.
        hash: SHA-256 of the tag table; addresses of hosts do not count.
    """

    line: str
    opcua: OpcUaDevice
    modbus: ModbusDevice
    mailbox: MailboxMap
    tags: Mapping[str, Tag]

    @property
    def devices(self) -> dict[str, OpcUaDevice | ModbusDevice]:
        """The servers by protocol."""
        return {"opcua": self.opcua, "modbus": self.modbus}

    @property
    def hash(self) -> str:
        """SHA-256 of line, mailbox and tags."""
        table = {key: value for key, value in _rows(self).items() if key != "devices"}
        text = json.dumps(table, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def writable(self) -> dict[str, Tag]:
        """Return the tags that the gate may ask the PLC to write."""
        return {name: tag for name, tag in self.tags.items() if tag.write is not None}

    def tag(self, name: str) -> Tag:
        """Return the tag called `name`.

        Raises:
            TagError: if there is none.
        """
        try:
            return self.tags[name]
        except KeyError:
            raise TagError(f"tag {name!r} is not in the tag file; see its tags section") from None


def load_tags(path: str | Path) -> TagFile:
    """Read and check a tag file.

    Raises:
        ConfigError: naming the file, the line and the remedy.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"tag file {path} cannot be read ({error.strerror}); give an existing file"
        ) from error
    try:
        return parse(text)
    except ConfigError as error:
        raise ConfigError(f"{path}, {error}") from error


def parse(text: str) -> TagFile:
    """Check the text of a tag file.

    Raises:
        ConfigError: naming the line and the remedy.
    """
    root = read_rows(text)
    top = Row.of(root, "the file", 1)
    top.only("version", "line", "devices", "mailbox", "tags")
    if top.integer("version") != VERSION:
        raise ConfigError(
            f"line {top.line}: version {top['version']} is not known; this release reads {VERSION}"
        )
    devices = top.row("devices")
    devices.only("opcua", "modbus")
    opcua, modbus = devices.row("opcua"), devices.row("modbus")
    opcua.only("url", "application_uri")
    modbus.only("host", "port", "unit")
    mailbox = top.row("mailbox")
    mailbox.only("opcua", "modbus")
    nodes, registers = mailbox.row("opcua"), mailbox.row("modbus")
    nodes.only("request", "echo", "beat")
    registers.only("request", "beat", "echo")
    rows = top.get("tags")
    if not isinstance(rows, list) or not rows:
        raise ConfigError(f"line {top.line}: tags must be a list of rows; give at least one")
    tags: dict[str, Tag] = {}
    lines: dict[str, int] = {}
    for row in rows:
        entry = Row.of(row, "a tag", top.line)
        tag = read_tag(entry)
        if tag.name in tags:
            raise ConfigError(
                f"line {entry.line}: tag {tag.name} is already in line {lines[tag.name]}; drop one"
            )
        tags[tag.name], lines[tag.name] = tag, entry.line
    no_overlap(tags, lines)
    need_heartbeat(tags, lines)
    return TagFile(
        top.text("line"),
        OpcUaDevice(opcua.text("url"), opcua.text("application_uri")),
        ModbusDevice(modbus.text("host"), modbus.integer("port"), modbus.integer("unit")),
        MailboxMap(
            nodes.address("request"),
            nodes.address("echo"),
            nodes.address("beat"),
            registers.integer("request"),
            registers.integer("beat"),
            registers.integer("echo"),
        ),
        tags,
    )


def dump(tagfile: TagFile) -> str:
    """Return the text of `tagfile`; `parse` of it gives the same again."""
    rows = _rows(tagfile)
    head = yaml.safe_dump(
        {key: value for key, value in rows.items() if key != "tags"},
        sort_keys=False,
        allow_unicode=True,
    )
    lines = [
        "  - "
        + yaml.safe_dump(
            row, sort_keys=False, allow_unicode=True, default_flow_style=True, width=10**9
        ).rstrip("\n")
        for row in rows["tags"]
    ]
    return "\n".join([head + "tags:", *lines, ""])


def write_default(
    path: str | Path,
    opcua_port: int,
    modbus_port: int,
    *,
    line: str = "hot-strip",
    host: str = "127.0.0.1",
) -> TagFile:
    """Generate the tag file of a line and write it whole or not at all.

    Every signal is on OPC UA; what belongs to the run-out table, to the coil and to the PLC is on
    Modbus as well. Controls of the mill are written over OPC UA, those of the run-out table over
    Modbus.
    """
    from ..plant_sim.lines.hot_strip.control_table import CONTROLS
    from ..plant_sim.lines.hot_strip.signal_table import SIGNALS

    tagfile = make_default(
        SIGNALS, CONTROLS, opcua_port=opcua_port, modbus_port=modbus_port, line=line, host=host
    )
    write_tags(path, tagfile)
    return tagfile


def write_tags(path: str | Path, tagfile: TagFile) -> None:
    """Write `tagfile` to `path`, whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".tmp")
    draft.write_text(dump(tagfile), encoding="utf-8")
    draft.replace(path)


def make_default(
    signals: Mapping[str, Signal],
    controls: Mapping[str, Control],
    *,
    opcua_port: int,
    modbus_port: int,
    line: str = "hot-strip",
    host: str = "127.0.0.1",
) -> TagFile:
    """Return the tag file that `write_default` writes, for any set of signals and controls."""
    uri = f"urn:passline:{line}"
    tags: dict[str, Tag] = {}
    register = 0
    index = {name: number for number, name in enumerate(controls, start=1)}
    for signal in (*PLC_SIGNALS.values(), *signals.values()):
        station = signal.name.split(".")[0]
        modbus = None
        if station in ("plc", "rot") or signal.name == "coil.number":
            modbus = ModbusAddress("input", register, "f64" if signal.name == "plc.time" else "f32")
            register += modbus.words
        write = None
        if control := controls.get(signal.name):
            write = WriteRule(
                "modbus" if station == "rot" else "opcua",
                index[signal.name],
                _short(from_si(control.low, signal.display)),
                _short(from_si(control.high, signal.display)),
            )
        tags[signal.name] = Tag(
            signal.name,
            signal.display,
            _short(from_si(signal.low, signal.display)),
            _short(from_si(signal.high, signal.display)),
            opcua=OpcUaAddress(uri, f"s={node_name(signal.name)}"),
            modbus=modbus,
            write=write,
            english=signal.english,
            korean=signal.korean,
        )
    tags[REARM] = Tag(
        REARM,
        "1",
        0.0,
        1.0,
        opcua=OpcUaAddress(uri, f"s={node_name(REARM)}"),
        write=WriteRule("opcua", 1000, 1.0, 1.0),
        english="write 1 to leave local after a hand-back; an operator's decision",
        korean="현장 전환 후 원격 복귀 (운전자 결정)",
    )
    return TagFile(
        line,
        OpcUaDevice(f"opc.tcp://{host}:{opcua_port}", "urn:passline:virtual-plc"),
        ModbusDevice(host, modbus_port, 1),
        MailboxMap(
            OpcUaAddress(uri, "s=Mailbox.Request"),
            OpcUaAddress(uri, "s=Mailbox.Echo"),
            OpcUaAddress(uri, "s=Mailbox.Beat"),
            request_register=0,
            beat_register=32,
            echo_register=500,
        ),
        tags,
    )


def node_name(name: str) -> str:
    """Return the name a signal has on OPC UA.

    >>> node_name("f1.roll_force"), node_name("rot.bank_1_flow"), node_name("coil.ct_aim")
    ('F1.RollForce', 'ROT.Bank1Flow', 'Coil.CtAim')
    """
    station, _, quantity = name.partition(".")
    head = station.upper() if len(station) <= 3 else station.title()
    return f"{head}.{''.join(word.title() for word in quantity.split('_'))}"


def _short(value: float) -> float:
    return float(f"{value:.9g}")


def _rows(tagfile: TagFile) -> dict[str, Any]:
    """Return plain data, in the order in which a person reads it."""
    box = tagfile.mailbox
    return {
        "version": VERSION,
        "line": tagfile.line,
        "devices": {
            "opcua": {
                "url": tagfile.opcua.url,
                "application_uri": tagfile.opcua.application_uri,
            },
            "modbus": {
                "host": tagfile.modbus.host,
                "port": tagfile.modbus.port,
                "unit": tagfile.modbus.unit,
            },
        },
        "mailbox": {
            "opcua": {"request": str(box.request), "echo": str(box.echo), "beat": str(box.beat)},
            "modbus": {
                "request": box.request_register,
                "beat": box.beat_register,
                "echo": box.echo_register,
            },
        },
        "tags": [row_of(tag) for tag in tagfile.tags.values()],
    }
