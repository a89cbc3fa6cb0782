"""Which samples may be used: present, good, possible, fresh, and not repeating themselves.

A value that may not be used is not replaced: what hangs on it is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from statistics import median

from ...signals import Sample, Signal
from .mill import TrackedMill
from .page import Health

STALE = 3.0  # s: older than the others, and a sample says nothing of now [M]
FREEZES = 12.0  # s: an instrument with noise that shows one number so long has stopped [M]
BEYOND = 5.0  # 1: deviations of its noise that a reading may lie outside its range [M]

JUDGED = (
    "fm.fdt", "fm.entry_temperature", "fm.exit_thickness", "rot.mid_temperature",
    "rot.coiling_temperature", "fm.speed",
)  # fmt: skip


def used_signals(mill: TrackedMill) -> tuple[str, ...]:
    """Return the names of all signals that tracking reads."""
    stands = mill.numbers
    return (
        "coil.number", "coil.phase", "coil.position", "coil.width", "coil.gauge_aim",
        "coil.fdt_aim", "coil.ct_aim", "coil.carbon", "line.event",
        "fm.spray_opening", "rot.water_temperature", "coiler.mandrel_speed",
        "rm.pass", "rm.rdt", "rm.gap", "rm.roll_force", "rm.bar_length", "rm.width", "rm.speed",
        *JUDGED,
        *(f"f{s}.roll_force" for s in stands), *(f"f{s}.speed" for s in stands),
        *(f"rot.bank_{b}_flow" for b in range(1, mill.banks + 1)),
        *(f"furnace{f}.slabs" for f in range(1, mill.furnaces + 1)),
        *(f"furnace{f}.next_slab_temperature" for f in range(1, mill.furnaces + 1)),
    )  # fmt: skip


@dataclass(slots=True)
class _Stand:
    """A number that an instrument has shown without a change, and for how long (s)."""

    value: float
    seconds: float


class Intake:
    """Sieves samples; remembers only how long an instrument has repeated itself.

    Args:
        signals: of the line; their ranges and noises are used.
        mill: data sheet.
    """

    def __init__(self, signals: Mapping[str, Signal], mill: TrackedMill) -> None:
        self._watched = (*JUDGED, *(f"f{s}.roll_force" for s in mill.numbers))
        self._limits: list[tuple[str, float, float]] = []
        for name in used_signals(mill):
            signal = signals.get(name)
            if signal is not None:
                slack = BEYOND * signal.noise + 1e-9
                self._limits.append((name, signal.low - slack, signal.high + slack))
        self._same: dict[str, _Stand] = {}

    @staticmethod
    def moment(samples: Mapping[str, Sample]) -> float | None:
        """Return the plant time of most samples (s): one wild clock does not move it."""
        times = [sample.time for sample in samples.values() if isfinite(sample.time)]
        return float(median(times)) if times else None

    def take(self, samples: Mapping[str, Sample], now: float) -> dict[str, float]:
        """Return the values that may be used, by name (SI)."""
        values: dict[str, float] = {}
        for name, low, high in self._limits:
            sample = samples.get(name)
            if sample is None or not sample.good:
                continue
            if low <= sample.value <= high and abs(now - sample.time) <= STALE:
                values[name] = float(sample.value)
        return values

    def sieve_frozen(self, values: dict[str, float], passed: float, rolling: bool) -> None:
        """Take out what has stopped; an instrument without strip may well stand still."""
        for name in self._watched:
            value = values.get(name)
            if value is None or not rolling:
                self._same.pop(name, None)
                continue
            same = self._same.get(name)
            if same is None or same.value != value:
                self._same[name] = _Stand(value, 0.0)
            else:
                same.seconds += passed
                if same.seconds >= FREEZES:
                    del values[name]

    def health(self, name: str, values: Mapping[str, float]) -> Health:
        """Return whether an instrument was usable in the last update."""
        if name in values:
            return "good"
        same = self._same.get(name)
        return "frozen" if same is not None and same.seconds >= FREEZES else "absent"
