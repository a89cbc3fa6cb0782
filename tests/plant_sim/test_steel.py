"""Steel holds the heat, conducts it and weighs what EN 1993-1-2 says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from passline.plant_sim.errors import ValidityError
from passline.plant_sim.physics import steel

RANGE = st.floats(233.15, 1773.15)


def test_heating_to_1230_degrees_takes_847_kilojoules_a_kilogram():
    heat = steel.enthalpy(1503.15)
    assert heat / 1e3 == pytest.approx(847.0, abs=0.5)
    assert heat / 1210.0 == pytest.approx(700.0, abs=0.5)
    assert steel.enthalpy(293.15) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("celsius", [-20, 100, 400, 599, 601, 700, 734, 736, 800, 899, 901, 1250])
def test_the_heat_content_is_the_integral_of_the_specific_heat(celsius):
    kelvin = celsius + 273.15
    borders = [b for b in (873.15, 1008.15, 1173.15) if 293.15 < b < kelvin] or None
    integral, _ = quad(steel.specific_heat, 293.15, kelvin, points=borders, limit=200)
    assert steel.enthalpy(kelvin) == pytest.approx(integral, rel=1e-7, abs=1e-3)


@given(RANGE, RANGE)
def test_hotter_steel_holds_more_heat_and_never_conducts_better(a, b):
    low, high = sorted((a, b))
    assert steel.enthalpy(high) >= steel.enthalpy(low)
    assert steel.conductivity(high) <= steel.conductivity(low)
    assert steel.density(high) <= steel.density(low)


def test_the_transformation_peak_is_at_735_degrees():
    assert steel.specific_heat(735.0 + 273.15) == pytest.approx(5000.0)
    assert steel.specific_heat(720.0 + 273.15) < 1500.0
    assert steel.conductivity(293.15) == pytest.approx(53.3, abs=0.05)
    assert steel.conductivity(1273.15) == 27.3
    assert steel.density(1273.15) == pytest.approx(7650.0)


@pytest.mark.parametrize("kelvin", [200.0, 1800.0, float("nan")])
def test_outside_the_range_the_properties_are_not_offered(kelvin):
    for formula in (steel.specific_heat, steel.enthalpy, steel.conductivity, steel.density):
        with pytest.raises(ValidityError, match="-40 to 1500"):
            formula(kelvin)
