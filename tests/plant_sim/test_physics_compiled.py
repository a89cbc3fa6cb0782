"""The compiled formulas of the mill give the numbers of their plain source."""

import inspect

import numpy as np
import pytest

from passline.plant_sim.engine.build import compile_sources

MODULES = (
    "physics.flow_stress",
    "physics.roll_bite",
    "physics.bite_limits",
    "physics.mill_stretch",
    "physics.strip_temperature",
    "physics.through_thickness",
    "physics.softening",
    "physics.tension_creep",
)
# what every argument may be, by its name: SI
RANGES = {
    "strain": (0.1, 0.6), "rate": (5.0, 90.0), "temperature": (1000.0, 1450.0),
    "entry": (4e-3, 30e-3), "exit": (2e-3, 3.5e-3), "flattened": (0.4, 0.5), "radius": (0.35, 0.4),
    "width": (0.9, 1.6), "stress": (80e6, 200e6), "back": (0.0, 20e6), "front": (0.0, 20e6),
    "friction": (0.05, 0.3), "slip": (0.0, 0.1), "tension": (0.0, 30e6), "turns": (0.0, 1.0),
    "swing": (1e-5, 4e-5), "speed": (0.5, 15.0), "force": (5e6, 30e6), "pressure": (1e8, 5e8),
    "grain": (1e-5, 1e-4), "seconds": (0.1, 5.0), "full": (4e9, 6e9), "barrel": (2.0, 2.1),
}  # fmt: skip
FORMULAS = (
    ("physics.flow_stress", "spittel_c20"),
    ("physics.roll_bite", "force_under_tension"),
    ("physics.roll_bite", "torque_under_tension"),
    ("physics.roll_bite", "hill_factor"),
    ("physics.roll_bite", "mean_slip"),
    ("physics.bite_limits", "force_factor"),
    ("physics.bite_limits", "light_pass_force"),
    ("physics.bite_limits", "stone_force"),
    ("physics.mill_stretch", "oil_film"),
    ("physics.strip_temperature", "contact_coefficient"),
    ("physics.softening", "static_half_time"),
    ("physics.softening", "metadynamic_half_time"),
    ("physics.tension_creep", "necked_width"),
)


@pytest.fixture(scope="module")
def compiled():
    return compile_sources(MODULES, apart=True)


@pytest.mark.parametrize(("module", "name"), FORMULAS, ids=lambda text: text.rpartition(".")[2])
def test_a_compiled_formula_is_its_plain_source(compiled, module, name):
    plain = getattr(__import__(f"passline.plant_sim.{module}", fromlist=["x"]), name)
    quick = getattr(compiled[module], name)
    rng = np.random.default_rng(7)
    for _ in range(30):
        at = [rng.uniform(*RANGES[argument]) for argument in inspect.signature(plain).parameters]
        assert quick(*at) == pytest.approx(plain(*at), rel=1e-9)


def test_compiled_conduction_is_its_plain_source(compiled):
    from passline.plant_sim.physics import through_thickness as plain

    quick, rng = compiled["physics.through_thickness"], np.random.default_rng(8)
    nodes, lanes = 7, 16
    start = rng.uniform(900.0, 1400.0, nodes * lanes)
    at = [rng.uniform(low, high, lanes) for low, high in (
        (2e-3, 40e-3), (0, 2e4), (290, 400), (25, 30), (4.5e6, 5.5e6), (0.01, 2.0))]  # fmt: skip
    got, expected = start.copy(), start.copy()
    quick.conduct(got, np.zeros(nodes * lanes), nodes, lanes, *at)
    plain.conduct(expected, np.zeros(nodes * lanes), nodes, lanes, *at)
    assert got == pytest.approx(expected, rel=1e-12)
