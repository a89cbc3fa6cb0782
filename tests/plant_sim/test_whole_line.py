"""From slab to coil: what furnaces and rougher do to the strip, and what the line answers."""

import numpy as np
import pytest

from passline.plant_sim.economics import SCRAPPED
from passline.plant_sim.lines.hot_strip import furnace_rows as F  # noqa: N812
from passline.plant_sim.lines.hot_strip import rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS
from passline.plant_sim.lines.hot_strip.furnace_rows import SIZE as FURNACE
from passline.plant_sim.lines.hot_strip.lanes import HotStripLanes
from passline.plant_sim.lines.hot_strip.layout import TABLE
from passline.plant_sim.lines.hot_strip.runout_rows import TRUE_CT

WARM = 900  # intervals: the third bar is being rolled


@pytest.fixture(scope="module")
def warm():
    lanes = HotStripLanes([4])
    lanes.advance(WARM)
    return lanes.lane(0)


def values(lanes):
    """Return what is shown, and true temperatures, by name."""
    shown = dict(zip(lanes.signals, lanes.read()[0], strict=True))
    return shown | {"ct": lanes.row(TABLE + TRUE_CT)[0], "fdt": lanes.row(R.TRUE_FDT)[0]}


@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_moves_something(warm, name):
    control = CONTROLS[name]
    ends = {control.low, control.high} - {control.start}
    wanted = {1.0} if name == "rot.bank_out" else ends  # one end may lie behind a limit of level 1
    lines = [HotStripLanes.spread(warm, 1) for _ in range(1 + len(wanted))]
    for line, value in zip(lines[1:], wanted, strict=True):
        line.write(name, value)
    for _ in range(90):  # a zone set-point on its way up hides a trim for some minutes
        for line in lines:
            line.advance(40)
        held = values(lines[0])
        for moved in map(values, lines[1:]):
            if any(held[key] != moved[key] for key in held if key != name):
                return
    pytest.fail(f"{name} at {wanted} moved nothing in half an hour")


def test_a_line_goes_on_from_a_spread_state_as_it_would_have(warm):
    spread = HotStripLanes.spread(warm, 2)
    other = HotStripLanes([0, 1])
    saved = spread.save()
    spread.advance(400)
    other.restore(saved)
    other.advance(400)
    for part in ("rows", "furnaces", "rougher"):
        first = getattr(spread.lane(0), part)
        np.testing.assert_array_equal(first, getattr(spread.lane(1), part))
        np.testing.assert_array_equal(first, getattr(other.lane(1), part))


def test_the_steel_of_a_bar_is_the_steel_of_its_coil(warm):
    lanes = HotStripLanes.spread(warm, 1)
    compared, before = 0, 1.0
    for _ in range(2000):
        lanes.advance(1)
        if before > 0.5 and lanes.row(R.ACTIVE)[0] < 0.5:
            assert lanes.row(R.ROLLED)[0] == pytest.approx(lanes.row(R.MASS)[0], rel=0.02)
            compared += 1
        before = lanes.row(R.ACTIVE)[0]
    assert compared >= 4


def test_a_stop_of_charging_empties_the_mill_and_running_again_fills_it(warm):
    lanes = HotStripLanes.spread(warm, 1)
    lanes.write("line.request", 1.0)
    lanes.advance(800)
    taken = lanes.row(R.NEXT_SLAB)[0]
    lanes.advance(600)
    assert lanes.row(R.NEXT_SLAB)[0] == taken
    assert lanes.row(R.ACTIVE)[0] == 0.0
    assert lanes.samples(0)["line.state"].value == 1.0  # waiting for a slab
    lanes.write("line.request", 0.0)
    lanes.advance(600)
    assert lanes.row(R.NEXT_SLAB)[0] > taken


