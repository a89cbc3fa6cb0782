"""Undo: the inverse of a write that is done, as a proposal.

Nothing is taken back by force: the inverse is a wish like any other, under an action id of its own,
and the same limits, modes and persons stand in its way.
"""

from collections.abc import Mapping

from ...plant_sim.controls import Control, Move
from ...plant_sim.signals import Sample
from .errors import GateError
from .ledger import Entry, State


def inverse(
    entry: Entry | None, catalogue: Mapping[str, Control], samples: Mapping[str, Sample]
) -> Move:
    """Return the move that takes a write back, SI.

    Raises:
        GateError: nothing was written, or the plant no longer stands where this write left it.
    """
    if entry is None:
        raise GateError("the gate knows no such action; look in its audit log for the id")
    control = catalogue.get(entry.control)
    if entry.state is not State.DONE or entry.before is None or control is None:
        raise GateError(
            f"action {entry.action_id} ({entry.control}) is {entry.state}; only a write of a "
            "set-point that is DONE can be undone"
        )
    left = entry.value if entry.readback is None else entry.readback
    sample = samples.get(control.name)
    if sample is None or not sample.good:
        raise GateError(f"the present value of {control.name} is not known; wait for a reading")
    if abs(sample.value - left) > control.tolerance:
        raise GateError(
            f"{control.name} is {sample.value:g} now, not the {left:g} that this action left; "
            "undo what came after it first, or ask for the value you want"
        )
    if abs(left - entry.before) <= control.tolerance:
        raise GateError(f"{control.name} was {entry.before:g} before already; nothing to undo")
    return Move(control.name, entry.before, f"undo {entry.action_id}")
