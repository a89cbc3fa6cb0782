"""The connector that reads a plant over Modbus (TCP, TLS or a serial line), in blocks."""

import asyncio
import time
from collections.abc import Coroutine
from ssl import SSLContext
from typing import Any, Protocol

import numpy as np

from ...plant_sim.errors import ConfigError
from ...plant_sim.signals import Quality
from ..addresses import Table
from ..connector import SupervisedConnector
from ..errors import LinkError, ProtocolError
from ..security import AGENT, PLC, Pki
from ..tag_claims import HASH_WORDS
from ..tagfile import ModbusDevice, TagFile
from ..vector import Reading, VectorPlan
from .blocks import Block, Refused, plan
from .client import ModbusClient
from .order_mark import check_mark, mark_of, place_of
from .serial import SerialClient
from .tls import client_context
from .vector import Decoder

MARK_PERIOD = 1.0  # wall s between two looks at the order mark


class Reader(Protocol):
    """What both kinds of client can do."""

    async def read(self, table: Table, address: int, count: int) -> bytes:
        """Return registers, or bits one byte each."""
        ...

    async def close(self) -> None:
        """Close the connection."""
        ...


class ModbusConnector(SupervisedConnector):
    """Reads every Modbus tag of a tag file; a NaN is BAD.

    A device that was made from another tag table, or sends its words or bytes in another order than
    the file says, is refused: all is BAD, and why is in `health`.

    An address that the device refuses makes its own tags BAD, with the exception code as status;
    it is asked for again now and then.

    Args:
        tagfile: names the device and its tags.
        pki: folder of keys; needed for TLS only.
        user: whose certificate to show.
        timing: see `SupervisedConnector`.
    """

    def __init__(
        self, tagfile: TagFile, pki: Pki | None = None, user: str = AGENT, **timing: float
    ) -> None:
        if tagfile.modbus is None:
            raise ConfigError("the tag file has no Modbus device; give devices.modbus")
        self._tagfile = tagfile
        self._device: ModbusDevice = tagfile.modbus
        self._tls = tls_context(self._device, pki, user)
        self._client: Reader | None = None
        self._plans: dict[VectorPlan, _Blocks] = {}
        tags = {n: t for n, t in tagfile.tags.items() if t.modbus}
        self._mark = mark_of(tag.modbus for tag in tags.values() if tag.modbus)
        self._mark_due = 0.0
        super().__init__(tags, **timing)

    async def _open(self) -> None:
        self._plans.clear()  # a restarted device may have other addresses
        if self._device.transport == "rtu":
            self._client = await SerialClient.open(self._device, self._deadline)
        else:
            self._client = await ModbusClient.open(
                self._device.host,
                self._device.port,
                self._device.unit,
                self._deadline,
                in_flight=self._device.in_flight,
                pause=self._device.pause,
                tls=self._tls,
            )
        await self._check_table(self._client)
        await self._check_order(self._client)

    async def _check_table(self, client: Reader) -> None:
        """Refuse a PLC that was made from another tag table; one that tells none is let be."""
        box = self._tagfile.mailbox
        if box is None or box.hash_register is None:
            return
        theirs = await client.read("input", box.hash_register, HASH_WORDS)
        if theirs != self._tagfile.hash_words:
            raise LinkError(
                f"the PLC was made from tag table {theirs.hex()}, not "
                f"{self._tagfile.hash_words.hex()}; take the tag file of its run folder"
            )

    async def _check_order(self, client: Reader) -> None:
        """Refuse numbers in another order than the file says; a PLC without a mark is let be."""
        self._mark_due = time.monotonic() + MARK_PERIOD
        place = place_of(self._tagfile.mailbox)
        if place is None:
            return
        try:
            data = await client.read("input", place, 2)
        except ProtocolError:
            return
        check_mark(self._mark, data)

    async def _poll(self, plan: VectorPlan) -> Reading:
        if self._client is None:
            raise LinkError("there is no Modbus connection")
        if time.monotonic() >= self._mark_due:
            await self._check_order(self._client)
        blocks = self._plans.get(plan)
        if blocks is None:
            blocks = self._plans[plan] = _Blocks(plan, self._device)
        return await blocks.read(self._client, self._device.in_flight)

    async def _shut(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _trouble(self) -> str:
        refused = {name: code for p in self._plans.values() for name, code in p.codes().items()}
        if not refused:
            return ""
        name = next(iter(refused))
        return f"{len(refused)} tags are refused, the first is {name} (exception {refused[name]})"


class _Blocks:
    """The blocks of one plan as this device answers them, and how they are decoded."""

    def __init__(self, wanted: VectorPlan, device: ModbusDevice) -> None:
        self._plan = wanted
        self._refused = Refused(plan(wanted.tags, device.max_block, device.max_gap))
        self._places = {name: place for place, name in enumerate(wanted.all_names)}
        self._decode()

    def codes(self) -> dict[str, int]:
        return self._refused.codes()

    async def read(self, client: Reader, in_flight: int) -> Reading:
        """Read every block that is due and decode the answers."""
        known = list(self._refused.blocks)
        answers: dict[Block, bytes] = {}
        if in_flight > 1:
            await _all([self._block(client, block, answers) for block in known])
        else:
            for block in known:
                await self._block(client, block, answers)
        if len(self._refused.blocks) != len(known):
            self._decode()
        values, there = self._decoder.values([answers.get(b) for b in self._refused.blocks])
        quality = np.where(there & ~np.isnan(values), int(Quality.GOOD), int(Quality.BAD))
        status = np.zeros(len(values), np.int64)
        for name, code in self.codes().items():
            status[self._places[name]] = code
        return Reading(values, quality, status)

    async def _block(self, client: Reader, block: Block, answers: dict[Block, bytes]) -> None:
        if not self._refused.due(block):
            return
        try:
            answers[block] = await client.read(block.table, block.start, block.count)
        except ProtocolError as error:
            for half in self._refused.refused(block, error.code):
                await self._block(client, half, answers)
        else:
            self._refused.answered(block)

    def _decode(self) -> None:
        self._decoder = Decoder(self._refused.blocks, self._plan.tags)


async def _all(reads: list[Coroutine[Any, Any, None]]) -> None:
    """Wait for all of them; the first error ends the others and is raised as it is."""
    tasks = [asyncio.ensure_future(read) for read in reads]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def tls_context(device: ModbusDevice, pki: Pki | None, user: str) -> SSLContext | None:
    """Return the context that `device` asks for.

    Raises:
        ConfigError: if it asks for TLS and there are no keys.
    """
    if device.transport != "tls":
        return None
    if pki is None:
        raise ConfigError("Modbus over TLS needs certificates; give the pki folder")
    trusted = sorted(pki.trusted("servers").glob("*.der"))
    if not trusted:
        raise ConfigError(f"{pki.trusted('servers')} trusts no server; put {PLC}.der there")
    return client_context(pki.certificate(user), pki.key(user), trusted)
