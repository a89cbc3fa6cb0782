"""The OPC UA face of the virtual PLC: all readable, one mailbox writable, nobody anonymous."""

from datetime import UTC, datetime
from typing import Any, cast

from asyncua import Node, Server, ua
from asyncua.common.callback import CallbackType

from ...plant_sim.signals import Quality, Sample
from ...plant_sim.units import from_si
from ..addresses import OpcUaAddress
from ..errors import ProtocolError
from ..letter import dump_echoes, unpack_opcua
from ..security import GATE, PLC, Lab, Pki, Users, application_uri, secure_server
from ..tag_devices import need
from ..tagfile import TagFile
from ..tags import Tag
from .program import Picture, PlcProgram

_STATUS = {
    Quality.GOOD: ua.StatusCodes.Good,
    Quality.UNCERTAIN: ua.StatusCodes.UncertainSensorNotAccurate,
    Quality.BAD: ua.StatusCodes.BadSensorFailure,
}
_UNECE = {  # plant unit: common code of UN/CEFACT recommendation 20
    "1": "C62", "%": "P1", "wt%": "P1", "s": "SEC", "m": "MTR", "mm": "MMT", "um": "4H",
    "m/s": "MTS", "degC": "CEL", "K": "KEL", "kN": "B47", "MN": "B73", "MW": "MAW", "m3/h": "MQH",
    "Nm3/h": "MQH", "Pa": "PAL", "bar": "BAR", "MPa": "MPA", "kNm": "B48", "deg": "DD",
}  # fmt: skip
_NO_CODE = -1  # what OPC UA says of a unit without one: I-units, money


