"""An hour of the line is paid for what it coils: who rolls less, earns less."""

import numpy as np
import pytest

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.economics import MARGIN
from passline.plant_sim.envs.hot_strip_line import MOVED
from passline.plant_sim.envs.options import options_of
from passline.plant_sim.envs.play import Play
from passline.plant_sim.lines.hot_strip import rows as R  # noqa: N812
from passline.plant_sim.rollouts.episodes import task_of
from passline.plant_sim.scenarios.catalogue import SCENARIOS

TASK = task_of("passline/HotStripLine-v0")
HOUR = TASK.horizon
SLOWEST = {"line.pace_trim": 1.0}


def started(lanes, scenario="nominal", seed=3):
    play = Play(TASK, lanes, options_of(TASK, {"scenario": scenario}))
    play.reset([seed] * lanes, np.ones(lanes, bool))
    return play


def held(*trims):
    """Return an action for each lane: the named controls at their trims, the others left alone."""
    actions = np.zeros((len(trims), len(MOVED)), np.float32)
    for lane, trim in enumerate(trims):
        for name, value in trim.items():
            actions[lane, MOVED.index(name)] = value
    return actions


def rolled(play, actions, steps, before=lambda step: None):
    """Play on; returns rewards and production, (steps, lanes) each."""
    rewards, production = [], []
    for step in range(steps):
        before(step)
        reward, terms = play.step(actions)
        rewards.append(reward)
        production.append(terms["production"])
    return np.array(rewards), np.array(production)


def test_who_holds_the_pace_back_earns_less_and_who_stops_earns_least():
    play = started(3)

    def stop(step):
        play.plant.write("line.request", np.array([0.0, 0.0, float(step >= 60)]))

    rewards, _ = rolled(play, held({}, SLOWEST, {}), HOUR, stop)
    as_level_2, slow, stopped = rewards.sum(axis=0)
    assert as_level_2 > slow > stopped
    coils = play.plant.finished_counts()
    assert coils[0] > coils[1] > coils[2]


def test_a_coil_is_paid_as_it_is_coiled_and_scrap_earns_nothing():
    play = started(1)
    _, production = rolled(play, held({}), 60)
    coiled, scrapped = (play.plant.total(row)[0] for row in (R.CT_ROLLED, R.SCRAP))
    assert -production.sum() == pytest.approx(MARGIN * coiled)
    assert scrapped > 0.0
    # a coil takes several steps, and each pays its part of it
    paid = -production[:, 0]
    assert paid.max() < MARGIN * play.plant.finished(0)[0].mass / 4


def test_strip_that_is_rolled_too_thick_is_no_more_steel():
    play = started(2)
    rolled(play, held({}, {"fm.gauge_trim": 1.0}), 45)
    as_ordered, thick = (play.plant.finished(lane)[0] for lane in (0, 1))
    assert thick.gauge_hit < 0.5 < as_ordered.gauge_hit
    assert thick.mass == pytest.approx(as_ordered.mass, rel=2e-3)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_on_every_day_production_is_what_was_coiled_and_an_hour_held_back_earns_less(scenario):
    play = started(2, scenario)
    rewards, production = rolled(play, held({}, SLOWEST), HOUR)
    coiled = play.plant.total(R.CT_ROLLED)
    assert np.all(production <= 0.0)
    np.testing.assert_allclose(-production.sum(axis=0), MARGIN * coiled)
    # all but production is the money of the line itself
    np.testing.assert_allclose(-(rewards + production).sum(axis=0), play.plant.money())
    assert coiled[0] > coiled[1]
    assert rewards[:, 0].sum() > rewards[:, 1].sum()
