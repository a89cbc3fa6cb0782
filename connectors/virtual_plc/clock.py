"""The plant's clock: real time, any multiple of it, paused, or lock-step.

One thread runs the PLC program. In lock-step, and while it is paused, plant time moves only when
somebody asks for it (`advance`); the program itself, with mailbox, lease and heartbeat, lives on.
"""

import logging
import threading
import time
from concurrent.futures import Future
from math import isfinite
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from ...plant_sim.errors import ConfigError
from .program import INTERVAL, PlcProgram
from .records import CoilBook

if TYPE_CHECKING:
    from collections.abc import Callable

    from .picture import Clock, Picture

PUBLISH = 0.1  # wall s between two pictures, and between two cycles of a plant that stands
LAG = 1.0  # wall s; a plant that falls further behind its clock lets the difference go
LONGEST = 600.0  # plant s of one `advance`
FASTEST = 10_000.0  # plant s a wall second; more than any machine runs

_log = logging.getLogger(__name__)


class PlantThread(threading.Thread):
    """Runs the program and keeps the newest picture.

    Args:
        program: what to run; the thread is the only one that calls its cycles.
        book: what is recorded of the plant.
        speed: plant seconds a wall second; 0 begins paused.
        coils: the plant clock stops for good after so many; None never does.
        lock_step: let plant time move on `advance` alone, for ever.

    Attributes:
        picture: the newest picture.
        shown: called from this thread whenever there is a new one.
        error: what ended the plant, if anything did.
    """

    def __init__(
        self,
        program: PlcProgram,
        book: CoilBook,
        speed: float = 1.0,
        coils: int | None = None,
        *,
        lock_step: bool = False,
    ) -> None:
        super().__init__(name="plant", daemon=True)
        self.error: Exception | None = None
        self.shown: Callable[[], None] = lambda: None
        self._program, self._book, self._coils = program, book, coils
        self._lock_step = lock_step
        self._wake, self._halt = threading.Event(), False
        self._steps: SimpleQueue[tuple[int, Future[float]]] = SimpleQueue()
        self._speed = 0.0
        if not lock_step:
            self.set_speed(speed)
        program.arrived = self._wake.set
        self._say()
        self.picture: Picture = program.picture()

    def stop(self) -> None:
        """Let the running cycle end."""
        self._halt = True
        self._wake.set()

    def set_speed(self, speed: float) -> None:
        """Run at `speed` plant seconds a wall second; 0 pauses. Any thread.

        Raises:
            ConfigError: if that is no speed, or the plant is in lock-step.
        """
        if self._lock_step:
            raise ConfigError("in lock-step plant time has no speed; write Clock.Advance")
        if not (isfinite(speed) and 0.0 <= speed <= FASTEST):
            raise ConfigError(f"speed {speed} must be in 0..{FASTEST:g}; 1 is real time, 0 pauses")
        self._speed = speed
        self._wake.set()

    def advance(self, seconds: float) -> Future[float]:
        """Let plant time move by `seconds`; any thread.

        Returns:
            The plant clock (s), once `picture` shows it.

        Raises:
            ConfigError: if that is not a whole number of intervals, or the plant runs by itself.
        """
        intervals = round(seconds / INTERVAL) if isfinite(seconds) else 0
        if not 0 < seconds <= LONGEST or abs(intervals * INTERVAL - seconds) > 1e-9:
            raise ConfigError(
                f"{seconds} plant s is no whole number of intervals of {INTERVAL} s up to "
                f"{LONGEST:g} s; take several steps"
            )
        if self._speed > 0:
            raise ConfigError("the plant runs by itself; pause it first (Clock.Speed 0)")
        done: Future[float] = Future()
        self._steps.put((intervals, done))
        self._wake.set()
        return done

    def run(self) -> None:
        """Cycle until stopped; an error ends the plant but not the servers."""
        try:
            self._cycle()
        except Exception as error:  # noqa: BLE001 - the thread's boundary; the process ends on it
            _log.exception("the plant stopped")
            self.error = error

    def _cycle(self) -> None:
        due = beaten = shown = time.monotonic()
        speed = self._speed
        while not self._halt:
            self._wake.clear()
            now = time.monotonic()
            if speed != self._speed or now - due > LAG:
                speed, due = self._speed, now
            running = speed > 0 and not self._program.finished
            new = False
            while running and due <= now and not self._halt:
                self._step()
                beaten = now
                due += INTERVAL / speed
                if time.monotonic() - now > PUBLISH:
                    break
            asked = self._take_steps()
            if now - beaten >= PUBLISH:
                self._program.idle()
                beaten = now
            else:
                new = self._program.handle_at_once()
            now = time.monotonic()
            if new or asked or now - shown >= PUBLISH:
                shown = now
                self._say()
                self.picture = self._program.picture()
                for done in asked:
                    done.set_result(self.picture.time)
                self.shown()
            until = min(due, shown + PUBLISH) if running else shown + PUBLISH
            self._wake.wait(max(0.001, until - time.monotonic()))

    def _take_steps(self) -> list[Future[float]]:
        """Do the steps that were asked for; they are answered when the picture shows them."""
        taken: list[Future[float]] = []
        while True:
            try:
                intervals, done = self._steps.get_nowait()
            except Empty:
                return taken
            for _ in range(intervals):
                self._step()
            taken.append(done)

    def _say(self) -> None:
        """Tell the program what its clock does."""
        self._program.speed = self._speed
        standing: Clock = "lock-step" if self._lock_step else "paused"
        self._program.clock = "running" if self._speed > 0 else standing

    def _step(self) -> None:
        program = self._program
        program.cycle()
        if program.finished:
            return
        if self._coils is not None and len(program.line.coils) >= self._coils:
            program.finish()
        try:
            self._book.look(program.line)
            if program.finished:
                self._book.save()
        except OSError:
            _log.exception("the records of the plant could not be written; it runs on")
