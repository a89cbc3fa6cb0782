"""What may be written, said a second time: from the rows of a catalogue, with nothing of the gate.

A `World` is plain data. `judge` answers True (may be written), False, or None where a float lies so
near to a limit that either answer is right.
"""

from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Any

MODES = ("read-only", "shadow", "advisory", "approve", "closed")
SAFETY = ("estop", "interlock", "safety", "guard", "sis")
NEAR = 1e-7


@dataclass
class World:
    """All that counts; `seen` has (value, quality 0..192, plant time, wall time) of each signal."""

    seen: dict[str, Any]
    mode: str = "closed"
    plant: float = 5000.0
    wall: float = 300.0
    last: dict[str, float] = field(default_factory=dict)
    recent: list[float] = field(default_factory=list)
    lease_until: float = inf
    handed_back: bool = False
    unresolved: bool = False
    fault: bool = False
    budget: int = 3
    window: float = 600.0
    fresh_wall: float = 3.0
    fresh_plant: float = 60.0


def trusted(world, name):
    if name not in world.seen:
        return False
    value, quality, at, received = world.seen[name]
    young = world.wall - received <= world.fresh_wall and world.plant - at <= world.fresh_plant
    return quality == 192 and isfinite(value) and young


def judge(catalogue, world, name, value):
    """Whether `name` may be set to `value` (SI) in `world`; rows of `catalogue` are Controls."""
    plain = "".join(letter for letter in name.lower() if letter.isalpha())
    if any(word in plain for word in SAFETY) or name not in catalogue:
        return False
    row = catalogue[name]
    wanted = [name, "plc.remote", *row.needs, *(one.signal for one in row.permits)]
    if not (isfinite(value) and all(trusted(world, one) for one in wanted)):
        return False
    stands = [
        world.seen["plc.remote"][0] == 1,
        all(one.low <= world.seen[one.signal][0] <= one.high for one in row.permits),
        isfinite(world.plant),
        row.low <= value <= row.high,
        world.plant - world.last.get(name, -inf) >= row.cooldown,
        all(
            world.plant - world.last.get(other, -inf) >= catalogue[other].cooldown
            for other in row.excludes
        ),
        len([at for at in world.recent if world.plant - at < world.window]) < world.budget,
        world.mode != "read-only",
        world.mode in ("shadow", "advisory") or world.wall <= world.lease_until,
        not (world.handed_back or world.unresolved or world.fault),
    ]
    if not all(stands):
        return False
    if row.choices:
        off = min(abs(value - choice) for choice in row.choices)
        return off == 0 or (None if off < NEAR else False)
    move = abs(value - world.seen[name][0])
    room = min(row.max_step, row.rate * (world.plant - world.last.get(name, -inf)))
    return None if abs(move - room) < NEAR else move < room


def person(catalogue, world, name):
    """Whether a write that is allowed still needs a person."""
    return world.mode == "approve" or catalogue[name].risk == "high"
