"""Plant time as it is asked for: lock-step, paused, any multiple; and the whole plant in a read."""

import asyncio
import json
import uuid
from datetime import timedelta

import numpy as np
import pytest
from asyncua import ua

from passline.connectors import connect
from passline.connectors.addresses import OpcUaAddress
from passline.connectors.errors import LinkError, ProtocolError
from passline.connectors.letter import Outcome
from passline.connectors.mailbox import WireMailbox
from passline.connectors.opcua_writer import OpcUaWriter
from passline.connectors.security import Pki
from passline.connectors.simulated import SimulatedConnector
from passline.connectors.tagfile import load_tags
from passline.connectors.virtual_plc.driver import Driver
from passline.connectors.virtual_plc.parity import Wires, differences
from passline.plant_sim import make_line
from passline.plant_sim.signals import Quality

from .plc_process import PlcProcess, eventually

pytestmark = [pytest.mark.network, pytest.mark.timeout(400)]

SEED, SCENARIO = "3", "faults"


@pytest.fixture(scope="module")
def stepped(tmp_path_factory):
    """A PLC in lock-step; nobody but the driver moves its time."""
    folder = tmp_path_factory.mktemp("stepped")
    options = ("--lock-step", "--seed", SEED, "--scenario", SCENARIO, "--lease", "3600")
    running = PlcProcess(folder, *options).start()
    yield running
    assert running.stop() == 0


@pytest.fixture
async def driver(stepped):
    async with Driver(stepped.tags) as driver:
        yield driver


async def read(wires, *names):
    """DataValues of nodes of the PLC itself, of one Read."""
    uri = wires.tagfile.tags["plc.time"].opcua.namespace
    nodes = [wires.session.resolve(OpcUaAddress(uri, f"s={name}")) for name in names]
    return await wires.session.read(nodes)


async def test_one_seeded_plant_is_the_same_in_process_and_over_both_wires(stepped, driver):
    """The same three minutes; benchmarks/virtual_plc.py does an hour of it."""
    plant = SimulatedConnector(make_line("hot-strip", int(SEED), SCENARIO))
    async with Wires(load_tags(stepped.tags), stepped.pki) as wires:
        (epoch,) = await read(wires, "Clock.Epoch")
        begun = await driver.read("Packed.Time")
        plant.advance(begun)
        for step in [0.5] * 20 + [2.0] * 20 + [30.0] * 4:
            plant.advance(step)
            at = await driver.advance(step)
            samples, opcua, modbus = plant.samples(), await wires.opcua(), await wires.modbus()
            assert at == samples["plc.time"].value
            assert differences(wires.tagfile, samples, opcua, modbus) == []
            stamp = opcua["plc.time"].time - epoch.Value.Value
            assert stamp == timedelta(seconds=at)  # a sample carries plant time
        assert Quality.GOOD in {shown.quality for shown in opcua.values()}
    plant.close()


async def test_in_lock_step_the_plant_waits_and_all_stays_good(stepped, driver):
    with connect(stepped.tags) as follower:
        assert await asyncio.to_thread(follower.wait_good, 30.0)
        at = await driver.advance(1.0)
        assert await asyncio.to_thread(
            eventually, lambda: follower.samples()["plc.time"].value == at
        )
        beat = follower.samples()["plc.heartbeat"].value
        assert await asyncio.to_thread(
            eventually, lambda: follower.samples()["plc.heartbeat"].value > beat + 20
        )
        seen = follower.samples()
        assert seen["plc.time"].value == at
        assert seen["plc.time"].good
        assert seen["plc.speed"].value == 0.0
    assert await driver.read("Clock.Mode") == "lock-step"


@pytest.mark.parametrize("seconds", [0.0, -0.5, 0.3, 5.25, float("nan"), float("-inf")])
async def test_plant_time_moves_by_whole_intervals_only(driver, seconds):
    before = await driver.read("Packed.Time")
    with pytest.raises(ProtocolError) as refused:
        await driver.advance(seconds)
    assert refused.value.code == ua.StatusCodes.BadInvalidArgument
    assert await driver.read("Packed.Time") == before


@pytest.mark.parametrize("user", ["agent", "gate"])
@pytest.mark.parametrize("node", ["Clock.Advance", "Clock.Speed"])
async def test_nobody_but_the_driver_moves_plant_time(stepped, driver, user, node):
    tags = load_tags(stepped.tags)
    before = await driver.read("Packed.Time")
    session = await OpcUaWriter.open(tags.opcua, Pki(stepped.pki), user, 20.0)
    address = OpcUaAddress(tags.mailbox.request.namespace, f"s={node}")
    with pytest.raises(ProtocolError) as refused:
        await session.write(session.resolve(address), 0.5, ua.VariantType.Double)
    assert refused.value.code == ua.StatusCodes.BadUserAccessDenied
    await session.close()
    assert await driver.read("Packed.Time") == before


