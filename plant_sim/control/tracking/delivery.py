"""The temperature before F1 and behind F7: how far level 2's model is off, and whom to believe.

Three speak of the delivery temperature: the pyrometer, level 2's model with the bias it has been
found to have, and the roll forces of the back stands against the front ones. What the pyrometer
always shows beyond the model is its own for the most part (emissivity, steam): pyrometers differ
by more than the model does from mill to mill. One that leaves what it has always shown is doubted
unless the forces go with it.
"""

from collections import deque
from collections.abc import Mapping
from math import exp, hypot, log, sqrt

from ..level2_model import delivery_temperature
from .levels import Key, Levels, Running, joined
from .mill import TrackedMill
from .page import Belief

# K: what level 2's model usually lacks at USUAL_*, then by gauge (K/m), by logarithmic reduction
# times hardness less 1 (K), by spray opening over flow (K m2/s), by entry temperature (1) and by
# the inverse of the flow (K m2/s) [C benchmarks/tracking.py --identify]
LACKS = (-0.66, 5870.0, -19.1, -0.034, -0.045, 0.448)
USUAL_GAUGE, USUAL_ENTRY = 2.6e-3, 1340.0  # m, K: where the first of LACKS holds [C same]
USUAL_SLOWNESS, USUAL_SPRAY = 60.0, 0.4  # s/m2, 1: where the first of LACKS holds [C same]
MOST_LACKS = 80.0  # K: bound of what is put right so [M]
COMMON_BIAS, PRODUCT_BIAS, COIL_BIAS = 3.0, 1.5, 1.0  # K: deviations of the bias [C same]
COMMON_SHIFT, COIL_SHIFT = 9.0, 0.5  # K: of what a pyrometer shows too much, and by coil [M 6.3]
LEAST_SHIFT = 2.0  # K: no number of coils tells it from the bias of the model better [C same]
PYROMETER_NOISE, MODEL_NOISE = 2.0, 3.0  # K: of one reading, of one model value [M 4.2]
NEVER_SURER = 1.0  # K: deviation of a mean of many [M]
DOUBT, FORCES_DIFFER = 6.0, 5.0  # K: pyrometer off the model, forces off the pyrometer [C same]
FORCES_NOISE = 6.0  # K: of what forces say, as back stands scatter against front ones [C same]
HEAD_READINGS = 8  # of the pyrometer before F1 that speak of the head
BEYOND_USUAL = 3.0  # K: more deviation of the model while a liar steers the sprays [C same]
SETTLED = 10  # readings before the pyrometer is judged
ENTRY_LAG = 1.0  # s: smoothing of the pyrometer before F1, as level 2's [M]
HISTORY = 60.0  # s: readings before F1 kept for strip under way in the mill [M]


def usual_delivery(
    entry: float, bar: float, gauge: float, flow: float, spray: float, hardness: float = 1.0,
    share: float = 1.0,
) -> float:  # fmt: skip
    """Return level 2's delivery temperature (K) with what its model is known to lack.

    Args:
        entry: temperature before F1 (K).
        bar: thickness there (m).
        gauge: behind F7 (m).
        flow: speed times thickness (m2/s).
        spray: interstand spray opening, 0 to 1.
        hardness: of the steel over that of its grade.
        share: of the heat that seven stands take, on which the model was identified: LOSS_SHARE.
    """
    plain = delivery_temperature(entry, bar, gauge, flow, spray, share)
    terms = (
        1.0, gauge - USUAL_GAUGE, log(bar / gauge) * (hardness - 1.0),
        (spray - USUAL_SPRAY) / flow, entry - USUAL_ENTRY, share / flow - USUAL_SLOWNESS,
    )  # fmt: skip
    lacks = sum(each * term for each, term in zip(LACKS, terms, strict=True))
    return plain + min(max(lacks, -MOST_LACKS), MOST_LACKS)


