"""Friction hill, tension, thick and light passes: the roll bite up to its limits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from passline.plant_sim.errors import ValidityError
from passline.plant_sim.physics import bite_limits, roll_bite

from .schedule_310 import PASSES, roll_pass

# reduction, friction * sqrt(R'/exit), numerical Q; no tension, R'/exit 300
FRICTION_HILL = [
    (0.1, 0.5, 1.0555), (0.1, 1.0, 1.1516), (0.1, 1.5, 1.2556), (0.1, 2.0, 1.3710),
    (0.2, 0.5, 1.0508), (0.2, 1.0, 1.2002), (0.2, 1.5, 1.3655), (0.2, 2.0, 1.5573),
    (0.3, 0.5, 1.0254), (0.3, 1.0, 1.2217), (0.3, 1.5, 1.4423), (0.3, 2.0, 1.7075),
    (0.4, 0.5, 0.9820), (0.4, 1.0, 1.2203), (0.4, 1.5, 1.4919), (0.4, 2.0, 1.8295),
    (0.5, 0.5, 0.9202), (0.5, 1.0, 1.1948), (0.5, 1.5, 1.5119), (0.5, 2.0, 1.9188),
]  # fmt: skip


def bland_ford(entry, exit, flattened, friction, back=0.0, front=0.0):
    """Force factor P/(w k L) by integration; tensions over the plane-strain flow stress."""
    bite = math.sqrt((entry - exit) / flattened)
    angle = np.linspace(0.0, bite, 4001)
    thick = exit + flattened * angle**2
    root = math.sqrt(flattened / exit)
    hill = 2.0 * root * np.arctan(root * angle)
    behind = thick / exit * (1.0 - front) * np.exp(friction * hill)
    before = thick / entry * (1.0 - back) * np.exp(friction * (hill[-1] - hill))
    force = flattened * np.trapezoid(np.minimum(behind, before), angle)
    return force / math.sqrt(flattened * (entry - exit))


@pytest.mark.parametrize(("reduction", "slender", "numerical"), FRICTION_HILL)
def test_hill_agrees_with_the_integral_of_bland_and_ford(reduction, slender, numerical):
    exit, friction = 1e-3, slender / math.sqrt(300.0)
    at = (exit / (1.0 - reduction), exit, 300.0 * exit, friction)
    assert bland_ford(*at) == pytest.approx(numerical, abs=2e-4)
    assert roll_bite.hill_factor(*at) == pytest.approx(numerical, rel=0.05)


@given(st.floats(0.0, 0.25), st.floats(0.0, 0.25))
def test_the_weighted_mean_of_both_tensions_stands_for_the_integral(back, front):
    """In slipping friction the larger weight of back tension follows from the neutral point."""
    at = (3.1e-3, 2.6e-3, 0.448, 0.25)
    relief = roll_bite.tension_relief(back, front)
    exact = bland_ford(*at, back, front) / bland_ford(*at)
    assert 1.0 - relief == pytest.approx(exact, abs=0.06)


@pytest.mark.parametrize("row", PASSES, ids=[f"F{n}" for n in range(1, 8)])
def test_tension_lowers_the_force_by_less_than_a_percent_for_a_megapascal(row):
    free, stress, flat, _ = roll_pass(row)
    at = (row.entry, row.exit, 1.25, flat, stress)
    assert roll_bite.force_under_tension(*at, 0.0, 0.0) == pytest.approx(free, rel=1e-6)
    pulled = roll_bite.force_under_tension(*at, 1e6, 1e6)
    assert 0.3 <= 100.0 * (1.0 - pulled / free) <= 0.7
    assert roll_bite.force_under_tension(*at, 1e9, 1e9) > 0.0


def test_back_tension_brakes_and_front_tension_pulls():
    row = PASSES[5]
    _, stress, flat, _ = roll_pass(row)
    at = (row.entry, row.exit, 1.25, row.radius, flat, stress)
    free = roll_bite.torque(*at)
    pulled = roll_bite.torque_under_tension(*at, 0.0, 10e6)
    assert roll_bite.torque_under_tension(*at, 10e6, 0.0) > free > pulled
    # work over both rolls: tension force times strip travel
    assert free - pulled == pytest.approx(row.radius * 10e6 * row.exit * 1.25, rel=1e-9)


def test_sims_factor_tends_to_pi_over_four_and_the_slip_to_nothing_in_a_light_pass():
    for reduction in (1e-3, 1e-4, 1e-5):
        exit = 0.02 * (1.0 - reduction)
        factor = roll_bite.sims_factor(0.02, exit, 0.4)
        simple = roll_bite.ford_alexander_factor(0.02, exit, 0.4)
        assert factor == pytest.approx(simple, rel=0.01)
        assert roll_bite.forward_slip(0.02, exit, 0.4) < reduction
    assert factor == pytest.approx(math.pi / 4, rel=0.02)


@pytest.mark.parametrize("slip", [0.0, 0.03, 0.1])
def test_mean_slip_is_the_mean_of_two_triangles(slip):
    arc = np.linspace(0.0, 1.0, 100_001)
    backward = 1.0 - (1.0 + slip) * 2.6 / 3.1
    speed = np.abs(slip - (slip + backward) * arc)
    assert roll_bite.mean_slip(3.1, 2.6, slip) == pytest.approx(np.trapezoid(speed, arc), rel=1e-6)


def test_thick_stock_is_indented_before_it_is_rolled():
    thick = (0.220, 0.200, 0.55)
    assert bite_limits.force_factor(*thick) > roll_bite.sims_factor(*thick)
    assert bite_limits.force_factor(*thick) == bite_limits.peening_floor(*thick)
    one = 0.02  # where thickness equals the arc, plane strain needs 1.0
    draft = one * one / 0.55
    at = (one + 0.5 * draft, one - 0.5 * draft, 0.55)
    assert bite_limits.peening_floor(*at) == pytest.approx(1.0, rel=1e-3)
    for row in PASSES:  # the finishing mill never meets the floor
        at = (row.entry, row.exit, row.flattened)
        assert bite_limits.force_factor(*at) == roll_bite.sims_factor(*at)


@given(st.floats(0.3, 0.6), st.floats(1e5, 2e7))
def test_at_no_draft_the_arc_is_the_elastic_contact_of_hertz(radius, load):
    hertz = math.sqrt(4.0 * load * radius * (1 - 0.3**2) / (math.pi * 210e9))
    assert bite_limits.roberts_length(0.0, radius, load) == pytest.approx(2.0 * hertz, rel=1e-9)
    assert bite_limits.roberts_length(1e-3, radius, 0.0) == pytest.approx(math.sqrt(radius * 1e-3))


@settings(max_examples=30)
@given(st.floats(1e-3, 20e-3), st.floats(80e6, 300e6), st.floats(0.0, 60e6))
def test_the_load_of_a_light_pass_rises_from_zero_without_a_jump(entry, stress, tension):
    drafts = np.concatenate([[0.0], np.geomspace(1e-9, 0.1, 60)]) * entry
    loads = [
        bite_limits.light_pass_force(entry, entry - d, 1.25, 0.38, stress, tension) for d in drafts
    ]
    assert loads[0] == 0.0
    assert np.all(np.isfinite(loads))
    assert np.all(np.diff(loads) > 0.0)
    fine = np.linspace(0.0, 4e-3, 100) * entry
    loads = [
        bite_limits.light_pass_force(entry, entry - d, 1.25, 0.38, stress, tension) for d in fine
    ]
    assert max(np.diff(loads)) < 0.1 * max(loads)


@given(
    st.floats(1e-5, 5e-3), st.floats(1e-4, 0.5), st.floats(0.02, 0.5), st.floats(50e6, 900e6),
    st.floats(0.0, 50e6),
)  # fmt: skip
def test_strip_too_thin_to_roll_caps_the_force_and_raises_the_flag(
    entry, reduction, friction, stress, tension
):
    exit = entry * (1.0 - reduction)
    force = bite_limits.stone_force(entry, exit, 1.2, 0.35, friction, stress, tension)
    assert math.isfinite(force)
    assert force > 0.0
    least = bite_limits.stone_minimum(0.7, friction, stress, tension)
    flag = bite_limits.too_thin(exit, 0.7, friction, stress, tension)
    assert flag == (0.0 if exit >= least else 1.0)
    assert bite_limits.too_thin(math.nan, 0.7, friction, stress, tension) == 1.0


def test_stones_hill_and_minimum_thickness():
    # (e^m - 1)/m at m = 1, and the thickness of the written formula
    assert bite_limits.stone_factor(1e-3, 1e-3, 10e-3, 0.1) == pytest.approx(math.e - 1.0)
    assert bite_limits.stone_factor(1e-3, 1e-3, 0.0, 0.1) == pytest.approx(1.0)
    left = 2.0 / math.sqrt(3.0) * 600e6 - 100e6
    assert bite_limits.stone_minimum(0.5, 0.05, 600e6, 100e6) == pytest.approx(
        3.58 * 0.5 * 0.05 * left / 205e9
    )


def test_stones_constant_is_where_his_equation_has_a_single_root():
    """m^2 = A (e^m - 1) without draft, A = friction c_H R k / h: rolled while curves touch."""
    m = brentq(lambda m: 2.0 * (1.0 - math.exp(-m)) - m, 0.5, 3.0)
    steepest = m * m / (math.exp(m) - 1.0)
    found = 8.0 * (1.0 - 0.3**2) / math.pi / steepest
    assert found == pytest.approx(bite_limits.STONE, abs=0.005)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_pass_that_is_none_is_refused_with_its_reason(exit):
    if not 0.0 < exit < 0.01:
        with pytest.raises(ValidityError, match="entry thickness"):
            roll_bite.sims_force(0.01, exit, 1.25, 0.38, 150e6)
    if not 0.0 < exit <= 0.01:
        with pytest.raises(ValidityError, match="cannot thicken"):
            bite_limits.light_pass_force(0.01, exit, 1.25, 0.38, 150e6, 0.0)


@given(
    st.floats(1.5e-3, 60e-3), st.floats(0.01, 0.55), st.floats(0.25, 0.6), st.floats(20e6, 400e6)
)
def test_the_roll_bite_gives_finite_positive_numbers_wherever_it_is_valid(
    entry, reduction, radius, stress
):
    exit = entry * (1.0 - reduction)
    force = roll_bite.sims_force(entry, exit, 1.6, radius, stress)
    flat = roll_bite.flattened_radius(radius, force, 1.6, entry - exit)
    for value in (
        force,
        flat - radius,
        roll_bite.torque(entry, exit, 1.6, radius, flat, stress),
        roll_bite.forward_slip(entry, exit, flat),
        roll_bite.hill_factor(entry, exit, flat, 0.2),
    ):
        assert math.isfinite(value)
        assert value > 0.0
