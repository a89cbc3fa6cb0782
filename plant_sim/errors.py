"""The errors of the house: one tree, one channel; an operation returns its result or raises."""


class PasslineError(Exception):
    """Raised when passline cannot do what it was asked; the root of all errors here."""


class ConfigError(PasslineError, ValueError):
    """Raised when a file or an argument is wrong; says what, the value, limit and remedy."""


class MissingExtraError(PasslineError, ImportError):
    """Raised when an optional dependency is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"{package} is not installed; install it with: pip install 'passline[{extra}]'"
        )


class SimulationError(PasslineError):
    """Raised when the simulated plant cannot go on."""


class ValidityError(SimulationError, ValueError):
    """Raised when a formula is asked for something outside its published range."""


class BiteError(SimulationError):
    """Raised when the draft is more than friction can pull into the roll gap."""


class ConvergenceError(SimulationError):
    """Raised when an iteration did not settle."""
