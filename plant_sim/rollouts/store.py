"""The episode store of the desk: a folder of Parquet files, three for each work unit, one manifest.

    manifest.json               the job, and the SHA-256 of every finished file
    finished.jsonl              what was finished since the manifest was written, one line a unit
    job.lock                    held by who plays the job; empty
    episodes/unit-00000.parquet one row an episode: seed, sha256, money, harm
    coils/unit-00000.parquet    one row a coil
    steps/unit-00000.parquet    one row a decision, features as columns `feature.<name>`

A file is written under another name and moved into place, so a torn file is never seen. A unit is
finished when the manifest names its files with the right hashes; to resume is a set difference.
Retried work may be done twice: it writes the same bits to the same names.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from socket import gethostname
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..controls import HOLD
from ..errors import ConfigError
from .play import Episode, coil_row

FORMAT = 1
SINCE = "finished.jsonl"
LOCK = "job.lock"
TABLES = ("episodes", "coils", "steps")


def write_unit(
    folder: Path, index: int, episodes: Sequence[Episode], metadata: Mapping[str, str]
) -> dict[str, str]:
    """Write the files of one unit and return their SHA-256, keyed by the path inside `folder`."""
    rows = {
        "episodes": [_episode_row(episode) for episode in episodes],
        "coils": [
            {"seed": episode.seed, **coil_row(coil)}
            for episode in episodes
            for coil in episode.coils
        ],
        "steps": [row for episode in episodes for row in _step_rows(episode)],
    }
    return {
        f"{name}/unit-{index:05d}.parquet": _write_rows(
            folder / name / f"unit-{index:05d}.parquet", rows[name], metadata
        )
        for name in TABLES
    }


def _episode_row(episode: Episode) -> dict[str, Any]:
    return {
        "seed": episode.seed,
        "sha256": episode.sha256,
        "complete": episode.complete,
        "coils": len(episode.coils),
        "cost": episode.cost,
        "harm": episode.harm,
        "decisions": len(episode.steps),
        "writes": sum(step.control != HOLD.control for step in episode.steps),
    }


def _step_rows(episode: Episode) -> Iterator[dict[str, Any]]:
    for number, step in enumerate(episode.steps):
        yield {
            "seed": episode.seed,
            "step": number,
            "time": step.time,
            "control": step.control,
            "value": step.value,
            "label": step.label,
            "confidence": step.confidence,
            "reason": step.reason,
            "moves": step.moves,
            "cost": step.cost,
            "harm": step.harm,
            "alerts": list(step.alerts),
            **{f"feature.{name}": value for name, value in step.features.items()},
        }


def _write_rows(path: Path, rows: list[dict[str, Any]], metadata: Mapping[str, str]) -> str:
    columns = {name: [row.get(name) for row in rows] for name in dict.fromkeys(chain(*rows))}
    return write_table(path, pa.table(columns, metadata={"units": "SI, EUR", **metadata}))


def write_table(path: Path, table: pa.Table) -> str:
    """Write a table in one move and return the SHA-256 of its file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    worker = f"{gethostname()}.{os.getpid()}"  # two workers never share a name
    half = path.with_name(f".{path.name}.{worker}")
    pq.write_table(table, half, compression="zstd")
    digest = file_hash(half)
    half.replace(path)
    return digest


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_rows(folder: Path, table: str, manifest: "Manifest") -> list[dict[str, Any]]:
    """Return the rows of one of TABLES over all finished units, in the order of the units.

    Raises:
        ConfigError: a file of a finished unit is missing or cannot be read.
    """
    rows: list[dict[str, Any]] = []
    for unit in manifest.finished():
        rows += read_table(folder, table, unit).to_pylist()
    return rows


def read_table(
    folder: Path, table: str, unit: int, columns: Sequence[str] | None = None
) -> pa.Table:
    """Return one table of a finished unit, or some of its columns.

    Raises:
        ConfigError: its file is missing or cannot be read.
    """
    path = folder / table / f"unit-{unit:05d}.parquet"
    try:
        return pq.read_table(path, columns=columns, partitioning=None)
    except (OSError, pa.ArrowException) as error:
        what = "is missing" if not path.exists() else f"cannot be read ({error})"
        raise ConfigError(f"{path} {what}; resume the job to play its unit again") from error


