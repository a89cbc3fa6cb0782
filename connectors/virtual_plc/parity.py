"""Whether both wires of a virtual PLC say the same as the plant in process, at one plant time.

Equal means equal: over OPC UA every bit, over Modbus what the declared coding leaves of the value
(`modbus_server.quantised`). Only the heartbeat differs: it counts the cycles of the PLC program,
which lives on in wall time while plant time stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isnan, nan
from pathlib import Path
from types import TracebackType
from typing import Any

from ...plant_sim.errors import ConfigError
from ...plant_sim.signals import Quality, Sample
from ...plant_sim.units import from_si
from ..addresses import BITS, Table
from ..modbus.client import ModbusClient
from ..opcua import OpcUaSession
from ..security import AGENT, Pki
from ..tagfile import TagFile, load_tags
from ..tags import HEARTBEAT
from .modbus_server import quantised

PATIENCE = 60.0  # wall s for every request
BLOCK = 120  # registers, or bits, of one request
_QUALITY = {0: Quality.GOOD, 1: Quality.UNCERTAIN, 2: Quality.BAD}


@dataclass(frozen=True, slots=True)
class Shown:
    """What an OPC UA node showed: plant unit (None when BAD), quality, source time."""

    value: float | None
    quality: Quality
    time: datetime | None


class Wires:
    """Both wires of a PLC, each tag read once and decoded as its address says."""

    def __init__(self, tagfile: TagFile | str | Path, pki: str | Path) -> None:
        self.tagfile = tagfile if isinstance(tagfile, TagFile) else load_tags(tagfile)
        self._pki = Pki(pki)
        self._last: dict[Table, int] = {}
        for tag in self.tagfile.tags.values():
            if (at := tag.modbus) is not None:
                end = at.register + at.words
                self._last[at.table] = max(end, self._last.get(at.table, 0))

    async def __aenter__(self) -> "Wires":
        """Connect both.

        Raises:
            ConfigError: if the plant has only one.
            LinkError: if one does not answer.
        """
        opcua, modbus = self.tagfile.opcua, self.tagfile.modbus
        if opcua is None or modbus is None:
            raise ConfigError("the plant must have OPC UA and Modbus; its tag file names one only")
        self.session = await OpcUaSession.open(opcua, self._pki, AGENT, PATIENCE)
        self.client = await ModbusClient.open(modbus.host, modbus.port, modbus.unit, PATIENCE)
        self._names = [name for name, tag in self.tagfile.tags.items() if tag.opcua]
        addresses = (self.tagfile.tags[name].opcua for name in self._names)
        self._nodes = [self.session.resolve(at) for at in addresses if at]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.session.close()
        await self.client.close()

    async def opcua(self) -> dict[str, Shown]:
        """Return what every node shows."""
        found = {}
        for name, node in zip(self._names, await self.session.read(self._nodes), strict=True):
            at, raw = self.tagfile.tags[name].opcua, node.Value.Value if node.Value else None
            code = int(node.StatusCode.value) if node.StatusCode else 0
            value = None
            if at is not None and isinstance(raw, int | float):
                value = at.scaling.plant(float(raw))
            stamp: Any = node.SourceTimestamp
            found[name] = Shown(value, _QUALITY[code >> 30], stamp)
        return found

    async def modbus(self) -> dict[str, float]:
        """Return the value of every tag on Modbus in its plant unit; NaN where it is BAD."""
        tables = {}
        for table, last in self._last.items():
            data = b""
            for start in range(0, last, BLOCK):
                data += await self.client.read(table, start, min(BLOCK, last - start))
            tables[table] = data
        found = {}
        for tag in self.tagfile.tags.values():
            if (at := tag.modbus) is not None:
                size = 1 if at.table in BITS else 2
                first = size * at.register
                found[tag.name] = at.decode(tables[at.table][first : first + size * at.words])
        return found


def differences(
    tagfile: TagFile,
    samples: Mapping[str, Sample],
    opcua: Mapping[str, Shown],
    modbus: Mapping[str, float],
) -> list[str]:
    """Return one line for everything that a wire shows otherwise than `samples` (SI) say."""
    found = []
    for name, sample in samples.items():
        tag = tagfile.tags[name]
        if name == HEARTBEAT:
            continue
        bad = sample.quality is Quality.BAD
        plain = nan if bad else from_si(sample.value, tag.unit)
        if tag.opcua:
            shown = opcua[name]
            if shown.quality is not sample.quality or (not bad and shown.value != plain):
                found.append(f"{name} over opcua: {shown.value} {shown.quality.name}, not {plain}")
        if tag.modbus:
            coded, there = quantised(tag.modbus, plain), modbus[name]
            if there != coded and not (isnan(there) and isnan(coded)):
                found.append(f"{name} over modbus: {there}, not {coded}")
    return found
