"""Between the stands: tension, loopers, gaps and drives behave as hot mills do."""

from math import cos, pi, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from passline.plant_sim.control import gap_control, looper_control, speed_control
from passline.plant_sim.control.level2_model import MODULUS
from passline.plant_sim.lines.hot_strip import bite
from passline.plant_sim.lines.hot_strip import parameters as P  # noqa: N812
from passline.plant_sim.lines.hot_strip.config import default_mill
from passline.plant_sim.physics import hydraulic_gap, interstand, looper, main_drive, roll_bite
from passline.plant_sim.physics.flow_stress import shida_mean
from passline.plant_sim.physics.mill_stretch import KISS_FORCE

MILL = default_mill().parameters()
# entry m, exit m, radius m, K, m/s, power W: the computed seven-stand schedule
SCHEDULE = [
    (35e-3, 19.5e-3, 0.390, 1273.0, 1.33, 5.47e6),
    (19.5e-3, 11.6e-3, 0.390, 1248.0, 2.24, 6.23e6),
    (11.6e-3, 7.4e-3, 0.385, 1228.0, 3.51, 6.53e6),
    (7.4e-3, 5.2e-3, 0.380, 1211.0, 5.00, 5.52e6),
    (5.2e-3, 3.9e-3, 0.350, 1196.0, 6.67, 4.68e6),
    (3.9e-3, 3.1e-3, 0.350, 1183.0, 8.39, 3.81e6),
    (3.1e-3, 2.6e-3, 0.345, 1173.0, 10.00, 2.77e6),
]


def test_a_speed_step_raises_tension_by_e_dv_over_l():
    step = 1e-4
    store = interstand.stored(0.0, 1.00, 1.01, 0.0, 0.0, step)
    slope = interstand.tension(-store, 5.5) / step
    assert slope / 1e6 == pytest.approx(18.2, abs=0.05)


def test_slip_regulates_tension_in_the_time_it_should():
    for speed, seconds in ((1.3, 0.42), (10.0, 0.055)):
        own = interstand.damping(5.5, speed) / interstand.GAUGE_SHARE
        assert 1.0 / own == pytest.approx(seconds, rel=0.02)


@given(st.floats(1e-3, 0.1), st.floats(1.0, 200.0))
def test_a_balance_of_speeds_leaves_the_stored_strip_as_it_is_and_any_step_is_stable(step, rate):
    assert interstand.stored(0.02, 5.0, 5.0, 1e6, rate, step) == 0.02
    length, pull = -1e-3, 1.0
    for _ in range(400):  # slip as the only regulator: tension falls, never below zero
        pull = interstand.tension(-length, 5.5)
        fed = 5.0 + pull * rate * 5.5 / interstand.HOT_MODULUS
        length = interstand.stored(length, fed, 5.0, pull, rate, step)
        assert interstand.tension(-length, 5.5) <= pull
    assert pull >= 0.0


def test_slack_strip_pulls_nothing():
    assert interstand.tension(-0.05, 5.5) == 0.0


@given(st.floats(0.20, 1.3), st.floats(5.0, 6.0))
def test_the_lever_of_a_looper_is_the_slope_of_its_path_and_the_sum_of_sines(angle, distance):
    lever = looper.path(angle, distance)[1]
    ahead, behind = (looper.path(angle + d, distance)[0] for d in (1e-6, -1e-6))
    assert lever == pytest.approx((ahead - behind) / 2e-6, rel=1e-5)
    height = looper.ARM * sin(angle) + looper.ROLL_RADIUS - looper.PIVOT_DEPTH
    before = looper.PIVOT + looper.ARM * cos(angle)
    up, down = np.arctan2(height, before), np.arctan2(height, distance - before)
    assert lever == pytest.approx(looper.ARM * (sin(angle + down) - sin(angle - up)), rel=1e-9)


def test_an_arm_below_the_pass_line_does_not_touch_the_strip():
    excess, lever, _ = looper.path(looper.LOWEST, 5.5)
    assert excess == 0.0
    assert lever == 0.0


