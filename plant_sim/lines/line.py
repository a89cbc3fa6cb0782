"""What every line is, whatever it rolls, and how one is made by name."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..alarms import AlarmSystem
from ..controls import Control
from ..errors import ConfigError
from ..signals import Sample, Signal
from .hot_strip.fine.mills import Resolution
from .hot_strip.lanes import Coil, LineState
from .hot_strip.line import HotStripLine

LINES = {"hot-strip": HotStripLine}


class Line(Protocol):
    """One simulated line; SI inside, plant clock in seconds."""

    signals: Mapping[str, Signal]
    controls: Mapping[str, Control]
    alarms: AlarmSystem

    @property
    def time(self) -> float:
        """Plant clock (s)."""

    @property
    def coils(self) -> list[Coil]:
        """The finished coils."""

    def read(self, names: Iterable[str] | None = None) -> dict[str, Sample]:
        """Return samples by name; all, or those asked for."""

    def read_vector(self) -> NDArray[np.float64]:
        """Return all values (SI) in the order of `signals`."""

    def write(self, values: Mapping[str, float]) -> None:
        """Write set-points (SI), clamped to their range."""

    def advance(self, seconds: float) -> None:
        """Let the plant clock run."""

    def save(self) -> LineState:
        """Return the whole state."""

    def restore(self, state: LineState) -> None:
        """Go back to a state taken with `save`."""

    def truth(self) -> dict[str, float]:
        """Return the ground truth: for reports and evaluation, never for a seat."""


def make_line(
    name: str,
    seed: int = 0,
    scenario: str = "nominal",
    config: object | None = None,
    resolution: Resolution = "supervisory",
    book: Path | str | None = None,
) -> Line:
    """Return a line at the start of a campaign.

    Args:
        name: "hot-strip".
        seed: draws orders, plant parameters, disturbances and faults.
        scenario: a name of `scenarios.SCENARIOS`.
        config: a mill of one's own: the path of a mill file; None: the default mill.
        resolution: "supervisory", or "fine": the finishing mill in steps of 5 ms.
        book: orders to roll: a CSV file or the name of a shipped book; None leaves them to the
            scenario.

    Raises:
        ConfigError: for a name, seed, scenario, mill file, resolution or book that does not exist
            or is wrong.
    """
    if name not in LINES:
        raise ConfigError(f"line {name!r} does not exist; choose one of {', '.join(LINES)}")
    return LINES[name](
        seed=seed, scenario=scenario, config=config, resolution=resolution, book=book
    )
