"""The OPC UA face of the virtual PLC: all readable, one mailbox writable, nobody anonymous.

Source times are plant time: `Clock.Epoch` and the plant clock. Server times are wall time. The
plant clock is driven by writing nodes, not by a method: a Write says who writes, a Call does not.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from math import nan
from typing import Any, cast

from asyncua import Server, ua
from asyncua.common.callback import CallbackType

from ...plant_sim.errors import ConfigError
from ...plant_sim.signals import Quality, Sample
from ...plant_sim.units import from_si
from ..analog_item import TYPES
from ..asyncua_hotpath import install
from ..errors import ProtocolError
from ..letter import dump_echoes, unpack_opcua
from ..security import DRIVER, GATE, PLC, Lab, Pki, Users, application_uri, secure_server
from ..tagfile import TagFile
from ..tags import Tag
from .clock import PlantThread
from .opcua_nodes import WHOLE, Nodes
from .picture import Picture
from .program import PlcProgram

SOFTWARE = "0.1"
LOCK_STEP_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)  # plant time 0 of a plant that is no wall's

_STATUS = {
    Quality.GOOD: ua.StatusCodes.Good,
    Quality.UNCERTAIN: ua.StatusCodes.UncertainSensorNotAccurate,
    Quality.BAD: ua.StatusCodes.BadSensorFailure,
}


class OpcUaFace:
    """The server: `start`, `publish` what the program shows, `stop`.

    Args:
        tagfile: which signal has which node.
        pki: keys and users.
        program: takes requests and beats.
        thread: the plant clock, for whoever may drive it.
        show: publishes the newest picture everywhere; awaited before a step is answered.
        epoch: the moment of plant time 0.
        url: where to listen; by default where the tag file says.
        lab: what this start permits and a plant does not.
    """

    def __init__(
        self,
        tagfile: TagFile,
        pki: Pki,
        program: PlcProgram,
        thread: PlantThread,
        show: Callable[[], Awaitable[None]],
        epoch: datetime,
        url: str = "",
        lab: Lab = Lab.OFF,
    ) -> None:
        if tagfile.opcua is None:
            raise ConfigError("the tag file has no OPC UA device; give devices.opcua")
        self._tagfile, self._pki, self._program = tagfile, pki, program
        self._thread, self._show, self._epoch = thread, show, epoch
        self._url, self._lab = url or tagfile.opcua.url, lab
        self._server = Server(user_manager=Users(pki))  # type: ignore[arg-type]
        self._nodes = Nodes(self._server, tagfile)
        self._shown: dict[str, tuple[float, Quality]] = {}
        self._said: dict[ua.NodeId, object] = {}

    async def start(self) -> None:
        """Build the address space and listen."""
        install()  # asyncua's own way copies every value
        await self._server.init()
        self._server.set_server_name("passline virtual PLC")
        await secure_server(self._server, self._pki, self._url, self._lab)
        await self._server.set_build_info(
            application_uri(PLC), "passline", "virtual PLC", SOFTWARE, "0", datetime.now(UTC)
        )
        await self._nodes.build(self._epoch, json.dumps(self._nodes.packed), SOFTWARE)
        for kind, listener in (
            (CallbackType.PreWrite, self._before_write),
            (CallbackType.PostWrite, self._after_write),
        ):
            self._server.subscribe_server_callback(kind, listener)
        await self._server.start()

    async def stop(self) -> None:
        """Close every session and the port."""
        await self._server.stop()

    async def publish(self, picture: Picture, plant_time: float) -> None:
        """Show what has changed. Every DataValue is new: asyncua keeps references.

        Args:
            picture: what to show, faults of the wire and all.
            plant_time: the plant clock (s), which no fault touches; for the driver.
        """
        now = _moment(datetime.now(UTC))
        source = _moment(self._epoch + timedelta(seconds=picture.time))
        values, qualities = [float(picture.count)], [picture.count]
        for name, nodeid in self._nodes.tags.items():
            sample = picture.samples.get(name)
            if sample is None:
                values.append(nan)
                qualities.append(int(Quality.BAD))
                continue
            tag = self._tagfile.tags[name]
            bad = sample.quality is Quality.BAD
            plain = nan if bad else from_si(sample.value, tag.unit)
            values.append(plain)
            qualities.append(int(sample.quality))
            face = (sample.value, sample.quality)
            if self._shown.get(name) == face:
                continue
            self._shown[name] = face
            await self._write(nodeid, _value_of(tag, plain, sample), source, now, sample.quality)
        nodes = self._nodes
        if self._said.get(nodes.values) != picture.count:
            self._said[nodes.values] = picture.count
            await self._write(nodes.values, ua.Variant(values), source, now)
            unsigned = ua.Variant(qualities, ua.VariantType.UInt32)
            await self._write(nodes.quality, unsigned, source, now)
            await self._write(nodes.time, ua.Variant(picture.time), source, now)
        await self._say(nodes.now, plant_time, ua.VariantType.Double, source, now)
        await self._say(nodes.clock, picture.clock, ua.VariantType.String, source, now)
        await self._say(nodes.speed, picture.speed, ua.VariantType.Double, source, now)
        control = "remote" if picture.remote else "local"
        await self._say(nodes.control, control, ua.VariantType.String, source, now)
        if nodes.echo.Identifier:
            await self._say(nodes.memory, picture.memory, ua.VariantType.UInt32, source, now)
            if self._said.get(nodes.echo) != (told := (picture.memory, picture.handled)):
                self._said[nodes.echo] = told
                text = ua.Variant(dump_echoes(list(picture.echoes)), ua.VariantType.String)
                await self._write(nodes.echo, text, source, now)

    async def _say(
        self, node: ua.NodeId, value: Any, kind: ua.VariantType, source: ua.DateTime,
        now: ua.DateTime,
    ) -> None:  # fmt: skip
        if self._said.get(node) != value:
            self._said[node] = value
            await self._write(node, ua.Variant(value, kind), source, now)

    async def _write(
        self, node: ua.NodeId, value: ua.Variant, source: ua.DateTime, now: ua.DateTime,
        quality: Quality = Quality.GOOD,
    ) -> None:  # fmt: skip
        await self._server.write_attribute_value(
            node,
            ua.DataValue(
                value,
                StatusCode=ua.StatusCode(ua.UInt32(_STATUS[quality])),
                SourceTimestamp=source,
                ServerTimestamp=now,
            ),
        )

    # --- writes ----------------------------------------------------------------------------------

    def _before_write(self, event: Any, service: Any) -> None:
        """Refuse whatever is not the gate at its mailbox, or the driver at the plant clock."""
        if not event.is_external:
            return
        user, nodes = event.user.name or "nobody", self._nodes
        owners = {
            nodes.request: GATE, nodes.beat: GATE, nodes.speed: DRIVER, nodes.advance: DRIVER,
        }  # fmt: skip
        for item in event.request_params.NodesToWrite:
            allowed = item.NodeId.Identifier and owners.get(item.NodeId) == user
            if not allowed or item.AttributeId != ua.AttributeIds.Value:
                target = str(item.NodeId.Identifier)
                self._program.refuse("opcua", user, f"{user} may not write {target}")
                raise _refusal(ua.StatusCodes.BadUserAccessDenied)
            if item.NodeId == nodes.request:
                try:
                    unpack_opcua(_bytes(item))
                except ProtocolError as error:
                    self._program.refuse("opcua", user, str(error))
                    raise _refusal(ua.StatusCodes.BadInvalidArgument) from error

    async def _after_write(self, event: Any, service: Any) -> None:
        """Hand an accepted write to the program, or a step to the plant clock."""
        if not event.is_external:
            return
        written = zip(event.request_params.NodesToWrite, event.response_params, strict=True)
        for item, status in written:
            if not status.is_good():
                continue
            if item.NodeId == self._nodes.request:
                request = unpack_opcua(_bytes(item))
                if not self._program.submit(request, "opcua", event.user.name):
                    raise _refusal(ua.StatusCodes.BadTooManyOperations)
            elif item.NodeId == self._nodes.beat:
                self._program.beat()
            elif item.NodeId in (self._nodes.speed, self._nodes.advance):
                await self._drive(item.NodeId, item.Value.Value.Value)

    async def _drive(self, node: ua.NodeId, value: Any) -> None:
        """Set the speed, or let plant time move and answer when all servers show it."""
        try:
            if node == self._nodes.speed:
                self._said.pop(node, None)  # what was written is shown again as it came to be
                self._thread.set_speed(float(value))
                return
            await asyncio.wrap_future(self._thread.advance(float(value)))
        except (ConfigError, TypeError, ValueError) as error:
            self._program.refuse("opcua", DRIVER, str(error))
            now = _moment(datetime.now(UTC))
            await self._say(self._nodes.speed, self._program.speed, TYPES["f64"], now, now)
            raise _refusal(ua.StatusCodes.BadInvalidArgument) from error
        await self._show()


def _value_of(tag: Tag, plain: float, sample: Sample) -> ua.Variant:
    """Return what lies on the wire for `plain` (plant unit); nothing for a BAD value."""
    at = tag.opcua
    if at is None or sample.quality is Quality.BAD:
        return ua.Variant(None)
    raw = at.scaling.raw(plain)
    if at.kind == "bool":
        return ua.Variant(round(raw) != 0, TYPES[at.kind])
    return ua.Variant(round(raw) if at.kind in WHOLE else raw, TYPES[at.kind])


def _refusal(code: int) -> ua.UaStatusCodeError:
    return ua.UaStatusCodeError(code)  # type: ignore[no-untyped-call]


def _moment(moment: datetime) -> ua.DateTime:
    return cast("ua.DateTime", moment)


def _bytes(item: Any) -> bytes:
    value = item.Value.Value.Value if item.Value and item.Value.Value else None
    return value if isinstance(value, bytes) else b""
