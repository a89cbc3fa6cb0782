"""The seats a model can take: each chooses one of the legal moves and says how sure it is.

A seat never invents a number: it is given the legal moves and returns the index of one. Below the
confidence that was calibrated on validation data it holds and says so, so that whoever supervises
can ask a person or the rules; the number is reported either way.
"""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..plant_sim.controls import Decision, Move, Seat
from ..plant_sim.errors import ConfigError
from .encoder import SYSTEM, answers, turns
from .install import sha256
from .presets import DEFAULT
from .registry import read_card
from .scores import ALWAYS_HOLD

if TYPE_CHECKING:
    from ..plant_sim.snapshot import Snapshot
    from .backends.cpu import LanguageModel
    from .head import LinearHead

DecisionEngine = Seat
DEFAULT_ADAPTER = "hot-strip-v0"
SEATS = ("hold", "rules", "head", "lm", "lm-zero-shot")
NOT_SURE = "not sure"  # how the reason of a decision below the threshold begins
REMEMBERED = 4096  # decisions kept: at steady state the same text comes again and again


class ModelSeat(ABC):
    """What both seats share: the prompt, the memory of answers, and not being sure.

    Attributes:
        name: of the seat.
        threshold: confidence below which it holds; `scores.ALWAYS_HOLD` is above any.
        batch_invariant: each prompt is run alone, so answers do not depend on the company.
        fingerprint: which weights decide here.
    """

    batch_invariant = True

    def __init__(self, name: str, model: "LanguageModel", threshold: float) -> None:
        if not (0.0 <= threshold <= 1.0 or threshold == ALWAYS_HOLD):
            raise ConfigError(
                f"confidence threshold {threshold} is outside [0, 1]; "
                f"to hold always give {ALWAYS_HOLD}"
            )
        self.name = name
        self.threshold = threshold
        self.fingerprint = f"{name} {model.source_sha256[:12]} {threshold}"
        self._model = model
        self._prefix = model.chat([("system", SYSTEM)], ask=False)
        self._known: OrderedDict[tuple[str, ...], tuple[int, float]] = OrderedDict()

    def decide(
        self, snapshots: Sequence["Snapshot"], moves: Sequence[Sequence[Move]]
    ) -> list[Decision]:
        """Return one decision for each snapshot among its legal moves; moves[0] is to hold."""
        return [
            self._decide(snapshot, legal) for snapshot, legal in zip(snapshots, moves, strict=True)
        ]

    def prefer(self, snapshot: "Snapshot", legal: Sequence[Move]) -> tuple[int, float]:
        """Return the preferred move and the confidence in it, whatever the threshold."""
        if len(legal) == 1:
            return 0, 1.0
        said = turns(snapshot)
        offered = answers(legal)
        key = (said[-1][1], *offered)
        if key not in self._known:
            self._known[key] = self._ask(self._model.chat(said), offered)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    @abstractmethod
    def _ask(self, prompt: list[int], offered: list[str]) -> tuple[int, float]:
        """Return which of the offered answers is preferred, and how sure that is."""

    def _decide(self, snapshot: "Snapshot", legal: Sequence[Move]) -> Decision:
        chosen, confidence = self.prefer(snapshot, legal)
        alerts = "; ".join(snapshot.alerts) or "no alert"
        move = legal[chosen]
        if confidence < self.threshold and len(legal) > 1:
            why = f"{NOT_SURE}: {move.control} {move.label} at {confidence:.2f} is below"
            return Decision(0, confidence, f"{why} {self.threshold:.2f} ({alerts})")
        return Decision(chosen, confidence, alerts)


class ChoiceSeat(ModelSeat):
    """A language model that chooses over the tree of legal answers.

    The confidence is the smallest probability at a branch on the way to the answer.
    """

    def _ask(self, prompt: list[int], offered: list[str]) -> tuple[int, float]:
        candidates = [self._model.answer(text) for text in offered]
        choice = self._model.choose(self._prefix, prompt, candidates)
        return choice.candidate, choice.confidence


class HeadSeat(ModelSeat):
    """A linear head on the lower layers of a frozen language model; illegal answers are masked."""

    def __init__(
        self, name: str, model: "LanguageModel", head: "LinearHead", threshold: float
    ) -> None:
        super().__init__(name, model, threshold)
        self._head = head

    def _ask(self, prompt: list[int], offered: list[str]) -> tuple[int, float]:
        reading = self._model.reading(self._prefix, prompt, self._head.layers)
        return self._head.choose(reading, offered)


def seat_from_spec(spec: str, *, adapter: str | Path = DEFAULT_ADAPTER) -> Seat:
    """Return the seat called `spec`; a process elsewhere builds the same one from the same word.

    Args:
        spec: "hold", "rules", "head", "lm" (with the adapter) or "lm-zero-shot" (without one).
        adapter: name of a shipped adapter or the folder of one; holds the head and the card too.

    Raises:
        ConfigError: if there is no such seat.
        WeightsError: if weights, adapter or head are missing.
    """
    if spec in ("hold", "rules"):
        from ..plant_sim.control.rules import HoldSeat, RuleSeat

        return HoldSeat() if spec == "hold" else RuleSeat()
    if spec not in SEATS:
        raise ConfigError(f"seat {spec!r} does not exist; choose one of: {', '.join(SEATS)}")
    from .backends.cpu import adapter_folder, load

    if spec == "lm-zero-shot":
        return ChoiceSeat(spec, load(DEFAULT), 0.0)
    folder = adapter_folder(adapter)
    card = read_card(folder)
    seat: ModelSeat
    if spec == "lm":
        weights = folder / "adapter_model.safetensors"
        seat = ChoiceSeat(spec, load(card.base, adapter=folder), card.thresholds[spec])
    else:
        from .head import LinearHead

        weights = folder / "head.safetensors"
        head = LinearHead.load(weights)
        seat = HeadSeat(spec, load(card.base), head, card.thresholds[spec])
    seat.fingerprint += f" {sha256(weights)[:12]}"
    return seat
