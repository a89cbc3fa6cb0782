"""Tables of registers, and which of them go into one request."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from sys import byteorder

from ..addresses import BITS, Table
from ..tags import Tag

MAX_READ = 125  # registers in one answer, by the specification
MAX_GAP = 8  # reading a few idle registers is cheaper than another request

ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3
NO_SUCH_UNIT = 0x0B
READS: dict[int, Table] = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}


class RegisterImage:
    """Live registers of one unit: a program sets them, every request reads them as they are."""

    def __init__(self, inputs: int = 700, holdings: int = 100, unit: int = 1) -> None:
        self.unit = unit
        self._tables: dict[Table, array[int]] = {
            "input": array("H", bytes(2 * inputs)),
            "holding": array("H", bytes(2 * holdings)),
        }
        self._bits: dict[Table, bytearray] = {"coil": bytearray(64), "discrete": bytearray(64)}

    def put(self, table: Table, address: int, data: bytes) -> None:
        """Set registers from big-endian `data`, or bits from one byte each; the program's side."""
        if table in BITS:
            self._bits[table][address : address + len(data)] = bytes(map(bool, data))
            return
        words = array("H", data)
        if byteorder == "little":
            words.byteswap()
        self._tables[table][address : address + len(words)] = words

    def get(self, table: Table, address: int, count: int) -> bytes | int:
        """Return big-endian registers, or packed bits, or the exception code."""
        if table in BITS:
            bits = self._bits[table][address : address + count]
            if len(bits) < count:
                return ILLEGAL_ADDRESS
            packed = sum(bit << number for number, bit in enumerate(bits))
            return packed.to_bytes(-(-count // 8), "little")
        if address + count > len(self._tables[table]):
            return ILLEGAL_ADDRESS
        words = self._tables[table][address : address + count]
        if byteorder == "little":
            words.byteswap()
        return words.tobytes()

    def write(self, address: int, data: bytes, peer: str) -> int:
        """Take a client's write; 0 when accepted, else the exception code.

        This image takes none. The virtual PLC overrides it for its mailbox.
        """
        return ILLEGAL_ADDRESS


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring registers that are read by one request."""

    table: Table
    start: int
    count: int
    tags: tuple[Tag, ...]


def plan(tags: Iterable[Tag], max_block: int = MAX_READ, max_gap: int = MAX_GAP) -> list[Block]:
    """Put the Modbus tags among `tags` into as few blocks as limits and gaps allow."""
    found = [(tag.modbus, tag) for tag in tags if tag.modbus is not None]
    blocks: list[Block] = []
    for at, tag in sorted(found, key=lambda pair: (pair[0].table, pair[0].register)):
        end = at.register + at.words
        if blocks:
            last = blocks[-1]
            gap = at.register - (last.start + last.count)
            if at.table == last.table and gap <= max_gap and end - last.start <= max_block:
                count = max(last.count, end - last.start)
                blocks[-1] = Block(last.table, last.start, count, (*last.tags, tag))
                continue
        blocks.append(Block(at.table, at.register, at.words, (tag,)))
    return blocks
