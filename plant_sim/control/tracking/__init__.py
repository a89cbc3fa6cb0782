"""The state estimator: what can be believed of slabs, strip and model errors, from Samples alone.

MPC and rehearsal may start from nothing else. It is given a stream of samples and the data sheet of
the mill, uses level 2's own models, and writes one page at a moment: every number with its standard
deviation, and None where nothing honest can be said.
"""

from .delivery import usual_delivery
from .mill import TrackedMill
from .page import (
    Adaptation,
    BarBelief,
    Belief,
    FurnaceBelief,
    Instrument,
    Segment,
    StripBelief,
    TrackingPage,
)
from .tracker import Tracker, TrackerState

__all__ = [
    "Adaptation",
    "BarBelief",
    "Belief",
    "FurnaceBelief",
    "Instrument",
    "Segment",
    "StripBelief",
    "TrackedMill",
    "Tracker",
    "TrackerState",
    "TrackingPage",
    "usual_delivery",
]
