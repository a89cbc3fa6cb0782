"""What roll forces tell: level 2's factor for every stand, how hard the steel is, which cell lies.

Forces are compared with level 2's own model at thicknesses from mass flow and temperatures between
the pyrometer before F1 and the delivery model; the finishing pyrometer has no part in it, so it
cannot move the hardness when it lies. Front stands tell the hardness, a stand alone its load cell,
and the back stands against the front ones how hot the strip leaves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import fmean, median

from ...errors import PasslineError
from ..level2_model import force
from .levels import Key, Levels, Running, joined
from .mill import TrackedMill
from .motion import SLIP
from .page import Belief

# 1: share of the fall from the first stand's temperature to the delivery temperature before a
# stand, of seven [C 3.10]
COOLED = (0.0, 0.20, 0.36, 0.48, 0.66, 0.82, 0.97)
COOLED_OF_SIX = (0.0, 0.27, 0.45, 0.67, 0.84, 1.00)  # 1: same, of six stands [C 3.10]
COOLED_OF_FIVE = (0.0, 0.35, 0.66, 0.87, 1.02)  # 1: same, of five stands [C 3.10]
# 1: logarithm of measured over model force of steel of usual hardness at TEMPERED, by stand, of
# seven [C benchmarks/tracking.py]
BASE = (-0.024, -0.074, -0.088, -0.097, -0.123, -0.149, -0.163)
BASE_OF_SIX = (-0.036, -0.036, -0.018, -0.043, -0.106, -0.119)  # 1: same, of six stands [C same]
BASE_OF_FIVE = (-0.033, -0.045, -0.073, -0.146, -0.123)  # 1: same, of five stands [C same]
TEMPERED = 1250.0  # K: temperature at which BASE holds [C same]
TEMPER = 1800.0  # K: by inverse temperature the real force falls more than the model's [C same]
# 1/K: fall of the logarithm of force of a back over a front stand by delivery temperature, as
# TEMPER and the model's own slope give it [C]
BACK_SLOPE = -0.00178
OWN_STAND, OF_PRODUCT, OF_COIL = 0.025, 0.008, 0.003  # 1: deviations of a stand's factor [C same]
LAST_STAND, LAST_COIL = 0.045, 0.012  # 1: of the last one, its strip between two phases [C same]
COMMON_HARD, PRODUCT_HARD = (
    0.025,
    0.020,
)  # 1: deviations of hardness, of all and of one grade [M 6.2]
LOT_HARD, COIL_HARD = 0.03, 0.015  # 1: of a lot, and from coil to coil [M 6.2]
ONE_READING, NEVER_SURER = 0.012, 0.004  # 1: deviation of one logarithm, and of many [C same]
CELL_OFF = 0.018  # 1: a force further from what the others say is doubted [C same]
BACK_CELL_OFF = 0.030  # 1: same of the last three stands, whose strip is less known [C same]
LEAST_DRAFT, MOST_DRAFT = 0.01, 0.75  # 1: reductions that may be real [M 3.10]
MEMORY = 24  # readings that a stand's short-term factor remembers
SETTLED = 6  # readings before a cell is judged


@dataclass(frozen=True, slots=True)
class Pass:
    """One moment of the finishing mill.

    Attributes:
        thicknesses: before F1 and behind every stand (m); None where not known.
        temperatures: before every stand (K).
        speed: of the strip behind the last stand (m/s).
        width: m.
        carbon: weight %.
    """

    thicknesses: tuple[float | None, ...]
    temperatures: tuple[float, ...]
    speed: float
    width: float
    carbon: float


def thicknesses(
    values: Mapping[str, float], stands: range, bar: float | None, exit: float, speed: float
) -> tuple[float | None, ...]:
    """Return the thickness before the first and behind every stand (m), by mass flow.

    Args:
        values: speeds of the rolls.
        stands: their numbers in the names of the signals.
        bar: before the first (m), None if not known.
        exit: behind the last stand (m).
        speed: of the strip there (m/s).
    """
    chain: list[float | None] = [bar]
    for s in stands[:-1]:
        roll = values.get(f"f{s}.speed", 0.0)
        chain.append(speed * exit / (roll * (1.0 + SLIP)) if roll > 0.05 else None)
    return (*chain, exit)


class Forces:
    """Short- and long-term factors of the stands, hardness, and the health of the load cells."""

    def __init__(self, mill: TrackedMill) -> None:
        self._radii, self._numbers = mill.radii, mill.numbers
        count = len(mill.radii)
        self._cooled = {5: COOLED_OF_FIVE, 6: COOLED_OF_SIX}.get(count, COOLED)
        self._base = {5: BASE_OF_FIVE, 6: BASE_OF_SIX}.get(count, BASE)
        # stands that are compared; in a short mill the front ones are few
        self._front = range(3 if count > 5 else 2)
        self._hard = range(max(count - 3, 3))
        self._back = range(count - 3, count - 1)
        self.hard = Levels(COMMON_HARD, PRODUCT_HARD, COIL_HARD, LOT_HARD, drift=0.002)
        self._own = [
            Levels(
                LAST_STAND if s == count - 1 else OWN_STAND,
                LAST_STAND if s == count - 1 else OF_PRODUCT,
                LAST_COIL if s == count - 1 else OF_COIL, drift=0.0005,
            )
            for s in range(count)
        ]  # fmt: skip
        self._heat = tuple(TEMPERED for _ in range(count))
        self.begin()

    @property
    def stands(self) -> int:
        """How many stands the mill has."""
        return len(self._radii)

    def begin(self) -> None:
        """Begin a coil: short-term factors are not known."""
        count = len(self._radii)
        self._factors = [Running(ONE_READING, MEMORY, 0.002) for _ in range(count)]
        self._excess = [Running(ONE_READING, MEMORY, NEVER_SURER) for _ in range(count)]
        self._found: tuple[Key, list[Belief | None], Belief | None] | None = None

    def temperatures(self, entry: float, delivery: float) -> tuple[float, ...]:
        """Return the temperature before every stand (K) between F1's and the delivery."""
        return tuple(entry - share * (entry - delivery) for share in self._cooled)

    def step(self, values: Mapping[str, float], now: Pass) -> None:
        """Compare the forces of one moment with the model."""
        self._heat, self._found = now.temperatures, None
        exit = now.thicknesses[-1]
        for s, (number, radius) in enumerate(zip(self._numbers, self._radii, strict=True)):
            seen = values.get(f"f{number}.roll_force", 0.0)
            entry, leave = now.thicknesses[s], now.thicknesses[s + 1]
            if seen <= 0.0 or entry is None or leave is None or exit is None:
                continue
            if not LEAST_DRAFT <= 1.0 - leave / entry <= MOST_DRAFT:
                continue
            speed, heat = now.speed * exit / leave, now.temperatures[s]
            try:
                expected = force(entry, leave, now.width, radius, speed, heat, now.carbon)
            except (PasslineError, ArithmeticError, ValueError):
                continue  # outside what the model's formulas hold for
            if not expected > 0.0:
                continue
            factor = log(seen / expected)
            self._factors[s].take(factor)
            self._excess[s].take(factor - self._usual(s, heat))

    def _usual(self, s: int, heat: float) -> float:
        """Return the logarithm of the factor of usual steel at a temperature (K)."""
        return self._base[s] + TEMPER * (1.0 / heat - 1.0 / TEMPERED)

    def _compared(self, key: Key) -> tuple[list[Belief | None], Belief | None]:
        """Return what stands' factors lie above their own levels, and what that says of the steel.

        All are logarithms. The steel's is None if too few stands tell.
        """
        if self._found is None or self._found[0] != key:
            beyond = [
                None if (seen := running.belief()) is None else _less(seen, own.expected(key))
                for running, own in zip(self._excess, self._own, strict=True)
            ]
            self._found = (key, beyond, _shared([beyond[s] for s in self._hard]))
        return self._found[1], self._found[2]

    def measured(self, key: Key) -> Belief | None:
        """Return the logarithm of this coil's hardness by its forces alone; None if too few."""
        return self._compared(key)[1]

    def hardness(self, key: Key) -> Belief | None:
        """Return this coil's hardness (1) by its forces and what was expected; None before both."""
        seen = self.measured(key)
        if seen is None:
            return None
        prior = self.hard.expected(key)
        off = seen.value - prior.value
        if off * off > 9.0 * (seen.deviation**2 + prior.deviation**2):
            prior = Belief(prior.value, abs(off))  # another steel: what was expected says little
        both = joined(seen, prior)
        return None if both is None else _factor(both)

    def expected(self, key: Key) -> Belief:
        """Return the hardness (1) expected of the next coil of a product."""
        return _factor(self.hard.expected(key))

    def stands_now(self) -> tuple[Belief | None, ...]:
        """Return measured over model force by stand, of this coil."""
        beliefs = [running.belief() for running in self._factors]
        return tuple(None if one is None else _factor(one) for one in beliefs)

    def stands_next(self, key: Key) -> tuple[Belief, ...]:
        """Return the factors expected of the next coil of a product, at present temperatures."""
        hard = self.hard.expected(key)
        found = []
        for s, level in enumerate(self._own):
            own = level.expected(key)
            value = self._usual(s, self._heat[s]) + own.value + hard.value
            found.append(_factor(Belief(value, sqrt(own.deviation**2 + hard.deviation**2))))
        return tuple(found)

    def delivery_off(self, key: Key) -> Belief | None:
        """Return by how much strip leaves hotter than was assumed (K), as the forces say."""
        beyond, _ = self._compared(key)
        front = [one for s in self._front if (one := beyond[s]) is not None]
        back = [one for s in self._back if (one := beyond[s]) is not None]
        if len(front) < 2 or not back:
            return None
        ahead = median(one.value for one in front)
        off = fmean(one.value for one in back) - ahead
        spread = fmean(one.deviation for one in back) / sqrt(len(back))
        spread = sqrt(spread**2 + fmean(one.deviation for one in front) ** 2 / len(front))
        return Belief(off / BACK_SLOPE, abs(spread / BACK_SLOPE))

    def cell(self, s: int, key: Key) -> tuple[bool, Belief | None]:
        """Return whether the load cell of stand `s` is doubted, and its excess (share).

        Stands are counted from 0, the first of the mill.
        """
        beyond, seen = self._compared(key)
        here = beyond[s]
        if seen is None or here is None or self._excess[s].count < SETTLED:
            return False, None
        others = [one.value for t in self._hard if t != s and (one := beyond[t]) is not None]
        off = here.value - (median(others) if others else seen.value)
        spread = sqrt(here.deviation**2 + seen.deviation**2)
        far = BACK_CELL_OFF if s >= len(self._radii) - 3 else CELL_OFF
        return abs(off) > max(far, 3.0 * spread), Belief(off, spread)

    def close(self, key: Key, doubted: Sequence[int], temperatures_known: bool) -> None:
        """Learn from a whole coil.

        Args:
            key: its product.
            doubted: stands whose load cell is not believed.
            temperatures_known: whether the delivery temperature was believed; without it only the
                hardness is learned.
        """
        seen = self.measured(key)
        if seen is None:
            return
        self.hard.learn(key, seen.value, seen.deviation)
        for s, (running, level) in enumerate(zip(self._excess, self._own, strict=True)):
            own = running.belief()
            if own is not None and s not in doubted and temperatures_known:
                level.learn(key, own.value - seen.value, own.deviation)
        self._found = None


def _less(seen: Belief, own: Belief) -> Belief:
    return Belief(seen.value - own.value, sqrt(seen.deviation**2 + own.deviation**2))


def _shared(stands: Sequence[Belief | None]) -> Belief | None:
    """Return what stands have in common, one that lies far from the others left out."""
    known = [one for one in stands if one is not None]
    if len(known) < 2:
        return None
    middle = median(one.value for one in known)
    kept = [one for one in known if abs(one.value - middle) < CELL_OFF] or known
    shared = fmean(one.deviation for one in kept) / sqrt(len(kept))
    return Belief(
        fmean(one.value for one in kept), sqrt(shared * shared + NEVER_SURER * NEVER_SURER)
    )


def _factor(of: Belief) -> Belief:
    """Return the factor of a logarithm."""
    value = exp(min(max(of.value, -2.0), 2.0))
    return Belief(value, value * of.deviation)
