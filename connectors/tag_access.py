"""The section `modbus_access` of a tag file: what the peers of its Modbus server may do."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..plant_sim.errors import ConfigError
from .rows import Row
from .tag_keys import ACCESS, take

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SECTION = "modbus_access"


@dataclass(frozen=True, slots=True)
class Rule:
    """What some peers may do.

    Attributes:
        peers: their networks.
        units: unit ids 0..255.
        functions: function codes 1..127; code 23 needs rules for 23, for both of its ranges.
        first: lowest address.
        last: highest address, 0..65535.
    """

    peers: tuple[Network, ...]
    units: frozenset[int]
    functions: frozenset[int]
    first: int
    last: int

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ConfigError(f"last {self.last} is before first {self.first}; swap them")


def read_access(top: Row) -> tuple[Rule, ...]:
    """Return the rules of the file `top`, none where it has no such section.

    Raises:
        ConfigError: naming the line.
    """
    if SECTION not in top:
        return ()
    rows = top[SECTION]
    if not isinstance(rows, list) or not rows:
        raise top.fault(SECTION, f"{SECTION} must be a list of rules; give at least one")
    return tuple(_rule(Row.of(item, "a rule", top.at(SECTION))) for item in rows)


def rows_of_access(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Return `rules` as plain data."""
    return [
        {
            "peers": [str(peer) for peer in rule.peers],
            "units": sorted(rule.units),
            "functions": sorted(rule.functions),
            "first": rule.first,
            "last": rule.last,
        }
        for rule in rules
    ]


def _rule(row: Row) -> Rule:
    row.only(*(key.name for key in ACCESS))
    given = take(row, ACCESS)
    with row.placed("peers"):
        peers = tuple(_network(text) for text in given["peers"])
    with row.placed("last"):
        return Rule(
            peers,
            frozenset(given["units"]),
            frozenset(given["functions"]),
            given["first"],
            given["last"],
        )


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise ConfigError(
            f"peers {text!r} is not a network ({error}); use for example 192.0.2.16/30"
        ) from error
