"""One hot strip line, as a virtual PLC, an agent in process or a curious person uses it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import ConfigError
from ...scenarios.orders import Book
from ...signals import Quality, Sample, Signal
from .alarm_table import alarm_system
from .config import mill_of
from .fine.mills import Resolution
from .lanes import INTERVAL, Coil, HotStripLanes, LineState

if TYPE_CHECKING:
    from ...controls import Control


class HotStripLine:
    """One line: read what it shows, write its set-points, let its clock run.

    It runs without anybody: level 1, level 2 and the alarms are part of it. Arguments and errors as
    `HotStripLanes`.

    Attributes:
        signals: what it shows, by name.
        controls: what may be asked of it, by name.
        alarms: judged at every control interval; whoever operates acknowledges, shelves and resets
            here.

    >>> line = HotStripLine(seed=3)
    >>> line.advance(60.0)
    >>> line.time, round(line.read(["fm.speed"])["fm.speed"].value) in range(6, 13)
    (60.0, True)
    """

    def __init__(
        self,
        seed: int = 0,
        scenario: str = "nominal",
        config: object | None = None,
        resolution: Resolution = "supervisory",
        book: Book | Path | str | None = None,
    ) -> None:
        mill = mill_of(config)
        self._lanes = HotStripLanes([seed], scenario, mill, resolution=resolution, book=book)
        self._owed = 0.0
        self._finished: list[Coil] = []
        self.signals: Mapping[str, Signal] = self._lanes.signals
        self.controls: Mapping[str, Control] = self._lanes.controls
        self.alarms = alarm_system(mill)
        place = {name: n for n, name in enumerate(self.signals)}
        self._watched = np.array([place[name] for name in self.alarms.signals])

    @property
    def time(self) -> float:
        """Plant clock (s)."""
        return float(self._lanes.time[0])

    @property
    def coils(self) -> list[Coil]:
        """The finished coils."""
        if len(self._finished) != self._lanes.finished_counts()[0]:
            self._finished = self._lanes.finished(0)
        return self._finished.copy()

    @property
    def money(self) -> float:
        """EUR since the campaign began, the running coil included."""
        return float(self._lanes.money()[0])

    def read(self, names: Iterable[str] | None = None) -> dict[str, Sample]:
        """Return samples by name; all of them, or those asked for.

        Raises:
            ConfigError: for a name that is no signal.
        """
        samples = self._lanes.samples(0)
        if names is None:
            return samples
        try:
            return {name: samples[name] for name in names}
        except KeyError as unknown:
            raise ConfigError(f"{unknown} is no signal of this line; see line.signals") from None

    def read_vector(self) -> NDArray[np.float64]:
        """Return all values (SI) in the order of `signals`."""
        values: NDArray[np.float64] = self._lanes.read()[0]
        return values

    def write(self, values: Mapping[str, float]) -> None:
        """Write set-points (SI), clamped to their range; all, or none if one is wrong."""
        for name, value in values.items():
            if name not in self.controls or not np.isfinite(value):
                self._lanes.write(name, value)  # raises, before anything was written
        for name, value in values.items():
            self._lanes.write(name, float(value))

    def advance(self, seconds: float) -> None:
        """Let the plant clock run; less than an interval (0.5 s) is carried to the next call.

        Raises:
            ConfigError: for a negative or infinite time.
        """
        if not 0.0 <= seconds < 1e9:
            raise ConfigError(f"seconds {seconds} must be 0 or more and finite")
        self._owed += seconds
        intervals = int(self._owed / INTERVAL + 1e-9)
        self._owed -= intervals * INTERVAL
        for _ in range(intervals):
            self._lanes.advance(1)
            self._judge_alarms()

    def _judge_alarms(self) -> None:
        values, quality = self._lanes.look(0)
        seen = values[self._watched]
        seen[~np.isfinite(seen)] = np.nan
        if quality is not Quality.GOOD:
            seen[:] = np.nan
        self.alarms.take(seen, self.time)

    def save(self) -> LineState:
        """Return the whole state."""
        return replace(self._lanes.lane(0), alarms=self.alarms.save())

    def restore(self, state: LineState) -> None:
        """Go back to a state taken with `save`.

        Raises:
            ConfigError: if it was taken from a line of another mill or resolution.
        """
        self._lanes.put(0, state)
        self.alarms.restore(state.alarms or self.alarms.at_rest().save())
        self._owed, self._finished = 0.0, []

    def truth(self) -> dict[str, float]:
        """Return the ground truth: for reports and evaluation, never for a seat."""
        return self._lanes.truth(0)
