"""The errors of the gate, beside those of the wires."""

from ..errors import ApprovalError, ConnectorError, LinkError


class GateError(ConnectorError):
    """Raised when the gate cannot or will not do what it was asked."""


class AuditError(GateError):
    """Raised when the audit log is broken or cannot be written; then nothing is sent."""


class ConflictError(GateError):
    """Raised when an action id comes again with another content."""


__all__ = ["ApprovalError", "AuditError", "ConflictError", "GateError", "LinkError"]
