"""Level 2 tuned and frozen: a small law with a few gains for each environment, the zero of a score.

A law is a function of what is seen at this moment, like a rule, but its gains were found by search
(`benchmarks/tune_level2.py`) on seeds that no comparison uses. They lie in `tuned.yaml` with the
command, the seeds and the result, and are frozen by the file's SHA-256: a zero that moves would
move every score.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import yaml
from numpy.typing import NDArray

from ..envs import rules
from ..envs.hot_strip_line import MOVED
from ..envs.mill_setup import MONITORED
from ..envs.rules import SMALL, page_of
from ..envs.task import Task
from ..errors import ConfigError
from ..lines.hot_strip.parameters import STANDS
from .policy import Actions, Sees, Sight

Array = NDArray[np.float64]
Page = Mapping[str, Array]  # observations by name, SI, (n,) each
Gains = Mapping[str, Any]  # by name: a float for all episodes, or (n,) of them

FILE = Path(__file__).with_name("tuned.yaml")
# of FILE; written by the search
SHA256 = "37f6c28231c60f36ee4fdcfca4cc42f55fab1b65fb024bfee556b2343390a407"


def run_out_table(page: Page, gain: Gains) -> Array:
    """Trim the banks: a constant for strip not seen yet and for strip seen, and three gains."""
    rolling, seen = page["fm.rolling"], page["rot.strip_seen"]
    blind = rolling * (1.0 - seen)
    trim = gain["head"] * blind + gain["body"] * seen
    trim = trim + gain["fdt"] * rolling * page["fm.fdt"] / 20.0
    trim = trim + gain["feedback"] * seen * page["rot.feedback"]
    trim = trim + gain["error"] * page["rot.coiling_temperature"] / 20.0
    return np.asarray(trim)[:, None]


def finishing_mill(page: Page, gain: Gains) -> Array:
    """Help the X-ray monitor, and open the sprays by what pyrometer and model say.

    The speed stays: a law that moves it was tuned too, and bought its money with overload.
    """
    off = page["fm.exit_thickness"]
    gauge = np.where(np.abs(off) > SMALL, gain["gauge"] * off / 100e-6, 0.0)
    spray = gain["spray"] * page["fm.rolling"] + gain["fdt"] * page["fm.fdt"] / 20.0
    spray = spray + gain["model"] * page["fm.fdt_model"] / 20.0
    return np.stack([gauge, 0.0 * spray, spray], axis=1)


def mill_setup(page: Page, gain: Gains) -> Array:
    """Choose the speed, which level 2 sets too fast for some coils and too slow for others.

    It is judged by how fast level 2 will thread and how hot the strip is to be, by the bar, and by
    what the last coil showed: what its monitor had to add, and its force over expectation. The gaps
    stay: level 2 learns them, and no offset by what is seen here earned anything.
    """
    fast = (page["fm.thread_speed"] - 9.0) / 3.0 + (page["coil.fdt_aim"] - 1160.0) / 20.0
    speed = gain["speed"] + gain["fast"] * fast
    speed = speed + gain["entry"] * (page["fm.entry_temperature"] - 1260.0) / 40.0
    added = sum(page[f"last.f{s + 1}_monitor"] for s in MONITORED) / len(MONITORED)
    speed = speed + gain["monitor"] * added / 300e-6
    speed = speed + gain["force"] * (page["last.force_ratio"] - 1.0) / 0.1
    return np.stack([*[0.0 * speed] * STANDS, speed], axis=1)


# gain: the control that is held for the whole hour
HELD = {
    "preheat": "furnace.preheat_trim", "heating": "furnace.heating_trim",
    "soak": "furnace.soak_trim", "air": "furnace.excess_air", "bar": "rm.bar_trim",
    "pace": "line.pace_trim", "speed": "fm.speed_trim",
}  # fmt: skip


def hot_strip_line(page: Page, gain: Gains) -> Array:
    """Follow the operator's table, and hold a few trims that it leaves alone."""
    actions = rules.hot_strip_line(page)
    for name, control in HELD.items():
        actions[:, MOVED.index(control)] += gain[name]
    return actions


@dataclass(frozen=True, slots=True)
class Law:
    """A law and the names of its gains; with all gains 0 it is `hold`, or the rule it builds on."""

    gains: tuple[str, ...]
    act: Callable[[Page, Gains], Array]


LAWS: dict[str, Law] = {
    "FinishingMill": Law(
        ("gauge", "spray", "fdt", "model"), finishing_mill),
    "HotStripLine": Law(tuple(HELD), hot_strip_line),
    "MillSetup": Law(
        ("speed", "fast", "entry", "monitor", "force"), mill_setup),
    "RunOutTable": Law(("head", "body", "fdt", "feedback", "error"), run_out_table),
}  # fmt: skip


def law_of(task: Task[Any]) -> Law:
    """Return the law of a task.

    Raises:
        ConfigError: if it has none.
    """
    if task.name not in LAWS:
        raise ConfigError(f"level 2 is not tuned for {task.name}; only for {', '.join(LAWS)}")
    return LAWS[task.name]


def act(task: Task[Any], gain: Gains, observations: NDArray[np.float32]) -> Actions:
    """Return the actions (n, actions) of a law for observations (n, all of the task's or more)."""
    shown = observations[:, : len(task.observations)].astype(np.float64)
    asked = law_of(task).act(page_of(task, shown), gain)
    return np.clip(asked, -1.0, 1.0).astype(np.float32)


@cache
def tuned(path: Path = FILE, sha256: str = SHA256) -> dict[str, dict[str, Any]]:
    """Return what was found for each environment: `gains`, and how they were found.

    Raises:
        ConfigError: the file is not the frozen one.
    """
    text = path.read_text(encoding="utf-8")
    found = digest(text)
    if found != sha256:
        raise ConfigError(
            f"{path.name} has the SHA-256 {found[:12]}..., not the frozen {sha256[:12]}...; "
            "restore the file, or tune again with benchmarks/tune_level2.py --write"
        )
    return cast("dict[str, dict[str, Any]]", yaml.safe_load(text))


def digest(text: str) -> str:
    """Return the SHA-256 of a text, the same whatever ends its lines."""
    return hashlib.sha256(text.encode()).hexdigest()


class Level2Policy:
    """Level 2 with tuned trims; it sees observations only and needs all of them."""

    name = "level2"
    sees: Sees = "observations"
    memoryless = True

    def __init__(self) -> None:
        self._gains: dict[str, float] = {}

    @property
    def fingerprint(self) -> str:
        """Name the frozen gains."""
        return f"level2 {SHA256}"

    def begin(self, sight: Sight) -> None:
        """Take the gains of this task.

        Raises:
            ConfigError: if it has none, not all observations are shown, or the file has changed.
        """
        if sight.observations.shape[1] < len(sight.task.observations):
            raise ConfigError("level2 needs all observations; leave the option observe at 'all'")
        law, found = law_of(sight.task), tuned()
        if sight.task.name not in found:
            raise ConfigError(f"level 2 is not tuned for {sight.task.name}; run the search first")
        self._gains = {name: found[sight.task.name]["gains"][name] for name in law.gains}

    def act(self, sight: Sight) -> Actions:
        """Return what the law asks for."""
        return act(sight.task, self._gains, sight.observations)
