"""What an operator may ask of a line: a closed catalogue, and the moves that are legal now.

A `Control` is a supervisory set-point with its range, steps, rate, cooldown, risk and
pre-conditions. A `Move` asks for one value of one control. Deciding means choosing one of the
legal moves (or none): nobody, and no model, ever invents a number.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isclose, isfinite
from typing import TYPE_CHECKING, Literal, Protocol

from .errors import ConfigError
from .signals import Sample

if TYPE_CHECKING:
    from .snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Permit:
    """A state of the plant in which alone a control may be written: `low` <= `signal` <= `high`.

    Attributes:
        signal: an interlock that the plant shows, or a state of it; SI.
        low: least value.
        high: greatest value.
        english: what holds then, in one phrase.
        korean: the same in Korean.
    """

    signal: str
    low: float
    high: float
    english: str
    korean: str


@dataclass(frozen=True, slots=True)
class Control:
    """One supervisory set-point of a line. All values SI, all times plant seconds.

    Attributes:
        name: the same as the name of the signal that reads it back.
        low: least value.
        high: greatest value.
        steps: sizes of the moves offered; for a choice, empty.
        choices: the only legal values of a selector (0 = off), or empty for a continuous set-point.
        max_step: greatest change in one write.
        cooldown: least plant time between two writes (s).
        risk: "low", "medium" or "high"; high always needs a person.
        needs: signals that must be GOOD and fresh before a write.
        tolerance: how exactly the read-back must agree.
        english: meaning in one phrase.
        korean: the same in Korean.
        display: unit an operator reads, a key of `units.UNITS`.
        start: where it stands when a line begins, and where a hand-back brings it.
        rate: greatest change a plant second (SI/s), averaged since the last write; a selector has
            none.
        excludes: controls that act on the same thing; within the cooldown of their last write
            this one waits, or nobody could tell the two effects apart.
        permits: states of the plant that must hold, and be seen GOOD and fresh, before a write.
    """

    name: str
    low: float
    high: float
    steps: tuple[float, ...]
    choices: tuple[float, ...]
    max_step: float
    cooldown: float
    risk: Literal["low", "medium", "high"]
    needs: tuple[str, ...]
    tolerance: float
    english: str
    korean: str
    display: str
    start: float = 0.0
    rate: float = inf
    excludes: tuple[str, ...] = ()
    permits: tuple[Permit, ...] = ()

    def __post_init__(self) -> None:
        numbers = (self.low, self.high, self.max_step, self.cooldown, self.tolerance)
        if not self.rate > 0:
            raise ConfigError(f"control {self.name}: rate {self.rate} must be more than 0")
        if not all(isfinite(number) for number in numbers) or self.low >= self.high:
            raise ConfigError(
                f"control {self.name}: limits {numbers} must be finite and low below high"
            )

    def refusal(self, value: float, present: float) -> str | None:
        """Return why `value` may not follow `present`, or None if it may."""
        if not isfinite(value):
            return f"{self.name} {value} is not a finite number; give a value in SI"
        if not self.low <= value <= self.high:
            return f"{self.name} {value:g} is outside [{self.low:g}, {self.high:g}]; stay inside"
        if self.choices and not any(isclose(value, choice) for choice in self.choices):
            return f"{self.name} {value:g} is none of {self.choices}; choose one of them"
        if not isfinite(present):
            return f"{self.name}: its present value is not known; wait for a good reading"
        if not self.choices and abs(value - present) > self.max_step * (1 + 1e-9):
            return (
                f"{self.name}: step {value - present:+g} is more than {self.max_step:g}; "
                "take a smaller step"
            )
        return None


@dataclass(frozen=True, slots=True)
class Move:
    """One legal move: set `control` to `value` (SI). `label` is the word an answer uses for it."""

    control: str
    value: float
    label: str


HOLD = Move("none", 0.0, "hold")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a seat chose: index into the moves, how sure it is (0..1), and why."""

    choice: int
    confidence: float
    reason: str = ""


class Seat(Protocol):
    """Whoever decides: rules, a model, a policy, a person. Moves[0] is always HOLD."""

    name: str

    def decide(
        self, snapshots: Sequence["Snapshot"], moves: Sequence[Sequence[Move]]
    ) -> list[Decision]:
        """Return one decision a snapshot; `moves[i]` are the legal moves of `snapshots[i]`."""
        ...


def legal_moves(
    controls: Mapping[str, Control],
    samples: Mapping[str, Sample],
    offer: Callable[[Control, float, Mapping[str, Sample]], list[Move]],
) -> list[Move]:
    """Return HOLD and every move that `offer` proposes and range, step and pre-conditions allow.

    Cooldowns are the gate's: it alone knows what was written when.
    """
    moves = [HOLD]
    for control in controls.values():
        present = samples.get(control.name)
        if present is None or not present.good:
            continue
        if not all(name in samples and samples[name].good for name in control.needs):
            continue
        for move in offer(control, present.value, samples):
            if isclose(move.value, present.value, abs_tol=control.tolerance):
                continue
            if control.refusal(move.value, present.value) is None:
                moves.append(move)
    return moves
