"""Strip loses and gains heat as it should: films, contact, work, friction, and across thickness."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from passline.plant_sim.physics import roll_bite, steel, strip_temperature, through_thickness

from .schedule_310 import PASSES, roll_pass

CAPACITY = strip_temperature.DENSITY * strip_temperature.HEAT
WATER = 300.0  # K


@pytest.mark.parametrize(
    ("thickness", "celsius", "emissivity", "capacity", "rate"),
    [
        (30e-3, 1050, 0.80, 7700 * 650, -1.85),
        (2.5e-3, 880, 0.80, 7750 * 700, -11.8),
        (220e-3, 1230, 0.85, 7650 * 660, -0.44),
    ],
)
def test_radiation_cools_bar_strip_and_slab_at_the_written_rates(
    thickness, celsius, emissivity, capacity, rate
):
    kelvin = celsius + 273.15
    # ours has one capacity and no ambient: scale the first, add the second
    cooled = strip_temperature.after_radiation(kelvin, thickness, 1e-3, emissivity) - kelvin
    got = cooled / 1e-3 * CAPACITY / capacity * (1.0 - (303.15 / kelvin) ** 4)
    assert got == pytest.approx(rate, rel=0.01)


@pytest.mark.parametrize(
    ("stand", "mean", "seconds", "above", "drops"),
    [(0, 24e-3, 54e-3, 850.0, (15, 31, 46)), (6, 2.8e-3, 1.7e-3, 730.0, (3.4, 6.8, 10.0))],
)
def test_rolls_take_the_written_heat_at_20_40_and_60_kilowatt(stand, mean, seconds, above, drops):
    for coefficient, drop in zip((20e3, 40e3, 60e3), drops, strict=True):
        roll = PASSES[stand].kelvin - above
        left = strip_temperature.after_film(PASSES[stand].kelvin, roll, coefficient, mean, seconds)
        assert PASSES[stand].kelvin - left == pytest.approx(drop, rel=0.06)


def test_the_contact_coefficient_lies_in_its_range_along_the_mill_and_rises_with_pressure():
    found = [
        strip_temperature.contact_coefficient(row.force / (1.25 * row.length)) for row in PASSES
    ]
    assert all(20e3 < value < 60e3 for value in found)
    by_pressure = [strip_temperature.contact_coefficient(1e6 * p) for p in range(0, 1000, 50)]
    assert by_pressure[0] >= 0.0
    assert by_pressure == sorted(by_pressure)


@pytest.mark.parametrize(("stand", "rise"), [(0, 14.6), (6, 6.8)])
def test_work_heats_the_strip_as_written(stand, rise):
    row = PASSES[stand]
    stress = 130.0e6 if stand == 0 else 185.9e6
    strain = 0.590 if stand == 0 else row.strain
    capacity = 7700.0 * 650.0 if stand == 0 else 7750.0 * 680.0
    got = strip_temperature.work_rise(stress, strain) * 0.95 / strip_temperature.WORK_HEAT
    assert got * CAPACITY / capacity == pytest.approx(rise, abs=0.06)


def test_friction_on_lubricated_rolls_heats_the_strip_by_one_to_four_kelvin():
    for row in PASSES:
        slip = 0.7 * row.slip  # real mills slip less than sticking friction lets them
        rise = strip_temperature.friction_rise(
            0.08,
            row.force / (1.25 * row.length),
            roll_bite.mean_slip(row.entry, row.exit, slip) * row.speed,
            row.length / row.speed,
            0.5 * (row.entry + row.exit),
        )
        assert 1.0 < rise < 4.0


def test_descaling_and_sprays_take_what_the_trade_knows():
    bar = strip_temperature.after_descaling(1323.0, WATER, 35e-3, 1.0, 2.0)
    assert 15.0 < 1323.0 - bar < 35.0
    assert strip_temperature.after_descaling(1323.0, WATER, 35e-3, 1.0, 1.0) > bar
    for row in PASSES[1:6]:
        strip = strip_temperature.after_spray(row.kelvin, WATER, 1.0, row.exit, row.speed)
        assert 5.0 < row.kelvin - strip < 20.0
    assert strip_temperature.after_spray(1200.0, WATER, 0.0, 3e-3, 8.0) == pytest.approx(1200.0)
    assert 8.0 <= strip_temperature.convection(0.0) <= 15.0
    assert 20.0 <= strip_temperature.convection(10.0) <= 50.0


def plate(nodes, steps, seconds, thickness, coefficient, start=1323.0):
    """Profile (K) of a plate in water at `WATER` after `seconds`."""
    profile, work, one = np.full(nodes, start), np.zeros(nodes), np.ones(1)
    for _ in range(steps):
        through_thickness.conduct(
            profile, work, nodes, 1, thickness * one, coefficient * one, WATER * one, 27.3 * one,
            CAPACITY * one, seconds / steps * one,
        )  # fmt: skip
    return profile


def exact(place, seconds, thickness, coefficient, start=1323.0):
    """The series of the plate; `place` 0 in the centre, 1 at the surface."""
    half = 0.5 * thickness
    biot, fourier = coefficient * half / 27.3, 27.3 * seconds / (CAPACITY * half * half)
    total = 0.0
    for n in range(60):
        zeta = brentq(lambda z: z * math.tan(z) - biot, n * math.pi, (n + 0.5) * math.pi - 1e-9)
        weight = 4.0 * math.sin(zeta) / (2.0 * zeta + math.sin(2.0 * zeta))
        total += weight * math.exp(-zeta * zeta * fourier) * math.cos(zeta * place)
    return WATER + (start - WATER) * total


@pytest.mark.parametrize("coefficient", [200.0, 2000.0])
@pytest.mark.parametrize("seconds", [5.0, 30.0])
def test_conduction_with_fifteen_nodes_follows_the_series_to_half_a_kelvin(coefficient, seconds):
    got = plate(15, 1000, seconds, 35e-3, coefficient)
    assert got[-1] == pytest.approx(exact(0.0, seconds, 35e-3, coefficient), abs=0.5)
    assert got[0] == pytest.approx(exact(1.0, seconds, 35e-3, coefficient), abs=0.5)


@pytest.mark.parametrize(("nodes", "error"), [(5, 3.0), (7, 1.5), (9, 1.0)])
def test_the_few_nodes_of_the_plant_stay_within_a_few_kelvin(nodes, error):
    got = plate(nodes, 100, 10.0, 35e-3, 2000.0)
    assert got[-1] == pytest.approx(exact(0.0, 10.0, 35e-3, 2000.0), abs=error)


def test_the_surface_dips_under_descaling_and_recovers_in_seconds():
    profile = plate(15, 40, 0.045, 35e-3, 20e3)
    dip = 1323.0 - profile[0]
    assert 200.0 < dip < 350.0
    assert profile[-1] > 1322.0
    work, one = np.zeros(15), np.ones(1)
    for _ in range(60):
        through_thickness.conduct(
            profile, work, 15, 1, 35e-3 * one, 0.0 * one, WATER * one, 27.3 * one, CAPACITY * one,
            0.05 * one,
        )  # fmt: skip
    mean = np.zeros(1)
    through_thickness.mean_of(profile, 15, 1, mean)
    assert mean[0] - profile[0] < 0.08 * dip


@given(
    st.lists(st.floats(600.0, 1500.0), min_size=7, max_size=7), st.floats(1.5e-3, 0.25),
    st.floats(1e-4, 500.0),
)  # fmt: skip
def test_an_insulated_profile_keeps_its_heat_and_comes_level(start, thickness, seconds):
    profile, work, one, mean = np.array(start), np.zeros(7), np.ones(1), np.zeros(1)
    through_thickness.mean_of(profile, 7, 1, mean)
    before = float(mean[0])
    through_thickness.conduct(
        profile, work, 7, 1, thickness * one, 0.0 * one, WATER * one, 27.3 * one, CAPACITY * one,
        seconds * one,
    )  # fmt: skip
    through_thickness.mean_of(profile, 7, 1, mean)
    assert mean[0] == pytest.approx(before, abs=1e-6)
    assert profile.max() <= max(start) + 1e-6
    assert profile.min() >= min(start) - 1e-6


@given(st.floats(0.0, 1e5), st.floats(1e-5, 100.0), st.floats(1e-3, 0.25))
def test_a_cooled_profile_stays_between_steel_and_water_whatever_the_step(
    coefficient, seconds, thickness
):
    profile = plate(5, 1, seconds, thickness, coefficient)
    assert np.all(np.diff(profile) >= -1e-9)  # colder towards the surface
    assert profile[0] >= WATER - 1e-6
    assert profile[-1] <= 1323.0 + 1e-6
    # what the film takes leaves the plate
    lost = coefficient * (profile[0] - WATER) * seconds
    mean = np.zeros(1)
    through_thickness.mean_of(profile, 5, 1, mean)
    assert lost == pytest.approx(0.5 * thickness * CAPACITY * (1323.0 - mean[0]), rel=1e-6, abs=1.0)


def test_lanes_side_by_side_do_not_see_each_other():
    rng = np.random.default_rng(3)
    nodes, lanes = 5, 4
    start = rng.uniform(900, 1400, (nodes, lanes))
    at = [rng.uniform(low, high, lanes) for low, high in (
        (2e-3, 40e-3), (0, 2e4), (290, 400), (25, 30), (4.5e6, 5.5e6), (0.01, 2.0))]  # fmt: skip
    together = start.ravel().copy()
    through_thickness.conduct(together, np.zeros(nodes * lanes), nodes, lanes, *at)
    through_thickness.shift_by(together, nodes, lanes, np.arange(4.0))
    for i in range(lanes):
        alone = start[:, i].copy()
        through_thickness.conduct(alone, np.zeros(nodes), nodes, 1, *(a[i : i + 1] for a in at))
        assert together.reshape(nodes, lanes)[:, i] == pytest.approx(alone + i, rel=1e-12)


def test_the_radiative_coefficient_loses_what_radiation_loses():
    film = through_thickness.radiative_coefficient(1300.0, 300.0, 0.8)
    assert film * 1000.0 == pytest.approx(0.8 * 5.670374e-8 * (1300.0**4 - 300.0**4))


def finishing(bar_kelvin, speed, spray=0.5):
    """Delivery temperature (K) of the reference schedule for a bar and a speed behind F7."""
    kelvin = strip_temperature.after_descaling(bar_kelvin, WATER, 35e-3, speed * 2.6 / 35.0, 2.0)
    travel = 8.0 / (speed * 2.6 / 35.0)
    emissivity = strip_temperature.emissivity(kelvin)
    kelvin = strip_temperature.after_radiation(kelvin, 35e-3, travel, emissivity)
    for n, row in enumerate(PASSES):
        at = speed * 2.6e-3 / row.exit
        _, stress, flat, _ = roll_pass(row._replace(speed=at, kelvin=kelvin))
        length = roll_bite.contact_length(row.entry - row.exit, flat)
        pressure, mean = row.force / (1.25 * length), 0.5 * (row.entry + row.exit)
        kelvin = strip_temperature.after_film(
            kelvin, 423.0, strip_temperature.contact_coefficient(pressure), mean, length / at
        )
        kelvin += strip_temperature.work_rise(stress, row.strain)
        slip = roll_bite.mean_slip(row.entry, row.exit, 0.7 * row.slip) * at
        kelvin += strip_temperature.friction_rise(0.08, pressure, slip, length / at, mean)
        travel = (5.5 if n < 6 else 2.0) / at
        emissivity = strip_temperature.emissivity(kelvin)
        kelvin = strip_temperature.after_radiation(kelvin, row.exit, travel, emissivity)
        film = strip_temperature.convection(at)
        kelvin = strip_temperature.after_film(kelvin, WATER, film, row.exit, travel)
        if 0 < n < 6:
            kelvin = strip_temperature.after_spray(kelvin, WATER, spray, row.exit, at)
    return kelvin


def test_faster_strip_and_hotter_bars_are_delivered_hotter_by_what_mills_see():
    base = finishing(1313.0, 10.0)
    assert 850.0 < base - 273.15 < 905.0
    assert 5.0 < finishing(1313.0, 11.0) - base < 20.0
    assert 0.35 < (finishing(1333.0, 10.0) - base) / 20.0 < 0.65


def test_a_bar_that_waits_delivers_a_tail_15_to_30_kelvin_colder():
    """80 s under hoods that let a third of the radiation through."""
    tail = strip_temperature.after_radiation(1313.0, 35e-3, 0.35 * 80.0, 0.83)
    assert 15.0 < finishing(1313.0, 10.0) - finishing(tail, 10.0) < 30.0


def test_the_heat_content_of_steel_agrees_with_the_lumped_strip():
    """Above 900 degC the film formulas use the specific heat of the standard."""
    assert steel.specific_heat(1300.0) == pytest.approx(strip_temperature.HEAT)
    assert steel.density(1273.15) == pytest.approx(strip_temperature.DENSITY, rel=0.01)