class Delivery:
    """Delivery temperature of the strip that leaves F7 now, and the bias of level 2's model."""

    def __init__(self, mill: TrackedMill) -> None:
        self._ways = mill.ways
        self.bias = Levels(COMMON_BIAS, PRODUCT_BIAS, COIL_BIAS, drift=0.3)
        self._shift = Levels(COMMON_SHIFT, 0.0, COIL_SHIFT, drift=0.2)
        self.doubted = False
        self._entries: deque[tuple[float, float]] = deque(maxlen=256)
        self._smooth: float | None = None
        self.begin()

    def begin(self) -> None:
        """Begin a coil."""
        self._off = Running(sqrt(PYROMETER_NOISE**2 + MODEL_NOISE**2), 40, NEVER_SURER)
        self._entry = Running(6.0, HEAD_READINGS, NEVER_SURER)
        self._smooth = None
        self._entries.clear()
        self.modelled: float | None = None
        self._forces: Belief | None = None

    def entry(
        self, values: Mapping[str, float], now: float, passed: float, delay: float
    ) -> float | None:
        """Return the temperature before F1 (K) that the strip leaving F7 now had, if known."""
        seen = values.get("fm.entry_temperature")
        if seen is None:
            self._smooth = None
            return None
        if self._entry.count < HEAD_READINGS:
            self._entry.take(seen)
        old = self._smooth if self._smooth is not None else seen
        self._smooth = old + (1.0 - exp(-passed / ENTRY_LAG)) * (seen - old)
        if delay <= 0.0:
            return self._smooth
        self._entries.append((now, self._smooth))
        while len(self._entries) > 2 and self._entries[1][0] <= now - delay:
            self._entries.popleft()
        return self._entries[0][1]

    def delay(self, speeds: list[float]) -> float:
        """Return how long strip is under way from F1 to F7 (s), by strip speeds behind F1 to F6."""
        return min(
            sum(way / max(speed, 0.1) for way, speed in zip(self._ways, speeds, strict=True)),
            HISTORY,
        )

    def compare(self, key: Key, modelled: float, shown: float | None) -> None:
        """Compare the pyrometer with the model, whose long-term bias is put right (K)."""
        self.modelled = modelled + self.bias.level(key).value
        if shown is not None:
            self._off.take(shown - self._shift.level(()).value - self.modelled)

    def judge(self, key: Key, forces: Belief | None) -> None:
        """Doubt the pyrometer, or trust it again.

        Args:
            key: product.
            forces: by how much the forces say that strip leaves hotter than the model (K).
        """
        self._forces = forces
        off = self._off.belief()
        if off is None or self._off.count < SETTLED:
            return
        own, shift = self.bias.expected(key).deviation, self._shift.level(()).deviation
        far = max(DOUBT, 3.0 * sqrt(own * own + shift * shift + off.deviation**2))
        if abs(off.value) < 0.6 * far:
            self.doubted = False
        elif abs(off.value) > far:
            apart = forces is None or abs(off.value - forces.value) > max(
                FORCES_DIFFER, 2.0 * sqrt(forces.deviation**2 + off.deviation**2)
            )
            self.doubted = apart

    def excess(self) -> Belief | None:
        """Return pyrometer less model (K) in this coil, what it always shows beyond it left out."""
        return self._off.belief()

    def _shown(self) -> Belief | None:
        """Return how far true strip is above the model (K), this coil, by the pyrometer alone."""
        off = self._off.belief()
        return None if off is None or self.doubted else _less_sure(off, self._shift_known())

    def _shift_known(self) -> float:
        """Return how well it is known what the pyrometer always shows too much (K)."""
        return max(self._shift.level(()).deviation, LEAST_SHIFT)

    def of_coil(self, key: Key) -> Belief:
        """Return how far true strip is above the model with its long-term bias (K), this coil."""
        own = self.bias.expected(key).deviation
        if self.doubted:  # speed and sprays are led to where the model was not identified
            own = sqrt(own * own + BEYOND_USUAL * BEYOND_USUAL)
        prior = Belief(0.0, own)
        seen = self._shown()
        forces = self._forces
        if seen is not None and abs(seen.value) > 3.0 * hypot(prior.deviation, seen.deviation):
            prior = Belief(0.0, abs(seen.value))  # confirmed by the forces: the model is off
        if forces is not None:
            forces = _less_sure(forces, FORCES_NOISE)
        both = joined(prior, seen, forces)
        return prior if both is None else both

    def believed(self, key: Key, shown: float | None) -> Belief | None:
        """Return the delivery temperature (K) of the strip under the pyrometer now."""
        if self.modelled is None:
            if shown is None or self.doubted:
                return None
            return Belief(
                shown - self._shift.level(()).value, hypot(PYROMETER_NOISE, self._shift_known())
            )
        coil = self.of_coil(key)
        modelled = Belief(
            self.modelled + coil.value, sqrt(coil.deviation**2 + MODEL_NOISE**2 / 2.0)
        )
        if shown is None or self.doubted:
            return modelled
        right = Belief(
            shown - self._shift.level(()).value, hypot(PYROMETER_NOISE, self._shift_known())
        )
        return modelled if abs(right.value - modelled.value) > 25.0 else joined(modelled, right)

    def entry_head(self) -> Belief | None:
        """Return the mean before F1 of the beginning of this coil (K)."""
        return self._entry.belief()

    def close(self, key: Key) -> None:
        """Learn the bias of the model, and what the pyrometer always shows, from a whole coil."""
        coil, off = self.of_coil(key), self._off.belief()
        if off is not None and not self.doubted:
            shown = _less_sure(off, self.bias.level(key).deviation)
            self._shift.learn((), self._shift.level(()).value + off.value, shown.deviation)
        own = self.bias.expected(key).deviation
        if coil.deviation < 0.9 * own:  # something was seen
            level = self.bias.level(key).value
            weight = 1.0 / coil.deviation**2 - 1.0 / own**2
            seen = coil.value / (1.0 - coil.deviation**2 / own**2)
            self.bias.learn(key, level + seen, sqrt(1.0 / max(weight, 1e-6)))


def _less_sure(of: Belief, deviation: float) -> Belief:
    """Return a belief with a further deviation."""
    return Belief(of.value, hypot(of.deviation, deviation))
