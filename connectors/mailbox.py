"""The gate's side of the PLC's mailbox: the one way in which passline writes to a plant."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from asyncua import ua

from ..plant_sim.units import from_si, to_si
from . import letter
from .connector import DEADLINE
from .errors import ConnectorError, LinkError, ProtocolError, TagError
from .letter import Echo, Request
from .modbus.client import ModbusClient
from .opcua import OpcUaSession
from .security import GATE, Pki
from .tag_devices import Part, need
from .tagfile import VOID, TagFile

POLL = 0.05  # wall s between two looks at the echo
WAIT = 3.0  # wall s for an echo to appear
FIRST_BACKOFF, BACKOFF = 0.2, 2.0  # wall s between two attempts to connect

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


class _Closable(Protocol):
    async def close(self) -> None: ...


Session = TypeVar("Session", bound=_Closable)


class _Link(Generic[Session]):
    """One connection, made when needed; after a failure no attempt before the back-off is over."""

    def __init__(self, opener: Callable[[], Awaitable[Session]]) -> None:
        self._opener = opener
        self._lock = asyncio.Lock()
        self._session: Session | None = None
        self._delay = FIRST_BACKOFF
        self._again = 0.0
        self._error = ""

    async def get(self) -> Session:
        """Return the connection; raises LinkError when there is none."""
        async with self._lock:
            if self._session is not None:
                return self._session
            now = time.monotonic()
            if now < self._again:
                raise LinkError(self._error)
            try:
                self._session = await self._opener()
            except LinkError as error:
                self._error = str(error)
                self._again = time.monotonic() + self._delay
                self._delay = min(2 * self._delay, BACKOFF)
                raise
            self._delay = FIRST_BACKOFF
            return self._session

    async def drop(self) -> None:
        """Throw the connection away."""
        async with self._lock:
            session, self._session = self._session, None
            if session is not None:
                await session.close()


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
        self._box = need(tagfile.mailbox, "mailbox")
        self._pki = pki if isinstance(pki, Pki) else Pki(pki)
        self._key = self._pki.modbus_key()
        self._wait = wait
        self._seq = int(time.time()) & 0x7FFFFFFF
        self._beats = 0
        self._opcua = _Link(
            lambda: OpcUaSession.open(_there(tagfile.opcua), self._pki, user, deadline),
        )
        self._modbus = _Link(lambda: _open_modbus(tagfile, deadline))

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
        self._seq = (self._seq + 1) & 0xFFFFFFFF
        request = Request(self._seq, action_id, tag.write.index, from_si(value, tag.unit))
        over = tag.write.protocol
        link: _Link[OpcUaSession] | _Link[ModbusClient]
        link = self._opcua if over == "opcua" else self._modbus
        letter.check_action_id(action_id)
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
        is down.

        Raises:
            LinkError: if the PLC cannot be reached.
        """
        try:
            echoes = await self._echoes("opcua")
        except LinkError:
            echoes = await self._echoes("modbus")
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
            LinkError: if neither protocol took it.
        """
        self._seq = (self._seq + 1) & 0xFFFFFFFF
        letter.check_action_id(action_id)
        request = Request(self._seq, action_id, VOID, 0.0)
        for over in ("opcua", "modbus"):
            try:
                await self._post(request, over)
            except ProtocolError as error:
                fault: ConnectorError = error
            except LinkError as error:
                fault = error
                await (self._opcua if over == "opcua" else self._modbus).drop()
            else:
                return
        raise LinkError(f"the id {action_id} could not be made void: {fault}") from fault

    async def beat(self) -> bool:
        """Tell the PLC that the gate lives; True when one protocol took it. Never raises."""
        self._beats = max(self._beats + 1, int((time.time() - BEATS_SINCE) * BEATS_PER_SECOND))
        took = await asyncio.gather(self._beat_opcua(), self._beat_modbus())
        return any(took)

    async def close(self) -> None:
        """Close both connections."""
        await self._opcua.drop()
        await self._modbus.drop()

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
        end = time.monotonic() + self._wait
        while time.monotonic() < end:
            await asyncio.sleep(POLL)
            try:
                echoes = await self._echoes(over)
            except LinkError:
                return None
            for echo in reversed(echoes):
                if echo.seq == request.seq and echo.action_id == request.action_id:
                    return self._in_si(echo)
        return None

    async def _echoes(self, over: str) -> list[Echo]:
        link: _Link[OpcUaSession] | _Link[ModbusClient]
        link = self._opcua if over == "opcua" else self._modbus
        try:
            if over == "opcua":
                session = await self._opcua.get()
                (shown,) = await session.read([session.resolve(_there(self._box.echo))])
                text = shown.Value.Value if shown.Value else None
                return letter.load_echoes(text if isinstance(text, str) else "")
            client = await self._modbus.get()
            data = await client.read("input", _there(self._box.echo_register), letter.ECHO_WORDS)
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
        raise LinkError("the tag file has no such protocol")
    return part


async def _open_modbus(tagfile: TagFile, deadline: float) -> ModbusClient:
    device = _there(tagfile.modbus)
    return await ModbusClient.open(device.host, device.port, device.unit, deadline)
