"""Reference pass, reference schedule and flow-stress laws lie on the written numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passline.plant_sim.errors import ValidityError
from passline.plant_sim.physics import flow_stress, roll_bite, softening

from .schedule_310 import PASSES, roll, roll_pass

STANDS = [f"F{n}" for n in range(1, 8)]
# roll speed m/s, mean flow stress MPa, force MN, torque of one roll kNm
REFERENCE = [
    (1.257, flow_stress.shida_mean, 130.0, 19.66, 636),
    (1.257, flow_stress.misaka, 134.2, 20.31, 657),
    (2.513, flow_stress.shida_mean, 140.8, 21.34, 690),
    (2.513, flow_stress.misaka, 146.8, 22.27, 719),
    (25.13, flow_stress.shida_mean, 190.3, 29.07, 934),
    (25.13, flow_stress.misaka, 197.9, 30.28, 972),
]


@pytest.mark.parametrize("row", REFERENCE, ids=lambda r: f"{r[1].__name__}-{r[0]}")
def test_the_reference_pass_at_three_speeds(row):
    speed, law, stress, force, torque = row
    got, sigma, flat, _ = roll(0.030, 0.018, 1.25, 0.40, speed, 1273.0, 0.10, law)
    assert sigma / 1e6 == pytest.approx(stress, rel=2e-3)
    assert got / 1e6 == pytest.approx(force, abs=0.2)
    both = roll_bite.torque(0.030, 0.018, 1.25, 0.40, flat, sigma)
    assert both / 2e3 == pytest.approx(torque, rel=0.01)


@pytest.mark.parametrize("row", PASSES, ids=STANDS)
def test_a_stand_of_the_schedule_is_reproduced_to_one_percent(row):
    force, stress, flat, rate = roll_pass(row)
    torque = roll_bite.torque(row.entry, row.exit, 1.25, row.radius, flat, stress)
    length = roll_bite.contact_length(row.entry - row.exit, flat)
    assert roll_bite.strain(row.entry, row.exit) == pytest.approx(row.strain, rel=0.01)
    assert rate == pytest.approx(row.rate, rel=0.01)
    assert stress == pytest.approx(row.stress, rel=0.01)
    assert roll_bite.sims_factor(row.entry, row.exit, flat) == pytest.approx(row.factor, rel=0.01)
    assert force == pytest.approx(row.force, rel=0.01)
    assert length == pytest.approx(row.length, rel=0.01)
    assert flat == pytest.approx(row.flattened, rel=0.01)
    assert roll_bite.forward_slip(row.entry, row.exit, flat) == pytest.approx(row.slip, abs=1e-3)
    assert torque == pytest.approx(row.torque, rel=0.01)
    assert torque * row.speed / row.radius == pytest.approx(row.power, rel=0.01)
    force, stress, _, _ = roll_pass(row, flow_stress.misaka)
    assert stress == pytest.approx(row.misaka_stress, rel=0.01)
    assert force == pytest.approx(row.misaka_force, rel=0.01)


def test_the_schedule_takes_35_megawatt_and_its_lever_arm_shortens_from_stand_to_stand():
    total, arms = 0.0, []
    for row in PASSES:
        force, stress, flat, _ = roll_pass(row)
        torque = roll_bite.torque(row.entry, row.exit, 1.25, row.radius, flat, stress)
        total += torque * row.speed / row.radius
        arms.append(0.5 * torque / (force * roll_bite.contact_length(row.entry - row.exit, flat)))
    assert total / 1e6 == pytest.approx(35.0, abs=0.1)
    assert arms[0] == pytest.approx(0.46, abs=0.005)
    assert arms[-1] == pytest.approx(0.38, abs=0.005)
    assert arms == sorted(arms, reverse=True)


@pytest.mark.parametrize(
    ("law", "low", "high"), [(flow_stress.shida_mean, 3.1, 3.4), (flow_stress.misaka, 2.0, 2.1)]
)
def test_force_falls_by_a_few_percent_for_ten_kelvin(law, low, high):
    """Of the reference pass, mean between 950 and 1000 degC."""
    cold, *_ = roll(0.030, 0.018, 1.25, 0.40, 1.257, 1223.0, 0.10, law)
    hot, *_ = roll(0.030, 0.018, 1.25, 0.40, 1.257, 1273.0, 0.10, law)
    assert low <= 100 * (1 - (hot / cold) ** 0.2) <= high


@given(
    st.floats(1176, 1460), st.floats(0.05, 0.25), st.floats(0.1, 0.6), st.floats(10.0, 100.0),
    st.floats(0.3, 0.4),
)  # fmt: skip
def test_force_rises_with_carbon_in_austenite(kelvin, carbon, strain, rate, more):
    # below its transition a softer steel may be the harder one: compare above both
    austenite = 950.0 * (carbon + 0.41) / (carbon + 0.32)
    kelvin = max(kelvin, austenite + 1.0)
    less = flow_stress.shida_mean(strain, rate, kelvin, carbon)
    assert flow_stress.shida_mean(strain, rate, kelvin, carbon + 0.1 * more) > less


@pytest.mark.parametrize("carbon", [0.05, 0.1, 0.2, 0.4])
def test_the_rate_exponent_in_austenite_and_the_kink_at_the_transition(carbon):
    border = 950.0 * (carbon + 0.41) / (carbon + 0.32)
    for celsius in range(900, 1201, 50):
        kelvin = celsius + 273.0
        if kelvin >= border:
            quick = flow_stress.shida(0.3, 40.0, kelvin, carbon)
            m = math.log(quick / flow_stress.shida(0.3, 20.0, kelvin, carbon)) / math.log(2.0)
            assert 0.100 <= m <= 0.155

    def slope(at):
        return flow_stress.shida(0.3, 10.0, at + 1.0, carbon) - flow_stress.shida(
            0.3, 10.0, at, carbon
        )

    assert slope(border + 0.5) < 0.0
    if carbon <= 0.2:  # steels of more carbon flatten, those of less soften below it
        assert slope(border - 30.0) > 0.0
    assert slope(border - 1.6) > slope(border + 0.5) + 0.2e6


def test_spittel_gives_a_third_opinion_and_alloys_harden():
    at = (0.5, 10.0, 1273.15)
    assert flow_stress.spittel_c20(*at) / 1e6 == pytest.approx(134.8, abs=0.1)
    # instantaneous Shida of the same steel agrees within a sixth
    assert flow_stress.spittel_c20(*at) == pytest.approx(flow_stress.shida(*at, 0.2), rel=0.17)
    assert flow_stress.alloy_misaka(0.47, 0.0, 0.0, 0.0) == pytest.approx(1.0, abs=0.01)
    assert flow_stress.alloy_misaka(1.5, 0.05, 0.2, 0.5) > 1.2
    assert flow_stress.alloy_minami(1.0, 0.04, 0.02) == pytest.approx(1.0098, abs=1e-4)
    assert flow_stress.dynamically_softened(180e6, 120e6, 0.0) == 180e6
    assert flow_stress.dynamically_softened(180e6, 120e6, 1.0) == pytest.approx(136.8e6)
    with pytest.raises(ValidityError, match="Spittel"):
        flow_stress.spittel_c20(0.0, 10.0, 1273.0)


def test_recrystallisation_takes_the_published_times():
    at = (0.3, 100e-6, 1273.15)
    assert softening.static_half_time(*at) == pytest.approx(1.28, abs=0.01)
    assert softening.sellars_half_time(*at) == pytest.approx(0.63, abs=0.01)
    assert softening.recrystallised_grain(*at) == pytest.approx(56e-6, abs=0.5e-6)
    assert softening.softened_share(1.28, 1.28) == pytest.approx(0.5, abs=1e-3)
    z = softening.zener_hollomon(50.0, 1273.15)
    by_hand = 1.1 * z**-0.8 * math.exp(230e3 / (8.314 * 1273.15))
    assert softening.metadynamic_half_time(50.0, 1273.15) == pytest.approx(by_hand)


@given(st.floats(0.05, 1.0), st.floats(10e-6, 300e-6), st.floats(1100, 1400))
def test_steel_softens_sooner_when_hot_fine_and_strained(strain, grain, kelvin):
    time = softening.static_half_time(strain, grain, kelvin)
    assert softening.static_half_time(strain * 1.1, grain, kelvin) < time
    assert softening.static_half_time(strain, grain * 1.1, kelvin) > time
    assert softening.static_half_time(strain, grain, kelvin + 10.0) < time
    assert 0.0 < softening.softened_share(0.5, time) <= 1.0


def test_strain_carried_between_late_stands_hardens_the_next_pass():
    """F1 to F2 forgets most, F6 to F7 little: there is no time left."""
    early = softening.softened_share(5.5 / 1.33, softening.static_half_time(0.68, 80e-6, 1273.0))
    late = softening.softened_share(5.5 / 8.39, softening.static_half_time(0.27, 30e-6, 1183.0))
    assert early > 0.95
    assert late < 0.75
    assert softening.accumulated_strain(0.27, late, 0.2) > 0.2
    assert softening.accumulated_strain(0.27, 0.0, 0.2) == pytest.approx(0.47)
    with pytest.raises(ValidityError, match="strain and a grain size"):
        softening.static_half_time(0.0, 30e-6, 1200.0)