def job_folders(folder: Path) -> list[Path]:
    """Return `folder` if it holds a job, and the folders inside it that do.

    Raises:
        ConfigError: none of them does.
    """
    places = [path.parent for path in folder.glob("manifest.json")]
    places += sorted(path.parent for path in folder.glob("*/manifest.json"))
    if not places:
        raise ConfigError(f"{folder} holds no job (no manifest.json); give the folder of a rollout")
    return places


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make a folder one's own while a job is played; the system frees it when a driver is killed.

    Raises:
        ConfigError: another driver plays a job there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as file:
        if os.name == "posix":  # there is no flock elsewhere
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ConfigError(
                    f"another driver plays a job in {folder}; wait for its end, or give another "
                    "folder"
                ) from error
        yield


class Manifest:
    """What a job folder holds: the job itself and the hashes of its finished files.

    Attributes:
        folder: where the job lives.
        job: the job as plain data.
        code: hash of the code of the plant that plays it.
        seat: fingerprint of the seat that plays it.
    """

    def __init__(self, folder: Path, job: Mapping[str, Any], code: str, seat: str) -> None:
        self.folder = folder
        self.job = dict(job)
        self.code = code
        self.seat = seat
        self._units: dict[int, dict[str, str]] = {}

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read the manifest of a folder.

        Raises:
            ConfigError: there is none, or it cannot be read.
        """
        path = folder / "manifest.json"
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            manifest = cls(folder, data["job"], data["code"], data["seat"])
            manifest._units = {int(unit): dict(files) for unit, files in data["units"].items()}
            manifest._units |= manifest._since()
        except FileNotFoundError:
            raise ConfigError(
                f"{folder} holds no job (no manifest.json); give the folder of a rollout"
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(
                f"{path} cannot be read ({error!r}); restore it, or begin a new folder"
            ) from error
        if data.get("format") != FORMAT:
            raise ConfigError(
                f"{path} has format {data.get('format')}, this passline reads {FORMAT}; "
                "begin a new folder"
            )
        return manifest

    @classmethod
    def open(cls, folder: Path, job: Mapping[str, Any], code: str, seat: str) -> "Manifest":
        """Open a folder for `job`: a new one, or one that this very job, code and seat have begun.

        Raises:
            ConfigError: the folder belongs to another job, or was begun by another plant or seat.
        """
        if not (folder / "manifest.json").exists():
            folder.mkdir(parents=True, exist_ok=True)
            manifest = cls(folder, job, code, seat)
            manifest.save()
            return manifest
        manifest = cls.read(folder)
        if manifest.job != json.loads(json.dumps(job)):
            raise ConfigError(f"{folder} holds another job; give a new folder, or resume that job")
        if manifest.code != code:
            raise ConfigError(
                f"{folder} was begun with plant code {manifest.code[:12]}, this is {code[:12]}; "
                "episodes of both must not be mixed, so begin a new folder"
            )
        manifest._keep_to(seat)
        manifest.save()  # takes in what stood beside it, before more is written there
        return manifest

    def _since(self) -> dict[int, dict[str, str]]:
        """Return what was finished since the manifest was written; a torn line is not finished."""
        units: dict[int, dict[str, str]] = {}
        with suppress(FileNotFoundError):
            for line in (self.folder / SINCE).read_text(encoding="utf-8").splitlines():
                with suppress(ValueError, KeyError, TypeError):
                    row = json.loads(line)
                    units[int(row["unit"])] = dict(row["files"])
        return units

    def _keep_to(self, seat: str) -> None:
        if self.seat != seat:
            raise ConfigError(
                f"{self.folder} was begun by seat {self.seat}, this is {seat}; begin a new folder"
            )

    def save(self) -> None:
        """Write the manifest durably, in one move, and all that stood beside it."""
        half = self.folder / f".manifest.json.{os.getpid()}"
        data = {
            "format": FORMAT,
            "job": self.job,
            "code": self.code,
            "seat": self.seat,
            "units": {str(unit): self._units[unit] for unit in sorted(self._units)},
        }
        with half.open("w", encoding="utf-8") as file:
            json.dump(data, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        half.replace(self.folder / "manifest.json")
        (self.folder / SINCE).unlink(missing_ok=True)

    def add(self, unit: int, files: Mapping[str, str], seat: str) -> None:
        """Record a finished unit durably, by one line whatever else the job has.

        Raises:
            ConfigError: the unit was played by another seat than the one the job was begun by.
        """
        self._keep_to(seat)
        self._units[unit] = dict(files)
        with (self.folder / SINCE).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"unit": unit, "files": dict(files)}) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def finished(self) -> list[int]:
        """Return the units whose files are named here, in order; their bytes are not looked at."""
        return sorted(self._units)

    def sound(self) -> set[int]:
        """Return the finished units whose files are all there with the right bytes."""
        return {
            unit
            for unit, files in self._units.items()
            if all(
                (self.folder / name).is_file() and file_hash(self.folder / name) == digest
                for name, digest in files.items()
            )
        }
