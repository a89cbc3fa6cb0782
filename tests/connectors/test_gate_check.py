"""No limit of the gate can be passed: an oracle that knows nothing of it judges every request."""

import re
from collections import Counter
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passline.connectors.gate.check import DEFAULT_POLICY, Memory, Mode, Request, check
from passline.connectors.gate.denied import denied, refuse_safety
from passline.plant_sim.clock import Moment, plant, wall
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS as MILL
from passline.plant_sim.lines.hot_strip.signal_table import SIGNALS
from passline.plant_sim.signals import Quality, Sample

from .gate_oracle import World
from .gate_plant import CONTROLS, START
from .gate_worlds import ID, PLANT, WALL, asked, compare, worlds


def test_the_gate_allows_what_the_oracle_allows_and_nothing_else():
    found = Counter()

    @settings(max_examples=300, deadline=None, derandomize=True)
    @given(world=worlds())
    def trial(world):
        decisions, allowed = compare(world)
        found["decisions"] += decisions
        found["allowed"] += allowed

    trial()
    assert found["decisions"] > 10_000
    assert found["allowed"] > 1_000  # a trial that is always refused proves nothing


def fresh(**changed):
    """A world in which nothing speaks against a write; `changed` are fields of `World`."""
    seen = {name: [value, 192, PLANT, WALL] for name, value in START.items()}
    return World(seen | {"plc.remote": [1.0, 192, PLANT, WALL]}, plant=PLANT, wall=WALL, **changed)


@settings(max_examples=200, deadline=None)
@given(control=st.sampled_from(list(CONTROLS)), share=st.floats(0, 1), mode=st.sampled_from(Mode))
def test_a_fresh_remote_plant_allows_every_small_step(control, share, mode):
    value = {"mill.speed": 0.6 * share, "mill.source": round(2 * share), "mill.gap": 0.5 * share}
    verdict = asked(fresh(mode=mode.value), control, float(value[control]))
    assert verdict.allowed == (mode is not Mode.READ_ONLY), verdict.reasons


def test_a_choice_is_snapped_to_its_exact_value():
    verdict = asked(fresh(), "mill.source", 1.0 + 1e-12)
    assert (verdict.allowed, verdict.value) == (True, 1.0)


def test_every_reason_is_told_at_once_and_says_which_clock_it_means():
    world = fresh(
        last={"mill.speed": PLANT - 1}, recent=[PLANT] * 50, lease_until=WALL - 1, budget=12,
        handed_back=True, unresolved=True, fault=True,
    )  # fmt: skip
    world.seen["mill.state"][0] = 3.0
    world.seen["mill.force"][3] = WALL - 4.0
    world.seen["plc.remote"][0] = 0.0
    reasons = asked(world, "mill.speed", 0.3).reasons
    for words in (
        "mill.speed needs mill.force is 4.0 s (wall) old, more than 3 s; wait",
        "only while the mill rolls or waits: mill.state is 3, not in [1, 2]",
        "mill.speed was written 1.0 s (plant) ago, its cooldown is 30 s; wait 29.0 s (plant)",
        "50 writes in the last 600 s (plant), at most 12 are allowed; wait",
        "0.3 in 1.0 s (plant) is faster than 0.0125 a second; wait until 24.0 s (plant) after",
        "it is broken",
        "the plant was handed back (silence); a person must release the gate",
        f"the outcome of write {ID} is not known yet",
        "the plant is in local mode (plc.remote = 0)",
        "no agent has beaten within the lease of 15 s (wall)",
    ):
        assert any(words in reason for reason in reasons), (words, reasons)
    assert len(reasons) == 10


def test_what_acts_on_the_same_thing_waits_for_the_others_cooldown():
    world = fresh(last={"mill.source": PLANT - 20})
    (reason,) = asked(world, "mill.gap", 0.1).reasons
    assert reason == (
        "mill.gap waits for mill.source, which acts on the same thing and was written 20.0 s "
        "(plant) ago; wait 40.0 s (plant)"
    )
    assert asked(world, "mill.speed", 0.3).allowed


def test_a_limit_is_met_exactly_when_its_time_is_over():
    world = fresh(last={"mill.source": PLANT - 60.0, "mill.gap": PLANT - 10.0})
    assert asked(world, "mill.gap", 0.1).allowed
    assert asked(world, "mill.source", 1.0).allowed
    world.last["mill.gap"] = PLANT - 9.9
    assert not asked(world, "mill.source", 1.0).allowed
    assert not asked(world, "mill.gap", 0.1).allowed


def test_a_budget_that_is_spent_is_spent():
    recent = [PLANT - 599.0, PLANT - 300.0]
    assert asked(fresh(recent=recent), "mill.gap", 0.1).allowed
    assert not asked(fresh(recent=[*recent, PLANT]), "mill.gap", 0.1).allowed
    assert asked(fresh(recent=[*recent, PLANT - 600.0]), "mill.gap", 0.1).allowed


