"""The columns beside the agent's: the same coils with no agent, and with the rule table."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...plant_sim.errors import SimulationError
from .plots import Both

BASELINES = "baselines.json"  # in the run folder: the same coils with no agent and with rules
HOLD = "hold"  # seat and sub-folder: what the line does when nobody touches it
_PATIENCE, _STANDSTILL = 300.0, 3600.0  # plant s: a coil on average, and events beside it


class Baselines:
    """Plays both columns of a run in a thread of its own.

    Args:
        folder: the run folder.
        seed: of the plant.
        scenario: of the plant.
        coils: how many to roll.
        failed: told once if they cannot be played; the run goes on without.
    """

    def __init__(
        self, folder: Path, seed: int, scenario: str, coils: int, failed: Callable[[Both], None]
    ) -> None:
        self._folder, self._plant, self._failed = folder, (seed, scenario, coils), failed
        self._columns: dict[str, dict[str, Any]] = {}
        self._thread = threading.Thread(target=self._play, name="baselines", daemon=True)

    def start(self) -> None:
        """Begin to play."""
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait until both are played, at most so many wall seconds."""
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def coils(self) -> dict[str, list[dict[str, Any]]]:
        """Return the coils of the columns played so far, by seat."""
        return {seat: column["coils"] for seat, column in list(self._columns.items())}

    def _play(self) -> None:
        try:
            self._columns[HOLD] = play_hold(self._folder / HOLD, *self._plant)
            self._columns["rules"] = play_rules(*self._plant)
            draft = self._folder / f"{BASELINES}.tmp"
            draft.write_text(json.dumps(self._columns, indent=1), encoding="utf-8")
            draft.replace(self._folder / BASELINES)
        except Exception as error:  # noqa: BLE001 - the thread's boundary; the run goes on without
            self._failed(
                Both(
                    f"The same coils could not be played without the agent: {error}",
                    f"에이전트 없는 비교 압연을 하지 못했습니다: {error}",
                )
            )


def play_hold(folder: Path, seed: int, scenario: str, coils: int) -> dict[str, Any]:
    """Let the line run by its own automation; record coils and truth as the virtual PLC does.

    Args:
        folder: gets coils.jsonl, alarms.jsonl and truth.parquet.
        seed: of the plant.
        scenario: of the plant.
        coils: how many to roll.

    Raises:
        SimulationError: the coils do not come to an end.
    """
    from ...connectors.virtual_plc.records import TRUTH_PERIOD, CoilBook
    from ...plant_sim import make_line
    from ...plant_sim.rollouts.play import coil_row

    folder.mkdir(parents=True, exist_ok=True)
    line, book = make_line("hot-strip", seed=seed, scenario=scenario), CoilBook(folder)
    while len(line.coils) < coils:
        line.advance(TRUTH_PERIOD)
        book.look(line)
        if line.time > coils * _PATIENCE + _STANDSTILL:
            raise SimulationError(
                f"only {len(line.coils)} of {coils} coils after {line.time:.0f} s of plant time"
            )
    book.close()
    return {"coils": [coil_row(coil) for coil in line.coils[:coils]], "moves": 0}


def play_rules(seed: int, scenario: str, coils: int) -> dict[str, Any]:
    """Let the rule table sit at the desk, asked once a decision period while an alert stands."""
    from ...plant_sim.control.rules import RuleSeat
    from ...plant_sim.rollouts.play import coil_row, play_block

    (episode,) = play_block(RuleSeat(), [seed], scenario, coils)
    return {
        "coils": [coil_row(coil) for coil in episode.coils],
        "moves": sum(step.control != "none" for step in episode.steps),
        "asked": sum(bool(step.alerts) for step in episode.steps),  # without an alert nobody is
    }
