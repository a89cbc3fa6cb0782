"""What each Modbus function answers, on the server's side; bytes in, bytes or a code out.

The order of the checks is the specification's: function, form and count, then address. Who may ask
at all is asked of `access` when the form is known to be right.
"""

import struct

import numpy as np

from ..addresses import BITS
from .protocol import (
    IDENTIFY,
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
    MAX_READ,
    MAX_READ_BITS,
    MAX_SWAP,
    MAX_WRITE,
    MAX_WRITE_BITS,
    READS,
    Access,
    Peer,
)
from .registers import RegisterImage

_PAIR = struct.Struct(">HH")
_TRIPLE = struct.Struct(">HHH")
_BLOCK = struct.Struct(">HHB")
_SWAP = struct.Struct(">HHHHB")
_ON, _OFF = 0xFF00, 0x0000
_MEI = 14  # of function 43: read device identification
_ROOM = 240  # bytes of objects that surely fit one answer


def allow_all(peer: Peer, unit: int, function: int, address: int, count: int) -> int:
    """Let everybody do everything that the image takes."""
    return 0


class Functions:
    """The functions of one unit for one client.

    Args:
        image: the tables.
        peer: who asks.
        access: who may ask for what.
    """

    def __init__(self, image: RegisterImage, peer: Peer, access: Access = allow_all) -> None:
        self._image, self._peer, self._access = image, peer, access

    def answer(self, function: int, data: bytes) -> bytes | int:
        """Return the data of the answer, or the exception code."""
        if function in READS:
            return self._read(function, data)
        if function == 6:
            return self._one_register(data)
        if function == 16:
            return self._registers(data)
        if function == 5:
            return self._one_coil(data)
        if function == 15:
            return self._coils(data)
        if function == 22:
            return self._mask(data)
        if function == 23:
            return self._swap(data)
        if function == IDENTIFY:
            return self._identify(data)
        return ILLEGAL_FUNCTION

    def _read(self, function: int, data: bytes) -> bytes | int:
        if len(data) != 4:
            return ILLEGAL_VALUE
        address, count = _PAIR.unpack(data)
        table = READS[function]
        if not 1 <= count <= (MAX_READ_BITS if table in BITS else MAX_READ):
            return ILLEGAL_VALUE
        if code := self._may(function, address, count):
            return code
        block = self._image.get(table, address, count)
        return block if isinstance(block, int) else bytes([len(block)]) + block

    def _one_register(self, data: bytes) -> bytes | int:
        if len(data) != 4:
            return ILLEGAL_VALUE
        address, _ = _PAIR.unpack(data)
        code = self._may(6, address, 1) or self._image.write(address, data[2:], self._peer)
        return code or data

    def _registers(self, data: bytes) -> bytes | int:
        if len(data) < 5:
            return ILLEGAL_VALUE
        address, count, size = _BLOCK.unpack_from(data)
        if not 1 <= count <= MAX_WRITE or size != 2 * count or len(data) != 5 + size:
            return ILLEGAL_VALUE
        code = self._may(16, address, count) or self._image.write(address, data[5:], self._peer)
        return code or data[:4]

    def _one_coil(self, data: bytes) -> bytes | int:
        if len(data) != 4:
            return ILLEGAL_VALUE
        address, state = _PAIR.unpack(data)
        if state not in (_ON, _OFF):
            return ILLEGAL_VALUE
        bit = b"\1" if state == _ON else b"\0"
        code = self._may(5, address, 1) or self._image.write_bits(address, bit, self._peer)
        return code or data

    def _coils(self, data: bytes) -> bytes | int:
        if len(data) < 5:
            return ILLEGAL_VALUE
        address, count, size = _BLOCK.unpack_from(data)
        if not 1 <= count <= MAX_WRITE_BITS or size != -(-count // 8) or len(data) != 5 + size:
            return ILLEGAL_VALUE
        packed = np.frombuffer(data, np.uint8, offset=5)
        bits = np.unpackbits(packed, count=count, bitorder="little").tobytes()
        code = self._may(15, address, count) or self._image.write_bits(address, bits, self._peer)
        return code or data[:4]

    def _mask(self, data: bytes) -> bytes | int:
        if len(data) != 6:
            return ILLEGAL_VALUE
        address, keep, put = _TRIPLE.unpack(data)
        code = self._may(22, address, 1) or self._image.mask(address, keep, put, self._peer)
        return code or data

    def _swap(self, data: bytes) -> bytes | int:
        """Write first, then read: so the specification says."""
        if len(data) < 9:
            return ILLEGAL_VALUE
        start, wanted, address, count, size = _SWAP.unpack_from(data)
        formed = 1 <= wanted <= MAX_READ and 1 <= count <= MAX_SWAP
        if not formed or size != 2 * count or len(data) != 9 + size:
            return ILLEGAL_VALUE
        code = self._may(23, address, count) or self._may(23, start, wanted)
        present = self._image.get("holding", start, wanted)
        if code or isinstance(present, int):  # nothing is written when the read part is refused
            return code or ILLEGAL_ADDRESS
        if code := self._image.write(address, data[9:], self._peer):
            return code
        block = self._image.get("holding", start, wanted)
        return block if isinstance(block, int) else bytes([len(block)]) + block

    def _identify(self, data: bytes) -> bytes | int:
        if not data or data[0] != _MEI:
            return ILLEGAL_FUNCTION
        if len(data) != 3 or not 1 <= data[1] <= 4:
            return ILLEGAL_VALUE
        if code := self._may(IDENTIFY, 0, 0):
            return code
        kind, first = data[1], data[2]
        known = {number: text.encode() for number, text in self._image.identity.items()}
        last = {1: 0x02, 2: 0x7F, 3: 0xFF, 4: first}[kind]
        if kind == 4 and first not in known:
            return ILLEGAL_ADDRESS
        chosen = sorted(number for number in known if first <= number <= last)
        if not chosen:  # a stream from an object that is none starts anew
            chosen = sorted(number for number in known if number <= last)
        body, following = b"", 0
        sent = 0
        for number in chosen:
            text = known[number][: _ROOM - 2]
            if len(body) + 2 + len(text) > _ROOM:
                following = number
                break
            body += bytes([number, len(text)]) + text
            sent += 1
        conformity = 0x80 | (3 if max(known) > 0x7F else 2 if max(known) > 2 else 1)
        more = 0xFF if following else 0
        return bytes([_MEI, kind, conformity, more, following, sent]) + body

    def _may(self, function: int, address: int, count: int) -> int:
        return self._access(self._peer, self._image.unit, function, address, count)
