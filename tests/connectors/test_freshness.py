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

    def __init__(self, beat):
        super().__init__(TAGS, period=0.01)
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