def test_the_gap_follows_its_reference_as_the_loop_of_second_order():
    w, z = hydraulic_gap.FREQUENCY, hydraulic_gap.DAMPING
    exact = solve_ivp(
        lambda _t, y: (y[1], -w * w * (y[0] - 1e-5) - 2 * z * w * y[1]),
        (0.0, 0.05), (0.0, 0.0), rtol=1e-10, atol=1e-14,
    ).y[:, -1]  # fmt: skip
    at, rate = 0.0, 0.0
    for _ in range(10):
        at, rate = hydraulic_gap.follow(
            at, rate, 1e-5, hydraulic_gap.SLEW, 0.005, *hydraulic_gap.response(0.005)
        )
    assert at == pytest.approx(exact[0], rel=1e-6)
    assert rate == pytest.approx(exact[1], rel=1e-4)


def test_a_great_move_takes_its_slew():
    at, rate = 0.0, 0.0
    for _ in range(100):
        at, rate = hydraulic_gap.follow(
            at, rate, 0.1, hydraulic_gap.SLEW, 0.005, *hydraulic_gap.response(0.005)
        )
    assert at == pytest.approx(0.5 * hydraulic_gap.SLEW, rel=1e-9)


def test_a_roll_turns_for_hours_without_growing():
    cosine, sine = 1.0, 0.0
    for _ in range(20_000):
        cosine, sine = hydraulic_gap.turned(cosine, sine, 0.067)
    assert cosine * cosine + sine * sine == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("stand", range(7))
def test_the_head_drops_a_drive_by_one_to_three_percent_for_three_to_six_tenths(stand):
    speed, power = SCHEDULE[stand][4], SCHEDULE[stand][5]
    rating, torque = MILL[P.MAX_POWER + stand], MILL[P.MAX_TORQUE + stand]
    radius = MILL[P.RADIUS + stand]
    mass = main_drive.inertia(rating, torque, radius)
    at, integral, path = speed, 0.0, []
    for _ in range(300):
        most = main_drive.most_effort(rating, torque, radius, at)
        at, integral = main_drive.turn(at, integral, speed, power / speed, mass, most, 0.005)
        path.append(1.0 - at / speed)
    drop = max(path)
    assert 0.004 < drop < 0.03
    late = [n for n, off in enumerate(path) if off > 0.1 * drop]
    assert 0.25 < 0.005 * late[-1] < 0.6
    assert abs(path[-1]) < 1e-4


def converged(entry, exit, radius, heat, speed, back=0.0, front=0.0):
    flat = radius
    for _ in range(40):
        force, load, slip, stress = bite.forces(
            entry, exit, flat, heat, speed, 1.25, 0.08, 1.0, back, front
        )
        flat = roll_bite.flattened_radius(radius, force, 1.25, entry - exit)
    return force, load, slip, stress, flat


@pytest.mark.parametrize("row", SCHEDULE, ids=[f"F{n}" for n in range(1, 8)])
@pytest.mark.parametrize(("back", "front"), [(0.0, 0.0), (5e6, 10e6)])
def test_the_joined_bite_gives_the_same_numbers_as_its_formulas(row, back, front):
    entry, exit, radius, heat, speed, _ = row
    force, load, slip, stress, flat = converged(entry, exit, radius, heat, speed, back, front)
    strain = roll_bite.strain(entry, exit)
    rate = speed * strain / roll_bite.contact_length(entry - exit, flat)
    assert stress == pytest.approx(shida_mean(strain, rate, heat, 0.08), rel=1e-10)
    args = (entry, exit, 1.25, flat, stress, back, front)
    assert force == pytest.approx(roll_bite.force_under_tension(*args), rel=1e-10)
    twist = roll_bite.torque_under_tension(entry, exit, 1.25, radius, flat, stress, back, front)
    assert load * radius == pytest.approx(twist, rel=1e-9)
    assert slip == pytest.approx(roll_bite.forward_slip(entry, exit, flat), rel=1e-9)


def test_force_rises_with_roll_speed_and_falls_with_tension():
    at = (30e-3, 18e-3, 0.40, 1273.0)
    slow, fast = (converged(*at, 2 * pi * 0.40 * turns)[0] for turns in (0.5, 10.0))
    assert fast > slow
    pulled = converged(*at, 2 * pi * 0.40 * 0.5, 1e6, 1e6)[0]
    assert 0.003 < 1.0 - pulled / slow < 0.009


