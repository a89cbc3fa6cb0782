"""What the registers of a tag would be in every type and order, and which is the likely one.

A wrong word order seldom gives an error: it gives a number. This looks at the same raw registers
several times, decodes them in every way, and scores each way by what is known of the tag.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from math import isfinite
from typing import get_args

from .addresses import BITS, KINDS, Kind, ModbusAddress, Order
from .errors import ProtocolError
from .modbus.client import ModbusClient
from .tag_devices import need
from .tag_table import TagFile
from .tags import MARGIN, Tag

READS, PAUSE = 5, 0.3
WORDS = 4  # registers that are looked at: as many as the widest type takes
TINY = 1e-10  # part of the range; a float in a wrong order is often next to nothing

IN_RANGE, SMOOTH, ALIVE, DECLARED, ORDER = 0.5, 0.2, 0.1, 0.1, 0.1  # weights of a score; sum 1


@dataclass(frozen=True, slots=True)
class Reading:
    """The registers of one tag, decoded in one way.

    Attributes:
        at: the address with this type and order.
        values: plant unit, one for each look.
        score: 0 to 1, how plausible they are for the tag.
    """

    at: ModbusAddress
    values: tuple[float, ...]
    score: float

    @property
    def coding(self) -> str:
        """Type and orders in words."""
        swapped = " bytes swapped" if self.at.byte_order == "little" else ""
        return f"{self.at.kind} {self.at.word_order if self.at.words > 1 else ''}{swapped}".strip()


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found of one tag.

    Attributes:
        tag: the tag.
        raw: its registers as they came, one for each look; empty when none came.
        readings: every way to decode them, the most plausible first.
        refusal: why nothing was read, else "".
    """

    tag: Tag
    raw: tuple[bytes, ...]
    readings: tuple[Reading, ...] = ()
    refusal: str = ""

    @property
    def tells(self) -> bool:
        """Whether the registers say anything: zeros look the same in every order."""
        return any(any(data) for data in self.raw)

    @property
    def declared(self) -> Reading:
        """The reading of the tag file."""
        return next(each for each in self.readings if each.at == self.tag.modbus)

    @property
    def likely(self) -> Reading | None:
        """The most plausible reading, None when the registers tell nothing."""
        return self.readings[0] if self.readings and self.tells else None

    @property
    def agrees(self) -> bool:
        """Whether the tag file says what is likely, or nothing tells otherwise."""
        best = self.likely
        return best is None or self.declared.score >= best.score - 1e-9


async def probe_modbus(
    tagfile: TagFile,
    names: Iterable[str] = (),
    *,
    reads: int = READS,
    pause: float = PAUSE,
    deadline: float = 2.0,
) -> list[Probe]:
    """Look at Modbus tags several times and decode what came in every way.

    Args:
        tagfile: says where the tags lie.
        names: which tags; all of Modbus when empty.
        reads: how often to look.
        pause: wall s between two looks.
        deadline: wall s for one request.

    Raises:
        LinkError: if the server is not there.
        TagError: if there is no such tag.
    """
    device = need(tagfile.modbus, "devices.modbus")
    tags = [tagfile.tag(name) for name in names] or list(tagfile.tags.values())
    seen: dict[str, tuple[Tag, list[bytes]]] = {
        tag.name: (tag, []) for tag in tags if tag.modbus is not None
    }
    refusals: dict[str, str] = {}
    client = await ModbusClient.open(device.host, device.port, device.unit, deadline)
    try:
        for look in range(reads):
            if look:
                await asyncio.sleep(pause)
            for name, (tag, raw) in seen.items():
                if name not in refusals:
                    try:
                        raw.append(await _look(client, need(tag.modbus, "modbus")))
                    except ProtocolError as error:
                        refusals[name] = str(error)
    finally:
        await client.close()
    return judge({name: (tag, tuple(raw)) for name, (tag, raw) in seen.items()}, refusals)


async def _look(client: ModbusClient, at: ModbusAddress) -> bytes:
    """Return as many registers as the widest type takes, or those of the tag at a table's end."""
    if at.table in BITS:
        return await client.read(at.table, at.register, 1)
    try:
        return await client.read(at.table, at.register, WORDS)
    except ProtocolError:
        return await client.read(at.table, at.register, at.words)


