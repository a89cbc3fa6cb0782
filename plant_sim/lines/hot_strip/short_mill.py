"""What a mill of five or six stands makes of a day that was drawn for seven.

Each stand takes at most the strain for which the flow stress is known, so fewer stands roll a bar
less far: it comes thinner from the rougher, and strip thinner than that allows is not sold. A fault
of a stand that is not there is one of the first stand that is.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from math import exp

import numpy as np

from ...controls import Control
from ...errors import ConfigError
from ...scenarios.faults import FAULTS, PLACE
from ...scenarios.fields import BAR_GAUGE, GAUGE
from ...scenarios.orders import Book
from ...scenarios.plan import Plan
from .control_table import CONTROLS
from .parameters import STANDS
from .signal_table import stands_there

# 1: most logarithmic reduction from bar to strip, of six and of five stands: the first one then has
# 0.68 of strain; Shida's formula holds to 0.7, and gaps are off their zero [C 3.1]
MOST_OF_SIX, MOST_OF_FIVE = 2.70, 2.45
THINNEST_BAR = 28e-3  # m: a thinner bar is longer than the table before the mill [C 3.11]


def most_reduction(absent: int) -> float:
    """Return the most logarithmic reduction (1) of a mill with so many stands less than seven."""
    return (float("inf"), MOST_OF_SIX, MOST_OF_FIVE)[absent]


def thinnest_strip(absent: int) -> float:
    """Return the thinnest strip (m) that a mill with so many stands less than seven rolls.

    >>> [round(1e3 * thinnest_strip(absent), 2) for absent in (0, 1, 2)]
    [0.0, 1.88, 2.42]
    """
    return THINNEST_BAR * exp(-most_reduction(absent))


def check_book(book: Book, absent: int) -> None:
    """Refuse an order book with strip that is too thin for the mill.

    Raises:
        ConfigError: the orders and the limit.
    """
    thinnest = thinnest_strip(absent)
    thin = np.flatnonzero(book.orders[:, GAUGE] < thinnest - 1e-9) + 1
    if thin.size:
        told = ", ".join(str(n) for n in thin[:8]) + (", ..." if thin.size > 8 else "")
        raise ConfigError(
            f"order book {book.name}: coils {told} are thinner than the {1e3 * thinnest:.2f} mm "
            f"that {STANDS - absent} stands roll; order thicker strip or take a mill of more stands"
        )


def fitted(day: Plan, absent: int) -> Plan:
    """Return the day as a mill with so many stands less than seven has it."""
    if absent == 0:
        return day
    orders, faults = day.orders.copy(), day.faults.copy()
    orders[:, GAUGE] = np.maximum(orders[:, GAUGE], thinnest_strip(absent))
    thickest = orders[:, GAUGE] * exp(most_reduction(absent))
    orders[:, BAR_GAUGE] = np.minimum(orders[:, BAR_GAUGE], thickest)
    for kind in FAULTS.values():
        place = faults[kind.index, PLACE]
        if kind.place in ("stand", "gap") and place > 0.0:
            faults[kind.index, PLACE] = max(place, absent + 1.0)
    for array in (orders, faults):
        array.flags.writeable = False
    return replace(day, orders=orders, faults=faults)


@cache
def controls_of(absent: int) -> Mapping[str, Control]:
    """Return the controls of a mill with so many stands less than seven: they need those it has."""
    if absent == 0:
        return CONTROLS
    return {
        name: replace(control, needs=tuple(n for n in control.needs if stands_there(n, absent)))
        for name, control in CONTROLS.items()
    }
