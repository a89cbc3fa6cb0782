"""Rolls grow warm and wear; strip crown is printed, inherited and shows as flatness."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import jn_zeros

from passline.plant_sim.physics import crown_flatness, roll_thermal, roll_wear, strip_temperature

from .schedule_310 import PASSES

COIL = 20e3 / (7700.0 * 1.25 * 2.6e-3)  # m of finished strip in a coil of 20 t


@pytest.mark.parametrize("row", PASSES, ids=[f"F{n}" for n in range(1, 8)])
def test_a_thermal_crown_of_100_to_250_micrometres_builds_up_in_20_to_40_minutes(row):
    stand = PASSES.index(row)
    assert 20 * 60 < roll_thermal.time_constant(row.radius) < 40 * 60
    coefficient = strip_temperature.contact_coefficient(row.force / (1.25 * row.length))
    heat = roll_thermal.contact_heat(coefficient, row.kelvin, row.length)
    balance = roll_thermal.balance_rise(heat, roll_thermal.COOLING[stand], row.radius)
    rise = 0.0
    for _ in range(60):  # two hours of coils: 80 s with strip, 25 s without
        rise = roll_thermal.next_rise(rise, balance, 1.0, row.radius, 80.0)
        rise = roll_thermal.next_rise(rise, balance, 0.0, row.radius, 25.0)
    assert 100e-6 < roll_thermal.thermal_crown(rise, row.radius) < 250e-6
    assert rise < 65.0  # water of 20 degC leaves the core inside 85 degC


def test_the_roll_follows_its_balance_exactly_whatever_the_step():
    assert pytest.approx(jn_zeros(0, 1)[0] ** 2, rel=1e-4) == roll_thermal.SLOWEST_MODE
    tau = roll_thermal.time_constant(0.39)
    one = roll_thermal.next_rise(0.0, 50.0, 1.0, 0.39, tau)
    assert one == pytest.approx(50.0 * (1.0 - math.exp(-1.0)))
    many = 0.0
    for _ in range(100):
        many = roll_thermal.next_rise(many, 50.0, 1.0, 0.39, tau / 100.0)
    assert many == pytest.approx(one)
    # without strip it cools with a time constant of one to two hours
    idle = roll_thermal.next_rise(50.0, 50.0, 0.0, 0.39, 3600.0)
    assert math.exp(-1.0) < idle / 50.0 < math.exp(-0.5)


@pytest.mark.parametrize("row", PASSES[4:], ids=["F5", "F6", "F7"])
def test_a_coil_wears_one_to_four_micrometres_off_the_late_stands(row):
    rolled = COIL * 2.6e-3 / row.exit
    worn = roll_wear.wear(row.force / 1.25, row.length, rolled, row.radius, 1.0)
    assert 1e-6 < worn < 4e-6
    fast_steel = roll_wear.wear(row.force / 1.25, row.length, rolled, row.radius, 0.4)
    assert fast_steel == pytest.approx(0.4 * worn)
    assert roll_wear.wear(row.force / 1.25, row.length, 2 * rolled, row.radius, 1.0) == 2 * worn


@given(st.floats(5e6, 30e6), st.floats(0.0, 1.2e6), st.floats(-4e-4, 4e-4), st.floats(0.8, 1.6))
def test_force_adds_crown_and_bending_and_roll_crown_take_it_off(force, bending, roll, width):
    crown = crown_flatness.mechanical_crown(force, bending, roll, width)
    assert crown_flatness.mechanical_crown(force + 1e6, bending, roll, width) > crown
    assert crown_flatness.mechanical_crown(force, bending + 1e5, roll, width) < crown
    assert crown_flatness.mechanical_crown(force, bending, roll + 1e-5, width) < crown


def test_the_coefficients_are_those_of_the_trade_at_1250_millimetres():
    at = (16e6, 0.6e6, 1e-4, 1.25)
    crown = crown_flatness.mechanical_crown(*at)
    more = crown_flatness.mechanical_crown(17e6, *at[1:])
    assert 6e-6 <= more - crown <= 14e-6  # a meganewton
    less = crown_flatness.mechanical_crown(16e6, 1.6e6, *at[2:])
    assert 40e-6 <= crown - less <= 90e-6  # a meganewton of bending
    assert crown_flatness.width_factor(1.25) == 1.0


@given(st.floats(-0.15, 0.15))
def test_a_shifted_pair_of_third_order_rolls_has_a_crown_linear_in_the_shift(shift):
    a1, a3, x = 1e-3, -0.4, np.linspace(-0.6, 0.6, 11)

    def roll(x):
        return a1 * (x - shift) + a3 * (x - shift) ** 3

    # the lower roll is the upper one turned by half a turn in the plane of the strip
    gap = roll(x) - (-(a1 * (-x - shift) + a3 * (-x - shift) ** 3))
    second = np.polyfit(x, gap, 2)[0]
    assert second == pytest.approx(2 * -3.0 * a3 * shift, abs=1e-9)
    assert crown_flatness.shifted_crown(shift) == pytest.approx(0.5e-3 * shift / 0.15, abs=1e-12)
    assert crown_flatness.shifted_crown(0.2) == pytest.approx(0.5e-3)


def test_strip_of_constant_crown_ratio_stays_flat():
    assert crown_flatness.edge_strain(60e-6, 3e-3, 40e-6, 2e-3, 0.9) == pytest.approx(0.0)
    # heredity: a gap that agrees with the strip keeps the ratio, full heredity always does
    assert crown_flatness.exit_crown(40e-6, 60e-6, 3e-3, 2e-3, 0.5) == pytest.approx(40e-6)
    assert crown_flatness.exit_crown(500e-6, 60e-6, 3e-3, 2e-3, 1.0) == pytest.approx(40e-6)
    assert crown_flatness.exit_crown(70e-6, 60e-6, 3e-3, 2e-3, 0.0) == pytest.approx(70e-6)


@given(st.floats(1.2e-3, 20e-3), st.floats(0.8, 1.6), st.floats(-0.05, 0.05))
def test_a_rising_crown_ratio_waves_the_edges_and_a_falling_one_buckles_the_centre(
    thickness, width, change
):
    scale = (thickness / width) ** 1.86
    assert crown_flatness.buckling_scale(thickness, width) == pytest.approx(scale)
    edge = crown_flatness.edge_wave(change, thickness, width)
    centre = crown_flatness.centre_buckle(change, thickness, width)
    # in the terms of Shohet and Townsend: the ratio before less the one behind
    delta = -change
    assert edge == (1.0 if delta < -80.0 * scale else 0.0)
    assert centre == (1.0 if delta > 40.0 * scale else 0.0)
    strain = crown_flatness.edge_strain(0.0, 2 * thickness, change * thickness, thickness, 0.9)
    assert strain == pytest.approx(0.9 * change, abs=1e-12)
    if edge:
        assert strain > 0.0
    if centre:
        assert strain < 0.0


def test_thin_strip_buckles_in_the_centre_from_some_forty_i_units():
    """2.6 mm by 1250 mm: the dead band is about -40 to +80 I of crown-ratio change."""
    scale = crown_flatness.buckling_scale(2.6e-3, 1.25)
    assert 40.0 * scale / crown_flatness.I_UNIT == pytest.approx(41.0, abs=1.0)
    assert crown_flatness.centre_buckle(-39e-5, 2.6e-3, 1.25) == 0.0
    assert crown_flatness.centre_buckle(-43e-5, 2.6e-3, 1.25) == 1.0
    assert crown_flatness.edge_wave(43e-5, 2.6e-3, 1.25) == 0.0
    assert crown_flatness.edge_wave(85e-5, 2.6e-3, 1.25) == 1.0
