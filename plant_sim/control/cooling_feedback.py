"""Feedback of the coiling temperature on the trim banks, and what a coil teaches about the banks.

Between a trim bank and the coiling pyrometer lie the valve and several seconds of strip. A Smith
predictor takes that dead time out of the loop: the controller sees the error as it will be once
what it has already done arrives. Its one parameter is the time constant of the closed loop, long
enough that twice the believed dead time stays stable.
"""

from ..engine.numbers import fmax, fmin, inline

LOOP = 6.0  # s: time constant of the closed loop, above the error of the dead time [C 6.5]
VALVE_BELIEF = 1.75  # s: believed dead time of a header valve, 0.8 to 2.5 s [M 4.2]
MOST_ERROR = 60.0  # K: an error beyond this is taken as this [M]
MOST_TRIM = 1.0  # 1: banks the feedback may add or take, half the trim banks [M 4.2]
HAND_OVER, MOST_SHIFT = 40.0, 2.0  # s, 1: the main banks take over from the trim banks, banks [T]
MIDDLE_SHARE = 0.15  # 1: of the middle pyrometer's error taken an interval, when listened to [T]
COIL_LEARNING, SHORT_LEARNING = 0.35, 0.5  # 1: of a coil's mean feedback; share forgotten [M 6.5]


@inline
def predicted_error(seen: float, trim: float, trim_at_pyrometer: float, drop: float) -> float:
    """Return the error (K) that will be seen when all that was done has arrived.

    Args:
        seen: coiling temperature minus aim as shown now (K).
        trim: banks the feedback adds now.
        trim_at_pyrometer: banks it added when the strip now seen was under the trim banks.
        drop: believed drop of a bank (K).
    """
    return fmin(fmax(seen, -MOST_ERROR), MOST_ERROR) - drop * (trim - trim_at_pyrometer)


@inline
def trimmed(trim: float, error: float, drop: float, seconds: float) -> float:
    """Return the banks that the feedback adds after `seconds` more of a predicted error (K)."""
    moved = trim + seconds / LOOP * error / fmax(drop, 1.0)
    return fmin(fmax(moved, -MOST_TRIM), MOST_TRIM)


@inline
def shifted(shift: float, trim: float, seconds: float) -> float:
    """Return the banks that the main banks take over, so that the trim banks come back."""
    return fmin(fmax(shift + seconds / HAND_OVER * trim, -MOST_SHIFT), MOST_SHIFT)


@inline
def learned_gain(gain: float, back: float, need: float) -> float:
    """Return the factor of the believed drop of a bank for the next coil.

    Args:
        gain: the factor so far.
        back: banks that feedback added over the coil, in the mean.
        need: banks the feed-forward asked for.
    """
    need = fmax(need, 1.0)
    moved = gain * (1.0 - COIL_LEARNING * back / fmax(need + back, 1.0))
    return fmin(fmax(moved, 0.5), 1.8)
