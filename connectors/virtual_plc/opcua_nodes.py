"""The address space of the virtual PLC: what nodes there are, and what each says of itself.

One folder for each station, for children under one parent cost their square. Beside the tags:

    Mailbox     Request, Beat (the gate writes), Echo, TagTable, Memory
    Packed      Manifest, Values, Quality, Time: the whole plant in four nodes
    Clock       Epoch, Time, Mode, Speed and Advance (the driver writes)
    Identity    Product, Version, Line
    Mode        Control: remote or local
"""

from datetime import datetime
from typing import Any

from asyncua import Node, Server, ua

from ..addresses import Kind, OpcUaAddress
from ..analog_item import TYPES, engineering_unit, make_analog
from ..letter_form import MEMORY_NODE
from ..tag_devices import need
from ..tagfile import TagFile
from ..tags import Tag

WHOLE: frozenset[Kind] = frozenset(TYPES) - {"f32", "f64"}
PACKED_COUNT = "packed.count"  # first of every packed array: the number of their picture


class Nodes:
    """The nodes, once `build` has made them.

    Attributes:
        tags: node of every tag that is on OPC UA.
        packed: names of the packed arrays in their order; the first is `PACKED_COUNT`.
    """

    def __init__(self, server: Server, tagfile: TagFile) -> None:
        self._server, self._tagfile = server, tagfile
        self._indices: dict[str, int] = {}
        first = next((tag.opcua for tag in tagfile.tags.values() if tag.opcua), None)
        self._namespace = first.namespace if first else f"urn:passline:{tagfile.line}"
        self.tags: dict[str, ua.NodeId] = {}
        self.packed = [PACKED_COUNT, *(n for n, tag in tagfile.tags.items() if tag.opcua)]
        self.request = self.beat = self.echo = self.memory = ua.NodeId()
        self.values = self.quality = self.time = ua.NodeId()
        self.advance = self.speed = self.now = self.clock = self.control = ua.NodeId()

    async def build(self, epoch: datetime, manifest: str, version: str) -> None:
        """Make them; `epoch` is the moment of plant time 0."""
        top = await self._folder(self._server.nodes.objects, self._namespace, "HotStrip")
        await self._build_tags(top)
        if (box := self._tagfile.mailbox) is not None and box.request is not None:
            await self._build_mailbox(top)
        text, real = ua.VariantType.String, ua.VariantType.Double
        new = self._family(await self._own(top, "Packed"))
        await new("Packed.Manifest", manifest, text)
        self.values = await new("Packed.Values", [0.0], real)
        self.quality = await new("Packed.Quality", [0], ua.VariantType.UInt32)
        self.time = await new("Packed.Time", 0.0, real)
        new = self._family(await self._own(top, "Clock"))
        await new("Clock.Epoch", epoch, ua.VariantType.DateTime)
        self.now = await new("Clock.Time", 0.0, real)
        self.clock = await new("Clock.Mode", "", text)
        self.speed = await new("Clock.Speed", 0.0, real)
        self.advance = await new("Clock.Advance", 0.0, real)
        new = self._family(await self._own(top, "Identity"))
        await new("Identity.Product", "passline virtual PLC", text)
        await new("Identity.Version", version, text)
        await new("Identity.Line", self._tagfile.line, text)
        self.control = await self._family(await self._own(top, "Mode"))("Mode.Control", "", text)
        for node in (self.speed, self.advance):
            await self._server.get_node(node).set_writable()

    async def _build_tags(self, top: Node) -> None:
        folders: dict[str, Node] = {}
        for tag in self._tagfile.tags.values():
            if tag.opcua is None:
                continue
            station, _, quantity = tag.opcua.identifier[2:].partition(".")
            if station not in folders:
                folders[station] = await self._folder(top, tag.opcua.namespace, station)
            kind = tag.opcua.kind
            zero = False if kind == "bool" else 0 if kind in WHOLE else 0.0
            nodeid = await self._nodeid(tag.opcua)
            node = await folders[station].add_variable(
                nodeid, ua.QualifiedName(quantity, nodeid.NamespaceIndex), zero, TYPES[kind]
            )
            await self._describe(node, tag)
            self.tags[tag.name] = nodeid

    async def _build_mailbox(self, top: Node) -> None:
        box, text = need(self._tagfile.mailbox, "mailbox"), ua.VariantType.String
        request, beat, echo = (
            need(node, "mailbox.opcua") for node in (box.request, box.beat, box.echo)
        )
        folder = await self._folder(top, request.namespace, "Mailbox")
        self.request = await self._variable(folder, request, b"", ua.VariantType.ByteString)
        self.beat = await self._variable(folder, beat, 0, ua.VariantType.UInt32)
        self.echo = await self._variable(folder, echo, "[]", text)
        for nodeid in (self.request, self.beat):
            await self._server.get_node(nodeid).set_writable()
        table = OpcUaAddress(request.namespace, "s=Mailbox.TagTable")
        await self._variable(folder, table, self._tagfile.hash, text)
        memory = OpcUaAddress(request.namespace, MEMORY_NODE)
        self.memory = await self._variable(folder, memory, 0, ua.VariantType.UInt32)

    async def _own(self, top: Node, name: str) -> Node:
        return await self._folder(top, self._namespace, name)

    def _family(self, parent: Node) -> Any:
        """Return what adds variables of the PLC itself to `parent`."""

        async def new(name: str, value: Any, kind: ua.VariantType) -> ua.NodeId:
            address = OpcUaAddress(self._namespace, f"s={name}")
            return await self._variable(parent, address, value, kind)

        return new

    async def _folder(self, parent: Node, namespace: str, name: str) -> Node:
        nodeid = await self._nodeid(OpcUaAddress(namespace, f"s={name}"))
        return await parent.add_folder(nodeid, ua.QualifiedName(name, nodeid.NamespaceIndex))

    async def _variable(
        self, parent: Node, address: OpcUaAddress, value: Any, kind: ua.VariantType
    ) -> ua.NodeId:
        nodeid = await self._nodeid(address)
        name = address.identifier[2:].rpartition(".")[2]
        await parent.add_variable(
            nodeid, ua.QualifiedName(name, nodeid.NamespaceIndex), value, kind
        )
        return nodeid

    async def _describe(self, node: Node, tag: Tag) -> None:
        """Make the variable an AnalogItem with range, unit and meaning."""
        await make_analog(node, tag)
        await node.add_property(_standard(0), "0:EURange", ua.Range(tag.low, tag.high))
        await node.add_property(_standard(0), "0:EngineeringUnits", engineering_unit(tag.unit))

    async def _nodeid(self, address: OpcUaAddress) -> ua.NodeId:
        if address.namespace not in self._indices:
            self._indices[address.namespace] = await self._server.register_namespace(
                address.namespace
            )
        return ua.NodeId.from_string(f"ns={self._indices[address.namespace]};{address.identifier}")


def _standard(number: int) -> ua.NodeId:
    """Return a node id of the OPC UA standard itself; 0 asks for a new one."""
    return ua.NodeId(ua.Int32(number), ua.Int16(0))
