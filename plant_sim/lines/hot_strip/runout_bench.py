"""A run-out table without a mill: strip of a chosen kind is handed over, coil after coil.

For tests, benchmarks and the identification of level 2's parameters. The strip has what a mill
gives it: a colder head, waves of skid marks, noise of the pyrometer, acceleration behind the head;
the water has a wave of minutes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from ...engine.build import compile_sources
from ...errors import ConfigError
from . import parameters as P  # noqa: N812  the layout, read as P.COILER
from . import runout_rows as R  # noqa: N812  the layout, read as R.SPEED
from .config import default_mill
from .runout import SUBSTEPS

SOURCES = (
    "engine.random",
    "physics.strip_temperature",
    "physics.boiling",
    "physics.laminar_cooling",
    "physics.transformation",
    "control.cooling_setup",
    "control.cooling_feedback",
    "lines.hot_strip.runout",
    "lines.hot_strip.runout_valves",
    "lines.hot_strip.runout_control",
    "lines.hot_strip.coiler",
    "lines.hot_strip.runout_drive",
)
RAMP = 0.15  # m/s: of speed an interval on the bench [M 3.11]
HEAD_COLD, HEAD_WAY = 15.0, 6.0  # K, m: the head is colder, and fades so far behind it [M 3.7]
SKID, SKID_WAY = 6.0, 110.0  # K, m of strip: wave of the skid marks [M 4.1]
RIPPLE, RIPPLE_WAY = 3.0, 37.0  # K, m of strip: a shorter wave [M 4.1]
FDT_NOISE = 2.0  # K: deviation of the finishing pyrometer [M 4.2]
WATER_WAVE, WATER_PERIOD = 3.0, 600.0  # K, s: water temperature between tank and tower [M 4.2]
TURN = 6.283185307179586  # 1: a circle [C]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Strip:
    """A coil to be cooled.

    Attributes:
        gauge: m.
        fdt: finishing delivery temperature (K).
        ct: coiling temperature aimed at (K).
        carbon: weight %.
        speed: at threading (m/s).
        zoom: acceleration once the head is coiled (m/s2).
    """

    gauge: float = 2.6e-3
    fdt: float = 1161.0
    ct: float = 893.0
    carbon: float = 0.08
    speed: float = 8.8
    zoom: float = 0.02


@cache
def kernels() -> ModuleType:
    """Return the compiled drivers of the table alone."""
    return compile_sources(SOURCES)["lines.hot_strip.runout_drive"]


class TableBench:
    """Run-out tables side by side, each of its own strip.

    Args:
        strips: one for each table.
        seed: of disturbances and noise; also clogs the nozzles.
        calm: without any disturbance and noise.
        substeps: of an interval.

    Raises:
        ConfigError: without a strip.
    """

    def __init__(
        self, strips: Sequence[Strip], seed: int = 0, calm: bool = False, substeps: int = SUBSTEPS
    ) -> None:
        if not strips:
            raise ConfigError("0 strips were given; give one for each table")
        self.n, self.substeps = len(strips), substeps
        self.rough = 0.0 if calm else 1.0
        self._lanes = -(-self.n // R.LANES) * R.LANES
        self.table = np.zeros(R.COUNT * self._lanes)
        self._view = self.table.reshape(-1, R.COUNT, R.LANES)
        self._mill = default_mill().parameters()
        self._random = np.random.default_rng(seed)
        self.time = 0.0
        keys = np.random.SeedSequence(seed).generate_state(self._lanes, np.uint64)
        kernels().begin_tables(self.table, keys)
        if calm:
            for bank in range(P.BANKS):
                self.set(R.CLOG + bank, 0.0)
        self.order(strips)
        self._speed = self._of("speed")

    def set(self, row: int, values: Values | float) -> None:
        """Set one row of all tables; unused lanes repeat the last table."""
        full = np.empty(self._lanes)
        full[: self.n] = values
        full[self.n :] = full[self.n - 1]
        self._view[:, row, :] = full.reshape(-1, R.LANES)

    def row(self, row: int) -> Values:
        """Return a copy (n,) of one row of all tables."""
        values: Values = self._view[:, row, :].reshape(-1)[: self.n].copy()
        return values

    def order(self, strips: Sequence[Strip]) -> None:
        """Say which strip comes next to each table."""
        self.strips = tuple(strips)
        for row, name in (
            (R.GAUGE_AIM, "gauge"), (R.EXIT, "gauge"), (R.FDT, "fdt"), (R.FDT_AIM, "fdt"),
            (R.CT_AIM, "ct"), (R.CARBON, "carbon"), (R.CARBON_DECLARED, "carbon"),
            (R.ZOOM_RATE, "zoom"),
        ):  # fmt: skip
            self.set(row, self._of(name))
        self.set(R.WIDTH, 1.25)
        self._begin()

    def _begin(self) -> None:
        self._done, self._zoom = np.zeros(self.n), np.zeros(self.n)
        self._phase = self._random.uniform(0.0, TURN, self.n)

    def _of(self, name: str) -> Values:
        return np.array([getattr(strip, name) for strip in self.strips])

    def gap(self, seconds: float = 20.0) -> None:
        """Let the table run empty and level 2 prepare the next strip."""
        self._begin()
        self._run(seconds, False)

    def roll(self, seconds: float = 100.0, hold: Mapping[int, float] | None = None) -> None:
        """Deliver strip for so long; `hold` fixes rows that the bench would hand over."""
        self._run(seconds, True, hold or {})

    def learn(self) -> None:
        """Let level 2 learn from the coil that has passed."""
        kernels().learn_tables(self.table)

    def _run(self, seconds: float, rolling: bool, hold: Mapping[int, float] | None = None) -> None:
        for _ in range(round(seconds / R.INTERVAL)):
            noise = np.zeros((R.NOISES + 1, self.n))
            if self.rough:
                noise = self._random.standard_normal(noise.shape)
            aim = self._of("speed") + self._zoom
            self._speed = self._speed + np.clip(aim - self._speed, -RAMP, RAMP)
            self.set(R.SPEED, self._speed)
            self.set(R.SPEED_SEEN, self._speed)
            wave = np.sin(TURN * self.time / WATER_PERIOD + np.arange(self.n))
            self.set(R.WATER_TEMPERATURE, 298.0 + self.rough * WATER_WAVE * wave)
            self.set(R.ACTIVE, float(rolling))
            self.set(R.STRIP_DONE, self._done)
            self.set(R.STRIP_LEFT, 1e4)
            lead = self._mill[P.COILER] - self._done
            self.set(R.ZOOM_LEAD, np.maximum(lead, 0.0))
            if rolling:
                self.set(R.FDT, self._delivered())
                self.set(R.FDT_SEEN, self.row(R.FDT) + FDT_NOISE * noise[-1])
                self._done = self._done + self._speed * R.INTERVAL
                self._zoom = self._zoom + (lead <= 0.0) * self._of("zoom") * R.INTERVAL
            for k in range(R.NOISES):
                self.set(R.NOISE + k, np.clip(noise[k], -3.0, 3.0))
            for row, value in (hold or {}).items():
                self.set(row, value)
            kernels().advance_table(1, self.table, self._mill, self.substeps)
            self.time += R.INTERVAL

    def _delivered(self) -> Values:
        skid = SKID * np.sin(TURN * self._done / SKID_WAY + self._phase)
        ripple = RIPPLE * np.sin(TURN * self._done / RIPPLE_WAY + 2.0 * self._phase)
        waves: Values = skid + ripple - HEAD_COLD * np.exp(-self._done / HEAD_WAY)
        return self._of("fdt") + self.rough * waves

    def hit(self) -> Values:
        """Return the share of the mass within 15 K since the last call, of what was seen."""
        rolled, off = self.row(R.CT_ROLLED), self.row(R.CT_OFF)
        self.set(R.CT_ROLLED, 0.0)
        self.set(R.CT_OFF, 0.0)
        share: Values = 1.0 - off / np.maximum(rolled, 1e-9)
        return share
