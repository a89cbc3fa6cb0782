"""Data for offline learning by recipe: who acted, with how much noise, how often, in two splits.

Every part of a data set is an ordinary job folder, so it resumes, replays and exports as any other.
The seeds of the splits differ from each other and from those that tuning, training and evaluation
use, so that nothing leaks.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .env_job import EnvJob
from .env_store import read_returns
from .job import Backend, code_hash, run_job
from .store import Manifest

FIRST_SEED = {"train": 3_000_000, "validation": 3_500_000}
MOST = FIRST_SEED["validation"] - FIRST_SEED["train"]  # seeds of training
SCENARIOS = ("nominal", "disturbed", "faults")


@dataclass(frozen=True)
class Part:
    """One behaviour of a recipe.

    Attributes:
        seat: spec of the policy.
        share: of the seeds.
        explore: bound of the noise on its actions, see `explore`.
    """

    seat: str
    share: float = 1.0
    explore: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """A data set in words and numbers.

    Attributes:
        parts: who acts; the shares add up to 1.
        seeds: of the training split, each in every scenario; the validation split has a quarter.
        english: what it is like, in one phrase.
    """

    parts: tuple[Part, ...]
    seeds: int
    english: str


RECIPES: dict[str, Recipe] = {
    "untouched": Recipe((Part("hold"),), 256, "the line alone: no action is ever seen"),
    "level2": Recipe((Part("level2"),), 256, "the tuned law, narrow"),
    "operator": Recipe((Part("rules"),), 256, "the operator's rule, narrow"),
    "noisy": Recipe((Part("rules", explore=0.3),), 256, "the operator's rule with bounded noise"),
    "mixed": Recipe(
        (
            Part("hold", 0.25),
            Part("rules", 0.25),
            Part("rules", 0.25, 0.3),
            Part("hold", 0.25, 0.6),
        ),
        256,
        "the line alone and operator, each also with noise",
    ),
    "tiny": Recipe((Part("rules", explore=0.1),), 8, "a handful of episodes, little noise"),
}


def collect(
    folder: Path | str,
    env: str,
    recipe: str,
    scenarios: Sequence[str] = SCENARIOS,
    settings: Mapping[str, Any] | None = None,
    seeds: int | None = None,
    backend: Backend = "auto",
    workers: int = 2,
    progress: bool = True,
) -> dict[str, Any]:
    """Play what is missing of a data set into `folder` and write its card.

    Args:
        folder: of the data set; a folder for each part and split goes into it.
        env: id of the environment.
        recipe: a name of `RECIPES`.
        scenarios: each is played on every seed.
        settings: other options of the environment.
        seeds: of the training split; None for those of the recipe.
        backend: see `run_job`.
        workers: see `run_job`.
        progress: see `run_job`.

    Returns:
        The card: recipe, environment, code, and for each folder its split, seat, noise, seeds,
        episodes, mean return (EUR) and mean harm (s) in each scenario.

    Raises:
        ConfigError: no such recipe, too few seeds for its parts or too many, a folder with parts of
            another data set, or what a job refuses.
    """
    if recipe not in RECIPES:
        raise ConfigError(f"recipe {recipe!r} is not known; the recipes are: {', '.join(RECIPES)}")
    chosen, place = RECIPES[recipe], Path(folder)
    count = chosen.seeds if seeds is None else seeds
    if count < len(chosen.parts):
        raise ConfigError(f"{count} seeds for {len(chosen.parts)} parts; give one for each or more")
    if count > MOST:
        raise ConfigError(
            f"{count} seeds of training would reach those of validation; give at most {MOST}"
        )
    known = {f"{split}/{number}" for split in FIRST_SEED for number in range(len(chosen.parts))}
    for other in sorted(path.parent for path in place.glob("*/*/manifest.json")):
        if other.relative_to(place).as_posix() not in known:
            raise ConfigError(f"{other} is a part of another data set; give a new folder")
    parts = []
    for split, many in (("train", count), ("validation", max(count // 4, len(chosen.parts)))):
        for number, (part, own) in enumerate(_dealt(chosen.parts, FIRST_SEED[split], many)):
            name = f"{split}/{number}"
            job = EnvJob(env, part.seat, tuple(scenarios), own, 64, settings or {}, part.explore)
            run_job(job, place / name, backend, workers, progress)
            parts.append(
                {
                    "folder": name,
                    "split": split,
                    **asdict(part),
                    "seeds": [own[0], own[-1]],
                    "fingerprint": Manifest.read(place / name).seat,
                    "scenarios": read_returns(place / name),
                }
            )
    card = {
        "recipe": recipe,
        "meaning": chosen.english,
        "env": env,
        "settings": dict(settings or {}),
        "code": code_hash(),
        "parts": parts,
    }
    (place / "card.json").write_text(json.dumps(card, indent=1), encoding="utf-8")
    return card


def _dealt(parts: Sequence[Part], first: int, count: int) -> list[tuple[Part, tuple[int, ...]]]:
    """Cut `count` seeds from `first` on into the shares of the parts, at least one for each."""
    ends = [round(count * sum(part.share for part in parts[: n + 1])) for n in range(len(parts))]
    starts = [0, *ends[:-1]]
    return [
        (part, tuple(range(first + start, first + max(end, start + 1))))
        for part, start, end in zip(parts, starts, ends, strict=True)
    ]
