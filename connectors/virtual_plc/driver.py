"""Drives the clock of a virtual PLC: steps in lock-step, pause, speed."""

from pathlib import Path
from types import TracebackType

from asyncua import ua

from ...plant_sim.errors import ConfigError
from ..addresses import OpcUaAddress
from ..opcua_writer import OpcUaWriter
from ..security import DRIVER, Pki
from ..tagfile import TagFile, load_tags

STEP_DEADLINE = 60.0  # wall s in which a step of plant time is done
LONGEST = 20.0  # plant s of one step: longer ones are taken in several, for servers must answer


class Driver:
    """The session of the user that may drive the plant clock, and nothing else.

        async with Driver("runs/plant/hot_strip.yaml") as driver:
            await driver.advance(0.5)

    Args:
        tagfile: a tag file or its path.
        pki: folder of keys; by default `pki` beside the tag file.
        deadline: wall s for every step.
    """

    def __init__(
        self,
        tagfile: TagFile | str | Path,
        pki: str | Path | None = None,
        deadline: float = STEP_DEADLINE,
    ) -> None:
        if pki is None:
            if isinstance(tagfile, TagFile):
                raise ConfigError("a tag file without a path says nothing of keys; give pki")
            pki = Path(tagfile).parent / "pki"
        self._tagfile = tagfile if isinstance(tagfile, TagFile) else load_tags(tagfile)
        self._pki, self._deadline = Pki(pki), deadline

    async def __aenter__(self) -> "Driver":
        """Connect.

        Raises:
            ConfigError: if the plant has no OPC UA server.
            LinkError: if it does not let the driver in.
        """
        device = self._tagfile.opcua
        if device is None:
            raise ConfigError("a plant without OPC UA has no clock that can be driven")
        self._session = await OpcUaWriter.open(device, self._pki, DRIVER, self._deadline)
        first = next(tag.opcua for tag in self._tagfile.tags.values() if tag.opcua)
        self._namespace = first.namespace
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def advance(self, seconds: float) -> float:
        """Let plant time move by `seconds`, a multiple of 0.5; returns the plant clock (s).

        When it returns, every server shows the plant at that time.

        Raises:
            ProtocolError: if the plant runs by itself, or `seconds` is no such number.
            LinkError: if no answer came: the step may or may not have been done.
        """
        left = seconds
        while True:
            step = min(left, LONGEST)
            await self._write("Clock.Advance", step)
            left -= step
            if not left > 0:
                return float(await self.read("Clock.Time"))

    async def set_speed(self, speed: float) -> None:
        """Run at `speed` plant seconds a wall second; 0 pauses.

        Raises:
            ProtocolError: if that is no speed, or the plant is in lock-step.
            LinkError: if no answer came.
        """
        await self._write("Clock.Speed", speed)

    async def read(self, name: str) -> float | str:
        """Return the value of a node of the PLC itself, as "Clock.Mode" or "Clock.Time"."""
        (shown,) = await self._session.read([self._node(name)])
        value: float | str = shown.Value.Value if shown.Value else ""
        return value

    async def _write(self, name: str, value: float) -> None:
        await self._session.write(self._node(name), float(value), ua.VariantType.Double)

    def _node(self, name: str) -> ua.NodeId:
        return self._session.resolve(OpcUaAddress(self._namespace, f"s={name}"))
