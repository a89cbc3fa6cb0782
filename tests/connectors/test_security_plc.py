"""The virtual PLC as a process: nobody adopts the gate's session, and a lab says what it is."""

import asyncio
import json
import select
import signal
import subprocess
import sys
from dataclasses import replace
from ipaddress import ip_network

import pytest
from asyncua import Client, ua

from passline.connectors.errors import ProtocolError
from passline.connectors.modbus.client import ModbusClient
from passline.connectors.opcua_writer import OpcUaWriter
from passline.connectors.security import Pki
from passline.connectors.tag_access import Rule
from passline.connectors.tagfile import load_tags, make_default, write_tags
from passline.connectors.virtual_plc.ports import free_port
from passline.plant_sim import make_line

from .plc_process import PlcProcess
from .test_security_opcua import adopt

pytestmark = pytest.mark.network


async def test_nobody_writes_to_the_mailbox_through_the_session_of_the_gate(plc):
    tags = load_tags(plc.tags)
    session = await OpcUaWriter.open(tags.opcua, Pki(plc.pki), "gate")
    try:
        assert not await adopt(tags.opcua.url, session.resolve(tags.mailbox.request))
    finally:
        await session.close()


def test_a_sound_plc_says_that_it_is_no_laboratory(plc):
    assert plc.ready["lab"] == []


def start(folder, *options):
    """Start a PLC whose words on standard error are kept; return it with its ready line."""
    running = PlcProcess(folder, *options)
    command = [sys.executable, "-m", "passline.connectors.virtual_plc.process"]
    with (folder.parent / "told").open("w") as told:
        running.process = subprocess.Popen(
            [*command, "--dir", str(folder), *options],
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
        )
    running.out = running.process.stdout
    ready, _, _ = select.select([running.out], [], [], 280.0)
    assert ready, "the PLC did not come up"
    return running, json.loads(running.out.readline())


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_laboratory_warns_at_every_start_and_marks_its_ready_line(tmp_path):
    for _ in range(2):
        options = ("--bind", "0.0.0.0", "--lab", "network", "--lab", "open")
        running, ready = await asyncio.to_thread(start, tmp_path / "run", *options)
        try:
            assert ready["lab"] == ["network", "open"]
            warning = (tmp_path / "told").read_text()
            assert "NOT FOR A PLANT" in warning
            assert "실제 설비에 사용 금지" in warning
            url = load_tags(running.tags).opcua.url
            assert "0.0.0.0" in url
            client = Client(url.replace("0.0.0.0", "127.0.0.1"), timeout=10)
            async with client:  # nameless
                node = client.get_node(ua.ObjectIds.Server_ServerStatus_State)
                assert await node.read_value() is not None
        finally:
            assert running.stop() == 0


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_an_allow_list_outlives_a_killed_server(tmp_path):
    line = make_line("hot-strip", seed=0)
    file = make_default(
        line.signals, line.controls, opcua_port=free_port(), modbus_port=free_port()
    )
    rule = Rule((ip_network("127.0.0.1/32"),), frozenset({1}), frozenset({4}), 0, 9)
    plc = PlcProcess(tmp_path, "--speed", "0")
    write_tags(plc.tags, replace(file, access=(rule,)))
    for end in (signal.SIGKILL, signal.SIGTERM):
        plc.start()
        device = load_tags(plc.tags).modbus
        client = await ModbusClient.open(device.host, device.port, device.unit, 10.0)
        try:
            assert len(await client.read("input", 0, 10)) == 20
            for table, address, count, code in (
                ("input", 9, 2, 2), ("input", 10, 1, 2), ("holding", 0, 1, 1), ("coil", 0, 1, 1),
            ):  # fmt: skip
                with pytest.raises(ProtocolError) as refused:
                    await client.read(table, address, count)
                assert refused.value.code == code
        finally:
            await client.close()
            plc.stop(end)
        assert load_tags(plc.tags).access == (rule,)
