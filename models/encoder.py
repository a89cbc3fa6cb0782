"""What a model reads and what it may answer: one text for training and for operating.

Code, not the model, works out what deviates: the state is a few digested residuals in the units
an operator reads, and its last line names the alerts in words. An answer is one closed JSON
object, the deciding field first. Whatever text a plant carries (alarms, notes) is not in it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from ..plant_sim.controls import Move
from ..plant_sim.snapshot import ALERTS

if TYPE_CHECKING:
    from ..plant_sim.snapshot import Snapshot

SYSTEM = "You operate a hot strip mill. Answer with one JSON move."


@dataclass(frozen=True, slots=True)
class Line:
    """One number of the text: its feature, the words for it, its scale and its decimals."""

    feature: str
    words: str
    scale: float
    decimals: int = 0


LINES = (
    Line("fdt_error", "delivery temperature error", 1.0),
    Line("fdt_residual", "pyrometer minus model", 1.0),
    Line("spray_opening", "spray opening", 100.0),
    Line("gauge_error", "gauge error", 1e6),
    Line("force_excess", "force excess", 100.0),
    Line("ct_error", "coiling temperature error", 1.0),
    Line("feedback", "cooling feedback", 10.0),
    Line("demand", "banks", 1.0, 1),
)
ORDER = ("coil.gauge_aim", "coil.ct_aim")
SETTINGS = (
    Line("fm.speed_trim", "speed trim", 1.0, 1),
    Line("fm.spray_trim", "spray trim", 100.0),
    Line("fm.fdt_source", "temperature source", 1.0),
    Line("fm.hardness_correction", "hardness", 100.0),
    Line("rot.bank_out", "bank out", 1.0),
    Line("rot.cooling_correction", "cooling", 100.0),
)


def state_text(snapshot: "Snapshot") -> str:
    """Return the state as text: residuals, the set-points that are not zero, the alerts last."""
    seen = [_said(line, snapshot) for line in LINES]
    set_to = [_said(line, snapshot) for line in SETTINGS]
    standing = [text for text in set_to if text and not text.endswith(" 0")]
    rows = [_order(snapshot), *(text for text in seen if text)]
    rows.append("set: " + ("; ".join(standing) or "none"))
    rows.append(
        "alerts: " + ("; ".join(_alert(key, snapshot) for key in snapshot.alerts) or "none")
    )
    return "\n".join(rows)


def turns(snapshot: "Snapshot") -> list[tuple[str, str]]:
    """Return the conversation a model is asked to end: its duty and the state."""
    return [("system", SYSTEM), ("user", state_text(snapshot))]


def answer_text(move: Move) -> str:
    """Return the answer that asks for `move`, for example {"control":"rot.bank_out","move":"3"}."""
    return json.dumps({"control": move.control, "move": move.label}, separators=(",", ":"))


def answers(moves: Sequence[Move]) -> list[str]:
    """Return the answer of each move, in their order."""
    return [answer_text(move) for move in moves]


def _order(snapshot: "Snapshot") -> str:
    """Return what is being rolled: gauge (mm) and coiling temperature (degC) aimed at."""
    aims = [snapshot.samples.get(name) for name in ORDER]
    if not all(aim is not None and aim.good for aim in aims):
        return "order unknown"
    gauge, coiling = (aim.value for aim in aims if aim is not None)
    return f"order {gauge * 1e3:.1f} at {coiling - 273.15:.0f}"


def _said(line: Line, snapshot: "Snapshot") -> str:
    """Return "words number" of a line, or nothing when the feature is not known."""
    value = snapshot.features.get(line.feature)
    if value is None or not isfinite(value):
        return ""
    number = f"{value * line.scale:.{line.decimals}f}"
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return f"{line.words} {'0' if number == '-0' else number}"


def _alert(key: str, snapshot: "Snapshot") -> str:
    """Return the words of an alert; the one about a bank names it."""
    if key == "bank_no_flow":
        return f"bank {snapshot.features.get('bank_without_flow', 0):.0f} gives no water"
    return ALERTS.get(key, key)