def judge(
    seen: Mapping[str, tuple[Tag, Sequence[bytes]]], refusals: Mapping[str, str] | None = None
) -> list[Probe]:
    """Score every way to decode what was seen; the tags of a device vote for its orders."""
    refusals = refusals or {}
    first = {name: _readings(tag, raw) for name, (tag, raw) in seen.items() if raw}
    votes = _votes(first)
    return [
        Probe(
            tag,
            tuple(raw),
            tuple(
                sorted(
                    (_voted(each, votes) for each in first.get(name, ())),
                    key=lambda each: (-each.score, each.at != tag.modbus),
                )
            ),
            refusals.get(name, ""),
        )
        for name, (tag, raw) in seen.items()
    ]


def orders(probes: Iterable[Probe]) -> Counter[str]:
    """Return how many tags find which order of words and bytes the likely one."""
    return Counter(
        f"words {best.at.word_order}, bytes {best.at.byte_order}"
        for each in probes
        if (best := each.likely) is not None and best.at.words > 1
    )


def _readings(tag: Tag, raw: Sequence[bytes]) -> list[Reading]:
    """Return every way in which the registers of a tag can be read, scored for themselves."""
    at = need(tag.modbus, "modbus")
    if at.table in BITS or at.bit is not None:
        ways = [at]
    else:
        every: Iterable[tuple[Kind, Order, Order]] = product(
            (kind for kind in KINDS if kind != "bool"), get_args(Order), get_args(Order)
        )
        ways = [
            way
            for kind, words, swapped in every
            if (way := _way(at, kind, words, swapped)) is not None
            and way.words * 2 <= len(raw[0])
            and (way.words > 1 or way.word_order == at.word_order)
        ]
    readings = []
    for way in ways:
        values = tuple(way.decode(data[: 2 * way.words]) for data in raw)
        readings.append(Reading(way, values, _score(tag, way, values)))
    return readings


def _way(at: ModbusAddress, kind: Kind, words: Order, swapped: Order) -> ModbusAddress | None:
    """Return `at` in another type and order, None where it would leave the table."""
    wide = 4 if kind.endswith("64") else 2 if kind.endswith("32") else 1
    if at.register + wide > 0x10000:
        return None
    return replace(at, kind=kind, word_order=words, byte_order=swapped)


def _score(tag: Tag, at: ModbusAddress, values: Sequence[float]) -> float:
    """Return how plausible `values` are for `tag`: in range, smooth, and not next to nothing."""
    span = tag.high - tag.low
    slack = MARGIN * span
    inside = [
        isfinite(value)
        and tag.low - slack <= value <= tag.high + slack
        and not 0 < abs(value - at.scaling.offset) < TINY * span
        for value in values
    ]
    if not all(isfinite(value) for value in values):
        smooth = alive = 0.0
    else:
        jump = max((abs(b - a) for a, b in pairwise(values)), default=0.0) / span
        smooth = max(0.0, 1.0 - 4.0 * jump)
        alive = float(0.0 < jump < 0.25)
    declared = tag.modbus is not None and at.kind == tag.modbus.kind
    good = sum(inside) / len(inside)
    # a type of the same width that merely happens to be in range is no better than the declared
    return good * (IN_RANGE + SMOOTH * smooth + ALIVE * alive) + DECLARED * declared * good


def _votes(readings: Mapping[str, Sequence[Reading]]) -> Counter[tuple[Order, Order]]:
    """Return for each order how plausible the declared types of all tags are in it."""
    votes: Counter[tuple[Order, Order]] = Counter()
    for ways in readings.values():
        wide = [each for each in ways if each.at.words > 1]
        best = max((each.score for each in wide), default=0.0)
        for each in wide:
            if best and each.score >= best - 1e-9 and len({way.values for way in wide}) > 1:
                votes[each.at.word_order, each.at.byte_order] += 1
    return votes


def _voted(reading: Reading, votes: Counter[tuple[Order, Order]]) -> Reading:
    """Add what the other tags of the device say of the order; one register has one of bytes."""
    at = reading.at
    if not votes or at.table in BITS or not reading.score:
        return reading
    own = sum(
        count
        for (words, swapped), count in votes.items()
        if swapped == at.byte_order and (words == at.word_order or at.words == 1)
    )
    return replace(reading, score=reading.score + ORDER * own / votes.total())
