"""What a move should do to the plant, how soon, and whether it did.

One row a control says which feature should move, which way, by how much at least and within what
plant time. The signs are steel: faster strip loses less heat, more spray takes more, a bank that
is taken out is no longer waited for. `fm.fdt_source` has no row: nothing that can be measured says
within one coil which of two thermometers was right.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from ..plant_sim.controls import Control
from .situation import Action, Effect, Judged

BARRED = 300.0  # plant s for which a move that did not do what it should is not offered again
AGAIN = 60.0  # plant s between two tries to take it back
TRIES = 12  # to take it back, then a person must: longer than the gate's write budget can last


@dataclass(frozen=True, slots=True)
class Expectation:
    """A row of the table.

    Attributes:
        feature: name of a feature of the snapshot.
        sign: direction in which a rise of the set-point moves the feature; 0: towards zero.
        least: smallest change that counts as seen (unit of the feature).
        within: plant time after which it is judged (s).
        strict: an effect that is not seen counts as a wrong move.
        same_coil: another coil has another aim and another state, so it cannot be judged on that.
    """

    feature: str
    sign: float
    least: float
    within: float
    strict: bool = False
    same_coil: bool = True


EXPECTED: dict[str, Expectation] = {
    "fm.speed_trim": Expectation("fdt_error", 1.0, 4.0, 40.0),
    "fm.spray_trim": Expectation("fdt_error", -1.0, 4.0, 40.0),
    "fm.hardness_correction": Expectation("force_excess", -1.0, 0.01, 240.0, same_coil=False),
    "rot.bank_out": Expectation("bank_without_flow", 0.0, 0.5, 60.0, strict=True, same_coil=False),
    "rot.cooling_correction": Expectation("feedback", -1.0, 0.1, 60.0),
}


def expect(
    action: Action,
    control: Control,
    before: float,
    features: Mapping[str, float],
    now: float,
    coil: int,
) -> Effect | None:
    """Return what `action` should do, or None when nothing can be said or judged.

    Args:
        action: the move that was written.
        control: what it moves.
        before: value of the set-point before it, SI.
        features: as they were when it was decided.
        now: plant time of the write, s.
        coil: number of the coil in the mill.
    """
    row = EXPECTED.get(action["control"])
    if row is None or action["undoes"] or row.feature not in features or not isfinite(before):
        return None
    present = features[row.feature]
    rise = 1.0 if action["value"] > before else -1.0
    sign = row.sign * rise if row.sign else (-1.0 if present > 0.0 else 1.0)
    if not row.sign and abs(present) < row.least:
        return None  # already as near to zero as can be told
    return Effect(
        action_id=action["id"],
        control=action["control"],
        label=action["label"],
        undo=before,
        feature=row.feature,
        coil=coil if row.same_coil else -1,
        sign=sign,
        least=row.least,
        strict=row.strict,
        before=present,
        since=now,
        due=now + max(row.within, control.cooldown),
    )


def judge(effect: Effect, features: Mapping[str, float], coil: int) -> Judged:
    """Return how `effect` came out, seen with the features and the coil of now."""
    after = features.get(effect["feature"])
    if after is None or not isfinite(after) or effect["coil"] not in (-1, coil):
        outcome = "unknown"
    else:
        moved = (after - effect["before"]) * effect["sign"]
        if moved >= effect["least"]:
            outcome = "seen"
        else:
            outcome = "opposite" if moved <= -effect["least"] else "unseen"
    return Judged(
        action_id=effect["action_id"],
        control=effect["control"],
        label=effect["label"],
        feature=effect["feature"],
        before=effect["before"],
        after=after,
        outcome=outcome,
    )


def failed(effect: Effect, judged: Judged) -> bool:
    """Whether the action must be taken back."""
    return judged["outcome"] == "opposite" or (effect["strict"] and judged["outcome"] == "unseen")
