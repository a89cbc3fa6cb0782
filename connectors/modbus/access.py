"""Who may do what over Modbus: a list of what is allowed; the rest is refused.

A rule (see `tag_access`) names peers (networks), units, functions and a range of addresses. A
request is allowed when every address it touches is allowed by a rule. Modbus without TLS proves
nobody's identity: the list narrows what a wrong or hostile machine can try, it does not
authenticate.
"""

import ipaddress
from collections.abc import Sequence
from typing import Any

from ..addresses import Table
from ..letter_form import BEAT_WORDS, IDENTITY, IDENTITY_WORDS, REQUEST_WORDS
from ..tag_access import Network, Rule
from ..tag_devices import need
from ..tagfile import TagFile
from .protocol import ILLEGAL_ADDRESS, ILLEGAL_FUNCTION, NO_SUCH_UNIT

EVERYWHERE: tuple[Network, ...] = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
LOOPBACK: tuple[Network, ...] = (
    ipaddress.ip_network("127.0.0.0/8"),
    ipaddress.ip_network("::1/128"),
)
MAX_KNOWN = 256  # addresses of peers that are remembered
READS: dict[Table, int] = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
WRITES = (6, 16)


class PeerAccess:
    """The rules for one peer, made ready for the many requests of its connection."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        ranges: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for rule in rules:
            for unit in rule.units:
                for function in rule.functions:
                    ranges.setdefault((unit, function), []).append((rule.first, rule.last + 1))
        self._ranges = {key: _merged(found) for key, found in ranges.items()}
        self._units = {unit for unit, _ in ranges}

    def __bool__(self) -> bool:
        """Say whether the peer may do anything at all; else its connection is better dropped."""
        return bool(self._ranges)

    def check(self, unit: int, function: int, address: int, count: int) -> int:
        """Return 0 when the request is allowed, else the exception code.

        Args:
            unit: unit id of the request.
            function: its function code.
            address: its first address.
            count: how many addresses it touches; 0 for a function without addresses.
        """
        ranges = self._ranges.get((unit, function))
        if ranges is None:
            return ILLEGAL_FUNCTION if unit in self._units else NO_SUCH_UNIT
        if count == 0:
            return 0
        end = address + count
        for low, high in ranges:
            if low <= address and end <= high:
                return 0
        return ILLEGAL_ADDRESS


_NOBODY = PeerAccess(())


class Access:
    """The allow-list of a Modbus server."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._known: dict[str, PeerAccess] = {}

    def of(self, peer: str) -> PeerAccess:
        """Return what the peer at an IP address may do; nothing, when it is not an address."""
        known = self._known.get(peer)
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            known = self._known[peer] = self._of(peer)
        return known

    def _of(self, peer: str) -> PeerAccess:
        try:
            address: Any = ipaddress.ip_address(peer.partition("%")[0])
        except ValueError:
            return _NOBODY
        address = getattr(address, "ipv4_mapped", None) or address  # ::ffff:127.0.0.1
        return PeerAccess([r for r in self.rules if any(address in net for net in r.peers)])

    def allowed(self, peer: str, unit: int, function: int, address: int, count: int) -> int:
        """Return 0 when one request of `peer` is allowed, else the exception code.

        11 when none of its rules has the unit, 1 when none has the function, 2 when an address is
        outside.
        """
        return self.of(peer).check(unit, function, address, count)

    def __call__(self, peer: str, unit: int, function: int, address: int, count: int) -> int:
        """Answer as `allowed` does for a peer that is named `host:port`, as a server names it."""
        return self.of(peer.rpartition(":")[0].strip("[]")).check(unit, function, address, count)


def access_of(tagfile: TagFile, peers: tuple[Network, ...] = LOOPBACK) -> Access:
    """Return the list of the tag file, or for a file without one the default."""
    return Access(tagfile.access) if tagfile.access else default_access(tagfile, peers)


def default_access(tagfile: TagFile, peers: tuple[Network, ...] = LOOPBACK) -> Access:
    """Return the list of a server without one: `peers` read tags and write the mailbox."""
    unit, box = frozenset({need(tagfile.modbus, "devices.modbus").unit}), tagfile.mailbox
    ranges: dict[Table, list[tuple[int, int]]] = {table: [] for table in READS}
    if box is not None and box.echo_register is not None:
        ranges["input"].append((box.echo_register, IDENTITY + IDENTITY_WORDS))
    for tag in tagfile.tags.values():
        if (at := tag.modbus) is not None:
            ranges[at.table].append((at.register, at.words))
    rules = [
        Rule(
            peers, unit, frozenset({READS[table]}),
            min(first for first, _ in found), max(first + words for first, words in found) - 1,
        )
        for table, found in ranges.items()
        if found
    ]  # fmt: skip
    for register, words in (
        (box.request_register if box else None, REQUEST_WORDS),
        (box.beat_register if box else None, BEAT_WORDS),
    ):
        if register is not None:
            rules.append(Rule(peers, unit, frozenset(WRITES), register, register + words - 1))
    return Access(rules)


def _merged(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return half-open ranges in order, with those that touch made one."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)
