"""A job on an environment: one policy on scenarios x seeds, as `episodes` plays them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from ..envs.options import Settings, options_of
from ..errors import ConfigError
from .backends import Unit, Work
from .env_store import write_env_unit
from .episodes import play_episodes, task_of
from .job import Job
from .policy import Policy, load_policy


@dataclass(frozen=True)
class EnvJob:
    """What is to be played. It travels to workers by value and is the identity of its folder.

    Attributes:
        env: id of the environment.
        seat: spec of the policy, see `policy.load_policy`.
        scenarios: names; every one is played on every seed.
        seeds: one episode for each, in each scenario.
        block: episodes a worker plays side by side; no bit of an episode hangs on it.
        settings: other options of the environment, plain data; see `envs.options.Options`.
        explore: bound of the noise that is added to the actions, 0 to 1; see `explore`.
    """

    env: str
    seat: str
    scenarios: tuple[str, ...]
    seeds: tuple[int, ...]
    block: int = 64
    settings: Mapping[str, Any] = field(default_factory=dict)
    explore: float = 0.0

    def __post_init__(self) -> None:
        for name in ("scenarios", "seeds"):
            given = getattr(self, name)
            if not given or len(set(given)) != len(given):
                raise ConfigError(
                    f"a job needs {name} that all differ, not {len(given)} with "
                    f"{len(set(given))} different ones"
                )
        if self.block < 1 or not 0.0 <= self.explore <= 1.0:
            raise ConfigError(
                f"a job needs a block of at least 1 and explore of 0 to 1, not {self.block} and "
                f"{self.explore}"
            )
        if "scenario" in self.settings:
            raise ConfigError("a job names its scenarios; take scenario out of the settings")
        try:
            plain = json.loads(json.dumps(dict(self.settings)))
        except TypeError as error:
            raise ConfigError(f"a job's settings must be plain data ({error})") from None
        object.__setattr__(self, "settings", plain)

    def data(self) -> dict[str, Any]:
        """Return the job as plain data, for the manifest."""
        return asdict(self)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the job, the same wherever it is computed."""
        return hashlib.sha256(json.dumps(self.data(), sort_keys=True).encode()).hexdigest()

    @property
    def options(self) -> Settings:
        """The options of the environment but for the scenario."""
        return cast("Settings", dict(self.settings))

    @property
    def title(self) -> str:
        """The job in a few words, for a progress bar."""
        return f"{self.seat} in {self.env} on {', '.join(self.scenarios)}"

    @property
    def episodes(self) -> int:
        """How many episodes it has."""
        return len(self.scenarios) * len(self.seeds)

    def units(self) -> list[Unit]:
        """Cut scenarios and seeds into work units, one scenario after the other."""
        blocks = [
            (scenario, self.seeds[start : start + self.block])
            for scenario in self.scenarios
            for start in range(0, len(self.seeds), self.block)
        ]
        return [Unit(index, scenario, seeds) for index, (scenario, seeds) in enumerate(blocks)]

    def build(self) -> Policy:
        """Build the policy.

        Raises:
            ConfigError: there is no such policy, environment, scenario or option.
        """
        from ..scenarios.catalogue import scenario as scenario_of

        task = task_of(self.env)
        for scenario in self.scenarios:
            scenario_of(scenario)
        options_of(task, self.options)
        return load_policy(self.seat)

    def play(self, seat: Policy, unit: Unit, folder: Path) -> dict[str, str]:
        """Play a unit, write its files into `folder` and return their hashes."""
        episodes = play_episodes(
            seat, self.env, unit.seeds, unit.scenario, self.options, self.explore
        )
        return write_env_unit(folder, unit.index, episodes, self.env, self.settings, self.hash)


def read_job(data: Mapping[str, Any]) -> Work:
    """Make a job of the plain data in a manifest: of an environment, or at the desk of the line.

    Raises:
        ConfigError: it cannot be read.
    """
    if "env" not in data:
        return Job.read(data)
    try:
        tuples = {name: tuple(data[name]) for name in ("scenarios", "seeds")}
        return EnvJob(**{**data, **tuples})
    except (TypeError, KeyError) as error:
        raise ConfigError(
            f"the manifest's job cannot be read ({error}); begin a new folder"
        ) from error
