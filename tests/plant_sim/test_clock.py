"""Every limit goes by one of two clocks, and by that one alone."""

from math import nan

import pytest

from passline.plant_sim.clock import Limit, Moment, plant, wall
from passline.plant_sim.errors import ConfigError


def test_a_limit_is_judged_by_its_own_clock_alone():
    begin, now = Moment(100.0, 50.0), Moment(160.0, 54.0)
    assert plant(30.0).over(begin, now)
    assert not wall(30.0).over(begin, now)
    assert wall(3.0).over(begin, now)
    assert not plant(60.0).over(begin, now)
    assert (plant(1.0).age(begin, now), wall(1.0).age(begin, now)) == (60.0, 4.0)


def test_a_time_that_is_not_known_is_never_fresh():
    assert plant(1e9).over(Moment(nan, 0.0), Moment(5.0, 0.0))


@pytest.mark.parametrize("seconds", [-1.0, nan])
def test_a_limit_that_is_no_time_is_refused(seconds):
    with pytest.raises(ConfigError, match="not 0 or more"):
        Limit(seconds, "plant")
