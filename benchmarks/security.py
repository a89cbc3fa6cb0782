"""What OPC UA security costs: CPU of connecting and of reading 1000 values, with and without.

    python benchmarks/security.py [connections] [reads]

Client and server are separate processes on loopback. Figures are CPU time, and ratios to the same
without security in the same run; elapsed time says little on a machine that does other things.
"""

import asyncio
import ipaddress
import json
import logging
import multiprocessing
import socket
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from asyncua import Client, Server, ua

from passline.connectors.modbus.access import Access
from passline.connectors.security import Lab, Pki, init, secure_client, secure_server
from passline.connectors.security.endpoint import Policy
from passline.connectors.tag_access import Rule

HOST = "127.0.0.1"
NODES = 1000
POLICIES: tuple[Policy, ...] = ("Basic256Sha256", "Aes256Sha256RsaPss")


def serve(folder: Path, url: str, pipe: Connection) -> None:
    """Serve until told otherwise; answer every message with the CPU used so far (s)."""

    async def run() -> None:
        server = Server()
        await server.init()
        await secure_server(server, Pki(folder), url, Lab.OPEN)  # the last for the comparison
        index = await server.register_namespace("urn:bench")
        for group in range(NODES // 100):
            top = await server.nodes.objects.add_folder(index, f"g{group}")
            for number in range(100):
                node = ua.NodeId.from_string(f"ns={index};s={100 * group + number}")
                await top.add_variable(node, str(number), float(number))
        await server.start()
        pipe.send(index)
        while await asyncio.to_thread(pipe.recv):
            pipe.send(time.process_time())
        await server.stop()

    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    asyncio.run(run())


async def connect(url: str, pki: Pki, policy: Policy | None) -> Client:
    client = Client(url, timeout=60, watchdog_intervall=600.0)
    if policy is not None:
        await secure_client(client, pki, "agent", policy)
    await client.connect()
    return client


async def measure(
    url: str, pki: Pki, pipe: Connection, index: int, policy: Policy | None, times: tuple[int, int]
) -> dict[str, float]:
    """CPU of client and server: ms a connection, us a value."""

    def used() -> tuple[float, float]:
        pipe.send(True)
        server = pipe.recv()
        return time.process_time(), server

    await (await connect(url, pki, policy)).disconnect()  # loads what is loaded once
    before = used()
    for _ in range(times[0]):
        await (await connect(url, pki, policy)).disconnect()
    between = used()
    client = await connect(url, pki, policy)
    nodes = [ua.NodeId.from_string(f"ns={index};s={number}") for number in range(NODES)]
    items = [ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.Value) for node in nodes]
    start = used()
    for _ in range(times[1]):
        await client.uaclient.read(ua.ReadParameters(NodesToRead=items))
    end = used()
    await client.disconnect()
    return {
        "connect client ms": 1e3 * (between[0] - before[0]) / times[0],
        "connect server ms": 1e3 * (between[1] - before[1]) / times[0],
        "read client us a value": 1e6 * (end[0] - start[0]) / times[1] / NODES,
        "read server us a value": 1e6 * (end[1] - start[1]) / times[1] / NODES,
    }


def allow_list() -> float:
    """Return the CPU (us) of asking the Modbus allow-list once."""
    loopback = (ipaddress.ip_network("127.0.0.0/8"),)
    unit, reads = frozenset({1}), frozenset({4})
    access = Access([Rule(loopback, unit, reads, 20 * k, 20 * k + 9) for k in range(20)])
    times = 200_000
    start = time.process_time()
    for _ in range(times):
        access(f"{HOST}:40123", 1, 4, 385, 5)
    return 1e6 * (time.process_time() - start) / times


async def main(connections: int, reads: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        pki = init(Path(place) / "pki")
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            url = f"opc.tcp://{HOST}:{probe.getsockname()[1]}"
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(pki.folder, url, theirs)
        )
        process.start()
        index = await asyncio.to_thread(ours.recv)
        found = {}
        for policy in (None, *POLICIES):
            name = policy or "none"
            found[name] = await measure(url, pki, ours, index, policy, (connections, reads))
        ours.send(False)
        process.join(30)
    ratios = {
        policy: {key: value / found["none"][key] for key, value in found[policy].items()}
        for policy in POLICIES
    }
    print(json.dumps({"cpu": found, "ratio to none": ratios}, indent=1))
    print(f"allow-list, 20 ranges: {allow_list():.2f} us a request")


if __name__ == "__main__":
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    given = [int(word) for word in sys.argv[1:]]
    asyncio.run(main(*(given + [30, 30][len(given) :])))
