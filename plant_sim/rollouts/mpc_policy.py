"""The model predictive controllers of `control` as a policy: a tracker and a controller a lane."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..control.mpc_table import TableController, TableSheet
from ..control.tracking import TrackedMill, Tracker
from ..errors import ConfigError
from ..lines.hot_strip.config import default_mill
from ..lines.hot_strip.signal_table import SIGNALS
from .policy import Actions, Sees, Sight


class MpcPolicy:
    """Predicts with level 2's models from what tracking believes; sees samples and nothing else."""

    name = "mpc"
    sees: Sees = "samples"

    def begin(self, sight: Sight) -> None:
        """Give every lane a tracker and a controller of its own."""
        mill = default_mill()
        sheet = TrackedMill.of(mill)
        self._trackers = [Tracker(sheet, SIGNALS) for _ in range(sight.count)]
        table = TableSheet(sheet, mill.run_out_table.main_banks)
        self._controllers = [TableController(table) for _ in range(sight.count)]
        self._values = np.zeros((sight.count, len(sight.task.actions)))

    def act(self, sight: Sight) -> Actions:
        """Return what each lane's controller decides."""
        for lane in range(sight.count):
            samples = sight.samples(lane)
            page = self._trackers[lane].update(samples)
            now = float(self._values[lane, 0])
            aim = self._controllers[lane].decide(samples, page, now)
            self._values[lane, 0] = now + min(max(aim - now, -0.25), 0.25)
        return (self._values / 1.5).astype(np.float32)
