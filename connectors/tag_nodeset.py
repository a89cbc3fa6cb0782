"""A tag file as an OPC UA information model (NodeSet2 XML), for the project of a PLC.

The nodes are those that a PLC for this tag file must show: every tag as an analog item with range,
unit and meaning, and the mailbox with the hash of the tag table.
"""

import logging
from pathlib import Path

from asyncua import Node, Server, ua

from .addresses import OpcUaAddress
from .analog_item import TYPES, engineering_unit, make_analog
from .tag_devices import MailboxMap
from .tag_table import TagFile
from .tags import Tag

TABLE = "s=Mailbox.TagTable"


async def export_nodeset(tagfile: TagFile, path: str | Path) -> int:
    """Write the NodeSet2 file of `tagfile` and return how many nodes it holds."""
    server = Server()
    await server.init()
    nodes = await _Model(server, tagfile).build()
    exporter = logging.getLogger("asyncua.common.xmlexporter")
    exporter.setLevel(logging.ERROR)  # it warns of every export with values
    await server.export_xml(nodes, str(path), export_values=True)
    return len(nodes)


class _Model:
    """Nodes of one tag file in the address space of a server that nobody can reach."""

    def __init__(self, server: Server, tagfile: TagFile) -> None:
        self._server, self._tagfile = server, tagfile
        self._nodes: list[Node] = []
        self._indices: dict[str, int] = {}

    async def build(self) -> list[Node]:
        """Make every node and return them, parents first."""
        first = next(tag.opcua for tag in self._tagfile.tags.values() if tag.opcua is not None)
        line, space = self._tagfile.line, first.namespace
        top = await self._folder(self._server.nodes.objects, space, f"Line.{line}", line)
        folders: dict[tuple[str, str], Node] = {}
        for tag in self._tagfile.tags.values():
            if (at := tag.opcua) is None:
                continue
            station = (at.identifier[2:] if at.identifier[0] == "s" else tag.name).partition(".")[0]
            if (at.namespace, station) not in folders:
                folders[at.namespace, station] = await self._folder(
                    top, at.namespace, f"Station.{station}", station
                )
            await self._tag(folders[at.namespace, station], tag, at)
        if self._tagfile.mailbox is not None:
            await self._mailbox(top, self._tagfile.mailbox)
        return self._nodes

    async def _tag(self, folder: Node, tag: Tag, at: OpcUaAddress) -> None:
        name = at.identifier[2:].rpartition(".")[2] if at.identifier[0] == "s" else tag.name
        kind = TYPES[at.kind]
        node = await self._variable(
            folder, at, name, ua.Variant(False if at.kind == "bool" else 0, kind)
        )
        await make_analog(node, tag)
        unit = engineering_unit(tag.unit)
        for what, value in (("EURange", ua.Range(tag.low, tag.high)), ("EngineeringUnits", unit)):
            # with an id of its own namespace: one of the standard's would not be exported
            identity = await self._nodeid(
                OpcUaAddress(at.namespace, f"s={at.identifier[2:]}.{what}")
            )
            self._nodes.append(await node.add_property(identity, f"0:{what}", value))

    async def _mailbox(self, top: Node, box: MailboxMap) -> None:
        if box.request is None or box.echo is None or box.beat is None:
            return
        space = box.request.namespace
        folder = await self._folder(top, space, "Mailbox", "Mailbox")
        hash_ = OpcUaAddress(space, TABLE)
        for at, value, writable in (
            (box.request, ua.Variant(b"", ua.VariantType.ByteString), True),
            (box.beat, ua.Variant(0, ua.VariantType.UInt32), True),
            (box.echo, ua.Variant("[]", ua.VariantType.String), False),
            (hash_, ua.Variant(self._tagfile.hash, ua.VariantType.String), False),
        ):
            node = await self._variable(folder, at, at.identifier[2:].rpartition(".")[2], value)
            await node.set_writable(writable)

    async def _folder(self, parent: Node, space: str, identity: str, name: str) -> Node:
        nodeid = await self._nodeid(OpcUaAddress(space, f"s={identity}"))
        node = await parent.add_folder(nodeid, ua.QualifiedName(name, nodeid.NamespaceIndex))
        self._nodes.append(node)
        return node

    async def _variable(self, parent: Node, at: OpcUaAddress, name: str, value: ua.Variant) -> Node:
        nodeid = await self._nodeid(at)
        node = await parent.add_variable(
            nodeid, ua.QualifiedName(name, nodeid.NamespaceIndex), value
        )
        self._nodes.append(node)
        return node

    async def _nodeid(self, at: OpcUaAddress) -> ua.NodeId:
        if at.namespace not in self._indices:
            self._indices[at.namespace] = await self._server.register_namespace(at.namespace)
        return ua.NodeId.from_string(f"ns={self._indices[at.namespace]};{at.identifier}")