def test_a_double_step_takes_twice_the_time_of_a_single_one():
    world = fresh(last={"mill.speed": PLANT - 30})
    assert asked(world, "mill.speed", 0.3).allowed
    (reason,) = asked(world, "mill.speed", 0.6).reasons
    assert "wait until 48.0 s (plant) after its last write" in reason
    world.last["mill.speed"] = PLANT - 49
    assert asked(world, "mill.speed", 0.6).allowed


def test_a_signal_that_was_never_read_and_an_unknown_control_are_named():
    world = fresh()
    del world.seen["mill.speed"]
    assert asked(world, "mill.speed", 0.3).reasons[0] == (
        "mill.speed has never been read; check the tag file and the link"
    )
    assert "use mill.speed, mill.source, mill.gap" in asked(fresh(), "mill.x", 0.3).reasons[0]


@pytest.mark.parametrize(
    "name",
    [
        "mill.e_stop", "Line1.EStopReset", "ESTOP", "emergency.stop", "EMERGENCYSTOP",
        "DB5.NOT_AUS", "guard_door", "sideguards", "SIS1.bypass", "f3.interlocks",
        "SafetyPLC.Reset", "STO",
        "drive.trip_reset", "light_curtain.muting", "비상정지.해제", "롤.인터록",
    ],
)  # fmt: skip
def test_a_tag_of_a_safety_function_is_never_written(name):
    (reason,) = asked(fresh(), name, 0.0, CONTROLS | {name: CONTROLS["mill.gap"]}).reasons
    assert "belongs to a safety function" in reason
    one_sentence = f"makes {re.escape(name)} writable, but .* which passline never writes; drop its"
    with pytest.raises(ConfigError, match=one_sentence):
        refuse_safety({name: ()}, "tag file x.yaml")
    with pytest.raises(ConfigError, match="its address nsu=urn:mill;s="):
        refuse_safety({"mill.harmless": [f"nsu=urn:mill;s={name}"]}, "tag file x.yaml")


WORDS = """e_stop em_stop emg emergency not_aus not_halt esd psd scram interlock guard guarding
fence light_curtain muting lockout loto safe safety failsafe sis sil sif sto ss1 sls trip two_hand
비상정지 비상 인터록 안전 lightcurtains xemergencyx xinterlockx xsafetyx xfailsafex xlightcurtainx
xlockoutx xguardx guards""".split()  # noqa: SIM905


@pytest.mark.parametrize("word", WORDS)
def test_every_word_of_safety_counts_wherever_it_stands(word):
    big = "".join(part.title() for part in word.split("_"))
    for name in (word, f"mill.{word}", f"Line1.{big}.Reset", f"{word}_2", f"x_{word}_y"):
        assert denied(name), name
    assert not denied("mill.speed")


def test_no_signal_of_the_mill_sounds_like_safety():
    assert [name for name in (*SIGNALS, "plc.rearm", "mill.stop", "f1.store") if denied(name)] == []


def test_every_control_of_the_mill_can_be_moved_by_its_own_step_after_its_cooldown():
    now = Moment(PLANT, WALL)
    signals = {name: Sample(1.0, Quality.GOOD, PLANT, WALL) for name in SIGNALS}
    signals["plc.remote"] = Sample(1.0, Quality.GOOD, PLANT, WALL)
    for name, control in MILL.items():
        signals[name] = Sample(control.start, Quality.GOOD, PLANT, WALL)
        memory = Memory({name: PLANT - control.cooldown}, lease_until=inf)
        value = control.start + control.steps[-1] if control.steps else control.choices[0]
        if value > control.high:
            value = control.start - control.steps[-1]
        for mode in (Mode.CLOSED, Mode.APPROVE):
            verdict = check(Request(ID, name, value), signals, MILL, mode, memory, now)
            assert verdict.allowed, verdict.reasons


def test_the_pairs_of_the_mill_that_exclude_each_other_do_so_both_ways():
    pairs = {(name, other) for name, one in MILL.items() for other in one.excludes}
    assert pairs
    assert pairs == {(other, name) for name, other in pairs}


def test_the_default_limits_are_those_of_the_manual():
    policy = DEFAULT_POLICY
    assert (policy.budget, policy.budget_window, policy.lease) == (12, 600.0, 15.0)
    assert (policy.approval_ttl, policy.waiting, policy.drift) == (120.0, 8, 0.1)
    assert (policy.readback, policy.settle, policy.remote) == (2.0, 1.0, "plc.remote")
    assert policy.fresh == (wall(3.0), plant(60.0))
    memory = Memory()
    assert (memory.lease_until, memory.last, memory.recent) == (-inf, {}, ())
