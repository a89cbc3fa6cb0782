"""New scenarios drawn from a seed: one to three faults, disturbances, a mix of orders.

The seed of the scenario fixes kinds, sizes, places and onsets; the seed of a plan then draws orders
and noise. `generated:<seed>` is its name everywhere a scenario is asked for.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..errors import ConfigError
from .draw import DISTURBANCES, Draw, FaultRow
from .faults import FAULTS, FOREVER, Fault
from .registry import Scenario

PREFIX = "generated:"
MOST_SEED = 2**32
PURPOSE = 71  # apart from the purposes of a plan
CHANCES = 64
HELD = 256  # generated scenarios kept at hand
LOTS = (1, 2, 4, 4, 6)
CALMEST, WILDEST = 0.5, 2.0  # 1: factor on the disturbances [T]


@dataclass(frozen=True, slots=True)
class _Fixed:
    """Writes the same day each time; a class, so that a plan can travel to another process."""

    faults: dict[str, FaultRow]
    disturbances: tuple[float, ...]
    lot: int

    def __call__(self, day: Draw) -> None:
        day.faults.update(self.faults)
        day.disturbances[:] = self.disturbances
        day.lot = self.lot


@lru_cache(maxsize=HELD)
def generated(seed: str) -> Scenario:
    """Return the scenario that this seed draws.

    Args:
        seed: a whole number in [0, 2**32) in decimal digits.

    Raises:
        ConfigError: for anything else.
    """
    digits = seed.isascii() and seed.isdigit() and len(seed) <= 10
    if not (digits and int(seed) < MOST_SEED):
        raise ConfigError(
            f"scenario {PREFIX + seed!r}: the seed must be a whole number below 2**32; "
            f"give for example {PREFIX}7"
        )
    number = int(seed)
    chances = np.random.default_rng([number, PURPOSE]).random(CHANCES).tolist()
    sheet = Draw(chances)
    kinds = list(FAULTS)
    for _ in range(sheet.whole(1, 3)):
        kind = kinds.pop(int(len(kinds) * sheet.unit()))
        lasting = sheet.chance(0.5)
        sheet.fault(kind, start=(2, 12), lasts=None if lasting else (2, 10))
    for name in DISTURBANCES:
        sheet.disturb(sheet.between(CALMEST, WILDEST), name)
    sheet.lot = LOTS[int(len(LOTS) * sheet.unit())]

    rows = [FAULTS[kind] for kind in sheet.faults]
    tags = dict.fromkeys(tag for row in rows for tag in row.tags)
    return Scenario(
        name=f"{PREFIX}{number}",
        level="faults",
        tags=("generated", *tags),
        english="; ".join(_told(row, sheet) for row in rows),
        korean="; ".join(
            f"{row.korean} ({sheet.faults[row.name][0]:.0f}번 코일부터)" for row in rows
        ),
        writes=_Fixed(sheet.faults, tuple(sheet.disturbances), sheet.lot),
    )


def _told(row: Fault, sheet: Draw) -> str:
    first, until, size, _, place = sheet.faults[row.name]
    where = f", {row.place} {place:.0f}" if row.place else ""
    end = "" if until == FOREVER else f" to {until - 1:.0f}"
    return f"{row.english} ({size:.3g} {row.unit}{where}, from coil {first:.0f}{end})"
