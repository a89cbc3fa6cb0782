"""Water, boiling and transformation on the run-out table, as formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from passline.plant_sim.control import cooling_feedback, cooling_setup
from passline.plant_sim.errors import ValidityError
from passline.plant_sim.lines.hot_strip import runout
from passline.plant_sim.physics import boiling, laminar_cooling, strip_temperature, transformation

DENSITY, SPECIFIC_HEAT = strip_temperature.DENSITY, transformation.SPECIFIC_HEAT


def after(heat, seconds, gauge=2.5e-3, film=0.0, carbon=0.08, steps=64, water=298.0, age=0.0):
    """Cool strip at rest for so long, by the sub-steps of the table."""
    per = 1.0 / (DENSITY * SPECIFIC_HEAT * gauge)
    mn = transformation.manganese(carbon)
    ae, grade = transformation.ae3(carbon, mn), transformation.composition_pace(carbon, mn)
    done, growth = transformation.fraction(age), transformation.pace(heat, ae, grade)
    boil = boiling.boiling_factor(heat, water)
    other = per * runout.dry_flux(heat) - runout.RISE * 2 * age * growth * (1 - done)
    for _ in range(steps):
        heat, age, done, boil, other = runout.cooled(
            heat, age, done, per, film, water, ae, grade, seconds / steps, boil, other
        )
    return heat, age


@pytest.mark.parametrize(("megawatt", "rate"), [(1, 137), (2, 274), (3, 410)])
def test_strip_of_2_5_mm_cools_at_the_rates_that_its_flux_means(megawatt, rate):
    both = 2 * megawatt * 1e6  # both faces wetted
    per = both / (7800.0 * 750.0 * 2.5e-3)
    assert per == pytest.approx(rate, rel=0.003)  # section 4.2
    dry = after(1100.0, 0.01, steps=1)[0]
    wet = after(1100.0, 0.01, film=both, steps=1)[0]
    assert (dry - wet) / 0.01 == pytest.approx(rate, rel=0.02)


@pytest.mark.parametrize("celsius", [700, 750, 800, 850])
def test_strip_of_2_5_mm_cools_by_6_to_12_kelvin_a_second_in_air(celsius):
    heat = celsius + 273.15
    flux = runout.dry_flux(heat)
    assert 6.0 < flux / (DENSITY * SPECIFIC_HEAT * 2.5e-3) < 12.0


def test_laminar_jets_take_about_a_megawatt_from_a_face_and_less_when_the_water_is_warm():
    flux = laminar_cooling.film_flux(298.15, 0.9)
    assert 0.7e6 < flux < 3e6
    by_hand = 1.163 * 9.72e5 * 0.9**0.355
    by_hand *= ((2.5 - 1.15 * np.log10(25.0)) * 0.02 / (0.4 * 0.05)) ** 0.646
    assert flux == pytest.approx(by_hand, rel=1e-12)
    assert 0.8 < laminar_cooling.bank_flux(308.15) / laminar_cooling.bank_flux(298.15) < 0.95
    assert laminar_cooling.less_water(0.7) == pytest.approx(0.7**0.355)


def test_the_boiling_factor_is_one_when_hot_and_three_to_five_near_400_degrees():
    factor = [boiling.boiling_factor(c + 273.15, 298.0) for c in (350, 400, 450)]
    assert all(3.0 < f < 5.0 for f in factor)
    for celsius in (600, 700, 900):
        assert boiling.boiling_factor(celsius + 273.15, 298.0) == pytest.approx(1.0, abs=0.06)
    assert boiling.boiling_factor(298.0, 298.0) == 0.0  # strip as cold as its water
    assert 1.05 < boiling.speed_factor(12.0) / boiling.speed_factor(6.0) < 1.15


def test_water_holds_strip_below_450_degrees_in_an_unstable_way():
    """A strip a little colder leaves the bank much colder: differences grow below 450 degC."""
    film = laminar_cooling.bank_flux(298.15)

    def spread(celsius):
        start = celsius + 273.15
        warm, cold = (after(t, 0.3, 3e-3, film, age=9.0)[0] for t in (start, start - 1.0))
        return warm - cold

    assert spread(650.0) == pytest.approx(1.0, abs=0.1)
    assert spread(500.0) > 1.4


@given(heat=st.floats(700, 1150), carbon=st.floats(0.03, 0.2), film=st.floats(0, 3e6))
def test_strip_follows_the_heat_balance_that_it_is_meant_to_follow(heat, carbon, film):
    mn = transformation.manganese(carbon)
    ae, grade = transformation.ae3(carbon, mn), transformation.composition_pace(carbon, mn)
    gauge, water = 3e-3, 298.0

    def balance(_t, y):
        heat, age = y
        pace = transformation.pace(heat, ae, grade)
        flux = film * boiling.boiling_factor(heat, water) + runout.dry_flux(heat)
        grown = 2 * age * np.exp(-age * age) * pace
        born = transformation.HEAT / SPECIFIC_HEAT * grown
        return [born - flux / (DENSITY * SPECIFIC_HEAT * gauge), pace]

    exact = solve_ivp(balance, (0, 0.5), [heat, 0.0], rtol=1e-9, atol=1e-9).y[:, -1]
    if exact[0] > 400.0:
        temperature, age = after(heat, 0.5, gauge, film, carbon, steps=64)
        assert temperature == pytest.approx(exact[0], abs=0.2)
        assert transformation.fraction(age) == pytest.approx(
            transformation.fraction(exact[1]), abs=2e-3
        )


def test_the_whole_heat_of_transformation_comes_out_and_no_more():
    heat, age = 900.0, 0.0
    per, ae, grade = 0.0, 1100.0, 0.05  # a strip that loses nothing
    done, boil, other = 0.0, 1.0, 0.0
    for _ in range(400):
        heat, age, done, boil, other = runout.cooled(
            heat, age, done, per, 0.0, 298.0, ae, grade, 0.125, boil, other
        )
    assert done == pytest.approx(1.0, abs=1e-9)
    assert heat - 900.0 == pytest.approx(transformation.HEAT / SPECIFIC_HEAT, abs=1e-6)
    assert 100.0 < transformation.HEAT / SPECIFIC_HEAT < 130.0  # section 4.2


def test_transformation_draws_a_c_curve_that_carbon_and_manganese_push_to_longer_times():
    half = {c: transformation.seconds_to(0.5, c + 273.15, 0.08, 0.45) for c in (500, 630, 780)}
    assert half[630] < half[500]
    assert half[630] < half[780]
    start, finish = (transformation.seconds_to(x, 900.0, 0.08, 0.45) for x in (0.01, 0.99))
    assert start < half[630] < finish
    assert 2.0 < finish < 20.0
    assert transformation.seconds_to(0.5, 900.0, 0.14, 0.45) > half[630]
    assert transformation.seconds_to(0.5, 900.0, 0.08, 0.9) > half[630]
    assert transformation.ae3(0.14, 0.6) < transformation.ae3(0.05, 0.3)
    assert transformation.pace(1150.0, 1112.0, 0.05) == 0.0
    with pytest.raises(ValidityError, match="above Ae3"):
        transformation.seconds_to(0.5, 1200.0, 0.08, 0.45)


def test_transforming_strip_holds_its_temperature_near_650_degrees():
    """Recalescence: in air, strip that was cooled fast to 640 degC warms up before it cools on."""
    heat, age, seen = 913.0, 0.25, []
    for _ in range(120):
        heat, age = after(heat, 0.1, 3e-3, age=age, steps=4)
        seen.append(heat)
    assert max(seen) > 913.0 + 20.0
    assert seen[-1] < max(seen)


def test_level_2_forecasts_speed_and_its_model_falls_with_water_and_rises_with_transformation():
    forecast = cooling_setup.forecast_speed
    assert forecast(8.0, 0.02, 0.0, 100.0) == pytest.approx(np.sqrt(64 + 4.0))
    assert forecast(8.0, 0.02, 150.0, 100.0) == 8.0
    dry, _ = cooling_setup.after(1000.0, 0.0, 3e-3, 0.08, 0.5, 0.0)
    wet, _ = cooling_setup.after(1000.0, 0.0, 3e-3, 0.08, 0.5, 1.1e6)
    assert wet < dry < 1000.0
    warm, _ = cooling_setup.after(905.0, 0.3, 3e-3, 0.08, 0.5, 0.0)
    assert warm > 905.0
    assert cooling_setup.drop(700.0, 298.0, 8.0, 3e-3, 5.5) > cooling_setup.drop(
        900.0, 298.0, 8.0, 3e-3, 5.5
    )


def test_a_coil_that_needed_more_banks_than_expected_lowers_the_believed_gain():
    assert cooling_feedback.learned_gain(1.0, 0.5, 8.0) < 1.0
    assert cooling_feedback.learned_gain(1.0, -0.5, 8.0) > 1.0
    assert cooling_feedback.learned_gain(0.5, 2.0, 1.0) >= 0.5


@pytest.mark.parametrize("late", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("gain", [0.7, 1.0, 1.4])
def test_the_smith_predictor_is_stable_when_the_dead_time_is_twice_what_it_believes(late, gain):
    believed, drop, dt = 8, 40.0, 0.5  # intervals, K, s
    true = int(believed * late)
    past, seen = [0.0] * 64, []
    trim = 0.0
    for _ in range(400):
        error = 25.0 - gain * drop * past[true - 1]  # a strip 25 K too hot, and its trim
        predicted = cooling_feedback.predicted_error(error, trim, past[believed - 1], drop)
        trim = cooling_feedback.trimmed(trim, predicted, drop, dt)
        past = [trim, *past[:-1]]
        seen.append(error)
    assert max(abs(e) for e in seen[-100:]) < 1.0
    assert max(abs(e) for e in seen) <= 26.0
