"""One tag as a row of the tag file, and back."""

from typing import Any

from .addresses import UNSCALED, ModbusAddress, OpcUaAddress, Scaling
from .rows import Row
from .tag_keys import MODBUS, OPCUA, PERMIT, TAG, TEXTS, WRITE, Key, give, take
from .tags import Condition, Tag, WriteRule

_SCALING = ("scale", "offset", "missing")


def row_of(tag: Tag) -> dict[str, Any]:
    """Return `tag` as plain data without its defaults; what `read_tag` reads."""
    row = give(_fields(tag), TAG)
    if tag.opcua is not None:
        row["opcua"] = _row_of_node(tag.opcua)
    if tag.modbus is not None:
        row["modbus"] = give(_fields(tag.modbus) | {"type": tag.modbus.kind}, MODBUS)
    if tag.write is not None:
        row["write"] = give(_fields(tag.write), WRITE)
        if tag.write.permits:
            row["write"]["permits"] = [give(_fields(item), PERMIT) for item in tag.write.permits]
    return row | give(_fields(tag), TEXTS)


def _row_of_node(at: OpcUaAddress) -> str | dict[str, Any]:
    """Return a node as its text, or as a mapping when it says more than where it is."""
    row = give(_fields(at) | {"node": str(at), "type": at.kind}, OPCUA)
    return str(at) if len(row) == 1 else row


def read_tag(row: Row) -> Tag:
    """Return the tag of a row.

    Raises:
        ConfigError: naming the place and the remedy.
    """
    row.only(*(key.name for key in (*TAG, *TEXTS)), "opcua", "modbus", "write")
    with row.placed():
        return Tag(
            **take(row, (*TAG, *TEXTS)),
            opcua=_read_node(row, "opcua") if "opcua" in row else None,
            modbus=_read_modbus(row.row("modbus")) if "modbus" in row else None,
            write=_read_write(row.row("write")) if "write" in row else None,
        )


def _read_node(row: Row, key: str) -> OpcUaAddress:
    """Return the node under `key`: its text, or a mapping that says more."""
    if isinstance(row.need(key), str):
        with row.placed(key):
            return OpcUaAddress.parse(row[key])
    at = row.row(key)
    at.only(*(each.name for each in OPCUA))
    given, scaling = _scaled(at, OPCUA)
    with at.placed("node"):
        return OpcUaAddress.parse(given["node"], given.get("type", "f64"), scaling)


def _read_modbus(row: Row) -> ModbusAddress:
    row.only(*(key.name for key in MODBUS))
    given, scaling = _scaled(row, MODBUS)
    given["kind"] = given.pop("type")
    with row.placed():
        return ModbusAddress(**given, scaling=scaling)


def _read_write(row: Row) -> WriteRule:
    row.only(*(key.name for key in WRITE), "permits")
    given = take(row, WRITE)
    given.setdefault("index", 0)
    rows = row.get("permits", [])
    if not isinstance(rows, list):
        raise row.fault("permits", "permits must be a list of rows; give each as a mapping")
    with row.placed():
        permits = tuple(_read_permit(Row.of(each, "a permit", row.at("permits"))) for each in rows)
        return WriteRule(**given, permits=permits)


def _read_permit(row: Row) -> Condition:
    row.only(*(key.name for key in PERMIT))
    with row.placed():
        return Condition(**take(row, PERMIT))


def _scaled(row: Row, keys: tuple[Key, ...]) -> tuple[dict[str, Any], Scaling]:
    """Return what an address gives, and the scaling in it apart."""
    given = take(row, keys)
    scaling = {key: given.pop(key) for key in _SCALING if key in given}
    with row.placed("scale"):
        return given, Scaling(**scaling) if scaling else UNSCALED


def _fields(item: Any) -> dict[str, Any]:
    values = {name: getattr(item, name) for name in item.__slots__}
    if isinstance(scaling := values.get("scaling"), Scaling):
        values |= {name: getattr(scaling, name) for name in _SCALING}
    return values
