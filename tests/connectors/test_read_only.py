"""An agent's way to the plant contains no write: not one call, and nothing that would send one."""

import ast
import asyncio
import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from passline.connectors.errors import ProtocolError
from passline.connectors.modbus.client import ModbusClient
from passline.connectors.modbus.registers import RegisterImage
from passline.connectors.modbus.server import ModbusServer

ROOT = Path(__file__).parents[2]
WRITERS = (
    "direct.py", "gate", "letter.py", "link.py", "mailbox.py", "modbus/serial_writer.py",
    "modbus/writer.py", "opcua_writer.py", "simulated.py", "virtual_plc",
)  # fmt: skip
"""What a read-only build leaves out of connectors."""
SENDS = {  # what hands bytes on; what these bytes can be, the tests below say
    ("modbus/client.py", "self._transport.write"),
    ("modbus/tls.py", "pem.write"),  # a certificate, into a temporary file for openssl
}
WORDS = ("write", "set_value", "set_writable", "mask", "readwrite", "call_method")
LISTED = "import json, sys, passline.connectors.follower; print(json.dumps(sorted(sys.modules)))"


def loaded():
    """The modules of connectors that come with a Follower."""
    told = subprocess.run(
        [sys.executable, "-c", LISTED], capture_output=True, text=True, check=True
    )
    prefix = "passline.connectors."
    return {
        name.removeprefix(prefix) for name in json.loads(told.stdout) if name.startswith(prefix)
    }


def source(module):
    path = ROOT / "connectors" / Path(*module.split("."))
    return path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"


def test_following_a_plant_loads_no_module_that_writes():
    writers = {writer.removesuffix(".py").replace("/", ".") for writer in WRITERS}
    modules = loaded()
    assert {"opcua", "opcua_session", "modbus.client", "modbus.serial"} <= modules
    assert not {name for name in modules if name in writers or name.split(".")[0] in writers}


def test_no_module_on_the_way_of_a_reader_has_a_write_call():
    on_wires = {m for m in loaded() if m.split(".")[0] in ("opcua", "opcua_session", "modbus",
                "connector", "interface", "vector", "changes", "follower")}  # fmt: skip
    found = set()
    for module in on_wires:
        file = source(module)
        place = str(file.relative_to(ROOT / "connectors"))
        for node in ast.walk(ast.parse(file.read_text())):
            call = node.func if isinstance(node, ast.Call) else None
            if isinstance(call, ast.Attribute) and call.attr.lstrip("_").startswith(WORDS):
                found.add((place, ast.unparse(call)))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert not node.name.lstrip("_").startswith("write"), (place, node.name)
            if isinstance(node, ast.Attribute | ast.Name):
                name = node.attr if isinstance(node, ast.Attribute) else node.id
                assert not name.startswith(("Write", "CallMethod", "AddNodes")), (place, name)
    assert found == SENDS


@pytest.mark.parametrize("function", [0, 5, 6, 8, 15, 16, 20, 21, 22, 23, 24, 90])
async def test_a_reading_client_sends_no_function_that_changes_anything(function):
    seen = []

    async def listen(reader, writer):
        seen.append(await reader.read(1))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    client = await ModbusClient.open("127.0.0.1", server.sockets[0].getsockname()[1])
    with pytest.raises(ProtocolError, match="the gate alone writes"):
        await client._transact(function, struct.pack(">HH", 0, 1))
    await client.close()
    await asyncio.sleep(0.05)
    assert seen == [b""]
    server.close()
    await server.wait_closed()


READER = """
import json, sys
from passline.connectors.addresses import ModbusAddress
from passline.connectors.follower import Follower
from passline.connectors.tagfile import ModbusDevice, TagFile
from passline.connectors.tags import HEARTBEAT, Tag

tags = {
    name: Tag(name, "1", 0, 1e9, modbus=ModbusAddress("input", 2 * n))
    for n, name in enumerate((HEARTBEAT, "t.force"))
}
device = ModbusDevice("127.0.0.1", int(sys.argv[1]), 1)
with Follower(TagFile("x", None, device, None, tags), "nothing") as follower:
    assert follower.wait_good(30.0)
    print(follower.samples()["t.force"].value)
"""


@pytest.mark.network
async def test_a_build_without_the_modules_that_write_still_reads_a_plant(tmp_path):
    tree = tmp_path / "passline"
    for folder in ("plant_sim", "connectors"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for writer in WRITERS:
        path = tree / "connectors" / writer
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    image = RegisterImage()
    server = ModbusServer(image)
    port = await server.start()
    reader = await asyncio.create_subprocess_exec(
        sys.executable, "-c", READER, str(port),
        stdout=subprocess.PIPE, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    told = asyncio.create_task(reader.communicate())
    beat = 0
    while not told.done():
        beat += 1
        image.put("input", 0, struct.pack(">2f", beat, 12.5))
        await asyncio.sleep(0.05)
    assert (await told)[0].strip() == b"12.5"
    await server.close()
