"""The program of the virtual PLC: its cycle, its mailbox, its lease and its hand-back.

One thread runs it. The servers only hand requests in (`submit`, `refuse`, `beat`) and copy pictures
out, so that neither can stall the other.
"""

import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from queue import Empty, Full, Queue
from typing import Any, Protocol

from ...plant_sim.controls import Control
from ...plant_sim.signals import Quality, Sample, Signal
from ...plant_sim.units import from_si, to_si
from ..errors import ProtocolError
from ..letter import OPCUA_ECHOES, Echo, Outcome, Request
from ..tagfile import REARM, VOID, TagFile
from ..tags import Tag
from .records import WriteLog
from .refusals import Refusals

INTERVAL = 0.5  # plant s of one cycle
RAMP = 5.0  # plant s in which a handed-back set-point moves by its greatest step
LEASE = 5.0  # wall s without a sign of life from the gate before the PLC takes control back
LETTERS = 64  # requests that may wait; whoever sends more is told that the PLC is busy
BATCH = 4  # requests handled in one cycle, each with a wait for the disk

_log = logging.getLogger(__name__)


class Plant(Protocol):
    """What the program needs of a line; `plant_sim.lines` gives the real one."""

    @property
    def signals(self) -> Mapping[str, Signal]: ...  # noqa: D102
    @property
    def controls(self) -> Mapping[str, Control]: ...  # noqa: D102
    @property
    def time(self) -> float: ...  # noqa: D102
    @property
    def coils(self) -> Sequence[Any]: ...  # noqa: D102
    def read(self) -> dict[str, Sample]: ...  # noqa: D102
    def write(self, values: Mapping[str, float]) -> None: ...  # noqa: D102
    def advance(self, seconds: float) -> None: ...  # noqa: D102
    def truth(self) -> Mapping[str, float]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Picture:
    """What the PLC shows at one moment; values SI.

    Attributes:
        samples: every signal of the line and of the PLC itself.
        echoes: the newest handled requests, oldest first; values in plant units.
        handled: how many requests were handled since the start.
    """

    samples: Mapping[str, Sample]
    echoes: tuple[Echo, ...]
    handled: int


@dataclass(frozen=True, slots=True)
class _Letter:
    """A request with its way in."""

    protocol: str
    peer: str
    request: Request