def test_one_newton_step_a_step_of_time_reaches_the_equilibrium_of_the_stretch():
    entry, exit, radius, heat, speed, _ = SCHEDULE[6]
    gap = exit - (8.4e6 - KISS_FORCE) / 4.5e9
    flat, at, residual = 1.05 * radius, 1.05 * exit, 1.0
    for _ in range(8):
        force, _, _, _ = bite.forces(entry, at, flat, heat, speed, 1.25, 0.08, 1.0, 0.0, 0.0)
        at, flat, force, residual = bite.settle(entry, at, flat, force, gap, 1.25, radius, 4.5e9)
    assert abs(residual) < 2e-8
    assert at == pytest.approx(gap + (force - KISS_FORCE) / 4.5e9, abs=1e-9)


def held(compensation, entry_error, swing, strip_modulus, steps=400):
    """A linear stand under lock-on control, one sample a step; returns its thickness errors."""
    stretch, path, force, move = MODULUS, [], 0.0, 0.0
    for n in range(steps):
        open_ = move + swing * (1.0 if n > 0 else 0.0)
        # h = S + e + P/M, P = Q (H - h), all deviations from the locked state
        off = (open_ + strip_modulus / stretch * entry_error) / (1.0 + strip_modulus / stretch)
        force = strip_modulus * (entry_error - off)
        move = gap_control.gap_reference(0.0, force, 0.0, compensation, 0.0)
        path.append(off)
    return path


@pytest.mark.parametrize("ratio", [0.32, 1.2, 4.5])
def test_full_compensation_removes_entry_errors_and_amplifies_eccentricity(ratio):
    strip = ratio * MODULUS
    loose = held(0.0, 1e-4, 0.0, strip)[-1]
    assert loose == pytest.approx(1e-4 * ratio / (1.0 + ratio), rel=1e-6)
    assert abs(held(1.0, 1e-4, 0.0, strip)[-1]) < 1e-3 * loose
    still, stiff = held(0.0, 0.0, 1e-5, strip)[-1], held(1.0, 0.0, 1e-5, strip)[-1]
    assert stiff / still == pytest.approx(1.0 + ratio, rel=1e-3)


@pytest.mark.parametrize("ratio", [0.32, 1.2, 4.5])
def test_compensation_beyond_one_plus_m_over_q_runs_away(ratio):
    edge = 1.0 + 1.0 / ratio
    calm = held(0.97 * edge, 1e-7, 0.0, ratio * MODULUS)
    wild = held(1.03 * edge, 1e-7, 0.0, ratio * MODULUS)
    assert abs(calm[-1] - calm[-2]) < abs(calm[1] - calm[0])
    assert abs(wild[-1]) > 100.0 * abs(wild[0])


def test_the_monitor_waits_for_what_it_has_already_done():
    seconds, delay, error, path = 0.025, 80, 1e-4, []
    past = [0.0] * (delay + 1)
    for _ in range(1500):
        seen = error + gap_control.MONITOR_EFFECT * past[0]
        path.append(seen)
        past = [*past[1:], gap_control.monitor_step(past[-1], seen, past[0], seconds)]
    assert abs(path[-1]) < 1e-6
    assert min(path) > -0.05 * error  # no overshoot, though the strip comes two seconds late


def test_speeds_move_against_the_thickness_that_a_gap_has_changed():
    thinner = speed_control.flow_trim(2.6e-3, 2.6e-3, 3.0e-3, 3.1e-3)
    assert thinner == pytest.approx(0.1 / 3.1, rel=1e-9)
    assert speed_control.flow_trim(2.5e-3, 2.6e-3, 3.1e-3, 3.1e-3) < 0.0


def test_a_high_looper_slows_the_stand_before_it():
    trim, integral = looper_control.speed_trim(0.1, 0.0, 5.0, 0.025)
    assert trim < integral < 0.0
    trim, _ = looper_control.speed_trim(9.0, 0.0, 5.0, 0.025)
    assert trim == pytest.approx(-looper_control.MOST_TRIM * 5.0)
