"""Labelled snapshots as rows: what could be seen, what was legal, what each move would have cost.

A row is self-contained: a seat is asked with its snapshot and its legal moves, exactly as on a
plant, and the costs beside it judge the answer. Rows live in JSON files; their hash goes on the
card of what was trained on them.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..plant_sim.controls import Move
from ..plant_sim.errors import ConfigError
from ..plant_sim.signals import Quality, Sample
from .encoder import answer_text

if TYPE_CHECKING:
    from ..plant_sim.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled snapshot. Values SI, costs EUR over the horizon.

    Attributes:
        scenario: it comes from.
        seed: of its campaign.
        time: plant clock (s).
        coil: number of the coil.
        rolling: whether strip was in the mill, past its head.
        features: digested residuals of the snapshot, set-points among them.
        alerts: its alerts.
        order: what was ordered, by signal name.
        moves: (control, value, label) of each legal move; the first is to hold.
        costs: mean cost of each.
        harms: worst harm of each over the futures.
        admissible: whether each may be chosen, by the rule of `BranchTable.admissible`.
        label: index of the right answer.
    """

    scenario: str
    seed: int
    time: float
    coil: int
    rolling: bool
    features: dict[str, float]
    alerts: tuple[str, ...]
    order: dict[str, float]
    moves: tuple[tuple[str, float, str], ...]
    costs: tuple[float, ...]
    harms: tuple[float, ...]
    admissible: tuple[bool, ...]
    label: int

    @property
    def legal(self) -> list[Move]:
        """The legal moves."""
        return [Move(*move) for move in self.moves]

    @property
    def answer(self) -> str:
        """The right answer as a model writes it."""
        return answer_text(Move(*self.moves[self.label]))

    def harmful(self, chosen: int) -> bool:
        """Return whether move `chosen` does more harm than holding on the same futures."""
        return not self.admissible[chosen]

    def regret(self, chosen: int) -> float:
        """Return what move `chosen` costs more than the cheapest that does no harm (EUR).

        Never below zero: what a harmful move saves is no merit.
        """
        free = [cost for move, cost in enumerate(self.costs) if not self.harmful(move)]
        return max(0.0, self.costs[chosen] - min(free))

    def snapshot(self) -> "Snapshot":
        """Return what a seat may see of this row."""
        from ..plant_sim.snapshot import Snapshot

        return Snapshot(
            time=self.time,
            coil=self.coil,
            rolling=self.rolling,
            samples={
                name: Sample(value, Quality.GOOD, self.time, self.time)
                for name, value in self.order.items()
            },
            features=self.features,
            alerts=self.alerts,
        )


def write_rows(file: Path, rows: Sequence[Row]) -> str:
    """Write rows to `file` as JSON, one a line of a list, and return their hash."""
    lines = [json.dumps(asdict(row), sort_keys=True) for row in rows]
    file.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    return rows_sha256(rows)


def read_rows(file: Path) -> list[Row]:
    """Read rows from `file`.

    Raises:
        ConfigError: if the file is missing or does not hold rows.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return [_row(fields) for fields in found]
    except FileNotFoundError:
        raise ConfigError(f"{file} is missing; make it with: passline dataset") from None
    except (TypeError, ValueError, KeyError) as wrong:
        raise ConfigError(f"{file} does not hold labelled rows ({wrong}); make it anew") from wrong


def _row(fields: Mapping[str, Any]) -> Row:
    lists = {
        "alerts": tuple(fields["alerts"]),
        "moves": tuple(
            (str(name), float(value), str(word)) for name, value, word in fields["moves"]
        ),
        "costs": tuple(fields["costs"]),
        "harms": tuple(fields["harms"]),
        "admissible": tuple(fields["admissible"]),
    }
    return Row(**{**fields, **lists})


def rows_sha256(rows: Sequence[Row]) -> str:
    """Return the hash of rows; it does not depend on the file they lie in."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(asdict(row), sort_keys=True).encode())
    return digest.hexdigest()
