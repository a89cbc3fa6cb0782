"""The reference pass against PyRolL, an independent rolling code; skipped where it is missing.

Misaka's flow stress and the force of Lippmann and Mahrenholz, with Hitchcock's flattening. PyRolL
applies no plane-strain factor and averages the stress otherwise: agreement within 15 % is what the
two conventions allow. pip install pyroll-core pyroll-lippmann-mahrenholz-force-torque
pyroll-misaka-flow-stress pyroll-hitchcock-roll-flattening
"""

import pytest

from passline.plant_sim.physics import flow_stress, roll_bite

from .schedule_310 import roll

WHY = "PyRolL is a second opinion that no other test needs; its packages are named above"


def test_an_independent_rolling_code_agrees_on_the_reference_pass():
    code = pytest.importorskip("pyroll.core", reason=WHY)
    for plugin in (
        "hitchcock_roll_flattening",
        "lippmann_mahrenholz_force_torque",
        "misaka_flow_stress",
    ):
        pytest.importorskip(f"pyroll.{plugin}", reason=WHY)
    stock = code.Profile.box(
        height=30e-3, width=1.25, corner_radius=1e-4, temperature=1273.15, strain=0.0,
        material="steel", length=10.0, density=7650, specific_heat_capacity=650,
        chemical_composition={"C": 0.10, "carbon": 0.10},
    )  # fmt: skip
    tool = code.Roll(
        groove=code.FlatGroove(usable_width=1.25 + 1e-5), nominal_radius=0.40,
        rotational_frequency=0.5, elastic_modulus=210e9, poissons_ratio=0.3, neutral_point=-20e-3,
    )  # fmt: skip
    stand = code.RollPass(label="reference", roll=tool, gap=18e-3, back_tension=0, front_tension=0)
    stand.solve(stock)
    force, stress, flat, _ = roll(0.030, 0.018, 1.25, 0.40, 1.257, 1273.0, 0.10, flow_stress.misaka)
    torque = 0.5 * roll_bite.torque(0.030, 0.018, 1.25, 0.40, flat, stress)
    assert force == pytest.approx(stand.roll_force, rel=0.15)
    assert torque == pytest.approx(stand.roll.roll_torque, rel=0.15)
