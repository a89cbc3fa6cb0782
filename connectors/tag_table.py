"""The checked content of a tag file, and how it is made of plain rows."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .addresses import OpcUaAddress
from .errors import TagError
from .rows import Row
from .tag_access import SECTION, Rule, read_access, rows_of_access
from .tag_claims import (
    HASH_WORDS,
    check_mailbox,
    check_writes,
    need_heartbeat,
    no_overlap,
    one_byte_order,
)
from .tag_devices import MailboxMap, ModbusDevice, OpcUaDevice
from .tag_keys import (
    FILE,
    MAILBOX_MODBUS,
    MAILBOX_OPCUA,
    MODBUS_DEVICE,
    OPCUA_DEVICE,
    give,
    take,
)
from .tag_rows import read_tag, row_of
from .tags import Tag

VERSION = 1
REARM = "plc.rearm"
"""The control that takes a PLC out of local after a hand-back; only a person may ask for it."""
VOID = 0  # no control has this number: a request with it only makes its action id void

# what a reader may change without a value, or a write, meaning anything else
_UNHASHED = frozenset({"english", "korean", "scan", "dead_band"})


@dataclass(frozen=True)
class TagFile:
    """A checked tag file.

    Attributes:
        line: name of the line, as `make_line` knows it.
        opcua: the OPC UA server, or None.
        modbus: the Modbus server, or None.
        mailbox: where requests are written, or None for a plant without one.
        tags: every tag by its name.
        access: what the peers of the Modbus server may do; empty where the file does not say.
        hash: SHA-256 of line, mailbox and tags: what a value means and what may be written.
            Addresses of hosts, texts, scan times and dead-bands do not count.
    """

    line: str
    opcua: OpcUaDevice | None
    modbus: ModbusDevice | None
    mailbox: MailboxMap | None
    tags: Mapping[str, Tag]
    access: tuple[Rule, ...] = ()

    @property
    def devices(self) -> dict[str, OpcUaDevice | ModbusDevice]:
        """The servers that there are, by protocol."""
        found = {"opcua": self.opcua, "modbus": self.modbus}
        return {protocol: device for protocol, device in found.items() if device is not None}

    @property
    def hash(self) -> str:
        """SHA-256 of what a value means and what may be written."""
        rows = rows_of(self)
        table = {key: value for key, value in rows.items() if key not in ("devices", SECTION)}
        text = json.dumps(_hashed(table), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def hash_words(self) -> bytes:
        """The first 32 bits of the hash, as they lie in two registers."""
        return bytes.fromhex(self.hash)[: 2 * HASH_WORDS]

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


def rows_of(tagfile: TagFile) -> dict[str, Any]:
    """Return plain data, in the order in which a person reads it; defaults are left out."""
    rows: dict[str, Any] = {"version": VERSION, "line": tagfile.line, "devices": {}}
    if tagfile.opcua is not None:
        rows["devices"]["opcua"] = give(_fields(tagfile.opcua), OPCUA_DEVICE)
    if tagfile.modbus is not None:
        rows["devices"]["modbus"] = give(_fields(tagfile.modbus), MODBUS_DEVICE)
    if (box := tagfile.mailbox) is not None:
        rows["mailbox"] = {}
        if box.request is not None and box.echo is not None and box.beat is not None:
            nodes = {"request": box.request, "echo": box.echo, "beat": box.beat}
            rows["mailbox"]["opcua"] = {key: str(at) for key, at in nodes.items()}
        if box.request_register is not None:
            registers = {key.name: getattr(box, f"{key.name}_register") for key in MAILBOX_MODBUS}
            rows["mailbox"]["modbus"] = give(registers, MAILBOX_MODBUS)
    if tagfile.access:
        rows[SECTION] = rows_of_access(tagfile.access)
    rows["tags"] = [row_of(tag) for tag in tagfile.tags.values()]
    return rows


def read_table(top: Row) -> TagFile:
    """Return the tag file of plain rows.

    Raises:
        ConfigError: naming the place and the remedy.
    """
    top.only("version", "line", "devices", "mailbox", SECTION, "tags")
    if top.need("version") != VERSION or isinstance(top["version"], bool):
        raise top.fault(
            "version", f"version {top['version']} is not known; this release reads {VERSION}"
        )
    line = take(top, FILE)["line"]
    devices = top.row("devices")
    devices.only("opcua", "modbus")
    if not devices:
        raise top.fault("devices", "devices names none; give opcua, modbus or both")
    opcua = _read_opcua(devices.row("opcua")) if "opcua" in devices else None
    modbus = _read_modbus(devices.row("modbus")) if "modbus" in devices else None
    mailbox = _read_mailbox(top.row("mailbox")) if "mailbox" in top else None
    access = read_access(top)
    if access and modbus is None:
        raise top.fault(SECTION, f"{SECTION} needs devices.modbus; give it, or drop the list")
    tags, places = _read_tags(top)
    found = TagFile(line, opcua, modbus, mailbox, tags, access)
    with top.placed("mailbox"):
        if mailbox is not None:
            check_mailbox(mailbox, found.devices)
    no_overlap(tags, places, mailbox)
    one_byte_order(tags, places)
    need_heartbeat(tags, places)
    check_writes(tags, places, found.devices, mailbox)
    return found


def _read_tags(top: Row) -> tuple[dict[str, Tag], dict[str, str]]:
    """Return the tags and where each of them stands."""
    rows = top.need("tags")
    if not isinstance(rows, list) or not rows:
        raise top.fault("tags", "tags must be a list of rows; give at least one")
    tags: dict[str, Tag] = {}
    places: dict[str, str] = {}
    for item in rows:
        row = Row.of(item, "a tag", top.at("tags"))
        tag = read_tag(row)
        if tag.name in tags:
            raise row.fault("name", f"tag {tag.name} is already in {places[tag.name]}; drop one")
        tags[tag.name], places[tag.name] = tag, row.place
    return tags, places


def _read_opcua(row: Row) -> OpcUaDevice:
    row.only(*(key.name for key in OPCUA_DEVICE))
    with row.placed():
        return OpcUaDevice(**take(row, OPCUA_DEVICE))


def _read_modbus(row: Row) -> ModbusDevice:
    row.only(*(key.name for key in MODBUS_DEVICE))
    with row.placed():
        return ModbusDevice(**take(row, MODBUS_DEVICE))


def _read_mailbox(row: Row) -> MailboxMap:
    row.only("opcua", "modbus")
    parts: dict[str, Any] = {}
    if "opcua" in row:
        nodes = row.row("opcua")
        nodes.only(*(key.name for key in MAILBOX_OPCUA))
        given = take(nodes, MAILBOX_OPCUA)
        parts |= {key: OpcUaAddress.parse(value) for key, value in given.items()}
    if "modbus" in row:
        registers = row.row("modbus")
        registers.only(*(key.name for key in MAILBOX_MODBUS))
        given = take(registers, MAILBOX_MODBUS)
        parts |= {f"{key}_register": value for key, value in given.items()}
    with row.placed():
        return MailboxMap(**parts)


def _fields(item: Any) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__slots__}


def _hashed(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _hashed(value) for key, value in data.items() if key not in _UNHASHED}
    return [_hashed(item) for item in data] if isinstance(data, list) else data
