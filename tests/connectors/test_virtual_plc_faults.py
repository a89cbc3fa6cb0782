"""Faults of the wire, on a real PLC, through a real follower: never GOOD and stale."""

import asyncio
import contextlib
import uuid

import pytest

from passline.connectors import connect
from passline.connectors.errors import ConnectorError, LinkError, ProtocolError
from passline.connectors.letter import Outcome
from passline.connectors.mailbox import WireMailbox
from passline.connectors.modbus.client import ModbusClient
from passline.connectors.tagfile import load_tags, make_default
from passline.connectors.virtual_plc.driver import Driver
from passline.connectors.virtual_plc.faults import load_faults
from passline.connectors.virtual_plc.parity import Wires
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS
from passline.plant_sim.lines.hot_strip.signal_table import SIGNALS
from passline.plant_sim.signals import Quality

from .plc_process import PlcProcess, eventually

pytestmark = [pytest.mark.network, pytest.mark.timeout(400)]

# In this order, and in lock-step: each test moves plant time into its own fault.
FAULTS = """
- {at: 600, for: 10, fault: freeze}
- {at: 620, for: 10, fault: freeze, heartbeat: runs, tags: [rot.*, fm.fdt], protocol: opcua}
- {at: 640, for: 10, fault: quality, as: bad, tags: [fm.fdt]}
- {at: 640, for: 10, fault: quality, as: uncertain, tags: [fm.speed]}
- {at: 660, for: 10, fault: word-order}
- {at: 680, for: 10, fault: scale, by: 10, tags: [rot.coiling_temperature], protocol: modbus}
- {at: 700, for: 10, fault: clock-jump, by: -3600}
- {at: 720, for: 10, fault: exception, code: 6}
- {at: 740, for: 10, fault: exception, code: 4}
- {at: 760, for: 10, fault: slow, delay: 5.0, protocol: modbus}
- {at: 780, for: 10, fault: drop, protocol: modbus}
- {at: 800, for: 10, fault: refuse, protocol: modbus}
"""


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faulty")
    (folder / "faults.yaml").write_text(FAULTS)
    options = ("--lock-step", "--seed", "3", "--lease", "3600")
    plc = PlcProcess(folder, *options, "--wire-faults", str(folder / "faults.yaml")).start()
    yield plc
    assert plc.stop() == 0


@pytest.fixture
async def driver(faulty):
    async with Driver(faulty.tags) as driver:
        yield driver


@pytest.fixture
async def follower(faulty):
    with connect(faulty.tags) as follower:
        yield follower


async def move(driver, at):
    """Let plant time come to `at`."""
    now = await driver.read("Clock.Time")
    while now < at:
        now = await driver.advance(at - now)


async def until(condition, limit=30.0):
    return await asyncio.to_thread(eventually, condition, limit)


async def test_a_frozen_plc_turns_uncertain_and_then_bad(driver, follower):
    await move(driver, 599.5)
    assert await asyncio.to_thread(follower.wait_good, 30.0)
    await move(driver, 600.5)
    assert await until(lambda: not any(s.good for s in follower.samples().values()))
    assert await until(lambda: {s.quality for s in follower.samples().values()} == {Quality.BAD})
    await move(driver, 610.0)
    assert await until(lambda: follower.samples()["plc.time"].good)
    assert follower.samples()["plc.time"].value >= 610.0


async def test_what_is_stale_and_called_good_on_one_wire_is_taken_from_the_other(
    faulty, driver, follower
):
    """S24. A tag of one protocol alone stays GOOD: only a residual can tell, never the wire."""
    await move(driver, 619.5)
    async with Wires(load_tags(faulty.tags), faulty.pki) as wires:
        before = await wires.opcua()
        await move(driver, 629.0)
        stale, fresh = await wires.opcua(), await wires.modbus()
    both = [name for name in fresh if name.startswith("rot.") and fresh[name] == fresh[name]]
    for name in (*both, "fm.fdt"):
        assert (stale[name].value, stale[name].quality) == (
            before[name].value, before[name].quality,
        )  # fmt: skip
    moved = [n for n in both if fresh[n] != pytest.approx(stale[n].value, rel=1e-6)]
    assert "rot.coiling_temperature" in moved or len(moved) > 1
    assert stale["plc.time"].value == 629.0
    assert await until(lambda: follower.samples()["plc.time"].value == 629.0)
    unit = {name: follower.tagfile.tags[name].sample(fresh[name], Quality.GOOD, 0, 0).value
            for name in moved}  # fmt: skip

    def seen():
        return {name: follower.samples()[name].value for name in moved}

    assert await until(lambda: seen() == pytest.approx(unit)), seen()
    assert follower.samples()["fm.fdt"].good


