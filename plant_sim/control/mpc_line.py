"""Predictive choice at the operator's desk of the whole line, a decision every ten seconds.

Ten seconds are too long to steer strip on the table or at the X-ray gauge, and tracking follows
none over such gaps. What is left are levers whose effect lasts longer than a coil:

- the temperature that the sprays and level 2's speed set-up listen to. A pyrometer may always show
  16 K too much or too little, and level 2's own estimate is adapted to it. Level 2's model with
  what tracking has identified it to lack is right to a few kelvin from mill to mill; of pyrometer
  and estimate the one nearer to it is chosen;
- the air of the furnaces: free oxygen makes scale and carries heat up the stack. The least air is
  asked for at which both probes still show some to spare.

It knows samples alone; nothing of the plant.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .mpc_setup import USUAL_BAR
from .tracking import usual_delivery

if TYPE_CHECKING:
    from ..signals import Sample

PYROMETER_OFF, MODEL_OFF = 9.0, 3.0  # K: deviations, as tracking takes them [M docs/tracking.md]
SEEN = 0.3  # 1: of a new comparison, one a decision [C benchmarks/mpc.py]
ENOUGH = 6  # 1: comparisons before anything is chosen [C benchmarks/mpc.py]
# K: by which the other must be nearer, in a gap and while strip runs [C benchmarks/mpc.py]
NEARER, MUCH_NEARER = 1.5, 8.0
LEAST_AIR, USUAL_AIR = 1.04, 1.10  # 1: air over the fuel's need, least and to start [M 4.1]
AIR_STEP = 0.01  # 1: by which more or less air is asked for at once [C benchmarks/mpc.py]
SPARE, SCARCE = 0.0075, 0.0050  # 1: free oxygen above which air is taken, below which given [C]
OXYGEN_SEEN = 0.2  # 1: of a new reading of a probe [C]
BODY = 2.0  # 1: coil.phase of a body [M]


class LineController:
    """Decides for one line; bring it every step of ten seconds what is known."""

    def __init__(self, furnaces: int) -> None:
        self._probes = tuple(f"furnace{f}.oxygen" for f in range(1, furnaces + 1))
        self._oxygen: dict[str, float] = {}
        self._shown = self._estimated = 0.0  # K: pyrometer, and estimate, beyond the model
        self._compared = 0

    def decide(self, samples: Mapping[str, "Sample"], now: Mapping[str, float]) -> dict[str, float]:
        """Return the SI values to aim at, by control; controls that are not named are left alone.

        Args:
            samples: by name.
            now: where the controls stand.
        """
        values = {name: one.value for name, one in samples.items() if one.good}
        self._compare(values)
        return {
            "fm.fdt_source": self._source(values, now["fm.fdt_source"]),
            "furnace.excess_air": self._air(values, now["furnace.excess_air"]),
        }

    def _compare(self, values: Mapping[str, float]) -> None:
        """Compare pyrometer and estimate with level 2's model, in the body of a coil."""
        needed = ("fm.entry_temperature", "coil.gauge_aim", "fm.speed", "fm.spray_opening",
                  "fm.fdt", "fm.fdt_model")  # fmt: skip
        if values.get("coil.phase") != BODY or any(name not in values for name in needed):
            return
        gauge = values["coil.gauge_aim"]
        model = usual_delivery(
            values["fm.entry_temperature"], USUAL_BAR, gauge, values["fm.speed"] * gauge,
            values["fm.spray_opening"],
        )  # fmt: skip
        self._compared += 1
        fresh = max(SEEN, 1.0 / self._compared)
        self._shown += fresh * (values["fm.fdt"] - model - self._shown)
        self._estimated += fresh * (values["fm.fdt_model"] - model - self._estimated)

    def _source(self, values: Mapping[str, float], now: float) -> float:
        """Return which temperature is to be listened to; a running strip feels the change."""
        if self._compared < ENOUGH:
            return now
        nearer = MUCH_NEARER if values.get("coil.phase", BODY) > 0.5 else NEARER
        believed = self._shown * MODEL_OFF**2 / (MODEL_OFF**2 + PYROMETER_OFF**2)
        pyrometer, estimate = abs(self._shown - believed), abs(self._estimated - believed)
        if now > 0.5:
            return 0.0 if pyrometer + nearer < estimate else 1.0
        return 1.0 if estimate + nearer < pyrometer else 0.0

    def _air(self, values: Mapping[str, float], now: float) -> float:
        """Return the air to ask for; without a probe that of the start."""
        for name in self._probes:
            if name not in values:
                return USUAL_AIR
            old = self._oxygen.get(name, values[name])
            self._oxygen[name] = old + OXYGEN_SEEN * (values[name] - old)
        least = min(self._oxygen[name] for name in self._probes)
        if least < SCARCE:
            return min(now + AIR_STEP, USUAL_AIR)
        return max(now - AIR_STEP, LEAST_AIR) if least > SPARE else now
