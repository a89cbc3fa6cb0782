"""A job: one seat on many seeds, played by a backend into a folder, and resumed from there.

`Job` is one at the desk of the whole line; `env_job.EnvJob` is one on an environment.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

from ..controls import Seat
from ..errors import ConfigError
from . import backends, on_ray
from .backends import Unit, UnitResult, Work
from .play import play_block
from .progress import progress
from .seats import load_seat
from .store import Manifest, locked, write_unit

Backend = Literal["auto", "inline", "process", "ray"]
WORTH_RAY = 30.0  # s of work left; below it the start of Ray (10 s, 450 MB) does not pay


@dataclass(frozen=True)
class Job:
    """What is to be played at the desk of the whole line, see `play`.

    It travels to workers by value and is the identity of its folder.

    Attributes:
        seat: spec of the seat, see `seats.load_seat`.
        scenario: name of the scenario.
        seeds: one episode for each.
        coils: finished coils after which an episode ends.
        block: episodes a worker plays side by side; a full set of lanes is the quickest.
        line: kind of line.
    """

    seat: str
    scenario: str
    seeds: tuple[int, ...]
    coils: int = 20
    block: int = 16
    line: str = "hot-strip"

    def __post_init__(self) -> None:
        if not self.seeds or len(set(self.seeds)) != len(self.seeds):
            raise ConfigError(
                f"a job needs seeds that all differ, not {len(self.seeds)} with "
                f"{len(set(self.seeds))} different ones"
            )
        if self.coils < 1 or self.block < 1:
            raise ConfigError(
                f"a job needs coils and block of at least 1, not {self.coils} and {self.block}"
            )

    def data(self) -> dict[str, Any]:
        """Return the job as plain data, for the manifest."""
        return asdict(self)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the job, the same wherever it is computed."""
        return hashlib.sha256(json.dumps(self.data(), sort_keys=True).encode()).hexdigest()

    def units(self) -> list[Unit]:
        """Cut the seeds into work units."""
        return [
            Unit(index, self.scenario, self.seeds[start : start + self.block])
            for index, start in enumerate(range(0, len(self.seeds), self.block))
        ]

    @property
    def title(self) -> str:
        """The job in a few words, for a progress bar."""
        return f"{self.seat} on {self.scenario}"

    @property
    def episodes(self) -> int:
        """How many episodes it has."""
        return len(self.seeds)

    def build(self) -> Seat:
        """Build the seat.

        Raises:
            ConfigError: there is no such seat.
        """
        return load_seat(self.seat)

    def play(self, seat: Seat, unit: Unit, folder: Path) -> dict[str, str]:
        """Play a unit, write its files into `folder` and return their hashes."""
        episodes = play_block(seat, unit.seeds, unit.scenario, self.coils, self.line)
        return write_unit(folder, unit.index, episodes, {"job": self.hash})

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "Job":
        """Make a job of the plain data in a manifest."""
        try:
            return cls(**{**data, "seeds": tuple(data["seeds"])})
        except (TypeError, KeyError) as error:
            raise ConfigError(
                f"the manifest's job cannot be read ({error}); begin a new folder"
            ) from error


def code_hash() -> str:
    """SHA-256 over the source of the plant, so that episodes of two plants are never mixed."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).as_posix()):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def run_job(
    job: Work,
    folder: Path | str,
    backend: Backend = "auto",
    workers: int = 2,
    progress: bool = True,
) -> dict[str, Any]:
    """Play what is not yet played of `job` into `folder`; a second call with it resumes.

    Args:
        job: what to play.
        folder: where its store is or will be.
        backend: "auto" plays inline, and by Ray when what is left would take longer than WORTH_RAY.
        workers: processes or actors, each with one core.
        progress: whether to show a bar with an estimate on stderr.

    Returns:
        A summary: units and episodes played now and in all, wall and processor seconds, backend.

    Raises:
        ConfigError: the folder holds another job, was begun by another plant or seat, or another
            driver plays there.
        SimulationError: workers died again and again.
    """
    if backend not in ("auto", "inline", "process", "ray") or workers < 1:
        raise ConfigError(
            f"backend {backend!r} with {workers} workers; give auto, inline, process or ray and at "
            "least one worker"
        )
    folder = Path(folder).resolve()
    player = backends.Player(job, str(folder))
    mark = player.fingerprint  # a seat that is not there leaves no trace in the folder
    units = job.units()
    with locked(folder):
        manifest = Manifest.open(folder, job.data(), code_hash(), mark)
        sound = manifest.sound()
        left: Sequence[Unit] = [unit for unit in units if unit.index not in sound]
        begun = perf_counter()
        cpu, used = 0.0, backend
        with _bar(job, len(units), len(units) - len(left), progress) as advance:

            def take(results: Iterator[UnitResult]) -> None:
                nonlocal cpu
                for result in results:
                    manifest.add(result.unit, result.files, result.seat)
                    cpu += result.cpu
                    advance()

            rest = left
            if backend in ("auto", "inline"):
                used, rest = "inline", _play_here(player, left, take, backend == "auto")
                if rest:
                    used = "ray" if workers > 1 and _has_ray() else "process"
            carried = player.carried
            del player  # its seat may be large, and each worker has its own
            if rest:
                play = on_ray.ray if used == "ray" else backends.process
                # closing stops the workers on Ctrl-C
                with closing(play(job, rest, folder, workers, carried)) as results:
                    take(results)
        manifest.save()
    return {
        "folder": str(folder),
        "job": job.hash,
        "seat": job.seat,
        "backend": used,
        "units": len(units),
        "units_played": len(left),
        "episodes": job.episodes,
        "episodes_played": sum(len(unit.seeds) for unit in left),
        "seconds": perf_counter() - begun,
        "worker_cpu_seconds": cpu,
    }


def run_jobs(
    jobs: Mapping[Path, Work], backend: Backend = "auto", workers: int = 2, progress: bool = True
) -> list[dict[str, Any]]:
    """Play several jobs, each into its folder, one after the other; Ray is started once at most.

    Returns:
        The summary of each, see `run_job`.
    """
    with on_ray.kept():
        return [run_job(job, folder, backend, workers, progress) for folder, job in jobs.items()]


def _play_here(
    player: backends.Player,
    units: Sequence[Unit],
    take: Callable[[Iterator[UnitResult]], None],
    only_short: bool,
) -> Sequence[Unit]:
    """Play inline; return what is left when that is too long: more than WORTH_RAY, if only_short.

    The first unit also compiles the plant, and so fills the cache before any worker starts. Its
    time says nothing; that of the second one does.
    """
    for number, unit in enumerate(units):
        result = player.play(unit)
        take(iter((result,)))
        left = units[number + 1 :]
        if only_short and number == 1 and result.wall * len(left) > WORTH_RAY:
            return left
    return ()


def _has_ray() -> bool:
    from importlib.util import find_spec

    return find_spec("ray") is not None


@contextmanager
def _bar(job: Work, total: int, done: int, show: bool) -> Iterator[Callable[[], None]]:
    """Show a progress bar with an estimate on stderr, or nothing; yield what moves it on."""
    if not show:
        yield lambda: None
        return
    with progress("units") as bar:
        task = bar.add_task(job.title, total=total, completed=done)
        yield lambda: bar.advance(task)
