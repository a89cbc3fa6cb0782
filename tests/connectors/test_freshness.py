"""A server that answers for a dead plant: what it says is not GOOD."""

import asyncio
import math

import pytest

from passline.connectors.addresses import OpcUaAddress
from passline.connectors.connector import Raw, Reading, SupervisedConnector
from passline.connectors.tags import HEARTBEAT, Tag
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
