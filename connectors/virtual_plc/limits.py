"""What the PLC itself refuses, whoever asks: its limits are its own, not the gate's.

A real PLC clamps or refuses in its own code and does not trust the other side. This one refuses,
with an outcome and a reason in its log; it never clips in silence.
"""

from collections.abc import Mapping
from math import isclose, isfinite

from ...plant_sim.controls import Control
from ...plant_sim.units import from_si
from ..tags import Tag

ROUNDING = 1e-6  # share of a limit that f32 and the change of units may take
EARLY = 0.8  # part of a cooldown that must be over: the gate sees the plant clock a little late


class Limits:
    """Range, choices, step, rate and cooldown of the tag file, and of the line's own catalogue."""

    def __init__(self, controls: Mapping[str, Control]) -> None:
        self._controls = controls
        self._last: dict[str, float] = {}  # plant s of the last write

    def refusal(self, tag: Tag, value: float, before: float, at: float) -> str | None:
        """Return why `value` may not be taken now, or None.

        Args:
            tag: the control, with its write rule.
            value: what was asked for (SI).
            before: where the control stands (SI).
            at: plant clock (s).
        """
        reason = self._controls[tag.name].refusal(value, before)
        rule = tag.write
        if reason is not None or rule is None:
            return reason
        wanted, present = from_si(value, tag.unit), from_si(before, tag.unit)
        slack = ROUNDING * max(abs(rule.low), abs(rule.high))
        if not rule.low - slack <= wanted <= rule.high + slack:
            return f"{tag.name} {wanted:g} is outside [{rule.low:g}, {rule.high:g}] {tag.unit}"
        if rule.choices and not any(isclose(wanted, choice) for choice in rule.choices):
            return f"{tag.name} {wanted:g} is none of {rule.choices}"
        if not isfinite(present):
            return f"{tag.name}: where it stands is not known"
        move = 0.0 if rule.choices else abs(wanted - present)
        if move > rule.max_step * (1 + ROUNDING) + slack:
            return f"{tag.name}: a step of {move:g} is more than {rule.max_step:g} {tag.unit}"
        since = at - self._last.get(tag.name, float("-inf"))
        if since < EARLY * rule.cooldown:
            return f"{tag.name} was written {since:g} s ago, its cooldown is {rule.cooldown:g} s"
        if EARLY * move > rule.rate * since:
            return f"{tag.name}: {move:g} in {since:g} s is faster than {rule.rate:g} a second"
        return None

    def applied(self, name: str, at: float) -> None:
        """Remember a write at plant clock `at` (s)."""
        self._last[name] = at

    def forget(self) -> None:
        """Remember no write."""
        self._last.clear()
