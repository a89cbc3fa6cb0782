"""The model predictive controllers of `control` as a policy: a tracker and a controller a lane."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..control.mpc_mill import MillController
from ..control.mpc_table import TableController, TableSheet
from ..control.tracking import TrackedMill, Tracker, TrackingPage
from ..envs.task import Array, Targets
from ..errors import ConfigError
from ..lines.hot_strip.config import Mill, default_mill, load_mill
from ..lines.hot_strip.signal_table import SIGNALS
from ..signals import Sample
from .policy import Actions, Sees, Sight

Samples = dict[str, Sample]
Decide = Callable[[Samples, TrackingPage, Array], Array]


def _table(mill: Mill, sheet: TrackedMill) -> Decide:
    controller = TableController(TableSheet(sheet, mill.run_out_table.main_banks))
    return lambda samples, page, now: np.array([controller.decide(samples, page, float(now[0]))])


def _finishing(mill: Mill, sheet: TrackedMill) -> Decide:
    del mill, sheet
    controller = MillController()

    def decide(samples: Samples, page: TrackingPage, now: Array) -> Array:
        return np.array(controller.decide(samples, page, (now[0], now[1], now[2])))

    return decide


CONTROLLERS: dict[str, Callable[[Mill, TrackedMill], Decide]] = {
    "RunOutTable": _table,
    "FinishingMill": _finishing,
}


class MpcPolicy:
    """Predicts with level 2's models from what tracking believes; sees samples and nothing else."""

    name = "mpc"
    sees: Sees = "samples"

    def begin(self, sight: Sight) -> None:
        """Give every lane a tracker and a controller of its own.

        Raises:
            ConfigError: if there is no such controller for this environment.
        """
        if sight.task.name not in CONTROLLERS:
            raise ConfigError(
                f"there is no mpc for {sight.task.name}; those with one: {', '.join(CONTROLLERS)}"
            )
        if sight.options.action_delay or sight.options.observation_delay:
            raise ConfigError("mpc acts at once on what it sees; leave the delays of options at 0")
        mill = _mill_of(sight)
        sheet = TrackedMill.of(mill, travels=sight.options.resolution == "fine")
        make = CONTROLLERS[sight.task.name]
        self._trackers = [Tracker(sheet, SIGNALS) for _ in range(sight.count)]
        self._decide = [make(mill, sheet) for _ in range(sight.count)]
        self._targets = Targets(sight.task.actions)
        self._spans = np.array([action.span for action in sight.task.actions])
        self._values = np.tile(self._targets.start, (sight.count, 1))

    def act(self, sight: Sight) -> Actions:
        """Return what each lane's controller decides."""
        asked = np.zeros(self._values.shape)
        for lane in range(sight.count):
            samples = sight.samples(lane)
            page = self._trackers[lane].update(samples)
            asked[lane] = self._decide[lane](samples, page, self._values[lane]) / self._spans
        answer = np.clip(asked, -1.0, 1.0).astype(np.float32)
        self._values = self._targets.follow(answer.astype(np.float64), self._values)
        return answer


def _mill_of(sight: Sight) -> Mill:
    config: Any = sight.options.config
    if config is None:
        return default_mill()
    return config if isinstance(config, Mill) else load_mill(config)
