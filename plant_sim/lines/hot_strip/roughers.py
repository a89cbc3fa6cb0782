"""One rougher on its own in Python: slabs in, bars out; for tests, benchmarks and single tasks."""

from dataclasses import astuple, dataclass
from functools import cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from ...engine.build import compile_sources
from ...errors import SimulationError
from . import faults as K  # noqa: N812
from . import rougher_rows as R  # noqa: N812
from .config import Mill, default_mill

SOURCES = (
    "engine.random", "physics.flow_stress", "physics.roll_bite", "physics.bite_limits",
    "physics.mill_stretch", "physics.strip_temperature", "physics.steel", "physics.spread",
    "physics.edging", "physics.thick_pass", "physics.thick_stock", "control.rougher_setup",
    "control.pacing", "lines.hot_strip.rougher_heat", "lines.hot_strip.rougher_pass",
    "lines.hot_strip.rougher_table", "lines.hot_strip.rougher_pace", "lines.hot_strip.rougher",
    "lines.hot_strip.rougher_show", "lines.hot_strip.rougher_drive",
)  # fmt: skip


@cache
def drivers() -> ModuleType:
    """Return the compiled drivers."""
    return compile_sources(SOURCES)["lines.hot_strip.rougher_drive"]


@dataclass(frozen=True)
class Slab:
    """A slab at the furnace door, in the order of `rougher.receive`.

    Attributes:
        number: of its coil.
        width: m.
        thickness: m.
        length: m.
        carbon: weight %.
        bar: thickness aim of the transfer bar (m).
        strip_width: width aim of the strip (m).
        hardness: flow stress over that of plain steel.
        believed: mean temperature the furnace's level 2 believes in (K).
        mean: true mean temperature (K).
        difference: core minus surface (K).
        skid: how much colder the skid marks are (K).
        ends: how much colder head and tail are (K).
        scale: share of the steel lost in the furnace.
        finishing: seconds expected in the finishing mill.
    """

    number: float = 1.0
    width: float = 1.28
    thickness: float = 0.22
    length: float = 9.0
    carbon: float = 0.08
    bar: float = 34e-3
    strip_width: float = 1.25
    hardness: float = 1.0
    believed: float = 1503.0
    mean: float = 1503.0
    difference: float = 15.0
    skid: float = 25.0
    ends: float = 15.0
    scale: float = 0.012
    finishing: float = 95.0


class Rougher:
    """A rougher with its tables; `rows` is its array, read with `rougher_rows`.

    Args:
        seed: fixes its own parameters and the noise of its instruments.
        mill: the mill's data; None: the default mill.
    """

    def __init__(self, seed: int = 0, mill: Mill | None = None) -> None:
        self.mill = (mill or default_mill()).parameters()
        self.rows: NDArray[np.float64] = np.zeros(R.SIZE)
        self.faults: NDArray[np.float64] = np.zeros(K.KINDS)
        self.clock = 0
        self._key = np.uint64(seed)
        self._bar: NDArray[np.float64] = np.zeros(3)
        drivers().start(self.rows, self._key, 0)

    def receive(self, slab: Slab) -> None:
        """Take a slab at the furnace door.

        Raises:
            SimulationError: if the table from the furnaces is occupied.
        """
        numbers = np.array(astuple(slab), dtype=np.float64)
        if not drivers().take(self.rows, self.mill, self.faults, numbers):
            raise SimulationError(
                f"slab {slab.number:g} cannot leave its furnace: the table before the rougher is "
                "occupied; advance first"
            )

    def advance(self, intervals: int = 1) -> None:
        """Move by some control intervals of 0.5 s."""
        drivers().run(self.rows, self.mill, self.faults, self._key, 0, self.clock, intervals)
        self.clock += intervals

    def piece(self, place: int) -> NDArray[np.float64]:
        """Return the rows of a place: `rougher_rows.APPROACH`, STAND, TABLE or FEED."""
        return self.rows[place : place + R.PIECE]

    def draw_in(self, metres: float) -> tuple[float, float, float, float]:
        """Draw `metres` of a bar into the finishing mill, the next one if none is being drawn.

        Returns:
            What is left of it (m; -1: no bar lies at the mill), and temperature (K), thickness
            (m) and width (m) of what is drawn in.
        """
        left = drivers().draw_in(self.rows, self.mill, metres, self._bar)
        return left, float(self._bar[0]), float(self._bar[1]), float(self._bar[2])

    def announce(self, slab: Slab) -> None:
        """Tell pacing which slab comes next."""
        drivers().order(self.rows, np.array(astuple(slab), dtype=np.float64))

    def slab_in(self, free: float) -> float:
        """Return in how many seconds the announced slab should leave its furnace.

        `free`: seconds until the finishing mill is free; see `rougher_pace.slab_in`.
        """
        due: float = drivers().ask_in(self.rows, self.mill, free)
        return due

    def finished(self, believed: float, seen: float) -> None:
        """Let pacing learn how long a bar took in the finishing mill (s)."""
        drivers().teach(self.rows, believed, seen)
