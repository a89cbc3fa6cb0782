"""The modules that make the line with the fine mill, in the order in which they are compiled."""

from ..sources import SOURCES

FINE_SOURCES = (
    *SOURCES,
    "physics.interstand",
    "physics.looper",
    "physics.hydraulic_gap",
    "physics.main_drive",
    "control.looper_control",
    "control.speed_control",
    "lines.hot_strip.fine.bite",
    "lines.hot_strip.fine.stands",
    "lines.hot_strip.fine.level1",
    "lines.hot_strip.fine.strip",
    "lines.hot_strip.fine.bar",
    "lines.hot_strip.fine.watch",
    "lines.hot_strip.fine.interval",
    "lines.hot_strip.fine.drive",
)

PART_SOURCES = (
    "physics.flow_stress",
    "physics.roll_bite",
    "physics.mill_stretch",
    "physics.strip_temperature",
    "physics.interstand",
    "physics.looper",
    "physics.hydraulic_gap",
    "physics.main_drive",
    "control.level2_model",
    "control.gap_control",
    "control.looper_control",
    "control.speed_control",
    "lines.hot_strip.fine.bite",
    "lines.hot_strip.fine.stands",
    "lines.hot_strip.fine.level1",
    "lines.hot_strip.fine.trial",
)