@pytest.mark.parametrize("bar", [0.05, 0.5, 0.95])
def test_a_roll_change_waits_until_the_bars_under_way_are_rolled(warm, bar):
    lanes = HotStripLanes.spread(warm, 1)
    while lanes.row(R.ACTIVE)[0] < 0.5 or lanes.row(R.BAR_DONE)[0] < bar * lanes.row(R.BAR)[0]:
        lanes.advance(1)
    worn, coils = lanes.row(R.DELAY)[0], lanes.finished_counts()[0]
    lanes.write("line.request", 2.0)
    lanes.advance(1200)
    assert lanes.row(R.REQUEST)[0] == 0.0
    assert lanes.row(R.DELAY)[0] >= worn + 600.0
    assert lanes.samples(0)["line.state"].value == 3.0  # rolls are being changed
    lanes.advance(3000)
    assert lanes.finished_counts()[0] >= coils + 3
    assert not [coil for coil in lanes.finished(0) if coil.event or coil.harm > 0.0]


def test_a_bar_that_a_cobble_let_grow_cold_is_taken_off_and_paid_for(warm):
    lanes = HotStripLanes.spread(warm, 1)
    while lanes.row(R.ACTIVE)[0] < 0.5 or lanes.row(R.BAR_DONE)[0] < 0.5 * lanes.row(R.BAR)[0]:
        lanes.advance(1)
    number = int(lanes.row(R.COIL)[0])
    lanes.set_row(R.EVENT, 1.0)
    lanes.advance(4000)
    rolled = {coil.number: coil for coil in lanes.finished(0)}
    assert rolled[number].event == 1
    assert not [coil for coil in rolled.values() if coil.event and coil.number != number]
    missing = set(range(1, max(rolled) + 1)) - set(rolled)
    assert missing
    scrap = sum(coil.downgrade for coil in rolled.values()) / SCRAPPED
    assert scrap > 15000.0 * len(missing)


def test_a_trip_scraps_the_rest_of_the_coil_and_the_line_starts_again(warm):
    lanes = HotStripLanes.spread(warm, 1)
    while lanes.row(R.ACTIVE)[0] < 0.5 or lanes.row(R.COIL_TIME)[0] < 20.0:
        lanes.advance(1)
    assert lanes.samples(0)["line.state"].value == 2.0  # rolling
    number = int(lanes.row(R.COIL)[0])
    lanes.set_row(R.EVENT, 3.0)
    lanes.advance(2)
    assert lanes.row(R.ACTIVE)[0] == 0.0
    assert lanes.row(R.SCRAP)[0] > 1000.0
    assert lanes.samples(0)["line.state"].value == 0.0  # stopped
    lanes.advance(1600)
    coil = lanes.finished(0)[number - 1]
    assert (coil.number, coil.event) == (number, 3)
    assert coil.harm >= 200.0
    assert lanes.row(R.COIL)[0] > number


def test_a_campaign_begins_with_full_furnaces_and_its_book_ends_without_a_stop():
    lanes = HotStripLanes([0, 1], book="coffin-60")
    for lane in range(2):
        furnaces = lanes.lane(lane).furnaces.reshape(-1, FURNACE)
        for furnace in furnaces:
            assert furnace[F.INSIDE] >= 34.0
    while lanes.finished_counts().min() < 64:
        lanes.advance(1000)
    for lane in range(2):
        late = [coil.seconds for coil in lanes.finished(lane)[55:64]]
        assert max(late) < 300.0


def test_sixty_coils_without_anybody_end_without_a_cobble():
    lanes = HotStripLanes(list(range(4)))
    while lanes.finished_counts().min() < 60:
        lanes.advance(1000)
    coils = [coil for lane in range(lanes.n) for coil in lanes.finished(lane)]
    assert not [coil for coil in coils if coil.event]
    assert np.mean([coil.seconds for coil in coils]) < 200.0


def test_the_furnaces_burn_what_a_tonne_of_steel_needs():
    lanes = HotStripLanes([1, 2])
    lanes.advance(8000)
    per_tonne = lanes.total(R.FUEL) / lanes.total(R.ROLLED)
    assert np.all((per_tonne > 0.9e6) & (per_tonne < 2.2e6))  # J/kg
