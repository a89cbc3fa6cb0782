"""Alarms come when they should, go when they may, and nobody's alarm is lost."""

from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from passline.plant_sim.alarms import (
    TRANSITIONS,
    Alarm,
    AlarmSystem,
    Happening,
    Kind,
    PlantState,
    State,
    Words,
    check_alarms,
)
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.signals import Quality, Sample

NO_STRIP = PlantState("no strip", "coil.phase", -0.5, 0.5)


def alarm(name="fdt high", kind=Kind.HIGH, signal="fm.fdt", limit=1200.0, **more):
    """One alarm of the finishing mill."""
    words = Words("words", "말")
    fields = {"priority": 3, "area": "finishing", "respond": 60.0} | more
    return Alarm(
        name, kind, signal, limit, message=words, consequence=words, action=words, **fields
    )


class Plant:
    """Readings that are set by hand, and the alarms that see them every half second."""

    def __init__(self, *alarms, states=()):
        self.system = AlarmSystem(alarms, states)
        self.first = alarms[0].name
        self.time = -0.5

    def see(self, seconds=0.5, **readings):
        """Hold readings (fm_fdt=1210.0) for some plant seconds; what happened as (what, alarm)."""
        samples = {
            name.replace("_", ".", 1): value
            if isinstance(value, Sample)
            else Sample(value, Quality.GOOD, self.time, 0.0)
            for name, value in readings.items()
        }
        found = []
        for _ in range(round(seconds / 0.5)):
            self.time += 0.5
            found += self.system.update(samples, self.time)
        return [(str(event.what), event.alarm) for event in found]

    @property
    def state(self):
        """Where the first alarm stands."""
        return self.system.state(self.first)


def test_an_alarm_comes_above_its_limit_and_goes_only_inside_its_dead_band():
    plant = Plant(alarm(dead_band=5.0))
    assert plant.see(fm_fdt=1200.0) == []
    assert plant.see(fm_fdt=1200.1) == [("raised", "fdt high")]
    plant.system.acknowledge("fdt high", "kim")
    plant.see(fm_fdt=1195.1)
    assert plant.state is State.ACKNOWLEDGED
    plant.see(fm_fdt=1195.0)
    assert plant.state is State.NORMAL
    plant.see(fm_fdt=1198.0)
    assert plant.state is State.NORMAL


def test_a_limit_that_is_passed_for_less_than_its_delay_is_no_alarm():
    plant = Plant(alarm(on_delay=3.0, off_delay=2.0))
    assert plant.see(3.0, fm_fdt=1250.0) == []
    plant.see(0.5, fm_fdt=1100.0)
    assert plant.see(3.0, fm_fdt=1250.0) == []
    assert plant.see(0.5, fm_fdt=1250.0) == [("raised", "fdt high")]
    plant.see(2.0, fm_fdt=1100.0)
    assert plant.state is State.UNACKNOWLEDGED
    plant.see(0.5, fm_fdt=1100.0)
    assert plant.state is State.RETURNED


def test_the_dead_band_does_not_bring_an_alarm_whose_limit_is_not_passed():
    plant = Plant(alarm(dead_band=20.0, on_delay=2.0))
    plant.see(0.5, fm_fdt=1201.0)
    assert plant.see(30.0, fm_fdt=1190.0) == []


