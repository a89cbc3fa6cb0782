"""What can go wrong on the hot strip line, by name.

The seed of a campaign draws which fault comes, at which coil and how big; faults change physics,
an actuator or an instrument, never a KPI. What was drawn is ground truth and no signal shows it.
"""

from ..errors import ConfigError
from . import equipment, instruments, normal, people, process
from .generator import PREFIX, generated
from .registry import FILED, LEVELS, Scenario

__all__ = ["LEVELS", "SCENARIOS", "TRAINING", "Scenario", "scenario", "tagged"]

FILES = (normal, process, equipment, instruments, people)  # their import fills the list
SCENARIOS = dict(sorted(FILED.items(), key=lambda item: LEVELS.index(item[1].level)))
TRAINING = tuple(name for name, row in SCENARIOS.items() if row.training)


def scenario(name: str) -> Scenario:
    """Return the scenario of this name; `generated:<seed>` is one drawn from that seed.

    Raises:
        ConfigError: if there is none.
    """
    if name.startswith(PREFIX):
        return generated(name.removeprefix(PREFIX))
    try:
        return SCENARIOS[name]
    except KeyError:
        raise ConfigError(
            f"scenario {name!r} does not exist; choose one of {', '.join(SCENARIOS)} "
            f"or {PREFIX}<seed>"
        ) from None


def tagged(*tags: str, level: str | None = None, training: bool | None = None) -> list[Scenario]:
    """Return the scenarios that carry all these tags, in the order of the list.

    Args:
        tags: numbers of drills ("S17"), units ("mill") or groups ("instruments").
        level: one of LEVELS; None for all.
        training: only those that may, or may not, be used for training; None for all.
    """
    return [
        row
        for row in SCENARIOS.values()
        if set(tags) <= set(row.tags)
        and level in (None, row.level)
        and training in (None, row.training)
    ]
