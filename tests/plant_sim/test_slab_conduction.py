"""A slab in a furnace takes up heat as the exact solutions say, and loses none of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from passline.plant_sim.engine.build import compile_sources
from passline.plant_sim.errors import ValidityError
from passline.plant_sim.lines.hot_strip.furnace_rows import STEP
from passline.plant_sim.physics import slab_conduction as plain
from passline.plant_sim.physics import steel
from passline.plant_sim.physics.slab_conduction import (
    BOTTOM,
    BUNDLE_ROWS,
    HEAT,
    NODES,
    SLABS,
    TEMPERATURE,
    THICKNESS,
    TOP,
)

NODE_ROWS = slice(TEMPERATURE, TEMPERATURE + NODES)


@pytest.fixture(scope="module")
def conduction():
    name = "physics.slab_conduction"
    return compile_sources((name,), apart=True)[name]


def stand(temperature=1193.15, thickness=0.22):
    bundle = np.zeros(BUNDLE_ROWS * SLABS)
    for place in range(SLABS):
        plain.fill(bundle, place, thickness, temperature)
    return bundle


def series(coefficient, seconds, thickness, place):
    """Share of the first temperature difference that is left: exact plate, constant properties.

    Above 900 degC steel has constant properties: 27.3 W/(m K), 650 J/(kg K), 7850 kg/m3.
    """
    half = thickness / 2
    biot, fourier = coefficient * half / 27.3, 27.3 * seconds / (7850 * 650 * half**2)
    total = 0.0
    for n in range(60):
        zeta = brentq(
            lambda z: z * np.sin(z) - biot * np.cos(z), n * np.pi + 1e-9, n * np.pi + np.pi / 2
        )
        c = 4 * np.sin(zeta) / (2 * zeta + np.sin(2 * zeta))
        total += c * np.exp(-(zeta**2) * fourier) * np.cos(zeta * place)
    return total


@pytest.mark.parametrize("coefficient", [50.0, 150.0, 400.0])
def test_a_plate_follows_the_exact_series_within_half_a_kelvin(conduction, coefficient):
    medium, start = 1503.15, 1193.15
    bundle = stand(start)
    rows = bundle.reshape(BUNDLE_ROWS, SLABS)
    for step in range(1, 721):
        rows[TOP] = coefficient * (medium - rows[TEMPERATURE + NODES - 1])
        rows[BOTTOM] = coefficient * (medium - rows[TEMPERATURE])
        conduction.conduct(bundle, STEP)
        if step in (30, 90, 180, 360, 720):
            for k in (0, 2, NODES // 2, NODES - 1):
                left = series(coefficient, STEP * step, 0.22, 2.0 * k / (NODES - 1) - 1.0)
                exact = medium - (medium - start) * left
                assert rows[TEMPERATURE + k, 0] == pytest.approx(exact, abs=0.5)


def test_what_flows_in_is_what_the_slab_holds(conduction):
    rng = np.random.default_rng(0)
    bundle = stand(293.15)
    rows = bundle.reshape(BUNDLE_ROWS, SLABS)
    rows[THICKNESS] = rng.uniform(0.18, 0.25, SLABS)
    weights = np.r_[0.5, np.ones(NODES - 2), 0.5] / (NODES - 1)
    given_heat = np.zeros(SLABS)
    for _ in range(750):
        rows[TOP] = rng.uniform(0.0, 120e3, SLABS) * (rows[TEMPERATURE + NODES - 1] < 1500)
        rows[BOTTOM] = rng.uniform(0.0, 120e3, SLABS) * (rows[TEMPERATURE] < 1500)
        given_heat += STEP * (rows[TOP] + rows[BOTTOM])
        conduction.conduct(bundle, STEP)
    held = 7850.0 * rows[THICKNESS] * (weights @ rows[HEAT : HEAT + NODES])
    np.testing.assert_allclose(held, given_heat, rtol=1e-12)


def test_temperature_and_heat_content_stay_together_through_the_transformation(conduction):
    bundle = stand(900.0)
    rows = bundle.reshape(BUNDLE_ROWS, SLABS)
    for _ in range(450):
        rows[TOP] = rows[BOTTOM] = 60e3
        conduction.conduct(bundle, STEP)
        nodes = [steel.enthalpy(t) for t in rows[NODE_ROWS, 0]]
        slack = np.abs(np.array(nodes) - rows[HEAT : HEAT + NODES, 0]) / 650.0
        assert slack.max() < 0.2  # K
    assert rows[TEMPERATURE + NODES // 2, 0] > 1050.0


@settings(max_examples=20, deadline=None)
@given(
    st.floats(0.12, 0.30),
    st.floats(253.15, 1450.0),
    st.floats(-10e3, 100e3),
    st.floats(-10e3, 100e3),
)
def test_any_slab_within_the_range_stays_finite_and_between_its_bounds(
    conduction, thickness, temperature, top, bottom
):
    bundle = stand(temperature, thickness)
    rows = bundle.reshape(BUNDLE_ROWS, SLABS)
    for _ in range(20):
        rows[TOP], rows[BOTTOM] = top, bottom
        conduction.conduct(bundle, STEP)
    nodes = rows[NODE_ROWS, 0]
    assert np.all(np.isfinite(nodes))
    if top >= 0 and bottom >= 0:
        assert nodes.min() >= temperature - 0.1
        assert max(nodes[0], nodes[-1]) >= nodes.min()
    np.testing.assert_array_equal(rows[:, :1] * np.ones(SLABS), rows)


def test_the_step_of_the_furnace_is_stable_for_slabs_from_19_centimetres():
    assert plain.fourier(STEP, 0.19) < plain.CALM < plain.STABLE
    assert plain.fourier(STEP, 0.14) > plain.STABLE


@pytest.mark.parametrize("thickness", [0.10, 0.15, 0.22])
def test_a_cold_slab_warms_evenly_from_both_faces_however_thin(conduction, thickness):
    bundle = stand(263.15, thickness)
    rows = bundle.reshape(BUNDLE_ROWS, SLABS)
    for _ in range(200):
        rows[TOP] = rows[BOTTOM] = 25e3
        conduction.conduct(bundle, STEP)
        assert np.all(np.diff(rows[TEMPERATURE : TEMPERATURE + NODES // 2 + 1, 0]) < 1e-6)


def test_the_plain_and_the_compiled_source_are_one_physics(conduction):
    one, other = stand(700.0), stand(700.0)
    for bundle in (one, other):
        rows = bundle.reshape(BUNDLE_ROWS, SLABS)
        rows[TOP], rows[BOTTOM] = 50e3, 20e3
    plain.conduct(one, STEP)
    conduction.conduct(other, STEP)
    np.testing.assert_allclose(one, other, rtol=1e-12)
    assert plain.mean_heat(one, 3) == pytest.approx(conduction.mean_heat(other, 3))
    assert plain.mean_temperature(one, 3) == pytest.approx(conduction.mean_temperature(other, 3))


def test_outside_the_range_of_steel_the_plain_source_says_so():
    bundle = stand(1770.0)
    bundle.reshape(BUNDLE_ROWS, SLABS)[TOP] = 1e7
    plain.conduct(bundle, STEP)
    with pytest.raises(ValidityError, match="1500"):
        plain.conduct(bundle, STEP)
