"""A server that answers for a dead plant: what it says is not GOOD."""

import asyncio
import math

import pytest

from passline.connectors.addresses import OpcUaAddress
from passline.connectors.connector import Raw, Reading, SupervisedConnector
from passline.connectors.liveness import Liveness
from passline.connectors.tags import HEARTBEAT, Tag
from passline.connectors.vector import VectorPlan
from passline.plant_sim.signals import Quality

TAGS = {
    name: Tag(name, "1", 0.0, 1e6, 0.1, opcua=OpcUaAddress("urn:x", f"s={name}"))
    for name in (HEARTBEAT, "plc.remote")
}
ALIVE = object()


class Server(SupervisedConnector):
    """Answers every poll; `beat` says what of the heartbeat."""

    def __init__(self, beat, tags=TAGS):
        super().__init__(tags, period=0.01)
        self.beat, self.count, self.lost = beat, 0.0, False

    async def _open(self):
        self.lost = False

    async def _shut(self):
        pass

    async def _poll(self, plan):
        if self.lost:
            raise ConnectionError("lost")
        self.count += self.beat is ALIVE
        answer = {"plc.remote": Raw(1.0)}
        beat = Raw(self.count) if self.beat is ALIVE else self.beat
        return Reading.of(plan, answer if beat is None else answer | {HEARTBEAT: beat})


DEAD = [
    Raw(7.0),
    Raw(None, Quality.BAD),
    Raw(math.nan),
    Raw(math.inf),
    Raw(8.0, Quality.UNCERTAIN),
    None,
]
NAMES = ["frozen", "bad", "nan", "infinite", "uncertain", "missing"]


async def quality_becomes(server, wanted):
    for _ in range(1000):
        if server.samples()["plc.remote"].quality is wanted:
            return True
        await asyncio.sleep(0.01)
    return False


@pytest.mark.parametrize("beat", DEAD, ids=NAMES)
async def test_a_dead_heartbeat_never_makes_a_value_good(beat):
    server, seen = Server(beat), set()
    server.subscribe(lambda batch: seen.add(batch["plc.remote"].quality))
    await server.start()
    await asyncio.sleep(0.2)
    assert server.health().state == "degraded"
    await server.close()
    assert seen == {Quality.BAD}


@pytest.mark.parametrize("beat", DEAD, ids=NAMES)
async def test_values_turn_bad_with_their_heartbeat_and_good_with_it(beat):
    server = Server(ALIVE)
    await server.start()
    assert await quality_becomes(server, Quality.GOOD)
    server.beat = beat
    assert await quality_becomes(server, Quality.BAD)
    assert server.health().state == "degraded"
    server.beat = ALIVE
    assert await quality_becomes(server, Quality.GOOD)
    await server.close()


async def test_a_hung_plant_is_not_alive_because_its_server_was_reached_again():
    server, seen = Server(ALIVE), []
    await server.start()
    assert await quality_becomes(server, Quality.GOOD)
    server.beat = Raw(server.count)
    assert await quality_becomes(server, Quality.BAD)
    server.subscribe(lambda batch: seen.append(batch["plc.remote"].quality))
    server.lost = True
    for _ in range(1000):
        if server.health().reconnects:
            break
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    assert server.health().state == "degraded"
    assert set(seen) == {Quality.BAD}
    await server.close()


class Frozen(Server):
    """Its program hangs and its heart beats on; `speed` is what it says of its clock."""

    def __init__(self, speed):
        own = {
            name: Tag(name, "1", 0.0, 1e6, 0.1, opcua=OpcUaAddress("urn:x", f"s={name}"))
            for name in ("plc.time", "plc.speed")
        }
        super().__init__(ALIVE, TAGS | own)
        self.speed, self.time = speed, 0.0

    async def _poll(self, plan):
        self.count += 1.0
        told = {"plc.remote": 1.0, HEARTBEAT: self.count, "plc.time": self.time,
                "plc.speed": self.speed}  # fmt: skip
        return Reading.of(plan, {name: Raw(value) for name, value in told.items()})


async def test_a_plant_whose_clock_stands_is_not_good_though_its_heart_beats():
    server = Frozen(1.0)
    await server.start()
    try:
        for _ in range(30):
            server.time += 0.1
            await asyncio.sleep(0.02)
        assert await quality_becomes(server, Quality.GOOD)
        assert await quality_becomes(server, Quality.BAD)  # nothing moves the clock any more
    finally:
        await server.close()


async def test_a_paused_plant_is_good_while_its_heart_beats():
    server = Frozen(0.0)
    await server.start()
    try:
        assert await quality_becomes(server, Quality.GOOD)
        await asyncio.sleep(2.5)
        assert await quality_becomes(server, Quality.GOOD)
    finally:
        await server.close()


TIMED = TAGS | {
    name: Tag(
        name, "1", 0.0, 1e9, 5.0, opcua=OpcUaAddress("urn:x", f"s={name}"), frozen_after=limit
    )
    for name, limit in {"plc.time": 0.0, "t.noisy": 0.3, "t.still": 0.0}.items()
}


class Instruments(Server):
    """Two instruments; one is frozen at will, and so is the plant clock."""

    def __init__(self):
        super().__init__(ALIVE, TIMED)
        self.frozen, self.runs, self.noise, self.clock = False, True, 0.0, 0.0

    async def _poll(self, plan):
        reading = await super()._poll(plan)
        self.noise += not self.frozen
        self.clock += self.runs
        for name, value in (("plc.time", self.clock), ("t.noisy", self.noise), ("t.still", 3.0)):
            at = plan.all_names.index(name)
            reading.values[at], reading.quality[at] = value, int(Quality.GOOD)
        return reading


async def test_one_frozen_instrument_is_uncertain_with_its_reason_and_good_when_it_moves():
    server = Instruments()
    await server.start()

    async def becomes(quality):
        for _ in range(1000):
            if server.samples()["t.noisy"].quality is quality:
                return True
            await asyncio.sleep(0.01)
        return False

    assert await becomes(Quality.GOOD)
    server.frozen = True
    assert await becomes(Quality.UNCERTAIN)
    assert server.samples()["t.noisy"].status == 0x40900000
    assert server.samples()["t.still"].good  # it declares nothing
    server.frozen = False
    assert await becomes(Quality.GOOD)
    await server.close()


def test_an_instrument_of_a_plant_that_stands_is_not_frozen():
    plan, watch = VectorPlan(TIMED), Liveness(TIMED)
    raw = {name: Raw(1.0) for name in TIMED}

    def quality(clock, now):
        reading = watch.judge(plan, Reading.of(plan, raw), clock, now)
        return Quality(reading.quality[plan.all_names.index("t.noisy")])

    assert quality(5.0, 0.0) is Quality.GOOD
    assert quality(5.0, 60.0) is Quality.GOOD
    assert quality(5.0, 120.0) is Quality.GOOD
    assert quality(6.0, 120.2) is Quality.GOOD
    assert quality(7.0, 120.6) is Quality.UNCERTAIN
