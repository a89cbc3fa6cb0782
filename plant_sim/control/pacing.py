"""Mill pacing: when the next slab must leave its furnace so that nobody waits and nothing jams.

Level 2 adds up what the pieces on their way still need, at the mill and before it, on its own time
model; what it got wrong it learns as one factor for the rougher and one for the finishing mill.
All times in s. Pure functions; the queue itself is walked in `lines/hot_strip/rougher_pace.py`.
"""

from ..engine.numbers import fmax, fmin, inline, require, where

GAP = 12.0  # s: wished from a tail leaving the last stand to the next head at the first one [M]
LEAST_GAP, MOST_GAP = 8.0, 90.0  # s: limits of the wished gap, trim included [M]
TABLE_SPEED = 2.0  # m/s: believed mean speed from the furnace door to the stand [M]
DELIVERY_SPEED = 3.0  # m/s: believed mean speed of a bar on the delay table [M]
SWING = 8.0  # s: approach less last pass, when the slab may come close [C from both times]
NEVER = 1e9  # s: the answer while no slab can be asked for [M]
THREADING = 20.0  # s: believed to go by with strip in some of the stands only [C from distances]
LEARNING = 0.25  # 1: smoothing of the learned time factors [M 6.5]
LEAST_CORRECTION, MOST_CORRECTION = 0.5, 2.0  # 1: limits of the learned time factors [M]


@inline
def finishing_seconds(strip: float, speed: float) -> float:
    """Return the time from the first stand's bite to the tail leaving the last stand.

    Args:
        strip: length behind the last stand (m).
        speed: believed there (m/s), positive.

    Raises:
        ValidityError: if the speed is not positive.
    """
    require(speed > 0.0, "finishing needs a speed")
    return strip / speed + THREADING


@inline
def approach_seconds(distance: float) -> float:
    """Return the time believed from the furnace door to the stand; distance in m."""
    return distance / TABLE_SPEED


@inline
def delivery_seconds(table: float, length: float) -> float:
    """Return the time a bar is believed to travel on the delay table; its length and the bar, m."""
    return fmax(table - length, 0.0) / DELIVERY_SPEED


@inline
def wished_gap(trim: float) -> float:
    """Return the gap (s) pacing aims at with an operator's trim (s)."""
    return fmin(fmax(GAP + trim, LEAST_GAP), MOST_GAP)


@inline
def free_after(free: float, arrival: float, gap: float, finishing: float) -> float:
    """Return when the mill is free of a bar that arrives then; all in s from now."""
    return fmax(free + gap, arrival) + finishing


@inline
def seconds_to_ask(
    free: float, gap: float, lead: float, stand_free: float, approach: float
) -> float:
    """Return in how many seconds the next slab should leave its furnace; 0 or less means now.

    Args:
        free: until the finishing mill is free of everything on its way (s).
        gap: wished between tail and head (s).
        lead: from the furnace door to the finishing mill without waiting (s).
        stand_free: until the rougher is free (s).
        approach: from the furnace door to the rougher (s).
    """
    return fmax(free + gap - lead, stand_free - approach)


@inline
def learn_time(correction: float, believed: float, seen: float) -> float:
    """Return the time factor after something believed to take `believed` s (corrected) took `seen`.

    A believed time of 0 or less teaches nothing.
    """
    ratio = fmin(fmax(seen / fmax(believed, 1.0), 0.5), 2.0)
    moved = correction * (1.0 + LEARNING * (ratio - 1.0))
    moved = fmin(fmax(moved, LEAST_CORRECTION), MOST_CORRECTION)
    return where(believed > 0.0, moved, correction)