async def test_the_driver_writes_no_set_point(stepped):
    tags = load_tags(stepped.tags)
    session = await OpcUaWriter.open(tags.opcua, Pki(stepped.pki), "driver", 20.0)
    for address in (tags.mailbox.request, tags.mailbox.beat, tags.tags["fm.speed_trim"].opcua):
        with pytest.raises(ProtocolError) as refused:
            await session.write(session.resolve(address), b"", ua.VariantType.ByteString)
        assert refused.value.code == ua.StatusCodes.BadUserAccessDenied
    await session.close()


async def test_lock_step_has_no_speed(driver):
    with pytest.raises(ProtocolError):
        await driver.set_speed(1.0)
    assert await driver.read("Clock.Speed") == 0.0


async def test_a_paused_plant_stands_is_stepped_and_goes_on(tmp_path):
    plc = PlcProcess(tmp_path, "--speed", "0", "--seed", "3").start()
    try:
        async with Driver(plc.tags) as driver:
            assert (await driver.read("Clock.Mode"), await driver.read("Packed.Time")) == (
                "paused", 0.0,
            )  # fmt: skip
            assert await driver.advance(2.0) == 2.0
            await driver.set_speed(50.0)
            for _ in range(600):
                await asyncio.sleep(0.05)
                if await driver.read("Packed.Time") > 3.0:
                    break
            assert await driver.read("Clock.Mode") == "running"
            assert await driver.read("PLC.Speed") == 50.0
            with pytest.raises(ProtocolError):
                await driver.advance(0.5)  # it runs by itself
            await driver.set_speed(0.0)
            await asyncio.sleep(0.3)
            stopped = await driver.read("Packed.Time")
            await asyncio.sleep(0.5)
            assert await driver.read("Packed.Time") == stopped > 3.0
            assert await driver.read("PLC.Heartbeat") > 0
    finally:
        assert plc.stop() == 0


@pytest.mark.parametrize("control", ["fm.spray_trim", "rot.bank_out"])
async def test_a_request_is_answered_while_plant_time_stands(stepped, driver, control):
    """So it waits for no cycle, which in real time takes half a second."""
    before = await driver.read("Clock.Time")
    box = WireMailbox(load_tags(stepped.tags), stepped.pki, wait=20.0)
    echo = await box.send(uuid.uuid4().hex, control, 0.0)
    assert (echo.outcome, echo.value) == (Outcome.APPLIED, 0.0)
    assert await driver.read("Clock.Time") == before
    await box.close()


async def test_packed_arrays_are_one_picture_and_say_what_the_scalars_say(stepped, driver):
    await driver.advance(5.0)
    async with Wires(load_tags(stepped.tags), stepped.pki) as wires:
        shown = await read(wires, "Packed.Manifest", "Packed.Values", "Packed.Quality",
                           "Packed.Time")  # fmt: skip
        manifest = json.loads(shown[0].Value.Value)
        values, quality, at = (each.Value.Value for each in shown[1:])
        assert manifest[0] == "packed.count"
        assert len(manifest) == len(values) == len(quality) == len(wires.tagfile.tags) + 1
        assert values[0] == quality[0]  # the arrays are of one picture
        packed = dict(zip(manifest, zip(values, quality, strict=True), strict=True))
        assert packed["plc.time"] == (at, 192)
        for name, shown in (await wires.opcua()).items():
            if name != "plc.heartbeat":
                value, quality = packed[name]
                assert quality == int(shown.quality), name
                assert value == shown.value or (np.isnan(value) and shown.value is None)


async def test_the_plc_says_who_it_is_on_both_wires(stepped, driver):
    async with Wires(load_tags(stepped.tags), stepped.pki) as wires:
        names = ("Identity.Version", "Identity.Line", "Mailbox.TagTable", "Mailbox.Memory",
                 "Mode.Control", "Clock.Mode")  # fmt: skip
        said = [each.Value.Value for each in await read(wires, *names)]
        memory = int((stepped.folder / "plc_writes.memory").read_text(), 16)
        assert said == ["0.1", "hot-strip", wires.tagfile.hash, memory, "remote", "lock-step"]
        data = await wires.client.read("input", wires.tagfile.mailbox.echo_register + 120, 10)
        assert data[:4] == bytes([1, 2, 3, 4])
        assert data[4:8].hex() == wires.tagfile.hash[:8]
        assert int.from_bytes(data[8:12]) == memory
        remote, clock, state = np.frombuffer(data[12:18], ">u2")
        line_state = (await wires.opcua())["line.state"].value
        assert (remote, clock, state) == (1, 2, line_state)


async def test_a_stranger_to_the_clock_is_told_why(tmp_path, stepped):
    tags = load_tags(stepped.tags)
    with pytest.raises(LinkError, match="driver"):
        async with Driver(tags, _without_driver(stepped, tmp_path)):
            pass


def _without_driver(plc, folder):
    """A folder of keys of another plant: its driver is nobody here."""
    from passline.connectors.security import init

    keys = init(folder / "pki").folder
    server = keys / "trusted" / "servers" / "plc.der"
    server.write_bytes((plc.pki / "trusted" / "servers" / "plc.der").read_bytes())
    return keys
