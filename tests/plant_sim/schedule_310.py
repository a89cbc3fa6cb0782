"""The computed seven-stand reference schedule: 0.08 % C, 1250 mm, 35 to 2.6 mm, F7 at 10 m/s."""

from typing import NamedTuple

from passline.plant_sim.physics import flow_stress, roll_bite

WIDTH, CARBON = 1.25, 0.08


class Pass(NamedTuple):
    """One stand, SI; what the schedule gives for it."""

    entry: float
    exit: float
    radius: float
    kelvin: float
    speed: float
    strain: float
    rate: float
    stress: float
    factor: float
    force: float
    misaka_stress: float
    misaka_force: float
    length: float
    flattened: float
    slip: float
    torque: float
    power: float


def _row(text: str) -> Pass:
    n = [float(part) for part in text.split()]
    scale = [1e-3, 1e-3, 1e-3, 1, 1, 1, 1, 1e6, 1, 1e6, 1e6, 1e6, 1e-3, 1e-3, 1e-2, 1e3, 1e6]
    n[3] += 273.0
    return Pass(*(value * unit for value, unit in zip(n, scale, strict=True)))


# mm mm mm degC m/s - 1/s MPa - MN MPa(Misaka) MN(Misaka) mm mm % kNm MW
PASSES = [
    _row(line)
    for line in (
        "35 19.5 390 1000 1.33 0.675 11.4 132.2 1.476 22.16 138.1 23.17 78.7 399.8 10.5 1600 5.47",
        "19.5 11.6 390 975 2.24 0.600 23.7 152.8 1.690 21.17 155.4 21.54 56.8 408.5 10.3 1085 6.23",
        "11.6 7.4 385 955 3.51 0.519 43.6 170.2 1.893 19.45 169.9 19.41 41.8 416.5 9.5 715 6.53",
        "7.4 5.2 380 938 5.00 0.407 66.3 179.5 2.016 16.04 176.6 15.76 30.7 428.9 7.8 420 5.52",
        "5.2 3.9 350 923 6.67 0.332 95.8 187.0 2.067 12.90 183.3 12.61 23.1 411.3 6.6 246 4.68",
        "3.9 3.1 350 910 8.39 0.265 119.3 190.0 2.127 10.87 185.1 10.53 18.6 434.0 5.4 159 3.81",
        "3.1 2.6 345 900 10.0 0.203 135.7 185.9 2.105 8.45 181.9 8.23 15.0 448.0 4.2 96 2.77",
    )
]


def roll(entry, exit, width, radius, speed, kelvin, carbon, law=flow_stress.shida_mean):
    """Sims with a flow-stress law, the strain rate taken at the flattened arc, to convergence.

    Returns force (N), stress (Pa), flattened radius (m), strain rate (1/s).
    """
    strain, flat = roll_bite.strain(entry, exit), radius
    for _ in range(20):
        rate = speed * strain / roll_bite.contact_length(entry - exit, flat)
        stress = law(strain, rate, kelvin, carbon)
        force = roll_bite.force_once(entry, exit, width, flat, stress)
        flat = roll_bite.flattened_radius(radius, force, width, entry - exit)
    return force, stress, flat, rate


def roll_pass(row, law=flow_stress.shida_mean):
    """`roll` for a stand of the schedule."""
    return roll(row.entry, row.exit, WIDTH, row.radius, row.speed, row.kelvin, CARBON, law)
