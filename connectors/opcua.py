"""OPC UA: one secured session, and the connector that reads a plant through it."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any

from asyncua import Client, ua

from ..plant_sim.errors import ConfigError
from ..plant_sim.signals import Quality
from .addresses import OpcUaAddress
from .connector import CONNECT, DEADLINE, Raw, SupervisedConnector
from .errors import LinkError, ProtocolError
from .security import Pki, secure_client
from .tag_devices import need
from .tagfile import OpcUaDevice, TagFile

CHUNK = 500  # nodes in one Read call: one by one costs eleven times more

# A whole Write that is answered so was not carried out; any other status says that the session is
# lost, and nothing about the write.
REFUSALS = {
    ua.StatusCodes.BadUserAccessDenied,
    ua.StatusCodes.BadInvalidArgument,
    ua.StatusCodes.BadNotWritable,
    ua.StatusCodes.BadTypeMismatch,
}

# What asyncua logs of a lost connection, our health says in one sentence.
logging.getLogger("asyncua").setLevel(logging.CRITICAL)


class OpcUaSession:
    """One connection of one user. After a LinkError it is thrown away, never used again."""

    def __init__(self, client: Client, deadline: float) -> None:
        self._client = client
        self._deadline = deadline
        self._namespaces: list[str] = []

    @classmethod
    async def open(
        cls, device: OpcUaDevice, pki: Pki, user: str, deadline: float = DEADLINE
    ) -> "OpcUaSession":
        """Connect with certificate and password.

        Raises:
            LinkError: if the server does not let this user in, or is not there.
        """
        client = Client(device.url, timeout=CONNECT, watchdog_intervall=60.0)
        session = cls(client, deadline)
        try:
            async with asyncio.timeout(CONNECT):
                await secure_client(client, pki, user)
                await client.connect()
                # The index of a namespace may differ after every restart of the server.
                namespaces = await client.get_namespace_array()
        except BaseException as error:
            client.disconnect_socket()
            await session.close()
            if isinstance(error, Exception) and not isinstance(error, ConfigError):
                raise LinkError(
                    f"{device.url} does not let {user} in ({_text(error)}); is the PLC running, "
                    "and are keys and password those of its pki folder?"
                ) from error
            raise
        session._namespaces = list(namespaces)
        return session

    @property
    def client(self) -> Client:
        """The client of asyncua, for what this class has no method for."""
        return self._client

    def resolve(self, address: OpcUaAddress) -> ua.NodeId:
        """Return the node id that `address` has in this session.

        Raises:
            LinkError: if the server does not know the namespace.
        """
        try:
            index = self._namespaces.index(address.namespace)
        except ValueError:
            raise LinkError(
                f"the server does not know {address.namespace}; is this the plant of the tag file?"
            ) from None
        return ua.NodeId.from_string(f"ns={index};{address.identifier}")

    async def read(self, nodes: Sequence[ua.NodeId]) -> list[ua.DataValue]:
        """Return one DataValue for each node; a bad node is a bad status, not an exception.

        Raises:
            LinkError: if the connection or the deadline is lost.
        """
        values: list[ua.DataValue] = []
        for start in range(0, len(nodes), CHUNK):
            items = [
                ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.Value)
                for node in nodes[start : start + CHUNK]
            ]
            parameters = ua.ReadParameters(
                TimestampsToReturn=ua.TimestampsToReturn.Both, NodesToRead=items
            )
            try:
                async with asyncio.timeout(self._deadline):
                    values += await self._client.uaclient.read(parameters)
            except Exception as error:  # see _text
                raise LinkError(f"the OPC UA server does not answer ({_text(error)})") from error
        return values

    async def write(self, node: ua.NodeId, value: Any, kind: ua.VariantType) -> None:
        """Write one value; never repeated here.

        Raises:
            ProtocolError: if the server refused it; carries the status code.
            LinkError: if no answer came: it may or may not have arrived.
        """
        item = ua.WriteValue(
            NodeId=node,
            AttributeId=ua.AttributeIds.Value,
            Value=ua.DataValue(ua.Variant(value, kind)),
        )
        try:
            async with asyncio.timeout(self._deadline):
                (status,) = await self._client.uaclient.write(
                    ua.WriteParameters(NodesToWrite=[item])
                )
        except Exception as error:  # see _text
            if isinstance(error, ua.UaStatusCodeError) and error.code in REFUSALS:
                text = f"the PLC refuses the write: {_text(error)}"
                raise ProtocolError(text, error.code) from error
            raise LinkError(f"the OPC UA server does not answer ({_text(error)})") from error
        if not status.is_good():
            raise ProtocolError(f"the PLC refuses the write: {status.name}", int(status.value))

    async def close(self) -> None:
        """Close the session, or drop it when the server no longer answers."""
        with contextlib.suppress(Exception):  # a connection that is gone cannot be closed politely
            async with asyncio.timeout(1.0):
                await self._client.disconnect()
        self._client.disconnect_socket()
        await asyncio.sleep(0)  # a closed transport lets its socket go in the next turn of the loop


class OpcUaConnector(SupervisedConnector):
    """Reads every OPC UA tag of a tag file in batches."""

    def __init__(self, tagfile: TagFile, pki: Pki, user: str, **timing: float) -> None:
        super().__init__({n: t for n, t in tagfile.tags.items() if t.opcua}, **timing)
        self._tagfile, self._pki, self._user = tagfile, pki, user
        self._session: OpcUaSession | None = None
        self._nodes: list[ua.NodeId] = []

    async def _open(self) -> None:
        self._session = session = await OpcUaSession.open(
            need(self._tagfile.opcua, "devices.opcua"), self._pki, self._user, self._deadline
        )
        self._nodes = [session.resolve(t.opcua) for t in self.tags.values() if t.opcua]
        box = self._tagfile.mailbox
        if box is None or box.request is None:
            return
        table = OpcUaAddress(box.request.namespace, "s=Mailbox.TagTable")
        (shown,) = await session.read([session.resolve(table)])
        theirs = shown.Value.Value if shown.Value else None
        if isinstance(theirs, str) and theirs != self._tagfile.hash:
            raise LinkError(
                f"the PLC was made from tag table {theirs[:8]}, not {self._tagfile.hash[:8]}; "
                "take the tag file of its run folder"
            )

    async def _poll(self) -> dict[str, Raw]:
        if self._session is None:
            raise LinkError("there is no OPC UA session")
        values = await self._session.read(self._nodes)
        return {name: _raw(value) for name, value in zip(self.tags, values, strict=True)}

    async def _shut(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _raw(value: ua.DataValue) -> Raw:
    status = value.StatusCode
    code = int(status.value) if status is not None else 0
    number = value.Value.Value if value.Value is not None else None
    if (status is not None and status.is_bad()) or not isinstance(number, int | float):
        return Raw(None, Quality.BAD, code)
    good = status is None or status.is_good()
    return Raw(float(number), Quality.GOOD if good else Quality.UNCERTAIN, code)


def _text(error: BaseException) -> str:
    """Say what asyncua raised.

    Beside its own errors and those of the socket that is whatever its parser or its cipher raises
    when a frame does not decode or its signature is wrong: the session is lost in every case.
    """
    return str(error).rstrip(".") or type(error).__name__
