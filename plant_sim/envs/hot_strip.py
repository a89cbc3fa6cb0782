"""The hot strip line as the environments see it: signals by name, money and harm by reason."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..economics import (
    CROWN_DOWNGRADE,
    CT_DOWNGRADE,
    ENERGY,
    FDT_DOWNGRADE,
    FLAT_DOWNGRADE,
    FUEL,
    GAUGE_DOWNGRADE,
    LINE_TIME,
    MARGIN,
    ROLL_WEAR,
    SCALE,
    SCRAPPED,
    WATER,
    WIDTH_DOWNGRADE,
)
from ..lines.hot_strip import rows as R  # noqa: N812  the layout, read as R.SPEED
from ..lines.hot_strip import runout_rows as O  # noqa: N812  those of the run-out table
from ..lines.hot_strip.lanes import HotStripLanes, LanesState, LineState
from ..lines.hot_strip.layout import TABLE
from ..lines.hot_strip.parameters import STANDS
from ..lines.hot_strip.signal_table import SIGNALS
from ..scenarios import fields as B  # noqa: N812  the columns of an order book, read as B.WIDTH
from ..scenarios.plan import Plan
from .options import Options
from .task import Array, Chart, Flags, Seen, Task, Term

# what is seen of a coming order: its column, its name behind "next1.", unit, scale, centre, meaning
_ORDER = (
    (B.WIDTH, "width", "m", 0.2, 1.2, "width"),
    (B.GAUGE, "gauge_aim", "m", 1e-3, 3e-3, "gauge aim"),
    (B.FDT_AIM, "fdt_aim", "K", 20.0, 1160.0, "FDT aim"),
    (B.CT_AIM, "ct_aim", "K", 40.0, 880.0, "CT aim"),
    (B.CARBON, "carbon", "1", 5e-4, 1e-3, "declared carbon"),
)
_SHARE = np.where(np.arange(len(B.ORDER)) == B.CARBON, 0.01, 1.0)  # wt% to a fraction
CT_SEEN_ROW = TABLE + O.CT_SEEN

GAUGE = Term("gauge", GAUGE_DOWNGRADE, "kg", "mass outside the gauge tolerance")
FDT = Term("fdt", FDT_DOWNGRADE, "kg", "mass delivered outside the FDT tolerance")
CT = Term("ct", CT_DOWNGRADE, "kg", "mass coiled outside the CT tolerance")
STRIP_WIDTH = Term("width", WIDTH_DOWNGRADE, "kg", "mass outside the width tolerance")
CROWN = Term("crown", CROWN_DOWNGRADE, "kg", "mass outside the crown tolerance")
FLATNESS = Term("flatness", FLAT_DOWNGRADE, "kg", "mass outside the flatness tolerance")
SCRAP = Term("scrap", SCRAPPED, "kg", "steel that became scrap")
HEATING = Term("fuel", FUEL, "J", "fuel of the furnaces")
SCALED = Term("scale", SCALE, "kg", "steel that became scale")
POWER = Term("energy", ENERGY, "J", "energy of the drives")
DEAR = Term("dear_energy", ENERGY, "J", "that energy times what the tariff is above 1")
COOLING = Term("water", WATER, "m3", "water of the run-out table")
ROLLS = Term("rolls", ROLL_WEAR, "m", "wear of the rolls")
TIME = Term("time", LINE_TIME, "s", "line time")
PRODUCTION = Term("production", -MARGIN, "kg", "steel coiled, hot band less slab price: earned")
COUNTERS = {
    "gauge": R.GAUGE_OFF, "fdt": R.FDT_OFF, "ct": R.CT_OFF, "width": R.WIDTH_OFF,
    "crown": R.CROWN_OFF, "flatness": R.FLAT_OFF, "scrap": R.SCRAP, "fuel": R.FUEL,
    "scale": R.SCALE_LOSS, "energy": R.ENERGY, "dear_energy": R.DEAR, "water": R.WATER,
    "rolls": R.WEAR_DONE, "time": R.SECONDS, "production": R.CT_ROLLED,
}  # fmt: skip
STRIP = (GAUGE, FDT, STRIP_WIDTH, CROWN, FLATNESS, SCRAP)  # what is wrong with it behind F7
HARMS = (
    Term("overload", 1.0, "s", "beyond a rating, each stand and each rating counted"),
    Term("two_phase", 1.0, "s", "rolling so cold that ferrite forms"),
    Term("stopped", 1.0, "s", "standstill behind a cobble, a break or a trip"),
    Term("telescoped", 1.0, "s", "winding with edges that are not straight"),
)
HARM_COUNTERS = (R.OVERLOAD, R.COLD, R.STOPPED, R.TELESCOPED)  # of HARMS


class HotStripPlant(HotStripLanes):
    """The lanes of the line, read by the names of its signals."""

    _shown: Array | None = None  # all signals of this moment, (signals, n), read once
    _rolling: Array | None = None
    _expected: Array | None = None

    def signal(self, name: str) -> Array:
        """Return a signal of all lines (SI), shape (n,)."""
        if self._shown is None:
            self._shown = np.ascontiguousarray(self.read().T)
        return np.asarray(self._shown[self._columns[name]])

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {name: column for column, name in enumerate(self.signals)}

    def moved(self) -> None:
        """Forget what was read: the lines are at another moment."""
        self._shown = self._rolling = self._expected = None

    def gather(self, rows: Sequence[int]) -> Array:
        """Return several rows of all lines at once, shape (rows, n)."""
        found = self.rows[:, rows, :].transpose(1, 0, 2).reshape(len(rows), -1)
        return np.asarray(found[:, : self.n])

    def totals(self, counters: Sequence[int]) -> Array:
        """Return counters (rows ROLLED..COBBLES) since the campaign began, shape (counters, n)."""
        closed = self.gather([row + R.CLOSED - R.ROLLED for row in counters])
        return self.gather(counters) + closed

    def begin(self, mask: Flags | None = None) -> None:
        """Put all lines, or the masked ones, at the start of their present campaign."""
        super().begin(mask)
        self.moved()

    def advance(self, intervals: int = 1) -> None:
        """Move every line by this many control intervals of 0.5 s."""
        super().advance(intervals)
        self.moved()

    def put(self, lane: int, state: LineState) -> None:
        """Set one line to a state taken with `lane`."""
        super().put(lane, state)
        self.moved()

    def restore(self, state: LanesState) -> None:
        """Set all lines to a state taken with `save`."""
        super().restore(state)
        self.moved()

    def set_row(self, index: int, values: Array | float) -> None:
        """Set one row of all lines from (n,) values."""
        super().set_row(index, values)
        self.moved()

    def orders(self, ahead: int) -> Array:
        """Return the next orders of the book, shape (n, ahead, fields), columns as `fields.ORDER`.

        SI; carbon as a fraction. Behind its end the book begins anew.
        """
        return self.orders_ahead(ahead) * _SHARE

    @property
    def expected(self) -> Array:
        """Roll forces that level 2 expects (N), shape (stands, n)."""
        if self._expected is None:
            self._expected = self.gather(range(R.EXPECTED, R.EXPECTED + STANDS))
        return self._expected

    @property
    def mill(self) -> Array:
        """The mill's data, by the offsets of `parameters`."""
        return self._mill

    @property
    def rolling(self) -> Array:
        """1 where strip is in the mill, else 0; shape (n,)."""
        if self._rolling is None:
            self._rolling = (self.signal("coil.phase") > 0.5).astype(np.float64)
        return self._rolling


