"""The options of every environment: what is hidden, late or noisy, and on which days it plays."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any, TypedDict

import numpy as np

from ..errors import ConfigError
from .task import Seen, Task

LONGEST_DELAY = 100  # steps
MOST_NOISE = 20.0  # deviations of the instrument
MOST_AHEAD = 8  # orders


class Settings(TypedDict, total=False):
    """The options as keywords of `gymnasium.make`; see `Options`."""

    scenario: str
    observe: str | Sequence[str]
    observation_delay: int
    action_delay: int
    noise: float
    look_ahead: int
    resolution: str
    seeds: Sequence[int] | None
    config: object | None


@dataclass(frozen=True, slots=True)
class Options:
    """Validated options of an environment.

    Attributes:
        scenario: name of the scenario.
        observe: "all", the name of a preset, or the names of the observations that are shown.
        observation_delay: steps by which observations come late, 0 to 100.
        action_delay: steps after which an action acts, 0 to 100; zeros act until then.
        noise: instrument noise added to that of the plant, in deviations of each instrument, 0 to
            20; computed values get none.
        look_ahead: how many coming orders are seen, 0 to 8.
        resolution: "supervisory", or what else the plant offers.
        seeds: the only campaigns that are played; the seed of `reset` then draws among them.
        config: a plant of one's own, as the line takes it.
    """

    scenario: str = "nominal"
    observe: str | tuple[str, ...] = "all"
    observation_delay: int = 0
    action_delay: int = 0
    noise: float = 0.0
    look_ahead: int = 0
    resolution: str = "supervisory"
    seeds: tuple[int, ...] | None = None
    config: object | None = None

    def __post_init__(self) -> None:
        _count("observation_delay", self.observation_delay, LONGEST_DELAY)
        _count("action_delay", self.action_delay, LONGEST_DELAY)
        _count("look_ahead", self.look_ahead, MOST_AHEAD)
        noise = self.noise
        number = isinstance(noise, (int, float, np.number)) and not isinstance(noise, bool)
        if not number or not isfinite(noise):
            raise ConfigError(f"noise {noise!r} is not a finite number; give 0 to {MOST_NOISE:g}")
        if not 0.0 <= noise <= MOST_NOISE:
            raise ConfigError(f"noise {noise} is outside [0, {MOST_NOISE:g}]; stay inside")
        if self.seeds is not None:
            if not self.seeds:
                raise ConfigError("seeds is empty; give at least one, or None for all")
            for seed in self.seeds:
                _count("a seed of seeds", seed, 2**32 - 1)


def _count(name: str, value: Any, most: int) -> None:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not (whole and 0 <= value <= most):
        raise ConfigError(f"{name} {value!r} is no whole number of 0 to {most}; give one")


def options_of(task: Task[Any], settings: Settings) -> Options:
    """Return the options of an environment of this task.

    Raises:
        ConfigError: for a name or a value that does not fit.
    """
    known = [field.name for field in fields(Options)]
    for name in settings:
        if name not in known:
            raise ConfigError(f"{name!r} is no option; choose among {', '.join(known)}")
    given: dict[str, Any] = dict(settings)
    for name in ("observe", "seeds"):
        value = given.get(name)
        if value is None or isinstance(value, str):
            continue
        try:
            given[name] = tuple(value)
        except TypeError:
            raise ConfigError(f"{name} {value!r} is no sequence; give a tuple") from None
    options = Options(**given)
    if options.resolution not in task.resolutions:
        raise ConfigError(
            f"resolution {options.resolution!r} is not offered by {task.name}; "
            f"choose among {', '.join(task.resolutions)}"
        )
    return options


def seen_of(task: Task[Any], options: Options) -> tuple[Seen[Any], ...]:
    """Return what is observed: the chosen observations, and then the coming orders.

    Raises:
        ConfigError: for an observation that does not exist or comes twice, for none at all, and for
            a look-ahead where there are no orders.
    """
    table = {seen.name: seen for seen in task.observations}
    chosen = options.observe
    if chosen == "all":
        chosen = tuple(table)
    elif isinstance(chosen, str):
        if chosen not in task.presets:
            presets = ", ".join(("all", *task.presets))
            raise ConfigError(f"observe {chosen!r} is no preset of {task.name}; one of {presets}")
        chosen = task.presets[chosen]
    if not chosen or len(set(chosen)) != len(chosen):
        raise ConfigError(f"observe {chosen} must name one observation or more, each once")
    for name in chosen:
        if name not in table:
            raise ConfigError(
                f"{name!r} is no observation of {task.name}; choose among {', '.join(table)}"
            )
    coming = task.coming(options.look_ahead) if options.look_ahead else ()
    if options.look_ahead and not coming:
        raise ConfigError(f"{task.name} shows no coming orders; use look_ahead=0")
    return (*(table[name] for name in chosen), *coming)
