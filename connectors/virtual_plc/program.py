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
from ..letter import Echo, Outcome, Request
from ..letter_form import OPCUA_ECHOES
from ..tagfile import REARM, VOID, TagFile
from ..tags import HEARTBEAT, Tag
from .handback import HandBack
from .limits import Limits
from .picture import Clock, Picture
from .records import WriteLog
from .refusals import Refusals

INTERVAL = 0.5  # plant s of one cycle
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

    Attributes:
        finished: whether the plant clock has stopped for good.
        clock: what the plant clock does; whoever drives the program says so.
        speed: plant seconds a wall second, likewise.
        arrived: called from any thread when a request lies in the mailbox.
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
        self.finished = False
        self.clock: Clock = "lock-step"
        self.speed = 0.0
        self.arrived: Callable[[], None] = lambda: None
        self._log = log
        self._clock = clock
        self._control = HandBack(lease, log.local)  # a hand-back outlives a restart
        self._limits = Limits(line.controls)
        self._shown = frozenset(tagfile.tags)
        self._tags: dict[int, Tag] = {
            tag.write.index: tag for tag in tagfile.tags.values() if tag.write is not None
        }
        self._letters: Queue[_Letter] = Queue(LETTERS)
        self._refusals = Refusals()
        self._fates = dict(log.fates)
        self._echoes = deque(map(self._on_the_wire, log.echoes), maxlen=OPCUA_ECHOES)
        self._handled = 0
        self._heartbeat = 0
        self._pictures = 0
        self._spare = BATCH
        self._forget = False

    @property
    def remote(self) -> bool:
        """Whether set-points are taken from the gate."""
        return self._control.remote

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
        self.arrived()
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
        self._control.beat(self._clock(), count)

    def forget(self) -> None:
        """Restart as a cheap PLC does, at the next cycle: ids, echoes and counts are gone.

        It comes up local, for it does not know whether it was; the memory gets a new number. Any
        thread.
        """
        self._forget = True

    def cycle(self) -> None:
        """Handle the mailbox, watch the lease, and let the plant run for one interval."""
        self.idle()
        if self.finished:
            return
        if not self.remote:
            changed = self._control.ramp(self._standing(), self.line.controls, INTERVAL)
            if changed:
                self.line.write(changed)
        self.line.advance(INTERVAL)

    def idle(self) -> None:
        """Do all of a cycle but the plant: mailbox, lease and heartbeat go on while it stands."""
        if self._forget:
            self._lose_memory()
        self._spare = BATCH
        self.handle_at_once()
        if not self.finished:
            self._control.watch(self._clock())
        self._control.pay(self._log, self.line.time)
        self._heartbeat = (self._heartbeat + 1) % 2**24  # exact as f32

    def handle_at_once(self) -> bool:
        """Handle what has come since the cycle began, as far as a cycle's `BATCH` goes.

        Returns:
            Whether anything was handled.
        """
        done = self.handle(self._spare)
        self._spare -= done
        return done > 0

    def handle(self, most: int = BATCH) -> int:
        """Handle up to `most` letters, and say how many; they act from the next interval."""
        done = 0
        while done < most:
            try:
                letter = self._letters.get_nowait()
            except Empty:
                break
            self._handle(letter)
            done += 1
        self._refusals.note(self._log, self.line.time, self._clock())
        return done

    def finish(self) -> None:
        """Stop the plant clock for good; the PLC keeps answering."""
        self.finished = True

    def picture(self) -> Picture:
        """Return what is to be shown now."""
        now, at = self._clock(), float(self.line.time)
        self._pictures += 1
        clock: Clock = "finished" if self.finished else self.clock
        speed = 0.0 if self.finished else self.speed
        own = {
            "plc.time": at,
            HEARTBEAT: float(self._heartbeat),
            "plc.remote": float(self.remote),
            "plc.finished": float(self.finished),
            "plc.speed": speed,
            REARM: 0.0,
        }
        samples = dict(self.line.read())
        for name, value in own.items():
            if name in self._shown:
                samples[name] = Sample(value, Quality.GOOD, at, now)
        return Picture(
            samples, tuple(self._echoes), self._handled, self._pictures, at, self.remote, clock,
            speed, self._log.memory,
        )  # fmt: skip

    def _lose_memory(self) -> None:
        self._forget = False
        with contextlib.suppress(OSError):  # the new name holds at least until the next start
            self._log.lose_memory()
        self._fates.clear()
        self._echoes.clear()
        self._limits.forget()
        self._control.forget()
        while not self._letters.empty():
            self._letters.get_nowait()
        self._handled = self._heartbeat = 0
        self._control.latch("restarted without its memory")

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
            # whoever takes control must go on giving signs of life
            self._control.beat(self._clock())
            if tag.name == REARM:
                self._control.rearm()
            else:
                self.line.write({tag.name: value})
                self._limits.applied(tag.name, at)
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
        refusal = self._limits.refusal(tag, value, before, self.line.time)
        if refusal is not None:
            return Outcome.OUT_OF_RANGE, value, refusal
        return Outcome.APPLIED, value, ""
