"""Hot steel behaves like hot steel: force, stretch, temperature and cooling."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from passline.plant_sim.errors import ValidityError
from passline.plant_sim.physics import (
    flow_stress,
    laminar_cooling,
    mill_stretch,
    roll_bite,
    strip_temperature,
)

GRID = Path(__file__).with_name("flow_stress_grid.csv")
# entry mm, exit mm, radius mm, degC, m/s, force MN, power MW: computed seven-stand schedule
SCHEDULE = [
    (35, 19.5, 390, 1000, 1.33, 22.16, 5.47),
    (19.5, 11.6, 390, 975, 2.24, 21.17, 6.23),
    (11.6, 7.4, 385, 955, 3.51, 19.45, 6.53),
    (7.4, 5.2, 380, 938, 5.00, 16.04, 5.52),
    (5.2, 3.9, 350, 923, 6.67, 12.90, 4.68),
    (3.9, 3.1, 350, 910, 8.39, 10.87, 3.81),
    (3.1, 2.6, 345, 900, 10.00, 8.45, 2.77),
]


def pass_force(entry, exit, width, radius, speed, temperature, carbon):
    """Sims with Shida, strain rate at the flattened arc, to convergence."""
    strain = roll_bite.strain(entry, exit)
    flat = radius
    for _ in range(20):
        rate = speed * strain / roll_bite.contact_length(entry - exit, flat)
        stress = flow_stress.shida_mean(strain, rate, temperature, carbon)
        force = roll_bite.force_once(entry, exit, width, flat, stress)
        flat = roll_bite.flattened_radius(radius, force, width, entry - exit)
    return force, stress, flat


@pytest.mark.parametrize(
    "row", list(csv.DictReader(GRID.read_text().splitlines())), ids=lambda r: "-".join(r.values())
)
def test_flow_stress_lies_on_the_grid(row):
    kelvin = float(row["celsius"]) + 273.0
    at = (float(row["strain"]), float(row["rate"]), kelvin, float(row["carbon"]))
    assert flow_stress.shida(*at) / 1e6 == pytest.approx(float(row["shida"]), abs=0.1)
    assert flow_stress.shida_mean(*at) / 1e6 == pytest.approx(float(row["shida_mean"]), abs=0.1)
    assert flow_stress.misaka(*at) / 1e6 == pytest.approx(float(row["misaka"]), abs=0.1)


def test_the_mean_flow_stress_is_the_mean_of_the_instantaneous_one():
    strains = np.linspace(1e-6, 0.5, 20001)
    instant = [flow_stress.shida(s, 10.0, 1273.0, 0.1) for s in strains]
    mean = np.trapezoid(instant, strains) / 0.5
    assert flow_stress.shida_mean(0.5, 10.0, 1273.0, 0.1) == pytest.approx(mean, rel=1e-4)


def test_the_reference_pass_takes_19_66_meganewton():
    force, _, _ = pass_force(0.030, 0.018, 1.25, 0.40, 1.2566, 1273.0, 0.10)
    assert force / 1e6 == pytest.approx(19.66, rel=0.01)
    assert roll_bite.sims_force(0.030, 0.018, 1.25, 0.40, 130.0e6) / 1e6 == pytest.approx(
        19.66, rel=0.01
    )


@pytest.mark.parametrize("row", SCHEDULE, ids=[f"F{n}" for n in range(1, 8)])
def test_the_seven_stand_schedule_is_reproduced(row):
    entry, exit, radius, celsius, speed, meganewton, megawatt = row
    entry, exit, radius = entry / 1e3, exit / 1e3, radius / 1e3
    force, stress, flat = pass_force(entry, exit, 1.25, radius, speed, celsius + 273.0, 0.08)
    torque = roll_bite.torque(entry, exit, 1.25, radius, flat, stress)
    assert force / 1e6 == pytest.approx(meganewton, rel=0.01)
    assert torque * speed / radius / 1e6 == pytest.approx(megawatt, rel=0.015)
    arm = 0.5 * torque / (force * roll_bite.contact_length(entry - exit, flat))
    assert 0.37 < arm < 0.47


def test_sims_agrees_with_ford_and_alexander_on_the_schedule():
    for entry, exit, radius, *_ in SCHEDULE:
        at = (entry / 1e3, exit / 1e3, 1.05 * radius / 1e3)
        simple = roll_bite.ford_alexander_factor(*at)
        assert roll_bite.sims_factor(*at) == pytest.approx(simple, rel=0.022)


@given(
    temperature=st.floats(1190, 1430),
    speed=st.floats(0.5, 12.0),
    reduction=st.floats(0.1, 0.42),
    carbon=st.floats(0.05, 0.2),
)
def test_force_rises_with_speed_reduction_and_width_and_falls_with_temperature(
    temperature, speed, reduction, carbon
):
    def force(t=temperature, v=speed, r=reduction, w=1.25):
        return pass_force(0.020, 0.020 * (1 - r), w, 0.38, v, t, carbon)[0]

    assert force(v=speed * 1.2) > force()
    assert force(r=reduction + 0.02) > force()
    assert force(w=1.30) > force()
    assert force(t=temperature + 10.0) < force()


def test_low_carbon_steel_softens_just_below_its_transition():
    above = flow_stress.shida(0.2, 10.0, 900.0 + 273.0, 0.05)
    below = flow_stress.shida(0.2, 10.0, 850.0 + 273.0, 0.05)
    assert below < 0.9 * above


def test_a_formula_refuses_what_lies_outside_its_range():
    with pytest.raises(ValidityError, match="700 to 1200"):
        flow_stress.shida_mean(0.3, 10.0, 1500.0, 0.1)
    with pytest.raises(ValidityError, match="entry thickness above"):
        roll_bite.sims_force(0.010, 0.012, 1.2, 0.38, 130e6)
    with pytest.raises(ValidityError, match="five contact lengths"):
        roll_bite.sims_force(0.030, 0.018, 0.3, 0.40, 130e6)


def test_a_stiff_gaugemeter_forgets_entry_errors_and_an_open_one_gives_m_over_m_plus_q():
    stiffness, gap, slope = 5e9, 2e-3, 16e9  # N/m, m, N/m of the strip

    def exit_for(entry, gap, compensation):
        def force(exit):
            return 8e6 + slope * ((entry - 3.1e-3) - (exit - 2.6e-3))

        locked = 8e6
        return brentq(
            lambda exit: mill_stretch.exit_error(
                exit, gap, force(exit), locked, compensation, stiffness, stiffness
            ),
            1e-3,
            5e-3,
        )

    gap = mill_stretch.gap_for(2.6e-3, 8e6, stiffness)
    assert exit_for(3.1e-3, gap, 0.0) == pytest.approx(2.6e-3)
    moved = exit_for(3.1e-3, gap + 1e-5, 0.0) - exit_for(3.1e-3, gap, 0.0)
    assert moved / 1e-5 == pytest.approx(stiffness / (stiffness + slope), rel=1e-6)
    assert exit_for(3.2e-3, gap, 1.0) == pytest.approx(2.6e-3, abs=1e-9)
    assert exit_for(3.2e-3, gap, 0.0) > 2.6e-3 + 2e-5


@given(st.floats(1100, 1350), st.floats(2e-3, 40e-3), st.floats(0.1, 20.0))
def test_radiation_equals_the_integrated_law(temperature, thickness, seconds):
    emissivity = 0.82

    def cooling(_t, y):
        flux = 2 * emissivity * 5.670374e-8 * y**4
        return -flux / (strip_temperature.DENSITY * strip_temperature.HEAT * thickness)

    exact = solve_ivp(cooling, (0, seconds), [temperature], rtol=1e-9, atol=1e-6).y[0, -1]
    got = strip_temperature.after_radiation(temperature, thickness, seconds, emissivity)
    assert got == pytest.approx(exact, abs=0.01)


def test_a_bank_cools_more_when_water_is_cold_and_when_film_boiling_breaks():
    flux = laminar_cooling.jet_flux
    assert flux(900.0, 290.0, 0.9) > flux(900.0, 308.0, 0.9) > 0.3e6
    assert flux(680.0, 298.0, 0.9) > 2.0 * flux(950.0, 298.0, 0.9)


def test_transformation_releases_the_heat_it_should():
    grid = np.linspace(700.0, 1200.0, 5001)
    heat = [laminar_cooling.apparent_heat(t) - 650.0 for t in grid]
    assert np.trapezoid(heat, grid) == pytest.approx(82e3, rel=0.01)
