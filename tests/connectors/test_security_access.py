"""The Modbus allow-list: what is not allowed is refused, with the right exception code."""

import ipaddress
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passline.connectors.modbus.access import MAX_KNOWN, Access, access_of
from passline.connectors.modbus.protocol import (
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    NO_SUCH_UNIT,
)
from passline.connectors.tag_access import Rule
from passline.connectors.tag_csv import dump_csv, parse_csv
from passline.connectors.tagfile import dump, make_default, parse
from passline.plant_sim import make_line
from passline.plant_sim.errors import ConfigError

# --- against a slow oracle -----------------------------------------------------------------------

NETWORKS = [
    ipaddress.ip_network(text)
    for text in ("127.0.0.0/8", "192.0.2.0/28", "192.0.2.5/32", "0.0.0.0/0", "::1/128", "fd00::/8")
]
PEERS = [
    "127.0.0.1",
    "192.0.2.5",
    "192.0.2.200",
    "::1",
    "fd00::9",
    "::ffff:192.0.2.5",
    "nobody",
    "",
]
FUNCTIONS = (3, 4, 16)
END = 24  # addresses are few, so that rules and requests meet at their ends

rules = st.builds(
    lambda peers, units, functions, ends: Rule(tuple(peers), units, functions, *sorted(ends)),
    st.lists(st.sampled_from(NETWORKS), min_size=1, max_size=2),
    st.frozensets(st.sampled_from([0, 1, 2]), min_size=1),
    st.frozensets(st.sampled_from(FUNCTIONS), min_size=1),
    st.tuples(st.integers(0, END), st.integers(0, END)),
)
requests = st.tuples(
    st.sampled_from(PEERS),
    st.sampled_from([0, 1, 2, 3]),
    st.sampled_from((*FUNCTIONS, 6)),
    st.integers(0, END + 2),
    st.integers(0, 8),
)


def slowly(listed, peer, unit, function, address, count):
    """The same answer, address by address, straight from the words of the module."""
    try:
        number = ipaddress.ip_address(peer)
    except ValueError:
        return NO_SUCH_UNIT
    if number.version == 6 and number.ipv4_mapped:
        number = number.ipv4_mapped
    mine = [rule for rule in listed if any(number in network for network in rule.peers)]
    mine = [rule for rule in mine if unit in rule.units]
    if not mine:
        return NO_SUCH_UNIT
    mine = [rule for rule in mine if function in rule.functions]
    if not mine:
        return ILLEGAL_FUNCTION
    for touched in range(address, address + count):
        if not any(rule.first <= touched <= rule.last for rule in mine):
            return ILLEGAL_ADDRESS
    return 0


@given(st.lists(rules, max_size=6), st.lists(requests, max_size=20))
def test_the_list_answers_as_if_it_looked_at_every_address(listed, asked):
    access = Access(listed)
    for request in asked:
        assert access.allowed(*request) == slowly(listed, *request), request
        peer, *rest = request
        for named in (f"{peer}:40123", f"[{peer}]:40123"):
            assert access(named, *rest) == slowly(listed, *request), named


@given(st.lists(rules, max_size=4), rules, requests)
def test_one_more_rule_never_forbids(listed, more, request):
    if Access(listed).allowed(*request) == 0:
        assert Access([*listed, more]).allowed(*request) == 0


@given(requests)
def test_an_empty_list_allows_nothing(request):
    assert Access([]).allowed(*request) == NO_SUCH_UNIT
    assert not Access([]).of(request[0])


def test_many_peers_are_not_all_remembered():
    access = Access([Rule((NETWORKS[3],), frozenset({1}), frozenset({3}), 0, 9)])
    for number in range(3 * MAX_KNOWN):
        peer = str(ipaddress.ip_address(number))
        assert access.allowed(peer, 1, 3, 0, 10) == 0
        assert access.allowed(peer, 1, 3, 1, 10) == ILLEGAL_ADDRESS
    assert len(access._known) <= MAX_KNOWN


def test_a_range_beyond_the_last_address_is_refused():
    everything = Rule(
        (ipaddress.ip_network("0.0.0.0/0"),), frozenset({1}), frozenset({3}), 0, 0xFFFF
    )
    access = Access([everything])
    assert access.allowed("192.0.2.1", 1, 3, 0xFFFF, 1) == 0
    assert access.allowed("192.0.2.1", 1, 3, 0xFFFF, 2) == ILLEGAL_ADDRESS


# --- without a list of one's own -----------------------------------------------------------------


@pytest.fixture(scope="module")
def tags():
    line = make_line("hot-strip", seed=0)
    return make_default(line.signals, line.controls, opcua_port=4840, modbus_port=5020)


