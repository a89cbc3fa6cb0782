"""Gates on one folder, one after the other, and a person who decides; for the tests of the gate."""

from contextlib import contextmanager
from dataclasses import replace

from passline.connectors.gate.check import Mode, Policy, Request
from passline.connectors.gate.gate import Gate
from passline.connectors.gate.operators import approval_parts, load_operators, sign

QUICK = Policy(lease=30.0, readback=0.1, settle=0.05)


@contextmanager
def gates(folder, plant):
    """A maker of gates; each ends the one before, the last is closed at the end."""
    living = []

    def make(mode=Mode.CLOSED, policy=QUICK, *, pulse=False, head=None):
        while living:
            living.pop().close()
        one = Gate(plant, folder, mode, policy, head)
        living.append(one.start() if pulse else one)
        one.beat()
        return one

    yield make
    for one in living:
        one.close()


def wish(number, control="mill.speed", value=0.3, requester="agent"):
    return Request(f"{number:032x}", control, value, requester, "because", "snapshot-1")


def decide(gate, folder, approval, *, decision="approve", by="operator", **changed):
    """Decide as `by`, signing what `changed` makes of the approval."""
    keys = load_operators(folder / "pki" / "operators.json")
    parts = approval_parts(replace(approval, **changed), decision, by)
    return gate.decide(approval.id, decision, by, sign(keys["operator"], *parts))
