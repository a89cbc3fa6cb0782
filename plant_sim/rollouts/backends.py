"""Where work units are played: inline or in spawned processes; `on_ray` has the third.

Each backend is a generator that takes the units and yields a result as each is finished, in any
order. A worker holds its seat and its compiled plant, plays whole episodes, writes the files of the
unit itself and hands back a few hundred bytes; steps never travel.
"""

import os
import signal
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from time import perf_counter, process_time
from typing import Any, Protocol

from ..errors import SimulationError
from .seats import fingerprint

ATTEMPTS = 5  # times a unit is tried again: one that always kills its worker must end the job
DIED = (
    f"workers died {ATTEMPTS} times without finishing a unit; resume the job with backend inline "
    "to see why"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A block of whole episodes: the piece of work that one worker plays at a time."""

    index: int
    scenario: str
    seeds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UnitResult:
    """What a worker hands back: no data, only what was written and what it took.

    Attributes:
        unit: index of the unit.
        files: SHA-256 of each file written.
        seat: fingerprint of the seat.
        wall: wall time (s).
        cpu: processor time of the worker (s).
    """

    unit: int
    files: dict[str, str]
    seat: str
    wall: float
    cpu: float


class Work(Protocol):
    """A job as a backend and a folder know it; plain data that travels by value."""

    @property
    def seat(self) -> str:
        """Spec of the seat."""
        ...

    @property
    def title(self) -> str:
        """The job in a few words."""
        ...

    @property
    def episodes(self) -> int:
        """How many episodes it has."""
        ...

    @property
    def hash(self) -> str:
        """SHA-256 of the job."""
        ...

    def data(self) -> dict[str, Any]:
        """Return the job as the manifest keeps it."""
        ...

    def units(self) -> list[Unit]:
        """Cut it into work units."""
        ...

    def build(self) -> Any:
        """Build who decides."""
        ...

    def play(self, seat: Any, unit: Unit, folder: Path) -> dict[str, str]:
        """Play a unit, write its files and return their hashes."""
        ...


Carried = tuple[Any, str]  # a seat that travels, and its fingerprint
Results = Generator[UnitResult, None, None]


class Player:
    """One worker: it holds the seat, plays a unit and writes it.

    Args:
        job: what is played.
        folder: where its files go.
        carried: a seat that was built elsewhere and travels; None to build it from its spec.
    """

    def __init__(self, job: Work, folder: str, carried: Carried | None = None) -> None:
        self._job = job
        self._folder = Path(folder)
        self._carried = carried

    @cached_property
    def _seated(self) -> Carried:
        """Built with the first unit: a worker that fails while it starts cannot say why."""
        if self._carried is not None:
            return self._carried
        seat = self._job.build()
        return seat, fingerprint(self._job.seat, seat)

    @property
    def carried(self) -> Carried | None:
        """The seat, to hand to other workers, if it is one that travels."""
        return self._seated if getattr(self._seated[0], "travels", False) else None

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the seat, taken when it was built.

        Raises:
            ConfigError: there is no such seat.
        """
        return self._seated[1]

    def play(self, unit: Unit) -> UnitResult:
        """Play the episodes of `unit`, write its files and return their hashes."""
        wall, cpu = perf_counter(), process_time()
        seat, mark = self._seated
        files = self._job.play(seat, unit, self._folder)
        return UnitResult(
            unit.index,
            files,
            mark,
            perf_counter() - wall,
            process_time() - cpu,
        )


def inline(job: Work, units: Sequence[Unit], folder: Path) -> Results:
    """Play the units here, one after the other."""
    player = Player(job, str(folder))
    for unit in units:
        yield player.play(unit)


_player: Player | None = None  # of a spawned process


def _start_process(job: Work, folder: str, carried: Carried | None) -> None:
    global _player  # noqa: PLW0603  a pool's worker has no other place for what it holds
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a traceback
    Thread(target=_end_with_driver, daemon=True).start()
    _player = Player(job, folder, carried)


def _end_with_driver() -> None:
    """End this worker when its driver is killed; the pool itself leaves it waiting for ever."""
    driver = parent_process()
    if driver is not None:
        driver.join()
    os._exit(1)


def _play_in_process(unit: Unit) -> UnitResult:
    if _player is None:
        raise SimulationError("a worker process has no seat; start it through the process backend")
    return _player.play(unit)


def process(
    job: Work,
    units: Sequence[Unit],
    folder: Path,
    workers: int,
    carried: Carried | None = None,
) -> Results:
    """Play the units in spawned processes; when one is killed, a new pool takes what is left.

    Raises:
        SimulationError: the workers died again and again without finishing a unit.
    """
    left = {unit.index: unit for unit in units}
    attempts = 0
    while left:
        pool = ProcessPoolExecutor(
            workers, get_context("spawn"), _start_process, (job, str(folder), carried)
        )
        try:
            for future in as_completed([pool.submit(_play_in_process, u) for u in left.values()]):
                result = future.result()
                del left[result.unit]
                attempts = 0
                yield result
        except BrokenProcessPool as error:
            attempts += 1
            if attempts == ATTEMPTS:
                raise SimulationError(DIED) from error
        finally:
            pool.shutdown(wait=not left, cancel_futures=True)
