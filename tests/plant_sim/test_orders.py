"""An order book is read in plant units, and what is wrong in it is told all at once."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passline.plant_sim.control.level2_model import STAND_FACTOR, force, speed_for
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.lines.hot_strip.config import default_mill
from passline.plant_sim.scenarios.fields import (
    FIELDS,
    GRADE_NAMES,
    GRADES,
    ORDER,
    PRODUCTS,
    slab_width,
)
from passline.plant_sim.scenarios.orders import (
    COLUMNS,
    MOST_BYTES,
    NEEDED,
    load_book,
    shipped_books,
    write_book,
)
from passline.plant_sim.scenarios.plan import draw_plan
from passline.plant_sim.units import to_si

HEAD = "grade,width_mm,gauge_mm"
GOOD = "S235JR,1250,2.6"
AT = {name: place for place, name in enumerate(ORDER)}
CELLS = {
    "grade": st.sampled_from([*GRADE_NAMES, "", "s235jr", "X"]),
    **{
        column: st.floats(-1e6, 1e6).map(repr) | st.sampled_from(["", "1e400", "nan", "-0", "1,2"])
        for column in COLUMNS[1:]
    },
}


def book(tmp_path, text, name="book.csv"):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8", newline="")
    return file


def told(tmp_path, text):
    with pytest.raises(ConfigError) as error:
        load_book(book(tmp_path, text))
    return str(error.value)


def test_an_order_is_read_in_plant_units_and_kept_in_si(tmp_path):
    text = (
        "gauge_mm,grade,width_mm,fdt_aim_degC,ct_aim_degC,slab_width_mm,slab_length_m,due_s\n"
        "2.6,S235JR,1250,885,620,1280,9,2400\n"
    )
    (row,) = load_book(book(tmp_path, text)).orders
    assert row[AT["width"]] == pytest.approx(1.25)
    assert row[AT["gauge"]] == pytest.approx(2.6e-3)
    assert row[AT["fdt_aim"]] == pytest.approx(1158.15)
    assert row[AT["ct_aim"]] == pytest.approx(893.15)
    assert row[AT["carbon"]] == pytest.approx(0.08)
    assert row[AT["mass"]] == pytest.approx(7850.0 * 1.28 * 0.22 * 9.0)
    assert row[AT["due_seconds"]] == 2400.0
    assert GRADES[int(row[AT["grade"]])].name == "S235JR"


def test_what_is_left_out_is_what_the_grade_usually_has(tmp_path):
    (short,) = load_book(book(tmp_path, f"{HEAD}\n{GOOD}\n")).orders
    columns = ",".join(COLUMNS[3:])
    (empty,) = load_book(book(tmp_path, f"{HEAD},{columns}\n{GOOD}{',' * 10}\n")).orders
    np.testing.assert_array_equal(short, empty)
    grade = GRADES[int(short[AT["grade"]])]
    assert (short[AT["fdt_aim"]], short[AT["ct_aim"]]) == (grade.fdt, grade.ct)
    assert short[AT["bar_gauge"]] == 34e-3
    assert slab_width(short[None])[0] == pytest.approx(1.275)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("first", ["", "\ufeff", "\n\n"])
def test_a_book_from_a_spreadsheet_is_read(tmp_path, end, first):
    text = first + end.join([" grade ,width_mm, gauge_mm", ' "S235JR"', ""]).replace(
        ' "S235JR"', "S235JR , 1250 ,2.6"
    )
    assert len(load_book(book(tmp_path, text + end * 3))) == 1


@pytest.mark.parametrize("name", shipped_books())
def test_a_shipped_book_is_written_and_read_back_the_same(tmp_path, name):
    shipped = load_book(name)
    write_book(shipped, tmp_path / "copy.csv")
    again = load_book(tmp_path / "copy.csv")
    np.testing.assert_allclose(again.orders, shipped.orders, rtol=1e-9)
    assert len(shipped) == len(again)


def test_drawn_orders_can_be_written_as_a_book(tmp_path):
    plan = draw_plan("nominal", 4)
    drawn = type(load_book("coffin-60"))("drawn", plan.orders)
    write_book(drawn, tmp_path / "drawn.csv")
    known = [n for n, name in enumerate(ORDER) if name != "hardness_true"]
    again = load_book(tmp_path / "drawn.csv").orders
    np.testing.assert_allclose(again[:, known], plan.orders[:, known], rtol=1e-8)
    np.testing.assert_array_equal(again[:, AT["hardness_true"]], 1.0)


def test_the_shipped_campaign_is_a_coffin():
    orders = load_book("coffin-60").orders
    width, gauge = orders[:, AT["width"]], orders[:, AT["gauge"]]
    assert len(orders) == 60
    widest = int(width.argmax())
    assert 3 <= widest <= 8  # a short way up, narrow to wide, while the rolls warm up
    assert np.all(np.diff(width[: widest + 1]) >= 0.0)
    assert np.all(np.diff(width[widest:]) <= 0.0)
    assert 6 <= len(set(orders[:, AT["grade"]])) <= 10
    assert gauge.min() == pytest.approx(1.8e-3)
    assert gauge.max() == pytest.approx(8e-3)
    assert np.mean((gauge >= 2e-3) & (gauge <= 4e-3)) > 0.75
    assert np.all(np.diff(orders[:, AT["due_seconds"]]) >= 0.0)
    assert np.ptp(orders[:, AT["charge_temperature"]]) > 400.0  # cold and hot charged slabs


def test_every_order_stays_inside_the_ratings_of_the_mill():
    """Level 2's own force; half the contact length as lever; the speed that meets the FDT aim."""
    mill = default_mill()
    shares = np.array([0.215, 0.200, 0.175, 0.138, 0.113, 0.091, 0.068])  # of the log reduction
    books = [load_book(name).orders for name in shipped_books()]
    for order in np.concatenate([*books, draw_plan("nominal", 1).orders]):
        bar, gauge, width = (order[AT[name]] for name in ("bar_gauge", "gauge", "width"))
        speed = speed_for(order[AT["fdt_aim"]], 1286.0, bar, gauge, 0.4)
        speed = min(max(speed, mill.mill.slowest), mill.mill.fastest)
        heights = bar * (gauge / bar) ** np.concatenate([[0.0], np.cumsum(shares)])
        for s, stand in enumerate(mill.stands):
            entry, exit = heights[s], heights[s + 1]
            temperature = 1286.0 - s / 6.0 * (1286.0 - order[AT["fdt_aim"]])
            roll = speed * gauge / exit
            needed = STAND_FACTOR[s] * force(
                entry, exit, width, stand.work_roll_radius, roll, temperature, order[AT["carbon"]]
            )
            arm = 0.5 * np.sqrt(stand.work_roll_radius * (entry - exit))
            assert needed < 0.75 * stand.max_force
            assert 2.0 * arm * needed * roll / stand.work_roll_radius < 1.1 * stand.max_power


