"""A line like the one that tracking believes in: where rehearsal may branch from.

A fresh supervisory line rolls the product that the mill rolls now, of the believed hardness, under
water of the believed strength, with the set-points as they are read, until level 2 has adapted; its
state at the next coil boundary is what `branch` starts from. Nothing of the true plant goes in. Not
carried over, because no page tells it: furnaces, roll wear, clogged banks, faults that no belief
names, and the bias of the delivery temperature, which the fresh line has of its own.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ConfigError, SimulationError
from ..scenarios.draw import Draw
from ..scenarios.fields import (
    BAR_GAUGE,
    CARBON,
    CHARGE_TEMPERATURE,
    CROWN_AIM,
    CT_AIM,
    DUE,
    FDT_AIM,
    GAUGE,
    HARDNESS_TRUE,
    MASS,
    ORDER,
    SIDE_DRAFT,
    SLAB_DENSITY,
    SLAB_LENGTH,
    SLAB_THICKNESS,
    WIDTH,
    bar_gauge_for,
    crown_for,
)
from ..scenarios.orders import THICKNESS, Book
from ..scenarios.plan import draw_plan
from ..scenarios.registry import Scenario
from .play import COIL_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ..control.tracking import TrackingPage
    from ..lines.hot_strip.lanes import LineState
    from ..signals import Sample

WARM_UP = 2  # coils after which level 2 of the fresh line has adapted
USUAL_MASS = 15500.0  # kg/m: of a slab by width
YARD = 293.0  # K: of a slab charged cold
SLACK = 1e6  # s: no date presses


def believed_state(
    page: "TrackingPage", samples: "Mapping[str, Sample]", seed: int = 0
) -> "LineState":
    """Return the state of a line like the believed one, at the beginning of a coil.

    Args:
        page: what tracking believes.
        samples: of the same moment: the order of the coil and the read-backs of the controls.
        seed: draws what nobody knows of a plant; take several and average over them.

    Raises:
        ConfigError: the order of the present coil is not known.
        SimulationError: such a line does not come to the end of its coils.
    """
    from ..control.tracking.water import USUAL_GAIN
    from ..lines.hot_strip.lanes import INTERVAL, HotStripLanes

    known = page.adaptation
    hardness = (known.hardness_now or known.hardness).value
    cooling = (known.cooling_now or known.cooling).value / USUAL_GAIN
    book = Book("believed", _order(samples))
    plain = draw_plan(_scenario(1.0, 1.0), seed, book=book)
    own = float(plain.orders[0, HARDNESS_TRUE])  # drawn for the fresh line, put right here
    lanes = HotStripLanes([seed], _scenario(hardness / own, cooling), book=book)
    for name in lanes.controls:
        if name in samples and samples[name].good:
            lanes.write(name, samples[name].value)
    for _ in range(int((WARM_UP + 1) * COIL_LIMIT / INTERVAL)):
        lanes.advance(1)
        if lanes.finished_counts()[0] >= WARM_UP:
            return replace(lanes.lane(0), kept=lanes.lane(0).kept[:0])
    raise SimulationError(
        f"a line as believed (hardness {hardness:.2f}, cooling {cooling:.2f}) does not roll "
        f"{WARM_UP} coils with these set-points; look at them before you rehearse"
    )


def _scenario(hardness: float, cooling: float) -> Scenario:
    """Return a day without faults on a plant with these factors."""

    def writes(day: Draw) -> None:
        day.disturb(0.0, "cooling")
        day.shift("flow_stress", hardness)
        day.shift("heat_transfer", cooling)

    return Scenario("believed", "nominal", (), "the believed line", "추정된 라인", writes, False)


def _order(samples: "Mapping[str, Sample]") -> "NDArray[np.float64]":
    """Return the order of the present coil, shape (1, len(ORDER)), SI.

    Raises:
        ConfigError: if the samples do not tell it.
    """
    row = np.zeros((1, len(ORDER)))
    for column, name in (
        (WIDTH, "coil.width"), (GAUGE, "coil.gauge_aim"), (FDT_AIM, "coil.fdt_aim"),
        (CT_AIM, "coil.ct_aim"), (CARBON, "coil.carbon"),
    ):  # fmt: skip
        if name not in samples or not samples[name].good:
            raise ConfigError(
                f"{name} is not known now; take the samples of a moment in which the order is shown"
            )
        row[0, column] = samples[name].value
    row[0, CARBON] *= 100.0  # declared in weight %
    width, gauge = row[0, WIDTH], row[0, GAUGE]
    row[0, BAR_GAUGE], row[0, CROWN_AIM] = bar_gauge_for(gauge), crown_for(gauge)
    row[0, MASS], row[0, SLAB_THICKNESS] = USUAL_MASS * width, THICKNESS
    row[0, SLAB_LENGTH] = row[0, MASS] / (SLAB_DENSITY * THICKNESS * (width + SIDE_DRAFT))
    row[0, CHARGE_TEMPERATURE], row[0, HARDNESS_TRUE], row[0, DUE] = YARD, 1.0, SLACK
    return row
