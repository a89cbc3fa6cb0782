"""The operator's rule of each environment: a baseline that reads observations and nothing else.

A rule is a function of what is seen at this moment. It stands between holding and a trained policy
in every comparison; the datasheets carry what it earns.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..control.cooling_feedback import MOST_TRIM
from ..errors import ConfigError
from ..lines.hot_strip.control_table import CONTROLS
from ..lines.hot_strip.parameters import BANKS, STANDS
from .hot_strip_line import MOVED
from .mill_setup import MONITORED, OFFSETS
from .reheating_furnace import ACTIONS as FURNACE_ACTIONS
from .task import Array, Task

Page = Mapping[str, Array]  # observations by name, SI, (n,) each
Rule = Callable[[Page], Array]

SMALL = 10e-6  # m of thickness that the monitor alone may take out
GENTLE = 800.0  # K of error for the whole trim: the feedback does the rest, more swings with it
EARLY = 0.1  # of the trim, for each bank that the feedback adds: the main banks take it over early
UNLEARNED = 0.65  # share of the monitor's correction that level 2 does not learn at once
DOUBT, AGREE = 15.0, 8.0  # K between pyrometer and model: distrust, trust again
AT_LIMIT = 0.94 * MOST_TRIM  # banks: the cooling feedback has nearly nothing left
DOOR_ERROR, BACKLOG = 40.0, 4.0  # K and slabs for the whole of a trim
LEAN = -0.5  # of the air trim: below that fuel stays unburnt
DRY, ASKED = 0.2, 0.8  # flow of a bank that gives no water, and the command that should
WET = 0.8  # flow of a bank behind it: the valves have had their time, the strip is there


def page_of(task: Task[Any], observations: Array) -> Page:
    """Return observations (n, all of the task's) as SI values by name."""
    return {
        seen.name: observations[:, column] * seen.scale + seen.centre
        for column, seen in enumerate(task.observations)
    }


def rule_of(task: Task[Any]) -> Callable[[Array], Array]:
    """Return the rule of a task: observations (n, all of them) in, actions (n, actions) out.

    Raises:
        ConfigError: if the task has no rule.
    """
    if task.name not in RULES:
        raise ConfigError(f"{task.name} has no rule; those with one: {', '.join(RULES)}")
    rule = RULES[task.name]
    return lambda observations: np.clip(
        rule(page_of(task, np.asarray(observations, np.float64))), -1.0, 1.0
    ).astype(np.float32)


def finishing_mill(page: Page) -> Array:
    """Help the X-ray monitor at the head: what it sees counts double until it is small."""
    off = page["fm.exit_thickness"]
    gauge = np.where(np.abs(off) > SMALL, off / 100e-6, 0.0)
    return np.stack([gauge, 0.0 * gauge, 0.0 * gauge], axis=1)


def run_out_table(page: Page) -> Array:
    """Hand what the feedback has found to the main banks early, and a little of the error."""
    trim = EARLY * page["rot.feedback"] + page["rot.coiling_temperature"] / GENTLE
    return (page["rot.strip_seen"] * trim)[:, None]


def mill_setup(page: Page) -> Array:
    """Set the gaps where the monitor had them in the end; level 2 learns only a share of it."""
    offsets = []
    for s in range(STANDS):
        wanted = page[f"last.f{s + 1}_gap_offset"]
        if s in MONITORED:
            wanted = wanted + UNLEARNED * page[f"last.f{s + 1}_monitor"]
        offsets.append(wanted / OFFSETS[s])
    return np.stack([*offsets, 0.0 * offsets[0]], axis=1)


def hot_strip_line(page: Page) -> Array:
    """Follow the operator's table: instruments first, then equipment, then the cooling.

    A bank counts as dry only while a bank behind it gives water: the last one that is asked for
    opens and closes with the demand, and its valve takes seconds. The hardness is left to level 2:
    its correction is for the next coil, and moved every ten seconds it winds up within one.
    """
    rolling = page["fm.rolling"] > 0.5
    apart = np.abs(page["fm.fdt"] - page["fm.fdt_model"])  # both minus the same aim
    doubted = page["fm.fdt_source"] > 0.5
    source = np.where(rolling, np.where(doubted, apart > AGREE, apart > DOUBT), doubted)

    out = page["rot.bank_out"].round()
    wet_behind = np.zeros(out.shape, bool)
    for bank in range(BANKS, 0, -1):
        asked = page[f"rot.bank_{bank}_command"] > ASKED
        flow = page[f"rot.bank_{bank}_flow"]
        out = np.where(asked & (flow < DRY) & wet_behind, float(bank), out)
        wet_behind |= asked & (flow > WET)

    full = np.abs(page["rot.feedback"]) > AT_LIMIT
    cooling = page["rot.cooling_correction"]
    wrong = page["rot.strip_seen"] * page["rot.coiling_temperature"] * np.sign(page["rot.feedback"])
    cooling = cooling + 0.05 * (full & (wrong > 15.0)) * np.sign(page["rot.feedback"])
    wanted = {
        "fm.fdt_source": source.astype(np.float64),
        "rot.bank_out": out / BANKS,
        "rot.cooling_correction": cooling / CONTROLS["rot.cooling_correction"].high,
    }
    return np.stack([wanted.get(name, np.zeros(out.shape)) for name in MOVED], axis=1)


def reheating_furnace(page: Page) -> Array:
    """Little air, zones by what the door pyrometer shows, faster while the mill waits."""
    zones = -page["furnace.door_error"] / DOOR_ERROR
    pace = page["furnace.backlog"] / BACKLOG
    wanted = {"furnace.air_ratio_trim": np.full(zones.shape, LEAN), "furnace.pace_trim": pace}
    return np.stack([wanted.get(action.name, zones) for action in FURNACE_ACTIONS], axis=1)


RULES: dict[str, Rule] = {
    "FinishingMill": finishing_mill,
    "HotStripLine": hot_strip_line,
    "MillSetup": mill_setup,
    "ReheatingFurnace": reheating_furnace,
    "RunOutTable": run_out_table,
}
