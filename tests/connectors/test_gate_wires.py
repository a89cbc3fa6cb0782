"""A gate at the virtual PLC through wires that hold frames back."""

import asyncio
import uuid
from contextlib import closing

import pytest

from passline.connectors.gate.check import Mode, Policy, Request
from passline.connectors.gate.gate import Gate
from passline.connectors.gate.wires import WirePlant

from .fault_proxy import FaultProxy

pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.timeout(400)]


async def until(condition, limit=30.0):
    for _ in range(round(limit / 0.05)):
        if condition():
            return True
        await asyncio.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("over", "control"), [("modbus", "rot.cooling_correction"), ("opcua", "fm.spray_trim")]
)
async def test_a_frame_that_comes_after_its_not_done_changes_nothing(
    plc, tmp_path, monkeypatch, over, control
):
    address = {"opcua": plc.ready["opcua"], "modbus": f"port: {plc.ready['modbus'][1]}"}[over]
    port = int(address.rpartition(":")[2])
    proxy = await FaultProxy(port).start()
    tags = tmp_path / "proxied.yaml"
    tags.write_text(
        plc.tags.read_text().replace(address, address.replace(f"{port}", f"{proxy.port}"))
    )
    wires = await asyncio.to_thread(WirePlant, tags, plc.folder)
    gate = await asyncio.to_thread(Gate, wires, tmp_path, Mode.CLOSED, Policy(lease=300.0))
    with closing(gate):
        gate.beat()
        assert await until(lambda: control in wires.samples() and wires.samples()[control].good)
        await asyncio.to_thread(wires.beat)  # both links are up
        action = uuid.uuid4().hex
        wish = Request(action, control, wires.samples()[control].value + 0.05)
        # between two coils an input of the check is not seen
        assert await until(lambda: gate.check([wish])[0].allowed, 60.0), gate.check([wish])
        send = wires.send

        def slowly(*request):
            proxy.mute = {"up"}  # what is sent from now on waits in the network
            return send(*request)

        monkeypatch.setattr(wires, "send", slowly)
        gate.start()
        assert (await asyncio.to_thread(gate.propose, wish)).state in ("UNKNOWN", "NOT DONE")
        assert await until(lambda: gate.outcome(action).state != "UNKNOWN")
        assert gate.outcome(action).state == "NOT DONE"
        rows = [row["outcome"] for row in plc.log() if row["action_id"] == action]
        assert set(rows) == {"MALFORMED"}
        proxy.mute = set()

        def logged():
            return [row["outcome"] for row in plc.log() if row["action_id"] == action]

        assert await until(lambda: len(logged()) > len(rows))
        assert "APPLIED" not in logged()
        assert gate.outcome(action).state == "NOT DONE"
        await asyncio.to_thread(gate.close)
    await proxy.stop()
