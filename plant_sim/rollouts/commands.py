"""What the command line offers on rollouts, as plain functions that return JSON-able results."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .backends import Work
from .env_job import EnvJob, read_job
from .env_store import read_returns
from .episodes import EnvEpisode, play_episodes
from .evaluate import evaluate
from .job import Backend, Job, code_hash, run_jobs
from .play import Episode, play_block
from .seats import fingerprint
from .store import Manifest, job_folders, read_rows

__all__ = ["evaluate", "replay", "resume", "rollout"]
MOST = 10_000_000  # episodes of a job: its manifest names every seed
SEEDS = 2**32  # that a plant takes


def rollout(
    folder: Path | str,
    seats: Sequence[str] = ("hold", "rules"),
    scenario: str | Sequence[str] = "faults",
    episodes: int = 32,
    first_seed: int = 0,
    coils: int = 20,
    block: int | None = None,
    backend: Backend = "auto",
    workers: int = 2,
    progress: bool = True,
    env: str | None = None,
    settings: Mapping[str, Any] | None = None,
    explore: float = 0.0,
) -> dict[str, Any]:
    """Play each seat on the same seeds, each into its own folder inside `folder`, and compare them.

    Called again with the same arguments it plays only what is missing. See `run_job` for the rest.

    Args:
        folder: where the folders of the seats go.
        seats: specs.
        scenario: name of the scenario; of an environment, of several.
        episodes: of each seat in each scenario, one seed each.
        first_seed: the first of the seeds.
        coils: of an episode at the desk of the line, without `env`.
        block: episodes side by side; None for the job's own.
        backend: see `run_job`.
        workers: see `run_job`.
        progress: see `run_job`.
        env: id of the environment; None for the desk of the line.
        settings: other options of the environment.
        explore: bound of the noise on the actions of an environment.

    Returns:
        `folder`, `runs` (see `run_job`), `table` of jobs in environments, and `evaluation` of jobs
        at the desk.

    Raises:
        ConfigError: seeds that there are not, or what a job refuses; before anything is played
            where a name is wrong.
    """
    if not seats or episodes < 1:
        raise ConfigError(
            f"a rollout needs a seat and an episode, not {len(seats)} seats and {episodes} episodes"
        )
    if episodes > MOST or not 0 <= first_seed <= SEEDS - episodes:
        raise ConfigError(
            f"{episodes} episodes from seed {first_seed} on; give at most {MOST} and seeds of 0 to "
            f"{SEEDS - 1}"
        )
    seeds = tuple(range(first_seed, first_seed + episodes))
    scenarios = (scenario,) if isinstance(scenario, str) else tuple(scenario)
    cut: dict[str, Any] = {} if block is None else {"block": block}
    if env is None and (len(scenarios) != 1 or settings or explore):
        raise ConfigError(
            "a rollout at the desk of the line takes one scenario and no option; name an "
            "environment for more"
        )

    def job_of(seat: str) -> Work:
        if env is None:
            return Job(seat, scenarios[0], seeds, coils, **cut)
        return EnvJob(env, seat, scenarios, seeds, settings=settings or {}, explore=explore, **cut)

    jobs = {Path(folder) / folder_of(seat): job_of(seat) for seat in seats}
    for job in list(jobs.values())[1:]:  # the first one is built next anyway
        if isinstance(job, EnvJob):
            job.build()
    return _result(folder, list(jobs), run_jobs(jobs, backend, workers, progress))


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
    places = job_folders(Path(folder))
    jobs = {place: read_job(Manifest.read(place).job) for place in places}
    return _result(folder, places, run_jobs(jobs, backend, workers, progress))


def _result(
    folder: Path | str, places: Sequence[Path], runs: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    tasks = [place for place in places if "env" in Manifest.read(place).job]
    told: dict[str, Any] = {"folder": str(folder), "runs": runs}
    if tasks:
        told["table"] = [row for place in tasks for row in read_returns(place)]
    if len(tasks) < len(places):
        told["evaluation"] = evaluate(folder)
    return told


def replay(folder: Path | str, seed: int, scenario: str | None = None) -> dict[str, Any]:
    """Play one episode of a job again, alone, and say whether every bit is the same.

    Args:
        folder: of the job.
        seed: of the episode.
        scenario: of the episode; None where the job has only one.

    Returns:
        The steps and what the episode cost or earned, both hashes, `same_bits`, `same_code` (plant
        and seat), and the hash of the plant's code then and now.

    Raises:
        ConfigError: the job has not played this seed in this scenario.
    """
    place = Path(folder)
    manifest = Manifest.read(place)
    job = read_job(manifest.job)
    known = dict.fromkeys(unit.scenario for unit in job.units())
    if scenario is None and len(known) > 1:
        raise ConfigError(f"{place} has several scenarios; name one of {', '.join(known)}")
    scenario = scenario or next(iter(known))
    stored = {
        row["seed"]: row
        for row in read_rows(place, "episodes", manifest)
        if row.get("scenario", scenario) == scenario
    }
    if seed not in stored or scenario not in known:
        raise ConfigError(
            f"{place} has no finished episode of seed {seed} in {scenario}; resume the job first"
        )
    seat = job.build()
    code, mark = code_hash(), fingerprint(job.seat, seat)
    episode: Episode | EnvEpisode
    if isinstance(job, EnvJob):
        episode = play_episodes(seat, job.env, [seed], scenario, job.options, job.explore)[0]
        told = {"return": episode.ret, "harm": float(episode.harm.sum()), **_reasons(episode)}
        steps = _env_steps(episode)
    else:
        assert isinstance(job, Job)  # noqa: S101  there are only these two
        episode = play_block(seat, [seed], scenario, job.coils, job.line)[0]
        told = {"cost": episode.cost, "harm": episode.harm}
        steps = _desk_steps(episode)
    return {
        "seed": seed,
        "seat": job.seat,
        "scenario": scenario,
        **told,
        "sha256": episode.sha256,
        "stored_sha256": stored[seed]["sha256"],
        "same_bits": episode.sha256 == stored[seed]["sha256"],
        "same_code": manifest.code == code and manifest.seat == mark,
        "stored_code": f"{manifest.code[:12]} {manifest.seat}",
        "code": f"{code[:12]} {mark}",
        "steps": steps,
    }


def _reasons(episode: EnvEpisode) -> dict[str, float]:
    money = {f"money.{name}": value for name, value in episode.money.items()}
    return money | {f"harm.{name}": value for name, value in episode.harms.items()}


def _env_steps(episode: EnvEpisode) -> list[dict[str, Any]]:
    return [
        {
            "step": step,
            "action": [round(float(number), 4) for number in episode.actions[step]],
            "reward": float(episode.rewards[step]),
            "harm": float(episode.harm[step]),
        }
        for step in range(len(episode.rewards))
    ]


def _desk_steps(episode: Episode) -> list[dict[str, Any]]:
    return [
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
    ]
