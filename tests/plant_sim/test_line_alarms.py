"""The alarms of a running line: part of the plant, quiet when it is sound, and on every page."""

import re

import pytest

from passline.plant_sim import make_line
from passline.plant_sim.alarms import State
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS
from passline.plant_sim.lines.hot_strip.lanes import HotStripLanes
from passline.plant_sim.lines.hot_strip.signal_table import SIGNALS
from passline.plant_sim.snapshot import SAMPLE_PERIOD, SnapshotBuilder, StandingAlarm

BANK = re.compile(r"rot\.bank_\d+_wrong")


def told(line):
    """What the journal of a line holds."""
    return [(event.time, event.what, event.alarm) for event in line.alarms.journal.events]


def came(line, pattern):
    """When the alarms of this name came (s)."""
    return [time for time, what, name in told(line) if what == "raised" and pattern.match(name)]


@pytest.fixture(scope="module")
def dead_bank():
    """A line that has rolled for 50 minutes with a cooling bank that gives no water."""
    line = make_line("hot-strip", seed=7, scenario="dead-bank")
    line.advance(3000.0)
    return line


def test_a_dead_bank_is_one_alarm_and_not_one_a_coil(dead_bank):
    begin = dead_bank.truth()["fault.bank_shut.from"]
    assert len(dead_bank.coils) >= begin + 3  # several coils have passed under it
    assert len(came(dead_bank, BANK)) == 1
    (standing,) = (x for x in dead_bank.alarms.standing() if BANK.match(x.alarm.name))
    assert standing.state is State.UNACKNOWLEDGED


def test_the_alarms_do_not_depend_on_how_the_plant_clock_was_moved(dead_bank):
    line = make_line("hot-strip", seed=7, scenario="dead-bank")
    for _ in range(300):
        line.advance(10.0)
        line.read()
    assert told(line) == told(dead_bank)


def test_a_saved_line_takes_its_alarms_with_it(dead_bank):
    kept, before = dead_bank.save(), told(dead_bank)
    dead_bank.advance(600.0)
    after = told(dead_bank)
    for line in (dead_bank, make_line("hot-strip", seed=1)):
        line.restore(kept)
        assert told(line) == before
        line.advance(600.0)
        assert told(line) == after
        assert line.alarms.time == line.time
    dead_bank.restore(kept)


def test_a_state_without_alarms_lets_them_begin_anew():
    lanes = HotStripLanes([3])
    lanes.advance(600)
    line = make_line("hot-strip", seed=3)
    line.advance(3000.0)
    line.restore(lanes.lane(0))
    assert told(line) == []
    line.advance(10.0)
    assert line.alarms.time == line.time == 310.0


def test_whoever_operates_acknowledges_and_shelves_at_the_line(dead_bank):
    kept = dead_bank.save()
    (bank,) = (x.alarm.name for x in dead_bank.alarms.standing() if BANK.match(x.alarm.name))
    dead_bank.alarms.acknowledge(bank, "kim")
    dead_bank.advance(60.0)
    assert dead_bank.alarms.state(bank) is State.ACKNOWLEDGED
    dead_bank.alarms.shelve(bank, 600.0, "kim", "the fitter is on his way")
    dead_bank.advance(599.0)
    assert dead_bank.alarms.state(bank) is State.SHELVED
    dead_bank.advance(2.0)
    assert dead_bank.alarms.state(bank) is State.UNACKNOWLEDGED
    with pytest.raises(ConfigError, match="does not exist"):
        dead_bank.alarms.acknowledge("rot.bank_99_wrong", "kim")
    dead_bank.restore(kept)


@pytest.mark.parametrize("seed", range(4))
def test_a_sound_line_has_at_most_six_alarms_an_hour_and_none_that_stays(seed):
    line = make_line("hot-strip", seed=seed)
    while len(line.coils) < 20:
        line.advance(60.0)
    raised = [event for event in line.alarms.journal.events if event.what == "raised"]
    assert len(raised) <= 6.0 * line.time / 3600.0
    assert {event.priority for event in raised} <= {3, 4}
    assert not line.alarms.kpi().flood
    active = {State.UNACKNOWLEDGED, State.ACKNOWLEDGED}
    stands = [x for x in line.alarms.standing() if x.state in active]
    assert [x.alarm.name for x in stands if line.time - x.since > 3600.0] == []


def test_the_page_tells_the_names_of_what_stands_and_no_text(dead_bank):
    line = make_line("hot-strip", seed=7, scenario="dead-bank")
    builder = SnapshotBuilder(SIGNALS, CONTROLS, line.alarms.at_rest())
    seen = set()
    for _ in range(1500):
        line.advance(SAMPLE_PERIOD)
        page = builder.update(line.read())
        seen |= set(page.alarms)
        assert all(type(alarm) is StandingAlarm for alarm in page.alarms)
    assert {alarm.name for alarm in seen} <= set(line.alarms.alarms)
    (bank,) = {alarm.name for alarm in seen if BANK.match(alarm.name)}
    assert bank in {alarm.name for alarm in page.alarms}
    assert [alarm.priority for alarm in page.alarms] == sorted(a.priority for a in page.alarms)
    active = {State.UNACKNOWLEDGED, State.ACKNOWLEDGED}
    assert {alarm.name for alarm in page.alarms} == {
        name for name, state in line.alarms.states().items() if state in active
    }


def test_a_page_whose_builder_was_given_no_alarms_shows_none(dead_bank):
    assert SnapshotBuilder(SIGNALS, CONTROLS).update(dead_bank.read()).alarms == ()


def test_on_the_page_a_cobble_is_gone_with_its_cause_though_the_plant_waits_for_a_reset():
    line = make_line("hot-strip", seed=0)
    line.advance(200.0)
    system = line.alarms.at_rest()
    builder = SnapshotBuilder(SIGNALS, CONTROLS, system)
    calm = line.read()
    event = calm["line.event"]
    cobble = calm | {"line.event": type(event)(1.0, event.quality, event.time, event.received)}
    assert builder.update(calm, 200.0).alarms == ()
    (alarm,) = builder.update(cobble, 202.0).alarms
    assert alarm == ("line.cobble", 1, True)
    assert builder.update(calm, 204.0).alarms == ()
    assert builder.update(calm, 203.5).alarms == ()  # a clock that is a little late is no error
