"""Alarm management after ISA-18.2: when an alarm comes, who has seen it, which one came first.

`definition` says what an alarm is, `states` where it can stand, `conditions` decides which
conditions hold, `journal` writes down what happened, `system` puts them together.
Every time is plant time (s), so equal samples make equal alarms at any speed.
"""

from .definition import Alarm, Kind, PlantState, Words, check_alarms
from .journal import Event, Happening, Kpi
from .states import TRANSITIONS, Standing, State
from .system import AlarmMemory, AlarmSystem

__all__ = [
    "TRANSITIONS",
    "Alarm",
    "AlarmMemory",
    "AlarmSystem",
    "Event",
    "Happening",
    "Kind",
    "Kpi",
    "PlantState",
    "Standing",
    "State",
    "Words",
    "check_alarms",
]
