"""The tracker: one update a sample set, one page out; what it holds can be saved and restored."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from math import isfinite

from ...errors import ConfigError
from ...signals import Sample, Signal
from ..level2_model import LOSS_SHARE
from .delivery import Delivery, usual_delivery
from .forces import Forces, Pass, thicknesses
from .gauge import Gauge
from .intake import Intake
from .mill import TrackedMill
from .motion import Motion, Moved
from .page import Belief, TrackingPage
from .state import UNKNOWN, Order, State
from .stock import Stock
from .table import Fresh, RunOutTable
from .told import page_of
from .water import Water

USUAL_BAR = 34.0e-3  # m: bar thickness taken for heat where it is not known [M 3.11]
SETTLED = 15.0  # m: strip delivered from which forces and temperatures count [C]
FORCE_EVERY = 0.95  # s: between two comparisons of the forces [M]
LEAST_SECONDS = 15.0  # s: of a coil that teach something [M]


@dataclass(frozen=True, slots=True)
class TrackerState:
    """What `Tracker.save` returns; it can be pickled."""

    _held: object


class Tracker:
    """Believes from samples what the line does. It knows nothing else of it.

    Args:
        mill: data sheet.
        signals: of the line: names, ranges and noises.
    """

    def __init__(self, mill: TrackedMill, signals: Mapping[str, Signal]) -> None:
        self._mill = mill
        self._stands = len(mill.radii)
        self._state = State(
            intake=Intake(signals, mill), motion=Motion(mill.numbers), stock=Stock(mill),
            delivery=Delivery(mill), forces=Forces(mill), gauge=Gauge(), water=Water(),
            table=RunOutTable(mill), order=Order(), key=UNKNOWN, time=None, page=None, coils=0,
            since_forces=0.0, began=None, seconds=0.0, spoiled=False, tracked=None,
        )  # fmt: skip

    def save(self) -> TrackerState:
        """Return all that is remembered."""
        return TrackerState(deepcopy(self._state))

    def restore(self, state: TrackerState) -> None:
        """Go back to what was saved, here or in another process.

        Raises:
            ConfigError: if it was saved by a tracker of another kind of mill.
        """
        held = state._held
        if not isinstance(held, State) or held.forces.stands != self._stands:
            raise ConfigError(
                f"this is no state of a tracker of {self._stands} stands; restore what `save` "
                "returned for the same mill"
            )
        self._state = deepcopy(held)

    def update(self, samples: Mapping[str, Sample]) -> TrackingPage:
        """Take in what is known now and return the page.

        Samples that are missing, not good, stale, impossible or frozen are not used. The same
        moment twice teaches nothing and returns the same page.

        Args:
            samples: by name; other names than those of the line are ignored.

        Raises:
            ConfigError: if the samples are older than those before: give them in order.
        """
        own = self._state
        now = own.intake.moment(samples)
        if now is None:
            if own.page is None:
                own.page = page_of(own, self._mill, 0.0, {})
            return own.page
        if own.time is not None and now < own.time:
            raise ConfigError(
                f"samples of {now:g} s come after those of {own.time:g} s; give them in order, "
                "or restore an earlier state"
            )
        if own.time == now and own.page is not None:
            return own.page
        passed = 0.0 if own.time is None else now - own.time
        own.time = now
        values = own.intake.take(samples, now)
        own.intake.sieve_frozen(values, passed, own.motion.rolling)
        moved = own.motion.step(values, passed)
        own.stock.step(values, now, passed, own.motion.number if not moved.began
                       else _before(own.motion.number))  # fmt: skip
        self._change_coil(values, moved, now)
        self._roll(values, moved, now, passed)
        own.page = page_of(own, self._mill, now, values)
        return own.page

    def _change_coil(self, values: Mapping[str, float], moved: Moved, now: float) -> None:
        """Close the coil whose tail has left, begin the one whose head has come."""
        own = self._state
        if values.get("line.event", 0.0) > 0.5 or moved.gap:
            own.spoiled = True
        if moved.ended:
            self._close(now)
        if moved.began:
            own.order = Order()
            own.order.take(values)
            own.key = own.order.key
            own.stock.bite()
            own.forces.begin()
            own.delivery.begin()
            own.gauge.begin()
            own.water.begin(own.key)
            own.began, own.seconds, own.since_forces = now, 0.0, 0.0
            own.spoiled = moved.gap or not moved.whole
            own.tracked = own.motion.number
        elif moved.rolling:
            if own.order.key == UNKNOWN:
                own.order.take(values)
                own.key = own.order.key
            if own.tracked is None:  # the stream began in the middle of a coil
                own.tracked, own.spoiled = own.motion.number, True

    def _close(self, now: float) -> None:
        """Learn from the coil that has left the mill, if it was a whole one."""
        own = self._state
        if own.key == UNKNOWN or own.seconds < LEAST_SECONDS:
            return
        trusted = not own.delivery.doubted
        doubted = [s for s in range(self._stands) if own.forces.cell(s, own.key)[0]]
        own.forces.close(own.key, doubted, trusted)
        own.delivery.close(own.key)
        own.water.close(own.key, True)
        if not own.spoiled and own.began is not None:
            own.stock.learn_entry(own.delivery.entry_head(), own.began)
            length = own.motion.delivered if own.motion.number == own.tracked else None
            own.gauge.close(own.key, own.stock.feeding, length, own.order.width)
        own.coils += 1

    def _roll(
        self, values: Mapping[str, float], moved: Moved, now: float, passed: float
    ) -> None:  # fmt: skip
        """Compare models with what is shown, and move the strip on the table."""
        own = self._state
        carbon = own.order.carbon if own.order.carbon is not None else 0.08
        if moved.way is None or moved.gap:
            own.table.clear()
        else:
            own.table.move(values, moved.way, passed, moved.speed or 0.0, carbon, own.water.used)
        thick = shown = entry = None
        believed: Belief | None = None
        if moved.rolling:
            thick = own.gauge.thickness(values.get("fm.exit_thickness"), own.order.gauge)
            if thick is not None and thick < 0.3 * (own.order.gauge or thick):
                thick = own.order.gauge
            shown = values.get("fm.fdt")
            entry = self._compare(values, moved, now, passed, thick, shown, carbon)
            believed = own.delivery.believed(own.key, shown) if entry is not None else None
            if believed is None and shown is not None and not own.delivery.doubted:
                believed = Belief(shown, 2.0)
        if moved.rolled and moved.way and thick is not None and not moved.gap:
            self._lay(values, moved, now, passed, carbon, Fresh(
                own.motion.number or 0, moved.speed or 0.0, thick, entry, shown, believed
            ))  # fmt: skip
        self._look(values, moved)

    def _lay(
        self, values: Mapping[str, float], moved: Moved, now: float, passed: float, carbon: float,
        fresh: Fresh,
    ) -> None:  # fmt: skip
        own = self._state
        rolled, end = moved.rolled or 0.0, own.motion.delivered or 0.0
        if moved.began:  # strip that left F7 before this update is lost to sight
            rolled = min(rolled, moved.way or rolled)
        own.table.lay(fresh, rolled, end, 0.0, passed, now, values, carbon, own.water.used)

    def _compare(
        self, values: Mapping[str, float], moved: Moved, now: float, passed: float,
        thick: float | None, shown: float | None, carbon: float,
    ) -> float | None:  # fmt: skip
        """Run level 2's models against the instruments; return the entry temperature used (K)."""
        own = self._state
        speed, width = moved.speed, own.order.width
        if speed is None or thick is None or speed < 0.5:
            return own.delivery.entry(values, now, passed, 0.0)
        bar = own.gauge.bar_thickness(own.key, own.stock.feeding)
        chain = thicknesses(values, self._mill.numbers, bar, thick, speed)
        between = [
            speed * thick / each if each else speed for each in chain[1:-1]
        ]  # strip speeds behind the stands but the last
        entry = own.delivery.entry(values, now, passed, own.delivery.delay(between))
        if entry is None:
            return None
        hard = own.forces.expected(own.key)
        hard = own.forces.hardness(own.key) or hard
        modelled = usual_delivery(
            entry, bar or USUAL_BAR, thick, speed * thick,
            min(max(values.get("fm.spray_opening", 0.4), 0.0), 1.0), hard.value,
            LOSS_SHARE[self._mill.first - 1],
        )  # fmt: skip
        length = own.motion.delivered
        if length is None or length < SETTLED or not isfinite(modelled):
            return entry
        own.delivery.compare(own.key, modelled, shown)
        own.seconds += min(passed, 5.0)
        own.since_forces += passed
        if own.since_forces >= FORCE_EVERY and width is not None:
            own.since_forces = 0.0
            heats = own.forces.temperatures(entry, own.delivery.modelled or modelled)
            own.forces.step(values, Pass(chain, heats, speed, width, carbon))
            own.delivery.judge(own.key, own.forces.delivery_off(own.key))
        return entry

    def _look(self, values: Mapping[str, float], moved: Moved) -> None:
        """Give the pyrometers of the table to the strip under them and compare the model."""
        own = self._state
        middle, coiling = values.get("rot.mid_temperature"), values.get("rot.coiling_temperature")
        own.table.see(middle, coiling)
        if not moved.rolling:
            return
        for place, at, shown in (
            ("middle", self._mill.middle, middle), ("coiling", self._mill.pyrometer, coiling),
        ):  # fmt: skip
            own.water.see(place, shown, own.table.under(at), own.tracked)
        own.water.judge(own.key)


def _before(number: int | None) -> int | None:
    return None if number is None else number - 1
