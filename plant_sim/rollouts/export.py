"""Exports of stored episodes: Minari, and through it whatever reads Minari."""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from shutil import rmtree
from typing import Any

import gymnasium
import numpy as np

from ..envs.options import options_of
from ..envs.play import action_space, observation_space
from ..errors import ConfigError, MissingExtraError
from .env_store import read_episodes
from .episodes import task_of
from .store import Manifest, job_folders


def to_minari(folder: Path | str, dataset: str, description: str = "") -> dict[str, Any]:
    """Write all finished episodes of the jobs in `folder` as a Minari dataset.

    Observations and actions are as stored, an episode of T steps has T + 1 observations; the seed
    and the scenario stand with each episode, harm (s) as `infos["cost"]`. Minari keeps its datasets
    where MINARI_DATASETS_PATH says.

    Args:
        folder: of a job on an environment, or of several on the same.
        dataset: id of the dataset, `passline/run-out-table/mixed-v0`: a name, a version, and before
            them a namespace if wanted.
        description: in words.

    Returns:
        `dataset`, `episodes` and `steps`.

    Raises:
        MissingExtraError: Minari is not installed.
        ConfigError: the folder holds no such job or different environments, the id is none, or
            there is a dataset of it already.
    """
    try:
        import minari
        from minari.data_collector import EpisodeBuffer
        from minari.storage import get_dataset_path
    except ImportError as error:
        raise MissingExtraError("minari", "data") from error
    places = job_folders(Path(folder))
    jobs = [Manifest.read(place).job for place in places]
    kinds = {(job.get("env"), json.dumps(job.get("settings"), sort_keys=True)) for job in jobs}
    if len(kinds) != 1 or None in kinds.pop():
        raise ConfigError(f"{folder} must hold jobs on one environment with one set of options")
    _check(dataset)
    place = get_dataset_path(dataset)
    if place.exists():
        raise ConfigError(f"Minari has a dataset {dataset!r} already in {place}; choose another id")
    episodes = [episode for place in places for episode in read_episodes(place)]
    if not episodes:
        raise ConfigError(f"{folder} has no finished episode; resume the job first")
    buffers = []
    for episode in episodes:
        over = np.zeros(len(episode.rewards), bool)
        over[-1] = True
        buffers.append(
            EpisodeBuffer(
                seed=episode.seed,
                options={"scenario": episode.scenario},
                observations=episode.observations,
                actions=episode.actions,
                rewards=episode.rewards,
                terminations=over & episode.terminated,
                truncations=over & (not episode.terminated),
                infos={"cost": episode.harm},
            )
        )
    spec = deepcopy(gymnasium.spec(jobs[0]["env"]))
    spec.kwargs.update(jobs[0]["settings"])
    task = task_of(jobs[0]["env"])
    with (
        _whole(place),
        warnings.catch_warnings(),
    ):  # it wants to know an author and a link to the code
        warnings.simplefilter("ignore", UserWarning)
        minari.create_dataset_from_buffers(
            dataset,
            buffers,
            env=spec,
            algorithm_name=", ".join(dict.fromkeys(job["seat"] for job in jobs)),
            description=description or f"passline {jobs[0]['env']}",
            observation_space=observation_space(task, options_of(task, jobs[0]["settings"])),
            action_space=action_space(task),
            jpeg_encoding=False,
        )
    steps = sum(len(episode.rewards) for episode in episodes)
    return {"dataset": dataset, "episodes": len(episodes), "steps": steps}


def _check(dataset: str) -> None:
    """Refuse what is no id: Minari would begin a folder of it, and list no dataset ever after."""
    from minari.dataset.minari_dataset import parse_dataset_id

    try:
        parse_dataset_id(dataset)
    except (ValueError, TypeError):  # the latter without a version
        raise ConfigError(
            f"{dataset!r} is no id of a dataset; give a name with a version, say "
            "passline/run-out-table/mixed-v0"
        ) from None


@contextmanager
def _whole(place: Path) -> Iterator[None]:
    """Take a dataset away that was not written to its end."""
    try:
        yield
    except BaseException:  # Ctrl-C too
        rmtree(place, ignore_errors=True)
        raise
