"""One secured OPC UA session that only reads: values in batches, monitored items, browsing."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Any, Self

from asyncua import Client, ua

from ..plant_sim.errors import ConfigError
from . import asyncua_values
from .addresses import OpcUaAddress
from .asyncua_values import Prepared
from .errors import LinkError, NoAnswerError
from .security import Pki, secure_client
from .tagfile import OpcUaDevice

DEADLINE = 2.0  # wall s for one request
CONNECT = 6.0  # wall s for one attempt to connect: two RSA handshakes on a busy machine
CHUNK = 500  # nodes in one Read call: one by one costs eleven times more
ITEMS = 1000  # monitored items in one subscription: real PLCs take no more
KEEP_ALIVE = 1.0  # wall s: the server speaks at least so often, changed or not

Notice = Callable[[int, ua.DataValue], None]

# What asyncua logs of a lost connection, our health says in one sentence.
logging.getLogger("asyncua").setLevel(logging.CRITICAL)


class OpcUaSession:
    """One connection of one user. After a LinkError it is thrown away, never used again."""

    def __init__(self, client: Client, deadline: float) -> None:
        self._client = client
        self._deadline = deadline
        self._namespaces: list[str] = []
        self.heard = 0.0  # loop time at which a subscription last spoke

    @classmethod
    async def open(
        cls, device: OpcUaDevice, pki: Pki, user: str, deadline: float = DEADLINE
    ) -> Self:
        """Connect with certificate and password.

        Raises:
            LinkError: if the server does not let this user in, or is not there.
        """
        asyncua_values.install()
        client = Client(device.url, timeout=CONNECT, watchdog_intervall=60.0)
        session = cls(client, deadline)
        try:
            async with asyncio.timeout(CONNECT):
                await secure_client(client, pki, user, device.policy)
                await client.connect()
                # The index of a namespace may differ after every restart of the server.
                namespaces = await client.get_namespace_array()
        except BaseException as error:
            client.disconnect_socket()
            await session.close()
            if isinstance(error, Exception) and not isinstance(error, ConfigError):
                raise LinkError(
                    f"{device.url} does not let {user} in ({said(error)}); is the PLC running, "
                    "and are keys and password those of its pki folder?"
                ) from error
            raise
        session._namespaces = list(namespaces)
        return session

    @property
    def client(self) -> Client:
        """The client of asyncua, for what this class has no method for."""
        return self._client

    @property
    def connected(self) -> bool:
        """Whether the socket is there; a server that hangs keeps it."""
        protocol = self._client.uaclient.protocol
        return protocol is not None and not protocol.is_closed

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
        return await self.read_prepared(prepare(nodes))

    async def read_prepared(self, reads: Sequence[Prepared]) -> list[ua.DataValue]:
        """Do the same for what `prepare` made of the nodes: once, for many reads."""
        values: list[ua.DataValue] = []
        for read in reads:
            got, wanted = await self._ask(self._client.uaclient.read(read)), len(read.NodesToRead)
            if len(got or ()) != wanted:
                raise LinkError(f"{len(got or ())} values came for {wanted} nodes")
            values += got
        return values

    async def subscribe(self, nodes: Sequence[ua.NodeId], interval: float, notice: Notice) -> None:
        """Have `notice(position, value)` called for each change of a node.

        Queues hold one value: what a slow link cannot carry is conflated by the server.

        Args:
            nodes: what to follow; a position is an index into it.
            interval: wall s between two publications.
            notice: called in the loop; must be quick.

        Raises:
            LinkError: if the connection is lost, or a node cannot be followed.
        """

        def publish(result: ua.PublishResult) -> None:
            self.heard = asyncio.get_running_loop().time()
            for part in result.NotificationMessage.NotificationData or ():
                if isinstance(part, ua.DataChangeNotification):
                    for item in part.MonitoredItems or ():
                        if item.ClientHandle < len(nodes):
                            notice(item.ClientHandle, item.Value)

        beats = max(1, round(KEEP_ALIVE / interval))
        for start in range(0, len(nodes), ITEMS):
            parameters = ua.CreateSubscriptionParameters(
                RequestedPublishingInterval=1000.0 * interval,
                RequestedLifetimeCount=ua.UInt32(60 * beats),
                RequestedMaxKeepAliveCount=ua.UInt32(beats),
            )
            made = await self._ask(self._client.uaclient.create_subscription(parameters, publish))
            items = [
                ua.MonitoredItemCreateRequest(
                    ItemToMonitor=ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.Value),
                    MonitoringMode=ua.MonitoringMode.Reporting,
                    RequestedParameters=ua.MonitoringParameters(
                        ClientHandle=ua.UInt32(start + place),
                        SamplingInterval=1000.0 * interval,
                        QueueSize=ua.UInt32(1),
                        DiscardOldest=True,
                    ),
                )
                for place, node in enumerate(nodes[start : start + ITEMS])
            ]
            results = await self._ask(
                self._client.uaclient.create_monitored_items(
                    ua.CreateMonitoredItemsParameters(
                        SubscriptionId=made.SubscriptionId,
                        TimestampsToReturn=ua.TimestampsToReturn.Both,
                        ItemsToCreate=items,
                    )
                )
            )
            if len(results or ()) != len(items):
                raise LinkError(f"{len(results or ())} answers came for {len(items)} nodes")
            for place, result in enumerate(results):
                if not result.StatusCode.is_good():  # its tag is BAD, the others are followed
                    notice(start + place, ua.DataValue(StatusCode=result.StatusCode))
        self.heard = asyncio.get_running_loop().time()

    async def children(self, node: ua.NodeId | None = None) -> list[ua.ReferenceDescription]:
        """Return what lies below `node`, or below the folder Objects.

        Raises:
            LinkError: if the connection is lost or there is no such node.
        """
        wanted = ua.BrowseDescription(
            NodeId=node or ua.NodeId(ua.Int32(ua.ObjectIds.ObjectsFolder), ua.Int16(0)),
            BrowseDirection=ua.BrowseDirection.Forward,
            ReferenceTypeId=ua.NodeId(ua.Int32(ua.ObjectIds.HierarchicalReferences), ua.Int16(0)),
            IncludeSubtypes=True,
            ResultMask=ua.UInt32(ua.BrowseResultMask.All),
        )
        parameters = ua.BrowseParameters(NodesToBrowse=[wanted])
        (result,) = await self._ask(self._client.uaclient.browse(parameters))
        found = list(result.References or ())
        while result.ContinuationPoint:
            following = ua.BrowseNextParameters(ContinuationPoints=[result.ContinuationPoint])
            (result,) = await self._ask(self._client.uaclient.browse_next(following))
            found += result.References or ()
        if not result.StatusCode.is_good():
            raise LinkError(f"nothing to browse there ({result.StatusCode.name})")
        return found

    def address(self, node: ua.NodeId) -> str:
        """Return `node` as a tag file writes it."""
        short = ua.NodeId(node.Identifier, ua.Int16(0), node.NodeIdType).to_string()
        return f"nsu={self._namespaces[node.NamespaceIndex]};{short}"

    async def close(self) -> None:
        """Close the session, or drop it when the server no longer answers."""
        with contextlib.suppress(Exception):  # a connection that is gone cannot be closed politely
            async with asyncio.timeout(1.0):
                await self._client.disconnect()
        self._client.disconnect_socket()
        await asyncio.sleep(0)  # a closed transport lets its socket go in the next turn of the loop

    async def _ask(self, call: Any) -> Any:
        """Wait for one service, within the deadline."""
        try:
            async with asyncio.timeout(self._deadline):
                return await call
        except TimeoutError as error:
            raise NoAnswerError("the OPC UA server does not answer in time") from error
        except Exception as error:  # see said
            raise LinkError(f"the OPC UA server does not answer ({said(error)})") from error


def prepare(nodes: Sequence[ua.NodeId]) -> list[Prepared]:
    """Return the reads for `nodes`, as many in each as a server answers at best."""
    return [Prepared.of(nodes[start : start + CHUNK]) for start in range(0, len(nodes), CHUNK)]


def said(error: BaseException) -> str:
    """Say what asyncua raised.

    Beside its own errors and those of the socket that is whatever its parser or its cipher raises
    when a frame does not decode or its signature is wrong: the session is lost in every case.
    """
    return str(error).rstrip(".") or type(error).__name__
