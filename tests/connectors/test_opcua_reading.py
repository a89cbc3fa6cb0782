"""OPC UA values in batches, packed, and as monitored items: the same numbers, never an old one."""

import asyncio
import contextlib
import itertools
import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from asyncua import ua
from asyncua.server.monitored_item_service import MonitoredItemService, MonitoredItemValues
from asyncua.ua.ua_binary import struct_to_binary

from passline.connectors import asyncua_hotpath
from passline.connectors.addresses import OpcUaAddress, Scaling
from passline.connectors.errors import LinkError
from passline.connectors.opcua import OpcUaConnector
from passline.connectors.opcua_session import OpcUaSession
from passline.connectors.security import init
from passline.connectors.tags import Tag
from passline.plant_sim.signals import Quality

from .opcua_plant import URI, OpcUaPlant, tags_of
from .waiting import until

pytestmark = [pytest.mark.network, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return init(tmp_path_factory.mktemp("keys") / "pki")


@contextlib.asynccontextmanager
async def plant(keys, count=12, **options):
    tags = options.pop("tags", None) or tags_of(count)
    served = await OpcUaPlant(keys, tags, **options).start()
    served.living = asyncio.create_task(served.live())
    try:
        yield served
    finally:
        served.living.cancel()
        await served.stop()


@contextlib.asynccontextmanager
async def following(served, **options):
    connector = OpcUaConnector(served.tagfile(), served.pki, "agent", **{"period": 0.05} | options)
    await connector.start()
    try:
        yield connector
    finally:
        await connector.close()


def good(connector):
    return lambda: connector.samples() and all(s.good for s in connector.samples().values())


@pytest.mark.parametrize("packed", [False, True], ids=["scalars", "packed"])
async def test_a_vector_has_every_value_in_the_order_asked_for(keys, packed):
    async with plant(keys, 700, packed=packed) as served:
        values = {f"t.n{n}": n + 0.25 for n in range(700)}
        await served.step(values)
        async with following(served) as connector:
            assert await until(good(connector))
            wanted = [f"t.n{n}" for n in reversed(range(700))]
            found = await connector.read_vector(connector.plan(wanted))
            np.testing.assert_array_equal(found.values, [values[name] for name in wanted])
            assert found.mask.all()
            assert found.time == pytest.approx(0.1 * served.beats, abs=1.0)
            served.living.cancel()
            await served.step(bad=["t.n3"])
            found = await connector.read_vector(connector.plan(["t.n3", "t.n4"]))
            assert math.isnan(found.values[0])
            assert found.mask.tolist() == [False, True]
        gone = await connector.read_vector(connector.plan(["t.n3"]))
        assert math.isnan(gone.values[0])
        assert not gone.mask[0]


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True], ids=["scalars", "packed"])
async def test_a_vector_of_a_hung_plant_is_not_good(keys, packed):
    async with plant(keys, packed=packed) as served, following(served) as connector:
        assert await until(good(connector))
        served.moving = False
        assert await until(lambda: connector.health().state == "degraded")
        found = await connector.read_vector(connector.plan())
        assert not found.mask.any()


@pytest.mark.slow
async def test_a_tag_outside_the_packed_array_is_read_beside_it(keys):
    tags = tags_of(5)
    async with plant(keys, tags=tags, packed=True) as served:
        await served.step({"t.n1": 5.0, "t.n4": 7.0})
        index = served.nodes["t.n1"].NamespaceIndex
        shorter = [name for name in tags if name != "t.n4"]
        manifest = ua.DataValue(ua.Variant(json.dumps([*shorter, "somebody.else"])))
        await served.server.write_attribute_value(ua.NodeId("Packed.Manifest", index), manifest)
        async with following(served) as connector:
            assert await until(good(connector))
            found = await connector.read_vector(connector.plan(["t.n4", "t.n1"]))
            assert found.values.tolist() == [7.0, 5.0]


@pytest.mark.slow
async def test_a_manifest_that_does_not_fit_its_array_is_not_believed(keys):
    async with plant(keys, packed=True) as served:
        await served.step({"t.n1": 5.0})
        index = served.nodes["t.n1"].NamespaceIndex
        for text in ('["t.n1"]', "{}", "no JSON"):
            await served.server.write_attribute_value(
                ua.NodeId("Packed.Manifest", index), ua.DataValue(ua.Variant(text))
            )
            async with following(served) as connector:
                assert await until(good(connector))
                assert connector.samples()["t.n1"].value == 5.0


