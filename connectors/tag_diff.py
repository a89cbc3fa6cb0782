"""What differs between two tag files: by tag and key, and whether closed loop must know of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .tag_table import TagFile, rows_of

SHOWN_BY_A_SERVER = frozenset({"unit", "low", "high", "opcua", "english", "korean"})
"""The keys of a tag that a running OPC UA server tells of itself."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        where: name of the tag, or the section of the file.
        key: what differs; empty when the whole tag is only in one of the two.
        before: as in the first file, None where it has nothing.
        after: as in the second.
    """

    where: str
    key: str
    before: Any
    after: Any


def diff(before: TagFile, after: TagFile) -> list[Change]:
    """Return what differs, in the order of the files; the order of the tags does not matter."""
    old, new = rows_of(before), rows_of(after)
    tags = _by_name(old.pop("tags")), _by_name(new.pop("tags"))
    found = [
        Change(key.partition(".")[0], key.partition(".")[2], one, two)
        for key, one, two in _differences(dict(_flat(old)), dict(_flat(new)))
    ]
    return found + list(_tags(*tags))


def diff_shown(file: TagFile, shown: TagFile) -> list[Change]:
    """Return where `file` differs from what a server shows of itself by browsing.

    A server tells nothing of Modbus, of write limits and of how its values are to be read; nor
    is a node a difference that the file leaves alone.
    """
    tags = {
        row["name"]: {key: value for key, value in row.items() if key in SHOWN_BY_A_SERVER}
        for row in rows_of(file)["tags"]
        if "opcua" in row
    }
    nodes = {tag.opcua: tag for tag in shown.tags.values()}
    found = []
    for name, tag in file.tags.items():
        if tag.opcua is None:
            continue
        there = nodes.get(tag.opcua)
        if there is None:
            found.append(Change(name, "", "in the file", None))
            continue
        row = _by_name(rows_of(shown)["tags"])[there.name]
        found += [
            Change(name, key, one, two)
            for key, one, two in _differences(dict(_flat(tags[name])), dict(_flat(row)))
            if key.partition(".")[0] in SHOWN_BY_A_SERVER
        ]
    return found


def _tags(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in (*before, *(name for name in after if name not in before)):
        if name not in after:
            yield Change(name, "", "in the file", None)
        elif name not in before:
            yield Change(name, "", None, "in the file")
        else:
            pair = dict(_flat(before[name])), dict(_flat(after[name]))
            for key, one, two in _differences(*pair):
                yield Change(name, key, one, two)


def _by_name(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in rows}


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    for key in (*before, *(key for key in after if key not in before)):
        if before.get(key) != after.get(key):
            yield key, before.get(key), after.get(key)


def _flat(row: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{name}.")
        elif path + name == "opcua":
            yield "opcua.node", value
        else:
            yield path + name, value
