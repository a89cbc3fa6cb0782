"""The columns beside the agent's: the same coils with no agent, and with the rule table."""

from pathlib import Path
from typing import Any

from ...plant_sim.errors import SimulationError

HOLD = "hold"  # seat and sub-folder: what the line does when nobody touches it
_PATIENCE = 300.0  # plant s a coil may take on average


def play_hold(folder: Path, seed: int, scenario: str, coils: int) -> dict[str, Any]:
    """Let the line run by its own automation; record coils and truth as the virtual PLC does.

    Args:
        folder: gets coils.jsonl and truth.parquet.
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
        if line.time > coils * _PATIENCE:
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