async def test_a_node_that_is_none_is_bad_with_its_status_and_takes_no_other_with_it(keys):
    async with plant(keys) as served:
        wrong = Tag("t.none", "1", 0.0, 1.0, opcua=OpcUaAddress(URI, "s=Nothing"))
        for way in ("poll", "subscribe"):
            served.tags = {**tags_of(12), "t.none": wrong}
            async with following(served, way=way) as connector:
                assert await until(lambda c=connector: c.samples()["t.n1"].good)
                sample = connector.samples()["t.none"]
                assert sample.quality is Quality.BAD
                assert sample.status == ua.StatusCodes.BadNodeIdUnknown


@pytest.mark.slow
async def test_numbers_are_scaled_and_codes_for_no_value_are_bad(keys):
    scaled = Tag(
        "t.n1", "degC", 0.0, 1500.0,
        opcua=OpcUaAddress(URI, "s=t.n1", "i16", Scaling(0.1, 20.0, (32767.0,))),
    )  # fmt: skip
    async with plant(keys) as served:
        served.tags = served.tags | {"t.n1": scaled}
        for way in ("poll", "subscribe"):
            await served.step({"t.n1": 8000.0})
            async with following(served, way=way) as connector:
                assert await until(good(connector))
                assert connector.samples()["t.n1"].value == pytest.approx(820.0 + 273.15)
                await served.step({"t.n1": 32767.0})
                assert await until(lambda c=connector: c.samples()["t.n1"].quality is Quality.BAD)


async def test_a_subscription_tells_what_changed_and_keeps_the_rest_fresh(keys):
    async with plant(keys, 1200) as served, following(served, way="subscribe") as connector:
        assert await until(good(connector))
        batches = []
        connector.subscribe(batches.append)
        await served.step({"t.n7": 7.5})
        assert await until(lambda: any("t.n7" in batch for batch in batches))
        assert connector.samples()["t.n7"].value == 7.5
        await asyncio.sleep(1.5)  # longer than stale_after; only the heartbeat has moved
        assert good(connector)()
        assert max(len(batch) for batch in batches) < 10


@pytest.mark.slow
async def test_a_subscription_to_a_hung_plant_goes_bad_and_comes_back(keys):
    async with plant(keys) as served, following(served, way="subscribe") as connector:
        assert await until(good(connector))
        served.moving = False
        assert await until(
            lambda: {s.quality for s in connector.samples().values()} == {Quality.BAD}
        )
        assert connector.health().state == "degraded"
        served.moving = True
        assert await until(good(connector))


@pytest.mark.slow
async def test_a_slow_listener_gets_the_newest_and_every_drift_in_the_end(keys):
    tags = tags_of(3)
    tags["t.n1"] = replace(tags["t.n1"], dead_band=1.0)
    async with (
        plant(keys, tags=tags) as served,
        following(served, way="subscribe") as connector,
    ):
        assert await until(good(connector))
        changes = connector.changes(["t.n1"])
        told = [(await anext(changes))["t.n1"].value]
        for step in range(1, 101):  # a ramp of half a dead-band a step
            await served.step({"t.n1": 0.5 * step})
            if step % 10 == 0:
                told.append((await anext(changes))["t.n1"].value)
        assert told[0] == 0.0
        assert told == sorted(told)
        assert all(b - a >= 1.0 for a, b in pairwise(told))
        assert await until(lambda: connector.samples()["t.n1"].value == 50.0)
        assert told[-1] > 40.0
        await served.step(bad=["t.n1"])
        last = await asyncio.wait_for(anext(changes), 10.0)
        while last["t.n1"].quality is not Quality.BAD:  # a change of quality is always told
            last = await asyncio.wait_for(anext(changes), 10.0)
        changes.close()
        assert [batch async for batch in changes] == []


async def test_browsing_comes_in_pages_and_says_whether_there_is_more(keys):
    async with plant(keys, 98) as served, following(served) as connector:
        assert await until(good(connector))
        page = await connector.browse()
        (group,) = [item for item in page.items if item.name == "Group0"]
        assert page.complete
        found, cursor, calls = [], "", 0
        while calls == 0 or cursor:
            page = await connector.browse(group.address, limit=30, cursor=cursor)
            found += [item.name for item in page.items]
            assert page.complete == (page.cursor == "")
            cursor, calls = page.cursor, calls + 1
        assert calls == 4
        assert found == list(served.tags)
        addresses = {OpcUaAddress.parse(item.address) for item in page.items}
        assert addresses <= {tag.opcua for tag in served.tags.values()}
        with pytest.raises(LinkError):
            await connector.browse("nsu=urn:passline:bench;s=nothing")
    with pytest.raises(LinkError):
        await connector.browse()


async def test_health_says_how_the_way_is(keys):
    async with plant(keys) as served, following(served) as connector:
        assert await until(good(connector))
        await asyncio.sleep(0.3)
        health = connector.health()
        assert health.state == "up"
        assert 0 < health.round_trip_p50 <= health.round_trip_p99 < 5.0
        assert (health.timeouts, health.stale, health.reconnects) == (0, 0, 0)
        assert 1000 < health.certificate_days < 1100
        assert abs(health.clock_skew) < 5.0


