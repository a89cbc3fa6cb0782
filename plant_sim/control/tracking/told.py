"""The page that a tracker's state tells."""

from collections.abc import Mapping

from .mill import TrackedMill
from .page import Adaptation, Belief, Health, Instrument, StripBelief, TrackingPage
from .state import State


def page_of(own: State, mill: TrackedMill, now: float, values: Mapping[str, float]) -> TrackingPage:
    """Return the page of a state.

    Args:
        own: what is remembered.
        mill: data sheet.
        now: plant time (s).
        values: that could be used in the last update.
    """
    return TrackingPage(
        time=now,
        furnaces=own.stock.furnaces(own.motion.number),
        rougher=own.stock.belief(own.stock.rolling, now, gone=False),
        waiting=own.stock.belief(own.stock.waiting, now, gone=True),
        strip=_strip(own, mill),
        adaptation=_adaptation(own),
        instruments=_instruments(own, mill, values),
    )


def _strip(own: State, mill: TrackedMill) -> StripBelief:
    motion, table = own.motion, own.table
    lacking = own.water.now(own.key)
    off = 0.0 if lacking is None else lacking.value / own.water.used - 1.0
    segments = table.segments(off)
    _, tail = table.ends()
    speed = None
    if motion.speed is not None:
        speed = Belief(motion.speed, 0.01 + 0.02 * motion.lost)
    return StripBelief(
        number=motion.number,
        phase=motion.phase,
        rolling=motion.rolling,
        delivered=motion.length,
        speed=speed,
        head=table.head(motion.number),
        tail=None if motion.rolling else tail,
        on_table=table.length,
        segments=segments,
        under_middle=table.segment_at(mill.middle, segments),
        under_pyrometer=table.segment_at(mill.pyrometer, segments),
        lost=motion.lost,
    )


def _adaptation(own: State) -> Adaptation:
    bias = own.delivery.bias.expected(own.key)
    fdt_now = None
    if own.delivery.excess() is not None:
        coil = own.delivery.of_coil(own.key)
        fdt_now = Belief(own.delivery.bias.level(own.key).value + coil.value, coil.deviation)
    return Adaptation(
        stands_now=own.forces.stands_now(),
        stands=own.forces.stands_next(own.key),
        hardness_now=own.forces.hardness(own.key),
        hardness=own.forces.expected(own.key),
        fdt_bias_now=fdt_now,
        fdt_bias=bias,
        cooling_now=own.water.now(own.key),
        cooling=own.water.expected(own.key),
        entry_loss=own.stock.loss.expected(()),
        coils=own.coils,
    )


def _instruments(
    own: State, mill: TrackedMill, values: Mapping[str, float]
) -> tuple[Instrument, ...]:
    judged: list[tuple[str, bool, Belief | None]] = [
        ("fm.fdt", own.delivery.doubted, own.delivery.excess()),
        ("rot.mid_temperature", own.water.doubted["middle"],
         own.water.excess("middle", own.key)),
        ("rot.coiling_temperature", own.water.doubted["coiling"],
         own.water.excess("coiling", own.key)),
        ("fm.exit_thickness", own.gauge.doubted, own.gauge.excess),
        ("rm.rdt", own.stock.doubted, own.stock.excess),
        ("fm.entry_temperature", False, None),
        ("fm.speed", False, None),
    ]  # fmt: skip
    for s, number in enumerate(mill.numbers):
        doubted, excess = own.forces.cell(s, own.key)
        judged.append((f"f{number}.roll_force", doubted, excess))
    found = []
    for name, doubted, excess in judged:
        health: Health = own.intake.health(name, values)
        if health == "good" and doubted:
            health = "suspect"
        found.append(Instrument(name, health, excess))
    return tuple(found)
