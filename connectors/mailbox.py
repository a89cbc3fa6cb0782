"""The gate's side of the plant: requests into its mailbox, or straight to the address of a tag.

This is the one way in which passline writes to a plant. A request is sent once. What became of it
is told by the echo of the mailbox, or, for a tag written directly, by reading back alone.
"""

import asyncio
import contextlib
import time
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Protocol

from asyncua import ua

from ..plant_sim.units import from_si, to_si
from . import letter
from .addresses import OpcUaAddress
from .connector import DEADLINE
from .direct import Registers
from .direct_box import DirectBox, pause
from .errors import ConnectorError, LinkError, ProtocolError, TagError
from .letter import Echo, Request
from .letter_form import ECHO_WORDS, IDENTITY, MEMORY_AT, MEMORY_NODE
from .link import Link
from .modbus.connector import tls_context
from .modbus.serial_writer import SerialWriter
from .modbus.writer import ModbusWriter
from .opcua_writer import OpcUaWriter
from .security import GATE, Pki
from .tag_devices import MailboxMap, Part
from .tagfile import VOID, ModbusDevice, TagFile

WAIT = 3.0  # wall s for an echo to appear

# Beats count up over restarts of the gate, so they follow the clock, faster than a gate beats:
# twenty a second since 2026 fit 32 bits until 2032.
BEATS_SINCE, BEATS_PER_SECOND = 1_767_225_600, 20


class Mailbox(Protocol):
    """What the gate needs to write; `WireMailbox` is the real one."""

    async def send(self, action_id: str, control: str, value: float) -> Echo | None:
        """Ask for one write."""
        ...

    async def lookup(self, action_id: str) -> Echo | None:
        """Return what became of an action id."""
        ...

    async def void(self, action_id: str) -> None:
        """Ask that an action id that was never handled be refused from now on."""
        ...

    async def beat(self) -> bool:
        """Give a sign of life."""
        ...

    async def close(self) -> None:
        """Close the way to the PLC."""
        ...


