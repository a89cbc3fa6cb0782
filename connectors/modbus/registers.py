"""The four tables of one unit, as a program keeps them."""

import struct
from array import array
from collections.abc import Mapping
from sys import byteorder
from typing import ClassVar

import numpy as np

from ...plant_sim.errors import ConfigError
from ..addresses import BITS, Table
from .protocol import ILLEGAL_ADDRESS, ILLEGAL_VALUE

__all__ = ["ILLEGAL_ADDRESS", "ILLEGAL_VALUE", "RegisterImage"]

_WORD = struct.Struct(">H")


class RegisterImage:
    """Live tables of one unit: a program sets them, every request reads them as they are.

    Args:
        inputs: how many input registers there are.
        holdings: how many holding registers.
        unit: unit id.
        coils: how many coils.
        discretes: how many discrete inputs.
    """

    identity: ClassVar[Mapping[int, str]] = {0: "passline", 1: "virtual PLC", 2: "0.1"}
    """What function 43/14 tells: 0 vendor, 1 product code, 2 revision, from 3 on as specified."""

    def __init__(
        self,
        inputs: int = 700,
        holdings: int = 100,
        unit: int = 1,
        coils: int = 0,
        discretes: int = 0,
    ) -> None:
        self.unit = unit
        self._tables: dict[Table, array[int]] = {
            "input": array("H", bytes(2 * inputs)),
            "holding": array("H", bytes(2 * holdings)),
        }
        self._bits: dict[Table, bytearray] = {
            "coil": bytearray(coils),
            "discrete": bytearray(discretes),
        }

    def put(self, table: Table, address: int, data: bytes) -> None:
        """Set registers from big-endian `data`, or bits from one byte each; the program's side.

        Raises:
            ConfigError: if the table is not that long.
        """
        size = len(self._bits[table] if table in BITS else self._tables[table])
        count = len(data) if table in BITS else len(data) // 2
        if not 0 <= address <= size - count:
            raise ConfigError(
                f"{count} from {address} do not fit table {table} of {size}; make the image larger"
            )
        if table in BITS:
            self._bits[table][address : address + count] = bytes(1 if bit else 0 for bit in data)
            return
        words = array("H", data)
        if byteorder == "little":
            words.byteswap()
        self._tables[table][address : address + len(words)] = words

    def get(self, table: Table, address: int, count: int) -> bytes | int:
        """Return big-endian registers or packed bits as on the wire, or the exception code."""
        if table in BITS:
            bits = self._bits[table]
            if address + count > len(bits):
                return ILLEGAL_ADDRESS
            chosen = np.frombuffer(bits, np.uint8, count, address)
            return np.packbits(chosen, bitorder="little").tobytes()
        if address + count > len(self._tables[table]):
            return ILLEGAL_ADDRESS
        words = self._tables[table][address : address + count]
        if byteorder == "little":
            words.byteswap()
        return words.tobytes()

    def write(self, address: int, data: bytes, peer: str) -> int:
        """Take a client's write of holding registers; 0 when accepted, else the exception code.

        This image takes none. The virtual PLC overrides it for its mailbox.
        """
        return ILLEGAL_ADDRESS

    def write_bits(self, address: int, bits: bytes, peer: str) -> int:
        """Take a client's write of coils, one byte each; 0 when accepted, else the code."""
        return ILLEGAL_ADDRESS

    def mask(self, address: int, keep: int, put: int, peer: str) -> int:
        """Take a mask write of one holding register: bits of `keep` stay, the others become `put`.

        Nothing comes between its read and its write: all requests are served by one loop.
        """
        present = self.get("holding", address, 1)
        if isinstance(present, int):
            return present
        new = _WORD.unpack(present)[0] & keep | put & ~keep & 0xFFFF
        return self.write(address, _WORD.pack(new), peer)
