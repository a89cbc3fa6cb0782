"""Heat of strip in a bite and between two stands, as both resolutions reckon it.

Strip is a mean temperature and how far its surface is colder. The surface follows by the first mode
of conduction through the thickness: it dips in a bite and under a spray and recovers in its own
time; the mean keeps the energy exactly. Leaves out edges, and conduction along the strip.
Sources: mode of a plate, Carslaw and Jaeger [C]; contact, sprays, radiation as
`strip_temperature` [M].
"""

from ...engine.numbers import exp, fmin, inline
from ...physics.strip_temperature import (
    DENSITY,
    HEAT,
    SPRAY_LENGTH,
    STEFAN_BOLTZMANN,
    contact_coefficient,
    emissivity,
    work_rise,
)

ROLL_SURFACE = 400.0  # K: of the work rolls in the bite [T 3.7]
AIR_FILM = 40.0  # W/(m2 K): air on strip under way [M 3.7]
SURROUNDINGS = 305.0  # K: air and spray water [M 3.7]
CONDUCTIVITY = 27.3  # W/(m K): steel above 800 degC [M 3.7]
FRICTION = 0.25  # 1: hot rolling, of 0.25-0.4 [M 6.4]
SLIDING = 0.5  # 1: mean slip against the roll over the forward slip [T 3.7]
MODE = 9.869604401089358  # 1: pi**2, decay of the first mode, in a**2 over diffusivity [C 3.7]
DIP = 3.289868133696453  # 1: surface dip over the fall of the mean after a short loss [C 3.7]
SPRAY_PLACE = 1.0  # m: a spray begins behind its stand [T 3.7]
FIRST_SPRAY, LAST_SPRAY = 3, 5  # stands with a spray behind them, 0 is F1
BAR_COLD = 25.0  # K: how much colder the descaled surface of a bar is than its mean [M 3.7]


@inline
def behind_bite(
    heat: float, cold: float, thick: float, length: float, speed: float, pressed: float,
    sticking: float, stress: float, strain: float,
) -> tuple[float, float]:  # fmt: skip
    """Return mean temperature and surface dip (K) behind a bite: contact, work, friction.

    Args:
        heat: mean before it (K).
        cold: how much colder the surface is (K).
        thick: mean thickness in the bite (m).
        length: of contact (m).
        speed: of the rolls (m/s).
        pressed: roll force over width (N/m).
        sticking: forward slip of sticking friction, a fraction.
        stress: mean flow stress (Pa).
        strain: of the pass, equivalent.
    """
    volume = DENSITY * HEAT * thick
    contact = contact_coefficient(pressed / length)
    drop = heat - cold - ROLL_SURFACE
    drop = drop * (1.0 - exp(-2.0 * contact * length / speed / volume))
    rubbed = FRICTION * pressed * SLIDING * sticking / volume
    left = heat + work_rise(stress, strain) + rubbed - drop
    return left, fmin(cold + DIP * drop, left - ROLL_SURFACE - 100.0)


@inline
def face_flux(surface: float, film: float) -> float:
    """Return what a face (K) loses to radiation, air and a spray's film (W/(m2 K)), in W/m2."""
    square = surface * surface
    radiated = emissivity(surface) * STEFAN_BOLTZMANN * square * square
    return radiated + (AIR_FILM + film) * (surface - SURROUNDINGS)


@inline
def recovery(thick: float) -> float:
    """Return the rate (1/s) at which the surface of strip this thick (m) comes to its balance."""
    return 4.0 * MODE * CONDUCTIVITY / (DENSITY * HEAT * thick * thick)


@inline
def standing_dip(flux: float, thick: float) -> float:
    """Return by how much (K) a face that loses `flux` (W/m2) is colder than the mean in balance."""
    return flux * thick / (6.0 * CONDUCTIVITY)


@inline
def on_the_way(
    heat: float, cold: float, thick: float, film: float, seconds: float
) -> tuple[float, float]:
    """Return mean temperature and surface dip (K) after some seconds under even cooling.

    The flux is that of the mean surface on the way. Arguments as above; `film` of a spray.
    """
    rate = recovery(thick) * seconds
    left = exp(-rate)
    share = (1.0 - left) / rate
    balance = standing_dip(face_flux(heat - cold * share, film), thick)
    flux = face_flux(heat - balance - (cold - balance) * share, film)
    balance = standing_dip(flux, thick)
    cold = balance + (cold - balance) * left
    return heat - 2.0 * flux * seconds / (DENSITY * HEAT * thick), cold


@inline
def to_next_stand(
    heat: float, cold: float, thick: float, film: float, speed: float, distance: float
) -> tuple[float, float]:
    """Return mean temperature and surface dip (K) before the next stand, `distance` (m) away.

    `film` acts below the spray alone, which begins SPRAY_PLACE behind the stand; `speed` in m/s.
    """
    wet = SPRAY_PLACE + SPRAY_LENGTH
    heat, cold = on_the_way(heat, cold, thick, film * SPRAY_LENGTH / wet, wet / speed)
    return on_the_way(heat, cold, thick, 0.0, (distance - wet) / speed)
