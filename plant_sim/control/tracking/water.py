"""How much more or less than level 2 believes the water cools, and which pyrometer to believe.

The pyrometer in the middle of the table and the coiling one see the same strip a few seconds apart.
What both say of the water is learned; when they disagree, the one that leaves what earlier coils
have taught is doubted.
"""

from math import hypot, sqrt

from .levels import Key, Levels, Running, joined
from .page import Belief
from .table import Under

USUAL_GAIN = 1.025  # 1: factor that fits the default plant's usual coil [C benchmarks/tracking.py]
COMMON_GAIN, PRODUCT_GAIN, COIL_GAIN = 0.12, 0.03, 0.015  # 1: deviations of the factor [M 4.2]
READING = 6.0  # K: deviation of one reading against the model [C benchmarks/tracking.py]
NEVER_SURER = 2.0  # K: of a mean of many [C same]
COILING_SHIFT = 5.0  # K: of what the coiling pyrometer always shows too much [M 6.3]
COMMON_APART, PRODUCT_APART, COIL_APART = 7.0, 6.0, 3.5  # K: middle against coiling [C same]
DOUBT = 11.0  # K: a pyrometer further from the other is doubted [C same]
HEAD = 15.0  # m: of strip that is not compared [M]
LEAST_WATER = 25.0  # K: drop by water from which a gain can be told [M]
SETTLED = 8  # readings before a pyrometer is judged
MOST_OFF = 0.5  # 1: bound of a learned gain [M 6.5]


class Water:
    """The factor on the water's cooling, short and long term."""

    def __init__(self) -> None:
        self.levels = Levels(COMMON_GAIN, PRODUCT_GAIN, COIL_GAIN, drift=0.003)
        self._apart = Levels(COMMON_APART, PRODUCT_APART, COIL_APART, drift=0.3)
        self.doubted = {"middle": False, "coiling": False}
        self.used = 1.0  # factor with which the model of this coil runs
        self.begin(())

    def begin(self, key: Key) -> None:
        """Begin a coil with the factor that its product is expected to have."""
        self._off = {place: Running(READING, 60, NEVER_SURER) for place in ("middle", "coiling")}
        self._drop = {place: Running(40.0, 60, 1.0) for place in ("middle", "coiling")}
        off = self.levels.expected(key).value if key else 0.0
        self.used = USUAL_GAIN + min(max(off, -MOST_OFF), MOST_OFF)

    def see(self, place: str, shown: float | None, under: Under | None, number: int | None) -> None:
        """Compare a pyrometer ("middle" or "coiling") with the model of the strip under it."""
        if shown is None or under is None or under.rolled_by != number or under.at < HEAD:
            return
        self._off[place].take(shown - under.heat)
        self._drop[place].take(under.water)

    def off(self, place: str) -> Belief | None:
        """Return pyrometer less model (K), this coil."""
        return self._off[place].belief()

    def _gain(self, place: str) -> Belief | None:
        """Return by how much the factor lies above the used one, by one pyrometer."""
        off, drop = self._off[place].belief(), self._drop[place].belief()
        if off is None or drop is None or drop.value < LEAST_WATER or self.doubted[place]:
            return None
        spread = hypot(off.deviation, COILING_SHIFT if place == "coiling" else 0.0)
        return Belief(-off.value / drop.value * self.used, spread / drop.value * self.used)

    def _difference(self, key: Key) -> tuple[Belief, Belief] | None:
        """Return what coiling shows beyond middle (K), and what was expected; None if not seen."""
        middle, coiling = self._off["middle"].belief(), self._off["coiling"].belief()
        wet, wetter = self._drop["middle"].belief(), self._drop["coiling"].belief()
        if middle is None or coiling is None or wet is None or wetter is None:
            return None
        share = wetter.value / wet.value if wet.value > LEAST_WATER else 1.0
        share = min(max(share, 0.5), 2.0)
        spread = sqrt(coiling.deviation**2 + (share * middle.deviation) ** 2)
        found = Belief(coiling.value - share * middle.value, spread)
        return found, self._apart.expected(key)

    def judge(self, key: Key) -> None:
        """Doubt a pyrometer of the table, or trust both."""
        both = self._difference(key)
        if both is None or min(one.count for one in self._off.values()) < SETTLED:
            return
        seen, usual = both
        off = seen.value - usual.value
        far = max(DOUBT, 3.0 * sqrt(seen.deviation**2 + usual.deviation**2))
        if abs(off) < 0.6 * far:
            self.doubted = {"middle": False, "coiling": False}
        elif abs(off) > far:
            middle, coiling = self._off["middle"].mean, self._off["coiling"].mean
            worse = "coiling" if abs(coiling) >= abs(middle) else "middle"
            self.doubted = {place: place == worse for place in self._off}

    def excess(self, place: str, key: Key) -> Belief | None:
        """Return by how much a pyrometer shows more than the other lets expect (K)."""
        both = self._difference(key)
        if both is None:
            return None
        seen, usual = both
        sign = 1.0 if place == "coiling" else -1.0
        spread = sqrt(seen.deviation**2 + usual.deviation**2)
        return Belief(sign * (seen.value - usual.value), spread)

    def now(self, key: Key) -> Belief | None:
        """Return the factor (1) of this coil; None until it has been seen."""
        seen = joined(self._gain("middle"), self._gain("coiling"))
        if seen is None:
            return None
        prior = Belief(0.0, self.levels.expected(key).deviation)
        both = joined(prior, Belief(seen.value, sqrt(seen.deviation**2 + 0.005**2)))
        return None if both is None else Belief(self.used + both.value, both.deviation)

    def expected(self, key: Key) -> Belief:
        """Return the factor (1) expected of the next coil of a product."""
        level = self.levels.expected(key)
        return Belief(USUAL_GAIN + level.value, level.deviation)

    def close(self, key: Key, trusted: bool) -> None:
        """Learn from a whole coil; `trusted` is whether its delivery temperature was known."""
        both = self._difference(key)
        if both is not None and not any(self.doubted.values()):
            self._apart.learn(key, both[0].value, both[0].deviation)
        seen = joined(self._gain("middle"), self._gain("coiling"))
        if seen is not None and trusted:
            self.levels.learn(
                key, self.used - USUAL_GAIN + seen.value, sqrt(seen.deviation**2 + 0.005**2)
            )
