"""YAML whose mappings know their line, so that an error can name it."""

from typing import Any

import yaml

from ..plant_sim.errors import ConfigError
from .addresses import OpcUaAddress


def read_rows(text: str) -> Any:
    """Return the data in the YAML `text`; every mapping in it is a `Row`.

    Raises:
        ConfigError: naming the line, when it is not YAML or a key is given twice.
    """
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        return _plain(loader, node) if node is not None else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "not readable"
        raise ConfigError(f"line {line}: this is not YAML ({problem}); correct it") from error


class Row(dict[str, Any]):
    """A mapping of the file that knows its line."""

    line = 0

    @classmethod
    def of(cls, value: Any, what: str, line: int) -> "Row":
        """Return `value` when it is a mapping; `what` and `line` are for the error."""
        if isinstance(value, cls):
            return value
        raise ConfigError(f"line {line}: {what} must be a mapping of names to values")

    def only(self, *known: str) -> None:
        """Refuse every key that is not `known`."""
        for key in self:
            if key not in known:
                raise ConfigError(
                    f"line {self.line}: key {key!r} is not known; use {', '.join(known)}"
                )

    def need(self, key: str) -> Any:
        """Return what stands under `key`, which must be there."""
        if key not in self:
            raise ConfigError(f"line {self.line}: {key} is missing; give it")
        return self[key]

    def row(self, key: str) -> "Row":
        """Return the mapping under `key`."""
        return self.of(self.need(key), key, self.line)

    def text(self, key: str) -> str:
        """Return the text under `key`."""
        value = self.need(key)
        if not isinstance(value, str) or not value:
            raise ConfigError(f"line {self.line}: {key} {value!r} must be text")
        return value

    def integer(self, key: str) -> int:
        """Return the number 0..65535 under `key`."""
        value = self.need(key)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 0xFFFF:
            raise ConfigError(f"line {self.line}: {key} {value!r} must be a number in 0..65535")
        return value

    def number(self, key: str) -> float:
        """Return the number under `key`."""
        value = self.need(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"line {self.line}: {key} {value!r} must be a number")
        return float(value)

    def address(self, key: str) -> OpcUaAddress:
        """Return the OPC UA address under `key`."""
        try:
            return OpcUaAddress.parse(self.text(key))
        except ConfigError as error:
            raise ConfigError(f"line {self.line}: {error}") from error


def _plain(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    """Turn YAML nodes into data; a mapping remembers its line and refuses a repeated key."""
    if isinstance(node, yaml.MappingNode):
        row = Row()
        row.line = node.start_mark.line + 1
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node)
            line = key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise ConfigError(f"line {line}: key {key!r} must be text")
            if key in row:
                raise ConfigError(f"line {line}: key {key!r} is given twice; drop one")
            row[key] = _plain(loader, value_node)
        return row
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, item) for item in node.value]
    return loader.construct_object(node)
