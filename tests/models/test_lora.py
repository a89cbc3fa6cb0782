import pytest

from passline.models.errors import ModelError
from passline.models.lora import Example, LoraPlan, save_adapter, train_lora, walk_layers

pytest.importorskip("peft", reason="the extra [models] is not installed")
PLAN = LoraPlan(top_layers=2, rate=2e-2, epochs=60, batch=4)


def lesson(tiny):
    asked = [("hot", "down"), ("cold", "up"), ("thin", "less"), ("calm", "hold")]
    return [
        Example(tiny.chat([("system", "be brief"), ("user", state)]), tiny.answer(move))
        for state, move in asked
    ]


def test_the_layer_walk_gives_the_logits_of_the_model(tiny):
    import torch

    ids = torch.tensor([list(b"f1 roll force 12.5")])
    core = tiny.model.model
    with torch.no_grad():
        hidden = walk_layers(core, core.embed_tokens(ids), 0, 2)
        hidden = walk_layers(core, hidden, 2, 4)
        ours = tiny.model.lm_head(core.norm(hidden))
        assert torch.equal(ours, tiny.model(ids).logits)


def test_padding_changes_nothing_of_a_shorter_row(tiny):
    import torch

    core = tiny.model.model
    short = torch.tensor([list(b"cold")])
    padded = torch.tensor([list(b"cold" + b"\x01" * 5)])
    with torch.no_grad():
        alone = walk_layers(core, core.embed_tokens(short), 0, 4)
        beside = walk_layers(core, core.embed_tokens(padded), 0, 4)[:, :4]
    assert torch.allclose(alone, beside, atol=1e-5)


def test_an_adapter_learns_four_answers_and_is_the_same_after_saving(tiny, tmp_path):
    from peft import PeftModel

    from passline.models.backends.cpu import LanguageModel

    examples = lesson(tiny)
    before = {name: value.clone() for name, value in tiny.model.state_dict().items()}
    base = type(tiny.model)(tiny.model.config)
    base.load_state_dict(before)
    told = []
    tuned = train_lora(tiny.model, examples, PLAN, told.append, lambda _: "looked")
    assert sum("looked" in line for line in told) == PLAN.epochs
    save_adapter(tuned, tmp_path / "adapter")
    merged = PeftModel.from_pretrained(base, str(tmp_path / "adapter")).merge_and_unload()
    seat = LanguageModel(merged, tiny.tokenizer)
    candidates = [example.answer for example in examples]
    chosen = [seat.choose([], example.prompt, candidates).candidate for example in examples]
    assert chosen == [0, 1, 2, 3]
    frozen = [
        name for name in before if "layers.0" in name or "layers.1" in name or "embed" in name
    ]
    kept = tuned.get_base_model().state_dict()
    assert frozen
    assert all(kept[name].equal(before[name]) for name in frozen)


def test_the_same_seed_trains_the_same_adapter(tiny, tmp_path):
    import copy

    twin = copy.deepcopy(tiny.model)
    plan = LoraPlan(top_layers=1, epochs=2, batch=2)
    for model, name in ((tiny.model, "a"), (twin, "b")):
        save_adapter(train_lora(model, lesson(tiny), plan, lambda _: None), tmp_path / name)
    files = [(tmp_path / name / "adapter_model.safetensors").read_bytes() for name in "ab"]
    assert files[0] == files[1]


def test_nothing_to_learn_is_said(tiny):
    with pytest.raises(ModelError, match="no example"):
        train_lora(tiny.model, [], PLAN, lambda _: None)
