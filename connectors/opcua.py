"""The connector that reads a plant over OPC UA.

A server that shows all its values in one packed array (folder Packed) is read through that: it
costs a hundredth of the single nodes. Otherwise, and where only a few are wanted, nodes are read in
batches, or followed as monitored items.
"""

import asyncio
import datetime
import json
import time
from math import inf, nan
from typing import Any, Literal

import numpy as np
from asyncua import ua
from cryptography import x509
from numpy.typing import NDArray

from ..plant_sim.errors import ConfigError
from ..plant_sim.signals import Quality
from .addresses import OpcUaAddress
from .analog_item import TYPES
from .connector import PAGE, Batch, Browsed, Page, SupervisedConnector, page
from .errors import LinkError, NoAnswerError
from .opcua_session import CHUNK, CONNECT, DEADLINE, KEEP_ALIVE, OpcUaSession, prepare, said
from .security import Pki
from .tagfile import OpcUaDevice, TagFile
from .tags import Tag
from .vector import Reading, VectorPlan

Way = Literal["poll", "subscribe"]

PACKED = ("Packed.Values", "Packed.Quality", "Packed.Time")
MANIFEST = "Packed.Manifest"
FEW = 8  # so many single nodes cost less than the packed arrays of a whole plant
_NUMERIC = {*TYPES.values(), ua.VariantType.SByte, ua.VariantType.Byte}
_CLASSES = {1: "object", 2: "variable", 4: "method"}

__all__ = ["CHUNK", "CONNECT", "DEADLINE", "OpcUaConnector", "OpcUaSession", "said"]


