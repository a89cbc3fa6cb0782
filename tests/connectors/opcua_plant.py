"""A small OPC UA server with a heartbeat, numbers of every kind and, if wanted, packed arrays."""

import asyncio
import json
from datetime import UTC, datetime

from asyncua import Server, ua

from passline.connectors.addresses import OpcUaAddress
from passline.connectors.analog_item import TYPES
from passline.connectors.security import Users, secure_server
from passline.connectors.tagfile import OpcUaDevice, TagFile
from passline.connectors.tags import HEARTBEAT, Tag

URI = "urn:passline:bench"
GROUP = 100  # children under one parent cost their square


def tags_of(count: int) -> dict[str, Tag]:
    """Heartbeat, clock and `count` numbers; every value is exact in 32 bits."""
    names = [HEARTBEAT, "plc.time", *(f"t.n{n}" for n in range(count))]
    return {
        name: Tag(name, "s" if name == "plc.time" else "1", -1e9, 1e9,
                  opcua=OpcUaAddress(URI, f"s={name}"))
        for name in names
    }  # fmt: skip


class OpcUaPlant:
    """Serves tags; `step` writes a new picture of all of them."""

    def __init__(self, pki, tags, packed=False, port=0):
        self.pki = pki
        self.tags, self.packed, self.port = tags, packed, port
        self.beats, self.values, self.bad, self.moving = 0, {}, set(), True

    async def start(self):
        self.server = server = Server(user_manager=Users(self.pki))
        await server.init()
        await secure_server(server, self.pki, f"opc.tcp://127.0.0.1:{self.port}")
        index = await server.register_namespace(URI)
        self.nodes, folder = {}, None
        for n, (name, tag) in enumerate(self.tags.items()):
            if n % GROUP == 0:
                folder = await server.nodes.objects.add_folder(index, f"Group{n // GROUP}")
            node = ua.NodeId(tag.opcua.identifier[2:], index)
            kind = tag.opcua.kind
            start = False if kind == "bool" else 0.0 if kind[0] == "f" else 0
            label = ua.QualifiedName(name, index)
            await folder.add_variable(node, label, start, TYPES[kind])
            self.nodes[name] = node
        if self.packed:
            folder = await server.nodes.objects.add_folder(
                ua.NodeId("Packed", index), ua.QualifiedName("Packed", index)
            )
            self.pack = {}
            for name, value, kind in (
                ("Values", [0.0] * len(self.tags), ua.VariantType.Double),
                ("Quality", [192] * len(self.tags), ua.VariantType.UInt16),
                ("Time", 0.0, ua.VariantType.Double),
                ("Manifest", json.dumps(list(self.tags)), ua.VariantType.String),
            ):
                node = ua.NodeId(f"Packed.{name}", index)
                await folder.add_variable(node, ua.QualifiedName(name, index), value, kind)
                self.pack[name] = node
        await self.step()
        await server.start()
        if not self.port:
            (listening,) = server.bserver._server.sockets
            self.port = listening.getsockname()[1]
        return self

    def tagfile(self):
        device = OpcUaDevice(f"opc.tcp://127.0.0.1:{self.port}", "urn:passline:virtual-plc")
        return TagFile("bench", device, None, None, self.tags)

    async def step(self, values=None, bad=()):
        """Write heartbeat, clock and `values`; what is named in `bad` stays bad until written."""
        self.beats += self.moving
        fresh = {HEARTBEAT: float(self.beats), "plc.time": 0.1 * self.beats, **(values or {})}
        fresh = {name: value for name, value in fresh.items() if name in self.nodes}
        self.values |= fresh
        self.bad = self.bad - set(fresh) | set(bad)
        now = datetime.now(UTC)
        for name in (*fresh, *bad):
            good, value = name not in self.bad, self.values.get(name, 0.0)
            status = ua.StatusCodes.Good if good else ua.StatusCodes.BadSensorFailure
            shown = ua.DataValue(
                ua.Variant(value) if good else ua.Variant(None), ua.StatusCode(ua.UInt32(status)),
                SourceTimestamp=now, ServerTimestamp=now,
            )  # fmt: skip
            await self.server.write_attribute_value(self.nodes[name], shown)
        if self.packed:
            every = [self.values.get(name, 0.0) for name in self.tags]
            grades = [0 if name in self.bad else 192 for name in self.tags]
            for name, value, kind in (
                ("Values", every, ua.VariantType.Double),
                ("Quality", grades, ua.VariantType.UInt16),
                ("Time", 0.1 * self.beats, ua.VariantType.Double),
            ):
                await self.server.write_attribute_value(
                    self.pack[name], ua.DataValue(ua.Variant(value, kind), SourceTimestamp=now)
                )

    async def live(self, period=0.02):
        """Beat for ever."""
        while True:
            await self.step()
            await asyncio.sleep(period)

    async def stop(self):
        await self.server.stop()
