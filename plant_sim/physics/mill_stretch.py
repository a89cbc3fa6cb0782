"""The gaugemeter: how a stand gives way under the roll force, and what gap control makes of it.

h = S + (P - P0) / M(w) - oil film - thermal growth + wear + eccentricity. `exit_error` takes the
relative (BISRA, lock-on) gap control in equilibrium: its loop of some 20 ms settles well inside a
control interval; the gains below say what it does to a disturbance and where it is unstable.
Source: standard literature [M]; the modulus range 4-6 MN/mm is [M].
"""

from ..engine.numbers import fmax, inline

MODULUS = 5.0e9  # N/m: stretch modulus of a stand at full barrel width [M 3.4]
MODULUS_PER_WIDTH = 0.8e9  # N/m2: modulus lost per metre of barrel without strip [T 3.4]
BARREL = 2.05  # m: barrel length [M 3.11]
KISS_FORCE = 12.0e6  # N: force at which the gap was zeroed [M 3.4]

OIL_FILM = 0.30e-3  # m: growth of both backup bearings' films at very high speed [M 3.4]
OIL_SPEED = 4.0  # m/s: roll speed of half that growth at the kissing force [T 3.4]


@inline
def modulus(width: float) -> float:
    """Return the stretch modulus (N/m) of a stand for strip of this width (m)."""
    return MODULUS - MODULUS_PER_WIDTH * (BARREL - width)


@inline
def gap_for(exit: float, force: float, stiffness: float) -> float:
    """Return the gap position (m) that gives `exit` thickness (m) at `force` (N)."""
    return exit - (force - KISS_FORCE) / stiffness


@inline
def exit_error(
    exit: float, gap: float, force: float, locked: float, compensation: float, stiffness: float,
    believed: float,
) -> float:  # fmt: skip
    """Return the residual (m) of the gaugemeter with lock-on gap control in equilibrium.

    Args:
        exit: trial exit thickness (m).
        gap: gap set by set-up and monitor (m).
        force: roll force at the trial thickness (N).
        locked: lock-on force (N); gap control moves by -compensation * (force - locked) / believed.
        compensation: 0 (off) to 1 (infinitely stiff).
        stiffness: the stand's true modulus (N/m).
        believed: the modulus gap control believes in (N/m).
    """
    return exit - (
        gap - compensation * (force - locked) / believed + (force - KISS_FORCE) / stiffness
    )


@inline
def exit_slope(
    modulus_strip: float, compensation: float, stiffness: float, believed: float
) -> float:
    """Return d(residual)/d(exit): 1 + Q (1/M - C/M_believed); Q the strip modulus (N/m)."""
    return 1.0 + modulus_strip * (1.0 / stiffness - compensation / believed)


@inline
def modulus_at(full: float, barrel: float, width: float) -> float:
    """Return the modulus (N/m) of a stand of `full` one (N/m); barrel and strip width in m."""
    return full - MODULUS_PER_WIDTH * (barrel - width)


@inline
def gauge(
    gap: float, force: float, stiffness: float, oil: float, growth: float, worn: float,
    eccentricity: float,
) -> float:  # fmt: skip
    """Return the thickness (m) a stand leaves.

    Args:
        gap: gap position relative to kissing at `KISS_FORCE` (m).
        force: roll force (N).
        stiffness: stretch modulus (N/m).
        oil: growth of the bearing oil film since zeroing (m); closes the gap.
        growth: thermal growth of both roll radii since zeroing (m); closes the gap.
        worn: what both rolls have lost since zeroing (m); opens the gap.
        eccentricity: of the backup rolls at this moment (m); positive opens the gap.
    """
    return gap + (force - KISS_FORCE) / stiffness - oil - growth + worn + eccentricity


@inline
def bearing_film(speed: float, force: float, thickest: float, half: float) -> float:
    """Return the thickness (m) of an oil film that grows with speed over load and levels off [M].

    Args:
        speed: roll speed (m/s), zero or more.
        force: roll force (N).
        thickest: at very high speed (m).
        half: roll speed at which half of that is reached at the kissing force (m/s).
    """
    number = speed / half * KISS_FORCE / fmax(force, 0.1 * KISS_FORCE)
    return thickest * number / (1.0 + number)


@inline
def oil_film(speed: float, force: float) -> float:
    """Return the oil film (m) of the backup bearings, both rolls together; m/s and N.

    What moves the gap is the growth since zeroing, so subtract the film of that moment.
    """
    return bearing_film(speed, force, OIL_FILM, OIL_SPEED)


@inline
def eccentricity_gain(
    modulus_strip: float, compensation: float, stiffness: float, believed: float
) -> float:
    """Return d(exit)/d(eccentricity) of a stand under gap control: 1 at full compensation.

    Without gap control M/(M + Q): compensation amplifies eccentricity by up to 1 + Q/M.
    Arguments as `exit_slope`.
    """
    return 1.0 / exit_slope(modulus_strip, compensation, stiffness, believed)


@inline
def entry_gain(
    entry_slope: float, modulus_strip: float, compensation: float, stiffness: float, believed: float
) -> float:
    """Return d(exit)/d(entry) of a stand under gap control: 0 at full compensation.

    `entry_slope` is dP/d(entry thickness) (N/m); the rest as `exit_slope`.
    """
    give = 1.0 / stiffness - compensation / believed
    return entry_slope * give * eccentricity_gain(modulus_strip, compensation, stiffness, believed)


@inline
def stability_limit(modulus_strip: float, stiffness: float) -> float:
    """Return the compensation above which lock-on gap control is unstable: 1 + M/Q (N/m both).

    >>> round(stability_limit(22.6e9, 5e9), 2)
    1.22
    """
    return 1.0 + stiffness / modulus_strip
