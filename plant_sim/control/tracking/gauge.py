"""The X-ray gauge against the volume of the bar: what went in must have come out."""

from math import log, sqrt

from .levels import Key, Levels, Running
from .page import Belief
from .stock import Bar

# 1: logarithm of bar over strip volume, gap and widths as they are, and its deviations
# [C benchmarks/tracking.py]
USUAL_BALANCE = 0.0075
COMMON_BALANCE, PRODUCT_BALANCE, COIL_BALANCE = 0.003, 0.0015, 0.0020  # 1: of it [C same]
DOUBT = 0.0055  # 1: of the thickness, from which the gauge is doubted [C same]
MOST_OFF = 0.05  # 1: of the thickness; a balance further off is not the gauge's doing [M 6.3]
LEAST_STRIP = 150.0  # m: of strip for a balance [M]
WIDTH_DEVIATION = 1e-3  # m: of the bar's width gauge [M]


class Gauge:
    """The thickness behind F7, and how far the X-ray gauge is off."""

    def __init__(self) -> None:
        self._balance = Levels(COMMON_BALANCE, PRODUCT_BALANCE, COIL_BALANCE, drift=0.0002)
        self.doubted = False
        self.excess: Belief | None = None  # m
        self._share = 0.0  # 1: of the thickness
        self.begin()

    def begin(self) -> None:
        """Begin a coil."""
        self._seen = Running(2e-5, 1000, 1e-6)

    def thickness(self, shown: float | None, aim: float | None) -> float | None:
        """Return the thickness behind F7 (m): the gauge put right, or the aim without it."""
        if shown is not None:
            self._seen.take(shown)
            return shown / (1.0 + self._share) if self.doubted else shown
        return aim

    def close(self, key: Key, bar: Bar | None, strip: float | None, width: float | None) -> None:
        """Balance a whole coil.

        Args:
            key: product.
            bar: it was rolled from.
            strip: delivered (m).
            width: of the strip (m).
        """
        seen = self._seen.belief()
        if bar is None or strip is None or width is None or seen is None or strip < LEAST_STRIP:
            return
        length, thick, wide = bar.length.belief(), bar.thick.belief(), bar.width.belief()
        if length is None or thick is None or wide is None or min(length.value, thick.value) <= 0.0:
            return
        if seen.value <= 0.0 or wide.value <= 0.0:
            return
        volume = length.value * thick.value * wide.value
        balance = log(volume / (strip * seen.value * width)) - USUAL_BALANCE
        spread = sqrt(
            (length.deviation / length.value) ** 2 + (WIDTH_DEVIATION / wide.value) ** 2 + 1e-6
        )
        usual = self._balance.expected(key)
        off = -(balance - usual.value)
        if abs(off) > MOST_OFF:  # another bar, a lost count or a crop: nothing is learned
            self.doubted, self.excess, self._share = False, None, 0.0
            return
        self._share = off
        deviation = sqrt(spread**2 + usual.deviation**2)
        self.excess = Belief(off * seen.value, deviation * seen.value)
        self.doubted = abs(off) > max(DOUBT, 3.0 * usual.deviation)
        if not self.doubted:
            self._balance.learn(key, balance, spread)

    def bar_thickness(self, key: Key, bar: Bar | None) -> float | None:
        """Return the thickness of a bar (m), its gap put right by the volumes of bars before."""
        thick = None if bar is None else bar.thick.belief()
        if thick is None or thick.value <= 0.0:
            return None
        return thick.value * (1.0 - USUAL_BALANCE - self._balance.level(key).value)
