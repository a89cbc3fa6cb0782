"""A secured OPC UA server with one box, as small as can be, and ways to knock at its door."""

import asyncio
import contextlib
import socket

from asyncua import Client, Server, ua
from asyncua.common.callback import CallbackType
from asyncua.crypto import security_policies

from passline.connectors.security import GATE, Lab, Pki, secure_server

BOX = "box"
REFUSED = (ua.UaError, OSError, TimeoutError)
POLICIES = ("Basic256Sha256", "Aes256Sha256RsaPss")


def free_url() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"opc.tcp://127.0.0.1:{probe.getsockname()[1]}"


class Box:
    """The server: a variable that only the gate may write, as the mailbox of the PLC."""

    def __init__(self, keys: Pki) -> None:
        self.keys = keys
        self.url = free_url()
        self.server = Server()
        self.writers: list[str | None] = []

    async def start(self, lab: Lab = Lab.OFF, secured: bool = True) -> "Box":
        await self.server.init()
        if secured:
            await secure_server(self.server, self.keys, self.url, lab)
        else:
            self.server.set_endpoint(self.url)
        index = await self.server.register_namespace("urn:test")
        self.node = ua.NodeId.from_string(f"ns={index};s={BOX}")
        variable = await self.server.nodes.objects.add_variable(self.node, BOX, b"")
        await variable.set_writable()
        self.server.subscribe_server_callback(CallbackType.PreWrite, self._before_write)
        await self.server.start()
        return self

    def _before_write(self, event, service):
        if event.is_external:
            if event.user.name != GATE:
                raise ua.UaStatusCodeError(ua.StatusCodes.BadUserAccessDenied)
            self.writers.append(event.user.name)

    async def stop(self) -> None:
        if self.server.bserver is not None:
            await self.server.stop()


async def visit(client: Client, node: ua.NodeId) -> bytes:
    """Connect, read the box, go; whoever is refused gets an exception."""
    try:
        async with asyncio.timeout(40.0):
            await client.connect()
            return bytes(await client.get_node(node).read_value())
    finally:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(2.0):
                await client.disconnect()
        client.disconnect_socket()
        await asyncio.sleep(0.01)  # asyncua closes its socket in a later turn of the loop


async def knock(box: Box, certificate, key, *, user="agent", uri=None, policy=POLICIES[0]) -> bytes:
    """Visit with any certificate; name and password are right."""
    client = Client(box.url, timeout=20)
    client.application_uri = uri or f"urn:passline:{user}"
    await client.set_security(
        getattr(security_policies, f"SecurityPolicy{policy}"), str(certificate), str(key),
        server_certificate=str(box.keys.server_certificate()),
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )  # fmt: skip
    client.set_user(user)
    client.set_password(box.keys.password(user))
    return await visit(client, box.node)


async def channel(url: str) -> Client:
    """A channel without security: anybody gets as far, for servers tell it what they offer."""
    client = Client(url, timeout=20)
    await client.connect_socket()
    await client.send_hello()
    await client.open_secure_channel()
    return client
