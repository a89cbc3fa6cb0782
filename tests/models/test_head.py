from dataclasses import replace

import pytest

from passline.models.errors import ModelError, WeightsError

torch = pytest.importorskip("torch", reason="the extra [models] is not installed")

from passline.models.head import LinearHead, fit  # noqa: E402

ANSWERS = ("hold", "up", "down")


@pytest.fixture
def head():
    torch.manual_seed(3)
    centres = torch.randn(3, 16)
    readings = torch.cat([centre + 0.1 * torch.randn(20, 16) for centre in centres])
    targets = torch.eye(3).repeat_interleave(20, 0)
    return fit(readings, targets, ANSWERS, 2, 1.0), centres


def test_the_head_knows_what_it_was_fitted_on(head):
    fitted, centres = head
    assert [fitted.choose(centre, ANSWERS)[0] for centre in centres] == [0, 1, 2]


def test_a_masked_answer_is_never_chosen(head):
    fitted, centres = head
    chosen, confidence = fitted.choose(centres[1], ("hold", "down"))
    assert chosen in (0, 1)
    assert confidence == pytest.approx(max(fitted.chances(centres[1], ("hold", "down"))))
    assert sum(fitted.chances(centres[1], ("hold", "down"))) == pytest.approx(1.0)


def test_an_answer_it_never_learnt_has_no_chance_and_nothing_known_is_an_error(head):
    fitted, centres = head
    assert fitted.chances(centres[0], ("sideways", "hold")) == [0.0, 1.0]
    with pytest.raises(ModelError, match="knows none"):
        fitted.chances(centres[0], ("sideways",))


def test_a_head_is_the_same_after_saving(head, tmp_path):
    fitted, centres = head
    warm = replace(fitted, temperature=0.2)
    warm.save(tmp_path / "head.safetensors")
    read = LinearHead.load(tmp_path / "head.safetensors")
    assert (read.answers, read.layers, read.temperature) == (ANSWERS, 2, 0.2)
    assert read.chances(centres[2], ANSWERS) == warm.chances(centres[2], ANSWERS)


def test_a_missing_head_is_named(tmp_path):
    with pytest.raises(WeightsError, match="passline finetune"):
        LinearHead.load(tmp_path / "head.safetensors")
