"""Bars, columns, lines and donuts draw what the figures say."""

import re
from decimal import Decimal
from itertools import pairwise
from math import pi
from xml.etree import ElementTree

import pytest

from charts import bars, donut, line, stacked
from charts.axes import WIDTH, ticks
from charts.plots import shares

SVG = "{http://www.w3.org/2000/svg}"


def drawn(figure: str, tag: str, **attributes: str) -> list[ElementTree.Element]:
    """The elements of the picture with this tag and these attributes."""
    found = ElementTree.fromstring(figure).iter(f"{SVG}{tag}")
    return [one for one in found if attributes.items() <= one.attrib.items()]


def cells(figure: str) -> list[list[str]]:
    """The rows of the table."""
    return [["".join(cell.itertext()) for cell in row] for row in ElementTree.fromstring(figure).findall(".//tbody/tr")]


def test_bars_are_as_long_as_their_values() -> None:
    found = drawn(bars("T", [("a", 200), ("b", 50), ("c", 0)]), "rect", **{"class": "fill-1"})
    assert [float(bar.attrib["width"]) for bar in found] == [WIDTH, WIDTH / 4, 0]


def test_bars_of_nothing_but_zeros_have_no_length() -> None:
    found = drawn(bars("T", [("a", 0), ("b", 0)]), "rect", **{"class": "fill-1"})
    assert [bar.attrib["width"] for bar in found] == ["0", "0"]


def test_a_long_label_is_cut_in_the_picture_and_whole_in_the_table() -> None:
    label = "An agent with a name that goes on " * 5
    figure = bars("T", [(label, 1)])
    shown = drawn(figure, "text")[0].text or ""
    assert shown.endswith("…")
    assert len(shown) < 60
    assert cells(figure) == [[label, "1"]]


def test_the_parts_of_a_column_stand_on_each_other_and_sum_to_its_total() -> None:
    figure = stacked("T", ["08", "09"], [("In", [3, 1]), ("Out", [5, 0]), ("Lost", [2, 0])], unit="h")
    parts = [(float(p.attrib["y"]), float(p.attrib["height"])) for p in drawn(figure, "rect", **{"class": "part"})]
    first = parts[:3]
    assert len(parts) == 4, "a part of nothing is not drawn"
    assert [high for _y, high in first] == pytest.approx(
        [3 * first[2][1] / 2, 5 * first[2][1] / 2, first[2][1]], abs=0.2
    )
    assert first[0][0] == pytest.approx(first[1][0] + first[1][1], abs=0.2)
    assert first[1][0] == pytest.approx(first[2][0] + first[2][1], abs=0.2)
    assert cells(figure) == [["08", "3", "5", "2", "10"], ["09", "1", "0", "0", "1"]]


def test_every_column_stands_on_the_line_of_zero() -> None:
    figure = stacked("T", ["a", "b"], [("s", [3, 7])])
    ground = float(drawn(figure, "path", **{"class": "base"})[0].attrib["d"].split()[1].split("H")[0])
    feet = [float(p.attrib["y"]) + float(p.attrib["height"]) for p in drawn(figure, "rect", **{"class": "part"})]
    assert feet == pytest.approx([ground, ground], abs=0.11)


def test_each_series_has_a_colour_and_a_hatch_of_its_own() -> None:
    figure = stacked("T", ["a"], [(f"s{n}", [1]) for n in range(20)])
    looks = {(p[0].attrib["class"], p[1].attrib["d"]) for p in drawn(figure, "pattern")}
    swatches = re.findall(r"<span>(s\d+)</span>", figure)
    assert len(looks) == 20
    assert len(swatches) == 20


def test_series_that_are_not_as_long_as_the_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="one value for each column"):
        stacked("T", ["a", "b"], [("s", [1])])


def test_a_gap_parts_the_line_and_a_lone_point_is_a_dot() -> None:
    figure = line("T", [("a", 1), ("b", 2), ("c", None), ("d", 3), ("e", None), ("f", 4), ("g", 5)])
    paths = [path.attrib["d"] for path in drawn(figure, "path", **{"class": "line"})]
    assert [path.count("L") for path in paths] == [1, 1]
    assert len(drawn(figure, "circle")) == 5
    assert cells(figure)[2] == ["c", "–"]


def test_labels_under_the_columns_do_not_run_into_each_other() -> None:
    figure = stacked("T", [f"2026-11-{day:02}" for day in range(1, 31)], [("s", [1] * 30)])
    places = [float(t.attrib["x"]) for t in drawn(figure, "text", **{"class": "middle quiet"})]
    assert len(places) >= 3
    assert min(b - a for a, b in pairwise(places)) > 80


def test_the_arcs_of_a_donut_follow_each_other_round_the_whole() -> None:
    arcs = drawn(donut("T", [("a", 1), ("b", 0), ("c", 2), ("d", 1)]), "circle")
    lengths = [float(arc.attrib["stroke-dasharray"].split()[0]) for arc in arcs]
    starts = [-float(arc.attrib["stroke-dashoffset"]) for arc in arcs]
    around = 2 * pi * float(arcs[0].attrib["r"])
    assert lengths == [pytest.approx(around * share, abs=0.001) for share in (0.25, 0.5, 0.25)]
    assert starts == [pytest.approx(around * share, abs=0.001) for share in (0, 0.25, 0.75)]


def test_the_arcs_of_a_donut_need_no_attribute_that_typesetters_do_not_know() -> None:
    assert "pathLength" not in donut("T", [("a", 1), ("b", 2)])


def test_the_shares_of_a_donut_sum_to_a_hundred_percent() -> None:
    figure = donut("T", [("a", 1), ("b", 1), ("c", 1)])
    assert [row[2] for row in cells(figure)] == ["33.4%", "33.3%", "33.3%"]
    for values in ([1] * 7, [0.1, 0.2, 1000], [5], [1, 0, 0, 2]):
        found = shares([Decimal(str(value)) for value in values])
        assert sum(found) == 1000
        assert all(abs(share - 1000 * value / sum(values)) < 1 for share, value in zip(found, values, strict=True))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["0"], ["0", "1"]),
        (["1"], ["0", "1"]),
        (["3"], ["0", "1", "2", "3"]),
        (["97"], ["0", "50", "100"]),
        (["0.93"], ["0", "0.5", "1"]),
        (["-5", "12"], ["-5", "0", "5", "10", "15"]),
        (["-3"], ["-3", "-2", "-1", "0"]),
        (["1234567"], ["0", "500000", "1000000", "1500000"]),
        (["0.0007"], ["0", "0.0002", "0.0004", "0.0006", "0.0008"]),
    ],
)
def test_ticks_are_round_numbers_that_hold_every_value(values: list[str], expected: list[str]) -> None:
    assert ticks(map(Decimal, values)) == [Decimal(tick) for tick in expected]


def test_small_and_large_numbers_keep_what_matters() -> None:
    figure = bars("T", [("a", 0.00123), ("b", 2.0), ("c", 1e21), ("d", Decimal("12.3456")), ("e", 0.1 + 0.2)])
    assert [row[1] for row in cells(figure)] == ["0.0012", "2", "1,000,000,000,000,000,000,000", "12.35", "0.3"]
