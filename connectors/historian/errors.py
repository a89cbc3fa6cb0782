"""The errors of the historian."""

from ..errors import ConnectorError


class HistorianError(ConnectorError):
    """Raised when a history cannot be recorded, kept or read."""


class DamagedFileError(HistorianError):
    """Raised when a file of a history is there and cannot be read.

    Attributes:
        name: of the file.
    """

    def __init__(self, name: str, why: object) -> None:
        reason = " ".join(str(why).split())[:200]
        super().__init__(
            f"{name} cannot be read ({reason}); run `passline history verify` and move it away"
        )
        self.name = name
