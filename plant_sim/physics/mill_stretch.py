"""The gaugemeter: how a stand gives way under the roll force, and what gap control makes of it.

h = S + (P - P0) / M with a stretch modulus that falls with narrower strip. Leaves out oil film,
thermal crown, wear and eccentricity. Relative (BISRA, lock-on) gap control is taken in equilibrium:
its loop of some 20 ms settles well inside a control interval.
Source: standard literature [M]; the modulus range 4-6 MN/mm is [M].
"""

from ..engine.numbers import inline

MODULUS = 5.0e9  # N/m: stretch modulus of a stand at full barrel width [M 3.4]
MODULUS_PER_WIDTH = 0.8e9  # N/m2: modulus lost per metre of barrel without strip [T 3.4]
BARREL = 2.05  # m: barrel length [M 3.11]
KISS_FORCE = 12.0e6  # N: force at which the gap was zeroed [M 3.4]


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
