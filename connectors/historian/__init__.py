"""Every sample, queryable for ever: Parquet files written whole, read by DuckDB."""

from .changes import Mark, Rule
from .coils import Coil, coils
from .errors import DamagedFileError, HistorianError
from .files import Retention
from .reading import Event, Held, events, held, query
from .recorder import Historian, Recording
from .traces import Trace

__all__ = [
    "Coil",
    "DamagedFileError",
    "Event",
    "Held",
    "Historian",
    "HistorianError",
    "Mark",
    "Recording",
    "Retention",
    "Rule",
    "Trace",
    "coils",
    "events",
    "held",
    "query",
]
