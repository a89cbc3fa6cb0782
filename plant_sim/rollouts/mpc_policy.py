"""The model predictive controllers of `control` as a policy: a tracker and a controller a lane."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..control.mpc_line import LineController
from ..control.mpc_mill import MillController, StandSheet
from ..control.mpc_setup import speed_trim
from ..control.mpc_strip import TableSheet
from ..control.mpc_table import TableController
from ..control.tracking import TrackedMill, Tracker
from ..envs.hot_strip_line import MOVED, HotStripLineTask
from ..envs.rules import page_of
from ..envs.task import Array, Targets
from ..errors import ConfigError
from ..lines.hot_strip.config import Mill, mill_of
from ..lines.hot_strip.signal_table import SIGNALS
from ..signals import Quality, Sample
from .policy import Actions, Sees, Sight
from .tuned import Level2Policy

Samples = dict[str, Sample]
Decide = Callable[[Samples, Array], Array]  # samples and present values in, aims out, all SI


def _table(mill: Mill, sheet: TrackedMill) -> Decide:
    tracker = Tracker(sheet, SIGNALS)
    controller = TableController(TableSheet(sheet, mill.run_out_table.main_banks))

    def decide(samples: Samples, now: Array) -> Array:
        return np.array([controller.decide(samples, tracker.update(samples), float(now[0]))])

    return decide


def _finishing(mill: Mill, sheet: TrackedMill) -> Decide:
    stands = [
        StandSheet(number, stand.work_roll_radius, stand.max_force, stand.max_power)
        for number, stand in zip(sheet.numbers, mill.stands, strict=True)
    ]
    tracker, controller = Tracker(sheet, SIGNALS), MillController(stands)

    def decide(samples: Samples, now: Array) -> Array:
        trims = (float(now[0]), float(now[1]), float(now[2]))
        return np.array(controller.decide(samples, tracker.update(samples), trims))

    return decide


TRACKED: dict[str, Callable[[Mill, TrackedMill], Decide]] = {
    "FinishingMill": _finishing,
    "RunOutTable": _table,
}
SET_UP = "MillSetup"  # decides from the set-up, which the observations show
DESK = HotStripLineTask.name  # has tuned level 2 beneath
ALL_SEEN = (SET_UP, DESK)


def believable(samples: Samples) -> Samples:
    """Return samples, those of a line that doubts them all alike taken as they are."""
    if any(one.quality is not Quality.UNCERTAIN for one in samples.values()):
        return samples
    return {name: replace(one, quality=Quality.GOOD) for name, one in samples.items()}


class MpcPolicy:
    """Predicts with level 2's models from what tracking believes; sees samples and nothing else."""

    name = "mpc"
    sees: Sees = "samples"

    def begin(self, sight: Sight) -> None:
        """Give every lane a tracker and a controller of its own.

        Raises:
            ConfigError: if there is no such controller for this environment, or its options hide
                or delay what the controller needs.
        """
        task, options = sight.task, sight.options
        if task.name not in ALL_SEEN and task.name not in TRACKED:
            names = ", ".join(sorted([*ALL_SEEN, *TRACKED]))
            raise ConfigError(f"there is no mpc for {task.name}; those with one: {names}")
        if options.action_delay or options.observation_delay:
            raise ConfigError("mpc acts at once on what it sees; leave the delays of options at 0")
        if task.name in ALL_SEEN and sight.observations.shape[1] < len(task.observations):
            raise ConfigError("mpc needs all observations; leave the option observe at 'all'")
        if options.resolution == "fine":
            raise ConfigError("mpc was never tried on the fine mill; leave resolution supervisory")
        self._decide: list[Decide] = []
        self._desks: list[LineController] = []
        if task.name == DESK:
            self._law = Level2Policy()
            self._law.begin(sight)
            furnaces = TrackedMill.of(mill_of(options.config)).furnaces
            self._desks = [LineController(furnaces) for _ in range(sight.count)]
        if task.name in TRACKED:
            mill = mill_of(options.config)
            make, sheet = TRACKED[task.name], TrackedMill.of(mill)
            self._decide = [make(mill, sheet) for _ in range(sight.count)]
        self._targets = Targets(task.actions)
        self._spans = np.array([action.span for action in task.actions])
        self._values = np.tile(self._targets.start, (sight.count, 1))
        self._first = True

    def act(self, sight: Sight) -> Actions:
        """Return what each lane's controller decides."""
        if self._desks:
            asked = self.at_the_desks(sight)
        elif self._decide:
            asked = np.array([
                decide(believable(sight.samples(lane)), self._values[lane]) / self._spans
                for lane, decide in enumerate(self._decide)
            ])  # fmt: skip
        else:
            asked = self._set_up(sight)
        self._first = False
        answer = np.clip(asked, -1.0, 1.0).astype(np.float32)
        self._before = self._values
        self.applied(answer)
        return answer

    def applied(self, actions: Actions) -> None:
        """Take note that these actions (n, actions) were played instead of the last answer."""
        self._values = self._targets.follow(actions.astype(np.float64), self._before)

    def _set_up(self, sight: Sight) -> Array:
        asked = np.zeros(self._values.shape)
        page = page_of(sight.task, sight.observations.astype(np.float64))
        for lane in range(sight.count):
            asked[lane, -1] = speed_trim(
                self._first, float(page["fm.entry_temperature"][lane]),
                float(page["coil.gauge_aim"][lane]), float(page["coil.fdt_aim"][lane]),
                float(page["fm.thread_speed"][lane]),
            ) / self._spans[-1]  # fmt: skip
        return asked

    def at_the_desks(self, sight: Sight) -> Array:
        """Return what tuned level 2 asks for, and where a controller decides, what it asks for."""
        asked = self._law.act(sight).astype(np.float64)
        for lane, desk in enumerate(self._desks):
            now = dict(zip(MOVED, self._values[lane].tolist(), strict=True))
            for name, value in desk.decide(believable(sight.samples(lane)), now).items():
                column = MOVED.index(name)
                asked[lane, column] = sight.task.actions[column].asking_for(value)
        return asked
