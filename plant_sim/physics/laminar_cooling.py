"""Laminar cooling on the run-out table: heat flux of the jets, and the heat of transformation.

Leaves out the order of top and bottom headers and the width profile. The transformation is an
apparent specific heat, not kinetics.
Sources: Osaka/Hatta form of the jet coefficient [M]; boiling factor 1 above 600 degC rising to 3-5
at 350-450 degC [M]; heat of transformation 75-90 kJ/kg [M]; its temperature range [T].
"""

from ..engine.numbers import exp, fmax, inline, log

NOZZLE, PITCH_ALONG, PITCH_ACROSS = 0.02, 0.6, 0.06  # m [M]
WATER = 0.9  # m3/(min m2), water density of an open bank [M]
TRANSFORMATION = 82e3  # J/kg [M]
MIDDLE, SPREAD = 925.0, 32.0  # K, where the transformation heat is released [T]


@inline
def jet_flux(surface: float, water: float, density: float) -> float:
    """Return the heat flux of one wetted face (W/m2).

    Args:
        surface: strip temperature (K).
        water: water temperature (K), 5 to 50 degC.
        density: water density (m3 per minute and m2).
    """
    celsius = fmax(water - 273.15, 1.0)
    shape = (2.5 - 1.15 * log(celsius) / 2.302585092994046) * NOZZLE / (PITCH_ALONG * PITCH_ACROSS)
    film = 1.163 * 9.72e5 * exp(0.355 * log(fmax(density, 1e-6)) + 0.646 * log(shape))
    return film * boiling_factor(surface)


@inline
def boiling_factor(surface: float) -> float:
    """Return the rise of the flux by transition boiling: 1 when hot, 3.5 near 400 degC."""
    return 1.0 + 3.0 / (1.0 + exp((surface - 730.0) / 35.0))


@inline
def apparent_heat(temperature: float) -> float:
    """Return the specific heat (J/(kg K)), heat of transformation spread near 650 degC."""
    x = (temperature - MIDDLE) / SPREAD
    bump = exp(-0.5 * x * x) / (SPREAD * 2.5066282746310002)
    return 650.0 + TRANSFORMATION * bump