def test_the_grades_and_products_are_ones_the_mill_takes():
    limits = {field.name: (field.low, field.high) for field in FIELDS}
    for grade in GRADES:
        for name, value in (("carbon", grade.carbon), ("fdt_aim", grade.fdt), ("ct_aim", grade.ct)):
            assert limits[name][0] <= value <= limits[name][1]
    assert {grade.niobium > 0.0 for grade in GRADES} == {True, False}
    assert 6 <= len(GRADES) <= 10
    assert len(PRODUCTS) == 6
    assert all(0 <= product[5] < len(GRADES) for product in PRODUCTS)


def test_a_plan_rolls_a_book_and_begins_again_when_it_is_through(tmp_path):
    text = f"{HEAD}\n{GOOD}\nDD11,1100,2.2\n"
    plan = draw_plan("nominal", 1, coils=5, book=load_book(book(tmp_path, text)))
    assert plan.orders[:, AT["width"]].tolist() == [1.25, 1.1, 1.25, 1.1, 1.25]
    due = plan.orders[:, AT["due_seconds"]]
    assert np.all(np.diff(due) > 0.0)
    hardness = plan.orders[:, AT["hardness_true"]]
    assert hardness[0] == hardness[2] != hardness[1]


def test_all_findings_are_told_with_line_column_value_limit_and_remedy(tmp_path):
    text = f"{HEAD},ct_aim_degC\n{GOOD},620\nS999,12500,2.6,hot\n{GOOD},90\n,1250,,600\n"
    message = told(tmp_path, text)
    assert "book.csv: 6 findings" in message
    assert "line 3, grade: 'S999' is unknown; choose one of DD11" in message
    assert "line 3, width_mm: 12500 is outside [800, 1650]; give the strip width aim" in message
    assert "line 3, ct_aim_degC: 'hot' is no number; write one from 450 to 720" in message
    assert "line 4, ct_aim_degC: 90 is outside [450, 720]" in message
    assert "line 5, grade: is empty" in message
    assert "line 5, gauge_mm: is empty; every order needs it" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is empty; begin with the line grade,width_mm"),
        ("\n , ,\n", "it is empty"),
        (HEAD, "0 coils; give at least 1"),
        (f"{HEAD},colour\n{GOOD},red\n", "line 1, 'colour': no such column; choose from grade"),
        (f"{HEAD},grade\n{GOOD},DD11\n", "line 1, grade: stands 2 times; leave one"),
        ("grade,width_mm\nDD11,1250\n", "line 1, gauge_mm: is missing; add this column"),
        (f"{HEAD}\nDD11,1250\n", "line 2: 2 cells under 3 columns"),
        (f"{HEAD}\nDD11,1250,2.6,7\n", "line 2: 4 cells under 3 columns"),
        (f"{HEAD}\nDD11,1250,nan\n", "line 2, gauge_mm: nan is outside [1.6, 10]"),
        (f"{HEAD}\nDD11,1250,inf\n", "line 2, gauge_mm: inf is outside"),
        (f'{HEAD}\nDD11,1250,"2,6"\n', "line 2, gauge_mm: '2,6' is no number"),
        (f"{HEAD}\nDD11,1250,1.1\n", "gauge_mm: 1.1 is outside [1.6, 10]"),
        (f"{HEAD},slab_width_mm\n{GOOD},1400\n", "1400 is 150 mm over the strip, outside [-10,"),
        (f"{HEAD},slab_width_mm\n{GOOD},1000\n", "1000 is -250 mm over the strip"),
        (f"{HEAD},slab_width_mm,slab_length_m,slab_thickness_mm\nDD11,1650,3,1700,11,260\n",
         "11 gives a slab of 38.2 t, outside [4, 32]; change its length"),
        (f'{HEAD}\n"DD11,1250,2.6\n', "no CSV"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_book_is_told_with_its_remedy(tmp_path, text, words):
    assert words in told(tmp_path, text)


def test_many_findings_are_counted_and_not_all_listed(tmp_path):
    message = told(tmp_path, HEAD + "\nDD11,1,2.6" * 80)
    assert "80 findings" in message
    assert "and 30 more" in message


def test_a_file_that_is_no_book_is_refused_in_words(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot be read.*coffin-60"):
        load_book(tmp_path / "none.csv")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_book(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_book("a\0b.csv")
    (tmp_path / "korean.csv").write_bytes(f"{HEAD}\n강종".encode("cp949"))
    with pytest.raises(ConfigError, match="is no UTF-8; save the file as UTF-8"):
        load_book(tmp_path / "korean.csv")
    (tmp_path / "big.csv").write_bytes(b"\n" * (MOST_BYTES + 1))
    with pytest.raises(ConfigError, match="more than 4000000 bytes"):
        load_book(tmp_path / "big.csv")
    with pytest.raises(ConfigError, match="10001 coils"):
        load_book(book(tmp_path, HEAD + f"\n{GOOD}" * 10_001))
    with pytest.raises(ConfigError, match="cannot be written"):
        write_book(load_book("coffin-60"), tmp_path / "no" / "where.csv")


def try_to_load(file):
    try:
        return load_book(file)
    except ConfigError as error:
        assert file.name in str(error)  # noqa: PT017  the error is one of two right ends
        return None


@settings(max_examples=150, deadline=None)
@given(raw=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_book_or_an_error_in_words(tmp_path_factory, raw):
    file = tmp_path_factory.mktemp("any") / "fuzz.csv"
    file.write_bytes(raw)
    try_to_load(file)


@settings(max_examples=150, deadline=None)
@given(
    data=st.data(),
    columns=st.lists(st.sampled_from(COLUMNS), unique=True, max_size=13),
    count=st.integers(1, 4),
)
def test_any_table_is_a_book_inside_the_limits_or_an_error_in_words(
    tmp_path_factory, data, columns, count
):
    header = list(dict.fromkeys([*NEEDED, *columns]))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for _ in range(count):
        writer.writerow([data.draw(CELLS[column]) for column in header])
    file = tmp_path_factory.mktemp("table") / "table.csv"
    file.write_text(out.getvalue(), encoding="utf-8")
    found = try_to_load(file)
    if found is not None:
        for place, field in enumerate(FIELDS):
            assert np.all(found.orders[:, place] >= field.low * (1.0 - 1e-6))
            assert np.all(found.orders[:, place] <= field.high * (1.0 + 1e-6))


@settings(max_examples=60, deadline=None)
@given(
    width=st.floats(800, 1640), gauge=st.floats(1.6, 10), length=st.floats(4, 11),
    charge=st.floats(-10, 900), grade=st.sampled_from(GRADE_NAMES),
)  # fmt: skip
def test_every_order_inside_the_limits_is_taken(
    tmp_path_factory, width, gauge, length, charge, grade
):
    file = tmp_path_factory.mktemp("good") / "good.csv"
    columns = f"{HEAD},slab_length_m,charge_temperature_degC"
    file.write_text(f"{columns}\n{grade},{width!r},{gauge!r},{length!r},{charge!r}\n")
    (row,) = load_book(file).orders
    assert row[AT["gauge"]] == to_si(gauge, "mm")