async def test_the_quality_of_the_plc_is_the_followers(driver, follower):
    await move(driver, 640.5)
    assert await until(lambda: follower.samples()["fm.speed"].quality is Quality.UNCERTAIN)
    assert follower.samples()["fm.fdt"].quality is Quality.BAD
    assert follower.samples()["plc.time"].good
    await move(driver, 650.0)
    assert await until(lambda: follower.samples()["fm.speed"].good)


async def test_swapped_words_are_not_believed(faulty, driver, follower):
    """S25. What is above 0 falls out of its range; the order mark tells of the rest."""
    await move(driver, 659.5)
    async with Wires(load_tags(faulty.tags), faulty.pki) as wires:
        place = wires.tagfile.mailbox.echo_register + 120
        assert await wires.client.read("input", place, 2) == bytes([1, 2, 3, 4])
        right = await wires.modbus()
        await move(driver, 660.5)
        assert await wires.client.read("input", place, 2) == bytes([3, 4, 1, 2])
        wrong = await wires.modbus()
    tags = follower.tagfile.tags
    words = {name: tags[name].modbus.words for name in right}
    above = [n for n, v in right.items() if tags[n].low > 0 and v == v and words[n] > 1]
    for name in above:
        assert not tags[name].sample(wrong[name], Quality.GOOD, 0.0, 0.0).good
    # The other protocol stands in wherever Modbus is not GOOD, so what is shown is right.
    assert await until(lambda: follower.samples()["plc.time"].value == 660.5)
    assert all(follower.samples()[name].value >= 0 for name in above)
    await move(driver, 670.0)


async def test_ten_times_too_much_is_out_of_range_and_taken_from_the_other_wire(driver, follower):
    """S25, the other half."""
    await move(driver, 679.5)
    assert await asyncio.to_thread(follower.wait_good, 30.0)
    tag = follower.tagfile.tags["rot.coiling_temperature"]
    await move(driver, 680.5)
    assert await until(lambda: follower.samples()["plc.time"].value == 680.5)
    sample = follower.samples()[tag.name]
    assert not sample.good or sample.value < 1500.0  # K; ten times 600 degC would be 6273


async def test_a_jump_of_the_plants_clock_is_seen_and_makes_nothing_stale(driver, follower):
    await move(driver, 699.5)
    assert await asyncio.to_thread(follower.wait_good, 30.0)
    await move(driver, 700.5)
    assert await until(lambda: follower.samples()["plc.time"].value == pytest.approx(-2899.5))
    assert follower.samples()["plc.heartbeat"].good  # age is counted from the heartbeat's coming
    await move(driver, 710.0)
    assert await until(lambda: follower.samples()["plc.time"].value == 710.0)


@pytest.mark.parametrize(("at", "code"), [(720.5, 6), (740.5, 4)], ids=["busy", "failure"])
async def test_a_modbus_exception_is_not_a_value(faulty, driver, follower, at, code):
    await move(driver, at - 1.0)
    assert await asyncio.to_thread(follower.wait_good, 30.0)
    await move(driver, at)
    device = follower.tagfile.modbus
    client = await ModbusClient.open(device.host, device.port, device.unit)
    with pytest.raises(ProtocolError) as refused:
        await client.read("input", 0, 1)
    assert refused.value.code == code
    await client.close()
    only_modbus = follower._connectors["modbus"]
    assert await until(lambda: not any(s.good for s in only_modbus.samples().values()))
    assert follower.samples()["plc.heartbeat"].good  # OPC UA stands in
    await move(driver, at + 9.5)
    assert await asyncio.to_thread(follower.wait_good, 30.0)


@pytest.mark.parametrize("at", [760.5, 780.0, 800.5], ids=["slow", "drop", "refuse"])
async def test_slow_dropped_and_refused_connections_turn_bad_and_come_back(driver, follower, at):
    await move(driver, at - 1.0)
    assert await asyncio.to_thread(follower.wait_good, 30.0)
    only_modbus = follower._connectors["modbus"]
    batches = []
    only_modbus.subscribe(lambda batch: batches.append(None))
    before = only_modbus.health().reconnects
    await move(driver, at)
    if at == 780.0:  # a moment only: what tells of it is the next connection
        assert await until(lambda: only_modbus.health().reconnects > before)
    else:
        assert await until(
            lambda: {s.quality for s in only_modbus.samples().values()} == {Quality.BAD}
        )
        assert only_modbus.health().state != "up"
        assert only_modbus.health().error
    await move(driver, at + 9.5)
    assert await asyncio.to_thread(follower.wait_good, 60.0)


