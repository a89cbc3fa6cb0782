"""What was recorded is there: changes, signs of life, gaps and their reasons."""

import re
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from passline.connectors.addresses import OpcUaAddress
from passline.connectors.historian import (
    DamagedFileError,
    Historian,
    HistorianError,
    Mark,
    Retention,
    Rule,
    coils,
    events,
    held,
    query,
    retain_once,
    rules_of,
    verify,
)
from passline.connectors.historian.changes import Changes
from passline.connectors.historian.files import File, current, retain, scan
from passline.connectors.tags import Tag
from passline.plant_sim.signals import Quality, Sample

NAN = float("nan")
DEAD = 0x80310000  # BadNoCommunication


def sample(value, at, quality=Quality.GOOD, status=0):
    return Sample(value, quality, at, time.monotonic(), status)


@pytest.fixture
def historian(tmp_path):
    one = Historian(tmp_path, flush=1e6)
    yield one
    one.close()


def test_a_trace_has_changes_of_value_and_of_quality_between_two_plant_times(tmp_path):
    historian = Historian(tmp_path, flush=60.0)
    for at in range(10):
        historian.add({"fm.fdt": sample(1150.0 + at, at), "rot.bank_out": sample(0.0, at)})
    historian.flush()
    historian.add({"fm.fdt": sample(NAN, 10, Quality.BAD)})
    historian.add({"fm.fdt": sample(NAN, 11, Quality.BAD)})
    historian.close()
    found = query(tmp_path, ["fm.fdt", "rot.bank_out", "no.such"], 3.0)
    assert found["fm.fdt"].time.tolist() == [3, 4, 5, 6, 7, 8, 9, 10]
    assert found["fm.fdt"].value[:2].tolist() == [1153.0, 1154.0]
    assert np.isnan(found["fm.fdt"].value[-1])
    assert found["fm.fdt"].quality[-1] == Quality.BAD
    assert found["rot.bank_out"].time.tolist() == []  # unchanged since 0
    assert found["no.such"].time.tolist() == []


def test_an_empty_folder_answers_with_empty_traces(tmp_path):
    assert query(tmp_path, ["fm.fdt"])["fm.fdt"].time.tolist() == []
    assert held(tmp_path, ["fm.fdt"]) == {}
    assert coils(tmp_path) == events(tmp_path) == []


def test_a_bad_sample_is_a_gap_with_its_reason_and_never_a_zero(tmp_path, historian):
    for at, status in enumerate((0x80310000, 0x80310000, 0x808A0000)):
        historian.add({"f1.gap": sample(NAN, at, Quality.BAD, status)})
    historian.flush()
    trace = query(tmp_path, ["f1.gap"])["f1.gap"]
    assert np.isnan(trace.value).all()
    assert trace.status.tolist() == [0x80310000, 0x808A0000]  # the reason changed once


def test_a_value_that_creeps_is_stored_whenever_it_has_left_the_last_one_stored(tmp_path):
    rules = {"rot.water_temperature": Rule(resolution=0.1, deadband=0.5)}
    historian = Historian(tmp_path, flush=1e6, rules=rules)
    for n in range(100):  # 0.04 K a batch: never more than the dead-band from batch to batch
        historian.add({"rot.water_temperature": sample(293.0 + 0.04 * n, n)})
    historian.add({"rot.water_temperature": sample(296.96, 100, Quality.UNCERTAIN)})
    historian.close()
    trace = query(tmp_path, ["rot.water_temperature"])["rot.water_temperature"]
    steps = np.diff(trace.value[:-1])
    assert ((steps > 0.5) & (steps < 0.75)).all()
    assert trace.quality[-1] == Quality.UNCERTAIN  # a change of quality is always stored
    assert np.allclose(trace.value * 10, np.round(trace.value * 10))


def test_a_value_that_never_changes_is_stored_again_as_a_sign_of_life(tmp_path):
    changes = Changes({}, heartbeat=600.0)
    stored = []
    for second in range(1, 2000, 100):
        _, rows, _ = changes.take({"line.state": sample(2.0, second)}, second, second, 1)
        stored += [(second, Mark(row[-1])) for row in rows]
    assert stored == [
        (1, Mark.CHANGE),
        (601, Mark.REPEAT),
        (1201, Mark.REPEAT),
        (1801, Mark.REPEAT),
    ]


