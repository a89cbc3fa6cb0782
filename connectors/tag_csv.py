"""The tag file as a table for a spreadsheet: one row a tag, nothing lost either way.

    #version,1
    #line,hot-strip
    #devices.opcua.url,opc.tcp://127.0.0.1:4840
    ...
    name,unit,low,high,opcua.node,modbus.table,modbus.register,...
    f1.roll_force,MN,0.0,40.0,nsu=urn:passline:hot-strip;s=F1.RollForce,,,...

Rows that begin with # say what the tags have in common. A list stands in one cell, its items apart
by blanks. A text that a spreadsheet would take for a formula begins with an apostrophe.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..plant_sim.errors import ConfigError
from .rows import PlacedError, Row, read_rows, write_rows
from .tag_access import SECTION
from .tag_keys import (
    FILE,
    MAILBOX_MODBUS,
    MAILBOX_OPCUA,
    MODBUS,
    MODBUS_DEVICE,
    OPCUA,
    OPCUA_DEVICE,
    TAG,
    TEXTS,
    WRITE,
    Key,
)
from .tag_table import TagFile, read_table, rows_of

_PERMITS = "write.permits"
_ROWS = (SECTION, _PERMITS)  # each a list of mappings, written as YAML in one cell
_FORMULA = tuple("=+-@'\t")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?inf|nan", re.IGNORECASE)
_COMMA = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")


def _columns(*sections: tuple[str, Sequence[Key]]) -> dict[str, Key]:
    return {prefix + key.name: key for prefix, keys in sections for key in keys}


_HEAD = _columns(
    ("", FILE),
    ("devices.opcua.", OPCUA_DEVICE),
    ("devices.modbus.", MODBUS_DEVICE),
    ("mailbox.opcua.", MAILBOX_OPCUA),
    ("mailbox.modbus.", MAILBOX_MODBUS),
)
_TAGS = _columns(("", TAG), ("opcua.", OPCUA), ("modbus.", MODBUS), ("write.", WRITE), ("", TEXTS))
COLUMNS = (*_TAGS, _PERMITS)
"""Every column that a row of a tag may have."""


def dump_csv(tagfile: TagFile) -> str:
    """Return `tagfile` as CSV; `parse_csv` of it gives the same again."""
    head = {key: value for key, value in rows_of(tagfile).items() if key != "tags"}
    tags = cells_of(tagfile)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows((f"#{name}", cell) for name, cell in _flat(head))
    writer.writerow(tags[0])
    writer.writerows(row.values() for row in tags)
    return text.getvalue()


def cells_of(tagfile: TagFile) -> list[dict[str, str]]:
    """Return every tag by column, all columns that the file uses."""
    rows = [dict(_flat(row)) for row in rows_of(tagfile)["tags"]]
    used = {name for row in rows for name in row} | {key.name for key in TAG if key.needed}
    return [{name: row.get(name, "") for name in COLUMNS if name in used} for row in rows]


def write_csv(path: str | Path, tagfile: TagFile) -> None:
    """Write `tagfile` as CSV with the mark by which a spreadsheet knows UTF-8."""
    Path(path).write_text(dump_csv(tagfile), encoding="utf-8-sig", newline="")


def parse_csv(data: bytes) -> TagFile:
    """Check a tag file in CSV: UTF-8, cells apart by comma, semicolon or tab, decimal point.

    Raises:
        ConfigError: naming row, column and remedy.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PlacedError("row 1: this is not UTF-8; save it as CSV UTF-8") from error
    top, tags, columns = Row("row 1"), [], None
    for number, cells in enumerate(_records(text), start=1):
        if not any(cells):
            continue
        if cells[0].startswith("#"):
            _head(top, number, cells)
        elif columns is None:
            columns = _titles(number, cells)
            top.places["tags"] = f"row {number}"
        else:
            tags.append(_tag(number, columns, cells))
    top["tags"] = tags
    return read_table(top)


