"""Strip between two stands: tension from its stretch, and what tension does to the slip.

The strip is a spring that cannot push: a stored length beyond the path over the looper is slack.
Leaves out bending of the strip over the looper and its vibration.
Source: Price 1973; Hearns and Grimble 2000; Pittner and Simaan [M: standard literature equations,
primary sources not re-read].
"""

from ..engine.numbers import fmax, inline, require, where

HOT_MODULUS = 10e9  # Pa: effective modulus of hot strip between stands, of 5-30 GPa [M 3.5]
SLIP_PER_TENSION = 1e-9  # 1/Pa: forward slip gained by front, lost by back tension [M 3.5]
GAUGE_SHARE = 1.3  # 1: damping of tension by slip and thickness over that by slip alone [C 3.5]


@inline
def tension(stretch: float, length: float) -> float:
    """Return the tension stress (Pa) of strip stretched by `stretch` (m) over `length` (m).

    Negative stretch is slack and gives zero. Speeds that differ by dv let it rise by
    HOT_MODULUS * dv / length each second.
    """
    require(length > 0.0, "the distance between two stands must be positive")
    return HOT_MODULUS / length * fmax(stretch, 0.0)


@inline
def slip(sticking: float, share: float, back: float, front: float) -> float:
    """Return the forward slip as a fraction of roll speed.

    Args:
        sticking: forward slip of sticking friction (Sims).
        share: what real friction leaves of it, 0.6 to 0.8.
        back: tension stress before the stand (Pa).
        front: behind it (Pa).
    """
    return share * sticking + SLIP_PER_TENSION * (front - back)


@inline
def stored(
    length: float, fed: float, taken: float, tension: float, damping: float, seconds: float
) -> float:
    """Return the strip length beyond the distance of the stands after a step (m).

    Implicit in the tension: a step far longer than the tension's own time stays stable, and a
    balance of speeds is met exactly.

    Args:
        length: stored before (m).
        fed: speed at which the stand before delivers (m/s).
        taken: speed at which the stand behind takes in (m/s).
        tension: stress before the step (Pa); slack strip is not damped.
        damping: rate of self-regulation (1/s), from `damping`.
        seconds: the step.
    """
    rate = where(tension > 0.0, damping, 0.0)
    return length + seconds * (fed - taken) / (1.0 + seconds * rate)


@inline
def damping(length: float, speeds: float) -> float:
    """Return the rate (1/s) at which slip undoes a change of tension.

    Args:
        length: distance of the stands (m).
        speeds: roll speed before plus intake speed behind (m/s): both slips answer.
    """
    return GAUGE_SHARE * HOT_MODULUS * SLIP_PER_TENSION * speeds / length
