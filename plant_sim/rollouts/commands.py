"""What the command line offers on rollouts, as plain functions that return JSON-able results."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .evaluate import evaluate
from .job import Backend, Job, code_hash, run_job
from .play import play_block
from .seats import fingerprint, load_seat
from .store import Manifest, job_folders, read_rows

__all__ = ["evaluate", "replay", "resume", "rollout"]


def rollout(
    folder: Path | str,
    seats: Sequence[str] = ("hold", "rules"),
    scenario: str = "faults",
    episodes: int = 32,
    first_seed: int = 0,
    coils: int = 20,
    block: int = 16,
    backend: Backend = "auto",
    workers: int = 2,
    progress: bool = True,
) -> dict[str, Any]:
    """Play each seat on the same seeds, each into its own folder inside `folder`, and compare them.

    Called again with the same arguments it plays only what is missing. See `run_job` for the rest.
    """
    if not seats or episodes < 1:
        raise ConfigError(
            f"a rollout needs a seat and an episode, not {len(seats)} seats and {episodes} episodes"
        )
    seeds = tuple(range(first_seed, first_seed + episodes))
    runs = [
        run_job(
            Job(seat, scenario, seeds, coils, block),
            Path(folder) / folder_of(seat),
            backend,
            workers,
            progress,
        )
        for seat in seats
    ]
    return {"folder": str(folder), "runs": runs, "evaluation": evaluate(folder)}


def folder_of(seat: str) -> str:
    """Return the name of a seat's folder: its spec, made fit for a file system and still unique."""
    if re.fullmatch(r"[a-z0-9-]+", seat):
        return seat
    plain = re.sub(r"[^A-Za-z0-9]+", "-", seat).strip("-")
    return f"{plain[-40:]}-{hashlib.sha256(seat.encode()).hexdigest()[:6]}"


def resume(
    folder: Path | str, backend: Backend = "auto", workers: int = 2, progress: bool = True
) -> dict[str, Any]:
    """Play what is missing of every job in `folder` and in the folders inside it."""
    runs = [
        run_job(Job.read(Manifest.read(place).job), place, backend, workers, progress)
        for place in job_folders(Path(folder))
    ]
    return {"folder": str(folder), "runs": runs, "evaluation": evaluate(folder)}


def replay(folder: Path | str, seed: int) -> dict[str, Any]:
    """Play one episode of a job again, alone, and say whether every bit is the same.

    Returns:
        The steps and the money of the episode, both hashes, `same_bits`, and `same_code` (plant
        and seat).

    Raises:
        ConfigError: the job has not played this seed.
    """
    place = Path(folder)
    manifest = Manifest.read(place)
    job = Job.read(manifest.job)
    stored = {row["seed"]: row for row in read_rows(place, "episodes", manifest)}
    if seed not in stored:
        raise ConfigError(f"{place} has no finished episode of seed {seed}; resume the job first")
    seat = load_seat(job.seat)
    same_code = manifest.code == code_hash() and manifest.seat == fingerprint(job.seat, seat)
    episode = play_block(seat, [seed], job.scenario, job.coils, job.line)[0]
    return {
        "seed": seed,
        "seat": job.seat,
        "scenario": job.scenario,
        "cost": episode.cost,
        "harm": episode.harm,
        "sha256": episode.sha256,
        "stored_sha256": stored[seed]["sha256"],
        "same_bits": episode.sha256 == stored[seed]["sha256"],
        "same_code": same_code,
        "steps": [
            {
                "time": step.time,
                "move": step.control,
                "value": step.value,
                "label": step.label,
                "confidence": step.confidence,
                "reason": step.reason,
                "alerts": list(step.alerts),
            }
            for step in episode.steps
        ],
    }
