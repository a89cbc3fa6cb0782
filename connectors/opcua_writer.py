"""The OPC UA session that also writes: the gate's alone, and left out of a read-only build."""

import asyncio
from collections.abc import Sequence
from typing import Any

from asyncua import ua

from .errors import LinkError, ProtocolError
from .opcua import CHUNK, OpcUaSession, said

# A whole Write that is answered so was not carried out; any other status says that the session is
# lost, and nothing about the write.
REFUSALS = {
    ua.StatusCodes.BadUserAccessDenied,
    ua.StatusCodes.BadInvalidArgument,
    ua.StatusCodes.BadNotWritable,
    ua.StatusCodes.BadTypeMismatch,
    ua.StatusCodes.BadOutOfRange,
    ua.StatusCodes.BadTooManyOperations,
}


class OpcUaWriter(OpcUaSession):
    """One connection of a user who may write."""

    async def write(self, node: ua.NodeId, value: Any, kind: ua.VariantType) -> None:
        """Write one value; never repeated here.

        Raises:
            ProtocolError: if the server refused it; carries the status code.
            LinkError: if no answer came: it may or may not have arrived.
        """
        (status,) = await self.write_all([(node, value, kind)])
        if not status.is_good():
            raise ProtocolError(f"the PLC refuses the write: {status.name}", int(status.value))

    async def write_all(
        self, writes: Sequence[tuple[ua.NodeId, Any, ua.VariantType]]
    ) -> list[ua.StatusCode]:
        """Write up to 500 values in one call and return a status for each; never repeated here.

        Raises:
            ProtocolError: if the server refused the whole call; carries the status code.
            LinkError: if no answer came: any of them may or may not have arrived.
        """
        if not 1 <= len(writes) <= CHUNK:
            raise ProtocolError(f"{len(writes)} writes are outside 1..{CHUNK}; send fewer at once")
        items = [
            ua.WriteValue(
                NodeId=node,
                AttributeId=ua.AttributeIds.Value,
                Value=ua.DataValue(ua.Variant(value, kind)),
            )
            for node, value, kind in writes
        ]
        try:
            async with asyncio.timeout(self._deadline):
                statuses: list[ua.StatusCode] = await self._client.uaclient.write(
                    ua.WriteParameters(NodesToWrite=items)
                )
        except Exception as error:  # see said
            if isinstance(error, ua.UaStatusCodeError) and error.code in REFUSALS:
                text = f"the PLC refuses the write: {said(error)}"
                raise ProtocolError(text, error.code) from error
            raise LinkError(f"the OPC UA server does not answer ({said(error)})") from error
        if len(statuses) != len(items):
            raise LinkError(f"{len(statuses)} answers came for {len(items)} writes")
        return statuses