def _records(text: str) -> Iterator[list[str]]:
    first = re.match(r'\s*"?#?[\w.]+"?([,;\t])', text)
    if first is None:
        raise PlacedError(
            "row 1: no columns are found; separate the cells by commas, semicolons or tabs"
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=first[1], strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):  # noqa: B007 - named by the error
            yield cells
    except csv.Error as error:
        raise PlacedError(f"row {number + 1}: this is not CSV ({error}); correct it") from error


def _head(top: Row, number: int, cells: list[str]) -> None:
    """Put one row of what the tags have in common where it belongs."""
    name, place = cells[0][1:].strip(), f"row {number}"
    key = _HEAD.get(name)
    cell = cells[1] if len(cells) > 1 else ""
    if key is None and name != SECTION:
        raise PlacedError(f"{place}: {name!r} is not known; use {', '.join((*_HEAD, SECTION))}")
    _put(top, name, _value(key, cell, place) if key else _yaml(cell, place), place, place)


def _titles(number: int, cells: list[str]) -> list[str]:
    titles = [cell.strip() for cell in cells]
    while titles and not titles[-1]:
        titles.pop()
    for position, title in enumerate(titles):
        if title not in COLUMNS:
            raise PlacedError(
                f"row {number}: column {title!r} is not known; use {', '.join(COLUMNS)}"
            )
        if title in titles[:position]:
            raise PlacedError(f"row {number}: column {title!r} is given twice; drop one")
    return titles


def _tag(number: int, columns: list[str], cells: list[str]) -> Row:
    if any(cells[len(columns) :]):
        raise PlacedError(
            f"row {number}: there are {len(cells)} cells and {len(columns)} columns; put a text "
            "that contains a separator in quotes, and write numbers with a decimal point"
        )
    row = Row(f"row {number}")
    for name, cell in zip(columns, cells, strict=False):
        place = f"row {number}, column {name}"
        if not cell:
            continue
        value = _yaml(cell, place) if name == _PERMITS else _value(_TAGS[name], cell, place)
        _put(row, name, value, place, f"row {number}")
    return row


def _put(row: Row, path: str, value: Any, place: str, begin: str) -> None:
    """Put `value` under a path such as "modbus.register"."""
    *parts, name = path.split(".")
    for depth, part in enumerate(parts, start=1):
        if part not in row:
            row[part] = Row(f"{begin}, columns {'.'.join(parts[:depth])}.*")
            row.places[part] = place
        row = row[part]
    if name in row:
        raise PlacedError(f"{place}: {path} is given twice; drop one")
    row[name] = value
    row.places[name] = place


def _value(key: Key, cell: str, place: str) -> Any:
    """Return a cell as what its key takes; what is no such thing is refused by the key."""
    if key.type in ("text", "phrase"):
        return cell[1:] if cell.startswith("'") else cell
    if key.type == "names":
        return cell.split()
    found = [_number(key, word, place) for word in cell.split()]
    return found if key.type == "numbers" else found[0] if len(found) == 1 else cell


def _number(key: Key, word: str, place: str) -> Any:
    if _COMMA.fullmatch(word):
        raise PlacedError(
            f"{place}: {word!r} has a decimal comma; write {word.replace(',', '.')!r} with a point"
        )
    if key.type == "integer" and re.fullmatch(r"[-+]?\d+", word):
        return int(word)
    return float(word) if _NUMBER.fullmatch(word) else word


def _yaml(cell: str, place: str) -> Any:
    try:
        found = read_rows(cell)
    except ConfigError as error:
        said = str(error).partition(": ")[2]
        raise PlacedError(f"{place}: {said}") from error
    for row in found if isinstance(found, list) else ():
        if isinstance(row, Row):
            row.place, row.places = place, {}
    return found


def _flat(row: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every value with its path, as the text of a cell."""
    for name, value in row.items():
        at = path + name
        if isinstance(value, dict):
            yield from _flat(value, f"{at}.")
        elif at in _ROWS:
            yield at, write_rows(value, one_line=True).strip()
        elif isinstance(value, list):
            yield at, " ".join(str(item) for item in value)
        elif isinstance(value, str):
            at = f"{at}.node" if at == "opcua" else at
            yield at, f"'{value}" if value.startswith(_FORMULA) else value
        else:
            yield at, repr(value)