def test_a_replayed_sample_is_marked_and_does_not_pass_for_the_newest(tmp_path, historian):
    for at, value in ((1.0, 5.0), (2.0, 6.0), (1.5, 5.5), (3.0, 6.0)):
        historian.add({"f1.gap": sample(value, at)})
    historian.flush()
    trace = query(tmp_path, ["f1.gap"])["f1.gap"]
    assert trace.time.tolist() == [1.0, 1.5, 2.0]
    assert trace.mark.tolist() == [Mark.CHANGE, Mark.LATE, Mark.CHANGE]
    assert held(tmp_path, ["f1.gap"], 2.5)["f1.gap"].value == 6.0


def test_loss_and_return_of_a_plant_are_records_of_their_own(tmp_path, historian):
    alive = {"f1.gap": sample(1.0, 5.0), "f2.gap": sample(2.0, 5.0)}
    dead = dict.fromkeys(alive, sample(NAN, 5.0, Quality.BAD, DEAD))
    for batch in (dead, alive, alive, dead, dead):
        historian.add(batch)
    historian.add({name: sample(7.0, 0.5) for name in alive})  # a plant that began anew
    historian.close()
    told = [(event.kind, event.value) for event in events(tmp_path)][1:]
    assert told == [("birth", 2.0), ("death", 2.0), ("birth", 2.0), ("stop", 0.0)]
    assert query(tmp_path, ["f1.gap"])["f1.gap"].mark.tolist() == [0, 0, 0, 0]  # none late


def test_a_value_held_before_an_interruption_is_not_good_after_it(tmp_path):
    for session in range(2):
        historian = Historian(tmp_path, flush=1e6)
        historian.add({"rm.gap": sample(0.2, 10.0 + 100 * session)})
        historian.add({"fm.fdt": sample(1150.0 + session, 20.0 + 100 * session)})
        historian.close()
    during = held(tmp_path, ["rm.gap"], 15.0)["rm.gap"]
    between = held(tmp_path, ["rm.gap"], 60.0)["rm.gap"]
    assert (during.value, during.quality, during.time) == (0.2, Quality.GOOD, 10.0)
    assert (between.value, between.quality, between.time) == (0.2, Quality.UNCERTAIN, 10.0)
    assert between.status == 0x40900000
    known = held(tmp_path, ["rm.gap", "fm.fdt"])  # what a restart may show
    assert {one.quality for one in known.values()} == {Quality.UNCERTAIN}
    assert known["fm.fdt"].value == 1151.0
    assert "rm.gap" not in held(tmp_path, ["rm.gap"], 9.0)


def test_a_coil_is_found_by_its_recorded_number_alone(tmp_path, historian):
    for at in range(100):
        number, phase = 1 + at // 25, 0 if at % 25 > 19 else 2
        batch = {"coil.number": sample(number, at), "coil.phase": sample(phase, at)}
        historian.add({**batch, "f7.roll_force": sample(1e6 * at, at)})
    historian.flush()
    found = coils(tmp_path)
    assert [(coil.number, coil.start, coil.end, coil.finished) for coil in found] == [
        (1, 0, 20, True), (2, 25, 45, True), (3, 50, 70, True), (4, 75, 95, True),
    ]  # fmt: skip
    assert query(tmp_path, ["f7.roll_force"], coil=3)["f7.roll_force"].time.tolist() == list(
        range(50, 71)
    )
    with pytest.raises(HistorianError, match=r"coil 9 is not in the history .* it holds 1 to 4"):
        query(tmp_path, ["f7.roll_force"], coil=9)


def test_a_number_that_comes_again_in_a_new_campaign_means_the_last_coil(tmp_path, historian):
    for campaign in range(2):
        historian.add(
            {"coil.number": sample(1, 0.0), "fm.fdt": sample(1100.0 + campaign, 0.0)}
            if campaign == 0
            else {"coil.number": sample(2, 50.0), "fm.fdt": sample(1120.0, 50.0)}
        )
    historian.add(
        {"coil.number": sample(NAN, 50.0, Quality.BAD), "fm.fdt": sample(NAN, 50.0, Quality.BAD)}
    )
    historian.add({"coil.number": sample(1, 0.0), "fm.fdt": sample(1101.0, 0.0)})
    historian.flush()
    assert [coil.number for coil in coils(tmp_path)] == [1, 2, 1]
    assert query(tmp_path, ["fm.fdt"], coil=1)["fm.fdt"].value.tolist() == [1101.0]


