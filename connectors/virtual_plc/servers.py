"""Both servers of the virtual PLC, and the faults of the wire between them and their clients."""

import asyncio
import time
from datetime import datetime

from ...plant_sim.errors import ConfigError
from ..modbus.access import EVERYWHERE, LOOPBACK, access_of
from ..modbus.server import ModbusServer
from ..security import Lab, Pki
from ..tagfile import TagFile
from .clock import PlantThread
from .faults import Fault, WireFaults
from .modbus_server import ModbusFace
from .opcua_server import OpcUaFace
from .ports import free_port
from .program import PlcProgram
from .relay import Relay

BUSIEST = 0.02  # wall s between two publications at least, so that echoes do not crowd out reads


class Servers:
    """Start, show every new picture, stop.

    Args:
        tagfile: where they listen and what they show.
        pki: keys and users.
        program: takes requests and beats.
        thread: the plant clock and its pictures.
        faults: of the wire.
        epoch: the moment of plant time 0.
        lab: what this start permits and a plant does not.
    """

    def __init__(
        self,
        tagfile: TagFile,
        pki: Pki,
        program: PlcProgram,
        thread: PlantThread,
        faults: WireFaults,
        epoch: datetime,
        lab: Lab = Lab.OFF,
    ) -> None:
        self._tagfile, self._thread, self._program, self._faults = tagfile, thread, program, faults
        self._relays: dict[str, Relay] = {}
        self._begun: set[int] = set()
        self._shown = -1
        self._new, self._lock = asyncio.Event(), asyncio.Lock()
        self._opcua: OpcUaFace | None = None
        self._modbus: tuple[ModbusFace, ModbusServer] | None = None
        if tagfile.opcua is not None:
            url = tagfile.opcua.url
            if faults.outside:
                host, port = _place(url)
                inner = free_port()
                self._relays["opcua"] = Relay(host, port, inner)
                url = f"opc.tcp://{host}:{inner}"
            self._opcua = OpcUaFace(tagfile, pki, program, thread, self.show, epoch, url, lab)
        if tagfile.modbus is not None:
            peers = EVERYWHERE if Lab.NETWORK in lab else LOOPBACK
            face = ModbusFace(tagfile, pki.modbus_key(), program)
            self._access = access_of(tagfile, peers)
            self._modbus = (face, ModbusServer(face, access=self._ask))

    def _ask(self, peer: str, unit: int, function: int, address: int, count: int) -> int:
        """Ask the allow-list; what it refuses is counted in the PLC's own log."""
        code = self._access(peer, unit, function, address, count)
        if code:
            text = f"function {function} on {count} from {address} is not on the allow-list"
            self._program.refuse("modbus", peer, text)
        return code

    async def start(self) -> None:
        """Listen, with the present picture to be seen."""
        if self._opcua is not None:
            await self._opcua.start()
        if self._modbus is not None and (device := self._tagfile.modbus) is not None:
            port = 0 if self._faults.outside else device.port
            inner = await self._modbus[1].start(device.host, port)
            if self._faults.outside:
                self._relays["modbus"] = Relay(device.host, device.port, inner)
        await self.show()
        for relay in self._relays.values():
            await relay.open()
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._new.set)

        self._thread.shown = wake

    async def follow(self) -> None:
        """Show every new picture; runs until cancelled."""
        while True:
            await self._new.wait()
            self._new.clear()
            begun = time.monotonic()
            await self.show()
            await asyncio.sleep(max(0.0, begun + BUSIEST - time.monotonic()))

    async def show(self) -> None:
        """Show the newest picture on both servers."""
        async with self._lock:
            picture = self._thread.picture
            if picture.count == self._shown:
                return
            self._shown = picture.count
            await self._act(picture.time)
            if self._modbus is not None:
                face, at = self._modbus[0], picture.time
                face.fault = max(
                    (int(f.number) for f in self._faults.active("exception", "modbus", at)),
                    default=0,
                )
                swaps = self._faults.active("word-order", "modbus", at)
                face.swapped = lambda name: any(name in fault.tags for fault in swaps)
                face.publish(self._faults.shown(picture, "modbus"))
            if self._opcua is not None:
                await self._opcua.publish(self._faults.shown(picture, "opcua"), picture.time)

    async def stop(self) -> None:
        """Drop every connection and the ports."""
        self._thread.shown = lambda: None
        for relay in self._relays.values():
            await relay.shut()
        if self._modbus is not None:
            await self._modbus[1].close()
        if self._opcua is not None:
            await self._opcua.stop()

    async def _act(self, at: float) -> None:
        """Let the faults that act on connections begin and end."""
        for number, fault in enumerate(self._faults.faults):
            if fault.active(at):
                if number not in self._begun:
                    self._begun.add(number)
                    await self._begin(fault)
            elif number in self._begun and at >= fault.at + fault.seconds:
                self._begun.discard(number)
                await self._end(fault)

    async def _begin(self, fault: Fault) -> None:
        if fault.kind == "restart":
            self._program.forget()
        for relay in self._of(fault):
            if fault.kind == "slow":
                relay.delay = fault.number
            elif fault.kind == "drop":
                relay.cut()
            elif fault.kind in ("refuse", "restart"):
                await relay.shut()

    async def _end(self, fault: Fault) -> None:
        for relay in self._of(fault):
            if fault.kind == "slow":
                relay.delay = 0.0
            elif fault.kind in ("refuse", "restart"):
                await relay.open()

    def _of(self, fault: Fault) -> list[Relay]:
        return [self._relays[each] for each in fault.protocols if each in self._relays]


def _place(url: str) -> tuple[str, int]:
    """Return host and port of `opc.tcp://host:port`."""
    host, _, port = url.removeprefix("opc.tcp://").partition("/")[0].rpartition(":")
    if not host or not port.isdigit():
        raise ConfigError(f"{url} is not of the form opc.tcp://host:port; write it so")
    return host, int(port)
