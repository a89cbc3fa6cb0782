"""Direct writes with a memory: each action once, and read back until the plant shows its value.

A tag that is written at its own address has no echo. That the plant shows the value is all that can
be known; a value that is not seen leaves the write open.
"""

import asyncio
import time
from math import nan

from ..plant_sim.units import to_si
from .direct import DirectWriter, Registers
from .errors import LinkError, ProtocolError, TagError
from .letter import Echo, Outcome
from .link import Link
from .opcua_writer import OpcUaWriter
from .tagfile import VOID, TagFile
from .tags import Tag

POLLS = 0.005, 0.05  # wall s between two looks: at once, and when it takes long
SLOWER = 0.1  # the pause grows to this part of the time already waited
REMEMBERED = 1000  # writes whose fate is kept


class DirectBox:
    """Sends a direct write once and tells what the plant shows of it.

    Args:
        tagfile: names the tags.
        opcua: the connection that writes, made when it is first needed.
        modbus: likewise.
        wait: wall s for the value to be seen.
    """

    def __init__(
        self, tagfile: TagFile, opcua: Link[OpcUaWriter], modbus: Link[Registers], wait: float
    ) -> None:
        self._tagfile, self._wait = tagfile, wait
        self._opcua, self._modbus = opcua, modbus
        self._writer = DirectWriter(tagfile, opcua.get, modbus.get)
        self._sent: dict[str, tuple[str, float, Echo | None]] = {}  # control, value, fate

    def knows(self, action_id: str) -> bool:
        """Whether this action was written directly since the start."""
        return action_id in self._sent

    async def send(self, action_id: str, tag: Tag, value: float) -> Echo | None:
        """Write the address of `tag` once, then read it until it agrees or the time is over.

        Raises:
            TagError: if the action was written before.
            LinkError: if the plant could not be reached: nothing was sent.
            ProtocolError: if it refused the write.
        """
        if action_id in self._sent:
            raise TagError(f"action {action_id} was written before; nothing is written twice")
        await self._link(tag).get()  # a LinkError from here on means that it may have been sent
        before = await self._writer.read_back(tag.name)
        while len(self._sent) >= REMEMBERED:
            del self._sent[next(iter(self._sent))]
        self._sent[action_id] = tag.name, value, None
        try:
            result = (await self._writer.write_many({tag.name: value}))[tag.name]
        except BaseException:
            await self._link(tag).drop()
            raise
        if result.fate == "refused":
            echo = Echo(0, action_id, _index(tag), Outcome.MALFORMED, value)
            self._sent[action_id] = tag.name, value, echo
            raise ProtocolError(result.reason, result.code)
        start = time.monotonic()
        while (waited := time.monotonic() - start) < self._wait:
            seen = await self._agrees(action_id, nan if before is None else before)
            if seen is not None:
                return seen
            await asyncio.sleep(pause(waited))
        return None

    async def lookup(self, action_id: str) -> Echo | None:
        """Return the fate of a known action, or None while the plant shows another value."""
        return self._sent[action_id][2] or await self._agrees(action_id, nan)

    async def _agrees(self, action_id: str, before: float) -> Echo | None:
        """Read back a write; None as long as the plant shows another value."""
        control, value, _ = self._sent[action_id]
        tag = self._tagfile.tag(control)
        try:
            seen = await self._writer.read_back(control)
        except LinkError:
            await self._link(tag).drop()
            return None
        if seen is None or abs(seen - value) > _tolerance(tag):
            return None
        echo = Echo(0, action_id, _index(tag), Outcome.APPLIED, seen, before)
        self._sent[action_id] = control, value, echo
        return echo

    def _link(self, tag: Tag) -> Link[OpcUaWriter] | Link[Registers]:
        return self._modbus if tag.write and tag.write.protocol == "modbus" else self._opcua


def pause(waited: float) -> float:
    """Return how long to wait for a PLC (wall s): a quick one is asked often, a slow one less."""
    first, last = POLLS
    return min(last, max(first, SLOWER * waited))


def _index(tag: Tag) -> int:
    return tag.write.index if tag.write else VOID


def _tolerance(tag: Tag) -> float:
    """Return how far a read-back may be off (SI): the rule's tolerance and the coding's step."""
    over = tag.write.protocol if tag.write else "opcua"
    count = 0.0
    if over == "modbus" and tag.modbus is not None:
        count = tag.modbus.count
    elif tag.opcua is not None and tag.opcua.kind not in ("f32", "f64"):
        count = abs(tag.opcua.scaling.scale)
    wide = max(tag.write.tolerance if tag.write else 0.0, 0.51 * count, 1e-6 * abs(tag.high))
    return to_si(wide, tag.unit) - to_si(0.0, tag.unit)