def test_the_stock_library_still_copies_every_value_deeply():
    """When this fails, the library has healed: drop asyncua_hotpath."""
    values, list_ = MonitoredItemValues(), [1.0]
    written = ua.DataValue(ua.Variant(list_))
    values.set_current_datavalue(written)
    assert values.get_current_datavalue() == written
    assert values.get_current_datavalue() is not written
    assert values.get_current_datavalue().Value.Value is not list_


def test_on_an_unknown_version_nothing_is_replaced(monkeypatch):
    monkeypatch.setattr(asyncua_hotpath, "version", lambda _: "2.1.1")
    before = MonitoredItemValues.set_current_datavalue
    assert not asyncua_hotpath.install()
    assert MonitoredItemValues.set_current_datavalue is before


@pytest.mark.slow
@pytest.mark.parametrize("hot", [False, True], ids=["stock", "replaced"])
async def test_fresh_values_are_all_told_to_two_subscribers(keys, hot):
    assert not hot or asyncua_hotpath.install()
    try:
        async with plant(keys, 3) as served:
            sessions, seen = [], [[], []]
            for told in seen:
                session = await OpcUaSession.open(served.tagfile().opcua, served.pki, "agent", 10.0)
                sessions.append(session)
                nodes = [served.nodes["t.n1"]]
                await session.subscribe(nodes, 0.02, lambda _, v, t=told: t.append(v.Value.Value))
            for step in range(1, 40):
                await served.step({"t.n1": float(step)})
                await served.step({"t.n1": float(step)})  # the same again is no change
                await asyncio.sleep(0.06)
            assert await until(lambda: all(told and told[-1] == 39.0 for told in seen))
            for told in seen:
                assert told == sorted(set(told))
                assert len(told) > 20
            for session in sessions:
                await session.close()
    finally:
        asyncua_hotpath.remove()


def test_the_promise_that_the_replacement_needs():
    """A value changed in place is lost in silence: so nobody may reuse a DataValue."""
    for hot, told_ in ((False, [1.0, 2.0]), (True, [1.0])):
        assert not hot or asyncua_hotpath.install()
        try:
            values = MonitoredItemValues()
            shared = ua.DataValue(ua.Variant(1.0))
            seen = []
            for value in (1.0, 2.0):
                shared.Value.Value = value
                values.set_current_datavalue(shared)
                old, new = values.get_old_datavalue(), values.get_current_datavalue()
                if old is None or old.Value != new.Value:
                    seen.append(value)
            assert seen == told_
        finally:
            asyncua_hotpath.remove()


def test_the_hot_path_finds_the_changes_that_the_library_finds():
    statuses = [None, *(ua.StatusCode(ua.UInt32(code)) for code in (0, 0x40000000, 0x80310000))]
    variants = [
        *(ua.Variant(each) for each in (0.0, -0.0, 1.5, math.nan, 1, True, "1", None, [1.5])),
        ua.Variant(1.5, ua.VariantType.Float), ua.Variant([], ua.VariantType.Double),
    ]  # fmt: skip
    values = [ua.DataValue(*each) for each in itertools.product(variants, statuses)]
    for old, new in itertools.product(values, values):
        told = MonitoredItemValues()
        told.old_dvalue, told.current_dvalue = old, new
        stock = MonitoredItemService._is_data_changed(told, ua.DataChangeTrigger.StatusValue)
        news = asyncua_hotpath._News()
        assert news.changed(old, new) == stock, (old, new)
        assert news.changed(old, new) == stock


def test_the_hot_path_sends_the_bytes_that_the_library_would_send():
    now, later = datetime.now(UTC), datetime(2031, 5, 6, 7, 8, 9, 123456)
    variants = [
        *(ua.Variant(value) for value in (0.0, -0.0, 1.5, math.inf, -math.nan, 1e-310, 7, True)),
        *(ua.Variant(value) for value in ("text", None, [1.0, 2.0], b"\x00\x01")),
        ua.Variant(3.0, ua.VariantType.Float),
    ]
    for variant, code, stamp, server in itertools.product(
        variants, (0, 0x40000000, 0x80310000), (now, later, None), (now, None)
    ):
        status = ua.StatusCode(ua.UInt32(code))
        value = ua.DataValue(variant, status, SourceTimestamp=stamp, ServerTimestamp=server)
        assert asyncua_hotpath._News().encoded(value) == struct_to_binary(value)
    pico = ua.DataValue(ua.Variant(1.0), SourceTimestamp=now, SourcePicoseconds=ua.UInt16(3))
    assert asyncua_hotpath._News().encoded(pico) == struct_to_binary(pico)
