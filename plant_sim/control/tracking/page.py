"""What tracking believes at one moment: immutable, SI, None where nothing honest can be said."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from ...errors import ConfigError

# What is to be thought of an instrument: GOOD agrees with the others or is not contradicted;
# SUSPECT contradicts them; FROZEN repeats itself; ABSENT is missing, stale, not good or impossible
Health = Literal["good", "suspect", "frozen", "absent"]


class Belief(NamedTuple):
    """A number and how far it may be wrong (one standard deviation), both in the same SI unit."""

    value: float
    deviation: float


@dataclass(frozen=True, slots=True)
class FurnaceBelief:
    """One furnace, as far as its signals tell; no signal tells of a slab's core.

    Attributes:
        furnace: 1 or 2.
        slabs: inside; None if not shown.
        number: of the coil its next slab becomes; None if the order is not known.
        temperature: mean of the next slab by level 2 (K), corrected by what earlier bars of this
            furnace showed behind the rougher.
        rougher_temperature: what the pyrometer behind the rougher is expected to show of it (K).
    """

    furnace: int
    slabs: int | None
    number: int | None
    temperature: Belief | None
    rougher_temperature: Belief | None


@dataclass(frozen=True, slots=True)
class BarBelief:
    """The bar in the rougher or between rougher and F1.

    Attributes:
        number: of its coil; None if not known.
        passes: the pass it is in, or the passes it has had.
        seen: median of the pyrometer behind the rougher over its body (K).
        entry_temperature: expected before F1 if it were bitten now (K).
        thickness: from gap, force and modulus of the last pass, corrected by volume (m).
        length: m.
        since: plant time at which it left the rougher (s); None while it is being rolled.
    """

    number: int | None
    passes: int
    seen: Belief | None
    entry_temperature: Belief | None
    thickness: Belief | None
    length: Belief | None
    since: float | None


class Segment(NamedTuple):
    """A piece of strip on the run-out table, and what it met on its way.

    Attributes:
        number: of its coil.
        at: its middle, m of strip behind the head.
        place: its middle, m behind F7.
        length: m.
        born: plant time at which its middle left F7 (s).
        speed: at which it left F7 (m/s).
        gauge: m.
        entry: what the pyrometer before F1 showed of it (K).
        fdt_seen: what the finishing pyrometer showed of it (K).
        fdt: delivery temperature believed (K).
        temperature: believed now, by level 2's cooling model (K).
        water: what water has taken from it so far, believed (K).
        middle_seen: what the pyrometer in the middle of the table showed of it (K).
        coiling_seen: what the coiling pyrometer showed of it (K).
    """

    number: int
    at: float
    place: float
    length: float
    born: float
    speed: float
    gauge: float
    entry: float | None
    fdt_seen: float | None
    fdt: Belief | None
    temperature: Belief | None
    water: float
    middle_seen: float | None
    coiling_seen: float | None


@dataclass(frozen=True, slots=True)
class StripBelief:
    """Where strip is.

    Attributes:
        number: of the coil in the mill, or of the last one.
        phase: 0 gap, 1 head, 2 body, 3 tail; None if not known.
        rolling: strip is in the finishing mill.
        delivered: strip that has left F7 (m).
        speed: behind F7 (m/s).
        head: m behind F7, not beyond the coiler; None if no strip of this coil is on the table.
        tail: m behind F7; None while the mill holds it.
        on_table: strip on the table (m).
        segments: newest first.
        under_middle: the segment under the pyrometer in the middle of the table.
        under_pyrometer: the segment under the coiling pyrometer.
        lost: s since where the strip is was last known well; 0 while it is.
    """

    number: int | None
    phase: int | None
    rolling: bool
    delivered: Belief | None
    speed: Belief | None
    head: float | None
    tail: float | None
    on_table: float
    segments: tuple[Segment, ...]
    under_middle: Segment | None
    under_pyrometer: Segment | None
    lost: float


@dataclass(frozen=True, slots=True)
class Adaptation:
    """How far level 2's models are off: in this coil, and for the next coil of the same product.

    Factors are of `control.level2_model.force` and of the water in `control.cooling_setup`; 1 is
    the model as it is. The bias comes on top of `delivery.usual_delivery`, level 2's delivery
    temperature with what its model is known to lack. A value of this coil is None until measured.

    Attributes:
        stands_now: measured over model force by stand, the first one first, in this coil.
        stands: the same, expected of the next coil of this product at today's temperatures.
        hardness_now: of the steel over that of its grade, this coil.
        hardness: expected of the next coil of this product.
        fdt_bias_now: true minus model delivery temperature (K), this coil.
        fdt_bias: expected of the next coil of this product.
        cooling_now: factor on the water's cooling, this coil.
        cooling: expected of the next coil of this product.
        entry_loss: from the rougher's pyrometer to the one before F1, waiting apart (K).
        coils: coils learned from.
    """

    stands_now: tuple[Belief | None, ...]
    stands: tuple[Belief, ...]
    hardness_now: Belief | None
    hardness: Belief
    fdt_bias_now: Belief | None
    fdt_bias: Belief
    cooling_now: Belief | None
    cooling: Belief
    entry_loss: Belief
    coils: int


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is thought of one instrument.

    Attributes:
        name: of its signal.
        health: see `Health`.
        excess: shown less what the others say, SI; None if nothing can be compared.
    """

    name: str
    health: Health
    excess: Belief | None


@dataclass(frozen=True, slots=True)
class TrackingPage:
    """One page: what is believed at plant time `time` (s)."""

    time: float
    furnaces: tuple[FurnaceBelief, ...]
    rougher: BarBelief | None
    waiting: BarBelief | None
    strip: StripBelief
    adaptation: Adaptation
    instruments: tuple[Instrument, ...]

    def instrument(self, name: str) -> Instrument:
        """Return what is thought of one instrument.

        Raises:
            ConfigError: if tracking does not judge it.
        """
        for one in self.instruments:
            if one.name == name:
                return one
        raise ConfigError(
            f"tracking does not judge {name!r}; it judges "
            f"{', '.join(one.name for one in self.instruments)}"
        )
