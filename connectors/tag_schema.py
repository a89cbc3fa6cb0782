"""The JSON schema of a tag file, for editors that complete and underline.

    python -m passline.connectors.tag_schema

writes it anew beside this module from the table of keys. It says what a single key may be. That
nothing overlaps, that limits rise and that a needed tag exists is said by `passline tags check`.
"""

import json
from math import inf
from pathlib import Path
from typing import Any

from .addresses import NODE
from .tag_keys import (
    ACCESS,
    FILE,
    LISTS,
    MAILBOX_MODBUS,
    MAILBOX_OPCUA,
    MODBUS,
    MODBUS_DEVICE,
    OPCUA,
    OPCUA_DEVICE,
    PERMIT,
    TAG,
    TEXTS,
    WRITE,
    Key,
)

PATH = Path(__file__).with_name("tag_file.schema.json")
SECTIONS: dict[str, tuple[Key, ...]] = {
    "the file": FILE,
    "devices.opcua": OPCUA_DEVICE,
    "devices.modbus": MODBUS_DEVICE,
    "mailbox.opcua": MAILBOX_OPCUA,
    "mailbox.modbus": MAILBOX_MODBUS,
    "modbus_access": ACCESS,
    "tags": (*TAG, *TEXTS),
    "tags: opcua": OPCUA,
    "tags: modbus": MODBUS,
    "tags: write": WRITE,
    "tags: write.permits": PERMIT,
}
"""Every section of the file with its keys, in the order in which a person reads them."""


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a tag file."""
    devices = {"opcua": _section(OPCUA_DEVICE), "modbus": _section(MODBUS_DEVICE)}
    mailbox = {"opcua": _section(MAILBOX_OPCUA), "modbus": _section(MAILBOX_MODBUS)}
    node = {"anyOf": [{"type": "string", "pattern": f"^{NODE}$"}, _section(OPCUA)]}
    permits = {"type": "array", "items": _section(PERMIT)}
    tag = _section(
        (*TAG, *TEXTS),
        opcua=node,
        modbus=_section(MODBUS),
        write=_section(WRITE, permits=permits),
    )
    tag["anyOf"] = [{"required": ["opcua"]}, {"required": ["modbus"]}]
    whole = _section(
        FILE,
        devices=_some(devices),
        mailbox=_some(mailbox),
        modbus_access={"type": "array", "minItems": 1, "items": _section(ACCESS)},
        tags={"type": "array", "minItems": 1, "items": tag},
    )
    whole["required"] += ["devices", "tags"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "passline tag file",
        **whole,
    }


def _section(keys: tuple[Key, ...], **others: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [key.name for key in keys if key.needed],
        "properties": {key.name: _key(key) for key in keys} | others,
    }


def _some(parts: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "additionalProperties": False, "minProperties": 1, "properties": parts,
    }  # fmt: skip


def _key(key: Key) -> dict[str, Any]:
    one: dict[str, Any]
    if key.type in ("integer", "integers", "number", "numbers"):
        one = {"type": "integer" if key.type.startswith("integer") else "number"}
        bounds = {"minimum": key.least, "maximum": key.most, "exclusiveMinimum": key.above}
        one |= {name: bound for name, bound in bounds.items() if abs(bound) != inf}
    else:
        one = {"type": "string"}
        if key.type != "phrase":
            one["minLength"] = 1
        if key.choices:
            one["enum"] = list(key.choices)
        elif key.pattern:
            one["pattern"] = key.pattern
    found: dict[str, Any] = {"type": "array", "items": one} if key.type in LISTS else one
    if key.type in LISTS and key.needed:
        found["minItems"] = 1
    found["description"] = key.says + (f" ({key.unit})" if key.unit else "")
    if not key.needed and key.default not in (None, inf, ()):
        found["default"] = key.default
    return found


def text() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
