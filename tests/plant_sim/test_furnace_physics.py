"""Fuel burns, steel scales and flue gas carries heat as their sources say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passline.plant_sim.control import furnace_control, furnace_level2
from passline.plant_sim.errors import ValidityError
from passline.plant_sim.physics import furnace_heat, scale


def test_one_to_three_per_cent_oxygen_belong_to_the_usual_air_ratios():
    assert 0.008 < furnace_heat.excess_oxygen(1.05) < 0.012
    assert 0.022 < furnace_heat.excess_oxygen(1.15) < 0.030
    assert furnace_heat.excess_oxygen(0.95) == 0.0


def test_missing_air_leaves_carbon_monoxide_and_heat_unreleased():
    flue, lack = 10.0, -0.476  # 5 % of the air for 1 m3/s
    assert furnace_heat.monoxide(lack, flue) == pytest.approx(0.01, abs=0.001)
    assert furnace_heat.unburnt(lack, 36e6) / 36e6 == pytest.approx(0.0655, abs=1e-3)
    assert furnace_heat.unburnt(0.5, 36e6) == 0.0
    assert furnace_heat.oxygen(lack, flue) == 0.0


@given(st.floats(274.0, 1900.0))
def test_the_temperature_of_flue_gas_is_the_inverse_of_its_heat(kelvin):
    heat = furnace_heat.flue_heat(kelvin)
    assert furnace_heat.flue_temperature(heat) == pytest.approx(kelvin, rel=1e-9)
    assert heat > furnace_heat.air_heat(kelvin)


def test_cold_flue_gas_is_not_covered():
    with pytest.raises(ValidityError):
        furnace_heat.flue_temperature(-1.0)


@given(st.floats(300.0, 1600.0), st.floats(300.0, 1600.0), st.floats(0.1, 1.0))
def test_heat_goes_from_hot_to_cold(zone, steel, factor):
    there = furnace_heat.radiant_flux(zone, steel, factor, 15.0)
    assert there * (zone - steel) >= 0.0
    assert there == pytest.approx(-furnace_heat.radiant_flux(steel, zone, factor, 15.0))


def test_air_behind_the_recuperator_reaches_400_to_550_degrees():
    for effectiveness in (0.5, 0.6):
        air = furnace_heat.preheated(298.15, 1200.0, effectiveness) - 273.15
        assert 400.0 < air < 580.0


def test_less_excess_air_saves_a_third_of_the_scaled_steel():
    """Abuluwefa 1992: up to 35 % from 70 to 20 % excess air."""
    thick = [
        np.sqrt(scale.growth(1500.0, furnace_heat.excess_oxygen(ratio)) * 3600.0)
        for ratio in (1.7, 1.2)
    ]
    assert 1.0 - thick[1] / thick[0] == pytest.approx(0.35, abs=0.01)


def test_scale_of_an_hour_at_1200_degrees_is_one_to_two_millimetres():
    hour = np.sqrt(scale.growth(1473.15, 0.02) * 3600.0)
    assert 1e-3 < hour < 2.2e-3
    assert scale.growth(1473.15, 0.0) > 0.0
    assert scale.growth(1273.15, 0.02) < 0.25 * scale.growth(1473.15, 0.02)
    assert scale.iron_lost(1e-3) == pytest.approx(3.96)


@pytest.mark.parametrize(("kelvin", "oxygen"), [(-1.0, 0.02), (1400.0, 0.5), (1400.0, -0.1)])
def test_scale_is_not_offered_outside_its_range(kelvin, oxygen):
    with pytest.raises(ValidityError):
        scale.growth(kelvin, oxygen)


def test_fuel_follows_air_up_and_air_follows_fuel_down():
    up = furnace_control.fuel_and_air(1.0, 0.5, 5.0, 10.0)
    assert up == (0.5, 10.0)  # air first
    down = furnace_control.fuel_and_air(0.2, 0.5, 5.0, 10.0)
    assert down == (0.2, 5.0)  # fuel first


@given(st.floats(-300, 300), st.floats(-1, 2), st.floats(0, 1))
def test_the_temperature_loop_stays_between_turn_down_and_its_rating(error, integral, most):
    share, after = furnace_control.firing(error, integral, most, 5.0)
    assert min(0.03, most) <= share <= most
    assert np.isfinite(after)


def test_a_saturated_loop_does_not_wind_up():
    integral = 0.3
    for _ in range(2000):
        share, integral = furnace_control.firing(200.0, integral, 1.0, 5.0)
    assert share == 1.0
    steps = 0
    while share > 0.5 and steps < 100:
        share, integral = furnace_control.firing(-20.0, integral, 1.0, 5.0)
        steps += 1
    assert steps < 40


def test_set_points_rise_by_three_kelvin_a_minute_at_most():
    assert furnace_control.ramped(1400.0, 1500.0, 60.0) == pytest.approx(1403.0)
    assert furnace_control.ramped(1400.0, 1000.0, 60.0) == pytest.approx(1395.0)
    assert furnace_control.ramped(1573.0, 9999.0, 600.0) == furnace_control.HIGHEST


def test_the_oxygen_loop_moves_air_the_right_way():
    assert furnace_control.oxygen_trim(0.0, 0.02, 0.03, 5.0) < 0.0
    assert furnace_control.oxygen_trim(0.15, 0.21, 0.0, 500.0) == 0.15


def test_a_steadily_heated_slab_of_level_2_has_the_surface_of_a_parabola():
    surface = core = 1200.0
    heat = [furnace_level2.enthalpy(1200.0)] * 2
    for _ in range(400):
        surface, core, *heat = furnace_level2.slab_step(surface, core, *heat, 20e3, 0.22, 5.0)
    mean = furnace_level2.mean_temperature(surface, core)
    assert surface - mean == pytest.approx(20e3 * 0.22 / (6 * 32.0), rel=0.02)
    assert furnace_level2.mean_heat(*heat) - furnace_level2.enthalpy(1200.0) == pytest.approx(
        2 * 20e3 * 2000.0 / (7850 * 0.22)
    )


def test_a_slab_that_lacks_heat_or_time_needs_a_hotter_zone():
    base = furnace_level2.needed(1200.0, 100e3, 0.22, 0.0036, 6.0, 0.6)
    assert furnace_level2.needed(1200.0, 150e3, 0.22, 0.0036, 6.0, 0.6) > base
    assert furnace_level2.needed(1200.0, 100e3, 0.22, 0.0036, 4.0, 0.6) > base
    assert furnace_level2.needed(1200.0, 100e3, 0.22, 0.0020, 6.0, 0.6) < base
    assert furnace_level2.needed(1200.0, -5e3, 0.22, 0.0036, 6.0, 0.6) == pytest.approx(1200.0)
