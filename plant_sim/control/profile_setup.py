"""Level 2's preset of roll shift and bending, and level 1's two loops on them.

Level 2 believes the crown of a stand to be linear in roll force, bending and roll crown, with warm
rolls of a typical thermal crown. It keeps the crown ratio constant from stand to stand, by the roll
shift first and by bending from its middle for the rest. Level 1 holds the crown when the force
moves, and corrects the last stand's bending by the flatness it sees. Coefficients are those of
the trade and of the data sheet, not the plant's.
"""

from ..engine.numbers import fmax, fmin, inline, where

FORCE_CROWN = 9.5e-12  # m/N: believed strip crown per roll force at the reference width [M 3.9]
BENDING_CROWN = 65e-12  # m/N: believed strip crown per bending force of a chock [M 3.9]
ROLL_CROWN = 0.45  # 1: believed strip crown per roll crown on diameter [M 3.9]
BELIEVED_HEREDITY = (0.30, 0.40, 0.50, 0.60, 0.70, 0.80, 0.90)  # 1: believed, F1..F7 [M 3.9]
FLATNESS_GAIN = 0.09  # 1: believed share of a change of the last gap's crown that shows [M 3.9]
# m: believed thermal crown of warm rolls on diameter, F1..F7 [M 3.8]
WARM_CROWN = (190e-6, 190e-6, 180e-6, 170e-6, 150e-6, 130e-6, 110e-6)
REFERENCE_WIDTH = 1.25  # m: strip width of the three coefficients [M 3.9]
BAR_CROWN_RATIO = 0.010  # 1: believed crown ratio of a bar [M 3.9]
# 1: how far the crown ratio shall have come from the bar's to the strip's, F1..F7 [T]
RATIO_PATH = (0.4, 0.7, 0.9, 1.0, 1.0, 1.0, 1.0)
CROWN_RATIO_AIM = 0.016  # 1: strip crown aim over gauge aim [M 3.9]
LEAST_CROWN, MOST_CROWN = 30e-6, 65e-6  # m: limits of the crown aim [M 3.9]
MIDDLE_BENDING = 0.6e6  # N: bending force in the middle of its range [M 3.9]
MOST_BENDING = 1.2e6  # N: bending force of a chock, data sheet [M 3.9]
MOST_SHIFT = 0.15  # m: roll shift either way, data sheet [M 3.9]
SHIFT_CROWN = 0.5e-3 / 0.15  # 1: equivalent roll crown (m) per shift (m), data sheet [M 3.9]
CROWN_LEARNING = 0.5  # 1: of the mean crown error, per coil [T]
FLATNESS_INTEGRAL = 0.15  # 1: of the flatness error taken back in an interval [T]


@inline
def crown_aim(gauge: float) -> float:
    """Return the strip crown (m) to aim at for a gauge aim (m)."""
    return fmin(fmax(CROWN_RATIO_AIM * gauge, LEAST_CROWN), MOST_CROWN)


@inline
def needed_crown(
    aim: float, entry_crown: float, entry: float, exit: float, heredity: float
) -> float:
    """Return the crown (m) the gap must have for strip crown `aim` (m); entry and exit in m."""
    return (aim - heredity * exit / entry * entry_crown) / (1.0 - heredity)


@inline
def preset(needed: float, force: float, warm: float, width: float) -> tuple[float, float, float]:
    """Return shift (m), bending (N) and the gap crown (m) they are believed to give.

    Args:
        needed: crown of the gap (m).
        force: expected roll force (N).
        warm: believed roll crown on diameter without shift (m).
        width: strip width (m).
    """
    seen = width * width / (REFERENCE_WIDTH * REFERENCE_WIDTH)
    free = FORCE_CROWN * force - ROLL_CROWN * warm  # without shift and bending
    roll = (free - BENDING_CROWN * MIDDLE_BENDING - needed / seen) / ROLL_CROWN
    shift = fmin(fmax(roll / SHIFT_CROWN, -MOST_SHIFT), MOST_SHIFT)
    free = free - ROLL_CROWN * SHIFT_CROWN * shift
    bending = fmin(fmax((free - needed / seen) / BENDING_CROWN, 0.0), MOST_BENDING)
    return shift, bending, (free - BENDING_CROWN * bending) * seen


@inline
def force_following(force: float, expected: float) -> float:
    """Return the bending (N) that holds the gap's crown when the force (N) is not the expected."""
    return FORCE_CROWN / BENDING_CROWN * (force - expected)


@inline
def next_trim(trim: float, flatness: float, aim: float, gauge: float, width: float) -> float:
    """Return the bending trim (N) of the last stand an interval later.

    Args:
        trim: now (N).
        flatness: seen, I-units, positive for long edges.
        aim: I-units.
        gauge: strip thickness (m).
        width: strip width (m).
    """
    seen = width * width / (REFERENCE_WIDTH * REFERENCE_WIDTH)
    step = FLATNESS_INTEGRAL * (flatness - aim) * 1e-5 * gauge
    moved = trim + step / (FLATNESS_GAIN * BENDING_CROWN * seen)
    return fmin(fmax(moved, -MIDDLE_BENDING), MIDDLE_BENDING)


@inline
def next_crown_correction(correction: float, total: float, count: float, aim: float) -> float:
    """Return level 2's crown correction (m) for the next coil.

    Args:
        correction: of this coil (m), added to the aim.
        total: sum of the crowns seen (m).
        count: how many were seen; below 10 nothing is learned.
        aim: m.
    """
    off = total / fmax(count, 1.0) - aim
    moved = correction - where(count > 9.5, CROWN_LEARNING * off, 0.0)
    return fmin(fmax(moved, -60e-6), 60e-6)
