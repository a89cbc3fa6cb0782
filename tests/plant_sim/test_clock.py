"""Plant time runs, stands or steps; wall time is another thing; neither ever goes back."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passline.plant_sim.clock import (
    FollowedClock,
    Jump,
    Limit,
    SimulatedClock,
    moment,
    plant,
    wall,
    wall_now,
)
from passline.plant_sim.errors import ConfigError

SPANS = st.floats(0, 1e4)


class Watch:
    """A wall clock that is moved by hand."""

    def __init__(self, at=1000.0):
        self.at = at

    def __call__(self):
        return self.at


def test_a_limit_is_judged_by_its_own_clock_alone():
    begin, now = moment(100.0, 50.0), moment(160.0, 54.0)
    assert plant(30.0).over(begin, now)
    assert not wall(30.0).over(begin, now)
    assert wall(3.0).over(begin, now)
    assert plant(60.0).left(begin, now) == 0.0
    assert not plant(60.0).over(begin, now)
    assert wall(5.0).left(begin, now) == 1.0


def test_a_limit_says_which_clock_it_means():
    assert str(plant(600.0)) == "600 s of plant time"
    assert str(wall(3.0)) == "3 s of wall time"


def test_a_time_that_is_not_known_is_never_fresh():
    assert plant(1e9).over(moment(nan, 0.0), moment(5.0, 0.0))
    assert plant(1e9).left(moment(nan, 0.0), moment(5.0, 0.0)) == 0.0


@pytest.mark.parametrize("seconds", [-1.0, nan])
def test_a_limit_that_is_no_time_is_refused(seconds):
    with pytest.raises(ConfigError, match="not 0 or more"):
        Limit(seconds, "plant")


def test_the_wall_clock_goes_on():
    assert wall_now() <= wall_now()


@pytest.mark.parametrize("speed", [0.5, 1.0, 14.0, 200.0])
def test_plant_time_runs_at_its_multiple_of_wall_time(speed):
    watch = Watch()
    clock = SimulatedClock(speed, start=7.0, source=watch)
    watch.at += 10.0
    assert clock.now() == moment(7.0 + 10.0 * speed, 1010.0)


def test_a_paused_plant_does_not_age_while_the_wall_clock_does():
    watch = Watch()
    clock = SimulatedClock(10.0, source=watch)
    watch.at += 1.0
    clock.pause()
    watch.at += 100.0
    assert clock.now() == moment(10.0, 1101.0)
    assert clock.wait(11.0) == inf
    clock.speed = 2.0
    watch.at += 3.0
    assert clock.now().plant == 16.0


def test_in_lock_step_plant_time_moves_by_steps_alone():
    watch = Watch()
    clock = SimulatedClock(0.0, source=watch)
    for n in range(1, 2001):
        watch.at += 0.37
        assert clock.step(0.5).plant == 0.5 * n
    assert clock.now().wall == watch.at


def test_a_running_clock_is_not_stepped_and_no_step_goes_back():
    clock = SimulatedClock(1.0, source=Watch())
    with pytest.raises(ConfigError, match="pause it"):
        clock.step(0.5)
    clock.pause()
    for step in (-0.5, nan, inf):
        with pytest.raises(ConfigError, match="never goes back"):
            clock.step(step)


@pytest.mark.parametrize("speed", [-1.0, nan, inf])
def test_a_clock_cannot_run_backwards(speed):
    with pytest.raises(ConfigError, match="must be finite and 0 or more"):
        SimulatedClock(speed)
    clock = SimulatedClock(1.0)
    with pytest.raises(ConfigError, match="must be finite and 0 or more"):
        clock.speed = speed
    assert clock.speed == 1.0


def test_a_plant_that_cannot_keep_up_makes_its_clock_wait():
    watch = Watch()
    clock = SimulatedClock(100.0, lead=5.0, source=watch)
    watch.at += 10.0
    assert clock.due(0.0, 0.5) == 10
    assert clock.now().plant == 5.0
    assert clock.due(3.0, 0.5) == 4
    watch.at += 0.01
    assert clock.now().plant == pytest.approx(6.0)
    watch.at += 60.0
    assert clock.now().plant == 8.0


def test_a_plant_makes_just_the_intervals_that_are_due():
    watch, done = Watch(), 0.0
    clock = SimulatedClock(14.0, source=watch)
    for _ in range(500):
        watch.at += 0.013
        done += 0.5 * clock.due(done, 0.5)
        assert 0.0 <= clock.now().plant - done < 0.5
    assert clock.wait(done + 0.5) == pytest.approx((done + 0.5 - clock.now().plant) / 14.0)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("wall"), st.floats(-10, 100)),
            st.tuples(st.just("speed"), st.floats(0, 200)),
            st.tuples(st.just("step"), st.floats(0, 100)),
            st.tuples(st.just("done"), st.floats(-10, 1e4)),
        )
    )
)
def test_neither_clock_ever_goes_back_whatever_is_done_to_it(deeds):
    watch = Watch()
    clock = SimulatedClock(1.0, lead=20.0, source=watch)
    last = clock.now()
    for deed, value in deeds:
        if deed == "wall":
            watch.at += value  # even a broken wall clock that goes back
        elif deed == "speed":
            clock.speed = value
        elif deed == "done":
            clock.done(value)
        else:
            clock.pause()
            clock.step(value)
        now = clock.now()
        assert now.plant >= last.plant
        assert now.wall >= last.wall
        last = now


def test_a_followed_clock_shows_what_the_plant_tells_and_stands_between():
    watch = Watch()
    clock = FollowedClock(source=watch)
    assert clock.tell(500.0) is None
    watch.at += 2.0
    assert clock.now() == moment(500.0, 1002.0)
    assert clock.silent == 2.0
    assert clock.tell(528.0) is None
    assert clock.now().plant == 528.0
    assert clock.silent == 0.0


def test_a_hung_plant_is_silent_although_it_answers():
    watch = Watch()
    clock = FollowedClock(source=watch)
    for _ in range(10):
        assert clock.tell(500.0) is None
        watch.at += 1.0
    assert clock.silent == 10.0


@pytest.mark.parametrize(("told", "jump"), [(100.0, Jump.BACK), (9e5, Jump.AHEAD)])
def test_after_a_jump_plant_time_holds_until_somebody_accepts_it(told, jump):
    watch = Watch()
    clock = FollowedClock(source=watch)
    clock.tell(500.0)
    watch.at += 1.0
    assert clock.tell(told) is jump
    assert clock.now().plant == 500.0
    watch.at += 1.0
    assert clock.tell(505.0) is jump
    clock.accept(told)
    assert clock.tell(told) is None
    watch.at += 1.0
    assert clock.tell(told + 14.0) is None
    assert clock.now().plant == 514.0


def test_a_telling_that_is_a_little_late_is_no_jump():
    clock = FollowedClock(source=Watch())
    clock.tell(500.0)
    assert clock.tell(499.5) is None
    assert clock.tell(nan) is None
    assert clock.now().plant == 500.0
    with pytest.raises(ConfigError, match="cannot be accepted"):
        clock.accept(nan)


@given(st.lists(st.tuples(SPANS, st.floats(allow_nan=True))))
def test_a_followed_clock_never_goes_back_whatever_is_told(tellings):
    watch = Watch()
    clock = FollowedClock(source=watch)
    last = clock.now().plant
    first = True
    for passed, told in tellings:
        watch.at += passed
        clock.tell(told)
        now = clock.now().plant
        assert first or now >= last
        first, last = first and now == 0.0, now