class PlcProgram:
    """One line, run cycle by cycle, written through a mailbox that handles every action id once.

    Args:
        line: the plant.
        tagfile: which control has which index, protocol and unit.
        log: the PLC's own record of every request; its old ids are never handled again.
        lease: wall s without a beat before control is taken back, from the first beat or write.
        clock: monotonic wall clock (s).
    """

    def __init__(
        self,
        line: Plant,
        tagfile: TagFile,
        log: WriteLog,
        *,
        lease: float = LEASE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.line = line
        self.lease = lease
        self.remote = not log.local  # a hand-back outlives a restart
        self.finished = False
        self._log = log
        self._clock = clock
        self._tags: dict[int, Tag] = {
            tag.write.index: tag for tag in tagfile.tags.values() if tag.write is not None
        }
        self._letters: Queue[_Letter] = Queue(LETTERS)
        self._refusals = Refusals()
        self._fates = dict(log.fates)
        self._echoes = deque(map(self._on_the_wire, log.echoes), maxlen=OPCUA_ECHOES)
        self._handled = 0
        self._heartbeat = 0
        self._beaten: float | None = None
        self._last_count = -1
        self._owed = ""  # why control was handed back, until the log has it

    def submit(self, request: Request, protocol: str, peer: str) -> bool:
        """Lay a request into the mailbox, to be handled at one of the next cycles. Any thread.

        Returns:
            False when the mailbox is full: the request is not taken and must be refused as busy.
        """
        try:
            self._letters.put_nowait(_Letter(protocol, peer, request))
        except Full:
            self.refuse(protocol, peer, "the mailbox is full")
            return False
        return True

    def refuse(self, protocol: str, peer: str, reason: str) -> None:
        """Count a frame that is no request, or came too much. Any thread."""
        self._refusals.add(protocol, peer, reason)

    def beat(self, count: int | None = None) -> None:
        """Take a sign of life of the gate. Any thread.

        Args:
            count: where the protocol cannot tell the gate from a replay, a number that must rise.

        Raises:
            ProtocolError: if the number does not rise.
        """
        if count is not None:
            if count <= self._last_count:
                raise ProtocolError(f"beat {count} does not follow {self._last_count}; count up")
            self._last_count = count
        self._beaten = self._clock()

    def cycle(self) -> None:
        """Handle the mailbox, watch the lease, and let the plant run for one interval."""
        self.handle()
        self._watch_lease()
        if not self.remote:
            self._ramp_back()
        if not self.finished:
            self.line.advance(INTERVAL)
        self._heartbeat = (self._heartbeat + 1) % 2**24  # exact as f32

    def handle(self) -> None:
        """Handle what lies in the mailbox, up to `BATCH`; it acts from the next interval."""
        for _ in range(BATCH):
            try:
                letter = self._letters.get_nowait()
            except Empty:
                break
            self._handle(letter)
        self._refusals.note(self._log, self.line.time, self._clock())

    def finish(self) -> None:
        """Stop the plant clock for good; the PLC keeps answering."""
        self.finished = True

    def picture(self) -> Picture:
        """Return what is to be shown now."""
        now, at = self._clock(), self.line.time
        own = {
            "plc.time": at,
            "plc.heartbeat": float(self._heartbeat),
            "plc.remote": float(self.remote),
            "plc.finished": float(self.finished),
            REARM: 0.0,
        }
        samples = dict(self.line.read())
        for name, value in own.items():
            samples[name] = Sample(value, Quality.GOOD, at, now)
        return Picture(samples, tuple(self._echoes), self._handled)

    def _handle(self, letter: _Letter) -> None:
        request, at = letter.request, self.line.time
        tag = self._tags.get(request.index)
        before = self._standing().get(tag.name, 0.0) if tag else nan
        outcome, value, reason = self._judge(request, tag, letter.protocol, before)
        # The record comes first: an id that is not on disk was never applied.
        try:
            self._log.add(
                at,
                letter.protocol,
                letter.peer,
                request=request,
                control=tag.name if tag else None,
                value=value,
                before=before,
                outcome=outcome,
                reason=reason,
                forced=outcome is not Outcome.DUPLICATE,
            )
        except OSError as error:
            _log.error("request %s is not applied, for the log fails: %s", request.action_id, error)
            if request.index == VOID and outcome is not Outcome.DUPLICATE:
                return  # without an echo it is asked again; after a restart this one is forgotten
            if outcome is Outcome.APPLIED:
                outcome = Outcome.LOCAL
        if outcome is Outcome.APPLIED and tag is not None:
            self._beaten = self._clock()  # whoever takes control must go on giving signs of life
            if tag.name == REARM:
                self.remote, self._owed = True, ""
            else:
                self.line.write({tag.name: value})
        self._fates.setdefault(request.action_id, outcome)
        echo = Echo(request.seq, request.action_id, request.index, outcome, value, before, at)
        self._echoes.append(self._on_the_wire(echo))
        self._handled += 1

    def _on_the_wire(self, echo: Echo) -> Echo:
        """Return `echo` with its values in the plant unit of its control."""
        tag = self._tags.get(echo.index)
        if tag is None:
            return echo
        return replace(
            echo, value=from_si(echo.value, tag.unit), before=from_si(echo.before, tag.unit)
        )

    def _standing(self) -> dict[str, float]:
        """Return where every set-point stands (SI).

        The line is asked: a request for a roll change it takes back itself once the rolls are in.
        """
        samples = self.line.read()
        return {name: samples[name].value for name in self.line.controls}

    def _judge(
        self, request: Request, tag: Tag | None, protocol: str, before: float
    ) -> tuple[Outcome, float, str]:
        """Return what is to become of a request, its value in SI, and why."""
        value = float(f"{to_si(request.value, tag.unit):.7g}") if tag else nan
        # The fate of an id comes before everything: a tombstone must not deny what was applied.
        if (fate := self._fates.get(request.action_id)) is not None:
            if fate is Outcome.APPLIED:
                return Outcome.DUPLICATE, value, "this action id was applied before"
            return fate, value, "this action id was refused before"
        if request.index == VOID:
            return Outcome.MALFORMED, nan, "void"
        if tag is None or tag.write is None:
            return Outcome.MALFORMED, nan, f"no control has number {request.index}"
        if tag.write.protocol != protocol:
            text = f"{tag.name} is taken over {tag.write.protocol} only"
            return Outcome.MALFORMED, value, text
        if self.finished:
            return Outcome.LOCAL, value, "the plant clock has stopped"
        if tag.name == REARM:
            if value != 1.0:
                return Outcome.OUT_OF_RANGE, value, "only 1 re-arms"
            return Outcome.APPLIED, value, ""
        if not self.remote:
            return Outcome.LOCAL, value, "the PLC is in local until an operator re-arms it"
        refusal = self.line.controls[tag.name].refusal(value, before)
        if refusal is not None:
            return Outcome.OUT_OF_RANGE, value, refusal
        return Outcome.APPLIED, value, ""

    def _watch_lease(self) -> None:
        if self.remote and not self.finished and self._beaten is not None:
            silent = self._clock() - self._beaten
            if silent > self.lease:
                self.remote = False
                self._owed = f"no sign of life from the gate for {silent:.1f} s"
        if self._owed:
            with contextlib.suppress(OSError):  # a full disk: owed to the log until it has space
                self._log.add(self.line.time, "plc", "lease", event="hand-back", reason=self._owed)
                self._owed = ""

    def _ramp_back(self) -> None:
        """Bring every set-point nearer to where a line begins, for its own automation to run it."""
        changed = {}
        for name, present in self._standing().items():
            control = self.line.controls[name]
            off = present - control.start
            if off == 0.0:
                continue
            step = control.max_step * INTERVAL / RAMP
            if control.choices or abs(off) <= step:
                changed[name] = control.start
            else:
                changed[name] = present - step if off > 0 else present + step
        if changed:
            self.line.write(changed)
