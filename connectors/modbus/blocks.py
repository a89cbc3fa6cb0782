"""Which registers go into one request, and which addresses a device refuses."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from ..addresses import BITS, Table
from ..tags import Tag
from .protocol import ILLEGAL_ADDRESS, ILLEGAL_FUNCTION, ILLEGAL_VALUE, MAX_READ, MAX_READ_BITS

MAX_GAP = 8  # reading a few idle registers is cheaper than another request
AGAIN = 30.0  # wall s before a refused address is asked for once more

REFUSED = (ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE)
"""Codes that name the request as the fault: a smaller one may be answered."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Neighbouring registers (or bits) that are read by one request."""

    table: Table
    start: int
    count: int
    tags: tuple[Tag, ...]

    def halves(self) -> tuple["Block", "Block"]:
        """Split between two tags; registers of the gap belong to neither half.

        Raises:
            ValueError: if there is only one tag.
        """
        if len(self.tags) < 2:
            raise ValueError(f"a block of {len(self.tags)} tag cannot be split")
        middle = len(self.tags) // 2
        return _around(self.table, self.tags[:middle]), _around(self.table, self.tags[middle:])


def plan(tags: Iterable[Tag], max_block: int = MAX_READ, max_gap: int = MAX_GAP) -> list[Block]:
    """Put the Modbus tags among `tags` into as few blocks as limits and gaps allow.

    Args:
        tags: any tags; those without a Modbus address are left out.
        max_block: registers in one request. A block of bits holds 16 times as many bits.
        max_gap: idle registers (or bits) that are read along.
    """
    found = [(tag.modbus, tag) for tag in tags if tag.modbus is not None]
    groups: list[list[Tag]] = []
    table, start, end = "", 0, 0
    for at, tag in sorted(found, key=lambda pair: (pair[0].table, pair[0].register)):
        most = min(16 * max_block, MAX_READ_BITS) if at.table in BITS else max_block
        last = at.register + at.words
        near = groups and at.table == table and at.register - end <= max_gap
        if near and max(end, last) - start <= most:
            groups[-1].append(tag)
            end = max(end, last)
        else:
            groups.append([tag])
            table, start, end = at.table, at.register, last
    return [_around(tags[0].modbus.table, tuple(tags)) for tags in groups if tags[0].modbus]


class Refused:
    """Blocks as a device answers them: what it refuses is split down to the bad address.

    Args:
        blocks: as planned.
        again: wall s before a refused tag is asked for once more.
    """

    def __init__(self, blocks: Iterable[Block], again: float = AGAIN) -> None:
        self.blocks = list(blocks)
        self._again = again
        self._codes: dict[Block, tuple[int, float]] = {}

    def codes(self) -> dict[str, int]:
        """Return the exception code of every tag that the device refuses."""
        return {tag.name: code for block, (code, _) in self._codes.items() for tag in block.tags}

    def due(self, block: Block) -> bool:
        """Tell whether to ask for `block` now: a refused one only now and then."""
        _, until = self._codes.get(block, (0, 0.0))
        return time.monotonic() >= until

    def answered(self, block: Block) -> None:
        """Note that the device gives `block`."""
        self._codes.pop(block, None)

    def refused(self, block: Block, code: int) -> tuple[Block, ...]:
        """Note that the device refuses `block`, and return what to ask for instead."""
        if len(block.tags) > 1 and code in REFUSED:
            halves = block.halves()
            at = self.blocks.index(block)
            self.blocks[at : at + 1] = halves
            return halves
        self._codes[block] = code, time.monotonic() + (self._again if code in REFUSED else 0.0)
        return ()


def _around(table: Table, tags: tuple[Tag, ...]) -> Block:
    spans = [(t.modbus.register, t.modbus.register + t.modbus.words) for t in tags if t.modbus]
    start = min(first for first, _ in spans)
    return Block(table, start, max(last for _, last in spans) - start, tags)
