"""Where a number lies on the wire, and how its raw form is read and written.

An address turns raw data into a number in the plant unit of its tag (degC, mm, MN) and back. What
the plant unit is in SI is said by the tag.
"""

import re
import struct
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import Literal

from ..plant_sim.errors import ConfigError

Kind = Literal["bool", "i16", "u16", "i32", "u32", "i64", "u64", "f32", "f64"]
Table = Literal["coil", "discrete", "input", "holding"]
Order = Literal["big", "little"]

KINDS: dict[Kind, str] = {  # letter of `struct`
    "bool": "?", "i16": "h", "u16": "H", "i32": "i", "u32": "I", "i64": "q", "u64": "Q",
    "f32": "f", "f64": "d",
}  # fmt: skip
BITS: tuple[Table, ...] = ("coil", "discrete")
LAST_REGISTER = 0xFFFF
NODE = (
    r"nsu=[^;]+;(s=.+|i=[0-9]{1,10}|b=[A-Za-z0-9+/]+={0,2}"
    r"|g=[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})"
)
"""How a node is written: namespace URI, then a string, a number, bytes or a GUID."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """From the raw number to the plant unit: `plant = raw * scale + offset`.

    Attributes:
        scale: plant units for one raw count, not 0.
        offset: plant unit at raw 0.
        missing: raw numbers that mean "no value" (32767, 0x8000, ...).
    """

    scale: float = 1.0
    offset: float = 0.0
    missing: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not (isfinite(self.scale) and self.scale and isfinite(self.offset)):
            raise ConfigError(
                f"scale {self.scale} and offset {self.offset} must be finite and scale not 0; "
                "give the plant units of one raw count"
            )

    def plant(self, raw: float) -> float:
        """Return the plant unit of `raw`; NaN for a raw number that means "no value"."""
        return nan if raw in self.missing else raw * self.scale + self.offset

    def raw(self, plant: float) -> float:
        """Return the raw number of a value in the plant unit, not rounded."""
        return (plant - self.offset) / self.scale


UNSCALED = Scaling()


@dataclass(frozen=True, slots=True)
class OpcUaAddress:
    """A node by namespace URI, never by namespace index: the index may change at a restart."""

    namespace: str
    identifier: str  # "s=F1.RollForce"
    kind: Kind = "f64"
    scaling: Scaling = UNSCALED

    def __str__(self) -> str:
        return f"nsu={self.namespace};{self.identifier}"

    @classmethod
    def parse(cls, text: str, kind: Kind = "f64", scaling: Scaling = UNSCALED) -> "OpcUaAddress":
        """Read `nsu=<uri>;s=<name>`, or i=<number>, g=<guid>, b=<base64> after the namespace.

        >>> OpcUaAddress.parse("nsu=urn:passline:hot-strip;s=F1.RollForce").identifier
        's=F1.RollForce'
        """
        if not re.fullmatch(NODE, text):
            raise ConfigError(
                f"OPC UA address {text!r} is not of the form nsu=<uri>;s=<name>; write it so"
            )
        namespace, _, identifier = text[4:].partition(";")
        return cls(namespace, identifier, kind, scaling)


@dataclass(frozen=True, slots=True)
class ModbusAddress:
    """Registers or a bit of one number.

    Attributes:
        table: which of the four tables; "coil" and "discrete" hold bits.
        register: 0-based register, or number of the bit in a table of bits.
        kind: how the number is coded; "bool" in a table of bits.
        word_order: "big" puts the most significant register first.
        byte_order: "big" as the specification has it; some devices swap within each register.
        bit: which bit (0 is the least significant) of a register holds a "bool".
        scaling: from the raw number to the plant unit.
    """

    table: Table
    register: int
    kind: Kind = "f32"
    word_order: Order = "big"
    byte_order: Order = "big"
    bit: int | None = None
    scaling: Scaling = UNSCALED

    def __post_init__(self) -> None:
        if not 0 <= self.register <= LAST_REGISTER + 1 - self.words:
            raise ConfigError(
                f"modbus register {self.register} of {self.words} is outside 0..{LAST_REGISTER}; "
                "registers are counted from 0"
            )
        in_register = self.kind == "bool" and self.table not in BITS
        if (self.table in BITS) != (self.kind == "bool") and not in_register:
            raise ConfigError(
                f"modbus table {self.table} holds bits and {self.kind} is none; use type bool"
            )
        if in_register != (self.bit is not None) or not 0 <= (self.bit or 0) <= 15:
            raise ConfigError(
                f"modbus bit {self.bit} does not fit {self.kind} in table {self.table}; a bool in "
                "a register needs its bit 0..15, nothing else has one"
            )

    @property
    def words(self) -> int:
        """How many registers (or bits, in a table of bits) the number takes."""
        return 1 if self.kind == "bool" else struct.calcsize(">" + KINDS[self.kind]) // 2

    @property
    def count(self) -> float:
        """The smallest difference that the coding can carry, plant unit; 0 for f32 and f64."""
        return 0.0 if self.kind in ("f32", "f64") else abs(self.scaling.scale)

    def decode(self, registers: bytes) -> float:
        """Return the number in `registers` (as on the wire) in the plant unit.

        A bit of a table of bits comes as one byte, 0 or 1.
        """
        if self.table in BITS:
            return self.scaling.plant(float(registers[0] & 1))
        data = self._ordered(registers)
        if self.kind == "bool":
            return self.scaling.plant(float(data[0] << 8 | data[1]) // 2 ** (self.bit or 0) % 2)
        return self.scaling.plant(float(struct.unpack(">" + KINDS[self.kind], data)[0]))

    def encode(self, value: float, present: bytes = b"\0\0") -> bytes:
        """Return the registers of `value` (plant unit) as on the wire.

        Args:
            value: plant unit; NaN travels as NaN, or as the first code that means "no value".
            present: the register that a bit lies in, whose other bits are kept.

        Raises:
            ConfigError: if the coding cannot carry the value.
        """
        raw = self.scaling.raw(value)
        if not isfinite(value) and self.kind not in ("f32", "f64"):
            raw = self.scaling.missing[0] if self.scaling.missing else inf
        try:
            if self.kind in ("f32", "f64"):
                return self._ordered(struct.pack(">" + KINDS[self.kind], raw))
            number = round(raw)
            if self.table in BITS:
                return bytes([1 if number else 0])
            if self.kind == "bool":
                old = int.from_bytes(self._ordered(present))
                mask = 1 << (self.bit or 0)
                return self._ordered((old | mask if number else old & ~mask).to_bytes(2))
            return self._ordered(struct.pack(">" + KINDS[self.kind], number))
        except (OverflowError, ValueError, struct.error):
            raise ConfigError(
                f"{value} does not fit {self.kind} with scale {self.scaling.scale:g}; "
                "give the tag a wider type, or a code for no value"
            ) from None

    def _ordered(self, data: bytes) -> bytes:
        """Turn wire order into big-endian, or back; it is its own inverse."""
        if self.byte_order == "little":
            swapped = bytearray(data)
            swapped[::2], swapped[1::2] = data[1::2], data[::2]
            data = bytes(swapped)
        if self.word_order == "little":
            data = b"".join(data[i : i + 2] for i in range(len(data) - 2, -1, -2))
        return data
