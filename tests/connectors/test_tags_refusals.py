"""A tag file that could be misread, or write what nobody meant, is refused at its line."""

import pytest

from passline.connectors.tag_csv import dump_csv, parse_csv
from passline.connectors.tagfile import parse
from passline.plant_sim.errors import ConfigError

PLANT = """\
version: 1
line: mill
devices:
  modbus: {host: 192.0.2.5, port: 502, unit: 1}
mailbox:
  modbus: {request: 0, beat: 40, echo: 500}
tags:
  - name: plc.heartbeat
    unit: '1'
    low: 0
    high: 65535
    modbus: {table: input, register: 0, type: u16}
  - name: pump.running
    unit: '1'
    low: 0
    high: 1
    modbus: {table: holding, register: 80, type: bool, bit: 0}
  - name: pump.tripped
    unit: '1'
    low: 0
    high: 1
    modbus: {table: holding, register: 80, type: bool, bit: 1}
  - name: tank.level
    unit: m
    low: 0
    high: 10
    modbus: {table: input, register: 2, type: f32, word_order: little}
  - name: pump.speed
    unit: '%'
    low: 0
    high: 100
    modbus: {table: holding, register: 90, type: i16, scale: 0.1}
    write:
      protocol: modbus
      index: 1
      low: 20
      high: 90
      max_step: 5
      needs: [tank.level]
"""


def refusal(text):
    with pytest.raises(ConfigError) as refused:
        parse(text)
    said = str(refused.value)
    assert said.count("\n") == 0
    return said


