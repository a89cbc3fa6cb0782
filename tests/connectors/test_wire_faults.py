"""What plants and networks do to a connection: BAD in time, back in time, nothing old, no leak."""

import asyncio
import struct
import threading
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from passline.connectors.connector import BACKOFF
from passline.connectors.modbus.connector import ModbusConnector
from passline.connectors.modbus.registers import RegisterImage
from passline.connectors.modbus.server import ModbusServer
from passline.connectors.opcua import OpcUaConnector
from passline.connectors.security import init
from passline.connectors.tagfile import ModbusDevice, TagFile
from passline.connectors.tags import HEARTBEAT
from passline.plant_sim.signals import Quality

from .fault_proxy import FaultProxy
from .opcua_plant import OpcUaPlant, tags_of
from .test_modbus_blocks import float_tags

pytestmark = [pytest.mark.network, pytest.mark.timeout(300)]

SLACK = 20.0  # wall s for a crowded machine; the limits themselves are benchmarks/wire_faults.py


class Registers(RegisterImage):
    """A Modbus plant whose values all follow its heartbeat."""

    beat = 0

    def get(self, table, address, count):
        self.beat += 1
        self.put("input", 0, struct.pack(">20f", *(self.beat + n / 32 for n in range(20))))
        return super().get(table, address, count)


async def until(condition, limit=60.0):
    for _ in range(round(limit / 0.02)):
        if condition():
            return True
        await asyncio.sleep(0.02)
    return False


@pytest.fixture
async def modbus():
    server = ModbusServer(Registers())
    proxy = await FaultProxy(await server.start()).start()
    device = ModbusDevice("127.0.0.1", proxy.port, 1)
    file = TagFile("x", None, device, None, float_tags(20))
    connector = ModbusConnector(file, period=0.05, deadline=1.0, backoff=1.0)
    yield connector, proxy
    await connector.close()
    await proxy.stop()
    await server.close()


@pytest.fixture
async def opcua(tmp_path):
    served = await OpcUaPlant(init(tmp_path / "pki"), tags_of(20)).start()
    living = asyncio.create_task(served.live())
    proxy = await FaultProxy(served.port).start()
    served.port = proxy.port
    connector = OpcUaConnector(
        served.tagfile(), served.pki, "agent", period=0.05, deadline=1.0, backoff=1.0
    )
    yield connector, proxy
    await connector.close()
    living.cancel()
    await proxy.stop()
    await served.stop()


def qualities(connector):
    return {sample.quality for sample in connector.samples().values()}


async def trial(connector, proxy, fault):
    """One fault from beginning to end."""
    deaths = []
    sink = lambda batch: deaths.append(batch) if batch.kind == "death" else None  # noqa: E731
    connector.subscribe(sink)
    start = time.monotonic()
    if fault == "reset":
        proxy.reset()
    elif fault == "hole":
        proxy.mute = {"up", "down"}
    elif fault == "answers lost":
        proxy.mute = {"down"}
    else:  # the server is gone and nobody takes a connection
        proxy.refuse = True
        proxy.reset()
    assert await until(lambda: deaths), fault
    assert time.monotonic() - start < 3.0 + SLACK
    assert set(deaths[0]) == set(connector.tags)  # all in one batch
    assert {sample.quality for sample in deaths[0].values()} == {Quality.BAD}
    connector._sinks.remove(sink)
    proxy.mute, proxy.refuse = set(), False
    start = time.monotonic()
    assert await until(lambda: qualities(connector) == {Quality.GOOD}), fault
    assert time.monotonic() - start < 1.0 + 1.0 + SLACK


FAULTS = ("reset", "hole", "answers lost", "refused")


@pytest.fixture(params=["modbus", pytest.param("opcua", marks=pytest.mark.slow)])
def connection(request):
    return request.getfixturevalue(request.param)


async def test_after_any_fault_the_plant_is_seen_again_and_nothing_is_left_behind(connection):
    connector, proxy = connection
    kinds = []
    connector.subscribe(lambda batch: kinds.append(batch.kind))
    await connector.start()
    assert await until(lambda: qualities(connector) == {Quality.GOOD})
    await trial(connector, proxy, "reset")
    await asyncio.sleep(0.3)

    def things():
        files = len(list(Path("/proc/self/fd").iterdir()))
        return len(asyncio.all_tasks()), threading.active_count(), files

    before = things()
    for fault in FAULTS:
        await trial(connector, proxy, fault)
    assert await until(lambda: things() == before), (before, things())
    assert connector.health().reconnects == 1 + len(FAULTS)
    assert connector.health().timeouts >= 2
    assert kinds.count("birth") == kinds.count("death") == 2 + len(FAULTS)
    first = [kind for kind in kinds if kind != "data"]
    assert first == ["death", "birth"] * (2 + len(FAULTS))


async def test_sliced_to_single_bytes_nothing_is_lost(modbus):
    connector, proxy = modbus
    proxy.slice = True
    await connector.start()
    assert await until(lambda: qualities(connector) == {Quality.GOOD})
    await asyncio.sleep(0.5)
    assert connector.health().reconnects == 0


async def test_no_value_is_older_than_the_heartbeat_it_came_with(modbus):
    connector, proxy = modbus
    wrong = []

    def compare(batch):
        beat = batch[HEARTBEAT]
        wrong.extend(
            name for name, sample in batch.items()
            if sample.good and beat.good and not 0 <= sample.value - beat.value < 1
        )  # fmt: skip

    connector.subscribe(compare)
    await connector.start()
    for fault in FAULTS:
        assert await until(lambda: qualities(connector) == {Quality.GOOD})
        await asyncio.sleep(0.3)
        await trial(connector, proxy, fault)
    assert wrong == []


async def test_a_peer_that_is_never_there_is_asked_ever_less_often():
    tried = []

    class Nobody(ModbusConnector):
        async def _open(self):
            tried.append(time.monotonic())
            raise ConnectionError("nobody")

    device = ModbusDevice("127.0.0.1", 1, 1)
    connector = Nobody(TagFile("x", None, device, None, float_tags(3)), backoff=0.4)
    await connector.start()
    assert await until(lambda: len(tried) >= 8)
    assert connector.health().state in ("down", "connecting")
    assert connector.health().error == "nobody"
    gaps = [b - a for a, b in pairwise(tried)]
    assert len({round(gap, 4) for gap in gaps}) > 4  # jitter: not all clients at once
    assert BACKOFF == 10.0
    await connector.close()


async def test_each_scan_class_is_read_as_often_as_it_says_and_does_not_drift(modbus):
    connector, _ = modbus
    for name in ("t.n5", "t.n6"):
        connector.tags[name] = replace(connector.tags[name], scan=0.5, stale_after=5.0)
    connector._all = connector.plan()
    seen = {"t.n1": [], "t.n5": []}

    def record(batch):
        for name, times in seen.items():
            if name in batch and batch.kind == "data":
                times.append(time.monotonic())

    connector.subscribe(record)
    await connector.start()
    assert await until(lambda: len(seen["t.n5"]) >= 5)
    assert len(seen["t.n1"]) > len(seen["t.n5"])
    late = connector.health().overruns
    times = seen["t.n5"]
    for n, moment in enumerate(times):  # on its own grid, but for what was left out
        off = (moment - times[0]) % 0.5
        assert min(off, 0.5 - off) < 0.2 or late, n
