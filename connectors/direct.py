"""Writing the address of a tag itself, where a plant has no mailbox: the gate's alone.

Nothing is ever sent twice. The peer's answer says whether it took the write; what the plant made of
it, only reading back can tell. Left out of a read-only build.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, Protocol

from asyncua import ua

from ..plant_sim.errors import ConfigError
from ..plant_sim.units import from_si, to_si
from .addresses import BITS, ModbusAddress, OpcUaAddress, Table
from .analog_item import TYPES
from .errors import LinkError, ProtocolError, TagError
from .letter_form import GREATEST
from .link import Closable
from .opcua_writer import OpcUaWriter
from .tagfile import TagFile
from .tags import Tag

Fate = Literal["accepted", "refused", "unknown"]

DOUBTFUL = (4, 5, 0x0B)
"""Exception codes after which a write may still have been done: failed half-way, under way, or lost
behind a gateway."""


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of one write.

    Attributes:
        fate: "accepted" by the peer, "refused" (nothing was written), or "unknown".
        code: OPC UA status or Modbus exception code, 0 without one.
        reason: one sentence; empty when accepted.
    """

    fate: Fate
    code: int = 0
    reason: str = ""


class Registers(Closable, Protocol):
    """What both Modbus clients that write can do."""

    async def read(self, table: Table, address: int, count: int) -> bytes:
        """Return registers, or bits one byte each."""
        ...

    async def write(self, address: int, registers: bytes) -> None:
        """Write holding registers."""
        ...

    async def write_coil(self, address: int, on: bool) -> None:
        """Set a coil."""
        ...

    async def write_mask(self, address: int, keep: int, put: int) -> None:
        """Change bits of a holding register."""
        ...


