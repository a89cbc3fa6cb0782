"""The catalogue of controls that the write rules of a tag file make: no plant needs one in code."""

from math import isclose

from ..plant_sim.controls import Control, Permit
from ..plant_sim.errors import ConfigError
from ..plant_sim.units import UNITS, to_si
from .tag_table import REARM, TagFile
from .tags import Tag, WriteRule


def controls_of(tagfile: TagFile) -> dict[str, Control]:
    """Return every control of a tag file by its name, in SI; what re-arms the PLC is none.

    Where the file names no greatest step, the whole range is one; where it names no start, the
    control starts at 0, or at its limit nearest to 0.

    Raises:
        ConfigError: if the limits of a write rule leave nothing to choose.
    """
    return {
        name: _control(tag, tag.write, tagfile)
        for name, tag in tagfile.tags.items()
        if tag.write is not None and name != REARM
    }


def _control(tag: Tag, rule: WriteRule, tagfile: TagFile) -> Control:
    if rule.low == rule.high:
        raise ConfigError(
            f"tag {tag.name}: both write limits are {rule.low:g}, which leaves nothing to choose; "
            "give a range, or drop write"
        )
    start = min(max(0.0, rule.low), rule.high) if rule.start is None else rule.start
    return Control(
        tag.name,
        _si(rule.low, tag.unit),
        _si(rule.high, tag.unit),
        tuple(_difference(step, tag.unit) for step in rule.steps),
        tuple(_si(choice, tag.unit) for choice in rule.choices),
        _difference(min(rule.max_step, rule.high - rule.low), tag.unit),
        rule.cooldown,
        rule.risk,
        rule.needs,
        _difference(rule.tolerance, tag.unit),
        tag.english,
        tag.korean,
        tag.unit,
        _si(start, tag.unit),
        _difference(rule.rate, tag.unit),
        rule.excludes,
        tuple(
            Permit(
                permit.tag,
                _si(permit.low, tagfile.tag(permit.tag).unit),
                _si(permit.high, tagfile.tag(permit.tag).unit),
                permit.english,
                permit.korean,
            )
            for permit in rule.permits
        ),
    )


def _si(value: float, unit: str) -> float:
    return _clean(to_si(value, unit))


def _difference(value: float, unit: str) -> float:
    """Return a difference in SI: 0 degC is 273.15 K, but a step of 10 degC is one of 10 K."""
    return _clean(value * UNITS[unit][1])


def _clean(value: float) -> float:
    """Return the short number that `value` is but for its last bits: 7 % is 0.07 exactly."""
    short = float(f"{value:.12g}")
    return short if isclose(short, value, rel_tol=1e-15) else value