def test_without_a_list_this_machine_reads_every_tag_and_writes_the_mailbox(tags):
    access = access_of(tags)
    for tag in tags.tags.values():
        if tag.modbus is not None:
            function = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}[tag.modbus.table]
            at = tag.modbus.register, tag.modbus.words
            assert access.allowed("127.0.0.1", 1, function, *at) == 0, tag.name
            assert access.allowed("::1", 1, function, *at) == 0
            assert access.allowed("192.0.2.5", 1, function, *at) == NO_SUCH_UNIT
            assert access.allowed("127.0.0.1", 2, function, *at) == NO_SUCH_UNIT
    box = tags.mailbox
    assert access.allowed("127.0.0.1", 1, 16, box.request_register, 4) == 0
    assert access.allowed("127.0.0.1", 1, 16, box.beat_register, 4) == 0
    assert access.allowed("127.0.0.1", 1, 4, box.echo_register, 100) == 0
    for address in (box.beat_register + 40, 1000, 0xFFFF):
        assert access.allowed("127.0.0.1", 1, 16, address, 1) == ILLEGAL_ADDRESS
    for function in (3, 5, 15, 22, 23, 43):
        assert access.allowed("127.0.0.1", 1, function, 0, 1) == ILLEGAL_FUNCTION


# --- the file ------------------------------------------------------------------------------------

FILE = """\
version: 1
line: mill
devices: {modbus: {host: 127.0.0.1, port: 5020, unit: 1}}
tags:
  - {name: plc.heartbeat, unit: s, low: 0, high: 9, modbus: {table: input, register: 0, type: u32}}
"""
GOOD = """\
modbus_access:
  - {peers: [192.0.2.16/30, "::1/128"], units: [1], functions: [3, 4], first: 0, last: 699}
  - peers: [192.0.2.18]
    units: [1, 2]
    functions: [16]
    first: 10
    last: 10
"""


def test_a_tag_file_has_a_list_of_its_own_and_keeps_it_in_every_form():
    file = parse(GOOD + FILE)
    access = access_of(file)
    assert access.allowed("192.0.2.17", 1, 4, 600, 100) == 0
    assert access.allowed("192.0.2.17", 1, 16, 10, 1) == ILLEGAL_FUNCTION
    assert access.allowed("192.0.2.18", 2, 16, 10, 1) == 0
    assert access.allowed("192.0.2.18", 2, 16, 10, 2) == ILLEGAL_ADDRESS
    assert access.allowed("::1", 1, 3, 0, 1) == 0
    assert not access.of("127.0.0.1")
    assert parse(dump(file)) == parse_csv(dump_csv(file).encode()) == file
    without = parse(FILE)
    assert file.hash == without.hash
    assert access_of(without).allowed("127.0.0.1", 1, 4, 0, 2) == 0


WRONG = {
    "unknown key": ("units: [1, 2]", "unit: [1, 2]", r"line 4: key 'unit' is not known"),
    "host bits": ("[192.0.2.18]", "[192.0.2.18/24]", r"line 3: peers '192\.0\.2\.18/24' is not a"),
    "a name": ("[192.0.2.18]", "[plc.example]", r"line 3: peers 'plc\.example' is not a network"),
    "a number": ("[192.0.2.18]", "[3221226002]", r"line 3: peers 3221226002 must be text"),
    "nobody": ("[192.0.2.18]", "[]", r"line 3: peers \[\] must be a list with something"),
    "function 128": ("[16]", "[128]", r"line 5: functions 128 must be a whole number in 1\.\.127"),
    "function true": ("[16]", "[true]", r"line 5: functions True must be a whole number"),
    "unit 256": ("[1, 2]", "[1, 256]", r"line 4: units 256 must be a whole number in 0\.\.255"),
    "no end": ("    last: 10\n", "", r"line 3: last is missing"),
    "turned": ("first: 10", "first: 11", r"line 7: last 10 is before first 11"),
    "not whole": ("first: 10", "first: 1.5", r"line 6: first 1\.5 must be a whole number"),
    "given twice": ("    first: 10", "    last: 9\n    first: 10", r"line 8: key 'last' is given"),
    "a mapping": (GOOD, "modbus_access: {}\n", r"line 1: modbus_access must be a list of rules"),
    "nothing": (GOOD, "modbus_access: []\n", r"line 1: modbus_access must be a list of rules"),
    "a list of words": (GOOD, "modbus_access: [all]\n", r"line 1: a rule must be a mapping"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_list_is_refused_with_its_line(kind):
    old, new, told = WRONG[kind]
    assert old in GOOD
    with pytest.raises(ConfigError, match=told):
        parse(GOOD.replace(old, new) + FILE)


def test_a_list_without_a_modbus_server_is_refused_with_its_line():
    opcua = FILE.replace("modbus: {host: 127.0.0.1, port: 5020, unit: 1}",
                         "opcua: {url: 'opc.tcp://h:1', application_uri: u}")  # fmt: skip
    with pytest.raises(ConfigError, match=r"line 1: modbus_access needs devices\.modbus"):
        parse(GOOD + opcua)


def test_the_oracle_and_the_list_know_every_exception_code():
    """So that the comparison above cannot pass on one code alone."""
    listed = [Rule((NETWORKS[0],), frozenset({1}), frozenset({3}), 2, 5)]
    found = {
        slowly(listed, *request)
        for request in itertools.product(PEERS, (0, 1), (3, 6), (0, 3), (0, 1, 3))
    }
    assert found == {0, ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, NO_SUCH_UNIT}
