"""What a scenario is, and the list of all of them.

A scenario is a small function with a name, a level and tags; `register` puts it on the list. It is
given a sheet (`Draw`) and writes on it what happens that day.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ..errors import ConfigError
from .draw import Draw

_LETTERS = " abcdefghijklmnopqrstuvwxyz"
LEVELS = ("nominal", "disturbed", "faults", "shifted", "campaign")
Writes = Callable[[Draw], None]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of day on the line.

    Attributes:
        name: `kebab-case`.
        level: one of LEVELS, from easy to hard.
        tags: numbers of the drills (S1..S30), the unit of the line, and a group.
        english: what it is for.
        korean: the same.
        writes: the function that draws a day.
        training: whether it may be used for training; a shifted plant never.
    """

    name: str
    level: str
    tags: tuple[str, ...]
    english: str
    korean: str
    writes: Writes
    training: bool = True


FILED: dict[str, Scenario] = {}  # in the order in which they were registered


def register(
    name: str,
    level: str,
    tags: str,
    korean: str,
    training: bool = True,
) -> Callable[[Writes], Writes]:
    """Put the decorated function on the list; the first line of its docstring is the English text.

    Raises:
        ConfigError: the name is taken, there is no such level, or the function is not described.
    """

    def put(writes: Writes) -> Writes:
        if name in FILED or level not in LEVELS:
            raise ConfigError(
                f"scenario {name!r} of level {level!r}: choose a name that is free and one of "
                f"{', '.join(LEVELS)}"
            )
        text = (writes.__doc__ or "").strip().partition("\n")[0].rstrip(".")
        if not text:
            raise ConfigError(f"scenario {name!r} has no docstring; say in a line what it is for")
        english = text[0].lower() + text[1:] if text[1:2] in _LETTERS else text
        FILED[name] = Scenario(name, level, tuple(tags.split()), english, korean, writes, training)
        return writes

    return put
