"""A simulated plant and its two wires, side by side: read all three at one plant time."""

from math import isnan

from passline.connectors.modbus.client import ModbusClient
from passline.connectors.opcua import OpcUaSession
from passline.connectors.security import Pki
from passline.connectors.virtual_plc.modbus_server import quantised
from passline.plant_sim.signals import Quality
from passline.plant_sim.units import from_si

LIVES_ON = {"plc.heartbeat"}  # counts cycles of the program, which lives while plant time stands
STATUS = {0: Quality.GOOD, 1: Quality.UNCERTAIN, 2: Quality.BAD}


class Wires:
    """Both wires of a PLC, raw: what lies there, decoded as the tag file says."""

    def __init__(self, tagfile, pki):
        self.tagfile, self._pki = tagfile, Pki(pki)
        self._opcua = [tag for tag in tagfile.tags.values() if tag.opcua]
        self._modbus = [tag for tag in tagfile.tags.values() if tag.modbus]

    async def __aenter__(self):
        device = self.tagfile.modbus
        self.session = await OpcUaSession.open(self.tagfile.opcua, self._pki, "agent", 60.0)
        self.client = await ModbusClient.open(device.host, device.port, device.unit, 60.0)
        self._nodes = [self.session.resolve(tag.opcua) for tag in self._opcua]
        return self

    async def __aexit__(self, *_):
        await self.session.close()
        await self.client.close()

    async def opcua(self):
        """Value (plant unit), quality and source time of every tag."""
        shown = await self.session.read(self._nodes)
        return {
            tag.name: (
                at.Value.Value if at.Value is not None else None,
                STATUS[at.StatusCode.value >> 30],
                at.SourceTimestamp,
            )
            for tag, at in zip(self._opcua, shown, strict=True)
        }

    async def modbus(self):
        """Value (plant unit) of every tag; NaN where it is BAD."""
        found = {}
        last = max(tag.modbus.register + tag.modbus.words for tag in self._modbus)
        data = b""
        while len(data) < 2 * last:
            start = len(data) // 2
            data += await self.client.read("input", start, min(120, last - start))
        for tag in self._modbus:
            at = tag.modbus
            found[tag.name] = at.decode(data[2 * at.register : 2 * (at.register + at.words)])
        return found


def differences(tagfile, samples, opcua, modbus):
    """What the wires say otherwise than the simulated connector, after the declared coding."""
    found = []
    for name, sample in samples.items():
        tag = tagfile.tags[name]
        if name in LIVES_ON:
            continue
        bad = sample.quality is Quality.BAD
        plain = float("nan") if bad else from_si(sample.value, tag.unit)
        if tag.opcua:
            value, quality, _ = opcua[name]
            if quality is not sample.quality or (not bad and value != plain):
                found.append((name, "opcua", plain, value))
        if tag.modbus:
            coded = quantised(tag.modbus, plain)
            if modbus[name] != coded and not (isnan(modbus[name]) and isnan(coded)):
                found.append((name, "modbus", coded, modbus[name]))
    return found
