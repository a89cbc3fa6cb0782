"""A view made on demand says the same as one that was made of everything."""

from math import inf, nan

from hypothesis import given
from hypothesis import strategies as st

from passline.connectors.addresses import ModbusAddress, OpcUaAddress
from passline.connectors.gate.plant import plant_clock
from passline.connectors.latest import Held, Latest
from passline.connectors.tags import Tag
from passline.plant_sim.signals import Quality, Sample

NAMES = ("a", "b", "c", "d")
TAGS = {
    name: Tag(
        name, "1", 0.0, 10.0, stale_after=1.0 + n,
        opcua=OpcUaAddress("urn:x", f"s={name}"), modbus=ModbusAddress("input", n),
    )
    for n, name in enumerate(NAMES)
}  # fmt: skip
HOMES = {"a": "opcua", "b": "modbus", "c": "opcua", "d": "modbus"}
NOW = 100.0

samples = st.builds(
    Sample,
    st.sampled_from([1.0, 2.0]),
    st.sampled_from(list(Quality)),
    st.sampled_from([-inf, 0.0, 5.0, 6.0, 7.0, inf, nan]),
    st.sampled_from([NOW, NOW - 0.9, NOW - 1.5, NOW - 2.5, NOW - 20.0]),
)
helds = st.builds(
    Held,
    st.just(TAGS),
    st.dictionaries(st.sampled_from(NAMES), samples),
    st.sampled_from([-inf, NOW - 5.0, NOW - 0.5]),
)


def all_at_once(held):
    """The same by the plain rule: the home's sample, unless another has a better one."""
    merged = {}
    for name in NAMES:
        second = "modbus" if HOMES[name] == "opcua" else "opcua"
        own, other = held[HOMES[name]].at(name, NOW), held[second].at(name, NOW)
        if own is None or (other is not None and other.quality > own.quality):
            own = other
        if own is not None:
            merged[name] = own
    return merged


@given(helds, helds)
def test_the_view_and_its_clock_are_those_of_all_samples(opcua, modbus):
    held = {"opcua": opcua, "modbus": modbus}
    view, plain = Latest(HOMES, held, NOW), all_at_once(held)
    assert repr(dict(view)) == repr(plain)  # NaN included
    assert len(view) == len(plain)
    assert [name for name in NAMES if view.get(name) is None] == [
        name for name in NAMES if name not in plain
    ]
    assert plant_clock(view) == plant_clock(view) == plant_clock(plain)


def test_a_value_carried_by_the_heartbeat_is_as_fresh_as_it():
    old = {"a": Sample(1.0, Quality.GOOD, 5.0, NOW - 20.0)}
    assert Held(TAGS, old, NOW - 0.5).at("a", NOW) == Sample(1.0, Quality.GOOD, 5.0, NOW - 0.5)
    assert Held(TAGS, old, -inf).at("a", NOW).quality is Quality.BAD
