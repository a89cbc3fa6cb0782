"""The errors of the gate, beside those of the wires."""

from ..errors import ApprovalError, ConnectorError, LinkError


class GateError(ConnectorError):
    """Raised when the gate cannot or will not do what it was asked."""


class AuditError(GateError):
    """Raised when the audit log is broken or cannot be written; then nothing is sent."""


class LedgerError(GateError):
    """Raised when the ledger cannot be read or written; nothing more is sent until it can."""


class ConflictError(GateError):
    """Raised when an action id comes again with another content."""


__all__ = ["ApprovalError", "AuditError", "ConflictError", "GateError", "LedgerError", "LinkError"]
