import pytest

from passline.models import finetune
from passline.models.dataset import Recipe
from passline.models.finetune import facts, in_words, train_head, without_model
from passline.models.rows import Row
from passline.models.scores import ask, score

torch = pytest.importorskip("torch", reason="the extra [models] is not installed")

from passline.models.head import LinearHead  # noqa: E402

MOVES = (("none", 0.0, "hold"), ("rot.bank_out", 3.0, "3"), ("fm.spray_trim", 0.1, "up"))
NOTHING = 3000.0  # ridge of the head that holds


def row(seed, label, costs, harms=(0.0, 0.0, 0.0), coil=2):
    return Row(
        scenario="faults",
        seed=seed,
        time=10.0,
        coil=coil,
        rolling=True,
        features={"ct_error": 12.0},
        alerts=("ct_hot",),
        order={"coil.gauge_aim": 2.6e-3, "coil.ct_aim": 893.0},
        moves=MOVES,
        costs=costs,
        harms=harms,
        admissible=tuple(harm <= harms[0] for harm in harms),
        label=label,
    )


@pytest.fixture
def rows():
    pays = row(1, 1, (300.0, 100.0, 150.0))
    harms = row(2, 0, (900.0, 100.0, 950.0), harms=(0.0, 60.0, 0.0))
    return [pays, harms, row(3, 2, (300.0, 400.0, 150.0)), row(3, 2, (300.0, 400.0, 150.0), coil=5)]


def test_a_head_that_saves_money_by_harm_is_not_taken(tiny, rows, monkeypatch):
    def fit(readings, targets, answers, layers, ridge):
        move = '"hold"' if ridge == NOTHING else '"3"'
        wish = torch.tensor([float(move in answer) for answer in answers])
        size = readings.shape[1]
        still = torch.zeros(size, len(answers))
        return LinearHead(
            tuple(answers), layers, 1.0, torch.zeros(size), torch.ones(size), still, wish
        )

    monkeypatch.setattr(finetune, "fit", fit)
    head = train_head(tiny, rows, rows[:2], (2,), lambda _: None)
    best = max(range(len(head.answers)), key=head.bias.tolist().__getitem__)
    assert '"hold"' in head.answers[best]


def test_a_card_counts_plants_and_coils_and_says_what_is_left_out(rows):
    told = facts(Recipe(), {"train": rows[:1], "held-out": rows[1:]})
    assert told["rows"] == {"train": 1, "held-out": 3}
    assert told["seeds"] == {"train": 1, "held-out": 2}
    assert told["coils"] == {"train": 1, "held-out": 3}
    assert told["scenarios"]["held-out"] == {"faults": 3}
    assert told["largest class"]["share"] == pytest.approx(2 / 3)
    assert "30 to 90 EUR" in told["left out"]


def test_harm_and_seeds_are_told_beside_accuracy(rows):
    said = in_words(score(ask(rows, lambda _: (1, 0.4)), threshold=0.5))
    assert said.startswith("25.0 % right (")
    assert "over 3 seeds" in said
    assert "harmful 25.0 %; at its threshold 0.50" in said
    assert said.endswith("harmful 0.0 %")


def test_holding_never_harms(rows):
    assert without_model(rows)["hold"].harmful == 0.0