class DirectWriter:
    """Writes and reads single tags of a tag file.

    Args:
        tagfile: names the tags.
        opcua: gives the session that writes, or raises LinkError.
        modbus: gives the client that writes, or raises LinkError.
    """

    def __init__(
        self,
        tagfile: TagFile,
        opcua: Callable[[], Awaitable[OpcUaWriter]],
        modbus: Callable[[], Awaitable[Registers]],
    ) -> None:
        self._tagfile, self._opcua, self._modbus = tagfile, opcua, modbus

    async def write_many(self, values: Mapping[str, float]) -> dict[str, WriteResult]:
        """Write each value (SI) once and return what became of it.

        Those over OPC UA go in one call, those over Modbus one after the other. After a link is
        lost nothing further is sent over it.

        Raises:
            TagError: if a tag cannot be written directly; nothing was sent.
            ConfigError: if a type cannot carry its value; nothing was sent.
        """
        nodes: list[tuple[Tag, ua.VariantType, Any]] = []
        registers: list[tuple[Tag, ModbusAddress, float]] = []
        for name, value in values.items():
            tag = self._tagfile.tag(name)
            if tag.write is None or tag.write.way != "direct":
                raise TagError(f"{name} is not written directly; see its write entry")
            if not isfinite(value):
                raise ConfigError(f"{name}: {value} is not finite; give a number")
            plant = from_si(value, tag.unit)
            if tag.write.protocol == "opcua" and tag.opcua is not None:
                nodes.append((tag, TYPES[tag.opcua.kind], _coded(tag.opcua, plant)))
            elif tag.modbus is not None and tag.modbus.table in ("coil", "holding"):
                tag.modbus.encode(plant)
                registers.append((tag, tag.modbus, plant))
            else:
                raise TagError(f"{name} has no address that can be written over its protocol")
        found = await self._write_nodes(nodes) if nodes else {}
        return found | (await self._write_registers(registers) if registers else {})

    async def read_back(self, name: str) -> float | None:
        """Return the present value (SI) of a tag over the protocol it is written by.

        Raises:
            LinkError: if it cannot be read.
        """
        tag = self._tagfile.tag(name)
        over = tag.write.protocol if tag.write else "opcua"
        if over == "opcua" and tag.opcua is not None:
            session = await self._opcua()
            (shown,) = await session.read([session.resolve(tag.opcua)])
            raw = shown.Value.Value if shown.Value else None
            good = shown.StatusCode is None or shown.StatusCode.is_good()
            if not good or not isinstance(raw, int | float):
                return None
            return to_si(tag.opcua.scaling.plant(float(raw)), tag.unit)
        if tag.modbus is None:
            return None
        client = await self._modbus()
        try:
            data = await client.read(tag.modbus.table, tag.modbus.register, tag.modbus.words)
        except ProtocolError as error:
            raise LinkError(f"{name} cannot be read back: {error}") from error
        return to_si(tag.modbus.decode(data), tag.unit)

    async def _write_nodes(
        self, writes: list[tuple[Tag, ua.VariantType, Any]]
    ) -> dict[str, WriteResult]:
        names = [tag.name for tag, _, _ in writes]
        try:
            session = await self._opcua()
            resolved = [(session.resolve(t.opcua), v, k) for t, k, v in writes if t.opcua]
        except LinkError as error:
            return dict.fromkeys(names, WriteResult("refused", 0, f"nothing was sent: {error}"))
        try:
            statuses = await session.write_all(resolved)
        except ProtocolError as error:
            return dict.fromkeys(names, WriteResult("refused", error.code, str(error)))
        except LinkError as error:
            return dict.fromkeys(names, WriteResult("unknown", 0, str(error)))
        return {
            name: WriteResult("accepted")
            if status.is_good()
            else WriteResult("refused", int(status.value), f"the PLC refuses it: {status.name}")
            for name, status in zip(names, statuses, strict=True)
        }

    async def _write_registers(
        self, writes: list[tuple[Tag, ModbusAddress, float]]
    ) -> dict[str, WriteResult]:
        found: dict[str, WriteResult] = {}
        lost = ""
        for tag, at, value in writes:
            try:
                client = await self._modbus() if not lost else None
            except LinkError as error:
                lost = str(error)
                client = None
            if client is None:
                found[tag.name] = WriteResult("refused", 0, f"nothing was sent: {lost}")
                continue
            try:
                await _write(client, at, value)
            except ProtocolError as error:
                fate: Fate = "unknown" if error.code in DOUBTFUL else "refused"
                found[tag.name] = WriteResult(fate, error.code, str(error))
            except LinkError as error:
                lost = str(error)
                found[tag.name] = WriteResult("unknown", 0, lost)
            else:
                found[tag.name] = WriteResult("accepted")
        return found


async def _write(client: Registers, at: ModbusAddress, value: float) -> None:
    if at.table in BITS:
        await client.write_coil(at.register, at.encode(value) != b"\0")
    elif at.bit is not None:  # the other bits belong to somebody else: no reading and writing back
        ours = int.from_bytes(at.encode(at.scaling.plant(1.0), b"\0\0"))
        put = int.from_bytes(at.encode(value, b"\0\0"))
        await client.write_mask(at.register, 0xFFFF & ~ours, put)
    else:
        await client.write(at.register, at.encode(value))


def _coded(at: OpcUaAddress, plant: float) -> Any:
    """Return what a node of this kind takes: the types of OPC UA are strict."""
    raw = at.scaling.raw(plant)
    if at.kind == "f64":
        return raw
    if at.kind == "f32":
        if abs(raw) > GREATEST:
            raise ConfigError(f"{plant} does not fit {at.kind}; give the tag a wider type")
        return raw
    if at.kind == "bool":
        return bool(round(raw))
    size = int(at.kind[1:])
    low, high = (0, 2**size - 1) if at.kind[0] == "u" else (-(2 ** (size - 1)), 2 ** (size - 1) - 1)
    if not low <= round(raw) <= high:
        raise ConfigError(f"{plant} does not fit {at.kind}; give the tag a wider type")
    return round(raw)
