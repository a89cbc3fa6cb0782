"""What the tag file says of the instruments, as rules of the historian."""

from collections.abc import Mapping

from ...plant_sim.units import to_si
from ..tags import Tag
from .changes import Rule


def rules_of(tags: Mapping[str, Tag]) -> dict[str, Rule]:
    """Return resolution and dead-band (SI) of every tag that has one; the others need no rule."""
    return {
        name: Rule(_width(tag.resolution, tag.unit), _width(tag.dead_band, tag.unit))
        for name, tag in tags.items()
        if tag.resolution or tag.dead_band
    }


def _width(plain: float, unit: str) -> float:
    """Return a difference in the plant unit as one in SI, without the binary dust of a zero."""
    return float(f"{to_si(plain, unit) - to_si(0.0, unit):.12g}")
