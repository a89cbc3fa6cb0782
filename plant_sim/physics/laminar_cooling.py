"""Laminar cooling on the run-out table: heat flux of the jets, and the heat of transformation.

Leaves out the order of top and bottom headers and the width profile. The transformation is an
apparent specific heat, not kinetics.
Sources: Osaka/Hatta form of the jet coefficient [M]; boiling factor 1 above 600 degC rising to 3-5
at 350-450 degC [M]; heat of transformation 75-90 kJ/kg [M]; its temperature range [T].
"""

from ..engine.numbers import exp, fmax, inline, log

NOZZLE, PITCH_ALONG, PITCH_ACROSS = 0.02, 0.6, 0.06  # m: nozzle and its pitches [M 4.2]
WATER = 0.9  # m3/(min m2): water density of an open bank [M 4.2]
TRANSFORMATION = 82e3  # J/kg: heat of transformation [M 4.2]
MIDDLE, SPREAD = 925.0, 32.0  # K: where the transformation heat is released [T 4.2]


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


HATTA, HATTA_DENSITY, HATTA_SHAPE = 1.163 * 9.72e5, 0.355, 0.646  # W/m2, 1, 1: of the form [M 4.2]
SHAPE_COLD, SHAPE_WARM = 2.5, 1.15  # 1: water temperature in the form, by decades of degC [M 4.2]
JET = 0.02  # m: diameter of a laminar nozzle [M 4.2]
HEADER_PITCH, NOZZLE_PITCH = 0.40, 0.05  # m: of headers along and nozzles across the strip [M 4.2]
DENSITY_TOP, DENSITY_BOTTOM = 0.8, 1.0  # m3/(min m2): water of an open bank on a face [M 4.2]
BOTTOM_SHARE = 0.8  # 1: flux below over above at equal water, which falls off the strip [M]
WETTED = 0.6  # 1: share of a bank's length under its header pairs: six of 0.5 m in 5 m [M 4.2]
HEADERS = 6.0  # 1: header pairs of a bank, each with its own valve, 4 to 6 [M 4.2]
LN10 = 2.302585092994046  # 1: natural logarithm of ten [C]


@inline
def film_flux(water: float, density: float) -> float:
    """Return the heat flux of one wetted face while a vapour film lies on it (W/m2).

    The form of Osaka and Hatta: the coefficient times the temperature difference. `boiling_factor`
    of `physics.boiling` tells by how much the true flux is above it.

    Args:
        water: water temperature (K), 5 to 50 degC.
        density: water density (m3 per minute and m2), 0.05 to 2.

    >>> round(film_flux(298.15, 0.9) / 1e6, 2)
    1.01
    """
    celsius = fmax(water - 273.15, 1.0)
    shape = (SHAPE_COLD - SHAPE_WARM * log(celsius) / LN10) * JET / (HEADER_PITCH * NOZZLE_PITCH)
    exponent = HATTA_DENSITY * log(fmax(density, 1e-6)) + HATTA_SHAPE * log(shape)
    return HATTA * exp(exponent)


@inline
def bank_flux(water: float) -> float:
    """Return the film flux (W/m2) of an open bank at its rating, both faces, over its length.

    Args:
        water: water temperature (K).

    >>> round(bank_flux(298.15) / 1e6, 2)
    1.09
    """
    below = BOTTOM_SHARE * film_flux(water, DENSITY_BOTTOM)
    return WETTED * (film_flux(water, DENSITY_TOP) + below)


@inline
def less_water(share: float) -> float:
    """Return the flux of a bank over that at its rating when only a share of its water comes."""
    return exp(HATTA_DENSITY * log(fmax(share, 1e-6)))
