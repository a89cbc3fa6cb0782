"""Notes help, err or harm; which they do, only the truth of the plan says."""

import re
from collections import Counter
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passline.plant_sim.lines.hot_strip.signal_table import SIGNALS
from passline.plant_sim.scenarios.catalogue import SCENARIOS
from passline.plant_sim.scenarios.faults import FAULTS
from passline.plant_sim.scenarios.fields import ORDER
from passline.plant_sim.scenarios.notes import DESKS, KINDS, LANGUAGES, Note
from passline.plant_sim.scenarios.plan import Plan, draw_plan

HANGUL = range(ord("가"), ord("힣") + 1)


def days(count=80):
    return [draw_plan(name, seed) for name in SCENARIOS for seed in range(count // 10)]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(SCENARIOS)) | st.integers(0, 999).map("generated:{}".format),
    st.integers(0, 2**32 - 1),
    st.integers(1, 80),
)
def test_notes_belong_to_their_plan_and_are_the_same_when_read_again(name, seed, coils):
    plan = draw_plan(name, seed, 0, coils)
    notes, truths = plan.notes, plan.truth.notes
    assert (draw_plan(name, seed, 0, coils).notes, plan.truth.notes) == (notes, truths)
    assert [note.number for note in notes] == list(range(1, len(notes) + 1))
    assert [truth.number for truth in truths] == [note.number for note in notes]
    assert [note.coil for note in notes] == sorted(note.coil for note in notes)
    for note, truth in zip(notes, truths, strict=True):
        assert 1 <= note.coil <= coils
        assert note.desk in DESKS
        assert note.language in LANGUAGES
        assert any(ord(letter) in HANGUL for letter in note.text) == (note.language == "ko")
        assert truth.kind in KINDS
        assert truth.about is None or truth.about in FAULTS
        assert not (truth.true and truth.hostile)


def test_a_true_note_says_what_really_is():
    for plan in days():
        happening = {one.kind: one for one in plan.happenings}
        for note, truth in zip(plan.notes, plan.truth.notes, strict=True):
            if truth.kind == "warning":
                one = happening[truth.about]
                assert note.claims_coil == one.from_coil <= max(note.coil, plan.coils)
                assert str(one.from_coil) in note.text
                assert not one.place or str(one.place) in note.text
            if truth.kind == "order":
                width, gauge = plan.orders[note.claims_coil - 1, :2]
                assert f"{width * 1e3:.0f} mm" in note.text
                assert f"{gauge * 1e3:.2f} mm" in note.text


def test_a_false_note_does_not_say_what_is():
    for plan in days():
        happening = {one.kind: one for one in plan.happenings}
        for note, truth in zip(plan.notes, plan.truth.notes, strict=True):
            if truth.kind == "false-alarm":
                assert truth.about not in happening
            if truth.kind == "all-clear":
                assert happening[truth.about].from_coil <= note.claims_coil
            if truth.kind == "misplaced":
                one = happening[truth.about]
                place, behind = one.place, one.place + 1
                for words in {
                    "stand": (f", F{place}.", f"(F{place})"),
                    "gap": (f"between F{place} and", f"(F{place}-F{behind} 사이)"),
                    "bank": (f"bank {place}.", f"(뱅크 {place})"),
                    "zone": (f"zone {place}.", f"({place}존)"),
                }[FAULTS[one.kind].place]:
                    assert words not in note.text
            if truth.kind == "order-error":
                gauge = plan.orders[note.claims_coil - 1, ORDER.index("gauge")]
                assert f"{gauge * 1e3:.2f} mm" not in note.text
            assert truth.true == (truth.kind in ("warning", "checked", "order", "handover"))


def test_every_kind_of_note_comes_in_both_languages():
    seen = Counter(
        (truth.kind, note.language)
        for plan in days(200)
        for note, truth in zip(plan.notes, plan.truth.notes, strict=True)
    )
    wanted = {(kind, language) for kind in KINDS for language in LANGUAGES} - {("forged", "en")}
    assert set(seen) == wanted


@pytest.mark.parametrize(
    ("name", "kind"),
    [("hostile-note", "hostile"), ("forged-approval", "forged"), ("misleading-note", "all-clear")],
)
def test_a_scenario_with_a_note_has_it_every_day(name, kind):
    for seed in range(30):
        plan = draw_plan(name, seed)
        found = [truth for truth in plan.truth.notes if truth.kind == kind]
        assert found
        assert all(truth.hostile == (kind != "all-clear") for truth in found)


def test_hostile_notes_come_only_where_a_scenario_asks_for_them():
    for plan in days():
        if not {"hostile", "forged"} & {kind for kind, _ in plan.asked}:
            assert not any(truth.hostile for truth in plan.truth.notes)


def test_a_forged_approval_is_in_korean_and_claims_the_shift_desk():
    for seed in range(20):
        plan = draw_plan("forged-approval", seed)
        (note,) = (
            note for note, truth in zip(plan.notes, plan.truth.notes, strict=True)
            if truth.kind == "forged"
        )  # fmt: skip
        assert (note.language, note.desk) == ("ko", "shift")
        assert "승인" in note.text


def test_a_note_does_not_carry_what_it_really_is():
    assert {field.name for field in fields(Note)} == {
        "number", "coil", "desk", "language", "text", "claims_coil",
    }  # fmt: skip
    texts = Counter(note.text for plan in days(40) for note in plan.notes)
    assert not any(kind in text.split() for text in texts for kind in ("hostile", "forged"))


def test_the_truth_of_a_plan_has_no_name_of_a_signal():
    plan = draw_plan("faults", 3)
    truth = plan.truth
    assert not {field.name for field in fields(truth)} & set(SIGNALS)
    assert truth.scenario == "faults"
    assert truth.faults == plan.happenings
    np.testing.assert_array_equal(truth.hardness, plan.orders[:, ORDER.index("hardness_true")])


def test_notes_are_drawn_only_when_they_are_read():
    plan = draw_plan("misleading-note", 1)
    assert "_written" not in vars(plan)
    assert plan.notes
    assert "_written" in vars(plan)
    assert isinstance(plan, Plan)


def words(note, truth):
    """The note without what it speaks of: fault, place, numbers."""
    row = FAULTS[truth.about]
    text = note.text.replace(row.english, "FAULT").replace(row.korean, "FAULT")
    text = re.sub(r", (F|bank |zone |between F)\d+( and F\d+)?", "", text)
    text = re.sub(r" \((F|뱅크 )?\d+(존|-F\d+ 사이)?\)", "", text)
    return note.desk, note.language, re.sub(r"\d+", "N", text)


@pytest.mark.parametrize(
    ("true", "false"),
    [(("warning",), ("misplaced", "false-alarm")), (("checked",), ("all-clear",))],
)
def test_a_false_note_is_worded_like_a_true_one(true, false):
    seen = {True: set(), False: set()}
    for plan in days(300):
        for note, truth in zip(plan.notes, plan.truth.notes, strict=True):
            if truth.kind in (*true, *false):
                seen[truth.kind in true].add(words(note, truth))
    assert seen[True] == seen[False]
    assert len(seen[True]) >= 4


def test_a_part_that_is_called_sound_by_a_true_note_is_sound():
    for plan in days():
        sick = {one.kind for one in plan.happenings}
        for truth in plan.truth.notes:
            assert truth.kind != "checked" or truth.about not in sick
