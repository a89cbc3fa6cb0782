"""Any valid tag file, for hypothesis: every key of every section, both protocols or one."""

from math import inf

from hypothesis import strategies as st

from passline.connectors.addresses import KINDS, UNSCALED, ModbusAddress, OpcUaAddress, Scaling
from passline.connectors.tagfile import MailboxMap, ModbusDevice, OpcUaDevice, TagFile
from passline.connectors.tags import HEARTBEAT, Condition, Tag, WriteRule
from passline.plant_sim.units import UNITS

numbers = st.floats(-1e6, 1e6)
positive = st.floats(1e-6, 1e6)
names = st.from_regex(r"[a-z][a-z0-9]{0,5}\.[a-z][a-z0-9_]{0,12}", fullmatch=True)
phrases = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=20).map(
    lambda text: text.replace("\ufeff", "")
) | st.sampled_from(["=1+1", "-", "@home", "'quoted'", "no", "1e3", "압연하중, F1", "a;b", ""])
ranges = st.tuples(numbers, numbers).filter(lambda pair: pair[0] < pair[1])
orders = st.sampled_from(["big", "little"])


@st.composite
def scalings(draw):
    if draw(st.booleans()):
        return UNSCALED
    return Scaling(draw(positive), draw(numbers), tuple(draw(st.lists(numbers, max_size=2))))


@st.composite
def addresses(draw, register, tables=("coil", "discrete", "input", "holding")):
    table = draw(st.sampled_from(tables))
    if table in ("coil", "discrete"):
        return ModbusAddress(table, register, "bool", scaling=draw(scalings()))
    kind = draw(st.sampled_from(sorted(KINDS)))
    bit = draw(st.integers(0, 15)) if kind == "bool" else None
    return ModbusAddress(table, register, kind, draw(orders), draw(orders), bit, draw(scalings()))


@st.composite
def nodes(draw, number):
    identifier = draw(
        st.sampled_from(
            [f"s=T{number}", f"i={number}", f's="DB{number}"."Kraft;x"', f"b=AAA{number % 10}/+=="]
        )
    )
    kind = draw(st.sampled_from(["f64", *sorted(KINDS)]))
    return OpcUaAddress(f"urn:plant:{number}", identifier, kind, draw(scalings()))


@st.composite
def rules(draw, index, others, ways):
    low, high = draw(ranges)
    protocol, way = draw(st.sampled_from(ways))
    inside = st.floats(low, high)
    return WriteRule(
        protocol,
        index if way == "mailbox" else 0,
        low,
        high,
        way,
        max_step=draw(positive | st.just(inf)),
        rate=draw(positive | st.just(inf)),
        cooldown=draw(st.floats(0, 1e4)),
        risk=draw(st.sampled_from(["low", "medium", "high"])),
        needs=tuple(draw(st.lists(st.sampled_from(others), max_size=2))),
        excludes=tuple(draw(st.lists(st.sampled_from(others), max_size=2))),
        permits=tuple(
            Condition(tag, *draw(ranges), draw(phrases), draw(phrases))
            for tag in draw(st.lists(st.sampled_from(others), max_size=2))
        ),
        tolerance=draw(st.floats(0, 1e3)),
        choices=tuple(draw(st.lists(inside, max_size=3))),
        steps=tuple(draw(st.lists(positive, max_size=3))),
        start=draw(st.none() | inside),
    )


@st.composite
def modbus_devices(draw):
    transport = draw(st.sampled_from(["tcp", "tls", "rtu"]))
    return ModbusDevice(
        draw(st.sampled_from(["192.0.2.5", "plc.example", "/dev/ttyUSB0"])),
        0 if transport == "rtu" else draw(st.integers(0, 65535)),
        draw(st.integers(0, 255)),
        transport,
        draw(st.integers(1, 125)),
        draw(st.integers(0, 20)),
        1 if transport == "rtu" else draw(st.integers(1, 16)),
        draw(st.floats(0, 10)),
        draw(st.sampled_from([9600, 19200])),
        draw(st.sampled_from(["N", "E", "O"])),
    )


@st.composite
def tag_files(draw):
    """A file of up to five tags; each part is there or not."""
    over = draw(st.sampled_from(["opcua", "modbus", "both"]))
    boxed = draw(st.booleans())
    opcua = OpcUaDevice("opc.tcp://192.0.2.4:4840", "urn:plc", draw(policies))
    box = {}
    if over != "modbus":
        box |= dict(zip(("request", "echo", "beat"), map(_box_node, "abc"), strict=True))
    if over != "opcua":
        box |= {"request_register": 900, "beat_register": 960, "echo_register": 900}
        box["hash_register"] = draw(st.none() | st.just(1100))
    ways = [(each, "mailbox") for each in ("opcua", "modbus") if over in (each, "both") and boxed]
    found = {HEARTBEAT: _heartbeat(over)}
    for number, name in enumerate(draw(st.lists(names, max_size=4, unique=True)), start=1):
        if name not in found:
            found[name] = draw(_tags(name, number, over, ways, list(found)))
    return TagFile(
        draw(st.sampled_from(["hot-strip", "Linie2", "열연"])),
        opcua if over != "modbus" else None,
        draw(modbus_devices()) if over != "opcua" else None,
        MailboxMap(**box) if boxed else None,
        found,
    )


@st.composite
def _tags(draw, name, number, over, ways, others):
    low, high = draw(ranges)
    stale = draw(st.floats(0.01, 1e3))
    write, modbus = None, draw(addresses(10 * number)) if over != "opcua" else None
    if ways and draw(st.booleans()):
        write = draw(rules(number, others, ways))
    elif modbus and modbus.table == "coil" and modbus.scaling is UNSCALED:
        write = WriteRule("modbus", 0, 0.0, 1.0, "direct", choices=(0.0, 1.0))
    return Tag(
        name,
        draw(st.sampled_from(sorted(UNITS))),
        low,
        high,
        stale,
        draw(nodes(number)) if over != "modbus" else None,
        modbus,
        write,
        draw(phrases),
        draw(phrases),
        draw(st.none() | st.floats(stale, 1e4)),
        draw(st.floats(0, 10)),
        draw(st.floats(0, 10)),
        draw(st.floats(0, 10)),
    )


policies = st.sampled_from(["Basic256Sha256", "Aes256Sha256RsaPss"])


def _box_node(name):
    return OpcUaAddress("urn:box", f"s={name}")


def _heartbeat(over):
    return Tag(
        HEARTBEAT,
        "1",
        0.0,
        65535.0,
        opcua=OpcUaAddress("urn:box", "s=Beating", "u16") if over != "modbus" else None,
        modbus=ModbusAddress("input", 0, "u16") if over != "opcua" else None,
    )
