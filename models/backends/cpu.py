"""A transformers model on the CPU: load it offline, ask it at branches, read its hidden states.

Arithmetic is float32 on bf16 weights: without AVX512-BF16 instructions bf16 costs three times as
much, and a decision must not depend on the machine's instruction set. One thread: two were slower
as soon as anything else ran. A prompt is always run alone, never in a batch, so that a decision
does not depend on who else is asked; what all prompts share is cached once.
"""

import copy
import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...plant_sim.errors import MissingExtraError
from ..errors import ModelError, WeightsError
from ..install import MANIFEST, weights_folder
from ..presets import DEFAULT, preset
from ..trie import Choice, walk

if TYPE_CHECKING:
    import torch

ADAPTERS = Path(__file__).parent.parent / "adapters"  # shipped inside the package


def adapter_folder(adapter: str | Path) -> Path:
    """Return the folder of a shipped adapter (by name) or of the user's own (by path).

    Raises:
        WeightsError: if there is no adapter there.
    """
    for folder in (ADAPTERS / adapter, Path(adapter)):
        if (folder / "adapter_config.json").is_file():
            return folder
    shipped = ", ".join(sorted(path.parent.name for path in ADAPTERS.glob("*/card.json")))
    raise WeightsError(f"no adapter {adapter}; shipped ones: {shipped or 'none'}")


class LanguageModel:
    """A causal language model and its tokenizer; safe to share between threads.

    Attributes:
        name: preset it was loaded as.
        model: the transformers model, in evaluation mode.
        tokenizer: its tokenizer.
        source_sha256: checksum of the file the base weights came from, "" when unknown.
    """

    def __init__(self, model: Any, tokenizer: Any, name: str = "", source_sha256: str = "") -> None:
        self.name = name
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.source_sha256 = source_sha256
        self._lock = threading.Lock()
        self._lower: dict[int, Any] = {}  # layers -> the model cut off above them
        self._caches: dict[tuple[int, tuple[int, ...]], Any] = {}  # (layers, prefix) -> its cache

    def ids(self, text: str) -> list[int]:
        """Return the token ids of `text`; names of special tokens in it become those tokens."""
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    def chat(self, turns: Sequence[tuple[str, str]], *, ask: bool = True) -> list[int]:
        """Return the ids of a conversation of (role, text); `ask` opens the model's own turn."""
        messages = [{"role": role, "content": text} for role, text in turns]
        return self.ids(
            self.tokenizer.apply_chat_template(messages, add_generation_prompt=ask, tokenize=False)
        )

    def answer(self, text: str) -> list[int]:
        """Return the ids of a whole answer, ended so that none begins another."""
        return [*self.ids(text), self.tokenizer.eos_token_id]

    def choose(
        self, prefix: Sequence[int], prompt: Sequence[int], candidates: Sequence[Sequence[int]]
    ) -> Choice:
        """Return the candidate this model prefers after `prompt`.

        Args:
            prefix: ids that many prompts share; their cache is kept.
            prompt: ids of the whole prompt, beginning with `prefix`.
            candidates: ids of each answer, prefix-free.
        """
        import torch

        rest = self._rest(prefix, prompt)
        with self._lock, torch.inference_mode(), self._after(0, prefix) as (model, cache):

            def ask(feed: list[int], branch: list[int]) -> list[float]:
                ids = torch.tensor([rest + feed])
                out = model(ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
                rest.clear()
                chances: list[float] = out.logits[0, -1].float()[branch].softmax(0).tolist()
                return chances

            return walk(candidates, ask)

    def reading(
        self, prefix: Sequence[int], prompt: Sequence[int], layers: int
    ) -> "torch.Tensor":  # Shape: (2 * hidden,)
        """Return what the lowest `layers` layers make of a prompt: mean and last hidden state.

        The layers above are not run. The mean is over what follows `prefix`.
        """
        import torch

        rest = self._rest(prefix, prompt)
        with self._lock, torch.inference_mode(), self._after(layers, prefix) as (model, cache):
            out = model(torch.tensor([rest]), past_key_values=cache, use_cache=True)
            hidden = out.last_hidden_state[0].float()
            return torch.cat([hidden.mean(0), hidden[-1]])

    def write(self, prompt: Sequence[int], most: int) -> list[int]:
        """Return up to `most` new token ids after `prompt`, always the likeliest one."""
        import torch

        ids = torch.tensor([list(prompt)])
        with self._lock, torch.inference_mode():
            out = self.model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=most,
                do_sample=False,
                pad_token_id=self.tokenizer.pad_token_id,
            )
        new: list[int] = out[0, len(prompt) :].tolist()
        return new

    def _rest(self, prefix: Sequence[int], prompt: Sequence[int]) -> list[int]:
        size = len(prefix)
        if list(prompt[:size]) != list(prefix) or len(prompt) == size:
            raise ModelError(
                f"the prompt of {len(prompt)} tokens does not go on from its prefix of {size}; "
                "build both with the same chat template"
            )
        return list(prompt[size:])

    @contextmanager
    def _after(self, layers: int, prefix: Sequence[int]) -> Iterator[tuple[Any, Any]]:
        """Lend the model cut above `layers` (0: whole) and the cache of `prefix`, as it was."""
        key = (layers, tuple(prefix))
        model, cache = self._lower_model(layers), self._caches.pop(key, None)
        if cache is None:
            cache = self._fresh_cache(model, list(prefix))
        yield model, cache
        # Only after a run that ended well: an interrupted one leaves layers of unequal length.
        cache.crop(len(prefix) - cache.get_seq_length())  # crop takes negative counts
        self._caches[key] = cache

    def _lower_model(self, layers: int) -> Any:
        if not layers:
            return self.model
        if layers not in self._lower:
            self._lower[layers] = _lower_part(self.model, layers)
        return self._lower[layers]

    def _fresh_cache(self, model: Any, prefix: list[int]) -> Any:
        import torch
        from transformers import DynamicCache

        cache = DynamicCache(config=model.config)
        if prefix:
            model(torch.tensor([prefix]), past_key_values=cache, use_cache=True)
        return cache


