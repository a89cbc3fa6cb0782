import pytest
from hypothesis import given
from hypothesis import strategies as st

from passline.models.errors import OutputError
from passline.models.trie import check_prefix_free, walk

END = 9
answers = st.lists(
    st.lists(st.integers(0, 4), min_size=0, max_size=6), min_size=1, max_size=12, unique_by=tuple
).map(lambda rows: [[*row, END] for row in rows])


@given(answers, st.randoms(use_true_random=False))
def test_whatever_the_model_says_only_a_candidate_comes_out(candidates, chance):
    def ask(feed, branch):
        return [chance.random() + 1e-9 for _ in branch]

    choice = walk(candidates, ask)
    assert 0 <= choice.candidate < len(candidates)


@given(answers)
def test_the_model_reads_every_token_before_each_branch_exactly_once(candidates):
    read, confidences = [], [1.0]

    def ask(feed, branch):
        read.extend(feed)
        assert any(row[: len(read)] == read and row[len(read)] in branch for row in candidates)
        chances = [1.0 + n for n in range(len(branch))]
        confidences.append(max(chances) / sum(chances))
        return [each / sum(chances) for each in chances]

    choice = walk(candidates, ask)
    assert choice.confidence == min(confidences)
    assert choice.asked == len(confidences) - 1


def test_a_single_candidate_is_chosen_without_asking():
    def ask(feed, branch):
        raise AssertionError

    assert walk([[1, 2, 3]], ask) == (0, 1.0, 0)


@pytest.mark.parametrize("rows", [[], [[1], [1]], [[1], [1, 2]]])
def test_candidates_that_cannot_be_told_apart_are_refused(rows):
    with pytest.raises(OutputError):
        check_prefix_free(rows)


def test_an_answer_in_another_form_is_refused():
    with pytest.raises(OutputError, match="2 possible tokens"):
        walk([[1, END], [2, END]], lambda feed, branch: [float("nan")] * 2)
