"""The Modbus face of the virtual PLC: signals in four tables, a mailbox as holding registers.

Behind the echoes lies what the PLC says of itself, in input registers from `echo + IDENTITY` on:

    0-1    order mark: u32 0x01020304, in the word and byte order of the tag file
    2-3    first 32 bits of the hash of the tag table, big-endian
    4-5    name of the mailbox's memory, u32 big-endian
    6      1 remote, 0 local
    7      plant clock: 0 running, 1 paused, 2 lock-step, 3 finished
    8      state of the line (signal line.state), 65535 where it is not known
    9      number of the picture, modulo 65536
"""

import struct
from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING

from ...plant_sim.errors import ConfigError
from ...plant_sim.signals import Quality
from ...plant_sim.units import from_si
from ..addresses import BITS, KINDS, ModbusAddress, Table
from ..errors import ProtocolError
from ..letter import pack_echoes, unpack_beat, unpack_modbus
from ..letter_form import (
    BEAT_WORDS,
    ECHO_WORDS,
    GREATEST,
    IDENTITY,
    IDENTITY_WORDS,
    REQUEST_WORDS,
)
from ..modbus.order_mark import ORDER_MARK, mark_of
from ..modbus.registers import ILLEGAL_ADDRESS, ILLEGAL_VALUE, RegisterImage
from ..tagfile import TagFile
from .picture import CLOCKS, Picture
from .program import PlcProgram

if TYPE_CHECKING:
    from collections.abc import Callable

BUSY = 6  # exception code: server device busy
_UNKNOWN = 0xFFFF


class ModbusFace(RegisterImage):
    """Registers of the PLC. A write is a whole request or a whole beat, and proves its sender.

    Attributes:
        fault: exception code that every read gets, or 0; a fault of the wire sets it.
        swapped: tags whose words come in the other order than the tag file says, likewise; a
            function, so that a fault may name any.
    """

    def __init__(self, tagfile: TagFile, key: bytes, program: PlcProgram) -> None:
        if tagfile.modbus is None:
            raise ConfigError("the tag file has no Modbus device; give devices.modbus")
        super().__init__(**_sizes(tagfile), unit=tagfile.modbus.unit)
        self.fault = 0
        self.swapped: Callable[[str], bool] = lambda name: False
        self._box = tagfile.mailbox
        self._tags = [(tag, tag.modbus) for tag in tagfile.tags.values() if tag.modbus is not None]
        self._hash = bytes.fromhex(tagfile.hash[:8])
        self._key = key
        self._program = program
        self._shared: dict[tuple[Table, int], bytes] = {}  # registers that hold several bits
        place = getattr(self._box, "hash_register", None)
        if place is not None:
            self.put("input", place, self._hash)

    def publish(self, picture: Picture) -> None:
        """Show `picture`; a BAD value is NaN, or what its coding has for "no value"."""
        for tag, declared in self._tags:
            sample = picture.samples.get(tag.name)
            if sample is None:
                continue
            bad = sample.quality is Quality.BAD
            value = nan if bad else from_si(sample.value, tag.unit)
            at = _swapped(declared) if self.swapped(tag.name) else declared
            if at.bit is None:
                self.put(at.table, at.register, encode(at, value))
            else:
                place = (at.table, at.register)
                self._shared[place] = encode(at, value, self._shared.get(place, b"\0\0"))
                self.put(*place, self._shared[place])
        if self._box is not None and self._box.echo_register is not None:
            echoes = pack_echoes(picture.handled, list(picture.echoes))
            self.put("input", self._box.echo_register, echoes)
            self.put("input", self._box.echo_register + IDENTITY, self._identity(picture))

    def get(self, table: Table, address: int, count: int) -> bytes | int:
        """Return what lies there, or the exception code."""
        return self.fault or super().get(table, address, count)

    def write(self, address: int, data: bytes, peer: str) -> int:
        """Take a request or a beat; anything else is an illegal address."""
        words, box = len(data) // 2, self._box
        if self.fault:
            return self.fault
        try:
            if box is not None and (address, words) == (box.request_register, REQUEST_WORDS):
                request = unpack_modbus(data, self._key)
                return 0 if self._program.submit(request, "modbus", peer) else BUSY
            if box is not None and (address, words) == (box.beat_register, BEAT_WORDS):
                self._program.beat(unpack_beat(data, self._key))
            else:
                self._program.refuse(
                    "modbus", peer, f"{words} holding registers from {address} are not writable"
                )
                return ILLEGAL_ADDRESS
        except ProtocolError as error:
            self._program.refuse("modbus", peer, str(error))
            return ILLEGAL_VALUE
        return 0

    def _identity(self, picture: Picture) -> bytes:
        at = mark_of(each for _, each in self._tags)
        if self._tags and self.swapped(self._tags[0][0].name):
            at = _swapped(at)
        state = picture.samples.get("line.state")
        known = state is not None and state.quality is not Quality.BAD
        return (
            at.encode(ORDER_MARK)
            + self._hash
            + struct.pack(
                ">IHHHH",
                picture.memory,
                picture.remote,
                CLOCKS.index(picture.clock),
                round(state.value) if known and state is not None else _UNKNOWN,
                picture.count & 0xFFFF,
            )
        )


def encode(at: ModbusAddress, value: float, present: bytes = b"\0\0") -> bytes:
    """Return the registers of `value` (plant unit), whatever it is.

    What a coding without a code for "no value" cannot carry is shown as the greatest or the least
    that it can: far outside the plausible range, as a rule, so that it is not believed.
    """
    try:
        return at.encode(value, present)
    except ConfigError:
        low, high = _limits(at)
        raw = low if at.scaling.raw(value) < low else high
        return replace(at, scaling=_PLAIN).encode(raw, present)


def quantised(at: ModbusAddress, value: float) -> float:
    """Return `value` (plant unit) as it comes out of its registers: what the coding leaves."""
    return at.decode(encode(at, value))


_PLAIN = ModbusAddress("input", 0).scaling


def _limits(at: ModbusAddress) -> tuple[float, float]:
    if at.kind == "bool":
        return 0, 1
    if at.kind[0] == "f":
        return -GREATEST, GREATEST
    bits = 8 * struct.calcsize(">" + KINDS[at.kind])
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if at.kind[0] == "i" else (0, (1 << bits) - 1)


def _swapped(at: ModbusAddress) -> ModbusAddress:
    return replace(at, word_order="little" if at.word_order == "big" else "big")


def _sizes(tagfile: TagFile) -> dict[str, int]:
    """Return how long each table must be, as arguments of `RegisterImage`."""
    longest = {"input": 700, "holding": 100, "coil": 0, "discrete": 0}
    box = tagfile.mailbox
    if box is not None and box.echo_register is not None:
        longest["input"] = max(700, box.echo_register + max(ECHO_WORDS, IDENTITY + IDENTITY_WORDS))
        request, beat = box.request_register or 0, box.beat_register or 0
        last = max(request + REQUEST_WORDS, beat + BEAT_WORDS)
        longest["holding"] = max(100, last)
    for tag in tagfile.tags.values():
        if (at := tag.modbus) is not None:
            longest[at.table] = max(longest[at.table], at.register + at.words)
    return {f"{table}s": size for table, size in longest.items() if table not in BITS or size}