def _lower_part(model: Any, layers: int) -> Any:
    """Return the lowest `layers` layers of `model` as a model without a final norm; shares weights.

    Raises:
        ModelError: if the architecture is not laid out like Llama.
    """
    import torch

    core = model.model
    total = model.config.num_hidden_layers
    if not 0 < layers <= total or not all(
        hasattr(core, part) for part in ("embed_tokens", "layers", "norm", "rotary_emb")
    ):
        raise ModelError(
            f"{type(model).__name__} with {total} layers cannot be cut at layer {layers}; "
            "use a Llama-like model and a layer it has"
        )
    config = copy.deepcopy(model.config)
    config.num_hidden_layers = layers
    with torch.device("meta"):
        part = type(core)(config)
    part.embed_tokens, part.rotary_emb = core.embed_tokens, core.rotary_emb
    part.layers = torch.nn.ModuleList(core.layers[:layers])
    part.norm = torch.nn.Identity()
    return part.eval()


def load(
    name: str = DEFAULT,
    *,
    adapter: str | Path | None = None,
    folder: Path | None = None,
    threads: int = 1,
) -> LanguageModel:
    """Load a model from local files; nothing is ever fetched.

    Args:
        name: a preset.
        adapter: name of a shipped LoRA adapter or the folder of one; it is merged into the model.
        folder: where the weights lie; by default where `passline models install` puts them.
        threads: number of threads torch may use, in the whole process.

    Raises:
        WeightsError: if weights or adapter are missing, or the adapter belongs to other weights.
        MissingExtraError: if torch or transformers are not installed.
    """
    row = preset(name)
    place = folder or weights_folder(name)
    if not (place / "config.json").is_file():
        remedy = "run: passline models install" if row.packaged else "bring it and give folder="
        raise WeightsError(f"{place} holds no {name}; {remedy}")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        import torch
        import transformers
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as missing:
        raise MissingExtraError(missing.name or "transformers", "models") from missing
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(threads)
    manifest = place / MANIFEST
    source = ""
    if manifest.is_file():
        source = str(json.loads(manifest.read_text(encoding="utf-8"))["source_sha256"])
    tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(place, dtype=torch.float32, local_files_only=True)
    if adapter is not None:
        model = _merge(model, adapter_folder(adapter), source)
    return LanguageModel(model, tokenizer, name, source)


def _merge(model: Any, folder: Path, source: str) -> Any:
    from peft import PeftModel

    card = folder / "card.json"
    if card.is_file():
        base = json.loads(card.read_text(encoding="utf-8"))["base_sha256"]
        if source and base != source:
            raise WeightsError(
                f"adapter {folder.name} was trained on weights {base[:12]}, these are "
                f"{source[:12]}; install the base it names"
            )
    return PeftModel.from_pretrained(model, str(folder)).merge_and_unload()
