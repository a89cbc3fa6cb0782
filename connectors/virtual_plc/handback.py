"""The lease of the gate, and how the PLC takes control back when the gate falls silent.

The lease is wall time, for a gate dies in wall time. The ramp is plant time, for it is the plant
that must not be bumped. Once handed back the PLC stays local (a latch) until an operator re-arms.
"""

import contextlib
from collections.abc import Mapping

from ...plant_sim.controls import Control
from ..errors import ProtocolError
from .records import WriteLog

RAMP = 5.0  # plant s in which a handed-back set-point moves by its greatest step


class HandBack:
    """Latch, lease and ramp.

    Attributes:
        remote: whether set-points are taken from the gate; False is latched.
    """

    def __init__(self, lease: float, local: bool) -> None:
        self.lease = lease
        self.remote = not local
        self._beaten: float | None = None  # nobody has taken control: no lease
        self._last_count = -1
        self._owed = ""  # why control was handed back, until the log has it

    def beat(self, now: float, count: int | None = None) -> None:
        """Take a sign of life at wall time `now` (s).

        Raises:
            ProtocolError: if `count` does not rise: a replay.
        """
        if count is not None:
            if count <= self._last_count:
                raise ProtocolError(f"beat {count} does not follow {self._last_count}; count up")
            self._last_count = count
        self._beaten = now

    def watch(self, now: float) -> None:
        """Hand back when the gate has been silent for longer than its lease."""
        if self.remote and self._beaten is not None:
            silent = now - self._beaten
            if silent > self.lease:
                self.latch(f"no sign of life from the gate for {silent:.1f} s")

    def latch(self, reason: str) -> None:
        """Go local, and owe the log the reason."""
        self.remote, self._owed = False, reason

    def rearm(self) -> None:
        """Take set-points again; those that the ramp has reached stay where they are."""
        self.remote, self._owed = True, ""

    def forget(self) -> None:
        """Lose the memory of who beat, and how often."""
        self._beaten, self._last_count = None, -1

    def pay(self, log: WriteLog, at: float) -> None:
        """Write down why control was handed back; a full disk is owed until it has space."""
        if self._owed:
            with contextlib.suppress(OSError):
                log.add(at, "plc", "lease", event="hand-back", reason=self._owed)
                self._owed = ""

    @staticmethod
    def ramp(
        standing: Mapping[str, float], controls: Mapping[str, Control], seconds: float
    ) -> dict[str, float]:
        """Return the set-points (SI) `seconds` of plant time nearer to where a line begins.

        A selector has nothing between its choices and goes back at once.
        """
        changed = {}
        for name, present in standing.items():
            control = controls[name]
            off = present - control.start
            if off == 0.0:
                continue
            step = control.max_step * seconds / RAMP
            if control.choices or abs(off) <= step:
                changed[name] = control.start
            else:
                changed[name] = present - step if off > 0 else present + step
        return changed