class OpcUaFace:
    """The server: `start`, `publish` what the program shows, `stop`."""

    def __init__(self, tagfile: TagFile, pki: Pki, program: PlcProgram, lab: Lab = Lab.OFF) -> None:
        self._tagfile = tagfile
        self._pki, self._lab = pki, lab
        self._program = program
        self._server = Server(user_manager=Users(pki))  # type: ignore[arg-type]
        self._shown: dict[str, tuple[float, Quality]] = {}
        self._nodes: dict[str, ua.NodeId] = {}
        self._handled = -1
        self._indices: dict[str, int] = {}

    async def start(self) -> None:
        """Build the address space and listen."""
        await self._server.init()
        self._server.set_server_name("passline virtual PLC")
        device = need(self._tagfile.opcua, "devices.opcua")
        await secure_server(self._server, self._pki, device.url, self._lab)
        await self._server.set_build_info(
            application_uri(PLC), "passline", "virtual PLC", "0.1", "0", datetime.now(UTC)
        )
        await self._build()
        for kind, listener in (
            (CallbackType.PreWrite, self._before_write),
            (CallbackType.PostWrite, self._after_write),
        ):
            self._server.subscribe_server_callback(kind, listener)
        await self._server.start()

    async def stop(self) -> None:
        """Close every session and the port."""
        await self._server.stop()

    async def publish(self, picture: Picture) -> None:
        """Show what has changed. Every DataValue is new: asyncua keeps references."""
        now = _now()
        for name, nodeid in self._nodes.items():
            sample = picture.samples.get(name)
            if sample is None:
                continue
            face = (sample.value, sample.quality)
            if self._shown.get(name) == face:
                continue
            self._shown[name] = face
            await self._server.write_attribute_value(
                nodeid, self._datavalue(self._tagfile.tags[name], sample, now)
            )
        if picture.handled != self._handled:
            self._handled = picture.handled
            text = dump_echoes(list(picture.echoes))
            await self._server.write_attribute_value(
                self._echo, ua.DataValue(ua.Variant(text), SourceTimestamp=now, ServerTimestamp=now)
            )

    @staticmethod
    def _datavalue(tag: Tag, sample: Sample, now: ua.DateTime) -> ua.DataValue:
        bad = sample.quality is Quality.BAD
        return ua.DataValue(
            ua.Variant(None) if bad else ua.Variant(from_si(sample.value, tag.unit)),
            StatusCode=ua.StatusCode(ua.UInt32(_STATUS[sample.quality])),
            SourceTimestamp=now,
            ServerTimestamp=now,
        )

    async def _build(self) -> None:
        """Make one folder for each station: children under one parent cost their square."""
        box = need(self._tagfile.mailbox, "mailbox")
        request = need(box.request, "mailbox.opcua")
        beat, echo = need(box.beat, "mailbox.opcua"), need(box.echo, "mailbox.opcua")
        top = await self._folder(self._server.nodes.objects, request.namespace, "HotStrip")
        folders: dict[str, Node] = {}
        for tag in self._tagfile.tags.values():
            if tag.opcua is None:
                continue
            station, _, quantity = tag.opcua.identifier[2:].partition(".")
            if station not in folders:
                folders[station] = await self._folder(top, tag.opcua.namespace, station)
            nodeid = await self._nodeid(tag.opcua)
            node = await folders[station].add_variable(
                nodeid, ua.QualifiedName(quantity, nodeid.NamespaceIndex), 0.0,
                ua.VariantType.Double,
            )  # fmt: skip
            await self._describe(node, tag)
            self._nodes[tag.name] = nodeid
        mailbox = await self._folder(top, request.namespace, "Mailbox")
        self._request = await self._variable(mailbox, request, b"", ua.VariantType.ByteString)
        self._beat = await self._variable(mailbox, beat, 0, ua.VariantType.UInt32)
        self._echo = await self._variable(mailbox, echo, "[]", ua.VariantType.String)
        for nodeid in (self._request, self._beat):
            await self._server.get_node(nodeid).set_writable()
        table = OpcUaAddress(request.namespace, "s=Mailbox.TagTable")
        await self._variable(mailbox, table, self._tagfile.hash, ua.VariantType.String)

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
        await node.delete_reference(
            _standard(ua.ObjectIds.BaseDataVariableType), _standard(ua.ObjectIds.HasTypeDefinition)
        )
        await node.add_reference(
            _standard(ua.ObjectIds.AnalogItemType), _standard(ua.ObjectIds.HasTypeDefinition)
        )
        letters = _UNECE.get(tag.unit, "")
        unit = ua.EUInformation(
            "http://www.opcfoundation.org/UA/units/un/cefact",
            ua.Int32(int.from_bytes(letters.encode(), "big") if letters else _NO_CODE),
            ua.LocalizedText(tag.unit),
            ua.LocalizedText(tag.unit),
        )
        await node.add_property(_standard(0), "0:EURange", ua.Range(tag.low, tag.high))
        await node.add_property(_standard(0), "0:EngineeringUnits", unit)
        await node.write_attribute(
            ua.AttributeIds.Description,
            ua.DataValue(ua.Variant(ua.LocalizedText(f"{tag.english} | {tag.korean}"))),
        )

    async def _nodeid(self, address: OpcUaAddress) -> ua.NodeId:
        if address.namespace not in self._indices:
            self._indices[address.namespace] = await self._server.register_namespace(
                address.namespace
            )
        return ua.NodeId.from_string(f"ns={self._indices[address.namespace]};{address.identifier}")

    def _before_write(self, event: Any, service: Any) -> None:
        """Refuse whatever is not the gate writing to its mailbox."""
        if not event.is_external:
            return
        user = event.user.name or "nobody"
        for item in event.request_params.NodesToWrite:
            allowed = item.NodeId in (self._request, self._beat)
            if user != GATE or not allowed or item.AttributeId != ua.AttributeIds.Value:
                target = str(item.NodeId.Identifier)
                self._program.refuse("opcua", user, f"{user} may not write {target}")
                raise _refusal(ua.StatusCodes.BadUserAccessDenied)
            if item.NodeId == self._request:
                try:
                    unpack_opcua(_bytes(item))
                except ProtocolError as error:
                    self._program.refuse("opcua", user, str(error))
                    raise _refusal(ua.StatusCodes.BadInvalidArgument) from error

    def _after_write(self, event: Any, service: Any) -> None:
        """Hand an accepted write to the program."""
        if not event.is_external:
            return
        written = zip(event.request_params.NodesToWrite, event.response_params, strict=True)
        for item, status in written:
            if not status.is_good():
                continue
            if item.NodeId == self._request:
                request = unpack_opcua(_bytes(item))
                if not self._program.submit(request, "opcua", event.user.name):
                    raise _refusal(ua.StatusCodes.BadTooManyOperations)
            elif item.NodeId == self._beat:
                self._program.beat()


def _refusal(code: int) -> ua.UaStatusCodeError:
    return ua.UaStatusCodeError(code)  # type: ignore[no-untyped-call]


def _now() -> ua.DateTime:
    return cast("ua.DateTime", datetime.now(UTC))


def _standard(number: int) -> ua.NodeId:
    """Return a node id of the OPC UA standard itself; 0 asks for a new one."""
    return ua.NodeId(ua.Int32(number), ua.Int16(0))


def _bytes(item: Any) -> bytes:
    value = item.Value.Value.Value if item.Value and item.Value.Value else None
    return value if isinstance(value, bytes) else b""