def test_bulk_and_batches_store_the_same_rows(tmp_path):
    rng = np.random.default_rng(1)
    names = ["a.x", "b.y"]
    values = np.round(rng.normal(size=(300, 2)) * 3) / 2
    values[100:120, 1] = NAN
    rules = {"a.x": Rule(0.5, 0.9), "b.y": Rule(0.0)}
    bulk = Historian(tmp_path / "bulk", flush=1e6, rules=rules)
    single = Historian(tmp_path / "single", flush=1e6, rules=rules)
    bulk.add_many(names, np.arange(150.0), values[:150])
    bulk.add_many(names, np.arange(150.0, 300.0), values[150:])
    for at, row in enumerate(values.tolist()):
        single.add(dict(zip(names, (sample(value, at) for value in row), strict=True)))
    bulk.close()
    single.close()
    one, two = (query(tmp_path / way, names) for way in ("bulk", "single"))
    for name in names:
        for column in ("time", "value", "quality", "mark"):
            left, right = getattr(one[name], column), getattr(two[name], column)
            np.testing.assert_array_equal(left, right)
    with pytest.raises(HistorianError, match="must not fall"):
        bulk.add_many(names, [2.0, 1.0], values[:2])


def test_wall_time_finds_what_plant_time_cannot(tmp_path):
    historian = Historian(tmp_path, flush=1e6)
    historian.add_many(
        ["fm.fdt"], [1.0, 2.0, 3.0], [[1.0], [2.0], [3.0]], wall=[1e9, 1e9 + 60, 2e9]
    )
    historian.close()
    trace = query(tmp_path, ["fm.fdt"], wall_start=1e9 + 30, wall_end=1.5e9)["fm.fdt"]
    assert (trace.value.tolist(), trace.wall.tolist()) == ([2.0], [1e9 + 60])


def test_clocks_that_jump_are_recorded_and_cost_no_sample(tmp_path):
    changes = Changes({}, heartbeat=600.0)
    wall = time.time() - time.monotonic()
    changes.take({"f1.gap": sample(1.0, 1000.0)}, wall, 0.0, 1)
    _, rows, said = changes.take({"f1.gap": sample(2.0, 1000.5)}, wall + 3600.5, 0.5, 2)
    assert len(rows) == 1
    assert [(kind, round(value)) for _, kind, value, _ in said] == [("clock", 3600)]
    assert changes.leapt
    told = []
    for n in range(30):  # the plant clock is set back by ten minutes, for good
        mono = 1.0 + 0.5 * n
        sample_now = {"f1.gap": sample(float(n), 400.0 + 0.5 * n)}
        _, rows, said = changes.take(sample_now, wall + 3600 + mono, mono, 3 + n)
        assert len(rows) == 1
        told += [(kind, round(value, -2)) for _, kind, value, _ in said]
    assert told == [("clock", -600)]
    assert rows[0][-1] == Mark.CHANGE


def test_only_one_recorder_writes_a_folder(tmp_path, historian):
    with pytest.raises(HistorianError, match="another historian records into"):
        Historian(tmp_path)
    with pytest.raises(HistorianError, match="another historian records into"):
        retain_once(tmp_path, Retention(size=1))


def test_a_reader_is_never_held_up_by_the_disk(tmp_path, historian):
    with historian._writing:  # a disk that takes for ever to write
        reader = threading.Thread(target=historian.add, args=({"fm.fdt": sample(1.0, 1.0)},))
        reader.start()
        reader.join(10.0)
        assert not reader.is_alive()


def day_files(folder, days):
    for day in range(days):
        historian = Historian(folder, flush=1e6)
        wall = 86_400.0 * day + np.arange(100.0)
        historian.add_many(["fm.fdt"], 100.0 * day + np.arange(100.0), wall[:, None], wall=wall)
        historian._said.clear()  # the start is of today
        historian._walls[0] = wall[0]
        historian.flush()
        historian._note = lambda *_: None
        historian.close()


def test_retention_drops_whole_files_the_oldest_first_and_never_the_newest(tmp_path):
    day_files(tmp_path, 5)
    files = current(scan(tmp_path))
    assert len(files) == 5
    now = 4 * 86_400.0 + 100
    assert retain(tmp_path, Retention(age=2.5 * 86_400), now) == files[:2]
    assert query(tmp_path, ["fm.fdt"])["fm.fdt"].time[0] == 200.0
    assert retain_once(tmp_path, Retention(size=1)) == files[2:4]
    assert len(query(tmp_path, ["fm.fdt"])["fm.fdt"].time) == 100
    assert retain(tmp_path, Retention(age=1.0), now=1e12) == []


