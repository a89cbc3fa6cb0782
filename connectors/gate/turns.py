"""Who had his turn when: the last write of each control, and the writes of all, in plant time.

Cooldowns, rates, exclusions and the budget go by it. It lies in the ledger, so that a restart of
the gate forgets nothing, and it follows the plant's clock where that begins anew.
"""

import json
from math import inf, isfinite

from .ledger import Ledger

_CLOCK_SLACK = 1.0  # plant s by which two devices may differ


class Turns:
    """The write history of one plant.

    Args:
        ledger: where it is kept.
        window: how far back writes count against the budget, plant s.
    """

    def __init__(self, ledger: Ledger, window: float) -> None:
        self._ledger, self._window = ledger, window
        self.last: dict[str, float]
        self.recent: list[float]
        self.last, self.recent = json.loads(ledger.fact("turns") or "[{}, []]")

    def take(self, control: str, at: float) -> None:
        """Count a write of `control` at plant time `at` (s), durably, before it is sent."""
        self.last[control] = at
        self.recent = [one for one in self.recent if at - one < self._window] + [at]
        self._keep()

    def follow(self, now: float) -> float | None:
        """Begin a new count when the plant's clock ran backwards to `now` (s): it restarted.

        Every cooldown starts anew, and writes that were inside the budget's window count as made
        just now; older ones are over.

        Returns:
            The newest time in the old count where that was so, None otherwise.
        """
        newest = max([*self.recent, *self.last.values()], default=-inf)
        if not isfinite(now) or now >= newest - _CLOCK_SLACK:
            return None
        self.last = dict.fromkeys(self.last, now)
        self.recent = [now for at in self.recent if newest - at < self._window]
        self._keep()
        return newest

    def _keep(self) -> None:
        self._ledger.remember("turns", json.dumps([self.last, self.recent]))
