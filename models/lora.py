"""LoRA on a CPU: adapters on the top layers only, everything below them run once and kept.

The loss is that of the answer's tokens alone, and the vocabulary is only computed there. The layer
walk knows the Llama layout of transformers; a test keeps its logits equal to those of the model.
"""

import json
import math
import random
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import ModelError
from .presets import ALL_LINEAR

if TYPE_CHECKING:
    import torch

Tell = Callable[[str], None]


class Example(NamedTuple):
    """One thing to learn: the ids of a prompt, and those of its answer with its end."""

    prompt: list[int]
    answer: list[int]


@dataclass(frozen=True, slots=True)
class LoraPlan:
    """How to train an adapter.

    Attributes:
        top_layers: how many of the uppermost layers get one.
        rank: of the adapter.
        alpha: its scale is alpha / rank.
        targets: names of the linear layers.
        rate: highest learning rate; it rises over the first steps and falls to a tenth.
        epochs: passes over the examples.
        batch: examples in a step.
        seed: of the first weights and of the order.
    """

    top_layers: int = 12
    rank: int = 8
    alpha: int = 16
    targets: tuple[str, ...] = ALL_LINEAR
    rate: float = 1.5e-3
    epochs: int = 2
    batch: int = 8
    seed: int = 0


def walk_layers(core: Any, hidden: "torch.Tensor", first: int, last: int) -> "torch.Tensor":
    """Run layers first..last-1 of a Llama-like `core`. Shape: (B, T, H) -> (B, T, H).

    Rows are padded on the right, so the causal mask alone keeps padding out of real tokens.
    """
    import torch

    place = torch.arange(hidden.shape[1])[None]
    rotary = core.rotary_emb(hidden, position_ids=place)
    for layer in core.layers[first:last]:
        hidden = layer(hidden, attention_mask=None, position_ids=place, position_embeddings=rotary)
    return hidden


def train_lora(
    model: Any,
    examples: Sequence[Example],
    plan: LoraPlan,
    tell: Tell,
    check: Callable[[Any], str] | None = None,
) -> Any:
    """Return `model` wrapped with a trained adapter (a peft model).

    Args:
        model: a Llama-like causal language model; its own weights do not change.
        examples: what to learn.
        plan: how.
        tell: is told the loss now and then.
        check: called at the end of an epoch with the wrapped model; its text is told.

    Raises:
        ModelError: if there is nothing to learn or the loss is not finite.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    if not examples:
        raise ModelError("there is no example to learn from; build a dataset first")
    torch.manual_seed(plan.seed)
    layers = int(model.config.num_hidden_layers)
    start = max(0, layers - plan.top_layers)
    tuned = get_peft_model(
        model,
        LoraConfig(
            r=plan.rank,
            lora_alpha=plan.alpha,
            task_type="CAUSAL_LM",
            layers_to_transform=list(range(start, layers)),
            target_modules=list(plan.targets),
        ),
    )
    began = time.process_time()
    bottoms = _bottoms(model.model, examples, start)
    spent = time.process_time() - began
    tell(f"lower {start} layers of {len(examples)} examples: {spent:.0f} CPU-s")
    weights = [weight for weight in tuned.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=plan.rate, weight_decay=0.0)
    per_epoch = math.ceil(len(examples) / plan.batch)
    rates = _rates(plan.rate, per_epoch * plan.epochs)
    order = random.Random(plan.seed)  # noqa: S311  an order, not a secret
    losses: list[float] = []
    for epoch in range(plan.epochs):
        for picked in _batches(examples, plan.batch, order):
            for group in optimizer.param_groups:
                group["lr"] = rates[len(losses)]
            loss = _loss(model, [examples[n] for n in picked], [bottoms[n] for n in picked], start)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            losses.append(loss.item())
            if not math.isfinite(losses[-1]):
                raise ModelError(f"the loss is {losses[-1]} at step {len(losses)}; lower the rate")
            if len(losses) % 10 == 0:
                spent = time.process_time() - began
                tell(
                    f"step {len(losses)} of {len(rates)}, loss {sum(losses[-10:]) / 10:.3f}, "
                    f"{spent:.0f} CPU-s"
                )
        if check is not None:
            tell(f"after epoch {epoch + 1}: {check(tuned)}")
    return tuned


def save_adapter(tuned: Any, folder: Path, base: str = "") -> None:
    """Write the adapter of a peft model to `folder`, in bf16, as one for the preset `base`."""
    from safetensors.torch import load_file, save_file

    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / ".full"
    tuned.save_pretrained(scratch)
    full = load_file(scratch / "adapter_model.safetensors")
    half = {name: tensor.bfloat16() for name, tensor in full.items()}
    save_file(half, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = json.loads((scratch / "adapter_config.json").read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = base  # peft writes the folder of this machine
    text = json.dumps(config, indent=2, sort_keys=True)
    (folder / "adapter_config.json").write_text(text + "\n", encoding="utf-8")
    shutil.rmtree(scratch)


def _bottoms(core: Any, examples: Sequence[Example], start: int) -> list["torch.Tensor"]:
    """Return what the frozen lower layers make of each example. Shape of one: (T, H)."""
    import torch

    with torch.no_grad():
        return [
            walk_layers(
                core, core.embed_tokens(torch.tensor([example.prompt + example.answer])), 0, start
            )[0]
            for example in examples
        ]


def _batches(examples: Sequence[Example], size: int, order: random.Random) -> list[list[int]]:
    """Return batches of like length in a drawn order: little is spent on padding."""
    drawn = sorted(
        range(len(examples)),
        key=lambda n: (len(examples[n].prompt) + len(examples[n].answer)) // 8 + order.random(),
    )
    batches = [drawn[at : at + size] for at in range(0, len(drawn), size)]
    order.shuffle(batches)
    return batches


def _rates(highest: float, steps: int) -> list[float]:
    warm = max(1, min(8, steps // 4))
    rates = []
    for step in range(steps):
        rise = min(1.0, (step + 1) / warm)
        fall = 0.55 + 0.45 * math.cos(math.pi * max(0, step - warm) / max(1, steps - warm))
        rates.append(highest * rise * fall)
    return rates


def _loss(
    model: Any, batch: Sequence[Example], bottoms: Sequence["torch.Tensor"], start: int
) -> "torch.Tensor":
    import torch

    hidden = torch.nn.utils.rnn.pad_sequence(list(bottoms), batch_first=True)  # Shape: (B, T, H)
    core = model.model
    hidden = walk_layers(core, hidden, start, len(core.layers))
    row = [n for n, example in enumerate(batch) for _ in example.answer]
    column = [len(example.prompt) - 1 + n for example in batch for n in range(len(example.answer))]
    logits = model.lm_head(core.norm(hidden[row, column]))
    target = torch.tensor([token for example in batch for token in example.answer])
    return torch.nn.functional.cross_entropy(logits.float(), target)
