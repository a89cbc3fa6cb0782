"""Level 1 of a furnace: zone temperature, fuel and air held together, the air ratio.

Textbook loops [M]: PI with the ramp of section 6.4 on its set-point and back-calculation against
windup; cross-limiting (fuel never ahead of air when load rises, air never ahead of fuel when it
falls); an integrating trim of the air ratio. All see what instruments show, nothing else.
"""

from ..engine.numbers import fmax, fmin, inline

GAIN = 0.004  # 1/K: of the zone temperature loop, in shares of the zone's power [T]
RESET = 240.0  # s: integral time of the zone temperature loop [T]
UNWIND = 60.0  # s: time in which a saturated loop forgets [T]
LEAST_FIRE = 0.03  # 1: turn-down of the burners, share of the zone's power [M]
RAMP_UP = 3.0 / 60.0  # K/s: set-point ramp [M 4.1]
RAMP_DOWN = 5.0 / 60.0  # K/s: set-point ramp downwards [M 6.4]
LOWEST, HIGHEST = 900.0, 1573.15  # K: range of the zone set-points [M 4.1]
RATIO = 1.10  # 1: air ratio [M 4.1]
LEAST_RATIO, MOST_RATIO = 1.0, 1.7  # 1: range of the air ratio [M]
OXYGEN_GAIN = 0.02  # 1/s: of the air ratio, per fraction of oxygen [T]
MOST_OXYGEN_TRIM = 0.15  # 1: of the air ratio, either way [M]


@inline
def ramped(setpoint: float, wanted: float, seconds: float) -> float:
    """Return the set-point (K) after `seconds` on its way to the wanted one (K)."""
    wanted = fmin(fmax(wanted, LOWEST), HIGHEST)
    return setpoint + fmin(fmax(wanted - setpoint, -RAMP_DOWN * seconds), RAMP_UP * seconds)


@inline
def firing(error: float, integral: float, most: float, seconds: float) -> tuple[float, float]:
    """Return the share of the zone's power to fire, and the integral, after one step of the loop.

    Args:
        error: set-point minus thermocouple (K).
        integral: of the loop, share of the zone's power.
        most: greatest share, 0 to shut the zone's fuel.
        seconds: of the step.
    """
    free = GAIN * error + integral
    share = fmin(fmax(free, fmin(LEAST_FIRE, most)), most)
    integral = integral + seconds * (GAIN * error / RESET + (share - free) / UNWIND)
    return share, integral


@inline
def fuel_and_air(demand: float, fuel: float, air: float, need: float) -> tuple[float, float]:
    """Return the flows (m3/s) that fuel and air are asked for: cross-limited.

    Args:
        demand: fuel that the temperature loop wants (m3/s).
        fuel: as metered (m3/s).
        air: as metered (m3/s).
        need: air per fuel at the wanted air ratio (m3/m3).
    """
    return fmin(demand, air / need), need * fmax(demand, fuel)


@inline
def oxygen_trim(trim: float, aim: float, shown: float, seconds: float) -> float:
    """Return the trim of the air ratio after `seconds`; oxygen as fractions of the wet gas."""
    trim = trim + OXYGEN_GAIN * (aim - shown) * seconds
    return fmin(fmax(trim, -MOST_OXYGEN_TRIM), MOST_OXYGEN_TRIM)
