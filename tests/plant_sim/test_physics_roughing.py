"""Thick stock spreads, comes back from the edger, resists like a block and cools from its skin."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.linalg import solve_banded
from scipy.special import erfcx

from passline.plant_sim.errors import ValidityError
from passline.plant_sim.physics import edging, roll_bite, spread, thick_pass, thick_stock
from passline.plant_sim.physics.strip_temperature import DENSITY, HEAT


def test_a_square_bar_spreads_by_half_its_reduction_and_wide_stock_hardly_at_all():
    assert spread.spread_share(1e-6, 0.6, 0.04) == pytest.approx(0.5, rel=1e-4)
    assert spread.spread_share(1.25, 0.6, 0.04) < 0.01
    wider = spread.width_after(1.25, 0.22, 0.18, 0.6) - 1.25
    assert 0.0 < wider < 4e-3


@given(st.floats(0.6, 2.0), st.floats(0.03, 0.25), st.floats(0.02, 0.35))
def test_spread_rises_with_draft_and_falls_with_width(width, entry, reduction):
    exit = entry * (1.0 - reduction)
    share = spread.spread_share(width, 0.6, entry - exit)
    assert 0.0 <= share <= 0.5
    assert spread.spread_share(width * 1.1, 0.6, entry - exit) <= share
    assert spread.spread_share(width, 0.6, 1.1 * (entry - exit)) >= share
    assert spread.width_after(width, entry, exit, 0.6) >= width


def test_spread_and_edging_refuse_what_is_no_pass():
    with pytest.raises(ValidityError, match="exit thickness not above"):
        spread.width_after(1.2, 0.1, 0.12, 0.6)
    with pytest.raises(ValidityError, match="draft of 0 or more"):
        spread.spread_share(1.2, 0.6, -0.01)
    with pytest.raises(ValidityError, match="below the width"):
        edging.edger_force(1.3, 1.2, 0.2, 0.5, 60e6)
    with pytest.raises(ValidityError, match="positive width"):
        edging.recovery_share(0.0, 0.2)


@given(st.floats(0.7, 2.0), st.floats(0.03, 0.25))
def test_between_a_fifth_and_three_fifths_of_the_edging_come_back(width, thickness):
    share = edging.recovery_share(width, thickness)
    assert 0.2 <= share <= 0.6
    assert edging.recovery_share(width, 0.9 * thickness) > share


def test_an_edger_takes_some_meganewton_and_more_for_more_draft():
    light = edging.edger_force(0.02, 1.25, 0.22, 0.5, 55e6)
    heavy = edging.edger_force(0.06, 1.25, 0.22, 0.5, 55e6)
    assert 1e6 < light < heavy < 8e6
    assert heavy / light == pytest.approx(3.0**0.5, rel=0.05)  # an indentation: arc of contact


def test_an_end_is_an_end_for_a_few_decimetres():
    assert edging.end_share(0.0, 1.25) == 1.0
    assert edging.end_share(1.5, 1.25) < 0.02


def test_thick_stock_needs_more_force_than_the_friction_hill_says():
    entry, exit, flat, stress = 0.22, 0.19, 0.61, 60e6
    plain = roll_bite.force_once(entry, exit, 1.25, flat, stress)
    assert thick_pass.thick_force(entry, exit, 1.25, flat, stress) > 1.1 * plain
    thin = (0.045, 0.034, 1.25, flat, stress)
    assert thick_pass.thick_force(*thin) == pytest.approx(roll_bite.force_once(*thin), rel=1e-12)
    arm = thick_pass.thick_torque(entry, exit, 1.25, 0.6, flat, stress) / 2.0
    arm = arm / thick_pass.thick_force(entry, exit, 1.25, flat, stress)
    assert arm / roll_bite.contact_length(entry - exit, flat) == pytest.approx(0.48, abs=0.05)


def test_soaked_steel_gets_softer_without_a_step_at_the_border_of_the_law():
    stress = [thick_pass.soaked_stress(0.2, 3.0, t, 0.1) for t in np.arange(1423.0, 1553.0, 1.0)]
    steps = np.diff(stress) / stress[:-1]
    assert (steps < 0.0).all()
    assert steps.min() > -0.005
    assert thick_pass.soaked_stress(0.2, 3.0, 900.0, 0.1) == thick_pass.soaked_stress(
        0.2, 3.0, 973.0, 0.1
    )


@given(
    st.lists(st.floats(900.0, 1550.0), min_size=5, max_size=5),
    st.floats(0.025, 0.26),
    st.floats(0.0, 30.0),
)
def test_conduction_keeps_the_heat_and_levels_the_layers(layers, thickness, seconds):
    after = thick_stock.relax(*layers, thickness, seconds)
    assert thick_stock.mean_of(*after) == pytest.approx(thick_stock.mean_of(*layers), rel=1e-12)
    assert np.ptp(after) <= np.ptp(layers) + 1e-9
    assert min(layers) - 1e-9 <= min(after)
    assert max(after) <= max(layers) + 1e-9


def test_a_step_at_the_surface_goes_inwards_as_in_a_slab_of_a_thousand_layers():
    thickness, seconds = 0.034, 4.0
    layers = [1150.0, 1300.0, 1400.0, 1400.0, 1400.0]
    edges = np.cumsum((0.0, *thick_stock.LAYERS)) * 0.5 * thickness
    count = 1000
    grid = (np.arange(count) + 0.5) * 0.5 * thickness / count
    fine = np.array(layers)[np.searchsorted(edges[1:-1], grid)]
    width = 0.5 * thickness / count
    for _ in range(40):
        number = thick_stock.DIFFUSIVITY * seconds / 40 / width**2
        matrix = np.zeros((3, count))
        matrix[0, 1:], matrix[2, :-1] = -number, -number
        matrix[1] = 1.0 + 2.0 * number
        matrix[1, 0] = matrix[1, -1] = 1.0 + number
        fine = solve_banded((1, 1), matrix, fine)
    for _ in range(4):
        layers = thick_stock.relax(*layers, thickness, seconds / 4)
    exact = [fine[(grid > low) & (grid < high)].mean() for low, high in itertools.pairwise(edges)]
    assert layers == pytest.approx(exact, abs=8.0)


@given(st.floats(5e3, 40e3), st.floats(0.005, 0.1))
def test_a_short_touch_takes_what_a_half_space_gives(film, seconds):
    depth = film * (thick_stock.DIFFUSIVITY * seconds) ** 0.5 / thick_stock.CONDUCTIVITY_HOT
    share = quad(lambda s: erfcx(depth * s**0.5), 0.0, 1.0)[0]
    exact = film * (1300.0 - 400.0) * seconds * share
    assert thick_stock.taken(1300.0, 400.0, film, seconds) == pytest.approx(exact, rel=0.05)


def test_the_skin_falls_by_what_the_faces_lose():
    fall = thick_stock.skin_fall(1e6, 0.2)
    assert fall * thick_stock.F0 * DENSITY * HEAT * 0.1 == pytest.approx(1e6)
