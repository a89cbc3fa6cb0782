"""One tag as a row of the tag file, and what rows must not do to each other."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from ..plant_sim.errors import ConfigError
from .addresses import ModbusAddress
from .rows import Row
from .tags import HEARTBEAT, Tag, WriteRule


def row_of(tag: Tag) -> dict[str, Any]:
    """Return `tag` as plain data; what `read_tag` reads."""
    row: dict[str, Any] = {"name": tag.name, "unit": tag.unit, "low": tag.low, "high": tag.high}
    if tag.stale_after != 1.0:
        row["stale_after"] = tag.stale_after
    if tag.opcua:
        row["opcua"] = str(tag.opcua)
    if tag.modbus:
        at = tag.modbus
        row["modbus"] = {"table": at.table, "register": at.register, "type": at.kind}
    if tag.write:
        rule = tag.write
        row["write"] = {
            "protocol": rule.protocol,
            "index": rule.index,
            "low": rule.low,
            "high": rule.high,
        }
    if tag.english:
        row["english"] = tag.english
    if tag.korean:
        row["korean"] = tag.korean
    return row


def read_tag(row: Row) -> Tag:
    """Return the tag of a row.

    Raises:
        ConfigError: naming the line and the remedy.
    """
    row.only(
        "name", "unit", "low", "high", "stale_after",
        "opcua", "modbus", "write", "english", "korean",
    )  # fmt: skip
    try:
        modbus = None
        if "modbus" in row:
            at = row.row("modbus")
            at.only("table", "register", "type")
            table, kind = at.text("table"), at.text("type")
            if table not in ("input", "holding") or kind not in ("f32", "f64"):
                raise ConfigError(
                    f"modbus table {table!r} and type {kind!r} must be input or holding, f32 or f64"
                )
            modbus = ModbusAddress(table, at.integer("register"), kind)  # type: ignore[arg-type]
        write = None
        if "write" in row:
            rule = row.row("write")
            rule.only("protocol", "index", "low", "high")
            protocol = rule.text("protocol")
            if protocol not in ("opcua", "modbus"):
                raise ConfigError(f"write protocol {protocol!r} must be opcua or modbus")
            write = WriteRule(
                protocol,  # type: ignore[arg-type]
                rule.integer("index"),
                rule.number("low"),
                rule.number("high"),
            )
        return Tag(
            row.text("name"),
            row.text("unit"),
            row.number("low"),
            row.number("high"),
            row.number("stale_after") if "stale_after" in row else 1.0,
            row.address("opcua") if "opcua" in row else None,
            modbus,
            write,
            str(row.get("english", "")),
            str(row.get("korean", "")),
        )
    except ConfigError as error:
        text = str(error)
        raise ConfigError(
            text if text.startswith("line ") else f"line {row.line}: {text}"
        ) from error


def need_heartbeat(tags: Mapping[str, Tag], lines: Mapping[str, int]) -> None:
    """Refuse tags whose plant may be dead while its server still answers."""
    beat = tags.get(HEARTBEAT)
    for name, tag in tags.items():
        if (tag.opcua and not (beat and beat.opcua)) or (tag.modbus and not (beat and beat.modbus)):
            over = "opcua" if tag.opcua and not (beat and beat.opcua) else "modbus"
            raise ConfigError(
                f"line {lines[name]}: {name} has an address on {over} and {HEARTBEAT} has none, so "
                f"nothing tells whether its value is alive; give {HEARTBEAT} one on {over} too"
            )


def no_overlap(tags: Mapping[str, Tag], lines: Mapping[str, int]) -> None:
    """Refuse two tags in one register, one node or under one write index."""
    spans = sorted(
        (tag.modbus.table, tag.modbus.register, tag.modbus.register + tag.modbus.words, name)
        for name, tag in tags.items()
        if tag.modbus
    )
    for (table, _, end, first), (other, start, _, second) in pairwise(spans):
        if table == other and start < end:
            raise ConfigError(
                f"line {lines[second]}: register {start} of {second} overlaps {first} of line "
                f"{lines[first]}; move one"
            )
    taken: dict[object, str] = {}
    for name, tag in tags.items():
        for claim in (tag.opcua, tag.write and tag.write.index):
            if claim is None:
                continue
            if claim in taken:
                raise ConfigError(
                    f"line {lines[name]}: {claim} of {name} is taken by {taken[claim]} of line "
                    f"{lines[taken[claim]]}; choose another"
                )
            taken[claim] = name
