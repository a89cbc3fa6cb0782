"""The virtual PLC as a process: nobody adopts the gate's session, and a lab says what it is."""

import asyncio
import json
import select
import subprocess
import sys

import pytest
from asyncua import Client, ua

from passline.connectors.opcua_writer import OpcUaWriter
from passline.connectors.security import Pki
from passline.connectors.tagfile import load_tags

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
