"""What can go wrong with a model; the tree hangs from `PasslineError`."""

from ..plant_sim.errors import PasslineError


class ModelError(PasslineError):
    """Raised when a model cannot be loaded, trained or asked."""


class WeightsError(ModelError):
    """Raised when weights are missing, or are not the weights they are said to be."""


class OutputError(ModelError):
    """Raised when an answer, or what may be answered, does not fit the asked form."""
