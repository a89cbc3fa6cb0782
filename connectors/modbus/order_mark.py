"""The number by which a PLC shows in which order it sends the words and bytes of its numbers.

It lies behind the echoes, as the tag file declares numbers. Another order of the same four bytes is
a PLC that is not the one of the file, or a wire that turns them; other bytes are a PLC without it.
"""

from collections.abc import Iterable
from dataclasses import replace

from ..addresses import ModbusAddress
from ..errors import LinkError
from ..letter_form import IDENTITY
from ..tag_devices import MailboxMap

ORDER_MARK = 0x01020304


def mark_of(addresses: Iterable[ModbusAddress]) -> ModbusAddress:
    """Return how the mark is coded: as the first number of more than one register."""
    found = list(addresses)
    plain = ModbusAddress("input", 0, "u32")
    if not found:
        return plain
    first = next((each for each in found if each.words > 1), found[0])
    return replace(plain, word_order=first.word_order, byte_order=first.byte_order)


def place_of(box: MailboxMap | None) -> int | None:
    """Return the first of its two input registers, None for a plant that has no such place."""
    return None if box is None or box.echo_register is None else box.echo_register + IDENTITY


def check_mark(at: ModbusAddress, data: bytes) -> None:
    """Refuse the two registers `data` when they are the mark in another order than that of `at`.

    Raises:
        LinkError: saying which order came and what to do.
    """
    right = at.encode(ORDER_MARK)
    if data != right and sorted(data) == sorted(right):
        raise LinkError(
            f"the PLC sends the words and bytes of its order mark as {data.hex()}, the tag file "
            f"says {right.hex()}; correct word_order or byte_order, or look at what lies between"
        )
