"""A seat of the desk as a policy of the whole line: pages in, the set-points of its controls out.

The policy makes pages of what the instruments show, offers the legal moves as `play` does, asks the
seat, and holds what it chose as the action until it chooses anew. Two things differ from the desk
itself: a page is made once in ten seconds and not every two, and a continuous set-point is
approached at the rate of the environment's action.
"""

import numpy as np

from ..controls import HOLD, Seat
from ..envs.hot_strip_line import MOVED, HotStripLineTask
from ..errors import ConfigError
from ..lines.hot_strip.control_table import CONTROLS, offer
from ..snapshot import SnapshotBuilder
from .desk import Desk, ask
from .policy import Actions, Sees, Sight

AT_DESK = {name: CONTROLS[name] for name in MOVED}


class DeskPolicy:
    """Puts a seat at the desk of `HotStripLine-v0`.

    Attributes:
        seat: who decides.
        fingerprint: that of the seat.
    """

    sees: Sees = "samples"

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.name = f"desk:{seat.name}"
        self.fingerprint = f"desk:{getattr(seat, 'fingerprint', seat.name)}"
        self._desks: list[Desk] = []
        self._held: Actions = np.zeros((0, 0), np.float32)

    def begin(self, sight: Sight) -> None:
        """Sit down at new lines.

        Raises:
            ConfigError: the environment has no desk.
        """
        if not isinstance(sight.task, HotStripLineTask):
            raise ConfigError(
                f"{sight.task.name} has no desk; a seat sits in passline/HotStripLine-v0"
            )
        signals = sight.signals()
        self._desks = [
            Desk(SnapshotBuilder(signals, AT_DESK), AT_DESK, offer) for _ in range(sight.count)
        ]
        self._held = np.zeros((sight.count, len(MOVED)), np.float32)

    def act(self, sight: Sight) -> Actions:
        """Return where each control shall stand."""
        pages = [desk.builder.update(sight.samples(lane)) for lane, desk in enumerate(self._desks)]
        moves = [desk.open_moves(page) for desk, page in zip(self._desks, pages, strict=True)]
        for lane, (move, _) in enumerate(ask(self.seat, pages, moves)):
            if move != HOLD:
                column = MOVED.index(move.control)
                self._held[lane, column] = sight.task.actions[column].asking_for(move.value)
                self._desks[lane].note(move.control, pages[lane].time)
        return self._held