def test_a_modbus_only_plant_is_read_and_bits_of_one_register_are_tags_of_their_own():
    found = parse(PLANT)
    assert found.opcua is None
    assert list(found.devices) == ["modbus"]
    assert found.tags["pump.tripped"].modbus.bit == 1
    assert found.tags["pump.speed"].modbus.decode(b"\x01\xf4") == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("old", "new", "line", "complaint"),
    [
        ("      low: 20\n", "", 34, "low is missing"),
        ("      high: 90", "      high: .nan", 37, "high nan must be finite"),
        ("      high: 90", "      high: .inf", 37, "high inf must be finite"),
        ("      high: 90", "      high: 10", 34, "must be finite and rising"),
        ("    high: 100", "    high: -1", 28, "range [0.0, -1.0] must be finite and rising"),
        ("      max_step: 5", "      max_step: 0", 38, "max_step 0 must be a number above 0"),
        ("      max_step: 5", "      step: 5", 38, "key 'step' is not known"),
        ("[tank.level]", "[tank.levle]", 28, "tank.levle, which is no tag"),
        ("[tank.level]", "tank.level", 39, "must be a list"),
        ("bit: 1", "bit: 0", 18, "register 80 bit 0 (holding) of pump.tripped overlaps"),
        ("bit: 1", "bit: 1, byte_order: little", 18, "in big; choose one"),
        ("type: bool, bit: 1", "type: i16", 18, "overlaps pump.running"),
        ("register: 90", "register: 80", 28, "overlaps pump.running"),
        ("register: 90", "register: 18", 28, "overlaps the mailbox"),
        ("register: 2,", "register: 0,", 23, "overlaps plc.heartbeat"),
        ("register: 2,", "register: 65535,", 27, "outside 0..65535"),
        ("register: 2,", "register: 0002,", 27, "register '0002' must be a whole number"),
        ("type: f32", "type: f64, bit: 3", 27, "bit 3 does not fit f64"),
        ("table: input, register: 2", "table: coil, register: 2", 27, "holds bits"),
        ("type: i16, scale: 0.1", "type: i16, scale: 0", 32, "scale not 0"),
        ("word_order: little", "word_order: middle", 27, "use big, little"),
        ("unit: m\n", "unit: ft\n", 24, "'ft' is not known"),
        ("name: tank.level", "name: tank level", 23, "without blanks"),
        ("name: tank.level", "name: pump.speed", 28, "already in line 23"),
        ("beat: 40", "beat: 10", 5, "two parts of the mailbox"),
        ("beat: 40, ", "", 6, "beat is missing"),
        ("mailbox:\n  modbus: {request: 0, beat: 40, echo: 500}\n", "", 26, "give mailbox.modbus"),
        ("      protocol: modbus", "      protocol: opcua", 28, "devices has no opcua"),
        ("      index: 1", "      way: direct\n      index: 0", 28, ""),
        ("      index: 1", "      index: 0", 34, "write index 0 is outside"),
        ("unit: 1}", "unit: 1, password: geheim}", 4, "'password' is not known"),
        ("  modbus: {host: 192.0.2.5, port: 502, unit: 1}",
         "  opcua: {url: 'opc.tcp://agent:geheim@host:4840', application_uri: a}", 4, "pki folder"),
        ("port: 502", "port: 502, transport: rtu", 4, "does not go with a serial line"),
        ("devices:\n  modbus: {host: 192.0.2.5, port: 502, unit: 1}", "devices: {}", 3,
         "names none"),
        ("    low: 0\n    high: 10\n", "    <<: {low: 0}\n    high: 10\n", 25, "'<<' is not known"),
        ("low: 0\n    high: 65535", "low: &zero 0\n    high: *zero", 10, "anchor"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_at_the_line_that_is_wrong(old, new, line, complaint):
    assert old in PLANT
    text = PLANT.replace(old, new, 1)
    if not complaint:
        parse(text)  # a direct write to a holding register of its own is allowed
        return
    said = refusal(text)
    assert complaint in said
    assert said.startswith(f"line {line}: ")


@pytest.mark.parametrize("table", ["input", "discrete"])
def test_a_direct_write_to_what_modbus_cannot_write_is_refused(table):
    text = PLANT.replace("      index: 1", "      way: direct")
    kind = "bool" if table == "discrete" else "i16"
    text = text.replace(
        "{table: holding, register: 90, type: i16, scale: 0.1}",
        f"{{table: {table}, register: 90, type: {kind}}}",
    )
    assert f"modbus table {table} cannot be written" in refusal(text)


def test_a_direct_write_whose_limits_the_register_cannot_carry_is_refused():
    text = PLANT.replace("      index: 1", "      way: direct").replace(
        "scale: 0.1", "scale: 0.001"
    )
    assert "90.0 does not fit i16 with scale 0.001" in refusal(text)


def test_numbers_are_those_of_plain_yaml_and_words_stay_words():
    found = parse(PLANT.replace("high: 65535", "high: 6e4").replace("line: mill", "line: no"))
    assert found.tags["plc.heartbeat"].high == 60000
    assert found.line == "no"


# --- the same from a spreadsheet -----------------------------------------------------------------

TABLE = dump_csv(parse(PLANT))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("0.0,10.0", "0.0,10x", "row 13, column high: high '10x' must be a number"),
        ("little", "middle", "row 13, column modbus.word_order: word_order 'middle'"),
        (",20.0,90.0,", ",20.0,,", "row 14, columns write.*: high is missing"),
        (",20.0,90.0,", ",20.0,nan,", "row 14, column write.high: high nan must be finite"),
        (",20.0,90.0,", ',20.0,"90,5",',
         "row 14, column write.high: '90,5' has a decimal comma; write '90.5' with a point"),
        (",20.0,90.0,", ",20.0,90,5,", "row 14: there are"),
        ("modbus.scale", "modbus.skale", "row 9: column 'modbus.skale' is not known"),
        ("#line,mill", "#lien,mill", "row 2: 'lien' is not known"),
        ("#devices.modbus.unit,1", "#devices.modbus.unit,x", "row 5"),
        ("tank.level,m", "pump.speed,m", "column name: tag pump.speed is already in row 13"),
        ("tank.level,m", '"tank.level,m', "is not CSV"),
    ],
)  # fmt: skip
def test_a_wrong_table_is_refused_at_its_row_and_column(old, new, complaint):
    assert old in TABLE
    with pytest.raises(ConfigError) as refused:
        parse_csv(TABLE.replace(old, new, 1).encode())
    assert complaint in str(refused.value)


def test_a_table_saved_with_semicolons_or_tabs_and_a_byte_order_mark_is_the_same():
    plant = parse(PLANT)
    for mark in ";", "\t":
        data = TABLE.replace(",", mark).encode("utf-8-sig")
        assert parse_csv(data) == plant


def test_korean_comes_back_from_a_spreadsheet_and_from_no_other_encoding(tmp_path):
    text = PLANT.replace(
        "    low: 0\n    high: 10\n", "    low: 0\n    high: 10\n    korean: 탱크 수위\n"
    )
    plant = parse(text)
    assert plant.tags["tank.level"].korean == "탱크 수위"
    assert parse_csv(dump_csv(plant).encode("utf-8-sig")) == plant
    with pytest.raises(ConfigError, match="save it as CSV UTF-8"):
        parse_csv(dump_csv(plant).encode("cp949"))


def test_a_description_is_never_a_formula_of_the_spreadsheet():
    text = PLANT.replace("unit: m\n", "unit: m\n    english: '=HYPERLINK(\"http://x\")'\n")
    plant = parse(text)
    table = dump_csv(plant)
    assert ",=HYPERLINK" not in table
    assert ',"=HYPERLINK' not in table
    assert parse_csv(table.encode()) == plant