# --- a restart without memory --------------------------------------------------------------------


@pytest.mark.slow
async def test_a_plc_that_forgets_comes_up_local_and_says_that_its_memory_is_another(tmp_path):
    """A cheap PLC. That it does not know an id means nothing then: no gate may go on by a void."""
    (tmp_path / "faults.yaml").write_text("- {at: 60, for: 30, fault: restart}\n")
    plc = PlcProcess(
        tmp_path, "--speed", "0", "--seed", "3", "--lease", "3600",
        "--wire-faults", str(tmp_path / "faults.yaml"),
    ).start()  # fmt: skip
    tags = load_tags(plc.tags)
    box = WireMailbox(tags, plc.pki, wait=20.0)
    try:
        one = uuid.uuid4().hex
        async with Driver(plc.tags) as driver:
            assert (await box.send(one, "fm.spray_trim", 0.1)).outcome is Outcome.APPLIED
            memory = await driver.read("Mailbox.Memory")
            await driver.advance(59.0)
            with contextlib.suppress(ConnectorError):
                await driver.set_speed(10.0)
        for _ in range(300):
            await asyncio.sleep(0.1)
            with contextlib.suppress(LinkError):
                async with Driver(plc.tags) as driver:
                    if await driver.read("Clock.Time") >= 90.0:
                        await driver.set_speed(0.0)
                        break
        async with Driver(plc.tags) as driver:
            assert await driver.read("Mailbox.Memory") != memory
            assert await driver.read("Mode.Control") == "local"
        found = "nothing yet"
        for _ in range(100):
            with contextlib.suppress(LinkError):
                found = await box.lookup(one)
                break
            await asyncio.sleep(0.1)
        assert found is None  # although it was applied
        refused = await box.send(uuid.uuid4().hex, "fm.spray_trim", 0.0)
        assert refused.outcome is Outcome.LOCAL
        assert (await box.send(uuid.uuid4().hex, "plc.rearm", 1.0)).outcome is Outcome.APPLIED
        assert any(row["event"] == "hand-back" and "memory" in row["reason"] for row in plc.log())
    finally:
        await box.close()
        plc.stop()


# --- the file ------------------------------------------------------------------------------------

TAGS = make_default(SIGNALS, CONTROLS, opcua_port=1, modbus_port=2)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("{at: 1, for: 1, fault: fire}", "fault 'fire' is not known"),
        ("{at: 1, for: 1, fault: freeze, tags: [f9.*]}", "no tag is called 'f9.*'"),
        ("{at: 1, for: 1, fault: freeze, heartbeat: hops}", "must be runs or stands"),
        ("{at: 1, for: 0, fault: freeze}", "for more than 0 s"),
        ("{at: -1, for: 1, fault: freeze}", "at must not be negative"),
        ("{at: 1, fault: freeze}", "for is missing"),
        ("{at: 1, for: 1, fault: scale}", "by is missing"),
        ("{at: 1, for: 1, fault: slow, delay: 0}", "delay 0 is not possible"),
        ("{at: 1, for: 1, fault: exception, code: 0}", "code 0 is not possible"),
        ("{at: 1, for: 1, fault: quality, as: poor}", "must be bad or uncertain"),
        ("{at: 1, for: 1, fault: drop, protocol: profibus}", "must be opcua, modbus or both"),
        ("{at: 1, for: 1, fault: drop, code: 6}", "key 'code' is not known"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_its_line(tmp_path, row, words):
    path = tmp_path / "faults.yaml"
    path.write_text(f"\n- {row}\n")
    with pytest.raises(ConfigError, match="line 2") as refused:
        load_faults(path, TAGS)
    assert words in str(refused.value)
    assert str(path) in str(refused.value)


def test_in_lock_step_nobody_may_be_locked_out_of_the_clock(tmp_path):
    path = tmp_path / "faults.yaml"
    path.write_text("- {at: 1, for: 1, fault: restart}\n")
    load_faults(path, TAGS)
    with pytest.raises(ConfigError, match="for ever in lock-step"):
        load_faults(path, TAGS, lock_step=True)
