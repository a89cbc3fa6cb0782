"""What the gate needs of a plant: see it, send to its mailbox, ask what became of a request."""

from collections.abc import Mapping
from math import inf
from typing import Protocol

from ...plant_sim.controls import Control
from ...plant_sim.signals import Quality, Sample
from ..latest import Latest
from ..letter import Echo, Outcome
from ..tagfile import REARM, VOID

WORDS = {
    Outcome.APPLIED: "applied",
    Outcome.OUT_OF_RANGE: "the plant refused it: out of range",
    Outcome.MALFORMED: "the plant refused it: wrong form, check sum or token",
    Outcome.LOCAL: "the plant refused it: it is in local mode or stopped",
    Outcome.DUPLICATE: "applied before under the same id",
}


class Plant(Protocol):
    """The write side of a plant; the gate is its only holder. Every method may block."""

    @property
    def controls(self) -> Mapping[str, Control]:
        """The controls that can be written here."""
        ...

    @property
    def spans(self) -> Mapping[str, float]:
        """How wide the plausible range of each signal is, SI."""
        ...

    @property
    def tags_hash(self) -> str:
        """Names the tag file; a person's approval holds for this one only."""
        ...

    def samples(self) -> Mapping[str, Sample]:
        """Return the latest sample of every signal; what is not known is missing or BAD."""
        ...

    def read(self, name: str) -> Sample | None:
        """Read one signal now and return its sample; None when it cannot be read."""
        ...

    def memory(self) -> int | None:
        """Return the number that the plant gives its memory of action ids; None if it gives none.

        Another number than before means that it has forgotten: what it does not know then may have
        been applied.

        Raises:
            LinkError: the plant cannot be asked now.
        """
        ...

    def send(self, action_id: str, control: str, value: float) -> Echo | None:
        """Put one request (SI) into the mailbox once; None when its fate is not known.

        Raises:
            LinkError: the plant could not be reached: nothing was sent.
            ProtocolError: the plant refused the frame.
        """
        ...

    def lookup(self, action_id: str, control: str) -> Echo | None:
        """Return what the mailbox knows of an action id, None when it has never seen it.

        Raises:
            LinkError: the mailbox cannot be asked now.
        """
        ...

    def void(self, action_id: str) -> None:
        """Ask the plant to refuse `action_id` from now on, unless it has handled it already.

        Nothing is awaited: `lookup` tells whether it came too late. It may be asked again.

        Raises:
            LinkError: the mailbox cannot be reached now.
        """
        ...

    def beat(self) -> None:
        """Tell the plant that an agent is alive.

        Raises:
            LinkError: the link is down.
        """
        ...

    def close(self) -> None:
        """Let go of the plant."""
        ...


def plant_clock(samples: Mapping[str, Sample]) -> float:
    """Return the newest plant time seen (s), -inf when none is known."""
    if isinstance(samples, Latest):
        return samples.clock()
    newest = -inf
    for sample in samples.values():  # a plain loop: this is most of what a check costs
        if newest < sample.time < inf and sample.quality is not Quality.BAD:
            newest = sample.time
    return newest


def present(samples: Mapping[str, Sample], name: str) -> float | None:
    """Return the GOOD value of a signal (SI), None when there is none."""
    sample = samples.get(name)
    return sample.value if sample is not None and sample.good else None


__all__ = ["REARM", "VOID", "WORDS", "Echo", "Outcome", "Plant", "plant_clock", "present"]
