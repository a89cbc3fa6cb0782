"""What the PLC shows at one moment; the servers show pictures and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ...plant_sim.signals import Sample
from ..letter import Echo

Clock = Literal["running", "paused", "lock-step", "finished"]
CLOCKS: tuple[Clock, ...] = ("running", "paused", "lock-step", "finished")


@dataclass(frozen=True, slots=True)
class Picture:
    """One moment of plant and PLC; values SI.

    Attributes:
        samples: every signal of the line and of the PLC itself.
        echoes: the newest handled requests, oldest first; values in plant units.
        handled: how many requests were handled since the start, or since the memory was lost.
        count: number of the picture; it tells which values belong together.
        time: plant clock (s).
        remote: whether set-points are taken from the gate.
        clock: what the plant clock does.
        speed: plant seconds a wall second; 0 while the plant clock stands.
        memory: names the mailbox's memory. Another number: what was before is forgotten, and that
            an action id is not known says nothing.
    """

    samples: Mapping[str, Sample]
    echoes: tuple[Echo, ...]
    handled: int
    count: int = 0
    time: float = 0.0
    remote: bool = True
    clock: Clock = "running"
    speed: float = 0.0
    memory: int = 0
