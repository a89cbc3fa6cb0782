"""A linear head on frozen hidden states: ridge regression to a fixed list of answers.

The language model reads, and only its lower layers run; the head decides. It trains in a second,
and the softmax of its scores, at a temperature fitted on validation, is its confidence.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ModelError, WeightsError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class LinearHead:
    """Scores of a fixed list of answers from one hidden-state reading.

    Attributes:
        answers: the answers, in the order of the scores.
        layers: how many layers of the base model make the reading.
        temperature: divides the scores before the softmax.
        mean: of the readings it was fitted on. Shape: (features,)
        scale: their standard deviation. Shape: (features,)
        weights: Shape: (features, answers)
        bias: mean of the fitted targets. Shape: (answers,)
    """

    answers: tuple[str, ...]
    layers: int
    temperature: float
    mean: "torch.Tensor"
    scale: "torch.Tensor"
    weights: "torch.Tensor"
    bias: "torch.Tensor"

    def scores(self, readings: "torch.Tensor") -> "torch.Tensor":
        """Return one score for each answer. Shape: (..., features) -> (..., answers)."""
        return ((readings - self.mean) / self.scale) @ self.weights + self.bias

    def chances(self, reading: "torch.Tensor", legal: Sequence[str]) -> list[float]:
        """Return the probability of each legal answer, renormalised among them.

        An answer that the head never learnt gets probability 0.

        Raises:
            ModelError: if it learnt none of them.
        """
        import torch

        place = {answer: index for index, answer in enumerate(self.answers)}
        known = [place[answer] for answer in legal if answer in place]
        if not known:
            raise ModelError(f"the head knows none of the answers {list(legal)}; train it on them")
        spread = torch.softmax(self.scores(reading)[known] / self.temperature, 0).tolist()
        found = dict(zip(known, spread, strict=True))
        return [found.get(place.get(answer, -1), 0.0) for answer in legal]

    def choose(self, reading: "torch.Tensor", legal: Sequence[str]) -> tuple[int, float]:
        """Return the index of the likeliest legal answer and its probability among them."""
        chances = self.chances(reading, legal)
        best = max(range(len(chances)), key=chances.__getitem__)
        return best, chances[best]

    def save(self, file: Path) -> None:
        """Write the head to a safetensors file that needs nothing beside it."""
        from safetensors.torch import save_file

        meta = {
            "format": "pt",
            "answers": json.dumps(self.answers),
            "layers": str(self.layers),
            "temperature": repr(self.temperature),
        }
        tensors = {"mean": self.mean, "scale": self.scale, "weights": self.weights}
        save_file({**tensors, "bias": self.bias}, file, metadata=meta)

    @classmethod
    def load(cls, file: Path) -> "LinearHead":
        """Read a head from `file`.

        Raises:
            WeightsError: if the file is missing or is not a head.
        """
        from safetensors import safe_open

        if not file.is_file():
            raise WeightsError(f"{file} is missing; train a head with: passline finetune")
        with safe_open(file, framework="pt") as stream:
            meta = stream.metadata() or {}
            if "answers" not in meta:
                raise WeightsError(f"{file} is no linear head; train one with: passline finetune")
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
        return cls(
            answers=tuple(json.loads(meta["answers"])),
            layers=int(meta["layers"]),
            temperature=float(meta["temperature"]),
            **tensors,
        )


def fit(
    readings: "torch.Tensor",
    targets: "torch.Tensor",
    answers: Sequence[str],
    layers: int,
    ridge: float,
) -> LinearHead:
    """Return the head that regresses `targets` on `readings`.

    Args:
        readings: Shape: (examples, features)
        targets: 1 for the right answer of each example. Shape: (examples, answers)
        answers: what the columns of `targets` stand for.
        layers: how many layers made the readings.
        ridge: penalty on the weights of the standardised readings.
    """
    import torch

    mean, scale = readings.mean(0), readings.std(0) + 1e-6
    rows = (readings - mean) / scale
    bias = targets.mean(0)
    # Dual form: fewer examples than features.
    penalty = ridge * torch.eye(len(rows))
    weights = rows.T @ torch.linalg.solve(rows @ rows.T + penalty, targets - bias)
    return LinearHead(tuple(answers), layers, 1.0, mean, scale, weights, bias)
