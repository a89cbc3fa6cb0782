"""Exports of stored episodes: Minari, and through it whatever reads Minari."""

import warnings
from copy import deepcopy
from pathlib import Path
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
        dataset: id of the dataset, `passline/run-out-table/mixed-v0`.
        description: in words.

    Returns:
        `dataset`, `episodes` and `steps`.

    Raises:
        MissingExtraError: Minari is not installed.
        ConfigError: the folder holds no such job or different environments, or there is a dataset
            of this id already.
    """
    try:
        import minari
        from minari.data_collector import EpisodeBuffer
    except ImportError as error:
        raise MissingExtraError("minari", "data") from error
    places = job_folders(Path(folder))
    jobs = [Manifest.read(place).job for place in places]
    kinds = {(job.get("env"), str(job.get("settings"))) for job in jobs}
    if len(kinds) != 1 or None in kinds.pop():
        raise ConfigError(f"{folder} must hold jobs on one environment with one set of options")
    if dataset in minari.list_local_datasets():
        raise ConfigError(f"Minari has a dataset {dataset!r} already; choose another id")
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
    with warnings.catch_warnings():  # it wants to know an author and a link to the code
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
