"""Model cards: what an adapter was trained on, from what, and how well it does.

A card lies beside the weights it describes and is written by the command that trained them; the
scores in it are those of held-out seeds, with the baselines that make them readable.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .errors import WeightsError

CARD = "card.json"


@dataclass(frozen=True, slots=True)
class Card:
    """Facts about one trained adapter and head.

    Attributes:
        name: of the adapter.
        base: preset of the weights it belongs to.
        base_sha256: checksum of the file those came from.
        licence: of the adapter.
        command: what made it.
        data: how the data was made, and its hash.
        training: settings of the training.
        thresholds: confidence below which a seat holds, by seat.
        scores: held-out scores by seat, as they are.
        versions: of the packages that mattered.
    """

    name: str
    base: str
    base_sha256: str
    licence: str
    command: str
    data: dict[str, Any]
    training: dict[str, Any]
    thresholds: dict[str, float]
    scores: dict[str, dict[str, float]]
    versions: dict[str, str]


def write_card(folder: Path, card: Card) -> None:
    """Write `card` into `folder`."""
    text = json.dumps(asdict(card), indent=2, sort_keys=True)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")


def read_card(folder: Path) -> Card:
    """Read the card in `folder`.

    Raises:
        WeightsError: if it is missing or has other fields than a card.
    """
    try:
        return Card(**json.loads((folder / CARD).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise WeightsError(f"{folder} has no {CARD}; train with: passline finetune") from None
    except (TypeError, ValueError) as wrong:
        raise WeightsError(f"{folder / CARD} is not a model card ({wrong}); train again") from wrong