@pytest.mark.parametrize(
    ("definition", "quiet", "loud"),
    [
        (alarm(kind=Kind.LOW, limit=1100.0), {"fm_fdt": 1101.0}, {"fm_fdt": 1099.0}),
        (
            alarm(kind=Kind.DEVIATION, limit=20.0, other="coil.aim"),
            {"fm_fdt": 1139.0, "coil_aim": 1150.0},
            {"fm_fdt": 1129.0, "coil_aim": 1150.0},
        ),
        (
            alarm(kind=Kind.DEVIATION, limit=20.0, other="coil.aim", side="above"),
            {"fm_fdt": 1100.0, "coil_aim": 1150.0},
            {"fm_fdt": 1171.0, "coil_aim": 1150.0},
        ),
        (
            alarm(kind=Kind.DISCREPANCY, limit=0.15, other="f1.expected", relative=True),
            {"fm_fdt": 14e6, "f1_expected": 15e6},
            {"fm_fdt": 18e6, "f1_expected": 15e6},
        ),
        (alarm(kind=Kind.EQUALS, limit=3.0), {"fm_fdt": 2.0}, {"fm_fdt": 3.0}),
        (alarm(kind=Kind.BAD), {"fm_fdt": 1.0}, {"fm_fdt": nan}),
        (alarm(kind=Kind.BAD), {"fm_fdt": 1.0}, {"fm_other": 1.0}),
        (
            alarm(kind=Kind.BAD),
            {"fm_fdt": 1.0},
            {"fm_fdt": Sample(1.0, Quality.UNCERTAIN, 0.0, 0.0)},
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, Alarm) else "",
)
def test_each_kind_of_condition_is_seen(definition, quiet, loud):
    plant = Plant(definition)
    assert plant.see(5.0, **quiet) == []
    assert plant.see(0.5, **loud) == [("raised", "fdt high")]


@settings(max_examples=30, deadline=None)
@given(st.floats(0.2, 5.0), st.floats(2.0, 60.0))
def test_a_rate_alarm_sees_the_slope_of_a_ramp_whatever_its_window(slope, window):
    for share, comes in ((0.95, False), (1.05, True)):
        plant = Plant(alarm(kind=Kind.RATE, limit=slope, window=window))
        for n in range(round(16 * window)):
            plant.see(fm_fdt=1000.0 + share * slope * 0.5 * n)
        assert (plant.state is State.UNACKNOWLEDGED) == comes


def test_a_value_that_is_not_good_neither_brings_nor_ends_an_alarm():
    plant = Plant(alarm(on_delay=1.0))
    plant.see(1.0, fm_fdt=1250.0)
    assert plant.see(10.0, fm_fdt=nan) == []
    assert plant.see(1.0, fm_fdt=1250.0) == []
    assert plant.see(0.5, fm_fdt=1250.0) == [("raised", "fdt high")]
    assert plant.see(10.0, fm_fdt=inf) == []
    assert plant.see(10.0, fm_fdt=Sample(900.0, Quality.BAD, 0.0, 0.0)) == []
    assert plant.state is State.UNACKNOWLEDGED
    assert plant.see(fm_fdt=900.0) == [("returned", "fdt high")]


def test_an_alarm_that_nobody_saw_waits_although_it_is_over():
    plant = Plant(alarm())
    plant.see(fm_fdt=1250.0)
    plant.see(600.0, fm_fdt=1100.0)
    assert plant.state is State.RETURNED
    assert plant.see(fm_fdt=1250.0) == [("raised", "fdt high")]
    plant.see(fm_fdt=1100.0)
    plant.system.acknowledge("fdt high", "kim")
    assert plant.state is State.NORMAL


def test_a_latched_alarm_stays_until_it_is_reset():
    plant = Plant(alarm(latching=True))
    plant.see(fm_fdt=1250.0)
    plant.system.acknowledge("fdt high", "kim")
    plant.see(60.0, fm_fdt=1100.0)
    assert plant.state is State.LATCHED
    plant.see(fm_fdt=1250.0)
    assert plant.state is State.UNACKNOWLEDGED
    plant.see(fm_fdt=1100.0)
    plant.system.acknowledge("fdt high", "kim")
    assert plant.state is State.LATCHED
    plant.system.reset("fdt high", "kim")
    assert plant.state is State.NORMAL


def test_the_shelf_is_no_way_around_a_reset():
    plant = Plant(alarm(latching=True))
    plant.see(fm_fdt=1250.0)
    plant.system.acknowledge("fdt high", "kim")
    plant.see(fm_fdt=1100.0)
    plant.system.shelve("fdt high", 10.0, "kim", "out of the way")
    plant.see(10.0, fm_fdt=1100.0)
    assert plant.state is State.LATCHED
    plant.system.disable("fdt high", "kim", "out of the way")
    plant.system.enable("fdt high", "kim")
    assert plant.state is State.LATCHED


def test_only_what_waits_can_be_acknowledged_and_somebody_must_have_done_it():
    plant = Plant(alarm())
    plant.see(fm_fdt=1100.0)
    with pytest.raises(ConfigError, match="is normal; it cannot be acknowledged"):
        plant.system.acknowledge("fdt high", "kim")
    with pytest.raises(ConfigError, match="cannot be reset"):
        plant.system.reset("fdt high", "kim")
    plant.see(fm_fdt=1250.0)
    with pytest.raises(ConfigError, match="without who and why"):
        plant.system.acknowledge("fdt high", "")
    (event,) = plant.system.acknowledge("fdt high", "kim")
    assert (event.what, event.by) == (Happening.ACKNOWLEDGED, "kim")
    with pytest.raises(ConfigError, match="is acknowledged"):
        plant.system.acknowledge("fdt high", "lee")
    with pytest.raises(ConfigError, match="does not exist"):
        plant.system.acknowledge("sunshine", "kim")


def test_a_shelved_alarm_comes_back_by_itself():
    plant = Plant(alarm())
    plant.see(fm_fdt=1250.0)
    plant.system.shelve("fdt high", 60.0, "kim", "pyrometer is being cleaned")
    assert plant.system.standing() == []
    assert [line.until for line in plant.system.aside()] == [plant.time + 60.0]
    assert plant.see(59.5, fm_fdt=1250.0) == []
    assert plant.see(0.5, fm_fdt=1250.0) == [("unshelved", "fdt high"), ("raised", "fdt high")]
    plant.system.shelve("fdt high", 60.0, "kim", "again")
    plant.see(60.0, fm_fdt=1100.0)
    assert plant.state is State.NORMAL


def test_the_most_urgent_alarm_cannot_be_shelved_and_no_shelf_is_for_ever():
    plant = Plant(alarm("cobble", priority=1), alarm())
    plant.see(fm_fdt=1250.0)
    with pytest.raises(ConfigError, match="priority 1"):
        plant.system.shelve("cobble", 60.0, "kim", "noise")
    for seconds in (0.0, -1.0, nan, inf, 1e6):
        with pytest.raises(ConfigError, match="outside"):
            plant.system.shelve("fdt high", seconds, "kim", "noise")
    with pytest.raises(ConfigError, match="without who and why"):
        plant.system.shelve("fdt high", 60.0, "kim", "")


def test_an_alarm_out_of_service_stays_so_until_somebody_returns_it():
    plant = Plant(alarm())
    plant.system.disable("fdt high", "kim", "pyrometer removed")
    assert plant.see(1e4, fm_fdt=1250.0) == []
    found = plant.system.enable("fdt high", "lee")
    assert [event.what for event in found] == [Happening.ENABLED, Happening.RAISED]


def test_without_strip_in_the_mill_its_alarms_are_suppressed_and_then_begin_anew():
    plant = Plant(alarm(on_delay=2.0, suppressed_in=("no strip",)), states=(NO_STRIP,))
    assert plant.see(10.0, fm_fdt=1250.0, coil_phase=0.0) == [("suppressed", "fdt high")]
    assert plant.see(2.0, fm_fdt=1250.0, coil_phase=2.0) == [("released", "fdt high")]
    assert plant.see(0.5, fm_fdt=1250.0, coil_phase=2.0) == [("raised", "fdt high")]


def test_suppression_never_hides_an_alarm_that_nobody_has_seen():
    plant = Plant(alarm(suppressed_in=("no strip",)), states=(NO_STRIP,))
    plant.see(fm_fdt=1250.0, coil_phase=2.0)
    plant.see(60.0, fm_fdt=1250.0, coil_phase=0.0)
    assert plant.state is State.RETURNED
    plant.system.acknowledge("fdt high", "kim")
    assert plant.state is State.SUPPRESSED


def test_when_the_state_of_the_plant_is_not_known_suppression_stays_as_it_was():
    plant = Plant(alarm(suppressed_in=("no strip",)), states=(NO_STRIP,))
    plant.see(fm_fdt=1250.0, coil_phase=0.0)
    assert plant.see(10.0, fm_fdt=1250.0, coil_phase=nan) == []
    assert plant.state is State.SUPPRESSED


def test_what_is_broken_stays_broken_while_no_strip_can_show_it():
    plant = Plant(alarm(on_delay=2.0, off_delay=2.0, blind_in=("no strip",)), states=(NO_STRIP,))
    assert plant.see(60.0, fm_fdt=1250.0, coil_phase=0.0) == []
    assert plant.see(2.5, fm_fdt=1250.0, coil_phase=2.0) == [("raised", "fdt high")]
    assert plant.see(60.0, fm_fdt=1100.0, coil_phase=0.0) == []
    assert plant.state is State.UNACKNOWLEDGED
    assert plant.see(2.5, fm_fdt=1100.0, coil_phase=2.0) == [("returned", "fdt high")]


def cobble():
    """A mill whose strip leaves F5 slack: the cascade of a cobble, in causal order."""
    return Plant(
        alarm("f5 tension lost", Kind.LOW, "f5.tension", 0.5e6, group="mill", on_delay=0.5),
        alarm("f5 looper high", Kind.HIGH, "f5.looper", 1.1, group="mill"),
        alarm("f6 force low", Kind.LOW, "f6.force", 1e6, group="mill"),
        alarm("cobble", Kind.EQUALS, "line.event", 3.0, group="mill", priority=1),
    )


SOUND = {"f5_tension": 10e6, "f5_looper": 0.4, "f6_force": 10e6, "line_event": 0.0}


def test_the_first_out_of_a_cobble_is_the_tension_that_was_lost_although_it_came_later():
    mill = cobble()
    mill.see(5.0, **SOUND)
    slack = SOUND | {"f5_tension": 0.0}
    mill.see(0.5, **slack)
    mill.see(0.5, **slack | {"f5_looper": 1.2})
    mill.see(2.0, **slack | {"f5_looper": 1.2, "f6_force": 0.0, "line_event": 3.0})
    assert mill.system.first_out("mill") == "f5 tension lost"
    assert next(line.alarm.name for line in mill.system.standing()) == "cobble"
    assert [line.alarm.name for line in mill.system.standing() if line.first_out] == [
        "f5 tension lost"
    ]


def test_a_cascade_is_told_in_the_order_in_which_it_began():
    mill = cobble()
    mill.see(5.0, **SOUND)
    mill.see(0.5, **SOUND | {"f5_tension": 0.0})
    mill.see(2.0, **SOUND | {"f5_tension": 0.0, "line_event": 3.0})
    mill.see(2.0, **SOUND | {"f5_tension": 0.0, "line_event": 3.0, "f6_force": 0.0})
    told = [line.alarm.name for line in mill.system.cascade("mill")]
    assert told == ["f5 tension lost", "cobble", "f6 force low"]
    assert mill.system.cascade("furnace") == []


def test_what_comes_in_the_same_moment_is_led_by_the_cause():
    mill = cobble()
    mill.see(5.0, **SOUND)
    mill.see(5.0, f5_tension=0.0, f5_looper=1.2, f6_force=0.0, line_event=3.0)
    assert mill.system.first_out("mill") == "f5 tension lost"


def test_a_cascade_is_over_when_all_its_alarms_are_gone():
    mill = cobble()
    mill.see(5.0, f5_tension=0.0, f5_looper=1.2, f6_force=10e6, line_event=0.0)
    mill.see(5.0, **SOUND)
    assert mill.system.first_out("mill") == "f5 tension lost"
    for line in mill.system.standing():
        mill.system.acknowledge(line.alarm.name, "kim")
    assert mill.system.first_out("mill") is None
    mill.see(5.0, **SOUND | {"f6_force": 0.0})
    assert mill.system.first_out("mill") == "f6 force low"


def test_a_cascade_long_after_the_last_has_its_own_first_out_although_nobody_saw_the_last():
    mill = cobble()
    mill.see(5.0, **SOUND)
    mill.see(2.0, **SOUND | {"f5_looper": 1.2})
    mill.see(30.0, **SOUND)
    mill.see(2.0, **SOUND | {"f6_force": 0.0})
    assert mill.system.first_out("mill") == "f5 looper high"
    mill.see(120.0, **SOUND)
    mill.see(2.0, **SOUND | {"f5_tension": 0.0})
    assert mill.system.first_out("mill") == "f5 tension lost"


def test_what_a_new_coil_hides_and_shows_again_fills_no_journal():
    plant = Plant(alarm(suppressed_in=("no strip",)), states=(NO_STRIP,))
    for _ in range(20):
        plant.see(60.0, fm_fdt=1100.0, coil_phase=0.0)
        plant.see(60.0, fm_fdt=1100.0, coil_phase=2.0)
    plant.see(1.0, fm_fdt=1250.0, coil_phase=2.0)
    journal = plant.system.journal
    assert [event.what for event in journal.events] == [Happening.RAISED]
    assert journal.since(0) == list(journal.events)
    assert journal.since(journal.written) == []


def test_the_list_shows_the_most_urgent_first_with_its_value_when_it_came():
    plant = Plant(alarm("low", priority=4), alarm("urgent", priority=1, limit=1240.0))
    plant.see(fm_fdt=1210.0)
    plant.see(fm_fdt=1250.0)
    lines = plant.system.standing()
    assert [(x.alarm.name, x.value, x.since) for x in lines] == [
        ("urgent", 1250.0, 0.5),
        ("low", 1210.0, 0.0),
    ]


def test_more_than_ten_alarms_in_ten_minutes_are_a_flood_until_fewer_than_five_are():
    plant = Plant(*(alarm(f"a{n}", limit=1200.0 + n) for n in range(11)))
    plant.see(fm_fdt=1209.5)
    assert plant.system.kpi().recent == 10
    assert not plant.system.kpi().flood
    assert ("flood began", "") in plant.see(fm_fdt=1250.0)
    assert plant.see(599.0, fm_fdt=1250.0) == []
    assert plant.see(10.0, fm_fdt=1250.0) == [("flood ended", "")]
    assert plant.system.kpi().standing == 11


def test_an_alarm_that_comes_three_times_in_a_minute_chatters_until_a_minute_is_quiet():
    plant = Plant(alarm())
    found = []
    for _ in range(3):
        found += plant.see(10.0, fm_fdt=1250.0) + plant.see(9.5, fm_fdt=1100.0)
    assert found.count(("chattering", "fdt high")) == 1
    assert plant.system.kpi().chattering == ("fdt high",)
    assert plant.system.kpi().top == (("fdt high", 3),)
    assert plant.see(60.0, fm_fdt=1100.0) == [("stopped chattering", "fdt high")]


def test_an_alarm_once_a_minute_does_not_chatter():
    plant = Plant(alarm())
    for _ in range(5):
        plant.see(30.0, fm_fdt=1250.0)
        plant.see(30.0, fm_fdt=1100.0)
    assert plant.system.kpi().chattering == ()


def test_the_plant_clock_never_goes_back():
    plant = Plant(alarm())
    plant.see(5.0, fm_fdt=1100.0)
    with pytest.raises(ConfigError, match="never goes back"):
        plant.system.update({}, 1.0)
    with pytest.raises(ConfigError, match="never goes back"):
        plant.system.update({}, nan)


def test_a_restored_system_goes_on_as_the_saved_one_did():
    mill = cobble()
    mill.see(5.0, **SOUND | {"f5_looper": 1.2})
    kept = mill.system.save()
    later = mill.see(5.0, **SOUND | {"f6_force": 0.0})
    states = mill.system.states()
    again = cobble()
    again.system.restore(kept)
    again.time = mill.time - 5.0
    assert again.see(5.0, **SOUND | {"f6_force": 0.0}) == later
    assert again.system.states() == states
    assert again.system.journal.events == mill.system.journal.events
    with pytest.raises(ConfigError, match="another table"):
        Plant(alarm()).system.restore(kept)


def test_a_saved_state_is_not_touched_by_what_happens_later():
    mill = cobble()
    mill.see(5.0, **SOUND)
    kept = mill.system.save()
    mill.see(5.0, **SOUND | {"f6_force": 0.0})
    mill.system.restore(kept)
    assert set(mill.system.states().values()) == {State.NORMAL}


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: alarm(limit=nan), "must be finite"),
        (lambda: alarm(on_delay=-1.0), "not negative"),
        (lambda: alarm(priority=5), "outside 1..4"),
        (lambda: alarm(window=0.0), "more than 0"),
        (lambda: alarm(kind=Kind.DEVIATION), "second signal"),
        (lambda: alarm(other="fm.fdt_model"), "second signal"),
        (lambda: AlarmSystem([alarm(), alarm()]), "share 1 names"),
        (lambda: check_alarms([alarm(), alarm()], {"fm.fdt"}), "defined 2 times"),
        (lambda: check_alarms([alarm()], {"fm.ftd"}), "signal 'fm.fdt' does not exist"),
        (lambda: check_alarms([alarm(suppressed_in=("x",))], {"fm.fdt"}), "'x' does not exist"),
        (lambda: check_alarms([alarm(blind_in=("x",))], {"fm.fdt"}), "'x' does not exist"),
        (lambda: check_alarms([], set(), [NO_STRIP]), "'coil.phase' does not exist"),
    ],
)
def test_a_wrong_table_is_refused_with_a_remedy(call, text):
    with pytest.raises(ConfigError, match=text):
        call()


