"""Families of alarms: one definition makes the alarms of all stands, zones or banks.

A family is a name with braces for its place, as in the signal table. Also here: the states of the
plant in which readings mean nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from ...alarms import Alarm, Kind, PlantState, Words
from .signal_table import area

NEAR_RATING = 0.95  # 1: share of a stand's rated force that is worth a warning [M 6.4]
FORCE_BAND, TORQUE_BAND = 0.02, 0.03  # 1: dead-bands, shares of the rating [M]

# states of the plant in which a reading says nothing
STATES: tuple[PlantState, ...] = (
    PlantState("no strip", "coil.phase", -0.5, 0.5),
    PlantState("head", "coil.position", -1.0, 30.0),  # m: the mill has not settled
    PlantState("tail", "coil.phase", 2.5, 3.5),
    PlantState("table filling", "coil.position", -1.0, 120.0),  # m: the coiler has no strip yet
    PlantState("no bar", "rm.rdt", 0.0, 1073.15),  # K: the pyrometer sees the empty table
    PlantState("roll change", "line.request", 1.5, 2.5),
    PlantState("stopped", "line.event", 0.5, 6.5),  # a cobble, a tear or a trip is being cleared
)
LOADED = ("no strip", "roll change", "stopped")
BODY = ("no strip", "head", "tail", "roll change", "stopped")
COOLED = ("no strip", "table filling", "roll change", "stopped")

Place = tuple[int, ...]
Pair = tuple[str, str]


def family(
    places: Sequence[Place],
    name: str,
    kind: Kind,
    signal: str,
    limit: float | Sequence[float],
    priority: int,
    respond: float,
    message: Pair,
    consequence: Pair,
    action: Pair,
    **more: Any,
) -> Iterator[Alarm]:
    """Make one alarm for each place; its numbers fill the braces of names and words.

    `limit` is one for all places or one each; `more` are the other fields of an `Alarm`, the
    dead-band again one for all or one each.
    """
    for n, place in enumerate(places):
        rest = dict(more)
        for field, value in (("limit", limit), ("dead_band", more.get("dead_band", 0.0))):
            rest[field] = value[n] if isinstance(value, Sequence) else value
        for field in ("other", "group"):
            rest[field] = str(rest.get(field, "")).format(*place)
        at = signal.format(*place)
        words = [
            Words(english.format(*place), korean.format(*place))
            for english, korean in (message, consequence, action)
        ]
        yield Alarm(
            name.format(*place), kind, at, priority=priority, area=area(at), message=words[0],
            consequence=words[1], action=words[2], respond=respond, **rest,
        )  # fmt: skip


def one(*row: Any, **more: Any) -> Iterator[Alarm]:
    """Make the alarm of a family that has no places."""
    return family([()], *row, **more)
