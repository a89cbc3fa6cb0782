"""Train what sits at the desk: a linear head and a LoRA adapter, from the same labelled rows.

One command makes everything that is shipped: weights, thresholds, card, and the held-out rows they
were judged on. Nothing is chosen on held-out rows; head constants, temperatures and thresholds come
from the validation rows, harm before regret. Scores are told as they are, with what they leave out.
"""

import importlib.metadata
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..plant_sim.errors import ConfigError
from .backends.cpu import LanguageModel, load
from .dataset import SPLITS, Recipe, read_recipe
from .decisions import ChoiceSeat, HeadSeat, ModelSeat
from .encoder import SYSTEM, turns
from .encoder import answers as written
from .head import LinearHead, fit
from .lora import Example, LoraPlan, save_adapter, train_lora
from .presets import DEFAULT, preset
from .registry import Card, write_card
from .rows import Row, read_rows, rows_sha256, write_rows
from .scores import Score, ask, calibrate, harm_then_regret, judge, largest_class, score

if TYPE_CHECKING:
    import torch

Tell = Callable[[str], None]
RIDGES = (30.0, 100.0, 300.0, 1000.0, 3000.0)
TEMPERATURES = (0.03, 0.05, 0.08, 0.12, 0.2, 0.3)
PACKAGES = ("torch", "transformers", "peft")


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train both.

    Attributes:
        name: of the adapter.
        base: preset it is trained on.
        lora: of the adapter.
        layers: depths at which the head may read; validation chooses.
        limit: use only so many training rows (0: all), for a quick look.
    """

    name: str = "hot-strip-v0"
    base: str = DEFAULT
    lora: LoraPlan = field(default_factory=LoraPlan)
    layers: tuple[int, ...] = (10,)
    limit: int = 0


def train(data: Path, out: Path, plan: Plan | None = None, tell: Tell = lambda _: None) -> Card:
    """Train head and adapter on the rows in `data`, judge them, write all of it to `out`.

    About 8 CPU-minutes with the default plan and data. `out` is replaced only at the end.

    Args:
        data: folder with train.json, validation.json and held-out.json (`dataset.build`).
        out: folder of the result.
        plan: how.
        tell: is told how far it is, one sentence at a time.

    Raises:
        ConfigError: if rows are missing, or two splits share a seed.
        WeightsError: if the base weights are not installed.
    """
    plan = plan or Plan()
    splits = {split: read_rows(data / f"{split}.json") for split in SPLITS}
    about = facts(read_recipe(data), splits)
    _no_leak(splits)
    learn, check, unseen = splits["train"], splits["validation"], splits["held-out"]
    learn = learn[: plan.limit] if plan.limit else learn
    base = load(plan.base)
    scores = without_model(unseen)
    tell(f"asking the untrained model on {len(unseen)} held-out rows")
    scores["lm-zero-shot"] = score(ask(unseen, preference(ChoiceSeat("lm-zero-shot", base, 0.0))))

    head = train_head(base, learn, check, plan.layers, tell)
    head_seat = HeadSeat("head", base, head, 0.0)
    head_threshold = calibrate(ask(check, preference(head_seat)))
    scores["head"] = score(ask(unseen, preference(head_seat)), head_threshold)
    tell(f"head: {100 * scores['head'].accuracy:.1f} % of the held-out rows")

    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{plan.name}-") as scratch:
        fresh = Path(scratch) / plan.name
        fresh.mkdir()
        lora = replace(plan.lora, targets=preset(plan.base).lora)
        examples = [example(base, row) for row in learn]
        save_adapter(train_lora(base.model, examples, lora, tell), fresh, plan.base)
        # Judged as it will run: read back from the file in bf16 and merged.
        seat = ChoiceSeat("lm", load(plan.base, adapter=fresh), 0.0)
        lm_threshold = calibrate(ask(check, preference(seat)))
        scores["lm"] = score(ask(unseen, preference(seat)), lm_threshold)
        tell(f"adapter: {100 * scores['lm'].accuracy:.1f} % of the held-out rows")
        head.save(fresh / "head.safetensors")
        write_rows(fresh / "held-out.json", unseen)
        card = Card(
            name=plan.name,
            base=plan.base,
            base_sha256=base.source_sha256,
            licence="Apache-2.0",
            command="passline dataset && passline finetune",
            data=about,
            training={**asdict(lora), "head layers": head.layers, "rows": len(learn)},
            thresholds={"head": head_threshold, "lm": lm_threshold},
            scores={seat_name: asdict(found) for seat_name, found in scores.items()},
            versions={name: importlib.metadata.version(name) for name in PACKAGES},
        )
        write_card(fresh, card)
        for file in fresh.iterdir():
            file.chmod(0o644)  # safetensors writes for its owner alone; this is to be shipped
        if out.exists():
            shutil.rmtree(out)
        fresh.rename(out)
    for seat_name, found in scores.items():
        tell(f"{seat_name}: {in_words(found)}")
    tell(about["left out"])
    return card


def facts(recipe: Recipe, splits: dict[str, list[Row]]) -> dict[str, Any]:
    """Return what a card says about its rows: how many, of how many plants, what is not there."""
    answer, share = largest_class(splits["held-out"])
    return {
        "sha256": {split: rows_sha256(rows) for split, rows in splits.items()},
        "rows": {split: len(rows) for split, rows in splits.items()},
        "seeds": {split: len({row.seed for row in rows}) for split, rows in splits.items()},
        "coils": {
            split: len({(row.seed, row.coil) for row in rows}) for split, rows in splits.items()
        },
        "scenarios": {
            split: dict(Counter(row.scenario for row in rows)) for split, rows in splits.items()
        },
        "largest class": {"answer": answer, "share": share},
        "interval": "95 %, bootstrap over seeds",
        "left out": recipe.left_out,
        "recipe": asdict(recipe),
    }


def in_words(found: Score) -> str:
    """Return a score as one line for a person."""
    return (
        f"{100 * found.accuracy:.1f} % right ({100 * found.low:.0f} .. {100 * found.high:.0f} over "
        f"{found.seeds} seeds), regret {found.regret:.0f} EUR ({found.regret_low:.0f} .. "
        f"{found.regret_high:.0f}), harmful {100 * found.harmful:.1f} %; at its threshold "
        f"{found.threshold:.2f} regret {found.held_regret:.0f} EUR, "
        f"harmful {100 * found.held_harmful:.1f} %"
    )


def without_model(rows: Sequence[Row]) -> dict[str, Score]:
    """Return the scores of those who need no model: holding, and the rule table."""
    from ..plant_sim.control.rules import RuleSeat

    rules = RuleSeat()

    def by_rule(row: Row) -> tuple[int, float]:
        return rules.decide([row.snapshot()], [row.legal])[0].choice, 1.0

    return {
        "hold": score(ask(rows, lambda row: (0, 1.0))),
        "rules": score(ask(rows, by_rule)),
    }


def preference(seat: ModelSeat) -> Callable[[Row], tuple[int, float]]:
    """Return how `seat` answers a row, whatever its threshold."""
    return lambda row: seat.prefer(row.snapshot(), row.legal)


def example(model: LanguageModel, row: Row) -> Example:
    """Return a row as ids: exactly the prompt a seat asks with, and the answer with its end."""
    return Example(model.chat(turns(row.snapshot())), model.answer(row.answer))


def train_head(
    model: LanguageModel,
    learn: Sequence[Row],
    check: Sequence[Row],
    layers: Sequence[int],
    tell: Tell,
) -> LinearHead:
    """Return the head of the depth and the ridge that harm least, then cost least, on `check`."""
    import torch

    answers = sorted({row.answer for row in learn})
    targets = torch.tensor([[float(row.answer == answer) for answer in answers] for row in learn])
    found: list[tuple[tuple[float, float], LinearHead]] = []
    for depth in layers:
        tell(f"reading {len(learn) + len(check)} rows through {depth} layers")
        readings = torch.stack([_reading(model, row, depth) for row in learn])
        seen = [_reading(model, row, depth) for row in check]
        for ridge in RIDGES:
            head = fit(readings, targets, answers, depth, ridge)
            given = [
                judge(row, *head.choose(reading, written(row.legal)))
                for reading, row in zip(seen, check, strict=True)
            ]
            found.append((harm_then_regret(given), _tempered(head, seen, check)))
    if not found:
        raise ConfigError("no depth was given at which the head may read; give at least one")
    return min(found, key=lambda pair: pair[0])[1]


def _reading(model: LanguageModel, row: Row, depth: int) -> "torch.Tensor":
    prefix = model.chat([("system", SYSTEM)], ask=False)
    return model.reading(prefix, model.chat(turns(row.snapshot())), depth)


def _tempered(head: LinearHead, seen: Sequence["torch.Tensor"], check: Sequence[Row]) -> LinearHead:
    """Return `head` with the temperature under which the right answers are likeliest."""

    def surprise(temperature: float) -> float:
        warm = replace(head, temperature=temperature)
        return -sum(
            log(max(warm.chances(reading, written(row.legal))[row.label], 1e-6))
            for reading, row in zip(seen, check, strict=True)
        )

    return replace(head, temperature=min(TEMPERATURES, key=surprise))


def _no_leak(splits: dict[str, list[Row]]) -> None:
    """Raise when two splits share a seed: a held-out row must come from a plant never seen.

    Raises:
        ConfigError: if they do.
    """
    owner: dict[int, str] = {}
    for split, rows in splits.items():
        for row in rows:
            if owner.setdefault(row.seed, split) != split:
                raise ConfigError(
                    f"seed {row.seed} is in {owner[row.seed]} and in {split}; build anew"
                )
