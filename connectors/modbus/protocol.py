"""Numbers of the Modbus specification: limits, exception codes, the head of a TCP frame."""

import struct
from collections.abc import Callable
from typing import Final

from ..addresses import BITS, Table
from ..errors import ProtocolError

HEADER = struct.Struct(">HHH")  # transaction id, protocol id, length
LONGEST = 254  # bytes after the head: unit, function, 252 of data

MAX_READ = 125  # registers in one answer
MAX_READ_BITS = 2000
MAX_WRITE = 123
MAX_WRITE_BITS = 1968
MAX_SWAP = 121  # registers written by function 23

ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3
NO_SUCH_UNIT = 0x0B

IDENTIFY = 43  # with 14 in the first byte: read device identification
READS: Final[dict[int, Table]] = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
FUNCTION: Final[dict[Table, int]] = {table: function for function, table in READS.items()}
READ_ONLY: Final = frozenset((*READS, IDENTIFY))
"""The functions of which none changes anything."""

EXCEPTIONS: Final = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledged, not done",
    6: "device busy",
    8: "memory parity error",
    0x0A: "gateway path unavailable",
    0x0B: "gateway target did not respond",
}

Access = Callable[["Peer", int, int, int, int], int]
"""(peer, unit, function, address, count) -> 0, or the exception code to answer with."""


class Peer(str):
    """A client as `host:port`, with its certificate (DER) where TLS has shown one."""

    __slots__ = ("certificate",)

    def __new__(cls, name: str, certificate: bytes | None = None) -> "Peer":
        """Name a client."""
        peer = super().__new__(cls, name)
        peer.certificate = certificate
        return peer

    certificate: bytes | None


def refusal(function: int, code: int) -> str:
    """Say in words what an exception answer says."""
    name = EXCEPTIONS.get(code, "unknown exception")
    return f"the Modbus server refuses function {function}: {name} ({code})"


def check_count(table: Table, count: int) -> None:
    """Refuse a read of more bits or registers than one request may ask for.

    Raises:
        ProtocolError: saying how many it may be.
    """
    bits = table in BITS
    most = MAX_READ_BITS if bits else MAX_READ
    if not 1 <= count <= most:
        what = "bits" if bits else "registers"
        raise ProtocolError(f"{count} {what} are outside 1..{most}; read in blocks", 3)
