"""The operator's rule table, and the seat that never moves: the baselines of every comparison.

One rule a line: what is seen, which control, which way. The first rule whose move is legal acts.
"""

from collections.abc import Sequence

from ..controls import HOLD, Decision, Move
from ..snapshot import Snapshot


class HoldSeat:
    """Leaves the line to its own automation."""

    name = "hold"

    def decide(
        self, snapshots: Sequence[Snapshot], moves: Sequence[Sequence[Move]]
    ) -> list[Decision]:
        """Return HOLD for every snapshot."""
        return [Decision(0, 1.0, "hold") for _ in snapshots]


class RuleSeat:
    """Follows the rule table: instrument faults first, then dead equipment, then set-points."""

    name = "rules"

    def decide(
        self, snapshots: Sequence[Snapshot], moves: Sequence[Sequence[Move]]
    ) -> list[Decision]:
        """Return the first legal move the table names, else HOLD, with the rule as its reason."""
        return [_decide(page, offered) for page, offered in zip(snapshots, moves, strict=True)]


def wanted(page: Snapshot) -> list[tuple[str, str, str]]:
    """Return (control, label of the move, reason) in the order of urgency."""
    seen, features = set(page.alerts), page.features
    rules: list[tuple[str, str, str]] = []
    if "pyrometer_low" in seen or "pyrometer_high" in seen:
        rules.append(("fm.fdt_source", "1", "pyrometer disagrees with the model"))
    if "pyrometer_agrees" in seen:
        rules.append(("fm.fdt_source", "0", "pyrometer agrees with the model again"))
    if "bank_no_flow" in seen:
        bank = f"{features['bank_without_flow']:.0f}"
        rules.append(("rot.bank_out", bank, f"bank {bank} gives no water"))
    if "force_high" in seen:
        rules.append(("fm.hardness_correction", "up", "strip harder than expected"))
    if "force_low" in seen:
        rules.append(("fm.hardness_correction", "down", "strip softer than expected"))
    if "feedback_full" in seen and "ct_hot" in seen:
        rules.append(("rot.cooling_correction", "up", "too little water, feedback at its limit"))
    if "feedback_full" in seen and "ct_cold" in seen:
        rules.append(("rot.cooling_correction", "down", "too much water, feedback at its limit"))
    if "spray_edge" in seen and "fdt_hot" in seen:
        rules.append(("fm.speed_trim", "down", "too hot, sprays at their limit"))
    if "spray_edge" in seen and "fdt_cold" in seen:
        rules.append(("fm.speed_trim", "up", "too cold, sprays at their limit"))
    return rules


def _decide(page: Snapshot, moves: Sequence[Move]) -> Decision:
    index = {(move.control, move.label): n for n, move in enumerate(moves)}
    for control, label, reason in wanted(page):
        choice = index.get((control, label))
        if choice is not None:
            return Decision(choice, 1.0, reason)
    return Decision(0, 1.0, HOLD.label)
