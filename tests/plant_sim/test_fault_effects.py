"""A fault moves what it says it moves, and is silent where it says it is."""

from fnmatch import fnmatch

import numpy as np
import pytest

from passline.plant_sim.lines.hot_strip.lanes import HotStripLanes
from passline.plant_sim.scenarios.faults import FAULTS, FOREVER, ORDERED
from passline.plant_sim.scenarios.registry import Scenario

# The kinds that the line feels; it grows with the line.
FELT = (
    "fdt_pyrometer", "ct_pyrometer", "thickness_gauge", "load_cell", "modulus_error",
    "eccentricity", "hgc_leak", "drive_limit", "bank_shut", "water_pressure", "water_warm",
    "wrong_grade", "skid", "cold_head",
)  # fmt: skip
LINES, COILS, ONSET = 8, 8, 3


def sick(kind):
    """Return the nominal day with this one fault of middle size from the third coil on."""
    row = FAULTS[kind]
    middle = sum(row.places) // 2

    def writes(day):
        size, ramp = 0.5 * (row.low + row.high), 0.5 * sum(row.ramp)
        day.faults[kind] = (float(ONSET), FOREVER, size, ramp, float(middle))

    return Scenario(kind, "faults", row.tags, row.english, row.korean, writes)


def played(scenario):
    """Return finished coils by line, and what was shown by the second."""
    lanes = HotStripLanes(list(range(LINES)), scenario)
    shown = []
    while lanes.finished_counts().min() < COILS:
        lanes.advance(40)
        shown.append(lanes.read())
    return [lanes.finished(lane)[:COILS] for lane in range(LINES)], np.array(shown)


@pytest.fixture(scope="module")
def sound():
    return played("nominal")


@pytest.fixture(scope="module", params=FELT)
def fault(request):
    return FAULTS[request.param], *played(sick(request.param))


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
    names = list(HotStripLanes.signals)
    count = min(len(shown), len(sound[1]))
    shown, before = shown[:count], sound[1][:count]
    number = names.index("coil.number")
    early = (shown[:, :, number] < ONSET) & (before[:, :, number] < ONSET)
    np.testing.assert_array_equal(shown[early], before[early])
    for place, name in enumerate(names):
        if name in ORDERED:  # of a coil, whenever it is rolled
            pairs = ({(lane, one[lane, number], one[lane, place]) for one in run
                      for lane in range(LINES)} for run in (shown, before))  # fmt: skip
            told, ordered = pairs
            last = min(shown[-1, :, number].min(), before[-1, :, number].min())
            assert {key for key in told if key[1] < last} == {k for k in ordered if k[1] < last}
        elif any(fnmatch(name, pattern) for pattern in row.hidden):
            np.testing.assert_array_equal(shown[:, :, place], before[:, :, place], name)
