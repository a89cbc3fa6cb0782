import pytest

from passline.models.errors import ModelError, WeightsError


def prompts(tiny, texts):
    return [tiny.chat([("system", "be brief"), ("user", text)]) for text in texts]


def test_a_decision_is_the_same_after_any_other_decisions(tiny):
    prefix = tiny.chat([("system", "be brief")], ask=False)
    candidates = [tiny.answer(text) for text in ("hold", "up", "down", "upper", "downer")]
    asked = prompts(tiny, ["hot", "cold", "a long story about a bar", "x"])
    first = [tiny.choose(prefix, prompt, candidates) for prompt in asked]
    again = [tiny.choose(prefix, prompt, candidates) for prompt in reversed(asked)]
    assert again[::-1] == first
    bare = [tiny.choose([], prompt, candidates) for prompt in asked]
    assert [choice.candidate for choice in bare] == [choice.candidate for choice in first]
    for one, other in zip(bare, first, strict=True):
        assert one.confidence == pytest.approx(other.confidence, abs=1e-5)


def test_the_lower_layers_read_what_they_read_inside_the_whole_model(tiny):
    import torch

    prefix = tiny.chat([("system", "be brief")], ask=False)
    (prompt,) = prompts(tiny, ["the strip is cold"])
    for layers in (1, 3):
        tiny.reading(prefix, prompts(tiny, ["something else"])[0], layers)
        reading = tiny.reading(prefix, prompt, layers)
        with torch.inference_mode():
            whole = tiny.model.model(torch.tensor([prompt]), output_hidden_states=True)
        hidden = whole.hidden_states[layers][0, len(prefix) :]
        assert torch.allclose(
            reading, torch.cat([hidden.mean(0), hidden[-1]]), rtol=1e-3, atol=1e-4
        )


def test_a_prompt_that_does_not_go_on_from_its_prefix_is_refused(tiny):
    with pytest.raises(ModelError, match="does not go on"):
        tiny.choose([1, 2, 3], [4, 5, 6, 7], [[1, 257], [2, 257]])


def test_a_run_that_was_interrupted_leaves_no_trace(tiny, monkeypatch):
    prefix = tiny.chat([("system", "be brief")], ask=False)
    candidates = [tiny.answer(text) for text in ("hold", "up", "down")]
    (prompt,) = prompts(tiny, ["hot"])
    before = tiny.choose(prefix, prompt, candidates)

    layer = tiny.model.model.layers[2]
    whole = layer.forward

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(layer, "forward", stop)
    with pytest.raises(KeyboardInterrupt):
        tiny.choose(prefix, prompt, candidates)
    monkeypatch.setattr(layer, "forward", whole)
    assert tiny.choose(prefix, prompt, candidates) == before


def test_weights_that_are_not_there_are_named_with_the_remedy(tmp_path):
    pytest.importorskip("torch", reason="the extra [models] is not installed")
    from passline.models import load

    with pytest.raises(WeightsError, match="passline models install"):
        load(folder=tmp_path)
    with pytest.raises(WeightsError, match="folder="):
        load("tri-7b", folder=tmp_path)


def test_a_model_cannot_be_cut_at_a_layer_it_has_not(tiny):
    prefix = tiny.chat([("system", "be brief")], ask=False)
    with pytest.raises(ModelError, match="cannot be cut at layer 9"):
        tiny.reading(prefix, prompts(tiny, ["hot"])[0], 9)
