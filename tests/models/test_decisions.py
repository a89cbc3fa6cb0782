import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passline.models.decisions import NOT_SURE, ChoiceSeat, HeadSeat, seat_from_spec
from passline.models.encoder import answers
from passline.models.scores import ALWAYS_HOLD
from passline.plant_sim.controls import HOLD
from passline.plant_sim.errors import ConfigError


@pytest.fixture
def head_seat(tiny, every_move):
    import torch

    from passline.models.head import LinearHead

    torch.manual_seed(5)
    known = answers(every_move)
    weights = torch.randn(64, len(known))
    head = LinearHead(
        tuple(known), 2, 1.0, torch.zeros(64), torch.ones(64), weights, torch.zeros(len(known))
    )
    return HeadSeat("head", tiny, head, 0.0)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.integers(1, 18)), st.floats(-40, 40))
def test_only_legal_moves_are_chosen_whatever_is_legal(
    tiny, head_seat, page, every_move, kept, error
):
    legal = [HOLD, *(every_move[n] for n in sorted(kept) if n < len(every_move))]
    for seat in (ChoiceSeat("lm", tiny, 0.0), head_seat):
        (decision,) = seat.decide([page(ct_error=error)], [legal])
        assert 0 <= decision.choice < len(legal)
        assert 0.0 <= decision.confidence <= 1.0


def test_a_masked_move_is_not_chosen_even_when_it_is_preferred(tiny, head_seat, page, every_move):
    for seat in (ChoiceSeat("lm", tiny, 0.0), head_seat):
        (first,) = seat.decide([page()], [every_move])
        rest = [move for n, move in enumerate(every_move) if n != first.choice or n == 0]
        (second,) = seat.decide([page()], [rest])
        assert first.choice == 0 or rest[second.choice] != every_move[first.choice]


def test_a_seat_that_is_not_sure_holds_and_shows_both_numbers(tiny, page, every_move):
    seat = ChoiceSeat("lm", tiny, 1.0)
    wish, confidence = seat.prefer(page(), every_move)
    (decision,) = seat.decide([page()], [every_move])
    assert decision.choice == 0
    assert decision.confidence == confidence < 1.0
    assert decision.reason.startswith(NOT_SURE)
    assert f"{confidence:.2f} is below 1.00" in decision.reason
    assert every_move[wish].control in decision.reason


def test_with_nothing_but_hold_the_model_is_not_asked(tiny, page, monkeypatch):
    monkeypatch.setattr(tiny, "choose", None)
    (decision,) = ChoiceSeat("lm", tiny, 0.9).decide([page()], [[HOLD]])
    assert (decision.choice, decision.confidence) == (0, 1.0)


def test_a_seat_told_to_hold_always_does_however_sure_it_is(tiny, page, every_move, monkeypatch):
    seat = ChoiceSeat("lm", tiny, ALWAYS_HOLD)
    monkeypatch.setattr(seat, "prefer", lambda snapshot, legal: (1, 1.0))
    (decision,) = seat.decide([page()], [every_move])
    assert decision.choice == 0
    assert decision.reason.startswith(NOT_SURE)


def test_a_decision_does_not_depend_on_who_else_is_asked(tiny, head_seat, page, every_move):
    pages = [page(ct_error=error) for error in (-20.0, 3.0, 30.0)]
    for seat in (ChoiceSeat("lm", tiny, 0.0), head_seat):
        together = seat.decide(pages, [every_move] * 3)
        fresh = [seat.decide([one], [every_move])[0] for one in reversed(pages)]
        assert together == fresh[::-1]


def test_a_seat_is_built_from_its_word():
    assert seat_from_spec("rules").name == "rules"
    assert seat_from_spec("hold").name == "hold"
    with pytest.raises(ConfigError, match="choose one of"):
        seat_from_spec("oracle")


def test_a_threshold_that_is_no_share_is_refused(tiny):
    with pytest.raises(ConfigError, match="outside"):
        ChoiceSeat("lm", tiny, 1.5)