class OpcUaConnector(SupervisedConnector):
    """Reads every OPC UA tag of a tag file.

    Args:
        tagfile: names the server and its tags.
        pki: folder of keys.
        user: whose keys and password to use.
        way: "poll" reads, packed where the server has that; "subscribe" follows monitored items.
        timing: see `SupervisedConnector`.
    """

    def __init__(
        self, tagfile: TagFile, pki: Pki, user: str, way: Way = "poll", **timing: float
    ) -> None:
        if tagfile.opcua is None:
            raise ConfigError("the tag file has no OPC UA device; give devices.opcua")
        self._device: OpcUaDevice = tagfile.opcua
        self._tagfile, self._pki, self._user, self._way = tagfile, pki, user, way
        self._session: OpcUaSession | None = None
        self._manifest: dict[str, int] = {}
        self._packed: list[ua.NodeId] = []
        self._routes: dict[VectorPlan, _Route] = {}
        self._skew, self._days = nan, inf
        self._fresh_before = False
        super().__init__({n: t for n, t in tagfile.tags.items() if t.opcua}, **timing)

    async def browse(self, root: str = "", limit: int = PAGE, cursor: str = "") -> Page:
        """Return what the server has below the address `root`, or below its folder Objects.

        Raises:
            LinkError: if the server is not connected or knows no such node.
        """
        session = self._session
        if session is None:
            raise LinkError("the OPC UA server is not connected; browse it when it is up")
        node = session.resolve(OpcUaAddress.parse(root)) if root else None
        found = [
            Browsed(
                session.address(item.NodeId),
                str(item.BrowseName.Name),
                _CLASSES.get(int(item.NodeClass), "other"),
            )
            for item in await session.children(node)
        ]
        return page(found, limit, cursor)

    async def _open(self) -> None:
        self._session = session = await OpcUaSession.open(
            self._device, self._pki, self._user, self._deadline
        )
        for tag in self.tags.values():
            if tag.opcua:
                session.resolve(tag.opcua)  # another plant is refused here
        await self._check_table(session)
        await self._find_packed(session)
        self._routes.clear()
        self._days = _days(self._pki, self._user)

    async def _check_table(self, session: OpcUaSession) -> None:
        """Refuse a PLC that was made from another tag table; one that tells none is let be."""
        box = self._tagfile.mailbox
        if box is None or box.request is None:
            return
        table = OpcUaAddress(box.request.namespace, "s=Mailbox.TagTable")
        (shown,) = await session.read([session.resolve(table)])
        theirs = shown.Value.Value if shown.Value else None
        if isinstance(theirs, str) and theirs != self._tagfile.hash:
            raise LinkError(
                f"the PLC was made from tag table {theirs[:8]}, not {self._tagfile.hash[:8]}; "
                "take the tag file of its run folder"
            )

    async def _find_packed(self, session: OpcUaSession) -> None:
        """Learn whether the server shows its values in one array, and in which order."""
        self._manifest, self._packed = {}, []
        first = next((tag.opcua for tag in self.tags.values() if tag.opcua), None)
        if first is None:
            return
        nodes = [
            session.resolve(OpcUaAddress(first.namespace, f"s={name}"))
            for name in (MANIFEST, *PACKED)
        ]
        shown, *arrays = await session.read(nodes)
        if not all(value.StatusCode and value.StatusCode.is_good() for value in (shown, *arrays)):
            return
        try:
            names = json.loads(shown.Value.Value if shown.Value else "")
        except (TypeError, ValueError, RecursionError):
            return
        if isinstance(names, list) and len(names) == len(_array(arrays[0])):
            self._manifest = {str(name): place for place, name in enumerate(names)}
            self._packed = nodes[1:]

    async def _poll(self, plan: VectorPlan) -> Reading:
        session = self._session
        if session is None:
            raise LinkError("there is no OPC UA session")
        route = self._routes.get(plan)
        if route is None:
            route = self._routes[plan] = _Route(plan, session, self._manifest, self._packed)
        answers = await session.read_prepared(route.reads)
        self._note_clock(answers)
        return route.reading(answers)

    async def _follow(self) -> None:
        if self._way == "poll":
            await super()._follow()
            return
        session, plan = self._session, self._all
        if session is None:
            raise LinkError("there is no OPC UA session")
        route = _Route(plan, session, {}, [])
        waiting: dict[int, ua.DataValue] = {}
        groups: dict[float, list[int]] = {}
        for place, tag in enumerate(plan.tags):
            groups.setdefault(tag.scan or self._period, []).append(place)
        for interval, places in groups.items():
            await session.subscribe(
                [route.nodes[place] for place in places],
                interval,
                lambda at, value, places=places: waiting.__setitem__(places[at], value),  # type: ignore[misc]
            )
        self._fresh_before = False
        reading = await self._poll(plan)
        while True:
            await asyncio.sleep(self._period)
            silent = asyncio.get_running_loop().time() - session.heard
            if not session.connected:
                raise LinkError("the OPC UA server closed the connection")
            if silent > KEEP_ALIVE + self._deadline:
                raise NoAnswerError("the OPC UA server publishes nothing any more")
            changed = list(waiting)
            route.update(reading, waiting)
            waiting.clear()
            self._take_changes(plan, reading, changed)

    def _take_changes(self, plan: VectorPlan, reading: Reading, changed: list[int]) -> None:
        """Make Samples of what has changed; the rest is as alive as the heartbeat."""
        now = time.monotonic()
        self._alive(plan, reading, now)
        age = self._age(now)
        beat = min(tag.stale_after for tag in plan.tags)
        fresh = age is not None and age <= beat
        chosen = changed if fresh and self._fresh_before else None  # everything turns with its PLC
        self._fresh_before = fresh
        received = now if self._fresh is None else self._fresh
        samples = plan.samples(reading, age, self._time, received, chosen)
        self._carried = received if fresh else self._carried
        self._publish({**self._samples, **samples}, Batch(samples))
        self._rate(now)

    async def _shut(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _note_clock(self, answers: list[ua.DataValue]) -> None:
        stamp = answers[0].ServerTimestamp if answers else None
        if stamp is not None:
            told: Any = stamp  # asyncua's own name for a datetime without a zone, in UTC
            ours = datetime.datetime.now(datetime.UTC)
            self._skew = (told.replace(tzinfo=datetime.UTC) - ours).total_seconds()

    def _certificate_days(self) -> float:
        return self._days

    def _clock_skew(self) -> float:
        return self._skew


class _Route:
    """Which nodes a plan reads, and where their values go."""

    def __init__(
        self,
        plan: VectorPlan,
        session: OpcUaSession,
        manifest: dict[str, int],
        packed: list[ua.NodeId],
    ) -> None:
        known = manifest if len(plan.tags) > FEW else {}
        places = [_place(known, tag) for tag in plan.tags]
        self._from = np.array([at for at in places if at >= 0], np.intp)
        self._to = np.array([n for n, at in enumerate(places) if at >= 0], np.intp)
        single = [n for n, at in enumerate(places) if at < 0]
        self._single = np.array(single, np.intp)
        addresses = [plan.tags[n].opcua for n in single]
        self._packs = len(packed) if len(self._to) else 0
        self.nodes = packed[: self._packs] + [session.resolve(a) for a in addresses if a]
        self.reads = prepare(self.nodes)
        self._scale = np.array([a.scaling.scale for a in addresses if a])
        self._offset = np.array([a.scaling.offset for a in addresses if a])
        self._missing = {
            n: a.scaling.missing for n, a in enumerate(addresses) if a and a.scaling.missing
        }
        self._count = len(places)

    def reading(self, answers: list[ua.DataValue]) -> Reading:
        """Gather the answers for `nodes`."""
        values = np.full(self._count, nan)
        quality = np.zeros(self._count, np.int64)
        status = np.zeros(self._count, np.int64)
        clock = nan
        if self._packs:
            shown, grades = _array(answers[0]), _array(answers[1])
            clock, *_ = _numbers(answers[2])
            if len(shown) != len(grades) or len(shown) <= self._from.max(initial=-1):
                raise LinkError("the packed arrays have another length; reconnect")
            values[self._to] = shown[self._from]
            for grade in (Quality.UNCERTAIN, Quality.GOOD):  # every other number is BAD
                quality[self._to[grades[self._from] == int(grade)]] = int(grade)
        if len(self._single):
            rows = [_numbers(answer) for answer in answers[self._packs :]]
            table = np.array(rows, np.float64)
            values[self._single] = self._scaled(table[:, 0])
            quality[self._single] = table[:, 1]
            status[self._single] = table[:, 2]
        return Reading(values, quality, status, clock)

    def update(self, reading: Reading, changed: dict[int, ua.DataValue]) -> None:
        """Put what a subscription told into `reading`, which was read without packed arrays."""
        for place, answer in changed.items():
            value, quality, status = _numbers(answer)
            if value in self._missing.get(place, ()):
                value = nan
            scale, offset = float(self._scale[place]), float(self._offset[place])
            reading.values[place] = value * scale + offset
            reading.quality[place] = quality
            reading.status[place] = status

    def _scaled(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        for place, codes in self._missing.items():
            if raw[place] in codes:
                raw[place] = nan
        with np.errstate(invalid="ignore", over="ignore"):  # any bits may come over a wire
            plant: NDArray[np.float64] = raw * self._scale + self._offset
        return plant


def _place(manifest: dict[str, int], tag: Tag) -> int:
    """Return where the packed array has `tag`, which it may call by its node; -1 for nowhere."""
    node = tag.opcua.identifier[2:] if tag.opcua else ""
    return manifest.get(tag.name, manifest.get(node, -1))


def _array(value: ua.DataValue) -> NDArray[Any]:
    """Return the numbers of one array node, none where it shows anything else."""
    variant = value.Value
    shown = variant.Value if variant is not None else None
    if isinstance(shown, bytes):
        return np.frombuffer(shown, np.uint8)
    numeric = variant is not None and variant.VariantType in _NUMERIC and isinstance(shown, list)
    found = np.array(shown if numeric else [], np.float64)
    return found if found.ndim == 1 else found[:0, 0]


def _numbers(value: ua.DataValue) -> tuple[float, int, int]:
    """Return raw number, quality and status code of one node."""
    status = value.StatusCode
    code = 0 if status is None else status.value
    number = value.Value.Value if value.Value is not None else None
    if code & 0x80000000 or not isinstance(number, int | float):
        return nan, int(Quality.BAD), code
    return number, int(Quality.UNCERTAIN if code & 0x40000000 else Quality.GOOD), code


def _days(pki: Pki, user: str) -> float:
    """Return days until the first certificate in use runs out."""
    now = datetime.datetime.now(datetime.UTC)
    ends = [
        x509.load_der_x509_certificate(path.read_bytes()).not_valid_after_utc
        for path in (pki.certificate(user), pki.server_certificate())
    ]
    return (min(ends) - now).total_seconds() / 86400.0
