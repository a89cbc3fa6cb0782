"""Model predictive control of the finishing mill: trims of gauge, speed and sprays.

Gauge: the X-ray monitor is simulated with the error it sees; the trim makes it see more of it while
that pays, and is taken back before it would carry the gauge beyond the aim. Speed and sprays: level
2's delivery temperature, with what tracking has found it to lack, under courses of both trims, with
level 1's spray control simulated along. Line time has a price, so the mill goes as fast as the
sprays can cool.

It knows samples, the page of tracking and the data sheet; nothing of the plant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..economics import FDT_DOWNGRADE, LINE_TIME
from .gap_control import (
    FASTEST_MONITOR,
    HEAD_MONITORED,
    HEAD_RATE,
    MONITOR_EFFECT,
    MONITOR_FROM,
    MONITOR_RATE,
    MOST_ERROR,
    SETTLED,
)
from .mpc_table import DENSITY, outside
from .speed_control import SPRAY_BASE, SPRAY_FLOW, SPRAY_P, SPRAY_RATE, SPRAY_SPAN
from .tracking import TrackingPage, usual_delivery

if TYPE_CHECKING:
    from ..signals import Sample

Array = NDArray[np.float64]

INTERVAL = 0.5  # s: of a decision [M 3.10]
GAUGE_BAND, GAUGE_SHARE = 30e-6, 0.01  # m, 1: tolerance of the gauge, the greater of both [M 6.1]
FDT_BAND = 20.0  # K: tolerance of the delivery temperature [M 6.1]
MOST_GAUGE, GAUGE_STEP = 100e-6, 20e-6  # m: of the gauge trim, and by which it moves [M 6.2]
MOST_SPEED, SPEED_STEP = 1.0, 0.1  # m/s: of the speed trim, and by which it moves [M 6.2]
MOST_SPRAY, SPRAY_STEP = 0.3, 0.05  # 1: of the spray trim, and by which it moves [M 6.2]
GAUGE_SURE, FDT_SURE = 8e-6, 5.0  # m, K: deviation of a forecast [M 4.2]
USUAL_BAR = 34.0e-3  # m: bar thickness taken where the sheet has none [M 3.11]
SMALL = 5e-6  # m: of error that the monitor alone may take out [C]
GAUGE_AHEAD, HEAT_AHEAD = 12, 30  # 1: decisions, horizons [C]
MOST_OPEN, BEYOND_OPEN = 0.75, 20.0  # 1, EUR/s: sprays without room left, a squared 1 beyond [C]
MOST_LOAD = 0.90  # 1: share of a rating up to which the mill is sped up [C]
FORGETS = 0.98  # 1: of the greatest load seen, kept for the next decision [C]
NEAR = 0.02  # EUR/s: of an error of a tolerance, squared [C]


@dataclass(frozen=True, slots=True)
class StandSheet:
    """What the data sheet says of a stand.

    Attributes:
        number: in the names of its signals.
        radius: of the work rolls (m).
        force: rating (N).
        power: rating of the drive (W).
    """

    number: int
    radius: float
    force: float
    power: float

    def load(self, values: Mapping[str, float]) -> float:
        """Return the greater share of the two ratings that is used (1)."""
        name = f"f{self.number}"
        torque, speed = values.get(f"{name}.torque", 0.0), values.get(f"{name}.speed", 0.0)
        power = torque * speed / self.radius / self.power
        return max(power, values.get(f"{name}.roll_force", 0.0) / self.force)


class MillController:
    """Decides on the three trims of one finishing mill; bring it every `INTERVAL` what is known."""

    def __init__(self, stands: Sequence[StandSheet]) -> None:
        self._stands = tuple(stands)
        self._load = 0.0
        self._number: int | None = None
        self._integral = 0.0
        self._rate = 0.0

    def decide(
        self, samples: Mapping[str, "Sample"], page: TrackingPage, now: tuple[float, float, float]
    ) -> tuple[float, float, float]:
        """Return the trims of gauge (m), speed (m/s) and sprays (1) to aim at.

        Args:
            samples: by name.
            page: what tracking believes at this moment.
            now: the trims in force.
        """
        values = {name: one.value for name, one in samples.items() if one.good}
        needed = ("coil.gauge_aim", "coil.fdt_aim", "fm.speed", "fm.entry_temperature")
        if not page.strip.rolling:
            return 0.0, now[1], 0.0
        if any(name not in values for name in needed):
            return now
        speed, sprays = self._heat(values, page, now[1], now[2])
        return self._gauge(values, page, now[0]), speed, sprays

    def _gauge(self, values: Mapping[str, float], page: TrackingPage, now: float) -> float:
        """Return the gauge trim (m) whose course is expected to cost least."""
        shown, aim = values.get("fm.exit_thickness", 0.0), values["coil.gauge_aim"]
        judged = page.instrument("fm.exit_thickness")
        rest = 0.0
        if judged.health == "suspect" and judged.excess is not None:
            rest = -judged.excess.value  # the monitor would lead the strip to a false aim
        rest = min(max(rest, -MOST_GAUGE), MOST_GAUGE)
        if not 0.3 * aim < shown < 3.0 * aim:
            return rest
        rolled = page.strip.delivered.value if page.strip.delivered is not None else 0.0
        error = shown - aim + rest
        if abs(error) < SMALL and abs(now - rest) < SMALL:
            return rest
        aims = np.linspace(-MOST_GAUGE, MOST_GAUGE, 11)
        lasts = np.array([1, 2, 3, 4, 6, 8])
        goal, last = (each.ravel() for each in np.meshgrid(aims, lasts, indexing="ij"))
        goal, last = np.append(goal, rest), np.append(last, GAUGE_AHEAD)
        band = max(GAUGE_BAND, GAUGE_SHARE * aim)
        off = np.full(goal.size, error)
        trim = np.full(goal.size, now)
        cost = np.zeros(goal.size)
        speed = values["fm.speed"]
        for k in range(GAUGE_AHEAD):
            target = np.where(k < last, goal, rest)
            trim = trim + np.clip(target - trim, -GAUGE_STEP, GAUGE_STEP)
            strip = rolled + k * speed * INTERVAL
            rate = HEAD_RATE if strip < HEAD_MONITORED else MONITOR_RATE
            rate = rate if strip > MONITOR_FROM else 0.0
            seen = np.clip(off + trim - rest, -MOST_ERROR, MOST_ERROR)
            moved = np.clip(rate * seen, -FASTEST_MONITOR, FASTEST_MONITOR) * INTERVAL
            off = off - MONITOR_EFFECT * moved
            cost += outside(off, band, GAUGE_SURE) + 0.02 * (off / band) ** 2
        return float(goal[int(np.argmin(cost))])

    def _heat(
        self, values: Mapping[str, float], page: TrackingPage, speed_trim: float, spray_trim: float
    ) -> tuple[float, float]:
        """Return the trims of speed (m/s) and sprays (1) whose course is expected to cost least."""
        aim, gauge, speed = values["coil.fdt_aim"], values["coil.gauge_aim"], values["fm.speed"]
        opening = min(max(values.get("fm.spray_opening", SPRAY_BASE), 0.0), 1.0)
        entry, shown = values["fm.entry_temperature"], values.get("fm.fdt")
        if page.strip.number != self._number:
            self._number = page.strip.number
            self._entry, self._off = entry, 0.0
            self._sure = self._load = 0.0
        self._entry += 0.3 * (entry - self._entry)
        told = page.adaptation
        bias = told.fdt_bias_now or told.fdt_bias
        hard = (told.hardness_now or told.hardness).value
        rolled = page.strip.delivered.value if page.strip.delivered is not None else 0.0

        def delivered(fast: float, sprayed: float) -> float:
            return (
                usual_delivery(self._entry, USUAL_BAR, gauge, fast * gauge, sprayed, hard)
                + bias.value
            )

        here = delivered(speed, opening)
        newest = page.strip.segments[0] if page.strip.segments else None
        if newest is not None and newest.fdt is not None and rolled > SETTLED:
            self._off += 0.1 * (newest.fdt.value - here - self._off)
            if shown is not None:
                self._sure += 0.1 * (shown - newest.fdt.value - self._sure)
        judged = page.instrument("fm.fdt").health
        apart = self._sure if judged in ("good", "suspect") else 0.0
        # level 2's heat at a speed is smooth: two slopes carry the courses
        by_speed = (delivered(speed + 0.5, opening) - here) / 0.5
        by_spray = delivered(speed, min(opening + 0.1, 1.1)) - here
        by_spray /= min(opening + 0.1, 1.1) - opening
        heat0 = here + self._off
        flow = min(speed * gauge / SPRAY_FLOW, 1.0)
        error = (heat0 + apart - aim) * flow if rolled > SETTLED else 0.0
        if 0.01 < opening < 0.99:
            self._integral = opening - SPRAY_BASE - spray_trim - SPRAY_P * error
        else:
            self._integral += SPRAY_RATE * INTERVAL * error
        self._integral = min(max(self._integral, -SPRAY_SPAN), SPRAY_SPAN)
        faster = np.linspace(-MOST_SPEED, MOST_SPEED, 9)
        wetter = np.linspace(-MOST_SPRAY, MOST_SPRAY, 7)
        v_goal, s_goal = (each.ravel() for each in np.meshgrid(faster, wetter, indexing="ij"))
        v, s = np.full(v_goal.size, speed_trim), np.full(v_goal.size, spray_trim)
        integral, open_ = np.full(v.size, self._integral), np.full(v.size, opening)
        kg = values.get("coil.width", 1.25) * gauge * DENSITY  # per m
        cost = np.zeros(v.size)
        for k in range(HEAT_AHEAD):
            v = v + np.clip(v_goal - v, -SPEED_STEP, SPEED_STEP)
            s = s + np.clip(s_goal - s, -SPRAY_STEP, SPRAY_STEP)
            heat = heat0 + by_speed * (v - speed_trim) + by_spray * (open_ - opening)
            settled = 1.0 if rolled + k * speed * INTERVAL > SETTLED else 0.0
            error_k = settled * flow * (heat + apart - aim)
            integral = np.clip(integral + SPRAY_RATE * INTERVAL * error_k, -SPRAY_SPAN, SPRAY_SPAN)
            open_ = np.clip(SPRAY_BASE + s + integral + SPRAY_P * error_k, 0.0, 1.0)
            off = heat - aim
            fast = speed + v - speed_trim
            money = FDT_DOWNGRADE * kg * speed * outside(off, FDT_BAND, FDT_SURE)
            money = money + NEAR * (off / FDT_BAND) ** 2
            # the same strip in less time
            money = money - LINE_TIME * (fast - speed) / speed
            money = money + BEYOND_OPEN * np.maximum(open_ - MOST_OPEN, 0.0) ** 2
            cost += money * INTERVAL
        # money never buys harm: no faster than level 2 where a stand is near its rating, as what
        # follows may be harder
        load = max((stand.load(values) for stand in self._stands), default=0.0)
        self._load = max(load, FORGETS * self._load)
        room = speed * (MOST_LOAD / max(self._load, 0.1) - 1.0) + speed_trim
        best = int(np.argmin(np.where(v_goal > max(room, 0.0), np.inf, cost)))
        return float(v_goal[best]), float(s_goal[best])
