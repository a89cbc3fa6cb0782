"""A fault moves what it says it moves, and is silent where it says it is."""

from fnmatch import fnmatch
from functools import cache

import numpy as np
import pytest

from passline.plant_sim.lines.hot_strip.lanes import HotStripLanes
from passline.plant_sim.scenarios.faults import FAULTS, FOREVER, ORDERED
from passline.plant_sim.scenarios.registry import Scenario

# What works through the furnace is followed over more coils: a slab is inside for hours.
FELT = [
    pytest.param(kind, marks=[pytest.mark.slow] if "furnace" in row.tags else [])
    for kind, row in FAULTS.items()
]
OF_THE_SLAB = ("wrong_grade", "cold_head", "late_discharge")
LINES, COILS, LONG, ONSET = 16, 10, 40, 3


def sick(kind):
    """Return the nominal day with this one fault of middle size from the third coil on."""
    row = FAULTS[kind]
    middle = sum(row.places) // 2

    def writes(day):
        size, ramp = 0.5 * (row.low + row.high), 0.5 * sum(row.ramp)
        day.faults[kind] = (float(ONSET), FOREVER, size, ramp, float(middle))

    return Scenario(kind, "faults", row.tags, row.english, row.korean, writes)


def played(scenario, count):
    """Return finished coils by line, and what was shown now and then."""
    lanes = HotStripLanes(list(range(LINES)), scenario)
    shown = []
    while lanes.finished_counts().min() < count:
        lanes.advance(40)
        shown.append(lanes.read())
    return [lanes.finished(lane)[:count] for lane in range(LINES)], np.array(shown)


@cache
def sound_line(count):
    return played("nominal", count)


@pytest.fixture(scope="module", params=FELT)
def fault(request):
    row = FAULTS[request.param]
    return row, *played(sick(request.param), LONG if "furnace" in row.tags else COILS)


@pytest.fixture
def sound(fault):
    return sound_line(len(fault[1][0]))


def test_a_fault_moves_at_least_what_it_declares_and_a_silent_one_little(sound, fault):
    row, coils, _ = fault
    pairs = [
        (after, before)
        for with_it, without in zip(coils, sound[0], strict=True)
        for after, before in zip(with_it[ONSET - 1 :], without[ONSET - 1 :], strict=True)
    ]
    for kpi, least in row.moves:
        moved = np.mean([getattr(after, kpi) - getattr(before, kpi) for after, before in pairs])
        assert moved * np.sign(least) >= abs(least), f"{row.name} moves {kpi} by {moved:.4f}"
    if not row.moves:
        dearer = np.mean([after.cost - before.cost for after, before in pairs])
        assert abs(dearer) < 10.0, f"{row.name} costs {dearer:.1f} EUR a coil"


def test_a_fault_does_not_show_where_it_is_hidden_nor_before_it_begins(sound, fault):
    row, _, shown = fault
    names = list(HotStripLanes([0]).signals)
    count = min(len(shown), len(sound[1]))
    shown, before = shown[:count], sound[1][:count]
    number = names.index("coil.number")
    early = (shown[:, :, number] < ONSET) & (before[:, :, number] < ONSET)
    # a slab with a fault is in the rougher while the mill rolls the one before it
    mill = [n for n, name in enumerate(names) if name.startswith(("coil.", "fm.", "rot."))]
    felt = mill if row.name in OF_THE_SLAB else list(range(len(names)))
    np.testing.assert_array_equal(shown[early][:, felt], before[early][:, felt])
    for place, name in enumerate(names):
        if name in ORDERED:  # of a coil, whenever it is rolled
            pairs = ({(lane, one[lane, number], one[lane, place]) for one in run
                      for lane in range(LINES)} for run in (shown, before))  # fmt: skip
            told, ordered = pairs
            last = min(shown[-1, :, number].min(), before[-1, :, number].min())
            assert {key for key in told if key[1] < last} == {k for k in ordered if k[1] < last}
        elif any(fnmatch(name, pattern) for pattern in row.hidden):
            np.testing.assert_array_equal(shown[:, :, place], before[:, :, place], name)