class AnyShift(RuleBasedStateMachine):
    """Whatever plant and people do, an alarm only takes a way that the standard draws."""

    names = st.sampled_from(["plain", "latched", "urgent"])

    def __init__(self):
        super().__init__()
        common = {"group": "g", "suppressed_in": ("no strip",)}
        self.system = AlarmSystem(
            [
                alarm("plain", on_delay=1.0, off_delay=1.0, dead_band=2.0, **common),
                alarm("latched", latching=True, limit=1210.0, **common),
                alarm("urgent", priority=1, limit=1220.0, **common),
            ],
            [NO_STRIP],
        )
        self.time = 0.0
        self.before = self.system.states()
        self.value, self.phase = 1100.0, 2.0

    @rule(
        value=st.sampled_from([1100.0, 1199.0, 1205.0, 1215.0, 1250.0, nan]),
        phase=st.sampled_from([0.0, 2.0, 2.0, nan]),
        seconds=st.sampled_from([0.0, 0.5, 1.0, 30.0]),
    )
    def see(self, value, phase, seconds):
        self.time += seconds
        self.value, self.phase = value, phase
        samples = {
            "fm.fdt": Sample(value, Quality.GOOD, self.time, 0.0),
            "coil.phase": Sample(phase, Quality.GOOD, self.time, 0.0),
        }
        self.system.update(samples, self.time)

    @precondition(lambda self: self.time > 0)
    @rule(name=names, deed=st.sampled_from(["acknowledge", "reset", "unshelve", "enable"]))
    def do(self, name, deed):
        try:
            getattr(self.system, deed)(name, "kim")
        except ConfigError:
            assert self.system.states() == self.before

    @precondition(lambda self: self.time > 0)
    @rule(name=names, seconds=st.sampled_from([1.0, 20.0, 3600.0]))
    def shelve(self, name, seconds):
        try:
            self.system.shelve(name, seconds, "kim", "why not")
        except ConfigError:
            assert self.system.states() == self.before

    @precondition(lambda self: self.time > 0)
    @rule(name=names)
    def disable(self, name):
        try:
            self.system.disable(name, "kim", "maintenance")
        except ConfigError:
            assert self.system.states() == self.before

    @rule()
    def begin_again_from_a_copy(self):
        self.system.restore(self.system.save())

    @invariant()
    def every_step_is_legal(self):
        now = self.system.states()
        for name, state in now.items():
            old = self.before[name]
            assert state is old or state in TRANSITIONS[old], f"{name}: {old} -> {state}"
        self.before = now

    @invariant()
    def shelves_end_and_the_list_is_the_states(self):
        shown = {line.alarm.name for line in self.system.standing()}
        aside = {line.alarm.name for line in self.system.aside()}
        normal = {n for n, state in self.system.states().items() if state is State.NORMAL}
        assert shown | aside | normal == set(self.system.alarms)
        assert len(shown) + len(aside) + len(normal) == len(self.system.alarms)
        for line in self.system.aside():
            assert (line.until < inf) == (line.state is State.SHELVED)
            assert line.until > self.time or line.state is not State.SHELVED
        assert self.system.state("urgent") is not State.SHELVED
        active = {State.UNACKNOWLEDGED, State.ACKNOWLEDGED}
        if self.system.first_out("g") is None:
            assert not active & set(self.system.states().values())
        else:
            assert shown


TestAnyShift = AnyShift.TestCase
TestAnyShift.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