class WireMailbox:
    """The mailbox over both protocols; each control goes by the one that its tag names.

    Connections are made when they are first needed, and anew after a loss. All methods belong to
    one event loop.

    Args:
        tagfile: where the mailbox is and which control has which number.
        pki: folder of keys; only the gate's user may write.
        user: whose keys to use.
        deadline: wall s for every attempt.
        wait: wall s for an echo to appear.
    """

    def __init__(
        self,
        tagfile: TagFile,
        pki: str | Path | Pki,
        user: str = GATE,
        *,
        deadline: float = DEADLINE,
        wait: float = WAIT,
    ) -> None:
        self._tagfile = tagfile
        self._pki = pki if isinstance(pki, Pki) else Pki(pki)
        self._user, self._deadline, self._wait = user, deadline, wait
        self._key = self._pki.modbus_key() if "modbus" in self._boxes() else b""
        self._seq = int(time.time()) & 0x7FFFFFFF
        self._beats = 0
        self._opcua = Link(self._open_opcua)
        self._modbus = Link(self._open_modbus)
        self._direct = DirectBox(tagfile, self._opcua, self._modbus, wait)

    async def send(self, action_id: str, control: str, value: float) -> Echo | None:
        """Ask the PLC once to set `control` to `value`; nothing is ever sent again here.

        Args:
            action_id: 32 hex digits; the PLC applies an id at most once.
            control: name of a writable tag.
            value: SI.

        Returns:
            What the PLC did, or None when that is not known: look it up.

        Raises:
            TagError: if the tag cannot be written.
            LinkError: if the PLC could not be reached: nothing was sent.
            ProtocolError: if the PLC refused the frame: nothing was applied.
        """
        tag = self._tagfile.tag(control)
        if tag.write is None:
            raise TagError(f"{control} cannot be written; see the write entries of the tag file")
        letter.check_action_id(action_id)
        if tag.write.way == "direct":
            return await self._direct.send(action_id, tag, value)
        self._seq = (self._seq + 1) & 0xFFFFFFFF
        request = Request(self._seq, action_id, tag.write.index, from_si(value, tag.unit))
        over = tag.write.protocol
        link = self._link(over)
        await link.get()  # a LinkError from here on means that it may have been sent
        try:
            await self._post(request, over)
        except ProtocolError:
            raise
        except LinkError:
            await link.drop()
            return None
        except BaseException:
            await link.drop()
            raise
        return await self._await_echo(request, over)

    async def lookup(self, action_id: str) -> Echo | None:
        """Return what became of `action_id`, or None when it is not among the PLC's newest.

        The PLC shows its newest 64 over OPC UA; the newest eight over Modbus stand in when OPC UA
        is down. What was written directly is read back: that it agrees is all that can be known.

        Raises:
            LinkError: if the PLC cannot be reached, or nothing but reading back could tell and the
                write was before the last start.
        """
        if self._direct.knows(action_id):
            return await self._direct.lookup(action_id)
        boxes = self._boxes()
        if not boxes:
            raise LinkError("the plant has no mailbox that could tell; a person has to look")
        try:
            echoes = await self._echoes(boxes[0])
        except LinkError:
            if len(boxes) == 1:
                raise
            echoes = await self._echoes(boxes[1])
        mine = [echo for echo in echoes if echo.action_id == action_id]
        applied = [echo for echo in mine if echo.applied]
        found = (applied or mine)[:1]
        return self._in_si(found[0]) if found else None

    async def void(self, action_id: str) -> None:
        """Ask the PLC to refuse `action_id` for ever, unless it has handled it already.

        A request that no echo answers may still be under way. This one carries the same id and no
        control, so whichever of the two the PLC handles first decides, and `lookup` tells which.
        The ids of both protocols are one list: it goes by the one that answers.

        Raises:
            LinkError: if neither protocol took it, or the plant has no mailbox that could.
        """
        if self._direct.knows(action_id) or not self._boxes():
            raise LinkError("a direct write cannot be made void; a person has to look")
        self._seq = (self._seq + 1) & 0xFFFFFFFF
        letter.check_action_id(action_id)
        request = Request(self._seq, action_id, VOID, 0.0)
        for over in self._boxes():
            try:
                await self._post(request, over)
            except ProtocolError as error:
                fault: ConnectorError = error
            except LinkError as error:
                fault = error
                await self._link(over).drop()
            else:
                return
        raise LinkError(f"the id {action_id} could not be made void: {fault}") from fault

    async def memory(self) -> int | None:
        """Return the number of the PLC's memory of action ids, or None where it shows none.

        Raises:
            LinkError: if the PLC cannot be reached.
        """
        boxes = self._boxes()
        for over in boxes:
            try:
                return await self._memory(over)
            except LinkError:
                await self._link(over).drop()
                if over == boxes[-1]:
                    raise
        return None

    async def beat(self) -> bool:
        """Tell the PLC that the gate lives; True when one protocol took it. Never raises.

        A plant without a mailbox cannot be told, and does not wait for it.
        """
        self._beats = max(self._beats + 1, int((time.time() - BEATS_SINCE) * BEATS_PER_SECOND))
        ways = {"opcua": self._beat_opcua, "modbus": self._beat_modbus}
        boxes = self._boxes()
        took = await asyncio.gather(*(ways[over]() for over in boxes))
        return any(took) or not boxes

    async def close(self) -> None:
        """Close both connections."""
        await self._opcua.drop()
        await self._modbus.drop()

    def _boxes(self) -> list[str]:
        """Return the protocols over which the plant has a mailbox."""
        box, file = self._tagfile.mailbox, self._tagfile
        if box is None:
            return []
        there = {
            "opcua": file.opcua is not None and box.request is not None,
            "modbus": file.modbus is not None and box.request_register is not None,
        }
        return [over for over, has in there.items() if has]

    @property
    def _box(self) -> MailboxMap:
        return _there(self._tagfile.mailbox)

    def _link(self, over: str) -> Link[OpcUaWriter] | Link[Registers]:
        return self._opcua if over == "opcua" else self._modbus

    async def _open_opcua(self) -> OpcUaWriter:
        if self._tagfile.opcua is None:
            raise LinkError("the tag file has no OPC UA device")
        return await OpcUaWriter.open(self._tagfile.opcua, self._pki, self._user, self._deadline)

    async def _open_modbus(self) -> Registers:
        device: ModbusDevice | None = self._tagfile.modbus
        if device is None:
            raise LinkError("the tag file has no Modbus device")
        if device.transport == "rtu":
            return await SerialWriter.open(device, self._deadline)
        return await ModbusWriter.open(
            device.host, device.port, device.unit, self._deadline, pause=device.pause,
            tls=tls_context(device, self._pki, self._user),
        )  # fmt: skip

    async def _post(self, request: Request, over: str) -> None:
        """Put `request` into the mailbox; both errors of a connection may come."""
        if over == "opcua":
            session = await self._opcua.get()
            node = session.resolve(_there(self._box.request))
            await session.write(node, letter.pack_opcua(request), ua.VariantType.ByteString)
        else:
            client = await self._modbus.get()
            data = letter.pack_modbus(request, self._key)
            await client.write(_there(self._box.request_register), data)

    async def _memory(self, over: str) -> int | None:
        if over == "opcua":
            session = await self._opcua.get()
            node = OpcUaAddress(_there(self._box.request).namespace, MEMORY_NODE)
            (shown,) = await session.read([session.resolve(node)])
            number = shown.Value.Value if shown.Value else None
            return int(number) if isinstance(number, int) else None
        client = await self._modbus.get()
        at = _there(self._box.echo_register) + IDENTITY + MEMORY_AT
        try:
            return int.from_bytes(await client.read("input", at, 2))
        except ProtocolError:  # a PLC that says nothing of itself
            return None

    async def _beat_opcua(self) -> bool:
        with contextlib.suppress(ProtocolError):
            try:
                session = await self._opcua.get()
                node = session.resolve(_there(self._box.beat))
                await session.write(node, self._beats, ua.VariantType.UInt32)
            except LinkError:
                await self._opcua.drop()
            else:
                return True
        return False

    async def _beat_modbus(self) -> bool:
        with contextlib.suppress(ProtocolError):
            try:
                client = await self._modbus.get()
                data = letter.pack_beat(self._beats, self._key)
                await client.write(_there(self._box.beat_register), data)
            except LinkError:
                await self._modbus.drop()
            else:
                return True
        return False

    async def _await_echo(self, request: Request, over: str) -> Echo | None:
        """Look for the echo until it is there, the time is over, or the link is lost."""
        start = time.monotonic()
        while (waited := time.monotonic() - start) < self._wait:
            await asyncio.sleep(pause(waited))
            try:
                echoes = await self._echoes(over)
            except LinkError:
                return None
            for echo in reversed(echoes):
                if echo.seq == request.seq and echo.action_id == request.action_id:
                    return self._in_si(echo)
        return None

    async def _echoes(self, over: str) -> list[Echo]:
        link = self._link(over)
        try:
            if over == "opcua":
                session = await self._opcua.get()
                (shown,) = await session.read([session.resolve(_there(self._box.echo))])
                text = shown.Value.Value if shown.Value else None
                return letter.load_echoes(text if isinstance(text, str) else "")
            client = await self._modbus.get()
            data = await client.read("input", _there(self._box.echo_register), ECHO_WORDS)
            return letter.unpack_echoes(data)
        except ProtocolError as error:
            raise LinkError(f"the echo of the PLC cannot be read: {error}") from error
        except LinkError:
            await link.drop()
            raise

    def _in_si(self, echo: Echo) -> Echo:
        if echo.index == VOID:  # it carried no value
            return replace(echo, value=nan, before=nan)
        for tag in self._tagfile.tags.values():
            if tag.write is not None and tag.write.index == echo.index:
                return replace(
                    echo, value=to_si(echo.value, tag.unit), before=to_si(echo.before, tag.unit)
                )
        return echo


def _there(part: Part | None) -> Part:
    """Return a part of the tag file; without it that protocol leads nowhere."""
    if part is None:
        raise LinkError("the tag file has no mailbox on this protocol")
    return part
