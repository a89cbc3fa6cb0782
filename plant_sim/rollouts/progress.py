"""The bar that long work shows on standard error, with an estimate of what is left."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

NAME = 40  # characters of what is going on, of the 80 of a line


def progress(unit: str) -> "Progress":
    """Return a bar that counts in `unit`, say "units"; use it as a context."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column

    # a name of any length would take the room of the numbers
    name = Column(no_wrap=True, overflow="ellipsis", max_width=NAME)
    columns = (
        TextColumn("{task.description}", markup=False, table_column=name),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True, emoji=False))
