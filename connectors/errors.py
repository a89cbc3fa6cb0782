"""The errors of the wires and of the gate; every one derives from `PasslineError`."""

from ..plant_sim.errors import PasslineError


class ConnectorError(PasslineError):
    """Raised when the way to a plant cannot do what it was asked."""


class TagError(ConnectorError):
    """Raised when a tag is not known or its type or unit is wrong."""


class LinkError(ConnectorError, ConnectionError):
    """Raised when a connection is not there or was lost."""


class NoAnswerError(LinkError):
    """Raised when a peer that is connected did not answer within the deadline."""


class ProtocolError(ConnectorError):
    """Raised when the peer refused a request.

    Attributes:
        code: the OPC UA status code or the Modbus exception code, as received.
    """

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


class ApprovalError(ConnectorError):
    """Raised when a value has no approval, or the approval has expired."""
