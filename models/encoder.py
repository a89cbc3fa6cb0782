"""What a model reads and what it may answer: one text for training and for operating.

Code, not the model, works out what deviates: the state is a few digested residuals in the units
an operator reads, and its last line names the alerts in words. An answer is one closed JSON
object, the deciding field first. Whatever text a plant carries (alarms, notes) is not in it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Protocol

from ..plant_sim.controls import Move
from ..plant_sim.signals import Sample

SYSTEM = "You operate a hot strip mill. Answer with one JSON move."


class Readable(Protocol):
    """What the encoder needs of a snapshot."""

    @property
    def samples(self) -> Mapping[str, Sample]:
        """Samples by signal name."""

    @property
    def features(self) -> Mapping[str, float]:
        """Digested residuals by name, SI."""

    @property
    def alerts(self) -> tuple[str, ...]:
        """Deviations in words."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the text: a feature, the words for it, its scale, and its decimals."""

    feature: str
    words: str
    scale: float
    decimals: int = 0


LINES = (
    Line("fdt_error", "finishing temperature error C", 1.0),
    Line("fdt_residual", "pyrometer minus model C", 1.0),
    Line("ct_error", "coiling temperature error C", 1.0),
    Line("gauge_error", "gauge error um", 1e6),
    Line("force_excess", "force excess %", 100.0),
    Line("feedback", "bank feedback", 1.0, 1),
    Line("bank_mismatch", "bank without flow", 1.0),
)

SETTINGS = (
    ("fm.speed_trim", "speed trim", 1.0),
    ("fm.spray_trim", "spray trim %", 100.0),
    ("fm.fdt_source", "temperature source", 1.0),
    ("fm.hardness_correction", "hardness %", 100.0),
    ("rot.bank_out", "bank out", 1.0),
    ("rot.cooling_correction", "cooling %", 100.0),
)


def state_text(snapshot: Readable) -> str:
    """Return the state as text: residuals, the set-points that are not zero, the alerts last."""
    rows = []
    for line in LINES:
        value = snapshot.features.get(line.feature)
        if value is not None and isfinite(value):
            rows.append(f"{line.words} {_short(value * line.scale, line.decimals)}")
    changed = []
    for name, words, scale in SETTINGS:
        sample = snapshot.samples.get(name)
        if sample is not None and sample.good and abs(sample.value) > 1e-6:
            changed.append(f"{words} {_short(sample.value * scale, 1)}")
    rows.append("set: " + ("; ".join(changed) or "none"))
    rows.append("alerts: " + ("; ".join(snapshot.alerts) or "none"))
    return "\n".join(rows)


def turns(snapshot: Readable) -> list[tuple[str, str]]:
    """Return the conversation a model is asked to end: its duty and the state."""
    return [("system", SYSTEM), ("user", state_text(snapshot))]


def answer_text(move: Move) -> str:
    """Return the answer that asks for `move`, for example {"control":"rot.bank_out","move":"3"}."""
    return json.dumps({"control": move.control, "move": move.label}, separators=(",", ":"))


def answers(moves: Sequence[Move]) -> list[str]:
    """Return the answer of each move, in their order."""
    return [answer_text(move) for move in moves]


def _short(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
