"""Where work units are played: inline, in spawned processes, or by Ray actors on loopback.

Each backend is a generator that takes the units and yields a result as each is finished, in any
order. A worker holds its seat and its compiled plant, plays whole episodes, writes the files of the
unit itself and hands back a few hundred bytes. Ray never carries steps.
"""

import logging
import os
import secrets
import shutil
import signal
import tempfile
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

from ..errors import MissingExtraError, PasslineError, SimulationError
from .seats import fingerprint

ATTEMPTS = 5  # times a unit is tried again: one that always kills its worker must end the job
DIED = (
    f"workers died {ATTEMPTS} times without finishing a unit; resume the job with backend inline "
    "to see why"
)
IN_FLIGHT = 2  # units an actor has at hand, so that it never waits for the driver


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


Results = Generator[UnitResult, None, None]


class Player:
    """One worker: it holds the seat, plays a unit and writes it."""

    def __init__(self, job: Work, folder: str) -> None:
        self._job = job
        self._folder = Path(folder)

    @cached_property
    def _seated(self) -> tuple[Any, str]:
        """Built with the first unit: a worker that fails while it starts cannot say why."""
        seat = self._job.build()
        return seat, fingerprint(self._job.seat, seat)

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


def inline(job: Work, units: Sequence[Unit], folder: Path, workers: int = 1) -> Results:
    """Play the units here, one after the other."""
    player = Player(job, str(folder))
    for unit in units:
        yield player.play(unit)


_player: Player | None = None  # of a spawned process


def _start_process(job: Work, folder: str) -> None:
    global _player  # noqa: PLW0603  a pool's worker has no other place for what it holds
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a traceback
    Thread(target=_end_with_driver, daemon=True).start()
    _player = Player(job, folder)


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


def process(job: Work, units: Sequence[Unit], folder: Path, workers: int) -> Results:
    """Play the units in spawned processes; when one is killed, a new pool takes what is left.

    Raises:
        SimulationError: the workers died again and again without finishing a unit.
    """
    left = {unit.index: unit for unit in units}
    attempts = 0
    while left:
        pool = ProcessPoolExecutor(
            workers, get_context("spawn"), _start_process, (job, str(folder))
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


def ray(job: Work, units: Sequence[Unit], folder: Path, workers: int) -> Results:
    """Play the units by Ray actors; Ray restarts a killed actor and tries its units again.

    A Ray that the caller has already started is used and left running. Otherwise one is started for
    the job, which listens on loopback only, and is stopped and removed at the end.

    Raises:
        MissingExtraError: Ray is not installed.
        SimulationError: the workers died again and again on one unit.
        PasslineError: Ray would be reachable from outside this machine.
    """
    own, place = _start_ray(workers)
    import ray

    try:
        actor = ray.remote(Player).options(
            num_cpus=1,
            max_restarts=-1,
            max_task_retries=ATTEMPTS,
            runtime_env={"env_vars": {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}},
        )
        players = [actor.remote(job, str(folder)) for _ in range(min(workers, len(units)))]
        queue = list(reversed(units))
        running: dict[Any, Any] = {}

        def feed(player: Any) -> None:
            if queue:
                running[player.play.remote(queue.pop())] = player

        for _ in range(IN_FLIGHT):
            for player in players:
                feed(player)
        while running:
            done, _ = ray.wait(list(running), num_returns=1)
            player = running.pop(done[0])
            try:
                result: UnitResult = ray.get(done[0])
            except ray.exceptions.RayActorError as error:
                raise SimulationError(DIED) from error
            feed(player)
            yield result
    finally:
        if own:
            ray.shutdown()
            shutil.rmtree(place, ignore_errors=True)


def _start_ray(workers: int) -> tuple[bool, str]:
    """Start Ray on loopback, unless the caller has; return whether it is ours, and its folder."""
    # Read when Ray is imported. It is meant for other systems, but on Linux too it is the only way
    # to keep the node's address, and so every listener, on 127.0.0.1; a test lists the listeners.
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray would tell of a killed worker on stdout, in the middle of a command's JSON.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")
    if not any(name in os.environ for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")):
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)  # or Ray writes one to the home folder
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("ray", "ray") from error
    if ray.is_initialized():
        return False, ""
    # The names of Ray's sockets must be short, so not in a long TMPDIR.
    short = os.environ.get("RAY_TMPDIR") or ("/tmp" if os.name == "posix" else None)  # noqa: S108
    place = tempfile.mkdtemp(prefix="passline-ray-", dir=short)
    ray.init(
        address="local",
        num_cpus=workers,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        object_store_memory=80 * 2**20,  # the least Ray takes; results go to files, not through it
        _temp_dir=place,
    )
    address = str(ray.nodes()[0]["NodeManagerAddress"])  # type: ignore[no-untyped-call]
    if address != "127.0.0.1":
        ray.shutdown()
        shutil.rmtree(place, ignore_errors=True)
        raise PasslineError(
            f"Ray would listen on {address}, not on loopback only; start a new process, where ray "
            "is not imported before the job begins"
        )
    return True, place
