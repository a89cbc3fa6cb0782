"""What is shipped: the adapter, the head, their card and the held-out rows they were judged on."""

import json
import shutil

import pytest

from passline.models.backends.cpu import adapter_folder
from passline.models.errors import WeightsError
from passline.models.presets import PRESETS
from passline.models.registry import read_card
from passline.models.rows import read_rows, rows_sha256
from passline.models.scores import largest_class

NAME = "hot-strip-v0"


@pytest.fixture(scope="module")
def card():
    return read_card(adapter_folder(NAME))


@pytest.fixture(scope="module")
def some_rows():
    return read_rows(adapter_folder(NAME) / "held-out.json")[::4]


def regrets_and_hits(seat, rows):
    chosen = [seat.prefer(row.snapshot(), row.legal)[0] for row in rows]
    assert all(0 <= move < len(row.moves) for move, row in zip(chosen, rows, strict=True))
    hits = sum(move == row.label for move, row in zip(chosen, rows, strict=True))
    return sum(row.regret(move) for move, row in zip(chosen, rows, strict=True)), hits


def test_what_is_shipped_is_small_open_and_belongs_to_the_default_weights(card):
    files = list(adapter_folder(NAME).iterdir())
    assert sum(file.stat().st_size for file in files if file.suffix == ".safetensors") < 3e6
    config = json.loads((adapter_folder(NAME) / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == card.base
    assert card.licence == "Apache-2.0"
    assert card.base_sha256 == PRESETS[card.base].packaged.sha256


def test_the_card_names_the_very_rows_it_was_judged_on(card):
    rows = read_rows(adapter_folder(NAME) / "held-out.json")
    assert rows_sha256(rows) == card.data["sha256"]["held-out"]
    assert largest_class(rows)[1] == pytest.approx(card.data["largest class"]["share"])
    assert len(rows) == card.scores["lm"]["rows"] == card.scores["lm-zero-shot"]["rows"]


def test_the_card_tells_of_how_many_plants_its_scores_are_and_what_they_leave_out(card):
    rows = read_rows(adapter_folder(NAME) / "held-out.json")
    seeds = {row.seed for row in rows}
    assert card.data["seeds"]["held-out"] == card.scores["lm"]["seeds"] == len(seeds) >= 20
    assert card.data["coils"]["held-out"] == len({(row.seed, row.coil) for row in rows})
    for found in card.data["scenarios"].values():
        assert set(found) == {"faults", "pyrometer-drift", "dead-bank", "wrong-grade", "nominal"}
    assert card.data["left out"].startswith("Left out: ")
    assert not any(row.harmful(row.label) for row in rows)


def test_the_card_tells_that_training_helped(card):
    zero = card.scores["lm-zero-shot"]
    for trained in ("lm", "head"):
        assert card.scores[trained]["accuracy"] > zero["accuracy"]
        assert card.scores[trained]["regret"] < zero["regret"]


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_adapter_and_head_cost_less_than_the_untrained_model_on_held_out_plants(weights, some_rows):
    from passline.models.decisions import seat_from_spec

    zero, _ = regrets_and_hits(seat_from_spec("lm-zero-shot"), some_rows)
    for spec in ("head", "lm"):
        seat = seat_from_spec(spec)
        regret, hits = regrets_and_hits(seat, some_rows)
        assert regret < zero
        assert hits > len(some_rows) / 5
        assert NAME not in seat.fingerprint
        assert seat.fingerprint.startswith(spec)


def test_an_adapter_of_other_weights_is_refused(weights, tmp_path):
    from passline.models import load

    other = tmp_path / "other"
    shutil.copytree(adapter_folder(NAME), other)
    text = (other / "card.json").read_text()
    (other / "card.json").write_text(
        text.replace(PRESETS["smollm2-135m"].packaged.sha256, "f" * 64)
    )
    with pytest.raises(WeightsError, match="was trained on weights ffffffffffff"):
        load(adapter=other)


def test_an_unknown_adapter_is_answered_with_the_shipped_ones():
    with pytest.raises(WeightsError, match=NAME):
        adapter_folder("cold-mill-v9")
