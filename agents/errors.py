"""The errors of the agents."""

from ..plant_sim.errors import PasslineError


class AgentError(PasslineError):
    """Raised when an agent cannot do its work; every error of the agents derives from it."""


class RunFolderError(AgentError):
    """Raised when a run folder cannot be used, for example because another agent works in it."""


class OpenWriteError(AgentError):
    """Raised when the gate cannot say yet what became of a write; its turn stays open."""


class SnapshotGoneError(AgentError):
    """Raised when a decision refers to a snapshot that is no longer kept."""
