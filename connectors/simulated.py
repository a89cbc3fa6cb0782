"""A line in the same process behind the same interface: no sockets, the same PLC program."""

import time
from collections.abc import Callable
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

from ..plant_sim.signals import Sample
from ..plant_sim.units import from_si, to_si
from .errors import TagError
from .letter import Echo, Request, check_action_id
from .tagfile import VOID, TagFile, make_default
from .virtual_plc.program import INTERVAL, LEASE, Plant, PlcProgram
from .virtual_plc.records import WriteLog


class SimulatedConnector:
    """Follower and mailbox of a line that the caller advances.

    Args:
        line: the plant.
        log: where the PLC program keeps its record, or None.
        lease: s without a beat before control is taken back, on `clock`.
        clock: what the lease is measured on; by default the plant clock, for the caller decides
            how fast the plant runs.
    """

    def __init__(
        self,
        line: Plant,
        log: str | Path | None = None,
        *,
        lease: float = LEASE,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.line = line
        self.tagfile: TagFile = make_default(
            line.signals, line.controls, opcua_port=0, modbus_port=0
        )
        self._log = WriteLog(log)
        self.program = PlcProgram(
            line, self.tagfile, self._log, lease=lease, clock=clock or (lambda: line.time)
        )
        self.mailbox = SimulatedMailbox(self.tagfile, self.program)

    def start(self) -> "SimulatedConnector":
        """Nothing to start."""
        return self

    def advance(self, seconds: float) -> None:
        """Let the plant run (plant s)."""
        for _ in range(round(seconds / INTERVAL)):
            self.program.cycle()

    def samples(self) -> dict[str, Sample]:
        """Return the sample of every tag, now."""
        now = time.monotonic()
        picture = self.program.picture().samples
        return {name: replace(sample, received=now) for name, sample in picture.items()}

    def health(self) -> dict[str, dict[str, Any]]:
        """Return that all is well."""
        return {
            "simulated": {
                "state": "up", "since": 0.0, "last_success": 0.0, "reconnects": 0, "error": "",
            }
        }  # fmt: skip

    def wait_good(self, limit: float) -> bool:
        """Return True at once."""
        return True

    def close(self) -> None:
        """Close the record of the PLC program."""
        self._log.close()


class SimulatedMailbox:
    """The mailbox of a `SimulatedConnector`; a request is handled by the next `advance`."""

    def __init__(self, tagfile: TagFile, program: PlcProgram) -> None:
        self._tagfile, self._program = tagfile, program
        self._seq = 0

    async def send(self, action_id: str, control: str, value: float) -> Echo | None:
        """Ask for one write (SI), and handle it at once: a cycle's mailbox without its interval."""
        tag = self._tagfile.tag(control)
        if tag.write is None:
            raise TagError(f"{control} cannot be written; see the write entries of the tag file")
        check_action_id(action_id)
        self._seq += 1
        request = Request(self._seq, action_id, tag.write.index, from_si(value, tag.unit))
        self._program.submit(request, tag.write.protocol, "simulated")
        self._program.handle()
        return await self.lookup(action_id, self._seq)

    async def lookup(self, action_id: str, seq: int | None = None) -> Echo | None:
        """Return what became of an action id."""
        mine = [
            echo
            for echo in self._program.picture().echoes
            if echo.action_id == action_id and seq in (None, echo.seq)
        ]
        if seq is None:  # the first fate of an id is its fate
            mine = [echo for echo in mine if echo.applied] or mine
        found = mine[:1] if seq is None else mine[-1:]
        if not found:
            return None
        echo = found[0]
        if echo.index == VOID:
            return replace(echo, value=nan, before=nan)
        for tag in self._tagfile.writable().values():
            if tag.write and tag.write.index == echo.index:
                return replace(
                    echo, value=to_si(echo.value, tag.unit), before=to_si(echo.before, tag.unit)
                )
        return echo

    async def void(self, action_id: str) -> None:
        """Make an action id void, unless it was handled before."""
        check_action_id(action_id)
        self._seq += 1
        self._program.submit(Request(self._seq, action_id, VOID, 0.0), "opcua", "simulated")
        self._program.handle()

    async def beat(self) -> bool:
        """Give a sign of life."""
        self._program.beat()
        return True

    async def close(self) -> None:
        """Nothing to close."""
