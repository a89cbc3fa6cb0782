"""Short- and long-term adaptation of one number: what is common, what is the product's, the lot's.

A Kalman filter over additive parts: one for the line, one for the present lot (the coils of one
product in a row) and one for each product. A coil that does not fit is taken as a matter of its
lot if lots may differ, and otherwise counts only as much as it should (Huber).
"""

from math import isfinite, sqrt

import numpy as np

from .page import Belief

Key = tuple[int, ...]

GATE = 3.5  # 1: standard deviations beyond which a coil does not fit [M]
MOST_PRODUCTS = 32
LINE, LOT, FIRST_PRODUCT = 0, 1, 2  # places in the state


class Levels:
    """One adapted number.

    Args:
        common: how far the line may be off from the start (standard deviation).
        product: how far products differ.
        coil: how far coils of one lot differ.
        lot: how far lots of one product differ; 0 if they do not.
        drift: how far the line moves from coil to coil.
    """

    def __init__(
        self, common: float, product: float, coil: float, lot: float = 0.0, drift: float = 0.0
    ) -> None:
        self._product, self.coil, self._lot, self._drift = product, coil, lot, drift
        self._keys: list[Key] = []
        self._lot_of: Key | None = None
        self._mean = np.zeros(FIRST_PRODUCT)
        self._spread = np.diag([common * common, lot * lot])
        self._told: dict[Key, tuple[float, float]] = {}  # until the next coil is learned

    def expected(self, key: Key) -> Belief:
        """Return what the next coil of a product is expected to show, scatter of coils included."""
        mean, variance = self._at(key)
        return Belief(mean, sqrt(variance + self.coil * self.coil))

    def level(self, key: Key) -> Belief:
        """Return the level of a product, the scatter of its coils left out."""
        mean, variance = self._at(key)
        return Belief(mean, sqrt(variance))

    def _at(self, key: Key) -> tuple[float, float]:
        """Return mean and variance of a product's level."""
        if key not in self._told:
            self._told[key] = self._compute(key)
        return self._told[key]

    def _compute(self, key: Key) -> tuple[float, float]:
        places = [LINE]
        extra = 0.0
        if key == self._lot_of:
            places.append(LOT)
        else:
            extra += self._lot * self._lot
        if key in self._keys:
            places.append(FIRST_PRODUCT + self._keys.index(key))
        else:
            extra += self._product * self._product
        mean = float(sum(self._mean[place] for place in places))
        variance = float(sum(self._spread[a, b] for a in places for b in places))
        return mean, max(variance + extra, 0.0)

    def learn(self, key: Key, seen: float, deviation: float) -> None:
        """Take in what one coil showed; what is not finite teaches nothing.

        Args:
            key: its product.
            seen: measured, in the unit of this number.
            deviation: of the measurement.
        """
        if not (isfinite(seen) and isfinite(deviation)):
            return
        self._told.clear()
        self._take_up(key)
        self._spread[LINE, LINE] += self._drift * self._drift
        row = np.zeros(self._mean.size)
        row[[LINE, LOT, FIRST_PRODUCT + self._keys.index(key)]] = 1.0
        off = seen - float(row @ self._mean)
        noise = deviation * deviation + self.coil * self.coil
        total = float(row @ self._spread @ row) + noise
        if abs(off) > GATE * sqrt(total):
            if self._lot > 0.0:  # a lot of its own: its part becomes free
                self._spread[LOT, LOT] += off * off
                total += off * off
            else:
                noise += abs(off) * sqrt(total) / GATE - total  # bounded influence
                noise = max(noise, deviation * deviation + self.coil * self.coil)
                total = float(row @ self._spread @ row) + noise
        gain = self._spread @ row / total
        self._mean += gain * off
        self._spread -= np.outer(gain, row @ self._spread)
        self._spread = 0.5 * (self._spread + self._spread.T)

    def _take_up(self, key: Key) -> None:
        """Make room for a product, and begin a lot if it is another one than before."""
        if key != self._lot_of:
            self._mean[LOT] = 0.0
            self._spread[LOT, :] = self._spread[:, LOT] = 0.0
            self._spread[LOT, LOT] = self._lot * self._lot
            self._lot_of = key
        if key in self._keys:
            return
        if len(self._keys) == MOST_PRODUCTS:
            self._keys.pop(0)
            self._mean = np.delete(self._mean, FIRST_PRODUCT)
            self._spread = np.delete(np.delete(self._spread, FIRST_PRODUCT, 0), FIRST_PRODUCT, 1)
        self._keys.append(key)
        size = self._mean.size + 1
        spread = np.zeros((size, size))
        spread[:-1, :-1] = self._spread
        spread[-1, -1] = self._product * self._product
        self._mean, self._spread = np.append(self._mean, 0.0), spread


class Running:
    """Mean of readings within one coil, robust: a reading far off counts as one at the gate.

    Args:
        noise: standard deviation of one reading.
        memory: readings after which old ones are forgotten as fast as new ones come.
        floor: deviation that no number of readings takes away.
    """

    def __init__(self, noise: float, memory: int, floor: float) -> None:
        self._noise, self._memory, self._floor = noise, memory, floor
        self.count, self.mean = 0, 0.0
        self._first: list[float] = []

    def take(self, value: float) -> None:
        """Take in one reading; one that is not finite is left out."""
        if not isfinite(value):
            return
        self.count += 1
        if self.count <= 3:  # until there are three nothing tells a wild one from a right one
            self._first.append(value)
            self.mean = float(np.median(self._first))
            return
        off = value - self.mean
        most = GATE * self._noise
        share = 1.0 / min(self.count, self._memory)
        self.mean += share * min(max(off, -most), most)

    def belief(self) -> Belief | None:
        """Return the mean; None before there are three readings."""
        if self.count < 3:
            return None
        spread = self._noise / sqrt(min(self.count, self._memory))
        return Belief(self.mean, sqrt(spread * spread + self._floor * self._floor))


def joined(*beliefs: Belief | None) -> Belief | None:
    """Return what independent beliefs say together, weighted by inverse variance; None if none."""
    weight, total = 0.0, 0.0
    for one in beliefs:
        if one is not None:
            each = 1.0 / (one.deviation * one.deviation + 1e-18)
            weight, total = weight + each, total + each * one.value
    return Belief(total / weight, 1.0 / sqrt(weight)) if weight > 0.0 else None
