"""The furnaces of a line take coils in turn and give them in the order of the campaign."""

import numpy as np
import pytest

from passline.plant_sim.engine.build import compile_sources
from passline.plant_sim.lines.hot_strip import furnace_line
from passline.plant_sim.lines.hot_strip import furnace_rows as F  # noqa: N812
from passline.plant_sim.lines.hot_strip.config import default_mill
from passline.plant_sim.lines.hot_strip.furnaces import furnace_orders, settled
from passline.plant_sim.physics.slab_conduction import SLABS
from passline.plant_sim.scenarios.plan import draw_plan

pytestmark = pytest.mark.timeout(240)  # the first test compiles the furnace

MILL = default_mill().parameters()
ORDERS = furnace_orders(draw_plan("nominal", 3, 0, 90).orders)
KEY = np.uint64(12345)
PACE = 190.0


@pytest.fixture
def pair():
    furnaces = np.zeros(2 * F.SIZE)
    with np.errstate(over="ignore"):  # hashes run over on purpose
        furnace_line.begin_line(furnaces, settled(MILL), MILL, ORDERS, PACE, KEY, 0)
    return furnaces


def inside(furnaces, which):
    slabs = furnaces[which * F.SIZE + F.SLAB : (which + 1) * F.SIZE].reshape(F.SLAB_ROWS, SLABS)
    here = slabs[F.PRESENT] > 0.5
    return slabs[F.NUMBER][here][np.argsort(-slabs[F.POSITION][here])]


def test_coils_lie_in_the_furnaces_in_turn(pair):
    first, second = inside(pair, 0), inside(pair, 1)
    np.testing.assert_array_equal(first, 1.0 + 2.0 * np.arange(len(first)))
    np.testing.assert_array_equal(second, 2.0 + 2.0 * np.arange(len(second)))
    assert pair[F.OWN_EXCHANGE] != pair[F.SIZE + F.OWN_EXCHANGE]


def test_the_next_coil_is_ready_and_no_other(pair):
    assert furnace_line.slab_ready(pair, MILL, 1.0) == 1.0
    assert furnace_line.slab_ready(pair, MILL, 2.0) == 1.0
    assert furnace_line.slab_ready(pair, MILL, 3.0) == 0.0
    pair[F.NEXT_MODEL] = 1400.0
    assert furnace_line.slab_ready(pair, MILL, 1.0) == 0.0  # too cold to be let go


def test_a_taken_slab_is_described_at_its_furnace_and_a_new_one_is_charged(pair):
    with np.errstate(over="ignore"):
        which = furnace_line.take_slab(pair, MILL, 2.0, KEY, 0)
    assert which == 1
    row = pair[F.SIZE :]
    assert row[F.OUT_NUMBER] == 2.0
    assert row[F.OUT_WIDTH] == pytest.approx(ORDERS[1, 0])
    assert 1440.0 < row[F.OUT_MEAN] < 1540.0
    assert abs(row[F.OUT_SHOWN] - row[F.OUT_SURFACE]) < 40.0
    assert furnace_line.slab_ready(pair, MILL, 4.0) == 0.0  # the beam must walk first


def test_trims_and_faults_reach_the_zones_they_mean(pair):
    furnace_line.set_trims(pair, MILL, 5.0, 10.0, -8.0, 1.06)
    for which in range(2):
        own = pair[which * F.SIZE :]
        np.testing.assert_array_equal(own[F.TRIM : F.TRIM + 5], [0, 5, 10, 10, -8])
        np.testing.assert_array_equal(own[F.TRIM + 5 : F.TRIM + 10], [0, 5, 10, 10, -8])
        assert own[F.RATIO_TRIM] == pytest.approx(-0.04)
    furnace_line.set_faults(pair, MILL, -30.0, 4.0, 0.5, 3.0, 1.0, 0.1)
    assert pair[F.FAULT_THERMOCOUPLE] == -30.0
    assert pair[F.SIZE + F.FAULT_THERMOCOUPLE] == 0.0
    assert pair[F.SIZE + F.FAULT_SKID] == 1.0
    assert pair[F.SIZE + F.FAULT_AIR] == 0.1


@pytest.mark.slow
def test_two_hours_of_a_line_give_every_coil_once_and_hot(pair):
    """Every coil is taken as soon as pace and furnace allow."""
    name = "lines.hot_strip.furnace_line"
    line = compile_sources((name,), apart=True)[name]
    coil, since, means = 1.0, 0.0, []
    for _ in range(720):
        line.step_line(pair, MILL, ORDERS, PACE, KEY, 0, True)
        since += F.STEP
        if since >= PACE and line.slab_ready(pair, MILL, coil) > 0.5:
            which = line.take_slab(pair, MILL, coil, KEY, 0)
            assert pair[which * F.SIZE + F.OUT_NUMBER] == coil
            means.append(pair[which * F.SIZE + F.OUT_MEAN] - pair[which * F.SIZE + F.OUT_AIM])
            coil, since = coil + 1.0, 0.0
    assert len(means) >= 34
    assert abs(np.mean(means)) < 12.0
    assert np.all(np.abs(means) < 40.0)
