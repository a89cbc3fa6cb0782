"""Every sample, queryable for ever: Parquet files written whole, read by DuckDB."""

from .care import Report, retain_once, verify
from .changes import Mark, Rule
from .errors import DamagedFileError, HistorianError
from .files import Retention
from .reading import Event, Held, events, held, query
from .recorder import Historian, Recording
from .spans import Coil, coils
from .tag_rules import rules_of
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
    "Report",
    "Retention",
    "Rule",
    "Trace",
    "coils",
    "events",
    "held",
    "query",
    "retain_once",
    "rules_of",
    "verify",
]
