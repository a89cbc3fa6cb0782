"""A stand gives way, its bearings float, and gap control answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passline.plant_sim.errors import ValidityError
from passline.plant_sim.physics import mill_stretch, tension_creep

M, Q7, Q1 = 5e9, 22.6e9, 1.6e9  # N/m: stand, strip at F7 and at F1 of the reference schedule


def settle(compensation, disturb, slope=Q7, believed=M, rounds=400, step=0.2):
    """Lock-on control stepped in time against a linear strip; returns the exit change (m).

    `disturb` is a change of the entry force (N) or an eccentricity (m), by its key.
    """
    moved = exit = 0.0
    for _ in range(rounds):
        # strip and stand in balance for the gap of this moment
        load = disturb.get("force", 0.0)
        gap = moved + disturb.get("eccentricity", 0.0)
        exit = (gap + load / M) / (1.0 + slope / M)
        force = load - slope * exit
        moved += step * (-compensation * force / believed - moved)
    return exit


def test_full_compensation_removes_an_entry_error_and_leaves_eccentricity_in_full():
    load, swing = 0.5e6, 20e-6
    assert settle(0.0, {"force": load}) == pytest.approx(load / (M + Q7))
    assert settle(1.0, {"force": load}, rounds=4000) == pytest.approx(0.0, abs=1e-9)
    free = settle(0.0, {"eccentricity": swing})
    stiff = settle(1.0, {"eccentricity": swing}, rounds=4000)
    assert free == pytest.approx(swing * M / (M + Q7))
    assert stiff / free == pytest.approx(1.0 + Q7 / M, rel=1e-6)
    assert mill_stretch.eccentricity_gain(Q7, 1.0, M, M) == pytest.approx(1.0)
    assert mill_stretch.eccentricity_gain(Q7, 0.0, M, M) == pytest.approx(M / (M + Q7))


@given(st.floats(0.0, 1.0), st.floats(3.5e9, 6.5e9), st.sampled_from([Q1, Q7]))
def test_the_gains_are_those_of_the_loop(compensation, believed, slope):
    if compensation * M / believed > 0.9 * (1.0 + M / slope):
        return
    loop = settle(compensation, {"eccentricity": 1e-5}, slope, believed, rounds=3000)
    gain = mill_stretch.eccentricity_gain(slope, compensation, M, believed)
    assert loop == pytest.approx(1e-5 * gain, rel=1e-3)
    loop = settle(compensation, {"force": 1e6}, slope, believed, rounds=3000)
    # an entry change of one millimetre that adds a meganewton
    gain = mill_stretch.entry_gain(1e9, slope, compensation, M, believed)
    assert loop == pytest.approx(1e-3 * gain, rel=1e-3, abs=1e-12)


@pytest.mark.parametrize(("slope", "limit"), [(1.6e9, 4.1), (22.6e9, 1.22), (40e9, 1.125)])
def test_lock_on_runs_away_above_one_plus_m_over_q(slope, limit):
    found = mill_stretch.stability_limit(slope, M)
    assert found == pytest.approx(limit, abs=0.03)
    calm = [abs(settle(0.98 * found, {"force": 1e5}, slope, rounds=n)) for n in (2000, 8000)]
    wild = [abs(settle(1.02 * found, {"force": 1e5}, slope, rounds=n)) for n in (2000, 8000)]
    assert calm[1] == pytest.approx(calm[0], rel=0.5)
    assert wild[1] > 100.0 * wild[0]


def test_the_gauge_holds_every_part_with_its_sign():
    at = (2e-3, 9e6, M)
    plain = mill_stretch.gauge(*at, 0.0, 0.0, 0.0, 0.0)
    assert mill_stretch.gap_for(plain, 9e6, M) == pytest.approx(2e-3)
    assert mill_stretch.gauge(*at, 1e-4, 0.0, 0.0, 0.0) == pytest.approx(plain - 1e-4)  # oil film
    assert mill_stretch.gauge(*at, 0.0, 1e-4, 0.0, 0.0) == pytest.approx(plain - 1e-4)  # warm rolls
    assert mill_stretch.gauge(*at, 0.0, 0.0, 1e-4, 0.0) == pytest.approx(plain + 1e-4)  # wear
    assert mill_stretch.gauge(*at, 0.0, 0.0, 0.0, 1e-4) == pytest.approx(plain + 1e-4)  # run-out
    assert mill_stretch.modulus_at(M, 2.05, 1.25) == mill_stretch.modulus(1.25) < M


@given(st.floats(0.1, 20.0), st.floats(2e6, 40e6))
def test_the_oil_film_thickens_with_speed_and_thins_under_load(speed, force):
    film = mill_stretch.oil_film(speed, force)
    assert 0.0 < film < mill_stretch.OIL_FILM
    assert mill_stretch.oil_film(speed * 1.1, force) > film
    assert mill_stretch.oil_film(speed, force * 1.1) < film
    assert mill_stretch.oil_film(0.0, force) == 0.0


def test_strip_necks_a_few_millimetres_on_its_way_through_the_mill():
    width = 1.25
    for speed, tension, stress in (
        (1.33, 4e6, 80e6), (2.24, 5e6, 90e6), (3.51, 6e6, 100e6), (5.0, 8e6, 110e6),
        (6.67, 10e6, 120e6), (8.39, 12e6, 130e6),
    ):  # fmt: skip
        width = tension_creep.necked_width(width, tension, stress, 5.5 / speed)
    assert 1e-3 < 1.25 - width < 6e-3


@given(st.floats(-20e6, 60e6), st.floats(60e6, 200e6), st.floats(0.0, 10.0))
def test_necking_grows_with_tension_and_never_widens(tension, stress, seconds):
    width = tension_creep.necked_width(1.25, tension, stress, seconds)
    assert 0.0 < width <= 1.25
    assert tension_creep.necked_width(1.25, tension + 5e6, stress, seconds) <= width
    with pytest.raises(ValidityError, match="flow stress"):
        tension_creep.necked_width(1.25, tension, 0.0, seconds)
