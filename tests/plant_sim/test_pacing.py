"""Pacing keeps furnaces, rougher and finishing mill from waiting for each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passline.plant_sim.control import pacing
from passline.plant_sim.errors import ValidityError
from passline.plant_sim.lines.hot_strip import faults as K  # noqa: N812
from passline.plant_sim.lines.hot_strip import rougher_rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.roughers import Rougher, Slab

pytestmark = pytest.mark.timeout(240)  # whichever test comes first compiles the rougher

FLOW = 0.0215  # m2/s, thickness times speed of a finishing mill
MILL_CLEAR = 12.0  # s before which no head may follow a tail
TRAVEL = 3.5  # s from the first stand to behind the last one


class FinishingMill:
    """A mill that draws bars in at one flow; it is the rougher's customer."""

    def __init__(self, line):
        self.line, self.time = line, 0.0
        self.bar = None  # left m, speed m/s, when it came, believed s
        self.tail = None
        self.gaps: list[float] = []

    @property
    def free(self):
        if self.bar:
            return self.bar[0] / self.bar[1] + TRAVEL
        return max((self.tail or 0.0) - self.time, 0.0)

    def advance(self):
        self.time += 0.5
        if self.bar:
            left, speed, came, believed = self.bar
            left = self.line.draw_in(speed * 0.5)[0]
            self.bar = (left, speed, came, believed)
            if left <= 0.0:
                self.bar, self.tail = None, self.time + TRAVEL
                self.line.finished(believed, self.tail - came)
        elif self.tail is None or self.time >= self.tail + MILL_CLEAR:
            left, _, thick, _ = self.line.draw_in(0.0)
            if left > 0.0:
                believed = self.line.piece(R.FEED)[R.FINISHING]
                self.bar = (left, FLOW / thick, self.time, believed)
                if self.tail is not None:
                    self.gaps.append(self.time - self.tail)


def campaign(coils, trim=0.0, late=(), seed=0):
    draw = np.random.default_rng(seed)

    def slab(number):
        strip = draw.choice([1.0, 1.1, 1.25, 1.4])
        length = draw.uniform(8.2, 9.4)
        # what level 2 believes of the mill is 8 % wrong at first
        finishing = pacing.finishing_seconds(length * 0.22 / 2.6e-3, 8.9)
        mean = 1503.0 + draw.normal(0.0, 6.0)
        return Slab(
            number=float(number), width=strip + 0.03, strip_width=strip, length=length,
            carbon=draw.choice([0.05, 0.08, 0.12]), mean=mean,
            believed=mean + draw.normal(0.0, 5.0), finishing=finishing,
        )  # fmt: skip

    line = Rougher(seed)
    line.rows[R.PACE_TRIM] = trim
    mill, number, furnace, furnaces = FinishingMill(line), 1, 0.0, []
    following = slab(number)
    line.announce(following)
    while len(mill.gaps) < coils:
        assert mill.time < 300.0 * coils
        line.advance()
        mill.advance()
        if line.slab_in(mill.free) <= 0.0:
            furnace = 2.0 if furnace == 1.0 else 1.0
            furnaces.append(furnace)
            line.faults[K.LATE_DISCHARGE] = 120.0 if number in late else 0.0
            line.receive(following)
            number += 1
            following = slab(number)
            line.announce(following)
    return line, mill, furnaces


def test_sixty_coils_follow_each_other_with_ten_to_thirty_seconds_between_them():
    line, mill, furnaces = campaign(60)
    gaps = np.array(mill.gaps[2:])  # the first bars teach the time model
    assert gaps.min() >= 10.0
    assert gaps.max() <= 30.0
    assert furnaces[:4] == [1.0, 2.0, 1.0, 2.0]
    assert line.rows[R.BLOCKED] < 0.05 * mill.time
    assert line.rows[R.REJECTED] == 0.0


def test_a_trim_of_the_pace_is_the_gap_that_comes():
    _, usual, _ = campaign(14)
    line, slow, _ = campaign(14, trim=20.0)
    assert np.mean(slow.gaps[3:]) - np.mean(usual.gaps[3:]) == pytest.approx(20.0, abs=4.0)
    assert line.rows[R.PACE] > 110.0


def test_a_late_slab_opens_one_gap_and_pacing_recovers():
    _, mill, _ = campaign(14, late=(6,))
    gaps = np.array(mill.gaps)
    assert gaps.max() > 90.0
    late = int(gaps.argmax())
    assert (gaps[late + 2 :] < 45.0).all()


@given(st.floats(10.0, 300.0), st.floats(0.5, 2.0))
def test_a_time_model_learns_towards_what_it_sees(believed, wrong):
    correction = 1.0
    for _ in range(40):
        correction = pacing.learn_time(correction, believed * correction, believed * wrong)
    assert correction == pytest.approx(wrong, rel=0.02)
    assert pacing.learn_time(1.3, 0.0, 50.0) == 1.3


@given(st.floats(0.0, 400.0), st.floats(20.0, 90.0), st.floats(50.0, 250.0), st.floats(0.0, 300.0))
def test_a_slab_is_asked_for_later_when_the_mill_is_busy_for_longer(free, gap, lead, stand):
    due = pacing.seconds_to_ask(free, gap, lead, stand, 22.0)
    assert pacing.seconds_to_ask(free + 10.0, gap, lead, stand, 22.0) >= due
    assert pacing.seconds_to_ask(free, gap, lead, stand + 10.0, 22.0) >= due
    assert due >= free + gap - lead


def test_the_gap_keeps_its_limits_and_nonsense_is_refused():
    assert pacing.wished_gap(-100.0) == pacing.LEAST_GAP
    assert pacing.wished_gap(1e3) == pacing.MOST_GAP
    with pytest.raises(ValidityError, match="needs a speed"):
        pacing.finishing_seconds(780.0, 0.0)


def test_nothing_is_asked_for_before_it_is_announced():
    line = Rougher(1)
    line.advance()
    assert line.slab_in(0.0) == pacing.NEVER
    line.announce(Slab())
    line.advance()
    assert line.slab_in(0.0) <= 0.0
    line.receive(Slab())
    assert line.slab_in(0.0) == pacing.NEVER
