"""Rows that know where they stand in a file, so that an error can name the line; YAML as rows.

The YAML is that of version 1.2 in the plain: `no` is a word, 0100 is not 64, 1e3 is a number, and
nothing stands for something written elsewhere.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

try:
    from yaml import CSafeLoader as SafeLoader  # five times faster; every usual wheel has it
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

from ..plant_sim.errors import ConfigError

_WHOLE = r"(?:0|[1-9][0-9]*)"
_PLAIN: tuple[tuple[str, str, str], ...] = (  # kind of scalar, its form, its first characters
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", rf"[-+]?{_WHOLE}|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        rf"[-+]?(?:{_WHOLE}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("null", r"~|null|Null|NULL|", "~nN"),
)


class _Loader(SafeLoader):
    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012


class _Dumper(yaml.SafeDumper):
    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012


for _kind, _form, _first in _PLAIN:
    for _side in (_Loader, _Dumper):
        _side.add_implicit_resolver(
            f"tag:yaml.org,2002:{_kind}", re.compile(rf"(?:{_form})\Z"), [*_first, ""]
        )


class PlacedError(ConfigError):
    """Raised with the place in the file already in its text."""


def read_rows(text: str) -> Any:
    """Return the data in the YAML `text`; every mapping in it is a `Row`.

    Raises:
        ConfigError: naming the line, when it is not YAML or a key is given twice.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        return _plain(loader, node, set()) if node is not None else None
    except PlacedError:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "not readable"
        raise PlacedError(f"line {line}: this is not YAML ({problem}); correct it") from error
    except (RecursionError, ValueError) as error:
        raise PlacedError(f"line 1: this is not YAML ({type(error).__name__}); correct it") from (
            error
        )


def write_rows(data: Any, *, one_line: bool = False) -> str:
    """Return plain `data` as YAML; `read_rows` of it gives the same again."""
    return yaml.dump(
        data,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=one_line,
        width=10**9 if one_line else 99,
    )


class Row(dict[str, Any]):
    """A mapping of the file that knows its place and that of every key.

    Attributes:
        place: where it begins, as an error says it: "line 12".
        places: the same of each key that stands elsewhere.
    """

    def __init__(self, place: str = "line 1") -> None:
        super().__init__()
        self.place = place
        self.places: dict[str, str] = {}

    @classmethod
    def of(cls, value: Any, what: str, place: str) -> "Row":
        """Return `value` when it is a mapping; `what` and `place` are for the error."""
        if isinstance(value, cls):
            return value
        raise PlacedError(f"{place}: {what} must be a mapping of names to values")

    def at(self, key: str = "") -> str:
        """Return where `key` stands, or the row itself."""
        return self.places.get(key, self.place)

    def fault(self, key: str, text: str) -> PlacedError:
        """Return the error that says `text` of `key` and names its place."""
        return PlacedError(f"{self.at(key)}: {text}")

    @contextmanager
    def placed(self, key: str = "") -> Iterator[None]:
        """Give every ConfigError inside the place of `key`."""
        try:
            yield
        except PlacedError:
            raise
        except ConfigError as error:
            raise self.fault(key, str(error)) from error

    def only(self, *known: str) -> None:
        """Refuse every key that is not `known`."""
        for key in self:
            if key not in known:
                raise self.fault(key, f"key {key!r} is not known; use {', '.join(known)}")

    def need(self, key: str) -> Any:
        """Return what stands under `key`, which must be there."""
        if key not in self:
            raise self.fault("", f"{key} is missing; give it")
        return self[key]

    def row(self, key: str) -> "Row":
        """Return the mapping under `key`."""
        return self.of(self.need(key), key, self.at(key))

    def text(self, key: str) -> str:
        """Return the text under `key`."""
        value = self.need(key)
        if not isinstance(value, str) or not value:
            raise self.fault(key, f"{key} {value!r} must be text")
        return value

    def number(self, key: str) -> float:
        """Return the number under `key`."""
        value = self.need(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fault(key, f"{key} {value!r} must be a number")
        return float(value)

    def integer(self, key: str) -> int:
        """Return the number 0..65535 under `key`."""
        value = self.need(key)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 0xFFFF:
            raise self.fault(key, f"{key} {value!r} must be a number in 0..65535")
        return value


def _plain(loader: SafeLoader, node: yaml.Node, seen: set[int]) -> Any:
    """Turn YAML nodes into data; refuses a repeated key, and a value that stands for another."""
    line = f"line {node.start_mark.line + 1}"
    if id(node) in seen:
        raise PlacedError(f"{line}: the value of an anchor is used twice; write it out each time")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        row = Row(line)
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node)
            at = f"line {key_node.start_mark.line + 1}"
            if not isinstance(key, str):
                raise PlacedError(f"{at}: key {key!r} must be text")
            if key in row:
                raise PlacedError(f"{at}: key {key!r} is given twice; drop one")
            row[key] = _plain(loader, value_node, seen)
            row.places[key] = at
        return row
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, item, seen) for item in node.value]
    return loader.construct_object(node)