def test_a_file_of_a_wrong_year_does_not_keep_its_elders_alive(tmp_path):
    day_files(tmp_path, 2)
    historian = Historian(tmp_path, flush=1e6)
    historian._note = lambda *_: None
    historian.add_many(["fm.fdt"], [1e6], [[1.0]], wall=[4e9])
    historian.close()
    day_files(tmp_path, 1)
    files = current(scan(tmp_path))
    assert retain(tmp_path, Retention(age=3 * 86_400.0), now=4 * 86_400.0) == files[:1]


def test_verify_names_the_damaged_file_and_the_missing_one(tmp_path):
    for n in range(4):
        historian = Historian(tmp_path, flush=1e6)
        historian.add({"fm.fdt": sample(float(n), n)})
        historian.close()
    assert verify(tmp_path).damaged == verify(tmp_path).missing == ()
    files = [tmp_path / file.name for file in current(scan(tmp_path))]
    files[1].unlink()
    content = bytearray(files[2].read_bytes())
    content[4:200] = bytes(196)
    files[2].write_bytes(content)
    report = verify(tmp_path)
    assert [line.partition(":")[0] for line in report.damaged] == [files[2].name]
    assert report.missing == ("moments 4 to 6",)
    with pytest.raises(DamagedFileError, match=f"{files[2].name} cannot be read"):
        query(tmp_path, ["fm.fdt"])


def test_a_damaged_file_is_named_and_its_neighbours_are_merged_without_it(tmp_path, monkeypatch):
    monkeypatch.setattr("passline.connectors.historian.files.FAN", (2, 2, 2))
    damaged = tmp_path / File(1, 5, 0).name
    damaged.write_bytes(b"PAR1, and then the power went away")
    historian = Historian(tmp_path, flush=0.01)
    end = time.monotonic() + 60
    while not any(file.level > 1 for file in scan(tmp_path)) and time.monotonic() < end:
        historian.add({"fm.fdt": sample(time.monotonic(), time.monotonic())})
        time.sleep(0.005)
    problem = historian.state().problem
    historian.close()
    assert any(file.level > 1 for file in scan(tmp_path))
    assert f"{damaged.name} cannot be read" in problem
    damaged.rename(tmp_path / "damaged")
    trace = query(tmp_path, ["fm.fdt"])["fm.fdt"]
    assert len(trace.time) > 4
    assert (np.diff(trace.moment) == 1).all()


def test_one_bit_that_flips_on_the_disk_is_found(tmp_path, historian):
    for at in range(200):
        historian.add({"fm.fdt": sample(at**0.5, at)})
    historian.flush()
    (file,) = tmp_path.glob("samples-*.parquet")
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(content)
    assert len(verify(tmp_path).damaged) == 1


def test_the_sql_of_the_manual_reads_what_was_recorded(tmp_path):
    import duckdb

    manual = Path(__file__).parents[2] / "docs" / "historian.md"
    (statement,) = re.findall(r"```sql\n(.*?)```", manual.read_text(), re.DOTALL)
    historian = Historian(tmp_path, flush=1e6, rules={"fm.fdt": Rule(0.5)})
    for at in range(5):
        historian.add({"fm.fdt": sample(1150.2 + at, at), "fm.speed": sample(0.1 * at, at)})
    historian.close()
    with duckdb.connect() as db:
        rows = db.execute(statement.replace("runs/plant/history", str(tmp_path))).fetchall()
    assert [(at, value) for at, value, _ in rows] == [(at, 1150.0 + at) for at in range(5)]


def test_resolution_and_dead_band_of_the_tag_file_rule_what_is_stored(tmp_path):
    at = OpcUaAddress("urn:x", "s=x")
    tags = {
        "hot": Tag("hot", "degC", 0, 1200, opcua=at, resolution=0.5),
        "force": Tag("force", "kN", 0, 10, opcua=at, resolution=0.1, dead_band=1.0),
        "plain": Tag("plain", "1", 0, 1, opcua=at),
    }
    rules = rules_of(tags)
    assert rules == {"hot": Rule(0.5), "force": Rule(100.0, 1000.0)}  # SI: K, N
    one = Historian(tmp_path, flush=1e6, rules=rules)
    for second, force in enumerate((5000.0, 5900.0, 6120.0, 6900.0)):
        values = {"hot": 900.1 + 0.01 * second, "force": force, "plain": 0.1 * second}
        one.add({name: sample(value, float(second)) for name, value in values.items()})
    one.close()
    seen = query(tmp_path, list(tags))
    assert seen["hot"].value.tolist() == [900.0]
    assert seen["force"].value.tolist() == [5000.0, 6100.0]
    assert len(seen["plain"].value) == 4