class OneCoilPlant(HotStripPlant):
    """Lines of which one coil is played: on a day of faults, one that is rolled under them."""

    def _adopt(self, lane: int, day: Plan) -> None:
        super()._adopt(lane, day.under_fault())


H = TypeVar("H", bound="HotStripPlant")


class HotStripTask(Task[H]):
    """What the environments on the hot strip line have in common."""

    harms = HARMS

    def spent(self, plant: H) -> dict[str, Array]:
        """Return the money (EUR) by name since the campaign began."""
        totals = plant.totals([COUNTERS[term.name] for term in self.money])
        return {term.name: totals[n] * term.price for n, term in enumerate(self.money)}

    def hurt(self, plant: H) -> dict[str, Array]:
        """Return the harm (s) by name since the campaign began."""
        return {
            term.name: total
            for term, total in zip(self.harms, plant.totals(HARM_COUNTERS), strict=True)
        }

    def remarks(self, plant: H) -> dict[str, Array]:
        """Return the stands outside the validity of their formulas, and what happened last."""
        return {"outside": plant.row(R.OUTSIDE), "event": plant.row(R.EVENT)}

    def coming(self, ahead: int) -> tuple[Seen[H], ...]:
        """Return what is seen of the next orders: width, aims and declared carbon of each."""

        def read(order: int, column: int) -> Callable[[HotStripPlant], Array]:
            return lambda plant: plant.orders(order)[:, order - 1, column]

        return tuple(
            Seen(f"next{order}.{name}", unit, scale, f"order {order} ahead: {english}",
                 read(order, column), centre)
            for order in range(1, ahead + 1)
            for column, name, unit, scale, centre, english in _ORDER
        )  # fmt: skip

    def picture(self, plant: H, lane: int, trace: Array) -> NDArray[np.uint8]:
        """Return a picture of one line: mill, table, and the charts of the episode."""
        from .hot_strip_picture import picture

        return picture(plant, lane, self.charts, trace)


class LineTask(HotStripTask[HotStripPlant]):
    """A task on the line as it runs."""

    resolutions = ("supervisory", "fine")
    upstream: ClassVar[bool] = False  # whether furnaces and rougher bring the bars
    plant: ClassVar[type[HotStripPlant]] = HotStripPlant

    def make(self, seeds: Sequence[int], options: Options) -> HotStripPlant:
        """Return one line a seed."""
        fine = options.resolution == "fine"
        return self.plant(
            seeds, options.scenario, options.config, self.upstream,
            "fine" if fine else "supervisory",
        )  # fmt: skip


