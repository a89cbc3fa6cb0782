"""What a tag file holds, and what in it is allowed but seldom meant."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from .tag_table import REARM, TagFile
from .tags import PLC_SIGNALS, Tag

_NAMED = 5  # names in one warning; the others are counted


def facts(tagfile: TagFile) -> dict[str, Any]:
    """Return what a person wants to see at a glance."""
    tags = tagfile.tags.values()
    opcua, modbus = tagfile.opcua, tagfile.modbus
    tables = Counter(tag.modbus.table for tag in tags if tag.modbus)
    return {
        "line": tagfile.line,
        "hash": tagfile.hash,
        "opcua": opcua.url if opcua else "",
        "modbus": f"{modbus.host}:{modbus.port} unit {modbus.unit}" if modbus else "",
        "mailbox": [each for each in tagfile.devices if _mailbox(tagfile, each)],
        "tags": len(tagfile.tags),
        "over opcua": sum(tag.opcua is not None for tag in tags),
        "over modbus": sum(tag.modbus is not None for tag in tags),
        "modbus tables": [f"{table} {count}" for table, count in sorted(tables.items())],
        "written by the gate": sorted(tagfile.writable()),
    }


def warnings(tagfile: TagFile) -> list[str]:
    """Return what the file allows and a plant seldom wants, one sentence each."""
    tags = [tag for name, tag in tagfile.tags.items() if name not in (*PLC_SIGNALS, REARM)]
    found = [
        (
            [tag for tag in tags if not _reached(tag, tagfile)],
            "never read: their protocol has no device",
        ),
        (
            [tag for tag in tags if tag.scan > tag.stale_after],
            "read less often than they grow stale; raise stale_after or lower scan",
        ),
        (
            [tag for tag in tags if not tag.resolution],
            "without resolution: a change of one count cannot be told from one that matters",
        ),
        (
            [tag for tag in tags if tag.modbus and tag.modbus.count > tag.resolution > 0],
            "coded more coarsely over Modbus than their instrument shows",
        ),
        (
            [tag for tag in tags if tag.dead_band > (tag.high - tag.low) / 20],
            "with a dead-band of more than a twentieth of their range",
        ),
        (
            [tag for tag in tags if tag.write and not _inside(tag)],
            "writable beyond the range in which they are plausible",
        ),
        (
            [tag for tag in tags if tag.write and tag.write.way == "direct"],
            "written directly: a lost answer can only be guessed from the value read back",
        ),
        (
            [tag for tag in tags if tag.write and not (tag.write.steps or tag.write.choices)],
            "writable without steps or choices: an agent is never offered a move of them",
        ),
    ]
    said = [f"{_names(some)}: {text}" for some, text in found if some]
    return said + list(_of_the_file(tagfile))


def _of_the_file(tagfile: TagFile) -> Iterator[str]:
    box = tagfile.mailbox
    if box is not None and box.request_register is not None and box.hash_register is None:
        yield "mailbox.modbus: without hash nothing tells that the PLC has the same tag table"
    if tagfile.modbus is not None and tagfile.modbus.transport != "tls":
        direct = (tag.write for tag in tagfile.tags.values() if tag.write)
        if any(rule.way == "direct" and rule.protocol == "modbus" for rule in direct):
            yield "devices.modbus: direct writes over Modbus without TLS prove no sender"


def _mailbox(tagfile: TagFile, protocol: str) -> bool:
    return tagfile.mailbox is not None and tagfile.mailbox.carries(protocol)


def _reached(tag: Tag, tagfile: TagFile) -> bool:
    return bool((tag.opcua and tagfile.opcua) or (tag.modbus and tagfile.modbus))


def _inside(tag: Tag) -> bool:
    return tag.write is None or (tag.low <= tag.write.low and tag.write.high <= tag.high)


def _names(tags: list[Tag]) -> str:
    names = [tag.name for tag in tags]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
