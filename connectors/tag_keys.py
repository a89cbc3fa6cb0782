"""Every key of a tag file: what it means, its unit, its default and what it may be.

This one table reads and writes the file, gives the JSON schema and the columns of the CSV, and is
printed in docs/tag_file.md. What two keys must be to one another is said by the classes that they
make (`Tag`, `WriteRule`, ...).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Any, Literal, get_args

from ..plant_sim.units import UNITS
from .addresses import KINDS, LAST_REGISTER, NODE, Order, Table
from .rows import Row
from .tag_devices import Parity, Policy, Transport
from .tags import Protocol, Risk, Way

Type = Literal["text", "phrase", "names", "integer", "integers", "number", "numbers"]

LISTS: tuple[Type, ...] = ("names", "integers", "numbers")

NEEDED = object()
"""The default of a key that must be given."""

_BREAK = "\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ufeff"  # neither line breaks nor control characters
TEXT = rf"^[^{_BREAK}]+$"
PHRASE = rf"^[^{_BREAK}]*$"
NAME = r"""^[^\s,;"'=+@-][^\s,;"']*$"""
URL = r"^opc\.tcp://[^\s@]+$"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of one section.

    Attributes:
        name: as in the file, and of the field that it fills.
        type: "text" is never empty, "phrase" may be; "names", "integers" and "numbers" are lists,
            and one that must be given has something in it.
        says: what it means, in one phrase.
        unit: unit of its number; "plant" is the unit of the tag.
        default: what holds when it is not given.
        least: least number.
        most: greatest number.
        above: every number must be more than this.
        choices: the only words that it takes.
        pattern: what a text must match.
        remedy: what to do about a wrong one.
    """

    name: str
    type: Type
    says: str
    unit: str = ""
    default: Any = field(default=NEEDED)
    least: float = -inf
    most: float = inf
    above: float = -inf
    choices: tuple[str, ...] = ()
    pattern: str = ""
    remedy: str = ""

    @property
    def needed(self) -> bool:
        """Whether it must be given."""
        return self.default is NEEDED

    def read(self, row: Row) -> Any:
        """Return the value under this key of `row`.

        Raises:
            ConfigError: naming the place.
        """
        value = row.need(self.name)
        if self.type in LISTS:
            if not isinstance(value, list):
                raise self._wrong(row, value, "must be a list in brackets")
            if self.needed and not value:
                raise self._wrong(row, value, "must be a list with something in it")
            return tuple(self._one(row, item) for item in value)
        return self._one(row, value)

    def _one(self, row: Row, value: Any) -> Any:
        if self.type in ("text", "phrase", "names"):
            if not isinstance(value, str) or (self.type != "phrase" and not value):
                raise self._wrong(row, value, "must be text")
            if self.choices and value not in self.choices:
                raise self._wrong(row, value, f"is not known; use {', '.join(self.choices)}")
            if not re.fullmatch(self.pattern or PHRASE, value):
                raise self._wrong(row, value, self.remedy or "must be one line of plain text")
            return value
        if isinstance(value, bool) or not isinstance(value, int if self._whole else int | float):
            raise self._wrong(row, value, f"must be a {self._number}")
        if not isfinite(value):
            raise self._wrong(row, value, "must be finite; give a number")
        if not (self.least <= value <= self.most and value > self.above):
            raise self._wrong(row, value, f"must be a {self._number} {self._bounds}".rstrip())
        return value if self._whole else float(value)

    def _wrong(self, row: Row, value: Any, text: str) -> Exception:
        return row.fault(self.name, f"{self.name} {value!r} {text}")

    @property
    def _whole(self) -> bool:
        return self.type in ("integer", "integers")

    @property
    def _number(self) -> str:
        return "whole number" if self._whole else "number"

    @property
    def _bounds(self) -> str:
        if self.above > -inf:
            return f"above {self.above:g}"
        if self.most < inf:
            return f"in {self.least:g}..{self.most:g}"
        return f"not less than {self.least:g}"


def take(row: Row, keys: tuple[Key, ...]) -> dict[str, Any]:
    """Return the values that `row` gives for `keys`; what it leaves out is left out.

    Raises:
        ConfigError: naming the place, when a value is wrong or a needed one is not there.
    """
    return {key.name: key.read(row) for key in keys if key.needed or key.name in row}


def give(values: Mapping[str, Any], keys: tuple[Key, ...]) -> dict[str, Any]:
    """Return `values` as plain data, without those that are as by default."""
    row = {}
    for key in keys:
        value = values[key.name]
        if key.needed or value != key.default:
            row[key.name] = list(value) if isinstance(value, tuple) else value
    return row


def _register(name: str, says: str, default: Any = NEEDED) -> Key:
    return Key(name, "integer", says, default=default, least=0, most=LAST_REGISTER)


def _word(name: str, choices: Iterable[str], says: str, default: Any = NEEDED) -> Key:
    return Key(name, "text", says, default=default, choices=tuple(choices))


def _node(name: str, says: str) -> Key:
    remedy = "is not of the form nsu=<uri>;s=<name>; write it so"
    return Key(name, "text", says, pattern=rf"^{NODE}$", remedy=remedy)


def _name(name: str, says: str) -> Key:
    remedy = "must be a name without blanks, commas and quotes"
    return Key(name, "text", says, pattern=NAME, remedy=remedy)


def _names(name: str, says: str) -> Key:
    remedy = "must be names without blanks, commas and quotes"
    return Key(name, "names", says, default=(), pattern=NAME, remedy=remedy)


def _bound(name: str, says: str, unit: str = "plant") -> Key:
    return Key(name, "number", says, unit)


_SCALING = (
    Key("scale", "number", "plant units for one raw count, not 0", "plant", 1.0),
    Key("offset", "number", "plant unit at raw 0", "plant", 0.0),
    Key("missing", "numbers", 'raw numbers that mean "no value"', "raw", ()),
)
_LANGUAGES = (
    Key("english", "phrase", "meaning in one phrase", default="", pattern=PHRASE),
    Key("korean", "phrase", "the same in Korean", default="", pattern=PHRASE),
)

FILE = (
    Key("version", "integer", "version of this form of file", least=1, most=1),
    _name("line", "name of the line"),
)
OPCUA_DEVICE = (
    Key("url", "text", "opc.tcp://host:port", pattern=URL,
        remedy="must be opc.tcp://host:port; names and passwords lie in the pki folder"),
    Key("application_uri", "text", "who the server says it is, as in its certificate"),
    _word("policy", get_args(Policy), "security policy; always sign and encrypt", "Basic256Sha256"),
)  # fmt: skip
MODBUS_DEVICE = (
    Key("host", "text", "host name or address; for rtu the path of the serial line"),
    Key("port", "integer", "TCP port; 0 for a serial line", least=0, most=65535),
    Key("unit", "integer", "unit id", least=0, most=255),
    _word("transport", get_args(Transport), "TCP, TLS with certificates, or a serial line", "tcp"),
    Key("max_block", "integer", "registers in one read", "registers", 120, least=1, most=125),
    Key("max_gap", "integer", "idle registers read along to save a request", "registers", 8,
        least=0, most=124),
    Key("in_flight", "integer", "requests sent before the first is answered", "requests", 1,
        least=1, most=16),
    Key("pause", "number", "wait between two requests", "s", 0.0, least=0, most=60),
    Key("baud", "integer", "speed of a serial line", "bit/s", 19200, least=300, most=4_000_000),
    _word("parity", get_args(Parity), "parity of a serial line: none, even, odd", "E"),
)  # fmt: skip
MAILBOX_OPCUA = (
    _node("request", "ByteString that the gate writes"),
    _node("echo", "text in which the PLC says what became of requests"),
    _node("beat", "UInt32 that the gate counts up"),
)
MAILBOX_MODBUS = (
    _register("request", "first holding register of a request"),
    _register("beat", "first holding register of the sign of life"),
    _register("echo", "first input register of the echoes"),
    _register("hash", "first of two input registers with the hash of this file", None),
)
ACCESS = (
    Key("peers", "names", "networks that the rule is for",
        pattern=r"^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$",
        remedy="is not a network; use for example 192.0.2.16/30"),
    Key("units", "integers", "unit ids", least=0, most=255),
    Key("functions", "integers", "function codes", least=1, most=127),
    _register("first", "lowest address"),
    _register("last", "highest address, not below first"),
)  # fmt: skip
TAG = (
    _name("name", "name of the signal inside"),
    _word("unit", UNITS, "unit of every number of the tag"),
    _bound("low", "least plausible value"),
    _bound("high", "greatest plausible value"),
    Key("stale_after", "number", "age from which a value is UNCERTAIN", "s", 1.0, above=0),
    Key("bad_after", "number", "age from which it is BAD; without it three times stale_after", "s",
        None, above=0),
    Key("resolution", "number", "smallest difference the instrument shows; 0 is not known",
        "plant", 0.0, least=0),
    Key("dead_band", "number", "a smaller change against the last reported value is not reported",
        "plant", 0.0, least=0),
    Key("scan", "number", "wanted time between two reads; 0 takes that of the connector", "s", 0.0,
        least=0),
    Key("frozen_after", "number", "the very same number for so long while the plant clock runs is "
        "UNCERTAIN; 0: never", "s", 0.0, least=0),
)  # fmt: skip
TEXTS = _LANGUAGES
OPCUA = (
    _node("node", "node, by the URI of its namespace"),
    _word("type", KINDS, "type of the value", "f64"),
    *_SCALING,
)
MODBUS = (
    _word("table", get_args(Table), "which of the four tables"),
    _register("register", "register or bit, counted from 0"),
    _word("type", KINDS, "how the number is coded"),
    _word("word_order", get_args(Order), "big: the most significant register comes first", "big"),
    _word("byte_order", get_args(Order), "little: swapped within each register", "big"),
    Key("bit", "integer", "which bit of a register holds a bool; 0 is the least significant",
        default=None, least=0, most=15),
    *_SCALING,
)  # fmt: skip
WRITE = (
    _word("protocol", get_args(Protocol), "the only protocol over which the PLC takes it"),
    Key("index", "integer", "number of the control in the mailbox; 0 for a direct write",
        default=0, least=0, most=65535),
    _bound("low", "least value"),
    _bound("high", "greatest value"),
    _word("way", get_args(Way), "through the mailbox, or direct to the tag itself", "mailbox"),
    Key("max_step", "number", "greatest change in one write; without it no limit", "plant", inf,
        above=0),
    Key("rate", "number", "greatest change in one plant second; without it no limit", "plant/s",
        inf, above=0),
    Key("cooldown", "number", "least time between two writes", "s (plant)", 0.0, least=0),
    _word("risk", get_args(Risk), "high always needs a person", "medium"),
    _names("needs", "tags that must be GOOD and fresh before a write"),
    _names("excludes", "controls that act on the same thing"),
    Key("tolerance", "number", "how exactly the read-back must agree", "plant", 0.0, least=0),
    Key("choices", "numbers", "the only legal values of a selector", "plant", ()),
    Key("steps", "numbers", "sizes of the moves an agent is offered", "plant", (), above=0),
    Key("start", "number", "where a hand-back brings it; without it the plant knows", "plant",
        None),
)  # fmt: skip
PERMIT = (
    _name("tag", "a state of the plant that must hold before a write"),
    _bound("low", "its least value", "plant unit of that tag"),
    _bound("high", "its greatest value", "plant unit of that tag"),
    *_LANGUAGES,
)
