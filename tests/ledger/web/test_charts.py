"""Charts: every value in the table and within the picture, whatever is given."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from ledger.web.charts import (
    HEIGHT,
    WIDTH,
    Column,
    Series,
    Step,
    column_chart,
    in_yuan,
    line_chart,
    share_parts,
    waterfall_chart,
)

SERIES = [Series("before", "a"), Series("after", "b")]
amounts = st.integers(-(10**15), 10**15)


def columns_of(*pairs, **options):
    columns = [Column(str(2020 + place), pair) for place, pair in enumerate(pairs)]
    return column_chart("c", "title", "t", series=SERIES, columns=columns, head="year", **options)


def test_columns_stand_on_nought_with_round_numbers_beside_them():
    chart = columns_of((80, 20), (40, 10))
    assert chart.scale == ["80", "60", "40", "20", "0"]
    assert [(rect.y, rect.height) for rect in chart.rects] == [
        ("0.0", "400.0"),
        ("300.0", "100.0"),
        ("200.0", "200.0"),
        ("350.0", "50.0"),
    ]
    assert [(row.head, row.cells) for row in chart.rows] == [("2020", ["80", "20"]), ("2021", ["40", "10"])]
    assert chart.rects[0].says == "2020 · before: 80"


def test_stacked_columns_stand_on_each_other():
    chart = columns_of((30, 10), is_stacked=True)
    assert [(rect.y, rect.height) for rect in chart.rects] == [("100.0", "300.0"), ("0.0", "100.0")]


def test_nothing_is_no_chart():
    assert columns_of() is None
    assert columns_of((0, 0)) is None
    now = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
    for points in ([], [(now, 1)], [(now, 1), (now, 2)]):
        assert line_chart("l", "title", "t", points=points, head="time", value="v") is None
    assert waterfall_chart("w", "title", "t", steps=[Step("a", 0, "x")], head="step", value="t") is None


def test_a_waterfall_goes_down_from_what_there_was_to_what_is_left():
    steps = [Step("issued", 100, "a", is_total=True), Step("retired", -30, "b"), Step("left", 70, "a", is_total=True)]
    chart = waterfall_chart("w", "title", "t", steps=steps, head="step", value="t")
    assert [(rect.y, rect.height) for rect in chart.rects] == [("0.0", "400.0"), ("0.0", "120.0"), ("120.0", "280.0")]
    assert [row.cells for row in chart.rows] == [["100"], ["−30"], ["70"]]


@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=40), st.booleans())
def test_no_column_leaves_the_picture(pairs, is_stacked):
    pairs = [tuple(map(abs, pair)) for pair in pairs] if is_stacked else pairs
    chart = columns_of(*pairs, is_stacked=is_stacked)
    if chart is None:
        return
    for rect in chart.rects:
        assert -0.1 <= float(rect.x) <= float(rect.x) + float(rect.width) <= WIDTH + 0.1
        assert -0.1 <= float(rect.y) <= float(rect.y) + float(rect.height) <= HEIGHT + 2
    assert len(chart.rows) == len(pairs) == len(chart.labels)
    assert 0 < sum(1 for label in chart.labels if label) <= 12


@given(st.lists(amounts, min_size=2, max_size=50), st.booleans())
def test_no_line_leaves_the_picture(values, from_zero):
    values = [abs(value) for value in values] if from_zero else values
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    points = [(start + dt.timedelta(days=place), value) for place, value in enumerate(values)]
    chart = line_chart("l", "title", "yuan", points=points, head="time", value="v", write=in_yuan, from_zero=from_zero)
    for point in chart.line.split():
        x, y = map(float, point.split(","))
        assert 0 <= x <= WIDTH
        assert -0.1 <= y <= HEIGHT + 0.1
    assert len(chart.scale) == 5
    assert len(chart.rows) == len(values)


def test_a_price_that_never_moved_is_a_level_line_and_fen_are_written():
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    points = [(start + dt.timedelta(days=place), 4_001) for place in range(3)]
    chart = line_chart("l", "title", "yuan", points=points, head="time", value="v", write=in_yuan)
    assert len({point.split(",")[1] for point in chart.line.split()}) == 1
    assert chart.rows[0].cells == ["40.01"]
    # Midnight in UTC is eight in the morning in China, of the same day.
    assert chart.labels == ["2026-01-01", "2026-01-03"]


def test_shares_make_the_whole():
    parts = share_parts([("a", 1, "x"), ("b", 2, "y"), ("c", 0, "z")])
    assert [(part.percent, part.x, part.width) for part in parts] == [
        ("33.3", "0.000", "33.333"),
        ("66.7", "33.333", "66.667"),
        ("0.0", "100.000", "0.000"),
    ]
    assert [part.width for part in share_parts([("a", 0, "x")])] == ["0.000"]