def shown(name: str, scale: float, centre: float = 0.0, english: str = "") -> Seen[HotStripPlant]:
    """Return an observation that is a signal as it is."""
    signal = SIGNALS[name]
    text = english or signal.english
    return Seen(name, signal.unit, scale, text, lambda p: p.signal(name), centre, signal.noise)


def of_strip(name: str, scale: float, centre: float = 0.0) -> Seen[HotStripPlant]:
    """Return a signal minus its centre while strip is in the mill, else 0."""
    signal = SIGNALS[name]
    about = f" minus {centre:g} {signal.unit}" if centre else ""
    return Seen(
        name, signal.unit, scale, f"{signal.english}{about}, 0 without strip",
        lambda p: p.rolling * (p.signal(name) - centre), 0.0, signal.noise,
    )  # fmt: skip


def off_aim(name: str, aim: str, scale: float) -> Seen[HotStripPlant]:
    """Return a signal minus its aim while strip is in the mill, else 0."""
    signal = SIGNALS[name]
    return Seen(
        name, signal.unit, scale, f"{signal.english} minus aim, 0 without strip",
        lambda p: p.rolling * (p.signal(name) - p.signal(aim)), 0.0, signal.noise,
    )  # fmt: skip


def ct_off_aim(scale: float) -> Seen[HotStripPlant]:
    """Return the coiling temperature minus its aim while the pyrometer sees strip, else 0."""
    name = "rot.coiling_temperature"
    return Seen(
        name, "K", scale, "coiling temperature minus aim, 0 when the pyrometer sees no strip",
        lambda p: p.row(CT_SEEN_ROW) * (p.signal(name) - p.signal("coil.ct_aim")),
        0.0, SIGNALS[name].noise,
    )  # fmt: skip


def force_ratio(stand: int) -> Seen[HotStripPlant]:
    """Return the roll force of a stand (1..7) over level 2's expectation, minus 1.

    Of a stand that the mill has not it is 0.
    """
    name = f"f{stand}.roll_force"

    def read(plant: HotStripPlant) -> Array:
        if name not in plant.signals:
            return np.zeros(plant.n)
        expected = np.maximum(plant.expected[stand - 1], 1e6)
        return np.asarray(plant.rolling * (plant.signal(name) / expected - 1.0))

    text = f"roll force of F{stand} over expectation, minus 1"
    return Seen(name, "1", 0.2, text, read, 0.0, SIGNALS[name].noise / 10e6)


ROLLING: Seen[HotStripPlant] = Seen(
    "fm.rolling", "1", 1.0, "strip in the mill", lambda p: p.rolling
)
CT_SEEN: Seen[HotStripPlant] = Seen(
    "rot.strip_seen", "1", 1.0, "the coiling pyrometer sees strip", lambda p: p.row(CT_SEEN_ROW)
)
BAR_ROLLED: Seen[HotStripPlant] = Seen(
    "coil.share_rolled", "1", 1.0, "share of the bar rolled",
    lambda p: p.row(R.BAR_DONE) / np.maximum(p.row(R.BAR), 1.0),
)  # fmt: skip
SPEED = shown("fm.speed", 3.0, 9.0)
GAUGE_AIM = shown("coil.gauge_aim", 1e-3, 3e-3)
FDT_OFF = off_aim("fm.fdt", "coil.fdt_aim", 20.0)


def _while(seen: Callable[[HotStripPlant], Array], name: str, unit: float, zero: float) -> Callable[
    [HotStripPlant], Array
]:  # fmt: skip
    def read(plant: HotStripPlant) -> Array:
        return np.where(seen(plant) > 0.5, (plant.signal(name) - zero) * unit, np.nan)

    return read


def _rolling(plant: HotStripPlant) -> Array:
    return plant.rolling


def _at_coiler(plant: HotStripPlant) -> Array:
    return plant.row(CT_SEEN_ROW)


def _gauge_error(plant: HotStripPlant) -> Array:
    error = plant.signal("fm.exit_thickness") - plant.signal("coil.gauge_aim")
    return np.where(plant.rolling > 0.5, 1e6 * error, np.nan)


def _nothing(plant: HotStripPlant) -> Array:
    return np.zeros(plant.n)


GAUGE_CHART: Chart[HotStripPlant] = Chart("GAUGE OFF AIM UM", -150.0, 150.0, _gauge_error, _nothing)
FDT_CHART: Chart[HotStripPlant] = Chart(
    "FDT DEGC", 820.0, 960.0, _while(_rolling, "fm.fdt", 1.0, 273.15),
    _while(_rolling, "coil.fdt_aim", 1.0, 273.15),
)  # fmt: skip
CT_CHART: Chart[HotStripPlant] = Chart(
    "CT DEGC", 520.0, 700.0, _while(_at_coiler, "rot.coiling_temperature", 1.0, 273.15),
    _while(_at_coiler, "coil.ct_aim", 1.0, 273.15),
)  # fmt: skip
CHARTS = (GAUGE_CHART, FDT_CHART, CT_CHART)
